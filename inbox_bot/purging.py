"""Removing what was kept long enough: what goes is worked out first, shown or carried out, and recorded by counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.record import Dossier, OrderRecord
from inbox_bot.core.retention import Days, is_open, is_over, thinned
from inbox_bot.store.codec import from_json
from inbox_bot.store.protocol import Purge, Store

LOOSE_DAYS = timedelta(days=30)  # mails and files that belong to no case


@dataclass(frozen=True, slots=True)
class PurgeLine:
    """One line of what goes: from which source, what, how many, the oldest, and why."""

    source: str
    what: str
    count: int
    oldest: datetime
    why: str


def plan_purge(store: Store, days: Days, now: datetime) -> tuple[tuple[PurgeLine, ...], Purge]:
    """What may go now, in words and for the store; nothing of an open case ever does."""
    cases = [record.case for record in store.cases()]
    in_use = {(case.account, case.order_id) for case in cases if is_open(case)}
    lines: dict[tuple[str, str, str], PurgeLine] = {}
    changed: list[tuple[str, OrderRecord]] = []
    gone: list[tuple[str, str, str]] = []
    for account, record in store.every_record():
        order_id = record.dossier.order_id
        if (account, order_id) in in_use:
            continue
        left = thinned(record, days, now)
        if left == record:
            continue
        at = max((source.collected_at for source in record.dossier.provenance), default=now)
        source = record.key.split(" ")[0]
        if left is None:
            gone.append((account, order_id, record.key))
            _count(lines, source, "order records", at, f"older than {days.shipping_days} days")
        else:
            changed.append((account, left))
            _count(lines, source, "buyers' data", at, f"delivered more than {days.buyer_days} days ago")
    files = tuple(_loose_files(store, cases, days, now, lines))
    return tuple(lines.values()), Purge(tuple(changed), tuple(gone), files)


def carry_out(store: Store, days: Days, now: datetime) -> tuple[PurgeLine, ...]:
    """Remove what may go, in one transaction; returns what went."""
    lines, purge = plan_purge(store, days, now)
    if lines:
        told = tuple(happened.DataPurged(f"{line.source}: {line.what}", line.count) for line in lines)
        store.purge(purge, told, now)
    return lines


def _loose_files(
    store: Store,
    cases: Iterable[Case],
    days: Days,
    now: datetime,
    lines: dict[tuple[str, str, str], PurgeLine],
) -> Iterable[str]:
    kept = set(store.mails_held_back())
    for case in cases:
        if not is_over(case, days, now):
            kept |= _files_of(store, case)
    why = f"no case that is open or was closed within {days.case_days} days needs them"
    for file in store.saved_files():
        if file.sha256 not in kept and now - file.saved_at > LOOSE_DAYS:
            what = "mails" if file.media_type == "message/rfc822" else "files"
            _count(lines, "mailbox and cases", what, file.saved_at, why)
            yield file.sha256


def _files_of(store: Store, case: Case) -> set[str]:
    """Every file that the case's history refers to, and what its dossiers refer to in turn."""
    found = set(case.mail_sha256s)
    for one in store.history(case.case_id):
        event = one.event
        if isinstance(event, happened.ReplyComposed):
            found.add(event.sha256)
        elif isinstance(event, happened.ReplyBlocked):
            found.add(event.letter_sha256)
        elif isinstance(event, happened.EvidenceGathered):
            found.add(event.dossier_sha256)
            found |= _files_of_dossier(store, event.dossier_sha256)
    return found


def _files_of_dossier(store: Store, sha256: str) -> set[str]:
    try:
        dossiers = from_json(store.file(sha256).decode(), tuple[Dossier, ...])
    except KeyError:
        return set()
    found: set[str] = set()
    for dossier in dossiers:
        found |= {message.mail_sha256 for message in dossier.messages}
        found |= {document.kept_sha256 for document in dossier.documents}
        found |= {source.sha256 for source in dossier.provenance}
    return found


def _count(
    lines: dict[tuple[str, str, str], PurgeLine], source: str, what: str, at: datetime, why: str
) -> None:
    key = (source, what, why)
    before = lines.get(key)
    if before is None:
        lines[key] = PurgeLine(source, what, 1, at, why)
    else:
        lines[key] = PurgeLine(source, what, before.count + 1, min(before.oldest, at), why)
