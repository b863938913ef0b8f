"""From settings to a logged-in link: TLS, the password or token, and the ID that some providers insist on.

The password never goes over a connection that is not encrypted, unless it does not leave this machine or the
user wrote that it may. Nothing here opens a folder.
"""

from __future__ import annotations

import imaplib
import ipaddress
import re
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from imapclient import IMAPClient, SocketTimeout

from inbox_bot import __version__
from inbox_bot.core.errors import InboxBotError, LoginRefused, Problem, TemporaryError, UserError
from inbox_bot.mail import arguments
from inbox_bot.mail.imap_link import Link, failure, server_text
from inbox_bot.mail.keep_alive import keep_alive
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.sasl import AccessToken, Credential, TokenLogin, token_mechanism

CONNECT_SECONDS: Final = 15.0

_ID_INSISTED = ("163.com", "126.com", "yeah.net", "188.com", "netease.com", "qq.com")
_HOST = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff](?:[A-Za-z0-9_.:%\u0080-\U0010ffff-]{0,252})")
_COMES_BACK = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|THROTTLED|OVERQUOTA)\b|too many|rate limit|frequen|temporar"
    r"|try again|later|maximum number of connections|not connected|internal (?:server )?error|system busy",
    re.IGNORECASE,
)


def log_in(settings: ImapSettings, secret: Credential) -> Link:
    """Connect and log in; raises UserError (settings, TLS), LoginRefused (secret) or TemporaryError (network)."""
    _check(settings, secret)
    client = _connect(settings)
    try:
        _encrypt(client, settings)
        if isinstance(secret, AccessToken):
            _authenticate_with_token(client, settings, secret)
        else:
            _authenticate(client, settings, secret)
        _introduce(client, settings.host)
        return Link(client, settings.host, settings.timeout_seconds)
    except BaseException:
        Link(client, settings.host, settings.timeout_seconds).close()
        raise


def _check(settings: ImapSettings, secret: Credential) -> None:
    problems = []
    if settings.security not in ("tls", "starttls", "plain"):
        problems.append(
            Problem(f"security {settings.security!r} is not known", remedy="write tls, starttls or plain")
        )
    if not _HOST.fullmatch(settings.host):
        problems.append(
            Problem(f"{settings.host!r} is not a host name", remedy="write it like imap.example.com")
        )
    if not 1 <= settings.port <= 65535:
        problems.append(
            Problem(f"there is no port {settings.port}", remedy="993 is usual for tls, 143 for starttls")
        )
    if settings.security == "plain" and not settings.allow_plain and not _is_loopback(settings.host):
        what = f"the password would go to {settings.host} without encryption"
        problems.append(Problem(what, remedy='set security = "tls", or allow_plain = true if you must'))
    word = secret.text if isinstance(secret, AccessToken) else secret
    for value, what in ((settings.user, "user name"), (word, "password")):
        try:
            arguments.credential(value, what)
        except arguments.UnsafeArgument as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


@lru_cache(maxsize=16)
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        what = f"the certificate authorities in {ca_file} cannot be read ({error.strerror or type(error).__name__})"
        raise UserError(Problem(what, file=ca_file, remedy="ca_file must name a PEM file")) from None


def _connect(settings: ImapSettings) -> IMAPClient:
    tls = settings.security == "tls"
    timeout = SocketTimeout(min(CONNECT_SECONDS, settings.timeout_seconds), settings.timeout_seconds)
    context = _tls_context(settings.ca_file) if tls else None
    try:
        client = IMAPClient(settings.host, settings.port, ssl=tls, ssl_context=context, timeout=timeout)
    except InboxBotError:
        raise
    except Exception as error:
        raise _no_connection(error, settings) from None
    keep_alive(client.socket())
    quieten(client)
    client.normalise_times = False
    return client


def quieten(client: IMAPClient) -> None:
    """Switch off imaplib's trace, which the library turns on: it formats every byte of every mail for a log."""
    if hasattr(client._imap, "debug"):
        client._imap.debug = 0


def _no_connection(error: Exception, settings: ImapSettings) -> InboxBotError:
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of {place} cannot be trusted: {server_text(error.verify_message)}"
        return UserError(
            Problem(what, remedy="check host and the clock; ca_file may name a private authority")
        )
    if isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return UserError(
            Problem(f"{place} does not speak TLS", remedy='use port 993, or security = "starttls"')
        )
    if isinstance(error, UnicodeError):
        return UserError(
            Problem(f"{settings.host!r} is not a host name", remedy="write it like imap.example.com")
        )
    if type(error) is imaplib.IMAP4.error:
        return TemporaryError(
            f"{place} turned the connection away: {server_text(error.args[0] if error.args else '')}"
        )
    return TemporaryError(f"{place}: {failure(error)}")


