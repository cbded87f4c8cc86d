"""What is asked, added and told around an order: the words of different people, and words that mean something else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from actions.message import Entity, Message
from actions.talk import speaking
from actions.tickets import ordered
from bot.understanding.extract import extract_all, load_knowledge

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=timezone(timedelta(hours=8)))
KNOWN = load_knowledge("qinghe")


def said(text: str) -> Message:
    """The message with what the extractors find in it."""
    spans = extract_all(text, NOW, KNOWN)
    found = tuple(Entity(s.type, s.value, s.text, s.start, s.end) for s in spans)
    return Message("1", text, "out_of_scope", NOW, entities=found)


ASKED = {
    ordered.DAYS: "周末也送吗 礼拜天送不送嘛 双休日有饭没得 周六周日还给送不 元旦送不送 放假送饭不 放假那几天还送饭不 礼拜天食堂开门不 明天送不送饭 礼拜天闺女回来，那天还送不",
    ordered.FEE: "多少钱一次 要钱不 洗一回好多钱 理发收多少钱 多少钱一份 咋收费的 得花多少钱 师傅上门要钱吗 贵不贵",
    ordered.TIME: "几点来 几点送到 大概几点到 师傅几点上门 多暂来 好久来嘛",
    ordered.WHO: "谁来 哪个来洗 是男的还是女的 谁来给我妈洗 几个人来",
    ordered.READY: "要准备啥 要准备些啥子 要带什么东西 带医保卡不 用不用带上病历本",
    ordered.HOME: "家里要留人吗 屋头要不要留人 我得在场吗 要不要在旁边守着 我不在家行不行 家里没人咋整 非得有人陪着不",
    ordered.LONG: "几点到几点 洗一次多久 要洗多长时间 陪到几点 几点能完事 好久能洗完 大概得弄几个钟头 能等到看完不 到几点得走",
    ordered.BEYOND: "自己带毛巾不 毛巾香皂用自己的还是你们带 水要先烧好吗 洗澡水你们带吗 要自己搬凳子吗 能不能换人 能不能派个女的 换个男的来行不 上次那个小张还来不 来的人有证吗 来之前给个电话呗 提前打电话不 钥匙给谁 钥匙放哪儿 谁给开门 在哪碰头 坐啥车去 车费谁出 挂号谁挂 下雨还来不 能早点来不 热水器坏了能洗不 中午管饭不 教室在几楼 能带老伴一块去不 能送上楼不 楼层高没电梯，能送上五楼不 给送到门口不",
    ordered.CHANGE: "能改时间不 能退吗 不去了咋整 能不能改天 去不了了咋个办",
    ordered.DEADLINE: "要提前多久说 得提前几天讲 提前好久退",
}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in ASKED.items() for text in texts.split()]
)
def test_a_question_about_the_order_is_known_in_several_peoples_words(kind: str, text: str) -> None:
    assert ordered.asked(said(text)) == kind


@pytest.mark.parametrize(
    "text",
    "停车多少钱 物业费多少钱 明天送两份行吗 周六不要送 那下周三不要送 灯坏了谁来修 啥时候修好 中午的饭退了 改到下周四行不 谁管 今天吃啥 你好 哎 停水了吗 咋还不来 师傅走了吗 下水道堵了找谁 转人工 换个人跟我说 水管漏了能修不 身份证丢了咋办 钥匙丢了".split(),
)
def test_a_wish_or_another_matter_is_no_question_about_the_order(text: str) -> None:
    assert ordered.asked(said(text)) is None


@pytest.mark.parametrize(
    "text",
    "顺便剪指甲 再帮忙理个发 顺带擦擦玻璃 也给我爸洗个澡 捎带把指甲剪了 能不能顺便剪个头 再给她洗个头 顺便把窗户也擦了 加个理发 再加一个剪指甲 还想理个发 洗完再给她剪剪指甲 把头也洗了 另外把厨房擦一下 外加换个床单 再帮我取个药 放门口就行 敲门大点声，俺耳朵背 送到楼下就行不用上楼".split(),
)
def test_more_is_wished_for_on_the_same_visit(text: str) -> None:
    assert ordered.adds(said(text))


@pytest.mark.parametrize(
    "text",
    [
        "周三再洗个澡",
        "顺便问下多少钱",
        "理发不要了",
        "帮我喊一哈小贾",
        "再催一下",
        "还没来",
        "加个微信",
        "把灯也修了",
    ],
)
def test_a_day_a_question_or_a_no_adds_nothing(text: str) -> None:
    assert not ordered.adds(said(text))


@pytest.mark.parametrize(
    "text",
    "太慢了 咋这么慢 慢死了 效率太低了 恁个慢 等得花都谢了 你们也太磨叽了 要等到猴年马月哦".split(),
)
def test_too_slow_is_heard(text: str) -> None:
    assert ordered.is_slow(said(text))


@pytest.mark.parametrize(
    "text", ["慢慢来", "不慢", "我妈走路慢", "楼道灯坏了三天了，老人等不起，赶紧派人来修吧"]
)
def test_not_everything_slow_is_too_slow(text: str) -> None:
    assert not ordered.is_slow(said(text))


@pytest.mark.parametrize("text", ["那天不要送", "那两天别送了", "就不要送了"])
def test_that_day_is_the_one_spoken_of(text: str) -> None:
    pointed = ordered.pointing_back(said(text), ["2026-11-28"])
    assert [e.value["start"] for e in pointed.all("time")] == ["2026-11-28"]


@pytest.mark.parametrize("text", ["不要辣", "周五不要送", "好的"])
def test_other_words_point_back_to_no_day(text: str) -> None:
    message = said(text)
    assert ordered.pointing_back(message, ["2026-11-28"]) == message


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("我是他邻居", "neighbor"),
        ("俺是他家对门", "neighbor"),
        ("我嘛是他屋头的邻居哈", "neighbor"),
        ("不是我家，我是邻居", "neighbor"),
        ("我是她闺女", "mother"),
        ("我是老人的儿媳妇", "parents_in_law"),
        ("我是她老伴", "spouse"),
        ("他是我邻居", None),
        ("邻居太吵", None),
        ("我是楼上的，楼下漏水", None),
    ],
)
def test_who_speaks_tells_whose_matter_it_is(text: str, relation: str | None) -> None:
    assert speaking.concerned(said(text)) == relation


@pytest.mark.parametrize(
    "text",
    [
        "订饭最晚几点说",
        "几点之前订明天的",
        "明天的饭啥时候截止订啊",
        "改饭得提前多长时间说啊",
        "退饭最晚几点",
        "明天中午的饭不要了最迟好久说嘛",
        "午饭啥时候前订",
        "晚饭啥前儿订赶趟",
    ],
)
def test_until_when_meals_can_be_ordered_is_asked_without_an_order(text: str) -> None:
    assert ordered.asks_deadline_first(said(text))
    assert ordered.asked(said(text)) == ordered.DEADLINE


@pytest.mark.parametrize("text", ["要改的话最迟啥时候说", "不要了要提前多久说"])
def test_without_a_word_of_meals_it_is_asked_of_the_order(text: str) -> None:
    assert ordered.asked(said(text)) == ordered.DEADLINE
    assert not ordered.asks_deadline_first(said(text))


@pytest.mark.parametrize(
    "text",
    [
        "我订的饭几点之前能送到",
        "前天订的饭几点来",
        "我提前说一声，明天不要了",
        "最晚几点取饭",
        "早上几点说都行，饭别送早了",
        "医保最晚几号交",
    ],
)
def test_when_it_comes_is_no_deadline(text: str) -> None:
    assert not ordered.asks_deadline(said(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("送饭的是谁", ordered.WHO),
        ("哪个来送饭哦", ordered.WHO),
        ("对了食堂几点开饭", ordered.TIME),
        ("远不远", ordered.WHERE),
        ("食堂在哪疙瘩啊", ordered.WHERE),
        ("去哪儿吃", ordered.WHERE),
        ("食堂离我家有好远", ordered.WHERE),
        ("那儿咋走", ordered.WHERE),
        ("饭到哪了", None),
        ("送到哪儿了", None),
    ],
)
def test_who_brings_it_and_where_the_canteen_is(text: str, kind: str | None) -> None:
    assert ordered.asked(said(text)) == kind


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("放门口就行", True),
        ("敲门大点声", True),
        ("放门口就行，明天中午", False),
        ("放门卫那儿，改成两份", False),
        ("改成两份", False),
    ],
)
def test_a_word_for_whoever_brings_it(text: str, note: bool) -> None:
    assert ordered.notes(said(text)) is note
