"""Removing what was kept long enough: what goes is worked out first, shown or carried out, and recorded by counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.record import Dossier
from inbox_bot.core.retention import Days, PurgeLine, is_over, orders_in_use, what_goes
from inbox_bot.store.codec import from_json
from inbox_bot.store.protocol import Purge, Store

_TRIES = 3  # the accounts go on writing meanwhile


def plan_purge(store: Store, days: Days, now: datetime) -> tuple[tuple[PurgeLine, ...], Purge]:
    """What may go now, in words and for the store; nothing of an open case ever does."""
    seen = store.standing()
    cases = [record.case for record in store.cases()]
    in_use, needed = orders_in_use(cases, days, now), _needed(store, cases, days, now)
    going = what_goes(store.kept_records(), in_use, store.saved_files(), needed, days, now)
    return going.lines, Purge(gone=going.gone, files=going.files, bare=going.bare, seen=seen)


def carry_out(store: Store, days: Days, now: datetime) -> tuple[PurgeLine, ...]:
    """Remove what may go, in one transaction; returns what went. Raises TemporaryError when the store never rests."""
    for number in range(1, _TRIES + 1):
        lines, purge = plan_purge(store, days, now)
        told = tuple(happened.DataPurged(f"{line.source}: {line.what}", line.count) for line in lines)
        try:
            store.purge(purge, told, now)
        except TemporaryError:
            if number == _TRIES:
                raise
        else:
            return lines
    return ()


def _needed(store: Store, cases: Iterable[Case], days: Days, now: datetime) -> frozenset[str]:
    """The files that may be wanted yet: of cases that are not over, and mails that wait or were put aside."""
    kept = set(store.mails_held_back())
    for case in cases:
        if not is_over(case, days, now):
            kept |= _files_of(store, case)
    return frozenset(kept)


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
