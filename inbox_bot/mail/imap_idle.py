"""IDLE as a doorbell: it tells that something moved, never what; whoever waits examines the folder again.

The library's own IDLE calls are not used: they poll the bare socket while news may lie in imaplib's buffer, take
half a line for silence, and answer "nothing" at once when the link is dead. Here nothing is read until bytes are
there, and then DONE is sent and everything is read with a timeout, as the answer to any command.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from contextlib import suppress
from typing import Any, Final

from inbox_bot.mail.imap_link import Link, Refused

ROUND_SECONDS: Final = 60.0
"""The longest single IDLE: a dead link and a lost push cost at most this."""

NOOP_SECONDS: Final = 120.0
"""How often a server without IDLE is asked; some cut off who asks more often."""

HASTE_SECONDS: Final = 10.0
"""How long an interrupted wait lets the server take to end its IDLE."""


class Doorbell:
    """Waits for news on a link, and can be interrupted from another thread."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wake_end, self._ring_end = socket.socketpair()
        self._wake_end.setblocking(False)
        self._ring_end.setblocking(False)
        self._idle_refused = False

    def wait(self, seconds: float) -> bool:
        """True when the server spoke of new mail; False when the time passed or somebody interrupted."""
        until = time.monotonic() + seconds
        while not self._link.news():
            remaining = until - time.monotonic()
            if remaining <= 0 or self._woken():
                return False
            if not self._idle_refused and self._link.has("IDLE"):
                self._idle(min(remaining, ROUND_SECONDS))
            else:
                self._doze(min(remaining, NOOP_SECONDS))
        return True

    def interrupt(self) -> None:
        """Wake the wait that runs, or the next one; from any thread."""
        with suppress(OSError):  # a full pipe wakes as well; a closed one has nobody to wake
            self._ring_end.send(b"!")

    def close(self) -> None:
        """Let go of the wake-up pipe."""
        self._wake_end.close()
        self._ring_end.close()

    def _woken(self) -> bool:
        with suppress(BlockingIOError):
            return bool(self._wake_end.recv(4096))
        return False

    def _idle(self, seconds: float) -> None:
        with self._link.talking("waiting for mail") as client:
            imap = client._imap
            # Not every server tells inside IDLE what had come before it.
            imap.noop()
            if "EXISTS" in imap.untagged_responses:
                return
            tag = imap._command("IDLE")
            while imap._get_response() is not None:
                if imap.tagged_commands.get(tag):
                    del imap.tagged_commands[tag]
                    self._idle_refused = True
                    return
            if "EXISTS" not in imap.untagged_responses and self._listen(imap, seconds):
                imap.sock.settimeout(min(HASTE_SECONDS, imap.sock.gettimeout()))
            imap.send(b"DONE\r\n")
            imap._command_complete("IDLE", tag)

    def _doze(self, seconds: float) -> None:
        with self._link.talking("asking for news") as client:
            if self._listen(client._imap, seconds):
                return
            answer, words = client._imap.noop()
        if answer != "OK":
            raise Refused("the server refused to tell the news", str(words[-1:]))

    def _listen(self, imap: Any, seconds: float) -> bool:
        """Return as soon as the server says anything, or after the time; True when somebody interrupted."""
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(imap.sock, selectors.EVENT_READ)
            selector.register(self._wake_end, selectors.EVENT_READ)
            while not _buffered(imap) and (remaining := until - time.monotonic()) > 0:
                ready = [key.fileobj for key, _ in selector.select(remaining)]
                if self._wake_end in ready:
                    # The byte stays in the pipe for `wait` to find.
                    return True
                if ready and not isinstance(imap.sock, ssl.SSLSocket):
                    return False
        return False


def _buffered(imap: Any) -> bool:
    """Whether bytes (or the end of the connection) wait where select() cannot see them.

    They may lie in imaplib's reader, when they came in the same packet as the line before, or decrypted inside
    the TLS layer. A TLS record without data, such as a session ticket, is no news.
    """
    if getattr(imap, "_readbuf", None):  # imaplib's own buffer from Python 3.14 on
        return True
    peek = getattr(imap.file, "peek", None)
    if peek is None:
        return isinstance(imap.sock, ssl.SSLSocket) and imap.sock.pending() > 0
    timeout = imap.sock.gettimeout()
    imap.sock.settimeout(0)
    try:
        return bool(peek(1)) or isinstance(imap.sock, ssl.SSLSocket)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return False
    except OSError:
        return True  # dead: what is read next will tell
    finally:
        imap.sock.settimeout(timeout)
