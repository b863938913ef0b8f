"""`orders import`: Amazon's reports into the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import click

from inbox_bot.after_steps import note_settlements, settle
from inbox_bot.app import evidence_changed
from inbox_bot.config import load_config
from inbox_bot.core.ending import SettlementPeriod
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.record import OrderRecord
from inbox_bot.orders.reports import Report, merge_records, read_report, records_of
from inbox_bot.store.protocol import Store
from inbox_bot.store.sqlite import SqliteStore


class RecordStore(Protocol):
    """What an import needs of a store."""

    def records(self, account: str, order_id: str) -> tuple[OrderRecord, ...]:
        """What is kept about an order, one record a source."""

    def save_records(self, account: str, records: Sequence[OrderRecord]) -> None:
        """Keep records in one transaction; the same key of an order again is replaced."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What one report brought: how many orders it speaks of, and what it says of them."""

    file: str
    kind: str
    orders: int
    shipments: int
    refunds: int
    returns: int
    settlement_lines: int
    problems: tuple[Problem, ...]
    periods: tuple[SettlementPeriod, ...] = ()
    changed: frozenset[str] = frozenset()  # the orders of which it says something new


def run_import(config_file: Path, files: Sequence[Path], account: str | None, *, as_json: bool) -> int:
    """Import the reports of one account; returns 1 when rows had to be left out, else 0."""
    config = load_config(config_file)
    name = config.account(account).policy.account
    store = SqliteStore(config.store_path)
    flawed = False
    problems: list[Problem] = []
    try:
        for file in files:
            try:
                imported = import_file(store, name, file)
            except UserError as error:
                problems.extend(error.problems)
                continue
            flawed = flawed or bool(imported.problems)
            _print(imported, as_json=as_json)
            _tell_cases(store, name, imported, as_json=as_json)
    finally:
        store.close()
    if problems:
        raise UserError(problems)
    return int(flawed)


def _tell_cases(store: Store, account: str, imported: Imported, *, as_json: bool) -> None:
    """Unanswered cases of orders that the report says something new of are looked up anew."""
    now = datetime.now(UTC)
    note_settlements(store, account, imported.periods, now)
    for case_id in settle(store, account, now) if imported.settlement_lines or imported.periods else ():
        record = store.case(case_id)
        if record is not None and record.case.settled is not None and not as_json:
            click.echo(f"  {case_id}: {record.case.settled.because}.")
    waiting = {record.case.order_id for record in store.cases(account) if record.case.order_id}
    orders = sorted(waiting & imported.changed)
    for case_id in evidence_changed(store, account, orders, "a report was imported", datetime.now(UTC)):
        if not as_json:
            click.echo(f"  {case_id}: looked up and answered anew by the daemon, or `inbox-bot once`.")


def import_files(
    store: RecordStore, account: str, files: Sequence[Path], at: datetime | None = None
) -> tuple[Problem, ...]:
    """Import several reports; the flaws of their rows are returned, a file that is no report raises UserError."""
    return tuple(problem for file in files for problem in import_file(store, account, file, at).problems)


def import_file(store: RecordStore, account: str, path: Path, at: datetime | None = None) -> Imported:
    """Read one report and merge it into what is kept; raises UserError when it is no report of Amazon's.

    `at` is when the report was collected: now, unless said otherwise.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    report = read_report(content, str(path))
    records = records_of(report, at or datetime.now(UTC))
    changed: set[str] = set()
    merged = [_merged(store, account, record, changed) for record in records]
    store.save_records(account, merged)
    return _counted(report, records, frozenset(changed))


def _merged(store: RecordStore, account: str, new: OrderRecord, changed: set[str]) -> OrderRecord:
    """The new record joined with the kept one; the order is `changed` when that says anything new."""
    kept = [one for one in store.records(account, new.dossier.order_id) if one.key == new.key]
    merged = merge_records(kept[0], new) if kept else new
    if not kept or replace(merged.dossier, provenance=()) != replace(kept[0].dossier, provenance=()):
        changed.add(new.dossier.order_id)
    return merged


def _counted(report: Report, records: Sequence[OrderRecord], changed: frozenset[str]) -> Imported:
    dossiers = [record.dossier for record in records]
    return Imported(
        file=report.file,
        kind=report.kind,
        orders=len({dossier.order_id for dossier in dossiers}),
        shipments=sum(len(dossier.shipments) for dossier in dossiers),
        refunds=sum(len(dossier.refunds) for dossier in dossiers),
        returns=sum(len(dossier.returns) for dossier in dossiers),
        settlement_lines=len(report.settlement),
        problems=report.problems,
        periods=report.periods,
        changed=changed,
    )


def _print(imported: Imported, *, as_json: bool) -> None:
    counts = {
        "orders": imported.orders,
        "shipments": imported.shipments,
        "refunds": imported.refunds,
        "returns": imported.returns,
        "settlement_lines": imported.settlement_lines,
    }
    if as_json:
        values = {"file": imported.file, "kind": imported.kind, **counts}
        problems = [str(problem) for problem in imported.problems]
        click.echo(json.dumps({**values, "problems": problems}, ensure_ascii=False))
        return
    told = [
        f"{count} {_WORDS[name][count != 1]}" for name, count in counts.items() if count or name == "orders"
    ]
    click.echo(f"{imported.file}: {imported.kind.replace('_', ' ')}, {', '.join(told)}")
    for problem in imported.problems:
        click.echo(f"  {problem}", err=True)


_WORDS = {
    "orders": ("order", "orders"),
    "shipments": ("parcel", "parcels"),
    "refunds": ("refund", "refunds"),
    "returns": ("return", "returns"),
    "settlement_lines": ("settlement line", "settlement lines"),
}
