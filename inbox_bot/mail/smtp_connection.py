"""One connection to an SMTP server: greeted, encrypted, logged in, and read with limits of time and size.

`smtplib` gives the commands; the reading of answers is done here, because a server may trickle, never end or
talk nonsense, and because every fault up to the body must be told apart from one after it. The handing over of a
mail is the business of `mail/smtp.py`.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

from inbox_bot.core.errors import InboxBotError, LoginRefused, Problem, TemporaryError, UserError
from inbox_bot.core.text import one_line
from inbox_bot.mail.keep_alive import keep_alive
from inbox_bot.mail.sasl import AccessToken, Credential, TokenLogin, token_mechanism

FAREWELL_SECONDS = 5.0

_TEXT_LIMIT = 200
_ANSWER_LINES = 200
_ANSWER_LINE_BYTES = 8192
_OWN_NAME = "[127.0.0.1]"  # tells the server, and so the recipient, nothing of this machine's name or network
_ANSWER = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_HOST = re.compile(r"[\w.:%\[\]-]{1,253}")
_NO_SUCH_MECHANISM = (502, 504)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how replies are handed over.

    `security` is "tls" (from the first byte), "starttls" or "plain" (to this machine only, unless `allow_plain`).
    An empty `user` means: no login. `ca_file` replaces the system's certificate authorities.
    `answer_timeout_seconds` is for the body and the answer to its final dot, which may take a server minutes.
    """

    host: str
    port: int
    security: str
    user: str = ""
    allow_plain: bool = False
    ca_file: str | None = None
    timeout_seconds: float = 60.0
    answer_timeout_seconds: float = 600.0


class RefusedByServer(InboxBotError):
    """The server said no, and nothing was accepted; `permanent` for a 5xx, otherwise a later try may work.

    `phase` is "greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA" or "body".
    """

    def __init__(self, code: int, text: str, phase: str) -> None:
        self.code = code
        self.text = text
        self.permanent = code >= 500
        self.phase = phase
        again = "for good" if self.permanent else "for now"
        super().__init__(f"the SMTP server refused {again} at {phase}: {code} {text}")


class Wire(smtplib.SMTP):
    """smtplib's commands over a socket that is open already, with a reader that is bounded in time and size."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        super().__init__(local_hostname=_OWN_NAME)
        self.sock = sock
        self.seconds = seconds
        self.received = bytearray()

    def getreply(self) -> tuple[int, bytes]:
        """One whole answer; raises OSError when none comes in time or it is not SMTP."""
        give_up_at = monotonic() + self.seconds
        code = b""
        texts: list[bytes] = []
        while len(texts) < _ANSWER_LINES:
            found = _ANSWER.fullmatch(self._read_line(give_up_at))
            if not found or found[1] != (code or found[1]):
                break
            code = found[1]
            texts.append(found[3] or b"")
            if found[2] != b"-":
                self._socket().settimeout(self.seconds)
                return int(code), b"\n".join(texts)
        raise smtplib.SMTPServerDisconnected("what the server answered is not SMTP")

    def send_bytes(self, piece: bytes) -> None:
        """Send as it is, within `seconds`; raises OSError and leaves the socket open for a last answer."""
        sock = self._socket()
        sock.settimeout(self.seconds)
        sock.sendall(piece)

    def begin_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt the connection; everything said in the clear before is forgotten."""
        self.sock = context.wrap_socket(self._socket(), server_hostname=host)
        self.esmtp_features = {}

    def _read_line(self, give_up_at: float) -> bytes:
        while (end := self.received.find(b"\n")) < 0:
            if len(self.received) > _ANSWER_LINE_BYTES:
                raise smtplib.SMTPServerDisconnected("the server's answer has no end")
            remaining = give_up_at - monotonic()
            if remaining <= 0:
                raise TimeoutError(f"no answer within {self.seconds:g} s")
            self._socket().settimeout(remaining)
            try:
                chunk = self._socket().recv(4096)
            except TimeoutError:
                raise TimeoutError(f"no answer within {self.seconds:g} s") from None
            if not chunk:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self.received += chunk
        line = bytes(self.received[:end]).removesuffix(b"\r")
        del self.received[: end + 1]
        return line

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self.sock


