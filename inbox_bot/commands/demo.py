"""`demo`: the main job on loopback, with real servers and the real daemon, checked as it goes.

A mail server and an SMTP server run in this process, sample mails are delivered while the daemon watches, and a
person's part is played at the end. Whatever does not happen as it should ends the demo with exit code 1, so it is a
test of the installation too. Nothing is written outside the folder of the replies and a temporary one.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from inbox_bot import app
from inbox_bot.commands.show import reply_text
from inbox_bot.commands.demo_folder import ReplyFile, claim_folder, opening_hint, write_replies
from inbox_bot.commands.demo_mails import (
    RECEIVING_SERVER,
    SCENES,
    SELLER,
    SELLER_ALIAS,
    DemoMail,
    Part,
    demo_mails,
)
from inbox_bot.commands.demo_view import DemoView, Fact, open_console
from inbox_bot.commands.demo_words import case_row, draft_facts, look_alike_card, notice_card, taken_for
from inbox_bot.config import AccountConfig, Config
from inbox_bot.core.case import Case, Status
from inbox_bot.core.errors import InboxBotError
from inbox_bot.core.model import Policy, Verdict
from inbox_bot.daemon import Daemon, Display
from inbox_bot.desk import Notification, Rulebook, load_rulebook
from inbox_bot.intake import Handled
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.smtp import SmtpSettings
from inbox_bot.resources import bundled
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.testing import PymapServer, SmtpServer, TakenMail, pymap_server, smtp_server

ACCOUNT = "demo"
SECRET = "loopback only"  # noqa: S105 - of a mailbox that lives as long as the demo
PATIENCE_SECONDS = 10.0
READING_SECONDS = 0.5  # between two notices on a terminal, so that a person can follow
_SETTLED = (Status.REVIEW, Status.REFUND, Status.DRAFTED, Status.ANSWERED, Status.CLOSED)
Found = TypeVar("Found")


class DemoFailed(InboxBotError):
    """Something did not happen as it should have."""


def run_demo(out: Path) -> int:
    """Play the demo and leave the replies in the folder; returns 0 when everything happened as it should, else 1.

    Raises UserError when the folder holds files of somebody else.
    """
    claim_folder(out)
    _never_fail_to_print()
    view = DemoView(open_console())
    with _collected_logs() as logs:
        try:
            with view:
                problems = play(view, out)
        except DemoFailed as error:
            problems = [str(error)]
    for problem in problems:
        view.line(f"Not as expected: {problem}", "bad")
    if problems:
        for line in logs[-10:]:
            view.line(f"  log: {line}", "quiet")
        view.line("This installation does not work as it should; please report the lines above.", "bad")
    return int(bool(problems))


def play(view: DemoView, out: Path) -> list[str]:
    """The whole demo on an open display; returns what was not as it should be. Raises DemoFailed."""
    started = time.monotonic()
    with ExitStack() as stack:
        stage = stack.enter_context(_set_stage(view))
        _deliver_all(stage)
        _read_drafts(stage)
        _approve_one(stage)
        view.cases(case_row(case, _now()) for case in stage.cases())
        view.settle()
        _close(stage, out)
    seconds = time.monotonic() - started
    if not stage.problems:
        view.heading(f"Everything went as it should, in {seconds:.0f} seconds.")
        view.line("Set it up for your own mailbox: inbox-bot init")
    return stage.problems


def _deliver_all(stage: _Stage) -> None:
    """Deliver one mail after another, and show what the daemon made of it before the next one comes."""
    view, part = stage.view, None
    for number, mail in enumerate(demo_mails(bundled("fixtures/emails"), _now()), 1):
        if part is not Part.RECORD and mail.scene.part is Part.RECORD:
            view.heading("First come the mails of the orders: the record from which the replies are written")
        elif part is Part.RECORD and mail.scene.part is not Part.RECORD:
            view.heading("Then the chargeback notices, and mails that only look like one")
        part = mail.scene.part
        view.progress(number - 1, len(SCENES), f"mail {number} of {len(SCENES)} is delivered")
        _deliver(stage, mail, number)
    view.progress(len(SCENES), len(SCENES), "all mails are handled")
    view.line("")
    view.line(f"Every mail was read within {stage.longest_seconds:.1f} seconds of its delivery.", "quiet")


def _deliver(stage: _Stage, mail: DemoMail, number: int) -> None:
    started = time.monotonic()
    uid = stage.imap.deliver(SELLER, mail.raw_bytes, mail.folder)
    if mail.folder != "INBOX":
        stage.view.brief("your own answer, in Sent", mail.mail.subject)
        return
    handled, was_read = stage.until(lambda: _reading(stage, mail, uid), f"reading {mail.scene.file}.eml")
    case_id = handled.case_id if handled else None
    case = stage.until(lambda: stage.settled(case_id), f"deciding case {case_id}") if case_id else None
    stage.longest_seconds = max(stage.longest_seconds, time.monotonic() - started)
    _check(stage, mail, case)
    if mail.scene.part is Part.RECORD:
        stage.view.brief(taken_for(mail.mail, handled, stage.rulebook), mail.mail.subject)
        return
    if handled is not None and case is not None:
        stage.view.card(notice_card(number, len(SCENES), handled, case, _now()))
    else:
        told = [one.text for one in stage.watching.told if one.case_id is None]
        stage.view.card(
            look_alike_card(
                number, len(SCENES), mail.mail, handled, stage.rulebook, told[-1:] if was_read else []
            )
        )
    stage.view.cases(case_row(one, _now()) for one in stage.cases())
    if stage.view.is_live and stage.view.console.is_terminal:
        time.sleep(READING_SECONDS)


def _reading(stage: _Stage, mail: DemoMail, uid: int) -> tuple[Handled | None, bool] | None:
    """How the daemon read the mail; (None, False) when its header was enough, None while it has not come to it."""
    handled = stage.watching.handled.get(mail.mail.sha256)
    if handled is not None:
        return handled, True
    cursor = stage.store.cursor(ACCOUNT, mail.folder)
    if cursor is None or cursor.last_uid < uid:
        return None
    try:
        stage.store.file(mail.mail.sha256)
    except KeyError:
        return None, False
    return None


def _check(stage: _Stage, mail: DemoMail, case: Case | None) -> None:
    name, wanted = f"{mail.scene.file}.eml", mail.scene.verdict
    if wanted is None:
        stage.expect(case is None, f"{name} opened a case and should not have")
    elif case is None:
        stage.expect(False, f"{name} opened no case")
    else:
        got = case.verdict.value if case.verdict else "nothing"
        stage.expect(case.verdict is wanted, f"{name} was decided as {got}, not as {wanted.value}")
        drafted = case.status is Status.DRAFTED
        stage.expect(drafted == (wanted is Verdict.REPRESENT), f"case {case.case_id} is {case.status.value}")
        stage.expect(
            case.trusted != mail.scene.forged,
            f"{name} was judged {'genuine' if case.trusted else 'not genuine'}",
        )


def _read_drafts(stage: _Stage) -> None:
    """Read the drafts back with another client, as the seller's mail program would."""
    stage.view.heading("What your mail program sees in Drafts (read back with Python's own imaplib)")
    drafts = stage.imap.messages(SELLER, "Drafts")
    drafted = [case for case in stage.cases() if case.status is Status.DRAFTED]
    for raw in drafts:
        stage.view.line("")
        stage.view.facts(draft_facts(raw))
    for case in drafted:
        reply = case.reply
        if reply is None:
            stage.expect(False, f"case {case.case_id} has no reply")
            continue
        copies = [raw for raw in drafts if raw == stage.store.file(reply.sha256)]
        stage.expect(
            len(copies) == 1, f"the reply of case {case.case_id} stands {len(copies)} times in Drafts"
        )
        threaded = any(fact.text == case.notice.message_id for raw in copies for fact in draft_facts(raw))
        stage.expect(threaded, f"the reply of case {case.case_id} does not thread under its notice")
    stage.expect(len(drafts) == len(drafted), f"{len(drafts)} drafts for {len(drafted)} cases")


