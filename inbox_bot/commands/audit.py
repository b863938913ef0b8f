"""`audit`: what the mailbox tells of the disputes of the past months. Reads the mailbox, changes nothing anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from inbox_bot.audit import Looked, Past, PastOutside, ReadAhead
from inbox_bot.commands.report_formats import money_words
from inbox_bot.config import AccountConfig, Config, load_config
from inbox_bot.core.audit import Audit, AuditLine, Finding
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Outcome
from inbox_bot.core.report import Sum
from inbox_bot.core.text import one_line
from inbox_bot.core.trust import DkimFinding
from inbox_bot.desk import Desk, Rulebook, load_rulebook
from inbox_bot.mail.dkim import signature_check
from inbox_bot.mail.readers import MailReaders
from inbox_bot.outside import LiveOutside, find_folders
from inbox_bot.rounds import sharing
from inbox_bot.store.sqlite import SqliteStore

_LENGTH = re.compile(r"([0-9]{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 31, "y": 366}  # rather a day too many
_NOT_READ = ("drafts", "trash")
_NOT_SEEN = (
    "Not seen here: an answer written in Seller Central, and a refund given instead of an answer, leave no mail of "
    "yours; such a dispute counts as missed. A missed dispute of which no decision was found is counted apart."
)


def audit_mailboxes(config_file: Path, *, account: str | None, since: str, as_json: bool) -> int:
    """Print what became of the disputes since then, account by account; `since` is "12m", "90d" or a day."""
    config = load_config(config_file)
    zone, now = ZoneInfo(config.alarms.zone), datetime.now(UTC)
    since_at = since_when(since, now, zone)
    rulebook = load_rulebook(config.rules_folder, config.templates_folder)
    chosen = [config.account(account)] if account else list(config.accounts)
    with MailReaders() as readers:
        for one in chosen:
            looked, audit = _audit(config, one, rulebook, readers, since_at, now)
            if as_json:
                click.echo(json.dumps(_values(one, looked, audit, since_at, now), ensure_ascii=False))
            else:
                _show(one, looked, audit, since_at, now, zone)
    return 0


def since_when(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that `--since` means; raises UserError when it means none, or one that is not past."""
    if match := _LENGTH.fullmatch(text.strip().lower()):
        length = timedelta(days=int(match.group(1)) * _DAYS[match.group(2)])
        begin = now - length if length < timedelta(days=36_500) else None
    else:
        try:
            begin = datetime.combine(date.fromisoformat(text.strip()), time.min, zone)
        except ValueError:
            begin = None
    if begin is None or begin >= now:
        raise UserError(f"--since {text!r} is no time in the past; write it like 12m, 90d or 2026-01-31")
    return begin


def _audit(
    config: Config,
    account: AccountConfig,
    rulebook: Rulebook,
    readers: MailReaders,
    since_at: datetime,
    now: datetime,
) -> tuple[Looked, Audit]:
    outside, store, ahead = LiveOutside(account), SqliteStore(None), ReadAhead(readers.read)
    try:
        mailbox = outside.mailbox()
        listed = mailbox.folders()
        sent = find_folders(account, listed).sent
        folders = [one.name for one in listed if one.selectable and one.special_use.isdisjoint(_NOT_READ)]
        # What the receiving server vouched for stands in the mail; keys of a year ago are often gone from the DNS.
        desk = Desk(
            policy=account.policy,
            rulebook=rulebook,
            store=store,
            outside=PastOutside(sent),
            read=ahead,
            authenticate=_authenticate(account, rulebook),
            other_addresses=sharing(config, account),
        )
        past = Past(desk, ahead, since_at)
        looked = past.gather(mailbox, folders, sent)
        return looked, past.audit(now)
    finally:
        ahead.close()
        outside.drop()
        store.close()


def _authenticate(
    account: AccountConfig, rulebook: Rulebook
) -> Callable[[bytes, datetime], DkimFinding | None]:
    if account.policy.authserv_id:
        return lambda raw, arrived_at: None
    return signature_check(account.policy, rulebook.notices.amazon_domains)


