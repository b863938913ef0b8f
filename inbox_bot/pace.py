"""How fast we go: pauses between tries, how many replies rules may send, when a missing copy proves a loss."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.errors import TemporaryError
from inbox_bot.desk import Desk, Notification
from inbox_bot.store.protocol import Store
from inbox_bot.work import Work

FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)
PERSON_PAUSE = timedelta(minutes=15)  # trying a wrong password sooner would only lock the account
TRIES_IN_WHAT_IS_LEFT = 20  # so many more tries fit before the cutoff, however long the pauses had become
SHORTEST_RETRY = timedelta(seconds=30)
COPIES_THAT_PROVE = 3
COPY_COMES_WITHIN = timedelta(hours=1)

SEND_GUARD = "too many replies a day"


def back_off(failures: int) -> timedelta:
    """How long to wait after so many failures: doubling from a minute to an hour, with a little jitter."""
    seconds = min(FIRST_RETRY * 2 ** min(failures, 10), LAST_RETRY).total_seconds()
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load, keeps no secret


def pause_of(case: Case, now: datetime) -> timedelta:
    """`back_off`, but shorter when the cutoff is near, so that a server that comes back late is still in time."""
    pause = back_off(case.failures)
    due_by = case.deadline.due_by if case.deadline else None
    if due_by is None or due_by <= now:
        return pause
    return min(pause, max((due_by - now) / TRIES_IN_WHAT_IS_LEFT, SHORTEST_RETRY))


def copies_prove(store: Store, account: str, now: datetime) -> bool:
    """Whether the last replies that we sent all left a copy in the mailbox, at least three of them."""
    sent = store.replies_until(account, now - COPY_COMES_WITHIN, COPIES_THAT_PROVE)
    return len(sent) == COPIES_THAT_PROVE and all(record.case.copy_seen for record in sent)


def hold_back(desk: Desk, work: Work) -> None:
    """Raises TemporaryError when rules have sent enough for a day; what a person approved goes out at once.

    A flood of notices is either an attack or a mistake. Near its cutoff a reply goes out all the same.
    """
    case, most = work.case, desk.policy.most_sends_per_day
    due_by = case.deadline.due_by if case.deadline else None
    if case.approved or (due_by is not None and due_by - work.at <= timedelta(hours=24)):
        return
    bodies = desk.store.bodies_since(case.account, work.at - timedelta(hours=24), most)
    if not bodies or len(bodies) < most:
        return
    text = f"{most} replies went out within a day, and rules may send no more; approve this one, or it waits"
    if SEND_GUARD not in case.alerts:
        desk.tell(Notification(case.account, case.case_id, SEND_GUARD, text))
        work.happen(happened.AlertRaised(SEND_GUARD, text))
    retry_at = min(bodies) + timedelta(hours=24)
    if due_by is not None:
        retry_at = min(retry_at, due_by - timedelta(hours=24))
    raise TemporaryError(text, retry_at=retry_at)
