"""Rules out of what a person marks in a mail that the rules do not know: phrases without names, numbers and dates.

A mark says what words of the mail mean. Words of a kind, a reason, a question or an outcome become a phrase of that
meaning; a value (the order number, the amount) teaches the label that stands before it. Nothing here reads files or
trusts anybody: who may write notices is said in the configuration and the bundled rules alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from inbox_bot.core.folded import fold
from inbox_bot.core.model import Ask, Kind, Outcome, Reason
from inbox_bot.core.phrases import compile_phrase
from inbox_bot.core.text import plain_line

LABELLED = {
    "order_id": "order_id",
    "amount": "disputed_amount",
    "items": "items",
    "destination": "destination",
    "respond_by": "respond_by",
}
"""The fields that are known by the label before them, and what such a label means."""

MEANINGS = {
    "kind": tuple(one.value for one in (Kind.CLAIM, Kind.INFORMATION_REQUEST, Kind.DECISION)),
    "reason": tuple(one.value for one in Reason if one is not Reason.UNKNOWN),
    "ask": tuple(one.value for one in Ask),
    "outcome": tuple(one.value for one in Outcome),
    "deadline": ("answer", "by", "other_period"),
    "wording": ("asking", "alleging", "conditional"),
}
"""The fields whose words have one of these meanings."""

_SECTIONS = {
    "kind": "mark",
    "reason": "reason",
    "ask": "ask",
    "outcome": "outcome",
    "deadline": "deadline",
    "wording": "wording",
}
_FEWEST_LETTERS = 7
_FEWEST_CHARACTERS = 4  # of Chinese and Japanese, where one is as much as half a word
_LONGEST_LABEL = 60
_TOKEN = re.compile(r"\S+")
_PUNCTUATION = " \t.,;:!?\"'“”„«»‹›。，、；：！？「」『』（）()[]|*…-–—"
_SPEAKS_SYNTAX = re.compile(r"[()|*<>]|\.\.\.")
_IS_VALUE = re.compile(r"[0-9@#$€£¥￥₹₺/\\]")
_VALUE_IN_CJK = re.compile(r"[0-9A-Za-z０-９][0-9A-Za-z０-９.,:/\-]*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[!?。！？；]|[.](?=\s|$)")
_CELLS = re.compile(r"\t| \| |│| {3,}")
_CAPITAL = r"[A-Z\u00c0-\u00de\u0100-\u017f][\w'’.-]+"
_CURRENCY_OR_COUNTRY = re.compile(r"\b[A-Z]{2,3}\b")
_CAPITALS = re.compile(rf"(?<!\w){_CAPITAL}(?: {_CAPITAL})+")
_TITLED = re.compile(
    rf"(?:\b(?:Mr|Mrs|Ms|Herrn?|Frau|Mme|Sig|Sra?|Pan|Pani|Sayın)\.? ({_CAPITAL}(?: {_CAPITAL})?))"
    rf"|(?:[\u4e00-\u9fff\u30a0-\u30ff]{{2,6}}|{_CAPITAL}(?: {_CAPITAL}){{0,2}})(?= ?(?:様|さま|さん|女士|先生))"
)
_ENDS_LABEL = re.compile(r"(?:[:：=#|│\t]|\.{2}|[ ]{2})[ \t.]*$")
_LEAD = " \t>*•·-–|#【[("


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person says: these words of the mail are `field`, and mean `means` where the field has meanings."""

    field: str
    means: str
    words: str

    def __str__(self) -> str:
        return f"{self.field}.{self.means}" if self.means else self.field


@dataclass(frozen=True, slots=True)
class Lesson:
    """Phrases to be added to the rules: their section, their meaning and where in a mail they count ("" anywhere)."""

    section: str
    means: str
    where: str
    phrases: tuple[str, ...]


def parse_mark(text: str) -> Mark:
    """A mark as written, `FIELD=WORDS` or `FIELD.MEANING=WORDS`; raises ValueError that names what there is."""
    name, separator, words = text.partition("=")
    field, _, means = name.strip().partition(".")
    if not separator or not words.strip():
        raise ValueError(f"{text!r} is no mark: write FIELD=WORDS, with words that stand in the mail")
    if field in LABELLED and not means:
        return Mark(field, "", words.strip())
    if field not in MEANINGS:
        known = ", ".join((*LABELLED, *(f"{one}.MEANING" for one in MEANINGS)))
        raise ValueError(f"{name.strip()!r} is nothing that can be taught; there are: {known}")
    if means not in MEANINGS[field]:
        raise ValueError(
            f"{field} has no meaning {means!r}; write {field}. and one of: {', '.join(MEANINGS[field])}"
        )
    return Mark(field, means, words.strip())


