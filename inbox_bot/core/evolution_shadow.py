"""How a case changes in shadow mode: what would have been sent, and what a person did instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.shadow import SENT, Fate, ShadowAnswer


def _would_have_sent(case: Case, at: datetime, event: happened.WouldHaveSent) -> Case:
    if case.decision is None:
        return case
    one = ShadowAnswer(
        at, case.reason, case.decision.verdict, event.rule, event.message_id, event.reply_sha256
    )
    earlier = case.shadows
    if earlier and earlier[-1].fate is Fate.WAITING:
        earlier = earlier[:-1]  # the same answer, written anew from a fuller record
    return replace(case, shadows=(*earlier, one))


def _compared(case: Case, at: datetime, event: happened.ShadowCompared) -> Case:
    return _with_fate(case, Fate.UNCHANGED if event.unchanged else Fate.CHANGED)


def _with_fate(case: Case, fate: Fate) -> Case:
    return replace(case, shadows=(*case.shadows[:-1], replace(case.shadows[-1], fate=fate)))


def with_shadow(before: Case, after: Case, event: Event) -> Case:
    """The case with the fate of its last shadow answer as the event left it."""
    if not after.shadows:
        return after
    last = after.shadows[-1]
    if before.answered_at is None and after.answered_at is not None and last.fate not in SENT:
        if isinstance(event, happened.AnsweredElsewhere):
            return _with_fate(after, Fate.ELSEWHERE)
        return _with_fate(after, Fate.UNCHANGED if after.answer_id == last.message_id else Fate.CHANGED)
    if isinstance(event, happened.Overruled) and last.fate not in SENT:
        return _with_fate(after, Fate.WAITING if event.verdict is last.verdict else Fate.OVERRULED)
    return after


SHADOW: dict[type[Event], Callable[[Case, datetime, Any], Case]] = {
    happened.WouldHaveSent: _would_have_sent,
    happened.ShadowCompared: _compared,
}
"""What each event of shadow mode does to a case."""
