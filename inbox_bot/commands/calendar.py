"""`cases --ics`: the due dates of the open cases as a calendar file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot.alarms.calendar import due_dates
from inbox_bot.core.errors import UserError
from inbox_bot.store.sqlite import SqliteStore


def write_calendar(store_path: Path, account: str | None, file: Path) -> int:
    """Write the file anew, readable by nobody else, and say how many dates it holds."""
    if not store_path.exists():
        raise UserError(
            f"there is no store at {store_path} yet; start with `inbox-bot run` or `inbox-bot once`"
        )
    store = SqliteStore(store_path)
    try:
        cases = [record.case for record in store.cases(account)]
    finally:
        store.close()
    content = due_dates(cases, datetime.now(UTC))
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"{file}: {content.count(b'BEGIN:VEVENT')} due dates")
    return 0
