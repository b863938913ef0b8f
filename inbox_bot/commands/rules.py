"""`rules check` and `rules explain`: are the rules sound, and how do they read and decide one mail."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inbox_bot.commands.explaining import as_values, explanation_lines
from inbox_bot.commands.orders import import_files
from inbox_bot.config import load_config
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Kind
from inbox_bot.desk import Rulebook, load_rulebook
from inbox_bot.judging import explain_case
from inbox_bot.mail.reader import MailReader
from inbox_bot.places import find_config
from inbox_bot.replay import ACCOUNT, Replay, ReplayLine, read_paths
from inbox_bot.replay import as_json as line_as_json

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


def run_explain(file: Path, folders: Folders, order_files: tuple[Path, ...], *, as_json: bool = False) -> int:
    """Print how one mail is recognised, what is read from it, and which rule decides it and why."""
    rulebook = load_rulebook(*folders)
    with MailReader() as reader:
        replay = Replay(read_paths([file]), rulebook, reader.read, trust="all")
        for problem in import_files(replay.store, ACCOUNT, order_files):
            click.echo(f"inbox-bot: {problem}", err=True)
        for line in replay.lines():
            if as_json:
                click.echo(_as_json(replay, line, rulebook))
                continue
            _explain(line)
            if line.case is not None and line.case.decision is not None and line.handled.notice is not None:
                _say_why(replay, line.case, rulebook)
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
    for missing in case.decision.missing:
        click.echo(f"  missing:  {missing}")


def _as_json(replay: Replay, line: ReplayLine, rulebook: Rulebook) -> str:
    case = line.case if line.handled.notice is not None else None
    explained = explain_case(replay.store, case, rulebook.tables) if case and case.decision else None
    empty = {"tried": [], "changes": [], "complete": True}
    return json.dumps(
        {**json.loads(line_as_json(line)), **(as_values(explained) if explained else empty)},
        ensure_ascii=False,
    )


def _say_why(replay: Replay, case: Case, rulebook: Rulebook) -> None:
    explained = explain_case(replay.store, case, rulebook.tables)
    if explained is not None:
        click.secho("Why, and what would change it", bold=True)
        for line in explanation_lines(explained):
            click.echo(f"  {line}")
    click.echo("The mail was taken as genuine, and only itself and the given reports were looked at.")
