"""A first look at a header block, quick because every mail of a mailbox gets one.

Blocks in the usual form are read here field by field, only those that tell whether the mail can matter; all others
are read by `mail/message.read_headers`. Both ways say the same of every block. What can matter is decided in `core/`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from inbox_bot.core.model import Address, Mail
from inbox_bot.core.sieve import Glance
from inbox_bot.mail.header_words import decode_header
from inbox_bot.mail.message import read_headers

_MOST_REFERENCES = 20
_LONGEST = 1_500  # below the length of a run of blanks that would be shortened
_BLOCK = re.compile(rb"(?:[!-9;-~]{1,60}:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+(?:\r\n)?")
_FIELD = re.compile(rb"^([!-9;-~]{1,60}):[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.MULTILINE)
_ADDRESS = r"[a-z0-9]+(?:[._-][a-z0-9]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*"
_PLAIN_SENDER = re.compile(rf"(?:([A-Za-z][A-Za-z0-9]*(?: [A-Za-z0-9]+)*) )?<({_ADDRESS})>|({_ADDRESS})")
_MESSAGE_ID = re.compile(rb"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_ID_FIELDS = (b"message-id", b"in-reply-to", b"references")
_FOLD = re.compile(rb"\n[ \t]+")


def glance(header_bytes: bytes, *, with_ids: bool = True) -> Glance:
    """What the header block says at first sight; never raises.

    Without ids the mail's own and those of its kin may be left out: where no case is kept, none can belong to one.
    """
    fields = _fields(header_bytes) if len(header_bytes) < _LONGEST else None
    found = _read(fields, with_ids) if fields is not None else None
    return found if found is not None else glance_of(read_headers(header_bytes))


def glance_of(mail: Mail) -> Glance:
    """The glance at a mail that was read already."""
    own = (mail.message_id,) if mail.message_id else ()
    return Glance(
        mail.sender,
        mail.subject,
        next(iter(mail.header_values("Content-Type")), ""),
        frozenset(name.lower() for name, _ in mail.headers),
        mail.message_id,
        tuple(dict.fromkeys((*mail.in_reply_to, *mail.references[-_MOST_REFERENCES:], *own))),
    )


def _fields(block: bytes) -> dict[bytes, bytes] | None:
    """The first field of each name; None for a block that holds anything but fields."""
    if _BLOCK.fullmatch(block) is None:
        return None
    found = _FIELD.findall(block)
    found.reverse()
    return {name.lower(): value for name, value in found}


def _read(fields: dict[bytes, bytes], with_ids: bool) -> Glance | None:
    """The glance at plain fields; None where only the whole reader knows what they say."""
    kind = fields.get(b"content-type", b"")
    sender = _sender(fields[b"from"]) if b"from" in fields else None
    own, answered, before = (_ids(fields.get(name, b"")) if with_ids else () for name in _ID_FIELDS)
    if own is None or answered is None or before is None or len(answered) + len(before) > _MOST_REFERENCES:
        return None
    ids = (*answered, *before, *own[:1])
    return Glance(
        sender,
        decode_header(_unfolded(fields.get(b"subject", b""))),
        decode_header(_unfolded(kind)) if b"report" in kind.lower() else "",
        _names(tuple(fields)),
        own[0] if own else None,
        ids if len(ids) < 2 else tuple(dict.fromkeys(ids)),
    )


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r\n", b"\n").strip() if b"\n" in value else value.strip()


@lru_cache(4_096)
def _names(names: tuple[bytes, ...]) -> frozenset[str]:
    return frozenset(name.decode("ascii") for name in names)


@lru_cache(4_096)
def _sender(value: bytes) -> Address | None:
    text = value.decode("latin-1")
    found = _PLAIN_SENDER.fullmatch(text) if len(text) < 300 else None
    if found is not None:
        return Address(found[1] or "", found[2] or found[3])
    return read_headers(b"From: " + value + b"\r\n\r\n").sender


def _ids(value: bytes) -> tuple[str, ...] | None:
    """The well-formed ids of a field; None where they stand in encoded words."""
    if not value:
        return ()
    if b"=?" in value:
        return None
    if b"\n" in value:
        value = _FOLD.sub(b"", value.replace(b"\r\n", b"\n"))
    return tuple(one.decode("ascii") for one in _MESSAGE_ID.findall(value))
