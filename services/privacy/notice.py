"""个人信息告知书: who processes what of residents, for what, how long, and what they can ask for.

《个人信息保护法》第十七条 says what has to be told before anything is collected, in words that people understand;
第三十条 what more of sensitive data. The words are data (``data/texts/privacy.yml``), one block for each version.
A version that was once shown stays there: a ticket names the version its resident could read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.config import Settings
from services.retention.rules import load_rules
from services.yaml_files import read_yaml

WAYS: Mapping[str, str] = {
    "chat": "对话里能看",
    "said": "口头说了",
    "sheet": "给看了告知书",
    "later": "还没说，要补",
    "nobody": "没有居民，不用说",
}
"""How the notice was given, as a ticket records it."""


class _Part(BaseModel):
    """A heading with its paragraphs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heading: str
    text: tuple[str, ...]


class _Version(BaseModel):
    """The notice as it was worded from one day on; ``keeps`` says how many days of what it promises."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(pattern=r"^\d{4}-\d{2}(\.\d+)?$")
    since: date
    keeps: Mapping[str, int]
    parts: tuple[_Part, ...]


class _File(BaseModel):
    """``texts/privacy.yml``, the newest version first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: Mapping[str, str]
    versions: tuple[_Version, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Sheet:
    """One version ready to be shown."""

    version: str
    since: date
    parts: tuple[tuple[str, tuple[str, ...]], ...]


class PrivacyNotice:
    """All versions of the notice, filled in for the locality.

    Raises:
        ValueError: The newest version promises other times than ``retention.yml`` keeps to: what changes
            needs a version of its own, so that the old promise stays readable.
    """

    def __init__(self, settings: Settings) -> None:
        data = settings.data_dir
        file = _File.model_validate(_read(data / "texts" / "privacy.yml"))
        classes = load_rules(data / "retention.yml").classes
        newest = file.versions[0]
        other = {k: d for k, d in newest.keeps.items() if k not in classes or classes[k].days != d}  # type: ignore[index]
        if other:
            raise ValueError(
                f"texts/privacy.yml {newest.version}: {', '.join(other)} 和 retention.yml 不一样。"
                "保存期限改了，要在最前面写一个新版本。"
            )
        locality = _read(settings.locality_dir / "locality.yml")
        self.words = file.page
        self.entity = str(locality["legal_entity"])
        self.url = f"{settings.public_url.rstrip('/')}/privacy" if settings.public_url else ""
        self._facts = {
            "entity": self.entity,
            "contact": locality["contact"],
            "hours": locality["office_hours"]["text"],
            "heard": days_text(settings.heard_days),
        }
        self._versions = {v.version: v for v in file.versions}
        self.current = newest.version

    @property
    def greeting(self) -> dict[str, str]:
        """Return what the first words of a conversation name: who processes, where to read more."""
        where = self.url or self.words["no_address"]
        return {"entity": self.entity, "notice": where}

    @property
    def versions(self) -> tuple[str, ...]:
        """Return all versions, the newest first."""
        return tuple(self._versions)

    def sheet(self, version: str | None = None) -> Sheet | None:
        """Return a version, the newest when none is named; None when there is no such version."""
        found = self._versions.get(version or self.current)
        if found is None:
            return None
        kept = {f"keep_{name}": days_text(days) for name, days in found.keeps.items()}
        facts = {**self._facts, **kept}
        parts = tuple((p.heading, tuple(t.format(**facts) for t in p.text)) for p in found.parts)
        return Sheet(found.version, found.since, parts)

    def given(self, how: str) -> dict[str, str]:
        """Return what a ticket keeps: which version, and how it was given (a key of ``WAYS``)."""
        return {"version": self.current, "how": how}


def days_text(days: int) -> str:
    """Return days in words: whole years as years.

    >>> days_text(1095), days_text(180)
    ('3年', '180天')
    """
    return f"{days // 365}年" if days and days % 365 == 0 else f"{days}天"


def _read(path: Path) -> dict[str, Any]:
    return dict(read_yaml(path.read_text(encoding="utf-8")))
