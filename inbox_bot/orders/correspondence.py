"""The seller's mailbox read for one order: order, parcels, refunds and messages become a `Dossier`.

Whose word counts: parcels, orders and refunds are taken from Amazon, carriers and the seller alone; a buyer's mail is
a message, whatever it claims. A mail that names several orders counts only for the one that it is about. Finding the
mails is the shell's work, and so is leaving out the chargeback notices themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from inbox_bot.core.model import Mail
from inbox_bot.core.record import Dossier, Message, Order, Party, Refund, Shipment
from inbox_bot.core.text import one_line
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.correspondence_letters import Letter, header_mark, letters_about, read_letters
from inbox_bot.orders.correspondence_rules import CorrespondenceRules, load_correspondence_rules
from inbox_bot.orders.order_mails import OrderMail, merge_refunds, read_order, read_refund
from inbox_bot.orders.parcels import (
    ParcelMail,
    merge_shipments,
    read_parcels,
    tracking_ids,
)
from inbox_bot.orders.report_orders import merge_orders
from inbox_bot.orders.senders import amazon_domain, goes_to_buyer, is_listed
from inbox_bot.orders.statements import find_marks, find_statements

__all__ = [
    "CorrespondenceRules",
    "load_correspondence_rules",
    "read_correspondence",
    "read_thread",
    "went_silent",
]

_CLAIM_MARKS = frozenset({"atoz_open", "atoz_granted", "atoz_closed"})
_EVENT_MARKS = frozenset({"return_received", "replacement_sent", "order_cancelled", "cancelled_by_seller"})


def read_correspondence(
    mails: Sequence[Mail], order_id: str, own_addresses: Collection[str], rules: CorrespondenceRules
) -> Dossier:
    """Everything that the mails tell about one order, each part oldest first.

    `own_addresses` are all addresses the seller writes from. Mails that belong to other orders, or to nobody
    known, are left out. Chargeback notices must have been taken out of `mails`.
    """
    return read_thread(mails, order_id, own_addresses, rules).dossier


@dataclass(frozen=True, slots=True)
class Thread:
    """What the mails of one order tell, and the mails that told it."""

    dossier: Dossier
    mails: tuple[Mail, ...]


def read_thread(
    mails: Sequence[Mail], order_id: str, own_addresses: Collection[str], rules: CorrespondenceRules
) -> Thread:
    """As `read_correspondence`, with the mails that were used."""
    own = frozenset(address.lower() for address in own_addresses)
    found = _Found(order_id)
    letters = read_letters(mails, own, rules)
    mine = letters_about(order_id, letters, rules)
    about = [letter.only_about(order_id, rules) for letter in letters if letter.mail.sha256 in mine]
    others = [letter for letter in letters if letter.mail.sha256 not in mine]
    known = own | {to.email for letter in about if letter.party is Party.SELLER for to in letter.mail.to}
    for letter in about:
        _read_letter(letter, found, rules, own, known)
    found.shipments.extend(_other_parcels(others, found, rules))
    dossier = found.dossier()
    sources = {name for one in dossier.shipments for name in one.source.split("; ")}
    used = (one.mail for one in letters if one.mail.sha256 in found.used or one.source in sources)
    return Thread(dossier, tuple(used))


def _other_parcels(
    letters: Sequence[Letter], found: _Found, rules: CorrespondenceRules
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


@dataclass(slots=True)
class _Found:
    """What has been found so far; the only thing here that changes."""

    order_id: str
    order: Order | None = None
    shipments: list[Shipment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    other_marks: set[str] = field(default_factory=set)  # of mails that are no messages
    used: set[str] = field(default_factory=set)  # the mails that told something, by SHA-256

    def tell(self, letter: Letter, marks: Collection[str]) -> None:
        """Take over the marks of a letter that is no message."""
        if marks:
            self.other_marks |= set(marks)
            self.used.add(letter.mail.sha256)

    def dossier(self) -> Dossier:
        shipments = merge_shipments(self.shipments)
        messages = tuple(_without_copies(sorted(self.messages, key=lambda message: message.at)))
        return Dossier(
            order_id=self.order_id,
            order=self.order,
            shipments=tuple(sorted(shipments, key=_age)),
            messages=messages,
            refunds=merge_refunds(self.refunds),
            marks=tuple(dict.fromkeys((*_standing_marks(messages), *sorted(self.other_marks)))),
        )


_AWAITS_ANSWER = frozenset({"offers_refund", "offers_replacement", "offers_return_label", "asks_for_photos"})


def went_silent(messages: Sequence[Message], at: datetime, rules: CorrespondenceRules) -> bool:
    """Whether the last word of the thread is a question or an offer of the seller's that nobody answered in time.

    `messages` are oldest first, `at` is when the dispute became known (or now).
    """
    spoken = [one for one in messages if one.party in (Party.BUYER, Party.SELLER) and one.at <= at]
    if not spoken or spoken[-1].party is not Party.SELLER or all(one.party is Party.SELLER for one in spoken):
        return False
    last = spoken[-1]
    asked = "?" in last.text or "？" in last.text or bool(_AWAITS_ANSWER & set(last.marks))
    return asked and at - last.at >= timedelta(days=rules.silent_after_days)


_COPIED_WITHIN = timedelta(days=1)


def _without_copies(messages: Sequence[Message]) -> Iterator[Message]:
    """The messages without Amazon's copies of the seller's answers, where the answer itself is there."""
    kept: dict[str, Message] = {}
    for message in messages:
        words = " ".join(message.text.split())
        twin = kept.get(words) if message.party is Party.SELLER and words else None
        if twin is not None and message.at - twin.at <= _COPIED_WITHIN:
            continue
        if message.party is Party.SELLER:
            kept[words] = message
        yield message


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


def _read_letter(
    letter: Letter, found: _Found, rules: CorrespondenceRules, own: frozenset[str], known: frozenset[str]
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
        found.used.add(message.mail_sha256)
    elif letter.at is None:
        # Without a date it is no evidence, but what it says still warns.
        found.tell(letter, marks)
    else:
        # A colleague's note is no word to the buyer, but tells what happened.
        found.tell(letter, _EVENT_MARKS & set(marks))


def _message(
    letter: Letter, order_id: str, marks: tuple[str, ...], rules: CorrespondenceRules, own: frozenset[str]
) -> Message | None:
    """The mail as a message: every letter of buyer and seller to each other, of Amazon those that bear a mark."""
    sender, party = letter.mail.sender, letter.party
    if letter.at is None or sender is None or party is None or party is Party.CARRIER:
        return None
    if party is Party.AMAZON and not marks:
        return None
    if party is Party.SELLER and not (letter.is_copy or goes_to_buyer(letter.mail, rules, own)):
        return None
    if not letter.written and not marks:
        return None
    author = one_line(sender.name) or sender.email
    return Message(
        order_id, letter.at, party, author, letter.subject, letter.written, marks, letter.mail.sha256
    )


def _marks(letter: Letter, order_id: str, rules: CorrespondenceRules) -> Iterator[str]:
    if letter.party is None:
        return
    text = letter.own_words
    phrases = rules.marks[letter.party.value]
    in_text = find_marks(text, phrases, rules.statements)
    in_subject = find_marks(letter.subject, phrases, rules.statements) if letter.party is Party.AMAZON else ()
    by_header = header_mark(letter.mail, rules)
    marks = dict.fromkeys((*in_subject, *in_text))
    if letter.party is Party.AMAZON and by_header and by_header in phrases.names:
        marks[by_header] = None
    by_sender = _sender_mark(letter, rules)
    if by_sender and not _CLAIM_MARKS & marks.keys():
        marks[by_sender] = None
    if set(find_order_ids(text)) - {order_id}:
        marks["other_order"] = None
    yield from marks


def _sender_mark(letter: Letter, rules: CorrespondenceRules) -> str:
    sender = letter.mail.sender
    if letter.party is not Party.AMAZON or sender is None:
        return ""
    return rules.sender_marks.get(sender.email.partition("@")[0], "")


def _read_facts(letter: Letter, marks: Collection[str], found: _Found, rules: CorrespondenceRules) -> None:
    """Order, refund and parcels of a mail from Amazon, a carrier or the seller."""
    order_mail = _order_mail(letter, found.order_id, rules)
    if letter.party is not Party.CARRIER:
        refund = read_refund(order_mail, rules, is_known=header_mark(letter.mail, rules) == "refunded")
        if refund is not None:
            found.refunds.append(refund)
            found.used.add(letter.mail.sha256)
            if letter.party is Party.AMAZON:
                return
        order = read_order(order_mail, rules)
        if order is not None:
            found.order = merge_orders(found.order, order)
            found.used.add(letter.mail.sha256)
            return
    if not _is_about_a_return(letter, marks, rules):
        found.shipments.extend(read_parcels(_parcel_mail(letter, found.order_id), rules))


_OTHER_MATTERS = frozenset(
    {"atoz_open", "atoz_granted", "atoz_closed", "return_requested", "return_received"}
)


def _is_about_a_return(letter: Letter, marks: Collection[str], rules: CorrespondenceRules) -> bool:
    """True for mails whose parcel goes back to the seller, and for claims, which only repeat what is known."""
    if letter.party is Party.AMAZON and _OTHER_MATTERS & set(marks):
        return True
    if rules.subject.find_first(letter.subject, {"returning"}) is not None:
        return True
    return any(find_statements(letter.own_words, rules.text, rules.statements, {"returning"}))


def _order_mail(letter: Letter, order_id: str, rules: CorrespondenceRules) -> OrderMail:
    domain = letter.mail.sender.domain if letter.mail.sender is not None else ""
    addresses = (domain, *(to.domain for to in letter.mail.to))
    marketplace = next((name for one in addresses if (name := amazon_domain(one, rules))), "")
    return OrderMail(
        order_id, letter.subject, letter.own_words, _mailed_at(letter).date(), marketplace, letter.source
    )


def _parcel_mail(letter: Letter, order_id: str, *, is_replacement: bool = False) -> ParcelMail:
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


def _mailed_at(letter: Letter) -> datetime:
    return letter.at or datetime.min.replace(tzinfo=UTC)
