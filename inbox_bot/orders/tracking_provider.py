"""What a tracking service is asked and what it answers, and the pace at which it may be asked.

The one service there is stands in `track17.py`; who asks, and what is kept of the answers, in `carrier_source.py`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from inbox_bot.core.errors import Problem
from inbox_bot.core.record import Shipment


@dataclass(frozen=True, slots=True)
class TrackingQuery:
    """One parcel to ask about; `carrier_code` is the service's own number of the carrier, 0: it has to find out."""

    order_id: str
    tracking_id: str
    carrier_code: int = 0


@dataclass(frozen=True, slots=True)
class TrackingAnswer:
    """What a service says of one parcel.

    `shipment` None: it knows nothing, and `problem` says why. `raw_json` is the service's answer about this parcel
    alone, as the shipment was read from it; its SHA-256 is what an exhibit names.
    """

    tracking_id: str
    shipment: Shipment | None
    raw_json: bytes = b""
    problem: Problem | None = None


class TrackingProvider(Protocol):
    """A service that knows the scans of many carriers."""

    name: str

    def track(self, ids: Sequence[TrackingQuery]) -> tuple[TrackingAnswer, ...]:
        """One answer for each query, in their order.

        Raises TemporaryError when the service cannot be asked now or has to look first, and UserError when the
        configuration has to be changed.
        """


class Clock(Protocol):
    """The time that passes, and waiting for it; a test brings its own."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """As `Clock.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`."""
        time.sleep(seconds)


class Pace:
    """At most `most` requests in any `seconds`, whoever makes them: one pace is shared by all accounts of a key."""

    def __init__(self, clock: Clock, most: int, seconds: float = 1.0) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._begun: deque[float] = deque()
        self._lock = Lock()

    def wait(self) -> None:
        """Return when the next request may begin."""
        while (pause := self._take_turn()) > 0:
            self._clock.sleep(pause)

    def _take_turn(self) -> float:
        """Take the turn and return 0, or how long to wait before there may be one."""
        with self._lock:
            now = self._clock.monotonic()
            while self._begun and now - self._begun[0] >= self._seconds:
                self._begun.popleft()
            if len(self._begun) < self._most:
                self._begun.append(now)
                return 0.0
            return self._begun[0] + self._seconds - now
