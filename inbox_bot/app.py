"""The one face of inbox_bot: what the command line, the daemon and the replay call.

Every function works on one account's desk, does its part and returns; nothing in here loops or sleeps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from inbox_bot.answer import order_ids_of
from inbox_bot.core import events as happened
from inbox_bot.core.afterlife import may_be_contested
from inbox_bot.core.case import Case, SendState, Status
from inbox_bot.core.errors import InboxBotError, StoreUnavailable, TemporaryError, UserError
from inbox_bot.core.events import Event
from inbox_bot.core.model import Verdict
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance, Refund
from inbox_bot.core.refund import already_refunded
from inbox_bot.desk import Desk
from inbox_bot.gather import fingerprint
from inbox_bot.intake import Handled, handle_waiting
from inbox_bot.steps import advance
from inbox_bot.store.codec import from_json
from inbox_bot.store.protocol import CaseRecord, Store
from inbox_bot.work import Work

_log = logging.getLogger(__name__)


def ingest(
    desk: Desk, now: datetime, on_handled: Callable[[Handled], None] = lambda handled: None
) -> tuple[str, ...]:
    """Read the mails that were stored and not handled; returns the ids of the cases they went to."""
    return handle_waiting(desk, now, on_handled)


def tick(desk: Desk, now: datetime) -> tuple[Case, ...]:
    """Advance every case that is due, the most urgent first; one that fails does not stop the others.

    Raises the first UserError when all had their turn, StoreUnavailable at once.
    """
    _look_into_folder(desk, now)
    advanced: list[Case] = []
    failures: list[UserError] = []
    for record in desk.store.due_cases(desk.policy.account, now):
        try:
            case = _advance(desk, record, now)
        except UserError as error:
            failures.append(error)
            continue
        if case is not None:
            advanced.append(case)
    if failures:
        raise failures[0]
    return tuple(advanced)


def _look_into_folder(desk: Desk, now: datetime) -> None:
    """Cases whose evidence folder changed since they were looked up are looked up anew."""
    if desk.folder is None:
        return
    for record in desk.store.open_cases(desk.policy.account):
        case = record.case
        if (
            case.dossier_sha256 is not None
            and case.trusted
            and fingerprint(desk, order_ids_of(case.notice)) != case.in_folder
        ):
            evidence_changed(
                desk.store, case.account, (case.order_id or "",), "the evidence folder changed", now
            )


def _advance(desk: Desk, record: CaseRecord, now: datetime) -> Case | None:
    try:
        return advance(desk, Work.on(desk.store, record, now))
    except StoreUnavailable:
        raise  # no other case could be saved either, and effects that cannot be recorded must not go on
    except TemporaryError as error:
        # Somebody else changed the case: it is still due and comes again.
        _log.warning("case=%s %s", record.case.case_id, error)
        return None


def advance_case(desk: Desk, case_id: str, now: datetime) -> Case:
    """Advance one case now, whether it is due or not."""
    return advance(desk, Work.on(desk.store, _record(desk.store, case_id), now))


def evidence_changed(
    store: Store, account: str, order_ids: Collection[str], because: str, now: datetime
) -> tuple[str, ...]:
    """Something new is on record about the orders: their unanswered cases are looked up anew; returns their ids.

    A case that ended in a debit is weighed once more.
    """
    changed = []
    for order_id in order_ids:
        for record in store.find_cases(account, order_id, ()):
            case = record.case
            is_over = case.status in _SETTLED and not may_be_contested(case)
            if is_over or case.send_state in (SendState.BODY, SendState.UNKNOWN):
                continue
            work = Work.on(store, record, now)
            work.happen(happened.EvidenceChanged(because))
            work.save(now)
            changed.append(case.case_id)
    return tuple(dict.fromkeys(changed))


_SETTLED = (Status.ANSWERED, Status.CLOSED)


def approve(store: Store, case_id: str, now: datetime) -> Case:
    """A person says: send the reply that stands in the case."""
    record = _record(store, case_id)
    if record.case.reply is None:
        what = f"case {case_id} has no reply to send ({record.case.status.value})"
        raise UserError(f"{what}; `inbox-bot represent {case_id}` has one composed")
    return _tell(store, record, happened.ReplyApproved(), now)


def overrule(store: Store, case_id: str, verdict: Verdict, note: str, now: datetime) -> Case:
    """A person chooses the verdict; a reply that was not sent yet is composed anew."""
    return _tell(store, _record(store, case_id), happened.Overruled(verdict, note), now)


def choose_refund(store: Store, case_id: str, note: str, now: datetime) -> Case:
    """A person chooses to refund; refused with the proof when the order was refunded in full already."""
    record = _record(store, case_id)
    case = record.case
    if case.refund_confirmed:
        said = "; ".join(case.refund_task.earlier) if case.refund_task else ""
        what = f"the refund of case {case_id} was confirmed already{f' ({said})' if said else ''}"
        raise UserError(f"{what}; a second one would pay the buyer twice")
    if case.verdict is Verdict.REFUND:
        return case
    dossier = _stored_dossier(store, case)
    charged = case.notice.amount or (dossier.order.total if dossier and dossier.order else None)
    if dossier is not None and (proof := already_refunded(dossier, charged)):
        what = f"order {case.order_id} was refunded already: {'; '.join(proof)}"
        raise UserError(f"{what}; `inbox-bot represent {case_id}` answers with that proof")
    return _tell(store, record, happened.Overruled(Verdict.REFUND, note), now)


def confirm_refund(store: Store, case_id: str, reference: str, now: datetime) -> Case:
    """The seller refunded the order in Seller Central; what was said so stands on record as a person's word."""
    record = _record(store, case_id)
    if record.case.verdict is not Verdict.REFUND:
        _tell(store, record, happened.Overruled(Verdict.REFUND, "refunded by the seller"), now)
        record = _record(store, case_id)
    case = _tell(store, record, happened.RefundConfirmed(reference), now)
    if case.order_id is not None:
        store.save_records(case.account, (_said_refund(case, reference, now),))
    return case


