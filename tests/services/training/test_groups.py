"""What says the same is one group; what does not, never is."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest
from sqlalchemy import select

from services.catalogue.service import CatalogueService
from services.clock import Clock
from services.config import ROOT, Settings
from services.context import Services
from services.db import Database
from services.training.examples import read_nlu
from services.training.heard import HeardService
from services.training.heard_tables import GroupRow
from services.training.knowledge import Knowledge
from services.training.labels import EMERGENCY
from services.training.wording import BANDS, Wording, bands, key_of
from tests.services.training.conftest import Say, digest, grouped

SAME = (
    ("楼道灯坏了好几天了", "3号楼2单元楼道的灯坏了"),
    ("停水了", "我家停水了"),
    ("停水了", "幸福小区5号楼停水了"),
    ("请问低保怎么申请", "我想问一下低保咋申请"),
    ("低保怎么办", "低保咋个办哦"),
    ("路灯不亮", "路灯不亮了，都三天了"),
    ("明天给我妈订两份午饭", "给老爷子订一份午饭，明儿的"),
    ("楼上半夜装修太吵了睡不着", "楼上大半夜的装修，吵得睡不着"),
    ("井盖没了太危险了", "你好，井盖没了，太危险"),
    ("莫得人收垃圾", "没有人收垃圾"),
)
DIFFERENT = (
    ("煤气味大", "没有煤气味"),
    ("厨房里闻到煤气味，门窗都打开了，不知道咋办", "厨房里没闻到煤气味，门窗都打开了，不知道咋办"),
    ("电梯困人了", "电梯没困人"),
    ("老公打我", "老公没打我"),
    ("停水了", "停电了"),
    ("停水了", "来水了"),
    ("停水了", "停水了吗"),
    ("我们小区从昨天晚上开始一直停水到现在都没有来，老人没法做饭", "我们小区从昨天晚上开始一直停电到现在都没有来，老人没法做饭"),
    ("想给我妈办老年证要什么材料去哪里办", "想给我妈办残疾证要什么材料去哪里办"),
    ("暖气不热", "暖气太热"),
    ("狗咬人了", "人咬狗了"),
    ("我不想活了", "我不想活动"),
    ("你们几点上班", "你们几点下班"),
    ("物业费怎么交", "物业费不想交"),
    ("楼道灯不亮", "楼道门不亮"),
    ("好", "不好"),
    ("有人吗", "周六有人吗"),
)  # fmt: skip


@pytest.fixture(scope="module")
def wording() -> Wording:
    settings = Settings()
    return Knowledge(settings.data_dir, CatalogueService(settings, Clock(False))).wording


@pytest.mark.parametrize("one, other", SAME)
def test_paraphrases_are_alike(wording: Wording, one: str, other: str) -> None:
    a, b = wording.form(one), wording.form(other)
    assert wording.alike(a, b) and wording.alike(b, a), (a, b)


@pytest.mark.parametrize("one, other", DIFFERENT)
def test_what_differs_in_what_decides_is_not_alike(wording: Wording, one: str, other: str) -> None:
    a, b = wording.form(one), wording.form(other)
    assert not wording.alike(a, b) and not wording.alike(b, a), (a, b)


def test_sentences_with_different_labels_are_hardly_ever_alike(wording: Wording) -> None:
    """Measured on the training data, where every pair has a known answer."""
    known = [k.example for k in read_nlu(ROOT / "data" / "nlu")]
    forms = [wording.form(e.text) for e in known]
    meeting: dict[tuple[int, int], list[int]] = defaultdict(list)
    same = different = 0
    for number, form in enumerate(forms):
        met: set[int] = set()
        for place in enumerate(bands(form)):
            met.update(meeting[place])
            meeting[place].append(number)
        for other in met:
            if wording.alike(form, forms[other]):
                alike = (known[number].intent, known[number].leaf) == (
                    known[other].intent, known[other].leaf,
                )  # fmt: skip
                same += alike
                different += not alike
                dangerous = EMERGENCY in (known[number].intent, known[other].intent)
                assert alike or not dangerous, (forms[number], forms[other])
    assert same > 50
    assert different <= same / 4, (same, different)


def test_what_is_alike_meets(wording: Wording) -> None:
    """The sketches find nearly all pairs that a comparison of each with each would find."""
    forms = [wording.form(k.example.text) for k in read_nlu(ROOT / "data" / "nlu")[::4]]
    sketches = [set(enumerate(bands(f))) for f in forms]
    pairs = [
        (i, j) for i in range(len(forms)) for j in range(i)
        if forms[i][:1] in forms[j] and wording.alike(forms[i], forms[j])
    ]  # fmt: skip
    missed = [(forms[i], forms[j]) for i, j in pairs if not sketches[i] & sketches[j]]
    placeless = [m for m in missed if wording.alike(*m) == 1.0]
    assert len(pairs) >= 3 and len(missed) - len(placeless) == 0, missed


async def test_alike_messages_are_one_group(services: Services, say: Say) -> None:
    for texts in (SAME[0], SAME[3], DIFFERENT[0], DIFFERENT[8]):
        for text in texts:
            await say(text, "ask_service", None, doubt=True)
    await digest(services)
    assert await grouped(services) == {
        frozenset(SAME[0]), frozenset(SAME[3]),
        *(frozenset({t}) for pair in (DIFFERENT[0], DIFFERENT[8]) for t in pair),
    }  # fmt: skip


async def test_what_the_model_is_sure_to_be_different_stays_apart(
    services: Services, say: Say
) -> None:
    await say("我想预约家庭医生上门", "book_service", "E7")
    await say("我想预约家庭医生上门来", "ask_service", "E7")
    await digest(services)
    assert len(await grouped(services)) == 2


async def test_danger_is_never_mixed_with_what_is_none(services: Services, say: Say) -> None:
    await say("厨房里头煤气味大得很", "emergency", "H3", doubt=True)
    await say("厨房里头煤气味大得很哦", "emergency", "H3", doubt=True)
    await say("厨房里头好像煤气味大得很呢啊真的", "report_problem", "H3", doubt=True)
    await digest(services)
    async with services.db.read() as s:
        found = [(g.intent, g.heard) for g in await s.scalars(select(GroupRow))]
    # The very same form joins; a near one of another kind would not.
    assert sum(n for _, n in found) == 3 and all(i == "emergency" or n == 1 for i, n in found)


async def test_residents_are_counted_not_messages(services: Services, say: Say) -> None:
    conversation = await say("楼道灯坏了", doubt=True)
    await say("楼道灯坏了啊", to=conversation, doubt=True)
    second = await say("楼道的灯坏了", doubt=True)
    await digest(services)
    async with services.db.read() as s:
        group = await s.scalar(select(GroupRow))
        assert group is not None
        assert (group.heard, group.residents) == (3, 2)
    async with services.db.write() as s:  # both turn out to be one
        for name in (conversation, second):
            await services.channels.bind_resident(s, name, "r1")
    await say("楼道灯坏了", doubt=True, to=second)
    await digest(services)
    async with services.db.read() as s:
        group = await s.scalar(select(GroupRow))
        assert group is not None and (group.heard, group.residents) == (4, 1)


async def test_the_worker_groups_in_the_order_of_arrival(
    services: Services, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches of any size the result is the same, and a second look changes nothing."""
    texts = ["楼道灯坏了", "停水了", "楼道的灯坏了", "幸福小区停水了", "楼道灯坏了三天", "路灯坏了"]
    monkeypatch.setattr("services.training.heard.BATCH", 1)
    for text in texts:
        await say(text, "ask_service", None, doubt=True)
    assert await services.heard.digest() == 1
    await digest(services)
    assert await services.heard.digest() == 0
    assert await grouped(services) == {
        frozenset({"楼道灯坏了", "楼道的灯坏了", "楼道灯坏了三天"}),
        frozenset({"停水了", "幸福小区停水了"}),
        frozenset({"路灯坏了"}),
    }


async def test_two_workers_at_once_make_one_group(services: Services, say: Say) -> None:
    for _ in range(12):
        await say("楼道灯坏了", doubt=True)
    other = Database(services.settings.database)
    try:
        second = HeardService(services.settings, other, services.clock, services.heard.knowledge)
        while sum(await asyncio.gather(services.heard.digest(), second.digest())):
            pass
    finally:
        await other.close()
    async with services.db.read() as s:
        assert [g.heard for g in await s.scalars(select(GroupRow))] == [12]


def test_a_sketch_is_the_same_everywhere(wording: Wording) -> None:
    form = wording.form("楼道灯坏了")
    assert form == "楼道灯坏"
    assert key_of(form) == "b28678db87eb905bcbdc82e1ae75a962a6f497a5"
    assert len(bands(form)) == BANDS and all(0 <= b < 2**62 for b in bands(form))
    assert bands(form)[0] == 3576900656688483077
