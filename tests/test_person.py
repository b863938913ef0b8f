"""What a person decides, through the face that the command line uses, to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import POLICY
from test_crash import mails
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for, work_until_quiet

from inbox_bot import app
from inbox_bot.core.case import Status
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import LastCall, Mode, Verdict
from inbox_bot.store.sqlite import SqliteStore

DRAFT = replace(POLICY, trust="all", last_call=LastCall.NEVER)
APPROVE = replace(DRAFT, mode=Mode.APPROVE)
SOON = NOW + timedelta(hours=1)
UNREADABLE = (
    b"From: <cb-seller-notification@amazon.com>\nTo: orders@seller.example\nSubject: Notice\n"
    b"Date: Mon, 05 Oct 2026 09:30:00 +0000\nMessage-ID: <u@mail.example>\n\n\n"
)


class Bench:
    """A store, a world and a desk, worked until nothing is left to do for an hour."""

    def __init__(self, policy, raw_mails) -> None:
        self.store, self.world = SqliteStore(None), World()
        self.raw_mails = raw_mails
        self.desk = desk_for(policy, self.store, FusedOutside(self.world, Fuse()))
        self.work()

    def work(self, until=SOON) -> None:
        work_until_quiet(self.desk, self.world, self.raw_mails, NOW, until)

    @property
    def case(self):
        (record,) = self.store.cases()
        return record.case


@pytest.mark.parametrize("policy", [DRAFT, APPROVE])
def test_approve_sends_the_composed_bytes_once_and_leaves_no_draft_behind(policy):
    bench = Bench(policy, mails(1))
    assert not bench.world.accepted
    composed = bench.case.reply.sha256
    app.approve(bench.store, bench.case.case_id, NOW)
    bench.work()
    bench.work()
    assert [reply.sha256 for reply in bench.world.accepted] == [composed]
    assert bench.case.status is Status.ANSWERED
    assert len(bench.world.sent) == 1
    assert not bench.world.drafts


def test_nothing_can_be_approved_where_nothing_was_composed():
    bench = Bench(DRAFT, [UNREADABLE])
    assert bench.case.status is Status.REVIEW
    with pytest.raises(UserError, match="no reply to send"):
        app.approve(bench.store, bench.case.case_id, NOW)


def test_hold_stops_everything_until_a_person_goes_on():
    bench = Bench(APPROVE, mails(1))
    app.hold(bench.store, bench.case.case_id, "waiting for the carrier", NOW)
    bench.work(NOW + timedelta(days=8))
    assert bench.case.status is Status.HELD
    app.approve(bench.store, bench.case.case_id, NOW)
    bench.work()
    assert len(bench.world.accepted) == 1


def test_refund_waits_for_its_confirmation_and_then_writes_the_short_letter():
    bench = Bench(DRAFT, mails(1))
    app.overrule(bench.store, bench.case.case_id, Verdict.REFUND, "cheaper", NOW)
    bench.work()
    assert bench.case.status is Status.REFUND
    app.confirm_refund(bench.store, bench.case.case_id, "R-1", NOW)
    bench.work()
    assert bench.case.status is Status.DRAFTED
    letter = bench.world.drafts[-1].raw_bytes
    assert b"we have refunded this order" in letter
    assert b"represent this case" not in letter
    assert bench.world.drafts[-1].revision == 2
    assert not bench.world.accepted


def test_represent_overrules_a_review():
    bench = Bench(DRAFT, mails(1)[-1:])  # the notice without any record of the order
    assert bench.case.verdict is Verdict.REVIEW
    app.overrule(bench.store, bench.case.case_id, Verdict.REPRESENT, "I know better", NOW)
    bench.work()
    assert bench.case.status is Status.DRAFTED
    assert b"not on record" in bench.world.drafts[0].raw_bytes


def test_answered_ends_it():
    bench = Bench(APPROVE, mails(1))
    app.mark_answered(bench.store, bench.case.case_id, "on the form", NOW)
    bench.work(NOW + timedelta(days=8))
    assert bench.case.status is Status.ANSWERED
    assert not bench.world.accepted
    with pytest.raises(UserError, match="answered already"):
        app.approve(bench.store, bench.case.case_id, NOW)


def test_a_case_is_named_by_its_beginning_when_that_is_clear():
    bench = Bench(DRAFT, mails(2))
    ids = sorted(record.case.case_id for record in bench.store.cases())
    assert app.find_case_id(bench.store, ids[0]) == ids[0]
    assert app.find_case_id(bench.store, ids[0][:11]) == ids[0]
    for wanted in ("113", "999"):
        with pytest.raises(UserError):
            app.find_case_id(bench.store, wanted)


def test_a_mail_that_came_meanwhile_is_not_lost_by_a_decision():
    bench = Bench(DRAFT, mails(1))
    bench.raw_mails = mails(2)
    deliver(bench.desk, bench.world, bench.raw_mails, NOW)
    app.hold(bench.store, bench.case.case_id, "", NOW)
    bench.work()
    assert {record.case.status for record in bench.store.cases()} == {Status.HELD, Status.DRAFTED}
