"""How a case changes when its answer goes out: approval, sending, doubt, copies, and what comes back.

What happens before that, and the folding itself, stands in `core/evolution.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case, SendState
from inbox_bot.core.events import Event

BY_US = "sent by inbox_bot"


def done(case: Case) -> Case:
    """The case after a step that went well: its failures are forgotten."""
    return replace(case, retry_at=None, failures=0)


def fresh_answer(case: Case) -> Case:
    """The case as if no answer had been begun; a draft that stands is remembered, so that it can be removed."""
    stale = (case.reply,) if case.reply is not None and case.draft_state else ()
    return replace(
        case,
        old_drafts=(*case.old_drafts, *stale),
        reply=None,
        blocked_because="",
        refund_task=None,
        draft_state="",
        approved=False,
        send_state=SendState.NONE,
        bodies_started=0,
        body_at=None,
        look_ups=0,
        proof="",
        sent_copy="",
        answered_at=None,
        answered_how="",
        answer_id="",
        receipt="",
        copy_seen=False,
        copies_prove=False,
        retry_at=None,
        failures=0,
        alerts=(),
    )


def _approved(case: Case, at: datetime, event: happened.ReplyApproved) -> Case:
    return replace(done(case), approved=True, held_because="", blocked_because="")


def _send_intended(case: Case, at: datetime, event: happened.SendIntended) -> Case:
    return replace(case, send_state=SendState.INTENDED)


def _body_started(case: Case, at: datetime, event: happened.BodyStarted) -> Case:
    return replace(
        case, send_state=SendState.BODY, body_at=at, look_ups=0, bodies_started=case.bodies_started + 1
    )


def _sent(case: Case, at: datetime, event: happened.ReplySent) -> Case:
    return replace(
        done(case),
        send_state=SendState.SENT,
        proof=f"{event.code} {event.answer}",
        answered_at=at,
        answered_how=BY_US,
        answer_id=event.message_id,
        replies_sent=case.replies_sent + 1,
        told_at=at,
        told_evidence=_told(case),
    )


def _refused(case: Case, at: datetime, event: happened.SendRefused) -> Case:
    if event.permanent:
        return replace(case, send_state=SendState.REFUSED, blocked_because=event.because, retry_at=None)
    return replace(case, send_state=SendState.REFUSED, retry_at=event.retry_at, failures=case.failures + 1)


def _send_unknown(case: Case, at: datetime, event: happened.SendUnknown) -> Case:
    return replace(case, send_state=SendState.UNKNOWN, body_at=case.body_at or at, retry_at=None)


def _looked_up(case: Case, at: datetime, event: happened.SendLookedUp) -> Case:
    if event.found_in:
        gone = _gone_out(case, at, f"a copy was found in {event.found_in}")
        return replace(gone, sent_copy=event.found_in, copy_seen=True)
    return replace(
        case,
        send_state=SendState.UNKNOWN,
        look_ups=case.look_ups + 1,
        retry_at=event.look_again_at,
        copies_prove=event.copies_prove,
    )


def _gone_out(case: Case, at: datetime, proof: str) -> Case:
    """A reply whose fate was unknown did reach a server."""
    return replace(
        done(case),
        send_state=SendState.SENT,
        proof=proof,
        answered_at=at,
        answered_how=BY_US,
        answer_id=case.reply.message_id if case.reply else "",
        replies_sent=case.replies_sent + 1,
        told_at=at,
        told_evidence=_told(case),
    )


def _copy_filed(case: Case, at: datetime, event: happened.SentCopyFiled) -> Case:
    return replace(done(case), sent_copy=event.folder or "none", copy_seen=case.copy_seen or event.was_there)


def _copy_seen(case: Case, at: datetime, event: happened.CopySeen) -> Case:
    return replace(case, copy_seen=True)


def _answered(case: Case, at: datetime, event: happened.AnsweredElsewhere) -> Case:
    return replace(
        done(_with_thread(case, event.message_id)),
        answered_at=at,
        answered_how=event.how,
        answer_id=event.message_id or "",
        held_because="",
        told_at=at,
        told_evidence=_told(case),
    )


def _told(case: Case) -> tuple[str, ...]:
    """What Amazon has been shown by now; of an answer of the seller's own, what was on record when it was seen."""
    return tuple(dict.fromkeys((*case.told_evidence, *(one.statement for one in case.evidence))))


def _with_thread(case: Case, message_id: str | None) -> Case:
    ids = (*case.thread_ids, *((message_id,) if message_id else ()))
    return replace(case, thread_ids=tuple(dict.fromkeys(ids)))


def _bounced(case: Case, at: datetime, event: happened.ReplyBounced) -> Case:
    because = (
        f"the answer to {event.recipient or 'Amazon'} came back: {event.because or 'no reason was given'}"
    )
    return _back_to_a_person(case, because)


def _answer_refused(case: Case, at: datetime, event: happened.AnswerRefused) -> Case:
    return _back_to_a_person(
        _with_thread(case, event.message_id), f"Amazon did not take the answer: {event.because}"
    )


def _back_to_a_person(case: Case, because: str) -> Case:
    """The answer did not arrive after all: the case is open again, with the clock it had."""
    return replace(
        done(case),
        send_state=SendState.REFUSED,
        blocked_because=because,
        approved=False,
        answered_at=None,
        answered_how="",
        answer_id="",
        receipt="",
        proof="",
        sent_copy="",
        bodies_started=0,
        body_at=None,
        look_ups=0,
        alerts=(),
    )


def _receipt_received(case: Case, at: datetime, event: happened.ReceiptReceived) -> Case:
    case = replace(_with_thread(case, event.message_id), receipt=event.words)
    if case.send_state in (SendState.BODY, SendState.UNKNOWN):
        return _gone_out(case, at, f"Amazon wrote that it has the answer ({event.words})")
    if case.answered_at is not None:
        return case
    return replace(
        done(case),
        answered_at=at,
        answered_how="Amazon confirms an answer",
        held_because="",
        told_at=at,
        told_evidence=_told(case),
    )


SENDING: dict[type[Event], Callable[[Case, datetime, Any], Case]] = {
    happened.ReplyApproved: _approved,
    happened.SendIntended: _send_intended,
    happened.BodyStarted: _body_started,
    happened.ReplySent: _sent,
    happened.SendRefused: _refused,
    happened.SendUnknown: _send_unknown,
    happened.SendLookedUp: _looked_up,
    happened.SentCopyFiled: _copy_filed,
    happened.CopySeen: _copy_seen,
    happened.ReplyBounced: _bounced,
    happened.AnswerRefused: _answer_refused,
    happened.ReceiptReceived: _receipt_received,
    happened.AnsweredElsewhere: _answered,
}
"""What each event of sending does to a case."""
