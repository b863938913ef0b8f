"""`approve`, `refund`, `represent`, `hold`, `answered`: what a person decides; the daemon acts on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot import app
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Verdict
from inbox_bot.core.refund import RefundLine
from inbox_bot.store.protocol import Store
from inbox_bot.store.sqlite import SqliteStore


def approve(store_path: Path, wanted: str) -> int:
    """Release the composed reply for sending."""
    case = _on(store_path, wanted, lambda store, case_id, now: app.approve(store, case_id, now))
    click.echo(f"{case.case_id}: approved; the daemon, or `inbox-bot once`, sends it.")
    return 0


def represent(store_path: Path, wanted: str, note: str) -> int:
    """Choose to represent the case."""
    case = _on(
        store_path,
        wanted,
        lambda store, case_id, now: app.overrule(store, case_id, Verdict.REPRESENT, note, now),
    )
    click.echo(f"{case.case_id}: will be represented; the daemon, or `inbox-bot once`, composes the reply.")
    return 0


def refund(store_path: Path, wanted: str, note: str, confirmed: str | None, file: Path | None) -> int:
    """Choose to refund, write the adjustment file, or (with `confirmed`) say that the refund was made."""
    if confirmed is not None:
        case = _on(
            store_path, wanted, lambda store, case_id, now: app.confirm_refund(store, case_id, confirmed, now)
        )
        click.echo(f"{case.case_id}: refund confirmed; a short reply to Amazon is composed next.")
        return 0
    case = _on(store_path, wanted, lambda store, case_id, now: app.choose_refund(store, case_id, note, now))
    for line in task_lines(case):
        click.echo(line)
    if file is not None:
        _write_adjustment(case, file)
        click.echo(f"{file} is written. Amazon carries it out at once and without undo; upload it once only.")
    click.echo(f"When it is done: inbox-bot refund {case.case_id} --confirmed REFUND_ID")
    return 0


def task_lines(case: Case) -> list[str]:
    """The refund task of a case in words, for `refund` and `show`."""
    task = case.refund_task
    if task is None:
        return [
            f"{case.case_id}: the refund is worked out by the daemon, or `inbox-bot once`; then ask again."
        ]
    lines = [f"{case.case_id}: refund {task.total or 'what Seller Central shows'} for order {task.order_id}"]
    lines += [f"  {one.quantity} x {one.title or one.sku}: {_parts(one)}" for one in task.lines]
    lines += [f"  note: {note}" for note in task.notes]
    lines += [f"  refunded before: {proof}" for proof in task.earlier]
    return [*lines, f"  in Seller Central: {task.path}"]


def _parts(line: RefundLine) -> str:
    parts = {
        "price": line.price,
        "tax": line.tax,
        "shipping": line.shipping,
        "shipping tax": line.shipping_tax,
    }
    named = [f"{name} {amount}" for name, amount in parts.items() if amount]
    return f"{line.total}" + (f" ({', '.join(named)})" if len(named) > 1 else "")


def _write_adjustment(case: Case, file: Path) -> None:
    """The flat file, readable by nobody else; a file that stands there already is not touched."""
    from inbox_bot.core.adjustment import AdjustmentReason, adjustment_file

    if case.refund_task is None:
        raise UserError(
            f"the refund of case {case.case_id} is not worked out yet; run `inbox-bot once` first"
        )
    content = adjustment_file(case.refund_task, AdjustmentReason(case.refund_task.code))
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
    except FileExistsError:
        raise UserError(
            f"{file} stands there already; an adjustment file must not be uploaded twice"
        ) from None
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None


def hold(store_path: Path, wanted: str, note: str) -> int:
    """Stop the case until a person says otherwise."""
    case = _on(store_path, wanted, lambda store, case_id, now: app.hold(store, case_id, note, now))
    click.echo(f"{case.case_id}: held; approve, represent, refund or answered lets it go on. The clock runs.")
    return 0


def answered(store_path: Path, wanted: str, note: str) -> int:
    """Say that the case was answered by another way."""
    case = _on(store_path, wanted, lambda store, case_id, now: app.mark_answered(store, case_id, note, now))
    click.echo(f"{case.case_id}: answered; nothing more is sent.")
    return 0


def _on(store_path: Path, wanted: str, act: Callable[[Store, str, datetime], Case]) -> Case:
    if not store_path.exists():
        raise UserError(
            f"there is no store at {store_path} yet; start with `inbox-bot run` or `inbox-bot once`"
        )
    store = SqliteStore(store_path)
    try:
        return act(store, app.find_case_id(store, wanted), datetime.now(UTC))
    finally:
        store.close()
