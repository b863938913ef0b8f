"""What every store promises; a store for another database joins by one line in STORES."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from nouns import COMPOSED, DECIDED, GATHERED, NOTICE_ID, NOW, ORDER, READY, deadline, notice, order, shipment

from inbox_bot.core import events as happened
from inbox_bot.core.errors import StoreError, TemporaryError
from inbox_bot.core.evolution import evolve, fold
from inbox_bot.core.model import Destination
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance
from inbox_bot.core.refund import RefundTask
from inbox_bot.core.retention import listed, without_buyer
from inbox_bot.store.listing import read_alerts, read_cases
from inbox_bot.store.protocol import Change, Cursor, FetchedMail, MailOutcome, Purge, Store, StoredFile
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


STREET = "88 Nowhere Crescent Apartment Zebra"
PLACE = Destination(("Pat Nobody", STREET), "Austin", "TX", "78701", "US")
TOLD = (happened.DataPurged("all_orders: buyers' data", 1),)


def report(order_id: str = ORDER, **changes) -> OrderRecord:
    """What the orders report says, with the buyer in it."""
    source = Provenance("all.txt", Origin.REPORT, NOW)
    whole = order(order_id=order_id, destination=PLACE, **changes)
    return OrderRecord("all_orders", Dossier(order_id, whole, provenance=(source,)))


def key_of(order_id: str = ORDER, account: str = "shop") -> tuple[str, str, str]:
    return account, order_id, "all_orders"


def fetched(uid: int, raw: bytes, message_id: str | None = None) -> FetchedMail:
    return FetchedMail(uid, NOW, message_id, raw)


class TestStore:
    """The contract."""

    def test_only_what_is_open_is_asked_for_where_only_that_matters(self, store):
        open_case(store)
        open_case(store, happened.AnsweredElsewhere("by hand", None), case_id="answered")
        open_case(store, case_id="elsewhere", account="other")
        assert [one.case.case_id for one in store.open_cases("shop")] == [ORDER]
        assert {one.case.case_id for one in store.open_cases()} == {ORDER, "elsewhere"}

    def test_the_replies_of_a_day_are_the_earliest_and_no_more_than_asked_for(self, store):
        reply_id = COMPOSED.message_id
        intended, begun = happened.SendIntended(reply_id), happened.BodyStarted(reply_id)
        for number in range(4):
            at = NOW + timedelta(hours=number)
            history = (OPENED, *READY, intended, begun)
            case = fold(f"case {number}", [(at, event) for event in history])
            store.commit(Change("shop", at, case.case_id, history, case, 0, NOW))
        open_case(store, *READY, intended, case_id="nothing went out")
        open_case(store, *READY, intended, begun, case_id="elsewhere", account="other")
        hours = [NOW + timedelta(hours=number) for number in range(4)]
        assert store.bodies_since("shop", NOW - timedelta(seconds=1), 9) == tuple(hours)
        assert store.bodies_since("shop", NOW, 2) == tuple(hours[1:3])
        assert store.bodies_since("shop", NOW + timedelta(hours=3), 9) == ()

    def test_our_latest_replies_come_first_and_those_of_others_not_at_all(self, store):
        reply_id = COMPOSED.message_id
        sent = (
            *(happened.SendIntended(reply_id), happened.BodyStarted(reply_id)),
            happened.ReplySent(reply_id, 250, "ok"),
        )
        for number in range(4):
            at = NOW + timedelta(hours=number)
            history = (OPENED, *READY, *sent)
            case = fold(f"case {number}", [(at, event) for event in history])
            store.commit(Change("shop", at, case.case_id, history, case, 0, None))
        open_case(store, happened.AnsweredElsewhere("by hand", None), case_id="by hand")
        found = store.replies_until("shop", NOW + timedelta(hours=2), 2)
        assert [one.case.case_id for one in found] == ["case 2", "case 1"]
        assert store.replies_until("other", NOW + timedelta(hours=2), 2) == ()

    def test_the_refunds_asked_for_on_a_day_are_found_by_the_day(self, store):
        task = happened.RefundTaskMade(RefundTask(ORDER, None, (), "Seller Central", "a reason"))
        for number in range(3):
            at = NOW + timedelta(days=number)
            case = fold(f"case {number}", [(at, OPENED), (at, task)])
            store.commit(Change("shop", at, case.case_id, (OPENED, task), case, 0, None))
        day = timedelta(days=1)
        found = store.refunds_asked("shop", NOW + day, NOW + 2 * day)
        assert [one.case.case_id for one in found] == ["case 1"]

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
        answered = happened.AnsweredElsewhere("by hand", None)
        open_case(store, answered, case_id="asleep", wake_at=None)
        open_case(store, case_id="later", wake_at=NOW + timedelta(hours=1))
        open_case(store, case_id="now", wake_at=NOW)
        assert [record.case.case_id for record in store.due_cases("shop", NOW)] == ["now"]
        later = NOW + timedelta(hours=2)
        assert [record.case.case_id for record in store.due_cases("shop", later)] == ["later", "now"]
        assert store.next_wake("shop") == NOW
        assert store.next_wake("other") is None

    def test_an_open_case_that_would_sleep_over_its_cutoff_is_due(self, store):
        open_case(store, case_id="asleep", wake_at=None)
        open_case(store, case_id="later", wake_at=NOW + timedelta(days=40))
        assert [record.case.case_id for record in store.due_cases("shop", NOW)] == ["asleep", "later"]
        after = NOW + timedelta(days=39)
        assert store.due_cases("shop", after) == (), "the last alarm has rung"

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

    def test_records_are_listed_without_their_contents_those_of_an_order_together(self, store):
        parcel = shipment(delivered_on=date(2026, 9, 4))
        carrier = OrderRecord(
            "17track 1Z",
            Dossier(ORDER, shipments=(parcel,), provenance=(Provenance("17", Origin.CARRIER, NOW),)),
        )
        other = report("114-0000000-0000001")
        store.save_records("shop", [report(), other, carrier])
        store.save_records("second", [report(), OrderRecord("bare", Dossier(ORDER))])
        rows = list(store.kept_records())
        orders = [(one.account, one.order_id) for one in rows]
        assert [key for number, key in enumerate(orders) if key not in orders[:number]] == [
            key for number, key in enumerate(orders) if number == 0 or key != orders[number - 1]
        ]
        expected = [listed("shop", one) for one in (report(), other, carrier)]
        assert {one for one in rows if one.account == "shop"} == set(expected)
        assert listed("second", OrderRecord("bare", Dossier(ORDER))) in rows

    def test_a_purge_takes_the_buyer_the_records_and_the_files_it_names_and_nothing_else(self, store):
        gone = "114-0000000-0000001"
        store.save_records("shop", [report(), report(gone)])
        store.save_records("second", [report(), report(gone)])
        files = (StoredFile("a" * 64, "image/png", b"x"), StoredFile("b" * 64, "image/png", b"y"))
        store.commit(Change("shop", NOW, files=files))
        purge = Purge(
            bare=(key_of(), key_of("none")), gone=(key_of(gone), key_of("none")), files=("a" * 64, "c" * 64)
        )
        assert store.purge(replace(purge, seen=store.standing()), TOLD, NOW)
        assert store.records("shop", ORDER) == (without_buyer(report()),)
        assert store.records("shop", gone) == ()
        assert store.records("second", ORDER) == (report(),)
        assert store.records("second", gone) == (report(gone),)
        assert store.file("b" * 64) == b"y"
        with pytest.raises(KeyError):
            store.file("a" * 64)
        assert [one.personal for one in store.kept_records() if one.account == "shop"] == [False]
        assert [one.event for one in store.account_events("")] == list(TOLD)

    def test_a_purge_worked_out_before_the_store_changed_is_refused_whole(self, store):
        store.save_records("shop", [report()])
        seen = store.standing()
        assert seen == store.standing()
        store.save_records("shop", [report(status="newer")])
        with pytest.raises(TemporaryError):
            store.purge(Purge(bare=(key_of(),), seen=seen), TOLD, NOW)
        assert store.records("shop", ORDER) == (report(status="newer"),)
        assert store.account_events("") == ()

    def test_a_mail_that_was_purged_is_not_new_and_its_bytes_stay_away_when_it_is_fetched_again(self, store):
        store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a")], NOW)
        (mail,) = store.waiting_mails("shop")
        store.commit(Change("shop", NOW, mails=(MailOutcome(mail.sha256, "other", None),)))
        store.purge(Purge(files=(mail.sha256,)), (), NOW)
        assert store.save_mails("shop", "INBOX", Cursor(8, 1), [fetched(1, b"a")], NOW) == 0
        assert store.waiting_mails("shop") == ()
        with pytest.raises(KeyError):
            store.file(mail.sha256)
        assert store.save_mails("second shop", "INBOX", Cursor(1, 1), [fetched(1, b"a")], NOW) == 1
        assert store.file(mail.sha256) == b"a"

    def test_a_case_whose_files_are_gone_still_shows_and_folds(self, store):
        case = open_case(store, *READY)
        store.purge(Purge(files=(COMPOSED.sha256, *case.mail_sha256s)), TOLD, NOW)
        record = store.case(ORDER)
        assert record is not None
        assert record.case == case
        assert fold(ORDER, [(one.at, one.event) for one in store.history(ORDER)]) == case


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


def test_an_alert_is_listed_and_what_was_purged_is_none(tmp_path):
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    store.commit(Change("shop", NOW, events=(happened.AlertRaised("stranger", "a notice from a stranger"),)))
    for _ in range(30):
        store.purge(Purge(), TOLD, NOW)
    store.close()
    (alert,) = read_alerts(path)
    assert "a notice from a stranger" in alert.data


def test_many_records_are_one_transaction_and_none_is_kept_when_one_fails(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite3")
    began: list[str] = []
    store._connection.set_trace_callback(lambda sql: began.append(sql) if sql.startswith("BEGIN") else None)
    many = [report(f"113-0000000-{number:07d}") for number in range(5000)]
    store.save_records("shop", many)
    assert len(began) == 1
    assert len(list(store.kept_records())) == 5000
    bad = replace(many[0], key=None)
    with pytest.raises((StoreError, TemporaryError)):
        store.save_records("second", [*many, bad])
    assert store.records("second", many[0].dossier.order_id) == ()


def in_bytes(folder: Path) -> list[str]:
    """The database's files that hold the buyer's street."""
    return sorted(file.name for file in folder.iterdir() if STREET.encode() in file.read_bytes())


def test_what_a_newer_record_replaced_or_a_purge_took_is_in_no_byte_of_the_store(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite3")
    store.save_records("shop", [report(f"113-0000000-{number:07d}") for number in range(300)])
    store.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, STREET.encode() * 3000)], NOW)
    (mail,) = store.waiting_mails("shop")
    ids = [f"113-0000000-{number:07d}" for number in range(300)]
    store.save_records("shop", [without_buyer(report(one)) for one in ids[:100]])
    bare, gone = tuple(map(key_of, ids[100:200])), tuple(map(key_of, ids[200:]))
    assert in_bytes(tmp_path)
    assert store.purge(Purge(bare=bare, gone=gone, files=(mail.sha256,)), TOLD, NOW)
    assert in_bytes(tmp_path) == []
    store.close()
    assert in_bytes(tmp_path) == []


def test_what_a_reader_holds_up_is_overwritten_by_the_next_purge_though_nothing_is_left_to_go(tmp_path):
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    store.save_records("shop", [report()])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    store._connection.execute("PRAGMA busy_timeout = 50")
    assert not store.purge(Purge(bare=(key_of(),)), TOLD, NOW)
    assert store.records("shop", ORDER) == (without_buyer(report()),)
    assert in_bytes(tmp_path)
    reader.close()
    assert store.purge(Purge(), (), NOW)
    assert in_bytes(tmp_path) == []


def test_what_another_process_wrote_meanwhile_stops_a_purge(tmp_path):
    path = tmp_path / "store.sqlite3"
    store, other = SqliteStore(path), SqliteStore(path)
    store.save_records("shop", [report()])
    seen = store.standing()
    other.save_mails("shop", "INBOX", Cursor(7, 1), [fetched(1, b"a")], NOW)
    with pytest.raises(TemporaryError):
        store.purge(Purge(gone=(key_of(),), seen=seen), TOLD, NOW)
    assert store.records("shop", ORDER) == (report(),)
    assert store.purge(Purge(gone=(key_of(),), seen=store.standing()), TOLD, NOW)
    assert other.records("shop", ORDER) == ()


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from inbox_bot.store.protocol import Purge
from inbox_bot.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
store._connection.create_function("kill", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
store._connection.execute("CREATE TEMP TRIGGER last BEFORE DELETE ON files BEGIN SELECT kill(); END")
keys = tuple(("shop", f"113-0000000-{number:07d}", "all_orders") for number in range(200))
store.purge(Purge(bare=keys[:100], gone=keys[100:], files=("a" * 64,)), (), datetime.now(UTC))
"""


