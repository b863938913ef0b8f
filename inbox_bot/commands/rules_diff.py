"""`rules diff`: what a change of rules would have done to the cases there are; nothing is written anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from inbox_bot.commands.orders import import_files
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.flips import Comparison, Total, Verdicts
from inbox_bot.core.judgement import Tables
from inbox_bot.desk import load_rulebook
from inbox_bot.judging import BUNDLED, compare, load_tables
from inbox_bot.mail.reader import MailReader
from inbox_bot.replay import ACCOUNT, Replay, read_paths
from inbox_bot.store.reading import ReadOnlyStore


def tables_named(old: str, new: str) -> tuple[Tables, Tables]:
    """Both sets of rules; raises UserError with the problems of both."""
    problems: list[Problem] = []
    found: list[Tables] = []
    for name in (old, new):
        try:
            found.append(_tables(name))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(dict.fromkeys(problems))
    return found[0], found[1]


def _tables(name: str) -> Tables:
    if name == BUNDLED:
        return load_tables()
    if not Path(name).exists():
        remedy = f"give a folder of rules, a file of rules, or {BUNDLED!r}"
        raise UserError(Problem("does not exist", name, remedy=remedy))
    return load_tables(Path(name))


def run_diff(store_path: Path, account: str | None, tables: tuple[Tables, Tables], *, as_json: bool) -> int:
    """Compare over the stored cases; returns 1 when a verdict flips."""
    store = ReadOnlyStore(store_path)
    try:
        return _print(compare(store, account, *tables), as_json=as_json)
    finally:
        store.close()


def run_diff_mails(
    paths: Sequence[Path], tables: tuple[Tables, Tables], order_files: tuple[Path, ...], *, as_json: bool
) -> int:
    """Compare over the cases that mails from files make, in a store that is thrown away."""
    files = read_paths(paths)
    if not files:
        where = ", ".join(map(str, paths))
        raise UserError(Problem("no mails were found there", where, remedy="give .eml or mbox files"))
    with MailReader() as reader:
        replay = Replay(files, load_rulebook(), reader.read, trust="all")
        for problem in import_files(replay.store, ACCOUNT, order_files):
            click.echo(f"inbox-bot: {problem}", err=True)
        for _ in replay.lines():
            pass
        return _print(compare(replay.store, None, *tables), as_json=as_json)


def _print(comparison: Comparison, *, as_json: bool) -> int:
    flips = comparison.flips
    if as_json:
        for one in flips:
            click.echo(json.dumps(_flip_as_json(one), ensure_ascii=False))
        click.echo(json.dumps(_summary_as_json(comparison), ensure_ascii=False))
        return int(bool(flips))
    for one in flips:
        case = one.case
        amount = case.notice.amount or "no amount"
        click.secho(f"{case.case_id}  {case.reason.value}  {amount}  {case.status.value}", bold=True)
        click.echo(f'  old: {one.old.verdict.value} by "{one.old.rule}"')
        click.echo(f'  new: {one.new.verdict.value} by "{one.new.rule}": {one.new.because}')
        if case.overruled and case.decision is not None:
            click.echo(f"  a person decided: {case.decision.verdict.value}")
    click.echo(f"{len(flips)} of {len(comparison.judged)} verdicts flip.")
    for total in comparison.totals:
        click.echo(f"  {_total(total)}")
    if comparison.other_rule:
        click.echo(f"{comparison.other_rule} keep their verdict by another rule.")
    if comparison.not_judged:
        click.echo(f"{len(comparison.not_judged)} could not be judged again:")
    for left in comparison.not_judged:
        click.echo(f"  {left.case_id}: {left.because}")
    return int(bool(flips))


def _total(total: Total) -> str:
    money = f"{total.amount} {total.currency}" if total.currency else "no amount in the notice"
    cases = "case" if total.count == 1 else "cases"
    return f"{total.old.value} -> {total.new.value}: {total.count} {cases}, {money}"


def _flip_as_json(one: Verdicts) -> dict[str, object]:
    amount = one.case.notice.amount
    return {
        "case": one.case.case_id,
        "account": one.case.account,
        "order_id": one.case.order_id,
        "reason": one.case.reason.value,
        "status": one.case.status.value,
        "amount": str(amount.amount) if amount else None,
        "currency": amount.currency if amount else None,
        "overruled": one.case.overruled,
        **{
            side: {"verdict": decision.verdict.value, "rule": decision.rule, "because": decision.because}
            for side, decision in (("old", one.old), ("new", one.new))
        },
    }


def _summary_as_json(comparison: Comparison) -> dict[str, object]:
    return {
        "judged": len(comparison.judged),
        "flips": len(comparison.flips),
        "other_rule": comparison.other_rule,
        "totals": [
            {
                "old": one.old.value,
                "new": one.new.value,
                "currency": one.currency or None,
                "count": one.count,
                "amount": str(one.amount) if one.currency else None,
            }
            for one in comparison.totals
        ],
        "not_judged": [{"case": one.case_id, "because": one.because} for one in comparison.not_judged],
    }
