"""The keys of the configuration file and their checks; pydantic stays in here."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from inbox_bot.config import AccountConfig
from inbox_bot.core.model import LastCall, Mode, Policy
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.smtp import SmtpSettings

_ADDRESS = re.compile(r"[^@\s<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SECRET = re.compile(r"(env|file|keyring|plain):.+", re.DOTALL)
OneLine = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
Security = Literal["tls", "starttls", "plain"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _secret(value: str) -> str:
    if value and not _SECRET.fullmatch(value):
        raise ValueError(
            "a secret is a reference; write env:NAME, file:PATH or keyring:SERVICE/USER "
            "(plain:PASSWORD works and is not advised)"
        )
    return value


class ImapModel(_Part):
    """[account.imap]."""

    host: OneLine
    port: int = Field(993, ge=1, le=65535)
    security: Security = "tls"
    user: OneLine = ""
    secret: str
    allow_plain: bool = False
    ca_file: str | None = None
    timeout_seconds: float = Field(60.0, gt=0, le=600)
    folders: tuple[OneLine, ...] = Field(("INBOX",), strict=False, min_length=1)
    search_folders: tuple[OneLine, ...] = Field((), strict=False)
    drafts: OneLine = ""
    sent: OneLine = ""
    watch_junk: bool = True
    poll_seconds: float = Field(120, ge=1, le=600)

    _check_secret = field_validator("secret")(_secret)


class SmtpModel(_Part):
    """[account.smtp]."""

    host: OneLine
    port: int = Field(465, ge=1, le=65535)
    security: Security = "tls"
    login: bool = True
    user: OneLine = ""
    secret: str = ""
    allow_plain: bool = False
    ca_file: str | None = None
    timeout_seconds: float = Field(60.0, gt=0, le=600)
    copy_to_self: bool = True
    server_files_sent: bool = False

    _check_secret = field_validator("secret")(_secret)


class AccountModel(_Part):
    """[[account]]."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    address: OneLine
    aliases: tuple[OneLine, ...] = Field((), strict=False)
    display_name: OneLine = ""
    signature: str = ""
    mode: Literal["draft", "approve", "auto"] = "draft"
    last_call: Literal["never", "complete", "always"] = "complete"
    reply_language: Literal["notice", "en", "zh"] = "notice"
    margin_hours: int = Field(24, ge=1, le=144)
    authserv_id: OneLine = ""
    max_attachments: int = Field(5, ge=1, le=20)
    max_attachment_bytes: int = Field(3_000_000, ge=50_000, le=25_000_000)
    imap: ImapModel
    smtp: SmtpModel | None = None

    @field_validator("address", "aliases")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is not a mail address; write it like orders@seller.example")
        return value.lower() if isinstance(value, str) else tuple(address.lower() for address in value)

    @model_validator(mode="after")
    def _can_send(self) -> AccountModel:
        if self.smtp is None and self.mode != "draft":
            raise ValueError(f'mode {self.mode!r} sends mail; add [account.smtp], or use mode = "draft"')
        return self

    def to_config(self) -> AccountConfig:
        """The account as plain values."""
        imap, smtp = self.imap, self.smtp
        # Without a way to send, nothing can go out at the last call either.
        last_call = LastCall(self.last_call) if smtp else LastCall.NEVER
        return AccountConfig(
            policy=Policy(
                account=self.name,
                address=self.address,
                aliases=self.aliases,
                display_name=self.display_name,
                signature=self.signature,
                mode=Mode(self.mode),
                last_call=last_call,
                reply_language=self.reply_language,
                margin_hours=self.margin_hours,
                authserv_id=self.authserv_id,
                max_attachments=self.max_attachments,
                max_attachment_bytes=self.max_attachment_bytes,
            ),
            imap=ImapSettings(
                host=imap.host,
                port=imap.port,
                security=imap.security,
                user=imap.user or self.address,
                allow_plain=imap.allow_plain,
                ca_file=imap.ca_file,
                timeout_seconds=imap.timeout_seconds,
            ),
            imap_secret=imap.secret,
            folders=imap.folders,
            search_folders=imap.search_folders,
            drafts=imap.drafts,
            sent=imap.sent,
            watch_junk=imap.watch_junk,
            poll_seconds=imap.poll_seconds,
            smtp=_smtp_settings(smtp, self.address) if smtp else None,
            smtp_secret=(smtp.secret or imap.secret) if smtp else "",
            copy_to_self=smtp.copy_to_self if smtp else False,
            server_files_sent=smtp.server_files_sent if smtp else False,
        )


def _smtp_settings(smtp: SmtpModel, address: str) -> SmtpSettings:
    return SmtpSettings(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        user=(smtp.user or address) if smtp.login else "",
        allow_plain=smtp.allow_plain,
        ca_file=smtp.ca_file,
        timeout_seconds=smtp.timeout_seconds,
    )


class ConfigModel(_Part):
    """The whole file."""

    data_dir: str = ""
    rules_dir: str = ""
    templates_dir: str = ""
    account: tuple[AccountModel, ...] = Field(strict=False, min_length=1)


KEYS = tuple(
    {key for model in (ConfigModel, AccountModel, ImapModel, SmtpModel) for key in model.model_fields}
)
