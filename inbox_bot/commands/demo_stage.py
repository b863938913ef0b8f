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
from typing import TypeVar

from inbox_bot.commands.demo_mails import RECEIVING_SERVER, SELLER, SELLER_ALIAS, DemoMail
from inbox_bot.config import AccountConfig, Config
from inbox_bot.core.case import Case, Status
from inbox_bot.core.errors import InboxBotError
from inbox_bot.core.model import Policy
from inbox_bot.daemon import Daemon, Display
from inbox_bot.desk import Notification, Rulebook, load_rulebook
from inbox_bot.intake import Handled
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.smtp import SmtpSettings
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.testing import PymapServer, SmtpServer, TakenMail, pymap_server, smtp_server

ACCOUNT = "demo"
SECRET = "loopback only"  # noqa: S105 - of a mailbox that lives as long as the demo
PATIENCE_SECONDS = 10.0
_SETTLED = (Status.REVIEW, Status.REFUND, Status.DRAFTED, Status.ANSWERED, Status.CLOSED)
Found = TypeVar("Found")


class DemoFailed(InboxBotError):
    """Something did not happen as it should have."""


class _Watching:
    """The real daemon in a thread, and what it told."""

    def __init__(self, config: Config, rulebook: Rulebook) -> None:
        self.handled: dict[str, Handled] = {}
        self.told: list[Notification] = []
        self._failure: BaseException | None = None
        self._daemon = Daemon(config, rulebook, Display(self.told.append, self._keep))
        self._thread = threading.Thread(target=self._run, name="daemon", daemon=True)

    def __enter__(self) -> _Watching:
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
    """Everything that is on while the demo plays."""

    view: DemoView
    rulebook: Rulebook
    imap: PymapServer
    smtp: SmtpServer
    store: SqliteStore
    watching: _Watching
    problems: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0

    def until(self, find: Callable[[], Found | None], what: str) -> Found:
        """What `find` returns as soon as it is not None; raises DemoFailed when it stays None too long."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while (found := find()) is None:
            self.watching.check()
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"{what}: nothing happened for {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(0.02)
        return found

    def expect(self, is_so: bool, what: str) -> None:
        """Note what is not as it should be."""
        if not is_so:
            self.problems.append(what)

    def cases(self) -> tuple[Case, ...]:
        """All cases, the most urgent first."""
        return tuple(record.case for record in self.store.cases(ACCOUNT))

    def settled(self, case_id: str) -> Case | None:
        """The case, once the daemon has nothing more to do for it."""
        record = self.store.case(case_id)
        if record is None or record.case.status not in _SETTLED:
            return None
        return None if record.wake_at is not None and record.wake_at <= now() else record.case


@contextmanager
def set_stage(view: DemoView) -> Iterator[Stage]:
    """Start the servers and the daemon, and stop them in the end."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inbox-bot-demo-")))
        imap = stack.enter_context(pymap_server({SELLER: SECRET}))

        def hand_over(mail: TakenMail) -> None:
            """The copy to ourselves arrives where it is addressed to."""
            if SELLER in mail.recipients:
                imap.deliver(SELLER, mail.raw_bytes)

        smtp = stack.enter_context(smtp_server({SELLER: SECRET}, hand_over))
        config = _config(data, imap, smtp)
        rulebook = load_rulebook()
        store = SqliteStore(config.store_path)
        stack.callback(store.close)
        watching = stack.enter_context(_Watching(config, rulebook))
        view.heading("inbox-bot on this machine: a mailbox, chargeback notices, and what becomes of them")
        view.facts(
            (
                Fact("mailbox", f"{SELLER} on a real IMAP server, {imap.host} port {imap.imap_port}"),
                Fact("sending", f"through a real SMTP server, {smtp.host} port {smtp.smtp_port}"),
                Fact("watching", "the daemon waits in IDLE, in mode draft: it places replies, you send them"),
            )
        )
        yield Stage(view, rulebook, imap, smtp, store, watching)


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
        imap_secret=f"plain:{SECRET}",
        folders=("INBOX",),
        search_folders=(),
        drafts="",
        sent="",
        watch_junk=True,
        poll_seconds=2.0,  # new mail rings by IDLE; this is how soon an approval is seen
        smtp=SmtpSettings(smtp.host, smtp.smtp_port, "plain", SELLER, timeout_seconds=PATIENCE_SECONDS),
        smtp_secret=f"plain:{SECRET}",
        copy_to_self=True,
        server_files_sent=False,
    )
    return Config(data / "config.toml", data, None, None, (account,))



def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
