"""Which case a notice belongs to, who may change it, and where its answer goes."""

from __future__ import annotations

from inbox_bot.core.case import Case
from inbox_bot.core.model import Kind, Notice
from inbox_bot.core.notice_rules import NoticeRules


def addressees(notice: Notice) -> frozenset[str]:
    """Where an answer to the notice goes."""
    return frozenset(
        one for one in (notice.reply_to, notice.sender.email if notice.sender else None) if one is not None
    )


def joins(notice: Notice, thread_ids: tuple[str, ...], case: Case) -> bool:
    """Whether the notice belongs to the case: by its thread, or by the order while the case is not closed."""
    if set(thread_ids) & set(case.thread_ids):
        return True
    if notice.order_id is None or notice.order_id != case.order_id:
        return False
    return case.closed_at is None or notice.kind is Kind.DECISION


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
