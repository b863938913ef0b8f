"""The canary: once a day a mail to oneself proves the whole way in, from the SMTP server to this program's own eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

MARK_HEADER = "X-Inbox-Bot-Id"
MARK = "canary-"
EVERY = timedelta(hours=24)
COMES_WITHIN = timedelta(hours=3)
TRY_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CanaryState:
    """The last canary that left, and the last that was seen."""

    token: str = ""
    sent_at: datetime | None = None
    seen_token: str = ""
    tried_at: datetime | None = None


def wants_to_fly(state: CanaryState, now: datetime) -> bool:
    """Whether a canary has to leave now."""
    if state.tried_at is not None and now - state.tried_at < TRY_AGAIN:
        return False
    return state.sent_at is None or now - state.sent_at >= EVERY


def is_missing(state: CanaryState, now: datetime) -> bool:
    """Whether the last canary should have come in by now and has not."""
    return (
        state.sent_at is not None and state.seen_token != state.token and now - state.sent_at > COMES_WITHIN
    )


def canary_mail(address: str, token: str, at: datetime) -> bytes:
    """The mail to oneself; the address was checked when the configuration was read."""
    domain = address.rpartition("@")[2]
    lines = (
        f"Date: {format_datetime(at)}",
        f"From: {address}",
        f"To: {address}",
        "Subject: inbox_bot: the way in works",
        f"Message-ID: <{MARK}{token}@{domain}>",
        f"{MARK_HEADER}: {MARK}{token}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "inbox_bot writes to itself once a day, to see that mail still comes in. You can delete this,",
        "or let a filter move it to another watched folder.",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def token_of(mark: str) -> str:
    """The token in a mail's mark, empty for another mark."""
    mark = mark.strip()
    return mark[len(MARK) :] if mark.startswith(MARK) else ""
