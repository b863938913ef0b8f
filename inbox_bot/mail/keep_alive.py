"""Half-open connections: the kernel asks after a silent peer, so that a link that died without a word is noticed.

Every wait for a server has a timeout of its own; this covers the time in which nobody waits.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

IDLE_SECONDS: Final = 60
ASK_EVERY_SECONDS: Final = 15
ASK_TIMES: Final = 4
UNANSWERED_MILLISECONDS: Final = 120_000  # what we sent and nobody acknowledged

_OPTIONS: Final = (
    ("TCP_KEEPIDLE", IDLE_SECONDS),
    ("TCP_KEEPALIVE", IDLE_SECONDS),  # its name on macOS
    ("TCP_KEEPINTVL", ASK_EVERY_SECONDS),
    ("TCP_KEEPCNT", ASK_TIMES),
    ("TCP_USER_TIMEOUT", UNANSWERED_MILLISECONDS),
)


def keep_alive(link: socket.socket) -> None:
    """Let the kernel watch the connection, as far as this system can; never raises."""
    with suppress(OSError, AttributeError):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            with suppress(OSError, AttributeError):
                link.setsockopt(socket.IPPROTO_TCP, option, value)
