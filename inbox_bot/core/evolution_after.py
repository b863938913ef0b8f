"""How a case changes after its answer: decisions, silence, settlements, and a debit that may be an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case, LookBack, RelatedMail
from inbox_bot.core.events import Event
from inbox_bot.core.evolution_sending import done, fresh_answer
from inbox_bot.core.ladder import cutoff_of
from inbox_bot.core.model import Notice, Reason

_MOST_RELATED = 20


def with_mail(case: Case, notice: Notice) -> Case:
    """The case with one more mail in its thread."""
    ids = dict.fromkeys(case.thread_ids)
    if notice.message_id:
        ids[notice.message_id] = None
    return replace(
        case,
        thread_ids=tuple(ids),
        mail_sha256s=tuple(dict.fromkeys((*case.mail_sha256s, notice.mail_sha256))),
    )


def filled_up(notice: Notice, case: Case) -> Notice:
    """A later mail of the dispute with what it leaves out and the case knows."""
    return replace(
        notice,
        reason=case.reason if notice.reason is Reason.UNKNOWN else notice.reason,
        order_id=notice.order_id or case.order_id,
        order_ids=notice.order_ids or case.notice.order_ids,
        amount=notice.amount or case.notice.amount,
        items=notice.items or case.notice.items,
    )


def _decision_received(case: Case, at: datetime, event: happened.DecisionReceived) -> Case:
    case = with_mail(case, event.notice)
    settled = case.settled
    if settled is not None and settled.kept and settled.amount is None:
        settled = None  # that was read out of silence, and the silence is over
    return replace(
        case,
        outcome=event.outcome,
        decision_mail=filled_up(event.notice, case),
        settled=settled,
        closed_at=at,
        retry_at=None,
    )


def _lapsed(case: Case, at: datetime, event: happened.DisputeLapsed) -> Case:
    return replace(done(case), lapsed_at=at, closed_at=at)


def _settlements_read(case: Case, at: datetime, event: happened.SettlementsRead) -> Case:
    cutoff = cutoff_of(case)
    # Before its cutoff a case that nobody answered goes on, whatever was taken for the time being.
    is_over = case.answered_at is not None or (cutoff is not None and at >= cutoff)
    return replace(case, settled=event.settled, closed_at=case.closed_at or (at if is_over else None))


def _missed_notice_looked_for(case: Case, at: datetime, event: happened.MissedNoticeLookedFor) -> Case:
    return replace(done(case), missed_notice_looked_for=True)


def _related_seen(case: Case, at: datetime, event: happened.RelatedMailSeen) -> Case:
    one = RelatedMail(event.what, event.mail_sha256, event.received_at)
    return replace(case, related=(*case.related, one)[-_MOST_RELATED:])


def _debit_weighed(case: Case, at: datetime, event: happened.DebitWeighed) -> Case:
    case = replace(done(case), weighed=event.answering)
    if not event.new or case.decision_mail is None:
        return case
    notice = case.decision_mail
    return replace(
        fresh_answer(case),
        notice=notice,
        reason=notice.reason,
        order_id=notice.order_id,
        deadline=None,
        look_back=LookBack.NO_NEED,
        decision=None,
        overruled=False,
        dossier_sha256=None,
        closed_at=None,
        alerts=case.alerts,
    )


AFTERLIFE: dict[type[Event], Callable[[Case, datetime, Any], Case]] = {
    happened.DecisionReceived: _decision_received,
    happened.DisputeLapsed: _lapsed,
    happened.SettlementsRead: _settlements_read,
    happened.MissedNoticeLookedFor: _missed_notice_looked_for,
    happened.RelatedMailSeen: _related_seen,
    happened.DebitWeighed: _debit_weighed,
}
"""What each event after the answer does to a case."""