def open_connection(settings: SmtpSettings, secret: Credential) -> Wire:
    """A connection that is greeted, encrypted as the settings want it, and logged in."""
    _check(settings)
    context = None if settings.security == "plain" else _context(settings)
    with before_the_body(settings):
        wire = _connect(settings, context if settings.security == "tls" else None)
        try:
            checked("greeting", 2, wire.getreply())
            checked("EHLO", 2, wire.ehlo())
            if settings.security == "starttls" and context is not None:
                _start_tls(wire, settings, context)
            if settings.user and isinstance(secret, AccessToken):
                _log_in_with_token(wire, settings, secret)
            elif settings.user:
                _log_in(wire, settings.user, str(secret))
        except RefusedByServer:
            take_leave(wire)
            wire.close()
            raise
        except BaseException:
            wire.close()
            raise
    return wire


def _check(settings: SmtpSettings) -> None:
    if settings.security not in ("tls", "starttls", "plain"):
        raise UserError(
            Problem(f"SMTP security {settings.security!r} is unknown", remedy='"tls", "starttls" or "plain"')
        )
    if not _HOST.fullmatch(settings.host) or not 0 < settings.port < 65536:
        what = f"there can be no SMTP server at {one_line(settings.host)[:60]!r}, port {settings.port}"
        raise UserError(Problem(what, remedy="check the SMTP host and port"))
    if settings.security == "plain" and not settings.allow_plain and not _is_loopback(settings.host):
        what = f"SMTP to {settings.host} without encryption would show the secret and the case to everybody between"
        raise UserError(Problem(what, remedy='set security = "tls", or allow_plain = true if you mean it'))


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _context(settings: SmtpSettings) -> ssl.SSLContext:
    try:
        changed = Path(settings.ca_file).stat().st_mtime_ns if settings.ca_file else 0
        return _shared_context(settings.ca_file, changed)
    except OSError as error:  # ssl.SSLError is one too
        what = f"the certificate file cannot be used: {one_line(str(error))}"
        raise UserError(
            Problem(what, file=settings.ca_file, remedy="name a readable PEM file in ca_file")
        ) from None


@lru_cache(maxsize=16)
def _shared_context(ca_file: str | None, changed: int) -> ssl.SSLContext:
    # Building a context costs 35 ms and most of a megabyte; a file that changed gets a new one.
    return ssl.create_default_context(cafile=ca_file)


def _connect(settings: SmtpSettings, context: ssl.SSLContext | None) -> Wire:
    sock = socket.create_connection((settings.host.strip("[]"), settings.port), settings.timeout_seconds)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_alive(sock)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=settings.host.strip("[]"))
    except BaseException:
        sock.close()
        raise
    return Wire(sock, settings.timeout_seconds)


def _start_tls(wire: Wire, settings: SmtpSettings, context: ssl.SSLContext) -> None:
    if not wire.has_extn("starttls"):
        raise TemporaryError(
            f"{settings.host}:{settings.port} does not offer STARTTLS; nothing was sent in the clear"
            ' - try security = "tls" (port 465), and ask who is between you and the server if it offered it before'
        )
    checked("STARTTLS", 2, wire.docmd("STARTTLS"))
    if wire.received:
        raise TemporaryError(f"{settings.host}:{settings.port} slipped in words before the encryption began")
    wire.begin_tls(context, settings.host.strip("[]"))
    checked("EHLO", 2, wire.ehlo())


def login_mechanisms(wire: Wire) -> list[str]:
    """The logins the server offers, upper case, sorted."""
    return sorted(set(wire.esmtp_features.get("auth", "").upper().split()))


def _log_in(wire: Wire, user: str, secret: str) -> None:
    if "\0" in user + secret:
        raise LoginRefused("the SMTP user name or secret holds a NUL character - enter it again")
    plain = _base64(f"\0{user}\0{secret}")
    exchanges = {
        "PLAIN": [f"AUTH PLAIN {plain}", plain],
        "LOGIN": ["AUTH LOGIN", _base64(user), _base64(secret)],
    }
    offered = login_mechanisms(wire)
    for mechanism in [name for name in exchanges if name in offered]:
        code, answer = _exchange(wire, exchanges[mechanism])
        if code in _NO_SUCH_MECHANISM:
            continue
        # A second mechanism would only be a second failed login on the way to a locked account.
        text = _without_secrets(cleaned(answer), (secret, plain, _base64(secret)))
        if code == 235:
            return
        if 400 <= code < 500:
            raise RefusedByServer(code, text, "AUTH")
        remedy = "check user and secret; many providers want an app password here"
        raise LoginRefused(Problem(f"the SMTP server refused the login: {code} {text}", remedy=remedy))
    what = f"the SMTP server offers no login that is known here (it offers: {one_line(' '.join(offered)) or 'none'})"
    remedy = 'check host, port and security, or set user = "" if it needs no login'
    raise LoginRefused(Problem(what, remedy=remedy))


