"""Unknown wording: a notice that was only known by its sender, or of which too little could be read. Pure.

Amazon changes its wording without telling anybody. A mail that no longer fits is still a case with a clock; this says
what was read and what was not, so that somebody teaches the rules the new words.
"""

from __future__ import annotations

from collections.abc import Iterator

from inbox_bot.core.model import Kind, Notice, Reason
from inbox_bot.core.recognise import Recognition

UNKNOWN_WORDING = "unknown wording"


def drift_of(recognition: Recognition, notice: Notice) -> str:
    """What a person is told of a mail whose wording the rules do not know; empty when they do."""
    missing = tuple(_not_read(recognition, notice))
    if not missing:
        return ""
    read = ", ".join(_read(notice)) or "nothing"
    sender = notice.sender.email if notice.sender else "a chargeback sender"
    return (
        f"a mail from {sender} did not match the known wording; read: {read}; not read: {', '.join(missing)}"
    )


def _not_read(recognition: Recognition, notice: Notice) -> Iterator[str]:
    if recognition.by_sender_only:
        yield "what kind of mail it is"
    if notice.order_id is None:
        yield "the order number"
    if notice.kind is Kind.DECISION and notice.outcome is None:
        yield "how it was decided"
    if notice.language is None:
        yield "its language"
    if recognition.by_sender_only and notice.amount is None:
        yield "the amount"
    if recognition.by_sender_only and notice.kind is Kind.CLAIM and notice.reason is Reason.UNKNOWN:
        yield "the reason"


def _read(notice: Notice) -> Iterator[str]:
    yield f"kind {notice.kind.value.replace('_', ' ')}"
    if notice.language:
        yield f"language {notice.language}"
    if notice.order_id:
        yield f"order {notice.order_id}"
    if notice.amount:
        yield f"amount {notice.amount}"
    if notice.reason is not Reason.UNKNOWN:
        yield f"reason {notice.reason.value.replace('_', ' ')}"
    if notice.outcome is not None:
        yield f"outcome {notice.outcome.value.replace('_', ' ')}"
