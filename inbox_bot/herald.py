"""The herald: takes alarms down, and sees that each reaches a person, in time and not in the middle of the night.

Alarms stand in the store's alarm book until a channel has taken them. When the store cannot be written they wait in
memory, so that a full disk does not silence the alarm about it.
"""

from __future__ import annotations

import logging
import queue
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from inbox_bot.alarms.channels import Channels, Told
from inbox_bot.core.case import Case
from inbox_bot.core.errors import InboxBotError, StoreUnavailable
from inbox_bot.core.ladder import (
    FIRST_WORDS,
    QuietHours,
    alarm_text,
    alarm_title,
    cutoff_of,
    digest_due_at,
    digest_text,
    rings_at,
)
from inbox_bot.desk import Notification
from inbox_bot.pace import back_off
from inbox_bot.store.alarm_book import ABOUT_ONE_MAIL, AGAIN_AFTER, AlarmBook, WaitingAlarm
from inbox_bot.store.protocol import Store

DIGEST = "digest"
CHANNEL_FAILED = "an alarm channel failed"
_RUNG = " h left"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hours:
    """When people are told: their zone, their quiet hours, the hour of the digest (None: no digest)."""

    zone: str = "UTC"
    quiet: QuietHours | None = None
    digest_at: time | None = None


class Overflow:
    """Alarms that the store would not take, from any thread."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Notification, datetime]] = queue.SimpleQueue()

    def put(self, notification: Notification, at: datetime) -> None:
        """Keep it until the herald comes by."""
        self._waiting.put((notification, at))

    def take(self) -> list[tuple[Notification, datetime]]:
        """Everything that waits."""
        taken = []
        while True:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                return taken


def take_down(book: AlarmBook, overflow: Overflow, notification: Notification, at: datetime) -> None:
    """Enter an alarm into the book, or into memory when the store cannot be written; never raises for that."""
    try:
        book.raise_alarm(notification.account, notification.case_id, notification.name, notification.text, at)
    except StoreUnavailable:
        overflow.put(notification, at)


def take_down_in(path: Path, overflow: Overflow, notification: Notification, at: datetime) -> None:
    """As `take_down`, with the book of the store at `path` opened for it: an account keeps none open for ever."""
    try:
        book = AlarmBook(path)
    except InboxBotError:
        overflow.put(notification, at)
        return
    try:
        take_down(book, overflow, notification, at)
    finally:
        book.close()


class Herald:
    """Tells people what waits in the book; used by one thread."""

    def __init__(
        self, store: Store, book: AlarmBook, overflow: Overflow, channels: Channels, hours: Hours
    ) -> None:
        self._store = store
        self._book = book
        self._overflow = overflow
        self._channels = channels
        self._hours = hours
        self._digest_done_on: date | None = None
        self._told_from_memory: dict[tuple[str, str | None, str, str], datetime] = {}
        self.failed: tuple[str, ...] = ()

    def work(self, now: datetime) -> None:
        """Tell what is due; what no channel takes is tried again, with pauses up to half an hour."""
        for notification, at in self._overflow.take():
            self._tell_from_memory(notification, at)
        try:
            self._prepare_digest(now)
            for alarm in self._book.waiting(now):
                self._tell(alarm, now)
        except StoreUnavailable as error:
            _log.error("alarms cannot be recorded: %s", error)

    def _tell_from_memory(self, notification: Notification, at: datetime) -> None:
        """At once, and each thing once in twelve hours, as the book would have it."""
        about = notification.text if notification.name in ABOUT_ONE_MAIL else ""
        key = (notification.account, notification.case_id, notification.name, about)
        last_at = self._told_from_memory.get(key)
        if last_at is not None and abs(at - last_at) < AGAIN_AFTER:
            return
        case = self._case(notification.case_id)
        body = alarm_text(case, notification.account, notification.text, self._hours.zone)
        if self._say(alarm_title(case, notification.account, notification.name), body).took:
            self._told_from_memory[key] = at
        else:
            self._overflow.put(notification, at)

    def _prepare_digest(self, now: datetime) -> None:
        if self._hours.digest_at is None or self._digest_done_on == now.date():
            return
        due_at = digest_due_at(now, self._hours.digest_at, self._hours.zone)
        last_at = self._book.last_raised(DIGEST)
        if now < due_at or (last_at is not None and last_at >= due_at):
            return
        text = digest_text([record.case for record in self._store.cases()], now, self._hours.zone)
        if text:
            self._book.raise_alarm("", None, DIGEST, text, now)
        self._digest_done_on = now.date()

    def _tell(self, alarm: WaitingAlarm, now: datetime) -> None:
        case = self._case(alarm.case_id)
        if _is_stale(alarm, case):
            self._book.told(alarm.number, now)
            return
        if alarm.name != DIGEST:
            rings = rings_at(alarm.raised_at, self._cutoff(alarm, case, now), self._hours.quiet)
            if rings > now:
                self._book.put_off(alarm.number, rings, failed=False)
                return
        told = self._say(*self._words(alarm, case))
        if told.took:
            self._book.told(alarm.number, now)
        else:
            pause = min(back_off(alarm.tries), timedelta(minutes=30))
            self._book.put_off(alarm.number, now + pause, failed=True)
        if told.took and told.failed:
            text = f"{', '.join(told.failed)} did not take an alarm; look at its address and at the network"
            self._book.raise_alarm("", None, CHANNEL_FAILED, text, now)

    def _words(self, alarm: WaitingAlarm, case: Case | None) -> tuple[str, str]:
        if alarm.name == DIGEST:
            return f"inbox_bot: {len(alarm.text.splitlines())} open cases", alarm.text
        title = alarm_title(case, alarm.account or "of all", alarm.name)
        return title, alarm_text(case, alarm.account or "all", alarm.text, self._hours.zone)

    def _say(self, title: str, body: str) -> Told:
        told = self._channels.tell(title, body)
        self.failed = told.failed
        return told

    def _cutoff(self, alarm: WaitingAlarm, case: Case | None, now: datetime) -> datetime | None:
        """The cutoff that the alarm is about: the case's, else the nearest open one of the account."""
        if case is not None:
            return cutoff_of(case)
        open_cases = (record.case for record in self._store.open_cases(alarm.account or None))
        ahead = (cutoff for case in open_cases if (cutoff := cutoff_of(case)) is not None and cutoff > now)
        return min(ahead, default=None)

    def _case(self, case_id: str | None) -> Case | None:
        record = self._store.case(case_id) if case_id else None
        return record.case if record else None


def _is_stale(alarm: WaitingAlarm, case: Case | None) -> bool:
    """Whether the case was answered while its rung waited for the morning."""
    is_rung = alarm.name in FIRST_WORDS or alarm.name.endswith(_RUNG)
    return is_rung and case is not None and (case.answered_at is not None or case.closed_at is not None)
