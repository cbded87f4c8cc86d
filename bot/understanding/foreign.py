"""English words and pinyin in a message as the Chinese that is meant: the light in 3号楼 is broken.

What is written down stays as it was written; this is only what the model reads. The words are data
(``bot/data/foreign.yml``). A message without any of them is returned as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from bot.understanding.gazetteer import load_gazetteer
from bot.understanding.words import load

_LATIN = re.compile(r"[A-Za-z][A-Za-z'’ \-]*[A-Za-z]")
_WORD = re.compile(r"[A-Za-z'’\-]+")
_PAD = re.compile(r"[ ]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_COMPOUND, _COMPOUND_WORD = "xiaoqu", "小区"
"""What the name of a compound ends with is often left out in English (“Xingfu”)."""


@lru_cache(maxsize=1)
def _english() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", re.I), chinese)
        for words, chinese in load("foreign")["english"]
    )


@lru_cache(maxsize=1)
def _empty() -> frozenset[str]:
    return frozenset(load("foreign")["empty"].split())


@lru_cache(maxsize=1)
def _pinyin() -> dict[str, str]:
    """Letters → Chinese, of the listed words and the names of compounds."""
    words = [*load("foreign")["pinyin"].split(), *load_gazetteer().names]
    return {"".join(lazy_pinyin(word, style=Style.NORMAL)): word for word in reversed(words)}


@lru_cache(maxsize=1)
def _place_parts() -> tuple[tuple[re.Pattern[str], str], ...]:
    """How the parts of a place are said in English, each with its Chinese, the largest first."""
    names = {name: "".join(lazy_pinyin(name, style=Style.NORMAL)) for name in _compounds()}
    named = [(re.escape(letters.removesuffix(_COMPOUND)), name) for name, letters in names.items()]
    numbered = [(words, chinese) for words, chinese in load("foreign")["places"]]
    joints = load("foreign")["place_joints"]
    return tuple(
        (re.compile(rf"(?<![A-Za-z\d])(?:{words})(?![A-Za-z\d]){joints}", re.I), chinese)
        for words, chinese in [*named, *numbered]
    )


def _compounds() -> list[str]:
    return sorted(name for name in load_gazetteer().names if name.endswith(_COMPOUND_WORD))


def _placed(text: str) -> str:
    """Return the text with a place told in English as it is said here (“unit 2, building 3, Xingfu”)."""
    found = [(m, chinese) for words, chinese in _place_parts() if (m := words.search(text))]
    if not any("{}" in chinese for _, chinese in found):
        return text
    said = "".join(chinese.format(next((g for g in m.groups() if g), "")) for m, chinese in found)
    first = min(m.start() for m, _ in found)
    for m, _ in sorted(found, key=lambda each: -each[0].start()):
        text = f"{text[: m.start()]} {text[m.end() :]}"
    return f"{text[:first]} {said} {text[first:].lstrip(' ,')}".strip()


def _spelled(run: str) -> str | None:
    """Return a run of pinyin in Chinese, by the fewest words; None when some of it is none."""
    letters = re.sub(r"[^a-z]", "", run.lower())
    known = _pinyin()
    best: list[tuple[int, str] | None] = [(0, "")] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(end):
            before, word = best[start], known.get(letters[start:end])
            now = best[end]
            if before and word and (now is None or before[0] + 1 < now[0]):
                best[end] = (before[0] + 1, before[1] + word)
    found = best[-1]
    # “你hao”: single syllables may be anything.
    return found[1] if found and len(found[1]) > found[0] else None


def _translated(run: str) -> tuple[str, int]:
    """Return a run of English with the known words in Chinese, and how many of its words are known."""
    known, tells, text = 0, False, run
    for words, chinese in _english():
        said = [m.group() for m in words.finditer(text)]
        tells = tells or (bool(said) and chinese not in load("foreign")["weak"])
        known += sum(len(_WORD.findall(each)) for each in said)
        text = words.sub(f" {chinese} ", text)
    if not tells:
        return run, 0
    rest = _WORD.findall(text)
    empty = [w for w in rest if w.lower().replace("’", "'") in _empty()]
    for word in empty:
        text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", " ", text, count=1)
    return text, known + len(empty)


def as_chinese(text: str) -> str:
    """Return the text as the model should read it; itself when it has no word of ours."""
    if not _LATIN.search(text):
        return text
    placed = _placed(text)
    if placed != text:
        return _PAD.sub(" ", as_chinese(placed)).strip(" ,.!")
    read = _LATIN.sub(lambda m: _spelled(m.group()) or _translated(m.group())[0], text)
    if read == text and len(_HAN.findall(text)) < _CHINESE:
        return text
    read = _LATIN.sub(lambda m: "" if _says_nothing(m.group()) else m.group(), read)  # “Hi, …”
    return _PAD.sub(" ", read).strip(" ,.!")


def _says_nothing(run: str) -> bool:
    return all(word.lower() in _empty() for word in _WORD.findall(run))


def is_pinyin(text: str) -> bool:
    """Whether all letters of a message are pinyin that is understood."""
    runs = _LATIN.findall(text)
    return bool(runs) and all(_spelled(run) is not None for run in runs)


def is_english(text: str) -> bool:
    """Whether a message is told in English, also with a Chinese address in it."""
    runs = [run for run in _LATIN.findall(text) if _spelled(run) is None]
    said = sum(_translated(run)[1] for run in runs)
    return said >= load("foreign")["english_from"] and len(_HAN.findall(text)) <= _ADDRESS


_CHINESE = 4
"""With so many Chinese characters a message is Chinese, and English words that carry nothing go (“from 7am 到晚上”)."""
_ADDRESS = 14
"""A Chinese address has at most so many characters that are no digits."""
