"""Clean text cut into sentences, hard wraps joined; and which of them only speak of a possible case.

Phrases that are looked for inside a sentence are in `core/phrases.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import re2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its span in the text; `text` is on one line, without quote marks."""

    start: int
    end: int
    text: str


# Openers that make a sentence a condition. Words in lower case; Chinese ones need no blank behind.
CONDITIONAL_OPENERS: tuple[str, ...] = (
    *(
        "if",
        "when",
        "whenever",
        "in case",
        "in the event",
        "should",
        "unless",
        "once",
        "provided that",
        "in cases",
    ),
    *(
        "where the",
        "where a",
        "where you",
        "as soon as",
        "assuming",
        "suppose",
        "even if",
        "wenn",
        "falls",
        "sofern",
    ),
    *("si", "lorsque", "quand", "se", "qualora", "cuando", "en caso", "en cas", "in caso"),
    *(
        "如果",
        "若",
        "如您",
        "如买家",
        "如需",
        "如有",
        "如",
        "当",
        "假如",
        "倘若",
        "一旦",
        "万一",
        "要是",
        "除非",
    ),
    *("もし", "場合"),
)
_NOT_OPENERS = (
    "如下",
    "如上",
    "如图",
    "如同",
    "如此",
    "如期",
    "如实",
    "如约",
    "如您所知",
    "当时",
    "当天",
    "当前",
    "当地",
    "当日",
)
_ABBREVIATIONS = frozenset(
    word
    for line in (
        "mr mrs ms dr st ave rd blvd apt vs approx inc ltd co corp etc e.g i.e eg ie dept est ext fig ref tel prof jr",
        "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun sr z.b bzw ca",
    )
    for word in line.split()
)
_ONLY_BEFORE_NUMBERS = frozenset({"no", "nr", "nos", "art", "par", "sec", "vol", "p", "pp", "num", "ord"})
_END = re2.compile(
    r"[.!?]{1,8}[\"')\]]{0,3}(?:[ \t\n]|$)|\p{Han}[!?]{1,8}|[。！？；…]{1,8}[”’\"')）」』]{0,3}|;[ \t\n]|"
    r"\n[ \t>|]{0,16}(?:\n|[-*•·][ \t]|[0-9]{1,2}[.)][ \t]|[A-Z][A-Za-z ]{1,28}:)|\n"
)
_OPENING = " \t\n>|-*•·\"'([（“「『"
_MOST_SENTENCES = 5_000  # a text with more is a flood: the rest of it counts as one sentence
_SHORT_LINE = 40  # a line this short that is followed by a capital was ended on purpose, not wrapped


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a clean text in order; hard-wrapped lines are joined, blank lines and list items split."""
    found: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        if _is_end(text, start, match.start(), match.group()):
            end = match.start() + len(match.group().rstrip())
            if match.group()[0] == "\n":
                end = match.start()
            _add(found, text, start, end)
            start = end
            if len(found) >= _MOST_SENTENCES:
                break
    _add(found, text, start, len(text))
    return tuple(found)


def sentence_at(found: Sequence[Sentence], position: int) -> Sentence | None:
    """The sentence that holds the position; None between sentences. `found` is what `sentences` gave."""
    index = bisect_right(found, position, key=lambda sentence: sentence.start) - 1
    return found[index] if index >= 0 and position < found[index].end else None


def is_conditional(sentence: Sentence | str, openers: Sequence[str] = CONDITIONAL_OPENERS) -> bool:
    """True when the sentence begins like a condition ("If the buyer claims ..."), so that it states no fact."""
    words = sentence if isinstance(sentence, str) else sentence.text
    words = words[:80].lstrip(_OPENING).lower()
    if words.startswith(_NOT_OPENERS):
        return False
    return any(words.startswith(opener) and _ends_word(words, opener) for opener in openers)


def _ends_word(words: str, opener: str) -> bool:
    following = words[len(opener) : len(opener) + 1]
    return not opener[-1].isascii() or not (following.isalnum() or (following in ("'", "-") and following))


def _is_end(text: str, start: int, at: int, mark: str) -> bool:
    if mark == "\n":
        return _is_chosen_line_end(text, start, at)
    if mark[0] != "." or mark[:2] == "..":
        return True
    word = text[max(start, at - 12) : at].split()[-1:]
    last = word[0].strip("(\"'[").lower() if word else ""
    if last in _ONLY_BEFORE_NUMBERS:
        return not text[at + 1 : at + 6].lstrip(" \t\n#:")[:1].isdigit()
    return last not in _ABBREVIATIONS and not (len(last) == 1 and last.isalpha() and last != "i")


def _is_chosen_line_end(text: str, start: int, at: int) -> bool:
    """True for a short line before a capital letter, or a change from Latin to Chinese."""
    line = at - max(start, text.rfind("\n", max(0, at - _SHORT_LINE - 1), at) + 1)
    following = text[at + 1 : at + 12].lstrip(" \t>|")[:1]
    changes_script = following >= "\u3000" and at > start and text[at - 1].isascii()
    return line < _SHORT_LINE and (following.isupper() or changes_script)


def _add(found: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip(" \t\n>|"))
    one_line = " ".join(line.lstrip(" \t>|") for line in text[begin:end].split("\n"))
    if begin < end and one_line.strip():
        found.append(Sentence(begin, begin + len(text[begin:end].rstrip()), " ".join(one_line.split())))
