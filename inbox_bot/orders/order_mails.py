"""Orders and refunds out of the mails that tell of them: "sold, ship now" and "refund issued".

Only mails of sellers and Amazon come here; parcels are read in `orders/parcels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import re2

from inbox_bot.core.dates import find_dates
from inbox_bot.core.model import Money
from inbox_bot.core.money import find_money
from inbox_bot.core.record import Order, OrderItem, Refund
from inbox_bot.core.text import one_line
from inbox_bot.orders.addresses import parse_address
from inbox_bot.orders.correspondence_rules import CorrespondenceRules
from inbox_bot.orders.statements import find_statements

_LONGEST_TEXT = 60_000
_MOST_ITEMS = 50
_SAME_REFUND = timedelta(days=3)  # notices about one refund come within days of each other
_COUNTED = re2.compile(r"^([0-9]{1,3})[ ]?(?:x|×|of|件)[ ]+(?P<title>.+)$")
_CELL_GAP = re2.compile(r"[ \t]{2,}|\t|[ ]?\|[ ]?")
_COUNTED_LINE = re2.compile(
    r"(?mi)^[ \t>*•-]{0,8}(?:you sold |sold:? |item:? )?(?P<count>[0-9]{1,3})[ ]?[x×][ ]+(?P<title>[^\n]{2,200}?)"
    r"(?:[ ](?:at|for|@)[ ](?P<price>[^\n=]{2,20}?)(?:[ ]=[^\n]*)?)?\.?$"
)
_SKU_IN_TITLE = re2.compile(r"[ ]*[\[(](?:SKU:?[ ]?)?([A-Z0-9][A-Z0-9._-]{2,40})[\])]$")
_ITEM_FIELDS = ("item", "sku", "asin", "quantity", "price")
_FIRST_NUMBER = re2.compile(r"^[^0-9]{0,3}([0-9]{1,4})\b")
_ASIN = re2.compile(r"\b(B0[0-9A-Z]{8}|[0-9]{9}[0-9X])\b")
_REFERENCE = re2.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{2,60}")


@dataclass(frozen=True, slots=True)
class OrderMail:
    """A mail that may tell of an order or a refund; `marketplace` is the Amazon domain that says what `$` means."""

    order_id: str
    subject: str
    text: str
    mailed_on: date
    marketplace: str
    source: str


def read_order(mail: OrderMail, rules: CorrespondenceRules) -> Order | None:
    """The order that a notification tells of, as far as it is printed; None when the mail is no notification."""
    text = mail.text[:_LONGEST_TEXT]
    is_notification = rules.subject.find_first(mail.subject, {"order"}) is not None or any(
        find_statements(text, rules.text, rules.statements, {"order"})
    )
    if not is_notification:
        return None
    items = tuple(_items(mail, text, rules))
    block = rules.labels.block("destination", text)
    if not items and not block:
        return None
    purchased = find_dates(rules.labels.first("purchased_on", text)[:80], near=mail.mailed_on, past=True)
    return Order(
        order_id=mail.order_id,
        purchased_at=datetime.combine(purchased[0].on, time(), UTC) if purchased else None,
        ship_service_level=one_line(rules.labels.first("method", text))[:60],
        sales_channel=mail.marketplace,
        items=items,
        destination=parse_address([one_line(line) for line in block]),
        total=_money(mail, rules.labels.first("total", text), rules),
        source=mail.source,
    )


def read_refund(mail: OrderMail, rules: CorrespondenceRules, *, is_known: bool = False) -> Refund | None:
    """The refund that a mail states to have been made; None when it states none.

    `is_known` says that the mail's header already names it a refund notice.
    """
    text = mail.text[:_LONGEST_TEXT]
    stated = list(find_statements(text, rules.text, rules.statements, {"refunded"}))
    in_subject = list(find_statements(mail.subject.strip(), rules.subject, rules.statements, {"refunded"}))
    if not stated and not in_subject and not is_known:
        return None
    amount = _money(mail, rules.labels.first("refund", text), rules)
    words = [sentence.text for _, sentence in stated] + [sentence.text for _, sentence in in_subject]
    amount = amount or next((money for one in words if (money := _money(mail, one, rules)) is not None), None)
    if not stated and amount is None and not is_known:
        return None
    reference = _REFERENCE.search(one_line(rules.labels.first("refund_id", text)))
    return Refund(
        order_id=mail.order_id,
        refunded_on=_refunded_on(mail, text, words, rules),
        amount=amount,
        reference=reference.group() if reference is not None else "",
        source=mail.source,
    )


def merge_refunds(refunds: Iterable[Refund]) -> tuple[Refund, ...]:
    """The refunds without those that are told of twice: the same amount, or one without an amount, within days."""
    kept: list[Refund] = []
    for refund in sorted(refunds, key=lambda one: (one.amount is None, one.refunded_on or date.max)):
        twin = next((index for index, one in enumerate(kept) if _is_same_refund(one, refund)), None)
        if twin is None:
            kept.append(refund)
        elif refund.reference and not kept[twin].reference:
            kept[twin] = replace(kept[twin], reference=refund.reference)
    return tuple(sorted(kept, key=lambda one: one.refunded_on or date.max))


def _is_same_refund(first: Refund, second: Refund) -> bool:
    if first.reference and second.reference:
        return first.reference == second.reference
    if first.amount is not None and second.amount is not None and first.amount != second.amount:
        return False
    if first.refunded_on is None or second.refunded_on is None:
        return True
    return abs(first.refunded_on - second.refunded_on) <= _SAME_REFUND


def _refunded_on(mail: OrderMail, text: str, words: list[str], rules: CorrespondenceRules) -> date:
    """The printed day of the refund, else the day of the mail that says it was made."""
    for place in (rules.labels.first("refunded_on", text), *words):
        for found in find_dates(place[:300], near=mail.mailed_on, past=True):
            if found.on <= mail.mailed_on + timedelta(days=1):
                return found.on
    return mail.mailed_on


def _money(mail: OrderMail, words: str, rules: CorrespondenceRules) -> Money | None:
    own = rules.currencies.get(mail.marketplace, "")
    is_chinese = any("\u4e00" <= char <= "\u9fff" for char in words) and not mail.marketplace.endswith("jp")
    yen = "CNY" if is_chinese else "JPY"
    found = find_money(words[:400], dollar=own or "USD", yen=yen)
    return found[0].money if found else None


def _items(mail: OrderMail, text: str, rules: CorrespondenceRules) -> Iterator[OrderItem]:
    """The lines of the order: labelled values, else the rows of a table, else lines like "3 x Bookmark"."""
    ways = (_labelled_items(text, rules), _table_rows(text, rules), _counted_lines(text))
    for records in ways:
        items = [item for values in islice(records, _MOST_ITEMS) for item in _item(mail, values, rules)]
        if any(item.title for item in items):
            yield from items
            return


def _labelled_items(text: str, rules: CorrespondenceRules) -> Iterator[dict[str, str]]:
    """One record an item, in the order of the mail; a value that comes again begins a new item."""
    values = sorted(
        (value for name in _ITEM_FIELDS for value in rules.labels.find(name, text)), key=lambda one: one.start
    )
    current: dict[str, str] = {}
    for value in values:
        if value.field in current:
            yield current
            current = {}
        current.setdefault(value.field, one_line(value.value + _continuation(text, value.end, value.value)))
    yield current


def _continuation(text: str, end: int, value: str) -> str:
    """The next line of a title that was wrapped inside its brackets."""
    is_open = any(value.count(first) > value.count(last) for first, last in ("()", "[]", "（）"))
    return " " + text[end + 1 : end + 200].split("\n", 1)[0] if is_open else ""


def _table_rows(text: str, rules: CorrespondenceRules) -> Iterator[dict[str, str]]:
    """The rows below a line of column headings that stand two blanks apart."""
    columns: list[str] = []
    for line in text.split("\n"):
        cells = [cell.strip() for cell in _CELL_GAP.split(line.strip()) if cell.strip()]
        if columns and len(cells) == len(columns):
            yield {name: cell for name, cell in zip(columns, cells, strict=True) if name}
        else:
            names = [rules.labels.field_of(cell, _ITEM_FIELDS) for cell in cells]
            columns = names if len(cells) > 1 and "item" in names and sum(map(bool, names)) > 1 else []


def _counted_lines(text: str) -> Iterator[dict[str, str]]:
    for match in islice(_COUNTED_LINE.finditer(text), _MOST_ITEMS):
        title = match.group("title").strip(" .,")
        sku = _SKU_IN_TITLE.search(title)
        known = {"item": title[: sku.start()].strip() if sku else title, "quantity": match.group("count")}
        yield {**known, "sku": sku.group(1) if sku else "", "price": match.group("price") or ""}


def _item(mail: OrderMail, values: dict[str, str], rules: CorrespondenceRules) -> Iterator[OrderItem]:
    title, quantity = values.get("item", "")[:500], values.get("quantity", "")
    counted = _COUNTED.match(title)
    if counted is not None:
        title, quantity = counted.group("title"), quantity or counted.group(1)
        title = title[1:-1] if title[:1] == "(" and title[-1:] == ")" else title
    sku = values.get("sku", "").split(" ")[0][:80]
    asin = _ASIN.search(values.get("asin", "") or title)
    number = _FIRST_NUMBER.match(quantity)
    if title or sku or asin is not None:
        yield OrderItem(
            title=title,
            sku=sku,
            asin=asin.group(1) if asin is not None else "",
            quantity=max(1, int(number.group(1))) if number is not None else 1,
            price=_money(mail, values.get("price", ""), rules),
        )
