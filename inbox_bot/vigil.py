"""The vigil: watches over the work itself, tells people, and says to the outside whether the process is well.

One thread tells alarms (`herald.py`); the health page, the metrics, the heartbeat and systemd's watchdog all ask the
same question: does the work go on?
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inbox_bot.alarms.channels import AppriseChannels, Channels, LogOnly
from inbox_bot.alarms.health import HealthServer
from inbox_bot.alarms.metrics import CONTENT_TYPE, Counts, metrics_text
from inbox_bot.config import Alarms, Config
from inbox_bot.core.case import SendState
from inbox_bot.core.ladder import QuietHours, cutoff_of
from inbox_bot.core.vitals import Vitals, clock_drift, ills
from inbox_bot.desk import Notification
from inbox_bot.herald import Herald, Hours, Overflow
from inbox_bot.secret import resolve_secret
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from inbox_bot.alarms.heartbeat import Heartbeat
    from inbox_bot.daemon import AccountWatch

TELL_EVERY_SECONDS = 5.0
FREE_BYTES = 50_000_000

_log = logging.getLogger(__name__)


class Vigil:
    """Watches over the accounts' threads."""

    def __init__(self, config: Config, watches: Sequence[AccountWatch], overflow: Overflow) -> None:
        """Raises UserError for a channel, a zone or a secret that cannot be used."""
        self.overflow = overflow
        self._config = config
        self._watches = watches
        self._channels = open_channels(config.alarms)
        self._hours = hours_of(config.alarms)
        url = config.alarms.heartbeat
        self._heartbeat = _open_heartbeat(resolve_secret(url, "the heartbeat's address")) if url else None
        self._health: HealthServer | None = None
        self._stopping = threading.Event()
        self._herald_failed: tuple[str, ...] = ()
        self._clock_off = timedelta(0)
        self._thread = threading.Thread(target=self._tell, name="herald", daemon=True)
        self.last = Vitals(datetime.now(UTC), ())

    def open(self) -> None:
        """Begin to tell, and show the health page where a port is set."""
        if self._config.health_port:
            self._health = HealthServer(
                self._config.health_port, lambda: self._vitals(datetime.now(UTC)), self._metrics
            )
        self._thread.start()

    def close(self) -> None:
        """Tell what still waits, and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        if self._health is not None:
            self._health.close()

    def look(self, now: datetime) -> Vitals:
        """See how everything does; beat the heart when all is well."""
        self.last = self._vitals(now)
        if wrong := ills(self.last):
            _log.error("ill: %s", "; ".join(wrong))
        elif self._heartbeat is not None:
            self._compare_clocks(self._heartbeat, now)
        return self.last

    def _compare_clocks(self, heartbeat: Heartbeat, now: datetime) -> None:
        there_at = heartbeat.beat(now)
        if there_at is None:
            return
        self._clock_off = clock_drift(datetime.now(UTC), there_at)
        if self._clock_off:
            minutes = self._clock_off.total_seconds() / 60
            text = f"this machine's clock is off by {minutes:+.0f} min against the heartbeat's server; set it right"
            self.overflow.put(Notification("", None, "the clock is wrong", text), now)

    def _vitals(self, now: datetime) -> Vitals:
        store = SqliteStore(self._config.store_path)
        try:
            overdue = {watch.name: store.next_wake(watch.name) for watch in self._watches}
        finally:
            store.close()
        accounts = tuple(
            watch.vitals(at if (at := overdue[watch.name]) is not None and at < now else None)
            for watch in self._watches
        )
        failure = next((watch.store_failure for watch in self._watches if watch.store_failure), "")
        failure = failure or self._disk_failure(now)
        return Vitals(now, accounts, failure, self._herald_failed, self._clock_off)

    def _disk_failure(self, now: datetime) -> str:
        """A disk that is nearly full is told before the first notice cannot be stored."""
        free = shutil.disk_usage(self._config.data_folder).free
        if free >= FREE_BYTES:
            return ""
        text = f"only {free / 1e6:.0f} MB are free on the disk of {self._config.data_folder}"
        self.overflow.put(Notification("", None, "the disk is nearly full", text), now)
        return text

    def _tell(self) -> None:
        store, book = SqliteStore(self._config.store_path), AlarmBook(self._config.store_path)
        herald = Herald(store, book, self.overflow, self._channels, self._hours)
        try:
            last_round = False
            while not last_round:
                last_round = self._stopping.wait(TELL_EVERY_SECONDS)
                try:
                    herald.work(datetime.now(UTC))
                except Exception:  # an alarm that cannot be told must not end the telling
                    _log.exception("alarms could not be told")
                self._herald_failed = herald.failed
        finally:
            book.close()
            store.close()

    def _metrics(self) -> tuple[str, bytes]:
        now = datetime.now(UTC)
        store, book = SqliteStore(self._config.store_path), AlarmBook(self._config.store_path)
        try:
            counts = tuple(count_up(store, watch.name, now) for watch in self._watches)
            waiting = book.waiting_count()
        finally:
            book.close()
            store.close()
        return CONTENT_TYPE, metrics_text(self._vitals(now), counts, waiting)


def _open_heartbeat(url: str) -> Heartbeat:
    from inbox_bot.alarms.heartbeat import Heartbeat  # it loads a client that few installations need

    return Heartbeat(url)


def open_channels(alarms: Alarms) -> Channels:
    """The channels of the configuration; a secret may hold several addresses, one a line."""
    found = [resolve_secret(one, "an alarm channel's address") for one in alarms.urls]
    urls = [line for secret in found for line in secret.splitlines() if line.strip()]
    return AppriseChannels(urls) if urls else LogOnly()


def hours_of(alarms: Alarms) -> Hours:
    """When people are told, as configured."""
    quiet = None
    if alarms.quiet_from is not None and alarms.quiet_to is not None:
        quiet = QuietHours(alarms.quiet_from, alarms.quiet_to, alarms.zone)
    return Hours(alarms.zone, quiet, alarms.digest_at)


def count_up(store: SqliteStore, account: str, now: datetime) -> Counts:
    """What the metrics say of one account."""
    cases = [record.case for record in store.cases(account)]
    open_cases = [case for case in cases if case.answered_at is None and case.closed_at is None]
    cutoffs = [cutoff for case in open_cases if (cutoff := cutoff_of(case)) is not None]
    nearest = min(cutoffs, default=None)
    return Counts(
        account,
        len(open_cases),
        (nearest - now).total_seconds() / 3600 if nearest is not None else None,
        sum(case.replies_sent for case in cases),
        sum(case.send_state in (SendState.BODY, SendState.UNKNOWN) for case in cases),
        len(store.waiting_mails(account)),
    )
