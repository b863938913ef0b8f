"""Two buyers' threads in one mailbox: no line of the one is ever in the record of the other's order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox_bot.core.notice_rules import load_notice_rules
from inbox_bot.core.record import Dossier
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.orders.correspondence import load_correspondence_rules
from inbox_bot.orders.mailbox_source import MailboxSource
from inbox_bot.outside import find_threads
from inbox_bot.resources import rule_files

SHOP = "shop@seller.example"
AMAZON = "auto-communication@amazon.com"
ALIASES = {"A": "a1b2c3@marketplace.amazon.com", "B": "z9y8x7@marketplace.amazon.com"}
ORDERS = {
    "A": ("113-1111111-1111111", "113-2222222-2222222"),
    "B": ("028-3333333-3333333", "028-4444444-4444444"),
}
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
FREE_MAIL = parse_toml('[domains]\nfree_mail = ["mail.example"]\n', "own.toml")
NOTICES = load_notice_rules(rule_files("notices*.toml", None))
RULES = load_correspondence_rules([*rule_files("correspondence*.toml", None), FREE_MAIL])

# What a person writes: words that bear marks, so that a leak would not only show in the text.
SAYINGS = st.sampled_from(
    [
        "I received it yesterday",
        "please cancel my order",
        "I want a refund",
        "it arrived broken",
        "我要求退款",
        "hello",
    ]
)
QUOTES = st.sampled_from(
    [
        "On Mon, 5 Oct 2026 at 10:00, {who} <{address}> wrote:\n{quoted}",
        "-----Original Message-----\nFrom: {who}\nSent: Monday\nTo: Shop\nSubject: x\n\n{text}",
        "------------------ 原始邮件 ------------------\n发件人: {who}\n{text}",
        "Am 05.10.2026 um 10:00 schrieb {who}:\n{quoted}",
        "________________________________\nFrom: {who} <{address}>\nSent: Monday, 5 October 2026\nTo: Shop\nSubject: x\n\n{text}",
        "---------- Forwarded message ---------\nFrom: {who} <{address}>\nDate: Mon, 5 Oct 2026\n\n{text}",
        "{quoted}",
    ]
)
KINDS = st.sampled_from(
    [
        *(
            "question",
            "question",
            "reply",
            "reply",
            "answer",
            "answer",
            "answer_without_id",
            "reply_without_id",
        ),
        *("digest", "notification", "forward", "copy", "carrier", "quote_only", "shared_reply"),
    ]
)


class Letters:
    """A mailbox that is being written; `lines` are the marked words of each buyer's side."""

    def __init__(self, draw) -> None:  # type: ignore[no-untyped-def]
        self.draw = draw
        self.account = MemoryAccount()
        self.numbers = count(1)
        self.threads: list[tuple[str, str, str, str]] = []  # message id, side, order, text
        self.digests: list[str] = []

    def add(self, kind: str, side: str) -> None:
        order = self.draw(st.sampled_from(ORDERS[side]))
        getattr(self, kind)(side, order)

    def words(self, side: str, order: str) -> str:
        return f"{self.draw(SAYINGS)}. marker-{side}{order[-1:]}-{next(self.numbers)}"

    def send(
        self, sender: str, to: str, subject: str, text: str, *, folder: str = "INBOX", after: str = ""
    ) -> str:
        number = next(self.numbers)
        message_id = f"<m{number}@mail.example>"
        fields = [
            f"From: Jo <{sender}>",
            f"To: <{to}>",
            f"Subject: {subject}",
            f"Date: {format_datetime(NOON + timedelta(hours=number))}",
            f"Message-ID: {message_id}",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ]
        if after:
            fields += [f"In-Reply-To: {after}", f"References: {after}"]
        raw = ("\n".join(fields) + f"\n\n{text}\n").replace("\n", "\r\n").encode()
        self.account.deliver(raw, folder)
        return message_id

    def earlier(self, side: str = "") -> tuple[str, str, str, str] | None:
        known = [one for one in self.threads if not side or one[1] == side]
        return self.draw(st.sampled_from(known)) if known else None

    def quoted(self, earlier: tuple[str, str, str, str] | None) -> str:
        if earlier is None:
            return ""
        _, side, order, text = earlier
        body = f"Order ID {order}:\n{text}"
        quoted = "\n".join(f"> {line}" for line in body.split("\n"))
        return "\n\n" + self.draw(QUOTES).format(who="Jo", address=ALIASES[side], quoted=quoted, text=body)

    def question(self, side: str, order: str) -> None:
        text = self.words(side, order)
        form = self.draw(
            st.sampled_from(["{}", "Order ID {o}:\n\n--- Begin message ---\n{}\n--- End message ---"])
        )
        sent = self.send(ALIASES[side], SHOP, f"Question about order {order}", form.format(text, o=order))
        self.threads.append((sent, side, order, text))

    def reply(self, side: str, order: str) -> None:
        before = self.earlier(side)
        order = before[2] if before else order
        text = self.words(side, order)
        sent = self.send(
            ALIASES[side],
            SHOP,
            f"Re: order {order}",
            text + self.quoted(self.earlier()),
            after=before[0] if before else "",
        )
        self.threads.append((sent, side, order, text))

    def reply_without_id(self, side: str, order: str) -> None:
        before = self.earlier(side)
        if before is not None:
            text = self.words(side, before[2])
            body = text + self.quoted(self.draw(st.sampled_from([None, before])))
            sent = self.send(ALIASES[side], SHOP, "Re: your message", body, after=before[0])
            self.threads.append((sent, side, before[2], text))

    def answer(self, side: str, order: str) -> None:
        before = self.earlier(side)
        order = before[2] if before else order
        text = self.words(side, order)
        sent = self.send(
            SHOP,
            ALIASES[side],
            f"Re: order {order}",
            text + self.quoted(self.earlier()),
            folder="Sent",
            after=before[0] if before else "",
        )
        self.threads.append((sent, side, order, text))

    def answer_without_id(self, side: str, order: str) -> None:
        before = self.earlier(side)
        if before is not None:
            text = self.words(side, before[2])
            sent = self.send(
                SHOP,
                ALIASES[side],
                "Re: your question",
                text + self.quoted(before),
                folder="Sent",
                after=before[0],
            )
            self.threads.append((sent, side, before[2], text))

    def quote_only(self, side: str, order: str) -> None:
        """A mail without an id of its own that quotes somebody else's letter, in no thread."""
        self.send(ALIASES[side], SHOP, "Hello", self.words(side, "x") + self.quoted(self.earlier()))

    def digest(self, side: str, order: str) -> None:
        both = [(one, ids) for one in "AB" for ids in ORDERS[one]]
        picked = self.draw(st.lists(st.sampled_from(both), min_size=2, max_size=4, unique=True))
        shape = self.draw(
            st.sampled_from(["Order ID: {o}\nBuyer comments: {t}\n", "{o} - {t}", "* Order {o}\n  {t}\n"])
        )
        lines = "\n".join(shape.format(o=ids, t=self.words(one, ids)) for one, ids in picked)
        subject = self.draw(
            st.sampled_from(
                ["Your return requests", f"Return request for order {picked[0][1]}", "Your orders"]
            )
        )
        sender = self.draw(st.sampled_from([AMAZON, "digest@shipstation.com"]))
        self.digests.append(
            self.send(sender, SHOP, subject, f"Return request. The buyer requested a return.\n\n{lines}")
        )

    def shared_reply(self, side: str, order: str) -> None:
        """A buyer answers a mail of Amazon's that names several orders."""
        if self.digests:
            after = self.draw(st.sampled_from(self.digests))
            self.send(ALIASES[side], SHOP, "Re: your orders", self.words(side, "x"), after=after)

    def notification(self, side: str, order: str) -> None:
        text = f"A return request has been submitted.\nOrder ID: {order}\nBuyer comments: {self.words(side, order)}\n\nBye"
        sent = self.send(
            AMAZON, SHOP, self.draw(st.sampled_from(["Return request", f"Return request {order}"])), text
        )
        self.threads.append((sent, side, order, "A return request"))

    def forward(self, side: str, order: str) -> None:
        """A colleague forwards one buyer's letter, and the seller forwards it to himself."""
        before = self.earlier()
        if before is not None:
            sender = self.draw(st.sampled_from([SHOP, "desk@seller.example"]))
            subject = f"Fwd: order {before[2]}"
            self.send(sender, SHOP, subject, "see below" + self.quoted(before), folder="Sent")

    def copy(self, side: str, order: str) -> None:
        before = self.earlier(side)
        if before is not None:
            text = f"This is a copy of your message to the buyer.\nOrder ID: {before[2]}\n\n{self.words(side, before[2])}"
            self.send(AMAZON, SHOP, f"Copy of your message, order {before[2]}", text)

    def carrier(self, side: str, order: str) -> None:
        self.send(
            "mcinfo@ups.com",
            SHOP,
            "Delivered",
            f"1Z999AA1012345678{side} for {order}. {self.words(side, order)}",
        )


