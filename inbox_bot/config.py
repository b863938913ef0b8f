"""The configuration file: read, checked as a whole, and turned into plain values.

Every problem is reported at once with its line and key. Secrets are never in here: a secret is a reference that
`secret.py` resolves when a connection is opened.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.places import STORE_NAME, beside, data_folder

if TYPE_CHECKING:
    from inbox_bot.core.model import Policy
    from inbox_bot.core.tomlfile import TomlFile
    from inbox_bot.mail.mailbox import ImapSettings
    from inbox_bot.mail.oauth import OAuthSettings
    from inbox_bot.mail.smtp import SmtpSettings


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One account: how to reach it, which folders matter, and how its cases are handled.

    Folder names that are empty are found on the server by their special use. `search_folders` are looked through for
    correspondence; empty means the watched folders, Sent and the archive. With `oauth` the logins are made with its
    tokens; an `smtp_secret` beside it is for an SMTP server of its own.
    """

    policy: Policy
    imap: ImapSettings
    imap_secret: str
    folders: tuple[str, ...]
    search_folders: tuple[str, ...]
    drafts: str
    sent: str
    watch_junk: bool
    poll_seconds: float
    smtp: SmtpSettings | None
    smtp_secret: str
    copy_to_self: bool
    server_files_sent: bool
    oauth: OAuthSettings | None = None


@dataclass(frozen=True, slots=True)
class Tracking:
    """A tracking service to ask for scans; `url` is empty for the service's own address."""

    provider: str
    secret: str
    url: str
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept: buyers' data from reports after delivery, shipping facts, closed cases."""

    buyer_days: int = 30
    shipping_days: int = 548
    case_days: int = 548


@dataclass(frozen=True, slots=True)
class Alarms:
    """Who is told, and when: channels and heartbeat as references to secrets, the hours in `zone`."""

    urls: tuple[str, ...] = ()
    zone: str = "UTC"
    quiet_from: time | None = None
    quiet_to: time | None = None
    digest_at: time | None = None
    heartbeat: str = ""
    canary: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; all paths are absolute."""

    file: Path
    data_folder: Path
    evidence_folder: Path
    rules_folder: Path | None
    templates_folder: Path | None
    accounts: tuple[AccountConfig, ...]
    tracking: Tracking | None = None
    retention: Retention = Retention()
    alarms: Alarms = Alarms()
    health_port: int = 0

    @property
    def store_path(self) -> Path:
        """Where the store is."""
        return self.data_folder / STORE_NAME

    def account(self, name: str | None) -> AccountConfig:
        """The account of that name, or the only one; raises UserError with the choices."""
        names = [account.policy.account for account in self.accounts]
        if name is None and len(self.accounts) == 1:
            return self.accounts[0]
        for account in self.accounts:
            if account.policy.account == name:
                return account
        asked = f"there is no account {name!r}" if name else "there are several accounts"
        raise UserError(f"{asked}; name one with --account: {', '.join(names)}")


def load_config(file: Path) -> Config:
    """Read and check the configuration; raises UserError with every problem in it."""
    from pydantic import ValidationError

    from inbox_bot.config_model import ConfigModel
    from inbox_bot.resources import read_toml

    source = read_toml(file)
    try:
        model = ConfigModel.model_validate(source.data)
    except ValidationError as error:
        raise UserError(_problem(source, entry) for entry in error.errors()) from None
    problems = _doubles(source, [account.name for account in model.account])
    if problems:
        raise UserError(problems)
    kept_in = data_folder(file, model.data_dir)
    return Config(
        file=file.resolve(),
        data_folder=kept_in,
        evidence_folder=_optional(file, model.evidence_dir) or kept_in / "evidence",
        tracking=model.to_tracking(),
        retention=model.to_retention(),
        alarms=model.alarms.to_alarms(),
        health_port=model.health.port,
        rules_folder=_optional(file, model.rules_dir),
        templates_folder=_optional(file, model.templates_dir),
        accounts=tuple(account.to_config() for account in model.account),
    )


def _optional(file: Path, named: str) -> Path | None:
    return beside(file, named) if named else None


def _problem(source: TomlFile, entry: Any) -> Problem:
    path = tuple(entry["loc"])
    what, remedy = str(entry["msg"]).removeprefix("Value error, "), None
    if entry["type"] == "extra_forbidden":
        what, remedy = f"unknown key {path[-1]!r}", _nearest(str(path[-1]))
    elif entry["type"] == "missing":
        what, remedy = f"{path[-1]!r} is missing", "see config.example.toml"
    elif "; " in what:
        what, remedy = what.split("; ", 1)
    return source.problem(path, what, remedy)


def _nearest(key: str) -> str:
    from inbox_bot.config_model import KEYS

    near = difflib.get_close_matches(key, KEYS, n=1)
    return f"did you mean {near[0]!r}?" if near else "see config.example.toml for the keys there are"


def _doubles(source: TomlFile, names: list[str]) -> list[Problem]:
    return [
        source.problem(("account", position, "name"), f"the account {name!r} stands here twice", "rename one")
        for position, name in enumerate(names)
        if name in names[:position]
    ]
