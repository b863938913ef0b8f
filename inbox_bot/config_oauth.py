"""The keys of [account.oauth] and their checks."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from inbox_bot.config_parts import OneLine, Part, secret_reference
from inbox_bot.mail.oauth import OAuthSettings

_TENANT = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$"
_SERVICE = "inbox-bot"


class OAuthModel(Part):
    """[account.oauth]."""

    provider: Literal["google", "microsoft", "custom"]
    client_id: OneLine = Field(min_length=1)
    client_secret: str = ""
    token: str = ""
    tenant: str = Field("common", pattern=_TENANT)
    authority: OneLine = ""
    token_url: OneLine = ""
    device_url: OneLine = ""
    authorize_url: OneLine = ""
    scopes: tuple[OneLine, ...] = Field((), strict=False)
    ca_file: str | None = None

    _check_secret = field_validator("client_secret")(secret_reference)

    @field_validator("token")
    @classmethod
    def _kept_where_it_can_be_renewed(cls, value: str) -> str:
        if value and not re.fullmatch(r"keyring:[^/]+/.+|file:[/~].+", value):
            raise ValueError(
                "the login is renewed and so cannot be kept there; write keyring:SERVICE/NAME or file:/PATH"
            )
        return value

    @field_validator("authority", "token_url", "device_url", "authorize_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.hostname and (parts.scheme == "https" or _is_loopback(parts.hostname))):
            raise ValueError(
                f"{value!r} is no address for secrets; write it like https://login.example.com/token"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> OAuthModel:
        if self.provider == "google" and not self.client_secret:
            raise ValueError("Google gives every program a client_secret; add it as a reference")
        if self.provider == "microsoft" and self.client_secret:
            raise ValueError("a public client has no client_secret at Microsoft; remove it")
        if self.provider == "custom" and not (self.token_url and (self.device_url or self.authorize_url)):
            raise ValueError(
                "a provider of your own needs addresses; add token_url, and device_url or authorize_url"
            )
        return self

    def to_settings(self, account: str, user: str) -> OAuthSettings:
        """The part as plain values."""
        return OAuthSettings(
            account=account,
            user=user,
            provider=self.provider,
            client_id=self.client_id,
            keep_in=self.token or f"keyring:{_SERVICE}/{account}",
            client_secret=self.client_secret,
            tenant=self.tenant,
            authority=self.authority,
            token_url=self.token_url,
            device_url=self.device_url,
            authorize_url=self.authorize_url,
            scopes=self.scopes,
            ca_file=self.ca_file,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
