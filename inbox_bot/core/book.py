"""What the exhibit book prints: everything as clean text, in the order of the pages. Its looks are not decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_bot.core.exhibits import Exhibit, ExhibitKind, parcel_keys
from inbox_bot.core.letter import Letter, LetterMessage, place_in_words
from inbox_bot.core.model import Notice
from inbox_bot.core.record import Document, Dossier, OrderItem, Shipment
from inbox_bot.core.text import clean_text, one_line
from inbox_bot.core.timeline import Moment
from inbox_bot.core.zones import ordered_at

_US_LETTER = ("US", "CA", "MX", "")


@dataclass(frozen=True, slots=True)
class BookRow:
    """One label (a word of the book's vocabulary) with its value; an empty value prints as not on record."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class BookScan:
    """One line of a tracking history."""

    when: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class BookItem:
    """One line of an order."""

    title: str
    codes: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True)
class BookDocument:
    """A file of the seller: `kind` photo, pdf, text or mail; the bytes are those of `kept_sha256`."""

    name: str
    kind: str
    shows: str
    sha256: str
    kept_sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class BookExhibit:
    """One exhibit with its matter; the parts that its kind does not have are empty."""

    number: int
    kind: str
    order_id: str
    name: str
    rows: tuple[BookRow, ...] = ()
    items: tuple[BookItem, ...] = ()
    scans: tuple[BookScan, ...] = ()
    lines: tuple[str, ...] = ()
    messages: tuple[LetterMessage, ...] = ()
    document: BookDocument | None = None


@dataclass(frozen=True, slots=True)
class BookSource:
    """One line of the last page: a source, when it was collected, and the SHA-256 of its bytes."""

    name: str
    origin: str
    collected_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Book:
    """The whole book; `paper` is a paper size by its common name."""

    language: str
    paper: str
    seller: str
    order_ids: tuple[str, ...]
    cover: tuple[BookRow, ...]
    claim: str
    exhibits: tuple[BookExhibit, ...]
    timeline: tuple[Moment, ...]
    sources: tuple[BookSource, ...]


@dataclass(frozen=True, slots=True)
class BookStyle:
    """How the book looks and speaks: the template's source, and the words of each language."""

    template: str
    words: Mapping[str, Mapping[str, Any]]


def book_of(
    notice: Notice,
    letter: Letter,
    dossiers: Sequence[Dossier],
    exhibits: Sequence[Exhibit],
    timeline: Sequence[Moment],
    language: str,
) -> Book:
    """The book of one case; `dossiers` begin with the order in dispute."""
    by_order = {dossier.order_id: dossier for dossier in dossiers}
    country = dossiers[0].order.destination.country if dossiers[0].order else ""
    return Book(
        language=language,
        paper="us-letter" if country.upper() in _US_LETTER else "a4",
        seller=letter.seller,
        order_ids=tuple(dict.fromkeys((letter.order_id, *by_order))),
        cover=_cover(notice, letter),
        claim=letter.reason,
        exhibits=tuple(_exhibit(one, by_order[one.order_id], letter) for one in exhibits),
        timeline=tuple(timeline),
        sources=tuple(
            BookSource(
                one_line(source.name),
                source.origin.value,
                source.collected_at.strftime("%Y-%m-%d %H:%M UTC"),
                source.sha256,
            )
            for source in dict.fromkeys(source for one in exhibits for source in one.provenance)
        ),
    )


def _cover(notice: Notice, letter: Letter) -> tuple[BookRow, ...]:
    parcel = letter.parcel
    rows = [
        BookRow("order", letter.order_id),
        BookRow("amount", letter.amount),
        BookRow("noticed_on", (notice.dated_at or notice.received_at).strftime("%Y-%m-%d")),
        BookRow("ordered_on", letter.purchased_on),
        BookRow("ship_to", letter.destination),
        BookRow("shipped_on", parcel.shipped_on if parcel else ""),
        BookRow("carrier", parcel.carrier if parcel else ""),
        BookRow("method", parcel.method if parcel else ""),
        BookRow("tracking_id", parcel.tracking_id if parcel else ""),
    ]
    if parcel and parcel.status == "delivered":
        delivered = " ".join(part for part in (parcel.delivered_on, parcel.delivered_clock) if part)
        rows.append(BookRow("delivered_on", delivered))
        rows.append(BookRow("delivered_to", parcel.delivered_to))
    if parcel and parcel.signed_by:
        rows.append(BookRow("signed_by", parcel.signed_by))
    rows += [
        BookRow("refunded", " ".join(part for part in (one.amount, one.refunded_on, one.reference) if part))
        for one in letter.refunds
    ]
    return tuple(rows)