def _log_in_with_token(wire: Wire, settings: SmtpSettings, token: AccessToken) -> None:
    offered = login_mechanisms(wire)
    mechanism = token_mechanism(frozenset(offered))
    if not mechanism:
        what = f"the SMTP server takes no login with a token (it offers: {one_line(' '.join(offered)) or 'none'})"
        raise LoginRefused(
            Problem(what, remedy="check host, port and security, or set secret in [account.smtp]")
        )
    try:
        login = TokenLogin(mechanism, settings.user, token, settings.host, settings.port)
    except ValueError as error:
        raise UserError(Problem(str(error), remedy="check user in [account.smtp]")) from None
    code, answer = wire.docmd(f"AUTH {mechanism} {login.opening}")
    if code == 334:
        # The server's complaint. It waits for an answer before it says no; the token was heard already.
        code, answer = wire.docmd(_base64_bytes(login.answer(_decoded(answer))))
    if code == 235:
        return
    text = login.without_token(cleaned(answer))
    if 400 <= code < 500:
        raise RefusedByServer(code, text, "AUTH")
    why = f"{text} ({login.complaint})" if login.complaint else text
    remedy = "user must be the mailbox that the login was made for, and the login must cover SMTP"
    raise LoginRefused(Problem(f"the SMTP server refused the token: {code} {why}", remedy=remedy))


def _decoded(challenge: bytes) -> bytes:
    try:
        return b64decode(challenge)
    except ValueError:
        return challenge


def _exchange(wire: Wire, commands: list[str]) -> tuple[int, bytes]:
    answer = (334, b"")
    for command in commands:
        if answer[0] != 334:
            break
        answer = wire.docmd(command)
    return answer


def _without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    for word in filter(None, secrets):
        text = text.replace(word, "[...]")
    return text


def _base64(text: str) -> str:
    return _base64_bytes(text.encode("utf-8", "replace"))


def _base64_bytes(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def size_limit(wire: Wire) -> int:
    """The largest mail the server says it takes, in bytes; 0 when it names none."""
    written = wire.esmtp_features.get("size", "").strip()
    return int(written) if re.fullmatch(r"[0-9]{1,18}", written) else 0


def take_leave(wire: Wire) -> None:
    """QUIT; nothing that goes wrong here matters any more."""
    say(wire, "QUIT")


def say(wire: Wire, command: str) -> None:
    """A courtesy whose answer changes nothing."""
    wire.seconds = min(wire.seconds, FAREWELL_SECONDS)
    with suppress(OSError):
        wire.docmd(command)


def checked(phase: str, expected: int, answer: tuple[int, bytes]) -> None:
    """Raise RefusedByServer or, for nonsense, TemporaryError unless the code begins with the expected digit."""
    code, text = answer
    if code // 100 == expected:
        return
    if code >= 400:
        raise RefusedByServer(code, cleaned(text), phase)
    raise TemporaryError(
        f"the SMTP server answered {code} at {phase}, which makes no sense there: {cleaned(text)}"
    )


def cleaned(text: bytes) -> str:
    """What a server said, on one line of at most 200 characters."""
    return one_line(text.decode("utf-8", "replace"))[:_TEXT_LIMIT]


@contextmanager
def before_the_body(settings: SmtpSettings) -> Iterator[None]:
    """Every fault of the network up to here is a TemporaryError: nothing of the mail has left."""
    where = f"{settings.host}:{settings.port}"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TemporaryError(
            f"the certificate of {where} cannot be verified: {one_line(error.verify_message)}"
            " - check host, or name the authority of your own server in ca_file"
        ) from None
    except ssl.SSLError as error:
        raise TemporaryError(
            f"no TLS with {where}: {one_line(error.reason or str(error))}"
            ' - if the port speaks plain SMTP first (587), set security = "starttls"'
        ) from None
    except UnicodeError:
        raise UserError(Problem(f"SMTP host {one_line(settings.host)[:60]!r} is not a host name")) from None
    except OSError as error:
        raise TemporaryError(f"SMTP with {where} failed: {cleaned(str(error).encode())}") from None