def _approve_one(stage: _Stage) -> None:
    """What a seller does: release a reply, and see it leave."""
    case = _first_drafted(stage)
    if case is None:
        return
    stage.view.heading("Now you release one: inbox-bot approve " + case.case_id)
    app.approve(stage.store, case.case_id, _now())
    sent = stage.until(lambda: _sent(stage, case.case_id), f"sending the reply of case {case.case_id}")
    raw = stage.store.file(sent.reply.sha256) if sent.reply else b""
    taken = [mail for mail in stage.smtp.taken if mail.raw_bytes == raw]
    stage.expect(len(taken) == 1, f"the SMTP server took the reply {len(taken)} times")
    copies = stage.imap.messages(SELLER, "Sent").count(raw)
    stage.expect(copies == 1, f"Sent holds the reply {copies} times")
    recipients = ", ".join(recipient for mail in taken for recipient in mail.recipients)
    stage.view.facts(
        (
            Fact("sent to", recipients),
            Fact("answer", f"{sent.proof} (said the SMTP server)", "good"),
            Fact("copy", f"in {sent.sent_copy}; the case is answered", "good"),
        )
    )


def _first_drafted(stage: _Stage) -> Case | None:
    """The case that the first notice of the demo opened, if its reply is drafted."""
    drafted = [case for case in stage.cases() if case.status is Status.DRAFTED]
    return min(drafted, key=lambda case: case.opened_at, default=None)


def _sent(stage: _Stage, case_id: str) -> Case | None:
    case = stage.settled(case_id)
    return case if case is not None and case.status is Status.ANSWERED and case.sent_copy else None


def _close(stage: _Stage, out: Path) -> None:
    """Print the cases and one whole reply, and leave all replies in the folder."""
    view = stage.view
    view.heading("The cases")
    view.table()
    cases = sorted((case for case in stage.cases() if case.reply), key=lambda case: case.opened_at)
    replies = [
        ReplyFile(
            case.case_id,
            case.status.value,
            case.reply.subject,
            case.reply.attachment_names,
            stage.store.file(case.reply.sha256),
        )
        for case in cases
        if case.reply
    ]
    if replies:
        view.heading("One reply, whole")
        view.letter(f"{replies[0].case_id}.eml", reply_text(replies[0].raw_bytes))
    written = write_replies(out, replies)
    view.heading(f"All replies lie in {out}")
    for path in written:
        view.line(f"  {path}")
    if written:
        view.line(opening_hint(written[0]))


def _now() -> datetime:
    return datetime.now(UTC)


def _never_fail_to_print() -> None:
    """A terminal without Chinese shows question marks instead of ending the demo."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def _collected_logs() -> Iterator[list[str]]:
    """Keep warnings off the terminal; they are shown when the demo fails."""
    collector, root = _Collector(), logging.getLogger()
    root.addHandler(collector)
    try:
        yield collector.lines
    finally:
        root.removeHandler(collector)
