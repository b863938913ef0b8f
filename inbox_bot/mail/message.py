"""A raw mail, as hostile as it comes, read into the `Mail` noun: fields, text, files, mails inside the mail.

mail-parser reads addresses, dates and Received stamps; the standard library's compat32 parser splits the parts and
stands in for mail-parser where that fails. Charsets are the business of `mail/charset.py`, sizes and numbers of
`mail/bounds.py`; `mail/reader.py` runs all of it in a child process. What the text means is decided in `core/`.
"""

from __future__ import annotations

import email.parser
import email.policy
import email.utils
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any, cast

from inbox_bot.core.errors import Problem
from inbox_bot.core.model import Address, AttachedFile, Mail
from inbox_bot.core.text import clean_text, one_line
from inbox_bot.mail import bounds
from inbox_bot.mail.charset import decode_base64, decode_bytes, decode_header

_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_MOST_IDS = 200
# An encoded word in these is no word: decoded, it would say what the own server never let through.
_NEVER_ENCODED = (
    b"authentication-results",
    b"received",
    b"dkim-signature",
    b"arc-",
    b"return-path",
    b"delivered-to",
)
_MOST_PROBLEMS = 50
_SINGLE_FIELDS = ("subject", "from", "to", "date", "message-id", "reply-to", "in-reply-to", "content-type")
_ZONE = re.compile(r"(?:\+[0-9]{4}|-(?!0000)[0-9]{4}|\b(?:UTC?|GMT|Z|[ECMP][SD]T))$")
_COMMENT = re.compile(r"\([^()]*\)")
_NOT_PLAIN = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*|[^\x00-\x7f]+")
_STAND_IN = re.compile(r"zq[0-9]{1,6}qz")
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}charset=[\"']?([A-Za-z0-9_-]{2,40})", re.IGNORECASE)
_MAIL_START = re.compile(
    rb"(?:[!-9;-~]{1,200}[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*){0,100}?"
    rb"(?:>?From |(?:from|to|subject|date|received|message-id|return-path|delivered-to|mime-version)[ \t]*:)",
    re.IGNORECASE,
)
_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "message/rfc822": ".eml",
}
_MAIL_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers")


def read_mail(raw: bytes) -> Mail:
    """The mail within the caps of `mail/bounds.py`; a mail that cannot be parsed still comes back, with problems."""
    try:
        return _read(raw, bounds.Allowance(), 0)
    except Exception as error:
        # Whatever a parser trips over must not stop the other mails of the mailbox.
        return headers_only(
            raw, f"the mail could not be parsed ({type(error).__name__}): only its header was read"
        )


def headers_only(raw: bytes, what: str) -> Mail:
    """The mail's header fields without text and files, read by the simplest means; `what` becomes a problem."""
    try:
        mail = bounds.bound_mail(raw[: 2 * bounds.HEADER_BYTES])
        return replace(_heading(raw, mail, None), problems=(Problem(what), *mail.problems))
    except Exception as error:
        nothing = bounds.RawMail((), b"")
        problem = Problem(f"the header could not be read ({type(error).__name__})")
        return replace(_heading(raw, nothing, None), problems=(Problem(what), problem))


def read_headers(header_bytes: bytes) -> Mail:
    """A mail from its header block alone, read by the simplest means; text and files are empty."""
    mail = bounds.bound_mail(header_bytes)
    return replace(_heading(header_bytes, mail, None), problems=mail.problems)


def _read(raw: bytes, allowance: bounds.Allowance, forwards_deep: int) -> Mail:
    bounded = bounds.bound_mail(raw)
    heading = _heading(raw, bounded, _mail_parser)
    found = _Found(allowance, forwards_deep)
    _walk(_parse_parts(bounded), found)
    problems = dict.fromkeys((*bounded.problems, *heading.problems, *found.problems))
    return replace(
        heading,
        text="\n".join(found.texts),
        html_text="\n".join(found.html_texts),
        attached=tuple(found.attached),
        forwarded=tuple(found.forwarded),
        problems=tuple(problems)[:_MOST_PROBLEMS],
    )


# The header ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What a parser made of the fields: (display name, address) pairs by field name, and two dates."""

    addresses: dict[str, list[tuple[str, str]]]
    date_at: datetime | None
    received_at: datetime | None


