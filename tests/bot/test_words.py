"""Who, how many, which meal, numbers and names."""

import pytest

from bot.understanding.certificates import Certificate, find_certificates, load_certificates
from bot.understanding.contacts import find_persons, find_phones
from bot.understanding.numbers import to_int
from bot.understanding.plain_answers import plain_intent
from bot.understanding.relations import find_relations
from bot.understanding.ticket_numbers import check_digit, find_ticket_numbers
from bot.understanding.words import find_counts, find_diets, find_meals


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("十二", 12),
        ("一百零五", 105),
        ("三零二", 302),
        ("两", 2),
        ("廿三", 23),
        ("幺二", 12),
        ("１２", 12),
    ],
)
def test_numbers(words: str, number: int) -> None:
    assert to_int(words) == number


def test_words_without_a_number_are_none() -> None:
    assert to_int("好几") is None
    assert to_int("") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("咱妈血糖高", "mother"), ("给俺娘订饭", "mother"), ("我老汉儿摔了", "father"),
     ("我们家老爷子要送餐", "father"), ("对门大爷好几天没出来", "neighbor"), ("我婆婆要订餐", "mother_in_law"),
     ("给我婆婆订个饭嘛", "grandma"), ("老伴儿腿脚不好", "spouse"), ("替妈妈问一下", "mother"),
     ("我丈母娘的居住证", "mother_in_law"), ("我大爷要订饭", "uncle"), ("我老姐姐吃斋", "sister"),
     ("老爷子牙口不好", "father"), ("给闺女订一份", "daughter"),
     ("我婆婆莫放海椒噻", "grandma")],
)  # fmt: skip
def test_relation(text: str, value: str) -> None:
    assert [s.value for s in find_relations(text)] == [value]


@pytest.mark.parametrize(
    ("text", "value"), [("两份", 2), ("订3份", 3), ("我俩", 2), ("五个人的", 5)]
)
def test_count(text: str, value: int) -> None:
    assert [s.value for s in find_counts(text)] == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("订晌午饭", "lunch"),
        ("明天中午送份饭", "lunch"),
        ("夜饭送不送", "dinner"),
        ("早点要两份", "breakfast"),
    ],
)
def test_meal(text: str, value: str) -> None:
    assert [s.value for s in find_meals(text)] == [value]


def test_part_of_day_is_no_meal_without_food() -> None:
    assert find_meals("中午老放音乐") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [("饭软和点儿的", {"soft"}), ("不放海椒的饭", {"no_chili"}), ("糖尿病餐", {"diabetic"}),
     ("少盐不放香菜", {"low_salt", "no_coriander"}), ("清淡", {"light"}), ("清淡点的饭", {"light"}),
     ("吃斋的饭", {"vegetarian"}), ("饭不要太硬", {"soft"}), ("素菜一份", {"vegetarian"}),
     ("手机软件不会用", set())],
)  # fmt: skip
def test_diet(text: str, values: set) -> None:
    assert {s.value for s in find_diets(text)} == values


@pytest.mark.parametrize(
    ("text", "digits"),
    [("电话13812345678", "13812345678"), ("幺三八一二三四五六七八", "13812345678"),
     ("138 1234 5678", "13812345678"), ("打0431-88886666", "043188886666")],
)  # fmt: skip
def test_phone(text: str, digits: str) -> None:
    assert [s.value for s in find_phones(text)] == [digits]


def test_a_long_number_is_no_phone() -> None:
    assert find_phones("编号138123456789012") == []


@pytest.mark.parametrize(
    ("text", "name"), [("我姓王", "王"), ("我叫张桂兰，住3号楼", "张桂兰"), ("李大爷家", "李大爷")]
)
def test_person(text: str, name: str) -> None:
    assert [s.value for s in find_persons(text)] == [name]


DIGITS = "26112400012"


def test_ticket_number_typed_and_spoken() -> None:
    check = check_digit(DIGITS)
    number = f"SQ-261124-00012-{check}"
    (typed,) = find_ticket_numbers(f"我的单子{number}到哪了")
    spoken = "".join("零一二三四五六七八九"[int(d)] for d in DIGITS + check)
    (heard,) = find_ticket_numbers(f"单号{spoken}")
    assert typed.value == heard.value == number
    assert typed.text == number


@pytest.mark.parametrize("position", range(11))
def test_one_wrong_digit_is_noticed(position: int) -> None:
    check = check_digit(DIGITS)
    wrong = DIGITS[:position] + str((int(DIGITS[position]) + 1) % 10) + DIGITS[position + 1 :]
    assert check_digit(wrong) != check


def test_query_code() -> None:
    assert [s.value for s in find_ticket_numbers("查询码是482913")] == ["482913"]


@pytest.mark.parametrize(
    "text",
    [
        "SQ-261124-00011-6 482913",
        "SQ-261124-00011-6，482913",
        "482913 SQ-261124-00011-6",
        "sq261124000116 482913",
        "261124000116 482913",
        "编号SQ-261124-00011-6查询码482913",
    ],
)
def test_the_number_and_the_code_beside_it_ask_for_the_progress(text: str) -> None:
    spans = find_ticket_numbers(text)
    assert sorted(s.value for s in spans) == ["482913", "SQ-261124-00011-6"]
    assert all(text[s.start : s.end] == s.text for s in spans)
    assert plain_intent(text, spans) == "query_progress"


@pytest.mark.parametrize(
    "text", ["SQ-261124-00011-6 4829130", "SQ-261124-00011-6 48291", "我住482913"]
)
def test_other_digits_are_no_code(text: str) -> None:
    assert all(len(s.value) != 6 for s in find_ticket_numbers(text))


KNOWN = {"单身证明": Certificate(8, "婚姻状况证明"), "婚姻状况证明": Certificate(8, "婚姻状况证明")}


@pytest.mark.parametrize(
    ("text", "value"),
    [("开个单身证明", {"no": 8, "name": "婚姻状况证明"}),
     ("能开贫困户证明吗", {"no": None, "name": "贫困户证明"})],
)  # fmt: skip
def test_certificate(text: str, value: dict) -> None:
    assert [s.value for s in find_certificates(text, KNOWN)] == [value]


def test_licence_is_no_certificate() -> None:
    assert find_certificates("居住证怎么办", KNOWN) == []


@pytest.mark.parametrize("text", ["居住证明天办", "居住证明早能拿不"])
def test_a_licence_before_tomorrow_is_no_certificate(text: str) -> None:
    known = {**KNOWN, "居住证明": Certificate(None, "居住证明")}
    assert find_certificates(text, known) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("证明我妈是我妈", 1), ("证明我和我爸是父子", 1), ("开个没结过婚的证明", 8), ("证明我还活着", 10),
     ("证明我没工作", 15)],
)  # fmt: skip
def test_a_certificate_told_as_a_sentence(text: str, number: int) -> None:
    assert [s.value["no"] for s in find_certificates(text, load_certificates())] == [number]
