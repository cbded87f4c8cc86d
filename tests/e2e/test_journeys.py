"""What a resident gets, through the chat API of the whole running system."""

from __future__ import annotations

import threading
import time
import uuid

import pytest

from tests.stack import Stack

NORTH_EAST = "我们3号楼二单元楼道灯坏了三天了，黑得很，老人不敢下楼"
SICHUAN = (
    "幸福小区3号楼二单元楼道头的灯坏了三天咯，黑黢黢的，我妈老汉儿都不敢下楼，喊个人来修一哈嘛"
)


def report(stack: Stack, text: str = SICHUAN) -> tuple[object, str]:
    """File a report in as few turns as possible; return the chat and the ticket number."""
    chat = stack.chat()
    chat.say(text)
    chat.say("对，提交")
    return chat, chat.ticket_no


def test_only_what_is_missing_is_asked(stack: Stack) -> None:
    chat = stack.chat()
    answer = chat.say(NORTH_EAST)
    assert "小区" in answer, "the compound was not said: it is what is missing"
    assert "什么时候" not in answer and "几号楼" not in answer and "几单元" not in answer
    answer = chat.say("幸福小区")
    for said in ("幸福小区", "3号楼", "2单元"):
        assert said in answer, f"{said} is read back before it is sent"
    answer = chat.say("对")
    ticket = stack.ticket(chat.ticket_no, "grid1")
    assert chat.ticket_no in answer
    assert ticket["leaf"] == "H6"
    assert ticket["location"]["building"] == "3" and ticket["location"]["unit"] == "2"
    assert ticket["narrative_original"].startswith(NORTH_EAST)
    assert ticket["due_at"] and ticket["due_reason"]


def test_everything_in_one_sentence_needs_one_confirmation(stack: Stack) -> None:
    chat = stack.chat()
    answer = chat.say(SICHUAN)
    for asked in ("哪个小区", "几号楼几单元", "什么时候开始", "在哪儿"):
        assert asked not in answer, f"already said, yet asked again: {answer}"
    assert "3号楼" in answer and "2单元" in answer
    chat.say("要得")
    ticket = stack.ticket(chat.ticket_no, "grid1")
    assert ticket["leaf"] == "H6" and ticket["state"] == "DISPATCHED"


def test_a_slot_is_corrected_in_plain_words(stack: Stack) -> None:
    chat = stack.chat()
    chat.say(SICHUAN)
    answer = chat.say("不对，是5号楼")
    assert "在哪里:幸福小区5号楼2单元" in answer.replace("：", ":"), "the change is read back"
    chat.say("对")
    assert stack.ticket(chat.ticket_no, "dispatcher1")["location"]["building"] == "5"


def test_a_soft_lunch_for_mother(stack: Stack) -> None:
    stack.call(
        "POST", "/api/v1/test/clock", {"now": "2026-11-24T10:00:00+08:00"}, stack.token("admin1")
    )
    chat = stack.chat()
    answer = chat.say("给咱妈订明天中午的饭，要软和点的，一份，送到幸福小区5号楼1单元201")
    assert "11月25日" in answer and "星期三" in answer
    assert "软" in answer
    chat.say("对，就这样")
    ticket = stack.ticket(chat.ticket_no, "clerk1")
    assert ticket["leaf"] == "C1"
    assert ticket["appointment"]["date"] == "2026-11-25"
    assert ticket["appointment"]["meal"] == "lunch"
    assert ticket["appointment"]["diet"] == ["soft"]


def test_a_certificate_that_nobody_needs_is_refused_with_a_way(stack: Stack) -> None:
    chat = stack.chat()
    answer = chat.say("银行让你们开个证明，证明我妈是我妈")
    assert "户口簿" in answer and "派出所" in answer
    assert "民发〔2020〕20号" in answer


def test_gas_is_answered_at_once(stack: Stack) -> None:
    chat = stack.chat()
    answer = chat.say("家里煤气味好大")
    assert "窗" in answer and "119" in answer
    assert "哪个小区" not in answer, "no form in an emergency"


