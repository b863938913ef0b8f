"""The order adjustment file: a refund task as the flat file that Seller Central takes, ready and never uploaded here.

Amazon carries such a file out at once, without undo, and twice when it is uploaded twice. Its columns are those of the
order adjustments template: tab-separated, one row an order line, amounts positive.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Reason
from inbox_bot.core.refund import RefundLine, RefundTask

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
    "item-promotion-adj",
    "item-promotion-id",
    "ship-promotion-adj",
    "ship-promotion-id",
    "quantity-cancelled",
)
_WITHOUT_CENTS = ("JPY",)


class AdjustmentReason(StrEnum):
    """Why, in the template's own words."""

    NO_INVENTORY = "NoInventory"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL = "GeneralAdjustment"
    COULD_NOT_SHIP = "CouldNotShip"
    DIFFERENT_ITEM = "DifferentItem"


_BY_REASON = {
    Reason.NOT_AS_DESCRIBED: AdjustmentReason.DIFFERENT_ITEM,
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
    """The file of one task, UTF-8 with CRLF line ends; raises UserError when a line's item id is not on record."""
    if task.total is None or not task.lines:
        remedy = "refund the order by hand in Seller Central"
        raise UserError(Problem("the amounts of the order's lines are not on record", remedy=remedy))
    unknown = [line.sku or line.title for line in task.lines if not _is_id(line.order_item_id)]
    if unknown:
        remedy = "import the shipping confirmation or an order report with order-item-id, or refund by hand"
        raise UserError(Problem(f"the order item id of {', '.join(unknown)} is not on record", remedy=remedy))
    rows = [_row(task.order_id, line, code, task.total.currency) for line in task.lines if line.total]
    return "".join("\t".join(row) + "\r\n" for row in (COLUMNS, *rows)).encode()


def _row(order_id: str, line: RefundLine, code: AdjustmentReason, currency: str) -> tuple[str, ...]:
    amounts = [_amount(one, currency) for one in (line.price, line.tax, line.shipping, line.shipping_tax)]
    return (order_id, line.order_item_id, code.value, currency, *amounts, *([""] * 7))


def _amount(amount: Decimal, currency: str) -> str:
    if not amount:
        return ""
    return f"{amount:.0f}" if currency in _WITHOUT_CENTS else f"{amount:.2f}"


def _is_id(order_item_id: str) -> bool:
    return order_item_id.isascii() and order_item_id.isalnum()
