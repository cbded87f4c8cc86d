"""复核 in words: which words ask for it, what is asked of the services, what there is instead."""

from __future__ import annotations

from typing import Any

import pytest

from actions.tickets import own
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

DUE = "11月25日17:30"
OPEN = {"pending": False, "due_text": None, "explanation": None, "can_ask": True}
RUNNING = {"pending": True, "due_text": DUE, "explanation": None, "can_ask": False}
LOOKED = {"pending": False, "due_text": None, "explanation": "是商业保洁。", "can_ask": False}

ASKS = [
    "我要复核", "申请复核", "给我复核一下", "不予受理我不服", "你们不受理，我不服", "没受理我不认", "我不服", "这我不服，太欺负人",
    "换个人再看看", "找个别的同志重新审", "凭啥不管", "凭啥不给我办", "凭什么不受理我的", "为啥不管我们", "咋能不管呢", "咋个就不办了嘛",
    "我要找你们领导评评理", "去找上头评评理", "跟你们书记说理去", "我要讨个说法", "不给办我不同意", "办不了我想不通", "说终止就终止，我不服",
    "找你们上级讨公道", "你给我评评这个理",
]  # fmt: skip
ASKS_NOT = [
    "水表复核去哪里", "低保复核要带啥材料", "伤残等级我不服，要鉴定", "法院判决我不服咋上诉", "交警罚款我不服", "对处罚决定不服去哪申诉", "水土不服拉肚子",
    "工伤认定要复核", "楼道灯坏了", "咋还不来修", "领导说理发店几点开", "主任在不在", "你们管不管停车", "这个归谁管", "我没说不服气", "没办好",
    "楼上半夜跳舞吵得人睡不着，凭啥不管管他们呀，我都说了好几遍了也没见人来处理过这个事",
]  # fmt: skip


@pytest.mark.parametrize("words", ASKS)
def test_words_that_ask_for_a_second_look(words: str) -> None:
    assert own.wants_review(msg(words))


@pytest.mark.parametrize("words", ASKS_NOT)
def test_words_of_another_matter(words: str) -> None:
    assert not own.wants_review(msg(words))


def refused(n: int = 1, looks: dict[str, Any] = OPEN, **more: Any) -> dict[str, Any]:
    """A request that was refused."""
    return view(
        n, **{"state": "TERMINATED", "state_text": "经审核终止办理", "review": looks, **more}
    )


async def ask(
    talk: Talk, words: str = "凭啥不管，我不服", intent: str = "complain_assistant"
) -> None:
    """Say it as the classifier's reading, then let the dialogue go where it leads."""
    first = {"complain_assistant": "action_complain_assistant", "ask_human": "action_handoff",
             "reject_resolution": "action_reject", "urge_ticket": "action_urge"}[intent]  # fmt: skip
    talk.hear(words, intent)
    await talk.run(first)
    while talk.followup and talk.followup not in ("action_listen", "report_form"):
        await talk.run(talk.followup)


@pytest.mark.parametrize(
    "intent", ["complain_assistant", "ask_human", "reject_resolution", "urge_ticket"]
)
async def test_it_is_filed_with_the_words_whatever_they_were_taken_for(
    talk: Talk, services: FakeServices, intent: str
) -> None:
    services.tickets = [refused(review=OPEN)]
    services.acted = {"review": RUNNING}
    await ask(talk, intent=intent)
    assert services.sent("/resident/review") == [
        {"conversation_id": "c1", "text": "凭啥不管，我不服"}
    ]
    assert "没经手过的同志" in talk.text and DUE in talk.text and "转过去了" in talk.text
    assert "已转人工" not in talk.text


async def test_who_looks_already_is_told_with_the_limit(talk: Talk, services: FakeServices) -> None:
    services.tickets = [refused(looks=RUNNING, state="NOT_ACCEPTED")]
    await ask(talk, "不予受理我不服")
    assert services.sent("/resident/review") == []
    assert "已经在复核" in talk.text and DUE in talk.text and "找工作人员" in talk.buttons


async def test_once_is_once_and_the_other_way_is_named(talk: Talk, services: FakeServices) -> None:
    services.tickets = [refused(looks=LOOKED)]
    await ask(talk, "我要复核")
    assert services.sent("/resident/review") == []
    assert "是商业保洁" in talk.text and "信访" in talk.text and "。。" not in talk.text


async def test_a_refusal_of_the_workflow_is_told_with_its_reason(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [refused()]
    services.refuse = ("review_too_late", "已经超过30天，请重新反映，我马上帮您登记。", 409)
    await ask(talk, "我要复核")
    assert "超过30天" in talk.text and talk.buttons == ["重新反映"]


@pytest.mark.parametrize(
    ("state", "said", "button"),
    [
        ("RESOLVED", "退回去重办", "退回重办"),
        ("CLOSED", "退回去重办", "退回重办"),
        ("ACTIVE", "没说不办", "催一下"),
        ("WITHDRAWN", "重新给您报", "找工作人员"),
        ("HANDED_OFF", "由那边定", "找工作人员"),
    ],
)
async def test_where_nothing_was_refused_the_way_that_exists_is_offered(
    talk: Talk, services: FakeServices, state: str, said: str, button: str
) -> None:
    services.tickets = [view(1, state=state)]
    await ask(talk, "我要申请复核")
    assert said in talk.text and button in talk.buttons
    assert services.sent("/resident/review") == []


async def test_without_any_request_the_plain_wish_is_answered(
    talk: Talk, services: FakeServices
) -> None:
    await ask(talk, "我要申请复核")
    assert "没找着说过不办的事" in talk.text


@pytest.mark.parametrize("words", ["凭啥不管", "低保没批下来，我可不服这个结果啊"])
async def test_without_a_refusal_other_words_mean_what_they_were_taken_for(
    talk: Talk, services: FakeServices, words: str
) -> None:
    services.tickets = [view(1)]
    await ask(talk, words)
    assert "复核" not in talk.text and "记上" in "".join(talk.buttons)


async def test_of_two_refusals_one_is_chosen_and_the_words_go_with_it(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [refused(2, title="没水"), refused(1, title="灯坏")]
    await ask(talk, "我不服")
    assert talk.buttons == ["没水（SQ-261124-00002-2）", "灯坏（SQ-261124-00001-1）"]
    talk.hear(talk.payloads[talk.buttons[1]], "reject_resolution", entities=[
        {"entity": "ticket_no", "value": "SQ-261124-00001-1"}, {"entity": "about", "value": "m:m1"},
    ])  # fmt: skip
    await talk.run("action_reject")
    assert talk.followup == "action_review"
    await talk.run("action_review")
    (body,) = services.sent("/SQ-261124-00001-1/resident/review")
    assert body["text"] == "我不服"


async def test_the_button_of_the_refusal_asks_also_while_another_one_waits_for_its_verdict(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(2, state="RESOLVED"), refused()]
    pending = {"ticket_no": "SQ-261124-00002-2", "title": "灯", "stage": "solved", "fresh": False}
    talk.hear("/reject_resolution", "reject_resolution", metadata={"pending_callback": pending},
              entities=[{"entity": "ticket_no", "value": "SQ-261124-00001-1"},
                        {"entity": "about", "value": "review"}])  # fmt: skip
    await talk.run("action_callback_answer")
    assert talk.followup == "action_review"
    await talk.run("action_review")
    assert len(services.sent("/SQ-261124-00001-1/resident/review")) == 1
    assert services.sent("/callback") == []
