"""`demo`: the main job on loopback, with real servers and the real daemon, checked as it goes.

Sample mails are delivered while the daemon watches, and a person's part is played at the end. Whatever does not
happen as it should ends the demo with exit code 1, so it is a test of the installation too. Nothing is written
outside the folder of the replies and a temporary one.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inbox_bot import app
from inbox_bot.commands.demo_folder import ReplyFile, claim_folder, opening_hint, write_replies
from inbox_bot.commands.demo_mails import SCENES, SELLER, DemoMail, Part, Scene, demo_mails
from inbox_bot.commands.demo_stage import DemoFailed, Reading, Stage, now, open_stage
from inbox_bot.commands.demo_view import DemoView, Fact, open_console
from inbox_bot.commands.demo_words import case_row, draft_facts, look_alike_card, notice_card, taken_for
from inbox_bot.commands.show import reply_text
from inbox_bot.core.case import Case, Status
from inbox_bot.core.model import Verdict
from inbox_bot.resources import bundled

READING_SECONDS = 0.5  # between two notices on a terminal, so that a person can follow


def run_demo(out: Path, scenes: Sequence[Scene] = SCENES) -> int:
    """Play the demo and leave the replies in the folder; returns 0 when everything happened as it should, else 1.

    Raises UserError when the folder cannot be used or holds files of somebody else.
    """
    claim_folder(out)
    _never_fail_to_print()
    view = DemoView(open_console())
    with collected_logs() as logs, _tidy_when_terminated():
        try:
            with view:
                problems = play(view, out, scenes)
        except DemoFailed as error:
            problems = [str(error)]
    for problem in problems:
        view.line(f"Not as expected: {problem}", "bad")
    if problems:
        for line in logs[-10:]:
            view.line(f"  log: {line}", "quiet")
        view.line("This installation does not work as it should; please report the lines above.", "bad")
    return int(bool(problems))


def play(view: DemoView, out: Path, scenes: Sequence[Scene] = SCENES) -> list[str]:
    """The whole demo on an open display; returns what was not as it should be. Raises DemoFailed."""
    started = time.monotonic()
    with open_stage() as stage:
        _introduce(view, stage)
        _deliver_all(view, stage, scenes)
        _read_drafts(view, stage)
        _approve_one(view, stage)
        _close(view, stage, out)
    if not stage.problems:
        view.heading(f"Everything went as it should, in {time.monotonic() - started:.0f} seconds.")
        view.line("Set it up for your own mailbox with: inbox-bot init")
    return stage.problems


def _introduce(view: DemoView, stage: Stage) -> None:
    imap, smtp = stage.imap, stage.smtp
    view.heading("inbox-bot on this machine: a mailbox, chargeback notices, and what becomes of them")
    view.facts(
        (
            Fact("mailbox", f"{SELLER} on a real IMAP server, {imap.host} port {imap.imap_port}"),
            Fact("sending", f"through a real SMTP server, {smtp.host} port {smtp.smtp_port}"),
            Fact("watching", "the daemon waits in IDLE, in mode draft: it places replies, you send them"),
        )
    )


def _deliver_all(view: DemoView, stage: Stage, scenes: Sequence[Scene]) -> None:
    """Deliver one mail after another, and show what the daemon made of it before the next one comes."""
    titles = {
        True: "First come the mails of the orders: the record from which the replies are written",
        False: "Then the chargeback notices, and mails that only look like one",
    }
    was_record: bool | None = None
    try:
        mails = list(demo_mails(bundled("fixtures/emails"), now(), scenes))
    except OSError as error:
        raise DemoFailed(f"a sample mail is missing ({error}); install inbox-bot again") from error
    for number, mail in enumerate(mails, 1):
        is_record = mail.scene.part is Part.RECORD
        if is_record is not was_record:
            view.heading(titles[is_record])
        was_record = is_record
        view.progress(number - 1, len(scenes), f"mail {number} of {len(scenes)} arrives")
        reading = stage.deliver(mail)
        _check(stage, mail, reading)
        _show(view, stage, mail, reading, f"{number:>2}/{len(scenes)}")
    view.progress(len(scenes), len(scenes), "all mails are handled")
    view.line("")
    view.line(
        f"Every mail was dealt with within {stage.longest_seconds:.1f} seconds of its delivery.", "quiet"
    )


def _show(view: DemoView, stage: Stage, mail: DemoMail, reading: Reading, place: str) -> None:
    if mail.scene.part is Part.RECORD:
        view.brief(taken_for(mail, reading.handled, stage.rulebook), mail.mail.subject)
        return
    if reading.handled is not None and reading.case is not None:
        view.card(notice_card(place, reading.handled, reading.case, now()))
    else:
        view.card(look_alike_card(place, mail.mail, reading.handled, stage.rulebook, bool(reading.told)))
    view.cases(case_row(case, now()) for case in stage.cases())
    if view.is_watched:
        time.sleep(READING_SECONDS)


def _check(stage: Stage, mail: DemoMail, reading: Reading) -> None:
    name, wanted, case = f"{mail.scene.file}.eml", mail.scene.verdict, reading.case
    if reading.handled is not None and reading.handled.mail is None:
        stage.expect(False, f"{name} could not be read: {reading.handled.note}")
    if wanted is None:
        stage.expect(case is None, f"{name} opened a case and should not have")
    elif case is None:
        stage.expect(False, f"{name} opened no case")
    else:
        got = case.verdict.value if case.verdict else "nothing"
        stage.expect(case.verdict is wanted, f"{name} was decided as {got}, not as {wanted.value}")
        drafted = case.status is Status.DRAFTED
        stage.expect(drafted == (wanted is Verdict.REPRESENT), f"case {case.case_id} is {case.status.value}")
        genuine = "genuine" if case.trusted else "not genuine"
        stage.expect(case.trusted != mail.scene.forged, f"{name} was judged {genuine}")


def _read_drafts(view: DemoView, stage: Stage) -> None:
    """Read the drafts back with another client, as the seller's mail program would."""
    view.heading("What your mail program sees in Drafts (read back with Python's own imaplib)")
    drafts = stage.imap.messages(SELLER, "Drafts")
    for raw in drafts:
        view.line("")
        view.facts(draft_facts(raw))
    drafted = [case for case in stage.cases() if case.status is Status.DRAFTED and case.reply is not None]
    for case in drafted:
        copies = [raw for raw in drafts if raw == _reply_bytes(stage, case)]
        stage.expect(
            len(copies) == 1, f"the reply of case {case.case_id} stands {len(copies)} times in Drafts"
        )
        threaded = any(fact.text == case.notice.message_id for raw in copies for fact in draft_facts(raw))
        stage.expect(threaded, f"the reply of case {case.case_id} does not thread under its notice")
    stage.expect(len(drafts) == len(drafted), f"Drafts holds {len(drafts)} mails for {len(drafted)} cases")


