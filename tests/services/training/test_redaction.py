"""What a resident said is kept without what tells who said it.

Every secret is planted into every kind of sentence; what may be left of it is nothing. Then the other
way: sentences without secrets stay as they are, and marked words stay marked.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.training.examples import read_nlu
from services.training.identifiers import digits_of
from services.training.redaction import leaks, redact
from services.training.spans import plain

ROOT = Path(__file__).resolve().parents[3]

PHONES = (
    "13844531276", "138 4453 1276", "138-4453-1276", "+8613844531276", "86 13844531276", "138.4453.1276",
    "138，4453，1276", "１３８４４５３１２７６", "一三八四四五三一二七六", "幺三八四四五三幺二七六", "幺三八，四四五三，幺二七六",
    "一三八 四四五 三一二 七六", "壹叁捌肆肆伍叁壹贰柒陆", "138四四五三1276", "幺三八四四五三幺二拐六", "138（4453）1276",
    "0433-2751638", "（0433）2751638", "04332751638", "0433 2751638",
)  # fmt: skip
IDENTITIES = (
    "222401195003127734",
    "22240119500312773X",
    "222401 19500312 7734",
    "222401500312773",
    "二二二四零一一九五零零三一二七七三四",
)
CARDS = (
    "6222021234567890123",
    "6222 0212 3456 7890 123",
    "6228480402564890018",
    "6228-4804-0256-4890",
)
PLATES = (
    "吉H73K52", "吉H·73K52", "吉h 73k52", "川A·D73652", "川AD73652", "辽B73652", "黑A7365学", "京A·73652",
    "吉H七三六五二",
)  # fmt: skip
TICKETS = ("SQ-261122-00427-5", "sq26112200427 5", "SQ261122004275", "SQ-20261122-0427")
ACCOUNTS = (
    ("微信号zhanggl_1957", "zhanggl_1957"), ("加我微信 wxid_9k2l7p", "wxid_9k2l7p"), ("我vx是guilan57", "guilan57"),
    ("QQ 736529841", "736529841"), ("扣扣号是736529841", "736529841"), ("邮箱guilan.zhang@163.com", "guilan.zhang"),
    ("zhang_57@qq.com", "zhang_57"),
)  # fmt: skip
CODES = (
    ("查询码是735281", "735281"), ("查询码七三五二八一", "七三五二八一"), ("验证码 735281", "735281"), ("手机尾号7352", "7352"),
    ("后四位是七三五二", "七三五二"), ("户号7352814", "7352814"), ("门禁密码7352", "7352"),
)  # fmt: skip
ROOMS = (
    ("3号楼2单元703", "703"), ("3-2-703", "703"), ("三号楼二单元七零三", "七零三"), ("7-703", "703"), ("703室", "703"),
    ("三杠二杠七零三", "七零三"), ("3栋2单元的703", "703"), ("我家703", "703"), ("房号是1703", "1703"), ("楼上703那家", "703"),
    ("3号楼2单元7楼3号", "楼3号"), ("幸福小区703", "703"), ("五组73号", "73号"), ("3#2-703", "703"), ("七百零三室", "七百零三"),
)  # fmt: skip
NAMES = (
    ("我叫张桂兰", "桂兰"), ("我叫欧阳建国", "建国"), ("我姓欧阳", "欧阳"), ("我是李淑芬", "淑芬"), ("户主刘二奎", "二奎"),
    ("联系人：孙凤琴", "凤琴"), ("我妈叫赵秀英", "秀英"), ("姓名：陈小燕", "小燕"), ("邻居刘建军", "建军"), ("张桂兰阿姨", "桂兰"),
    ("李大爷", "李"), ("隔壁孙婆婆", "孙"), ("户口本上叫马二丫", "二丫"), ("姓周立新", "立新"), ("我叫张桂兰，桂花的桂，兰草的兰", "兰草的兰"),
)  # fmt: skip
SECRETS: list[tuple[str, str]] = [
    *((p, p) for p in (*PHONES, *IDENTITIES, *CARDS, *PLATES, *TICKETS)),
    *ACCOUNTS, *CODES, *ROOMS, *NAMES,
]  # fmt: skip

SENTENCES = (
    "{}",
    "您好，{}，麻烦尽快处理",
    "楼道灯坏了好几天了，{}，谢谢",
    "喂，社区吗？我们这儿下水道反水了，满屋子臭味。{}。什么时候能来人？",
    # 东北话
    "哎呀妈呀大妹子，俺家那暖气拔凉拔凉的，老头子冻得直哆嗦，打了三回电话也没个人来瞅一眼，{}，你们倒是麻溜儿的，"
    "这大冷天的谁扛得住啊，可别糊弄俺老太太",
    "我跟你说啊，头晌我搁楼下遛弯儿，瞅着那井盖子豁了老大一个口子，{}，这要是谁家孩子一脚踩空可咋整",
    # 四川话
    "幺妹儿，我给你说嘛，我们屋头的水管子从前天就开始漏起了，楼底下的都找上来扯皮了，{}，你们找个师傅来看一哈嘛，"
    "莫再喊我等到起了，要得不",
    "你们那个坝坝头的垃圾莫得人收，臭得很，{}，热天家咋个住人嘛",
    "那个……就是……我想问一哈低保咋个办，{}，我娃儿在外头打工，屋头就我一个人",
)


@pytest.mark.parametrize("said, secret", SECRETS, ids=[said for said, _ in SECRETS])
def test_nothing_of_a_secret_survives(said: str, secret: str) -> None:
    for sentence in SENTENCES:
        kept = redact(sentence.format(said)).text
        assert secret not in kept, kept
        assert plain(secret) not in plain(kept), kept
        digits = digits_of(plain(secret))
        if len(digits) >= 6:  # nor the same number, written in another way
            assert digits not in digits_of(plain(kept)), kept
            assert digits[-4:] not in re.sub(r"\D", "", plain(kept)), kept
        assert leaks(kept) == [], kept
        assert redact(kept).text == kept, "a redacted text has nothing more to redact"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(SECRETS), min_size=2, max_size=5), st.randoms(use_true_random=False)
)
def test_several_secrets_in_one_message(planted: list[tuple[str, str]], rng: random.Random) -> None:
    text = "".join(rng.choice(SENTENCES).format(said) + "。" for said, _ in planted)
    kept = redact(text).text
    for said, secret in planted:
        assert secret not in kept, (said, kept)
    assert leaks(kept) == []


@given(st.text(alphabet="0123456789-一二三八幺零 ，。楼室是我叫张桂兰年元", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_ends_without_leaks_and_its_offsets_hold(text: str) -> None:
    done = redact(text)
    assert leaks(done.text) == []
    end = 0
    for change in done.changes:
        assert end <= change.start < change.end <= len(text)
        end = change.end


@pytest.mark.parametrize("between", ["", " ", "，", "。", "-", "和"])
@pytest.mark.parametrize(
    "first",
    ["查询码735281", "查询码七三五二八一", "尾号7352", "QQ 736529841", "吉H73K52", "我家703"],
)
def test_two_secrets_side_by_side(first: str, between: str) -> None:
    kept = redact(f"{first}{between}13844531276").text
    digits = digits_of(plain(first))
    if leaks(kept):
        assert between == "", "what runs into each other is not kept at all"
        return
    assert digits not in digits_of(plain(kept)) and "5312" not in kept, kept


def test_stand_ins_are_of_the_same_kind() -> None:
    said = "我叫张桂兰，电话138 4453 1276，车牌吉H·73K52，住3号楼2单元703，工单SQ-261122-00427-5"
    assert redact(said).text == (
        "我叫王某某，电话13000000000，车牌吉A00000，住3号楼2单元000，工单SQ-260101-00000-9"
    )
    assert redact("李大爷家漏水，座机0433-2751638").text == "王大爷家漏水，座机000-0000000"
    assert redact("川A·D73652挡道").text == "川AD00000挡道"


def test_the_resident_s_own_name_goes_wherever_it_stands() -> None:
    assert redact("户口本写的贝小贝三个字", known=["贝小贝"]).text == "户口本写的王某某三个字"


@pytest.mark.parametrize(
    "said",
    [
        "12345打了没人接，110也打了", "幸福小区3号楼2单元门口积水", "停水停了300多户", "物业费一平1块2，一年1203元", "301路公交改道了",
        "2026-11-24上午停电", "二零二六年十一月开始停暖", "5号楼15楼电梯坏了", "三号楼二单元七楼漏水", "我妈82岁了", "要两份饭，12点送",
        "养老金涨到2005块了没", "谢谢师傅，师傅明天来吗", "高血压能不能报销", "老公打人", "王府花园停电", "单元门坏了", "马路上全是冰",
        "关于平安巷路灯倾斜", "已与对方达成一致", "儿童福利主任在哪", "戴安全帽的人", "大桂花树要锯", "物业费可不可以少交",
        "义务教育阶段学生", "钥匙在门卫大叔那", "三任主任都没办成", "请卫健来查", "白花花一片",
    ],
)  # fmt: skip
def test_what_is_nobody_s_stays(said: str) -> None:
    assert redact(said).text == said


def test_training_data_is_hardly_touched() -> None:
    """The rules must not eat ordinary words: of ordinary sentences fewer than one in a hundred changes."""
    # Who asks for a worker by name names somebody in every line.
    sentences = [k for k in read_nlu(ROOT / "data" / "nlu") if k.file != "named_worker.yml"]
    known = [k.example.text for k in sentences]
    changed = [t for t in known if any(c.kind == "person" for c in redact(t).changes)]
    assert len(known) > 4000
    assert len(changed) < len(known) / 100, changed


@pytest.mark.parametrize("said, secret", SECRETS, ids=[said for said, _ in SECRETS])
def test_marked_words_stay_marked(said: str, secret: str) -> None:
    text = f"昨天晚上幸福小区{said}，我妈要两份饭"
    marked = [
        ("time", "昨天晚上"),
        ("address", "幸福小区"),
        ("relation", "我妈"),
        ("count", "两份"),
    ]
    entities = [
        {"type": t, "start": text.rindex(w), "end": text.rindex(w) + len(w)} for t, w in marked
    ]
    done = redact(text, entities)
    # The compound may have run on into the secret (幸福小区703); what is marked still begins with it.
    assert [(e["type"], e["text"][:4]) for e in done.entities] == [(t, w[:4]) for t, w in marked]
    for entity in done.entities:
        assert done.text[entity["start"] : entity["end"]] == entity["text"]


def test_entities_that_are_the_secret_cover_the_stand_in() -> None:
    text = "我姓张，3号楼2单元四百零一，打138 4453 1276，给老李家"
    entities = [
        {"type": "person", "start": 2, "end": 3, "value": "张"},
        {"type": "address", "start": 4, "end": 14, "value": {"building": "3", "room": "401"}},
        {"type": "phone", "start": 16, "end": 29, "value": "13844531276"},
        {"type": "person", "start": 31, "end": 33, "value": "老李"},
    ]
    done = redact(text, entities)
    assert [e["text"] for e in done.entities] == ["王", "3号楼2单元000", "13000000000", "老王"]
    assert "value" not in done.entities[0], "a value would say again what the text no longer says"


def test_the_check_knows_nothing_of_the_finders() -> None:
    for text in ("打13844531276", "吉H73K52", "SQ-261122-00427-5", "a@b.com", "3-2-703", "735281"):
        assert leaks(text) != [], text
    assert leaks("打13000000000，3-2-000，300000元") == []
