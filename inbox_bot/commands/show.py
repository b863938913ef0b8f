"""`show`: one case whole, for a person or as JSON."""

from __future__ import annotations

import email
import json
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path

import click

from inbox_bot.app import find_case_id
from inbox_bot.commands.explaining import as_values, differs, explanation_lines
from inbox_bot.commands.person import task_lines
from inbox_bot.commands.show_ending import ending_lines
from inbox_bot.core.assessment import Role
from inbox_bot.core.case import Case
from inbox_bot.core.errors import UserError
from inbox_bot.core.explain import Explanation
from inbox_bot.core.record import Dossier
from inbox_bot.core.timeline import MomentKind, timeline_of
from inbox_bot.judging import explain_case, load_tables
from inbox_bot.store.codec import from_json, to_json
from inbox_bot.store.protocol import Recorded, Store
from inbox_bot.store.sqlite import SqliteStore

DEFAULT_DAYS = 90  # of an account that the configuration no longer names


def show_case(
    store_path: Path,
    wanted: str,
    presume_won_days: Mapping[str, int],
    *,
    as_json: bool,
    rules_folder: Path | None = None,
) -> int:
    """Print one case whole; `presume_won_days` are those of each account by name."""
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
            explained, flaw = _explained(store, record.case, rules_folder)
            more = {"status": record.case.status.value, "history": events}
            why = {"explanation": as_values(explained) if explained else None, "rules_problem": flaw or None}
            click.echo(json.dumps({**case, **more, **why}, ensure_ascii=False))
        else:
            reply = _file(store, record.case.reply.sha256) if record.case.reply else None
            explained, flaw = _explained(store, record.case, rules_folder)
            _print_case(record.case, history, reply, _dossiers(store, record.case), (explained, flaw))
            kin = [one.case for one in store.cases(record.case.account)]
            days = presume_won_days.get(record.case.account, DEFAULT_DAYS)
            _print_ending(ending_lines(record.case, kin, days))
            _print_blocked(store, record.case)
    finally:
        store.close()
    return 0


def _file(store: Store, sha256: str) -> bytes | None:
    """A stored file; None when it was purged."""
    try:
        return store.file(sha256)
    except KeyError:
        return None


def _dossiers(store: Store, case: Case) -> tuple[Dossier, ...]:
    raw = _file(store, case.dossier_sha256) if case.dossier_sha256 else None
    return from_json(raw.decode(), tuple[Dossier, ...]) if raw is not None else ()


def _print_case(
    case: Case,
    history: tuple[Recorded, ...],
    reply: bytes | None,
    dossiers: tuple[Dossier, ...],
    why: tuple[Explanation | None, str],
) -> None:
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
    for problem in (*notice.problems, *case.problems):
        _field("Problem", str(problem))
    _print_evidence(case, dossiers)
    _print_timeline(case, dossiers)
    _print_decision(case)
    _print_why(case, *why)
    _print_refund(case)
    _print_reply(case, reply)
    _heading("History")
    for one in history:
        click.echo(f"  {one.at:%Y-%m-%d %H:%M:%S}  {type(one.event).__name__}")


def _print_evidence(case: Case, dossiers: tuple[Dossier, ...]) -> None:
    if case.dossier_sha256 is None:
        return
    stands = case.assessment
    _heading(f"Evidence: {stands.score} of 100" if stands else "Evidence")
    for exhibit in case.evidence:
        click.echo(f"  {exhibit.grade.value:<11} {exhibit.statement} ({exhibit.source})")
    if not case.evidence:
        click.echo("  nothing is on record")
    for finding in stands.fatal if stands else ():
        _field("Fatal", finding)
    for contradiction in dossiers[0].contradictions if dossiers else ():
        said = "; ".join(f"{value} ({source})" for value, source in contradiction.said)
        _field("Differs", f"{contradiction.about}: {said}")
    if stands is None:
        return
    _heading("Checklist")
    for item in stands.checklist:
        if item.present or item.role is not Role.HURTS:
            mark = "[x]" if item.present else "[ ]"
            gain = f"  (+{item.gain})" if item.gain and not item.present else ""
            click.echo(f"  {mark} {item.role.value:<9} {item.says}{gain}")
    if stands.missing:
        _heading("What would help most")
    for number, item in enumerate(stands.missing, 1):
        click.echo(f"  {number}. {item.says} (+{item.gain}): {item.get}")


def _print_timeline(case: Case, dossiers: tuple[Dossier, ...]) -> None:
    moments = timeline_of(case.notice, dossiers) if dossiers else ()
    if not moments:
        return
    _heading("Timeline")
    for moment in moments:
        when = f"{moment.on.isoformat()} {moment.clock}".rstrip()
        order = f" ({moment.order_id})" if moment.order_id not in ("", case.order_id) else ""
        words = moment.words.replace("_", " ")
        click.echo(
            f"  {when:<19} {_SIGNS[moment.kind]} {moment.kind.value.replace('_', ' '):<14}{words}{order}"
        )


_SIGNS = {
    MomentKind.ORDERED: "o",
    MomentKind.SHIPPED: ">",
    MomentKind.SCAN: ".",
    MomentKind.DELIVERED: "*",
    MomentKind.NOT_DELIVERED: "x",
    MomentKind.BUYER: "<",
    MomentKind.SELLER: ">",
    MomentKind.REFUND: "$",
    MomentKind.RETURN: "$",
    MomentKind.CLAIM: "!",
    MomentKind.NOTICE: "!",
}


def _print_ending(lines: Sequence[tuple[str, str]]) -> None:
    if lines:
        _heading("After the answer")
    for name, value in lines:
        _field(name, value)


def _print_refund(case: Case) -> None:
    if case.refund_task is None:
        return
    _heading("Refund")
    for line in task_lines(case):
        click.echo(f"  {line}")


def _print_decision(case: Case) -> None:
    if case.decision is None:
        return
    _heading(f"Decision: {case.decision.verdict.value}")
    _field("Rule", case.decision.rule)
    _field("Because", case.decision.because)
    for missing in case.decision.missing:
        _field("Missing", missing)
    if case.held_because or case.blocked_because:
        _field("Stopped", case.held_because or case.blocked_because)


def _explained(store: Store, case: Case, rules_folder: Path | None) -> tuple[Explanation | None, str]:
    """What the rules make of the case; rules that cannot be read are no reason not to show it."""
    if case.decision is None:
        return None, ""
    try:
        return explain_case(store, case, load_tables(rules_folder)), ""
    except UserError:
        return None, "the rules cannot be read now; `inbox-bot rules check` says why"


def _print_why(case: Case, explained: Explanation | None, flaw: str) -> None:
    if flaw:
        _field("Why", flaw)
    if explained is None:
        return
    _heading("Why, and what would change it")
    if said := differs(case, explained):
        click.echo(f"  {said}")
    for line in explanation_lines(explained):
        click.echo(f"  {line}")


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
    if case.receipt:
        _field("Receipt", case.receipt)
    click.echo()
    for line in reply_text(raw).splitlines():
        click.echo(f"  | {line}".rstrip())


def _print_blocked(store: Store, case: Case) -> None:
    """The letter that was not let out, its doubtful lines marked."""
    if not case.blocked_because or not case.blocked_letter_sha256:
        return
    _heading("The letter that was not let out")
    for line in (_file(store, case.blocked_letter_sha256) or b"").decode().splitlines():
        click.echo(f"  {line}")


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
