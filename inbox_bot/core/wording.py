"""What a text states, as against what it only supposes: phrases of the notice rules found in real sentences.

"The buyer did not receive the item" states it; "If the buyer did not receive the item", "a buyer may dispute",
"chargebacks are filed when" and "the buyer does not say that it did not arrive" do not. Also here: how much of a huge
mail is looked at, and which language it is in.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from inbox_bot.core.notice_rules import FoundPhrase, NoticeRules
from inbox_bot.core.phrases import Sentence, is_conditional, sentence_at, sentences
from inbox_bot.core.text import plain_text

HEAD_CHARACTERS = 96 * 1024
TAIL_CHARACTERS = 32 * 1024
_LANGUAGE_CHARACTERS = 12_000
_FEWEST_CHINESE = 6  # fewer, and no word of Chinese among them, may be what is left of another charset
_FEWEST_WORDS = 5  # common words that tell a language for sure
_LEAST_SHARE = 6  # so many times fewer than in the main language are chance
_BY_LETTERS = ("zh", "ja")  # their words are in letters that no other language has
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_CLAUSE_MARKS = (",", "，", "、", ":", "：", " - ")
_MODAL_REACH = 28  # characters between "may" and what may be


def looked_at(text: str) -> str:
    """The clean text, cut to its first 96 and last 32 thousand characters."""
    if len(text) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        text = f"{text[:HEAD_CHARACTERS]}\n\n{text[-TAIL_CHARACTERS:]}"
    return plain_text(text)


def is_cut(text: str) -> bool:
    """Whether `looked_at` leaves a part of the text out."""
    return len(text) > HEAD_CHARACTERS + TAIL_CHARACTERS


@dataclass(frozen=True)
class Wording:
    """A clean text with its sentences, to be asked what it states."""

    text: str
    rules: NoticeRules

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the text in order."""
        return sentences(self.text)

    def stated(self, section: str, *, means: str = "", where: str = "") -> tuple[FoundPhrase, ...]:
        """The phrases of the section that stand in sentences which state something, in order."""
        found = self.rules.find(section, self.text, means=means, where=where, languages=self._languages)
        return tuple(one for one in found if not self.is_supposed(one.start))

    def found(self, section: str, *, means: str = "") -> tuple[FoundPhrase, ...]:
        """The phrases of the section wherever they stand, in order."""
        return self.rules.find(section, self.text, means=means, languages=self._languages)

    @cached_property
    def _languages(self) -> frozenset[str]:
        """The languages of the text, of a bilingual one both; empty where it is too short to tell.

        Many a word is another one elsewhere: "kunde" is a customer in German and "could" in Swedish.
        """
        found = self.rules.find("wording", self.text, means="language")
        words = Counter(one.entry.language for one in found)
        main, most = max(words.items(), key=lambda one: one[1], default=("", 0))
        if most < _FEWEST_WORDS:
            return frozenset()
        # A sister language counts by its own words alone: "que" and "para" in a Spanish mail are no Portuguese.
        shared = {one.start for one in found if one.entry.language == main}
        own = Counter(one.entry.language for one in found if one.start not in shared)
        spoken = {main, *(language for language, count in own.items() if count * _LEAST_SHARE >= most)}
        return frozenset(spoken | set(_BY_LETTERS) | {""})

    def sentence(self, position: int) -> Sentence | None:
        """The sentence at a position of the text."""
        return sentence_at(self.sentences, position)

    def is_supposed(self, position: int) -> bool:
        """Whether what stands at the position is only supposed: a condition, a possibility, a general remark."""
        sentence = self.sentence(position)
        if sentence is None:
            return False
        if self.is_conditional(position) or self.is_set_aside(position):
            return True
        if _any_within(self._modals, max(sentence.start, position - _MODAL_REACH), position):
            return True
        return _any_within(self._generalities, sentence.start, sentence.end)

    def is_conditional(self, position: int) -> bool:
        """Whether what stands at the position stands behind an "if" in its sentence."""
        sentence = self.sentence(position)
        if sentence is None:
            return False
        return is_conditional(sentence) or _any_within(self._conditions, sentence.start, position + 1)

    def is_set_aside(self, position: int) -> bool:
        """Whether the clause says that what stands at the position is not the point ("is not in doubt")."""
        index = bisect_right(self._set_aside, (position, len(self.text))) - 1
        return index >= 0 and position < self._set_aside[index][1]

    def turns_between(self, start: int, end: int) -> bool:
        """Whether a new clause begins between the two positions."""
        return _any_within(self._turns, start, end) or any(
            mark in self.text[start:end] for mark in _CLAUSE_MARKS
        )

    def first_alleging(self, start: int, end: int) -> int | None:
        """Where between the positions the words first stand that say who says so."""
        return _first_within(self._alleging, start, end)

    def first_asking(self, start: int, end: int) -> int | None:
        """Where between the positions the first verb of asking stands."""
        return _first_within(self._asking, start, end)

    @cached_property
    def _alleging(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="alleging"))

    @cached_property
    def _asking(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="asking"))

    @cached_property
    def _turns(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="turn"))

    @cached_property
    def _set_aside(self) -> tuple[tuple[int, int], ...]:
        """The parts of the text that are set aside, in order, without overlaps."""
        turns = self._turns
        spans = [
            (one.start, self._clause_end(one.end, turns)) for one in self.found("wording", means="sets_aside")
        ]
        spans += [
            (self._clause_start(one.start, turns), one.end)
            for one in self.found("wording", means="sets_aside_before")
        ]
        return _merged(spans)

    def _clause_end(self, position: int, turns: tuple[int, ...]) -> int:
        sentence = self.sentence(position - 1)
        ends = [
            sentence.end if sentence is not None else position,
            *turns[bisect_left(turns, position) :][:1],
        ]
        marks = (self.text.find(mark, position, ends[0]) for mark in _CLAUSE_MARKS)
        return min([*ends, *(at for at in marks if at >= 0)])

    def _clause_start(self, position: int, turns: tuple[int, ...]) -> int:
        sentence = self.sentence(position)
        starts = [sentence.start if sentence is not None else position]
        starts += turns[: bisect_left(turns, position)][-1:]
        return max([*starts, *(self.text.rfind(mark, starts[0], position) for mark in _CLAUSE_MARKS)])

    @cached_property
    def _conditions(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="conditional"))

    @cached_property
    def _modals(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="modal"))

    @cached_property
    def _generalities(self) -> tuple[int, ...]:
        return _starts(self.found("wording", means="generic"))


