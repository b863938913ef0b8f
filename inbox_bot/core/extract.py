"""The data of a recognised notice: order, amount, items, reason, what is asked for, by when, and where to answer.

Each kind of value has its module (`amounts`, `items`, `destination`, `reasons`, `time_frame`); here they are put
together, and what could not be read is said in plain words. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from inbox_bot.core.amounts import currencies_of, read_amount
from inbox_bot.core.destination import read_destination
from inbox_bot.core.errors import Problem
from inbox_bot.core.items import as_written, read_items
from inbox_bot.core.labels import Label, read_labels
from inbox_bot.core.model import Kind, Mail, Notice
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.quotes import written_text
from inbox_bot.core.reasons import read_asks, read_reason
from inbox_bot.core.recognise import Recognition, outcome_of
from inbox_bot.core.time_frame import read_time_frame
from inbox_bot.core.values import find_amazon_pay_ids, find_order_ids
from inbox_bot.core.wording import Wording, is_cut, looked_at

_NO_REPLY = ("no-reply", "noreply", "do-not-reply", "donotreply", "no_reply", "do_not_reply")


def extract(
    recognition: Recognition,
    mail: Mail,
    rules: NoticeRules,
    *,
    own_addresses: Collection[str],
    received_at: datetime,
    trusted: bool,
    trust_reason: str,
) -> Notice:
    """The notice in a mail that was recognised as one.

    `mail` is the mail as it arrived, `recognition.inner` the notice itself. `own_addresses` are the seller's, for
    telling which of them got the notice; `received_at` is the earliest instant at which the mail is known to have
    existed. Raises ValueError for a mail of kind `other`.
    """
    if recognition.kind is Kind.OTHER:
        raise ValueError("a mail that is no notice has nothing to extract")
    inner = recognition.inner
    written = _as_arrived(mail, inner)
    sources = (mail.text, mail.html_text, written.text, written.html_text)
    body = _body(inner, rules)
    reading = _Reading(inner, body, rules, recognition, received_at)
    problems = [*_first_problems(mail, recognition), *reading.problems]
    reply_to, reply_problems = reply_address(inner, rules)
    problems += reply_problems
    return Notice(
        kind=recognition.kind,
        mail_sha256=mail.sha256,
        message_id=inner.message_id,
        references=tuple(dict.fromkeys((*inner.references, *inner.in_reply_to))),
        subject=written.subject,
        sender=inner.sender,
        reply_to=reply_to,
        recipient=_recipient(mail, inner, own_addresses),
        language=recognition.language,
        dated_at=inner.date_at,
        received_at=received_at,
        order_id=reading.order_ids[0] if reading.order_ids else None,
        order_ids=reading.order_ids,
        reason=reading.reason,
        reason_words=reading.reason_words,
        amount=reading.amount,
        items=tuple(as_written(title, sources) for title in reading.items),
        destination=reading.destination,
        asks=reading.asks,
        outcome=outcome_of(inner.subject, body) if recognition.kind is Kind.DECISION else None,
        stated_days=reading.time_frame.days,
        stated_on=reading.time_frame.on,
        form_only=bool(body.found("wording", means="form_only")),
        forwarded_as=recognition.via,
        trusted=trusted,
        trust_reason=trust_reason,
        problems=tuple(problems),
    )


class _Reading:
    """Everything the text of one notice says."""

    def __init__(
        self, inner: Mail, body: Wording, rules: NoticeRules, recognition: Recognition, received_at: datetime
    ) -> None:
        labels = read_labels(body.text, rules)
        self.order_ids = _order_ids(inner.subject, body.text, labels)
        self.items = read_items(labels, body)
        self.destination = read_destination(labels, rules)
        amount_body = _masked(body, self.items, ())
        self.amount, amount_problem = read_amount(
            amount_body, labels, currencies_of(inner, body, recognition.language)
        )
        prose = _masked(amount_body, (), self.destination.lines)
        self.asks = read_asks(prose)
        self.reason, self.reason_words = read_reason(
            prose, inner.subject, labels, self.asks if recognition.kind is Kind.CLAIM else ()
        )
        dated_on = (inner.date_at or received_at).date()
        self.time_frame = read_time_frame(prose, dated_on, labels)
        self.problems = list(self._missing(inner, body, recognition, amount_problem))

    def _missing(
        self, inner: Mail, body: Wording, recognition: Recognition, amount_problem: str
    ) -> Iterator[Problem]:
        if not body.text.strip():
            yield Problem("the mail has no readable text", remedy="open it in the mail program")
        if not self.order_ids:
            pay_ids = find_amazon_pay_ids(f"{inner.subject}\n{body.text}")
            what = "no order number was found"
            yield Problem(f"{what}, only the Amazon Pay id {pay_ids[0]}" if pay_ids else what)
        elif len(self.order_ids) > 1:
            yield Problem(f"it names {len(self.order_ids)} orders: " + ", ".join(self.order_ids[:6]))
        if amount_problem:
            yield Problem(amount_problem)
        if (
            recognition.kind is Kind.INFORMATION_REQUEST
            and self.time_frame.days is None
            and self.time_frame.on is None
        ):
            yield Problem("no time frame for the answer was found")


def _as_arrived(mail: Mail, inner: Mail) -> Mail:
    """The notice with its own quotes and dashes: recognition works on a copy in which they are plain."""
    waiting = [mail]
    while waiting:
        candidate = waiting.pop()
        if candidate.sha256 == inner.sha256 and candidate.message_id == inner.message_id:
            return candidate
        waiting.extend(candidate.forwarded)
    return inner


def reply_address(inner: Mail, rules: NoticeRules) -> tuple[str | None, list[Problem]]:
    """The Amazon address an answer goes to (Reply-To before From), and what is wrong with those that are not taken."""
    problems: list[Problem] = []
    for address in inner.reply_to:
        if rules.is_amazon(address.domain) and _is_repliable(address.email) and not _is_relay(address.domain):
            return address.email, problems
        problems.append(
            Problem(f"its Reply-To {address.email} is not a repliable Amazon address and is not used")
        )
    sender = inner.sender
    if sender is not None and rules.is_amazon(sender.domain) and _is_repliable(sender.email):
        return sender.email, problems
    remedy = "answer it in Seller Central"
    if sender is not None and sender.email:
        what = f"{sender.email} takes no answers or is not at an Amazon domain"
    else:
        what = "the notice's own sender address is not in the mail"
    return None, [*problems, Problem(f"no address for an answer: {what}", remedy=remedy)]


def _is_relay(domain: str) -> bool:
    """Whether mail to the domain goes on to a buyer: everybody can have such an address."""
    return domain.startswith("marketplace.")


def _is_repliable(email: str) -> bool:
    return "@" in email and not any(word in email.partition("@")[0] for word in _NO_REPLY)


def _recipient(mail: Mail, inner: Mail, own_addresses: Collection[str]) -> str | None:
    """The first of the addressees that is the seller's own; else the first one."""
    own = {address.lower() for address in own_addresses}
    delivered = [
        value.strip(" <>").lower()
        for name in ("Delivered-To", "X-Original-To", "Envelope-To")
        for value in mail.header_values(name)
    ]
    named = [address.email for address in (*inner.to, *mail.to)]
    candidates = [address for address in (*named, *delivered) if "@" in address]
    return next((address for address in candidates if address in own), candidates[0] if candidates else None)


