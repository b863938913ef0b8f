"""One child process that reads hostile mails, so that none of them can hang, bloat or crash the program.

The child gets raw bytes and gives back a `Mail`; it knows no secret, writes no file and is killed when it takes too
long. How a mail is read is the business of `mail/message.py`.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.model import Mail
from inbox_bot.mail.message import headers_only, read_mail

_LENGTH = struct.Struct("!Q")
_MEMORY_BYTES = 1024**3
_START_SECONDS = 60.0
_CHUNK_BYTES = 1024 * 1024
_MOST_FRAME_BYTES = 512 * 1024 * 1024
_MOST_MAILS = 500
_LARGE_BYTES = 5 * 1024 * 1024


class MailReader:
    """Reads mails in a child process that is started at the first mail and kept for the next ones.

    Safe for several threads; they take turns. `seconds` is the wall time one mail may take.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, raw: bytes) -> Mail:
        """The same `Mail` as `read_mail`; headers only, with a problem, when the child died or ran out of time.

        Raises TemporaryError when no child can be started, ValueError when the reader is or gets closed.
        """
        with self._turn:
            child = self._running_child()
            try:
                mail = child.read(raw, time.monotonic() + self._seconds)
                if child.is_worn():
                    self._child = None
                    child.kill()
                return mail
            except TimeoutError:
                what = f"reading took longer than {self._seconds:g} seconds: only the header was read"
            except (OSError, EOFError, ValueError):
                what = "the process that reads mails died of this one: only the header was read"
            child.kill()
            self._child = None
            if self._is_closed:
                raise ValueError("the mail reader was closed while it read a mail")
        return headers_only(raw, what)

    def _running_child(self) -> _Child:
        if self._child is not None and not self._child.is_alive():
            self._child.kill()
            self._child = None
        if self._is_closed:
            raise ValueError("the mail reader is closed")
        if self._child is None:
            child = self._child = _Child(self._seconds)
            try:
                if self._is_closed:  # by `close`, just before it could see this child
                    raise EOFError
                child.wait_until_ready(time.monotonic() + _START_SECONDS)
            except (OSError, EOFError, ValueError) as error:
                child.kill()
                self._child = None
                if self._is_closed:
                    raise ValueError("the mail reader was closed while it started") from None
                raise TemporaryError(
                    f"the process that reads mails cannot be started ({error or type(error).__name__}); "
                    f"try: {sys.executable} -P -m inbox_bot.mail.reader --check"
                ) from error
        return self._child

    def close(self) -> None:
        """End the child at once, also in the middle of a mail; more calls do nothing."""
        self._is_closed = True
        child = self._child  # not in turn: a thread may be waiting for the child, which this ends
        if child is not None:
            child.kill()
            self._child = None


class _Child:
    """The running process and the socket to it."""

    def __init__(self, seconds: float) -> None:
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).resolve().parents[2])
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, with a number
                [sys.executable, "-P", "-m", "inbox_bot.mail.reader", f"{seconds:g}"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": root, "PYTHONUTF8": "1"},
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the program, not for its child
            )
        except OSError as error:
            ours.close()
            raise TemporaryError(f"the process that reads mails cannot be started: {error}") from error
        finally:
            theirs.close()
        self._socket = ours
        self._mails = 0
        self._largest = 0

    def is_worn(self) -> bool:
        """Whether it has read so much that its memory may be in pieces, which the next mail would pay for."""
        return self._mails >= _MOST_MAILS or self._largest > _LARGE_BYTES

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, until: float) -> None:
        _receive(self._socket, until)

    def read(self, raw: bytes, until: float) -> Mail:
        import msgspec

        self._mails += 1
        self._largest = max(self._largest, len(raw))
        _send(self._socket, raw, until)
        return msgspec.msgpack.decode(_receive(self._socket, until), type=Mail)

    def kill(self) -> None:
        """End the process; `close` may run this in one thread while another one waits for the answer."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._socket.close()


def _seconds_left(until: float | None) -> float | None:
    if until is None:
        return None
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _send(peer: socket.socket, content: bytes, until: float | None) -> None:
    peer.settimeout(_seconds_left(until))
    peer.sendall(_LENGTH.pack(len(content)))
    peer.settimeout(_seconds_left(until))
    peer.sendall(content)


def _receive(peer: socket.socket, until: float | None) -> bytes:
    (length,) = _LENGTH.unpack(_receive_exactly(peer, _LENGTH.size, until))
    if length > _MOST_FRAME_BYTES:
        raise ValueError("a frame of impossible length")
    return _receive_exactly(peer, length, until)


def _receive_exactly(peer: socket.socket, length: int, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < length:
        peer.settimeout(_seconds_left(until))
        chunk = peer.recv(min(length - len(content), _CHUNK_BYTES))
        if not chunk:
            raise EOFError("the other side hung up")
        content += chunk
    return bytes(content)


# The child's side ----------------------------------------------------------------------------------------------


def _limit_resources() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(OSError, ValueError):  # a platform without this limit still has the wall time
            resource.setrlimit(kind, (most, most))


def _serve(peer: socket.socket, seconds: float) -> None:
    """Read mails until the parent hangs up; a mail that takes too long ends the process even when it has no parent."""
    import msgspec

    _send(peer, b"ready", None)
    while True:
        try:
            raw = _receive(peer, None)
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_REAL, seconds + 5)  # unhandled SIGALRM kills, also inside a C function
        _send(peer, msgspec.msgpack.encode(read_mail(raw)), None)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _main(arguments: list[str]) -> int:
    read_mail(
        b"From: a@mail.example\r\nContent-Type: text/html\r\n\r\n<p>x</p>"
    )  # imports what reading needs
    if arguments == ["--check"]:
        sys.stdout.write("the mail reader can be started\n")
        return 0
    _limit_resources()
    with socket.socket(fileno=os.dup(0)) as peer, suppress(OSError):
        _serve(peer, float(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
