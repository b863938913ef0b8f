"""The pieces of a phrase as a linear-time pattern, for a text as it came or for a folded one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import re2

from inbox_bot.core.chinese import forms_of
from inbox_bot.core.folded import is_cjk, one_spelling
from inbox_bot.core.phrase_pieces import LIST, Piece

LONGEST_GAP = 60  # characters


class Words(Protocol):
    """A word list as a pattern, in either spelling."""

    @property
    def plain(self) -> str:
        """For a text as it came."""

    @property
    def folded(self) -> str:
        """For a folded text."""


Lists = Mapping[str, Words]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a phrase is written as a pattern for one kind of text."""

    space: str
    rest_of_word: str
    opening: str
    gap: str
    is_folded: bool


# A clean text as it came. \pL for a letter would make the patterns ten times as big.
PLAIN = Spelling(
    space=r"(?:[ \t]+|[ \t]*\n[ \t>|]*)",
    rest_of_word=r"[A-Za-z\x{C0}-\x{24F}]*",
    opening="(?i:",
    gap=rf"(?:[^.!?。！？；\n]|\n[^\n]|[.][0-9]){{0,{LONGEST_GAP}}}?",
    is_folded=False,
)
ON_A_LINE = replace(PLAIN, space="(?:[ ]+)")
FOLDED = Spelling(
    space=" ",
    rest_of_word=r"[a-z\x{DF}-\x{24F}]*",
    opening="(?:",
    gap=rf"(?:[^.!?。！？；\n]|[.][0-9]){{0,{LONGEST_GAP}}}?",
    is_folded=True,
)


def pattern_of(pieces: tuple[Piece, ...], spelling: Spelling, lists: Lists | None) -> str:
    """The pieces in a row as an re2 pattern."""
    parts: list[str] = []
    no_space = f"{spelling.space}?"
    for position, piece in enumerate(pieces):
        behind = pieces[position + 1] if position + 1 < len(pieces) else None
        before = pieces[position - 1] if position else None
        if piece.kind == "gap":
            parts.append(spelling.gap)
        elif piece.kind == "space":
            if _takes_the_blank(before) or (
                behind is not None and behind.optional and position == len(pieces) - 2
            ):
                continue  # the optional group brings the blank along
            if behind is not None and behind.kind == "gap":
                parts.append("[ \\t]*")
                continue
            if before is not None and before.kind == "gap":
                parts.append(no_space)
                continue
            joins = _edge(before, -1) or _edge(behind, 0) or _elides(before)
            parts.append(no_space if joins else spelling.space)
        else:
            is_last = position == len(pieces) - 1
            words = "|".join(_word(word, spelling, lists) for word in piece.alternatives if word)
            parts.append(_with_its_blank(f"(?:{words})", piece, before, behind, spelling, is_last=is_last))
    return spelling.opening + "".join(parts) + ")"


def _takes_the_blank(piece: Piece | None) -> bool:
    return piece is not None and piece.optional


def _with_its_blank(
    pattern: str,
    piece: Piece,
    before: Piece | None,
    behind: Piece | None,
    spelling: Spelling,
    *,
    is_last: bool,
) -> str:
    """The pattern of a piece; one that may be missing takes the blank beside it along."""
    if not piece.optional:
        return pattern
    alternatives = [word for word in piece.alternatives if word]
    joins = _elides(piece) or any(is_cjk(word[0]) or is_cjk(word[-1]) for word in alternatives)
    blank = f"{spelling.space}?" if joins else spelling.space
    if behind is not None and behind.kind == "space":
        return f"(?:{pattern}{blank})?"
    if is_last and before is not None and before.kind == "space":
        return f"(?:{blank}{pattern})?"
    return f"{pattern}?"


_SPELT_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}  # as German is written where a keyboard lacks them


def _word(word: str, spelling: Spelling, lists: Lists | None) -> str:
    """One run of words as a pattern, with the word lists in it."""
    if lists is None or "<" not in word:
        return _literal(word, spelling)
    parts: list[str] = []
    at = 0
    for named in LIST.finditer(word):
        parts.append(_literal(word[at : named.start()], spelling, starts_word=at == 0, ends_word=False))
        words = lists[named.group(1)]
        parts.append(words.folded if spelling.is_folded else words.plain)
        at = named.end()
    parts.append(_literal(word[at:], spelling, starts_word=False))
    return "".join(parts)


@lru_cache(maxsize=32_768)
def _literal(word: str, spelling: Spelling, *, starts_word: bool = True, ends_word: bool = True) -> str:
    """One run of words as a pattern: blanks, Chinese runs, `*` and word edges."""
    if not word:
        return ""
    if spelling.is_folded:
        word = one_spelling(word)
    parts = [r"\b"] if starts_word and _is_ascii_word(word[0]) else []
    previous = ""
    for char in word:
        if char == "*":
            parts.append(spelling.rest_of_word)
        elif char == " ":
            parts.append(f"{spelling.space}?" if is_cjk(previous) else spelling.space)
        else:
            if is_cjk(previous) and is_cjk(char) and not spelling.is_folded:
                parts.append(f"{spelling.space}?")
            parts.append(_character(char, spelling))
        previous = char
    if ends_word and _is_ascii_word(word[-1]):
        parts.append(r"\b")
    return "".join(parts)


def _character(char: str, spelling: Spelling) -> str:
    if (spelt := _SPELT_OUT.get(char.lower())) is not None:
        return f"(?:{char}|{spelt})"
    forms = char if spelling.is_folded else forms_of(char)
    if len(forms) > 1:
        return f"[{forms}]"
    return char if char.isalnum() else re2.escape(char)


def _is_ascii_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _elides(piece: Piece | None) -> bool:
    """Whether a word of the piece ends in an apostrophe and stands right before the next: "de l'article"."""
    return piece is not None and any(word.endswith("'") for word in piece.alternatives)


def _edge(piece: Piece | None, side: int) -> bool:
    return piece is not None and any(is_cjk(word[side]) for word in piece.alternatives if word)
