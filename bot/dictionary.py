"""Makes Jieba's user dictionary: names of places and terms of the field stay whole words.

``bot/.venv/bin/python -m bot.dictionary`` writes ``bot/data/jieba/linda.txt`` from the localities'
places, certificates and ``bot/data/terms.txt``. Run it after a place was added, before training.
"""

from __future__ import annotations

from pathlib import Path

from bot.understanding.certificates import load_certificates
from bot.understanding.gazetteer import load_gazetteer
from bot.understanding.words import DATA

TARGET = DATA / "jieba" / "linda.txt"
_FREQUENCY = 20000


def words() -> list[str]:
    """All words of the dictionary, sorted."""
    terms = (DATA / "terms.txt").read_text(encoding="utf-8").split()
    names = {c.name for c in load_certificates().values() if c.name.isalpha()}
    return sorted({*terms, *names, *load_gazetteer().names})


def write(target: Path = TARGET) -> Path:
    """Write the dictionary in Jieba's form: word, frequency."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{word} {_FREQUENCY}" for word in words() if " " not in word]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    write()
