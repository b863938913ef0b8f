"""`doctor`: checks everything that can be checked without changing anything, and says what to do about the rest."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import click

from inbox_bot.config import AccountConfig, Config, load_config
from inbox_bot.core.authentication import proposed_authserv_id, vouches, vouching_server
from inbox_bot.core.errors import InboxBotError
from inbox_bot.core.model import Policy
from inbox_bot.desk import load_rulebook
from inbox_bot.logins import login_health, with_smtp_login
from inbox_bot.mail.mailbox import Mailbox
from inbox_bot.mail.message import read_mail
from inbox_bot.mail.smtp import probe
from inbox_bot.outside import LiveOutside
from inbox_bot.store.sqlite import SqliteStore

OK, WARN, FAIL = "ok", "warn", "FAIL"
LOOKED_AT = 50
LEAST_FREE_BYTES = 200_000_000
_SIZE = re.compile(r"(\d+) bytes")
_COLOURS = {OK: "green", WARN: "yellow", FAIL: "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's; `account` is empty for what concerns all."""

    name: str
    account: str
    status: str
    detail: str
    remedy: str = ""


def run_doctor(config_file: Path, *, as_json: bool) -> int:
    """Print every finding as it is made; 0 when nothing failed, else 1."""
    config = load_config(config_file)
    failed = False
    for finding in _findings(config):
        failed = failed or finding.status == FAIL
        _print(finding, as_json=as_json)
    return int(failed)


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(finding), ensure_ascii=False))
        return
    place = f"{finding.account}: " if finding.account else ""
    status = click.style(f"{finding.status:<5}", fg=_COLOURS[finding.status])
    remedy = f"\n      -> {finding.remedy}" if finding.remedy else ""
    click.echo(f"{status} {place}{finding.name}: {finding.detail}{remedy}")


def _findings(config: Config) -> Iterator[Finding]:
    yield Finding("configuration", "", OK, f"{config.file} is sound, {len(config.accounts)} account(s)")
    yield _private(config.file, "configuration file")
    yield _attempt(
        "rules and templates", "", lambda: _rules(config), "correct the file, then: inbox-bot rules check"
    )
    yield _attempt("store", "", lambda: _store(config), "make the data folder writable, or set data_dir")
    for account in config.accounts:
        yield from _of_account(account)


def _attempt(name: str, account: str, check: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, account, OK, check())
    except (InboxBotError, OSError) as error:
        return Finding(name, account, FAIL, str(error), remedy)


def _private(path: Path, name: str) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(name, "", WARN, f"others can read it (mode {mode:03o})", f"chmod 600 {path}")
    return Finding(name, "", OK, "readable by you only")


def _rules(config: Config) -> str:
    rulebook = load_rulebook(config.rules_folder, config.templates_folder)
    return f"{len(rulebook.decisions.rules)} decision rules, all files are sound"


def _store(config: Config) -> str:
    SqliteStore(config.store_path).close()
    free = shutil.disk_usage(config.data_folder).free
    if free < LEAST_FREE_BYTES:
        raise OSError(f"only {free // 1_000_000} MB are free on the disk of {config.data_folder}")
    return f"{config.store_path} can be written"


def _of_account(account: AccountConfig) -> Iterator[Finding]:
    name = account.policy.account
    outside = LiveOutside(account)
    if account.oauth is not None:
        yield _health(account)
    try:
        login = _attempt(
            "IMAP login", name, lambda: _login(outside, account), "check host, user and secret; see the text"
        )
        yield login
        if login.status == OK:
            yield from _of_mailbox(account, outside)
    finally:
        outside.drop()
    yield _smtp(account)


def _health(account: AccountConfig) -> Finding:
    """Which login is kept, since when, and until when it is good."""
    name = account.policy.account
    remedy = account.oauth.remedy if account.oauth else ""
    try:
        health = login_health(account, datetime.now(UTC))
    except InboxBotError as error:
        return Finding("login", name, FAIL, str(error), remedy)
    if health is None:
        return Finding("login", name, OK, "with a password")
    status = WARN if health.ends_soon else OK
    return Finding("login", name, status, health.words, remedy if health.ends_soon else "")


