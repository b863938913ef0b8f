"""A quarter in virtual time: sellers, notices, and everything that fails around them.

Three accounts (draft, approve, auto) get a hundred notices each over ninety days. The mail server, the SMTP server, the
disk and the process fail at seeded times, up to two and a half days long; people work on weekdays, not on holidays, and
overlook things. The real passes run against mailboxes in memory; only the outside world is played here.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

from nouns import POLICY, travelled
from world import RULEBOOK

from inbox_bot.app import approve, choose_refund, confirm_refund, mark_answered
from inbox_bot.core.case import Status
from inbox_bot.core.errors import InboxBotError, StoreUnavailable, TemporaryError
from inbox_bot.core.model import LastCall, Mode, Policy, Reply
from inbox_bot.desk import Desk, Notification
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.mail.smtp import AnswerUnknown, RefusedByServer
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display, work_once
from inbox_bot.store.sqlite import SqliteStore

START = datetime(2026, 10, 5, tzinfo=UTC)
DAYS = 90
CLOCK = timedelta(days=7)
STEP = timedelta(hours=1)
HOLIDAYS = frozenset(date(2026, 12, day) for day in range(24, 32)) | {date(2026, 11, 26), date(2026, 11, 27)}

NOTICE = """From: Amazon <cb-seller-notification@amazon.com>
To: {seller}
Subject: Chargeback dispute on order {order}
Date: {date}
Message-ID: <notice.{number}@mail.example>

We have received a chargeback dispute involving a transaction for {amount} USD.

Order number: {order}
Items purchased: 1 of (Blue Mug (Large))

{reason} Please send your answer within 7 days.
"""
REASONS = (
    "The buyer says that the parcel was never received.",
    "The buyer says that the parcel was never received.",
    "The cardholder did not authorize this purchase.",
    "The item is materially different from its description.",
    "The buyer was charged twice for the order.",
    "",
)
SHIPPED = """From: Amazon <ship-confirm@amazon.com>
To: {seller}
Subject: Shipped: order {order}
Date: {before}
Message-ID: <shipped.{number}@mail.example>

Your order {order} has shipped.
Ship date: {shipped}
Carrier: UPS
Tracking ID: 1Z999AA1{number:010}
"""
DELIVERED = """From: UPS <pkginfo@ups.com>
To: {seller}
Subject: Your package was delivered
Date: {before}
Message-ID: <delivered.{number}@mail.example>

