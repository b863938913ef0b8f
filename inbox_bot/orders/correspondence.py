"""The seller's mailbox read for one order: order, parcels, refunds and messages become a `Dossier`.

Whose word counts: parcels, orders and refunds are taken from Amazon, carriers and the seller alone; a buyer's mail is
a message, whatever it claims. A mail that names several orders counts only for the one that it is about. Finding the
mails is the shell's work, and so is leaving out the chargeback notices themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from inbox_bot.core.model import Mail, aware
from inbox_bot.core.record import Dossier, Message, Order, Party, Refund, Shipment
from inbox_bot.core.text import one_line, plain_line, plain_text
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.correspondence_rules import CorrespondenceRules, load_correspondence_rules
from inbox_bot.orders.order_mails import OrderMail, merge_refunds, read_order, read_refund
from inbox_bot.orders.parcels import (
    ParcelMail,
    merge_shipments,
    names_tracking_id,
    read_parcels,
    tracking_ids,
)
from inbox_bot.orders.report_orders import merge_orders
from inbox_bot.orders.senders import amazon_domain, goes_to_buyer, is_listed, is_relay, party_of
from inbox_bot.orders.statements import find_marks, find_statements
from inbox_bot.orders.written import body_of, carries_buyer_words, new_text, without_buyer_words

__all__ = ["CorrespondenceRules", "load_correspondence_rules", "read_correspondence"]

_KIND_HEADER = "X-Space-Notification-Type"
_STAMP_DIFFERENCE = timedelta(days=2)  # a Date header further from the own server's stamp is not believed
_CLAIM_MARKS = frozenset({"atoz_open", "atoz_granted", "atoz_closed"})
_EVENT_MARKS = frozenset({"return_received", "replacement_sent", "order_cancelled", "cancelled_by_seller"})


def read_correspondence(
    mails: Sequence[Mail], order_id: str, own_addresses: Collection[str], rules: CorrespondenceRules
) -> Dossier:
    """Everything that the mails tell about one order, each part oldest first.

    `own_addresses` are all addresses the seller writes from. Mails that belong to other orders, or to nobody
    known, are left out. Chargeback notices must have been taken out of `mails`.
    """
    own = frozenset(address.lower() for address in own_addresses)
    found = _Found(order_id)
    letters = [_Letter.of(mail, own, rules) for mail in _distinct(mails)]
    about = [letter for letter in letters if letter.is_about(order_id, rules)]
    known = own | {to.email for letter in about if letter.party is Party.SELLER for to in letter.mail.to}
    for letter in about:
        _read_letter(letter, found, rules, own, known)
    found.shipments.extend(_other_parcels([one for one in letters if one not in about], found, rules))
    return found.dossier()


def _other_parcels(
    letters: Sequence[_Letter], found: _Found, rules: CorrespondenceRules
) -> Iterator[Shipment]:
    """Parcels of this order in mails that do not name it as theirs: of replacement orders, and by tracking id."""
    ids = tracking_ids(found.shipments)
    replacing: set[str] = set()
    for letter in letters:
        if letter.tells_facts and found.order_id in letter.labelled_ids("replaces", rules):
            replacing |= set(find_order_ids(f"{letter.subject}\n{letter.text}")) - {found.order_id}
            parcels = read_parcels(_parcel_mail(letter, found.order_id, is_replacement=True), rules)
            ids |= tracking_ids(parcels)
            yield from parcels
    for letter in letters:
        if letter.tells_facts and letter.names_tracking_of({found.order_id, *replacing}, ids):
            parcels = read_parcels(_parcel_mail(letter, found.order_id), rules)
            yield from (one for one in parcels if tracking_ids((one,)) & ids)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail with its clean text and its party; `at` is None for a mail without a date that can be believed."""

    mail: Mail
    party: Party | None
    at: datetime | None
    subject: str
    text: str
    written: str
    is_relayed: bool

    @classmethod
    def of(cls, mail: Mail, own: frozenset[str], rules: CorrespondenceRules) -> _Letter:
        subject, text = plain_line(mail.subject), plain_text(body_of(mail))
        party = party_of(mail, own, rules)
        is_relayed = party is Party.AMAZON or (mail.sender is not None and is_relay(mail.sender, rules))
        if party is Party.AMAZON:
            if _header_mark(mail, rules) == "message" or carries_buyer_words(subject, text, rules.frame):
                party = Party.BUYER
            else:
                text = without_buyer_words(text, rules.frame)
        return cls(mail, party, _sent_at(mail), subject, text, new_text(text, rules.frame), is_relayed)

    @property
    def own_words(self) -> str:
        """What the sender says: of a person what is newly written, of a machine the whole text."""
        return self.written if self.party in (Party.BUYER, Party.SELLER) else self.text

    @property
    def tells_facts(self) -> bool:
        return self.party in (Party.AMAZON, Party.CARRIER, Party.SELLER)

    @property
    def source(self) -> str:
        return f"mail {self.mail.message_id or self.mail.sha256[:12]}"

    def is_about(self, order_id: str, rules: CorrespondenceRules) -> bool:
        """True when this order is the one the mail is about: alone in its subject, its frame, labels or text."""
        in_subject = find_order_ids(self.subject)
        if len(in_subject) == 1:
            return in_subject[0] == order_id
        frame = self.text.replace(self.written, "\n") if self.written else ""
        for place in (frame, self.text):
            values = rules.labels.find("order_id", place)
            labelled = {one for value in values for one in find_order_ids(value.value)}
            if len(labelled) == 1:
                return labelled == {order_id}
        if not in_subject and len(in_frame := find_order_ids(frame)) == 1:
            return in_frame[0] == order_id
        return find_order_ids(f"{self.subject}\n{self.text}") == (order_id,)

    def labelled_ids(self, field: str, rules: CorrespondenceRules) -> set[str]:
        return {one for value in rules.labels.find(field, self.text) for one in find_order_ids(value.value)}

    def names_tracking_of(self, order_ids: Collection[str], ids: frozenset[str]) -> bool:
        """True when the mail names one of the tracking ids and no order but these."""
        words = f"{self.subject}\n{self.text}"
        return not set(find_order_ids(words)) - set(order_ids) and names_tracking_id(words, ids)


