"""`purge`: what was kept long enough goes, or is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from inbox_bot.config import load_config
from inbox_bot.core.retention import Days, PurgeLine
from inbox_bot.purging import carry_out, plan_purge
from inbox_bot.store.sqlite import SqliteStore


def run_purge(config_file: Path, *, dry_run: bool, as_json: bool, now: datetime) -> int:
    """Print by source what goes, or with `dry_run` would go; always returns 0."""
    config = load_config(config_file)
    kept = config.retention
    days = Days(kept.buyer_days, kept.shipping_days, kept.case_days)
    store = SqliteStore(config.store_path)
    try:
        lines = plan_purge(store, days, now)[0] if dry_run else carry_out(store, days, now)
    finally:
        store.close()
    if as_json:
        for line in lines:
            click.echo(_as_json(line, dry_run=dry_run))
    else:
        _print(lines, dry_run=dry_run)
    return 0


def _as_json(line: PurgeLine, *, dry_run: bool) -> str:
    values = {
        "source": line.source,
        "what": line.what,
        "count": line.count,
        "oldest": line.oldest.isoformat(timespec="seconds"),
        "why": line.why,
        "gone": not dry_run,
    }
    return json.dumps(values, ensure_ascii=False)


def _print(lines: Sequence[PurgeLine], *, dry_run: bool) -> None:
    if not lines:
        click.echo("Nothing was kept longer than [retention] says.")
        return
    click.echo("Would go:" if dry_run else "Gone:")
    for line in lines:
        click.echo(
            f"  {line.source:<22}{line.count:>6} {line.what:<14} oldest {line.oldest:%Y-%m-%d}: {line.why}"
        )
