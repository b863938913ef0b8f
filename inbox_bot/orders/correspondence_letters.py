"""Which letters belong to an order: each mail with its clean text and its party, judged by its ids and its thread.

An order id counts by where it stands: in the subject or the frame round the letter it says what the letter is about,
in the words of the letter it does so unless the writer is known for another order, in a quoted mail it says nothing by
itself. A letter without an id belongs to the order of its thread, and only between the people who are known for that
order. When in doubt a letter is left out: another buyer's words must never get in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox_bot.core.model import Mail, aware
from inbox_bot.core.record import Party
from inbox_bot.core.text import plain_line, plain_text
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.correspondence_rules import CorrespondenceRules
from inbox_bot.orders.parcels import names_tracking_id
from inbox_bot.orders.senders import amazon_domain, is_relay, party_of
from inbox_bot.orders.written import (
    body_of,
    carries_buyer_words,
    is_copy_of_own,
    new_text,
    without_buyer_words,
)

_KIND_HEADER = "X-Space-Notification-Type"
_STAMP_DIFFERENCE = timedelta(days=2)  # a Date header further from the own server's stamp is not believed
_LONGEST_THREAD = 30
_PEOPLE = (Party.BUYER, Party.SELLER)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its clean text and its party; `at` is None for a mail without a date that can be believed.

    `written` is what is new in it. `is_copy` marks Amazon's copy of the seller's own answer.
    """

    mail: Mail
    party: Party | None
    at: datetime | None
    subject: str
    text: str
    written: str
    is_relayed: bool
    is_copy: bool = False

    @classmethod
    def of(cls, mail: Mail, own: frozenset[str], rules: CorrespondenceRules) -> Letter:
        """The letter in a mail; `own` are the seller's addresses."""
        subject, text = plain_line(mail.subject), plain_text(body_of(mail))
        party = party_of(mail, own, rules)
        is_relayed = party is Party.AMAZON or (mail.sender is not None and is_relay(mail.sender, rules))
        is_copy = party is Party.AMAZON and is_copy_of_own(subject, text, rules.frame)
        if is_copy:
            party = Party.SELLER
        elif party is Party.AMAZON:
            if header_mark(mail, rules) == "message" or carries_buyer_words(subject, text, rules.frame):
                party = Party.BUYER
            else:
                text = without_buyer_words(text, rules.frame)
        written = new_text(text, rules.frame)
        return cls(mail, party, _sent_at(mail), subject, text, written, is_relayed, is_copy)

    @property
    def own_words(self) -> str:
        """What the sender says: of a person what is newly written, of a machine the whole text."""
        return self.written if self.party in _PEOPLE else self.text

    @property
    def tells_facts(self) -> bool:
        """Whether its word counts for parcels and refunds."""
        return self.party in (Party.AMAZON, Party.CARRIER, Party.SELLER)

    @property
    def source(self) -> str:
        """The name under which its data are cited."""
        return f"mail {self.mail.message_id or self.mail.sha256[:12]}"

    @property
    def thread_ids(self) -> tuple[str, ...]:
        """The mails it answers, the nearest first."""
        return tuple(dict.fromkeys((*self.mail.in_reply_to, *reversed(self.mail.references))))[
            :_LONGEST_THREAD
        ]

    def labelled_ids(self, field: str, rules: CorrespondenceRules) -> set[str]:
        """The order ids that stand behind a label of this kind."""
        return _labelled(field, self.text, rules)

    def names_tracking_of(self, order_ids: Collection[str], ids: frozenset[str]) -> bool:
        """True when the mail names one of the tracking ids and no order but these."""
        words = f"{self.subject}\n{self.text}"
        return not set(find_order_ids(words)) - set(order_ids) and names_tracking_id(words, ids)

    def only_about(self, order_id: str, rules: CorrespondenceRules) -> Letter:
        """The letter without the lines about other orders, where a machine wrote it or the seller to himself."""
        sender = self.mail.sender
        by_machine = (
            sender is not None and bool(amazon_domain(sender.domain, rules)) and not is_relay(sender, rules)
        )
        if not (by_machine or self.party in (Party.CARRIER, Party.SELLER)):
            return self
        labels_only = self.party is Party.SELLER and not by_machine
        text = _lines_about(order_id, self.text, labels_only=labels_only)
        written = _lines_about(order_id, self.written, labels_only=labels_only)
        return replace(self, text=text, written=written)


def read_letters(mails: Sequence[Mail], own: frozenset[str], rules: CorrespondenceRules) -> list[Letter]:
    """The mails as letters, copies left out: the same Message-ID from the same sender, or the same bytes."""
    once: dict[tuple[str, str], Mail] = {}
    for mail in mails:
        sender = mail.sender.email if mail.sender is not None else ""
        once.setdefault((mail.message_id or mail.sha256, sender), mail)
    return [Letter.of(mail, own, rules) for mail in once.values()]


def letters_about(order_id: str, letters: Sequence[Letter], rules: CorrespondenceRules) -> frozenset[str]:
    """The letters that belong to the order, by the SHA-256 of their mails."""
    return _Sorting(letters, rules).about(order_id)


def header_mark(mail: Mail, rules: CorrespondenceRules) -> str:
    """The mark or kind that Amazon's own header of the mail stands for."""
    values = mail.header_values(_KIND_HEADER)
    return rules.header_marks.get(values[0].strip().lower(), "") if values else ""