def _heading(raw: bytes, mail: bounds.RawMail, parser: Callable[[dict[str, str]], _Parsed] | None) -> Mail:
    first: dict[str, bytes] = {}
    problems: list[Problem] = []
    for name, value in mail.fields:
        key = name.decode("ascii").lower()
        if key in first and key in _SINGLE_FIELDS:
            problems.append(Problem(f"more than one {key} field: only the first was read"))
        first.setdefault(key, value)
    fields = _Fields(first, problems, parser)
    senders = fields.addresses("from")
    if len(senders) > 1:
        problems.append(Problem("more than one address in From: only the first was read"))
    ids = fields.message_ids("message-id")
    return Mail(
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        message_id=ids[0] if ids else None,
        subject=decode_header(first.get("subject", b"")),
        sender=senders[0] if senders else None,
        reply_to=fields.addresses("reply-to"),
        to=fields.addresses("to"),
        date_at=fields.date_at(),
        received_at=fields.received_at(),
        in_reply_to=fields.message_ids("in-reply-to"),
        references=fields.message_ids("references"),
        headers=tuple((name.decode("ascii"), _header_text(name, value)) for name, value in mail.fields),
        text="",
        html_text="",
        problems=tuple(problems),
    )


def _header_text(name: bytes, value: bytes) -> str:
    if name.lower().startswith(_NEVER_ENCODED):
        return one_line(decode_bytes(value, None)[0])
    return decode_header(value)


