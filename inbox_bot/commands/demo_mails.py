"""The mails of the demo: which of the bundled sample mails are delivered, in which order, and what must come of each.

A notice is given a fresh date, so that its clock runs from today; the mails of the order keep theirs, because
their text speaks of it. How they are delivered and shown is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path

from inbox_bot.core.model import Mail, Verdict
from inbox_bot.mail.message import read_mail

SELLER = "orders@seller.example"
SELLER_ALIAS = "orders+us@seller.example"
RECEIVING_SERVER = "mx.demo.example"

_STALE_FIELDS = re.compile(rb"(?im)^(?:Date|Received):[^\n]*\n(?:[ \t][^\n]*\n)*")


class Part(StrEnum):
    """What a mail is in the demo."""

    RECORD = "record"  # of the order: Amazon's order mails, the carrier's, the correspondence
    NOTICE = "notice"
    LOOK_ALIKE = "look-alike"


@dataclass(frozen=True, slots=True)
class Scene:
    """One mail to deliver: the bundled file and what must come of it.

    `verdict` is that of the case it must open, None for no case at all. `forged` mails get the receiving
    server's word that they are not from whom they say.
    """

    file: str
    part: Part
    verdict: Verdict | None = None
    forged: bool = False


@dataclass(frozen=True, slots=True)
class DemoMail:
    """A mail ready for delivery (CRLF line ends) to the folder, and how it reads."""

    scene: Scene
    folder: str
    raw_bytes: bytes
    mail: Mail


def _record(*files: str) -> tuple[Scene, ...]:
    return tuple(Scene(file, Part.RECORD) for file in files)


SCENES: tuple[Scene, ...] = (
    *_record("rule-delivered-match-1-order", "rule-delivered-match-2-shipped"),
    *_record("rule-delivered-match-3-delivered", "rule-delivered-match-5-buyer-message"),
    *_record("rule-delivered-match-6-seller-answer", "rule-admits-receipt-1-order"),
    *_record("rule-admits-receipt-2-shipped", "rule-admits-receipt-3-buyer-message"),
    *_record("rule-contested-1-order", "rule-contested-2-buyer-message", "rule-contested-3-seller-answer"),
    *_record("rule-fault-admitted-1-buyer-message", "rule-fault-admitted-2-seller-answer"),
    *_record("rule-fraud-elsewhere-1-order", "rule-fraud-elsewhere-2-delivered"),
    Scene("rule-delivered-match-4-claim", Part.NOTICE, Verdict.REPRESENT),
    Scene("other-a-to-z-claim-html", Part.LOOK_ALIKE),
    Scene("rule-contested-4-claim", Part.NOTICE, Verdict.REPRESENT),
    Scene("other-phishing-lookalike-domain", Part.LOOK_ALIKE),
    Scene("rule-admits-receipt-4-claim", Part.NOTICE, Verdict.REPRESENT),
    Scene("other-amazon-pay-p01", Part.LOOK_ALIKE),
    Scene("rule-fault-admitted-3-claim", Part.NOTICE, Verdict.REFUND),
    Scene("spoofed-1-exact-sender", Part.NOTICE, Verdict.REVIEW, forged=True),
    Scene("rule-fraud-elsewhere-3-claim", Part.NOTICE, Verdict.REVIEW),
    Scene("other-newsletter", Part.LOOK_ALIKE),
)


def demo_mails(folder: Path, now: datetime, scenes: Sequence[Scene] = SCENES) -> Iterator[DemoMail]:
    """The mails of the scenes in order, the notices 2 hours to 3 days old; raises OSError when a file is missing."""
    fresh = [scene for scene in scenes if scene.part is not Part.RECORD]
    ages = {scene: timedelta(hours=2 + 8 * place) for place, scene in enumerate(reversed(fresh))}
    for scene in scenes:
        raw = (folder / f"{scene.file}.eml").read_bytes().replace(b"\r\n", b"\n")
        if scene in ages:
            raw = _with_date(raw, now - ages[scene])
        mail = read_mail(raw)
        is_own = mail.sender is not None and mail.sender.email == SELLER
        if not is_own:
            raw = _vouch(mail, forged=scene.forged) + raw
        raw = raw.replace(b"\n", b"\r\n")
        yield DemoMail(scene, "Sent" if is_own else "INBOX", raw, read_mail(raw))


def _with_date(raw: bytes, at: datetime) -> bytes:
    """The mail as if it had been written and received at the instant."""
    header, blank, body = raw.partition(b"\n\n")
    kept = _STALE_FIELDS.sub(b"", header + b"\n")
    stamp = format_datetime(at)
    fresh = f"Received: from out.mail.example by {RECEIVING_SERVER} for <{SELLER}>; {stamp}\nDate: {stamp}\n"
    return fresh.encode() + kept.removesuffix(b"\n") + blank + body


def _vouch(mail: Mail, *, forged: bool) -> bytes:
    """What the receiving server found out about the sender, as the field it writes on top of a mail."""
    domain = mail.sender.domain if mail.sender else ""
    result = "fail" if forged else "pass"
    return f"Authentication-Results: {RECEIVING_SERVER}; dmarc={result} header.from={domain}\n".encode()
