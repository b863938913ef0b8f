"""One IMAP connection and what can go wrong on it: every failure of the library or the wire becomes ours.

No command is decided here; `imap_login.py` makes a link, `imap.py` and `imap_idle.py` talk over it. No text that
leaves here holds a secret or a part of a mail: of what a server sent, only its own tagged answer and its BYE are
quoted.
"""

from __future__ import annotations

import imaplib
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import InvalidCriteriaError, ProtocolError

from inbox_bot.core.errors import InboxBotError, TemporaryError
from inbox_bot.core.text import one_line

GOODBYE_SECONDS: Final = 5.0

_TAGGED_ANSWER = re.compile(r"\A\w+ (?:failed|command error): (?:(?:NO|BAD) )?(.*)\Z", re.DOTALL)
_BYTES_LIST = re.compile(r"""\A\[?b(['"])(.*)\1\]?\Z""", re.DOTALL)

# The library writes command lines and search words at DEBUG; they name orders and people.
logging.getLogger("imapclient").setLevel(logging.WARNING)


class Refused(TemporaryError):
    """The server answered NO or BAD; the link is fine. `text` is its answer, cut and on one line."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text


class Unreadable(TemporaryError):
    """The server's answer breaks the protocol in a way that does not hurt the link."""


class Link:
    """A connection to one server, used by one thread at a time; broken once it failed, for good."""

    def __init__(self, client: IMAPClient, host: str, timeout_seconds: float) -> None:
        self._client = client
        self._host = host
        self._timeout_seconds = timeout_seconds
        self._busy = threading.Lock()
        self._broken = False
        self.has_moved = False  # whether the open folder has grown since it was opened
        self._owed: Callable[[], None] | None = None

    def owe(self, read_on: Callable[[], None] | None) -> None:
        """An answer is read bit by bit: whatever is said next, this reads it to its end first; None when it ended."""
        self._owed = read_on

    @contextmanager
    def talking(self, doing: str, patience_seconds: float | None = None) -> Iterator[IMAPClient]:
        """The library's client for one exchange with the server; raises Refused, Unreadable or TemporaryError.

        `doing` says in the error what was tried. `patience_seconds` replaces the usual wait for an answer.
        """
        self.check()
        if (owed := self._owed) is not None:
            self._owed = None
            owed()
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("two threads talk over one IMAP connection: give each its own")
        try:
            self._client.socket().settimeout(patience_seconds or self._timeout_seconds)
            yield self._client
        except InboxBotError:
            raise
        except Exception as error:
            raise self._ours(error, doing) from None
        except BaseException:
            self._broken = True  # stopped in the middle of an exchange
            raise
        finally:
            self._busy.release()

    def check(self) -> None:
        """Raise TemporaryError once the link has failed."""
        if self._broken:
            raise TemporaryError(f"the connection to {self._host} is gone: open a new one")

    def has(self, capability: str) -> bool:
        """Whether the server offers the extension."""
        with self.talking("asking for its capabilities") as client:
            return bool(client.has_capability(capability))

    def news(self) -> bool:
        """Whether the server spoke of new mail since the last call, inside whatever answer (asks nobody).

        Whoever opens a folder sets `has_moved` back.
        """
        spoke = bool(self._client._imap.untagged_responses.pop("EXISTS", None))
        self.has_moved |= spoke
        return spoke

    def close(self) -> None:
        """Say goodbye if the link still works, and let go of the socket in any case."""
        broken, self._broken = self._broken or self._owed is not None, True
        with suppress(Exception):
            if not broken:
                self._client.socket().settimeout(GOODBYE_SECONDS)
                self._client.logout()
        with suppress(Exception):
            self._client.shutdown()

    def _ours(self, error: Exception, doing: str) -> TemporaryError:
        if isinstance(error, InvalidCriteriaError):
            return Refused(f"{self._host} refused {doing}", "")
        if isinstance(error, ProtocolError | IndexError | TypeError | ValueError):
            return Unreadable(f"{self._host} gave an answer that cannot be read while {doing}")
        if type(error) is imaplib.IMAP4.error and (answer := _TAGGED_ANSWER.match(str(error))):
            text = server_text(answer[1])
            return Refused(f"{self._host} refused {doing}: {text}", text)
        self._broken = True
        return TemporaryError(f"{self._host}: {failure(error, self._client)} while {doing}")


def server_text(answer: object) -> str:
    """A server's own words, on one line and at most 200 characters."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    if listed := _BYTES_LIST.match(text):
        text = listed[2]
    return one_line(text)[:200]


def failure(error: Exception, client: IMAPClient | None = None) -> str:
    """What happened to the connection, in words that hold nothing of what went over it."""
    said = _goodbye(client)
    if said:
        return f"the server closed the connection: {said}"
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror}); check the host name and the network"
    if isinstance(error, ssl.SSLError):
        return f"the TLS connection failed ({error.reason or type(error).__name__})"
    if isinstance(error, OSError):
        return f"the connection failed ({error.strerror or type(error).__name__})"
    if isinstance(error, imaplib.IMAP4.abort) and "EOF" in str(error):
        return "the connection was closed"
    return f"the server does not speak IMAP as expected ({type(error).__name__})"


def _goodbye(client: IMAPClient | None) -> str:
    untagged: dict[str, list[Any]] = client._imap.untagged_responses if client is not None else {}
    return server_text(untagged["BYE"][-1]) if untagged.get("BYE") else ""
