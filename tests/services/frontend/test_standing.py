"""What else goes on with a ticket, in lines for the page."""

from __future__ import annotations

from services.web.console.standing import threads

WATER, FIRE = {"org": "water", "name": "供水公司"}, {"org": "fire", "name": "消防"}
DUE = "2026-11-27T09:30:00+08:00"


def test_a_ticket_without_side_threads_shows_none() -> None:
    assert threads({"ticket_no": "SQ-1", "assists": [], "whistles": []}) == []


def test_each_thread_is_a_line_that_says_how_far_it_is() -> None:
    ticket = {
        "review_due_at": DUE, "review_due_reason": "复核，1个工作日",
        "consults": [{
            "question": "归谁修", "units": [WATER, FIRE],
            "opinions": [{"org": "water", "stance": "lead", "opinion": "表前管道"}],
        }],
        "assists": [
            {**WATER, "task": "关阀", "due_at": DUE},
            {**FIRE, "task": "查看", "answers": [{"progress": "ongoing", "text": "明早到"}]},
            {**FIRE, "name": "老记录"},
        ],
        "whistles": [{
            "id": "W1", "type": "urgent", "result": "solved", "result_text": "水退了",
            "units": [{**WATER, "sign_at": DUE, "arrive_at": DUE}, FIRE],
        }],
        "supervisions": [
            {"level": "1", "text": "请抓紧", "due_at": DUE},
            {"level": "2", "text": "书面", "answers": [{"text": "今晚修"}]},
        ],
        "exclusion": {"reason": "force_majeure", "basis": "暴雪公告"},
        "hold": {"reason": "法院调取"},
        "group_answer": {"decision": "accept", "text": "一周修完"},
        "duplicate_of": "SQ-261124-00001-2",
    }  # fmt: skip
    assert threads(ticket) == [
        ("复核期限", "11月27日09:30（复核，1个工作日）"),
        ("群诉答复", "受理，接着办：一周修完"),
        ("原来的工单", "SQ-261124-00001-2"),
        ("会商", "归谁修（供水公司：由我单位主办，表前管道；消防：还没回）"),
        ("协办", "供水公司：关阀，11月27日09:30前反馈"),
        ("协办", "消防：查看，还在办，报阶段进展：明早到"),
        ("协办", "老记录：配合办理"),
        ("吹哨", "W1 应急处置：供水公司 已签收、已到场报到；消防 还没签收。结果：已解决，水退了"),
        ("督办", "提醒：请抓紧，11月27日09:30前反馈"),
        ("督办", "书面督办：书面（反馈：今晚修）"),
        ("剔除考评", "不可抗力（已公布）：暴雪公告"),
        ("冻结", "法院调取"),
    ]
