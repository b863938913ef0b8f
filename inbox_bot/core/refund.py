"""Refund tasks: what exactly the seller has to refund, to the cent, and what speaks against it.

Nothing here refunds anything: the seller does, in Seller Central. A second refund of the same order is refused with
the proof of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from inbox_bot.core.model import Money, Notice, Policy
from inbox_bot.core.record import Dossier, OrderItem, Refund

_CENT = Decimal("0.01")
_SMALLEST = {"JPY": Decimal(1)}


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One order line to refund, by parts; each part is a positive amount or zero, all of one currency."""

    sku: str
    title: str
    order_item_id: str
    quantity: int
    price: Decimal
    tax: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class RefundTask:
    """What the seller has to refund in Seller Central; the lines add up to `total`, which may be unknown (None)."""

    order_id: str
    total: Money | None
    lines: tuple[RefundLine, ...]
    path: str
    reason: str
    code: str = "GeneralAdjustment"  # the adjustment file's word for the reason
    notes: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


def refund_task(notice: Notice, dossier: Dossier, reason: str, code: str = "GeneralAdjustment") -> RefundTask:
    """What to refund: the disputed amount less what was refunded before, laid out over the order's lines.

    `reason` is why (the decision's words). Where the amounts of the lines do not explain the disputed amount, it is
    shared out in proportion, to the cent, and a note says so.
    """
    order = dossier.order
    charged = notice.amount or (order.total if order else None)
    earlier = earlier_refunds(dossier)
    items = [item for item in order.items if item.quantity > 0] if order else []
    path = f"/orders-v3/order/{notice.order_id or dossier.order_id}"
    if charged is None:
        note = "the amount is not on record; refund what the buyer paid for the order, as Seller Central shows it"
        return RefundTask(dossier.order_id, None, (), path, reason, code, (note,), earlier)
    done = refunded_before(dossier, charged)
    if done is None:
        note = "an earlier refund is on record whose amount is not known; look at it in Seller Central first"
        return RefundTask(dossier.order_id, None, (), path, reason, code, (note,), earlier)
    left = max(charged.amount - done, Decimal(0))
    lines, notes = _lines(items, left, charged.currency)
    if done:
        notes = (*notes, f"{Money(done, charged.currency)} of {charged} was refunded before and is taken off")
    return RefundTask(
        dossier.order_id, Money(left, charged.currency), lines, path, reason, code, notes, earlier
    )


def earlier_refunds(dossier: Dossier) -> tuple[str, ...]:
    """Each refund on record in words, with its source: the proof that a second one is not owed."""
    return tuple(
        f"{refund.amount or 'an amount not on record'} on {refund.refunded_on or 'a day not on record'}"
        + (f", reference {refund.reference}" if refund.reference else "")
        + f" ({refund.source or 'source not on record'})"
        for refund in dossier.refunds
    )


def refunded_before(dossier: Dossier, charged: Money) -> Decimal | None:
    """The sum refunded so far in the disputed currency; None when it cannot be told."""
    total = Decimal(0)
    for refund in dossier.refunds:
        if refund.amount is None or refund.amount.currency != charged.currency:
            return None
        total += refund.amount.amount
    return total


def already_refunded(dossier: Dossier, charged: Money | None) -> tuple[str, ...]:
    """The proof that the whole charge was refunded, empty when it was not."""
    if charged is None or not dossier.refunds:
        return ()
    done = refunded_before(dossier, charged)
    return earlier_refunds(dossier) if done is not None and done >= charged.amount else ()


def over_cap(task: RefundTask, spent_today: Sequence[Money], policy: Policy) -> str:
    """Why the task is above a cap of the policy, in words; empty when it is not."""
    if task.total is None:
        return ""
    for cap in policy.refund_caps_per_case:
        if cap.currency == task.total.currency and task.total.amount > cap.amount:
            return f"{task.total} is above the cap of {cap} a case"
    for cap in policy.refund_caps_per_day:
        if cap.currency != task.total.currency:
            continue
        today = sum((one.amount for one in spent_today if one.currency == cap.currency), Decimal(0))
        if today + task.total.amount > cap.amount:
            spent = Money(today, cap.currency)
            return f"{task.total} on top of today's {spent} is above the cap of {cap} a day"
    return ""


def find_confirmation(task: RefundTask, before: Dossier, now: Dossier) -> Refund | None:
    """The refund that came on record after the task was made and covers it, None when there is none."""
    for refund in now.refunds:
        if refund in before.refunds or task.total is None or refund.amount is None:
            continue
        if refund.amount.currency == task.total.currency and refund.amount.amount >= task.total.amount:
            return refund
    return None


def _lines(
    items: Sequence[OrderItem], total: Decimal, currency: str
) -> tuple[tuple[RefundLine, ...], tuple[str, ...]]:
    parts = [_parts(item, currency) for item in items]
    if not items or any(part is None for part in parts):
        return (), ("the amounts of the order's lines are not on record, so only the total can be named",)
    known = [part for part in parts if part is not None]
    sums = [sum(part) for part in known]
    if sum(sums) == total:
        return tuple(_line(item, part) for item, part in zip(items, known, strict=True)), ()
    single = [index for index, amount in enumerate(sums) if amount == total]
    if len(single) == 1:
        note = "the disputed amount is that of one line of the order"
        return (_line(items[single[0]], known[single[0]]),), (note,)
    if sum(sums) <= 0:
        return (), (
            "the amounts of the order's lines do not add up to anything, so only the total can be named",
        )
    note = (
        f"the order's lines come to {Money(Decimal(sum(sums)), currency)}, the amount to refund is "
        f"{Money(total, currency)}; it was shared out in proportion"
    )
    return _shared(items, known, total, _SMALLEST.get(currency, _CENT)), (note,)


def _parts(item: OrderItem, currency: str) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
    """Price less discount, tax, shipping, shipping tax; None when they cannot be told."""
    amounts = (item.price, item.tax, item.shipping, item.shipping_tax, item.discount)
    if item.price is None or any(one is not None and one.currency != currency for one in amounts):
        return None
    price, tax, shipping, shipping_tax, discount = (one.amount if one else Decimal(0) for one in amounts)
    taken = min(price, discount)
    return price - taken, tax, max(shipping - (discount - taken), Decimal(0)), shipping_tax


def _shared(
    items: Sequence[OrderItem], parts: Sequence[tuple[Decimal, ...]], total: Decimal, cent: Decimal
) -> tuple[RefundLine, ...]:
    """The total over all parts in proportion; what the rounding leaves goes to the largest remainders."""
    flat = [amount for part in parts for amount in part]
    whole = sum(flat)
    exact = [amount * total / whole for amount in flat]
    shares = [(amount / cent).to_integral_value("ROUND_DOWN") * cent for amount in exact]
    left = int((total - sum(shares)) / cent)
    order = sorted(range(len(flat)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[:left]:
        shares[index] += cent
    rows = [tuple(shares[start : start + 4]) for start in range(0, len(shares), 4)]
    return tuple(_line(item, row) for item, row in zip(items, rows, strict=True))


def _line(item: OrderItem, part: Sequence[Decimal]) -> RefundLine:
    price, tax, shipping, shipping_tax = part
    total = price + tax + shipping + shipping_tax
    return RefundLine(
        item.sku, item.title, item.order_item_id, item.quantity, price, tax, shipping, shipping_tax, total
    )
