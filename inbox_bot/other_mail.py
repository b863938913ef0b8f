"""Mails that are no notice: the seller's own answer, a copy of ours, a bounce, Amazon's word on an answer, imitations.

Each may change a case, and none may open one. Notices are the business of `intake.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from inbox_bot.core import events as happened
from inbox_bot.core.automatic import is_automatic
from inbox_bot.core.belonging import addressees
from inbox_bot.core.bounces import Bounce, read_bounce
from inbox_bot.core.case import Case, SendState
from inbox_bot.core.model import Kind, Mail
from inbox_bot.core.recognise import RECEIPT, REFUSAL, STRANGER, Recognition
from inbox_bot.core.trust import Trust
from inbox_bot.core.values import find_order_ids
from inbox_bot.desk import Desk, Notification
from inbox_bot.store.protocol import CaseRecord, Change, MailOutcome, StoredMail
from inbox_bot.work import Work

RELATED = ("an A-to-z claim",)  # shown with the case of its order, never answered
ELSEWHERE = "a word on an answer"
_IN_DOUBT = (SendState.BODY, SendState.UNKNOWN)


def thread_ids(mail: Mail) -> tuple[str, ...]:
    """The ids that may tie a mail to a case: what it answers, what it refers to, its own."""
    own = (mail.message_id,) if mail.message_id else ()
    return tuple(dict.fromkeys((*mail.in_reply_to, *mail.references[-20:], *own)))


def handle_other(
    desk: Desk, stored: StoredMail, mail: Mail, recognition: Recognition, trust: Trust, now: datetime
) -> tuple[str | None, str]:
    """Record what a mail that is no notice says; returns the case it went to, if any, and what it is."""
    for record, event in _said(desk, stored, mail, recognition, trust, now):
        return _settle(desk, Work.on(desk.store, record, now), event, mail)
    events: tuple[happened.Event, ...] = ()
    if recognition.looks_like == STRANGER:
        text = f"a mail that looks like a chargeback notice: {recognition.because}; {trust.reason}"
        desk.tell(Notification(desk.policy.account, None, STRANGER, text))
        events = (happened.AlertRaised(STRANGER, text),)
    outcome = MailOutcome(mail.sha256, Kind.OTHER.value, None, note=recognition.looks_like or "")
    desk.store.commit(Change(desk.policy.account, now, events=events, mails=(outcome,)))
    return None, recognition.looks_like or ""


def _said(
    desk: Desk, stored: StoredMail, mail: Mail, recognition: Recognition, trust: Trust, now: datetime
) -> Iterator[tuple[CaseRecord, happened.Event]]:
    """What the mail says of cases."""
    account = desk.policy.account
    if mail.sender is not None and mail.sender.email in desk.own_addresses:
        for record in desk.store.find_cases(account, None, thread_ids(mail)):
            in_sent = stored.folder == desk.outside.sent_folder()
            if (event := _own_mail(record.case, mail, stored.folder, in_sent=in_sent)) is not None:
                yield record, event
    elif (bounce := read_bounce(mail)) is not None:
        for record in desk.store.find_cases(account, None, bounce.message_ids):
            if (event := _bounced(desk, record.case, bounce)) is not None:
                yield record, event
    elif trust.trusted:
        yield from _amazon_said(desk, mail, recognition, now)


def _amazon_said(
    desk: Desk, mail: Mail, recognition: Recognition, now: datetime
) -> Iterator[tuple[CaseRecord, happened.Event]]:
    what = recognition.looks_like
    if what in RELATED:
        for record in _of_order(desk, mail):
            if mail.sha256 not in {one.mail_sha256 for one in record.case.related}:
                yield (
                    record,
                    happened.RelatedMailSeen(what, mail.sha256, mail.received_at or mail.date_at or now),
                )
    elif what in (RECEIPT, REFUSAL):
        for record in reversed(_spoken_of(desk, mail)):
            event = _amazons_word(record.case, mail, recognition.because, refused=what == REFUSAL)
            if event is not None and not _writes_of_answers(desk, mail, record.case):
                event = _from_another_desk(mail, recognition.because)
            if event is not None:
                yield record, event


def _writes_of_answers(desk: Desk, mail: Mail, case: Case) -> bool:
    """Whether the mail is from those who handle disputes.

    Amazon also mails, under its own name and signature, what strangers type: words on a gift card, a shared list.
    """
    sender = mail.sender.email if mail.sender is not None else ""
    return sender in addressees(case.notice) or desk.rulebook.notices.is_chargeback_sender(sender)


def _from_another_desk(mail: Mail, because: str) -> happened.Event:
    sender = mail.sender.email if mail.sender is not None else "nobody"
    text = f"{sender}, which does not handle disputes, wrote of the answer: {because}; look at it yourself"
    return happened.AlertRaised(ELSEWHERE, text)


def _own_mail(case: Case, mail: Mail, folder: str, *, in_sent: bool) -> happened.Event | None:
    """What the seller's own mail says about the case, None when it says nothing.

    Anybody can write our address into a From line, so outside the Sent folder only a copy of the very reply that we
    sent counts.
    """
    if case.closed_at is not None:
        return None
    ours = case.reply is not None and mail.message_id == case.reply.message_id
    # A folder of all mails shows drafts too; what came in from a server bears its line.
    ours = ours and (in_sent or bool(mail.header_values("Received")))
    if ours and case.send_state in _IN_DOUBT:
        return happened.SendLookedUp("the mailbox", None)
    if ours and case.send_state is SendState.SENT and not in_sent and not case.copy_seen:
        return happened.CopySeen(folder)
    to_amazon = any(one.email in addressees(case.notice) for one in mail.to)
    if case.answered_at is None and in_sent and to_amazon and not is_automatic(mail):
        return happened.AnsweredElsewhere("sent from your own mail program", mail.message_id)
    return None


def _bounced(desk: Desk, case: Case, bounce: Bounce) -> happened.Event | None:
    """What the report means for the case: only one about the case's very answer means anything."""
    answer_id = case.answer_id
    if case.send_state in _IN_DOUBT and case.reply is not None:
        answer_id = case.reply.message_id
    if case.closed_at is not None or not answer_id or answer_id not in bounce.message_ids:
        return None
    only_the_copy = bounce.failed and set(bounce.failed) <= desk.own_addresses
    if only_the_copy or not bounce.is_final:
        what = "the copy to yourself came back" if only_the_copy else "the answer is delayed on its way"
        return happened.AlertRaised(what, f"{what}: {bounce.because}")
    return happened.ReplyBounced(answer_id, ", ".join(bounce.failed), bounce.status, bounce.because)


