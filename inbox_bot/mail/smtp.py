"""Handing one finished mail to an SMTP server, so that it is known afterwards whether the server has it.

`smtplib` is driven by hand, phase by phase, because its own `sendmail` hides what matters: whether the body was
begun, whether the final dot was answered, and that an error at QUIT comes after the mail was accepted. What a
mail looks like is the business of `core/mime.py`; what is done about an unknown outcome that of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from inbox_bot.core.errors import InboxBotError, NeedsReview, TemporaryError
from inbox_bot.core.text import one_line
from inbox_bot.mail.sasl import Credential
from inbox_bot.mail.smtp_connection import (
    FAREWELL_SECONDS,
    RefusedByServer,
    SmtpSettings,
    Wire,
    before_the_body,
    checked,
    cleaned,
    login_mechanisms,
    open_connection,
    say,
    size_limit,
    take_leave,
)

__all__ = ["Acceptance", "AnswerUnknown", "RefusedByServer", "SmtpSettings", "probe", "submit"]

_CHUNK = 64 * 1024
_ADDRESS = re.compile(r"[^\x00-\x20\x7f-\x9f<>@\s\ud800-\udfff]{1,64}@[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The server's word that it has the mail; `copy_refused` holds its answer when the copy was not taken."""

    code: int
    text: str
    copy_refused: str = ""


class AnswerUnknown(InboxBotError):
    """The body was begun and no final answer came: the server may have accepted the mail or not.

    `dot_sent` is false when the connection broke before the end of the mail was handed to the network; a server
    that follows the rules then has thrown the piece away.
    """

    def __init__(self, why: str, *, dot_sent: bool) -> None:
        self.dot_sent = dot_sent
        how_far = "after its end was sent" if dot_sent else "before its end was sent"
        super().__init__(
            f"the mail was begun and not answered ({how_far}): {why} - look for it before sending again"
        )


def submit(
    settings: SmtpSettings,
    secret: Credential,
    *,
    sender: str,
    recipient: str,
    copy_to: str | None,
    raw_bytes: bytes,
    before_body: Callable[[], None],
    on_accepted: Callable[[Acceptance], None],
) -> Acceptance:
    """Send one mail (CRLF line ends, no dot-stuffing) to the recipient and, if the server takes it, to a copy.

    `before_body` is called when the server waits for the body and before its first byte; if it raises, nothing
    of the mail has left. `on_accepted` is called right after the server's 2xx, before QUIT. Raises UserError for
    settings that cannot work, LoginRefused, NeedsReview for an address SMTP cannot carry, and TemporaryError or
    RefusedByServer when nothing was accepted; AnswerUnknown only after `before_body`.
    """
    if not raw_bytes or not raw_bytes.count(b"\r\n") == raw_bytes.count(b"\r") == raw_bytes.count(b"\n"):
        raise ValueError("a mail for SMTP must have CRLF line ends throughout and must not be empty")
    sender, recipient = _address(sender, "sender"), _address(recipient, "recipient")
    copy_to = _address(copy_to, "copy") if copy_to else None
    wire = open_connection(settings, secret)
    try:
        with before_the_body(settings):
            copy_refused = _announce(wire, sender, recipient, copy_to, raw_bytes)
        before_body()
        code, text = _send_body(wire, raw_bytes, settings.answer_timeout_seconds)
        acceptance = Acceptance(code, text, copy_refused)
        on_accepted(acceptance)
        take_leave(wire)
        return acceptance
    except RefusedByServer:
        take_leave(wire)
        raise
    finally:
        wire.close()


def probe(settings: SmtpSettings, secret: Credential) -> str:
    """Connect, log in and leave; one line on what the server offers. Raises as `submit` does before the body."""
    wire = open_connection(settings, secret)
    try:
        size = size_limit(wire)
        takes = f"takes mails up to {size / 1e6:.1f} MB" if size else "names no size limit"
        logins = " ".join(login_mechanisms(wire)) or "none"
        done = "logged in" if settings.user else "no login configured"
        where = f"{settings.host}:{settings.port} ({settings.security})"
        take_leave(wire)
        return one_line(f"{where}: {done}, {takes}, logins offered: {logins}")
    finally:
        wire.close()


