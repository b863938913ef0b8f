"""A month in virtual time with one outage after the other: what rings where, and how soon.

The real rounds and the real herald run on a virtual clock; the channel is an ear. Every outage has to ring within its
time, and a month without one has to be silent but for the cases themselves.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

import pytest
from simulated_quarter import FailingStore, Quarter, account_config
from test_herald import Ears

from inbox_bot.core.errors import InboxBotError, LoginRefused, StoreUnavailable, TemporaryError
from inbox_bot.core.ladder import QuietHours
from inbox_bot.core.vitals import AccountVitals, Vitals, ills, must_give_up
from inbox_bot.desk import Desk, Notification
from inbox_bot.herald import Herald, Hours, Overflow, take_down
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display, Rounds
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.sqlite import SqliteStore

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
HOURS = Hours("Europe/Berlin", QuietHours(time(22), time(7), "Europe/Berlin"), time(8))


class Month(Quarter):
    """One account whose parts fail as the test says; notices come as it says."""

    def __init__(self, path, part: str = "", start=timedelta(days=3), length=timedelta(hours=30)) -> None:
        super().__init__(seed=5, notices=0)
        self.now = START
        self.outages.spans.clear()
        if part:
            self.outages.spans[part].append((START + start, START + start + length))
        self.broken_at = START + start if part else None
        self.ears, self.overflow = Ears(), Overflow()
        self.heard_at: list[tuple[datetime, str, str]] = []
        self.store, self.book = SqliteStore(path), AlarmBook(path)
        self.account = self.mailboxes["rules"]
        policy = self.policies[2]
        self.outside = Outside(self, account_config(policy), self.account)
        display = Display(self._tell, lambda handled: None)
        store = FailingStore(self.store, self)
        desk = Desk(
            policy, self._desks[0][0].rulebook, store, self.outside, self._desks[0][0].read, self._tell
        )
        self.rounds = Rounds(desk, self.outside, display, lambda: self.now, canary=True)
        self.herald = Herald(self.store, self.book, self.overflow, self.ears, HOURS)
        self._next_at = self.now

    def _tell(self, notification: Notification) -> None:
        book = Deaf() if self.outages.down("disk", self.now) else self.book
        take_down(book, self.overflow, notification, self.now)

    def live(self, until: datetime) -> None:
        """Rounds when their pause is over, the herald all along."""
        while self.now < until:
            self.ears.deaf = self.outages.down("channel", self.now)
            if self.now >= self._next_at and not self.outages.down("thread", self.now):
                self._next_at = self.now + max(self.rounds.take(), STEP)
            with suppress(InboxBotError):
                self.herald.work(self.now)
            for title, body in self.ears.heard:
                self.heard_at.append((self.now, title, body))
            self.ears.heard.clear()
            self.now += STEP

    def vitals(self) -> Vitals:
        alive = not self.outages.down("thread", self.now)
        one = AccountVitals("rules", alive, self.rounds.last_success_at, failure=self.rounds.failure)
        return Vitals(self.now, (one,), self.rounds.store_failure)

    def close(self) -> None:
        super().close()
        self.book.close()
        self.store.close()


class Deaf:
    def raise_alarm(self, *arguments):
        raise StoreUnavailable("database or disk is full")


class Outside(LiveOutside):
    """Mail over the month's mailbox; what we send to ourselves comes in, unless that way is broken."""

    def __init__(self, month: Month, config, account) -> None:
        super().__init__(config)
        self._month = month
        self._account = account

    def mailbox(self):
        month = self._month
        if month.outages.down("mail", month.now):
            self._account.break_links()
            raise TemporaryError("the mail server is down")
        if month.outages.down("password", month.now):
            raise LoginRefused("the server refused the password")
        if self._mailbox is None:
            self._mailbox = self._account.open()
        return self._mailbox

    def send_to_self(self, raw_bytes: bytes) -> None:
        month = self._month
        if month.outages.down("smtp", month.now):
            raise TemporaryError("the SMTP server is down")
        if not month.outages.down("way in", month.now):
            ahead = timedelta(hours=-3) if month.outages.down("clock", month.now) else timedelta(0)
            self._account.deliver(raw_bytes, at=month.now - ahead)


@pytest.fixture
def month(tmp_path):
    made = []

    def make(*arguments, **more) -> Month:
        made.append(Month(tmp_path / f"store{len(made)}.sqlite3", *arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


# What fails, the words that ring, and within how long; a night may lie in between where no cutoff is near.
RINGS = (
    ("mail", "the mailbox is not read", timedelta(minutes=80)),
    ("password", "login refused", timedelta(minutes=10)),
    ("smtp", "the way out is broken", timedelta(hours=25)),
    ("way in", "the way in is broken", timedelta(hours=28)),
    ("clock", "the clock is wrong", timedelta(hours=25)),
    ("disk", "the store cannot be written", timedelta(hours=25)),
)


@pytest.mark.parametrize(("part", "words", "within"), RINGS)
def test_every_outage_rings_within_its_time(month, part, words, within):
    one = month(part, start=timedelta(days=3, hours=2), length=timedelta(hours=60))
    one.live(START + timedelta(days=7))
    rung = [at for at, title, _ in one.heard_at if words in title]
    assert rung, one.heard_at
    assert rung[0] - one.broken_at <= within
    assert rung[0] >= one.broken_at, "and not before"
    print(f"{part}: rang after {rung[0] - one.broken_at}, {len(rung)} times in 60 hours")
    assert len(rung) <= 6, "told again, but not all the time"


def test_a_month_in_which_nothing_fails_is_silent(month):
    one = month()
    one.live(START + timedelta(days=30))
    assert one.heard_at == []
    assert ills(one.vitals()) == ()


def test_a_thread_that_hangs_makes_the_process_ill_and_then_ends_it(month):
    one = month("thread", length=timedelta(hours=5))
    one.live(one.broken_at + timedelta(minutes=30))
    assert "not read for 3" in " ".join(ills(one.vitals()))
    assert not must_give_up(one.vitals())
    one.live(one.broken_at + timedelta(minutes=130))
    assert must_give_up(one.vitals())


def test_channels_that_are_deaf_for_a_day_miss_nothing(month):
    one = month("channel", start=timedelta(days=1), length=timedelta(hours=24))
    one.outages.spans["password"].append((START + timedelta(days=1, hours=1), START + timedelta(days=4)))
    one.live(START + timedelta(days=4))
    rung = [at for at, title, _ in one.heard_at if "login refused" in title]
    assert rung
    assert rung[0] <= START + timedelta(days=2, minutes=40)


def test_in_the_night_only_what_cannot_wait_rings(month):
    """The password stops working at midnight: with a cutoff ahead within a day it rings at once, else at seven."""
    midnight = timedelta(days=1, hours=18)
    one = month("password", start=midnight, length=timedelta(hours=20))
    one.live(START + timedelta(days=3))
    (first, *_) = [at for at, title, _ in one.heard_at if "login refused" in title]
    assert first == START + timedelta(days=2), "seven in Berlin is six in UTC"