def lessons_of(
    marks: Iterable[Mark], subject: str, text: str, private: Collection[str], language: str | None = None
) -> tuple[Lesson, ...]:
    """What the marks teach; `private` are words of people and things of this one mail, which no rule may hold.

    Raises ValueError when words do not stand in the mail, say too little, or have no label before them.
    """
    lessons = [_lesson(mark, subject, text, private, language) for mark in marks]
    meanings: dict[str, Lesson] = {}
    for lesson in lessons:
        other = meanings.setdefault(f"{lesson.section}/{lesson.phrases[0]}", lesson)
        if other.means != lesson.means:
            raise ValueError(f'"{lesson.phrases[0]}" cannot mean both {other.means} and {lesson.means}')
    return tuple(dict.fromkeys(lessons))


def _lesson(mark: Mark, subject: str, text: str, private: Collection[str], language: str | None) -> Lesson:
    wanted = fold(plain_line(mark.words)).text
    in_subject, in_text = wanted in fold(plain_line(subject)).text, _place(text, mark.words) is not None
    if not in_subject and not in_text:
        raise ValueError(f"{mark}: {mark.words!r} does not stand in the mail as the program reads it")
    if mark.field in LABELLED:
        return Lesson("label", LABELLED[mark.field], "", (label_before(mark.words, text),))
    where = "" if mark.field != "kind" else "body" if in_text else "subject"
    phrase = general_phrase(mark.words, private, nouns_are_capital=language == "de")
    return Lesson(_SECTIONS[mark.field], mark.means, where, (phrase,))


def _place(text: str, words: str) -> tuple[int, int] | None:
    """Where the words stand in the text, blanks and line ends taken alike."""
    folded, wanted = fold(text), fold(plain_line(words)).text
    at = folded.text.find(wanted)
    return folded.original(at, at + len(wanted)) if at >= 0 else None


def general_phrase(words: str, private: Collection[str], *, nouns_are_capital: bool = False) -> str:
    """The words as a phrase: what differs from mail to mail becomes a gap. Raises ValueError when little is left."""
    line = plain_line(words).strip(_PUNCTUATION)
    if _SENTENCE_END.search(line) is not None:
        raise ValueError(f"{words!r} goes over the end of a sentence: mark words of one sentence")
    hidden = {part.casefold() for one in private for part in _TOKEN.findall(one)} | {
        one.casefold() for one in private
    }
    kept: list[str] = []
    for number, token in enumerate(_tokens(line)):
        bare = token.strip(_PUNCTUATION)
        # A capital inside a sentence is a name, except where every noun has one; then a person has to look.
        is_name = number > 0 and bare[:1].isupper() and not nouns_are_capital
        is_value = is_name or _IS_VALUE.search(bare) is not None or _SPEAKS_SYNTAX.search(bare) is not None
        if bare and not is_value and bare.casefold() not in hidden:
            # A comma and the like inside the words is part of the gap: it is not always there.
            kept.append(bare if bare == token else bare + " ...")
        elif bare:
            kept.append("...")
    phrase = _joined(kept, is_cjk=_CJK.search(line) is not None)
    letters = sum(char.isalpha() for char in phrase)
    if letters < (_FEWEST_CHARACTERS if _CJK.search(phrase) else _FEWEST_LETTERS):
        raise ValueError(
            f"{words!r} says too little once names, numbers and dates are taken out: mark more words of the sentence"
        )
    compile_phrase(phrase)
    return phrase


def _tokens(line: str) -> list[str]:
    if _CJK.search(line) is None:
        return _TOKEN.findall(line)
    spaced = _VALUE_IN_CJK.sub(lambda match: f" {match.group()} ", line)
    return re.sub(r"([，、：（）「」『』,:])", r" \1 ", spaced).split()