def _reply_bytes(stage: Stage, case: Case) -> bytes:
    return stage.store.file(case.reply.sha256) if case.reply else b""


def _approve_one(view: DemoView, stage: Stage) -> None:
    """What a seller does: release a reply, and see it leave."""
    drafted = [case for case in stage.cases() if case.status is Status.DRAFTED]
    case = min(drafted, key=lambda case: case.opened_at, default=None)
    if case is None:
        stage.expect(False, "no reply was drafted, so none can be sent")
        return
    view.heading(f"Now you release one, as with: inbox-bot approve {case.case_id}")
    view.progress(1, 2, "the reply is sent")
    app.approve(stage.store, case.case_id, now())
    sent = stage.sent(case.case_id)
    raw = _reply_bytes(stage, sent)
    taken = [mail for mail in stage.smtp.taken if mail.raw_bytes == raw]
    stage.expect(len(taken) == 1, f"the SMTP server took the reply {len(taken)} times")
    copies = stage.imap.messages(SELLER, "Sent").count(raw)
    stage.expect(copies == 1, f"Sent holds the reply {copies} times")
    recipients = [recipient for mail in taken for recipient in mail.recipients]
    stage.expect(case.notice.reply_to in recipients, "the reply did not go to the address of the notice")
    view.facts(
        (
            Fact("sent to", ", with a blind copy to ".join(recipients)),
            Fact("answer", f"{sent.proof} (said the SMTP server)", "good"),
            Fact("copy", f"in {sent.sent_copy}; the case is answered", "good"),
        )
    )


def _close(view: DemoView, stage: Stage, out: Path) -> None:
    """Print the cases and one whole reply, and leave all replies in the folder."""
    view.cases(case_row(case, now()) for case in stage.cases())
    view.settle()
    view.heading("The cases")
    view.table()
    replies = [
        ReplyFile(
            case.case_id,
            case.status.value,
            case.reply.subject,
            case.reply.attachment_names,
            _reply_bytes(stage, case),
        )
        for case in sorted(stage.cases(), key=lambda case: case.opened_at)
        if case.reply is not None
    ]
    if not replies:
        return
    view.heading("One reply, whole")
    raw = replies[0].raw_bytes
    view.letter(f"{replies[0].case_id}.eml", draft_facts(raw), reply_text(raw))
    written = write_replies(out, replies)
    view.heading(f"All replies lie in {out}")
    for path in written:
        view.line(f"  {path}")
    view.line(opening_hint(written[0]))


def _never_fail_to_print() -> None:
    """A terminal without Chinese shows question marks instead of ending the demo."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


@contextmanager
def _tidy_when_terminated() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that nothing is left behind; only the main thread can ask for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def collected_logs() -> Iterator[list[str]]:
    """Keep warnings off the terminal; they are shown when the demo fails."""
    collector, root = _Collector(), logging.getLogger()
    root.addHandler(collector)
    try:
        yield collector.lines
    finally:
        root.removeHandler(collector)