def _encrypt(client: IMAPClient, settings: ImapSettings) -> None:
    if client._imap.state != "NONAUTH":
        what = f"{settings.host} says we are logged in before we were (PREAUTH)"
        raise UserError(
            Problem(what, remedy="nobody may read mail over such a connection: check host and port")
        )
    if settings.security != "starttls":
        return
    try:
        if not client.has_capability("STARTTLS"):
            what = f"{settings.host}:{settings.port} offers no STARTTLS; the password was not sent"
            raise UserError(Problem(what, remedy='use security = "tls" and port 993'))
        client.starttls(_tls_context(settings.ca_file))
    except InboxBotError:
        raise
    except Exception as error:
        raise _no_connection(error, settings) from None


def _authenticate(client: IMAPClient, settings: ImapSettings, secret: str) -> None:
    try:
        offered = client.capabilities()
        simple = all(word.isascii() and word.isprintable() for word in (settings.user, secret))
        if simple and b"LOGINDISABLED" not in offered:
            client._imap.login(arguments.quoted(settings.user, "user name"), secret)
        elif b"AUTH=PLAIN" in offered:
            _sasl(client, "PLAIN", lambda _: f"\0{settings.user}\0{secret}".encode())
        elif simple:
            what = f"{settings.host} takes no password over this connection"
            raise UserError(
                Problem(what, remedy='use security = "tls", or a password for programs (app password)')
            )
        else:
            what = f"{settings.host} takes user names and passwords in plain ASCII only"
            raise UserError(Problem(what, remedy="choose a password without accents or other scripts"))
    except InboxBotError:
        raise
    except Exception as error:
        raise _no_login(error, client, settings, secret) from None


def _authenticate_with_token(client: IMAPClient, settings: ImapSettings, token: AccessToken) -> None:
    login: TokenLogin | None = None
    try:
        offered = frozenset(
            word.decode("ascii", "replace").upper().removeprefix("AUTH=") for word in client.capabilities()
        )
        mechanism = token_mechanism(offered)
        if not mechanism:
            what = f"{settings.host} takes no login with a token (XOAUTH2) over this connection"
            raise UserError(
                Problem(what, remedy="check host, port and security, or leave out [account.oauth]")
            )
        login = TokenLogin(mechanism, settings.user, token, settings.host, settings.port)
        _sasl(client, mechanism, login.answer)
    except InboxBotError:
        raise
    except Exception as error:
        raise _no_token_login(error, client, settings, login) from None


def _sasl(client: IMAPClient, mechanism: str, answer: Callable[[bytes], bytes]) -> None:
    # imaplib's own: IMAPClient's makes a refusal of every fault, so that a lost connection looks like a wrong secret.
    client._imap.authenticate(mechanism, answer)


def _no_token_login(
    error: Exception, client: IMAPClient, settings: ImapSettings, login: TokenLogin | None
) -> InboxBotError:
    if isinstance(error, ValueError) and login is None:
        return UserError(Problem(str(error), remedy="check user in [account.imap]"))
    broken = not isinstance(error, imaplib.IMAP4.error) or isinstance(error, imaplib.IMAP4.abort)
    if broken or login is None:
        return TemporaryError(f"{settings.host}: {failure(error, client)} while logging in")
    said = login.without_token(server_text(error.args[0] if error.args else ""))
    if _COMES_BACK.search(said):
        return TemporaryError(f"{settings.host} does not let us in for now: {said}")
    why = f"{said} ({login.complaint})" if login.complaint else said
    what = f"{settings.host} refused the token of {settings.user}: {why}"
    remedy = "user must be the mailbox that the login was made for, and the login must cover IMAP"
    return LoginRefused(Problem(what, remedy=remedy))


def _no_login(error: Exception, client: IMAPClient, settings: ImapSettings, secret: str) -> InboxBotError:
    if not isinstance(error, imaplib.IMAP4.error) or isinstance(error, imaplib.IMAP4.abort):
        return TemporaryError(f"{settings.host}: {failure(error, client)} while logging in")
    said = server_text(error.args[0] if error.args else "").replace(secret, "***")
    if _COMES_BACK.search(said):
        return TemporaryError(f"{settings.host} does not let us in for now: {said}")
    what = f"{settings.host} refused the user name or the password of {settings.user}: {said}"
    remedy = "check both; Gmail, Outlook, Yahoo, QQ and 163 want an app password or authorisation code"
    return LoginRefused(Problem(what, remedy=remedy))


def _introduce(client: IMAPClient, host: str) -> None:
    """Send ID between LOGIN and EXAMINE: NetEase and QQ call a login unsafe without it, others ignore it."""
    name = host.lower().rstrip(".")
    insisted = any(name == domain or name.endswith("." + domain) for domain in _ID_INSISTED)
    try:
        if insisted or client.has_capability("ID"):
            client._imap._simple_command("ID", f'("name" "inbox_bot" "version" "{__version__}")')
    except imaplib.IMAP4.abort as error:
        raise TemporaryError(f"{host}: {failure(error, client)} after logging in") from None
    except imaplib.IMAP4.error:
        return  # the server knows no ID; then it does not insist on one either
    except OSError as error:
        raise TemporaryError(f"{host}: {failure(error, client)} after logging in") from None
