"""The process dies at every single effect, on either side of it, and starts again: nothing lost, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import POLICY
from world import NOW, Fuse, FusedOutside, FusedStore, KilledError, World, desk_for, work_until_quiet

from inbox_bot.core.case import Status
from inbox_bot.core.errors import TemporaryError
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.mail.smtp import AnswerUnknown, RefusedByServer
from inbox_bot.store.sqlite import SqliteStore

DRAFT = replace(POLICY, trust="all", last_call=LastCall.NEVER)
AUTO = replace(DRAFT, mode=Mode.AUTO)
DAYS_3 = NOW + timedelta(days=3)

NOTICE = """From: Amazon <cb-seller-notification@amazon.com>
To: orders@seller.example
Subject: Chargeback dispute on order {order}
Date: Mon, 05 Oct 2026 09:30:00 +0000
Message-ID: <notice.{number}@mail.example>

We have received a chargeback dispute involving a transaction for {amount} USD.

Order number: {order}
Items purchased: 1 of (Blue Mug (Large))

The buyer says that the parcel was never received. Please send proof of
delivery within 7 days.
"""
SHIPPED = """From: Amazon <ship-confirm@amazon.com>
To: orders@seller.example
Subject: Shipped: order {order}
Date: Wed, 02 Sep 2026 10:00:00 +0000
Message-ID: <shipped.{number}@mail.example>

Your order {order} has shipped.
Ship date: September 2, 2026
Carrier: UPS
Tracking ID: 1Z999AA101234567{number:02}
"""
DELIVERED = """From: UPS <pkginfo@ups.com>
To: orders@seller.example
Subject: Your package was delivered
Date: Fri, 04 Sep 2026 20:00:00 +0000
Message-ID: <delivered.{number}@mail.example>

Your package has been delivered.
Tracking number: 1Z999AA101234567{number:02}
Reference: {order}
Delivered on: September 4, 2026
"""


def mails(count: int) -> list[bytes]:
    """Notices that can all be represented, with the mails that show it."""
    made = []
    for number in range(count):
        values = {"order": f"113-{number:07}-1234567", "number": number, "amount": f"{10 + number}.50"}
        made += [text.format(**values).encode() for text in (SHIPPED, DELIVERED, NOTICE)]
    return made


def run(policy, raw_mails, burns_at, *, copy_to_self=True, smtp_fails=(), until=DAYS_3):
    """Run until the fuse burns, then start again on the same store and world; returns both and the effects seen."""
    store, world, fuse = SqliteStore(None), World(copy_to_self=copy_to_self), Fuse(burns_at)
    outside = FusedOutside(world, fuse)
    outside.smtp_fails = list(smtp_fails)
    try:
        work_until_quiet(desk_for(policy, FusedStore(store, fuse), outside), world, raw_mails, NOW, until)
    except KilledError:
        outside.fuse = Fuse()
        work_until_quiet(desk_for(policy, store, outside), world, raw_mails, NOW, until)
    return store, world, fuse.effects


def effects_of(policy) -> int:
    return run(policy, mails(2), None)[2]


@pytest.mark.parametrize("burns_at", range(1, effects_of(DRAFT) + 1))
def test_drafts_killed_at_every_effect_each_case_has_one_draft(burns_at):
    store, world, _ = run(DRAFT, mails(2), burns_at)
    assert [record.case.status for record in store.cases()] == [Status.DRAFTED] * 2
    assert len(world.drafts) == len({reply.message_id for reply in world.drafts}) == 2
    assert not world.accepted


@pytest.mark.parametrize("burns_at", range(1, effects_of(AUTO) + 1))
def test_sending_killed_at_every_effect_each_reply_goes_out_once_before_the_cutoff(burns_at):
    store, world, _ = run(AUTO, mails(2), burns_at, until=NOW + timedelta(days=6, hours=12))
    assert [record.case.status for record in store.cases()] == [Status.ANSWERED] * 2
    assert len(world.accepted) == len({reply.message_id for reply in world.accepted}) == 2


@pytest.mark.parametrize("burns_at", range(1, effects_of(AUTO) + 1))
def test_without_any_copy_as_evidence_nothing_goes_out_twice_while_there_is_time(burns_at):
    """Where nobody can know, a person is asked; the twin of the last day is the window that docs name."""
    store, world, _ = run(AUTO, mails(2), burns_at, copy_to_self=False)
    assert len(world.accepted) == len({reply.message_id for reply in world.accepted})
    sent = {reply.message_id for reply in world.accepted}
    for record in store.cases():
        assert record.case.status in (Status.ANSWERED, Status.UNKNOWN)
        assert record.case.reply is not None
        assert record.case.status is Status.UNKNOWN or record.case.reply.message_id in sent


def test_in_doubt_near_the_cutoff_the_same_bytes_go_out_once_more_and_never_a_third_time():
    doubt = [AnswerUnknown("the connection broke", dot_sent=True)] * 5
    store, world = SqliteStore(None), World(copy_to_self=False)
    outside = FusedOutside(world, Fuse())
    outside.smtp_fails = doubt
    desk = desk_for(AUTO, store, outside)
    work_until_quiet(desk, world, mails(1), NOW, NOW + timedelta(days=9))
    assert len(world.accepted) == 2
    assert world.accepted[0].raw_bytes == world.accepted[1].raw_bytes
    assert store.cases()[0].case.status is Status.UNKNOWN


def test_a_greylisting_server_gets_the_reply_at_the_next_try():
    later = [RefusedByServer(451, "try again later", "RCPT"), TemporaryError("no route")]
    store, world, _ = run(AUTO, mails(1), None, smtp_fails=later)
    assert len(world.accepted) == 1
    assert store.cases()[0].case.status is Status.ANSWERED


def test_a_refusal_for_good_is_a_persons_at_once():
    store, world, _ = run(AUTO, mails(1), None, smtp_fails=[RefusedByServer(550, "no such user", "RCPT")])
    assert not world.accepted
    assert store.cases()[0].case.status is Status.REVIEW
    assert "550" in store.cases()[0].case.blocked_because


def test_a_mailbox_that_cannot_be_searched_delays_the_case_and_loses_nothing():
    class Away(FusedOutside):
        fails = 3

        def find_mails(self, needles):
            self.fails -= 1
            if self.fails >= 0:
                raise TemporaryError("the mailbox cannot be searched now")
            return super().find_mails(needles)

    store, world = SqliteStore(None), World()
    work_until_quiet(desk_for(DRAFT, store, Away(world, Fuse())), world, mails(1), NOW, DAYS_3)
    assert store.cases()[0].case.status is Status.DRAFTED
