"""Tokens from Microsoft 365 and Outlook.com, by device code, through Microsoft's own library.

What Microsoft calls an authority is its login server with the tenant; China and governments have their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msal

from inbox_bot.core.errors import InboxBotError, Problem, UserError
from inbox_bot.core.text import one_line
from inbox_bot.mail.oauth import (
    OAuthSettings,
    Prompt,
    TokenAnswer,
    refusal,
    token_answer,
    unreachable,
)
from inbox_bot.mail.oauth_session import broken, open_session

SCOPES = (
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
)
_AUTHORITY = "https://login.microsoftonline.com"
_ADDED_BY_THE_LIBRARY = ("offline_access", "openid", "profile")

# At DEBUG both write what they send and get.
for _name in ("msal", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class MicrosoftIssuer:
    """Microsoft's identity platform; see `Issuer` for what each method promises."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings
        self._scopes = [one for one in settings.scopes or SCOPES if one not in _ADDED_BY_THE_LIBRARY]
        self._made: Any = None

    def obtain(self, show: Callable[[Prompt], None], now: Callable[[], datetime], port: int) -> TokenAnswer:
        """As `Issuer.obtain`; there is no browser flow, so `port` means nothing."""
        flow = self._asked(lambda application: application.initiate_device_flow(scopes=self._scopes))
        if "user_code" not in flow:
            raise self._refusal(flow)
        show(Prompt(one_line(str(flow.get("verification_uri", ""))), one_line(str(flow["user_code"]))))
        said = self._asked(lambda application: application.acquire_token_by_device_flow(flow))
        if "access_token" not in said:
            raise self._refusal(said)
        return token_answer(self._settings, said, now(), first=True)

    def renew(self, refresh_token: str, now: datetime) -> TokenAnswer:
        """As `Issuer.renew`."""
        said = self._asked(
            lambda application: application.acquire_token_by_refresh_token(refresh_token, self._scopes)
        )
        if "access_token" not in said:
            raise self._refusal(said)
        return token_answer(self._settings, said, now)

    def _asked(self, ask: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        settings = self._settings
        try:
            if self._made is None:  # making it asks the authority for its addresses
                self._made = self._application()
            return dict(ask(self._made))
        except InboxBotError:
            raise
        except ValueError:
            if self._made is not None:
                raise unreachable(settings, "its answer makes no sense") from None
            what = f"Microsoft knows no tenant {settings.tenant!r} (account {settings.account})"
            remedy = (
                'check tenant in [account.oauth]: "common", "consumers", or your organisation\'s id or domain'
            )
            raise UserError(Problem(what, remedy=remedy)) from None
        except Exception as error:  # the library has several, and leaves some of others through
            raise broken(settings, error) from None

    def _application(self) -> Any:
        settings = self._settings
        authority = (settings.authority or _AUTHORITY).rstrip("/")
        return msal.PublicClientApplication(
            settings.client_id,
            authority=f"{authority}/{settings.tenant}",
            instance_discovery=False if settings.authority else None,
            http_client=open_session(settings),
        )

    def _refusal(self, said: dict[str, Any]) -> Exception:
        code = said.get("error")
        if not isinstance(code, str) or not code:
            return unreachable(self._settings, "it gave no OAuth answer")
        return refusal(self._settings, code, str(said.get("error_description", "")))
