"""A year in virtual time: five sellers, four hundred disputes, and everything that can become of one.

Each dispute has a story: what it is about, who answers it or nobody does, and what comes after the answer: silence, a
question, a decision, a debit or a credit in a settlement, a second dispute on the order. The stories, and what the
played people and servers did, are the truth; `expected` counts them without a word of the program's own reading.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from nouns import POLICY, travelled
from simulated_quarter import DELIVERED, SHIPPED, account_config
from world import RULEBOOK

from inbox_bot.after_steps import note_settlements, settle
from inbox_bot.app import approve, choose_refund, confirm_refund, mark_answered
from inbox_bot.core.case import Case, Status
from inbox_bot.core.ending import SettlementPeriod
from inbox_bot.core.model import LastCall, Mode, Money, Policy, Reply
from inbox_bot.core.record import (
    Dossier,
    Order,
    OrderItem,
    OrderRecord,
    Origin,
    Posting,
    PostingKind,
    Provenance,
)
from inbox_bot.desk import Desk, Notification
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display, work_once
from inbox_bot.store.sqlite import SqliteStore

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS, TAIL_DAYS = 365, 60
STEP = timedelta(hours=12)
CLOCK, SILENCE = timedelta(days=7), timedelta(days=90)

NOTICE = """From: Amazon <cb-seller-notification@amazon.com>
To: {seller}
Subject: Chargeback dispute on order {order}
Date: {date}
Message-ID: <notice.{number}@mail.example>

We have received a chargeback dispute involving a transaction for {amount} {currency}.

Order number: {order}
Items purchased: 1 of (Blue Mug (Large))

Shipping address:
{name}
{street}
Austin, TX 78701

{reason} Please send your answer within 7 days.
"""
QUESTION = """From: cb-seller-notification@amazon.com
To: {seller}
Subject: More information needed: chargeback on order {order}
Date: {date}
Message-ID: <question.{number}@mail.example>
In-Reply-To: <notice.{number}@mail.example>

Order number: {order}

The card issuer asks for more information. Please send us the signature of the recipient within 5 days.
"""
DECISION = """From: cb-seller-query@amazon.com
To: {seller}
Subject: {order}, Amazon.com Chargeback Dispute Funding Decision
Date: {date}
Message-ID: <decision.{number}@mail.example>
In-Reply-To: <notice.{number}@mail.example>

Order number: {order}
Chargeback amount: {amount} {currency}

{words}
"""
AGAINST = "The card issuer has decided for the cardholder. We have debited the amount from your account."
FOR = "The dispute was resolved in your favor. You keep the funds, and nothing was debited from your account."
REASONS = {
    "not_received": "The buyer says that the parcel was never received.",
    "unauthorized": "The cardholder did not authorize this purchase.",
    "not_as_described": "The item is materially different from its description.",
    "duplicate": "The buyer was charged twice for the order.",
    "unknown": "",
}
AFTER = ("silence",) * 8 + ("debited",) * 4 + ("in favour", "question", "question", "question, debited")
AFTER += ("settlement debit", "settlement credit", "debited, credit", "late debit")
SKUS = ("MUG-1", "LAMP-2", "SCARF-3")


@dataclass(frozen=True)
class Story:
    """One dispute as the generator meant it."""

    number: int
    account: str
    order_id: str
    at: datetime
    reason: str
    amount: Money
    after: str
    sku: str
    shipped: bool
    neglected: bool = False  # nobody ever looks at it
    without_notice: bool = False
    second_of: int | None = None

    @property
    def question_at(self) -> datetime | None:
        return self.at + timedelta(days=14) if "question" in self.after else None

    @property
    def decided_at(self) -> datetime | None:
        days = {
            "debited": 40,
            "in favour": 55,
            "question, debited": 60,
            "debited, credit": 35,
            "late debit": 130,
        }
        return self.at + timedelta(days=days[self.after]) if self.after in days else None

    @property
    def outcome(self) -> str:
        return "in_favour" if self.after == "in favour" else "debited" if self.decided_at else ""

    @property
    def postings(self) -> tuple[tuple[datetime, Decimal], ...]:
        """When a settlement takes or gives how much."""
        taken = (self.at + timedelta(days=30), -self.amount.amount)
        back = (self.at + timedelta(days=75), self.amount.amount)
        if self.after == "settlement debit":
            return (taken,)
        if self.after == "settlement credit":
            return (taken, back)
        return ((self.decided_at, -self.amount.amount), back) if self.after == "debited, credit" else ()


@dataclass
class Truth:
    """What was counted by hand, so to speak: number of cases and money by ending, and the answers' hours."""

    endings: Counter[str] = field(default_factory=Counter)
    money: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    hours: list[float] = field(default_factory=list)
    in_time: int = 0
    over: int = 0
    by: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


