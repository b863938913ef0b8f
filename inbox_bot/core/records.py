"""The files that go out with a reply: the order's record, the transcript, and the buyer's original mails."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from inbox_bot.core.letter import Letter, LetterMessage, LetterParcel, LetterRefund
from inbox_bot.core.model import Attachment, Policy

_RULE = "-" * 72


def attachments_for(letter: Letter, originals: Sequence[bytes], policy: Policy) -> tuple[Attachment, ...]:
    """The files for one letter, the strongest first, within the policy's limits on number and size.

    The record and the transcript say in words whatever was left out for its size; no file is dropped silently.
    """
    files = [_record(letter)]
    if letter.messages:
        bundle = _originals(letter, originals)
        room = policy.max_attachment_bytes - len(files[0].content) - _TRANSCRIPT_ROOM
        fits = bundle is not None and len(bundle.content) <= room and policy.max_attachments >= 3
        files.append(_transcript(letter, originals_attached=fits, limit=max(room, _TRANSCRIPT_ROOM)))
        if fits and bundle is not None:
            files.append(bundle)
    return tuple(files[: policy.max_attachments])


_TRANSCRIPT_ROOM = 200_000


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
    text = "\r\n".join(lines) + "\r\n"
    name = f"1-order-record-{letter.order_id}.txt"
    return Attachment(name, "text/plain", text.encode(), "order and shipment record with tracking")


def _refund(refund: LetterRefund) -> str:
    on, amount = refund.refunded_on or "date not on record", refund.amount or "amount not on record"
    return f"{on}: {amount} {refund.reference}".rstrip()


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


def _transcript(letter: Letter, *, originals_attached: bool, limit: int) -> Attachment:
    head = [
        f"Correspondence on order {letter.order_id}",
        "All times are UTC; the oldest message is first.",
        _RULE,
    ]
    if not originals_attached:
        head.insert(2, "The original mails are not attached because of their size or number; they are kept.")
    body = "\r\n".join(line for message in letter.messages for line in _spoken(message))
    body = _trimmed(body, limit)
    text = "\r\n".join(head) + "\r\n" + body + "\r\n"
    name = f"2-correspondence-{letter.order_id}.txt"
    return Attachment(name, "text/plain", text.encode(), "correspondence with the buyer, dated transcript")


def _spoken(message: LetterMessage) -> list[str]:
    return ["", f"[{message.at}] {message.who}: {message.subject}", *message.text.splitlines()]


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
    name = f"3-correspondence-{letter.order_id}.eml"
    return Attachment(name, "message/rfc822", content, "correspondence with the buyer, original mails")
