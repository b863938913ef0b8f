"""The purge as a whole: worked out from the store, carried out in it, and worked out again when it changed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from nouns import NOW, ORDER, notice, order, shipment
from test_purge import DAYS, PLACE, STREET, record

from inbox_bot.core import events as happened
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance
from inbox_bot.core.retention import without_buyer
from inbox_bot.purging import carry_out
from inbox_bot.store.protocol import Cursor
from inbox_bot.store.sqlite import SqliteStore
from inbox_bot.work import Work

OTHER = "113-0196033-0000002"


def open_case(store: SqliteStore, *more: happened.Event, **changes) -> None:
    work = Work.opening(store, "case-1", happened.CaseOpened("shop", notice(**changes), None), NOW)
    for event in more:
        work.happen(event)
    work.save(None)


def of_order(order_id: str) -> OrderRecord:
    one = record()
    return replace(one, dossier=replace(one.dossier, order_id=order_id))


def test_nothing_of_the_second_order_of_an_open_case_goes(tmp_path):
    store = SqliteStore(tmp_path / "store")
    store.save_records("shop", [record(), of_order(OTHER)])
    open_case(store, order_ids=(ORDER, OTHER))
    assert carry_out(store, DAYS, NOW + timedelta(days=2000)) == ()
    assert store.records("shop", OTHER) == (of_order(OTHER),)


def test_a_delivery_that_only_the_carrier_tells_of_ends_the_buyers_days(tmp_path):
    store = SqliteStore(tmp_path / "store")
    report = OrderRecord(
        "all_orders",
        Dossier(ORDER, order(destination=PLACE), provenance=(Provenance("r", Origin.REPORT, NOW),)),
    )
    parcel = shipment(delivered_on=date(2026, 10, 3))
    carrier = Dossier(ORDER, shipments=(parcel,), provenance=(Provenance("t", Origin.CARRIER, NOW),))
    store.save_records("shop", [report, OrderRecord("17track 1Z", carrier)])
    assert carry_out(store, DAYS, NOW + timedelta(days=28)) == ()
    (line,) = carry_out(store, DAYS, NOW + timedelta(days=29))
    assert (line.source, line.what) == ("all_orders", "buyers' data")
    assert without_buyer(report) in store.records("shop", ORDER)


def test_a_case_won_in_silence_does_not_keep_its_order_for_ever(tmp_path):
    store = SqliteStore(tmp_path / "store")
    store.save_records("shop", [record()])
    open_case(store, happened.AnsweredElsewhere("in Seller Central", None))
    assert carry_out(store, DAYS, NOW + timedelta(days=548)) == ()
    assert carry_out(store, DAYS, NOW + timedelta(days=549))
    assert store.records("shop", ORDER) == ()


class Restless(SqliteStore):
    """A store into which somebody writes so many times between the plan and the purge."""

    writes = 0

    def purge(self, purge, told, at):
        if self.writes:
            self.writes -= 1
            self.save_mails("shop", "INBOX", Cursor(7, self.writes), [], NOW)
        return super().purge(purge, told, at)


def test_a_store_that_changed_meanwhile_is_looked_at_again(tmp_path):
    store = Restless(tmp_path / "store")
    store.save_records("shop", [record()])
    store.writes = 2
    assert carry_out(store, DAYS, NOW + timedelta(days=200))
    assert STREET not in repr(store.records("shop", ORDER))


def test_a_store_that_never_rests_loses_nothing_and_says_so(tmp_path):
    store = Restless(tmp_path / "store")
    store.save_records("shop", [record()])
    store.writes = 99
    with pytest.raises(TemporaryError):
        carry_out(store, DAYS, NOW + timedelta(days=200))
    assert store.records("shop", ORDER) == (record(),)
