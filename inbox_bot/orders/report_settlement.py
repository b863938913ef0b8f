"""The settlement report "Flat File V2": from its lines to what was paid and taken for each order, and to refunds.

One order has many lines, one an amount: the price, its tax, the fees. A posting is the sum of all of them, by kind and
day. A refund is what the buyer got back, which is less the fees: only the lines that are part of the price count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from inbox_bot.core.ending import SettlementPeriod
from inbox_bot.core.model import Money
from inbox_bot.core.record import Posting, PostingKind, Refund
from inbox_bot.core.text import plain_line
from inbox_bot.orders.report_cells import CellReader, Flaws
from inbox_bot.orders.report_columns import Header
from inbox_bot.orders.report_values import (
    NOT_EXCEL,
    CellError,
    looks_like_order_id,
    parse_amount,
    parse_currency,
    parse_day,
    parse_order_id,
    parse_settlement_id,
    shown,
)

_DAMAGED_ID = re.compile(r"[0-9 .,/+-]+(?:[Ee]\+?[0-9]+)?")
_AGAIN = "download the settlement again and import it without opening it in a spreadsheet"
_REFUND = re.compile(
    "(?:partial|full|customer|buyer|order|reversed|reversal(?:of)?)?refunds?(?:reversals?|reversed|adjustments?)?"
)
_NO_CHARGEBACK = frozenset(
    {"shippingchargeback", "giftwrapchargeback"}
)  # fees of Amazon's with a false friend's name
# What an amount of this type is no part of what the buyer pays or gets back.
_OF_SELLER = frozenset(
    {
        *("itemfees", "itemfee", "orderfees", "shipmentfees", "itemwithheldtax", "itemtcs", "itemtds"),
        *("othertransaction", "directpayment", "miscfee", "servicefee", "fbafees"),
    }
)
_OF_BUYER = frozenset({"itemprice", "promotion"})
_PRICE_PARTS = frozenset(
    {
        *("principal", "tax", "shipping", "shippingtax", "giftwrap", "giftwraptax", "goodwill"),
        *("restockingfee", "returnshipping", "exportcharge", "taxdiscount"),
    }
)
# parts that some marketplaces list among the prices though they pass between Amazon and the seller alone
_BETWEEN_THEM = re.compile(
    ".*(?:commission|points|withheld|facilitator|lowvaluegoods|chargeback|deduction).*"
)


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One amount of a settlement: positive was paid to the seller, negative taken; None cannot be read.

    `order_id` is "" for a line of no order, `currency` "" when the file does not name it. `of_buyer` says whether the
    amount is part of what the buyer pays and gets back; None: the file does not say.
    """

    line: int
    settlement_id: str
    order_id: str
    kind: PostingKind
    amount: Decimal | None
    currency: str
    of_buyer: bool | None
    posted_on: date | None


@dataclass(slots=True)
class _Summary:
    """What the summary row of a settlement says, in whatever line it stands."""

    line: int
    currency: str = ""
    total: str = ""
    start_on: date | None = None
    end_on: date | None = None
    is_missing_noted: bool = False


