"""Phrases as data: plain words with a tiny syntax, compiled to linear-time patterns, and the sentences they stand in.

The syntax: a blank is any white space, a hard wrap included (between Chinese characters it may be missing); a Chinese
character also matches its form in the other script; `(a|b)` are alternatives, an empty one makes the group optional;
`...` is up to 60 characters of the same sentence; `*` behind a letter is the rest of the word; behind an apostrophe
the blank may be missing. Case does not matter and words match whole. Tables of phrases are in `core/phrase_table.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import re2

from inbox_bot.core.chinese import forms_of
from inbox_bot.core.sentences import Sentence, is_conditional, sentence_at, sentences

__all__ = [
    "Phrase",
    "Sentence",
    "compile_phrase",
    "compiled",
    "is_conditional",
    "sentence_at",
    "sentences",
]

_SPACE = r"(?:[ \t]+|[ \t]*\n[ \t>|]*)"
_NO_SPACE = rf"{_SPACE}?"
# A gap stays inside the sentence. Patterns with a counted gap are slow on a long text, so that a text is first
# searched with the loose gap, and a short window round each hit with the counted one.
_IN_SENTENCE = r"(?:[^.!?。！？；\n]|\n[^\n]|[.][0-9])"
_LONGEST_GAP = 60
_LOOSE_GAP = rf"{_IN_SENTENCE}*?"
_GAP = rf"{_IN_SENTENCE}{{0,{_LONGEST_GAP}}}?"
_REST_OF_WORD = r"[A-Za-z\x{C0}-\x{24F}]*"  # Latin letters; \pL would make the patterns ten times as big
_LONGEST = 400
MOST_HITS = 100  # of one phrase or group; a text with more is a flood that is not read on


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase: its words, the re2 pattern it became, the looser one that finds candidates, and its telling part.

    Where the phrase stands, a word of `telling` stands; it is small, so that many phrases are looked for at once.
    """

    words: str
    pattern: str
    loose_pattern: str
    telling: str

    @property
    def has_gap(self) -> bool:
        """True when the phrase holds a `...`."""
        return self.pattern != self.loose_pattern

    def found_in(self, text: str) -> bool:
        """True when the phrase stands in the clean text."""
        return next(self.spans_in(text), None) is not None

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each place where the phrase stands in the clean text."""
        strict = compiled(self.pattern)
        window = self.words.count("...") * _LONGEST_GAP + 2 * _LONGEST
        for match in islice(compiled(self.loose_pattern).finditer(text), MOST_HITS):
            start, end = match.span()
            if not self.has_gap:
                if is_whole(text, start, end):
                    yield start, end
                continue
            # The loose gap ran to the first possible end; the words before it may stand there more than once.
            begin = max(start, end - window)
            found = strict.search(text[begin : end + 1])
            if found is not None and is_whole(text, begin + found.start(), begin + found.end()):
                yield begin + found.start(), begin + found.end()


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin word is cut at either end: re2 takes "ñ" for no letter, so that it finds "se" in "señala".

    A phrase whose own last letter is such a one has no edge there: "signé" also stands in "signée".
    """
    before, behind = text[start - 1 : start], text[end : end + 1]
    return not (_is_cut(text[start : start + 1], before) or _is_cut(text[end - 1 : end], behind))


# Turkish endings begin with these: a stem that stands before one is the word that is meant.
_TURKISH = "ığşİ"


def _is_cut(inside: str, outside: str) -> bool:
    return (
        inside.isascii() and inside.isalpha() and "\u00c0" <= outside <= "\u024f" and outside not in _TURKISH
    )


def compile_phrase(phrase: str) -> Phrase:
    """The phrase ready to match; raises ValueError that says what is wrong with it."""
    words = " ".join(phrase.split())
    if not words:
        raise ValueError("the phrase is empty")
    if len(words) > _LONGEST:
        raise ValueError(f"the phrase is longer than {_LONGEST} characters")
    pieces = list(_pieces(words))
    if pieces[0].kind == "gap" or pieces[-1].kind == "gap":
        raise ValueError("'...' must stand between words")
    if all(piece.optional or piece.kind in ("gap", "space") for piece in pieces):
        raise ValueError("every part of the phrase is optional")
    return Phrase(words, _pattern(pieces, _GAP), _pattern(pieces, _LOOSE_GAP), _telling(pieces))


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str  # "text", "group", "gap" or "space"
    alternatives: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        return self.kind == "group" and "" in self.alternatives


