"""Who, how many, which meal, numbers and names."""

import pytest
import yaml

from bot.understanding.certificates import Certificate, find_certificates, load_certificates
from bot.understanding.contacts import find_persons, find_phones
from bot.understanding.gazetteer import LOCALITIES
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
    [("给我打两份盒饭", 2), ("困了一个人在里头", 1), ("一共五人", 5), ("三人参加", 3), ("就一个人", 1),
     ("一个人的饭就行", 1), ("给三个孩子报名", 3), ("订四粉盒饭", 4), ("三位，周六去", 3), ("来一份证明路边摊那种煎饼，我要吃", 1),
     ("要一份软和的", 1)],
)  # fmt: skip
def test_count_of_portions_and_people(text: str, value: int) -> None:
    assert [s.value for s in find_counts(text)] == [value]


@pytest.mark.parametrize(
    "text",
    ["我妈一个人住", "我就一个人在家害怕", "开一份收入证明", "复印件要一份不", "没有一个人管", "我养了三个孩子",
     "一位大姐态度不好", "月份弄错了", "第三份", "老太太自己一个人过", "两千元一份子钱", "一人民医院", "里面五六个人", "号码错一位", "打一份工作证"],
)  # fmt: skip
def test_no_count(text: str) -> None:
    assert find_counts(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("订晌午饭", "lunch"),
        ("明天中午送份饭", "lunch"),
        ("夜饭送不送", "dinner"),
        ("早点要两份", "breakfast"),
        ("今晚两份", "dinner"),
        ("明早送一份粥", "breakfast"),
        ("order a lunch", "lunch"),
        ("中午要俩清淡的", "lunch"),
    ],
)
def test_meal(text: str, value: str) -> None:
    assert [s.value for s in find_meals(text)] == [value]


@pytest.mark.parametrize(
    "text",
    ["中午老放音乐", "晚上吃低保的来登记", "晚了几天领身份证", "饭送晚了", "早就订了一份", "菜市场晚上太吵",
     "晚上省份证明拿不到", "送饭的早到一会儿", "今早六点还在炖菜"],
)  # fmt: skip
def test_part_of_day_is_no_meal_without_food(text: str) -> None:
    assert find_meals(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [("饭软和点儿的", {"soft"}), ("不放海椒的饭", {"no_chili"}), ("糖尿病餐", {"diabetic"}),
     ("少盐不放香菜", {"low_salt", "no_coriander"}), ("清淡", {"light"}), ("清淡点的饭", {"light"}),
     ("吃斋的饭", {"vegetarian"}), ("饭不要太硬", {"soft"}), ("素菜一份", {"vegetarian"}),
     ("手机软件不会用", set()), ("他咬不动，饭要软乎的", {"soft"}), ("饭里不放盐", {"low_salt"}),
     ("他牙口不好，饭咋订", {"soft"}), ("鱼要没刺的", {"boneless"}), ("换个清淡点的", {"light"}),
     ("两份no pork的盒饭", {"no_pork"}), ("他咬不动，饭别放盐", {"soft", "low_salt"}),
     ("饭里莫搁葱，别加蒜", {"no_onion", "no_garlic"}), ("饭里不要放香菜", {"no_coriander"}), ("给奶奶送饭，她不吃蛋", {"no_egg"}),
     ("我妈吃饭忌辣", {"no_chili"}), ("盒饭别给猪肉", {"no_pork"}), ("别给奶奶送饭了", set()), ("腌菜放多少盐", set()), ("饭厅煤气软管漏了", set())],
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
    assert find_phones("屏幕上写着代码0x00000007E") == []


@pytest.mark.parametrize(
    ("text", "name"), [("我姓王", "王"), ("我叫张桂兰，住3号楼", "张桂兰"), ("李大爷家", "李大爷")]
)
def test_person(text: str, name: str) -> None:
    assert [s.value for s in find_persons(text)] == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [("请速处理。投诉人郭建平，手机13600001111", "郭建平"), ("护士柴晓梅态度特别好", "柴晓梅"), ("志愿者于洋。", "于洋"),
     ("我名字登记错了，不是这个字，应该是魏淑芬", "魏淑芬"), ("名字打成沈桂花了", "沈桂花"), ("报修，田凤英 13600001111", "田凤英"),
     ("表扬孙立国师傅", "孙立国"), ("夸夸段长海同志", "段长海"), ("联系人：欧阳春", "欧阳春"), ("户主为滕淑珍，帮查欠费", "滕淑珍"),
     ("我叫尹小兵", "尹小兵"), ("网格员梁玉珍昨晚还给我送药", "梁玉珍"), ("给我办证的韩梅让我白跑三趟", "韩梅"),
     ("徐建国家楼下堆满木头", "徐建国"), ("让小周打给我，号码你们有", "小周"), ("老赵这保安真热心", "老赵")],
)  # fmt: skip
def test_a_name_beside_what_tells_whose_it_is(text: str, name: str) -> None:
    assert [s.value for s in find_persons(text)] == [name]


