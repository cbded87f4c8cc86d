"""Community information on both databases: only what is valid is told, with source and date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.context import Services
from services.errors import LindaError
from services.information.model import NewNotice, Notice
from services.information.service import InformationService
from services.seed import seed
from tests.services.conftest import NOW, TestClock

TODAY = NOW.date()


def wanted(**change: object) -> NewNotice:
    return NewNotice.model_validate(
        {
            "topic": "gas", "text": "幸福小区停气检修，上午9点到11点。", "source": "青禾县燃气公司",
            "starts": TODAY + timedelta(days=3), "until": TODAY + timedelta(days=3), **change,
        }
    )  # fmt: skip


async def test_a_notice_is_told_with_source_and_date(services: Services) -> None:
    found = await services.information.answer("啥时候停水")
    assert (found.kind, found.topic, found.other_days) == ("notice", "停水", False)
    (text,) = found.texts
    assert text.startswith("【停水】11月27日（星期五）") and "提前接点水" in text
    assert "来源：青禾县自来水公司，11月23日发布" in text


async def test_another_day_is_said_to_be_another_day(services: Services) -> None:
    tomorrow = TODAY + timedelta(days=1)
    found = await services.information.answer("明天停水不", tomorrow, tomorrow)
    assert found.texts and found.other_days
    friday = TODAY + timedelta(days=3)
    found = await services.information.answer("周五停水不", friday, friday)
    assert found.texts and not found.other_days


async def test_what_is_over_or_unknown_is_not_told(services: Services, clock: TestClock) -> None:
    assert (await services.information.answer("停电不")).texts == ()
    clock.go(NOW + timedelta(days=4))
    assert (await services.information.answer("啥时候停水")).texts == ()
    assert (await services.information.answer("楼道灯坏了")).kind == ""


async def test_published_then_withdrawn(services: Services) -> None:
    info = services.information
    await info.publish(wanted(), "clerk1", "n1")
    await info.publish(wanted(text="换了内容的第二次点按"), "clerk1", "n1")
    (text,) = (await info.answer("停气通知有没有")).texts
    assert "上午9点到11点" in text, "one page is one notice"
    assert (await info.withdraw("n1", "clerk1")).withdrawn
    await info.withdraw("n1", "supervisor1")
    assert (await info.answer("停气通知有没有")).texts == ()
    (row,) = [r for r in await info.kept() if r.id == "n1"]
    assert (row.published_by, row.withdrawn_by) == ("clerk1", "clerk1")


async def test_new_words_take_the_place_of_the_old(services: Services) -> None:
    info = services.information
    await info.publish(wanted(), "clerk1", "n1")
    await info.publish(wanted(text="改到下午2点到4点停气。"), "clerk1", "n2", replaces="n1")
    (text,) = (await info.answer("哪天停气")).texts
    assert "下午2点" in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"topic": "moon"}, "topic"),
        ({"until": TODAY + timedelta(days=1)}, "until"),
        ({"starts": TODAY - timedelta(days=3), "until": TODAY - timedelta(days=1)}, "until"),
        ({"until": TODAY + timedelta(days=300)}, "until"),
    ],
)
async def test_what_nobody_could_be_told_is_refused(
    services: Services, change: dict[str, object], field: str
) -> None:
    with pytest.raises(LindaError) as refused:
        await services.information.publish(wanted(**change), "clerk1", "n1")
    assert refused.value.status == 422 and list(refused.value.fields) == [field]
    assert "n1" not in {r.id for r in await services.information.kept()}


async def test_an_unknown_notice_cannot_be_replaced_or_withdrawn(services: Services) -> None:
    with pytest.raises(LindaError, match="没有这条通知"):
        await services.information.withdraw("nothing", "clerk1")
    with pytest.raises(LindaError):
        await services.information.publish(wanted(), "clerk1", "n1", replaces="nothing")
    assert (await services.information.answer("哪天停气")).texts == ()


async def test_menus_by_day(services: Services) -> None:
    info = services.information
    (text,) = (await info.answer("今天食堂吃啥")).texts
    assert "11月24日（星期二）" in text and "午饭：溜豆腐" in text and "晚饭：白菜" in text
    friday = TODAY + timedelta(days=3)
    assert (await info.answer("周五食堂有啥菜", friday, friday)).texts == ()
    await info.save_menus({(friday, "lunch"): " 猪肉炖粉条 ", (TODAY, "dinner"): ""}, "clerk1")
    (text,) = (await info.answer("周五食堂有啥菜", friday, friday)).texts
    assert "午饭：猪肉炖粉条\n" in text
    (text,) = (await info.answer("今天食堂吃啥")).texts
    assert "晚饭" not in text
    with pytest.raises(LindaError, match="最多写"):
        await info.save_menus({(friday, "lunch"): "菜" * 200}, "clerk1")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("社区书记电话多少", ["孙德海", "0439-00000005", "来源：清河社区"]),
        ("三号楼的片警是谁", ["马建军", "0439-00000013", "110"]),
        ("物业电话多少", ["安居物业", "0439-00000011"]),
        ("活动室几点开门", ["每天上午8:30到晚上8:00"]),
        ("附近有没有打印店", ["自助打印机"]),
        ("最近的公厕在哪", ["幸福小区东门外"]),
        ("附近哪有药店", ["百姓药房"]),
    ],
)
async def test_who_and_where(services: Services, asked: str, said: list[str]) -> None:
    found = await services.information.answer(asked)
    assert found.kind == "entry" and len(found.texts) == 1
    assert all(words in found.texts[0] for words in said), found.texts


async def test_an_entry_out_of_date_is_not_told(services: Services, clock: TestClock) -> None:
    clock.go(NOW.replace(year=2025))
    assert (await services.information.answer("附近哪有药店")).kind == ""


async def test_a_service_brings_its_notice(services: Services) -> None:
    (text,) = await services.information.about_leaf("E1")
    assert "12月25日前交" in text
    assert await services.information.about_leaf("H6") == ()


async def test_elders_hear_one_thing_in_fewer_words(services: Services) -> None:
    plain = (await services.information.answer("最近有啥通知")).texts
    short = (await services.information.answer("最近有啥通知", elder=True)).texts
    assert len(plain) == 3 and len(short) == 1 and len(short[0]) < len(plain[0])
    (told,) = (await services.information.answer("啥时候停水", elder=True)).texts
    assert "先接点水。" in told and "检修" not in told, "the notice's own words for large type"
    (told,) = (await services.information.answer("周日有演出吗", elder=True)).texts
    assert "合唱队演出，欢迎来听" in told, "without any, the notice as it is"


async def test_seeding_again_brings_nothing_back(services: Services) -> None:
    await services.information.withdraw("demo-water", "clerk1")
    await services.information.save_menus({(TODAY, "lunch"): "改过的菜"}, "clerk1")
    await seed(services)
    assert (await services.information.answer("啥时候停水")).texts == ()
    assert "改过的菜" in (await services.information.answer("今天食堂吃啥")).texts[0]


async def test_both_localities_name_only_what_they_have(services: Services) -> None:
    for locality in ("qinghe", "rongxi"):
        settings = services.settings.model_copy(update={"locality": locality})
        assert InformationService(settings, services.db, services.clock).problems() == []


def test_a_notice_is_told_from_its_publication_to_its_last_day() -> None:
    notice = Notice("n", "water", "停水", date(2026, 11, 27), date(2026, 11, 28), "水", TODAY)
    assert notice.told_on(TODAY) and notice.told_on(date(2026, 11, 28))
    assert not notice.told_on(date(2026, 11, 29)) and not notice.told_on(date(2026, 11, 23))
    assert notice.about(date(2026, 11, 28), date(2026, 11, 30))
    assert not notice.about(date(2026, 11, 25), date(2026, 11, 26))


async def test_a_notice_for_the_old_answers_no_question_about_a_child(services: Services) -> None:
    for asked in ("幼儿打疫苗在哪点", "孙子打预防针在哪", "给狗打疫苗在哪"):
        found = await services.information.answer(asked)
        assert (found.kind, found.texts) == ("notice", ()), asked
    for asked in ("我妈想打流感疫苗在哪打", "流感疫苗哪天打"):
        assert "60岁以上" in (await services.information.answer(asked)).texts[0], asked
