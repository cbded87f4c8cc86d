"""The standard texts of an installation: what residents read, as it stands in the data, in both forms.

Every file says for itself which words are meant: the texts of ``data/texts`` altogether, of other files
the fields named here. The form of large-type mode stands beside the plain one: ``elder`` is a text, or a
mapping that repeats the names of what it says shorter. Staff preview them (话术预览); a test walks all
data files and fails for a sentence that is not among them, or for one that large-type mode would say
though it is hard to read there (``hard``): too many or too long sentences, two questions at once, a word
of offices (``data/official_words.yml``), and, in a text without a form of its own, several ways.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from services.yaml_files import read_yaml

SENTENCE = 20
"""No sentence that large-type mode says has more characters than this, placeholders aside."""
AT_ONCE = 2
"""A text of more sentences than this needs an elder form."""
AT_MOST = 3
"""The elder form itself has no more sentences a line than this."""
TITLE = 12
"""No button has more characters than this."""
RULES = Path(__file__).resolve().parent.parent / "data" / "official_words.yml"
TEXT = ("plain", "text", "answer", "message")
"""What the words themselves are called, beside which ``elder`` is a text."""
NAME = ("id", "name", "leaf")
"""What a thing in a list is called by."""
NEVER_SAID = frozenset({"unit_end", "buttons", "elder"})
"""Names of what stands among texts and is none: a pattern, and what is told beside them."""
_PLACEHOLDER = re.compile(r"\{[a-z_]*\}")
_LATIN = re.compile(r"[A-Za-z]+")
_END = re.compile(r"[。？！；\n]")
_QUOTED = re.compile(r"“[^”]*”")


@dataclass(frozen=True)
class Standard:
    """One standard text; ``elder`` is empty when large-type mode says the plain form.

    Attributes:
        key: Where it stands in its file.
        plain, elder: The two forms; what is said line by line, or in turn, has a line each.
        buttons: Titles of the buttons below it.
        one_form: It is printed, read by other programs, or left out in large-type mode: there is none.
        hard: Why what large-type mode says is hard to read there, in words for staff; empty when it is not.
    """

    key: str
    plain: str
    elder: str
    buttons: tuple[str, ...] = ()
    one_form: bool = False
    hard: tuple[str, ...] = ()

    def holds(self, word: str) -> bool:
        """Say whether the word stands in the text or is its key."""
        return word in self.plain or word in self.elder or word in self.key


@dataclass(frozen=True)
class Source:
    """Where standard texts stand.

    Attributes:
        name: Heading, in people's words.
        path: The file, below the data folder; below the locality's when ``local``.
        said: Fields that are said to residents; empty: all of the file.
        one_form: See ``Standard``.
    """

    name: str
    path: str
    said: frozenset[str] = frozenset()
    local: bool = False
    one_form: bool = False


CARD = frozenset({
    "title", "lead", "lines", "worse", "place", "safe", "arrived", "called", "over", "mistaken", "secret", "afraid", "lost",
    "follow", "money", "code", "installed", "pressed", "calling", "reported", "stopped", "again",
})  # fmt: skip
SHOWN = frozenset({"summary", "where"})
"""What a service card says in large-type mode; the rest is asked for."""
FOREIGN = frozenset({"hello", "hello_again", "welcome", "farewell"})
"""What is said in other languages."""
CHAPTERS = {
    "A": "证照、证明、户籍", "B": "社会救助", "C": "老年服务", "D": "残疾人服务", "E": "社保、医保、就业、健康",
    "F": "生育和儿童", "G": "住房和物业事务", "H": "房屋设施报修", "I": "环境和安全", "J": "邻里、法律、平安",
    "K": "参与和信息", "M": "会话和工单",
}  # fmt: skip
SOURCES = (
    Source("对话", "texts/dialogue.yml"),
    Source("系统和转人工", "texts/channel.yml"),
    Source("社区消息", "texts/information.yml"),
    Source("工单进展", "texts/resident.yml"),
    Source("天天送的饭", "texts/standing.yml"),
    Source("排队等空位", "texts/waiting.yml"),
    Source("微信", "texts/wechat.yml"),
    Source("网页对话", "texts/widget.yml"),
    Source("居民看的网页", "texts/page.yml"),
    Source("零碎的话和办不成时说的", "texts/pieces.yml"),
    Source("小结和按钮里的话", "texts/words.yml"),
    Source("亲戚怎么叫", "dialogue/relations.yml", frozenset({"called"})),
    Source("归别处管的事", "dialogue/redirects.yml", frozenset({"answer"})),
    Source("外国话的招呼", "dialogue/manners.yml", FOREIGN, one_form=True),
    Source("不受理时说的第一句", "workflow.yml", frozenset({"dispositions.say"})),
    Source("安全提示卡", "hotlines.yml", CARD, local=True),
    Source("证明开不开、去哪办", "certificates.yml", frozenset({"why", "redirect"}), local=True),
    Source("归谁管", "dispatch.yml", frozenset({"power"}), local=True),
    Source("订餐", "meals.yml", frozenset({"price_note", "subsidy_note"}), local=True),
    Source("预约", "services.yml", frozenset({"note", "notes", "fee_note"}), local=True),
    Source("谁是谁、在哪儿", "information.yml", frozenset({"note"}), local=True),
    *(
        Source(f"卡片：{name}", f"catalogue/{letter}.yml", SHOWN)
        for letter, name in CHAPTERS.items()
    ),
    Source("时节里发给居民的话", "seasons.yml", frozenset({"message"}), local=True),
    Source("为什么是这天办好", "texts/deadlines.yml", one_form=True),
    Source("打印的告知单", "texts/notice.yml", one_form=True),
    Source("个人信息告知书", "texts/privacy.yml", one_form=True),
    Source("打印的文书", "paper/papers.yml", frozenset({"paragraphs"}), one_form=True),
    Source("别的平台来查时", "open311.yml", frozenset({"notice", "notes"}), one_form=True),
)


def standard_texts(data: Path, locality: Path) -> list[tuple[str, list[Standard]]]:
    """Return all standard texts by where they belong, the dialogue's first.

    Args:
        data: The data folder.
        locality: The locality's folder.

    Raises:
        OSError: A file is missing.
        yaml.YAMLError: A file is broken.
    """
    return [(s.name, read(s, (locality if s.local else data) / s.path)) for s in SOURCES]


def read(source: Source, path: Path) -> list[Standard]:
    """Return the texts of one file."""
    raw = read_yaml(path.read_text(encoding="utf-8")) or {}
    return list(_walk(raw, (), {}, source, said=not source.said))


def measure(text: str) -> int:
    """Return how many characters of a text are said, placeholders aside; a word of another script is one."""
    return len(_LATIN.sub("a", _PLACEHOLDER.sub("", text)).strip())


def _walk(
    node: Any, path: tuple[str, ...], elder: Any, source: Source, *, said: bool
) -> Iterator[Standard]:
    """Yield the texts of a part of a file; ``elder`` is what says the same shorter."""
    if isinstance(node, str):
        if said and node.strip():
            yield _standard([node], [elder] if isinstance(elder, str) else [], path, source)
    elif isinstance(node, list):
        yield from _list(node, path, elder, source, said=said)
    elif isinstance(node, Mapping):
        yield from _mapping(node, path, elder, source, said=said)


def _list(
    node: list[Any], path: tuple[str, ...], elder: Any, source: Source, *, said: bool
) -> Iterator[Standard]:
    if all(isinstance(each, str) for each in node):
        if said and node:
            yield _standard(node, elder if isinstance(elder, list) else [], path, source)
        return
    for number, each in enumerate(node, 1):
        called = isinstance(each, Mapping) and next((each[k] for k in NAME if each.get(k)), None)
        yield from _walk(each, (*path, str(called or number)), {}, source, said=said)


def _mapping(
    node: Mapping[str, Any], path: tuple[str, ...], elder: Any, source: Source, *, said: bool
) -> Iterator[Standard]:
    own = node.get("elder")
    shorter = {
        **(elder if isinstance(elder, Mapping) else {}),
        **(own if isinstance(own, Mapping) else {}),
    }
    words = next((k for k in TEXT if isinstance(node.get(k), str)), None)
    for key, value in node.items():
        if key in NEVER_SAID:
            continue
        if key == words:
            if said or key in source.said:
                buttons = tuple(str(b["title"]) for b in node.get("buttons") or [])
                forms = [own] if isinstance(own, str) else []
                yield _standard([value], forms, path, source, buttons)
            continue
        named = said or _is_said(key, path, source.said)
        yield from _walk(value, (*path, str(key)), shorter.get(key), source, said=named)


def _is_said(key: str, path: tuple[str, ...], said: Collection[str]) -> bool:
    """Whether a field is named: alone, or behind the part of the file that it stands in."""
    return key in said or (bool(path) and f"{path[0]}.{key}" in said)


def _standard(
    plain: list[str], elder: list[str], path: tuple[str, ...], source: Source,
    buttons: tuple[str, ...] = (),
) -> Standard:  # fmt: skip
    return Standard(
        ".".join(path), "\n".join(p.strip() for p in plain), "\n".join(e.strip() for e in elder),
        buttons, source.one_form,
        () if source.one_form else hard(elder or plain, buttons, own=bool(elder)),
    )  # fmt: skip


@cache
def _words() -> Mapping[str, Collection[str]]:
    found: Mapping[str, Collection[str]] = read_yaml(RULES.read_text(encoding="utf-8"))
    return found


def hard(texts: Collection[str], buttons: Collection[str] = (), *, own: bool) -> tuple[str, ...]:
    """Return why a text is hard for who reads large type, in words for staff; empty when it is not.

    Args:
        texts: What is said, one after the other.
        buttons: The titles below it.
        own: It was written for large-type mode; else the plain form serves both.
    """
    found: list[str] = []
    for line in (each for text in texts for each in text.splitlines()):
        said = [measure(s) for s in _END.split(line)]
        most = AT_MOST if own else AT_ONCE
        if sum(n > 0 for n in said) > most:
            found.append(f"一行超过{most}句")
        if max(said) > SENTENCE:
            found.append(f"一句{max(said)}个字")
    whole = "\n".join(texts)
    if _QUOTED.sub("", whole).count("？") > 1:
        found.append("一次问了两句")
    named = whole + "\n" + "\n".join(buttons)
    for paper in _words()["papers"]:
        named = named.replace(paper, "")
    found += [f"公文词“{word}”" for word in _words()["official"] if word in named]
    if not own:
        found += [f"说了几样办法（{word}）" for word in _words()["ways"] if word in whole]
    found += [f"按钮“{title}”太长" for title in buttons if measure(title) > TITLE]
    return tuple(dict.fromkeys(found))
