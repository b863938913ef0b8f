"""The mailbox as a source: what is asked of the folders, what is used, and that each datum can be cited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from nouns import POLICY
from world import Fuse, FusedOutside, World, desk_for

from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.record import Dossier, Origin, Shipment
from inbox_bot.gather import gather
from inbox_bot.mail.memory import MemoryAccount, MemoryMailbox
from inbox_bot.mail.message import read_mail
from inbox_bot.orders.mailbox_source import MailboxSource
from inbox_bot.orders.source import Finding
from inbox_bot.outside import find_threads
from inbox_bot.store.sqlite import SqliteStore

ORDER = "113-0196033-6384224"
SHOP = POLICY.address
ALIAS = "b7k2x@marketplace.amazon.com"
UPS_ID = "1Z999AA10123456784"
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)


def raw(number: int, sender: str, text: str, subject: str = "", *fields: str, to: str = SHOP) -> bytes:
    head = [
        f"From: <{sender}>",
        f"To: <{to}>",
        f"Subject: {subject}",
        f"Message-ID: <m{number}@mail.example>",
        f"Date: {(datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number)):%a, %d %b %Y %H:%M:%S +0000}",
        *fields,
    ]
    return ("\r\n".join(head) + f"\r\n\r\n{text}\r\n").encode()


def desk_over(*mails: bytes):
    world = World()
    world.mails = list(mails)
    return desk_for(replace(POLICY, trust="all"), SqliteStore(None), FusedOutside(world, Fuse()))


def test_every_datum_of_the_mailbox_can_be_cited_by_its_source_with_the_digest_of_its_mail() -> None:
    shipped = raw(
        1, "auto@amazon.com", f"Order {ORDER} has shipped.\nCarrier: UPS\nTracking ID: {UPS_ID}", "Shipped"
    )
    arrived = raw(
        2, "mcinfo@ups.com", f"Your package {UPS_ID} was delivered on October 4, 2026.", "Delivered"
    )
    thanks = raw(3, ALIAS, "I received it yesterday, thank you", f"Order {ORDER}")
    found = gather(desk_over(shipped, arrived, thanks), [ORDER], AT)
    (dossier,) = found.dossiers
    assert {one.sha256 for one in dossier.provenance} == {
        sha256(one).hexdigest() for one in (shipped, arrived, thanks)
    }
    assert {(one.origin, one.collected_at) for one in dossier.provenance} == {(Origin.MAILBOX, AT)}
    (parcel,) = dossier.shipments
    assert {one.sha256 for one in dossier.cited(parcel.source)} == {
        sha256(one).hexdigest() for one in (shipped, arrived)
    }
    assert found.originals == (thanks,)
    assert {sha256(one).hexdigest() for one in found.files.values()} == set(found.files)


def test_notices_forgeries_and_our_own_replies_are_no_correspondence() -> None:
    notice = raw(
        1, "cb-seller-notification@amazon.com", f"There is a chargeback dispute.\nOrder number: {ORDER}", "x"
    )
    ours = raw(2, SHOP, f"Order {ORDER}", "Re: x", "X-Inbox-Bot-Id: 1234", to=ALIAS)
    answer = raw(3, SHOP, f"About {ORDER}: we shipped it", "Re: x", to="cb-seller-notification@amazon.com")
    (dossier,) = gather(desk_over(notice, ours, answer), [ORDER], AT).dossiers
    assert dossier == Dossier(ORDER)


def test_a_copy_of_the_sellers_answer_is_the_sellers_and_stands_once() -> None:
    answer = raw(1, SHOP, "We can offer you a full refund.", f"Re: Order {ORDER}", to=ALIAS)
    text = f"This is a copy of your message to the buyer.\n\nOrder ID: {ORDER}\n\nMessage:\nWe can offer you a full refund.\n"
    copy = raw(1, "no-reply@amazon.com", text, f"Your message, order {ORDER}").replace(b"<m1@", b"<copy1@")
    for mails in ((answer, copy), (copy,)):
        (dossier,) = gather(desk_over(*mails), [ORDER], AT).dossiers
        assert [(one.party.value, one.text) for one in dossier.messages] == [
            ("seller", "We can offer you a full refund.")
        ]


@pytest.mark.parametrize(("days", "silent"), [(1, False), (2, False), (5, True)])
def test_a_buyer_who_leaves_the_sellers_question_unanswered_went_silent(days: int, silent: bool) -> None:
    question = raw(1, ALIAS, "Where is it?", f"Order {ORDER}")
    answer = raw(2, SHOP, "Could you send us a photo of the box?", f"Re: Order {ORDER}", to=ALIAS)
    at = datetime(2026, 10, 3, tzinfo=UTC) + timedelta(days=days)
    (dossier,) = gather(desk_over(question, answer), [ORDER], at).dossiers
    assert ("went_silent" in dossier.marks) is silent
    assert "asks_for_photos" in dossier.marks
    later = raw(3, ALIAS, "Here it is", f"Re: Order {ORDER}")
    (dossier,) = gather(desk_over(question, answer, later), [ORDER], at + timedelta(days=9)).dossiers
    assert "went_silent" not in dossier.marks


def test_tracking_ids_that_another_source_or_a_mail_tells_are_searched_for_too() -> None:
    asked: list[list[str]] = []

    def find(needles: Sequence[str]) -> tuple[bytes, ...]:
        asked.append(list(needles))
        return (raw(1, "auto@amazon.com", f"Order {ORDER} has shipped. Tracking ID: {UPS_ID}", "Shipped"),)

    desk = desk_over()
    rules = desk.rulebook
    source = MailboxSource(find, read_mail, rules.notices, rules.correspondence, desk.own_addresses)
    source.look_up(Dossier(ORDER, shipments=(Shipment(ORDER, tracking_id="9400111899223197428490"),)), AT)
    assert asked == [[ORDER, "9400111899223197428490"], [UPS_ID]]


@dataclass
class OneParcel:
    """A source of a test."""

    name: str = "test"
    known: list[Dossier] = field(default_factory=list)

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        self.known.append(known)
        parcel = Shipment(known.order_id, tracking_id=f"T-{len(known.shipments)}-1234567", source=self.name)
        return Finding(Dossier(known.order_id, shipments=(parcel,)), {"a": b"a"})


def test_the_desks_sources_are_asked_in_order_each_knowing_what_the_earlier_found() -> None:
    first, second = OneParcel("first"), OneParcel("second")
    found = gather(replace(desk_over(), more_sources=(first, second)), [ORDER], AT)
    assert [known.order_id for known in first.known] == [ORDER]
    assert [one.source for one in second.known[0].shipments] == ["first"]
    assert {one.source for one in found.dossiers[0].shipments} == {"first", "second"}
    assert found.files == {"a": b"a"}


class Counting(MemoryMailbox):
    """A mailbox that writes down what is asked of it."""

    def __init__(self, account: MemoryAccount) -> None:
        super().__init__(account)
        self.asked: list[str] = []

    def examine(self, folder: str):
        self.asked.append(f"examine {folder}")
        return super().examine(folder)

    def search_any(self, needles: Sequence[str], message_ids: Sequence[str] = ()):
        self.asked.append("search")
        return super().search_any(needles, message_ids)

    def bodies_at_once(self, uids: Sequence[int]):
        self.asked.append(f"fetch {len(uids)}")
        return super().bodies_at_once(uids)


def test_a_folder_costs_three_exchanges_two_when_it_holds_nothing_and_no_mail_is_fetched_twice() -> None:
    account = MemoryAccount()
    mailbox = Counting(account)
    assert find_threads(mailbox, ("INBOX", "Sent"), [ORDER]) == ()
    assert mailbox.asked == ["examine INBOX", "search", "examine Sent", "search"]
    account.deliver(raw(1, ALIAS, "Where is it?", f"Order {ORDER}"))
    account.deliver(
        raw(2, SHOP, "It is coming.", "Re: it", "In-Reply-To: <m1@mail.example>", to=ALIAS), "Sent"
    )
    account.deliver(raw(3, ALIAS, "Thanks", "Re: it", "References: <m2@mail.example>"))
    mailbox.asked.clear()
    assert len(find_threads(mailbox, ("INBOX", "Sent"), [ORDER])) == 3
    assert [one for one in mailbox.asked if one.startswith("fetch")] == ["fetch 1", "fetch 1", "fetch 1"]
    assert mailbox.asked[:6] == ["examine INBOX", "search", "fetch 1", "examine Sent", "search", "fetch 1"]


def test_a_mailbox_that_cannot_be_searched_now_says_so() -> None:
    def away(needles: Sequence[str]) -> tuple[bytes, ...]:
        raise TemporaryError("not now")

    desk = desk_over()
    source = MailboxSource(
        away, read_mail, desk.rulebook.notices, desk.rulebook.correspondence, desk.own_addresses
    )
    with pytest.raises(TemporaryError):
        source.look_up(Dossier(ORDER), AT)
