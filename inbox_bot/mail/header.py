"""The header of a raw mail read into a `Mail` without text and files: addresses, dates, ids, one line a field.

mail-parser reads addresses, dates and Received stamps; the standard library stands in where it fails or would be too
dear. What stands in the parts is the business of `mail/message.py`.
"""

from __future__ import annotations

import email.utils
import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inbox_bot.core.disguise import HIDDEN_IN_FROM, hidden_characters
from inbox_bot.core.errors import Problem
from inbox_bot.core.model import Address, Mail
from inbox_bot.core.text import one_line
from inbox_bot.mail import bounds
from inbox_bot.mail.charset import decode_bytes
from inbox_bot.mail.header_words import decode_header, literal_header, undressed_header

_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_LONGEST_NAME = 2_000  # characters of a display name
_MOST_IDS = 200
# An encoded word in these is no word: decoded, it would say what the own server never let through.
_NEVER_ENCODED = (
    "authentication-results",
    "received",
    "dkim-signature",
    "arc-",
    "return-path",
    "delivered-to",
)
_SINGLE_FIELDS = ("subject", "from", "to", "date", "message-id", "reply-to", "in-reply-to", "content-type")
_ZONE = re.compile(r"(?:\+[0-9]{4}|-(?!0000)[0-9]{4}|\b(?:UTC?|GMT|Z|[ECMP][SD]T))$")
_COMMENT = re.compile(r"\([^()]*\)")
_NOT_PLAIN = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*|[^\x00-\x7f]+")
_UPPER = re.compile(r"[A-Z]+")
_STAND_IN = re.compile(r"zq[0-9]{1,6}qz")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser made of the fields: (display name, address) pairs by field name, and two dates."""

    addresses: dict[str, list[tuple[str, str]]]
    date_at: datetime | None
    received_at: datetime | None


def read_heading(raw: bytes, mail: bounds.RawMail, parser: Callable[[dict[str, str]], Parsed] | None) -> Mail:
    """The mail's fields without text and files; `parser` None: by the standard library alone.

    What was wrong with them, and what `mail` says was cut, is in `problems`.
    """
    first: dict[str, bytes] = {}
    headers: list[tuple[str, str]] = []
    subject: str | None = None
    problems = list(mail.problems)
    for raw_name, value in mail.fields:
        name = raw_name.decode("ascii")
        key = name.lower()
        headers.append(
            (name, literal_header(value) if key.startswith(_NEVER_ENCODED) else decode_header(value))
        )
        if key == "from" and (hidden := hidden_characters(undressed_header(value))):
            problems.append(Problem(HIDDEN_IN_FROM + hidden))
        if key not in first:
            first[key] = value
            subject = headers[-1][1] if key == "subject" else subject
        elif key in _SINGLE_FIELDS:
            problems.append(Problem(f"more than one {key} field: only the first was read"))
    fields = _Fields(first, problems, parser)
    senders = fields.addresses("from")
    if len(senders) > 1:
        problems.append(Problem("more than one address in From: only the first was read"))
    ids = fields.message_ids("message-id")
    return Mail(
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        message_id=ids[0] if ids else None,
        subject=subject or "",
        sender=senders[0] if senders else None,
        reply_to=fields.addresses("reply-to"),
        to=fields.addresses("to"),
        date_at=fields.date_at(),
        received_at=fields.received_at(),
        in_reply_to=fields.message_ids("in-reply-to"),
        references=fields.message_ids("references"),
        headers=tuple(headers),
        text="",
        html_text="",
        problems=tuple(problems),
    )


class _Fields:
    """The first field of each name, read one by one; what is wrong with them goes into `problems`."""

    def __init__(
        self,
        first: dict[str, bytes],
        problems: list[Problem],
        parser: Callable[[dict[str, str]], Parsed] | None,
    ) -> None:
        self._first = first
        self._problems = problems
        self._words: dict[str, str] = {}
        self._plain = {
            name: self._plain_field(name) for name in ("from", "reply-to", "to") if first.get(name)
        }
        for name in ("date", "received"):
            if first.get(name):
                self._plain[name] = decode_header(first[name]).encode("ascii", "ignore").decode("ascii")
        self._parsed = Parsed({}, None, None)
        self._failed = parser is None
        if parser is not None:
            try:
                self._parsed = parser(self._plain)
            except Exception:
                self._failed = True

    def _plain_field(self, name: str) -> str:
        """The field in ASCII: an address parser must see no encoded word and no raw byte, only stand-ins for them."""
        text = decode_bytes(self._first[name], None)[0].replace("\n", "")

        def stand_in(found: re.Match[str]) -> str:
            key = f"zq{len(self._words)}qz"
            self._words[key] = found.group()
            return key

        return _NOT_PLAIN.sub(stand_in, text)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of a field, of a group too; what is no plain address is left out."""
        if name not in self._plain:
            return ()
        pairs = self._parsed.addresses.get(name, [])
        if self._failed:
            with suppress(Exception):
                pairs = email.utils.getaddresses([self._plain[name]])
        found = tuple(address for pair in pairs if pair[1] for address in self._address(*pair))
        if not found and name == "from":
            self._problems.append(Problem("the From field holds no address that can be read"))
        return found

    def _address(self, name: str, address: str) -> Iterable[Address]:
        words = self._words
        name = _STAND_IN.sub(
            lambda found: decode_header(words.get(found.group(), found.group())), name[:_LONGEST_NAME]
        )
        address = _STAND_IN.sub(lambda found: words.get(found.group(), found.group()), address)
        # Only ASCII is put in lower case: the Kelvin sign would become a k, and another domain.
        address = _UPPER.sub(lambda found: found.group().lower(), address)
        local, _, domain = address.rpartition("@")
        if (
            not (local and domain)
            or len(address) > 320
            or "=?" in address
            or "\ufffd" in address
            or one_line(address) != address
        ):
            self._problems.append(Problem("an address that cannot be read was left out"))
        else:
            yield Address(one_line(name), address)

    def date_at(self) -> datetime | None:
        """The Date field as an instant; without a zone it is taken for UTC."""
        text = self._plain.get("date", "")
        if not text:
            return None
        date_at = _plausible(self._parsed.date_at) or _loose_date(text)
        if date_at is None:
            self._problems.append(Problem("the Date field cannot be read"))
        elif not _ZONE.search(_COMMENT.sub("", text).strip()):
            self._problems.append(Problem("the Date field names no time zone: read as UTC"))
        return date_at

    def received_at(self) -> datetime | None:
        """The stamp of the topmost Received field, the one that the own server wrote."""
        text = self._plain.get("received", "")
        if not text:
            return None
        received_at = _plausible(self._parsed.received_at) or _loose_date(text.rpartition(";")[2])
        if received_at is None:
            self._problems.append(Problem("the topmost Received field has no date that can be read"))
        return received_at

    def message_ids(self, name: str) -> tuple[str, ...]:
        """The well-formed ids of a field, each once; ids that a fold has cut in two are joined."""
        value = self._first.get(name, b"")
        text = decode_header(value) if b"=?" in value else value.decode("latin-1")
        joined = re.sub(r"\n[ \t]+", "", text).strip()
        ids = tuple(dict.fromkeys(_MESSAGE_ID.findall(joined)))
        if name == "message-id" and value and not ids:
            self._problems.append(Problem("the Message-ID field holds no well-formed id"))
        elif name == "message-id" and ids and text.strip() != ids[0]:
            self._problems.append(Problem("the Message-ID field had to be repaired"))
        return ids[:1] + ids[1:][-_MOST_IDS:]


def by_mail_parser(plain: dict[str, str]) -> Parsed:
    """What mail-parser reads in a header block made of the plain fields; raises whatever it raises."""
    import mailparser

    block = "".join(f"{name}: {value}\r\n" for name, value in plain.items())
    parsed = mailparser.parse_from_bytes(block.encode("ascii", "replace") + b"\r\n")
    stamps = [stamp["date_utc"] for stamp in parsed.received if stamp.get("date_utc")]
    return Parsed(
        addresses={"from": parsed.from_, "to": parsed.to, "reply-to": parsed.reply_to},
        date_at=parsed.date,
        received_at=datetime.fromisoformat(stamps[0]) if stamps else None,
    )


def _loose_date(text: str) -> datetime | None:
    """A date in the many forms the standard library reads; one without a zone is UTC."""
    with suppress(Exception):
        found = email.utils.parsedate_tz(text)
        if found:
            return _plausible(datetime(*found[:6], tzinfo=UTC) - timedelta(seconds=found[9] or 0))
    return None


def _plausible(moment: datetime | None) -> datetime | None:
    """The instant in UTC; None for years in which nobody sends a notice (and which date arithmetic overflows)."""
    if moment is None or not 1990 <= moment.year <= 2100:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
