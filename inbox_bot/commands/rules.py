"""`rules check` and `rules explain`: are the rules sound, and how do they read and decide one mail."""

from __future__ import annotations

from pathlib import Path

import click

from inbox_bot.commands.orders import import_files
from inbox_bot.config import load_config
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Kind
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.places import find_config
from inbox_bot.replay import ACCOUNT, Replay, ReplayLine, read_paths

Folders = tuple[Path | None, Path | None]


def own_folders(given: Path | None) -> Folders:
    """The user's rules and templates folders; none when there is no configuration yet."""
    try:
        found = find_config(given)
    except UserError:
        if given is not None:
            raise
        return (None, None)
    config = load_config(found)
    return (config.rules_folder, config.templates_folder)


def run_check(folders: Folders) -> int:
    """Load every rule and template; problems are raised as one UserError by the loading."""
    rulebook = load_rulebook(*folders)
    click.echo(
        f"{len(rulebook.decisions.rules)} decision rules and all notice rules and templates are sound."
    )
    return 0


def run_explain(file: Path, folders: Folders, order_files: tuple[Path, ...]) -> int:
    """Print how one mail is recognised, what is read from it, and which rule decides it and why."""
    rulebook = load_rulebook(*folders)
    with MailReader() as reader:
        replay = Replay(read_paths([file]), rulebook, reader.read, trust="all")
        for problem in import_files(replay.store, ACCOUNT, order_files):
            click.echo(f"inbox-bot: {problem}", err=True)
        for line in replay.lines():
            _explain(line)
    return 0


def _explain(line: ReplayLine) -> None:
    recognition, notice, case = line.handled.recognition, line.handled.notice, line.case
    if recognition is None:
        click.echo(f"The mail could not be read: {line.handled.note}")
        return
    click.secho(f"Taken for: {recognition.kind.value}", bold=True)
    click.echo(f"  {recognition.because}")
    if recognition.kind is Kind.OTHER or notice is None:
        return
    click.secho("Read from it", bold=True)
    amount = notice.amount or "not found"
    asks = ", ".join(ask.value for ask in notice.asks) or "nothing in particular"
    for name, value in (
        ("language", notice.language or "not known"),
        ("order", notice.order_id or "not found"),
        ("amount", str(amount)),
        ("reason", notice.reason.value + (f' ("{notice.reason_words}")' if notice.reason_words else "")),
        ("items", "; ".join(notice.items) or "not found"),
        ("asks for", asks),
        ("due by", case.deadline.because if case and case.deadline else "not stated"),
    ):
        click.echo(f"  {name + ':':<10}{value}")
    for problem in notice.problems:
        click.echo(f"  problem:  {problem}")
    if case is None or case.decision is None:
        return
    click.secho(f"Decision: {case.decision.verdict.value}, by the rule {case.decision.rule!r}", bold=True)
    click.echo(f"  {case.decision.because}")
    for hit in case.decision.hits:
        click.echo(f"  held:     {hit}")
    for miss in case.decision.misses:
        click.echo(f"  did not:  {miss}")
    for missing in case.decision.missing:
        click.echo(f"  missing:  {missing}")
    click.echo("The mail was taken as genuine, and only itself and the given reports were looked at.")