Your package has been delivered.
Tracking number: 1Z999AA1{number:010}
Reference: {order}
Delivered on: {shipped}
"""


@dataclass(frozen=True)
class Sent:
    """A notice as the generator sent it: the truth that the run is held against."""

    order_id: str
    account: str
    at: datetime

    @property
    def cutoff(self) -> datetime:
        return self.at + CLOCK


@dataclass(frozen=True)
class Accepted:
    """A reply that the SMTP server took; `told` is false when its answer was lost on the way back."""

    case_id: str
    message_id: str
    at: datetime
    told: bool
    left_copy: bool


@dataclass
class Outages:
    """When what is down: (from, to) by name of account and part; "process" and "disk" are those of the machine."""

    spans: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))

    def down(self, part: str, at: datetime) -> bool:
        return any(start <= at < end for start, end in self.spans[part])


def plan_outages(chance: random.Random, accounts: list[str]) -> Outages:
    """About every third week each part fails, for an hour to sixty; never longer than a clock leaves room for."""
    outages = Outages()
    parts = [*(f"{account} mail" for account in accounts), *(f"{account} smtp" for account in accounts)]
    for part in (*parts, "disk", "process"):
        at = START + timedelta(days=chance.uniform(1, 12))
        while at < START + timedelta(days=DAYS):
            length = timedelta(hours=chance.choice((1, 3, 8, 20, 40, 60)))
            outages.spans[part].append((at, at + length))
            at += length + timedelta(days=chance.uniform(8, 30))
    return outages


class PlayedOutside(LiveOutside):
    """The live outside over a mailbox in memory and an SMTP server that is played."""

    def __init__(self, quarter: Quarter, config, account: MemoryAccount) -> None:
        super().__init__(config)
        self.account = account
        self._quarter = quarter
        self._name = config.policy.account

    def mailbox(self):
        if self._quarter.outages.down(f"{self._name} mail", self._quarter.now):
            self.account.break_links()
            raise TemporaryError("the mail server is down")
        if self._mailbox is None:
            self._mailbox = self.account.open()
        return self._mailbox

    def submit(self, reply: Reply, *, before_body, on_accepted) -> None:
        quarter = self._quarter
        if quarter.outages.down(f"{self._name} smtp", quarter.now):
            raise TemporaryError("the SMTP server is down")
        luck = quarter.chance.random()
        if luck < 0.05:
            raise RefusedByServer(451, "4.7.1 greylisted", "RCPT")
        before_body()
        taken = luck > 0.1
        if taken:
            quarter.accepted.append(
                Accepted(
                    reply.case_id, reply.message_id, quarter.now, told=luck >= 0.15, left_copy=luck > 0.12
                )
            )
            if luck > 0.12:
                self.account.deliver(travelled(reply.raw_bytes), at=quarter.now)
        if luck < 0.15:
            raise AnswerUnknown("the line broke", dot_sent=taken)
        on_accepted(250, "queued")


class FailingStore:
    """A store on a disk that is full now and then."""

    def __init__(self, store: SqliteStore, quarter: Quarter) -> None:
        self._store = store
        self._quarter = quarter

    def __getattr__(self, name: str):
        found = getattr(self._store, name)
        if name in ("commit", "save_mails", "save_records", "note_failure"):

            def guarded(*arguments):
                if self._quarter.outages.down("disk", self._quarter.now):
                    raise StoreUnavailable("the store could not be written: database or disk is full")
                return found(*arguments)

            return guarded
        return found


@dataclass(frozen=True)
class Alarm:
    """Something a person was told, at the instant at which it rang."""

    at: datetime
    account: str
    case_id: str | None
    name: str


class Quarter:
    """The run: `sent` is the generator's truth, everything else what happened."""

    def __init__(self, seed: int, notices: int = 300) -> None:
        self.chance = random.Random(seed)
        self.now = START
        self.sent: list[Sent] = []
        self.accepted: list[Accepted] = []
        self.by_hand: list[tuple[str, str, datetime]] = []
        self.alarms: list[Alarm] = []
        self.watcher_heard_at = START
        self.policies = [
            replace(POLICY, account="drafts", address="drafts@seller.example", mode=Mode.DRAFT, trust="all"),
            replace(POLICY, account="approvals", address="approvals@seller.example", mode=Mode.APPROVE, trust="all"),
            replace(
                POLICY, account="rules", address="rules@seller.example", mode=Mode.AUTO,
                last_call=LastCall.ALWAYS, trust="all",
            ),
        ]  # fmt: skip
        self.outages = plan_outages(self.chance, [policy.account for policy in self.policies])
        self.mailboxes = {policy.account: MemoryAccount() for policy in self.policies}
        self._store = SqliteStore(None)
        store = FailingStore(self._store, self)
        self._desks = [self._desk(policy, store) for policy in self.policies]
        self._arrivals = sorted(self._plan_arrivals(notices), key=lambda one: one[0])

    def close(self) -> None:
        self._store.close()

    def _desk(self, policy: Policy, store) -> tuple[Desk, PlayedOutside]:
        outside = PlayedOutside(self, account_config(policy), self.mailboxes[policy.account])

        def tell(notification: Notification) -> None:
            self.alarms.append(Alarm(self.now, notification.account, notification.case_id, notification.name))

        return Desk(policy, RULEBOOK, store, outside, read_mail, tell), outside

    def _plan_arrivals(self, notices: int) -> Iterator[tuple[datetime, str, bytes]]:
        """Every mail with the instant at which it is sent; of the notices the truth is kept."""
        for number in range(notices):
            policy = self.policies[number % len(self.policies)]
            at = START + timedelta(minutes=self.chance.randrange(DAYS * 24 * 60))
            order = f"113-{number:07}-{self.chance.randrange(10**7):07}"
            shipped = at - timedelta(days=20)
            values = {
                "seller": policy.address,
                "order": order,
                "number": number,
                "date": format_datetime(at),
                "before": format_datetime(shipped),
                "shipped": f"{shipped:%B} {shipped.day}, {shipped.year}",
                "amount": f"{self.chance.randrange(500, 20_000) / 100:.2f}",
                "reason": self.chance.choice(REASONS),
            }
            known = self.chance.choice(((), (SHIPPED,), (SHIPPED, DELIVERED), (SHIPPED, DELIVERED)))
            for text in known:
                yield shipped, policy.account, text.format(**values).encode()
            self.sent.append(Sent(order, policy.account, at))
            yield at, policy.account, NOTICE.format(**values).encode()

    def run(self) -> None:
        """Ninety days of arrivals and the clock of the last one."""
        waiting = list(reversed(self._arrivals))
        end = START + timedelta(days=DAYS) + CLOCK + timedelta(days=1)
        while self.now < end:
            while waiting and waiting[-1][0] <= self.now:
                at, account, raw = waiting.pop()
                self.mailboxes[account].deliver(raw, at=at)
            if not self.outages.down("process", self.now):
                self._passes()
            self._outside_watcher()
            self._people()
            self.now += STEP

    def _passes(self) -> None:
        for desk, outside in self._desks:
            try:
                work_once(desk, outside, Display(desk.tell, lambda handled: None), lambda: self.now)
            except InboxBotError:
                continue
            self.watcher_heard_at = self.now

    def _outside_watcher(self) -> None:
        """Whoever hears the heartbeat: two hours of silence, and a person is told."""
        if self.now - self.watcher_heard_at >= timedelta(hours=2):
            for policy in self.policies:
                self.alarms.append(Alarm(self.now, policy.account, None, "no heartbeat"))

    def _people(self) -> None:
        """On a working day at ten a person looks at what was told, and overlooks every fifth thing."""
        if self.now.hour != 10 or self.now.weekday() >= 5 or self.now.date() in HOLIDAYS:
            return
        for record in self._store.cases():
            case = record.case
            if self.chance.random() < 0.2 or case.answered_at or case.closed_at:
                continue
            if case.status is Status.DRAFTED:
                self._send_draft(case)
            elif case.status is Status.READY and not case.approved:
                self._decide(approve, case.case_id)
            elif case.status in (Status.REVIEW, Status.UNKNOWN, Status.HELD):
                self._decide(mark_answered, case.case_id, "answered in Seller Central")
                self.by_hand.append((case.account, case.case_id, self.now))
            elif case.status is Status.REFUND:
                if case.refund_task is None:
                    self._decide(choose_refund, case.case_id, "")
                self._decide(confirm_refund, case.case_id, "refund 1")

    def _decide(self, act, case_id: str, *words: str) -> None:
        act(self._store, case_id, *words, self.now)

    def _send_draft(self, case) -> None:
        """From the own mail program: the draft leaves Drafts and stands in Sent."""
        mailbox = self.mailboxes[case.account]
        for mail in mailbox.mails("Drafts"):
            if case.reply is not None and case.reply.message_id.encode() in mail.raw:
                mailbox.expunge("Drafts", mail.uid)
                mailbox.deliver(mail.raw, "Sent", at=self.now)
                self.by_hand.append((case.account, case.case_id, self.now))
                return

    def handled_at(self, sent: Sent) -> datetime | None:
        """When the notice was answered, by us or by a person."""
        ours = [one.at for one in self.accepted if one.case_id.startswith(sent.order_id)]
        theirs = [at for _, case_id, at in self.by_hand if case_id.startswith(sent.order_id)]
        return min((*ours, *theirs), default=None)

    def warned_at(self, sent: Sent) -> datetime | None:
        """The last alarm about the case or its account that rang a day or more before the cutoff, and after it came."""
        in_time = [
            alarm.at
            for alarm in self.alarms
            if alarm.at <= sent.cutoff - timedelta(hours=24)
            and alarm.account == sent.account
            and (alarm.case_id or sent.order_id).startswith(sent.order_id)
            and alarm.at >= sent.at
        ]
        return max(in_time, default=None)

    def twins(self) -> list[tuple[Accepted, Accepted]]:
        """Every reply that was taken again, with the earlier time."""
        first: dict[str, Accepted] = {}
        pairs = []
        for one in self.accepted:
            if one.message_id in first:
                pairs.append((first[one.message_id], one))
            first.setdefault(one.message_id, one)
        return pairs

    def cases(self):
        return [record.case for record in self._store.cases()]


def account_config(policy: Policy):
    """The account as configured; nothing in it is connected to."""
    from inbox_bot.config import AccountConfig
    from inbox_bot.mail.mailbox import ImapSettings
    from inbox_bot.mail.smtp import SmtpSettings

    return AccountConfig(
        policy=policy,
        imap=ImapSettings("imap.seller.example", 993, "tls", policy.address),
        imap_secret="",
        folders=("INBOX",),
        search_folders=(),
        drafts="",
        sent="",
        watch_junk=True,
        poll_seconds=120,
        smtp=SmtpSettings("smtp.seller.example", 465, "tls"),
        smtp_secret="",
        copy_to_self=True,
        server_files_sent=False,
    )
