"""A year of a seller's mailbox, written with its truth: disputes answered, answered late, missed, decided, forged.

The mails of a dispute are those Amazon and the seller would have written; the rest of the mailbox is what fills any
seller's. All invented; made from a seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

from inbox_bot.core.model import Policy

OWN = "orders@seller.example"
SERVER = "mx.seller.example"
ASKED = "cb-seller-notification@amazon.com"
REASONS = {
    "not_received": "The cardholder says that the order did not arrive.",
    "unauthorized": "The cardholder states that they did not authorize this transaction.",
    "not_as_described": "The cardholder claims that the item was not as described.",
}
SHARES = (  # finding, outcome, of a hundred
    ("answered in time", None, 52),
    ("answered in time", "debited", 7),
    ("answered in time", "in_favour", 3),
    ("answered late", None, 3),
    ("answered late", "debited", 3),
    ("missed", "debited", 16),
    ("missed", None, 8),
    ("decided, and no notice was found", "debited", 3),
    ("nothing vouches for it", None, 3),
    ("still open", None, 2),
)


@dataclass(frozen=True, slots=True)
class Dispute:
    """What is true of one dispute."""

    order_id: str
    finding: str
    outcome: str | None
    reason: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Placed:
    """A raw mail, its folder and when it arrived."""

    folder: str
    at: datetime
    raw: bytes


def disputes(count: int, seed: int = 11) -> tuple[Dispute, ...]:
    """So many disputes in the shares above, in a shuffled order; at least one of each kind."""
    chance = random.Random(seed)
    kinds = [
        (finding, outcome) for finding, outcome, share in SHARES for _ in range(max(1, share * count // 100))
    ]
    kinds += [("answered in time", None)] * (count - len(kinds))
    chance.shuffle(kinds)
    return tuple(
        Dispute(
            f"{chance.randint(100, 119)}-{chance.randint(0, 9_999_999):07}-{number:07}",
            finding,
            outcome,
            "unknown" if finding.startswith("decided") else chance.choice(sorted(REASONS)),
            Decimal(chance.randint(900, 40_000)) / 100,
        )
        for number, (finding, outcome) in enumerate(kinds[:count])
    )


def mails_of(dispute: Dispute, noticed_at: datetime, chance: random.Random) -> Iterator[Placed]:
    """The mails of one dispute; old ones may have been put into another folder."""
    order, amount = dispute.order_id, dispute.amount
    notice_id = f"<notice.{order}@email.amazonses.example>"
    home = chance.choice(["INBOX", "INBOX", "INBOX", "Amazon", "Archive", "Junk"])
    passed = "fail" if dispute.finding.startswith("nothing") else "pass"
    if not dispute.finding.startswith("decided"):
        body = (
            f"Hello,\n\nWe have been told by a bank that there is a chargeback dispute involving a\ntransaction of "
            f"{amount} USD in your store.\n\nOrder number: {order}\n\n{REASONS[dispute.reason]}\n\nPlease send us "
            "proof of delivery within seven calendar days of the date of\nthis e-mail.\n"
        )
        subject = f"Chargeback dispute for order {order}: your response is needed"
        yield Placed(home, noticed_at, _mail(ASKED, OWN, subject, body, notice_id, noticed_at, passed))
        if chance.random() < 0.1:  # the same again, as a reminder
            again_at = noticed_at + timedelta(days=2)
            again = f"<again.{order}@email.amazonses.example>"
            yield Placed(home, again_at, _mail(ASKED, OWN, subject, body, again, again_at, passed, notice_id))
    if dispute.finding.startswith("answered"):
        days = chance.uniform(0.2, 5.5) if dispute.finding == "answered in time" else chance.uniform(7.5, 12)
        at = noticed_at + timedelta(days=days)
        body = f"Dear Chargeback Team,\n\nplease represent this case. Order {order} was delivered.\n"
        raw = _mail(
            OWN, ASKED, f"Re: dispute {order}", body, f"<answer.{order}@seller.example>", at, "", notice_id
        )
        yield Placed("Sent", at, raw)
    if dispute.outcome is not None:
        at = noticed_at + timedelta(days=chance.uniform(20, 60))
        words = (
            f"We have debited your account for {amount} USD"
            if dispute.outcome == "debited"
            else f"The chargeback was decided in your favor, and you keep the {amount} USD"
        )
        body = f"Hello,\n\nThe issuing bank has made its decision on the chargeback for order {order}. {words}.\n"
        subject = f"Decision on the chargeback for order {order}"
        raw = _mail(
            ASKED, OWN, subject, body, f"<decision.{order}@email.amazonses.example>", at, "pass", notice_id
        )
        yield Placed(home, at, raw)


def year(count: int, now: datetime, seed: int = 11) -> tuple[tuple[Dispute, ...], list[Placed]]:
    """The disputes of the twelve months before `now`, and their mails."""
    chance = random.Random(seed)
    placed: list[Placed] = []
    all_disputes = disputes(count, seed)
    for dispute in all_disputes:
        days = chance.uniform(1, 4) if dispute.finding == "still open" else chance.uniform(75, 355)
        noticed_at = (now - timedelta(days=days)).replace(microsecond=0)
        placed += mails_of(dispute, noticed_at, chance)
    return all_disputes, placed


def write(placed: list[Placed], folder_of: dict[str, Path]) -> None:
    """Write the mails as Maildir files, arrival times as file times."""
    for number, one in enumerate(placed):
        stamp = one.at.timestamp()
        path = folder_of[one.folder] / "cur" / f"{int(stamp)}.P{number}.past,S={len(one.raw)}:2,S"
        path.write_bytes(one.raw)
        os.utime(path, (stamp, stamp))


def _mail(
    sender: str,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    at: datetime,
    passed: str,
    answers: str = "",
) -> bytes:
    fields = []
    if passed:
        domain = sender.rpartition("@")[2]
        fields += [
            f"Authentication-Results: {SERVER}; dmarc={passed} header.from={domain}",
            f"Received: from out.{domain} by {SERVER} with ESMTPS; {format_datetime(at)}",
        ]
    fields += [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {format_datetime(at)}"]
    fields += [f"Message-ID: {message_id}"]
    fields += [f"In-Reply-To: {answers}", f"References: {answers}"] if answers else []
    fields += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8"]
    return ("\n".join(fields) + "\n\n" + body).replace("\n", "\r\n").encode()


def policy(like: Policy) -> Policy:
    """The policy, for the seller of these mails."""
    return replace(like, address=OWN, aliases=(), authserv_id=SERVER, trust="authenticated", check_dkim=False)


def now() -> datetime:
    """The present, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
