"""Certificates: the right way by policy, refusing as a service, the clue about who demanded it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.forms import certificate
from actions.forms.certificate import demanded_by, new_matter, wants_sheet
from actions.forms.draft import Draft, fill
from actions.knowledge.certificates import kind
from bot.understanding.certificates import find_certificates, load_certificates
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

LOCALITIES = Path(__file__).resolve().parents[2] / "data" / "localities"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("给我开个证明,证明我妈是我妈", "亲属关系证明"),
        ("银行让证明我还活着", "健在证明"),
        ("单位要我单身的那种证明", "婚姻状况证明"),
        ("存折丢了社区给证明一下", "证件遗失证明"),
        ("没得工作的那种", "居民就业状况证明"),
        ("单位要我开个没得犯罪的证明", "无犯罪记录证明"),
        ("开个证明", ""),
    ],
)
def test_a_described_certificate_is_known(text: str, name: str) -> None:
    assert kind(msg(text, "request_certificate", leaf="A4")) == (None, name)


async def test_a_forbidden_one_is_refused_with_a_way(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "forbidden"
    await talk.run("action_refuse_certificate")
    await talk.run("validate_demand_form")
    for words in (
        "民发〔2020〕20号", "派出所", "户口簿", "不予出具告知单", "哪家单位", "2026-01-01起", "以当地窗口为准",
    ):  # fmt: skip
        assert words in talk.text
    # For the figures, once: instead of which paper somebody was shown where to go.
    shown = [
        m["custom"]["redirected"] for m in talk.said if "redirected" in (m.get("custom") or {})
    ]
    assert [s["name"] for s in shown] == ["亲属关系证明"]
    talk.hear("建设银行北街网点", "chitchat")
    await talk.run("validate_demand_form")
    assert talk.loop is None
    await talk.run("action_submit_demand")
    clue = services.sent("/tickets")[0]
    assert clue["certificate"]["demanded_by"] == "建设银行北街网点"
    assert clue["confidential"] is True
    assert "SQ-" in talk.text


@pytest.mark.parametrize("words", ["不登记", "不想说", "算了"])
async def test_who_demanded_it_need_not_be_told(
    talk: Talk, services: FakeServices, words: str
) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear(words, "deny")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.tickets == []
    assert "不登记" in talk.text


@pytest.mark.parametrize(
    ("words", "intent", "matter"),
    [
        ("建设银行北街网点", "make_suggestion", False),
        ("我孩子学校要的", "ask_service", False),
        ("县公积金中心", "ask_community_info", False),
        ("楼道灯坏了", "report_problem", True),
        ("银行贷款怎么办", "ask_service", True),
    ],
)
def test_an_office_named_is_an_answer(words: str, intent: str, matter: bool) -> None:
    assert new_matter(msg(words, intent)) is matter


async def test_an_office_that_wants_it_is_no_yes(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("派出所要的", "affirm")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.sent("/tickets")[0]["certificate"]["demanded_by"] == "派出所"


async def test_another_matter_goes_on_at_once(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("楼道灯坏了好几天了", "report_problem")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert talk.followup == "report_form"
    assert services.tickets == []


async def test_a_permitted_one_becomes_an_appointment(talk: Talk, services: FakeServices) -> None:
    name = {"entity": "certificate", "text": "居住证明",
            "value": {"no": None, "name": "居住（租住）证明"}}  # fmt: skip
    talk.hear("孩子上学要开居住证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "permitted"
    await talk.run("validate_certificate_form")
    assert "租赁合同" in talk.text  # told in full before anything is asked
    assert "申请表可以先打印" in talk.text
    assert "/notice/application?kind=1" in str(talk.said)
    address = {
        "entity": "address",
        "text": "幸福小区3号楼",
        "value": {"community": "幸福小区", "building": "3"},
    }
    talk.hear("幸福小区3号楼", "report_problem", entities=[address], confidence=0.4)
    await talk.run("validate_certificate_form")
    when = {"entity": "time", "text": "后天上午",
            "value": {"start": "2026-11-26", "end": "2026-11-26", "part": "am"}}  # fmt: skip
    talk.hear("后天上午", "book_service", entities=[when])
    await talk.run("validate_certificate_form")
    assert "后天（11月26日，星期四）上午" in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_certificate_form")
    await talk.run("action_submit_certificate")
    body = services.sent("/tickets")[0]
    assert body["appointment"] == {"date": "2026-11-26", "part": "am"}
    assert body["certificate"]["purpose"] == "孩子上学"
    assert body["leaf"] == "A2"
    assert "记上了：居住（租住）证明" in talk.text and "约好了" not in talk.text
    links = talk.said[-1]["custom"]["card"]["links"]
    assert "打印《证明申请表》" in str(links) and "/application?code=" in str(links)


async def test_an_unknown_one_is_told_honestly(talk: Talk, services: FakeServices) -> None:
    name = {
        "entity": "certificate",
        "text": "无人机证明",
        "value": {"no": None, "name": "无人机证明"},
    }
    talk.hear("开个无人机证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "unknown"
    await talk.run("action_unknown_certificate")
    assert "不敢乱说" in talk.text
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert services.sent("/tickets")[0]["narrative"] == "开个无人机证明"


async def test_an_unnamed_one_is_asked_for(talk: Talk, services: FakeServices) -> None:
    talk.hear("开个证明", "request_certificate")
    await talk.run("action_check_certificate")
    await talk.run("action_unknown_certificate")
    assert "什么证明" in talk.text
    assert services.calls == []


def items(locality: str) -> list[dict[str, Any]]:
    path = LOCALITIES / locality / "certificates.yml"
    return list(yaml.safe_load(path.read_text("utf-8"))["items"])


def looked_up(locality: str, no: int | None, name: str) -> dict[str, Any] | None:
    """The item that the services find: by number, else by name or alias."""
    known = items(locality)
    by_number = [i for i in known if no is not None and str(i["no"]) == str(no)]
    by_name = [i for i in known if name in (i["name"], *i["aliases"])]
    return next(iter([*by_number, *by_name]), None)


def understood(text: str, locality: str) -> tuple[int | None, str]:
    ents = [
        (s.text, s.value) for s in find_certificates(text, load_certificates(locality))
    ]  # fmt: skip
    return kind(msg(text, "request_certificate", ents={"certificate": ents}))


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_example_leads_to_its_own_item(locality: str) -> None:
    wrong = [
        (item["name"], said, understood(said, locality))
        for item in items(locality)
        for said in (item["name"], *item["aliases"], *item["examples"])
        if (found := looked_up(locality, *understood(said, locality))) is None
        or found["name"] != item["name"]
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("户口本改名字要社区开证明", "户口登记项目内容变更申请证明"),
        ("档案丢了给开个证明", "居民个人档案证明"),
        ("法律援助要经济困难证明", "困难情况说明"),
        ("贷款要收入证明", "居民财产证明"),
    ],
)
def test_as_people_say_it(said: str, name: str) -> None:
    found = looked_up("qinghe", *understood(said, "qinghe"))
    assert found is not None and found["name"] == name


async def test_a_name_no_list_has_may_describe_a_listed_kind(
    talk: Talk, services: FakeServices
) -> None:
    name = {"entity": "certificate", "text": "我妈是我妈证明",
            "value": {"no": None, "name": "我妈是我妈证明"}}  # fmt: skip
    talk.hear("证明我妈是我妈证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "forbidden"


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("银行要亲属关系证明", ""),
        ("建设银行北街网点要我开亲属关系证明", "建设银行北街网点"),
        ("因为县公证处说必须开亲属关系证明", "县公证处"),
        ("证明我妈是我妈", ""),
    ],
)
def test_who_demands_it_is_read_from_the_first_message(said: str, unit: str) -> None:
    assert demanded_by(said) == unit


async def test_a_unit_named_at_once_only_needs_a_yes(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈，建设银行北街网点要的", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    assert "您说是建设银行北街网点要的" in talk.text and "哪家单位" not in talk.text
    talk.hear("行", "affirm")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.sent("/tickets")[0]["certificate"]["demanded_by"] == "建设银行北街网点"
    link = talk.cards[-1]["links"][0]["url"]
    assert link.startswith("/notice/SQ-") and "code=" in link


async def test_a_paper_to_show_them_is_given_and_the_question_stays(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("能给我写个不给开的单子不，我拿给银行看", "request_certificate")
    await talk.run("validate_demand_form")
    assert "不予出具告知单" in talk.text and talk.loop == "demand_form"
    assert talk.cards[-1]["links"][0]["url"].startswith("/notice/refusal")
    talk.hear("他们就要这个", "affirm")
    await talk.run("validate_demand_form")
    assert "规定" in talk.text and "哪家单位" in talk.text
    talk.hear("不说", "deny")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.tickets == []
    talk.hear("给我打一张", "ask_my_data")
    await talk.run("action_my_data")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert talk.cards[-1]["links"][0]["url"].startswith("/notice/refusal")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("给我打一张", True), ("告知单咋领", True), ("银行要的", False), ("不登记", False)],
)
def test_a_paper_is_asked_for(said: str, wanted: bool) -> None:
    assert wants_sheet(said) is wanted


async def test_it_depends_says_on_what_and_asks_what_for(
    talk: Talk, services: FakeServices
) -> None:
    name = {"entity": "certificate", "text": "困难证明", "value": {"no": None, "name": "困难证明"}}
    talk.hear("开个困难证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "permitted"
    assert "看用处" in talk.text and "救助证" in talk.text and "不在社区的清单" not in talk.text
    assert "开不开由街道定" in talk.text and "申请可以先打印" in talk.text
    assert talk.cards[-1]["title"] == "《情况说明申请》"
    await talk.run("validate_certificate_form")
    assert "做什么用" in talk.text


@pytest.mark.parametrize(
    ("said", "where"),
    [("北街小学让我开困难证明", None), ("北街小学旁边的，开个困难证明", "北街小学")],
)
async def test_the_school_that_wants_it_is_not_where_one_lives(
    talk: Talk, services: FakeServices, said: str, where: str | None
) -> None:
    name = {"entity": "certificate", "text": "困难证明", "value": {"no": None, "name": "困难证明"}}
    school = {"entity": "address", "text": "北街小学", "value": {"landmark": "北街小学"}}
    talk.hear(said, "request_certificate", entities=[name, school])
    await talk.run("action_check_certificate")
    await talk.run("validate_certificate_form")
    values = talk.slots["draft"]["values"]
    assert values.get("address_text") == where
    assert values.get("demanded") == (None if where else "北街小学")


async def test_two_certificates_are_done_one_after_the_other(
    talk: Talk, services: FakeServices
) -> None:
    named = [
        {"entity": "certificate", "text": "亲属关系证明", "value": {"no": 1, "name": "亲属关系证明"}},
        {"entity": "certificate", "text": "居住证明", "value": {"no": None, "name": "居住（租住）证明"}},
    ]  # fmt: skip
    talk.hear("要开亲属关系证明和居住证明", "request_certificate", entities=named)
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("不登记", "deny")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert "居住证明" in talk.text and talk.buttons == ["好，接着办", "先不办"]
    assert '"certificate":"居住证明"' in talk.payloads["好，接着办"]


async def test_what_the_unit_needs_to_know_is_asked_and_may_be_skipped(
    talk: Talk, services: FakeServices
) -> None:
    name = {"entity": "certificate", "text": "志愿服务证明",
            "value": {"no": None, "name": "志愿服务记录证明"}}  # fmt: skip
    talk.hear("孩子上学要开志愿服务证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    await talk.run("validate_certificate_form")
    assert "志愿者编号" in talk.text and "哪个小区" not in talk.text
    talk.hear("220724001122", "chitchat")
    await talk.run("validate_certificate_form")
    talk.hear("跳过", "deny")
    await talk.run("validate_certificate_form")
    assert "志愿者编号：220724001122" in talk.text and "住哪里" not in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_certificate_form")
    await talk.run("action_submit_certificate")
    assert "志愿者编号：220724001122" in services.sent("/tickets")[0]["narrative"]


@pytest.mark.parametrize(
    ("words", "loop"),
    [
        ("派出所也不给开，说让社区开", True), ("两边都不给开，到处踢皮球", True),
        ("你让我找他，他让我找你", True), ("派出所要的", False), ("建设银行北街网点", False),
    ],
)  # fmt: skip
async def test_who_is_sent_to_and_fro_is_offered_the_street(
    talk: Talk, services: FakeServices, words: str, loop: bool
) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    await talk.run("action_check_certificate")
    await talk.run("action_refuse_certificate")
    await talk.run("validate_demand_form")
    talk.hear(words, "request_certificate", confidence=0.4)
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert ("请街道出面" in talk.text) is loop
    assert bool(services.tickets) is not loop, "the clue alone is filed without a further yes"
    if loop:
        talk.hear("好", "affirm")
        await talk.run("action_affirm")
        filed = services.sent("/tickets")[0]
        assert (filed["kind"], filed["leaf"]) == ("complaint", "A4")
        assert words in filed["narrative"]


@pytest.mark.parametrize(
    ("text", "office"), [("社保所要", True), ("财政所那边要的", True), ("社保所几点下班", False)]
)
def test_small_offices_are_offices(text: str, office: bool) -> None:
    assert certificate.names_office(text) is office


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("我要开两样，一样住这儿的，一样没工作的", ["居住证明", "居民就业状况证明"]),
        ("俺得开俩证明，一个是住在你们社区的，一个是我没工作的", ["居住证明", "居民就业状况证明"]),
        ("我想整两张条子，一张是家里困难的，另一张证明我跟我妈是一家人", ["困难证明", "亲属关系证明"]),
        ("给我开个住这儿的条子，再开个没工作的", ["居住证明", "居民就业状况证明"]),
        ("要开三张：我还活着的，单身的，住这儿的", ["健在证明", "婚姻状况证明", "居住证明"]),
        # One certificate, though its story counts something or describes another kind.
        ("我两个孩子上学要开居住证明", []),
        ("我爸没了，留下两个儿子，银行要我证明就我一个儿子", []),
        ("我住你们社区，还要开个没工作的证明", []),
        ("开个证明，我爸没了，老家社保要，还说要证明我是他儿子", []),
    ],
)  # fmt: skip
def test_several_certificates_are_told_at_once(said: str, names: list[str]) -> None:
    assert certificate.several(msg(said, "request_certificate")) == names


async def test_several_are_handled_one_after_the_other(talk: Talk, services: FakeServices) -> None:
    talk.hear("我要开两样，一样住这儿的，一样没工作的", "request_certificate")
    await talk.run("action_check_certificate")
    assert talk.slots["draft"]["values"]["certificate"]["name"] == "居住证明"
    waiting = talk.slots["draft"]["values"]["later"]
    assert [w["certificate"] for w in waiting] == ["居民就业状况证明"]
    await talk.run("validate_certificate_form")
    assert "您说了2件事" in talk.text


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("你们社区到底能开哪些证明", True), ("都能开啥条子", True), ("你们那儿能开些啥子证明嘛", True),
        ("居委会能给开什么证明呀", True), ("哪些证明你们不给开", True), ("啥证明能开啊", True),
        ("证明都能开哪些", True), ("你们社区开的证明有哪些", True), ("有没得证明清单", True),
        ("开居住证明要带哪些证明", False), ("银行要我开什么证明", False), ("办低保要开哪些证明", False),
        ("孩子上学要什么证明", False), ("你们能开居住证明不", False), ("开个证明", False),
    ],
)  # fmt: skip
def test_what_is_written_at_all_is_asked(said: str, asks: bool) -> None:
    assert certificate.asks_which(msg(said, "request_certificate")) is asks


@pytest.mark.parametrize("action", ["action_check_certificate", "action_capability"])
async def test_what_the_policy_permits_is_told(
    talk: Talk, services: FakeServices, action: str
) -> None:
    talk.hear("你们都能开哪些证明", "ask_capability")
    await talk.run(action)
    if talk.followup == "action_route_certificate":
        await talk.run("action_route_certificate")
    for words in (
        "能开的：居住（租住）证明",
        "由街道定的：困难情况说明",
        "2种，像亲属关系证明",
        "以当地窗口为准",
    ):
        assert words in talk.text, words
    assert talk.loop is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("我想给孩子开个孤儿的条子", "孤儿证明"), ("他爹妈都没了，学校要个孤儿证明", "孤儿证明"),
        ("征兵要个现实表现的条子", "现实表现证明"), ("帮我打个烈属的条子", "烈属证明"),
        ("开个没工作的条子", "居民就业状况证明"), ("给我开个条子", ""), ("要个你们社区的证明", ""),
        ("给我出个盖章的证明", ""),
    ],
)  # fmt: skip
def test_a_paper_is_named_by_what_it_says(said: str, name: str) -> None:
    assert kind(msg(said, "request_certificate")) == (None, name)


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("他们没给我看文件，就口头说的", None), ("人家就嘴上说了一句", None), ("没说按哪条，反正就要", None),
        ("口头通知的，没得红头文件", None), ("建设银行北街网点，口头说的", "建设银行北街网点"),
        ("派出所说的，没给看文件", "派出所"),
    ],
)  # fmt: skip
async def test_how_it_was_demanded_names_no_unit(
    talk: Talk, services: FakeServices, said: str, unit: str | None
) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear(said, "report_problem")
    await talk.run("validate_demand_form")
    if unit is None:
        assert "也记上了" in talk.text and "哪家单位" in talk.text
        talk.hear("工商银行", "chitchat")
        await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    clue = services.sent("/tickets")[0]
    assert clue["certificate"]["demanded_by"] == (unit or "工商银行")
    assert said in clue["narrative"]


async def test_no_paper_is_wanted_behind_the_clue(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈，建设银行北街网点要的", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("行", "affirm")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    talk.hear("不用告知单", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert "告知单就不打了" in talk.text and len(services.tickets) == 1


@pytest.mark.parametrize(
    ("words", "purpose"),
    [
        ("娃儿读书要个住在这儿的证明", "娃儿读书"), ("开个居住证明，买房用", "买房"), ("居住证明，给孩子念书", "孩子念书"),
        ("我要开个当兵的政审证明", None), ("我想办个退休证明", None), ("我要结婚证明", None),
    ],
)  # fmt: skip
def test_what_it_is_for_is_heard_in_the_wish_itself(words: str, purpose: str | None) -> None:
    draft = fill(certificate.FORM, None, msg(words, "request_certificate"))
    assert draft.get("purpose") == purpose


@pytest.mark.parametrize("words", ["礼拜四来", "礼拜四过来拿"])
def test_when_one_comes_is_not_what_it_is_for(words: str) -> None:
    day = {"time": ("礼拜四", {"start": "2026-11-26", "end": "2026-11-26"})}
    asked = Draft("certificate", "m0", seen="m0", asked="purpose")
    assert fill(certificate.FORM, asked, msg(words, id="m2", ents=day)).get("purpose") is None
