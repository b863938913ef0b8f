"""`orders import`: Amazon's reports into the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from inbox_bot.config import load_config
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.record import Order, Shipment
from inbox_bot.orders.parcels import merge_shipments
from inbox_bot.orders.report_orders import assemble_orders, merge_orders
from inbox_bot.orders.reports import read_report
from inbox_bot.store.protocol import Store
from inbox_bot.store.sqlite import SqliteStore


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
                line = import_file(store, name, file)
            except UserError as error:
                problems.extend(error.problems)
                continue
            flawed = flawed or bool(line.problems)
            _print(line, as_json=as_json)
    finally:
        store.close()
    if problems:
        raise UserError(problems)
    return int(flawed)


def import_files(store: Store, account: str, files: Sequence[Path]) -> tuple[Problem, ...]:
    """Import several reports; the flaws of their rows are returned, a file that is no report raises UserError."""
    return tuple(problem for file in files for problem in import_file(store, account, file).problems)


class Imported:
    """What one report brought."""

    def __init__(
        self, file: str, kind: str, orders: int, shipments: int, problems: tuple[Problem, ...]
    ) -> None:
        self.file = file
        self.kind = kind
        self.orders = orders
        self.shipments = shipments
        self.problems = problems


def import_file(store: Store, account: str, path: Path) -> Imported:
    """Read one report and merge it into what is known; raises UserError when it is no report of Amazon's."""
    try:
        report = read_report(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    orders, shipments = assemble_orders(report.rows)
    merged: list[Order] = []
    parcels: list[Shipment] = []
    new = {order.order_id: order for order in orders}
    for order_id in dict.fromkeys((*new, *(shipment.order_id for shipment in shipments))):
        known, known_parcels = store.order(account, order_id)
        if order_id in new:
            merged.append(
                merge_orders(known, replace(new[order_id], source=new[order_id].source or report.file))
            )
        own = [shipment for shipment in shipments if shipment.order_id == order_id]
        parcels.extend(merge_shipments((*known_parcels, *own)))
    store.save_orders(account, merged, parcels)
    return Imported(report.file, report.kind, len(merged), len(shipments), report.problems)


def _print(line: Imported, *, as_json: bool) -> None:
    if as_json:
        problems = [str(problem) for problem in line.problems]
        values = {"file": line.file, "kind": line.kind, "orders": line.orders, "shipments": line.shipments}
        click.echo(json.dumps({**values, "problems": problems}, ensure_ascii=False))
        return
    click.echo(f"{line.file}: {line.kind.replace('_', ' ')}, {line.orders} orders, {line.shipments} parcels")
    for problem in line.problems:
        click.echo(f"  {problem}", err=True)
