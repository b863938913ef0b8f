"""An IMAP server on loopback that says exactly what a test tells it to, to the byte and to the moment.

It keeps no mail: each command is answered by the first entry of `answers` that its text begins with.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = bytes | Callable[["Conversation", bytes, str], None]

GREETING = b"* OK ready\r\n"
CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS"


class Conversation:
    """One connection, as the server sees it."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.reader = link.makefile("rb")

    def send(self, *pieces: bytes, pause_seconds: float = 0.0) -> None:
        """Send the pieces one by one, each in a packet of its own when there is a pause."""
        for piece in pieces:
            self.link.sendall(piece)
            time.sleep(pause_seconds)

    def ok(self, tag: bytes, *lines: bytes) -> None:
        """Send untagged lines (without their "* ") and the tagged OK in one packet."""
        self.link.sendall(b"".join(b"* " + line + b"\r\n" for line in lines) + tag + b" OK done\r\n")

    def read_line(self) -> bytes:
        """The client's next line, without its end."""
        return self.reader.readline().rstrip(b"\r\n")

    def reset(self) -> None:
        """Break the connection with RST."""
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._let_go()

    def close(self) -> None:
        """End the connection with FIN."""
        with suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)
        self._let_go()

    def _let_go(self) -> None:
        with suppress(OSError):
            self.reader.close()
        self.link.close()


class ScriptedServer:
    """Listens, records every command in `commands` (tag left out), and answers by `answers`."""

    def __init__(self, answers: dict[str, Answer], greeting: bytes, tls: ssl.SSLContext | None) -> None:
        self.answers = answers | {key: value for key, value in DEFAULTS.items() if key not in answers}
        self.greeting = greeting
        self.tls = tls
        self.commands: list[str] = []
        self.received = b""
        self.conversations: list[Conversation] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def count(self, word: str) -> int:
        """How many commands began with this word."""
        return sum(command.startswith(word) for command in self.commands)

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for conversation in self.conversations:
            conversation.close()
        for thread in self.threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._converse, args=(link,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _converse(self, link: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self.tls is not None:
                link = self.tls.wrap_socket(link, server_side=True)
            conversation = Conversation(link)
            self.conversations.append(conversation)
            conversation.send(self.greeting)
            while command := self._read_command(conversation):
                tag, _, text = command.partition(b" ")
                decoded = text.decode("utf-8", "backslashreplace")
                self.commands.append(decoded)
                self._answer(conversation, tag, decoded)
        with suppress(OSError):
            link.close()

    def _read_command(self, conversation: Conversation) -> bytes:
        line = conversation.reader.readline()
        self.received += line
        while literal := re.search(rb"\{(\d+)(\+?)\}\r\n\Z", line):
            if not literal[2]:
                conversation.send(b"+ go on\r\n")
            line += conversation.reader.read(int(literal[1])) + conversation.reader.readline()
        return line.rstrip(b"\r\n")

    def _answer(self, conversation: Conversation, tag: bytes, command: str) -> None:
        for prefix, answer in self.answers.items():
            if command.upper().startswith(prefix.upper()):
                if callable(answer):
                    answer(conversation, tag, command)
                else:
                    conversation.send(answer.replace(b"TAG", tag))
                return
        conversation.send(tag + b" BAD unknown command\r\n")


def idle(*pieces: bytes, pause_seconds: float = 0.0) -> Answer:
    """An IDLE that sends the pieces (the "+" is up to the test) and then ends properly on DONE."""

    def answer(conversation: Conversation, tag: bytes, _: str) -> None:
        conversation.send(*pieces, pause_seconds=pause_seconds)
        if conversation.read_line() == b"DONE":
            conversation.ok(tag)

    return answer


def examined(exists: int = 0, uidnext: int | None = 1, uidvalidity: int | None = 7) -> bytes:
    """The answer to EXAMINE."""
    lines = [b"* FLAGS (\\Seen)", b"* %d EXISTS" % exists, b"* 0 RECENT"]
    if uidvalidity is not None:
        lines.append(b"* OK [UIDVALIDITY %d] valid" % uidvalidity)
    if uidnext is not None:
        lines.append(b"* OK [UIDNEXT %d] next" % uidnext)
    return b"\r\n".join([*lines, b"TAG OK [READ-ONLY] done", b""])


def literal(content: bytes) -> bytes:
    """The bytes as an IMAP literal."""
    return b"{%d}\r\n" % len(content) + content


DEFAULTS: dict[str, Answer] = {
    "CAPABILITY": f"* CAPABILITY {CAPABILITIES}\r\nTAG OK done\r\n".encode(),
    "LOGIN": f"TAG OK [CAPABILITY {CAPABILITIES}] welcome\r\n".encode(),
    "ID": b'* ID ("name" "script")\r\nTAG OK done\r\n',
    "LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\nTAG OK done\r\n',
    "EXAMINE": examined(),
    "NOOP": b"TAG OK done\r\n",
    "IDLE": idle(b"+ idling\r\n"),
    "UID SEARCH": b"* SEARCH\r\nTAG OK done\r\n",
    "UID FETCH": b"TAG OK done\r\n",
    "LOGOUT": b"* BYE bye\r\nTAG OK done\r\n",
}


@contextmanager
def scripted(
    answers: dict[str, Answer] | None = None, *, greeting: bytes = GREETING, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """A scripted server on loopback; answers not given are those of a well-behaved, empty mailbox."""
    server = ScriptedServer(answers or {}, greeting, tls)
    try:
        yield server
    finally:
        server.stop()
