"""What is promised of the child process: the same answer as in process, and no mail that hangs or ends the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mails import mail, multipart, multipart_mail, part

from inbox_bot.mail.message import read_mail
from inbox_bot.mail.reader import MailReader

RICH = multipart_mail(
    multipart(
        part("text/plain", "Grüße 订单".encode()),
        part("text/html", b"<p>x</p>"),
        kind="alternative",
        boundary="in",
    ),
    part("message/rfc822", mail(b"Subject: inner")),
    part(
        "application/pdf",
        bytes(range(256)),
        "Content-Disposition: attachment; filename=a.pdf",
        encoding="base64",
    ),
)
# Within every cap, and more work than the time that these tests allow for one mail.
SLOW = multipart_mail(
    *[part("message/rfc822", mail(b"Content-Type: text/html", body=b"<p><b>x</b></p>" * 30_000))] * 40,
    part("text/plain", b"a\n" * 200_000),
)


@pytest.fixture
def reader() -> Iterator[MailReader]:
    with MailReader() as reader:
        yield reader


def child_of(reader: MailReader) -> int:
    """The process id of the reader's child."""
    assert reader._child is not None
    return reader._child._process.pid


def is_running(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(process_id: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while is_running(process_id) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_running(process_id)


@pytest.mark.parametrize("raw", [RICH, mail(), b"", b"\xff\0\n", mail(b"Subject: =?gb2312?q?=B6=A9?=")])
def test_the_child_reads_as_the_process_itself_would(reader: MailReader, raw: bytes) -> None:
    assert reader.read(raw) == read_mail(raw)


def test_one_child_reads_all_mails(reader: MailReader) -> None:
    reader.read(mail())
    first = child_of(reader)
    for number in range(20):
        assert reader.read(mail(b"Subject: %d" % number)).subject == str(number)
    assert child_of(reader) == first


def test_nothing_is_started_before_the_first_mail() -> None:
    with MailReader() as reader:
        assert reader._child is None


def test_a_mail_that_takes_too_long_comes_back_with_its_header_and_the_next_one_whole() -> None:
    with MailReader(seconds=0.3) as reader:
        reader.read(mail())
        started = time.monotonic()
        late = reader.read(SLOW)
        assert time.monotonic() - started < 5
        assert late.subject == "About an order"
        assert late.size_bytes == len(SLOW)
        assert (late.text, late.forwarded) == ("", ())
        assert "took longer than 0.3 seconds" in late.problems[0].what
        assert reader.read(mail()) == read_mail(mail())


def test_a_child_that_dies_of_a_mail_costs_only_that_mails_text(reader: MailReader) -> None:
    reader.read(mail())
    child = child_of(reader)
    os.kill(child, signal.SIGSTOP)  # it takes the mail and never answers
    killer = threading.Timer(0.3, os.kill, (child, signal.SIGKILL))
    killer.start()
    read = reader.read(mail())
    killer.join()
    assert (read.subject, read.text) == ("About an order", "")
    assert "died" in read.problems[0].what
    assert reader.read(mail()) == read_mail(mail())


def test_a_child_that_died_between_two_mails_costs_nothing(reader: MailReader) -> None:
    reader.read(mail())
    os.kill(child_of(reader), signal.SIGKILL)
    assert wait_until_gone(child_of(reader), 5)
    assert reader.read(mail()) == read_mail(mail())


def test_the_child_knows_no_secret_of_the_parent_and_may_take_little_memory(
    reader: MailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INBOX_BOT_PASSWORD", "swordfish")
    reader.read(mail())
    proc = Path(f"/proc/{child_of(reader)}")
    assert b"swordfish" not in (proc / "environ").read_bytes()
    limits = {line[:25].strip(): line[26:46].strip() for line in (proc / "limits").read_text().splitlines()}
    assert limits["Max address space"] == str(1024**3)
    assert limits["Max file size"] == "0"


def test_several_threads_each_get_their_own_mail(reader: MailReader) -> None:
    found: dict[int, list[str]] = {}

    def read(thread: int) -> None:
        found[thread] = [
            reader.read(mail(f"Subject: {thread}-{number}".encode())).subject for number in range(10)
        ]

    threads = [threading.Thread(target=read, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {thread: [f"{thread}-{number}" for number in range(10)] for thread in range(4)}


def test_close_ends_the_child_at_once_even_in_the_middle_of_a_mail() -> None:
    reader = MailReader()
    reader.read(mail())
    child = child_of(reader)
    os.kill(child, signal.SIGSTOP)
    errors: list[Exception] = []

    def read() -> None:
        try:
            reader.read(mail())
        except ValueError as error:
            errors.append(error)

    waiting = threading.Thread(target=read)
    waiting.start()
    time.sleep(0.2)
    started = time.monotonic()
    reader.close()
    waiting.join(5)
    assert time.monotonic() - started < 2
    assert not is_running(child)
    assert "closed" in str(errors[0])
    reader.close()


def test_a_closed_reader_refuses_to_read() -> None:
    with MailReader() as reader:
        reader.read(mail())
        child = child_of(reader)
    assert not is_running(child)
    with pytest.raises(ValueError, match="closed"):
        reader.read(mail())


def test_no_child_outlives_a_killed_program() -> None:
    program = (
        "from inbox_bot.mail.reader import MailReader\n"
        "reader = MailReader()\n"
        "reader.read(b'Subject: s\\r\\n\\r\\nx')\n"
        "print(reader._child._process.pid, flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
        parent.wait()
        assert wait_until_gone(child, 5)