@dataclass(slots=True)
class _Found:
    """What has been found so far; the only thing here that changes."""

    order_id: str
    order: Order | None = None
    shipments: list[Shipment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    other_marks: set[str] = field(default_factory=set)  # of mails that are no messages

    def dossier(self) -> Dossier:
        shipments = merge_shipments(self.shipments)
        messages = tuple(sorted(self.messages, key=lambda message: message.at))
        return Dossier(
            order_id=self.order_id,
            order=self.order,
            shipments=tuple(sorted(shipments, key=_age)),
            messages=messages,
            refunds=merge_refunds(self.refunds),
            marks=tuple(dict.fromkeys((*_standing_marks(messages), *sorted(self.other_marks)))),
        )


def _age(shipment: Shipment) -> tuple[bool, str, bool]:
    return (shipment.shipped_on is None, str(shipment.shipped_on or ""), shipment.replacement)


def _standing_marks(messages: Sequence[Message]) -> Iterator[str]:
    """The marks of all messages; a claim that was granted or closed later is not open."""
    for number, message in enumerate(messages):
        later = {mark for one in messages[number:] for mark in one.marks}
        yield from (
            mark
            for mark in message.marks
            if mark != "atoz_open" or not later & {"atoz_granted", "atoz_closed"}
        )


def _distinct(mails: Sequence[Mail]) -> list[Mail]:
    """The mails without copies: the same Message-ID from the same sender, or the same bytes."""
    once: dict[tuple[str, str], Mail] = {}
    for mail in mails:
        sender = mail.sender.email if mail.sender is not None else ""
        once.setdefault((mail.message_id or mail.sha256, sender), mail)
    return list(once.values())


def _sent_at(mail: Mail) -> datetime | None:
    """When the mail was sent, by its own date where the receiving server's stamp agrees with it."""
    sent = aware(mail.date_at) if mail.date_at is not None else None
    stamped = aware(mail.received_at) if mail.received_at is not None else None
    if sent is None or stamped is None:
        return sent or stamped
    return sent if abs(stamped - sent) <= _STAMP_DIFFERENCE else stamped


def _read_letter(
    letter: _Letter, found: _Found, rules: CorrespondenceRules, own: frozenset[str], known: frozenset[str]
) -> None:
    sender = letter.mail.sender
    if letter.party is None or sender is None:
        return
    is_stranger = letter.party is Party.BUYER and sender.email not in known and not letter.is_relayed
    if is_stranger and not is_listed(sender.domain, rules.free_mail_domains):
        return  # a processor, a colleague elsewhere, a sales agent: hardly the buyer
    marks = tuple(_marks(letter, found.order_id, rules))
    if is_stranger:
        marks = tuple(mark for mark in marks if mark not in rules.only_from_known)
    if letter.tells_facts:
        _read_facts(letter, marks, found, rules)
    message = _message(letter, found.order_id, marks, rules, own)
    if message is not None:
        found.messages.append(message)
    elif letter.at is None:
        # Without a date it is no evidence, but what it says still warns.
        found.other_marks |= set(marks)
    else:
        # A colleague's note is no word to the buyer, but tells what happened.
        found.other_marks |= _EVENT_MARKS & set(marks)


def _message(
    letter: _Letter, order_id: str, marks: tuple[str, ...], rules: CorrespondenceRules, own: frozenset[str]
) -> Message | None:
    """The mail as a message: every letter of buyer and seller to each other, of Amazon those that bear a mark."""
    sender, party = letter.mail.sender, letter.party
    if letter.at is None or sender is None or party is None or party is Party.CARRIER:
        return None
    if party is Party.AMAZON and not marks:
        return None
    if party is Party.SELLER and not goes_to_buyer(letter.mail, rules, own):
        return None
    if not letter.written and not marks:
        return None
    author = one_line(sender.name) or sender.email
    return Message(
        order_id, letter.at, party, author, letter.subject, letter.written, marks, letter.mail.sha256
    )


def _marks(letter: _Letter, order_id: str, rules: CorrespondenceRules) -> Iterator[str]:
    if letter.party is None:
        return
    text = letter.own_words
    phrases = rules.marks[letter.party.value]
    in_text = find_marks(text, phrases, rules.statements)
    in_subject = find_marks(letter.subject, phrases, rules.statements) if letter.party is Party.AMAZON else ()
    by_header = _header_mark(letter.mail, rules)
    marks = dict.fromkeys((*in_subject, *in_text))
    if letter.party is Party.AMAZON and by_header and by_header in phrases.names:
        marks[by_header] = None
    by_sender = _sender_mark(letter, rules)
    if by_sender and not _CLAIM_MARKS & marks.keys():
        marks[by_sender] = None
    if set(find_order_ids(text)) - {order_id}:
        marks["other_order"] = None
    yield from marks


def _sender_mark(letter: _Letter, rules: CorrespondenceRules) -> str:
    sender = letter.mail.sender
    if letter.party is not Party.AMAZON or sender is None:
        return ""
    return rules.sender_marks.get(sender.email.partition("@")[0], "")


def _header_mark(mail: Mail, rules: CorrespondenceRules) -> str:
    values = mail.header_values(_KIND_HEADER)
    return rules.header_marks.get(values[0].strip().lower(), "") if values else ""


def _read_facts(letter: _Letter, marks: Collection[str], found: _Found, rules: CorrespondenceRules) -> None:
    """Order, refund and parcels of a mail from Amazon, a carrier or the seller."""
    order_mail = _order_mail(letter, found.order_id, rules)
    if letter.party is not Party.CARRIER:
        refund = read_refund(order_mail, rules, is_known=_header_mark(letter.mail, rules) == "refunded")
        if refund is not None:
            found.refunds.append(refund)
            if letter.party is Party.AMAZON:
                return
        order = read_order(order_mail, rules)
        if order is not None:
            found.order = merge_orders(found.order, order)
            return
    if not _is_about_a_return(letter, marks, rules):
        found.shipments.extend(read_parcels(_parcel_mail(letter, found.order_id), rules))


_OTHER_MATTERS = frozenset(
    {"atoz_open", "atoz_granted", "atoz_closed", "return_requested", "return_received"}
)


def _is_about_a_return(letter: _Letter, marks: Collection[str], rules: CorrespondenceRules) -> bool:
    """True for mails whose parcel goes back to the seller, and for claims, which only repeat what is known."""
    if letter.party is Party.AMAZON and _OTHER_MATTERS & set(marks):
        return True
    if rules.subject.find_first(letter.subject, {"returning"}) is not None:
        return True
    return any(find_statements(letter.own_words, rules.text, rules.statements, {"returning"}))


def _order_mail(letter: _Letter, order_id: str, rules: CorrespondenceRules) -> OrderMail:
    domain = letter.mail.sender.domain if letter.mail.sender is not None else ""
    addresses = (domain, *(to.domain for to in letter.mail.to))
    marketplace = next((name for one in addresses if (name := amazon_domain(one, rules))), "")
    return OrderMail(
        order_id, letter.subject, letter.own_words, _mailed_at(letter).date(), marketplace, letter.source
    )


def _parcel_mail(letter: _Letter, order_id: str, *, is_replacement: bool = False) -> ParcelMail:
    domain = letter.mail.sender.domain if letter.mail.sender is not None else ""
    return ParcelMail(
        order_id=order_id,
        subject=letter.subject,
        text=letter.own_words,
        mailed_on=_mailed_at(letter).date(),
        domain=domain,
        source=letter.source,
        by_carrier=letter.party is Party.CARRIER,
        is_replacement=is_replacement,
    )


def _mailed_at(letter: _Letter) -> datetime:
    return letter.at or datetime.min.replace(tzinfo=UTC)