class SettlementReader:
    """Reads the rows of a settlement; the amounts wait for the currency, which stands in the summary row alone."""

    def __init__(self, header: Header, flaws: Flaws) -> None:
        self._cells = CellReader(header, flaws)
        self._summaries: dict[str, _Summary] = {}
        self._waiting: list[tuple[SettlementLine, str]] = []
        self._strange: dict[str, int] = {}

    def read(self, line: int, row: list[str]) -> None:
        """Take in the cells of one row."""
        cells = self._cells
        cells.begin(line, row)
        settlement_id = cells.value("settlement-id", parse_settlement_id)
        if settlement_id is None:
            if not cells.text("settlement-id"):
                what = "the settlement id is missing; the row was left out"
                cells.note("settlement-id", CellError(what, NOT_EXCEL))
            return
        written_type, amount = cells.text("transaction-type"), cells.text("amount")
        if not written_type and not amount:
            self._read_summary(settlement_id)
            return
        kind = kind_of(written_type)
        of_buyer = is_of_buyer(cells.text("amount-type"), cells.text("amount-description"))
        order_id = self._order_id(kind)
        if kind is PostingKind.OTHER and order_id and of_buyer and amount.startswith(("-", "(", "\u2212")):
            self._note_strange(written_type)
        read = SettlementLine(
            line,
            settlement_id,
            order_id,
            kind,
            None,
            cells.value("currency", parse_currency) or "",
            of_buyer,
            self._posted_on(),
        )
        self._waiting.append((read, amount))

    def lines(self) -> tuple[SettlementLine, ...]:
        """All lines with their amounts, in the file's order; what does not add up is noted."""
        lines = tuple(self._finished(read, amount) for read, amount in self._waiting)
        self._waiting.clear()
        for settlement_id, summary in self._summaries.items():
            self._check_total(summary, [line for line in lines if line.settlement_id == settlement_id])
        return lines

    def _read_summary(self, settlement_id: str) -> None:
        known = self._summaries.setdefault(settlement_id, _Summary(self._cells.line))
        currency = self._cells.value("currency", parse_currency)
        total = self._cells.text("total-amount")
        if currency and total and not known.total:
            known.line, known.total = self._cells.line, total
        known.currency = known.currency or currency or ""
        known.start_on = known.start_on or self._cells.value("settlement-start-date", parse_day)
        known.end_on = known.end_on or self._cells.value("settlement-end-date", parse_day)

    def periods(self) -> tuple[SettlementPeriod, ...]:
        """The days that each settlement of the file covers, where its summary row says so."""
        return tuple(
            SettlementPeriod(settlement_id, one.start_on, one.end_on)
            for settlement_id, one in self._summaries.items()
            if one.start_on is not None and one.end_on is not None and one.start_on <= one.end_on
        )

    def _order_id(self, kind: PostingKind) -> str:
        cell = self._cells.text("order-id")
        try:
            return parse_order_id(cell)
        except CellError as error:
            # fees stand under ids of their own; an order of another channel has no dispute at Amazon
            is_expected = kind is not PostingKind.OTHER or _DAMAGED_ID.fullmatch(cell)
            if is_expected and not looks_like_order_id(cell):
                self._cells.note(
                    "order-id", CellError(error.what.replace("row was", "line was"), error.remedy)
                )
            return ""

    def _posted_on(self) -> date | None:
        first: tuple[str, CellError] | None = None
        for name in ("posted-date", "posted-date-time"):
            cell = self._cells.text(name)
            if not cell:
                continue
            try:
                return parse_day(cell)
            except CellError as error:
                first = first or (name, error)
        if first is not None:
            self._cells.note(*first)
        return None

    def _note_strange(self, written_type: str) -> None:
        """A price taken back under a name nobody knows may be a refund: said once for each name."""
        if written_type in self._strange or _squeezed(written_type).endswith("retrocharge"):
            return
        if _squeezed(self._cells.text("amount-description")) != "principal":
            return
        self._strange[written_type] = self._cells.line
        what = f"{shown(written_type)} takes back the price of an item and is not known as a refund; kept as other"
        self._cells.note(
            "transaction-type", CellError(what, "look at the order in Seller Central if it is disputed")
        )

    def _finished(self, read: SettlementLine, cell: str) -> SettlementLine:
        summary = self._summaries.setdefault(read.settlement_id, _Summary(read.line))
        currency = read.currency or summary.currency
        if not currency and not summary.is_missing_noted:
            summary.is_missing_noted = True
            what = f"the currency of settlement {read.settlement_id} is not named; its amounts were left out"
            self._cells.note("currency", CellError(what, _AGAIN), read.line)
        return replace(read, currency=currency, amount=self._amount(read, cell, currency))

    def _amount(self, read: SettlementLine, cell: str, currency: str) -> Decimal | None:
        try:
            if not cell:
                raise CellError("the amount is missing", _AGAIN)
            return parse_amount(cell, currency)
        except CellError as error:
            what = f"{error.what}; the sum of the order is without it"
            self._cells.note("amount", CellError(what, error.remedy), read.line)
            return None

    def _check_total(self, summary: _Summary, lines: list[SettlementLine]) -> None:
        """Lines that were lost on the way show in the sum; nothing is said where amounts were unreadable anyway."""
        amounts = [line.amount for line in lines if line.amount is not None]
        if (
            not summary.total
            or len(amounts) < len(lines)
            or {line.currency for line in lines} - {summary.currency}
        ):
            return
        found = sum(amounts, Decimal(0))
        try:
            total = parse_amount(summary.total, summary.currency)
        except CellError as error:
            self._cells.note("total-amount", error, summary.line)
            return
        if total != found:
            what = (
                f"the lines add up to {found}, the settlement to {total}: lines are missing or were changed"
            )
            self._cells.note("total-amount", CellError(what, _AGAIN), summary.line)


