"""A few reading processes serve many accounts: one mail that takes long keeps no other waiting, and one is enough."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from inbox_bot.mail.message import read_mail
from inbox_bot.mail.readers import MailReaders

RAW = b"From: a@mail.example\r\nSubject: Hello\r\n\r\nBody\r\n"


@pytest.fixture
def readers() -> Iterator[MailReaders]:
    with MailReaders(2) as made:
        yield made


def children(readers: MailReaders) -> int:
    return sum(one._child is not None for one in readers._all)


def test_a_mail_is_read_as_the_process_itself_would(readers):
    assert readers.read(RAW) == read_mail(RAW)


def test_mails_one_after_the_other_need_one_child_whoever_brings_them(readers):
    for _ in range(3):
        thread = threading.Thread(target=readers.read, args=(RAW,))
        thread.start()
        thread.join()
    assert children(readers) == 1


def test_a_mail_that_takes_long_keeps_the_next_one_from_waiting(readers):
    begun, end = threading.Event(), threading.Event()
    slow = readers._all[-1]
    slow.read = lambda raw: begun.set() or end.wait(20)
    thread = threading.Thread(target=readers.read, args=(b"slow",))
    thread.start()
    assert begun.wait(20)
    assert readers.read(RAW) == read_mail(RAW)
    end.set()
    thread.join()


def test_after_closing_no_child_is_left(readers):
    readers.read(RAW)
    readers.close()
    assert children(readers) == 0
    with pytest.raises(ValueError, match="closed"):
        readers.read(RAW)
