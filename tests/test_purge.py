"""What goes and what stays: nothing of an open case, the buyer's street for good, and nothing twice."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from nouns import COMPOSED, NOTICE_ID, NOW, ORDER, decision, notice, order, shipment

from inbox_bot.commands.purge import run_purge
from inbox_bot.core import events as happened
from inbox_bot.core.evolution import fold
from inbox_bot.core.model import Destination, Outcome
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance, Return
from inbox_bot.core.retention import Days
from inbox_bot.purging import carry_out, plan_purge
from inbox_bot.store.codec import to_json
from inbox_bot.store.protocol import Cursor, FetchedMail, MailOutcome
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.work import Work

DAYS = Days(30, 548, 548)
STREET = "88 Nowhere Crescent Apartment Zebra"
PLACE = Destination(("Pat Nobody", STREET), "Austin", "TX", "78701", "US")


def record(origin: Origin = Origin.REPORT, delivered_on: date | None = date(2026, 9, 4)) -> OrderRecord:
    back = Return(
        ORDER, None, date(2026, 9, 20), "MUG-1", 1, "UNWANTED", "SELLABLE", "my phone is 555", "report"
    )
    dossier = Dossier(
        ORDER,
        order(destination=PLACE),
        (shipment(delivered_on=delivered_on, delivered_to=PLACE),),
        returns=(back,),
        provenance=(Provenance("report", origin, NOW),),
    )
    return OrderRecord("all_orders", dossier)


def thinned(made: OrderRecord, now: datetime) -> OrderRecord | None:
    """What a purge leaves of an order's only record."""
    store = SqliteStore(None)
    store.save_records("shop", [made])
    carry_out(store, DAYS, now)
    left = store.records("shop", ORDER)
    store.close()
    return left[0] if left else None


@pytest.mark.parametrize(
    ("made", "later", "left"),
    [
        (record(), timedelta(days=0), "all"),
        (record(), timedelta(days=200), "bare"),
        (record(), timedelta(days=700), "nothing"),
        (record(Origin.PERSON), timedelta(days=200), "all"),
        (record(delivered_on=None), timedelta(days=10), "all"),
        (record(delivered_on=None), timedelta(days=60), "bare"),
    ],
)
def test_the_buyer_goes_first_and_shipping_facts_stay(made, later, left):
    kept = thinned(made, NOW + later - timedelta(days=20))
    if left == "all":
        assert kept == made
    elif left == "nothing":
        assert kept is None
    else:
        assert kept is not None
        own = kept.dossier
        assert STREET not in to_json(own)
        assert own.returns[0].comment == ""
        assert own.order is not None
        assert (own.order.destination.city, own.order.destination.postal_code) == ("Austin", "78701")
        assert own.shipments[0].tracking_id == made.dossier.shipments[0].tracking_id
        assert thinned(kept, NOW + later - timedelta(days=20)) == kept


def store_with_a_case(path, *, closed: bool) -> tuple[SqliteStore, str]:
    store = SqliteStore(path)
    raw = f"From: a@b.example\r\n\r\nMy street is {STREET}.\r\n".encode()
    fetched = [
        FetchedMail(1, NOW, NOTICE_ID, raw),
        FetchedMail(2, NOW, "<other@b.example>", b"Subject: other\r\n\r\n"),
    ]
    store.save_mails("shop", "INBOX", Cursor(1, 2), fetched, NOW)
    mails = {mail.sha256 for mail in store.waiting_mails("shop")}
    first = next(sha for sha in mails if STREET.encode() in store.file(sha))
    store.save_records("shop", [record()])
    opened = happened.CaseOpened("shop", notice(mail_sha256=first), None)
    work = Work.opening(store, "case-1", opened, NOW)
    dossier = work.keep(to_json((record().dossier,)).encode(), "application/json")
    work.happen(happened.EvidenceGathered(dossier, ()))
    work.happen(happened.Decided(decision()))
    reply = work.keep(f"the reply to {STREET}".encode(), "message/rfc822")
    work.happen(replace(COMPOSED, sha256=reply))
    if closed:
        work.happen(happened.DecisionReceived(notice(mail_sha256=first), Outcome.DEBITED))
    for sha in mails:
        work.settle(MailOutcome(sha, "claim", "case-1" if sha == first else None))
    work.save(None)
    return store, first


def test_nothing_of_an_open_case_goes(tmp_path):
    store, first = store_with_a_case(tmp_path / "store", closed=False)
    carry_out(store, DAYS, NOW + timedelta(days=2000))
    assert STREET.encode() in store.file(first)
    assert STREET in to_json(store.records("shop", ORDER))
    record_now = store.case("case-1")
    assert record_now is not None
    assert store.file(record_now.case.reply.sha256)


