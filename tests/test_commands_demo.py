"""The demo: it plays the main job for real, says what happened, and fails when something did not happen."""

from __future__ import annotations

import email
import email.header
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from inbox_bot.commands.demo import run_demo
from inbox_bot.commands.demo_folder import ReplyFile, claim_folder, opening_hint, write_replies
from inbox_bot.commands.demo_mails import SCENES, SELLER, Part, Scene, demo_mails
from inbox_bot.commands.demo_view import CaseRow, DemoView, Fact, MailCard, open_console
from inbox_bot.commands.show import reply_text
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Verdict
from inbox_bot.resources import bundled
from inbox_bot.testing import TakenMail, smtp_server

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
MAILS = bundled("fixtures/emails")
REPRESENTED = [scene for scene in SCENES if scene.verdict is Verdict.REPRESENT]


@dataclass(frozen=True)
class Played:
    """A whole run of the installed command, its output piped."""

    code: int
    output: str
    errors: str
    home: Path
    temporary: Path

    @property
    def replies(self) -> dict[str, Message]:
        return {
            path.name: email.message_from_bytes(path.read_bytes())
            for path in sorted((self.home / "inbox-bot-demo").glob("*.eml"))
        }


def start(home: Path, temporary: Path) -> subprocess.Popen[str]:
    temporary.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "inbox_bot", "demo"],
        cwd=home,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("away") / "temporary"
    process = start(home, temporary)
    output, errors = process.communicate(timeout=180)
    return Played(process.returncode, output, errors, home, temporary)


def notice_of(scene: Scene) -> Message:
    return email.message_from_bytes((MAILS / f"{scene.file}.eml").read_bytes())


def subject_of(mail: Message) -> str:
    header = email.header.make_header(email.header.decode_header(mail["Subject"]))
    return re.sub(r"\s+", " ", str(header))


@pytest.mark.slow
class TestThePlayedDemo:
    """One run of `inbox-bot demo` in an empty folder, piped."""

    def test_goes_well_and_says_nothing_on_standard_error(self, played: Played):
        assert (played.code, played.errors) == (0, ""), played.output

    def test_every_mail_is_shown(self, played: Played):
        shown = " ".join(played.output.split())
        for scene in SCENES:
            assert subject_of(notice_of(scene))[:40] in shown, scene.file

    def test_every_notice_that_is_represented_has_its_reply_in_the_folder(self, played: Played):
        answered = {reply["In-Reply-To"].strip() for reply in played.replies.values()}
        assert answered == {notice_of(scene)["Message-ID"].strip() for scene in REPRESENTED}

    def test_every_reply_threads_under_its_notice(self, played: Played):
        notices = {notice_of(scene)["Message-ID"].strip(): notice_of(scene) for scene in REPRESENTED}
        for reply in played.replies.values():
            notice = notices[reply["In-Reply-To"].strip()]
            assert notice["Message-ID"].strip() in reply["References"]
            assert subject_of(reply) == f"Re: {subject_of(notice)}"
            assert "cb-seller-notification@amazon.com" in reply["To"]
            assert SELLER in reply["From"]
            assert not reply.defects

    def test_the_correspondence_goes_along_where_there_was_one(self, played: Played):
        names = [part.get_filename() for reply in played.replies.values() for part in reply.walk()]
        assert any(name and "correspondence" in name for name in names)
        assert any(name and name.endswith(".pdf") for name in names)

    def test_one_reply_was_sent_and_filed(self, played: Played):
        assert "250 2.0.0 accepted as number 1" in played.output
        assert "in Sent; the case is answered" in played.output

    def test_one_whole_reply_is_printed(self, played: Played):
        path = next(
            path for path in (played.home / "inbox-bot-demo").glob("*.eml") if path.name in letter(played)[0]
        )
        printed = "\n".join(line[4:] for line in letter(played)[1:] if line.startswith("  |"))
        wanted = reply_text(path.read_bytes()).strip()
        assert [line.strip() for line in printed.split("\n")] == [line.strip() for line in wanted.split("\n")]

    def test_the_output_is_plain_lines(self, played: Played):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", played.output)
        for line in played.output.split("\n"):
            assert line == line.rstrip()
            if not line.startswith("  | "):
                assert cell_len(line) <= 100, line

    def test_nothing_is_written_elsewhere(self, played: Played):
        assert [entry.name for entry in played.home.iterdir()] == ["inbox-bot-demo"]
        assert not list(played.temporary.iterdir())

    def test_the_index_names_every_reply(self, played: Played):
        index = (played.home / "inbox-bot-demo" / "README.txt").read_text(encoding="utf-8")
        assert played.replies
        for name in played.replies:
            assert f"\n{name}\n" in index


