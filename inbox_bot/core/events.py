"""What can happen to a case, in the past tense: the append-only truth that every case row is derived from.

Events hold ids, hashes and decisions, never a mail's body. They carry no time of their own: the instant belongs
to the record that the store keeps of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inbox_bot.core.assessment import Assessment
from inbox_bot.core.errors import Problem
from inbox_bot.core.events_after import DebitWeighed as DebitWeighed
from inbox_bot.core.events_after import DisputeLapsed as DisputeLapsed
from inbox_bot.core.events_after import MissedNoticeLookedFor as MissedNoticeLookedFor
from inbox_bot.core.events_after import RelatedMailSeen as RelatedMailSeen
from inbox_bot.core.events_after import SettlementImported as SettlementImported
from inbox_bot.core.events_after import SettlementsRead as SettlementsRead
from inbox_bot.core.model import Deadline, Decision, Notice, Outcome, Verdict
from inbox_bot.core.record import Evidence
from inbox_bot.core.refund import RefundTask


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A notice that belongs to no known case."""

    account: str
    notice: Notice
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class NoticeJoined:
    """A further notice of a known case: re-sent, a reminder, or a request for more information."""

    notice: Notice
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class DecisionReceived:
    """Amazon wrote how the dispute ended."""

    notice: Notice
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class StoreRestored:
    """The store went back to a backup; what happened to the case since then is not on record."""

    backed_up_at: datetime


@dataclass(frozen=True, slots=True)
class LookedBack:
    """The mailbox was searched for an answer that this store does not know of, and holds none.

    `drafts` are the Message-IDs of answers of ours that stand in Drafts from before.
    """

    drafts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceGathered:
    """Everything on record was collected and weighed; the dossier itself is a file of the store.

    `problems` are the flaws in somebody's data that were met on the way, `in_folder` the fingerprint of the watched
    folder by which a later change is noticed. `order_known` is false when only the notice itself speaks of the order.
    """

    dossier_sha256: str
    evidence: tuple[Evidence, ...]
    assessment: Assessment | None = None
    problems: tuple[Problem, ...] = ()
    in_folder: str = ""
    order_known: bool = True


@dataclass(frozen=True, slots=True)
class EvidenceChanged:
    """Something new is on record about the order; an answer that has not gone out is made anew."""

    because: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The rule table spoke."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Overruled:
    """A person chose another verdict."""

    verdict: Verdict
    note: str


@dataclass(frozen=True, slots=True)
class ReplyComposed:
    """A reply's Message-ID and bytes were fixed; the bytes are a file of the store."""

    revision: int
    message_id: str
    sha256: str
    sender: str
    recipient: str
    subject: str
    attachment_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplyBlocked:
    """No reply could be composed, or none may be sent; a person has to look.

    A letter that was written and not let out is the store's file `letter_sha256`.
    """

    because: str
    letter_sha256: str = ""


@dataclass(frozen=True, slots=True)
class DraftIntended:
    """The draft is about to be appended; after a crash the folder is searched before it is tried again."""

    message_id: str


@dataclass(frozen=True, slots=True)
class DraftPlaced:
    """The draft stands in the seller's Drafts folder."""

    message_id: str
    folder: str


@dataclass(frozen=True, slots=True)
class DraftRemoved:
    """The reply went out by us, and its draft no longer stands in Drafts to be sent a second time."""

    message_id: str


@dataclass(frozen=True, slots=True)
class OldDraftSettled:
    """A draft that a newer answer replaced was taken out of Drafts, or left there because a person had edited it."""

    message_id: str
    edited: bool


@dataclass(frozen=True, slots=True)
class ReplyApproved:
    """A person said: send it."""


@dataclass(frozen=True, slots=True)
class SendIntended:
    """A sending attempt began; no byte of the body has left."""

    message_id: str


@dataclass(frozen=True, slots=True)
class BodyStarted:
    """The body is about to leave: from here on silence means unknown, not failed."""

    message_id: str