def _order_ids(subject: str, text: str, labels: Sequence[Label]) -> tuple[str, ...]:
    """All order ids, those at a label first, then the subject's, then the rest of the text."""
    labelled = [
        one for label in labels if label.field == "order_id" for one in find_order_ids("\n".join(label.lines))
    ]
    return tuple(dict.fromkeys([*labelled, *find_order_ids(subject), *find_order_ids(text)]))


def _body(inner: Mail, rules: NoticeRules) -> Wording:
    """The text the notice is read from; the HTML fills in where the plain text names no order."""
    text, html = (written_text(looked_at(one), rules) for one in (inner.text, inner.html_text))
    if not text.strip():
        return Wording(html, rules)
    if html.strip() and not find_order_ids(text) and find_order_ids(html):
        return Wording(html, rules)
    return Wording(text, rules)


def _masked(body: Wording, items: Sequence[str], address: Sequence[str]) -> Wording:
    """The text with titles and address lines blanked: "broken" in a title says nothing about the dispute."""
    text = body.text
    for piece in (*items, *address):
        words = piece.split()
        for size in (len(words), 6, 3):
            part = " ".join(words[:size])
            if len(part) > 3 and part in text:
                text = text.replace(part, " " * len(part))
                break
    return body if text == body.text else Wording(text, body.rules)


def _first_problems(mail: Mail, recognition: Recognition) -> Iterator[Problem]:
    if is_cut(mail.text) or is_cut(mail.html_text):
        yield Problem("the mail is so long that only its beginning and end were read")
    if recognition.via == "inline":
        yield Problem("the notice was forwarded inside another mail, so nobody vouches for its words")
    yield from mail.problems
