"""What can happen to an answer in shadow mode; part of the events of a case (`events.py`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WouldHaveSent:
    """In mode auto the rules would have sent the reply, had its reason been live; it waits for a person instead."""

    rule: str
    message_id: str
    reply_sha256: str


@dataclass(frozen=True, slots=True)
class ShadowCompared:
    """The answer that a person sent was held against the one that the rules would have sent."""

    unchanged: bool
