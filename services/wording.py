"""The standard texts of an installation: what residents read, as it stands in the data, in both forms.

Every file says for itself which words are meant: the texts of ``data/texts`` altogether, of other files
the fields named here. The form of large-type mode stands beside the plain one: ``elder`` is a text, or a
mapping that repeats the names of what it says shorter. Staff preview them (话术预览); a test walks all
data files and fails for a sentence that is not among them or is long and has no shorter form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.yaml_files import read_yaml

LONG = 25
"""A text of more characters than this, placeholders aside, needs an elder form."""
TEXT = ("plain", "text", "answer", "message")
"""What the words themselves are called, beside which ``elder`` is a text."""
NAME = ("id", "name", "leaf")
"""What a thing in a list is called by."""
NEVER_SAID = frozenset({"unit_end", "buttons", "elder"})
"""Names of what stands among texts and is none: a pattern, and what is told beside them."""
_PLACEHOLDER = re.compile(r"\{[a-z_]*\}")


@dataclass(frozen=True)
class Standard:
    """One standard text; ``elder`` is empty when large-type mode says the plain form.

    Attributes:
        key: Where it stands in its file.
        plain, elder: The two forms; what is said line by line, or in turn, has a line each.
        buttons: Titles of the buttons below it.
        one_form: It is printed or read by other programs: there is no large-type mode.
        longest: Characters of the longest sentence that is said at once, without placeholders.
    """

    key: str
    plain: str
    elder: str
    buttons: tuple[str, ...] = ()
    one_form: bool = False
    longest: int = 0

    @property
    def lacks_elder(self) -> bool:
        """Whether a long text has no shorter form yet."""
        return not self.elder and not self.one_form and self.longest > LONG

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
    "title", "lead", "lines", "worse", "place", "safe", "arrived", "over", "mistaken", "secret", "afraid", "lost",
    "follow",
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
    Source("小结和按钮里的话", "texts/words.yml"),
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
    """Return how many characters of a text are said, placeholders aside."""
    return len(_PLACEHOLDER.sub("", text))


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
        buttons, source.one_form, max(measure(p.strip()) for p in plain),
    )  # fmt: skip