@st.composite
def mailboxes(draw) -> MemoryAccount:  # type: ignore[no-untyped-def]
    letters = Letters(draw)
    for kind, side in draw(st.lists(st.tuples(KINDS, st.sampled_from("AB")), min_size=2, max_size=14)):
        letters.add(kind, side)
    return letters.account


def look_up(account: MemoryAccount, order_id: str) -> tuple[Dossier, dict[str, bytes]]:
    source = MailboxSource(
        find_mails=lambda needles: find_threads(account.open(), ("INBOX", "Sent"), list(needles)),
        read=read_mail,
        notices=NOTICES,
        correspondence=RULES,
        own_addresses=frozenset({SHOP}),
    )
    finding = source.look_up(Dossier(order_id), NOON)
    return finding.dossier, dict(finding.files)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(mailboxes())
def test_no_line_of_one_buyer_is_ever_in_the_others_record(account: MemoryAccount) -> None:
    for side, other in (("A", "B"), ("B", "A")):
        for order_id in ORDERS[side]:
            dossier, _ = look_up(account, order_id)
            shown = repr(dossier)
            assert f"marker-{other}" not in shown
            twin = next(one for one in ORDERS[side] if one != order_id)
            assert f"marker-{side}{twin[-1]}-" not in shown, "the same buyer's other order"
            assert {message.order_id for message in dossier.messages} <= {order_id}