def _announce(wire: Wire, sender: str, recipient: str, copy_to: str | None, raw_bytes: bytes) -> str:
    """MAIL, RCPT and DATA up to the server's 354; returns its answer to the copy when it did not take that one."""
    options = _mail_options(wire, sender + recipient, raw_bytes)
    checked("MAIL", 2, wire.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])))
    try:
        checked("RCPT", 2, wire.docmd("RCPT", f"TO:<{recipient}>"))
        copy_refused = _add_copy(wire, copy_to) if copy_to and copy_to.lower() != recipient.lower() else ""
    except RefusedByServer:
        say(wire, "RSET")
        raise
    checked("DATA", 3, wire.docmd("DATA"))
    if wire.received:  # a stray answer in the pipe would later pass for the one to the final dot
        raise TemporaryError("the SMTP server gives more answers than it was asked for")
    return copy_refused


def _mail_options(wire: Wire, addresses: str, raw_bytes: bytes) -> Iterator[str]:
    size, limit = len(raw_bytes), size_limit(wire)
    if limit and size > limit:
        text = f"the mail has {size} bytes and the server takes at most {limit}: send fewer or smaller attachments"
        raise RefusedByServer(552, text, "MAIL")
    if wire.has_extn("size"):
        yield f"SIZE={size}"
    if wire.has_extn("8bitmime") and not raw_bytes.isascii():
        yield "BODY=8BITMIME"
    if not addresses.isascii():
        if not wire.has_extn("smtputf8"):
            raise RefusedByServer(
                553, "this server cannot send to or from an address with non-ASCII letters", "MAIL"
            )
        wire.command_encoding = "utf-8"
        yield "SMTPUTF8"


def _add_copy(wire: Wire, copy_to: str) -> str:
    if not copy_to.isascii() and wire.command_encoding != "utf-8":
        return "553 the copy's address has non-ASCII letters"
    code, answer = wire.docmd("RCPT", f"TO:<{copy_to}>")
    if code == 421:  # the server is closing: nothing said so far will be carried out
        raise RefusedByServer(code, cleaned(answer), "RCPT")
    return "" if code // 100 == 2 else f"{code} {cleaned(answer)}"


def _send_body(wire: Wire, raw_bytes: bytes, seconds: float) -> tuple[int, str]:
    wire.seconds = seconds
    dot_sent = False
    try:
        for piece, holds_dot in _stuffed(raw_bytes):
            dot_sent = holds_dot
            wire.send_bytes(piece)
    except OSError as error:
        code, answer = _last_words(wire)
        if code >= 400:
            raise RefusedByServer(code, cleaned(answer), "body") from None
        raise AnswerUnknown(cleaned(str(error).encode()), dot_sent=dot_sent) from None
    try:
        code, answer = wire.getreply()
    except OSError as error:
        raise AnswerUnknown(cleaned(str(error).encode()), dot_sent=True) from None
    if code >= 400:
        raise RefusedByServer(code, cleaned(answer), "body")
    if code >= 300:
        raise AnswerUnknown(f"the server said {code} {cleaned(answer)}", dot_sent=True)
    return code, cleaned(answer)


def _last_words(wire: Wire) -> tuple[int, bytes]:
    """The answer of a server that refused in the middle of the body and hung up; (0, b"") when there is none."""
    wire.seconds = FAREWELL_SECONDS
    with suppress(OSError):
        return wire.getreply()
    return 0, b""


def _stuffed(raw_bytes: bytes) -> Iterator[tuple[bytes, bool]]:
    """Pieces for the wire, cut at line ends, leading dots doubled; true with the one that holds the final dot."""
    start = 0
    while start < len(raw_bytes):
        end = len(raw_bytes)
        if end - start > _CHUNK:
            cut = raw_bytes.rfind(b"\r\n", start, start + _CHUNK)
            cut = cut if cut >= 0 else raw_bytes.find(b"\r\n", start)
            end = cut + 2 if cut >= 0 else end
        piece = raw_bytes[start:end].replace(b"\r\n.", b"\r\n..")
        if raw_bytes.startswith(b".", start):
            piece = b"." + piece
        is_last = end == len(raw_bytes)
        if is_last:
            piece += b".\r\n" if piece.endswith(b"\r\n") else b"\r\n.\r\n"
        yield piece, is_last
        start = end


def _address(address: str, role: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain[:254].encode('idna').decode('ascii')}"
    except UnicodeError:
        written = ""
    if not _ADDRESS.fullmatch(written):
        raise NeedsReview(f"the {role}'s address cannot stand in an SMTP command - correct it")
    return written