def test_after_the_time_the_street_is_in_no_byte_of_the_store_and_the_case_still_folds(tmp_path):
    path = tmp_path / "store"
    store, first = store_with_a_case(path, closed=True)
    assert STREET.encode() in path.read_bytes() + (tmp_path / "store-wal").read_bytes()
    gone = carry_out(store, DAYS, NOW + timedelta(days=600))
    assert {line.what for line in gone} == {"order records", "mails", "files"}
    with pytest.raises(KeyError):
        store.file(first)
    assert store.records("shop", ORDER) == ()
    kept = store.case("case-1")
    assert kept is not None
    history = [(one.at, one.event) for one in store.history("case-1")]
    assert fold("case-1", history) == kept.case
    assert not store.waiting_mails("shop")
    store.close()
    assert all(STREET.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_mail_of_no_case_goes_after_a_month_and_is_never_handled_again(tmp_path):
    store, _ = store_with_a_case(tmp_path / "store", closed=False)
    lines = carry_out(store, DAYS, NOW + timedelta(days=31))
    assert [(line.what, line.count) for line in lines] == [("mails", 1)]
    again = [FetchedMail(9, NOW, "<other@b.example>", b"Subject: other\r\n\r\n")]
    assert store.save_mails("shop", "INBOX", Cursor(1, 9), again, NOW) == 0
    assert not store.waiting_mails("shop")


def test_a_mail_that_waits_or_was_put_aside_never_goes(tmp_path):
    store = SqliteStore(tmp_path / "store")
    store.save_mails("shop", "INBOX", Cursor(1, 1), [FetchedMail(1, NOW, None, b"Subject: x\r\n\r\n")], NOW)
    assert carry_out(store, DAYS, NOW + timedelta(days=4000)) == ()
    assert len(store.waiting_mails("shop")) == 1


def test_the_dry_run_changes_nothing_and_a_second_purge_does_nothing(tmp_path):
    store, _ = store_with_a_case(tmp_path / "store", closed=True)
    dump = list(store._connection.iterdump())
    later = NOW + timedelta(days=600)
    assert plan_purge(store, DAYS, later)[0]
    assert list(store._connection.iterdump()) == dump
    assert carry_out(store, DAYS, later)
    assert carry_out(store, DAYS, later) == ()


def test_what_went_is_recorded_by_count_alone(tmp_path):
    store, _ = store_with_a_case(tmp_path / "store", closed=True)
    carry_out(store, DAYS, NOW + timedelta(days=600))
    told = [one.event for one in store.account_events("")]
    assert told
    assert all(isinstance(event, happened.DataPurged) and event.count for event in told)
    assert STREET not in to_json(told)


def test_a_purge_that_fails_in_the_middle_leaves_everything(tmp_path):
    store, first = store_with_a_case(tmp_path / "store", closed=True)
    store._connection.execute("CREATE TRIGGER no BEFORE DELETE ON files BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception, match="no"):
        carry_out(store, DAYS, NOW + timedelta(days=600))
    assert store.records("shop", ORDER)
    assert store.file(first)


CONFIG = """data_dir = "data"
[[account]]
name = "shop"
address = "orders@seller.example"
[account.imap]
host = "imap.seller.example"
secret = "env:X"
"""


def test_the_command_shows_what_would_go_by_source_then_removes_it(tmp_path, capsys):
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "data").mkdir()
    store, _ = store_with_a_case(tmp_path / "data" / "inbox-bot.sqlite3", closed=True)
    store.close()
    later = datetime(2028, 10, 1, tzinfo=UTC)
    for dry_run, word in ((True, "Would go:"), (False, "Gone:"), (True, "Nothing was kept longer")):
        assert run_purge(tmp_path / "config.toml", dry_run=dry_run, as_json=False, now=later) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(word)
        assert STREET not in shown
    assert run_purge(tmp_path / "config.toml", dry_run=True, as_json=True, now=later) == 0
    assert capsys.readouterr().out == ""


def test_a_store_of_the_first_release_opens_with_its_orders(tmp_path):
    from sqlite_utils import Database

    from inbox_bot.store.schema import MIGRATIONS

    path = tmp_path / "store"
    with sqlite3.connect(path) as connection:
        database = Database(connection)
        MIGRATIONS.apply(database, stop_before="0002_records")
        row = ("shop", ORDER, to_json(order(source="all.txt")))
        connection.execute("INSERT INTO orders VALUES (?, ?, ?)", row)
        parcel = ("shop", ORDER, "1Z", to_json(shipment(source="all.txt; mail <x@y.example>")))
        connection.execute("INSERT INTO shipments VALUES (?, ?, ?, ?)", parcel)
        only = ("shop", "114-0000000-0000001", "1Z", to_json(shipment(order_id="114-0000000-0000001")))
        connection.execute("INSERT INTO shipments VALUES (?, ?, ?, ?)", only)
    store = SqliteStore(path)
    (kept,) = store.records("shop", ORDER)
    assert kept.dossier.order == order(source="all.txt")
    assert kept.dossier.shipments == (shipment(source="all.txt; mail <x@y.example>"),)
    assert [source.name for source in kept.dossier.provenance] == ["all.txt", "mail <x@y.example>"]
    assert len(store.records("shop", "114-0000000-0000001")) == 1
    assert json.loads(to_json(kept))["key"] == "imported"
