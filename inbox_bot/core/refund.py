"""Refund tasks: what exactly the seller has to refund, to the cent, and what speaks against it.

Nothing here refunds anything: the seller does, in Seller Central. A second refund of the same order is refused with
the proof of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

from inbox_bot.core.model import Money, Notice, Policy
from inbox_bot.core.record import Dossier, Order, OrderItem, Refund
from inbox_bot.core.zones import MARKETPLACE_ZONES

_CENT = Decimal("0.01")
_SMALLEST = {"JPY": Decimal(1)}
_FEW_LINES = 8  # of more, some lines come to any amount by chance
_TOLD_WITHIN = timedelta(days=10)  # a mail and a settlement tell of one refund within days of each other


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
    """What the seller has to refund in Seller Central; the lines add up to `total`, which may be unknown (None).

    `path` is where, the marketplace's host in front when it is known. `by_hand` says why an adjustment file would not
    do; empty when one would.
    """

    order_id: str
    total: Money | None
    lines: tuple[RefundLine, ...]
    path: str
    reason: str
    code: str = "GeneralAdjustment"  # the adjustment file's word for the reason
    notes: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    by_hand: str = ""


def refund_task(notice: Notice, dossier: Dossier, reason: str, code: str = "GeneralAdjustment") -> RefundTask:
    """What to refund: the disputed amount less what was refunded before, laid out over the order's lines.

    `reason` is why (the decision's words). What is left to refund is that of all lines, or of those lines that alone
    come to it; otherwise it is shared out in proportion, to the cent, and a note says so.
    """
    order = dossier.order
    charged = notice.amount or (order.total if order else None)
    earlier = earlier_refunds(dossier)
    items = [item for item in order.items if item.quantity > 0] if order else []
    path = _path(notice.order_id or dossier.order_id, order)
    if charged is None:
        note = "the amount is not on record; refund what the buyer paid for the order, as Seller Central shows it"
        return RefundTask(dossier.order_id, None, (), path, reason, code, (note,), earlier)
    done = refunded_before(dossier, charged)
    if done is None:
        note = (
            "an earlier refund is on record whose amount is not known, or is in another currency; "
            "look at it in Seller Central first"
        )
        return RefundTask(dossier.order_id, None, (), path, reason, code, (note,), earlier)
    left = max(charged.amount - done, Decimal(0))
    total = Money(left, charged.currency)
    lines, notes, by_hand = _lines(items, total, before=done)
    if done:
        notes = (*notes, f"{Money(done, charged.currency)} of {charged} was refunded before and is taken off")
    return RefundTask(dossier.order_id, total, lines, path, reason, code, notes, earlier, by_hand)


def _path(order_id: str, order: Order | None) -> str:
    """The order's page, from where it is refunded; every marketplace has a Seller Central of its own name."""
    channel = order.sales_channel.strip().lower() if order else ""
    host = f"sellercentral.{channel}" if channel in MARKETPLACE_ZONES else ""
    return f"{host}/orders-v3/order/{order_id}"


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
    """The proof that the whole charge was refunded, empty when it was not.

    Refunds whose amount is not known neither prove it nor take from what the others prove.
    """
    if charged is None:
        return ()
    done = _sum_in(charged.currency, dossier.refunds)
    return earlier_refunds(dossier) if done and done >= charged.amount else ()


def _sum_in(currency: str, refunds: Iterable[Refund]) -> Decimal:
    amounts = (refund.amount for refund in refunds if refund.amount is not None)
    return sum((one.amount for one in amounts if one.currency == currency), Decimal(0))


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
    """The refund that came on record after the task was made and covers it, None when there is none.

    Several that cover it only together are given as one, with all their references. What may be an earlier refund,
    told of once more by another source, confirms nothing: Amazon would be told of money that nobody paid.
    """
    if task.total is None or task.total.amount <= 0:
        return None
    total = task.total
    new = [
        one
        for one in now.refunds
        if one.amount is not None
        and one.amount.currency == total.currency
        and not any(_may_be_one(old, one) for old in before.refunds)
    ]
    for one in new:
        if one.amount is not None and one.amount.amount >= total.amount:
            return one
    return _together(new, total.currency) if _sum_in(total.currency, new) >= total.amount else None


def _may_be_one(first: Refund, second: Refund) -> bool:
    """Two records that may tell of one refund; mails and settlements have references of their own kind."""
    if first.reference and first.reference == second.reference:
        return True
    if first.amount is not None and second.amount is not None and first.amount != second.amount:
        return False
    if first.refunded_on is None or second.refunded_on is None:
        return True
    return abs(first.refunded_on - second.refunded_on) <= _TOLD_WITHIN


def _together(refunds: Sequence[Refund], currency: str) -> Refund:
    days = [one.refunded_on for one in refunds if one.refunded_on is not None]
    return Refund(
        order_id=refunds[0].order_id,
        refunded_on=max(days, default=None),
        amount=Money(_sum_in(currency, refunds), currency),
        reference="; ".join(one.reference for one in refunds if one.reference),
        source="; ".join(dict.fromkeys(one.source for one in refunds)),
    )


def _lines(
    items: Sequence[OrderItem], total: Money, *, before: Decimal
) -> tuple[tuple[RefundLine, ...], tuple[str, ...], str]:
    """The lines that make up the total, what is to be said of them, and why a file would not do.

    Amazon takes no more for a line than is left of it, so a file must not guess what an earlier refund was for.
    """
    known = [part for item in items if (part := _parts(item, total.currency)) is not None]
    if not total.amount:
        return (), ("nothing is left to refund",), "nothing is left to refund"
    if not items or len(known) < len(items):
        return (), ("the amounts of the order's lines are not on record, so only the total can be named",), ""
    sums = [sum(part, Decimal(0)) for part in known]
    whole = sum(sums, Decimal(0))
    if whole == total.amount:
        return tuple(_line(item, part) for item, part in zip(items, known, strict=True)), (), ""
    chosen = _choices(sums, total.amount)
    if len(chosen) == 1:
        count = "one line" if len(chosen[0]) == 1 else f"{len(chosen[0])} lines"
        note = f"the amount to refund is that of {count} of the order"
        return tuple(_line(items[index], known[index]) for index in chosen[0]), (note,), ""
    if whole <= 0:
        note = "the amounts of the order's lines do not add up to anything, so only the total can be named"
        return (), (note,), ""
    note = (
        f"the order's lines come to {Money(whole, total.currency)}, the amount to refund is {total}; "
        "it was shared out in proportion"
    )
    if chosen:
        note += ", as more than one choice of lines comes to it"
    by_hand = "what an earlier refund was for is not on record" if before else ""
    if total.amount > whole:
        by_hand = f"{total} is more than the order's lines come to, and Amazon takes no more for a line than was paid"
    return _shared(items, known, total.amount, _SMALLEST.get(total.currency, _CENT)), (note,), by_hand


def _choices(sums: Sequence[Decimal], total: Decimal) -> list[tuple[int, ...]]:
    """The choices of lines, as their positions, that come to the total exactly; lines of nothing aside."""
    paid = [index for index, amount in enumerate(sums) if amount > 0]
    most = len(paid) if len(paid) <= _FEW_LINES else 1
    return [
        choice
        for size in range(1, most + 1)
        for choice in combinations(paid, size)
        if sum((sums[index] for index in choice), Decimal(0)) == total
    ]


def _parts(item: OrderItem, currency: str) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
    """Price less discount, tax, shipping, shipping tax; None when they cannot be told."""
    amounts = (item.price, item.tax, item.shipping, item.shipping_tax, item.discount)
    named = [one for one in amounts if one is not None]
    if item.price is None or any(one.currency != currency or one.amount < 0 for one in named):
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
    cent = min(cent, Decimal(1).scaleb(int(total.normalize().as_tuple().exponent)))
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