def _said_refund(case: Case, reference: str, now: datetime) -> OrderRecord:
    order_id = case.order_id or ""
    source = f"confirmed by hand on {now.date().isoformat()}"
    amount = case.refund_task.total if case.refund_task else case.notice.amount
    refund = Refund(order_id, now.date(), amount, reference, source)
    provenance = (Provenance(source, Origin.PERSON, now),)
    return OrderRecord("person refund", Dossier(order_id, refunds=(refund,), provenance=provenance))


def _stored_dossier(store: Store, case: Case) -> Dossier | None:
    if case.dossier_sha256 is None:
        return None
    try:
        return from_json(store.file(case.dossier_sha256).decode(), tuple[Dossier, ...])[0]
    except KeyError:  # purged
        return None


def hold(store: Store, case_id: str, because: str, now: datetime) -> Case:
    """Nothing more happens to the case until a person says so."""
    return _tell(store, _record(store, case_id), happened.CaseHeld(because or "held by a person"), now)


def mark_answered(store: Store, case_id: str, how: str, now: datetime) -> Case:
    """The seller answered by another way, for example in Seller Central."""
    event = happened.AnsweredElsewhere(how or "answered outside inbox_bot", None)
    return _tell(store, _record(store, case_id), event, now)


def _tell(store: Store, record: CaseRecord, event: Event, now: datetime) -> Case:
    """Record a person's word; the daemon, or the next `once`, acts on it."""
    case = record.case
    if case.closed_at is not None:
        raise UserError(f"case {case.case_id} is closed")
    if case.answered_at is not None:
        raise UserError(f"case {case.case_id} was answered already: {case.answered_how}")
    if case.send_state in (SendState.BODY, SendState.UNKNOWN) and not isinstance(event, _SETTLING):
        what = f"nobody knows yet whether the reply of case {case.case_id} went out"
        raise UserError(f"{what}; look into Sent, then say `inbox-bot answered {case.case_id}` if it did")
    work = Work.on(store, record, now)
    work.happen(event)
    work.save(now)
    return work.case


_SETTLING = (happened.AnsweredElsewhere, happened.CaseHeld)


def find_case_id(store: Store, wanted: str) -> str:
    """The one case whose id is, or begins with, the text; raises UserError with the candidates."""
    ids = [record.case.case_id for record in store.cases()]
    if wanted in ids:
        return wanted
    matching = [case_id for case_id in ids if case_id.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UserError(f"{wanted!r} fits several cases: {', '.join(matching)}")
    raise UserError(f"there is no case {wanted!r}; `inbox-bot cases` lists them")


def _record(store: Store, case_id: str) -> CaseRecord:
    record = store.case(case_id)
    if record is None:
        raise InboxBotError(f"there is no case {case_id}")
    return record
