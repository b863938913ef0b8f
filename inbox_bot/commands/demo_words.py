"""The demo's words: how a mail, a case and a draft read on the screen."""

from __future__ import annotations

import email
import email.header
from datetime import datetime

from inbox_bot.commands.cases import in_words
from inbox_bot.commands.demo_mails import DemoMail
from inbox_bot.commands.demo_view import CaseRow, Fact, MailCard
from inbox_bot.core.case import Case, Status
from inbox_bot.core.model import Kind, Mail, Notice, Verdict
from inbox_bot.core.recognise import Recognition, recognise
from inbox_bot.desk import Rulebook
from inbox_bot.intake import Handled

_KINDS = {
    Kind.CLAIM: "a chargeback notice",
    Kind.INFORMATION_REQUEST: "a request for more information",
    Kind.DECISION: "a decision",
    Kind.OTHER: "no chargeback notice",
}
_LANGUAGES = {"en": "English", "zh": "Chinese", "de": "German", "ja": "Japanese"}
_STATUSES = {
    Status.DRAFTED: "reply in Drafts",
    Status.REFUND: "refund to make",
    Status.REVIEW: "a person decides",
    Status.ANSWERED: "answered",
}
_VERDICT_TONES = {Verdict.REPRESENT: "good", Verdict.REFUND: "care", Verdict.REVIEW: "care", None: ""}


def taken_for(mail: DemoMail, handled: Handled | None, rulebook: Rulebook) -> str:
    """What a mail of an order was taken for, in a few words."""
    if mail.folder != "INBOX":
        return f"your own answer, in {mail.folder}"
    return _recognition(mail.mail, handled, rulebook).looks_like or "a mail about an order"


def notice_card(place: str, handled: Handled, case: Case, now: datetime) -> MailCard:
    """A notice and its case: taken for, genuine, extracted, deadline, decision, reply."""
    mail, notice, recognition = handled.mail, handled.notice, handled.recognition
    facts: list[Fact] = []
    if recognition is not None:
        language = _LANGUAGES.get(recognition.language or "", recognition.language or "an unknown language")
        facts.append(Fact("taken for", f"{_KINDS[recognition.kind]} in {language}: {recognition.because}"))
    word, tone = ("yes", "") if handled.trust.trusted else ("NO", "bad")
    facts.append(Fact("genuine", f"{word}: {handled.trust.reason}", tone))
    if notice is not None:
        facts.append(Fact("extracted", _extracted(notice)))
    facts += [*_clock(case, now), *_decision(case), _next(case)]
    return MailCard(place, _sender(mail), mail.subject if mail else "", tuple(facts))


def look_alike_card(
    place: str, mail: Mail, handled: Handled | None, rulebook: Rulebook, is_told: bool
) -> MailCard:
    """A mail that opened no case, and why it did not; `is_told` when the daemon warned of it."""
    recognition = _recognition(mail, handled, rulebook)
    what = recognition.looks_like or "something else"
    if is_told:
        what = "a stranger's imitation"
    done = Fact("done", "left alone; its header was enough, the rest was not even fetched", "quiet")
    if is_told:
        done = Fact("done", "no case and no answer; you are warned of it", "bad")
    elif handled is not None:
        done = Fact("done", "read, and left alone", "quiet")
    because = f"{_KINDS[recognition.kind]} but {what}: {recognition.because}"
    return MailCard(place, _sender(mail), mail.subject, (Fact("taken for", because), done), tone="quiet")


def case_row(case: Case, now: datetime) -> CaseRow:
    """One line of the table."""
    due = (case.deadline.due_by or case.deadline.send_by) if case.deadline else None
    done = case.status in (Status.ANSWERED, Status.CLOSED)
    return CaseRow(
        case_id=case.case_id,
        reason=case.reason.value.replace("_", " "),
        verdict=case.verdict.value if case.verdict else "",
        amount=str(case.notice.amount or ""),
        left=in_words(due - now) if due and not done else "-",
        status=_STATUSES.get(case.status, case.status.value) if case.trusted else "not genuine",
        tone="bad" if not case.trusted else "good" if done else _VERDICT_TONES[case.verdict],
    )


def draft_facts(raw: bytes) -> tuple[Fact, ...]:
    """A draft as a mail program that knows nothing of us sees it."""
    draft = email.message_from_bytes(raw)
    names = [name for part in draft.walk() if (name := part.get_filename())]
    return (
        Fact("Subject", _decoded(draft["Subject"]), "strong"),
        Fact("To", _decoded(draft["To"])),
        Fact("In-Reply-To", _decoded(draft["In-Reply-To"])),
        Fact("Attached", ", ".join(names) or "nothing"),
    )


def _decoded(value: str | None) -> str:
    return str(email.header.make_header(email.header.decode_header(value or ""))).strip()


def _recognition(mail: Mail, handled: Handled | None, rulebook: Rulebook) -> Recognition:
    """How the mail was recognised; where its header was enough for the daemon, what that header says."""
    if handled is not None and handled.recognition is not None:
        return handled.recognition
    return recognise(mail, rulebook.notices)


def _sender(mail: Mail | None) -> str:
    if mail is None or mail.sender is None:
        return "unknown"
    return f"{mail.sender.name} <{mail.sender.email}>" if mail.sender.name else mail.sender.email


def _extracted(notice: Notice) -> str:
    reason = notice.reason.value.replace("_", " ")
    words = f' ("{notice.reason_words}")' if notice.reason_words else ""
    parts = (
        f"order {notice.order_id or 'not found'}",
        str(notice.amount or "no amount"),
        f"reason {reason}{words}",
        *(f"item {title}" for title in notice.items),
    )
    return "; ".join(parts)


def _clock(case: Case, now: datetime) -> list[Fact]:
    deadline = case.deadline
    if deadline is None:
        return []
    if deadline.due_by is None:
        return [Fact("answer by", deadline.because, "care")]
    left = in_words(deadline.due_by - now)
    return [Fact("answer by", f"{deadline.due_by:%Y-%m-%d %H:%M} UTC, {left} left ({deadline.because})")]


def _decision(case: Case) -> list[Fact]:
    decision = case.decision
    if decision is None:
        return []
    facts = [
        Fact(
            "decision",
            f"{decision.verdict.value.upper()}. {decision.because}",
            _VERDICT_TONES[decision.verdict],
        )
    ]
    held = f": {' and '.join(decision.hits)}" if decision.hits else ""
    facts.append(Fact("by rule", f'"{decision.rule}"{held}', "quiet"))
    if case.trusted and decision.missing and decision.verdict is not Verdict.REFUND:
        facts.append(Fact("missing", "; ".join(decision.missing), "care"))
    return facts


def _next(case: Case) -> Fact:
    if case.status is Status.DRAFTED and case.reply is not None:
        names = ", ".join(case.reply.attachment_names) or "nothing"
        return Fact(
            "reply", f'in Drafts: "{case.reply.subject}" to {case.reply.recipient}; attached: {names}', "good"
        )
    if case.status is Status.REFUND:
        what = f"refund {case.notice.amount or 'the order'} in Seller Central"
        return Fact("to do", f"{what}, then: inbox-bot refund {case.case_id} --confirmed REFUND_ID", "care")
    if not case.trusted:
        return Fact("to do", "no reply is written, nobody's data is looked up; see for yourself", "bad")
    return Fact("to do", f"decide: inbox-bot represent {case.case_id}, or refund, or answered", "care")
