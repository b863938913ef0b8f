"""`cases`: the list with the clock. Imports next to nothing, so that it appears at once."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inbox_bot.store.listing import AlertLine, CaseLine, read_alerts, read_bursts, read_cases

NEEDS_A_PERSON = ("review", "refund", "unknown", "held")
_DONE = ("answered", "closed")


def list_cases(store_path: Path, account: str | None, *, as_json: bool, everything: bool) -> int:
    """Print the cases with their clock; returns 1 when one of them needs a person, else 0."""
    lines = read_cases(store_path, account)
    shown = [line for line in lines if everything or line.status not in _DONE]
    if as_json:
        import json

        for line in shown:
            _print(json.dumps(line._asdict(), ensure_ascii=False))
    else:
        finished = len(lines) - len(shown)
        _print_table(shown, finished, read_alerts(store_path, account), read_bursts(store_path, account))
    return int(any(line.status in NEEDS_A_PERSON for line in lines))


def _print_table(
    lines: list[CaseLine], finished: int, alerts: tuple[AlertLine, ...], bursts: tuple[tuple[str, ...], ...]
) -> None:
    if not lines:
        _print("No open cases.")
    now = datetime.now(UTC)
    rows = [("CASE", "LEFT", "STATUS", "REASON", "AMOUNT", "WHY"), *(_row(line, now) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for number, row in enumerate(rows if lines else ()):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        _print(f"{text}  {row[5]}".rstrip(), style=_BOLD if number == 0 else "")
    for group in bursts if lines else ():
        _print(f"One buyer, as it seems: {', '.join(group)}")
    if finished:
        _print(f"{finished} finished; --all shows them.")
    for alert in alerts:
        import json

        _print(f"{alert.at[:16]} {alert.account}: {json.loads(alert.data).get('text', '')}", style=_YELLOW)


def _row(line: CaseLine, now: datetime) -> tuple[str, str, str, str, str, str]:
    amount = f"{line.amount} {line.currency}" if line.amount else "-"
    return (line.case_id, _left(line, now), line.status, line.reason, amount, line.because)


def _left(line: CaseLine, now: datetime) -> str:
    if line.status in _DONE:
        return "-"
    due = line.due_by or line.send_by
    return in_words(datetime.fromisoformat(due) - now) if due else "-"


def in_words(left: timedelta) -> str:
    """The time that is left, as a person says it: "4 d 3 h", "50 min", "overdue 2 d"."""
    minutes = int(abs(left).total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    words = f"{days} d {hours} h" if days else f"{hours} h" if hours else f"{minutes} min"
    return words if left >= timedelta(0) else f"overdue {words}"


_BOLD, _YELLOW, _PLAIN = "\x1b[1m", "\x1b[33m", "\x1b[0m"


def _print(text: str, style: str = "") -> None:
    styled = f"{style}{text}{_PLAIN}" if style and sys.stdout.isatty() else text
    sys.stdout.write(styled + "\n")
