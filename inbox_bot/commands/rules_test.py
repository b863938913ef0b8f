"""`rules test`: are the verdicts what the tables of tests say they must be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from inbox_bot.commands.rules import Folders
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.rule_tests import Tested, load_rule_tests, run_tests
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.desk import load_rulebook
from inbox_bot.resources import read_toml, rule_files


def run_test(files: Sequence[Path], folders: Folders, *, as_json: bool) -> int:
    """Run the tests of the files, else the bundled ones and the user's own; returns 1 when one does not hold."""
    tests = load_rule_tests(_read(files) if files else rule_files("tests*.toml", folders[0]))
    if not tests:
        raise UserError(
            Problem("there is no [[test]]", ", ".join(map(str, files)), remedy="see docs/rules.md")
        )
    done = run_tests(tests, load_rulebook(*folders).tables)
    failed = [one for one in done if not one.held]
    if as_json:
        for one in done:
            click.echo(json.dumps(_as_json(one), ensure_ascii=False))
        return int(bool(failed))
    for one in failed:
        click.secho(f"{one.test.file}:{one.test.line} {one.test.name}", bold=True)
        for line in one.why:
            click.echo(f"  {line}")
    click.echo(f"{len(done) - len(failed)} of {len(done)} tests held.")
    return int(bool(failed))


def _read(paths: Sequence[Path]) -> tuple[TomlFile, ...]:
    files: list[TomlFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(read_toml(path))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)
    return tuple(files)


def _as_json(one: Tested) -> dict[str, object]:
    test, decision = one.test, one.decision
    return {
        "test": test.name,
        "file": test.file,
        "line": test.line,
        "held": one.held,
        "expected": {"verdict": test.verdict.value, "rule": test.rule or None},
        "got": {"verdict": decision.verdict.value, "rule": decision.rule, "because": decision.because},
        "decided_by": list(decision.hits),
        "why": list(one.why),
    }