@lru_cache(maxsize=1024)
def kind_of(written_type: str) -> PostingKind:
    """What a line is about by its transaction type, however it is spelt; a reversal is of the kind it reverses."""
    squeezed = _squeezed(written_type)
    if "atoz" in squeezed:
        return PostingKind.ATOZ
    if "chargeback" in squeezed and squeezed not in _NO_CHARGEBACK:
        return PostingKind.CHARGEBACK
    if _REFUND.fullmatch(squeezed):
        return PostingKind.REFUND
    return PostingKind.ORDER if squeezed in ("order", "orders") else PostingKind.OTHER


@lru_cache(maxsize=4096)
def is_of_buyer(amount_type: str, description: str) -> bool | None:
    """Whether an amount is part of what the buyer pays or gets back; None: neither word is known."""
    kind, part = _squeezed(amount_type), _squeezed(description)
    if kind in _OF_SELLER or _BETWEEN_THEM.fullmatch(part):
        return False
    if kind in _OF_BUYER or part in _PRICE_PARTS:
        return True
    return False if kind or part.endswith(("fee", "fees")) else None


def _squeezed(words: str) -> str:
    return re.sub("[^a-z]", "", plain_line(words).casefold())


def sum_postings(lines: Iterable[SettlementLine], source: str) -> tuple[Posting, ...]:
    """The postings of the lines, by settlement, order, kind, day and currency, the oldest first.

    A line of no order goes into a posting of no order (""). Without a currency there is no posting.
    """
    sums: dict[tuple[str, str, PostingKind, str, date | None], Decimal] = {}
    for line in lines:
        if line.amount is None or not line.currency:
            continue
        key = (line.settlement_id, line.order_id, line.kind, line.currency, line.posted_on)
        sums[key] = sums.get(key, Decimal(0)) + line.amount
    postings = [
        Posting(order_id, kind, Money(amount, currency), posted_on, settlement_id, source)
        for (settlement_id, order_id, kind, currency, posted_on), amount in sums.items()
    ]
    return tuple(
        sorted(
            postings,
            key=lambda one: (
                one.posted_on or date.max,
                one.reference,
                one.order_id,
                one.kind,
                one.amount.currency,
            ),
        )
    )


def find_refunds(lines: Iterable[SettlementLine], source: str) -> tuple[Refund, ...]:
    """What the buyer of one order got back by refunds of the seller, one a day, the oldest first.

    The amount is positive; None when a part of it cannot be read. A reversed refund is taken off the ones before.
    Chargebacks and A-to-z claims are no refunds of the seller's: they are postings.
    """
    days: dict[tuple[date, str], list[SettlementLine]] = {}
    for line in lines:
        if line.kind is PostingKind.REFUND and line.of_buyer is not False:
            days.setdefault((line.posted_on or date.max, line.currency), []).append(line)
    refunds: list[Refund] = []
    for (_, currency), own in sorted(days.items(), key=lambda day: day[0]):
        refund = Refund(own[0].order_id, own[0].posted_on, _paid_back(own), "", source)
        if refund.amount is not None and refund.amount.amount < 0:
            refunds = _reversed(refunds, Money(-refund.amount.amount, currency))
        elif refund.amount is None or refund.amount.amount > 0:
            refunds.append(refund)
    return tuple(refunds)


def _paid_back(lines: list[SettlementLine]) -> Money | None:
    """The sum, positive when the buyer got money; lines of unknown parts alone make a refund of unknown amount."""
    certain = [line for line in lines if line.of_buyer]
    if not certain:
        certain = lines
        if sum((line.amount or Decimal(0) for line in lines), Decimal(0)) != 0:
            return None
    amounts = [line.amount for line in certain if line.amount is not None]
    if len(amounts) < len(certain) or not certain[0].currency:
        return None
    return Money(-sum(amounts, Decimal(0)), certain[0].currency)


def _reversed(refunds: list[Refund], back: Money) -> list[Refund]:
    """The refunds less what was taken back, the latest first."""
    kept, left = list(refunds), back.amount
    for position in range(len(kept) - 1, -1, -1):
        amount = kept[position].amount
        if amount is None or amount.currency != back.currency or left <= 0:
            continue
        taken = min(left, amount.amount)
        left -= taken
        kept[position] = replace(kept[position], amount=Money(amount.amount - taken, back.currency))
    return [one for one in kept if one.amount is None or one.amount.amount > 0]
