"""The usual mail providers: their servers, what their passwords are, and what their mail says about a sender.

Host names and ports are the providers' own published ones. What an Authentication-Results field calls the provider is
background knowledge and is checked against the mailbox by `doctor`; empty means: not known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider's mailboxes are and how a program logs in.

    `files_sent` is true where the SMTP server puts a copy into Sent by itself. `login_with` says in plain words what
    kind of password a program needs there and where it is made.
    """

    name: str
    domains: tuple[str, ...]
    imap_host: str
    smtp_host: str
    smtp_port: int = 465
    smtp_security: str = "tls"
    authserv_id: str = ""
    files_sent: bool = False
    login_with: str = "the mailbox's password"


_APP = "an app password, made in the account's security settings (two-step login has to be on)"
_OAUTH = (
    "a login by code in place of a password: write the configuration by hand with [account.oauth] "
    "(docs/providers.md has the steps), then run: inbox-bot login"
)
_CODE = "an authorisation code, made in the web mail's settings under POP3/IMAP/SMTP"

PROVIDERS = (
    Provider(
        "Gmail", ("gmail.com", "googlemail.com"), "imap.gmail.com", "smtp.gmail.com",
        authserv_id="mx.google.com", files_sent=True, login_with=_APP,
    ),
    Provider(
        "Outlook / Microsoft 365",
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "outlook.fr", "hotmail.co.uk"),
        "outlook.office365.com", "smtp.office365.com", 587, "starttls", authserv_id="outlook",
        files_sent=True, login_with=_OAUTH,
    ),
    Provider(
        "Yahoo", ("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
        "imap.mail.yahoo.com", "smtp.mail.yahoo.com", authserv_id="*.yahoo.com", login_with=_APP,
    ),
    Provider(
        "iCloud", ("icloud.com", "me.com", "mac.com"), "imap.mail.me.com", "smtp.mail.me.com", 587, "starttls",
        authserv_id="dmarc.icloud.com", files_sent=True,
        login_with="an app-specific password, made at account.apple.com",
    ),
    Provider(
        "Zoho", ("zoho.com", "zohomail.com", "zoho.eu"), "imap.zoho.com", "smtp.zoho.com",
        files_sent=True, login_with=_APP,
    ),
    Provider("Fastmail", ("fastmail.com", "fastmail.fm"), "imap.fastmail.com", "smtp.fastmail.com", login_with=_APP),
    Provider("QQ", ("qq.com", "foxmail.com", "vip.qq.com"), "imap.qq.com", "smtp.qq.com", login_with=_CODE),
    Provider("QQ exmail", ("exmail.qq.com",), "imap.exmail.qq.com", "smtp.exmail.qq.com", login_with=_CODE),
    Provider("163", ("163.com", "vip.163.com"), "imap.163.com", "smtp.163.com", login_with=_CODE),
    Provider("126", ("126.com",), "imap.126.com", "smtp.126.com", login_with=_CODE),
    Provider("yeah", ("yeah.net",), "imap.yeah.net", "smtp.yeah.net", login_with=_CODE),
    Provider(
        "GMX", ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"), "imap.gmx.net", "mail.gmx.net",
        login_with="the mailbox's password, after IMAP was allowed in the web mail's settings",
    ),
    Provider(
        "GMX", ("gmx.com", "gmx.co.uk", "gmx.us"), "imap.gmx.com", "mail.gmx.com",
        login_with="the mailbox's password, after IMAP was allowed in the web mail's settings",
    ),
    Provider(
        "web.de", ("web.de",), "imap.web.de", "smtp.web.de",
        login_with="the mailbox's password, after IMAP was allowed in the web mail's settings",
    ),
    Provider(
        "IONOS", ("ionos.com", "ionos.de", "ionos.co.uk", "1und1.de", "online.de"), "imap.ionos.com", "smtp.ionos.com"
    ),
)  # fmt: skip


def provider_of(address: str) -> Provider | None:
    """The provider of a mail address by its domain, None when it is not one of the usual ones."""
    domain = address.rpartition("@")[2].lower()
    return next((provider for provider in PROVIDERS if domain in provider.domains), None)


def guess_of(address: str) -> Provider:
    """A guess for a domain of one's own; the user confirms or corrects it."""
    domain = address.rpartition("@")[2].lower()
    return Provider(domain, (domain,), f"imap.{domain}", f"smtp.{domain}")
