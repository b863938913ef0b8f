"""The due dates of open cases as a calendar file (RFC 5545), for the calendar a seller looks at anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from inbox_bot.core.case import Case
from inbox_bot.core.ladder import cutoff_of

WARN_AHEAD = timedelta(hours=24)
SHOWN_FOR = timedelta(minutes=30)


def due_dates(cases: Iterable[Case], now: datetime) -> bytes:
    """One event an open case, ending at its cutoff, with a reminder a day ahead; no buyer's data in it.

    The same case keeps its UID, so that importing again moves an event and doubles none.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//inbox_bot//due dates//EN")
    calendar.add("version", "2.0")
    for case in cases:
        cutoff = cutoff_of(case)
        if cutoff is not None and case.answered_at is None and case.closed_at is None:
            calendar.add_component(_event(case, cutoff, now))
    return bytes(calendar.to_ical())


def _event(case: Case, cutoff: datetime, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{case.case_id}@{case.account}.inbox-bot")
    event.add("dtstamp", now)
    event.add("dtstart", cutoff - SHOWN_FOR)
    event.add("dtend", cutoff)
    amount = f" ({case.notice.amount})" if case.notice.amount else ""
    event.add("summary", f"Chargeback answer due: {case.order_id or case.case_id}{amount}")
    event.add("description", f"inbox-bot show {case.case_id}\nStatus: {case.status.value}")
    reminder = Alarm()
    reminder.add("action", "DISPLAY")
    reminder.add("description", f"Chargeback answer due in 24 hours: {case.case_id}")
    reminder.add("trigger", -WARN_AHEAD)
    event.add_component(reminder)
    return event