class _Fields:
    """The first field of each name, read one by one; what is wrong with them goes into `problems`."""

    def __init__(
        self,
        first: dict[str, bytes],
        problems: list[Problem],
        parser: Callable[[dict[str, str]], _Parsed] | None,
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
        self._parsed = _Parsed({}, None, None)
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
        name = _STAND_IN.sub(lambda found: decode_header(words.get(found.group(), found.group())), name)
        address = _STAND_IN.sub(lambda found: words.get(found.group(), found.group()), address)
        # Only ASCII is put in lower case: the Kelvin sign would become a k, and another domain.
        address = "".join(letter.lower() if letter.isascii() else letter for letter in address)
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


def _mail_parser(plain: dict[str, str]) -> _Parsed:
    """What mail-parser reads in a header block made of the plain fields; raises whatever it raises."""
    import mailparser

    block = "".join(f"{name}: {value}\r\n" for name, value in plain.items())
    parsed = mailparser.parse_from_bytes(block.encode("ascii", "replace") + b"\r\n")
    stamps = [stamp["date_utc"] for stamp in parsed.received if stamp.get("date_utc")]
    return _Parsed(
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


# The parts -----------------------------------------------------------------------------------------------------


class _RawFields(email.policy.Compat32):
    """compat32 that hands out header values as they stand, raw bytes as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


class _Part(Message):
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
                return encoded if _is_plain_words(encoded) else decode_base64(encoded)
            payload = self.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
        return b""


@dataclass(slots=True)
class _Found:
    """What the walk through the parts has found so far."""

    allowance: bounds.Allowance
    forwards_deep: int
    texts: list[str] = field(default_factory=list)
    html_texts: list[str] = field(default_factory=list)
    attached: list[AttachedFile] = field(default_factory=list)
    forwarded: list[Mail] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str) -> None:
        self.problems.append(Problem(what))


def _parse_parts(mail: bounds.RawMail) -> _Part:
    """The tree of parts below a top that has only its MIME fields, each the first of its name."""
    fields: dict[bytes, bytes] = {}
    for name, value in mail.fields:
        if name.lower().startswith(b"content-"):
            fields.setdefault(name.lower(), value.replace(b"\n", b"")[:4_096])
    head = b"".join(name + b": " + value + b"\r\n" for name, value in fields.items())
    parser = email.parser.BytesParser(_Part, policy=_RawFields())
    return cast(_Part, parser.parsebytes(head + b"\r\n" + mail.body))


def _walk(root: _Part, found: _Found) -> None:
    waiting: list[tuple[Any, int]] = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        if part.is_multipart():
            if depth < bounds.DEPTH:
                waiting += [(child, depth + 1) for child in reversed(part.get_payload())]
            else:
                found.problem(f"parts more than {bounds.DEPTH} deep were left out")
        elif found.allowance.take("parts", 1):
            _read_part(part, found, is_root=depth == 0)
        else:
            found.problem(f"more than {bounds.PARTS} parts: the rest was not read")
            return


def _read_part(part: _Part, found: _Found, *, is_root: bool) -> None:
    media_type = part.media_type()
    if media_type.startswith("multipart/"):
        found.problem("the parts of the mail could not be told apart: read as one text")
        media_type = "text/plain"
    name = part.parameter("content-disposition", "filename") or part.parameter("content-type", "name")
    is_file = part.get_content_disposition() == "attachment" or bool(name and not is_root)
    content = part.content()
    if (media_type in _MAIL_TYPES or name.lower().endswith(".eml")) and _is_mail(content):
        if _add_forwarded(content, found):
            return
        is_file = True
    if is_file or media_type not in ("text/plain", "text/html"):
        number = len(found.attached) + 1
        name = _base_name(name) or f"part-{number}{_ENDINGS.get(media_type, '.bin')}"
        found.attached.append(AttachedFile(name, media_type, content))
    elif media_type == "text/html":
        text, problems = bounds.html_to_text(_decode_text(part, content, found), found.allowance)
        found.html_texts.append(text)
        found.problems += problems
    else:
        found.texts.append(_read_text(part, content, found))


def _decode_text(part: _Part, content: bytes, found: _Found) -> str:
    label = part.parameter("content-type", "charset")
    if not label and part.media_type() == "text/html":
        meta = _META_CHARSET.search(content[:4_096])
        label = meta.group(1).decode("ascii") if meta else ""
    most = 4 * bounds.TEXT_CHARACTERS
    if len(content) > most:
        found.problem(f"a text is longer than {most} bytes: the rest was not read")
    text, repaired = decode_bytes(content[:most], label or None)
    if repaired:
        found.problem(f"a text is not in the charset its label says ({label[:40] or 'none'}): repaired")
    return text


def _read_text(part: _Part, content: bytes, found: _Found) -> str:
    text = _decode_text(part, content, found)
    granted = found.allowance.take("text_characters", len(text))
    if granted < len(text):
        found.problem(f"more than {bounds.TEXT_CHARACTERS} characters of text: the rest was not read")
        text = text[:granted]
    if part.parameter("content-type", "format").lower() == "flowed":
        text = _unflow(text, part.parameter("content-type", "delsp").lower() == "yes")
    return clean_text(text)


def _is_plain_words(content: bytes) -> bool:
    """Whether what is labelled base64 was never encoded: base64 has no blanks inside its lines."""
    lines = [line.strip() for line in content[:4000].splitlines()[:20] if line.strip()]
    return len(lines) > 1 and sum(b" " in line for line in lines) * 2 > len(lines)


def _unflow(text: str, delete_space: bool) -> str:
    """Join the soft-wrapped lines of a format=flowed text (RFC 3676), quote depth by quote depth."""
    paragraphs: list[tuple[int, list[str]]] = []
    is_open = False
    for line in text.replace("\r\n", "\n").split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        if not (is_open and paragraphs[-1][0] == depth and content != "-- "):
            paragraphs.append((depth, []))
        paragraphs[-1][1].append(content[:-1] if flows and delete_space else content)
        is_open = flows
    return "\n".join(">" * depth + " " * bool(depth) + "".join(pieces) for depth, pieces in paragraphs)


def _is_mail(content: bytes) -> bool:
    """Whether bytes that call themselves a mail begin like one."""
    return bool(_MAIL_START.match(content.removeprefix(b"\xef\xbb\xbf").lstrip()[:8_192]))


def _add_forwarded(content: bytes, found: _Found) -> bool:
    if found.forwards_deep >= bounds.FORWARDS_DEEP or not found.allowance.take("forwards", 1):
        found.problem("too many mails inside the mail: one was kept as a file and not read")
        return False
    try:
        found.forwarded.append(_read(content, found.allowance, found.forwards_deep + 1))
    except Exception as error:
        found.forwarded.append(
            headers_only(content, f"only its header could be read ({type(error).__name__})")
        )
    return True


def _base_name(name: str) -> str:
    """A file name without folders and without characters that some file system forbids; "" when nothing is left."""
    name = posixpath.basename(name.replace("\\", "/"))
    stem, ending = posixpath.splitext(re.sub(r'[<>:"|?*]', "_", name).strip(" ."))
    return stem[:120] + ending[:20]
