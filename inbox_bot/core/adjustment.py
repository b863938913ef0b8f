"""The order adjustment file: a refund task as the flat file that Seller Central takes, ready and never uploaded here.

Amazon carries such a file out at once, without undo, and twice when it is uploaded twice. Its columns are those of the
order adjustments template: tab-separated, one row an order line, amounts positive. Amazon's seller help asks for every
column but those of promotions, which have to be left out of the file when they are not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Money, Reason
from inbox_bot.core.refund import RefundLine, RefundTask
from inbox_bot.core.text import one_line

COLUMNS = (
    "order-id",
    "order-item-id",
    "adjustment-reason-code",
    "currency",
    "item-price-adj",
    "item-tax-adj",
    "shipping-price-adj",
    "shipping-tax-adj",
    "gift-wrap-price-adj",
    "gift-wrap-tax-adj",
    "quantity-cancelled",
)
_WITHOUT_CENTS = ("JPY",)
_MOST = Decimal(10_000_000)
_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_ITEM_ID = re.compile(r"[A-Za-z0-9]{1,30}")  # 6.05512E+13 is what a spreadsheet leaves of one


class AdjustmentReason(StrEnum):
    """Why, in the template's own words."""

    NO_INVENTORY = "NoInventory"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL = "GeneralAdjustment"
    COULD_NOT_SHIP = "CouldNotShip"
    DIFFERENT_ITEM = "DifferentItem"


_BY_REASON = {
    Reason.CREDIT_NOT_PROCESSED: AdjustmentReason.CUSTOMER_RETURN,
}


def reason_code(reason: Reason, *, never_shipped: bool = False, returned: bool = False) -> AdjustmentReason:
    """The code that fits the dispute best; a general adjustment where none does."""
    if never_shipped:
        return AdjustmentReason.COULD_NOT_SHIP
    if returned:
        return AdjustmentReason.CUSTOMER_RETURN
    return _BY_REASON.get(reason, AdjustmentReason.GENERAL)


def adjustment_file(task: RefundTask, code: AdjustmentReason) -> bytes:
    """The file of one task, ASCII with CRLF line ends; a part that is zero is said to be zero.

    Raises UserError with the remedy when the item id of a line is not on record, when there is nothing to refund, and
    for amounts that the file cannot say to the cent.
    """
    lines = [line for line in task.lines if line.total]
    if task.total is None or not task.lines:
        raise _refused("the amounts of the order's lines are not on record")
    if not lines:
        raise _refused("nothing is left to refund", "see `inbox-bot refund` for what was refunded before")
    if task.by_hand:
        raise _refused(task.by_hand)
    _check_amounts(task.total, lines)
    if not _ORDER_ID.fullmatch(task.order_id) or not _CURRENCY.fullmatch(task.total.currency):
        raise _refused("the order id or the currency is not one of Amazon's")
    unknown = [_shown(line) for line in lines if not _ITEM_ID.fullmatch(line.order_item_id)]
    if unknown:
        remedy = (
            "import an order report that has the column order-item-id, then run `inbox-bot once`, "
            "or refund the order by hand in Seller Central"
        )
        raise _refused(f"the order item id of {', '.join(unknown)} is not on record", remedy)
    rows = [_row(task.order_id, line, code, task.total.currency) for line in lines]
    return "".join("\t".join(row) + "\r\n" for row in (COLUMNS, *rows)).encode("ascii")


def _check_amounts(total: Money, lines: Sequence[RefundLine]) -> None:
    """Raises UserError unless the lines say the task's total exactly, in amounts that the file can hold."""
    smallest = Decimal(1) if total.currency in _WITHOUT_CENTS else Decimal("0.01")
    parts = [part for line in lines for part in _parts(line)]
    if any(not part.is_finite() or part < 0 or part > _MOST for part in parts):
        raise _refused("an amount of the refund is no positive amount")
    if any(part % smallest for part in parts):
        raise _refused(f"an amount of the refund is not a multiple of {smallest} {total.currency}")
    if sum(parts) != total.amount:
        raise _refused(f"the lines of the refund do not add up to {total}")


def _row(order_id: str, line: RefundLine, code: AdjustmentReason, currency: str) -> tuple[str, ...]:
    amounts = [_amount(part, currency) for part in _parts(line)]
    return (order_id, line.order_item_id, code.value, currency, *amounts, *_gift_wrap(currency), "0")


def _gift_wrap(currency: str) -> tuple[str, str]:
    return _amount(Decimal(0), currency), _amount(Decimal(0), currency)


def _parts(line: RefundLine) -> tuple[Decimal, ...]:
    return line.price, line.tax, line.shipping, line.shipping_tax


def _amount(amount: Decimal, currency: str) -> str:
    return f"{amount:.0f}" if currency in _WITHOUT_CENTS else f"{amount:.2f}"


def _shown(line: RefundLine) -> str:
    return one_line(line.sku or line.title)[:60] or "a line"


def _refused(what: str, remedy: str = "refund the order by hand in Seller Central") -> UserError:
    return UserError(Problem(what, remedy=remedy))