def _pieces(words: str) -> Iterator[_Piece]:
    """The phrase cut into words, groups, gaps and blanks."""
    rest = words
    while rest:
        if rest.startswith("..."):
            yield _Piece("gap")
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
            yield _Piece("group", alternatives)
        elif rest[0] in ")|":
            raise ValueError(f"a {rest[0]!r} without its '('")
        elif rest[0] == " ":
            yield _Piece("space")
            rest = rest[1:]
        else:
            length = min(
                (at for at in (rest.find(mark) for mark in (" ", "(", ")", "|", "...")) if at > 0),
                default=len(rest),
            )
            yield _Piece("text", (rest[:length],))
            rest = rest[length:]


def _pattern(pieces: list[_Piece], gap: str) -> str:
    parts: list[str] = []
    for position, piece in enumerate(pieces):
        behind = pieces[position + 1] if position + 1 < len(pieces) else None
        before = pieces[position - 1] if position else None
        if piece.kind == "gap":
            parts.append(gap)
        elif piece.kind == "space":
            if _takes_the_blank(before) or (
                behind is not None and behind.optional and position == len(pieces) - 2
            ):
                continue  # the optional group brings the blank along
            if behind is not None and behind.kind == "gap":
                parts.append("[ \\t]*")
                continue
            if before is not None and before.kind == "gap":
                parts.append(_NO_SPACE)
                continue
            joins = _edge(before, -1) or _edge(behind, 0) or _elides(before)
            parts.append(_NO_SPACE if joins else _SPACE)
        else:
            parts.append(_words_pattern(piece, before, position == len(pieces) - 1, behind))
    return "(?i:" + "".join(parts) + ")"


def _telling(pieces: list[_Piece]) -> str:
    """The longest part that must stand where the phrase does; what stands in for a word list only if nothing else."""
    musts = [piece for piece in pieces if piece.kind in ("text", "group") and not piece.optional]
    best = max(musts, key=lambda one: 0 if _stands_in(one) else min(map(len, one.alternatives)))
    return "(?i:" + "|".join(_literal(word) for word in best.alternatives) + ")"


def _stands_in(piece: _Piece) -> bool:
    return any(word.startswith("zq") and word.endswith("qz") for word in piece.alternatives)


def _takes_the_blank(piece: _Piece | None) -> bool:
    return piece is not None and piece.optional


def _words_pattern(piece: _Piece, before: _Piece | None, is_last: bool, behind: _Piece | None) -> str:
    alternatives = [word for word in piece.alternatives if word]
    pattern = "(?:" + "|".join(_literal(word) for word in alternatives) + ")"
    if not piece.optional:
        return pattern
    joins = _elides(piece) or any(_is_cjk(word[0]) or _is_cjk(word[-1]) for word in alternatives)
    blank = _NO_SPACE if joins else _SPACE
    if behind is not None and behind.kind == "space":
        return f"(?:{pattern}{blank})?"
    if is_last and before is not None and before.kind == "space":
        return f"(?:{blank}{pattern})?"
    return f"{pattern}?"


_SPELT_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}  # as German is written where a keyboard lacks them


@lru_cache(maxsize=32_768)
def _literal(word: str) -> str:
    """One run of words as a pattern: blanks, Chinese runs, `*` and word edges."""
    parts = [r"\b"] if _is_ascii_word(word[0]) else []
    previous = ""
    for char in word:
        if char == "*":
            if not previous.isalpha():
                raise ValueError("'*' must stand behind a letter")
            parts.append(_REST_OF_WORD)
        elif char == " ":
            parts.append(_NO_SPACE if _is_cjk(previous) else _SPACE)
        else:
            if _is_cjk(previous) and _is_cjk(char):
                parts.append(_NO_SPACE)
            forms = forms_of(char)
            if (spelt := _SPELT_OUT.get(char.lower())) is not None:
                parts.append(f"(?:{char}|{spelt})")
            else:
                parts.append(f"[{forms}]" if len(forms) > 1 else char if char.isalnum() else re2.escape(char))
        previous = char
    if _is_ascii_word(word[-1]):
        parts.append(r"\b")
    return "".join(parts)


def _is_ascii_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _is_cjk(char: str) -> bool:
    return bool(char) and (
        "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"
    )


def _elides(piece: _Piece | None) -> bool:
    """Whether a word of the piece ends in an apostrophe and stands right before the next: "de l'article"."""
    return piece is not None and any(word.endswith("'") for word in piece.alternatives)


def _edge(piece: _Piece | None, side: int) -> bool:
    return piece is not None and any(_is_cjk(word[side]) for word in piece.alternatives if word)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re2._Regexp:
    """The pattern ready to match; compiled when it is first needed, for most tables are big and most mails small."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return re2.compile(pattern, options)
