"""`init`: the wizard that writes a configuration, with the login tested before a line is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from inbox_bot.config import load_config
from inbox_bot.core.errors import InboxBotError, UserError
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import ImapSettings, ServerFolder
from inbox_bot.mail.smtp import SmtpSettings, probe
from inbox_bot.outside import special_folder
from inbox_bot.providers import Provider, guess_of, provider_of

MODES = ("draft", "approve", "auto")


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything the wizard was told."""

    name: str
    address: str
    display_name: str
    mode: str
    provider: Provider
    imap: ImapSettings
    smtp: SmtpSettings | None
    secret: str
    authserv_id: str


def run_init(path: Path) -> int:
    """Ask, test, write; nothing is written before everything was answered."""
    try:
        return _run(path)
    except click.Abort:
        raise KeyboardInterrupt from None


def _run(path: Path) -> int:
    if path.exists() and not click.confirm(f"{path} exists. Write it anew?", default=False):
        click.echo("Nothing was changed.")
        return 0
    click.echo(
        "This asks for your mailbox, tests the login and writes a configuration. Ctrl-C leaves nothing behind.\n"
    )
    answers, folders = _ask_until_it_works()
    reference = _keep_secret(path, answers)
    _write_private(path, configuration(answers, reference))
    load_config(path)
    _say_next(path, answers, folders)
    return 0


def _ask_until_it_works() -> tuple[Answers, tuple[ServerFolder, ...]]:
    address = _ask_address()
    provider = provider_of(address)
    if provider is not None:
        click.echo(f"That is {provider.name}. It wants {provider.login_with}.")
    answers = _ask_account(address, provider or guess_of(address), known=provider is not None)
    while True:
        try:
            folders = _test(answers)
        except InboxBotError as error:
            click.secho(f"  {error}", fg="red")
            if not click.confirm("Correct the answers and try again?", default=True):
                raise
            answers = _ask_account(address, answers.provider, known=False, before=answers)
        else:
            return answers, folders


def _ask_address() -> str:
    while True:
        address = str(click.prompt("Your mail address")).strip().lower()
        local, _, domain = address.partition("@")
        if local and "." in domain and " " not in address:
            return address
        click.echo("  Write it like orders@seller.example.")


def _ask_account(address: str, provider: Provider, *, known: bool, before: Answers | None = None) -> Answers:
    imap = before.imap if before else ImapSettings(provider.imap_host, 993, "tls", address)
    smtp = before.smtp if before else _smtp(provider, address)
    if not known:
        host = click.prompt("IMAP server", default=imap.host)
        security = click.prompt(
            "IMAP security", type=click.Choice(["tls", "starttls", "plain"]), default=imap.security
        )
        port = click.prompt(
            "IMAP port", type=click.IntRange(1, 65535), default=_port(security, imap.port, 993, 143)
        )
        user = click.prompt("User name", default=imap.user)
        imap = replace(imap, host=host, port=port, security=security, user=user)
        smtp = _ask_smtp(smtp, user)
    secret = click.prompt("Password (not shown)", hide_input=True)
    return Answers(
        name=before.name if before else address.partition("@")[0].split("+")[0] or "shop",
        address=address,
        display_name=click.prompt(
            "Name under your replies", default=before.display_name if before else address
        ),
        mode=click.prompt(
            "Who sends the replies", type=click.Choice(MODES), default=before.mode if before else "draft"
        ),
        provider=provider,
        imap=imap,
        smtp=smtp,
        secret=secret,
        authserv_id=provider.authserv_id,
    )


def _port(security: str, before: int, tls: int, other: int) -> int:
    usual = tls if security == "tls" else other
    return before if before not in (tls, other) else usual


def _smtp(provider: Provider, address: str) -> SmtpSettings:
    return SmtpSettings(provider.smtp_host, provider.smtp_port, provider.smtp_security, address)


def _ask_smtp(smtp: SmtpSettings | None, user: str) -> SmtpSettings | None:
    if not click.confirm("Set up sending too? (drafts work without)", default=smtp is not None):
        return None
    before = smtp or SmtpSettings("", 465, "tls", user)
    host = click.prompt("SMTP server", default=before.host)
    security = click.prompt(
        "SMTP security", type=click.Choice(["tls", "starttls", "plain"]), default=before.security
    )
    port = click.prompt(
        "SMTP port", type=click.IntRange(1, 65535), default=_port(security, before.port, 465, 587)
    )
    return replace(before, host=host, port=port, security=security, user=user)


