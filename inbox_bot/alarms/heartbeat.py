"""The heartbeat: an outside watcher hears that the work goes on, and tells a person when it no longer does."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

EVERY: Final = timedelta(minutes=1)
TIMEOUT_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Heartbeat:
    """One address that is asked for after successful work, at most once a minute."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._last_at: datetime | None = None

    def beat(self, now: datetime) -> datetime | None:
        """Ask for the address when it is time; returns the watcher's clock when it names it. Never raises."""
        if self._last_at is not None and now - self._last_at < EVERY:
            return None
        self._last_at = now
        try:
            answer = httpx.get(self._url, timeout=TIMEOUT_SECONDS, follow_redirects=False)
        except Exception as error:  # its text may hold the address, which is a secret
            _log.warning("the heartbeat was not heard: %s", type(error).__name__)
            return None
        if answer.status_code >= 400:
            _log.warning("the heartbeat was not heard: HTTP %d", answer.status_code)
        return clock_of(answer.headers.get("Date", ""))


def clock_of(date_header: str) -> datetime | None:
    """The instant in an HTTP Date, None for something else."""
    try:
        at = parsedate_to_datetime(date_header)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
