"""Texts as phrases are looked for in them: one case, one blank, one Chinese script, with the way back to the original.

A run of blanks with a hard wrap and quote marks is one blank; one with an empty line is a line break, which no phrase
goes across. Between Chinese or Japanese characters a blank or a wrap is left out. How phrases are written is in
`core/phrases.py`.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from functools import lru_cache
from itertools import islice

import re2

from inbox_bot.core.chinese import ONE_SCRIPT
from inbox_bot.core.pattern_set import PatternSet

_MOST_HITS = 1000  # of one pattern; a text with more is a flood that is not read on
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_BLANKS = re.compile(rf"[ \t]*\n[ \t>|\n]*|[ \t]{{2,}}|\t|(?<=[{_CJK}]) (?=[{_CJK}])")
_IS_CJK = re.compile(f"[{_CJK}]")
_LONGEST_KEPT = 200_000
_SHORT = 400


def one_spelling(text: str) -> str:
    """The text in small letters and simplified characters, each character in its place."""
    # The dotted capital of Turkish is the only letter whose small form is two characters long.
    small = text.replace("İ", "I").lower()
    return small if small.isascii() else small.translate(ONE_SCRIPT)


def is_cjk(char: str) -> bool:
    """Whether it is a Chinese character or a Japanese letter: words of these are written without blanks."""
    return bool(char) and _IS_CJK.match(char) is not None


class FoldedText:
    """A clean text in one spelling; `original` leads a place in it back to the text it was made of."""

    __slots__ = ("_firsts", "_found", "_shifts", "_told", "text")

    def __init__(self, text: str) -> None:
        self.text = text = one_spelling(text)
        self._found: dict[str, tuple[tuple[int, int], ...]] = {}
        self._told: dict[PatternSet, frozenset[int]] = {}
        # From the place in the folded text on, so many characters of the original were left out before it.
        self._firsts, self._shifts = array("l"), array("l")
        if not (text.isascii() and "\n" not in text and "\t" not in text and "  " not in text):
            self._fold_blanks(text)

    def _fold_blanks(self, text: str) -> None:
        parts: list[str] = []
        at = length = 0
        for run in _BLANKS.finditer(text):
            start, end = run.span()
            blank = _folded_blank(text, start, end)
            parts += (text[at:start], blank)
            length += start - at + len(blank)
            self._firsts.append(length)
            self._shifts.append(end - length)
            at = end
        if parts:
            self.text = "".join((*parts, text[at:]))

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original text of one in the folded text that begins and ends with a word."""
        return self._back(start), self._back(end - 1) + 1

    def _back(self, place: int) -> int:
        behind = bisect_right(self._firsts, place)
        return place + self._shifts[behind - 1] if behind else place

    def spans(self, pattern: str) -> tuple[tuple[int, int], ...]:
        """Where the pattern stands as whole words, in order; at most the first thousand places."""
        if (kept := self._found.get(pattern)) is None:
            places = (match.span() for match in islice(compiled(pattern).finditer(self.text), _MOST_HITS))
            kept = tuple(span for span in places if is_whole(self.text, *span))
            self._found[pattern] = kept
        return kept

    def told_by(self, patterns: PatternSet) -> frozenset[int]:
        """Which of the patterns may stand in the text; asked once of each set."""
        if (told := self._told.get(patterns)) is None:
            told = self._told[patterns] = patterns.which(self.text)
        return told


def _folded_blank(text: str, start: int, end: int) -> str:
    if text.count("\n", start, end) > 1:
        return "\n"
    between_cjk = is_cjk(text[start - 1 : start]) and is_cjk(text[end : end + 1])
    return "" if between_cjk else " "


def fold(text: str) -> FoldedText:
    """The folded text, kept for the next who asks: a text is searched for many things, one after the other."""
    if len(text) > _LONGEST_KEPT:
        return FoldedText(text)
    return _kept_short(text) if len(text) < _SHORT else _kept(text)


_kept = lru_cache(maxsize=8)(FoldedText)
_kept_short = lru_cache(maxsize=256)(FoldedText)


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin word is cut at either end: re2 takes "ñ" for no letter, so that it finds "se" in "señala".

    A phrase whose own last letter is such a one has no edge there: "signé" also stands in "signée".
    """
    before, behind = text[start - 1 : start], text[end : end + 1]
    return not (_is_cut(text[start : start + 1], before) or _is_cut(text[end - 1 : end], behind))


# Turkish endings begin with these: a stem that stands before one is the word that is meant.
_TURKISH = "ığş"


def _is_cut(inside: str, outside: str) -> bool:
    return (
        inside.isascii() and inside.isalpha() and "\u00c0" <= outside <= "\u024f" and outside not in _TURKISH
    )


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> re2._Regexp:
    """The pattern ready to match; compiled when it is first needed, for most tables are big and most mails small."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return re2.compile(pattern, options)
