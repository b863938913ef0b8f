"""Sources that do not say the same are named with both values; what explains itself is no contradiction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import NOW, ORDER, notice, order, shipment

from inbox_bot.core.contradictions import find_contradictions, in_words, is_material
from inbox_bot.core.model import Destination, Money
from inbox_bot.core.record import Dossier, OrderItem, Refund, Scan, ShipmentStatus

ID = "1Z999AA10123456784"
DALLAS = Destination(city="Dallas", state="TX", postal_code="75201")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def of(**parts) -> Dossier:
    """What one source says."""
    return Dossier(ORDER, **parts)


def parcels(*changes: dict) -> list[Dossier]:
    """One parcel as several sources tell of it, named "a", "b", ..."""
    return [
        of(shipments=(shipment(source=source, **one),)) for source, one in zip("abcd", changes, strict=False)
    ]


def refund(amount: str, reference: str = "", source: str = "a") -> Refund:
    return Refund(ORDER, date(2026, 9, 20), usd(amount), reference, source)


def items(*prices: str, quantity: int = 1) -> tuple[OrderItem, ...]:
    return tuple(
        OrderItem(f"item {price}", f"SKU-{price}", quantity=quantity, price=usd(price)) for price in prices
    )


def about(fragments, **of_notice) -> list[str]:
    return [one.about for one in find_contradictions(notice(**of_notice), fragments)]


RETURNED = {"status": ShipmentStatus.RETURNED_TO_SENDER, "delivered_on": None, "delivered_to": Destination()}
LOST = {"status": ShipmentStatus.LOST, "delivered_on": None, "delivered_to": Destination()}
DELIVERED_SCAN = Scan(date(2026, 9, 14), "10:00", "Austin", "Delivered", ShipmentStatus.DELIVERED)
ROWS = [
    (parcels({}, {"delivered_on": date(2026, 9, 9)}), f"delivery day of {ID}", ("2026-09-04", "2026-09-09")),
    (parcels({}, {"delivered_to": DALLAS}), f"place of delivery of {ID}", ("Austin 78701", "Dallas TX 75201")),
    (parcels({}, RETURNED), f"status of {ID}", ("delivered", "returned to sender")),
    (parcels({}, LOST), f"status of {ID}", ("delivered", "lost")),
    (parcels({}, {"carrier": "FedEx"}), f"carrier of {ID}", ("UPS", "FedEx")),
    (parcels({"signed_by": "R. Smith"}, {"signed_by": "J. Doe"}), f"signature of {ID}", ("R. Smith", "J. Doe")),
    (parcels({}, {"shipped_on": date(2026, 8, 20)}), f"ship day of {ID}", ("2026-09-01", "2026-08-20")),
    (parcels({"shipped_on": date(2026, 9, 6)}), f"shipped after it was delivered of {ID}", ("2026-09-06", "2026-09-04")),
    (parcels({"scans": (DELIVERED_SCAN,)}), f"delivery day of {ID}", ("2026-09-04", "2026-09-14")),
    (
        [of(order=order(purchased_at=datetime(2026, 9, 3, 12, tzinfo=UTC), source="r")), *parcels({})],
        f"shipped before it was ordered of {ID}",
        ("2026-09-03", "2026-09-01"),
    ),
    (parcels({"delivered_on": date(2026, 10, 9)}), f"delivered after the notice of {ID}", ("2026-10-05", "2026-10-09")),
    (
        [of(order=order(source="a")), of(order=order(total=usd("99.00"), source="b"))],
        "order total",
        ("108.84 USD", "99.00 USD"),
    ),
    (
        [of(order=order(source="a")), of(order=order(total=Money(Decimal("108.84"), "CAD"), source="b"))],
        "order total",
        ("108.84 USD", "108.84 CAD"),
    ),
    (
        [of(order=order(source="a", items=items("5", quantity=1))), of(order=order(source="b", items=items("5", quantity=3)))],
        "quantity of SKU-5",
        ("1", "3"),
    ),
    (
        [of(order=order(source="a")), of(order=order(purchased_at=datetime(2026, 8, 20, 12, tzinfo=UTC), source="b"))],
        "order day",
        ("2026-08-30", "2026-08-20"),
    ),
    (
        [of(order=order(source="a")), of(order=order(destination=DALLAS, source="b"))],
        "shipping address",
        ("Austin TX 78701", "Dallas TX 75201"),
    ),
    ([of(order=order(), refunds=(refund("150.00"),))], "refund above the charge", ("150.00 USD", "108.84 USD")),
    (
        [of(order=order(), refunds=(refund("60.00", "R-1"), refund("60.00", "R-2")))],
        "refund above the charge",
        ("120.00 USD", "108.84 USD"),
    ),
    ([of(refunds=(refund("150.00"),))], "refund above the charge", ("150.00 USD", "108.84 USD")),
    (
        [of(refunds=(refund("10.00", "R-1"),)), of(refunds=(refund("12.00", "r-1", "b"),))],
        "amount of refund R-1",
        ("10.00 USD", "12.00 USD"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fragments", "what", "values"), ROWS, ids=[str(number) for number in range(len(ROWS))]
)
def test_a_contradiction_is_named_with_both_values_and_their_sources(fragments, what, values):
    found = [one for one in find_contradictions(notice(), fragments) if one.about == what]
    assert values in [tuple(value for value, _ in one.said) for one in found]
    assert all(source for one in found for _, source in one.said)
    assert all(word in in_words(found) for said in found[0].said for word in (what, *said))


def test_the_notices_address_and_amount_are_held_against_the_orders():
    orders = [of(order=order(source="report"))]
    assert about(orders, destination=DALLAS) == ["shipping address"]
    assert about(orders, amount=usd("208.84")) == ["disputed amount above the order's total"]
    said = find_contradictions(notice(destination=DALLAS), orders)[0].said
    assert said == (("Dallas TX 75201", "the notice"), ("Austin TX 78701", "report"))


def test_an_amount_that_nothing_explains_is_named_but_stops_nothing():
    found = find_contradictions(notice(amount=usd("77.00")), [of(order=order())])
    assert [one.about for one in found] == ["disputed amount below the order's total"]
    assert not any(map(is_material, found))


@pytest.mark.parametrize(
    ("amount", "of_order", "refunds"),
    [
        ("20.00", {"items": items("20.00", "88.84")}, ()),  # one line
        ("30.00", {"items": items("20.00", "10.00", "78.84")}, ()),  # two lines
        ("21.65", {"items": (OrderItem("a", price=usd("20.00"), tax=usd("1.65")),)}, ()),  # with its tax
        ("88.84", {}, (refund("20.00"),)),  # what a refund left
        ("108.85", {}, ()),  # rounding
    ],
)
def test_a_part_of_the_order_may_be_disputed(amount, of_order, refunds):
    assert about([of(order=order(**of_order), refunds=refunds)], amount=usd(amount)) == []


def test_a_notice_about_several_orders_is_not_held_against_the_total_of_one():
    assert about([of(order=order())], amount=usd("217.68"), order_ids=(ORDER, "113-7777777-1111111")) == []


@pytest.mark.parametrize(
    "fragments",
    [
        parcels({}, {}),
        parcels({}, {"delivered_on": date(2026, 9, 5)}),  # the mail of the day after
        parcels({}, {"shipped_on": date(2026, 9, 4)}),  # confirmed before the week-end, scanned behind it
        parcels({}, {"delivered_to": Destination(city="AUSTIN", postal_code="78701-2210")}),
        parcels({}, {"delivered_to": Destination()}),
        parcels({}, {"carrier": ""}),
        parcels({}, {"carrier": "UPS Ground"}),
        parcels({}, {"tracking_id": "1Z999AA10123456799", "delivered_on": date(2026, 9, 20), "delivered_to": DALLAS}),
        parcels({}, {"status": ShipmentStatus.IN_TRANSIT, "delivered_on": None}),  # an earlier scan
        parcels({"delivered_on": date(2026, 10, 6)}),  # the notice came late in the evening, UTC
        parcels({"scans": (replace(DELIVERED_SCAN, scanned_on=date(2026, 9, 5)),)}),
        [of(order=order(purchased_at=datetime(2026, 9, 2, 3, tzinfo=UTC))), *parcels({})],  # evening of the 1st
        [of(order=order(source="a")), of(order=order(total=None, source="b"))],
        [of(order=order(source="a", items=(OrderItem("x", tax=usd("8.84")),))), of(order=order(total=usd("100.00"), source="b"))],
        [of(order=order(), refunds=(refund("108.84", "R-1"), refund("108.84", "R-1", "b"), refund("108.84", "", "c")))],
        [of(order=order(), refunds=(refund("50.00"), refund("12.00", source="b")))],
    ],
)  # fmt: skip
def test_what_explains_itself_is_no_contradiction(fragments):
    assert about(fragments) == []


def test_a_source_must_agree_with_itself_to_the_day():
    same = [of(shipments=(shipment(source="a"), shipment(source="a", delivered_on=date(2026, 9, 5))))]
    assert about(same) == [f"delivery day of {ID}"]


def test_two_spellings_of_a_tracking_number_are_one():
    assert about(parcels({}, {"tracking_id": "1z999aa1 0123 456784", "delivered_to": DALLAS}))


def test_another_orders_record_is_no_witness():
    other = Dossier("113-7777777-1111111", order(order_id="113-7777777-1111111", total=usd("5.00")))
    assert about([of(order=order()), other]) == []


def test_what_a_carrier_is_called_stops_nothing_and_the_rest_does():
    names = find_contradictions(notice(), parcels({}, {"carrier": "FedEx"}))
    assert not is_material(names[0])
    assert all(
        is_material(one)
        for fragments, what, _ in ROWS
        for one in find_contradictions(notice(), fragments)
        if not what.startswith("carrier")
    )


def test_a_flood_of_records_is_named_by_its_first_ones():
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(300)]
    flood = [of(shipments=(shipment(delivered_on=day, source=str(day)),)) for day in days]
    found = find_contradictions(notice(), flood)
    assert len(found) == 50
    assert in_words(found).endswith("; and 44 more")
    assert len(in_words(found)) < 2000


DAYS = st.none() | st.integers(0, 40).map(lambda days: NOW.date() - timedelta(days=days))
PARCELS = st.builds(
    lambda shipped, delivered, city, source: shipment(
        shipped_on=shipped, delivered_on=delivered, delivered_to=Destination(city=city), source=source
    ),
    DAYS, DAYS, st.sampled_from(["", "Austin", "Dallas"]), st.sampled_from(["a", "b", ""]),
)  # fmt: skip


@given(st.lists(PARCELS, max_size=5))
def test_the_order_of_the_sources_does_not_matter(shipments):
    def kinds(some):
        found = find_contradictions(notice(), [of(shipments=(one,)) for one in some])
        return {(one.about, frozenset(one.said)) for one in found}

    assert kinds(shipments) == kinds(shipments[::-1])


@given(st.lists(PARCELS, max_size=4))
def test_hearing_the_same_twice_makes_no_new_contradiction(shipments):
    once = [of(shipments=(one,)) for one in shipments]
    assert find_contradictions(notice(), once) == find_contradictions(notice(), [*once, *once])