class PlayedOutside(LiveOutside):
    """The live outside over a mailbox in memory and an SMTP server that takes everything."""

    def __init__(self, year: Year, config: Any, account: MemoryAccount) -> None:
        super().__init__(config)
        self.account = account
        self._year = year

    def mailbox(self):
        if self._mailbox is None:
            self._mailbox = self.account.open()
        return self._mailbox

    def submit(self, reply: Reply, *, before_body, on_accepted) -> None:
        before_body()
        self._year.answers[reply.case_id].append(self._year.now)
        self.account.deliver(travelled(reply.raw_bytes), at=self._year.now)
        on_accepted(250, "queued")


class Year:
    """The run. `answers` are the instants at which an answer of a case left, by whoever sent it."""

    def __init__(self, seed: int, cases: int = 400, store_path: Any = None) -> None:
        self.chance = random.Random(seed)
        self.now = START
        self.answers: dict[str, list[datetime]] = defaultdict(list)
        self.refunded: set[str] = set()
        self.told: list[tuple[datetime, Notification]] = []
        self.statuses: set[Status] = set()
        self.policies = [
            _policy("usa", Mode.AUTO), _policy("germany", Mode.AUTO), _policy("outlet", Mode.AUTO),
            _policy("approvals", Mode.APPROVE), _policy("drafts", Mode.DRAFT),
        ]  # fmt: skip
        self.currency = dict(
            zip((one.account for one in self.policies), ("USD", "EUR", "USD", "GBP", "USD"), strict=True)
        )
        self.mailboxes = {policy.account: MemoryAccount() for policy in self.policies}
        self.store = SqliteStore(store_path)
        self._desks = [self._desk(policy) for policy in self.policies]
        self.stories = list(self._write_stories(cases))
        self._arrivals = sorted(self._plan_arrivals(), key=lambda one: one[0])
        self.last_pass_at = START

    def close(self) -> None:
        self.store.close()

    def _desk(self, policy: Policy) -> tuple[Desk, PlayedOutside]:
        outside = PlayedOutside(self, account_config(policy), self.mailboxes[policy.account])

        def tell(notification: Notification) -> None:
            self.told.append((self.now, notification))

        return Desk(policy, RULEBOOK, self.store, outside, read_mail, tell), outside

    def _write_stories(self, cases: int) -> Iterator[Story]:
        chance, number = self.chance, 0
        while number < cases:
            policy = self.policies[number % len(self.policies)]
            amount = Decimal(chance.randrange(500, 30_000)) / 100
            story = Story(
                number=number,
                account=policy.account,
                order_id=f"113-{number:07}-{chance.randrange(10**7):07}",
                at=START + timedelta(minutes=chance.randrange(DAYS * 24 * 60)),
                reason=chance.choice(list(REASONS)),
                amount=Money(amount, self.currency[policy.account]),
                after=chance.choice(AFTER),
                sku=chance.choice(SKUS),
                shipped=chance.random() < 0.7,
                neglected=policy.mode is not Mode.AUTO and chance.random() < 0.15,
                without_notice=chance.random() < 0.03,
            )
            if story.without_notice:
                story = replace(story, after="debited", neglected=True)
            elif story.neglected:
                story = replace(story, after=chance.choice(("silence", "debited", "settlement debit")))
            yield story
            number += 1
            later = story.at + timedelta(days=chance.choice((3, 100, 150)))
            may_be = number < cases and not story.without_notice and later < START + timedelta(days=DAYS)
            if may_be and chance.random() < 0.08:
                other = Money(amount + Decimal("1.11"), story.amount.currency)
                yield replace(
                    story, number=number, at=later, amount=other, after="silence", second_of=story.number
                )
                number += 1

    def _plan_arrivals(self) -> Iterator[tuple[datetime, str, bytes]]:
        for story in self.stories:
            values = self._values(story)
            shipped = story.at - timedelta(days=20)
            if story.shipped and story.second_of is None:
                dates = {
                    "before": format_datetime(shipped),
                    "shipped": f"{shipped:%B} {shipped.day}, {shipped.year}",
                }
                for text in (SHIPPED, DELIVERED):
                    yield shipped, story.account, text.format(**values, **dates).encode()
            if not story.without_notice:
                first = NOTICE.format(**values, date=format_datetime(story.at))
                yield story.at, story.account, first.encode()
                if story.number % 9 == 0:  # sent again, as a reminder is
                    again = first.replace(f"<notice.{story.number}@", f"<again.{story.number}@")
                    yield story.at + timedelta(days=2), story.account, again.encode()
            if story.question_at is not None:
                text = QUESTION.format(**values, date=format_datetime(story.question_at))
                yield story.question_at, story.account, text.encode()
            if story.decided_at is not None:
                words = FOR if story.outcome == "in_favour" else AGAINST
                text = DECISION.format(**values, words=words, date=format_datetime(story.decided_at))
                yield story.decided_at, story.account, text.encode()

    def _values(self, story: Story) -> dict[str, Any]:
        household = (
            story.number // 4 if story.number % 40 < 12 else story.number
        )  # some buyers dispute in bursts
        return {
            "seller": next(one.address for one in self.policies if one.account == story.account),
            "order": story.order_id,
            "number": story.number,
            "amount": story.amount.amount,
            "currency": story.amount.currency,
            "reason": REASONS[story.reason],
            "name": f"Buyer Number{household}",
            "street": f"{household} Example Street",
        }

    def run(self) -> None:
        """All arrivals, the people's days, a settlement each fortnight, and two months more."""
        self._import_orders()
        waiting = list(reversed(self._arrivals))
        end = START + timedelta(days=DAYS + TAIL_DAYS)
        settled_until = START.date() - timedelta(days=30)
        while self.now < end:
            while waiting and waiting[-1][0] <= self.now:
                at, account, raw = waiting.pop()
                self.mailboxes[account].deliver(raw, at=at)
            for desk, outside in self._desks:
                work_once(desk, outside, Display(desk.tell, lambda handled: None), lambda: self.now)
            self.last_pass_at = self.now
            self.statuses |= {record.case.status for record in self.store.cases()}
            if self.now.hour == 12:
                self._people()
            if self.now.date() >= settled_until + timedelta(days=15):
                self._import_settlements(settled_until, self.now.date() - timedelta(days=1))
                settled_until = self.now.date()
            self.now += STEP
        self._import_settlements(settled_until, end.date())
        self.last_pass_at = self.now
        for desk, outside in self._desks:
            work_once(desk, outside, Display(desk.tell, lambda handled: None), lambda: self.now)

    def _import_orders(self) -> None:
        for story in self.stories:
            if story.second_of is None:
                order = Order(
                    story.order_id,
                    status="shipped" if story.shipped else "unshipped",
                    sales_channel={"EUR": "Amazon.de", "GBP": "Amazon.co.uk"}.get(
                        story.amount.currency, "Amazon.com"
                    ),
                    items=(OrderItem("Blue Mug (Large)", sku=story.sku),),
                    total=story.amount,
                    source="orders.txt",
                )
                provenance = (Provenance("orders.txt", Origin.REPORT, START),)
                record = OrderRecord(
                    "all_orders", Dossier(story.order_id, order=order, provenance=provenance)
                )
                self.store.save_records(story.account, (record,))

    def _import_settlements(self, first_on: date, last_on: date) -> None:
        """What `orders import` does with one settlement of each account; one of them never gets any."""
        for account in (one.account for one in self.policies if one.account != "outlet"):
            name = f"{account}-{first_on}"
            by_order: dict[str, list[Posting]] = defaultdict(list)
            for story in self.stories:
                for at, amount in story.postings if story.account == account else ():
                    if first_on <= at.date() <= last_on:
                        money = Money(amount, story.amount.currency)
                        posting = Posting(
                            story.order_id, PostingKind.CHARGEBACK, money, at.date(), name, name
                        )
                        by_order[story.order_id].append(posting)
            provenance = (Provenance(name, Origin.REPORT, self.now),)
            records = [
                OrderRecord(
                    f"settlement {name}", Dossier(order_id, postings=tuple(own), provenance=provenance)
                )
                for order_id, own in by_order.items()
            ]
            self.store.save_records(account, records)
            note_settlements(self.store, account, [SettlementPeriod(name, first_on, last_on)], self.now)
            settle(self.store, account, self.now)

    def _people(self) -> None:
        """Every noon somebody does what is left to a person, but for the cases that nobody ever looks at."""
        neglected = {story.order_id for story in self.stories if story.neglected}
        for record in self.store.cases():
            case = record.case
            if (
                case.order_id in neglected
                or case.answered_at
                or case.closed_at
                or case.notice.kind.value == "decision"
            ):
                continue
            if case.status is Status.DRAFTED:
                self._send_draft(case)
            elif case.status is Status.READY and not case.approved:
                approve(self.store, case.case_id, self.now)
            elif case.status in (Status.REVIEW, Status.UNKNOWN, Status.HELD):
                mark_answered(self.store, case.case_id, "answered in Seller Central", self.now)
                self.answers[case.case_id].append(self.now)
            elif case.status is Status.REFUND:
                if case.refund_task is None:
                    choose_refund(self.store, case.case_id, "", self.now)
                confirm_refund(self.store, case.case_id, "refund 1", self.now)
                self.refunded.add(case.case_id)

    def _send_draft(self, case: Case) -> None:
        mailbox = self.mailboxes[case.account]
        for mail in mailbox.mails("Drafts"):
            if case.reply is not None and case.reply.message_id.encode() in mail.raw:
                mailbox.expunge("Drafts", mail.uid)
                mailbox.deliver(mail.raw, "Sent", at=self.now)
                return

    # The truth -------------------------------------------------------------------------------------------------

    def case_id_of(self, story: Story) -> str:
        """The case that the story is told by: the order's, with a number when others came before on it."""
        before = [one for one in self.stories if one.order_id == story.order_id and one.at < story.at]
        return story.order_id if not before else f"{story.order_id}-{len(before) + 1}"

    def answered_by(self, story: Story) -> list[datetime]:
        """When answers of the story left; what a person sent from the own mail program is seen at the next pass."""
        seen = list(self.answers[self.case_id_of(story)])
        account = self.mailboxes[story.account]
        marks = [
            f"<notice.{story.number}@".encode(),
            f"<again.{story.number}@".encode(),
            f"<question.{story.number}@".encode(),
        ]
        if story.account == "drafts":
            sent = [mail for mail in account.mails("Sent") if any(mark in mail.raw for mark in marks)]
            seen += [mail.internal_at + STEP for mail in sent]
        return sorted(set(seen))

    def ending_of(self, story: Story) -> str:
        """How the story has ended by now, by the rules of the trade and nothing else."""
        now = self.last_pass_at
        answers = self.answered_by(story)
        visible = () if story.account == "outlet" else [amount for at, amount in story.postings if at <= now]
        if visible:
            return "debited" if sum(visible) < 0 else "confirmed_kept"
        if story.decided_at is not None and story.decided_at <= now:
            return story.outcome
        if self.case_id_of(story) in self.refunded and answers:
            return "refunded"
        if not answers:
            return "unanswered" if story.at + CLOCK + SILENCE <= now else "open"
        if answers[-1] + SILENCE > now:
            return "open"
        return "presumed_won" if story.account == "outlet" else "confirmed_kept"

    def truth(self) -> Truth:
        """Everything the report has to say, counted from the stories."""
        counted = Truth()
        for story in self.stories:
            ending = self.ending_of(story)
            counted.endings[ending] += 1
            counted.money[ending][story.amount.currency] += story.amount.amount
            counted.by["reason"]["unknown" if story.without_notice else story.reason] += 1
            counted.by["SKU"]["not on record" if story.without_notice else story.sku] += 1
            self._count_answers(story, counted)
        return counted

    def _count_answers(self, story: Story, counted: Truth) -> None:
        if story.without_notice:
            return
        asked = [(story.at, story.at + CLOCK)]
        if story.question_at is not None:
            asked.append((story.question_at, story.question_at + timedelta(days=5)))
        answers = self.answered_by(story)
        for number, (at, cutoff) in enumerate(asked):
            until = asked[number + 1][0] if number + 1 < len(asked) else datetime.max.replace(tzinfo=UTC)
            own = [one for one in answers if at <= one < until]
            if own:
                counted.hours.append((own[0] - at).total_seconds() / 3600)
                counted.in_time += own[0] <= cutoff
            counted.over += bool(own) or cutoff <= self.now


def _policy(account: str, mode: Mode) -> Policy:
    last_call = LastCall.ALWAYS if mode is Mode.AUTO else LastCall.NEVER
    return replace(
        POLICY, account=account, address=f"{account}@seller.example", mode=mode, last_call=last_call, trust="all",
        most_sends_per_day=1000,
    )  # fmt: skip
