"""How an account logs in: with its password or with a token, for IMAP and for SMTP alike; and how
long that still works.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from inbox_bot.config import AccountConfig
from inbox_bot.core.errors import TemporaryError, UserError
from inbox_bot.mail.oauth import OAuthSettings
from inbox_bot.mail.sasl import Credential
from inbox_bot.secret import resolve_secret

if TYPE_CHECKING:
    from inbox_bot.mail.oauth_health import LoginHealth

Opened = TypeVar("Opened")


def with_imap_login(account: AccountConfig, attempt: Callable[[Credential], Opened]) -> Opened:
    """The attempt with what the IMAP server takes; raises as it does, and LoginRefused, UserError, TemporaryError."""
    if account.oauth is not None:
        return _with_token(account.oauth, attempt)
    return attempt(resolve_secret(account.imap_secret))


def with_smtp_login(account: AccountConfig, attempt: Callable[[Credential], Opened]) -> Opened:
    """The attempt with what the SMTP server takes; raises as `with_imap_login` does.

    The attempt is made a second time only after LoginRefused, which comes before any word about a mail.
    """
    if account.smtp is None or not account.smtp.user:
        return attempt("")
    if account.oauth is not None and not account.smtp_secret:
        return _with_token(account.oauth, attempt)
    return attempt(resolve_secret(account.smtp_secret))


def login_health(account: AccountConfig, now: datetime) -> LoginHealth | None:
    """How long the account's login by OAuth still works, None for a password; raises UserError when there is none."""
    if account.oauth is None:
        return None
    from inbox_bot.mail.oauth_grants import Grants
    from inbox_bot.mail.oauth_health import login_health as health

    return health(account.oauth, Grants(account.oauth).read(), now)


def login_alarm(account: AccountConfig, now: datetime) -> str:
    """Renew the account's token and say what a person should know of its login; empty when all is well.

    A renewal a day keeps a login alive that is only good while it is used, and shows one that was taken back while an
    old connection still works. A network that is away is no alarm of the login.
    """
    if account.oauth is None:
        return ""
    from inbox_bot.mail.oauth_tokens import token_source

    try:
        token_source(account.oauth).access_token(now)
    except TemporaryError:
        pass
    except UserError as error:
        return str(error)
    try:
        health = login_health(account, now)
    except UserError as error:
        return str(error)
    return f"{health.words} - {account.oauth.remedy}" if health is not None and health.ends_soon else ""


def _with_token(settings: OAuthSettings, attempt: Callable[[Credential], Opened]) -> Opened:
    from inbox_bot.mail.oauth_tokens import token_source, with_token  # few accounts need them

    return with_token(token_source(settings), attempt, datetime.now(UTC))