@dataclass(frozen=True, slots=True)
class ReplySent:
    """The server took the reply; its answer is the proof."""

    message_id: str
    code: int
    answer: str


@dataclass(frozen=True, slots=True)
class SendRefused:
    """The server said no, or could not be reached; nothing was accepted."""

    because: str
    permanent: bool
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class SendUnknown:
    """The body was begun and no final answer came."""

    because: str


@dataclass(frozen=True, slots=True)
class SendLookedUp:
    """The mailbox was searched for a copy of a reply whose fate is unknown."""

    found_in: str  # the folder, or "" when no copy was found
    look_again_at: datetime | None
    copies_prove: bool = (
        False  # every reply of late left a copy, so a missing one means that nothing went out
    )


@dataclass(frozen=True, slots=True)
class SentCopyFiled:
    """A copy of the sent reply stands in the Sent folder (put there by us or by the server)."""

    folder: str
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class CopySeen:
    """The blind copy of our reply came back into the mailbox: the server does deliver what it takes."""

    folder: str


@dataclass(frozen=True, slots=True)
class ReplyBounced:
    """A server sent the answer back: it did not reach Amazon, and the old clock runs on."""

    message_id: str
    recipient: str
    status: str
    because: str


@dataclass(frozen=True, slots=True)
class AnswerRefused:
    """Amazon wrote that it did not take the answer (a file too large, a mailbox nobody reads)."""

    message_id: str | None
    because: str


@dataclass(frozen=True, slots=True)
class ReceiptReceived:
    """Amazon wrote that it has an answer: ours, or one given in Seller Central."""

    message_id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class AnsweredElsewhere:
    """The seller answered without us: from the own mail program, or in Seller Central."""

    how: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class CaseHeld:
    """A person, or a doubt that only a person can settle, stopped the case."""

    because: str


@dataclass(frozen=True, slots=True)
class RefundTaskMade:
    """What the seller has to refund in Seller Central was worked out, to the cent."""

    task: RefundTask


@dataclass(frozen=True, slots=True)
class RefundLookedFor:
    """Mails and settlements were searched for the seller's refund, and it is not there yet."""


@dataclass(frozen=True, slots=True)
class RefundConfirmed:
    """The seller refunded the order in Seller Central."""

    reference: str


@dataclass(frozen=True, slots=True)
class StepPostponed:
    """A step failed for a passing reason; it is due again at `retry_at`."""

    step: str
    because: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A person was told something once."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CanarySent:
    """A mail to ourselves left, to prove the way in."""

    token: str


@dataclass(frozen=True, slots=True)
class CanarySeen:
    """The mail to ourselves came in."""

    token: str


@dataclass(frozen=True, slots=True)
class DataPurged:
    """Data was removed because it was kept long enough: what and how many, never what it said."""

    what: str
    count: int


Event = (
    CaseOpened
    | NoticeJoined
    | DecisionReceived
    | StoreRestored
    | LookedBack
    | EvidenceGathered
    | EvidenceChanged
    | Decided
    | Overruled
    | ReplyComposed
    | ReplyBlocked
    | DraftIntended
    | DraftPlaced
    | DraftRemoved
    | OldDraftSettled
    | ReplyApproved
    | SendIntended
    | BodyStarted
    | ReplySent
    | SendRefused
    | SendUnknown
    | SendLookedUp
    | SentCopyFiled
    | CopySeen
    | ReplyBounced
    | AnswerRefused
    | ReceiptReceived
    | AnsweredElsewhere
    | CaseHeld
    | RefundTaskMade
    | RefundLookedFor
    | RefundConfirmed
    | CanarySent
    | CanarySeen
    | DataPurged
    | DisputeLapsed
    | SettlementsRead
    | SettlementImported
    | MissedNoticeLookedFor
    | RelatedMailSeen
    | DebitWeighed
    | StepPostponed
    | AlertRaised
)

EVENT_TYPES: dict[str, type[Event]] = {event_type.__name__: event_type for event_type in Event.__args__}
