"""A seller's mailbox as a Maildir: 50,000 mails of 2.6 GB with 200 chargeback notices among them, always the same.

Run: `python benchmarks/mailbox_50k.py FOLDER [MAILS]`. The notices are 160 plain ones, 20 whose subject is an encoded
word (German, French, Japanese, Chinese), 10 forwarded as attachments and 10 from other senders; about 500 others speak
of chargebacks and are none. All mails came within the last 29 days, so that a first look has to judge every one of
them. Names and addresses are invented.
"""

from __future__ import annotations

import base64
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header
from pathlib import Path

MAILS = 50_000
NOTICES = 200
DECOYS = 500
SPAN_SECONDS = 29 * 86_400
SELLER = "orders@seller.example"
NOTICE = """Hello Birchwood Goods,

We have been told by a bank that there is a chargeback dispute involving a
transaction of September 2, 2026 for 49.71 USD in your store.

Order number: {order}
Items purchased: 1 of (Stoneware Planter)

The cardholder says that the order did not arrive. In response to this notice,
please let us have proof of delivery within seven calendar days of the date of
this e-mail.
"""
SUBJECTS = (
    ("iso-8859-1", "Rückbuchung zur Bestellung {order}"),
    ("utf-8", "Rétrofacturation pour la commande {order} : réponse attendue"),
    ("iso-2022-jp", "チャージバックのお知らせ {order}"),
    ("utf-8", "订单 {order} 信用卡拒付通知"),
)
DECOY_SUBJECTS = (
    "Chargeback protection for your shop: 20% off",
    "Re: chargeback question about order {order}",
    "Your payout report and one chargeback fee",
    "Webinar: how to win a chargeback dispute",
    "Your chargeback representment has been received for order {order}",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of the mailbox; `is_notice` where a scan has to find it."""

    raw: bytes
    is_notice: bool


def samples(count: int = MAILS, seed: int = 7) -> Iterator[Sample]:
    """The mails in order of arrival; of a smaller mailbox notices and decoys keep their share, at least one each."""
    chance = random.Random(seed)
    pool = base64.encodebytes(chance.randbytes(3_000_000)).replace(b"\n", b"\r\n")
    notices = max(1, NOTICES * count // MAILS)
    decoys = max(1, DECOYS * count // MAILS)
    special = chance.sample(range(count), notices + decoys)
    which = {place: index for index, place in enumerate(special)}
    for number in range(count):
        index = which.get(number)
        order = (
            f"{chance.randint(100, 999)}-{chance.randint(0, 9_999_999):07}-{chance.randint(0, 9_999_999):07}"
        )
        if index is None:
            yield Sample(_usual(number, order, chance, pool), is_notice=False)
        elif index < notices:
            yield Sample(_notice(number, index * NOTICES // notices, order, chance, pool), is_notice=True)
        else:
            yield Sample(_decoy(number, order, chance, pool), is_notice=False)


def _mail(number: int, sender: str, subject: str, body: bytes, *fields: str) -> bytes:
    head = (
        f"Return-Path: <bounce-{number}@mail.example>",
        f"Delivered-To: {SELLER}",
        f"Received: from mx{number % 9}.mail.example by mx.seller.example; Mon, 5 Oct 2026 10:00:00 +0000",
        "Authentication-Results: mx.seller.example; dkim=pass header.d=amazon.com; dmarc=pass",
        f"From: {sender}",
        f"To: Birchwood Goods <{SELLER}>",
        f"Subject: {subject}",
        "Date: Mon, 5 Oct 2026 10:00:00 +0000",
        f"Message-ID: <{number:08x}.{number * 7919 % 1_000_003}@mail.example>",
        "MIME-Version: 1.0",
        *fields,
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _text(chance: random.Random, pool: bytes, size: int) -> bytes:
    start = chance.randrange(len(pool) // 78 - 13_000) * 78
    return pool[start : start + size // 78 * 78]


def _usual(number: int, order: str, chance: random.Random, pool: bytes) -> bytes:
    kind = chance.random()
    size = chance.randint(8_000, 60_000)
    html = "Content-Type: text/html; charset=UTF-8"
    if kind < 0.35:
        sender, subject = "Amazon <auto-confirm@amazon.com>", f"Sold, ship now: {order}"
    elif kind < 0.60:
        sender, subject = '"Amazon.com" <ship-confirm@amazon.com>', f"Your shipment of order {order}"
    elif kind < 0.80:
        shop = chance.randrange(400)
        sender, subject = f"Shop {shop} <news@shop{shop}.example>", f"Week {number % 52}: ten offers"
        size = chance.randint(25_000, 100_000)
    elif kind < 0.94:
        alias = f"{chance.randrange(10**12):x}"
        sender, subject = (
            f"Buyer {number} <{alias}@marketplace.amazon.com>",
            f"Question about order {order}",
        )
        thread = f"In-Reply-To: <{chance.randrange(10**9)}@seller.example>"
        return _mail(
            number, sender, subject, _text(chance, pool, size // 3), "Content-Type: text/plain", thread
        )
    else:
        sender = f"Supplier {number % 70} <office@supplier{number % 70}.example>"
        subject = "=?utf-8?q?Rechnung_f=C3=BCr_Oktober?=" if number % 2 else f"Invoice {number}"
        size, html = chance.randint(60_000, 560_000), "Content-Type: multipart/mixed; boundary=x"
    return _mail(number, sender, subject, _text(chance, pool, size), html)


def _notice(number: int, index: int, order: str, chance: random.Random, pool: bytes) -> bytes:
    text = NOTICE.format(order=order).replace("\n", "\r\n").encode() + b"\r\n"
    plain = "Content-Type: text/plain; charset=UTF-8"
    subject = f"Chargeback dispute for order {order}: your response is needed"
    sender = "cb-seller-notification@amazon.com"
    if index < 160:
        return _mail(number, sender, subject, text, plain)
    if index < 180:
        charset, words = SUBJECTS[index % len(SUBJECTS)]
        encoded = Header(words.format(order=order), charset).encode(linesep="\r\n")
        return _mail(number, "Amazon <cb-seller-query@amazon.de>", encoded, text, plain)
    if index < 190:
        inner = _mail(number + 10_000_000, sender, subject, text, plain)
        body = b"--cut\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--cut\r\nContent-Type: message/rfc822\r\n\r\n"
        body += inner + b"\r\n--cut--\r\n"
        who = f"Colleague {index} <colleague{index}@office.example>"
        return _mail(number, who, f"Fwd: {subject}", body, "Content-Type: multipart/mixed; boundary=cut")
    who = (f"chargeback-team{index}@amazon.co.uk", f"Disputes <disputes@bank{index}.example>")[index % 2]
    return _mail(number, who, subject, text, plain)


def _decoy(number: int, order: str, chance: random.Random, pool: bytes) -> bytes:
    subject = DECOY_SUBJECTS[number % len(DECOY_SUBJECTS)].format(order=order)
    sender = f"Decoy <hello@decoy{number % 50}.example>"
    return _mail(number, sender, subject, _text(chance, pool, 12_000), "Content-Type: text/html")


def write_maildir(folder: Path, count: int = MAILS) -> int:
    """Write the mailbox into `folder`/cur, arrival times as file times; returns its bytes. Once written, it is kept.

    The list of the notices' file names is `folder`.notices.
    """
    listing = folder.with_suffix(".notices")
    if listing.exists():
        return sum(entry.stat().st_size for entry in os.scandir(folder / "cur"))
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    total, names, last = 0, [], int(time.time())
    for number, sample in enumerate(samples(count)):
        name = f"{1_700_000_000 + number}.M{number}.bench,S={len(sample.raw)}:2,S"
        (folder / "cur" / name).write_bytes(sample.raw)
        moment = last - SPAN_SECONDS + SPAN_SECONDS * number // count
        os.utime(folder / "cur" / name, (moment, moment))
        total += len(sample.raw)
        if sample.is_notice:
            names.append(name)
    listing.write_text("\n".join(names))
    return total


def link_maildir(source: Path, target: Path, times: int = 1) -> None:
    """Put hard links to all mails of `source` into `target`/cur, each so many times."""
    for copy in range(times):
        for entry in os.scandir(source / "cur"):
            stamp, _, rest = entry.name.partition(".")
            os.link(entry.path, target / "cur" / f"{int(stamp) + copy * 1_000_000}.C{copy}.{rest}")


if __name__ == "__main__":
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else MAILS
    print(f"{wanted} mails, {write_maildir(Path(sys.argv[1]), wanted):,} bytes")