class _Sorting:
    """The letters sorted by the orders they name; made for one look at them."""

    def __init__(self, letters: Sequence[Letter], rules: CorrespondenceRules) -> None:
        self._letters = letters
        self._rules = rules
        self._named: dict[str, str | None] = {}  # by SHA-256; "" names none, None several
        self._writers: dict[str, set[str]] = {}  # the orders that a person is known for, by address
        self._by_id: dict[str, list[Letter]] = {}
        for letter in letters:
            named = self._named[letter.mail.sha256] = _named_firmly(letter, rules)
            if letter.mail.message_id:
                self._by_id.setdefault(letter.mail.message_id, []).append(letter)
            if named:
                self._know(letter, named)
        for letter in letters:
            if self._named[letter.mail.sha256] == "":
                self._named[letter.mail.sha256] = self._named_in_words(letter)

    def about(self, order_id: str) -> frozenset[str]:
        found = {sha256 for sha256, named in self._named.items() if named == order_id}
        for letter in self._letters:
            if (
                self._named[letter.mail.sha256] == ""
                and letter.party in _PEOPLE
                and self._is_between(letter, order_id)
            ):
                quoted = find_order_ids(letter.text)
                order = self._order_of_thread(letter)
                if order == order_id or (order is None and quoted == (order_id,)):
                    found.add(letter.mail.sha256)
        return frozenset(found)

    def _know(self, letter: Letter, order_id: str) -> None:
        for address in self._people(letter):
            self._writers.setdefault(address, set()).add(order_id)

    def _people(self, letter: Letter) -> Iterable[str]:
        """The addresses on the buyer's side of a letter."""
        sender = letter.mail.sender
        if letter.party is Party.BUYER and sender is not None:
            return (sender.email,)
        if letter.party is Party.SELLER and not letter.is_copy:
            return tuple(to.email for to in letter.mail.to if not self._is_office(to.domain))
        return ()

    def _is_office(self, domain: str) -> bool:
        return bool(amazon_domain(domain, self._rules)) and not domain.startswith("marketplace.")

    def _named_in_words(self, letter: Letter) -> str | None:
        """The order that the letter's own words name; "" when they name none that can be theirs."""
        ids = set(find_order_ids(letter.written)) or set(
            find_order_ids(letter.text) if letter.party not in _PEOPLE else ()
        )
        labelled = _labelled("order_id", letter.written, self._rules)
        if len(labelled or ids) > 1:
            return None
        for order_id in labelled or ids:
            known_for = {one for address in self._people(letter) for one in self._writers.get(address, ())}
            if not known_for or order_id in known_for or letter.party not in _PEOPLE:
                self._know(letter, order_id)
                return order_id
            return None
        return ""

    def _is_between(self, letter: Letter, order_id: str) -> bool:
        people = tuple(self._people(letter))
        return bool(people) and all(order_id in self._writers.get(address, ()) for address in people)

    def _order_of_thread(self, letter: Letter) -> str | None:
        """The order of the nearest letter that it answers or that answers it; None when neither is known."""
        seen: set[str] = set()
        current: Letter | None = letter
        while current is not None and current.mail.sha256 not in seen and len(seen) < _LONGEST_THREAD:
            seen.add(current.mail.sha256)
            above = next((self._by_id[one][0] for one in current.thread_ids if one in self._by_id), None)
            if above is not None and self._named[above.mail.sha256] != "":
                return self._named[above.mail.sha256] or ""
            current = above
        answers = {
            self._named[one.mail.sha256]
            for one in self._letters
            if letter.mail.message_id in one.mail.in_reply_to and self._named[one.mail.sha256] != ""
        }
        return answers.pop() if len(answers) == 1 else "" if answers else None


def _named_firmly(letter: Letter, rules: CorrespondenceRules) -> str | None:
    """The order in the subject, or in the frame above the letter; "" when there is none, None for several."""
    in_subject = find_order_ids(letter.subject)
    if len(in_subject) == 1:
        return in_subject[0]
    first_line = letter.written.partition("\n")[0]
    head = letter.text[: max(0, letter.text.find(first_line))] if first_line else letter.text
    if letter.party in _PEOPLE and not first_line:
        head = ""  # nothing but quotes
    labelled = _labelled("order_id", head, rules) or set(find_order_ids(head))
    if len(labelled) == 1:
        return next(iter(labelled))
    if labelled or (len(in_subject) > 1 and not _labelled("order_id", letter.text, rules)):
        return None
    return ""


def _labelled(field: str, text: str, rules: CorrespondenceRules) -> set[str]:
    return {one for value in rules.labels.find(field, text) for one in find_order_ids(value.value)}


def _lines_about(order_id: str, text: str, *, labels_only: bool) -> str:
    """The text without the lines from one that names other orders alone to the next that names this one.

    In a line that names both, what stands from the other's id on goes. With `labels_only` only a line that says
    little else begins such a stretch: people speak of other orders in their sentences.
    """
    if set(find_order_ids(text)) <= {order_id}:
        return text
    kept: list[str] = []
    is_ours = True
    for line in text.split("\n"):
        ids = find_order_ids(line)
        others = [one for one in ids if one != order_id]
        if others and labels_only and len(line) > len(" ".join(ids)) + 40:
            others = []
        if order_id in ids:
            is_ours = True
            cut = min((at for one in others if (at := line.find(one)) >= 0), default=len(line))
            if cut < line.find(order_id):
                cut, line = len(line), line[line.find(order_id) :]
            kept.append(line[:cut])
        elif others:
            is_ours = False
        elif is_ours:
            kept.append(line)
    return "\n".join(kept)


def _sent_at(mail: Mail) -> datetime | None:
    """When the mail was sent, by its own date where the receiving server's stamp agrees with it."""
    sent = aware(mail.date_at) if mail.date_at is not None else None
    stamped = aware(mail.received_at) if mail.received_at is not None else None
    if sent is None or stamped is None:
        return sent or stamped
    return sent if abs(stamped - sent) <= _STAMP_DIFFERENCE else stamped
