"""A pass over one account, and the rounds of passes: what is done, what is said when it fails, how long to wait.

A pass looks into every watched folder, reads what came and advances what is due. Threads are in `daemon.py`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from inbox_bot.app import ingest, tick
from inbox_bot.config import AccountConfig, Config
from inbox_bot.core import events as happened
from inbox_bot.core.canary import CanaryState, canary_mail, is_missing, wants_to_fly
from inbox_bot.core.case import Case
from inbox_bot.core.errors import InboxBotError, LoginRefused, StoreUnavailable, TemporaryError, UserError
from inbox_bot.core.vitals import SILENT_FOR, in_minutes
from inbox_bot.desk import Desk, Notification, Rulebook
from inbox_bot.intake import Handled, poll_folder
from inbox_bot.mail.dkim import signature_check
from inbox_bot.mail.reader import MailReader
from inbox_bot.mail.readers import MailReaders
from inbox_bot.outside import LiveOutside
from inbox_bot.pace import PERSON_PAUSE, back_off
from inbox_bot.sources import shared_folder, tracking_sources
from inbox_bot.store.protocol import Change
from inbox_bot.store.sqlite import SqliteStore

LONGEST_PAUSE = timedelta(minutes=15)  # a server that is back is used soon, and nobody calls that hammering
LOOK_AFTER_CANARY = timedelta(minutes=10)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Display:
    """Where a pass over an account is shown as it happens."""

    tell: Callable[[Notification], None]
    on_handled: Callable[[Handled], None]
    on_polled: Callable[[str, datetime], None] = field(default=lambda folder, at: None)


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
    changed |= dict.fromkeys(_read_everything(desk, outside, display, now, failures))
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
                _poll(desk, outside, display, folder, now(), failures)
    except (TemporaryError, UserError) as error:
        outside.drop()
        failures.append(error)
    return ingest(desk, now(), display.on_handled)


def _read_everything(
    desk: Desk,
    outside: LiveOutside,
    display: Display,
    now: Callable[[], datetime],
    failures: list[InboxBotError],
) -> tuple[str, ...]:
    """Look into a folder that shows the mails of all others: what a filter put aside stands there only.

    It comes last, when the mails of the other folders are known by their content and are not taken again.
    """
    if failures:
        return ()
    try:
        folders = outside.folders()
        if not folders.everything or folders.everything in folders.watched:
            return ()
        _poll(desk, outside, display, folders.everything, now(), failures, shows_all=True)
    except (TemporaryError, UserError) as error:
        outside.drop()
        failures.append(error)
    return ingest(desk, now(), display.on_handled)


def _poll(
    desk: Desk,
    outside: LiveOutside,
    display: Display,
    folder: str,
    now: datetime,
    failures: list[InboxBotError],
    *,
    shows_all: bool = False,
) -> None:
    """Look into one folder; one that the server does not have must not keep the others from being read."""
    try:
        poll_folder(desk, outside.mailbox(), folder, now, shows_all=shows_all)
        display.on_polled(folder, now)
    except LoginRefused:
        raise
    except UserError as error:
        failures.append(error)


class Rounds:
    """The passes over one account, one after the other; used by one thread, its figures may be read by any."""

    def __init__(
        self, desk: Desk, outside: LiveOutside, display: Display, now: Callable[[], datetime], *, canary: bool
    ) -> None:
        self.last_success_at = now()
        self.failure = ""
        self.store_failure = ""
        self.polled: dict[str, datetime] = {}
        self._desk = desk
        self._outside = outside
        self._display = Display(display.tell, display.on_handled, self.polled.__setitem__)
        self._now = now
        self._failures = 0
        self._has_canary = canary
        self._canary_tried_at: datetime | None = None
        self._canary_look_at = now()

    def take(self) -> timedelta:
        """One pass; returns how long to pause before the next, zero after a pass that went well."""
        try:
            work_once(self._desk, self._outside, self._display, self._now)
            self._fly_canary()
        except UserError as error:
            # A person has to mend it; trying again soon would only lock the account.
            name = "login refused" if isinstance(error, LoginRefused) else "a setting has to be mended"
            return self._failed(error, name, PERSON_PAUSE)
        except StoreUnavailable as error:
            self.store_failure = str(error)
            return self._failed(error, "the store cannot be written", self._pause())
        except TemporaryError as error:
            silent = self._now() - self.last_success_at
            name = "the mailbox is not read" if silent >= SILENT_FOR else ""
            return self._failed(error, name, self._pause(), f"since {in_minutes(silent)}: " if name else "")
        self.last_success_at, self._failures, self.failure, self.store_failure = self._now(), 0, "", ""
        return timedelta(0)

    def lost_link(self, error: TemporaryError) -> timedelta:
        """The connection broke while mail was waited for; as a failed pass."""
        return self._failed(error, "", self._pause())

    def _pause(self) -> timedelta:
        self._failures += 1
        return (
            min(back_off(self._failures - 1), LONGEST_PAUSE) if self._failures > 1 else timedelta(seconds=1)
        )

    def _failed(self, error: InboxBotError, name: str, pause: timedelta, since: str = "") -> timedelta:
        self._outside.drop()
        self.failure = str(error)
        account = self._desk.policy.account
        _log.warning("account=%s %s; again in %.0f s", account, error, pause.total_seconds())
        if name:
            self._desk.tell(Notification(account, None, name, f"{since}{error}"))
        return pause

    def _fly_canary(self) -> None:
        """Once a day a mail to ourselves; one that does not come in is an alarm."""
        now, account = self._now(), self._desk.policy.account
        if not self._has_canary or now < self._canary_look_at:
            return
        self._canary_look_at = now + LOOK_AFTER_CANARY
        state = replace(canary_state(self._desk), tried_at=self._canary_tried_at)
        if is_missing(state, now):
            text = f"the mail to yourself of {state.sent_at:%Y-%m-%d %H:%M} UTC has not come in; look at your mailbox"
            self._desk.tell(Notification(account, None, "the way in is broken", text))
        if not wants_to_fly(state, now):
            return
        token, self._canary_tried_at = secrets.token_hex(16), now
        try:
            self._outside.send_to_self(canary_mail(self._desk.policy.address, token, now))
        except (InboxBotError, ValueError) as error:
            text = f"the daily mail to yourself could not be sent: {error}"
            self._desk.tell(Notification(account, None, "the way out is broken", text))
            return
        self._desk.store.commit(Change(account, now, events=(happened.CanarySent(token),)))


def canary_state(desk: Desk) -> CanaryState:
    """The last canary that left and the last that came in, by the account's events."""
    sent: tuple[str, datetime | None] = ("", None)
    seen = ""
    for recorded in desk.store.account_events(desk.policy.account):
        if isinstance(recorded.event, happened.CanarySent):
            sent = (recorded.event.token, recorded.at)
        elif isinstance(recorded.event, happened.CanarySeen):
            seen = recorded.event.token
    return CanaryState(sent[0], sent[1], seen)


def open_desk(
    config: Config,
    account: AccountConfig,
    rulebook: Rulebook,
    store: SqliteStore,
    outside: LiveOutside,
    reader: MailReader | MailReaders,
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
        folder=shared_folder(config.evidence_folder, config.rules_folder, rulebook.notices.kept),
        authenticate=signature_check(account.policy, rulebook.notices.amazon_domains),
        other_addresses=sharing(config, account),
    )


def sharing(config: Config, account: AccountConfig) -> frozenset[str]:
    """The addresses of the other accounts that read the same mailbox, less those that are ours too."""
    place = (account.imap.host.lower(), account.imap.user.lower())
    others = [
        one.policy
        for one in config.accounts
        if one.policy.account != account.policy.account
        and (one.imap.host.lower(), one.imap.user.lower()) == place
    ]
    addresses = {address.lower() for one in others for address in (one.address, *one.aliases)}
    return frozenset(
        addresses - {address.lower() for address in (account.policy.address, *account.policy.aliases)}
    )
