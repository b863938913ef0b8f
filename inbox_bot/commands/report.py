"""`report`: the numbers of a period, as text, HTML, CSV or JSON. Reads the store, changes nothing."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from inbox_bot.commands.report_formats import as_csv, as_json, as_text
from inbox_bot.commands.report_page import as_html
from inbox_bot.config import load_config
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.record import Dossier
from inbox_bot.core.report import report_on
from inbox_bot.core.report_lines import ReportLine, read_line
from inbox_bot.store.codec import from_json
from inbox_bot.store.protocol import Store
from inbox_bot.store.sqlite import SqliteStore


def make_report(
    config_file: Path,
    *,
    account: str | None,
    first_on: str | None,
    last_on: str | None,
    form: str,
    out: Path | None,
) -> int:
    """Print the report, or write it to `out`; the days are those of the configured zone, both included."""
    config = load_config(config_file)
    names = (
        (config.account(account).policy.account,)
        if account
        else tuple(one.policy.account for one in config.accounts)
    )
    zone = ZoneInfo(config.alarms.zone)
    first_at = _begin(_day(first_on, "--from"), zone) if first_on else None
    last_at = _begin(_day(last_on, "--to") + timedelta(days=1), zone) if last_on else None
    if first_at and last_at and first_at >= last_at:
        raise UserError(f"--from {first_on} lies after --to {last_on}")
    store = SqliteStore(config.store_path)
    try:
        lines, untrusted = read_lines(store, names)
    finally:
        store.close()
    now = datetime.now(UTC)
    report = report_on(lines, now, first_at, last_at, untrusted)
    chosen = [one for one in lines if _within(one, first_at, last_at)]
    write = {"text": as_text, "html": as_html, "json": as_json}
    text = as_csv(chosen) if form == "csv" else write[form](report, names, now, zone)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: {report.total.disputed.cases} cases")
    return 0


def read_lines(store: Store, accounts: tuple[str, ...]) -> tuple[list[ReportLine], int]:
    """One line a dispute of the accounts, and how many mails only looked like notices."""
    lines, untrusted = [], 0
    for account in accounts:
        for record in store.cases(account):
            case = record.case
            if not case.trusted:
                untrusted += 1
                continue
            history = [(one.at, one.event) for one in store.history(case.case_id)]
            lines.append(read_line(case, history, _dossier(store, case)))
    return lines, untrusted


def _dossier(store: Store, case: Case) -> Dossier | None:
    if case.dossier_sha256 is None:
        return None
    try:
        return from_json(store.file(case.dossier_sha256).decode(), tuple[Dossier, ...])[0]
    except KeyError:  # purged
        return None


def _within(line: ReportLine, first_at: datetime | None, last_at: datetime | None) -> bool:
    return (first_at is None or line.noticed_at >= first_at) and (
        last_at is None or line.noticed_at < last_at
    )


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is not a day; write it like 2026-10-31") from None


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