def _exhibit(exhibit: Exhibit, dossier: Dossier, letter: Letter) -> BookExhibit:
    kind, is_own = exhibit.kind, dossier.order_id == letter.order_id
    if kind is ExhibitKind.ORDER:
        return _order(exhibit, dossier)
    if kind is ExhibitKind.TRACKING:
        return _tracking(exhibit, dossier.shipments[parcel_keys(dossier.shipments).index(exhibit.key)])
    if kind is ExhibitKind.REFUNDS:
        return BookExhibit(exhibit.number, kind.value, exhibit.order_id, "", lines=tuple(_money(dossier)))
    if kind is ExhibitKind.CORRESPONDENCE:
        messages = letter.messages if is_own else ()
        return BookExhibit(exhibit.number, kind.value, exhibit.order_id, "", messages=messages)
    document = next(one for one in dossier.documents if one.sha256 == exhibit.key)
    return _document(exhibit, document)


def _order(exhibit: Exhibit, dossier: Dossier) -> BookExhibit:
    order = dossier.order
    assert order is not None  # noqa: S101 - there is no order exhibit without an order
    ordered = ordered_at(order)
    rows = (
        BookRow("order", order.order_id),
        BookRow("ordered_on", f"{ordered[0].isoformat()} {ordered[1]}".strip() if ordered else ""),
        BookRow("status", one_line(order.status)),
        BookRow("channel", one_line(order.sales_channel)),
        BookRow("service_level", one_line(order.ship_service_level)),
        BookRow("ship_to", place_in_words(order.destination)),
        BookRow("total", str(order.total) if order.total else ""),
    )
    items = tuple(
        BookItem(
            one_line(item.title),
            ", ".join(part for part in (item.sku, item.asin, one_line(item.condition)) if part),
            item.quantity,
            _amounts(item),
        )
        for item in order.items
        if item.title
    )
    return BookExhibit(exhibit.number, exhibit.kind.value, exhibit.order_id, order.order_id, rows, items)


def _amounts(item: OrderItem) -> str:
    """All amounts of an order line that are on record, the price first."""
    parts = (
        ("", item.price),
        ("tax", item.tax),
        ("shipping", item.shipping),
        ("shipping tax", item.shipping_tax),
        ("discount", item.discount),
    )
    return ", ".join(
        f"{name} {amount}".strip() for name, amount in parts if amount is not None and amount.amount
    )


def _tracking(exhibit: Exhibit, parcel: Shipment) -> BookExhibit:
    delivered = " ".join(
        part
        for part in (parcel.delivered_on.isoformat() if parcel.delivered_on else "", parcel.delivered_at_text)
        if part
    )
    rows = [
        BookRow("carrier", one_line(parcel.carrier)),
        BookRow("tracking_id", one_line(parcel.tracking_id)),
        BookRow("method", one_line(parcel.method)),
        BookRow("shipped_on", parcel.shipped_on.isoformat() if parcel.shipped_on else ""),
        BookRow("status", parcel.status.value.replace("_", " ")),
        BookRow("delivered_on", one_line(delivered)),
        BookRow("delivered_to", place_in_words(parcel.delivered_to)),
        BookRow("signed_by", one_line(parcel.signed_by)),
    ]
    if parcel.replacement:
        rows.append(BookRow("replacement", "yes"))
    scans = tuple(
        BookScan(
            " ".join(
                part for part in (scan.scanned_on.isoformat() if scan.scanned_on else "", scan.clock) if part
            ),
            one_line(scan.place),
            one_line(scan.text),
        )
        for scan in parcel.scans
    )
    name = " ".join(part for part in (one_line(parcel.carrier), one_line(parcel.tracking_id)) if part)
    return BookExhibit(exhibit.number, exhibit.kind.value, exhibit.order_id, name, tuple(rows), scans=scans)


def _money(dossier: Dossier) -> Iterable[str]:
    for refund in dossier.refunds:
        on, amount = refund.refunded_on or "-", refund.amount or "-"
        yield one_line(f"refund | {on} | {amount} | {refund.reference} | {refund.source}")
    for back in dossier.returns:
        on = back.received_on or back.requested_on or "-"
        what = "return received" if back.received_on else "return requested"
        said = ", ".join(part for part in (back.reason, back.condition, clean_text(back.comment)) if part)
        yield one_line(f"{what} | {on} | {back.quantity} x {back.sku} | {said} | {back.source}")
    for posting in dossier.postings:
        yield one_line(
            f"settlement, {posting.kind.value} | {posting.posted_on or '-'} | {posting.amount} | "
            f"{posting.reference} | {posting.source}"
        )


def _document(exhibit: Exhibit, document: Document) -> BookExhibit:
    kept = BookDocument(
        one_line(document.name),
        document.kind.value,
        document.shows,
        document.sha256,
        document.kept_sha256,
        document.pages,
    )
    return BookExhibit(exhibit.number, exhibit.kind.value, exhibit.order_id, kept.name, document=kept)
