"""`cases` and `show`: what stands in the store, for a person or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.store.listing import AlertLine, CaseLine, read_alerts, read_cases

if TYPE_CHECKING:
    from inbox_bot.core.case import Case
    from inbox_bot.store.protocol import Recorded

NEEDS_A_PERSON = ("review", "refund", "unknown", "held")
_DONE = ("answered", "closed")


def list_cases(store_path: Path, account: str | None, *, as_json: bool, everything: bool) -> int:
    """Print the cases with their clock; returns 1 when one of them needs a person, else 0."""
    lines = read_cases(store_path, account)
    shown = [line for line in lines if everything or line.status not in _DONE]
    if as_json:
        for line in shown:
            click.echo(json.dumps(asdict(line), ensure_ascii=False))
    else:
        _print_table(shown, len(lines) - len(shown), read_alerts(store_path))
    return int(any(line.status in NEEDS_A_PERSON for line in lines))


def _print_table(lines: list[CaseLine], finished: int, alerts: tuple[AlertLine, ...]) -> None:
    if not lines:
        click.echo("No open cases.")
    now = datetime.now(UTC)
    rows = [("CASE", "LEFT", "STATUS", "REASON", "AMOUNT", "WHY"), *(_row(line, now) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for number, row in enumerate(rows if lines else ()):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        click.echo(click.style(f"{text}  {row[5]}".rstrip(), bold=number == 0))
    if finished:
        click.echo(f"{finished} finished; --all shows them.")
    for alert in alerts:
        click.secho(f"{alert.at[:16]} {alert.account}: {json.loads(alert.data).get('text', '')}", fg="yellow")


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


def show_case(store_path: Path, wanted: str, *, as_json: bool) -> int:
    """Print one case whole: mail, evidence, decision, reply, history."""
    from inbox_bot.app import find_case_id
    from inbox_bot.store.codec import to_json
    from inbox_bot.store.sqlite import SqliteStore

    store = SqliteStore(store_path)
    try:
        record = store.case(find_case_id(store, wanted))
        assert record is not None  # noqa: S101 - find_case_id only returns ids that exist
        history = store.history(record.case.case_id)
        if as_json:
            events = [
                {
                    "at": one.at.isoformat(),
                    "event": type(one.event).__name__,
                    **json.loads(to_json(one.event)),
                }
                for one in history
            ]
            case = json.loads(to_json(record.case))
            click.echo(
                json.dumps(
                    {**case, "status": record.case.status.value, "history": events}, ensure_ascii=False
                )
            )
        else:
            reply = store.file(record.case.reply.sha256) if record.case.reply else None
            _print_case(record.case, history, reply)
    finally:
        store.close()
    return 0


def _print_case(case: Case, history: tuple[Recorded, ...], reply: bytes | None) -> None:
    notice = case.notice
    _heading(f"Case {case.case_id} - {case.status.value}")
    _field("Account", case.account)
    _field("Notice", f"{notice.kind.value}, {notice.subject or '(no subject)'}")
    _field("From", str(notice.sender.email if notice.sender else "unknown"))
    _field("Trusted", f"{'yes' if case.trusted else 'NO'}: {notice.trust_reason}")
    _field("Order", case.order_id or "not found in the mail")
    _field("Amount", str(notice.amount or "not found in the mail"))
    _field("Reason", case.reason.value + (f' ("{notice.reason_words}")' if notice.reason_words else ""))
    if case.deadline is not None:
        due = case.deadline.due_by
        _field(
            "Due by", f"{due:%Y-%m-%d %H:%M} UTC ({case.deadline.because})" if due else case.deadline.because
        )
        _field("Send by", f"{case.deadline.send_by:%Y-%m-%d %H:%M} UTC")
    for problem in notice.problems:
        _field("Problem", str(problem))
    _print_decision(case)
    _print_reply(case, reply)
    _heading("History")
    for one in history:
        click.echo(f"  {one.at:%Y-%m-%d %H:%M:%S}  {type(one.event).__name__}")


def _print_decision(case: Case) -> None:
    if case.evidence:
        _heading("Evidence")
    for exhibit in case.evidence:
        click.echo(f"  {exhibit.grade.value:<11} {exhibit.statement} ({exhibit.source})")
    if case.decision is None:
        return
    _heading(f"Decision: {case.decision.verdict.value}")
    _field("Rule", case.decision.rule)
    _field("Because", case.decision.because)
    for hit in case.decision.hits:
        _field("Held", hit)
    for missing in case.decision.missing:
        _field("Missing", missing)
    if case.held_because or case.blocked_because:
        _field("Stopped", case.held_because or case.blocked_because)


def _print_reply(case: Case, raw: bytes | None) -> None:
    if case.reply is None or raw is None:
        return
    _heading("Reply")
    _field("To", case.reply.recipient)
    _field("Subject", case.reply.subject)
    _field("Message-ID", case.reply.message_id)
    _field("Attached", ", ".join(case.reply.attachment_names) or "nothing")
    if case.proof or case.answered_how:
        _field("Answered", f"{case.answered_how} {f'({case.proof})' if case.proof else ''}".rstrip())
    click.echo()
    for line in reply_text(raw).splitlines():
        click.echo(f"  | {line}".rstrip())


def reply_text(raw: bytes) -> str:
    """The plain text of one of our own replies."""
    import email
    from email.message import Message

    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == "text/plain" and not part.get_filename():
            content = Message.get_payload(part, decode=True)
            return content.decode("utf-8") if isinstance(content, bytes) else ""
    return ""


def _heading(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _field(name: str, value: str) -> None:
    click.echo(f"  {name + ':':<12}{value}")
