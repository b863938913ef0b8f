"""Mails that a program wrote by itself: vacation answers and receipts for reading. They answer nothing."""

from __future__ import annotations

from inbox_bot.core.mime import MARK_HEADER
from inbox_bot.core.model import Mail

_MARKS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder")
_PRECEDENCE = frozenset({"auto_reply", "bulk", "junk", "list"})


def is_automatic(mail: Mail) -> bool:
    """Whether a mail, by its headers alone, was written by a program other than this one (RFC 3834, RFC 8098).

    A letter of ours bears our own mark; it is an answer, whatever it says of how it came to be.
    """
    if mail.header_values(MARK_HEADER):
        return False
    submitted = [value.strip().lower() for value in mail.header_values("Auto-Submitted")]
    precedence = {value.strip().lower() for value in mail.header_values("Precedence")}
    kind = next(iter(mail.header_values("Content-Type")), "").strip().lower()
    return (
        any(not value.startswith("no") for value in submitted)
        or not _PRECEDENCE.isdisjoint(precedence)
        or any(mail.header_values(name) for name in _MARKS)
        or kind.startswith("multipart/report")
    )
