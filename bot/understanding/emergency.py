"""Is a life in danger now? Reviewed patterns, no learning: the same answer every time.

A missed emergency is worse than a false alarm, but a false alarm in every second complaint would
teach people to ignore it. So patterns want the danger itself (著火了, 困在电梯里), and exclusions
take back what is over, drilled, figurative, feared or only asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.understanding.numbers import narrow
from bot.understanding.words import load

#: Leaves that an emergency can have; ``-`` is one without a leaf of its own.
EMERGENCY_LEAVES = ("H3", "H5", "J3", "J4", "J5", "F4", "H2", "I14", "-")


@dataclass(frozen=True)
class Verdict:
    """What the guard says.

    Attributes:
        alarm: a life is in danger now.
        leaf: one of ``EMERGENCY_LEAVES`` when ``alarm``, else ``None``.
        excluded: words of danger were found and taken back (over, drill, idiom, question).
        words: the words that decided.
        sure: the pattern is so plain that nothing learned takes the alarm back.
        calm: nothing alarming was said, and what only sounds like danger was (走不动道, 打电话): the learned
            class must be all but certain to raise the alarm.
        grief: the same of somebody who died and is missed, of boredom (没意思) and of a wish to die that is
            long over, with a higher bar.
        figure: the message is a figure of speech (头都炸了) and nothing else: no alarm at all.
        lasting: somebody has been so for long (瘫在床上, 坐轮椅的) and nothing sudden is told: no alarm either.
    """

    alarm: bool
    leaf: str | None = None
    excluded: bool = False
    words: str = ""
    sure: bool = False
    calm: bool = False
    grief: bool = False
    figure: bool = False
    lasting: bool = False


@dataclass(frozen=True)
class _Alarm:
    """One entry of ``alarms``.

    ``unless`` takes it back within its own commas; without it the ``exclusions`` of all do.
    ``never`` takes it back anywhere in the sentence, in addition to either.
    """

    leaf: str
    sure: bool
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    never: re.Pattern[str] | None


@dataclass(frozen=True)
class _Rules:
    alarms: tuple[_Alarm, ...]
    exclusions: re.Pattern[str]
    still: re.Pattern[str]
    calm: re.Pattern[str]
    not_calm: re.Pattern[str]
    figures: re.Pattern[str]
    lasting: re.Pattern[str]
    not_lasting: re.Pattern[str]
    grief: re.Pattern[str]
    emptiness: re.Pattern[str]
    bored: re.Pattern[str]
    not_grief: re.Pattern[str]
    recovered: re.Pattern[str]
    heavy: re.Pattern[str]
    heavy_of_another: re.Pattern[str]
    hints: re.Pattern[str]
    hints_unless: re.Pattern[str]


_TERM = re.compile(r"<([a-z]+)>")


def _joined(patterns: str | list[str], terms: dict[str, str]) -> re.Pattern[str]:
    """One pattern of several, with the words of ``terms`` where they are named as ``<name>``."""
    whole = patterns if isinstance(patterns, str) else "|".join(patterns)
    return re.compile(_TERM.sub(lambda m: f"(?:{terms[m[1]]})", whole))


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    data = load("emergency")
    terms = data["terms"]
    return _Rules(
        tuple(
            _Alarm(
                str(a["leaf"]),
                bool(a.get("sure")),
                _joined(a["patterns"], terms),
                _joined(a["unless"], terms) if a.get("unless") else None,
                _joined(a["never"], terms) if a.get("never") else None,
            )
            for a in data["alarms"]
        ),
        _joined(data["exclusions"], terms),
        _joined(data["still"], terms),
        _joined(data["calm"], terms),
        re.compile("|".join(data["not_calm"])),
        re.compile("|".join(data["figures"])),
        re.compile("|".join(data["lasting"])),
        re.compile("|".join(data["not_lasting"])),
        re.compile("|".join(data["grief"])),
        re.compile("|".join(data["emptiness"])),
        re.compile("|".join(data["bored"])),
        re.compile("|".join(data["not_grief"])),
        re.compile("|".join(data["recovered"])),
        re.compile("|".join(data["heavy"])),
        re.compile("|".join(data["heavy_of_another"])),
        _joined(data["hints"], terms),
        _joined(data["hints_unless"], terms),
    )


def heavy_heart(text: str) -> bool:
    """Whether the speaker is sad or lonely, and would be hurt by a form."""
    rules, words = _rules(), narrow(text)
    grieves = rules.grief.search(words) and rules.emptiness.search(words)
    if (grieves and len(words) <= _GRIEF_LONGEST) or rules.recovered.match(words):
        return True
    return bool(rules.heavy.search(words)) and not rules.heavy_of_another.search(words)


def hints_at_death(text: str) -> bool:
    """Whether words of dying or farewell stand in a message that raises no alarm.

    Such a message is never only thanked, chatted with or turned away.
    """
    rules = _rules()
    words = rules.figures.sub("", narrow(text))
    if rules.recovered.match(words):
        return False
    return bool(rules.hints.search(words)) and not rules.hints_unless.search(words)


_MARKS = re.compile(r"\W+")
_CLAUSE = re.compile(r"[。!！?？;；\n]+")


def judge(text: str) -> Verdict:
    """Judge one message. Sentences are judged one by one: a drill last year in the first sentence
    does not take back the fire in the second."""
    said = narrow(text)
    words = _rules().figures.sub("", said)
    excluded = False
    for clause in _CLAUSE.split(words):
        verdict = _judge_clause(clause)
        if verdict.alarm:
            return verdict
        excluded = excluded or verdict.excluded
    whole = _judge_clause(words) if not excluded else Verdict(False, excluded=True)
    if whole.alarm:
        return whole
    figure = words != said and _nothing_more(words)
    if _rules().recovered.match(words):
        return replace(whole, grief=True)
    return replace(
        whole, calm=_calm(words), grief=_grieves(words), figure=figure, lasting=_lasts(words)
    )


#: Beside a figure of speech up to so many characters that name no danger are no news of one.
_FIGURE_REST = 12


def _nothing_more(rest: str) -> bool:
    return len(_MARKS.sub("", rest)) <= _FIGURE_REST and not _rules().not_calm.search(rest)


#: In a longer message there is room for a danger that no list names.
_CALM_LONGEST = 24


#: Grief is told at more length; beyond it all the rest is left to what was learned.
_GRIEF_LONGEST = 60


def _quiet(text: str) -> bool:
    """Whether a message is so short, and says so little, that no danger hides in it."""
    return len(text) <= _CALM_LONGEST and not _rules().not_calm.search(text)


def _calm(text: str) -> bool:
    return _quiet(text) and bool(_rules().calm.search(text))


def _lasts(text: str) -> bool:
    rules = _rules()
    told = _quiet(text) and rules.lasting.search(text)
    return bool(told) and not rules.not_lasting.search(text)


_COMMA = re.compile(r"[，,、]")


def _piece(clause: str, start: int, end: int) -> str:
    """The words between the commas around ``clause[start:end]``."""
    before = [m.end() for m in _COMMA.finditer(clause, 0, start)]
    after = _COMMA.search(clause, end)
    return clause[before[-1] if before else 0 : after.start() if after else len(clause)]


def _grieves(text: str) -> bool:
    rules = _rules()
    if len(text) > _GRIEF_LONGEST or rules.not_grief.search(text):
        return False
    return bool(rules.grief.search(text) or rules.bored.search(text))


def _judge_clause(clause: str) -> Verdict:
    rules = _rules()
    for alarm in rules.alarms:
        match = alarm.pattern.search(clause)
        if match is None or (alarm.never and alarm.never.search(clause)):
            continue
        if alarm.unless:
            said = list(alarm.pattern.finditer(clause))
            # “以前不想活，现在又不想活了”: what is taken back once is told again.
            meant = [m for m in said if not alarm.unless.search(_piece(clause, *m.span()))]
            match, back = (meant or said)[0], not meant
        else:
            still = rules.still.search(clause)
            back = not still and bool(rules.exclusions.search(clause))
        if back:
            return Verdict(False, excluded=True, words=match.group())
        return Verdict(True, alarm.leaf, words=match.group(), sure=alarm.sure)
    return Verdict(False)