def test_an_emergency_interrupts_a_form_and_the_form_is_kept(stack: Stack) -> None:
    chat = stack.chat()
    chat.say(NORTH_EAST)
    answer = chat.say("哎呀我家里一股煤气味，头晕")
    assert "窗" in answer and "119" in answer
    answer = chat.say("幸福小区")
    assert "转给值班的人" in answer, "a place told now is where the danger is"
    chat.say("出来了，没事了")
    answer = chat.say("接着报刚才那个事")
    assert "在哪" in answer or "哪个小区" in answer, "the form asks what it asked before"
    answer = chat.say("幸福小区")
    assert "3号楼" in answer, "what had been said is still there"


def test_a_card_answers_a_question(stack: Stack) -> None:
    answer = stack.chat().say("我爸今年80了，高龄津贴咋申请")
    assert "高龄" in answer or any("高龄" in str(m.get("card")) for m in [])
    assert "窗口为准" in answer


def test_a_person_can_be_asked_for(stack: Stack) -> None:
    chat = stack.chat()
    chat.say("我跟你说不明白，给我找个人")
    status, waiting = stack.call("GET", "/api/v1/handoffs", token=stack.token("clerk1"))
    assert status == 200
    assert chat.session_id in str(waiting)


def test_progress_is_told(stack: Stack) -> None:
    chat, number = report(stack)
    answer = chat.say("我报的那个咋样了")
    assert number in answer


def test_the_same_message_three_times_at_once_is_one_ticket(stack: Stack) -> None:
    chat = stack.chat()
    chat.say(SICHUAN)
    message_id = uuid.uuid4().hex
    answers: list[str] = []
    body = {"client_message_id": message_id, "type": "text", "text": "对，提交"}

    def send() -> None:
        status, answer = stack.call("POST", "/api/v1/chat/messages", body, chat.token)
        assert status == 200
        answers.append(str(answer["messages"]))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3 and len(set(answers)) == 1, "the same answer three times"
    numbers = {m["ticket"]["ticket_no"] for m in chat.history() if m.get("ticket")}
    assert len(numbers) == 1


def test_unsolved_starts_a_rework_round_and_solved_closes(stack: Stack) -> None:
    chat, number = report(stack)
    stack.act("grid1", number, "sign")
    stack.act("grid1", number, "contact", way="phone", result="reached")
    resolve = {"outcome": "solved", "reply": "灯泡换好了", "evidence_note": "现场已查看，灯亮了"}
    stack.act("grid1", number, "resolve", **resolve)
    chat.wait_for("解决")
    answer = chat.say("没修好，还是不亮")
    assert stack.ticket(number, "dispatcher1")["rework_round"] == 1 or "哪里" in answer
    chat.say("楼下那个亮了，二楼那个还是黑的")
    ticket = stack.ticket(number, "dispatcher1")
    assert ticket["state"] == "REWORK" and ticket["rework_round"] == 1
    said = len(chat.history())
    stack.act("grid1", number, "resolve", **resolve)
    chat.wait_for("解决", after=said)
    chat.say("解决了")
    chat.say("挺满意的")
    ticket = stack.ticket(number, "dispatcher1")
    assert ticket["state"] == "CLOSED", [m["text"] for m in chat.history()][-9:]
    timeline = str(stack.events(number, "grid1"))
    assert chat.session_id not in timeline, "the handler never sees who rated"


@pytest.mark.parametrize("victim", ["rasa", "actions", "worker", "web"])
def test_killing_a_process_in_a_conversation_loses_nothing(stack: Stack, victim: str) -> None:
    chat = stack.chat()
    chat.say(NORTH_EAST)
    stack.kill(victim)
    message = {"client_message_id": uuid.uuid4().hex, "type": "text", "text": "幸福小区"}
    for _ in range(200):
        try:
            status, _ = stack.call("POST", "/api/v1/chat/messages", message, chat.token)
        except OSError:
            time.sleep(0.1)
            continue
        if status == 200:
            break
    stack.wait_ready()
    assert "3号楼" in str(chat.wait_for("3号楼", 60)["text"])
    chat.say("对，提交")
    chat.wait_for("SQ-", 60)
    texts = [m["text"] for m in chat.history() if m["from"] == "resident"]
    assert texts == [NORTH_EAST, "幸福小区", "对，提交"], "no message lost, none twice"
    assert stack.ticket(chat.ticket_no, "grid1")["leaf"] == "H6"