def letter(played: Played) -> list[str]:
    _, _, after = played.output.partition("One reply, whole\n")
    return after.split("\n")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals):
    (tmp_path / "home").mkdir()
    process = start(tmp_path / "home", tmp_path / "temporary")
    assert process.stdout is not None
    while "Then the chargeback notices" not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, number)
    began = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (2, "inbox-bot: stopped\n")
    assert time.monotonic() - began < 10
    assert not list((tmp_path / "temporary").iterdir())


class TestAFailingDemo:
    """What does not happen as it should is said, and the exit code is 1."""

    def test_a_notice_that_opens_no_case(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        scenes = [Scene("other-newsletter", Part.NOTICE, Verdict.REPRESENT)]
        assert run_demo(tmp_path / "out", scenes) == 1
        output = capsys.readouterr().out
        assert "Not as expected: other-newsletter.eml opened no case" in output
        assert "no reply was drafted" in output
        assert "Everything went as it should" not in output

    def test_a_case_that_nobody_expected(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        scenes = [Scene("rule-delivered-match-4-claim", Part.LOOK_ALIKE)]
        assert run_demo(tmp_path / "out", scenes) == 1
        assert "rule-delivered-match-4-claim.eml opened a case" in capsys.readouterr().out

    def test_a_forged_mail_that_passes_for_genuine(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        scenes = [Scene("rule-no-order-data-1-claim", Part.NOTICE, Verdict.REVIEW, forged=True)]
        assert run_demo(tmp_path / "out", scenes) == 1
        output = capsys.readouterr().out
        assert "was judged" not in output  # the receiving server said dmarc=fail, and that was believed
        assert "no reply was drafted" in output

    def test_a_sample_mail_that_is_missing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        assert run_demo(tmp_path / "out", [Scene("no-such-mail", Part.RECORD)]) == 1
        assert "a sample mail is missing" in capsys.readouterr().out


class TestTheFolder:
    """The folder of the replies is the demo's own, or it is left alone."""

    REPLY = ReplyFile("113-1", "drafted", "Re: a\nb", ("1-record.txt",), b"From: a\r\n\r\nb\r\n")

    def test_is_made_and_filled(self, tmp_path: Path):
        claim_folder(tmp_path / "new" / "out")
        (path,) = write_replies(tmp_path / "new" / "out", [self.REPLY])
        assert path.read_bytes() == self.REPLY.raw_bytes
        assert "Re: a b" in (tmp_path / "new" / "out" / "README.txt").read_text(encoding="utf-8")

    def test_of_an_earlier_demo_is_emptied(self, tmp_path: Path):
        claim_folder(tmp_path)
        (path,) = write_replies(tmp_path, [self.REPLY])
        claim_folder(tmp_path)
        assert not path.exists()

    @pytest.mark.parametrize("name", ["notes.txt", "113-2.eml", ".hidden", "README.txt"])
    def test_with_a_foreign_file_is_refused_untouched(self, tmp_path: Path, name: str):
        if name != "README.txt":
            claim_folder(tmp_path)
            write_replies(tmp_path, [self.REPLY])
        (tmp_path / name).write_text("mine", encoding="utf-8")
        before = sorted(tmp_path.iterdir())
        with pytest.raises(UserError, match=re.escape(name)):
            claim_folder(tmp_path)
        assert sorted(tmp_path.iterdir()) == before
        assert (tmp_path / name).read_text(encoding="utf-8") == "mine"

    def test_that_is_a_file_is_refused(self, tmp_path: Path):
        (tmp_path / "out").write_text("mine", encoding="utf-8")
        with pytest.raises(UserError, match="--out"):
            claim_folder(tmp_path / "out")

    def test_the_hint_can_be_pasted_into_a_shell(self, tmp_path: Path):
        assert "'" in opening_hint(Path("my replies/1.eml"))


class TestTheMails:
    """The sample mails as they are delivered."""

    def test_notices_are_fresh_and_come_oldest_first(self):
        fresh = [one.mail.date_at for one in demo_mails(MAILS, NOW) if one.scene.part is not Part.RECORD]
        assert all(at is not None and timedelta(0) < NOW - at < timedelta(days=4) for at in fresh)
        assert fresh == sorted(fresh)

    def test_mails_of_the_orders_keep_their_date(self):
        for one in demo_mails(MAILS, NOW):
            if one.scene.part is Part.RECORD:
                original = (MAILS / f"{one.scene.file}.eml").read_bytes().replace(b"\r\n", b"\n")
                assert one.raw_bytes.replace(b"\r\n", b"\n").endswith(original)

    def test_the_receiving_server_vouches_for_all_but_the_forged(self):
        for one in demo_mails(MAILS, NOW):
            words = one.mail.header_values("Authentication-Results")
            if one.folder == "INBOX":
                assert words[0].startswith("mx.demo.example;")
                assert ("dmarc=fail" in words[0]) == one.scene.forged

    def test_what_the_seller_wrote_lies_in_sent(self):
        folders = {one.folder for one in demo_mails(MAILS, NOW) if one.mail.sender.email == SELLER}
        assert folders == {"Sent"}


def show(*, terminal: bool) -> tuple[DemoView, StringIO]:
    file = StringIO()
    if not terminal:
        return DemoView(open_console(file)), file
    console = Console(file=file, width=80, force_terminal=True, markup=False, color_system="standard")
    return DemoView(console, is_live=False), file


class TestTheView:
    """What is shown is what was meant, whatever a stranger wrote."""

    CARD = MailCard(
        "1/2", "a@b.example", "[red]x\x1b[2J\u202ey[/red]", (Fact("taken for", "a\x07 b\n c", "good"),)
    )

    def test_texts_of_strangers_cannot_steer_the_terminal(self):
        for terminal in (True, False):
            view, file = show(terminal=terminal)
            view.card(self.CARD)
            view.letter("x.eml", (), "a\x1b]0;title\x07b\rc")
            assert "\x1b[2J" not in file.getvalue()
            assert "\x07" not in file.getvalue()
            assert "\u202e" not in file.getvalue()
            assert "[red]x" in file.getvalue()

    def test_colours_are_for_terminals_only(self):
        for terminal in (True, False):
            view, file = show(terminal=terminal)
            view.card(self.CARD)
            view.heading("A title")
            assert ("\x1b[" in file.getvalue()) == terminal

    def test_long_texts_hang_under_their_label(self):
        view, file = show(terminal=False)
        view.facts([Fact("because", "word " * 40)])
        first, *others = file.getvalue().splitlines()
        assert first.startswith("  because     word")
        assert others
        assert all(line.startswith(" " * 14 + "word") and len(line) <= 100 for line in others)

    def test_the_table_cuts_nothing_off(self):
        row = CaseRow(
            "113-0275518-4490231",
            "not as described",
            "represent",
            "1234.50 USD",
            "6 d 21 h",
            "reply in Drafts",
        )
        for terminal in (True, False):  # 80 and 100 columns
            view, file = show(terminal=terminal)
            view.cases([row])
            view.table()
            shown = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).split())
            assert "…" not in shown
            assert {"113-0275518-4490231", "represent", "1234.50", "described", "Drafts"} <= set(
                shown.split()
            )

    def test_the_lines_of_a_letter_are_not_broken_in_a_pipe(self):
        view, file = show(terminal=False)
        view.letter("x.eml", (), "word " * 40)
        assert "  | " + ("word " * 40).rstrip() in file.getvalue().splitlines()

    def test_a_live_display_ends_with_the_terminal_as_it_was(self):
        file = StringIO()
        view = DemoView(Console(file=file, width=80, force_terminal=True, color_system="standard"))
        with view:
            view.progress(1, 2, "half way")
            view.line("a line")
        assert "a line" in file.getvalue()
        assert file.getvalue().rindex("\x1b[?25h") > file.getvalue().rindex("\x1b[?25l")  # the cursor is back


class TestTheSmtpServer:
    """The loopback SMTP server takes mail like a provider's: from its users only."""

    @pytest.fixture
    def taken(self) -> list[TakenMail]:
        return []

    @pytest.fixture
    def client(self, taken: list[TakenMail]) -> Iterator[smtplib.SMTP]:
        with (
            smtp_server({"me": "word"}, taken.append) as server,
            smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client,
        ):
            yield client

    def test_takes_a_mail_of_a_user_as_it_was_sent(self, client: smtplib.SMTP, taken: list[TakenMail]):
        client.login("me", "word")
        client.sendmail("a@b.example", ["c@d.example"], b"Subject: x\r\n\r\n..hello\r\n")
        assert taken == [TakenMail("a@b.example", ("c@d.example",), b"Subject: x\r\n\r\n..hello\r\n")]

    def test_refuses_everybody_else(self, client: smtplib.SMTP, taken: list[TakenMail]):
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("a@b.example", ["c@d.example"], b"x")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("me", "wrong")
        assert not taken
