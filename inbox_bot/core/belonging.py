"""Which case a notice belongs to, who may change it, and where its answer goes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from inbox_bot.core.case import Case
from inbox_bot.core.ladder import cutoff_of
from inbox_bot.core.model import Kind, Notice
from inbox_bot.core.notice_rules import NoticeRules


def addressees(notice: Notice) -> frozenset[str]:
    """Where an answer to the notice goes."""
    return frozenset(
        one for one in (notice.reply_to, notice.sender.email if notice.sender else None) if one is not None
    )


def joins(notice: Notice, thread_ids: tuple[str, ...], case: Case) -> bool:
    """Whether the notice belongs to the case: by its thread, or by the order while the dispute goes on."""
    if set(thread_ids) & set(case.thread_ids):
        return notice.kind is not Kind.CLAIM or not is_second_dispute(notice, case)
    if notice.order_id is None or notice.order_id != case.order_id:
        return False
    if notice.kind is Kind.DECISION:
        return True
    if case.closed_at is not None:
        # A question that comes after a long silence is about the dispute that was taken for won.
        return notice.kind is Kind.INFORMATION_REQUEST and case.lapsed_at is not None and case.outcome is None
    return notice.kind is Kind.INFORMATION_REQUEST or not is_second_dispute(notice, case)


def is_second_dispute(notice: Notice, case: Case) -> bool:
    """Whether a claim about the order of a case is another dispute and not the same one again.

    Another amount is another charge. The same amount again after the first clock has run out cannot be a reminder of
    it; a claim that is wrongly taken for a new one costs a second answer, one wrongly joined would have no clock.
    """
    ours, theirs = case.notice.amount, notice.amount
    if ours is not None and theirs is not None and ours != theirs:
        return True
    cutoff = cutoff_of(case)
    return (
        case.answered_at is not None
        and cutoff is not None
        and (notice.dated_at or notice.received_at) > cutoff
    )


def nearness(notice: Notice, thread_ids: Collection[str], case: Case) -> tuple[bool, bool, datetime]:
    """How near a mail is to one of several disputes on its order: by the thread, then the amount, then the latest."""
    amount = notice.amount is not None and notice.amount == case.notice.amount
    return not set(thread_ids).isdisjoint(case.thread_ids), amount, case.opened_at


def came_before(notice: Notice, case: Case) -> bool:
    """Whether the case has the mail already; a question that came by a second route is not asked anew."""
    is_question = notice.kind is Kind.INFORMATION_REQUEST
    return notice.mail_sha256 in case.mail_sha256s or (is_question and notice.message_id in case.thread_ids)


def may_change(notice: Notice, case: Case, rules: NoticeRules) -> bool:
    """Whether a mail about the case may change it.

    Amazon also mails, under its own name and signature, what strangers type (on a gift card, into a shared list). So
    a case that a chargeback address opened is changed by such addresses alone, and by the one that is answered; and
    a case that another address opened does not stand in for the notice of a chargeback address.
    """
    sender = notice.sender.email if notice.sender is not None else ""
    opened_by = case.notice.sender.email if case.notice.sender is not None else ""
    if not (notice.trusted and sender and opened_by) or sender in addressees(case.notice):
        return True
    if rules.is_chargeback_sender(opened_by):
        return rules.is_chargeback_sender(sender)
    return notice.kind is Kind.DECISION or not rules.is_chargeback_sender(sender)
