"""The adjustment file reads back to the same cents, and is refused where it would be wrong."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import ORDER

from inbox_bot.core.adjustment import COLUMNS, AdjustmentReason, adjustment_file, reason_code
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Money, Reason
from inbox_bot.core.refund import RefundLine, RefundTask

cents = st.integers(0, 900_000).map(lambda number: Decimal(number) / 100)
texts = st.text(max_size=30)


def line(
    price: Decimal, tax: Decimal = Decimal(0), title: str = "Thing", item_id: str = "60551200117722"
) -> RefundLine:
    return RefundLine("SKU", title, item_id, 1, price, tax, Decimal(0), Decimal(0), price + tax)


def task(*lines: RefundLine, currency: str = "USD") -> RefundTask:
    total = sum((one.total for one in lines), Decimal(0))
    return RefundTask(ORDER, Money(total, currency), lines, "/orders", "Because.")


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines(), delimiter="\t"))


@given(lines=st.lists(st.tuples(cents, cents, texts), min_size=1, max_size=6))
def test_what_is_written_reads_back_to_the_same_cents(lines):
    made = task(*(line(price, tax, title) for price, tax, title in lines))
    found = rows(adjustment_file(made, AdjustmentReason.GENERAL))
    read = sum(Decimal(row[name] or 0) for row in found for name in COLUMNS if name.endswith("-adj"))
    assert made.total is not None
    assert read == made.total.amount
    assert all(row["order-id"] == ORDER and row["currency"] == "USD" for row in found)


def test_the_header_is_the_templates_and_empty_parts_are_empty():
    header, row = (
        adjustment_file(task(line(Decimal("5.00"))), AdjustmentReason.COULD_NOT_SHIP).decode().splitlines()
    )
    assert tuple(header.split("\t")) == COLUMNS
    assert row == f"{ORDER}\t60551200117722\tCouldNotShip\tUSD\t5.00" + "\t" * 10


def test_yen_have_no_cents():
    assert b"\tJPY\t1200\t" in adjustment_file(
        task(line(Decimal(1200)), currency="JPY"), AdjustmentReason.GENERAL
    )


@pytest.mark.parametrize("item_id", ["", "12\t34", "12\n34", 'a"b'])
def test_a_line_without_a_sound_item_id_is_refused_with_the_remedy(item_id):
    with pytest.raises(UserError, match="order item id of SKU is not on record"):
        adjustment_file(task(line(Decimal(5), item_id=item_id)), AdjustmentReason.GENERAL)


def test_a_task_without_lines_is_refused():
    with pytest.raises(UserError, match="amounts of the order's lines"):
        adjustment_file(task(), AdjustmentReason.GENERAL)


@pytest.mark.parametrize(
    ("reason", "told", "code"),
    [
        (Reason.NOT_RECEIVED, {}, AdjustmentReason.GENERAL),
        (Reason.NOT_RECEIVED, {"never_shipped": True}, AdjustmentReason.COULD_NOT_SHIP),
        (Reason.NOT_AS_DESCRIBED, {"returned": True}, AdjustmentReason.CUSTOMER_RETURN),
        (Reason.NOT_AS_DESCRIBED, {}, AdjustmentReason.DIFFERENT_ITEM),
        (Reason.CREDIT_NOT_PROCESSED, {}, AdjustmentReason.CUSTOMER_RETURN),
    ],
)
def test_the_reason_code_fits_the_dispute(reason, told, code):
    assert reason_code(reason, **told) is code
