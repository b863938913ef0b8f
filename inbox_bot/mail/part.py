"""The parts of a mail as the standard library's compat32 parser splits them: media type, parameters, decoded bytes.

Which part is text and which a file is decided in `mail/message.py`.
"""

from __future__ import annotations

import email.parser
import email.policy
from contextlib import suppress
from email.message import Message
from typing import Any, cast

from inbox_bot.core.text import one_line
from inbox_bot.mail import bounds
from inbox_bot.mail.charset import decode_bytes
from inbox_bot.mail.header_words import decode_header
from inbox_bot.mail.transfer import decode_base64, is_plain_words


class _RawFields(email.policy.Compat32):
    """compat32 that hands out header values as they stand, raw bytes as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


class Part(Message):
    """A part; a mail inside the mail stays raw bytes, so that it never counts as the outer mail's parts."""

    def get_content_type(self) -> str:
        """The media type as the parser shall see it."""
        media_type = self.media_type()
        return "application/octet-stream" if media_type.startswith("message/") else media_type

    def media_type(self) -> str:
        """The media type as the mail names it, lower case, `text/plain` where it is none."""
        return decode_header(super().get_content_type())

    def get_boundary(self, failobj: Any = None) -> Any:
        """The separator of the parts, None where its RFC 2231 charset is nonsense (the parser would raise)."""
        with suppress(Exception):
            return super().get_boundary(failobj)
        return failobj

    def parameter(self, header: str, name: str) -> str:
        """A parameter of a MIME field as one line of text, "" when there is none."""
        try:
            value = self.get_param(name, "", header)
        except Exception:
            return ""
        if isinstance(value, tuple):
            label, _, text = value
            return one_line(decode_bytes(text.encode("latin-1", "replace"), label or "utf-8")[0])
        return decode_header(value or "")

    def content(self) -> bytes:
        """The decoded bytes."""
        encoding = str(self.get("content-transfer-encoding", "")).strip(" \t\r\n;\"'").lower()
        with suppress(Exception):
            if encoding == "base64":
                encoded = str(self.get_payload()).encode("utf-8", "surrogateescape")
                return encoded if is_plain_words(encoded) else decode_base64(encoded)
            payload = self.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
        return b""


def parse_parts(mail: bounds.RawMail) -> Part:
    """The tree of parts below a top that has only its MIME fields, each the first of its name."""
    fields: dict[bytes, bytes] = {}
    for name, value in mail.fields:
        if name.lower().startswith(b"content-"):
            fields.setdefault(name.lower(), value.replace(b"\n", b"")[:4_096])
    head = b"".join(name + b": " + value + b"\r\n" for name, value in fields.items())
    parser = email.parser.BytesParser(Part, policy=_RawFields())
    return cast(Part, parser.parsebytes(head + b"\r\n" + mail.body))