def _test(answers: Answers) -> tuple[ServerFolder, ...]:
    click.echo(f"Testing the login at {answers.imap.host} ...")
    mailbox = open_mailbox(answers.imap, answers.secret)
    try:
        folders = mailbox.folders()
    finally:
        mailbox.close()
    click.secho("  IMAP works.", fg="green")
    if answers.smtp is None and answers.mode != "draft":
        raise UserError(f"mode {answers.mode!r} sends mail; set up sending, or choose draft")
    if answers.smtp is not None:
        click.echo(f"  SMTP works: {probe(answers.smtp, answers.secret)}")
    return folders


def _keep_secret(path: Path, answers: Answers) -> str:
    """Keep the secret where the user wants it, and return the reference for the configuration."""
    ways = ["file", "environment", "keyring"] if _has_keyring() else ["file", "environment"]
    way = click.prompt("Keep the password in", type=click.Choice([*ways, "plain"]), default=ways[0])
    if way == "keyring":
        import keyring

        keyring.set_password("inbox-bot", answers.address, answers.secret)
        return f"keyring:inbox-bot/{answers.address}"
    if way == "environment":
        variable = "INBOX_BOT_" + "".join(char if char.isalnum() else "_" for char in answers.name).upper()
        click.echo(f"  Set {variable} to the password wherever inbox-bot runs.")
        return f"env:{variable}"
    if way == "plain" and click.prompt("Anybody who reads the file will know it. Type yes to go on") == "yes":
        return f"plain:{answers.secret}"
    place = path.resolve().parent / f"{answers.name}.secret"
    _write_private(place, answers.secret + "\n")
    return f"file:{place}"


def _has_keyring() -> bool:
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), fail.Keyring)


def _write_private(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o600)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def configuration(answers: Answers, reference: str) -> str:
    """The text of the configuration, with a comment for what a seller may want to change."""
    lines = [
        "# inbox_bot's configuration. config.example.toml explains every key.",
        "",
        "[[account]]",
        f"name = {_quoted(answers.name)}",
        f"address = {_quoted(answers.address)}",
        '# aliases = ["sales@seller.example"]   # further addresses that notices come to',
        f"display_name = {_quoted(answers.display_name)}",
        f"signature = {_quoted(answers.display_name)}",
        "",
        "# Who sends: draft (you, from Drafts), approve (the bot, after `inbox-bot approve`), auto (the bot, by rule).",
        f"mode = {_quoted(answers.mode)}",
        "# At the last call, a day before the cutoff: never, complete (send if nothing is missing) or always.",
        'last_call = "complete"',
        "",
        "# The server whose Authentication-Results vouch for a sender. Empty: only Amazon's own signature does.",
        "# `inbox-bot doctor` tells what your mailbox shows.",
        f"authserv_id = {_quoted(answers.authserv_id)}",
        "",
        "[account.imap]",
        *_server(answers.imap.host, answers.imap.port, answers.imap.security, answers.imap.user),
        f"secret = {_quoted(reference)}",
        'folders = ["INBOX"]                    # Junk and Sent are watched too',
    ]
    if answers.smtp is not None:
        smtp = answers.smtp
        lines += ["", "[account.smtp]                         # the same password as above"]
        lines += _server(smtp.host, smtp.port, smtp.security, smtp.user)
        lines += ["copy_to_self = true                    # the proof that a reply went out"]
        lines += [f"server_files_sent = {str(answers.provider.files_sent).lower()}"]
    return "\n".join(lines) + "\n"


def _server(host: str, port: int, security: str, user: str) -> list[str]:
    return [
        f"host = {_quoted(host)}",
        f"port = {port}",
        f"security = {_quoted(security)}",
        f"user = {_quoted(user)}",
    ]


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def _say_next(path: Path, answers: Answers, folders: tuple[ServerFolder, ...]) -> None:
    find: Callable[[str], str] = lambda use: special_folder(folders, use) or "not found"  # noqa: E731
    click.echo(f"\nFolders: Drafts is {find('drafts')}, Sent is {find('sent')}, Junk is {find('junk')}.")
    click.echo(f"Wrote {path} (readable by you only).")
    if not answers.authserv_id:
        click.secho(
            "authserv_id is empty: only Amazon's own signature can prove a notice genuine; doctor helps.",
            fg="yellow",
        )
    click.echo("\nNext:\n  inbox-bot doctor\n  inbox-bot orders import REPORT...\n  inbox-bot run")
