"""Notices as Amazon sends them and as others forge them, with the trace fields that mail servers put on top."""

from __future__ import annotations

from datetime import UTC, datetime

AT = datetime(2025, 3, 4, 10, 0, tzinfo=UTC)
OURS = "mx.seller.example"
SELLER = "orders@seller.example"
ORDER = "113-0196033-6384224"
SENDER = "cb-seller-notification@amazon.com"
OUTSIDE = "from a8-29.smtp-out.amazonses.com (a8-29.smtp-out.amazonses.com [54.240.8.29])"
STAMP = "; Tue, 04 Mar 2025 10:00:01 +0000"
HOP = f"Received: {OUTSIDE} by {OURS} (Postfix) with ESMTPS id 4Xk9{STAMP}"
SECRET_WORDS = (
    "Rosalind Featherstone"  # the buyer of the order, who must never show up in an answer to a forger
)

TEXT = f"""We have received a chargeback dispute involving a transaction for 108.84 USD.

Order number: {ORDER}
Items purchased: 1 of (Blue Mug (Large))

The buyer says that the parcel was never received. Please send proof of
delivery within 7 days.
"""


def notice(
    *top: str,
    sender: str = f"Amazon <{SENDER}>",
    to: str = SELLER,
    subject: str = f"Chargeback dispute on order {ORDER}",
    more: tuple[str, ...] = (),
    text: str = TEXT,
) -> bytes:
    """A notice as it lies in the mailbox: trace fields `top` (topmost first), the sender's fields, the text."""
    fields = [
        *top, f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Tue, 04 Mar 2025 10:00:00 +0000",
        "Message-ID: <0100018f@email.amazonses.com>", "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8", *more,
    ]  # fmt: skip
    return ("\r\n".join(fields) + "\r\n\r\n" + text.replace("\n", "\r\n")).encode()


def results(verdict: str = "dmarc=pass", domain: str = "amazon.com", server: str = OURS) -> str:
    """An Authentication-Results field with one DMARC result."""
    return f"Authentication-Results: {server}; {verdict} header.from={domain}"


PASS = results()
FAIL = results("dmarc=fail")


def under(raw: bytes, *top: str) -> bytes:
    """The (perhaps signed) mail with the fields that the receiving server put on top of it."""
    return ("\r\n".join(top) + "\r\n").encode() + raw