def _show(
    account: AccountConfig, looked: Looked, audit: Audit, since_at: datetime, now: datetime, zone: ZoneInfo
) -> None:
    first, last = (moment.astimezone(zone).date() for moment in (since_at, now))
    click.echo(
        f"{account.policy.account}: {first} to {last}, {looked.mails:,} mails in {looked.folders} folders looked at, "
        f"{looked.read:,} read"
    )
    click.echo()
    for name, total in _rows(audit):
        if total.cases or name.strip() in ("notices", "missed"):
            click.echo(f"  {name:<38} {total.cases:>6}  {_money(total)}")
    _show_lines("What was missed", audit.of(Finding.MISSED, Finding.NO_NOTICE), zone)
    _show_lines("What was answered late", audit.of(Finding.LATE), zone)
    _show_lines("What waits for an answer now", audit.of(Finding.OPEN), zone)
    unvouched = audit.of(Finding.UNVOUCHED)
    _show_lines("What looks like a notice and nothing vouches for it", unvouched, zone)
    if looked.too_large:
        click.echo(f"\n{looked.too_large} mail(s) are too large and were not read.")
    click.echo(f"\n{_NOT_SEEN}")


def _rows(audit: Audit) -> tuple[tuple[str, Sum], ...]:
    return (
        ("notices", audit.notices),
        ("  answered in time", audit.in_time),
        ("    and debited all the same", audit.lost_all_the_same),
        ("  answered late", audit.late),
        ("  missed", audit.missed),
        ("    Amazon wrote that it debited", audit.missed_debited),
        ("    no decision found", audit.missed_silent),
        ("  still open", audit.still_open),
        ("decisions without a notice", audit.no_notice),
        ("nothing vouches for them", audit.unvouched),
    )


def _money(total: Sum) -> str:
    words = money_words(total.money)
    if total.without_amount and total.without_amount < total.cases:
        return f"{words}; {total.without_amount} name no amount"
    return words


def _show_lines(title: str, lines: tuple[AuditLine, ...], zone: ZoneInfo) -> None:
    if not lines:
        return
    click.echo(f"\n{title}:")
    for line in lines:
        due = f"due {line.due_at.astimezone(zone):%Y-%m-%d}" if line.due_at else "no due date"
        amount = money_words([line.amount]) if line.amount else "no amount"
        words = [line.order_id or "no order", due, line.reason.replace("_", " "), amount]
        if line.answered_at is not None:
            words.append(f"answered {line.answered_at.astimezone(zone):%Y-%m-%d}")
        if line.outcome is not None:
            words.append("debited" if line.outcome is Outcome.DEBITED else "decided for you")
        if line.why_unvouched:
            words.append(one_line(line.why_unvouched))
        click.echo(f"  {line.noticed_at.astimezone(zone):%Y-%m-%d}  " + ", ".join(words))


def _values(
    account: AccountConfig, looked: Looked, audit: Audit, since_at: datetime, now: datetime
) -> dict[str, object]:
    """One object an account; keys never vanish."""
    return {
        "account": account.policy.account,
        "since": since_at.astimezone(UTC).isoformat(timespec="seconds"),
        "until": now.isoformat(timespec="seconds"),
        "folders": looked.folders,
        "mails": looked.mails,
        "read": looked.read,
        "too_large": looked.too_large,
        "sums": {name.strip().replace(" ", "_"): _sum_values(total) for name, total in _rows(audit)},
        "disputes": [_line_values(line) for line in audit.lines],
    }


def _sum_values(total: Sum) -> dict[str, object]:
    return {
        "cases": total.cases,
        "money": {one.currency: str(one.amount) for one in total.money},
        "without_amount": total.without_amount,
    }


def _line_values(line: AuditLine) -> dict[str, object]:
    return {
        "order_id": line.order_id or None,
        "noticed_at": line.noticed_at.isoformat(),
        "due_at": line.due_at.isoformat() if line.due_at else None,
        "answered_at": line.answered_at.isoformat() if line.answered_at else None,
        "finding": line.finding.value,
        "outcome": line.outcome.value if line.outcome else None,
        "reason": line.reason,
        "amount": str(line.amount.amount) if line.amount else None,
        "currency": line.amount.currency if line.amount else None,
        "because": line.why_unvouched or None,
    }
