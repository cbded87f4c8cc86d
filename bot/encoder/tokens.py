"""Cuts a sentence into pieces as the model was trained on: SentencePiece, unigram.

The same as ``tok_content`` in the package's ``e5.c``: the likeliest way to cut, by the pieces' scores.
"""

from __future__ import annotations

from bot.encoder.weights import Vocabulary

#: Stands for a space, also before the first word.
_SPACE = "▁"
_PREFIX = "query: "
_NEVER = -1e30


class Tokens:
    """Texts → numbers of pieces."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """``vocabulary``: the model's pieces."""
        self._v = vocabulary
        self._unknown_score = min(vocabulary.scores) - 10.0
        self._most_bytes = max(map(len, vocabulary.pieces))

    def of(self, text: str) -> list[int]:
        """The tokens of ``text`` as a query; what goes beyond the longest sentence is left out."""
        content = self._cut(self._normal(_PREFIX + text))[: self._v.longest - 2]
        return [self._v.begin, *content, self._v.end]

    def _normal(self, text: str) -> str:
        points = (p for char in text for p in self._v.normal.get(ord(char), (ord(char),)))
        normal = "".join(map(chr, points))
        while "  " in normal:
            normal = normal.replace("  ", " ")
        return (normal if normal.startswith(" ") else " " + normal).replace(" ", _SPACE)

    def _cut(self, text: str) -> list[int]:
        """Viterbi: the best way to each character, over the pieces that end there."""
        letters = [letter.encode("utf-8", "replace") for letter in text]
        score = [0.0] + [_NEVER] * len(letters)
        came: list[tuple[int, int]] = [(0, 0)] * (len(letters) + 1)
        pieces, scores, unknown = self._v.pieces, self._v.scores, self._v.unknown
        for start, so_far in enumerate(score[:-1]):
            so_far = score[start]
            piece = b""
            for end in range(start + 1, len(letters) + 1):
                piece += letters[end - 1]
                if len(piece) > self._most_bytes:
                    break
                number = pieces.get(piece)
                if number is not None and number != unknown:
                    value = so_far + scores[number]
                    if value > score[end]:
                        score[end], came[end] = value, (start, number)
            if so_far + self._unknown_score > score[start + 1]:
                score[start + 1] = so_far + self._unknown_score
                came[start + 1] = (start, unknown)
        found, at = [], len(letters)
        while at > 0:
            at, number = came[at]
            found.append(number)
        return found[::-1]
