"""The keys of the configuration file and their checks; pydantic stays in here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from inbox_bot.config import AccountConfig, Retention, Tracking
from inbox_bot.config_alarms import AlarmsModel, HealthModel
from inbox_bot.config_oauth import OAuthModel
from inbox_bot.config_parts import OneLine, Part, secret_reference
from inbox_bot.core.model import LastCall, Mode, Money, Policy, Reason
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.smtp import SmtpSettings

_ADDRESS = re.compile(r"[^@\s<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_CAP = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,2})?) ([A-Z]{3})")
Security = Literal["tls", "starttls", "plain"]
ReasonWord = Literal[
    "not_received",
    "unauthorized",
    "not_as_described",
    "credit_not_processed",
    "duplicate",
    "cancelled",
    "unknown",
]


def _cap(text: str) -> Money:
    found = _CAP.fullmatch(text.strip())
    if not found:
        raise ValueError(f'{text!r} is not an amount; write it like "150.00 USD"')
    return Money(Decimal(found.group(1)), found.group(2))


class ImapModel(Part):
    """[account.imap]."""

    host: OneLine
    port: int = Field(993, ge=1, le=65535)
    security: Security = "tls"
    user: OneLine = ""
    secret: str = ""
    allow_plain: bool = False
    ca_file: str | None = None
    timeout_seconds: float = Field(60.0, gt=0, le=600)
    folders: tuple[OneLine, ...] = Field(("INBOX",), strict=False, min_length=1)
    search_folders: tuple[OneLine, ...] = Field((), strict=False)
    drafts: OneLine = ""
    sent: OneLine = ""
    watch_junk: bool = True
    poll_seconds: float = Field(120, ge=1, le=600)

    _check_secret = field_validator("secret")(secret_reference)


class SmtpModel(Part):
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
    mark_automatic: bool = False
    most_sends_per_day: int = Field(40, ge=1, le=10_000)

    _check_secret = field_validator("secret")(secret_reference)


class AccountModel(Part):
    """[[account]]."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    address: OneLine
    aliases: tuple[OneLine, ...] = Field((), strict=False)
    display_name: OneLine = ""
    signature: str = ""
    mode: Literal["draft", "approve", "auto"] = "draft"
    live_reasons: tuple[ReasonWord, ...] = Field(tuple(one.value for one in Reason), strict=False)
    last_call: Literal["never", "complete", "always"] = "complete"
    reply_language: Literal[
        "notice", "en", "de", "fr", "it", "es", "nl", "sv", "pl", "pt", "tr", "ja", "zh"
    ] = "notice"
    margin_hours: int = Field(24, ge=1, le=144)
    presume_won_days: int = Field(90, ge=90, le=400)
    authserv_id: OneLine = ""
    check_dkim: bool = True
    trusted_forwarders: tuple[OneLine, ...] = Field((), strict=False)
    max_attachments: int = Field(5, ge=1, le=20)
    max_attachment_bytes: int = Field(3_000_000, ge=50_000, le=25_000_000)
    max_pages: int = Field(19, ge=3, le=500)
    attach_originals: bool = False
    refund_caps_per_case: tuple[str, ...] = Field((), strict=False)
    refund_caps_per_day: tuple[str, ...] = Field((), strict=False)
    imap: ImapModel
    smtp: SmtpModel | None = None
    oauth: OAuthModel | None = None

    @field_validator("address", "aliases")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is not a mail address; write it like orders@seller.example")
        return value.lower() if isinstance(value, str) else tuple(address.lower() for address in value)

    @field_validator("trusted_forwarders")
    @classmethod
    def _forwarders(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            if not _DOMAIN.fullmatch(domain):
                raise ValueError(
                    f'{domain!r} is not a domain; write the one that seals, like "forwarder.example"'
                )
        return tuple(domain.lower() for domain in value)

    @field_validator("refund_caps_per_case", "refund_caps_per_day")
    @classmethod
    def _caps(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        currencies = [_cap(text).currency for text in value]
        if len(set(currencies)) < len(currencies):
            raise ValueError("a currency stands here twice; keep one amount for each")
        return value

    @model_validator(mode="after")
    def _can_send(self) -> AccountModel:
        if self.smtp is None and self.mode != "draft":
            raise ValueError(f'mode {self.mode!r} sends mail; add [account.smtp], or use mode = "draft"')
        return self

    @model_validator(mode="after")
    def _shadows(self) -> AccountModel:
        if self.mode != "auto" and set(self.live_reasons) != {one.value for one in Reason}:
            raise ValueError(
                f'live_reasons says what mode "auto" sends, and mode is {self.mode!r}; take it out, or set mode'
            )
        return self

    @model_validator(mode="after")
    def _can_log_in(self) -> AccountModel:
        if self.oauth is None and not self.imap.secret:
            raise ValueError(
                "[account.imap] has no secret; add secret, or [account.oauth] for a login by OAuth"
            )
        if self.oauth is not None and self.imap.secret:
            raise ValueError("[account.imap] has a secret beside [account.oauth]; keep one of them")
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
                live_reasons=tuple(Reason(word) for word in self.live_reasons),
                last_call=last_call,
                reply_language=self.reply_language,
                margin_hours=self.margin_hours,
                presume_won_days=self.presume_won_days,
                authserv_id=self.authserv_id,
                check_dkim=self.check_dkim,
                trusted_forwarders=self.trusted_forwarders,
                max_attachments=self.max_attachments,
                max_attachment_bytes=self.max_attachment_bytes,
                max_pages=self.max_pages,
                attach_originals=self.attach_originals,
                refund_caps_per_case=tuple(_cap(text) for text in self.refund_caps_per_case),
                refund_caps_per_day=tuple(_cap(text) for text in self.refund_caps_per_day),
                mark_automatic=smtp.mark_automatic if smtp else False,
                most_sends_per_day=smtp.most_sends_per_day if smtp else 0,
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
            oauth=self.oauth.to_settings(self.name, imap.user or self.address) if self.oauth else None,
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


class TrackingModel(Part):
    """[tracking]."""

    provider: Literal["17track"] = "17track"
    secret: str
    url: OneLine = ""
    timeout_seconds: float = Field(20.0, gt=0, le=120)

    _check_secret = field_validator("secret")(secret_reference)


class RetentionModel(Part):
    """[retention]."""

    buyer_days: int = Field(30, ge=0, le=3650)
    shipping_days: int = Field(548, ge=180, le=3650)
    case_days: int = Field(548, ge=90, le=3650)


class ConfigModel(Part):
    """The whole file."""

    data_dir: str = ""
    rules_dir: str = ""
    templates_dir: str = ""
    evidence_dir: str = ""
    tracking: TrackingModel | None = None
    retention: RetentionModel = Field(default_factory=lambda: RetentionModel.model_validate({}))
    alarms: AlarmsModel = Field(default_factory=lambda: AlarmsModel.model_validate({}))
    health: HealthModel = Field(default_factory=lambda: HealthModel.model_validate({}))
    account: tuple[AccountModel, ...] = Field(strict=False, min_length=1)

    def to_tracking(self) -> Tracking | None:
        """The tracking service as plain values, None when none is set up."""
        one = self.tracking
        return Tracking(one.provider, one.secret, one.url, one.timeout_seconds) if one else None

    def to_retention(self) -> Retention:
        """How long what is kept, as plain values."""
        days = self.retention
        return Retention(days.buyer_days, days.shipping_days, days.case_days)


KEYS = tuple(
    {
        key
        for model in (
            ConfigModel,
            TrackingModel,
            RetentionModel,
            AlarmsModel,
            HealthModel,
            AccountModel,
            ImapModel,
            SmtpModel,
            OAuthModel,
        )
        for key in model.model_fields
    }
)