def test_killed_in_the_middle_of_a_purge_nothing_is_half_gone(tmp_path):
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    many = [report(f"113-0000000-{number:07d}") for number in range(200)]
    store.save_records("shop", many)
    store.commit(Change("shop", NOW, files=(StoredFile("a" * 64, "image/png", b"x"),)))
    store.close()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path)], env=environment, timeout=60, check=False
    )
    assert done.returncode == -9
    store = SqliteStore(path)
    assert [store.records("shop", one.dossier.order_id) for one in many] == [(one,) for one in many]
    assert store.file("a" * 64) == b"x"


def test_a_store_from_before_the_days_were_listed_opens_with_them(tmp_path):
    from sqlite_utils import Database

    from inbox_bot.store.codec import to_json
    from inbox_bot.store.schema import MIGRATIONS

    path = tmp_path / "store.sqlite3"
    with sqlite3.connect(path) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="0003_record_days")
        row = ("shop", ORDER, "all_orders", "report", NOW.isoformat(), to_json(report().dossier))
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    store = SqliteStore(path)
    assert list(store.kept_records()) == [listed("shop", report())]
    assert store.records("shop", ORDER) == (report(),)


def test_what_an_earlier_release_writes_into_a_newer_store_is_listed_all_the_same(tmp_path):
    from inbox_bot.store.codec import to_json

    store = SqliteStore(tmp_path / "store.sqlite3")
    row = ("shop", ORDER, "all_orders", "report", NOW.isoformat(), to_json(report().dossier))
    store._connection.execute(
        "INSERT INTO records (account, order_id, key, origin, collected_at, data) VALUES (?, ?, ?, ?, ?, ?)",
        row,
    )
    assert list(store.kept_records()) == [listed("shop", report())]
