"""Stretches of a text that something was found in, and quick answers to whether they touch.

Small and pure; what a span means is said by whoever finds it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to before `end` of a text, and what they were taken for."""

    start: int
    end: int
    kind: str


class SpanSet:
    """Spans joined where they overlap; immutable."""

    __slots__ = ("_ends", "_spans")

    def __init__(self, spans: Iterable[Span]) -> None:
        joined: list[Span] = []
        for span in sorted(spans):
            if joined and span.start < joined[-1].end:
                if span.end > joined[-1].end:
                    joined[-1] = Span(joined[-1].start, span.end, joined[-1].kind)
            else:
                joined.append(span)
        self._spans = joined
        self._ends = [span.end for span in joined]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def touches(self, start: int, end: int) -> bool:
        """Whether any of the spans shares a character with this stretch."""
        index = bisect_left(self._ends, start + 1)
        return index < len(self._spans) and self._spans[index].start < end

    def gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches between `start` and `end` that no span shares."""
        index = bisect_left(self._ends, start + 1)
        while start < end and index < len(self._spans) and self._spans[index].start < end:
            if self._spans[index].start > start:
                yield start, self._spans[index].start
            start = self._spans[index].end
            index += 1
        if start < end:
            yield start, end


_FORMS = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width ASCII


def digits_plain(text: str) -> str:
    """The text with every decimal digit and full-width sign in ASCII, and as long as it was."""
    text = text.translate(_FORMS)
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char, char)) if not char.isascii() and char.isdecimal() else _dash(char)
        for char in text
    )


def _dash(char: str) -> str:
    return "-" if "\u2010" <= char <= "\u2015" or char == "\u2212" else char


def latin_plain(text: str) -> str:
    """The text with Latin letters stripped of their accents, and as long as it was."""
    return text if text.isascii() else "".join(char if char.isascii() else _base(char) for char in text)


_BASES = {
    "ß": "s",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "æ": "a",
    "Æ": "A",
    "œ": "o",
    "Œ": "O",
    "đ": "d",
    "ı": "i",
}


@lru_cache(maxsize=4096)
def _base(char: str) -> str:
    if not "\u00c0" <= char <= "\u024f":
        return char
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else _BASES.get(char, char)
