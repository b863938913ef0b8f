"""What every store promises; a store for another database joins by one line in STORES."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nouns import COMPOSED, DECIDED, GATHERED, NOTICE_ID, NOW, ORDER, READY, deadline, notice, order, shipment

from inbox_bot.core import events as happened
from inbox_bot.core.errors import StoreError, TemporaryError
from inbox_bot.core.evolution import evolve, fold
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance
from inbox_bot.store.listing import read_cases
from inbox_bot.store.protocol import Change, Cursor, FetchedMail, MailOutcome, Store, StoredFile
from inbox_bot.store.sqlite import SqliteStore

OPENED = happened.CaseOpened("shop", notice(), deadline())
STORES = {
    "sqlite file": lambda folder: SqliteStore(folder / "data" / "store.sqlite3"),
    "sqlite memory": lambda folder: SqliteStore(None),
}


@pytest.fixture(params=STORES.values(), ids=STORES.keys())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = request.param(tmp_path)
    yield made
    made.close()


def open_case(store: Store, *more: happened.Event, case_id: str = ORDER, wake_at=NOW, account: str = "shop"):
    history = (replace(OPENED, account=account), *more)
    case = fold(case_id, [(NOW, event) for event in history])
    store.commit(Change(account, NOW, case_id, history, case, 0, wake_at))
    return case


def fetched(uid: int, raw: bytes, message_id: str | None = None) -> FetchedMail:
    return FetchedMail(uid, NOW, message_id, raw)


class TestStore:
    """The contract."""

    def test_a_mail_and_the_cursor_are_stored_together(self, store):
        assert store.cursor("shop", "INBOX") is None
        assert (
            store.save_mails("shop", "INBOX", Cursor(7, 12), [fetched(12, b"a"), fetched(11, b"b")], NOW) == 2
        )
        assert store.cursor("shop", "INBOX") == Cursor(7, 12)
        waiting = store.waiting_mails("shop")
        assert [store.file(mail.sha256) for mail in waiting] == [b"a", b"b"]
        assert waiting[0].internal_at == NOW
        assert store.waiting_mails("other") == ()

    def test_the_same_mail_again_is_not_new_wherever_it_stands(self, store):
        store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a")], NOW)
        assert store.save_mails("shop", "Junk", Cursor(3, 9), [fetched(9, b"a")], NOW) == 0
        assert store.save_mails("shop", "INBOX", Cursor(8, 1), [fetched(1, b"a")], NOW) == 0
        assert store.save_mails("second shop", "INBOX", Cursor(1, 1), [fetched(1, b"a")], NOW) == 1
        assert len(store.waiting_mails("shop")) == 1

    def test_a_cursor_moves_also_without_a_mail(self, store):
        assert store.save_mails("shop", "INBOX", Cursor(7, 40), [], NOW) == 0
        assert store.cursor("shop", "INBOX") == Cursor(7, 40)

    def test_a_handled_mail_waits_no_longer(self, store):
        store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a"), fetched(2, b"b")], NOW)
        first, second = store.waiting_mails("shop")
        store.commit(Change("shop", NOW, mails=(MailOutcome(first.sha256, "other", None),)))
        assert store.waiting_mails("shop") == (second,)
        store.commit(
            Change("shop", NOW, mails=(MailOutcome(second.sha256, "other", None, quarantined=True),))
        )
        assert store.waiting_mails("shop") == ()

    def test_failures_are_counted(self, store):
        store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a")], NOW)
        (mail,) = store.waiting_mails("shop")
        assert [store.note_failure("shop", mail.sha256, "why") for _ in range(3)] == [1, 2, 3]

    def test_a_case_comes_back_as_it_was_and_as_its_events_fold(self, store):
        case = open_case(store, *READY, happened.DraftPlaced(COMPOSED.message_id, "Drafts"))
        record = store.case(ORDER)
        assert record is not None
        assert record.case == case
        history = store.history(ORDER)
        assert [one.event for one in history][:1] == [OPENED]
        assert fold(ORDER, [(one.at, one.event) for one in history]) == case

    def test_every_kind_of_event_survives_the_store(self, store):
        open_case(store)
        samples = (
            happened.NoticeJoined(notice(message_id=None), None),
            happened.DecisionReceived(notice(), None),
            GATHERED,
            DECIDED,
            COMPOSED,
            happened.SendRefused("451 later", False, NOW),
            happened.SendLookedUp("", None),
            happened.StepPostponed("Send", "why", NOW + timedelta(minutes=1)),
        )
        store.commit(Change("shop", NOW, ORDER, samples))
        assert tuple(one.event for one in store.history(ORDER))[1:] == samples

    def test_two_writers_cannot_both_change_a_case(self, store):
        case = open_case(store)
        record = store.case(ORDER)
        assert record is not None
        event = happened.CaseHeld("by one")
        held = evolve(case, ORDER, NOW, event)
        store.commit(Change("shop", NOW, ORDER, (event,), held, record.version, NOW))
        with pytest.raises(TemporaryError):
            store.commit(Change("shop", NOW, ORDER, (event,), held, record.version, NOW))
        assert len(store.history(ORDER)) == 2

    def test_a_change_is_made_whole_or_not_at_all(self, store):
        open_case(store)
        store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a")], NOW)
        (mail,) = store.waiting_mails("shop")
        file = StoredFile("f" * 64, "text/plain", b"x")
        outcome = MailOutcome(mail.sha256, "claim", ORDER)
        stale = Change("shop", NOW, ORDER, (DECIDED,), open_like(store), 99, NOW, (file,), (outcome,))
        with pytest.raises(TemporaryError):
            store.commit(stale)
        assert len(store.history(ORDER)) == 1
        assert store.waiting_mails("shop") == (mail,)
        with pytest.raises(KeyError):
            store.file("f" * 64)

    def test_due_cases_are_those_whose_hour_has_come_the_most_urgent_first(self, store):
        open_case(store, case_id="asleep", wake_at=None)
        open_case(store, case_id="later", wake_at=NOW + timedelta(hours=1))
        open_case(store, case_id="now", wake_at=NOW)
        assert [record.case.case_id for record in store.due_cases("shop", NOW)] == ["now"]
        later = NOW + timedelta(hours=2)
        assert [record.case.case_id for record in store.due_cases("shop", later)] == ["later", "now"]
        assert store.next_wake("shop") == NOW
        assert store.next_wake("other") is None

    def test_a_case_is_found_by_its_thread_and_by_its_order_within_the_account(self, store):
        open_case(store)
        open_case(store, case_id="elsewhere", account="other")
        for found in (store.find_cases("shop", ORDER, ()), store.find_cases("shop", None, (NOTICE_ID,))):
            assert [record.case.case_id for record in found] == [ORDER]
        assert store.find_cases("shop", "999-0000000-0000000", ("<unknown@mail.example>",)) == ()

    def test_what_happened_to_an_account_is_kept_apart(self, store):
        alert = happened.AlertRaised("notice from a stranger", "text")
        store.commit(Change("shop", NOW, events=(alert,)))
        assert [one.event for one in store.account_events("shop")] == [alert]
        assert store.account_events("other") == ()

    def test_records_are_kept_by_source_and_a_newer_one_takes_the_place_of_the_older(self, store):
        at = [
            Provenance("all.txt", Origin.REPORT, NOW),
            Provenance("17TRACK", Origin.CARRIER, NOW + timedelta(days=1)),
        ]
        first = OrderRecord("all_orders", Dossier(ORDER, order(), provenance=(at[0],)))
        newer = OrderRecord("all_orders", Dossier(ORDER, order(status="cancelled"), provenance=(at[0],)))
        scans = OrderRecord("17track 1Z", Dossier(ORDER, shipments=(shipment(),), provenance=(at[1],)))
        store.save_records("shop", [scans, first])
        store.save_records("shop", [newer])
        assert store.records("shop", ORDER) == (newer, scans)
        assert store.records("other", ORDER) == ()


def open_like(store: Store):
    record = store.case(ORDER)
    assert record is not None
    return record.case


def test_events_can_be_neither_changed_nor_removed(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite3")
    open_case(store)
    store.close()
    raw = sqlite3.connect(tmp_path / "store.sqlite3")
    for sql in ("DELETE FROM events", "UPDATE events SET data = '{}'"):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(sql)
    raw.close()


def test_the_store_is_private_and_says_so_when_it_is_no_store(tmp_path):
    path = tmp_path / "data" / "store.sqlite3"
    SqliteStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError):
        SqliteStore(broken)


def test_the_list_of_cases_reads_what_the_store_wrote(tmp_path):
    path = tmp_path / "store.sqlite3"
    assert read_cases(path) == ()
    store = SqliteStore(path)
    open_case(store, *READY)
    store.close()
    (line,) = read_cases(path)
    assert (line.case_id, line.status, line.verdict, line.amount) == (ORDER, "ready", "represent", "108.84")
    assert read_cases(path, "other") == ()
