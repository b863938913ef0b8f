"""What may go at an instant: the buyer after the delivery, the order later, and nothing that an open case needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from nouns import NOTICE_ID, NOW, ORDER, notice, order, shipment

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.evolution import fold
from inbox_bot.core.model import NOWHERE, Destination, Kind
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance, Return
from inbox_bot.core.retention import (
    Days,
    Going,
    KeptRecord,
    SavedFile,
    listed,
    orders_in_use,
    what_goes,
    without_buyer,
)

DAYS = Days(30, 548, 548)
OTHER = "113-0196033-0000002"
BOUGHT = date(2026, 3, 1)
PLACE = Destination(("Pat Nobody", "88 Nowhere Crescent"), "Austin", "TX", "78701", "US")


def kept(key: str = "all_orders", **changes) -> KeptRecord:
    """A report's record of an order bought on BOUGHT, with the buyer in it."""
    one = KeptRecord("shop", ORDER, key, Origin.REPORT, NOW, BOUGHT, None, None, BOUGHT, True)
    one = replace(one, **changes)
    days = (one.purchased_on, one.shipped_on, one.delivered_on)
    return replace(one, latest_on=max(day for day in days if day))


def tracked(**changes) -> KeptRecord:
    """What a tracking service says of the same order."""
    return kept("17track 1Z", origin=Origin.CARRIER, purchased_on=None, personal=False, **changes)


def going(*records: KeptRecord, on: date, in_use=frozenset()) -> Going:
    return what_goes(records, in_use, (), frozenset(), DAYS, datetime(on.year, on.month, on.day, tzinfo=UTC))


def keys(*records: KeptRecord) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.account, one.order_id, one.key) for one in records)


@pytest.mark.parametrize(
    ("records", "last_day"),
    [
        ((kept(delivered_on=date(2026, 3, 9), shipped_on=date(2026, 3, 4)),), date(2026, 4, 8)),
        ((kept(), tracked(delivered_on=date(2026, 3, 9))), date(2026, 4, 8)),
        ((kept(), tracked(shipped_on=date(2026, 3, 4))), date(2026, 3, 4) + timedelta(days=60)),
        ((kept(),), BOUGHT + timedelta(days=90)),
    ],
    ids=["delivered", "delivered, says another source", "shipped", "only bought"],
)
def test_the_buyer_stays_thirty_days_after_the_delivery_that_any_source_knows_and_not_a_day_longer(
    records, last_day
):
    assert going(*records, on=last_day) == Going()
    gone = going(*records, on=last_day + timedelta(days=1))
    assert gone.bare == keys(records[0])
    assert gone.gone == ()
    assert [(line.source, line.what, line.count) for line in gone.lines] == [
        ("all_orders", "buyers' data", 1)
    ]


def test_an_order_goes_whole_when_the_last_of_its_days_is_past():
    records = kept(), tracked(delivered_on=date(2026, 3, 9))
    last_day = date(2026, 3, 9) + timedelta(days=548)
    assert going(*records, on=last_day).gone == ()
    assert going(*records, on=last_day + timedelta(days=1)).gone == keys(*records)


def test_what_lost_its_buyer_is_not_taken_up_again():
    assert going(kept(personal=False), on=date(2026, 12, 1)) == Going()


def test_orders_of_two_accounts_with_one_id_are_two_orders():
    theirs = kept(account="other", delivered_on=date(2026, 3, 9))
    assert going(theirs, kept(), on=date(2026, 4, 20)).bare == keys(theirs)


def case_of(*more: happened.Event, **changes) -> Case:
    opened = happened.CaseOpened("shop", notice(**changes), None)
    return fold("case-1", [(NOW, event) for event in (opened, *more)])


ANSWERED = happened.AnsweredElsewhere("in Seller Central", None)
CLOSED = happened.DecisionReceived(notice(kind=Kind.DECISION), None)
REQUEST = happened.NoticeJoined(notice(kind=Kind.INFORMATION_REQUEST, message_id="<more@mail.example>"), None)


def test_an_open_case_holds_every_order_its_notice_names():
    case = case_of(order_ids=(ORDER, OTHER))
    in_use = orders_in_use([case], DAYS, NOW + timedelta(days=5000))
    assert in_use == {("shop", ORDER), ("shop", OTHER)}
    second = kept(order_id=OTHER)
    assert going(kept(), second, on=date(2040, 1, 1), in_use=in_use) == Going()
    assert going(second, on=date(2040, 1, 1)).gone == keys(second)


@pytest.mark.parametrize(
    ("case", "days", "holds"),
    [
        (case_of(), 5000, True),
        (case_of(ANSWERED), 548, True),
        (case_of(ANSWERED), 549, False),
        (case_of(ANSWERED, REQUEST), 5000, True),
        (case_of(ANSWERED, CLOSED), 1, False),
    ],
    ids=["open", "answered", "won in silence", "asked again", "closed"],
)
def test_a_case_lets_go_of_its_order_when_it_is_closed_or_was_answered_long_ago(case, days, holds):
    assert bool(orders_in_use([case], DAYS, NOW + timedelta(days=days))) is holds


