"""What went back to the buyer or was taken from the seller for an order, added up.

Refunds are the seller's own; what a settlement takes for a chargeback or an A-to-z claim is a posting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from inbox_bot.core.model import Money, Notice
from inbox_bot.core.record import Dossier, PostingKind


@dataclass(frozen=True, slots=True)
class Refunds:
    """The refunds of an order held against what is disputed; `amount` is their sum, None when it is not known."""

    full: bool
    partial: bool
    amount: Decimal | None
    refunded_on: date | None

    @classmethod
    def of(cls, notice: Notice, dossier: Dossier) -> Refunds:
        """Those of the dossier; the order's total stands in for an amount that the notice does not name."""
        if not dossier.refunds:
            return cls(False, False, None, None)
        charged = notice.amount or (dossier.order.total if dossier.order else None)
        amounts = [refund.amount for refund in dossier.refunds if refund.amount is not None]
        total = _total(amounts, charged)
        full = total is not None and charged is not None and total >= charged.amount
        dates = [refund.refunded_on for refund in dossier.refunds if refund.refunded_on]
        return cls(full, not full, total, max(dates, default=None))


def _total(amounts: Sequence[Money], charged: Money | None) -> Decimal | None:
    """The sum in the disputed currency; None when an amount is in another one or none is on record."""
    currencies = {amount.currency for amount in amounts}
    if len(currencies) != 1 or (charged is not None and currencies != {charged.currency}):
        return None
    return sum((amount.amount for amount in amounts), Decimal(0))


def net_of(dossier: Dossier, kind: PostingKind) -> tuple[Money, ...]:
    """What all settlements together paid (positive) or took for the order, a sum a currency: reversals count."""
    sums: dict[str, Decimal] = {}
    for posting in dossier.postings:
        if posting.kind is kind:
            currency = posting.amount.currency
            sums[currency] = sums.get(currency, Decimal(0)) + posting.amount.amount
    return tuple(Money(amount, currency) for currency, amount in sums.items())
