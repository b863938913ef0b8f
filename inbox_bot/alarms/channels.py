"""Telling people: mail, Slack, Telegram, ntfy, webhooks and all else that apprise knows, one address a channel.

An address may hold a secret (a bot's token, a password): it never stands in a log, a message or an error.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.text import one_line

_log = logging.getLogger(__name__)


class Channels(Protocol):
    """Somebody who can tell people."""

    def tell(self, title: str, body: str) -> Told:
        """Tell everybody; never raises."""


@dataclass(frozen=True, slots=True)
class Told:
    """Which channels took a message and which did not, by their names."""

    took: tuple[str, ...]
    failed: tuple[str, ...]


class AppriseChannels:
    """`Channels` over apprise."""

    def __init__(self, urls: Sequence[str]) -> None:
        """One channel an address; raises UserError (the position, never the address) for one that apprise refuses."""
        self._channels: list[tuple[str, Any]] = []
        for position, url in enumerate(urls, 1):
            self._channels.append(_open(url, position))

    @property
    def names(self) -> tuple[str, ...]:
        """What kind of channel each is, with its position."""
        return tuple(name for name, _ in self._channels)

    def tell(self, title: str, body: str) -> Told:
        """As `Channels.tell`; each channel has a few seconds."""
        took = [name for name, channel in self._channels if _tells(channel, title, body)]
        failed = [name for name in self.names if name not in took]
        if failed:
            _log.error("alarm channel failed: %s", ", ".join(failed))
        return Told(tuple(took), tuple(failed))


def _open(url: str, position: int) -> tuple[str, Any]:
    import apprise

    logging.getLogger("apprise").disabled = True  # its lines hold addresses
    channel = apprise.Apprise.instantiate(url.strip(), suppress_exceptions=True)
    if channel is None:
        what = f"address {position} of the alarm channels is none that can be used"
        remedy = (
            "write one that apprise knows, such as ntfy://TOPIC, mailto://USER:PASSWORD@HOST or slack://..."
        )
        raise UserError(Problem(what, key="alarms.urls", remedy=remedy))
    return f"{one_line(str(channel.service_name or 'channel'))} ({position})", channel


def _tells(channel: Any, title: str, body: str) -> bool:
    try:
        return bool(channel.notify(body=body, title=title))
    except Exception:  # whatever a plugin raises, the other channels have to be told
        return False


class LogOnly:
    """`Channels` of somebody who set none up: the log is all there is."""

    names: tuple[str, ...] = ("log",)

    def tell(self, title: str, body: str) -> Told:
        """Taken: it stands in the log already."""
        return Told(("log",), ())
