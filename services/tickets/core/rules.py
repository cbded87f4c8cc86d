"""What a place decides about the workflow itself, read from ``data/workflow.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from services.tickets.core.choices import (
    DISPOSITIONS,
    LEVELS,
    REACHED,
    WHISTLE_STAGES,
    WHISTLES,
)
from services.tickets.core.escalation import Step
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.limits import Limit
from services.tickets.core.riskkinds import Risk
from services.tickets.core.states import State
from services.yaml_files import read_yaml


@dataclass(frozen=True)
class Disposition:
    """How a request is met that is not simply accepted (《北京市接诉即办工作条例》第十一条).

    Attributes:
        basis: Article that allows it.
        say: First sentence for the resident.
        redirect: Where to go when nobody has written something better.
    """

    basis: str
    say: str
    redirect: str


@dataclass(frozen=True)
class Sourced:
    """A limit and where it comes from."""

    limit: Limit
    source: str


@dataclass(frozen=True)
class Matter:
    """What is looked into as a case of its own, see ``integrity.py``.

    Attributes:
        name: In Chinese, as staff read it.
        says: The sentence that opens the case.
        staff: Whether staff can raise it.
        words: With one of these a resident's complaint about a person is such a case.
    """

    name: str
    says: str
    staff: bool = False
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Matter:
        """Read a kind.

        Raises:
            ValueError: An unknown item.
        """
        if unknown := data.keys() - {"name", "says", "staff", "words"}:
            raise ValueError(f"核查没有这些项：{'、'.join(sorted(unknown))}")
        staff, words = bool(data.get("staff")), tuple(map(str, data.get("words", ())))
        return cls(str(data["name"]), str(data["says"]), staff, words)


@dataclass(frozen=True)
class Rules:
    """The rules of a place.

    Attributes:
        dispositions: The six of ``choices.DISPOSITIONS``.
        review: How soon a second person looks at a refusal.
        reviewed_by_rule: Refusals that get a second look without anybody asking.
        group: How soon a group demand is answered.
        consult: How soon a unit gives its opinion before dispatch.
        assist: How soon an assisting unit reports back.
        whistles: By type of whistle and stage, how soon an invited unit does it.
        helping: Who is told when while a unit that was asked, called in or whistled for owes something.
        platform: Who is told when while a higher platform's date is earlier than ours.
        supervision: By level, how soon the unit answers.
        escalation: How soon the street answers what a unit reports upwards.
        escalating: Who is told when while it owes that answer.
        supervising: Who is told when while a unit owes that answer.
        supervision_climbs: An answer that is not given in time makes the next level.
        scoring_closes: After so much time of the next month the scoring of a month is final.
        contact_counts: Results of a contact that are a first contact; others are kept as attempts.
        reveal_withheld: By kind of request, the roles that do not get the contact data of who asks.
        reveal_never: Kinds of units whose people never get them.
        photo_openers: Roles that decide which photos a unit sees that does all the work from outside.
        bad_score: A rating of so much or less is bad.
        rectification: How soon a unit puts right what a resident is dissatisfied with.
        rectifying: Who is told when while it owes that.
        tell: Events that somebody tells on the phone to who has no chat.
        risks: Kinds of risk that are marked, by code.
        proxy_kinds: Kinds of requests that are done in a person's name: the desk checks who acts for them.
        merge_window: Requests further apart are not merged by hand.
        asked_at_filing: Classes of urgency of which the dialogue asks for what is missing as it files.
        integrity: What is looked into as a case of its own, by code; ``persuaded`` and ``pressured`` are there.
        contact_first: Whether resolving needs a first contact where the class has a limit for it.
    """

    dispositions: Mapping[str, Disposition]
    review: Sourced
    reviewed_by_rule: frozenset[State]
    group: Sourced
    consult: Sourced
    assist: Sourced
    whistles: Mapping[str, Mapping[str, Limit]]
    whistle_source: str
    helping: tuple[Step, ...]
    platform: tuple[Step, ...]
    supervision: Mapping[str, Limit]
    supervision_source: str
    escalation: Sourced = field(default=Sourced(Limit(1, "d", True), ""))
    bad_score: int = 2
    rectification: Sourced = field(default=Sourced(Limit(15, "d", True), ""))
    rectifying: tuple[Step, ...] = ()
    escalating: tuple[Step, ...] = ()
    supervising: tuple[Step, ...] = ()
    supervision_climbs: bool = False
    scoring_closes: Sourced = field(default=Sourced(Limit(5, "d", True), ""))
    contact_counts: frozenset[str] = frozenset({"reached"})
    asked_at_filing: frozenset[Priority] = frozenset()
    contact_first: bool = False
    tell: frozenset[str] = frozenset()
    proxy_kinds: frozenset[str] = frozenset()
    reveal_withheld: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reveal_never: frozenset[str] = frozenset()
    photo_openers: frozenset[str] = frozenset()
    merge_window: Limit = field(default=Limit(30, "d", False))
    risks: Mapping[str, Risk] = field(default_factory=dict)
    integrity: Mapping[str, Matter] = field(default_factory=dict)


def load_rules(path: Path) -> Rules:
    """Read the rules.

    Raises:
        ValueError: Malformed, or a disposition, type of whistle or level is missing or unknown.
    """
    try:
        data: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
        review, whistle, supervision = data["review"], data["whistle"], data["supervision"]
        scoring = data["scoring"]
        return Rules(
            dispositions={
                code: Disposition(d["basis"], d["say"], d["redirect"])
                for code, d in _exactly(data["dispositions"], DISPOSITIONS).items()
            },
            review=_sourced(review),
            reviewed_by_rule=frozenset(State(s) for s in review["rule"]),
            group=_sourced(data["group"]),
            consult=_sourced(data["consult"]),
            assist=_sourced(data["assist"]),
            whistles={
                kind: {s: Limit.parse(v) for s, v in _exactly(limits, WHISTLE_STAGES).items()}
                for kind, limits in _exactly(whistle["types"], WHISTLES).items()
            },
            whistle_source=whistle["source"],
            helping=tuple(Step.parse(step) for step in data["helping"]),
            platform=tuple(Step.parse(step) for step in data["platform"]),
            supervision={
                level: Limit.parse(v)
                for level, v in _exactly(supervision["levels"], LEVELS).items()
            },
            supervision_source=supervision["source"],
            escalation=_sourced(data["escalation"]),
            bad_score=int(data["bad_rating"]["score"]),
            rectification=_sourced(data["bad_rating"]),
            rectifying=tuple(Step.parse(step) for step in data["bad_rating"]["steps"]),
            escalating=tuple(Step.parse(step) for step in data["escalation"]["steps"]),
            supervising=tuple(Step.parse(step) for step in supervision["steps"]),
            supervision_climbs=bool(supervision["climbs"]),
            scoring_closes=Sourced(Limit.parse(scoring["closes"]), scoring["source"]),
            contact_counts=_among(data["contact"]["counts"], REACHED),
            asked_at_filing=frozenset(Priority(p) for p in data["intake"]["asks"]),
            contact_first=bool(data["resolve"]["contact_first"]),
            tell=frozenset(map(str, data["tell"]["events"])),
            proxy_kinds=frozenset(Kind(k).value for k in data["proxy"]["kinds"]),
            reveal_never=frozenset(data["reveal"]["never"]),
            photo_openers=frozenset(map(str, data["photos"]["opened_by"])),
            risks={str(k): Risk.parse(r) for k, r in data["risks"]["kinds"].items()},
            integrity=_matters(data["integrity"]["kinds"]),
            merge_window=Limit.parse(data["merge"]["window"]),
            reveal_withheld={
                Kind(kind).value: frozenset(roles)
                for kind, roles in data["reveal"]["withheld"].items()
            },
        )
    except (OSError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"办理规则有误：{path.name}：{error}") from error


def _matters(data: Mapping[str, Any]) -> Mapping[str, Matter]:
    """Read the kinds of cases; those that the workflow opens by itself must be among them."""
    found = {str(k): Matter.parse(m) for k, m in data.items()}
    if missing := {"persuaded", "pressured"} - found.keys():
        raise ValueError(f"核查少了这些：{'、'.join(sorted(missing))}")
    return found


def _sourced(data: Mapping[str, Any]) -> Sourced:
    return Sourced(Limit.parse(data["limit"]), data["source"])


def _among(given: Any, codes: Mapping[str, str]) -> frozenset[str]:
    """Return the codes that are named: at least one, and none that there is not."""
    named = frozenset(map(str, given))
    if not named or not named <= codes.keys():
        raise ValueError(f"只能写这些项，至少一项：{'、'.join(codes)}")
    return named


def _exactly(data: Mapping[str, Any], codes: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the data when it names each code and no other."""
    given = {str(k): v for k, v in data.items()}
    if wrong := sorted(given.keys() ^ codes.keys()):
        raise ValueError(f"要写全、也只写这些项：{'、'.join(codes)}（不对的：{'、'.join(wrong)}）")
    return given
