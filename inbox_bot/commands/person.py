"""`approve`, `refund`, `represent`, `hold`, `answered`: what a person decides; the daemon acts on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot import app
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Verdict
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


def refund(store_path: Path, wanted: str, note: str, confirmed: str | None) -> int:
    """Choose to refund, or (with `confirmed`) say that the refund was made in Seller Central."""
    if confirmed is not None:
        case = _on(
            store_path, wanted, lambda store, case_id, now: app.confirm_refund(store, case_id, confirmed, now)
        )
        click.echo(f"{case.case_id}: refund confirmed; a short reply to Amazon is composed next.")
        return 0
    case = _on(
        store_path,
        wanted,
        lambda store, case_id, now: app.overrule(store, case_id, Verdict.REFUND, note, now),
    )
    amount = case.notice.amount or "the disputed amount"
    click.echo(
        f"{case.case_id}: refund {amount} for order {case.order_id} in Seller Central (Orders > Manage Orders),"
    )
    click.echo(f"then say: inbox-bot refund {case.case_id} --confirmed REFUND_ID")
    return 0


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
