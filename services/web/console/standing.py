"""How the side threads of a ticket stand – helpers, whistles, second looks – in lines for the page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.tickets.core.choices import (
    EXCLUSION_STATES,
    EXCLUSIONS,
    GROUNDS,
    GROUP_ANSWERS,
    LEVELS,
    LIFTED,
    PROGRESS,
    RECTIFIED,
    STANCES,
    WHISTLE_RESULTS,
    WHISTLE_STAGES,
    WHISTLES,
)
from services.web.console.words import local

JSON = Mapping[str, Any]


def _case_of(ticket: JSON) -> str:
    """Return what a case is about; a complaint that is looked into itself is about no other."""
    of = ticket.get("case_of")
    return "" if of is None or of == ticket.get("ticket_no") else str(of)


def threads(ticket: JSON) -> list[tuple[str, str]]:
    """Return (name, words) of what else goes on with a ticket; nothing for what is not there."""
    exclusion, hold = ticket.get("exclusion"), ticket.get("hold")
    answer = ticket.get("group_answer")
    facts = [
        *(("风险提示", f"{r['name']}：{r['reason']}") for r in ticket.get("risks") or ()),
        ("到达", _arrival(ticket.get("arrival"))),
        ("申请终止", _proposal(ticket.get("termination_request"))),
        ("复核期限", _due(ticket, "review_due")),
        ("群诉答复期限", _due(ticket, "group_due")),
        ("群诉答复", f"{GROUP_ANSWERS[answer['decision']]}：{answer['text']}" if answer else ""),
        ("原来的工单", ticket.get("duplicate_of") or _case_of(ticket)),
        *(("会商", consult(c)) for c in ticket.get("consults") or ()),
        *(("协办", helper(a)) for a in ticket.get("assists") or ()),
        *(("吹哨", whistle(w)) for w in ticket.get("whistles") or ()),
        *(("报请上级", lifted(e)) for e in ticket.get("escalations") or ()),
        *(("督办", supervision(s)) for s in ticket.get("supervisions") or ()),
        *(("差评整改", rectification(e)) for e in ticket.get("bad_ratings") or ()),
        (
            "剔除考评",
            f"{EXCLUSIONS[exclusion['reason']]}：{exclusion['basis']}" if exclusion else "",
        ),
        ("申请剔除考评", exclusion_asked(ticket.get("exclusion_request"))),
        ("冻结", hold["reason"] if hold else ""),
    ]
    return [(name, words) for name, words in facts if words]


def _proposal(asked: JSON | None) -> str:
    """Return ``诉求事项已不存在：灯杆拆了；可以找…`` of who proposes to end the work."""
    if not asked:
        return ""
    where = f"；{asked['redirect']}" if asked.get("redirect") else ""
    return f"{GROUNDS[asked['ground']]}：{asked['explanation']}{where}，等另一人审核"


def _arrival(came: JSON | None) -> str:
    """Return ``11月27日12:10，约定12:30，提前20分钟，守约``."""
    if not came:
        return ""
    minutes = came["minutes"]
    off = f"晚{minutes}分钟" if minutes > 0 else f"提前{-minutes}分钟" if minutes else "准时"
    said = {"kept": "守约", "early": "提前太多", "late": "迟到"}[came["kept"]]
    return f"{_stamp(came['at'])}，约定{_stamp(came['agreed'])}，{off}，{said}"


def exclusion_asked(asked: JSON | None) -> str:
    """Return ``不可抗力（已公布）：暴雪公告；停运通知。待审`` with the appeal and what was answered."""
    if not asked:
        return ""
    words = f"{EXCLUSIONS[asked['reason']]}：{asked['basis']}；{asked['text']}"
    if appeal := asked.get("appeal"):
        words += f"；复议：{appeal['text']}"
    last = asked["decisions"][-1] if asked["decisions"] else None
    said = (
        f"（{last['text']}）" if last and last["text"] and asked["state"] == last["state"] else ""
    )
    return f"{words.rstrip('。')}。{EXCLUSION_STATES[asked['state']]}{said}"


def consult(entry: JSON) -> str:
    """Return ``归谁修（供水公司：由我单位主办，表前管道；物业：还没回）；11月24日14:00前回（…）``."""
    said = {o["org"]: f"{STANCES[o['stance']]}，{o['opinion']}" for o in entry["opinions"]}
    units = "；".join(f"{u['name']}：{said.get(u['org'], '还没回')}" for u in entry["units"])
    owed = entry.get("due_at") and any(u["org"] not in said for u in entry["units"])
    tail = f"；{_until(entry['due_at'], '回', entry.get('due_reason'))}" if owed else ""
    return f"{entry['question']}（{units}）{tail}"


def helper(entry: JSON) -> str:
    """Return ``物业：开门，11月27日17:30前反馈（…）``, how far it has come, or both."""
    answers = entry.get("answers") or ()
    words = f"{entry['name']}：{entry.get('task') or '配合办理'}"
    if answers:
        words += f"，{PROGRESS[answers[-1]['progress']]}：{answers[-1]['text']}"
    if entry.get("due_at") and not entry.get("done_at"):
        words += f"，{_until(entry['due_at'], '反馈', entry.get('due_reason'))}"
    return words


def whistle(entry: JSON) -> str:
    """Return ``W1 需要综合执法：城管 已签收、已到场报到；消防 还没签收，11:00前签收（…）``."""
    end = entry.get("result")
    units = "；".join(
        f"{u['name']} {_reached(u)}{'' if end else _next(u, entry)}" for u in entry["units"]
    )
    tail = f"。结果：{WHISTLE_RESULTS[end]}，{entry['result_text']}" if end else ""
    return f"{entry.get('id', '')} {WHISTLES[entry['type']]}：{units}{tail}".strip()


def lifted(entry: JSON) -> str:
    """Return ``产权不清，请街道协调，11月25日11:00前答复（…）`` with the answer when there is one."""
    words = entry["text"].rstrip("。")
    if answers := entry.get("answers"):
        return f"{words}（{LIFTED[answers[-1]['decision']]}：{answers[-1]['text']}）"
    due = entry.get("due_at")
    return f"{words}，{_until(due, '答复', entry.get('due_reason'))}" if due else words


def rectification(entry: JSON) -> str:
    """Return ``居民不满意，12月15日17:30前整改（…）``, then what was put right and what the resident says."""
    why = "居民说没办好，重办就是整改" if entry.get("rework") else "居民不满意"
    if entry.get("of"):
        why += f"（评的人：{'、'.join(entry['of'])}）"
    if "rectified_at" not in entry:
        return f"{why}，{_until(entry['due_at'], '整改', entry.get('due_reason'))}"
    said = RECTIFIED.get(entry.get("answer") or "", "等回访")
    return f"{why}。整改：{entry['text'].rstrip('。')}。回访：{said}"


def supervision(entry: JSON) -> str:
    """Return ``书面督办：请抓紧，11月27日17:30前反馈`` with the answer when there is one."""
    # What was written is a sentence of its own, and goes on here.
    words = f"{LEVELS[entry['level']]}：{entry['text'].rstrip('。')}"
    answers: Iterable[JSON] = entry.get("answers") or ()
    told = "；".join(a["text"] for a in answers)
    if told:
        return f"{words}（反馈：{told}）"
    return f"{words}，{_stamp(entry['due_at'])}前反馈" if entry.get("due_at") else words


def _reached(unit: JSON) -> str:
    done = [f"已{name}" for stage, name in WHISTLE_STAGES.items() if unit.get(f"{stage}_at")]
    return "、".join(done) or "还没签收"


def _next(unit: JSON, entry: JSON) -> str:
    """Return what the unit owes first, by when and why; empty when it has done all it has to."""
    owed = [
        (unit[f"{stage}_due_at"], stage)
        for stage in WHISTLE_STAGES
        if unit.get(f"{stage}_due_at") and not unit.get(f"{stage}_at")
    ]
    if not owed or unit.get("solve_at"):
        return ""
    due, stage = min(owed, key=lambda one: local(one[0]))
    why = unit.get(f"{stage}_due_reason") or entry.get("due_reason")
    return f"，{_until(due, WHISTLE_STAGES[stage], why)}"


def _until(due: str, what: str, why: str | None) -> str:
    """Return ``11月27日17:30前反馈（协办反馈，3个工作日）``."""
    return f"{_stamp(due)}前{what}" + (f"（{why}）" if why else "")


def _due(ticket: JSON, name: str) -> str:
    due = ticket.get(f"{name}_at")
    return f"{_stamp(due)}（{ticket[f'{name}_reason']}）" if due else ""


def _stamp(value: str) -> str:
    at = local(value)
    return f"{at.month}月{at.day}日{at:%H:%M}"
