"""The clock of a case: when the answer is due and when it has to be out to be safe.

Amazon gives seven calendar days of the e-mail date and names no time zone, so the earliest reading is always
taken: of the Date header, the receiving server's stamp and the mailbox's arrival time, and of any time frame
printed in the mail that ends earlier. A request for information without a time frame gets none: nobody may
assume seven days there, a person has to look within 48 hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from inbox_bot.core.model import Deadline, Kind, Notice

ANSWER_WITHIN = timedelta(days=7)
LOOK_WITHIN = timedelta(hours=48)


def deadline_for(notice: Notice, margin: timedelta) -> Deadline | None:
    """The deadline of the notice, None for a decision; `send_by` lies `margin` before `due_by`.

    A margin longer than half of what is left between arrival and `due_by` is cut to that half, so that a short
    time frame still leaves time to act.
    """
    if notice.kind is Kind.DECISION or notice.kind is Kind.OTHER:
        return None
    started_at, started = _earliest_start(notice)
    readings = list(_readings(notice, started_at, started))
    if not readings:
        because = "the mail states no time frame: a person has to look within 48 hours"
        return Deadline(None, started_at + LOOK_WITHIN, because)
    due_by, because = min(readings)
    margin = min(margin, max(due_by - started_at, timedelta(0)) / 2)
    return Deadline(due_by, due_by - margin, because)


def earliest(first: Deadline, second: Deadline | None) -> Deadline:
    """The one that asks for action sooner: a reminder never buys time."""
    if second is None:
        return first
    if first.due_by is None or second.due_by is None:
        return min(first, second, key=lambda deadline: deadline.send_by)
    return min(first, second, key=lambda deadline: deadline.due_by or deadline.send_by)


def _earliest_start(notice: Notice) -> tuple[datetime, str]:
    starts = [(notice.received_at, "the day the mail arrived")]
    if notice.dated_at is not None:
        starts.append((notice.dated_at, "the mail's date"))
    return min(starts)


def _readings(notice: Notice, started_at: datetime, started: str) -> Iterable[tuple[datetime, str]]:
    if notice.kind is Kind.CLAIM:
        yield started_at + ANSWER_WITHIN, f"seven days from {started}"
    if notice.stated_days is not None:
        yield (
            started_at + timedelta(days=notice.stated_days),
            f"{notice.stated_days} days from {started}, as printed",
        )
    if notice.stated_on is not None:
        # "By the 12th" can be read as "before the 12th begins", and no time zone is named.
        yield datetime.combine(notice.stated_on, time.min, UTC), "the date printed in the mail"
