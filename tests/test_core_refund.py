"""What the seller has to refund, to the cent, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import ORDER, POLICY, dossier, notice, order

from inbox_bot.core.model import Money
from inbox_bot.core.record import OrderItem, Refund
from inbox_bot.core.refund import already_refunded, find_confirmation, over_cap, refund_task


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def item(price: str, tax: str = "0", shipping: str = "0", discount: str = "0", sku: str = "A") -> OrderItem:
    return OrderItem(
        "Thing", sku, price=usd(price), tax=usd(tax), shipping=usd(shipping), discount=usd(discount)
    )


def task_for(disputed: str, items: tuple[OrderItem, ...], *refunds: Refund):
    own = dossier(order=order(items=items, total=None), refunds=refunds)
    return refund_task(notice(amount=usd(disputed)), own, "Because.")


def refund(amount: str | None, on: date | None = date(2026, 9, 20), reference: str = "R-1") -> Refund:
    return Refund(ORDER, on, usd(amount) if amount else None, reference, "mail <refund@amazon.example>")


def test_lines_that_explain_the_amount_are_taken_as_they_are():
    task = task_for("35.00", (item("20.00", "1.50", "3.50"), item("12.00", discount="2.00", sku="B")))
    assert [(line.sku, line.total) for line in task.lines] == [
        ("A", Decimal("25.00")),
        ("B", Decimal("10.00")),
    ]
    assert not task.notes


def test_the_amount_of_one_line_is_that_line():
    task = task_for("12.00", (item("20.00"), item("12.00", sku="B")))
    assert [line.sku for line in task.lines] == ["B"]
    assert "one line" in task.notes[0]


def test_an_amount_that_no_line_explains_is_shared_out_and_said():
    task = task_for("7.00", (item("20.00"), item("10.00", sku="B")))
    assert sum(line.total for line in task.lines) == Decimal("7.00")
    assert "shared out in proportion" in task.notes[0]


def test_what_was_refunded_before_is_taken_off_with_its_proof():
    task = task_for("30.00", (item("30.00"),), refund("10.00"))
    assert task.total == usd("20.00")
    assert "R-1" in task.earlier[0]
    assert any("taken off" in note for note in task.notes)


def test_an_earlier_refund_of_an_unknown_amount_stops_the_sum():
    task = task_for("30.00", (item("30.00"),), refund(None))
    assert task.total is None
    assert "look at it in Seller Central first" in task.notes[0]


def test_an_order_without_amounts_names_the_total_alone():
    task = task_for("30.00", (OrderItem("Thing"),))
    assert (task.total, task.lines) == (usd("30.00"), ())


cents = st.integers(1, 500_000).map(lambda number: Decimal(number) / 100)
parts = st.tuples(cents, cents, cents)


@given(disputed=cents, lines=st.lists(parts, min_size=1, max_size=8))
def test_the_lines_always_add_up_to_the_task_to_the_cent(disputed, lines):
    items = tuple(
        OrderItem(
            "Thing",
            str(number),
            price=Money(price, "USD"),
            tax=Money(tax, "USD"),
            shipping=Money(ship, "USD"),
        )
        for number, (price, tax, ship) in enumerate(lines)
    )
    own = dossier(order=order(items=items, total=None))
    task = refund_task(notice(amount=Money(disputed, "USD")), own, "Because.")
    assert task.total == Money(disputed, "USD")
    assert sum(line.total for line in task.lines) == disputed
    for line in task.lines:
        assert line.price + line.tax + line.shipping + line.shipping_tax == line.total
        assert min(line.price, line.tax, line.shipping, line.shipping_tax) >= 0


def test_a_second_refund_is_refused_with_the_proof_of_the_first():
    own = dossier(refunds=(refund("100.00"), refund("8.84", reference="R-2")))
    proof = already_refunded(own, usd("108.84"))
    assert len(proof) == 2
    assert "100.00 USD on 2026-09-20, reference R-1 (mail <refund@amazon.example>)" in proof
    assert already_refunded(own, usd("200.00")) == ()
    assert already_refunded(dossier(refunds=(refund(None),)), usd("5.00")) == ()


@pytest.mark.parametrize(
    ("total", "spent", "said"),
    [
        ("50.00", (), ""),
        ("50.01", (), "above the cap of 50.00 USD a case"),
        ("40.00", ("60.00",), ""),
        ("40.01", ("60.00",), "above the cap of 100.00 USD a day"),
    ],
)
def test_caps_send_a_refund_to_a_person(total, spent, said):
    policy = replace(POLICY, refund_caps_per_case=(usd("50.00"),), refund_caps_per_day=(usd("100.00"),))
    task = task_for(total, (item(total),))
    found = over_cap(task, [usd(amount) for amount in spent], policy)
    assert said in found
    assert bool(found) == bool(said)
    euros = replace(task, total=Money(Decimal(999), "EUR"))
    assert over_cap(euros, [], policy) == ""


def test_only_a_new_refund_that_covers_the_task_confirms_it():
    old, new = refund("5.00", reference="R-0"), refund("30.00", date(2026, 10, 7), "R-9")
    task = task_for("30.00", (item("30.00"),))
    before = dossier(refunds=(old,))
    assert find_confirmation(task, before, before) is None
    assert find_confirmation(task, before, dossier(refunds=(old, refund("29.99")))) is None
    assert find_confirmation(task, before, dossier(refunds=(old, new))) == new
