"""Ordering a meal: what is read, what is asked, the cut-off, the echo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.forms import diets, meal
from actions.forms.draft import CONFIRM, DROP, Draft, asking, fill, next_question
from actions.message import Message
from actions.talk.echo import DIETS
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import HOME, msg, tap
from tests.actions.test_ordered import said

DIET_DATA = Path(__file__).resolve().parents[2] / "bot" / "data" / "diets.yml"
TOMORROW = ("明天", {"start": "2026-11-25", "end": "2026-11-25"})
LUNCH = ("中午", "lunch")
ADDRESS = (
    "幸福小区3号楼2单元501",
    {"community": "幸福小区", "building": "3", "unit": "2", "room": "501"},
)


def order(text: str, *, home: dict[str, Any] | None = None, **ents: Any) -> Message:
    """Return a message of the intent book_meal."""
    return msg(text, "book_meal", home=home, ents=ents)


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (order("想订饭"), "date"),
        (order("明天给我送饭", time=TOMORROW), "meal"),
        (order("明天中午订一份", time=TOMORROW, meal=LUNCH, count=("一份", 1)), "mode"),
        (order("明天中午订一份自取", time=TOMORROW, meal=LUNCH, count=("一份", 1)), CONFIRM),
        (order("明天中午我去食堂吃", time=TOMORROW, meal=LUNCH), CONFIRM),
        (order("明天中午送一份", time=TOMORROW, meal=LUNCH), "place"),
        (
            order(
                "明天中午给爸妈送饭到幸福小区3号楼2单元501",
                time=TOMORROW,
                meal=LUNCH,
                relation=("爸妈", "parents"),
                address=ADDRESS,
            ),
            "portions",
        ),
    ],
)
def test_only_what_is_missing_is_asked(message: Message, asked: str) -> None:
    assert next_question(meal.FORM, fill(meal.FORM, None, message), message) == asked


def test_everything_at_once_is_read_back() -> None:
    message = order(
        "给我妈订明天中午一份饭,软和的,送到幸福小区3号楼2单元501",
        relation=("我妈", "mother"), time=TOMORROW, meal=LUNCH, count=("一份", 1),
        diet=("软和的", "soft"), address=ADDRESS,
    )  # fmt: skip
    draft = fill(meal.FORM, None, message)
    assert dict(meal.summary(draft, message)) == {
        "哪一顿": "明天（11月25日，星期三）午饭",
        "几份": "1份",
        "给谁": "您母亲",
        "忌口": "软和的",
        "怎么吃": "送到家",
        "送到": "幸福小区3号楼2单元501",
        "没人应打谁": "没说。送到没人应，打谁的？现在说个号码就记上",
    }
    known = replace(draft, values={**draft.values, "phone": "13512345678"})
    assert "没人应打谁" not in dict(meal.summary(known, message))
    body = meal.to_ticket(draft, "c1")
    assert (body["kind"], body["leaf"]) == ("booking", "C1")
    assert body["appointment"] == {
        "date": "2026-11-25", "meal": "lunch", "portions": 1, "diet": ["soft"],
        "delivery": True, "mode": "delivery",
    }  # fmt: skip
    assert body["subject"] == {"relation": "mother", "name": None}


@pytest.mark.parametrize(
    ("habit", "first"),
    [
        ({"recur": "daily"}, "2026-11-25"),
        ({"recur": "weekly", "weekdays": [2]}, "2026-12-01"),
        ({"recur": "weekly", "weekdays": [6, 7]}, "2026-11-28"),
    ],
)
def test_a_habit_starts_with_its_next_day(habit: dict[str, Any], first: str) -> None:
    draft = fill(meal.FORM, None, order("每天中午送饭", time=("每天", habit), meal=LUNCH))
    assert draft.get("date") == first
    assert meal.to_ticket(draft, "c1")["appointment"]["habit"] == habit


def closed() -> Draft:
    """Return an order whose cut-off is over, with a later meal offered."""
    message = order("明天中午自取一份", time=TOMORROW, meal=LUNCH)
    draft = fill(meal.FORM, None, message)
    assert meal.to_check(draft, message.now) == ("2026-11-25", "lunch")
    draft = meal.checked(
        draft,
        {"open": False, "reason": "截止了。", "next_open": {"date": "2026-11-26", "meal": "lunch"}},
    )
    assert meal.to_check(draft, message.now) is None
    question = next_question(meal.FORM, draft, message)
    assert question == "date"
    return asking(draft, question)


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("周一到周五中午都要订饭", [1, 2, 3, 4, 5]),
        ("每周三至周五订午饭", [3, 4, 5]),
        ("礼拜一到礼拜天中午都订", [1, 2, 3, 4, 5, 6, 7]),
        ("下周一到周五中午都要订饭", None),
        ("周五到周一订饭", None),
    ],
)
def test_a_stretch_of_weekdays_is_a_habit(text: str, weekdays: list[int] | None) -> None:
    stretch = (text[:5], {"start": "2026-11-30", "end": "2026-12-04"})
    draft = fill(meal.FORM, Draft(meal.FORM.name, "m"), order(text, time=stretch))
    assert (draft.get("habit") or {}).get("weekdays") == weekdays


@pytest.mark.parametrize(
    ("message", "day"),
    [
        (tap("affirm", about="next_open"), "2026-11-26"),
        (msg("行", "affirm", id="m2"), "2026-11-26"),
        (
            msg("那就下周一吧", "affirm", id="m2",
                ents={"time": ("下周一", {"start": "2026-11-30", "end": "2026-11-30"})}),
            "2026-11-30",
        ),
        (
            msg("那来两份中午的", "book_meal", id="m2", ents={"count": ("两份", 2), "meal": LUNCH}),
            "2026-11-26",
        ),
    ],
)  # fmt: skip
def test_after_the_cut_off_another_day_is_found(message: Message, day: str) -> None:
    draft = fill(meal.FORM, closed(), message)
    assert draft.get("date") == day
    assert meal.to_check(draft, message.now) == (day, "lunch")


def test_a_declined_later_meal_ends_the_form() -> None:
    message = msg("不用了", "deny", id="m2")
    assert (
        meal.declined(fill(meal.FORM, closed(), msg("不要", "deny", id="m2")), message).outcome
        == DROP
    )


def test_a_change_while_the_summary_stands() -> None:
    first = order("明天中午自取一份", time=TOMORROW, meal=LUNCH, count=("一份", 1))
    draft = asking(fill(meal.FORM, None, first), CONFIRM)
    change = msg("改成两份,送到家", "deny", id="m2", home=HOME, ents={"count": ("两份", 2)})
    draft = fill(meal.FORM, draft, change)
    assert (meal.portions(draft), draft.get("mode")) == (2, "delivery")


ENTITIES = [
    {"entity": "time", "text": "明天", "value": TOMORROW[1]},
    {"entity": "meal", "text": "中午", "value": "lunch"},
]


async def test_ordering_over_http(talk: Talk, services: FakeServices) -> None:
    talk.hear("明天中午订饭,我去食堂吃", "book_meal", entities=ENTITIES)
    await talk.run("validate_meal_form")
    assert "明天（11月25日，星期三）午饭" in talk.text
    talk.hear("要得", "affirm")
    await talk.run("validate_meal_form")
    await talk.run("action_submit_meal")
    assert "订上了" in talk.text
    assert services.sent("/tickets")[0]["appointment"]["mode"] == "eat_in"


async def test_the_cut_off_is_asked_of_the_kitchen(talk: Talk, services: FakeServices) -> None:
    services.meal_open = False
    talk.hear("明天中午订饭,我去食堂吃", "book_meal", entities=ENTITIES)
    await talk.run("validate_meal_form")
    assert "截止了" in talk.text
    assert talk.buttons[0] == "改成后天（11月26日，星期四）午饭"
    services.meal_open = True
    talk.hear(talk.payloads[talk.buttons[0]], "affirm",
              entities=[{"entity": "about", "value": "next_open"}])  # fmt: skip
    await talk.run("validate_meal_form")
    assert "后天（11月26日，星期四）午饭" in talk.text
    assert talk.buttons == ["对，提交", "改一下"]


async def test_a_problem_told_meanwhile_waits_its_turn(talk: Talk, services: FakeServices) -> None:
    talk.hear("明天中午订饭", "book_meal", entities=ENTITIES)
    await talk.run("validate_meal_form")
    talk.hear("对了楼道灯也坏了", "report_problem", id="lamp")
    await talk.run("validate_meal_form")
    talk.hear("我去食堂吃", "book_meal")
    await talk.run("validate_meal_form")
    talk.hear("对", "affirm")
    await talk.run("validate_meal_form")
    await talk.run("action_submit_meal")
    assert "楼道灯也坏了" in talk.text
    assert talk.payloads["好，接着办"] == '/report_problem{"about":"m:lamp"}'
    assert services.sent("/tickets")[0]["narrative"] == "明天中午订饭\n我去食堂吃"


WEDNESDAY, DAILY = "2026-11-25", {"recur": "daily"}
MONDAY = ("下周一", {"start": "2026-11-30", "end": "2026-11-30"})
EVERY_DAY = ("每天", DAILY)


@pytest.mark.parametrize(
    ("message", "date", "habit"),
    [
        (order("天天中午喊个饭", meal=LUNCH), WEDNESDAY, DAILY),
        (order("从明天开始每天中午送", time=[TOMORROW, EVERY_DAY]), WEDNESDAY, DAILY),
        (order("下周一起每天中午送", time=[MONDAY, EVERY_DAY]), "2026-11-30", DAILY),
        (order("明天中午来一份，以后每天都要", time=[TOMORROW, EVERY_DAY]), WEDNESDAY, DAILY),
        (order("周一三五中午都要"), WEDNESDAY, {"recur": "weekly", "weekdays": [1, 3, 5]}),
        (order("二四六给我爸送饭"), "2026-11-26", {"recur": "weekly", "weekdays": [2, 4, 6]}),
        (order("下周一三五中午要", time=MONDAY), "2026-11-30", None),
        (order("明天中午要一份", time=TOMORROW), WEDNESDAY, None),
    ],
)
def test_a_habit_and_its_first_day(message: Message, date: str, habit: Any) -> None:
    draft = fill(meal.FORM, None, message)
    assert (draft.get("date"), draft.get("habit")) == (date, habit)


@pytest.mark.parametrize(
    ("text", "relation", "portions"),
    [
        ("给爸妈各一份", ("爸妈", "parents"), 2),
        ("俺老两口一人一份", None, 2),
        ("我和隔壁老张每人两份", None, 4),
        ("给我妈来一份", ("我妈", "mother"), 1),
    ],
)
def test_a_portion_each(text: str, relation: Any, portions: int) -> None:
    said = text[-2:]
    ents = {"count": (said, 2 if said.startswith("两") else 1)}
    ents |= {"relation": relation} if relation else {}
    assert fill(meal.FORM, None, order(text, **ents)).get("portions") == portions


def test_two_meals_of_a_day_are_both_read_back() -> None:
    message = order("明天中午晚上都要", time=TOMORROW, meal=[LUNCH, ("晚上", "dinner")])
    draft = fill(meal.FORM, None, message)
    assert draft.get("meal") == "lunch"
    assert ("还有", "晚饭也要，单子上写明，食堂和您定") in meal.summary(draft, message)
    only = order("明天不是中午是晚上", time=TOMORROW, meal=[LUNCH, ("晚上", "dinner")])
    assert fill(meal.FORM, None, only).get("meal") == "dinner"


def test_several_days_of_one_week_are_read_back() -> None:
    message = order("下周一三五中午要", time=MONDAY, meal=LUNCH)
    assert fill(meal.FORM, None, message).get("more_days") == "下周三、下周五"


def test_a_day_left_out_of_a_habit_moves_the_first_meal() -> None:
    draft = asking(fill(meal.FORM, None, order("天天中午送", meal=LUNCH)), CONFIRM)
    left = fill(meal.FORM, draft, msg("明天不用送", "book_meal", id="m2", ents={"time": TOMORROW}))
    assert (left.get("date"), left.get("skip")) == ("2026-11-26", [WEDNESDAY])
    assert meal.to_ticket(left, "c")["appointment"]["skip"] == [WEDNESDAY]


def test_every_diet_has_words() -> None:
    known = yaml.safe_load(DIET_DATA.read_text(encoding="utf-8"))["diets"]
    assert set(known) <= set(DIETS)


def test_until_when_it_can_be_taken_back_is_known_from_the_kitchen() -> None:
    draft = meal.checked(Draft("meal", "m1"), {"open": True, "cutoff": "2026-11-24T16:00:00+08:00"})
    assert meal.say_cutoff(draft) == "11月24日16:00前"
    assert meal.say_cutoff(meal.checked(draft, {"open": True})) == ""


def test_some_of_a_number_of_portions_have_a_diet() -> None:
    count = [("三份", 3), ("一份", 1)]
    said = msg(
        "后天中午三份饭，一份不要肉的",
        "book_meal",
        ents={"count": count, "diet": ("不要肉的", "vegetarian")},
    )
    draft = fill(meal.FORM, None, said)
    assert draft.get("portions") == 3
    assert draft.get("diets") == [
        {"portions": 1, "diet": ["vegetarian"]}, {"portions": 2, "diet": []},
    ]  # fmt: skip
    assert "1份素食；2份照常" in str(meal.summary(draft, msg()))
    more = msg(
        "三份清真的，一份少盐",
        "book_meal",
        ents={"count": count, "diet": [("清真", "halal"), ("少盐", "low_salt")]},
    )
    assert fill(meal.FORM, None, more).get("portions") == 4


def read(text: str) -> Draft:
    """The order that a message opens, read with the extractors."""
    return fill(meal.FORM, None, replace(said(text), intent="book_meal"))


@pytest.mark.parametrize(
    ("text", "portions", "words"),
    [
        ("给我订两份，一份糖尿病的，一份普通的", 2, "1份糖尿病餐；1份照常"),
        ("一份糖尿病的，一份普通的", 2, "1份糖尿病餐；1份照常"),
        ("两份午饭，一份软和点，一份正常的", 2, "1份软和的；1份照常"),
        ("明天中午三份，两份普通的一份清真的", 3, "2份照常；1份清真"),
        ("一份普通的，一份不要放海椒的", 2, "1份照常；1份不放辣"),
        ("普通的一份，清真的一份", 2, "1份照常；1份清真"),
        ("来两份，我那份正常，老伴儿那份少盐", 2, "1份照常；1份少盐"),
        ("两份，一个要软和的，一个普通的", 2, "1份软和的；1份照常"),
        ("我妈血糖高，来两份饭，一份正常一份低糖", 2, "1份照常；1份少糖、糖尿病餐"),
        ("四份，一份糖尿病的，剩下的普通", 4, "1份糖尿病餐；3份照常"),
        # One diet of all of them.
        ("两份饭，都不要辣", 2, "不放辣"),
        ("一份就行，普通的，少盐", 1, "少盐"),
        ("来一份，一份就够了，糖尿病的", 1, "糖尿病餐"),
        ("两份都要糖尿病的", 2, "糖尿病餐"),
    ],
)
def test_a_portion_as_usual_stands_beside_one_with_a_diet(
    text: str, portions: int, words: str
) -> None:
    draft = read(text)
    assert draft.get("portions") == portions
    assert diets.words(draft.values, portions) == words


@pytest.mark.parametrize(
    ("text", "weekdays", "skip", "first"),
    [
        ("每天中午送，礼拜天不要，从下礼拜一开始", [1, 2, 3, 4, 5, 6], None, "2026-11-30"),
        ("每天中午送，平时少盐，星期天不消送", [1, 2, 3, 4, 5, 6], None, "2026-11-25"),
        ("每天中午送一份，周末不要", [1, 2, 3, 4, 5], None, "2026-11-25"),
        ("除了周末每天中午都给我送一份", [1, 2, 3, 4, 5], None, "2026-11-25"),
        ("天天晌午送一份，星期六星期天除外", [1, 2, 3, 4, 5], None, "2026-11-25"),
        ("以后天天中午给我送，除了星期三星期天", [1, 2, 4, 5, 6], None, "2026-11-26"),
        ("工作日中午送一份", [1, 2, 3, 4, 5], None, "2026-11-25"),
        # One day alone, with its week or a reason.
        ("每天中午送一份，下礼拜三我去闺女家不要", None, ["2026-12-02"], "2026-11-25"),
        ("每天中午送一份，礼拜三我去闺女家不要", None, ["2026-11-25"], "2026-11-26"),
        ("每天中午一份，这礼拜天不要", None, ["2026-11-29"], "2026-11-25"),
        # Food, and no day.
        ("从明天开始每天中午送一份，不要辣", None, None, "2026-11-25"),
        ("从明天开始不要辣每天送", None, None, "2026-11-25"),
    ],
)
def test_days_are_taken_out_of_a_habit_with_its_wish(
    text: str, weekdays: list[int] | None, skip: list[str] | None, first: str
) -> None:
    draft = read(text)
    assert draft.get("habit").get("weekdays") == weekdays
    assert draft.get("skip") == skip
    assert draft.get("date") == first


@pytest.mark.parametrize(
    ("text", "portions"),
    [
        ("每天中午给我和老伴儿送饭", 2),
        ("老两口明天中午送饭", 2),
        ("给我跟老伴儿订明天中午的饭，一份就够", 1),
        ("我和邻居商量了想订饭", 1),
        ("我跟老伴儿商量过了，给我订明天的饭", 1),
    ],
)
def test_two_who_eat_are_two_portions(text: str, portions: int) -> None:
    assert meal.portions(read(text)) == portions


@pytest.mark.parametrize(
    ("text", "first", "until"),
    [
        ("这两天娃儿出差克了，明天晌午开始送三天", "2026-11-25", "2026-11-27"),
        ("后天送三天", "2026-11-26", "2026-11-28"),
        ("订一个礼拜的饭，中午", "2026-11-25", "2026-12-01"),
        ("下周一开始吃两个星期", "2026-11-30", "2026-12-13"),
    ],
)
def test_so_many_days_are_a_habit_with_an_end(text: str, first: str, until: str) -> None:
    draft = read(text)
    assert (draft.get("date"), draft.get("until")) == (first, until)
    assert draft.get("habit") == {"recur": "daily"}
    assert draft.get("more_days") is None


@pytest.mark.parametrize(
    "text", ["送饭晚了三天", "订三份", "明天中午送，吃三天药", "来三天前就订了", "一个礼拜送两回"]
)
def test_other_numbers_of_days_make_no_habit(text: str) -> None:
    assert read(text).get("habit") is None


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("给我订个礼拜六礼拜天中午的饭", "11月29日（星期日）"),
        ("周末中午各一份", "11月29日（星期日）"),
        ("隔天送一回饭，中午", "隔天"),
        ("俺想订饭，隔一天送一回", "隔一天"),
        ("订礼拜六中午的饭", None),
    ],
)
def test_further_days_of_one_order_are_told_to_the_kitchen(text: str, more: str | None) -> None:
    assert read(text).get("more_days") == more


def test_in_large_type_only_what_was_said_is_read_out() -> None:
    said_all = read("明天中午一份饭，送到幸福小区3号楼2单元501，13800001111")
    window = {
        "date": "2026-11-25", "meal": "lunch", "open": True, "price": "每份12元",
        "subsidies": [{"id": "minimum", "name": "低保户"}],
    }  # fmt: skip
    draft = replace(said_all, values={**said_all.values, "window": window})
    plain = dict(meal.summary(draft, msg("")))
    large = dict(meal.summary(draft, replace(msg(""), elder=True)))
    assert set(plain) - set(large) == {"忌口", "怎么吃", "补贴"}
    assert large["价钱"] == "每份12元"
    salted = replace(draft, values={**draft.values, "diet": ["low_salt"]})
    assert dict(meal.summary(salted, replace(msg(""), elder=True)))["忌口"] == "少盐"


@pytest.mark.parametrize("words", ["没忌口", "她没啥忌口的", "没得忌口", "不忌口"])
def test_no_diet_is_said_and_not_asked_for_again(words: str) -> None:
    draft = fill(meal.FORM, None, msg("订饭", "book_meal"))
    assert dict(meal.summary(draft, msg()))["忌口"].startswith("没说")
    draft = fill(meal.FORM, draft, msg(words, "deny", id="m2"))
    assert draft.get("diet") == [] and dict(meal.summary(draft, msg()))["忌口"] == "没有"