def _login(outside: LiveOutside, account: AccountConfig) -> str:
    outside.mailbox()
    return f"{account.imap.user} at {account.imap.host}"


def _of_mailbox(account: AccountConfig, outside: LiveOutside) -> Iterator[Finding]:
    name, mailbox, folders = account.policy.account, outside.mailbox(), outside.folders()
    for folder in folders.watched:
        look = partial(_folder, mailbox, folder)
        yield _attempt("watched folder", name, look, "name it in [account.imap] as the server does")
    for part, found, key in (("Drafts", folders.drafts, "drafts"), ("Sent", folders.sent, "sent")):
        if found:
            yield Finding(part, name, OK, found)
        else:
            status = FAIL if part == "Drafts" else WARN
            yield Finding(part, name, status, "the server names none", f"set {key} in [account.imap]")
    try:
        yield from _newest(account, mailbox, folders.watched[0])
    except InboxBotError as error:
        yield Finding("newest mails", name, FAIL, str(error), "see above; then run doctor again")


def _folder(mailbox: Mailbox, folder: str) -> str:
    return f"{folder}, {mailbox.examine(folder).exists} mails"


def _newest(account: AccountConfig, mailbox: Mailbox, folder: str) -> Iterator[Finding]:
    """What the newest mails show: which server vouches for senders, and whether the clocks agree."""
    name = account.policy.account
    state = mailbox.examine(folder)
    headers = list(mailbox.headers_after(max(state.uidnext - LOOKED_AT - 1, 0)))[-LOOKED_AT:]
    small = [header.uid for header in headers if header.size_bytes < 200_000]
    yield _authserv(account.policy, [vouching_server(read_mail(raw)) for _, raw in mailbox.bodies(small)])
    ahead = max(
        (header.internal_at for header in headers), default=datetime.min.replace(tzinfo=UTC)
    ) - datetime.now(UTC)
    if ahead > timedelta(minutes=2):
        minutes = int(ahead.total_seconds() // 60)
        detail = f"a mail arrived {minutes} minutes in the future by this machine's clock"
        yield Finding("clock", name, FAIL, detail, "set this machine's clock (NTP): the cutoffs depend on it")
    else:
        yield Finding("clock", name, OK, "no mail has arrived in the future by this machine's clock")


def _authserv(policy: Policy, servers: Sequence[str]) -> Finding:
    """Which server vouches for senders: what the newest mails show beside what is configured."""
    account, configured = policy.account, policy.authserv_id.lower()
    named = Counter(server for server in servers if server)
    usual = ", ".join(f"{server} ({count} mails)" for server, count in named.most_common(3))
    if configured and any(vouches(server, configured) for server in named):
        return Finding("authserv_id", account, OK, f"{configured} vouches for the mails of this mailbox")
    proposed = proposed_authserv_id(servers)
    remedy = f'the newest mails show: {usual}; set authserv_id = "{proposed}" if that is your server'
    if not proposed:
        remedy = "no mail carries Authentication-Results; ask the provider which server writes them"
    if configured:
        return Finding("authserv_id", account, WARN, f"{configured} is not on the newest mails", remedy)
    if policy.check_dkim:
        detail = "it is empty, so only Amazon's own signature on a notice can prove it genuine"
        return Finding("authserv_id", account, WARN, detail, remedy)
    detail = "it is empty and check_dkim is off, so no notice is trusted and none is answered"
    return Finding("authserv_id", account, FAIL, detail, remedy)


def _smtp(account: AccountConfig) -> Finding:
    name, smtp = account.policy.account, account.smtp
    if smtp is None:
        return Finding("SMTP", name, WARN, "not configured: drafts are placed, nothing can be sent")
    finding = _attempt(
        "SMTP login",
        name,
        lambda: with_smtp_login(account, lambda secret: probe(smtp, secret)),
        "check [account.smtp]; see the text",
    )
    size = _SIZE.search(finding.detail)
    needed = account.policy.max_attachment_bytes * 14 // 10
    if finding.status == OK and size and int(size.group(1)) < needed:
        remedy = f"set max_attachment_bytes to at most {int(size.group(1)) * 10 // 14}"
        return Finding("SMTP login", name, FAIL, f"{finding.detail}; too small for a full reply", remedy)
    return finding
