"""The time frame a notice prints for the answer: a number of days, a day; never the bank's or a refund's own periods.

What follows from it is worked out in `core/deadline.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from inbox_bot.core.labels import Label
from inbox_bot.core.notice_rules import FoundPhrase
from inbox_bot.core.phrases import Sentence
from inbox_bot.core.values import find_dates, find_day_counts
from inbox_bot.core.wording import Wording

_NEAR = 140  # characters between the word for answering and the number of days
_OTHER_REACH = 48  # characters between the number and the words that give it to another period
_LONGEST_DAYS = 60
_BEHIND_THE_DATE = ("zh", "ja", "tr")  # where "by" stands behind it
_BY_REACH = 14  # characters between "by" and the date


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """What is printed: the days the answer may take, and the day it is due; the earliest of several."""

    days: int | None = None
    on: date | None = None


def read_time_frame(body: Wording, dated_on: date | None, labels: tuple[Label, ...] = ()) -> TimeFrame:
    """The time frame of a notice; `dated_on` is the day of the mail, by which short dates are read."""
    answers = body.found("deadline", means="answer")
    others = body.found("deadline", means="other_period")
    days = [*_stated_days(body, answers, others), *_labelled_days(labels)]
    dates: list[date] = []
    if dated_on is not None:
        dates = [*_stated_dates(body, answers, others, dated_on), *_labelled_dates(labels, dated_on)]
    return TimeFrame(min(days, default=None), min(dates, default=None))


def _stated_days(
    body: Wording, answers: tuple[FoundPhrase, ...], others: tuple[FoundPhrase, ...]
) -> Iterator[int]:
    for found in find_day_counts(body.text):
        sentence = body.sentence(found.start)
        if sentence is None or not 0 <= found.days <= _LONGEST_DAYS:
            continue
        clause = _clause(body.text, sentence, found.start, found.end)
        near = max(clause[0], found.start - _OTHER_REACH), min(clause[1], found.end + _OTHER_REACH)
        if _is_in(others, near) or not _is_in(answers, (found.start - _NEAR, found.end + _NEAR), sentence):
            continue
        yield found.days


def _stated_dates(
    body: Wording, answers: tuple[FoundPhrase, ...], others: tuple[FoundPhrase, ...], dated_on: date
) -> Iterator[date]:
    ups = body.found("deadline", means="by")
    for found in find_dates(body.text, near=dated_on):
        sentence = body.sentence(found.start)
        if sentence is None or found.on < dated_on:
            continue
        clause = _clause(body.text, sentence, found.start, found.end)
        near = found.start - _NEAR, found.end + _NEAR
        before = any(found.start - _BY_REACH <= one.end <= found.start for one in ups)
        behind = any(
            found.end <= one.start <= found.end + 2 for one in ups if one.entry.language in _BEHIND_THE_DATE
        )
        if (before or behind) and not _is_in(others, clause) and _is_in(answers, near, sentence):
            yield found.on


def _labelled_days(labels: tuple[Label, ...]) -> Iterator[int]:
    for label in labels:
        if label.field == "respond_by":
            yield from (one.days for one in find_day_counts(label.lines[0]) if one.days <= _LONGEST_DAYS)


def _labelled_dates(labels: tuple[Label, ...], dated_on: date) -> Iterator[date]:
    for label in labels:
        if label.field == "respond_by":
            yield from (one.on for one in find_dates(label.lines[0], near=dated_on) if one.on >= dated_on)


def _clause(text: str, sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """The part of the sentence round a span, between commas and semicolons."""
    left = max(text.rfind(mark, sentence.start, start) for mark in ",;，；")
    rights = [at for mark in ",;，；" if (at := text.find(mark, end, sentence.end)) >= 0]
    return max(left, sentence.start), min(rights, default=sentence.end)


def _is_in(found: tuple[FoundPhrase, ...], span: tuple[int, int], sentence: Sentence | None = None) -> bool:
    first, behind = span
    if sentence is not None:
        first, behind = max(first, sentence.start), min(behind, sentence.end)
    return any(first <= one.start and one.end <= behind for one in found)
