"""`replay`: mails from files through the whole pipeline, printed as lines or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot.commands.orders import import_files
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Kind
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.replay import ACCOUNT, Replay, ReplayLine, as_json, read_paths
from inbox_bot.sources import watched_folder


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The options of `replay`, as given."""

    as_json: bool
    now_text: str | None
    out: Path | None
    order_files: tuple[Path, ...]
    trust: str
    authserv_id: str
    addresses: tuple[str, ...]
    rules_folder: Path | None
    templates_folder: Path | None
    evidence_folder: Path | None = None


def run_replay(paths: tuple[Path, ...], options: ReplayOptions) -> int:
    """Replay the mails and print one line each; a flaw in a mail is part of its line, never an error."""
    now = parse_now(options.now_text)
    rulebook = load_rulebook(options.rules_folder, options.templates_folder)
    files = read_paths(paths)
    if not files:
        what = "no mails were found there"
        raise UserError(
            Problem(what, ", ".join(map(str, paths)), remedy="give .eml or mbox files, or Maildirs")
        )
    evidence = options.evidence_folder
    with MailReader() as reader:
        replay = Replay(
            files,
            rulebook,
            reader.read,
            trust=options.trust,
            authserv_id=options.authserv_id,
            own_addresses=options.addresses,
            now=now,
            out=options.out,
            evidence=watched_folder(evidence, options.rules_folder) if evidence else None,
        )
        for problem in import_files(replay.store, ACCOUNT, options.order_files, now):
            click.echo(f"inbox-bot: {problem}", err=True)
        for line in replay.lines():
            if options.as_json:
                click.echo(as_json(line))
            else:
                _print(line)
    return 0


def parse_now(text: str | None) -> datetime | None:
    """The instant of --now in UTC; a time without an offset is taken as UTC. Raises UserError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"--now {text!r} is not an instant; write it like 2026-10-09T12:00:00+00:00"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _print(line: ReplayLine) -> None:
    handled, case = line.handled, line.case
    kind = handled.recognition.kind if handled.recognition else Kind.OTHER
    click.secho(f"{line.file}", bold=True)
    if kind is Kind.OTHER:
        why = handled.recognition.because if handled.recognition else handled.note
        click.echo(f"  other: {why}")
        return
    click.echo(
        f"  {kind.value}, {'trusted' if handled.trust.trusted else 'NOT trusted'}: {handled.trust.reason}"
    )
    if case is None or handled.notice is None:
        return
    amount = handled.notice.amount or "no amount"
    click.echo(f"  case {case.case_id}: order {case.order_id or 'not found'}, {amount}, {case.reason.value}")
    if case.deadline is not None and case.closed_at is None:
        due = case.deadline.due_by
        click.echo(f"  due by {due:%Y-%m-%d %H:%M} UTC" if due else f"  {case.deadline.because}")
    if case.decision is not None:
        click.echo(f"  {case.decision.verdict.value}: {case.decision.because} [{case.decision.rule}]")
    for missing in case.decision.missing if case.decision else ():
        click.echo(f"  missing: {missing}")
    if case.blocked_because:
        click.echo(f"  no reply: {case.blocked_because}")
    if line.reply is not None:
        place = f" -> {line.reply_path}" if line.reply_path else ""
        click.echo(
            f"  reply to {line.reply.recipient}, {len(line.reply.attachment_names)} files attached{place}"
        )
