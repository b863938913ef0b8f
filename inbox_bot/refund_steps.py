"""The steps of a case whose verdict is a refund: the task for the seller, its caps, and the proof that it was done."""

from __future__ import annotations

from datetime import UTC, timedelta

from inbox_bot.answer import stored_record
from inbox_bot.core import events as happened
from inbox_bot.core import planner
from inbox_bot.core.adjustment import reason_code
from inbox_bot.core.errors import NeedsReview
from inbox_bot.core.model import Decision, Money, Verdict
from inbox_bot.core.refund import already_refunded, find_confirmation, over_cap, refund_task
from inbox_bot.desk import Desk
from inbox_bot.gather import gather
from inbox_bot.work import Work


def make_refund_task(desk: Desk, work: Work, step: planner.MakeRefundTask) -> None:
    """Work the task out; one that is above a cap, or was paid before, goes to a person instead."""
    case = work.case
    if case.decision is None:
        raise NeedsReview("nothing was decided for this case yet")
    (dossier, *_), facts = stored_record(work)
    charged = case.notice.amount or (dossier.order.total if dossier.order else None)
    if proof := already_refunded(dossier, charged):
        because = (
            f"The order was refunded already: {'; '.join(proof)}. A second refund would pay the buyer twice."
        )
        work.happen(happened.Decided(Decision(Verdict.REVIEW, "refunded before", because)))
        return
    code = reason_code(
        case.reason,
        never_shipped=facts.never_shipped or facts.label_only,
        returned=facts.return_received,
    )
    task = refund_task(case.notice, dossier, case.decision.because, code.value)
    spent = _spent_today(desk, work) if desk.policy.refund_caps_per_day and not case.overruled else []
    cap = "" if case.overruled else over_cap(task, spent, desk.policy)
    if cap:
        because = f"{case.decision.because} But {cap}, so a person decides."
        missing = case.decision.missing
        work.happen(happened.Decided(Decision(Verdict.REVIEW, "refund cap", because, missing=missing)))
        return
    work.happen(happened.RefundTaskMade(task))


def _spent_today(desk: Desk, work: Work) -> list[Money]:
    """The totals of the tasks that were made today, in UTC, for other cases of the account."""
    midnight = work.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tasks = [
        record.case.refund_task
        for record in desk.store.refunds_asked(desk.policy.account, midnight, midnight + timedelta(days=1))
        if record.case.case_id != work.case.case_id
    ]
    return [task.total for task in tasks if task is not None and task.total is not None]


def look_for_refund(desk: Desk, work: Work, step: planner.LookForRefund) -> None:
    """See whether the refund stands on record by now; only then is Amazon told of it."""
    task = work.case.refund_task
    found = gather(desk, (work.case.order_id,) if work.case.order_id else (), work.at)
    before = stored_record(work)[0][0]
    refund = find_confirmation(task, before, found.dossiers[0]) if task is not None else None
    if refund is None:
        work.happen(happened.RefundLookedFor())
        return
    work.happen(happened.RefundConfirmed(refund.reference or refund.source))
