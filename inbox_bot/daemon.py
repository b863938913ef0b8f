"""The daemon: one watching thread an account, a scheduler that sweeps the clock, signals, and a sign of life.

Nothing durable lives here. Deadlines are read from the cases at each sweep, so a restart cannot lose one, and the
IDLE of a mailbox is only a doorbell: every folder is examined at each round.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from datetime import UTC, datetime, timedelta

import sdnotify
from apscheduler.schedulers.background import BackgroundScheduler

from inbox_bot.config import AccountConfig, Config
from inbox_bot.core.errors import StoreError, TemporaryError, UserError, WorkStopped
from inbox_bot.core.retention import Days
from inbox_bot.core.vitals import AccountVitals, ills, must_give_up
from inbox_bot.desk import Desk, Notification, Rulebook
from inbox_bot.heap import give_back, share_heap
from inbox_bot.herald import Overflow, take_down_in
from inbox_bot.logins import login_alarm
from inbox_bot.mail.readers import MailReaders
from inbox_bot.outside import LiveOutside
from inbox_bot.purging import carry_out
from inbox_bot.rounds import Display, Rounds, open_desk
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.vigil import Vigil

SWEEP_SECONDS = 15

_log = logging.getLogger(__name__)


class AccountWatch(threading.Thread):
    """Watches one account until it is told to stop."""

    def __init__(
        self,
        config: Config,
        account: AccountConfig,
        rulebook: Rulebook,
        display: Display,
        overflow: Overflow,
        readers: MailReaders,
    ) -> None:
        super().__init__(name=account.policy.account, daemon=True)
        self._config = config
        self._account = account
        self._rulebook = rulebook
        self._display = display
        self._overflow = overflow
        self._readers = readers
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._outside = LiveOutside(account)
        self._started_at = _now()
        self._rounds: Rounds | None = None
        self.fatal: BaseException | None = None

    def stop(self) -> None:
        """Ask the thread to end soon."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """End the current wait: something is due."""
        self._wake.set()
        self._outside.interrupt()

    def vitals(self, overdue_since: datetime | None) -> AccountVitals:
        """How the account does; may be called from any thread."""
        rounds = self._rounds
        if rounds is None:
            return AccountVitals(self.name, self.is_alive(), self._started_at)
        return AccountVitals(
            self.name,
            self.is_alive(),
            rounds.last_success_at,
            dict(rounds.polled),
            overdue_since,
            rounds.failure,
        )

    @property
    def store_failure(self) -> str:
        """Why the store could not be written at the last try, empty when it could."""
        return self._rounds.store_failure if self._rounds else ""

    def run(self) -> None:
        """Open the store and the reader, and work until told to stop; what cannot be retried ends up in `fatal`."""
        try:
            store = SqliteStore(self._config.store_path)

            def tell(notification: Notification) -> None:
                self._display.tell(notification)
                take_down_in(self._config.store_path, self._overflow, notification, _now())

            display = Display(tell, self._display.on_handled)
            desk = open_desk(
                self._config, self._account, self._rulebook, store, self._outside, self._readers, display
            )
            canary = self._config.alarms.canary and self._account.smtp is not None
            self._rounds = Rounds(desk, self._outside, display, _now, canary=canary)
            self._watch(desk, self._rounds)
            store.close()
        except BaseException as error:  # the main thread reports it
            self.fatal = error
        finally:
            self._outside.drop()

    def _watch(self, desk: Desk, rounds: Rounds) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            pause = rounds.take()
            if not pause:
                try:
                    self._wait_for_mail(desk)
                except UserError:
                    continue  # the next pass says it
                except TemporaryError as error:
                    pause = rounds.lost_link(error)
            if pause:
                self._wake.wait(pause.total_seconds())

    def _wait_for_mail(self, desk: Desk) -> None:
        """Wait on the first watched folder; other folders are seen at the next round."""
        mailbox = self._outside.mailbox()
        state = mailbox.examine(self._outside.folders().watched[0])
        cursor = desk.store.cursor(desk.policy.account, self._outside.folders().watched[0])
        if state.uidnext and cursor is not None and cursor.last_uid < state.uidnext - 1:
            return
        if not self._wake.is_set():
            mailbox.wait(self._account.poll_seconds)


def _now() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """All accounts together."""

    def __init__(self, config: Config, rulebook: Rulebook, display: Display) -> None:
        self._config = config
        self._display = display
        overflow = Overflow()
        self._readers = MailReaders()
        self._watches = [
            AccountWatch(config, account, rulebook, display, overflow, self._readers)
            for account in config.accounts
        ]
        self._vigil = Vigil(config, self._watches, overflow)
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        # Made only under systemd: without its socket the notifier would only leak one of its own.
        self._systemd = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._stopping = threading.Event()

    def _tell_systemd(self, state: str) -> None:
        if self._systemd is not None:
            self._systemd.notify(state)

    def stop(self) -> None:
        """End `run` soon; safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped; raises what ended an account's thread for good."""
        share_heap()
        self._vigil.open()
        for watch in self._watches:
            watch.start()
        self._scheduler.add_job(self._sweep, "interval", seconds=SWEEP_SECONDS, id="sweep")
        soon = _now() + timedelta(minutes=10)
        self._scheduler.add_job(self._purge, "interval", days=1, id="purge", next_run_time=soon)
        self._scheduler.add_job(self._check_logins, "interval", days=1, id="logins", next_run_time=soon)
        self._scheduler.start()
        self._tell_systemd("READY=1")
        try:
            while not self._stopping.wait(1.0):
                self._raise_fatal()
                if must_give_up(self._vigil.last):
                    raise WorkStopped(
                        "no account was read for two hours; the process ends to be started anew"
                    )
        finally:
            self._tell_systemd("STOPPING=1")
            self._scheduler.shutdown(wait=True)
            self._end_watches()
            self._vigil.close()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the daemon in good order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())

    def _sweep(self) -> None:
        """Wake the accounts whose cases are due, and tell systemd that the work, not only the process, goes on."""
        store = SqliteStore(self._config.store_path)
        try:
            for watch in self._watches:
                wake_at = store.next_wake(watch.name)
                if wake_at is not None and wake_at <= _now():
                    watch.wake()
        finally:
            store.close()
        give_back()
        if not ills(self._vigil.look(_now())):
            self._tell_systemd("WATCHDOG=1")

    def _purge(self) -> None:
        """Once a day: what was kept long enough goes."""
        kept = self._config.retention
        store = SqliteStore(self._config.store_path)
        try:
            gone = carry_out(store, Days(kept.buyer_days, kept.shipping_days, kept.case_days), _now())
        finally:
            store.close()
        for line in gone:
            _log.info("purged source=%s what=%s count=%d", line.source, line.what, line.count)

    def _check_logins(self) -> None:
        """Once a day: a login that ends soon, or was taken back, is told before it stops the work."""
        for account in self._config.accounts:
            if words := login_alarm(account, _now()):
                notification = Notification(account.policy.account, None, "login ends", words)
                self._display.tell(notification)
                self._vigil.overflow.put(notification, _now())

    def _raise_fatal(self) -> None:
        for watch in self._watches:
            if watch.fatal is not None:
                raise watch.fatal
            if not watch.is_alive():
                raise StoreError(f"the thread of account {watch.name} ended by itself")

    def _end_watches(self) -> None:
        for watch in self._watches:
            watch.stop()
        for watch in self._watches:
            watch.join(timeout=15)
        self._readers.close()
