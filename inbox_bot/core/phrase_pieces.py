"""A phrase cut into words, groups, gaps and blanks.

The syntax is told in `core/phrases.py`; what the pieces become as patterns in `core/phrase_pattern.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A run of words up to the next blank or mark of the syntax; the name of a word list may hold blanks.
_TEXT = re.compile(r"(?:<[^<>]{1,40}>|(?![.]{3})[^ ()|])+")

LIST = re.compile(r"<([^<>]{1,40})>")  # a word list by its name


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a group of alternatives, a gap or a blank."""

    kind: str  # "text", "group", "gap" or "space"
    alternatives: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether the phrase also stands without it."""
        return self.kind == "group" and "" in self.alternatives


def pieces_of(words: str) -> Iterator[Piece]:
    """The phrase cut into words, groups, gaps and blanks."""
    rest = words
    while rest:
        if rest.startswith("..."):
            yield Piece("gap")
            rest = rest.lstrip(".")
        elif rest[0] == "(":
            inside, closed, rest = rest[1:].partition(")")
            if not closed:
                raise ValueError("a '(' without its ')'")
            if "(" in inside or "..." in inside:
                raise ValueError("'(' and '...' cannot stand inside '(...)'")
            alternatives = tuple(part.strip() for part in inside.split("|"))
            if not any(alternatives):
                raise ValueError("an empty '()'")
            yield Piece("group", alternatives)
        elif rest[0] in ")|":
            raise ValueError(f"a {rest[0]!r} without its '('")
        elif rest[0] == " ":
            yield Piece("space")
            rest = rest[1:]
        else:
            text = next(_TEXT.finditer(rest)).group()
            yield Piece("text", (text,))
            rest = rest[len(text) :]


def between_gaps(pieces: tuple[Piece, ...]) -> list[tuple[Piece, ...]]:
    """The pieces cut at the gaps, without the blanks round these; what may be missing as a whole is left out."""
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.kind == "gap":
            parts.append([])
        else:
            parts[-1].append(piece)
    trimmed = map(_trimmed, parts)
    return [tuple(part) for part in trimmed if any(not one.optional and one.kind != "space" for one in part)]


def _trimmed(pieces: list[Piece]) -> list[Piece]:
    """The pieces without blanks at either end."""
    words = [place for place, piece in enumerate(pieces) if piece.kind != "space"]
    return pieces[words[0] : words[-1] + 1] if words else []


def must_runs(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    """The runs of pieces of which none may be missing, nor be a word list or a gap."""
    run: list[Piece] = []
    for piece in (*pieces, Piece("gap")):
        if piece.kind != "gap" and not piece.optional and not is_list(piece):
            run.append(piece)
            continue
        if run := _trimmed(run):
            yield tuple(run)
        if is_list(piece):
            yield (piece,)
        run = []


def weight(run: tuple[Piece, ...]) -> int:
    """How many characters of the run there are at least; 0 for a word list, whose words are not known here."""
    return 0 if any(map(is_list, run)) else sum(min(map(len, piece.alternatives), default=0) for piece in run)


def is_list(piece: Piece) -> bool:
    """Whether one of its alternatives is a word list."""
    return any(word[:1] == "<" and word[-1:] == ">" for word in piece.alternatives)
