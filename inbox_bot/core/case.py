"""A case: one dispute from its first notice to its end. How events change it stands in `core/evolution.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inbox_bot.core.assessment import Assessment
from inbox_bot.core.ending import Settled
from inbox_bot.core.errors import Problem
from inbox_bot.core.model import Deadline, Decision, Notice, Outcome, Reason, Verdict
from inbox_bot.core.record import Evidence
from inbox_bot.core.refund import RefundTask


class Status(StrEnum):
    """Where a case stands, as a seller would say it."""

    OPEN = "open"  # read, nothing decided yet
    REVIEW = "review"  # a person has to look
    REFUND = "refund"  # the seller has to refund in Seller Central
    READY = "ready"  # a reply is composed and on its way
    DRAFTED = "drafted"  # the reply stands in Drafts; the seller sends it
    SENDING = "sending"
    UNKNOWN = "unknown"  # a server may or may not have taken the reply
    ANSWERED = "answered"
    HELD = "held"
    CLOSED = "closed"


class SendState(StrEnum):
    """How far a sending attempt got."""

    NONE = "none"
    INTENDED = "intended"
    BODY = "body"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class ComposedReply:
    """The fixed reply of a case; its bytes are the store's file `sha256`."""

    revision: int
    message_id: str
    sha256: str
    sender: str
    recipient: str
    subject: str
    attachment_names: tuple[str, ...]
    composed_at: datetime


class LookBack(StrEnum):
    """Whether the mailbox was searched for an answer from before this store knew of the notice."""

    NO_NEED = "no_need"
    DUE = "due"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RelatedMail:
    """A mail about the same order that is no part of the dispute: an A-to-z claim, for example."""

    what: str
    mail_sha256: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the planner needs to say what comes next."""

    case_id: str
    account: str
    opened_at: datetime
    notice: Notice
    deadline: Deadline | None
    trusted: bool
    thread_ids: tuple[str, ...] = ()
    mail_sha256s: tuple[str, ...] = ()
    order_id: str | None = None
    reason: Reason = Reason.UNKNOWN
    dossier_sha256: str | None = None
    evidence: tuple[Evidence, ...] = ()
    assessment: Assessment | None = None
    problems: tuple[Problem, ...] = ()
    in_folder: str = ""
    order_known: bool = True  # false: only the notice itself speaks of the order
    decision: Decision | None = None
    overruled: bool = False
    revisions: int = 0
    reply: ComposedReply | None = None
    blocked_because: str = ""
    blocked_letter_sha256: str = ""
    draft_state: str = ""  # "", "intended" or "placed"
    old_drafts: tuple[ComposedReply, ...] = ()  # placed once, replaced by a newer answer
    approved: bool = False
    send_state: SendState = SendState.NONE
    bodies_started: int = 0
    body_at: datetime | None = None
    look_ups: int = 0
    proof: str = ""
    sent_copy: str = ""
    answered_at: datetime | None = None
    answered_how: str = ""
    answer_id: str = ""  # the Message-ID of the answer that went out, ours or the seller's own
    receipt: str = ""  # Amazon's words that it has the answer
    copy_seen: bool = False  # a copy of our reply came back into the mailbox
    copies_prove: bool = False  # on this account every reply of late left a copy
    replies_sent: int = 0  # by us, over the whole life of the case
    held_because: str = ""
    refund_task: RefundTask | None = None
    refund_asked_at: datetime | None = None
    refund_looked_at: datetime | None = None
    refund_confirmed: bool = False
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    alerts: tuple[str, ...] = ()
    look_back: LookBack = LookBack.NO_NEED
    lapsed_at: datetime | None = None  # nobody wrote for as long as Amazon says that it takes
    settled: Settled | None = None
    missed_notice_looked_for: bool = False
    related: tuple[RelatedMail, ...] = ()
    told_at: datetime | None = None  # when the last answer went out, also one before the present question
    told_evidence: tuple[str, ...] = ()  # what the answers so far held, by `Evidence.statement`
    decision_mail: Notice | None = None  # Amazon's word on how it ended
    weighed: str = ""  # the SHA-256 of the decision mail against which the record was held

    @property
    def verdict(self) -> Verdict | None:
        """What was decided, by rule or by a person; None before that."""
        return self.decision.verdict if self.decision else None

    @property
    def status(self) -> Status:
        """Where the case stands; derived, never stored by hand."""
        if self.closed_at is not None:
            return Status.CLOSED
        if self.answered_at is not None:
            return Status.ANSWERED
        if self.send_state in (SendState.BODY, SendState.UNKNOWN):
            return Status.UNKNOWN
        if self.held_because:
            return Status.HELD
        return self._working_status()

    def _working_status(self) -> Status:
        if self.decision is None:
            return Status.OPEN
        if self.verdict is Verdict.REVIEW or self.blocked_because:
            return Status.REVIEW
        if self.send_state in (SendState.INTENDED, SendState.REFUSED):
            return Status.SENDING
        if self.verdict is Verdict.REFUND and not self.refund_confirmed:
            return Status.REFUND
        if self.draft_state == "placed":
            return Status.DRAFTED
        return Status.READY
