"""The nouns of the trade: frozen values that every other module speaks in.

Nothing here reads a mail, a file or a clock. A naive datetime is a bug and is refused by `aware`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from inbox_bot.core.errors import Problem


def aware(moment: datetime) -> datetime:
    """The same instant in UTC; raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: every instant must carry its offset")
    return moment.astimezone(UTC)


class Kind(StrEnum):
    """What a mail was taken for."""

    CLAIM = "claim"
    INFORMATION_REQUEST = "information_request"
    DECISION = "decision"
    OTHER = "other"


class Reason(StrEnum):
    """Why the buyer disputes the charge."""

    NOT_RECEIVED = "not_received"
    UNAUTHORIZED = "unauthorized"
    NOT_AS_DESCRIBED = "not_as_described"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Ask(StrEnum):
    """One thing a notice asks the seller for."""

    PROOF_OF_DELIVERY = "proof_of_delivery"
    SIGNATURE = "signature"
    SHIP_DATE = "ship_date"
    SHIPPING_METHOD = "shipping_method"
    TRACKING = "tracking"
    ITEM_INFORMATION = "item_information"
    CORRESPONDENCE = "correspondence"
    REFUND_PROOF = "refund_proof"
    RETURN_STATUS = "return_status"
    CANCELLATION = "cancellation"
    ORDER_DETAILS = "order_details"
    INVOICE = "invoice"


class Outcome(StrEnum):
    """How a decision mail ends a dispute."""

    DEBITED = "debited"
    IN_FAVOUR = "in_favour"


class Verdict(StrEnum):
    """What is to be done with a case."""

    REPRESENT = "represent"
    REFUND = "refund"
    REVIEW = "review"


class Mode(StrEnum):
    """Who sends a reply: the seller from Drafts, the bot after a person approved, or the bot by rule."""

    DRAFT = "draft"
    APPROVE = "approve"
    AUTO = "auto"


class LastCall(StrEnum):
    """What happens at `send_by` to a representment nobody has sent or stopped."""

    NEVER = "never"
    COMPLETE = "complete"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of a mail header: the display name as written and the address in lower case."""

    name: str
    email: str

    @property
    def domain(self) -> str:
        """The part behind the last @, lower case, without a trailing dot; empty when there is none."""
        return self.email.rpartition("@")[2].rstrip(".")


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as read, decoded and bounded; a stranger wrote every byte of it.

    `text` is the outer mail's plain text ("" when it has none), `html_text` its HTML turned into text, one
    table row or block a line. `headers` are all top-level fields in order, decoded and unfolded, without
    control characters. `message_id`, `in_reply_to` and `references` hold only well-formed ids (`<...@...>`).
    `forwarded` are attached `message/rfc822` mails; their text is never part of `text`. `received_at` is the
    topmost Received stamp. `problems` says what had to be repaired or was left out.
    """

    sha256: str
    size_bytes: int
    message_id: str | None
    subject: str
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    date_at: datetime | None
    received_at: datetime | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    text: str
    html_text: str
    attached: tuple[AttachedFile, ...] = ()
    forwarded: tuple[Mail, ...] = ()
    problems: tuple[Problem, ...] = ()

    def header_values(self, name: str) -> tuple[str, ...]:
        """All values of the header field, topmost first; field names are compared without case."""
        wanted = name.lower()
        return tuple(value for field_name, value in self.headers if field_name.lower() == wanted)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a parcel was to go, or went; parts that are not known are empty."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


NOWHERE = Destination()


@dataclass(frozen=True, slots=True)
class Notice:
    """A read mail of kind claim, information_request or decision; None or empty means: the mail does not say.

    `message_id`, `references` and `subject` are those of Amazon's mail, also inside a forward. `reply_to` is the
    allow-listed Amazon address an answer goes to. `recipient` is the seller's address that got the notice.
    `asks` stand in the notice's order. `stated_days` and `stated_on` are the time frame printed in the mail.
    `form_only` is true when the notice says not to reply once the online form was used.
    """

    kind: Kind
    mail_sha256: str
    message_id: str | None
    references: tuple[str, ...]
    subject: str
    sender: Address | None
    reply_to: str | None
    recipient: str | None
    language: str | None
    dated_at: datetime | None
    received_at: datetime
    order_id: str | None
    order_ids: tuple[str, ...]
    reason: Reason
    reason_words: str
    amount: Money | None
    items: tuple[str, ...]
    destination: Destination
    asks: tuple[Ask, ...]
    outcome: Outcome | None
    stated_days: int | None
    stated_on: date | None
    form_only: bool
    forwarded_as: str  # "", "inline" or "attachment"
    trusted: bool
    trust_reason: str
    problems: tuple[Problem, ...] = ()
    buyer_mark: str = ""  # alike for two notices about one household; too short to tell which


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is due, and when it has to be sent to be safe.

    `due_by` is None when the mail states no time frame and none may be assumed; `send_by` then is the moment by
    which a person must have looked. `because` names the reading that was the earliest.
    """

    due_by: datetime | None
    send_by: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule table said: the rule that won, its reason in plain words, and how it got there.

    `hits` are the conditions of the winning rule, `misses` the first condition that failed in each rule before
    it ("rule name: condition"), `missing` what the reason needs and nobody has on record.
    """

    verdict: Verdict
    rule: str
    because: str
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes out with a reply."""

    name: str
    media_type: str
    content: bytes
    title: str


@dataclass(frozen=True, slots=True)
class Representment:
    """The answer before it is a mail: who writes to whom, in which thread, saying what, with what attached."""

    case_id: str
    kind: str  # "representment", "refund_notice" or "information"
    language: str
    sender: Address
    recipient: str
    subject: str
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A composed reply whose Message-ID and bytes are fixed (CRLF, ready for the wire)."""

    case_id: str
    revision: int
    message_id: str
    sender: str
    recipient: str
    subject: str
    sha256: str
    raw_bytes: bytes
    attachment_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How one account wants its cases handled."""

    account: str
    address: str
    aliases: tuple[str, ...] = ()
    display_name: str = ""
    signature: str = ""
    mode: Mode = Mode.DRAFT
    last_call: LastCall = LastCall.COMPLETE
    reply_language: str = "notice"  # "notice" or a language code
    margin_hours: int = 24
    authserv_id: str = ""
    check_dkim: bool = True  # check signatures on this machine too
    trusted_forwarders: tuple[str, ...] = ()  # domains whose ARC seals are believed
    trust: str = "authenticated"  # "authenticated" or, in replay and tests only, "all"
    max_attachments: int = 5
    max_attachment_bytes: int = 3_000_000  # all files together, before base64
    max_pages: int = 19  # of the exhibit book
    attach_originals: bool = False  # the buyer's mails as they came, unredacted
    refund_caps_per_case: tuple[Money, ...] = ()  # a refund above it goes to a person; one amount a currency
    refund_caps_per_day: tuple[Money, ...] = ()
    most_sends_per_day: int = 40  # of what rules send; a person's approval is not counted against it
    presume_won_days: int = 90  # without a word from Amazon after the answer
    mark_automatic: bool = False  # write Auto-Submitted into replies that rules send
