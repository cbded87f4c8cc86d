"""The SLA profiles as a page for people (``docs/sla.md``), and what a profile lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from services.tickets.core.choices import LEVELS
from services.tickets.core.escalation import TOLD, Step
from services.tickets.core.leaves import Law, Leaf, load_leaves
from services.tickets.core.limits import Limit
from services.tickets.core.sla import Profile, SLAClass, load_profile

OTHER_FILES = frozenset({"leaves", "priorities"})
NEEDED: Mapping[str, tuple[str, ...]] = {
    "U0": (),
    "U1": ("accept", "sign", "contact", "finish", "object"),
    "U2": ("accept", "sign", "contact", "finish", "object"),
    "U3": ("accept", "sign", "contact", "finish", "object"),
    "U3c": ("accept", "finish"),
    "U4": ("accept", "sign", "contact", "finish", "object"),
    "UV": ("accept", "finish"),
    "UA": ("accept", "sign", "finish"),
}
"""Limits that a class cannot do without."""
LABELS = {
    "accept": "受理",
    "sign": "签收",
    "contact": "首次联系",
    "finish": "办结",
    "object": "退单",
}

HEAD = """# Time limits

Made by `linda sla table` from `data/sla`; not edited by hand. A place chooses a profile with `LINDA_SLA_PROFILE`; its own
file with `base: default` holds only what differs. 自然时间 counts by the clock on the wall, 工作 by the working calendar
(08:30–17:30 on working days, 调休补班 included). 受理 and 办结 count from the resident's submission, 签收、首次联系、退单
from dispatch. What a law sets wins over the class's limit, whether it is stricter or longer.

受理 of U3, U4 and UV stays in natural hours although what follows counts working time: the hotlines' standards promise it
around the clock within two hours, a complete request is accepted at once by the rule at any hour, and what is
left for a person at night is to be seen in the figures, not rolled away. A place without a desk at night writes `accept: 2wh`.

