"""`backup`, `restore` and `verify`: keeping the store, and seeing that nobody changed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot.config import load_config
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Verdict
from inbox_bot.keeping import bring_back
from inbox_bot.store.audit import Audit, audit_store
from inbox_bot.store.backup import back_up
from inbox_bot.store.chain import Head
from inbox_bot.store.lock import only_one

_WRONG = 1


def run_backup(config_file: Path, target: Path | None, *, replace: bool, now: datetime) -> int:
    """Copy the store while the daemon runs on; by default to a dated file in the current folder."""
    config = load_config(config_file)
    target = target or Path(f"inbox_bot-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.sqlite3")
    audit = back_up(config.store_path, target.expanduser(), replace=replace)
    click.echo(f"{target}: {_counts(audit)}, looked over and whole")
    if audit.head:
        click.echo(f"Head: {audit.head}")
    return 0


def run_restore(config_file: Path, backup: Path, *, now: datetime) -> int:
    """Put a backup in the store's place; the old store stays beside it."""
    config = load_config(config_file)
    with only_one(config.data_folder):
        aside, opened = bring_back(backup, config.store_path, now)
    click.echo(f"{config.store_path}: restored from {backup}")
    if aside:
        click.echo(f"The store of before stands in {aside}; delete it when all is well.")
    click.echo(
        f"{len(opened)} open case(s): before anything is drafted or sent, the mailbox is searched for what "
        "happened since the backup."
    )
    _warn_of_refunds(opened)
    return 0


def _warn_of_refunds(opened: Sequence[Case]) -> None:
    refunds = [
        case.case_id for case in opened if case.verdict is Verdict.REFUND and not case.refund_confirmed
    ]
    if refunds:
        click.echo(f"Look in Seller Central before you refund, it may be done already: {', '.join(refunds)}")


def run_verify(config_file: Path, *, head: str | None, file: Path | None, as_json: bool) -> int:
    """Look over the store, or a backup; returns 1 when something is wrong."""
    path = file or load_config(config_file).store_path
    audit = audit_store(path, _head(head) if head else None)
    if as_json:
        click.echo(_as_json(path, audit))
    else:
        _print(path, audit)
    return _WRONG if audit.wrong else 0


def _head(text: str) -> Head:
    number, _, hash_ = text.partition(":")
    if not number.isdigit() or len(hash_) != 64 or set(hash_.lower()) - set("0123456789abcdef"):
        raise UserError(f"--head {text!r} is no head; give it as verify printed it, NUMBER:HASH")
    return Head(int(number), hash_.lower())


def _counts(audit: Audit) -> str:
    return f"{audit.cases} cases, {audit.mails} mails, {audit.events} events, {audit.size_bytes / 1e6:.1f} MB"


def _print(path: Path, audit: Audit) -> None:
    click.echo(f"Store:  {path}")
    click.echo(f"Holds:  {_counts(audit)}" + (f" (schema {audit.schema})" if audit.schema else ""))
    if audit.head:
        click.echo(f"Head:   {audit.head}")
    for line in audit.wrong:
        click.echo(f"WRONG:  {line}")
    if audit.wrong:
        click.echo("Keep this file as it is. If nobody changed it on purpose: inbox-bot restore FILE")
    else:
        click.echo(
            "Sound:  no damage; the chain of events is unbroken; every file and every case is what was recorded."
        )


def _as_json(path: Path, audit: Audit) -> str:
    values = {
        "store": str(path),
        "sound": not audit.wrong,
        "wrong": list(audit.wrong),
        "head": str(audit.head) if audit.head else None,
        "schema": audit.schema,
        "cases": audit.cases,
        "mails": audit.mails,
        "events": audit.events,
        "files": audit.files,
        "size_bytes": audit.size_bytes,
    }
    return json.dumps(values, ensure_ascii=False)