def _joined(kept: Sequence[str], *, is_cjk: bool) -> str:
    phrase = re.sub(r"(?:\s*\.\.\.)+", " ...", " ".join(kept)).strip()
    while phrase.startswith("...") or phrase.endswith("..."):
        phrase = phrase.removeprefix("...").removesuffix("...").strip()
    return phrase.replace(" ... ", "...") if is_cjk else phrase


def label_before(value: str, text: str) -> str:
    """The label that stands before the value, on its line, in the cell before it or on the line above it.

    Raises ValueError when nothing there looks like a label.
    """
    place = _place(text, value)
    if place is None:
        raise ValueError(f"{value!r} does not stand in the mail's text")
    above, _, before = text[: place[0]].rpartition("\n")
    if before.strip(_LEAD):
        *_, candidate = [cell for cell in _CELLS.split(before) if cell.strip(_LEAD)]
        is_apart = _ENDS_LABEL.search(before) is not None
    else:
        candidate = next((line for line in reversed(above.split("\n")) if line.strip()), "")
        is_apart = True
    label = candidate.strip().strip(_LEAD + ":：=.)】] ")
    if label and is_apart and _is_label(label):
        return label
    raise ValueError(
        f"no label stands before {value!r}: only values behind a label (such as 'Order no.: ...') can be taught"
    )


def _is_label(label: str) -> bool:
    fit = (
        len(label) <= _LONGEST_LABEL
        and _SPEAKS_SYNTAX.search(label) is None
        and not re.search(r"[0-9]{2}", label)
    )
    return (
        fit
        and len(label.split()) <= 6
        and any(char.isalpha() for char in label)
        and _SENTENCE_END.search(label[:-1]) is None
    )


def likely_names(text: str, language: str | None) -> tuple[str, ...]:
    """What looks like people and places, for a sample in which nothing was read of them: rather too much.

    Lines of capitals and figures alone (an address), two capitals in a row, names with a title.
    """
    found = [match.group(1) or match.group() for match in _TITLED.finditer(text)]
    if language != "de":  # where every noun has a capital
        found += [match.group().strip() for match in _CAPITALS.finditer(text)]
    for line in text.split("\n"):
        found += [cell.strip(_PUNCTUATION) for cell in _CELLS.split(line) if _is_of_an_address(cell)]
    return tuple(dict.fromkeys(one for one in found if _may_be_private(one)))


def _may_be_private(words: str) -> bool:
    said = _CURRENCY_OR_COUNTRY.sub("", words)
    return "amazon" not in said.casefold() and ":" not in said and any(char.isalpha() for char in said)


def _is_of_an_address(line: str) -> bool:
    """A name, a street with its number or a town with its code, alone on a line."""
    words = line.strip(_PUNCTUATION).split()
    if not 1 < len(words) < 7 or line.rstrip()[-1:] in ".:：!?" or _CJK.search(line) is not None:
        return False
    has_number = any(map(str.isdigit, line)) and not re.search(r"[0-9]{7}|[0-9][.,][0-9]", line)
    capitals = [word[:1].isupper() for word in words if word[:1].isalpha()]
    return any(capitals[:1]) and (all(capitals) or has_number)


def as_toml(lessons: Sequence[Lesson], from_whom: str) -> str:
    """The lessons as tables of a rules file; `from_whom` is a comment that says where they come from."""
    pieces = [f"\n# {plain_line(from_whom)}\n"]
    for lesson in lessons:
        name = json.dumps(f"taught, {lesson.means}: {lesson.phrases[0]}", ensure_ascii=False)
        pieces.append(f'\n[[{lesson.section}]]\nname = {name}\nmeans = "{lesson.means}"\n')
        if lesson.where:
            pieces.append(f'where = "{lesson.where}"\n')
        pieces.append(f"phrases = {json.dumps(lesson.phrases, ensure_ascii=False)}\n")
    return "".join(pieces)


def common_words(text: str, private: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """Short words by which a language that has no rules yet can be told; none that another language has too."""
    hidden = {part.casefold() for one in private for part in _TOKEN.findall(one)}
    counted: dict[str, int] = {}
    for token in _TOKEN.findall(text):
        word = token.strip(_PUNCTUATION)
        if 2 <= len(word) <= 6 and word.isalpha() and word.islower():
            counted[word] = counted.get(word, 0) + 1
    words = [word for word in sorted(counted, key=lambda one: (-counted[one], one)) if word not in hidden]
    return tuple(word for word in words if word not in known)[:25]
