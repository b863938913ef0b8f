"""`login`: a person allows the access to the mailbox once, in a browser; what is kept is the right to renew it."""

from __future__ import annotations

import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot.config import AccountConfig, load_config
from inbox_bot.core.errors import InboxBotError, LoginRefused, Problem, UserError
from inbox_bot.logins import login_health, with_imap_login
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.oauth import Grant, OAuthSettings, Prompt
from inbox_bot.mail.oauth_grants import Grants
from inbox_bot.mail.oauth_tokens import issuer_of


def run_login(config_file: Path, name: str | None, *, browser: bool, port: int) -> int:
    """Walk a person through the login of one account, keep it, and see that the mailbox takes it."""
    account = load_config(config_file).account(name)
    settings = account.oauth
    if settings is None:
        what = f"account {account.policy.account} logs in with a password"
        raise UserError(
            Problem(what, remedy="nothing to do, or write [account.oauth] into the configuration")
        )
    grants = Grants(settings)
    with grants.alone():
        pass  # a place that cannot be written is said before anybody walks to a browser
    answer = issuer_of(settings).obtain(lambda prompt: _show(settings, prompt, browser=browser), _now, port)
    now = _now()
    with grants.alone():
        grants.write(Grant(answer.refresh_token, now, now, answer.refresh_expires_at))
    click.echo(f"The login is kept in {settings.keep_in}.")
    _check(account)
    health = login_health(account, _now())
    click.echo(f"  {health.words}." if health else "")
    return 0


def _show(settings: OAuthSettings, prompt: Prompt, *, browser: bool) -> None:
    click.echo(f"Log in as {settings.user} and allow the access:\n\n  {prompt.url}\n")
    if prompt.code:
        click.echo(f"Type this code there: {prompt.code}\n")
    elif browser:
        webbrowser.open(prompt.url)
    else:
        click.echo(
            f"The browser comes back to port {prompt.port} of this machine. From another machine, first run there:\n"
            f"  ssh -L {prompt.port}:127.0.0.1:{prompt.port} THIS-MACHINE\n"
        )
    click.echo("Waiting ...")


def _check(account: AccountConfig) -> None:
    host = account.imap.host
    try:
        with_imap_login(account, lambda secret: open_mailbox(account.imap, secret)).close()
    except LoginRefused:
        raise
    except InboxBotError as error:
        click.echo(f"  The login could not be tried at {host}: {error}", err=True)
        return
    click.secho(f"  IMAP works: {account.imap.user} at {host}.", fg="green")


def _now() -> datetime:
    return datetime.now(UTC)
