"""Alarms reach a person: over failing channels, a full disk, a death in between, and not in the night."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest

from inbox_bot.alarms.channels import AppriseChannels, Told
from inbox_bot.alarms.health import HealthServer
from inbox_bot.alarms.heartbeat import Heartbeat
from inbox_bot.alarms.metrics import Counts, metrics_text
from inbox_bot.core.errors import StoreUnavailable, UserError
from inbox_bot.core.ladder import QuietHours
from inbox_bot.core.vitals import AccountVitals, Vitals
from inbox_bot.desk import Notification
from inbox_bot.herald import Herald, Hours, Overflow, take_down, take_down_in
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.sqlite import SqliteStore

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
SECRET = "tok3nTOK3N"


class Ears:
    """Channels that hear everything, or nothing while they are `deaf`."""

    def __init__(self):
        self.heard: list[tuple[str, str]] = []
        self.deaf = False
        self.half_deaf = False

    def tell(self, title, body):
        if self.deaf:
            return Told((), ("ears",))
        self.heard.append((title, body))
        return Told(("ears",), ("other",) if self.half_deaf else ())


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    book = AlarmBook(path)
    yield path, store, book
    book.close()
    store.close()


def note(name="the mailbox is not read", account="shop") -> Notification:
    return Notification(account, None, name, f"words about {name}")


def herald(place, ears, hours=None, overflow=None):
    _, store, book = place
    return Herald(store, book, overflow or Overflow(), ears, hours or Hours())


def test_an_alarm_is_told_once(place):
    ears, book = Ears(), place[2]
    one = herald(place, ears)
    for _ in range(3):
        take_down(book, Overflow(), note(), NOW)
        one.work(NOW)
    assert len(ears.heard) == 1
    take_down(book, Overflow(), note(), NOW + timedelta(hours=13))
    one.work(NOW + timedelta(hours=13))
    assert len(ears.heard) == 2, "half a day later it is news again"


def test_what_no_channel_takes_waits_and_outlives_the_process(place):
    ears, book = Ears(), place[2]
    ears.deaf = True
    take_down(book, Overflow(), note(), NOW)
    herald(place, ears).work(NOW)
    assert book.waiting_count() == 1
    ears.deaf = False
    another = herald(place, ears)
    another.work(NOW + timedelta(seconds=10))
    assert ears.heard == [], "not at once again"
    another.work(NOW + timedelta(minutes=2))
    assert len(ears.heard) == 1
    assert book.waiting_count() == 0


def test_a_channel_that_fails_is_told_through_the_others(place):
    ears, book = Ears(), place[2]
    ears.half_deaf = True
    take_down(book, Overflow(), note(), NOW)
    one = herald(place, ears)
    one.work(NOW)
    one.work(NOW + timedelta(seconds=5))
    assert any("an alarm channel failed" in title and "other" in body for title, body in ears.heard)
    assert len(ears.heard) == 2


def test_quiet_hours_wait_for_the_morning(place):
    ears, book = Ears(), place[2]
    night = NOW.replace(hour=23)
    one = herald(place, ears, Hours("UTC", QuietHours(time(22), time(7), "UTC")))
    take_down(book, Overflow(), note(), night)
    for hours in range(8):
        one.work(night + timedelta(hours=hours))
    assert ears.heard == []
    one.work(night + timedelta(hours=8))
    assert len(ears.heard) == 1


class FullBook:
    def raise_alarm(self, *arguments):
        raise StoreUnavailable("database or disk is full")


def test_a_full_disk_does_not_silence_the_alarm_about_it(place):
    ears, overflow = Ears(), Overflow()
    one = herald(place, ears, overflow=overflow)
    for minute in range(30):
        take_down(FullBook(), overflow, note("the store cannot be written"), NOW + timedelta(minutes=minute))
        one.work(NOW + timedelta(minutes=minute))
    assert len(ears.heard) == 1


class Hook:
    """A webhook of our own."""

    def __init__(self):
        self.bodies: list[dict] = []
        hook = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self):
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                hook.bodies.append({"path": self.path})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.close()


def test_a_real_channel_takes_it_and_one_that_is_dead_is_named_without_its_address(hook, caplog):
    caplog.set_level(logging.DEBUG)
    dead = f"json://user:{SECRET}@127.0.0.1:1/"
    told = AppriseChannels([f"json://user:{SECRET}@127.0.0.1:{hook.port}/", dead]).tell("title", "Order 113")
    assert len(told.took) == len(told.failed) == 1
    assert hook.bodies[0]["title"] == "title"
    assert "Order 113" in hook.bodies[0]["message"]
    assert SECRET not in caplog.text
    assert SECRET not in repr(told)


def test_an_address_that_is_none_is_refused_by_its_position_alone():
    with pytest.raises(UserError) as error:
        AppriseChannels([f"nosuch://{SECRET}"])
    assert "address 1" in str(error.value)
    assert SECRET not in str(error.value)


def test_the_heartbeat_beats_once_a_minute_and_reads_the_watchers_clock(hook, caplog):
    caplog.set_level(logging.DEBUG)
    heart = Heartbeat(f"http://127.0.0.1:{hook.port}/ping/{SECRET}")
    at = heart.beat(NOW)
    assert at is not None
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert heart.beat(NOW + timedelta(seconds=30)) is None
    heart.beat(NOW + timedelta(seconds=61))
    assert [one["path"] for one in hook.bodies] == [f"/ping/{SECRET}"] * 2
    assert Heartbeat(f"http://127.0.0.1:1/{SECRET}").beat(NOW) is None
    assert SECRET not in "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("inbox_bot")
    )


def fetch(port: int, path: str) -> tuple[int, str]:
    from urllib.error import HTTPError

    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_health_page_tells_well_from_ill_and_the_metrics_are_prometheus_text():
    state = {"at": NOW}

    def vitals() -> Vitals:
        return Vitals(state["at"], (AccountVitals("shop", True, NOW, {"INBOX": NOW - timedelta(seconds=7)}),))

    counts = (Counts("shop", 3, 17.5, 12, 1, 0),)
    server = HealthServer(0, vitals, lambda: ("text/plain", metrics_text(vitals(), counts, 2)))
    try:
        assert fetch(server.port, "/healthz") == (200, '{"status": "well", "ills": []}\n')
        code, page = fetch(server.port, "/metrics")
        assert code == 200
        for line in (
            'inbox_bot_last_poll_age_seconds{account="shop",folder="INBOX"} 7.0',
            'inbox_bot_open_cases{account="shop"} 3.0',
            'inbox_bot_hours_to_nearest_cutoff{account="shop"} 17.5',
            'inbox_bot_replies_sent{account="shop"} 12.0',
            'inbox_bot_replies_unknown{account="shop"} 1.0',
            "inbox_bot_waiting_alarms 2.0",
        ):
            assert line in page
        state["at"] = NOW + timedelta(hours=1)
        code, page = fetch(server.port, "/healthz")
        assert code == 503
        assert "not read for 60 min" in page
        assert fetch(server.port, "/etc/passwd")[0] == 404
    finally:
        server.close()
    with pytest.raises(OSError, match="refused"):
        fetch(server.port, "/healthz")


def test_an_alarm_of_an_account_goes_into_the_book_or_waits_in_memory_when_it_cannot_be_opened(tmp_path):
    path = tmp_path / "store"
    SqliteStore(path).close()
    overflow = Overflow()
    take_down_in(path, overflow, note(), NOW)
    book = AlarmBook(path)
    assert book.waiting_count() == 1
    book.close()
    assert overflow.take() == []
    no_store = tmp_path / "file" / "store"
    no_store.parent.write_text("a file where the folder should be")
    take_down_in(no_store, overflow, note(), NOW)
    assert [one.name for one, _ in overflow.take()] == [note().name]