@pytest.mark.parametrize(
    "text",
    ["工作人员常年不在", "莫把我名字写上去哈", "居民安全没保障", "司机高声骂人", "业主方同意了", "名字写错了", "医生说要开单子",
     "师傅没来", "住户方便的时候来", "我姓啥你知道不", "打电话13600001111没人接", "负责人管不管", "家属何时能来", "养老金没到账", "保安队长不管事", "语文老师打人", "儿童主任在哪", "火光老高", "谢谢师傅", "换了三任主任", "我是安徽来的", "周围人家门口都扫了",
     "工人陈旧设备让我们换", "徐州老家的亲戚"],
)  # fmt: skip
def test_no_person(text: str) -> None:
    assert find_persons(text) == []


@pytest.mark.parametrize(("text", "name"), [("我姓张", "张"), ("刘奶奶家没电", "刘奶奶")])
def test_a_surname_alone_or_with_a_title(text: str, name: str) -> None:
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


@pytest.mark.parametrize(
    "form",
    ["SQ 261124 00012 {}", "sq261124-00012-{}", "261124 00012 {}", "261124，00012，{}", "S Q 261124 00012 {}", "261124 000 12{}到哪了"],
)  # fmt: skip
def test_ticket_number_with_gaps(form: str) -> None:
    check = check_digit(DIGITS)
    (found,) = find_ticket_numbers(form.format(check))
    assert found.value == f"SQ-261124-00012-{check}"


@pytest.mark.parametrize(
    ("text", "value"),
    [("20261103004521办到哪了", "20261103004521"), ("12345的单子2026110300452催一下", "2026110300452"), ("撤 20261103 004521", "20261103004521")],
)  # fmt: skip
def test_the_number_of_another_office(text: str, value: str) -> None:
    (found,) = find_ticket_numbers(text)
    assert (found.value, found.confidence) == (value, 0.3)


@pytest.mark.parametrize(
    "text", ["20261103", "2026-11-03", "20269903004521", "身份证220102195001011234"]
)
def test_dates_and_other_numbers_are_no_ticket(text: str) -> None:
    assert find_ticket_numbers(text) == []


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


@pytest.mark.parametrize(
    ("text", "value"),
    [("给我妈开个证明说她是一个人住的", (None, "独居证明")), ("要开个没人跟她一块儿住的证明", (None, "独居证明")),
     ("证明这俩名字是一个人", (2, "居民身份信息证明"))],
)  # fmt: skip
def test_one_outside_the_list_told_as_a_sentence(text: str, value: tuple[int | None, str]) -> None:
    found = [s.value for s in find_certificates(text, load_certificates())]
    assert [(f["no"], f["name"]) for f in found] == [value]
    assert find_certificates("证明我一个人住", KNOWN) == [], "where the locality has no such kind"


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [("开个未婚正明", "未婚正明", {"no": 8, "name": "婚姻状况证明"}), ("要无业证名", "无业证名", {"no": 15, "name": "居民就业状况证明"}),
     ("住址证明咋开", "住址证明", {"no": None, "name": "住址证明"}), ("义工证明给打一个", "义工证明", {"no": None, "name": "义工证明"}),
     ("要开拆迁户政明", "拆迁户政明", {"no": None, "name": "拆迁户证明"})],
)  # fmt: skip
def test_a_certificate_by_the_name_it_is_called(text: str, words: str, value: dict) -> None:
    assert [(s.text, s.value) for s in find_certificates(text, load_certificates())] == [
        (words, value)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "拿个条子证明是我家的",
        "有材料证明是他弄坏的",
        "没办法证明",
        "找东西证明一下",
        "想补离婚证明天来",
    ],
)
def test_to_prove_is_no_certificate(text: str) -> None:
    assert find_certificates(text, load_certificates()) == []


def test_the_catalogue_knows_every_name_a_certificate_is_called_by() -> None:
    known = load_certificates("qinghe")
    listed = yaml.safe_load((LOCALITIES / "qinghe" / "certificates.yml").read_text("utf-8"))[
        "items"
    ]
    names = {n for item in listed for n in [item["name"], *(item.get("aliases") or [])]}
    assert {kind.name for kind in known.values() if kind.no is None} <= names