def _spoken_of(desk: Desk, mail: Mail) -> tuple[CaseRecord, ...]:
    """The trusted, open cases that a mail of Amazon's speaks of, by its thread, else by the only order it names."""
    account = desk.policy.account
    found = desk.store.find_cases(account, None, thread_ids(mail))
    if not found:
        orders = set(find_order_ids(f"{mail.subject}\n{mail.text or mail.html_text}"))
        found = desk.store.find_cases(account, orders.pop(), ()) if len(orders) == 1 else ()
    return tuple(one for one in found if one.case.trusted and one.case.closed_at is None)


def _of_order(desk: Desk, mail: Mail) -> tuple[CaseRecord, ...]:
    """The newest trusted case of the only order that the mail names."""
    orders = set(find_order_ids(f"{mail.subject}\n{mail.text or mail.html_text}"))
    found = desk.store.find_cases(desk.policy.account, orders.pop(), ()) if len(orders) == 1 else ()
    return tuple(one for one in found if one.case.trusted)[-1:]


def _amazons_word(case: Case, mail: Mail, because: str, *, refused: bool) -> happened.Event | None:
    has_answer = case.answered_at is not None or case.send_state in _IN_DOUBT
    if refused:
        return happened.AnswerRefused(mail.message_id, because) if has_answer else None
    if case.answered_at is not None and case.receipt:
        return None
    return happened.ReceiptReceived(mail.message_id, because)


def _settle(desk: Desk, work: Work, event: happened.Event, mail: Mail) -> tuple[str, str]:
    was_answered = work.case.answered_at is not None
    note = _NOTES[type(event)]
    if isinstance(event, happened.AlertRaised) and event.name == ELSEWHERE:
        note = ELSEWHERE
    if isinstance(event, happened.AlertRaised) and event.name in work.case.alerts:
        note = "told before"
    else:
        work.happen(event)
        if text := _news(work.case, event, was_answered):
            desk.tell(Notification(work.case.account, work.case.case_id, note, text))
            if not isinstance(event, happened.AlertRaised):
                work.happen(happened.AlertRaised(note, text))
    work.settle(MailOutcome(mail.sha256, Kind.OTHER.value, work.case.case_id, note=note))
    work.save(work.at)
    return work.case.case_id, note


_NOTES: dict[type[happened.Event], str] = {
    happened.SendLookedUp: "your own answer",
    happened.CopySeen: "a copy of our reply",
    happened.AnsweredElsewhere: "your own answer",
    happened.ReplyBounced: "the answer came back",
    happened.AnswerRefused: "an answer refused",
    happened.ReceiptReceived: "a receipt for an answer",
    happened.AlertRaised: "a bounce",
    happened.RelatedMailSeen: "an A-to-z claim",
}


def _news(case: Case, event: happened.Event, was_answered: bool) -> str:
    """What a person has to know at once, empty for what only belongs on record."""
    if isinstance(event, happened.AlertRaised):
        return event.text
    if isinstance(event, happened.ReplyBounced | happened.AnswerRefused):
        return f"{case.blocked_because}. The clock did not stop: answer in Seller Central, or approve to send again"
    if isinstance(event, happened.RelatedMailSeen):
        return "an A-to-z claim about the same order came in: it is answered in Seller Central, within 3 days"
    if isinstance(event, happened.ReceiptReceived) and not was_answered:
        return "Amazon confirms that it has an answer for this case, so nothing more is sent"
    return ""
