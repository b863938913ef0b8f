"""The adjustment file reads back to the same cents, and is refused where it would be wrong."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import ORDER, dossier, notice, order

from inbox_bot.core.adjustment import COLUMNS, AdjustmentReason, adjustment_file, reason_code
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Money, Reason
from inbox_bot.core.record import OrderItem
from inbox_bot.core.refund import RefundLine, RefundTask, refund_task

PARTS = COLUMNS[4:8]
codes = st.sampled_from(AdjustmentReason)
cents = st.integers(0, 900_000).map(lambda number: Decimal(number) / 100)
texts = st.text(max_size=30)


def line(
    price: Decimal, tax: Decimal = Decimal(0), title: str = "Thing", item_id: str = "60551200117722"
) -> RefundLine:
    return RefundLine("SKU", title, item_id, 1, price, tax, Decimal(0), Decimal(0), price + tax)


def task(*lines: RefundLine, currency: str = "USD", order_id: str = ORDER) -> RefundTask:
    total = sum((one.total for one in lines), Decimal(0))
    return RefundTask(order_id, Money(total, currency), lines, "/orders", "Because.")


def item(price: str, item_id: str) -> OrderItem:
    return OrderItem("Thing", "A", price=Money(Decimal(price), "USD"), order_item_id=item_id)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines(), delimiter="\t"))


four_parts = st.tuples(cents, cents, cents, cents).filter(any)


@given(lines=st.lists(st.tuples(four_parts, texts, texts), min_size=1, max_size=6), code=codes)
def test_what_is_written_reads_back_to_the_same_cents(lines, code):
    """Part by part and line by line, whatever stands in titles and SKUs."""
    made = task(
        *(
            RefundLine(sku, title, f"6055120011{number}", 1, *parts, sum(parts, Decimal(0)))
            for number, (parts, title, sku) in enumerate(lines)
        )
    )
    found = rows(adjustment_file(made, code))
    assert [[Decimal(row[name] or 0) for name in PARTS] for row in found] == [list(one[0]) for one in lines]
    assert [row["order-item-id"] for row in found] == [line.order_item_id for line in made.lines]
    assert {(row["order-id"], row["currency"], row["adjustment-reason-code"]) for row in found} == {
        (ORDER, "USD", code.value)
    }
    assert all(not Decimal(row[name]) for row in found for name in COLUMNS[8:])


@given(disputed=st.integers(1, 1333))
def test_a_task_worked_out_from_an_order_is_written_to_the_cent(disputed):
    """From the disputed amount over the order's lines to the file: nothing is lost or added on the way."""
    own = dossier(order=order(items=(item("12.34", "6055120011"), item("0.99", "6055120012")), total=None))
    amount = Decimal(disputed) / 100
    asked = refund_task(notice(amount=Money(amount, "USD")), own, "Because.")
    found = rows(adjustment_file(asked, AdjustmentReason.GENERAL))
    assert sum(Decimal(row[name] or 0) for row in found for name in PARTS) == amount


def test_the_header_is_the_templates_and_parts_without_an_amount_are_zero():
    header, row = (
        adjustment_file(task(line(Decimal("5.00"))), AdjustmentReason.COULD_NOT_SHIP).decode().splitlines()
    )
    assert tuple(header.split("\t")) == COLUMNS
    assert row == f"{ORDER}\t60551200117722\tCouldNotShip\tUSD\t5.00" + "\t0.00" * 5 + "\t0"


def test_yen_have_no_cents():
    assert b"\tJPY\t1200\t" in adjustment_file(
        task(line(Decimal(1200)), currency="JPY"), AdjustmentReason.GENERAL
    )


@pytest.mark.parametrize(
    "item_id", ["", "12\t34", "12\n34", 'a"b', "6.05512E+13", "=1+1", "６０５", "1" * 31]
)
def test_a_line_without_a_sound_item_id_is_refused_with_the_remedy(item_id):
    with pytest.raises(UserError, match="order item id of SKU is not on record"):
        adjustment_file(task(line(Decimal(5), item_id=item_id)), AdjustmentReason.GENERAL)


def test_a_hostile_title_cannot_break_the_refusal():
    bad = replace(line(Decimal(5), item_id=""), sku="", title="a\nb\u202e" + "x" * 500)
    with pytest.raises(UserError) as refused:
        adjustment_file(task(bad), AdjustmentReason.GENERAL)
    assert "\n" not in str(refused.value)
    assert "\u202e" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_line_of_nothing_needs_no_item_id_and_gets_no_row():
    content = adjustment_file(task(line(Decimal(5)), line(Decimal(0), item_id="")), AdjustmentReason.GENERAL)
    assert len(content.splitlines()) == 2


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (task(line(Decimal(0))), "nothing is left"),
        (task(line(Decimal("-5"))), "no positive amount"),
        (task(line(Decimal(6), tax=Decimal(-1))), "no positive amount"),
        (task(line(Decimal("5.005"))), "multiple of 0.01 USD"),
        (task(line(Decimal("600.5")), currency="JPY"), "multiple of 1 JPY"),
        (replace(task(line(Decimal(5))), total=Money(Decimal(6), "USD")), "do not add up to"),
        (task(line(Decimal(5)), order_id="113-1\t"), "order id"),
        (replace(task(line(Decimal(5))), total=None), "not on record"),
    ],
)
def test_what_the_file_cannot_say_to_the_cent_is_refused_with_the_way_out(made, why):
    with pytest.raises(UserError, match=why) as refused:
        adjustment_file(made, AdjustmentReason.GENERAL)
    assert all(problem.remedy for problem in refused.value.problems)


def test_a_task_without_lines_is_refused():
    with pytest.raises(UserError, match="amounts of the order's lines"):
        adjustment_file(task(), AdjustmentReason.GENERAL)


@pytest.mark.parametrize(
    ("reason", "told", "code"),
    [
        (Reason.NOT_RECEIVED, {}, AdjustmentReason.GENERAL),
        (Reason.NOT_RECEIVED, {"never_shipped": True}, AdjustmentReason.COULD_NOT_SHIP),
        (Reason.NOT_AS_DESCRIBED, {"returned": True}, AdjustmentReason.CUSTOMER_RETURN),
        (Reason.NOT_AS_DESCRIBED, {}, AdjustmentReason.GENERAL),
        (Reason.CREDIT_NOT_PROCESSED, {}, AdjustmentReason.CUSTOMER_RETURN),
    ],
)
def test_the_reason_code_fits_the_dispute(reason, told, code):
    assert reason_code(reason, **told) is code


def test_a_task_that_is_to_be_refunded_by_hand_gets_no_file():
    """Amazon takes no more for a line than is left of it; a file that guessed would be refused or pay wrongly."""
    with pytest.raises(UserError, match="what an earlier refund was for"):
        adjustment_file(
            replace(task(line(Decimal(5))), by_hand="what an earlier refund was for is not on record"),
            AdjustmentReason.GENERAL,
        )
