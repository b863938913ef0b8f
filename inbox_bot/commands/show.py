"""`show`: one case whole, for a person or as JSON."""

from __future__ import annotations

import email
import json
from email.message import Message
from pathlib import Path

import click

from inbox_bot.app import find_case_id
from inbox_bot.core.case import Case
from inbox_bot.store.codec import to_json
from inbox_bot.store.protocol import Recorded
from inbox_bot.store.sqlite import SqliteStore


def show_case(store_path: Path, wanted: str, *, as_json: bool) -> int:
    """Print one case whole: mail, evidence, decision, reply, history."""
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
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == "text/plain" and not part.get_filename():
            content = Message.get_payload(part, decode=True)
            return content.decode("utf-8") if isinstance(content, bytes) else ""
    return ""


def _heading(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _field(name: str, value: str) -> None:
    click.echo(f"  {name + ':':<12}{value}")