def test_letters_without_an_id_are_found_by_their_thread_in_every_folder() -> None:
    order_id, account = ORDERS["A"][0], MemoryAccount()

    def deliver(
        number: int, sender: str, to: str, subject: str, text: str, after: str = "", folder: str = "INBOX"
    ) -> None:
        fields = f"From: <{sender}>\nTo: <{to}>\nSubject: {subject}\nMessage-ID: <m{number}@mail.example>\n"
        fields += f"Date: {format_datetime(NOON + timedelta(hours=number))}\n"
        fields += (
            f"In-Reply-To: <{after}@mail.example>\nReferences: <{after}@mail.example>\n" if after else ""
        )
        account.deliver(f"{fields}\n{text}\n".replace("\n", "\r\n").encode(), folder)

    alias = ALIASES["A"]
    deliver(1, alias, SHOP, f"Order {order_id}", "Where is it?")
    deliver(2, SHOP, alias, "Re: your question", "On its way.", "m1", "Sent")
    deliver(3, alias, SHOP, "Re: your question", "It came, thank you.", "m2")
    deliver(4, alias, SHOP, "Something else", "I have another question.")
    deliver(5, ALIASES["B"], SHOP, "Re: your question", "Not mine.", "m2")
    dossier, files = look_up(account, order_id)
    assert [(one.party.value, one.text) for one in dossier.messages] == [
        ("buyer", "Where is it?"),
        ("seller", "On its way."),
        ("buyer", "It came, thank you."),
    ]
    assert {one.name for one in dossier.provenance} == {
        f"mail <m{number}@mail.example>" for number in (1, 2, 3)
    }
    assert {one.sha256 for one in dossier.provenance} == set(files)


def test_the_property_would_notice_a_leak() -> None:
    account = MemoryAccount()
    raw = f"From: <{ALIASES['B']}>\nTo: <{SHOP}>\nSubject: Order {ORDERS['A'][0]}\nDate: {format_datetime(NOON)}\n\nmarker-B-1\n"
    account.deliver(raw.replace("\n", "\r\n").encode())
    dossier, files = look_up(account, ORDERS["A"][0])
    assert "marker-B-1" in repr(dossier)
    assert len(files) == 1
