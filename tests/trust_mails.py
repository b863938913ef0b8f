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


def gmail(domain: str = "amazon.com") -> tuple[str, ...]:
    """What Gmail puts on top."""
    return (
        f"Delivered-To: {SELLER}",
        f"Received: by 2002:a05:6a10:4b11:b0:3d2:1c0b:e1a1 with SMTP id k17csp1{STAMP}",
        f"X-Received: by 2002:a05:620a:2403:: with SMTP id d3mr1{STAMP}",
        "ARC-Seal: i=1; a=rsa-sha256; t=1741082401; cv=none; d=google.com; s=arc-20240605; b=YQ==",
        "ARC-Authentication-Results: i=1; mx.google.com; dmarc=pass header.from=" + domain,
        "Return-Path: <0100018f@amazonses.com>",
        f"Received: {OUTSIDE}\r\n        by mx.google.com with ESMTPS id 6a1803df\r\n        for <{SELLER}>{STAMP}",
        "Received-SPF: pass (google.com: domain of 0100018f@amazonses.com designates 54.240.8.29 as permitted)",
        (
            "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@amazon.com header.s=k1 header.b=abc;\r\n"
            "       dkim=pass header.i=@amazonses.com header.s=k2 header.b=def;\r\n"
            "       spf=pass (google.com: designates 54.240.8.29 as permitted) smtp.mailfrom=0100018f@amazonses.com;\r\n"
            f"       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from={domain}"
        ),
    )


def outlook(domain: str = "amazon.com", verdict: str = "dmarc=pass action=none") -> tuple[str, ...]:
    """What Microsoft puts on top: results without a server's name, above the hop by which the mail came in."""
    return (
        (
            "Received: from DM6PR10MB2729.namprd10.prod.outlook.com (2603:10b6:5:70::12) by\r\n"
            f" CY4PR10MB1989.namprd10.prod.outlook.com with HTTPS{STAMP}"
        ),
        (
            "Received: from BN9PR03CA0098.namprd03.prod.outlook.com (2603:10b6:408:fd::13) by\r\n"
            f" DM6PR10MB2729.namprd10.prod.outlook.com (2603:10b6:5:70::12) with Microsoft SMTP Server{STAMP}"
        ),
        (
            "Authentication-Results: spf=pass (sender IP is 54.240.8.29)\r\n smtp.mailfrom=amazonses.com; dkim=pass\r\n"
            f" (signature was verified) header.d=amazon.com;{verdict}\r\n header.from={domain};compauth=pass reason=100"
        ),
        "Received-SPF: Pass (protection.outlook.com: domain of amazonses.com designates 54.240.8.29)",
        (
            "Received: from a8-29.smtp-out.amazonses.com (54.240.8.29) by\r\n"
            f" BN8NAM11FT047.mail.protection.outlook.com (10.13.177.220) with Microsoft SMTP Server{STAMP}"
        ),
        "X-IncomingTopHeaderMarker: OriginalChecksum:0",
    )


def yahoo() -> tuple[str, ...]:
    """What Yahoo puts on top: every machine signs with its own name."""
    return (
        f"X-Apparently-To: {SELLER}{STAMP}",
        "Return-Path: <0100018f@amazonses.com>",
        (
            "Authentication-Results: atlas206.free.mail.bf1.yahoo.com;\r\n dkim=pass header.i=@amazon.com header.s=k1;\r\n"
            " spf=pass smtp.mailfrom=amazonses.com;\r\n dmarc=pass(p=QUARANTINE) header.from=amazon.com"
        ),
        f"Received: from 54.240.8.29 (EHLO a8-29.smtp-out.amazonses.com) by 10.253.33.12 with SMTPs{STAMP}",
    )
