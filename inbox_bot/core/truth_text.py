"""A letter cut into what can be checked: lines, statements in them, clauses; what is quoted or named is blanked out.

Offsets are those of the text as given. What the record says is in `core/truth_known.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

import re2

from inbox_bot.core.dates import FoundDate, find_dates
from inbox_bot.core.phrase_table import PhraseHit, PhraseTable
from inbox_bot.core.sentences import sentences
from inbox_bot.core.text import plain_text

MOST_CHARACTERS = 200_000  # a longer text is no letter
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}
_LONGEST = 2000  # characters of a statement
_LONG_LINE = 60  # a shorter line was ended on purpose
_NEW_LINE = re2.compile(r"^[ \t]*(?:[-*•·]|[0-9]{1,2}[.)、]|[^:：,，。.\n]{1,45}[:：])")
_ENDS = (".", ":", "。", "：", ";", "；", "!", "?", "！", "？", '"', "”")
_COMMA = re2.compile(r"[,，](?:[^0-9]|$)|[、()（）]|[ ]-[ ]")


@dataclass(frozen=True, slots=True)
class PlainLetter:
    """The letter without invisible characters and typographic quotes, and where each character stood."""

    text: str
    places: tuple[int, ...]

    def original(self, position: int) -> int:
        """The offset in the text as given."""
        return self.places[min(position, len(self.places) - 1)]


def read_plain(text: str) -> PlainLetter:
    """The text made safe to match, at most `MOST_CHARACTERS` of it."""
    chars: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text[:MOST_CHARACTERS]):
        if char == "\r" and text[at + 1 : at + 2] == "\n":
            continue
        plain = _plain(char)
        chars.append(plain)
        places += [at] * len(plain)
    return PlainLetter("".join(chars), (*places, min(len(text), MOST_CHARACTERS)))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    return char if char in " \t\n" else plain_text(f"{char}x")[:-1].translate(_FULL_WIDTH)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, hard wraps joined by a blank; `start` is its offset in the plain letter."""

    start: int
    text: str


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of the plain letter; one that was wrapped hard is one line."""
    found: list[Line] = []
    start = 0
    was_long = False
    for piece in text.split("\n"):
        goes_on = was_long and piece.strip() and _NEW_LINE.search(piece) is None
        if goes_on:
            found[-1] = Line(found[-1].start, f"{found[-1].text} {piece}")
        else:
            found.append(Line(start, piece))
        was_long = len(piece) >= _LONG_LINE and not piece.rstrip().endswith(_ENDS)
        start += len(piece) + 1
    return tuple(line for line in found if line.text.strip())


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a line, or a part of one up to a semicolon; offsets of all parts are those of its `text`.

    `start` is its offset in the plain letter; `goes_on`: it stands behind a semicolon.
    """

    start: int
    text: str
    goes_on: bool
    clauses: tuple[tuple[int, int], ...]

    def clause_at(self, position: int) -> int:
        """Which clause holds the position."""
        return next((n for n, (_, end) in enumerate(self.clauses) if position < end), len(self.clauses) - 1)


def statements_of(line: Line, breaks: PhraseTable) -> Iterator[Statement]:
    """The statements of a line, in order."""
    before = ""
    for one in sentences(line.text):
        for start, end in _in_parts(line.text, one.start, one.end):
            text = line.text[start:end]
            yield Statement(line.start + start, text, before in (";", "；"), _clauses(text, breaks))
            before = text.rstrip()[-1:]


def _at_semicolons(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while (at := _next_semicolon(text, start, end)) >= 0:
        yield start, at + 1
        start = at + 1
    if text[start:end].strip():
        yield start, end


def _in_parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts up to a semicolon; no honest one is long, and a hostile one is cut at a blank."""
    for begin, stop in _at_semicolons(text, start, end):
        while stop - begin > _LONGEST:
            cut = text.rfind(" ", begin + _LONGEST // 2, begin + _LONGEST) + 1 or begin + _LONGEST
            yield begin, cut
            begin = cut
        yield begin, stop


def _next_semicolon(text: str, start: int, end: int) -> int:
    found = [at for mark in (";", "；") if (at := text.find(mark, start, end)) >= 0]
    return min(found, default=-1)


def _clauses(text: str, breaks: PhraseTable) -> tuple[tuple[int, int], ...]:
    dates = find_dates(text, near=_SOME_DAY)
    cuts = [match.start() for match in _COMMA.finditer(text)]
    cuts += [hit.start for hit in breaks.find_all(text, {"breaks"})]
    kept = sorted({cut for cut in cuts if cut and not any(one.start <= cut < one.end for one in dates)})
    edges = [0, *kept, len(text)]
    return tuple(pairwise(edges))


_SOME_DAY = date(2000, 1, 1)


def not_inside(hits: Sequence[PhraseHit]) -> tuple[PhraseHit, ...]:
    """The hits that do not stand inside a longer one."""
    kept: list[PhraseHit] = []
    furthest = -1
    for hit in hits:  # sorted by start, the longest first
        same = bool(kept) and (hit.start, hit.end) == (kept[-1].start, kept[-1].end)
        if hit.end > furthest or same:
            kept.append(hit)
            furthest = max(furthest, hit.end)
    return tuple(kept)


def days_in(text: str, near: date) -> tuple[tuple[FoundDate, frozenset[date]], ...]:
    """Each printed date and every day that it can mean."""
    later = {one.start: one for one in find_dates(text, near=near)}
    found = []
    for one in find_dates(text, near=near, past=True):
        readings = {one.on}
        if one.start in later:
            readings.add(later[one.start].on)
        if one.ambiguous and one.on.day <= 12:
            readings.add(date(one.on.year, one.on.day, one.on.month))
        found.append((one, frozenset(readings)))
    return tuple(found)


def blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with a mark without meaning in place of each span, as long as it was."""
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start < end:
            start = end
        if stop > start:
            pieces += [text[end:start], "_" * (stop - start)]
            end = stop
    return "".join((*pieces, text[end:]))
