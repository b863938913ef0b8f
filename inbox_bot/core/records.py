"""The files that go out with a reply beside the exhibit book: the order's record, the transcript, the original mails.

They are plain text, for a reader who searches or copies; the book holds the same and more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from inbox_bot.core.letter import Letter, LetterMessage, LetterParcel, LetterRefund, LetterReturn
from inbox_bot.core.model import Attachment, Policy

_RULE = "-" * 72
_TRANSCRIPT_BYTES = 200_000
BOOK_TITLE = "exhibit book with the numbered exhibits"
RECORD_TITLE = "order and shipment record with tracking"
TRANSCRIPT_TITLE = "correspondence with the buyer, dated transcript"
ORIGINALS_TITLE = "correspondence with the buyer, original mails"


def text_files(letter: Letter, originals: Sequence[bytes], policy: Policy) -> tuple[Attachment, ...]:
    """The files beside the book, the most useful first; what is left out for its size is said in words in the others.

    `originals` are the mails of the correspondence, attached where the policy wants them and they fit.
    """
    record = _record(letter)
    if not letter.messages:
        return (record,)
    wanted = _originals(letter, originals) if policy.attach_originals else None
    half = policy.max_attachment_bytes // 2
    fits = wanted is not None and len(wanted.content) <= half and policy.max_attachments >= 4
    says = (
        ""
        if fits or wanted is None
        else "The original mails are not attached because of their size or number."
    )
    limit = min(_TRANSCRIPT_BYTES, policy.max_attachment_bytes // 4)
    files = [record, _transcript(letter, says, limit)]
    return tuple([*files, wanted] if fits and wanted is not None else files)


def bundle(
    letter: Letter, book: bytes | None, files: Sequence[Attachment], policy: Policy
) -> tuple[Attachment, ...]:
    """The reply's attachments in order, the book first, numbered in their names, as many as the policy allows."""
    if book is not None:
        name = f"exhibit-book-{letter.order_id}.pdf"
        files = (Attachment(name, "application/pdf", book, BOOK_TITLE), *files)
    return tuple(
        Attachment(f"{number}-{file.name}", file.media_type, file.content, file.title)
        for number, file in enumerate(files[: policy.max_attachments], 1)
    )


def _record(letter: Letter) -> Attachment:
    lines = [f"Record of order {letter.order_id}", _RULE]
    lines += [f"Ordered on:    {letter.purchased_on or 'not on record'}"]
    lines += [f"Amount:        {letter.amount or 'not on record'}"]
    lines += [f"Ship-to:       {letter.destination or 'not on record'}"]
    for item in letter.items:
        codes = ", ".join(
            part
            for part in (f"SKU {item.sku}" * bool(item.sku), f"ASIN {item.asin}" * bool(item.asin))
            if part
        )
        lines.append(f"Item:          {item.quantity} x {item.title}" + (f" ({codes})" if codes else ""))
    for number, parcel in enumerate(letter.parcels, 1):
        lines += [
            "",
            f"Parcel {number}" + (" (replacement)" if parcel.replacement else ""),
            _RULE,
            *_parcel(parcel),
        ]
    for parcel in letter.other_parcels:
        lines += ["", "Parcel of the other order", _RULE, *_parcel(parcel)]
    if not letter.parcels:
        lines += ["", "No parcel is on record."]
    lines += ["", "Refunds", _RULE]
    lines += [_refund(refund) for refund in letter.refunds] or ["No refund is on record."]
    lines += [_return(one) for one in letter.returns]
    lines += [
        f"{one.posted_on or 'date not on record'}: {one.amount}, settlement {one.reference} ({one.kind})"
        for one in letter.postings
    ]
    text = "\r\n".join(lines) + "\r\n"
    return Attachment(f"order-record-{letter.order_id}.txt", "text/plain", text.encode(), RECORD_TITLE)


def _refund(refund: LetterRefund) -> str:
    on, amount = refund.refunded_on or "date not on record", refund.amount or "amount not on record"
    return f"{on}: {amount} {refund.reference}".rstrip()


def _return(one: LetterReturn) -> str:
    received = one.received_on or "arrival not on record"
    what = ", ".join(
        part for part in (f"{one.quantity} x {one.sku}".rstrip(" x"), one.reason, one.condition) if part
    )
    return f"Return, asked for {one.requested_on or 'on a day not on record'}, received {received}: {what}"


def _parcel(parcel: LetterParcel) -> list[str]:
    delivered = " ".join(part for part in (parcel.delivered_on, parcel.delivered_clock) if part)
    rows = (
        ("Ship date", parcel.shipped_on),
        ("Carrier", parcel.carrier),
        ("Shipping speed", parcel.method),
        ("Tracking ID", parcel.tracking_id),
        ("Status", parcel.status.replace("_", " ")),
        ("Delivered on", delivered),
        ("Delivered to", parcel.delivered_to),
        ("Signed by", parcel.signed_by),
    )
    return [f"{label + ':':<16}{value or 'not on record'}" for label, value in rows]


def _transcript(letter: Letter, says: str, limit: int) -> Attachment:
    head = [
        f"Correspondence on order {letter.order_id}",
        "The oldest message is first; each time is given in the marketplace's zone and in UTC.",
        *([says] if says else []),
        _RULE,
    ]
    body = "\r\n".join(line for message in letter.messages for line in _spoken(message))
    text = "\r\n".join(head) + "\r\n" + _trimmed(body, limit) + "\r\n"
    return Attachment(f"correspondence-{letter.order_id}.txt", "text/plain", text.encode(), TRANSCRIPT_TITLE)


def _spoken(message: LetterMessage) -> list[str]:
    return [
        "",
        f"[{message.local}; {message.at}] {message.who}: {message.subject}",
        *message.text.splitlines(),
    ]


def _trimmed(text: str, limit: int) -> str:
    """The text within `limit` characters, cut in the middle with a visible note."""
    if len(text) <= limit // 4:  # a character is at most four bytes
        return text
    keep = limit // 8
    left_out = len(text) - 2 * keep
    return f"{text[:keep]}\r\n\r\n[... {left_out} characters left out here ...]\r\n\r\n{text[-keep:]}"


def _originals(letter: Letter, originals: Sequence[bytes]) -> Attachment | None:
    """All original mails, untouched, as the parts of one `.eml`; None when there are none."""
    if not originals:
        return None
    boundary = "=_" + hashlib.sha256(b"".join(originals)).hexdigest()[:40]
    head = f"Subject: Original mails on order {letter.order_id}\r\nMIME-Version: 1.0\r\n"
    head += f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
    parts = [
        f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
        + raw
        for raw in originals
    ]
    content = head.encode() + b"\r\n".join(parts) + f"\r\n--{boundary}--\r\n".encode()
    return Attachment(f"original-mails-{letter.order_id}.eml", "message/rfc822", content, ORIGINALS_TITLE)
