"""A clock that jumps far ahead and is set right again: nothing sleeps past its cutoff, no alarm is swallowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_crash import DELIVERED, NOTICE, SHIPPED
from test_other_mail import AUTO, ORDER
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.core.case import Status
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.desk import Notification
from inbox_bot.herald import Overflow, take_down
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.sqlite import SqliteStore

AHEAD = timedelta(days=40)
MAILS = [one.format(order=ORDER, number=1, amount="10.50").encode() for one in (SHIPPED, DELIVERED, NOTICE)]


@pytest.fixture
def store():
    made = SqliteStore(None)
    yield made
    made.close()


def work(desk, world, at):
    deliver(desk, world, MAILS, NOW)
    ingest(desk, at)
    tick(desk, at)


def wake_ups(desk, world, begin, end):
    """Passes every half hour, as the daemon makes them at least."""
    while begin <= end:
        work(desk, world, begin)
        begin += timedelta(minutes=30)


def test_a_case_that_was_looked_at_by_a_wrong_clock_rings_before_its_true_cutoff(store):
    told, world = [], World()
    policy = replace(AUTO, mode=Mode.APPROVE, last_call=LastCall.NEVER)
    desk = desk_for(policy, store, FusedOutside(world, Fuse()), told.append)
    work(desk, world, NOW)
    work(desk, world, NOW + AHEAD)
    told.clear()
    wake_ups(desk, world, NOW + timedelta(hours=1), NOW + timedelta(days=6, hours=12))
    assert "24 h left" in [one.name for one in told]


def test_a_reply_that_was_put_off_by_a_wrong_clock_goes_out_in_time(store):
    world = World()
    outside = FusedOutside(world, Fuse())
    outside.smtp_fails = [TemporaryError("the mail server is away")]
    desk = desk_for(AUTO, store, outside)
    work(desk, world, NOW + AHEAD)
    assert world.accepted == []
    wake_ups(desk, world, NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert len(world.accepted) == 1
    assert store.case(ORDER).case.status is Status.ANSWERED


def test_an_alarm_raised_by_a_wrong_clock_hides_none_of_the_true_time(tmp_path):
    path = tmp_path / "store.sqlite3"
    store, book = SqliteStore(path), AlarmBook(path)
    alarm = Notification("shop", None, "the mailbox is not read", "no answer")
    take_down(book, Overflow(), alarm, NOW + AHEAD)
    (first,) = book.waiting(NOW + AHEAD)
    book.put_off(first.number, NOW + AHEAD + timedelta(minutes=30), failed=True)
    assert [one.number for one in book.waiting(NOW)] == [first.number], "put off to a day that is far away"
    book.told(first.number, NOW + AHEAD)
    take_down(book, Overflow(), alarm, NOW)
    assert len(book.waiting(NOW)) == 1
    book.close()
    store.close()


def test_alarms_about_different_mails_are_all_told(tmp_path):
    """Else a stranger's broken mail would silence the alarm about the next one for half a day."""
    path = tmp_path / "store.sqlite3"
    store, book = SqliteStore(path), AlarmBook(path)
    for name in ("quarantined", "a mail is too large", "unreadable on the server", "notice from a stranger"):
        for number in (1, 2, 2):
            take_down(book, Overflow(), Notification("shop", None, name, f"mail {number}"), NOW)
    for free in (49, 48):
        take_down(book, Overflow(), Notification("", None, "the disk is nearly full", f"{free} MB"), NOW)
    assert len(book.waiting(NOW)) == 4 * 2 + 1
    book.close()
    store.close()
