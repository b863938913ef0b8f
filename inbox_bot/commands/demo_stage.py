"""The demo's stage: real servers, the real daemon in a thread, and waiting for what it does.

What is played on it, and how it looks, is not decided here.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

from inbox_bot.commands.demo_mails import RECEIVING_SERVER, SELLER, SELLER_ALIAS, DemoMail
from inbox_bot.config import AccountConfig, Config
from inbox_bot.core.case import Case, Status
from inbox_bot.core.errors import InboxBotError
from inbox_bot.core.model import Policy
from inbox_bot.daemon import Daemon
from inbox_bot.desk import Notification, Rulebook, load_rulebook
from inbox_bot.intake import Handled
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.smtp import SmtpSettings
from inbox_bot.rounds import Display
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.testing import PymapServer, SmtpServer, TakenMail, pymap_server, smtp_server

ACCOUNT = "demo"
PATIENCE_SECONDS = 10.0
_SECRET = "loopback only"  # noqa: S105 - of a mailbox that lives as long as the demo
_SETTLED = (Status.REVIEW, Status.REFUND, Status.DRAFTED, Status.ANSWERED, Status.CLOSED)
Found = TypeVar("Found")


class DemoFailed(InboxBotError):
    """Something did not happen as it should have."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the daemon made of a delivered mail: `handled` is None when its header was enough to pass it over.

    `case` is as it stood when the daemon had nothing more to do for it; `told` is what a person was told.
    """

    handled: Handled | None
    case: Case | None
    told: tuple[Notification, ...]


class _Watching:
    """The real daemon in a thread, and what it told."""

    def __init__(self, config: Config, rulebook: Rulebook) -> None:
        self.handled: dict[str, Handled] = {}
        self.told: list[Notification] = []
        self._failure: BaseException | None = None
        self._daemon = Daemon(config, rulebook, Display(self.told.append, self._keep))
        self._thread = threading.Thread(target=self._run, name="daemon", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()
        self._thread.join(PATIENCE_SECONDS)

    def check(self) -> None:
        """Raise DemoFailed when the daemon ended by itself."""
        if not self._thread.is_alive():
            raise DemoFailed(f"the daemon ended by itself: {self._failure}")

    def _keep(self, handled: Handled) -> None:
        if handled.mail is not None:
            self.handled[handled.mail.sha256] = handled

    def _run(self) -> None:
        try:
            self._daemon.run()
        except BaseException as error:  # told to whoever waits for the daemon
            self._failure = error


@dataclass(slots=True)
class Stage:
    """Everything that is on while the demo plays; `problems` collects what was not as it should be."""

    rulebook: Rulebook
    imap: PymapServer
    smtp: SmtpServer
    store: SqliteStore
    _watching: _Watching
    problems: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0

    def expect(self, is_so: bool, what: str) -> None:
        """Note what is not as it should be."""
        if not is_so:
            self.problems.append(what)

    def cases(self) -> tuple[Case, ...]:
        """All cases, the most urgent first."""
        return tuple(record.case for record in self.store.cases(ACCOUNT))

    def deliver(self, mail: DemoMail) -> Reading:
        """Deliver a mail and wait until the daemon is done with it; raises DemoFailed when it never is.

        What lies in another folder than the inbox rings no bell; it is looked up when a case needs it.
        """
        started, told = time.monotonic(), len(self._watching.told)
        uid = self.imap.deliver(SELLER, mail.raw_bytes, mail.folder)
        if mail.folder != "INBOX":
            return Reading(None, None, ())
        self.until(lambda: self._is_read(mail, uid) or None, f"reading {mail.scene.file}.eml")
        handled = self._watching.handled.get(mail.mail.sha256)
        case_id = handled.case_id if handled else None
        case = self.until(lambda: self._settled(case_id), f"deciding case {case_id}") if case_id else None
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - started)
        return Reading(handled, case, tuple(self._watching.told[told:]))

    def sent(self, case_id: str) -> Case:
        """The case once its reply is sent and filed; raises DemoFailed when that does not happen."""
        return self.until(lambda: self._answered(case_id), f"sending the reply of case {case_id}")

    def until(self, find: Callable[[], Found | None], what: str) -> Found:
        """What `find` returns as soon as it is not None; raises DemoFailed when it stays None too long."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while (found := find()) is None:
            self._watching.check()
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"{what}: not done after {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(0.02)
        return found

    def _is_read(self, mail: DemoMail, uid: int) -> bool:
        """Whether the mail was handled, or passed over by its header: the cursor moved and nothing is stored."""
        if mail.mail.sha256 in self._watching.handled:
            return True
        cursor = self.store.cursor(ACCOUNT, mail.folder)
        if cursor is None or cursor.last_uid < uid:
            return False
        try:
            self.store.file(mail.mail.sha256)
        except KeyError:
            return True
        return False

    def _settled(self, case_id: str) -> Case | None:
        """The case, once the daemon has nothing more to do for it."""
        record = self.store.case(case_id)
        if record is None or record.case.status not in _SETTLED:
            return None
        return None if record.wake_at is not None and record.wake_at <= now() else record.case

    def _answered(self, case_id: str) -> Case | None:
        case = self._settled(case_id)
        return case if case is not None and case.status is Status.ANSWERED and case.sent_copy else None


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Start the servers and the daemon, and stop them in the end."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inbox-bot-demo-")))
        imap = stack.enter_context(pymap_server({SELLER: _SECRET}))

        def hand_over(mail: TakenMail) -> None:
            """The copy to ourselves arrives where it is addressed to."""
            if SELLER in mail.recipients:
                imap.deliver(SELLER, mail.raw_bytes)

        smtp = stack.enter_context(smtp_server({SELLER: _SECRET}, hand_over))
        config = _config(data, imap, smtp)
        rulebook = load_rulebook()
        store = SqliteStore(config.store_path)
        stack.callback(store.close)
        yield Stage(rulebook, imap, smtp, store, stack.enter_context(_Watching(config, rulebook)))


def _config(data: Path, imap: PymapServer, smtp: SmtpServer) -> Config:
    """What a seller would write into config.toml, for the servers of this run."""
    account = AccountConfig(
        policy=Policy(
            account=ACCOUNT,
            address=SELLER,
            aliases=(SELLER_ALIAS,),
            display_name="Birchwood Goods",
            authserv_id=RECEIVING_SERVER,
        ),
        imap=ImapSettings(imap.host, imap.imap_port, "plain", SELLER, timeout_seconds=PATIENCE_SECONDS),
        imap_secret=f"plain:{_SECRET}",
        folders=("INBOX",),
        search_folders=(),
        drafts="",
        sent="",
        watch_junk=True,
        poll_seconds=2.0,  # new mail rings by IDLE; this is how soon an approval is seen
        smtp=SmtpSettings(smtp.host, smtp.smtp_port, "plain", SELLER, timeout_seconds=PATIENCE_SECONDS),
        smtp_secret=f"plain:{_SECRET}",
        copy_to_self=True,
        server_files_sent=False,
    )
    return Config(data / "config.toml", data, data / "evidence", None, None, (account,))


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