A law that binds the authority that decides (the social insurance agency, 10 or 30 working days) is no limit for our help and our answer,
which are due earlier; it is not in `data/sla/leaves.yml`. Where the authority itself works on the tickets, its place writes it as
`statutory` of its profile.
"""


def names(folder: Path) -> list[str]:
    """Return the profiles of a folder, the default first."""
    found = sorted(p.stem for p in folder.glob("*.yml") if p.stem not in OTHER_FILES)
    return sorted(found, key=lambda name: (name != "default", name))


def missing(profile: Profile, leaves: Mapping[str, Leaf]) -> list[str]:
    """Return what a profile lacks or contradicts, each in one sentence."""
    found = [] if profile.source.strip() else ["没有写依据"]
    if not profile.notice_basis.strip():
        found.append("一次告知的期限没有写依据")
    for cls_id, limits in NEEDED.items():
        cls = profile.classes.get(cls_id)
        if cls is None:
            found.append(f"没有{cls_id}这一类")
            continue
        found += [f"{cls_id}没有{LABELS[n]}时限" for n in limits if getattr(cls, n) is None]
        if not profile.escalation.get(cls_id):
            found.append(f"{cls_id}没有写到时候提醒谁")
    for id, cls in profile.classes.items():
        if cls.extensions and cls.extension is None:
            found.append(f"{id}可以延期，没有写每次最多多久")
    used = {*profile.class_of_kind.values(), *profile.class_of_leaf.values()}
    found += [f"用了没有的类{id}" for id in sorted(used - profile.classes.keys())]
    found += [
        f"升级步骤写给了没有的类{id}"
        for id in sorted(profile.escalation.keys() - profile.classes.keys())
    ]
    found += [
        f"法定时限写给了没有的事项{id}" for id in sorted(profile.statutory.keys() - leaves.keys())
    ]
    found += [
        f"{id}的法定时限没有写依据"
        for id, law in profile.statutory.items()
        if not law.source.strip()
    ]
    return found


def table(folder: Path) -> str:
    """Return the page.

    Raises:
        ValueError: A profile is malformed.
    """
    leaves = load_leaves(folder / "leaves.yml")
    parts = [HEAD.strip()]
    for name in names(folder):
        parts += _profile(load_profile(folder, name), name)
    parts += ["## Limits by law", _laws(leaves, [load_profile(folder, n) for n in names(folder)])]
    parts += ["## Who is told when", _steps(load_profile(folder, "default"))]
    return "\n\n".join(parts) + "\n"


def told(profile: Profile, leaves: Mapping[str, Leaf]) -> dict[str, str | list[str]]:
    """Return what counts in one place and by which source, in words for who answers for it."""
    laws = [(leaf, leaf.statutory) for leaf in leaves.values() if leaf.statutory]
    laws += [(leaves[id], law) for id, law in profile.statutory.items()]
    return {
        "source": profile.source,
        "classes": [_in_words(cls) for cls in profile.classes.values()],
        "rest": _rest(profile),
        "laws": [f"{leaf.title}：办结{law.finish.text}，{law.source}" for leaf, law in laws],
    }


def _in_words(cls: SLAClass) -> str:
    limits = [(words, getattr(cls, name)) for name, words in LABELS.items()]
    said = "，".join(f"{words}{limit.text}" for words, limit in limits if limit)
    return f"{cls.label}：{said or '不等时限，马上办'}"


def _rest(profile: Profile) -> str:
    return (
        f"请居民补充最晚在收到后{profile.notice.text}内（{profile.notice_basis}），过后自收到之日起算受理；"
        f"补充信息等{profile.info_wait.text}，{profile.info_remind.text}提醒一次；"
        f"裁定异议{profile.decide.text}；重办按原时限的{profile.rework_factor:g}倍；"
        f"挂账最长{profile.suspend_days}天复核；归档后{profile.reopen_days}天内可重办；"
        f"回访{profile.callback_attempts}次、{profile.callback_days}天；"
        f"订餐最晚在开餐前一个工作日{profile.meal_confirm}确认；约定时间前后{profile.appointment_window.text}内到算守约。"
    )


def _profile(profile: Profile, name: str) -> list[str]:
    rows = [_class(cls) for cls in profile.classes.values()]
    kinds = "；".join(f"{k.label}{v.text}" for k, v in profile.finish_of_kind.items())
    also = f" 普通事项按诉求类型办结：{kinds}。" if kinds else ""
    return [
        f"## {profile.label} (`{name}`)",
        f"依据：{profile.source}。{also}",
        _rows(("class", "", *LABELS.values(), "延期", "重办最短"), rows),
        _rest(profile),
    ]


def _class(cls: SLAClass) -> tuple[str, ...]:
    extension = f"{cls.extensions}次，每次≤{cls.extension.text}" if cls.extension else "–"
    limits = (_text(getattr(cls, name)) for name in LABELS)
    return (f"`{cls.id}`", cls.label, *limits, extension, _text(cls.rework_min))


def _laws(leaves: Mapping[str, Leaf], profiles: Iterable[Profile]) -> str:
    rows = [_law(leaf, leaf.statutory, "全国") for leaf in leaves.values() if leaf.statutory]
    for profile in profiles:
        rows += [_law(leaves[id], law, profile.label) for id, law in profile.statutory.items()]
    return _rows(("leaf", "办结", "每次延期", "source", "where"), rows)


def _law(leaf: Leaf, law: Law, where: str) -> tuple[str, ...]:
    longer = f"≤{law.extension.text}" if law.extension else "按本类"
    return (f"`{leaf.id}` {leaf.title}", law.finish.text, longer, law.source, where)


def _steps(profile: Profile) -> str:
    rows = [_step(id, step) for id, steps in profile.escalation.items() for step in steps]
    return _rows(("class", "when", "who", "what is said", "督办"), rows)


def _step(cls: str, step: Step) -> tuple[str, ...]:
    told = "、".join(TOLD[t] for t in step.tell)
    order = LEVELS.get(step.supervise or "", "–")
    return (f"`{cls}`", step.text, told, step.say, order)


def _text(limit: Limit | None) -> str:
    return limit.text if limit else "–"


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)
