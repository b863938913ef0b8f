"""The floor: IMAP over a bare socket, as little as can be done by hand for one server that answers as expected.

It has no error handling and believes every answer; it only shows what the wire and the server cost.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from email.header import decode_header, make_header

FIELDS = "FROM SUBJECT MESSAGE-ID"
_ITEM = re.compile(
    rb'\* \d+ FETCH \(UID (\d+) RFC822.SIZE (\d+) INTERNALDATE "([^"]*)" BODY\[[^]]*\] \{(\d+)\}\r\n'
)
_BODY = re.compile(rb"\* \d+ FETCH \(UID (\d+) BODY\[\] \{(\d+)\}\r\n")
_SUBJECT = re.compile(rb"(?im)^subject:[ \t]*((?:[^\r\n]|\r\n[ \t])*)")
_FROM = re.compile(rb"(?im)^from:.*(?:cb-seller-|chargeback|disput)")
_WORDS = re.compile("chargeback|rückbuchung|rétrofacturation|チャージバック|拒付", re.IGNORECASE)


class RawImap:
    """One connection, logged in."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self.link = socket.create_connection((host, port))
        self.received = bytearray(262_144)
        self.rest = b""
        self.number = 0
        self.line()
        self.ask(f'LOGIN "{user}" "{secret}"')

    def close(self) -> None:
        self.link.close()

    def more(self) -> None:
        content = self.link.recv(262_144)
        if not content:
            raise EOFError
        self.rest += content

    def line(self) -> bytes:
        while b"\r\n" not in self.rest:
            self.more()
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def send(self, command: str) -> bytes:
        self.number += 1
        self.link.sendall(f"r{self.number} {command}\r\n".encode())
        return f"r{self.number} ".encode()

    def ask(self, command: str) -> list[bytes]:
        """All lines of an answer without literals."""
        tag, lines = self.send(command), [b""]
        while not lines[-1].startswith(tag):
            lines.append(self.line())
        return lines[1:]

    def literals(self, command: str, item: re.Pattern[bytes]) -> Iterator[tuple[re.Match[bytes], bytes]]:
        """Every untagged item of an answer with the literal that ends it."""
        tag, buffer, at = self.send(command), self.rest, 0
        while True:
            found = item.match(buffer, at)
            if found is not None:
                end = found.end() + int(found[found.lastindex or 1])
                if len(buffer) >= end + 3:
                    yield found, buffer[found.end() : end]
                    at = end + 3
                    continue
            elif buffer.startswith(tag, at) and b"\r\n" in buffer[at:]:
                self.rest = b""
                return
            pieces, missing = [buffer[at:]], (end + 3 - len(buffer)) if found else 1
            while missing > 0:
                pieces.append(self.link.recv(262_144))
                missing -= len(pieces[-1])
            buffer, at = b"".join(pieces), 0

    def scan(self) -> int:
        """The headers of all mails, and the bodies of those that speak of a chargeback; returns their number."""
        self.ask('EXAMINE "INBOX"')
        items = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS ({FIELDS})])"
        hits = [
            int(found[1])
            for found, header in self.literals(f"UID FETCH 1:* {items}", _ITEM)
            if _speaks(header)
        ]
        wanted = ",".join(map(str, hits))
        return sum(1 for _ in self.literals(f"UID FETCH {wanted} (BODY.PEEK[])", _BODY)) if hits else 0

    def download(self) -> int:
        """The bodies of all mails, thrown away; returns their bytes."""
        self.ask('EXAMINE "INBOX"')
        return sum(len(body) for _, body in self.literals("UID FETCH 1:* (BODY.PEEK[])", _BODY))


def _speaks(header: bytes) -> bool:
    if _FROM.search(header):
        return True
    found = _SUBJECT.search(header)
    if found is None:
        return False
    subject = found[1].decode("utf-8", "replace")
    if "=?" in subject:
        subject = str(make_header(decode_header(subject.replace("\r\n", ""))))
    return bool(_WORDS.search(subject))