def language_of(text: str, rules: NoticeRules) -> str | None:
    """The language most of the text is in, of those the rules have words for; None when there is nothing to tell.

    A Chinese notice can hold English titles and addresses and the other way round, so that the notice's own words
    decide first, and letters only where there are none.
    """
    text = text[:_LANGUAGE_CHARACTERS]
    kana, chinese = (0, 0) if text.isascii() else (len(_KANA.findall(text)), len(_HAN.findall(text)))
    if kana > 12 and kana * 4 > chinese:
        return "ja"
    spoken = Counter(
        found.entry.language
        for section in ("mark", "reason", "ask", "deadline", "outcome")
        for found in (rules.find(section, text) if chinese else ())
        if found.entry.means != "by"
    )
    latin = max((count for language, count in spoken.items() if language not in ("zh", "ja")), default=0)
    letters = len(_LATIN.findall(text)) if chinese else 0
    if chinese and (
        spoken["zh"] > latin
        or (chinese >= _FEWEST_CHINESE and spoken["zh"] == latin and chinese * 5 > letters)
    ):
        return "zh"
    found_words = rules.find("wording", text, means="language")
    words = Counter(found.entry.language for found in found_words if found.entry.language not in ("zh", "ja"))
    if words:
        return words.most_common(1)[0][0]
    return "zh" if chinese >= _FEWEST_CHINESE else None


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _starts(found: Iterable[FoundPhrase]) -> tuple[int, ...]:
    return tuple(sorted(one.start for one in found))


def _first_within(starts: tuple[int, ...], first: int, behind: int) -> int | None:
    index = bisect_left(starts, first)
    return starts[index] if index < len(starts) and starts[index] < behind else None


def _any_within(starts: tuple[int, ...], first: int, behind: int) -> bool:
    return _first_within(starts, first, behind) is not None
