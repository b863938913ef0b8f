"""The conscience's clock: when a person is told what about a case, when an alarm may ring, and what the digest says.

The ladder of a case is: new, 72, 48 and 24 hours before the cutoff, the last call, missed. Each rung rings once. Quiet
hours put an alarm off to the morning, but never into the last 24 hours before a cutoff. Pure: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from inbox_bot.core.case import Case, Status
from inbox_bot.core.shadow import waiting
from inbox_bot.core.text import one_line

RUNGS = (timedelta(hours=72), timedelta(hours=48), timedelta(hours=24))
URGENT_WITHIN = timedelta(hours=24)
MISSED = "missed"
LAST_CALL = "last call"

FIRST_WORDS = {
    Status.REVIEW.value: "a person has to look at this case",
    Status.REFUND.value: "refund this order in Seller Central, then confirm it",
    Status.DRAFTED.value: "the reply stands in Drafts; read it and send it",
    Status.READY.value: "the reply is composed and waits for approval",
    Status.UNKNOWN.value: "a server may or may not have taken the reply",
    Status.HELD.value: "the case is held",
    Status.SENDING.value: "the reply could not be sent yet; it is tried again",
}
_WHAT_TO_DO = {
    Status.REVIEW.value: "look at it: inbox-bot show {case}",
    Status.REFUND.value: "refund it in Seller Central, then: inbox-bot refund {case} --confirmed REFERENCE",
    Status.DRAFTED.value: "read the reply in Drafts and send it",
    Status.READY.value: "read it and let it go: inbox-bot show {case}, then inbox-bot approve {case}",
    Status.UNKNOWN.value: "look into Sent; if it is there: inbox-bot answered {case}",
    Status.HELD.value: "decide: inbox-bot approve, represent, refund or answered {case}",
    Status.SENDING.value: "look at the mail server; or answer in Seller Central: inbox-bot answered {case}",
}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when, in the seller's zone, alarms wait; `start` may lie after `end` (over midnight)."""

    start: time
    end: time
    zone: str

    def over_at(self, at: datetime) -> datetime:
        """The end of the quiet hours in which the instant lies; the instant itself outside of them."""
        zone = ZoneInfo(self.zone)
        local = at.astimezone(zone)
        over_midnight = self.start > self.end
        clock = local.time()
        quiet = (clock >= self.start or clock < self.end) if over_midnight else self.start <= clock < self.end
        if not quiet or self.start == self.end:
            return at
        day = local.date() + timedelta(days=1 if over_midnight and clock >= self.start else 0)
        return datetime.combine(day, self.end, zone).astimezone(at.tzinfo)


@dataclass(frozen=True, slots=True)
class DueAlarm:
    """A rung that has been reached and has not rung: its name, and what is said."""

    name: str
    text: str


def cutoff_of(case: Case) -> datetime | None:
    """The instant a case has to be answered by, where there is one: else when a person has to have looked."""
    if case.deadline is None:
        return None
    return case.deadline.due_by or case.deadline.send_by


def due_alarm(case: Case, now: datetime) -> DueAlarm | None:
    """The alarm of the case that has to ring now, None when all that are due have rung."""
    name = case.status.value
    if name in FIRST_WORDS and name not in case.alerts and _is_news(case):
        return DueAlarm(name, _first_words(case))
    reached = [rung for rung in _rungs(case) if now >= rung[0]]
    if not reached:
        return None
    _, rung_name, text = max(reached)
    return None if rung_name in case.alerts else DueAlarm(rung_name, text)


def _first_words(case: Case) -> str:
    if not case.trusted:
        why = case.notice.trust_reason
        return f"a mail that looks like a notice is not trusted: {why}; look at it yourself"
    words, noted = FIRST_WORDS[case.status.value], waiting(case)
    return f'{words}; the rule "{noted.rule}" would have sent it' if noted is not None else words


def _rungs(case: Case) -> list[tuple[datetime, str, str]]:
    """The rungs of the case in time: instant, name, words. The last call is one of its own unless it meets another."""
    cutoff = cutoff_of(case)
    if cutoff is None or case.deadline is None:
        return []
    hours = [int(rung.total_seconds() // 3600) for rung in RUNGS]
    rungs = [
        (cutoff - rung, f"{left} h left", f"less than {left} hours are left")
        for rung, left in zip(RUNGS, hours, strict=True)
    ]
    send_by = case.deadline.send_by
    if send_by < cutoff and all(at != send_by for at, _, _ in rungs):
        rungs.append(
            (send_by, LAST_CALL, "the last call: it is not answered, and the safety margin has begun")
        )
    return [*rungs, (cutoff, MISSED, "the cutoff passed without an answer")]


def _is_news(case: Case) -> bool:
    """A reply on its way is no news at its first tries."""
    return case.status is not Status.SENDING or case.failures >= 5


def next_rung_at(case: Case, now: datetime) -> datetime | None:
    """When the next rung of the case is reached, None when there is none ahead."""
    return min((at for at, _, _ in _rungs(case) if at > now), default=None)


def rings_at(raised_at: datetime, cutoff: datetime | None, quiet: QuietHours | None) -> datetime:
    """When an alarm may ring: at once, or after the quiet hours, but never later than 24 hours before the cutoff."""
    if quiet is None:
        return raised_at
    after = quiet.over_at(raised_at)
    if cutoff is not None:
        after = min(after, cutoff - URGENT_WITHIN)
    return max(after, raised_at)


def alarm_title(case: Case | None, account: str, name: str) -> str:
    """One line: what, for which case or account."""
    return one_line(f"inbox_bot: {name} - {f'case {case.case_id}' if case else f'account {account}'}")


def alarm_text(case: Case | None, account: str, text: str, zone: str) -> str:
    """What a person reads on the phone: the words, the order, the amount, the cutoff in the own zone, what to do."""
    lines = [one_line(text)]
    if case is not None:
        if case.order_id:
            amount = f", {case.notice.amount}" if case.notice.amount else ""
            lines.append(f"Order {case.order_id}{amount}")
        cutoff = cutoff_of(case)
        if cutoff is not None:
            local = cutoff.astimezone(ZoneInfo(zone))
            lines.append(f"Answer due by {local:%Y-%m-%d %H:%M} ({zone})")
        todo = _WHAT_TO_DO.get(case.status.value)
        if todo:
            lines.append(todo.format(case=case.case_id))
    lines.append(f"Account {account}")
    return "\n".join(lines)


def digest_due_at(now: datetime, at: time, zone: str) -> datetime:
    """Today's instant of the digest in the seller's zone; it may lie before or after `now`."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), at, ZoneInfo(zone)).astimezone(now.tzinfo)


def digest_text(cases: Iterable[Case], now: datetime, zone: str) -> str:
    """The open cases, the most urgent first, one line each; empty when nothing is open."""
    open_cases = [case for case in cases if case.answered_at is None and case.closed_at is None]
    far = now + timedelta(days=3650)
    open_cases.sort(key=lambda case: (cutoff_of(case) or far, case.case_id))
    return "\n".join(_digest_line(case, now, zone) for case in open_cases)


def _digest_line(case: Case, now: datetime, zone: str) -> str:
    cutoff = cutoff_of(case)
    amount = f"  {case.notice.amount}" if case.notice.amount else ""
    if cutoff is None:
        return f"{case.case_id}  {case.status.value}{amount}"
    left = int((cutoff - now).total_seconds() // 3600)
    when = f"{left} h left" if left >= 0 else f"missed by {-left} h"
    return f"{case.case_id}  {case.status.value}{amount}  {when} ({cutoff.astimezone(ZoneInfo(zone)):%a %d %b %H:%M})"
