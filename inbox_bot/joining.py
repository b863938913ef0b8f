"""A notice goes into its case: which one, what it may change there, and what a person has to hear of it.

Reading mails is the business of `intake.py`; which mail belongs where is decided in `core/belonging.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from inbox_bot.core import events as happened
from inbox_bot.core.belonging import came_before, joins, may_change, nearness
from inbox_bot.core.case import Case
from inbox_bot.core.deadline import deadline_for
from inbox_bot.core.drift import UNKNOWN_WORDING
from inbox_bot.core.kinship import buyer_mark
from inbox_bot.core.model import Kind, Notice
from inbox_bot.desk import Desk, Notification
from inbox_bot.store.protocol import MailOutcome
from inbox_bot.work import Work

AFTER_ANSWER = "a notice after the answer"
OTHER_DESK = "not the desk of disputes"


def file_notice(desk: Desk, notice: Notice, now: datetime, drift: str = "") -> str:
    """Put the notice into its case, or open one; the mail counts as handled with it.

    Events stay for good, so the buyer's name and street are left out: the town is what is compared. `drift` is told
    with the case: its wording is not known.
    """
    mark = buyer_mark(desk.policy.account, notice.destination)
    notice = replace(notice, destination=replace(notice.destination, lines=()), buyer_mark=mark)
    work = _open_or_join(desk, notice, now)
    if drift and notice.trusted:
        work.happen(happened.AlertRaised(f"{UNKNOWN_WORDING} {notice.mail_sha256[:8]}", drift))
        desk.tell(Notification(work.case.account, work.case.case_id, UNKNOWN_WORDING, drift))
    work.settle(MailOutcome(notice.mail_sha256, notice.kind.value, work.case.case_id))
    work.save(now)
    return work.case.case_id


def _open_or_join(desk: Desk, notice: Notice, now: datetime) -> Work:
    account = desk.policy.account
    deadline = deadline_for(notice, timedelta(hours=desk.policy.margin_hours))
    ids = tuple(dict.fromkeys((*notice.references, *((notice.message_id,) if notice.message_id else ()))))
    known = desk.store.find_cases(account, notice.order_id, ids)
    # A mail that nothing vouches for must never touch a case that somebody vouched for, nor the other way round.
    known = tuple(record for record in known if record.case.trusted == notice.trusted)
    record = max(
        (one for one in known if joins(notice, ids, one.case)),
        key=lambda one: nearness(notice, ids, one.case),
        default=None,
    )
    apart = record is not None and not may_change(notice, record.case, desk.rulebook.notices)
    if record is None or apart:
        case_id = _new_case_id(desk, notice)
        opened = happened.CaseOpened(account, notice, deadline)
        work = Work.opening(desk.store, case_id, opened, now)
        if record is not None and desk.rulebook.notices.is_chargeback_sender(_opener(record.case)):
            _hold_apart(desk, work, record.case)
    else:
        work = Work.on(desk.store, record, now)
        if notice.kind is not Kind.DECISION and not came_before(notice, record.case):
            is_news = _is_over(work.case) and notice.message_id not in work.case.thread_ids
            work.happen(happened.NoticeJoined(notice, deadline))
            if is_news and _is_over(work.case):
                _tell_after_answer(desk, work)
    if notice.kind is Kind.DECISION:
        work.happen(happened.DecisionReceived(notice, notice.outcome))
    return work


def _is_over(case: Case) -> bool:
    return case.answered_at is not None or case.closed_at is not None


def _tell_after_answer(desk: Desk, work: Work) -> None:
    """No rule answers the same case a second time, so that a person has to see what else Amazon wants."""
    text = "Amazon wrote again after this case was answered or closed; read the mail, and answer it yourself"
    work.happen(happened.AlertRaised(AFTER_ANSWER, text))
    desk.tell(Notification(work.case.account, work.case.case_id, AFTER_ANSWER, text))


def _opener(case: Case) -> str:
    return case.notice.sender.email if case.notice.sender is not None else ""


def _hold_apart(desk: Desk, work: Work, other: Case) -> None:
    sender = _opener(work.case)
    text = f"{sender} wrote of case {other.case_id}, but no chargeback address did; look at it yourself"
    work.happen(happened.CaseHeld(text))
    work.happen(happened.AlertRaised(OTHER_DESK, text))
    desk.tell(Notification(other.account, work.case.case_id, OTHER_DESK, text))


def _new_case_id(desk: Desk, notice: Notice) -> str:
    base = notice.order_id or f"mail-{notice.mail_sha256[:10]}"
    number = 1
    while desk.store.case(case_id := base if number == 1 else f"{base}-{number}") is not None:
        number += 1
    return case_id