def test_files_that_nothing_needs_go_after_a_month_and_shared_ones_stay_with_the_last_that_needs_them():
    files = [SavedFile(name * 64, "message/rfc822", NOW) for name in "ab"] + [
        SavedFile("c" * 64, "image/png", NOW)
    ]
    needed = frozenset({"a" * 64})
    month = NOW + timedelta(days=30)
    assert what_goes((), frozenset(), files, needed, DAYS, month) == Going()
    gone = what_goes((), frozenset(), files, needed, DAYS, month + timedelta(seconds=1))
    assert gone.files == ("b" * 64, "c" * 64)
    assert [(line.what, line.count, line.oldest) for line in gone.lines] == [
        ("mails", 1, NOW),
        ("files", 1, NOW),
    ]


def test_each_source_has_its_own_line_with_its_oldest_record():
    early = NOW - timedelta(days=9)
    records = kept(), kept("returns 7"), kept(order_id=OTHER, collected_at=early)
    lines = going(*records, on=date(2026, 12, 1)).lines
    assert {(line.source, line.count, line.oldest) for line in lines} == {
        ("all_orders", 2, early),
        ("returns", 1, NOW),
    }


def record(origin: Origin = Origin.REPORT, **changes) -> OrderRecord:
    dossier = Dossier(ORDER, provenance=(Provenance("all.txt", origin, NOW),))
    return OrderRecord("all_orders", replace(dossier, **changes))


BACK = Return(
    ORDER, None, date(2026, 9, 20), "MUG-1", 1, "UNWANTED", "SELLABLE", "ring me on 555", "returns.txt"
)
PERSONAL = (
    {"order": order(destination=PLACE)},
    {"shipments": (shipment(), shipment(delivered_to=PLACE))},
    {"returns": (BACK,)},
)


@pytest.mark.parametrize("changes", PERSONAL, ids=["order", "parcel", "return"])
def test_name_street_and_comment_go_and_everything_that_wins_a_dispute_stays(changes):
    whole = record(**changes)
    bare = without_buyer(whole)
    assert listed("shop", whole).personal
    assert not listed("shop", bare).personal
    assert bare != whole
    for word in ("Pat Nobody", "88 Nowhere Crescent", "ring me"):
        assert word not in repr(bare)
    town = replace(PLACE, lines=())
    wanted = {
        "order": {"order": order(destination=town)},
        "shipments": {"shipments": (shipment(), shipment(delivered_to=town))},
        "returns": {"returns": (replace(BACK, comment=""),)},
    }[next(iter(changes))]
    assert bare == record(**wanted)


@pytest.mark.parametrize("origin", [one for one in Origin if one is not Origin.REPORT])
@pytest.mark.parametrize("changes", PERSONAL, ids=["order", "parcel", "return"])
def test_what_does_not_come_from_a_report_is_left_as_it_is(origin, changes):
    whole = record(origin, **changes)
    assert without_buyer(whole) == whole
    assert not listed("shop", whole).personal


def test_a_record_without_a_source_is_taken_for_a_report():
    whole = replace(record(), dossier=Dossier(ORDER, order(destination=PLACE)))
    assert listed("shop", whole).personal
    assert without_buyer(whole).dossier.order == order(destination=replace(PLACE, lines=()))


def test_a_record_is_listed_with_the_days_it_speaks_of():
    one = record(
        order=order(purchased_at=datetime(2026, 8, 30, 12, tzinfo=UTC), destination=NOWHERE),
        shipments=(shipment(), shipment(shipped_on=date(2026, 9, 6), delivered_on=None)),
        returns=(BACK,),
    )
    assert listed("shop", replace(one, dossier=replace(one.dossier, returns=()))) == KeptRecord(
        "shop", ORDER, "all_orders", Origin.REPORT, NOW,
        date(2026, 8, 30), date(2026, 9, 6), date(2026, 9, 4), date(2026, 9, 6), personal=False,
    )  # fmt: skip
    assert listed("shop", one).latest_on == date(2026, 9, 20)
    assert listed("shop", record()).latest_on == NOW.date()


def test_a_misprinted_year_keeps_nothing_for_ever():
    far = record(shipments=(shipment(delivered_on=date(2099, 9, 4), delivered_to=PLACE),))
    assert listed("shop", far).delivered_on == NOW.date()
    assert going(listed("shop", far), on=NOW.date() + timedelta(days=549)).gone


def test_a_notice_that_names_no_order_holds_none():
    case = case_of(order_id=None, order_ids=())
    assert case.thread_ids == (NOTICE_ID,)
    assert orders_in_use([case], DAYS, NOW) == frozenset()
