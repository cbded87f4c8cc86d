"""What people call the intents, for the choices that are offered when one is not sure."""

from __future__ import annotations

from actions import leaves
from actions.message import Reading

LABELS = {
    "report_problem": "报修或反映问题",
    "ask_service": "问怎么办事",
    "request_certificate": "开证明",
    "book_meal": "订饭、送饭",
    "book_service": "约上门服务或场地",
    "query_progress": "查我报的事到哪了",
    "urge_ticket": "催一催我报的事",
    "supplement_ticket": "给报过的事补充情况",
    "withdraw_ticket": "撤掉报过的事",
    "rate_service": "评价办得怎么样",
    "reject_resolution": "没修好，退回重办",
    "ask_human": "找人说",
    "ask_anonymity": "别让人知道是我",
    "ask_my_data": "看或删我的信息",
    "complain_assistant": "给你们提意见",
    "ask_accessibility": "换大字、念出来",
    "ask_community_info": "问社区电话、地点、网格员",
    "ask_notice": "问停水停电和通知",
    "make_suggestion": "提建议",
    "give_praise": "表扬人",
    "join_volunteer": "当志愿者",
    "emergency": "有危险，要马上救",
    "affirm": "是的",
    "deny": "不是",
    "cancel_dialog": "不弄了",
    "ask_capability": "问你能做什么",
}
"""Small talk has no label: it is never worth a choice."""

_WITH_LEAF = {
    "report_problem": "反映：{}",
    "ask_service": "问怎么办：{}",
    "request_certificate": "开证明：{}",
    "book_service": "预约：{}",
}


def label(reading: Reading) -> str | None:
    """Return the words of a choice, or None for a reading that is not offered."""
    if reading.leaf and reading.leaf in leaves.names() and reading.intent in _WITH_LEAF:
        return _WITH_LEAF[reading.intent].format(leaves.name(reading.leaf))
    return LABELS.get(reading.intent)
