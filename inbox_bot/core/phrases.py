"""Phrases as data: plain words with a tiny syntax, compiled to linear-time patterns, and the sentences they stand in.

The syntax: a blank is any white space, a hard wrap included (between Chinese characters it may be missing); a Chinese
character also matches its form in the other script; `(a|b)` are alternatives, an empty one makes the group optional;
`...` is up to 60 characters of the same sentence; `*` behind a letter is the rest of the word; behind an apostrophe
the blank may be missing. Case does not matter and words match whole. Tables of phrases are in `core/phrase_table.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from inbox_bot.core.folded import FoldedText, compiled, fold
from inbox_bot.core.phrase_pattern import FOLDED, LONGEST_GAP, ON_A_LINE, PLAIN, Lists, pattern_of
from inbox_bot.core.phrase_pieces import LIST, Piece, between_gaps, must_runs, pieces_of, weight
from inbox_bot.core.sentences import Sentence, is_conditional, sentence_at, sentences

__all__ = [
    "Phrase",
    "Sentence",
    "WordList",
    "compile_phrase",
    "is_conditional",
    "sentence_at",
    "sentences",
]

_LONGEST = 400
# A gap stays inside the sentence; a point before a digit ends none.
_ENDS_SENTENCE = re.compile(r"[!?。！？；\n]|[.](?![0-9])")


@dataclass(frozen=True)
class WordList:
    """Phrases that stand for one another, and that other phrases name as `<list>`."""

    phrases: tuple[Phrase, ...]

    @cached_property
    def plain(self) -> str:
        """The list as a pattern for a text as it came."""
        return "(?:" + "|".join(phrase.pattern for phrase in self.phrases) + ")"

    @cached_property
    def folded(self) -> str:
        """The list as a pattern for a folded text."""
        return "(?:" + "|".join(phrase.folded for phrase in self.phrases) + ")"


@dataclass(frozen=True)
class Phrase:
    """One phrase: its words, and the patterns that are made of them when they are needed."""

    words: str
    _pieces: tuple[Piece, ...] = field(repr=False, compare=False)
    _lists: Lists | None = field(default=None, repr=False, compare=False)

    @cached_property
    def pattern(self) -> str:
        """The whole phrase as an re2 pattern for a clean text as it came."""
        return pattern_of(self._pieces, PLAIN, self._lists)

    @cached_property
    def pattern_on_a_line(self) -> str:
        """As `pattern`, without line ends between the words."""
        return pattern_of(self._pieces, ON_A_LINE, self._lists)

    @cached_property
    def folded(self) -> str:
        """The whole phrase as an re2 pattern for a folded text."""
        return pattern_of(self._pieces, FOLDED, self._lists)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """What stands before, between and behind the gaps, as patterns for a folded text."""
        parts = between_gaps(self._pieces)
        return tuple(pattern_of(part, FOLDED, self._lists) for part in parts)

    @cached_property
    def telling(self) -> str:
        """A pattern for a folded text: where the phrase stands, it does too.

        It is small, so that the telling words of many phrases can be looked for at once.
        """
        return pattern_of(max(must_runs(self._pieces), key=weight), FOLDED, self._lists)

    @property
    def has_gap(self) -> bool:
        """True when the phrase holds a `...`."""
        return any(piece.kind == "gap" for piece in self._pieces)

    def found_in(self, text: str) -> bool:
        """True when the phrase stands in the clean text."""
        return next(self.spans_in(text), None) is not None

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each place where the phrase stands in the clean text."""
        folded = fold(text)
        return (folded.original(*span) for span in self.spans(folded))

    def spans(self, text: FoldedText) -> Iterator[tuple[int, int]]:
        """Start and end of each place in the folded text; those of one phrase do not overlap."""
        first, *others = self.parts
        if not others:
            yield from text.spans(first)
            return
        last = 0
        for start, end in text.spans(first):
            if start >= last and (found := _reached(text, others, end)) is not None:
                yield start, found
                last = found


def _reached(text: FoldedText, parts: list[str], end: int) -> int | None:
    """Where the last of the parts ends, when each stands behind the one before it, a gap between."""
    part, *others = parts
    for _, part_end in _behind(text, part, end):
        found = _reached(text, others, part_end) if others else part_end
        if found is not None:
            return found
    return None


def _behind(text: FoldedText, part: str, end: int) -> Iterator[tuple[int, int]]:
    for begins, ends in text.spans(part):
        start, part_end = begins, ends
        if begins < end < ends:
            # The words also stand, with more before them, across the end of the part that was found first.
            window = text.text[end - 1 : end + LONGEST_GAP + _LONGEST]
            if (overlapped := compiled(part).search(window, 1)) is not None:
                start, part_end = end - 1 + overlapped.start(), end - 1 + overlapped.end()
        if start < end:
            continue
        gap = text.text[end:start].strip(" ")
        if len(gap) > LONGEST_GAP or _ENDS_SENTENCE.search(gap) is not None:
            return
        yield start, part_end


def compile_phrase(phrase: str, lists: Lists | None = None) -> Phrase:
    """The phrase ready to match, `<name>` in it standing for the words of a list when there are lists.

    Raises ValueError that says what is wrong with it.
    """
    words = " ".join(phrase.split())
    if not words:
        raise ValueError("the phrase is empty")
    if len(words) > _LONGEST:
        raise ValueError(f"the phrase is longer than {_LONGEST} characters")
    pieces = tuple(pieces_of(words))
    if pieces[0].kind == "gap" or pieces[-1].kind == "gap":
        raise ValueError("'...' must stand between words")
    if all(piece.optional or piece.kind in ("gap", "space") for piece in pieces):
        raise ValueError("every part of the phrase is optional")
    if _DANGLING.search(words) is not None:
        raise ValueError("'*' must stand behind a letter")
    if lists is not None and (
        unknown := next((name for name in LIST.findall(words) if name not in lists), "")
    ):
        raise ValueError(f"there is no word list <{unknown}> in [words]")
    return Phrase(words, pieces, lists)


_DANGLING = re.compile(r"(?:^|[\W\d_])[*]")
