"""Bounces: which of our mails a delivery report speaks of, and whether it says that the mail will not arrive.

Reports come as RFC 3464 (multipart/report) and in the free words of old servers. A report is believed only about a
mail whose Message-ID it names, and whose Message-ID cannot be guessed; what is done about it is decided by the shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import re2

from inbox_bot.core.model import Mail
from inbox_bot.core.text import one_line

BOUNCE_SENDERS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon")
_LOOKED_AT = 200_000
_SAID = 20_000  # characters in which a report in free words says what happened
_MOST_IDS = 60
_MOST_RECIPIENTS = 20
_MESSAGE_ID = re2.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}@[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_FIELD = re2.compile(r"(?im)^([A-Za-z-]+)[ \t]*:[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)")
_ADDRESS = re2.compile(r"[^\s<>;,\"]{1,64}@[A-Za-z0-9.-]{1,253}")
_STATUS = re2.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY_CODE = re2.compile(r"(?m)^.*\b[45]\d\d[ -][^\n]{3,}")
_BRACKETED = re2.compile(r"(?m)^[ \t]*<([^\s<>]{3,320})>")
_BLANK_LINE = re2.compile(r"\n[ \t]*\n")
_DELAY = re2.compile(
    r"(?i)\b(?:delayed|delay|not yet been delivered|will (?:keep|continue|retry)|still being|deferred)\b"
)
_REPORT_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_HEADER_TYPES = frozenset(
    {"text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers"}
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report.

    `message_ids` are those of the mail it speaks of, as far as the report names them. `failed` are the addresses that
    the mail does not reach, empty when the report names none. `is_final` is false for a mere delay. `status` is the
    enhanced status code (RFC 3463) or empty, `because` the server's words on one line.
    """

    message_ids: tuple[str, ...]
    failed: tuple[str, ...]
    is_final: bool
    status: str
    because: str


def is_bounce(mail: Mail) -> bool:
    """Whether a mail, by its headers alone, reports on the delivery of another one."""
    local = mail.sender.email.partition("@")[0] if mail.sender is not None else ""
    kind = next(iter(mail.header_values("Content-Type")), "").lower()
    return local in BOUNCE_SENDERS or ("multipart/report" in kind and "delivery-status" in kind)


def read_bounce(mail: Mail) -> Bounce | None:
    """What a delivery report says; None for a mail that is none."""
    if not is_bounce(mail):
        return None
    text = (mail.text or mail.html_text)[:_LOOKED_AT]
    reports = [_decoded(file.content) for file in mail.attached if file.media_type in _REPORT_TYPES]
    ids = tuple(dict.fromkeys(_ids(mail, text)))[:_MOST_IDS]
    groups = [group for report in reports for group in _groups(report)]
    recipients = [group for group in groups if "action" in group]
    if not recipients:
        return Bounce(ids, _named(mail, text), not _DELAY.search(text), _status(text), _first_words(text))
    failed = [group for group in recipients if group["action"].strip().lower().startswith("failed")]
    speaking = failed or recipients
    because = speaking[0].get("diagnostic-code") or speaking[0].get("status") or _first_words(text)
    return Bounce(
        ids,
        tuple(dict.fromkeys(address for group in failed for address in _addresses(group)))[:_MOST_RECIPIENTS],
        bool(failed),
        _status(speaking[0].get("status", "")),
        one_line(because)[:300],
    )


def _ids(mail: Mail, text: str) -> Iterator[str]:
    """The ids of the mail that came back: of its copy or headers, then those that the report answers or quotes."""
    for returned in mail.forwarded:
        yield from (returned.message_id,) if returned.message_id else ()
        yield from _named_ids(returned.header_values("X-Microsoft-Original-Message-ID"))
    for file in mail.attached:
        if file.media_type in _HEADER_TYPES | _REPORT_TYPES:
            yield from _own_ids(_decoded(file.content))
    yield from (*mail.in_reply_to, *mail.references)
    yield from _own_ids(text)


def _own_ids(text: str) -> Iterator[str]:
    """The ids in fields that name a mail itself, not one that it answers."""
    for name, value in _FIELD.findall(text):
        if name.lower() in ("message-id", "x-microsoft-original-message-id", "original-envelope-id"):
            yield from _named_ids((value,))


def _named_ids(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from _MESSAGE_ID.findall(value)


def _groups(report: str) -> Iterator[dict[str, str]]:
    """The blocks of fields of a report: the first about the mail, each further one about a recipient."""
    for block in _BLANK_LINE.split(report):
        fields = {name.lower(): one_line(value) for name, value in reversed(_FIELD.findall(block))}
        if fields:
            yield fields


def _addresses(group: dict[str, str]) -> Iterator[str]:
    for name in ("original-recipient", "final-recipient"):
        yield from (found.lower() for found in _ADDRESS.findall(group.get(name, "").partition(";")[2]))


def _named(mail: Mail, text: str) -> tuple[str, ...]:
    """The recipients that a report in free words names: in its own field, or bracketed at the head of a line."""
    named = [one for value in mail.header_values("X-Failed-Recipients") for one in _ADDRESS.findall(value)]
    if not named:
        named = [one for line in _BRACKETED.findall(text[:_SAID]) for one in _ADDRESS.findall(line)]
    return tuple(dict.fromkeys(one.lower() for one in named))[:_MOST_RECIPIENTS]


def _status(text: str) -> str:
    found = _STATUS.search(text[:_SAID])
    return found.group(1) if found else ""


def _first_words(text: str) -> str:
    """The line with a reply code of a server, or the first lines of the report."""
    coded = _REPLY_CODE.search(text[:_SAID])
    return one_line(coded.group(0) if coded else text[:300])[:300]


def _decoded(content: bytes) -> str:
    return content[:_LOOKED_AT].decode("utf-8", "replace").replace("\r\n", "\n")
