"""What can happen to a case after its answer; `core/events.py` holds the rest and the list of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from inbox_bot.core.ending import Settled


@dataclass(frozen=True, slots=True)
class DisputeLapsed:
    """So many days passed since the answer, or since the cutoff without one, and Amazon wrote nothing more."""

    days: int


@dataclass(frozen=True, slots=True)
class SettlementsRead:
    """The imported settlements say something about the disputed money."""

    settled: Settled


@dataclass(frozen=True, slots=True)
class SettlementImported:
    """A settlement was imported: it says something about every day that it covers, also by its silence."""

    settlement_id: str
    start_on: date
    end_on: date


@dataclass(frozen=True, slots=True)
class MissedNoticeLookedFor:
    """Amazon decided about a dispute whose notice was never seen, and the mailbox was searched for it."""

    found_in: str  # the folder, or "" when it is not in the mailbox
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RelatedMailSeen:
    """A mail about the same order that is no notice, an A-to-z claim for example; it is shown and not answered."""

    what: str
    mail_sha256: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class DebitWeighed:
    """After a debit the record was held against the answer: `new` is what it holds that the answer did not.

    Empty: nothing new, so there is nothing to write. `answering` is the SHA-256 of the decision's mail.
    """

    new: tuple[str, ...]
    answering: str
