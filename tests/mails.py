"""Small builders of raw mails for tests: bytes exactly as wanted, however broken."""

from __future__ import annotations

import base64

HEAD = (
    b"From: Notices <notices@mail.example>\r\n"
    b"To: seller@shop.example\r\n"
    b"Subject: About an order\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    b"Message-ID: <one@mail.example>\r\n"
    b"MIME-Version: 1.0\r\n"
)


def mail(*fields: bytes, body: bytes = b"Hello.\r\n", head: bytes = HEAD) -> bytes:
    """The usual header, these fields before it (the first of a name wins), a blank line and the body."""
    return b"".join(field + b"\r\n" for field in fields) + head + b"\r\n" + body


def text_mail(content: bytes, charset: str | None, encoding: str = "8bit", subtype: str = "plain") -> bytes:
    """A mail of one text part whose bytes and label need not agree."""
    label = f"; charset={charset}" if charset is not None else ""
    if encoding == "base64":
        content = base64.encodebytes(content)
    return mail(
        f"Content-Type: text/{subtype}{label}".encode(),
        f"Content-Transfer-Encoding: {encoding}".encode(),
        body=content,
    )


def part(media_type: str, content: bytes, *fields: str, encoding: str = "8bit") -> bytes:
    """One part of a multipart mail, without its separators."""
    head = "".join(f"{field}\r\n" for field in (f"Content-Type: {media_type}", *fields))
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return f"{head}Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "edge") -> bytes:
    """A multipart as a part of its own, ready to be nested."""
    edge = f"--{boundary}".encode()
    body = b"".join(edge + b"\r\n" + piece + b"\r\n" for piece in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body + edge + b"--\r\n"


def multipart_mail(*parts: bytes, kind: str = "mixed") -> bytes:
    """A whole mail of these parts."""
    return HEAD + multipart(*parts, kind=kind)
