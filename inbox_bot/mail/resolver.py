"""Asking the DNS for a TXT record, within three seconds and not twice for the same name.

An answer is kept as long as it says, but at least five minutes and at most a day; a failure for one minute. A failure
is "unknown" and never an answer. What a record means is read in `mail/dkim.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.rdatatype
import dns.resolver

TIMEOUT_SECONDS = 3.0
LEAST_KEPT_SECONDS = 300.0
MOST_KEPT_SECONDS = 86_400.0
FAILURE_KEPT_SECONDS = 60.0
_MOST_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class TextRecord:
    """What the DNS says: the text of the record, None when there is none; `is_known` false: nobody answered."""

    text: bytes | None
    is_known: bool = True


NOBODY_ANSWERED = TextRecord(None, is_known=False)


class TextLookUp(Protocol):
    """Anything that finds the TXT record of a name."""

    def __call__(self, name: str) -> TextRecord:
        """The record of the name; nothing is raised."""


class Resolver:
    """The system's name servers, with a memory; safe to share between threads."""

    def __init__(
        self,
        ask: Callable[[str], tuple[bytes | None, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` gives text and lifetime in seconds of a name's record and raises DNSException; None: the real DNS."""
        self._ask = ask or _ask
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, TextRecord]] = {}

    def __call__(self, name: str) -> TextRecord:
        """As `TextLookUp`."""
        key = name.lower().rstrip(".")
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        try:
            text, seconds = self._ask(key)
            record = TextRecord(text)
            seconds = min(max(seconds, LEAST_KEPT_SECONDS), MOST_KEPT_SECONDS)
        except (dns.exception.DNSException, OSError):
            record, seconds = NOBODY_ANSWERED, FAILURE_KEPT_SECONDS
        with self._lock:
            if len(self._kept) >= _MOST_NAMES:
                self._kept.clear()
            self._kept[key] = (self._clock() + seconds, record)
        return record


def _ask(name: str) -> tuple[bytes | None, float]:
    """Text and lifetime of a name's TXT record; raises DNSException when no server gives an answer."""
    resolver = dns.resolver.Resolver()
    try:
        answer = resolver.resolve(
            name, dns.rdatatype.TXT, lifetime=TIMEOUT_SECONDS, search=False, raise_on_no_answer=False
        )
    except dns.resolver.NXDOMAIN:
        return None, LEAST_KEPT_SECONDS
    if answer.rrset is None:
        return None, LEAST_KEPT_SECONDS
    texts = [b"".join(record.strings) for record in answer.rrset]
    # A name may carry several records; the one that calls itself a key is meant.
    chosen = next((text for text in texts if text.replace(b" ", b"").startswith(b"v=DKIM1")), texts[0])
    return chosen, float(answer.rrset.ttl)
