"""The daemon: one watching thread an account, a scheduler that sweeps the clock, signals, and a sign of life.

Nothing durable lives here. Deadlines are read from the cases at each sweep, so a restart cannot lose one, and the
IDLE of a mailbox is only a doorbell: every folder is examined at each round.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sdnotify
from apscheduler.schedulers.background import BackgroundScheduler

from inbox_bot.app import ingest, tick
from inbox_bot.config import AccountConfig, Config
from inbox_bot.core.case import Case
from inbox_bot.core.errors import InboxBotError, LoginRefused, StoreError, TemporaryError, UserError
from inbox_bot.core.retention import Days
from inbox_bot.desk import Desk, Notification, Rulebook
from inbox_bot.intake import Handled, poll_folder
from inbox_bot.logins import login_alarm
from inbox_bot.mail.dkim import signature_check
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.pace import PERSON_PAUSE, back_off
from inbox_bot.purging import carry_out
from inbox_bot.sources import tracking_sources, watched_folder
from inbox_bot.store.sqlite import SqliteStore

SWEEP_SECONDS = 15
STALLED_AFTER = timedelta(minutes=20)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Display:
    """Where a pass over an account is shown as it happens."""

    tell: Callable[[Notification], None]
    on_handled: Callable[[Handled], None]


def log_display() -> Display:
    """The display of a server: one line an event, case id first, no buyer's data."""

    def tell(notification: Notification) -> None:
        place = f"case={notification.case_id}" if notification.case_id else f"account={notification.account}"
        _log.warning("%s alert=%s %s", place, notification.name, notification.text)

    def on_handled(handled: Handled) -> None:
        if handled.notice is not None:
            kind, trusted = handled.notice.kind.value, handled.trust.trusted
            _log.info(
                "case=%s mail=%s kind=%s trusted=%s",
                handled.case_id,
                handled.notice.mail_sha256[:12],
                kind,
                trusted,
            )

    return Display(tell, on_handled)


def work_once(
    desk: Desk, outside: LiveOutside, display: Display, now: Callable[[], datetime]
) -> tuple[str, ...]:
    """One pass: look into every watched folder, read what came, advance what is due; returns the changed cases.

    A mailbox that cannot be reached does not stop the clock: what is due is advanced all the same, and the
    first error is raised afterwards.
    """
    failures: list[InboxBotError] = []
    changed = dict.fromkeys(_read_folders(desk, outside, display, now, failures, sent=False))
    # Sent comes last: what the seller answered by hand belongs to a case only when the case is known.
    changed |= dict.fromkeys(_read_folders(desk, outside, display, now, failures, sent=True))
    advanced: tuple[Case, ...] = ()
    try:
        advanced = tick(desk, now())
    except (UserError, TemporaryError) as error:
        failures.append(error)
    if failures:
        raise failures[0]
    return tuple({**changed, **dict.fromkeys(case.case_id for case in advanced)})


def _read_folders(
    desk: Desk,
    outside: LiveOutside,
    display: Display,
    now: Callable[[], datetime],
    failures: list[InboxBotError],
    *,
    sent: bool,
) -> tuple[str, ...]:
    """Look into the watched folders, or into Sent, and read what waits; failures are gathered."""
    try:
        folders = outside.folders()
        for folder in folders.watched:
            if (folder == folders.sent) == sent:
                _poll(desk, outside, folder, now(), failures)
    except (TemporaryError, UserError) as error:
        outside.drop()
        failures.append(error)
    return ingest(desk, now(), display.on_handled)


def _poll(
    desk: Desk, outside: LiveOutside, folder: str, now: datetime, failures: list[InboxBotError]
) -> None:
    """Look into one folder; one that the server does not have must not keep the others from being read."""
    try:
        poll_folder(desk, outside.mailbox(), folder, now)
    except LoginRefused:
        raise
    except UserError as error:
        failures.append(error)


class AccountWatch(threading.Thread):
    """Watches one account until it is told to stop."""

    def __init__(self, config: Config, account: AccountConfig, rulebook: Rulebook, display: Display) -> None:
        super().__init__(name=account.policy.account, daemon=True)
        self._config = config
        self._account = account
        self._rulebook = rulebook
        self._display = display
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._outside = LiveOutside(account)
        self.last_success_at = datetime.now(UTC)
        self.fatal: BaseException | None = None

    def stop(self) -> None:
        """Ask the thread to end soon."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """End the current wait: something is due."""
        self._wake.set()
        self._outside.interrupt()

    def run(self) -> None:
        """Open the store and the reader, and work until told to stop; what cannot be retried ends up in `fatal`."""
        try:
            store = SqliteStore(self._config.store_path)
            with MailReader() as reader:
                desk = open_desk(
                    self._config, self._account, self._rulebook, store, self._outside, reader, self._display
                )
                self._watch(desk)
            store.close()
        except BaseException as error:  # the main thread reports it
            self.fatal = error
        finally:
            self._outside.drop()

    def _watch(self, desk: Desk) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                work_once(desk, self._outside, self._display, _now)
                self.last_success_at, failures = _now(), 0
                self._wait_for_mail(desk)
            except UserError as error:
                # A person has to mend it; trying again soon would only lock the account.
                _log.error("account=%s %s", self.name, error)
                self._pause(PERSON_PAUSE)
            except TemporaryError as error:
                self._outside.drop()  # also a connection that broke while we waited for mail on it
                pause = back_off(failures)
                _log.warning("account=%s %s; again in %.0f s", self.name, error, pause.total_seconds())
                failures += 1
                self._pause(pause if failures > 1 else timedelta(seconds=1))

    def _wait_for_mail(self, desk: Desk) -> None:
        """Wait on the first watched folder; other folders are seen at the next round."""
        mailbox = self._outside.mailbox()
        state = mailbox.examine(self._outside.folders().watched[0])
        cursor = desk.store.cursor(desk.policy.account, self._outside.folders().watched[0])
        if state.uidnext and cursor is not None and cursor.last_uid < state.uidnext - 1:
            return
        if not self._wake.is_set():
            mailbox.wait(self._account.poll_seconds)

    def _pause(self, pause: timedelta) -> None:
        self._wake.wait(pause.total_seconds())


def open_desk(
    config: Config,
    account: AccountConfig,
    rulebook: Rulebook,
    store: SqliteStore,
    outside: LiveOutside,
    reader: MailReader,
    display: Display,
) -> Desk:
    """The desk of a configured account over its live outside."""
    return Desk(
        policy=account.policy,
        rulebook=rulebook,
        store=store,
        outside=outside,
        read=reader.read,
        tell=display.tell,
        more_sources=tracking_sources(config, account.policy.account, store),
        folder=watched_folder(config.evidence_folder, config.rules_folder),
        authenticate=signature_check(account.policy, rulebook.notices.amazon_domains),
    )


def _now() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """All accounts together."""

    def __init__(self, config: Config, rulebook: Rulebook, display: Display) -> None:
        self._config = config
        self._display = display
        self._watches = [AccountWatch(config, account, rulebook, display) for account in config.accounts]
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
        finally:
            self._tell_systemd("STOPPING=1")
            self._scheduler.shutdown(wait=True)
            self._end_watches()

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
        stalled = [watch.name for watch in self._watches if _now() - watch.last_success_at > STALLED_AFTER]
        if stalled:
            _log.error("account=%s has not been read for %s", ",".join(stalled), STALLED_AFTER)
        else:
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
                self._display.tell(Notification(account.policy.account, None, "login ends", words))

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
