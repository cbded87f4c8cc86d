"""话术预览: every standard text as residents read it, plain and in large-type mode, side by side.

The texts are files that a locality edits; this page only shows what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.model import SafetyCard, ThirdParty
from services.context import Services
from services.web.api.learning import AUTH
from services.web.console.frame import console_page
from services.web.keys import SERVICES
from services.web.routing import Routes
from services.yaml_files import read_yaml

routes = Routes("工作台")

TEXTS = "/console/texts"
HERE = "learning"
LONG = 25
"""A plain text of more characters than this should have an elder form."""
NAMES = {
    "dialogue": "对话",
    "channel": "系统和转人工",
    "resident": "工单进展",
    "wechat": "微信",
    "notice": "打印的告知单",
    "words": "小结和按钮里的话",
    "waiting": "排队等空位",
    "standing": "天天送的饭",
    "information": "社区消息",
}


class TextQuery(BaseModel):
    """Which texts are shown: those that hold the word, in either form or in the key."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=60)


@dataclass(frozen=True)
class Standard:
    """One standard text; ``elder`` is empty when large-type mode says the plain form."""

    key: str
    plain: str
    elder: str
    buttons: tuple[str, ...] = ()

    @property
    def lacks_elder(self) -> bool:
        """Whether a long text has no shorter form yet."""
        return not self.elder and len(self.plain) > LONG

    def holds(self, word: str) -> bool:
        """Say whether the word stands in the text or is its key."""
        return word in self.plain or word in self.elder or word in self.key


@routes.get(TEXTS, auth=AUTH, page=True, query=TextQuery, summary="话术预览")
async def preview(request: web.Request, query: TextQuery) -> web.Response:
    """All texts by file; a word narrows them down."""
    word = query.q.strip()
    files = shown(request.app[SERVICES], word)
    lacking = sum(t.lacks_elder for _, texts in files for t in texts)
    return console_page(request, "texts", HERE, files=files, q=word, lacking=lacking)


def shown(services: Services, word: str) -> list[tuple[str, list[Standard]]]:
    """Return the standard texts that hold a word, by where they belong."""
    files = [(NAMES.get(p.stem, p.stem), read(p)) for p in sources(services.settings.data_dir)]
    files.append(("安全提示卡", safety(services.catalogue.safety_cards())))
    found = [(name, [t for t in texts if t.holds(word)]) for name, texts in files]
    return [(name, texts) for name, texts in found if texts]


def sources(data_dir: Path) -> list[Path]:
    """Return the files of standard texts: the dialogue's first."""
    files = sorted((data_dir / "texts").glob("*.yml"))
    return sorted(files, key=lambda path: path.stem != "dialogue")


def read(path: Path) -> list[Standard]:
    """Return the texts of one file; what is no text (a list, a number) is left out."""
    raw: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8")) or {}
    return [text for key, value in raw.items() for text in _texts(key, value)]


def safety(cards: Iterable[SafetyCard]) -> list[Standard]:
    """Return the safety cards as residents read them, with those for who helps another person."""
    found = []
    for card in cards:
        forms: list[tuple[str, SafetyCard | ThirdParty]] = [(f"safety_{card.leaf}", card)]
        if card.third_party:
            forms.append((f"safety_{card.leaf}_other", card.third_party))
        for key, form in forms:
            short = form.elder
            elder = [short.title or form.title, *short.lines] if short else []
            found.append(Standard(key, "\n".join([form.title, *form.lines]), "\n".join(elder)))
    return found


def _texts(key: str, value: Any) -> Iterator[Standard]:
    if isinstance(value, str):
        yield Standard(key, value.strip(), "")
    elif isinstance(value, dict):
        plain = value.get("plain") or value.get("text")
        if isinstance(plain, str):
            titles = tuple(str(b["title"]) for b in value.get("buttons") or [])
            yield Standard(key, plain.strip(), str(value.get("elder") or "").strip(), titles)
