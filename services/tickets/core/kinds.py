"""Kinds of request: 《北京市接诉即办工作条例》第二条 names five, daily community work the rest."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What the resident wants of us."""

    CONSULT = "consult"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    BOOKING = "booking"
    ERRAND = "errand"
    REPAIR = "repair"
    HAZARD = "hazard"
    VISIT = "visit"
    DELIBERATION = "deliberation"
    MEDIATION = "mediation"
    EMERGENCY = "emergency"

    @property
    def label(self) -> str:
        """Chinese name."""
        return KIND_LABELS[self]

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read a code or a Chinese name, also with a qualifier (``办事·敏感``, ``报修(季节)``).

        Raises:
            ValueError: The text names no kind.
        """
        text = text.strip()
        if text in cls._value2member_map_:
            return cls(text)
        for kind, label in KIND_LABELS.items():
            if text.startswith(label):
                return kind
        raise ValueError(text)


KIND_LABELS: dict[Kind, str] = {
    Kind.CONSULT: "咨询",
    Kind.HELP: "求助",
    Kind.COMPLAINT: "投诉",
    Kind.REPORT: "举报",
    Kind.SUGGESTION: "建议",
    Kind.PRAISE: "表扬",
    Kind.BOOKING: "预约服务",
    Kind.ERRAND: "办事",
    Kind.REPAIR: "报修",
    Kind.HAZARD: "隐患",
    Kind.VISIT: "巡访",
    Kind.DELIBERATION: "协商",
    Kind.MEDIATION: "调解",
    Kind.EMERGENCY: "紧急",
}


class Priority(StrEnum):
    """Urgency: U0 danger to life now … U3 ordinary, U4 complex (limits are in data/sla)."""

    U0 = "U0"
    U1 = "U1"
    U2 = "U2"
    U3 = "U3"
    U4 = "U4"

    @property
    def label(self) -> str:
        """Chinese name."""
        return PRIORITY_LABELS[self]


PRIORITY_LABELS: dict[Priority, str] = {
    Priority.U0: "生命危险",
    Priority.U1: "安全急件",
    Priority.U2: "民生急件",
    Priority.U3: "普通",
    Priority.U4: "复杂疑难",
}
