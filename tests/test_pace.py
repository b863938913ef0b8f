"""How fast we go: near the cutoff faster, in a flood slower, and never in a circle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from nouns import POLICY, travelled
from test_crash import DELIVERED, NOTICE, SHIPPED
from test_other_mail import AUTO, Office
from world import NOW, Fuse, FusedOutside, World, deliver, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.core.case import Status
from inbox_bot.core.errors import TemporaryError
from inbox_bot.mail.smtp import AnswerUnknown
from inbox_bot.pace import LAST_RETRY, pause_of
from inbox_bot.store.sqlite import SqliteStore


def answerable(number: int) -> list[bytes]:
    """A notice with all that its answer needs."""
    values = {"order": f"113-{number:07}-7654321", "number": number, "amount": "10.50"}
    return [text.format(**values).encode() for text in (SHIPPED, DELIVERED, NOTICE)]


def flood(count: int, policy, on_store=lambda store: None):
    store, world, told = SqliteStore(None), World(), []
    on_store(store)
    desk = desk_for(policy, store, FusedOutside(world, Fuse()), told.append)
    mails = [raw for number in range(count) for raw in answerable(number)]
    deliver(desk, world, mails, NOW)
    ingest(desk, NOW)
    tick(desk, NOW)
    return desk, world, told


def test_a_flood_of_notices_does_not_become_a_flood_of_replies():
    policy = replace(AUTO, most_sends_per_day=5)
    desk, world, told = flood(12, policy)
    assert len(world.accepted) <= 5
    waiting = [one.case for one in desk.store.cases() if one.case.answered_at is None]
    assert len(waiting) == 12 - len(world.accepted)
    assert {one.case_id for one in told if one.name == "too many replies a day"} <= {
        one.case_id for one in waiting
    }
    for hours in range(24, 7 * 24, 6):
        tick(desk, NOW + timedelta(hours=hours))
    assert len(world.accepted) == 12, "none of them missed its cutoff by it"
    desk.store.close()


def test_pauses_shrink_when_the_cutoff_is_near():
    office = Office(smtp_fails=[TemporaryError("451 try later")] * 200)
    due_by = office.case.deadline.due_by
    late = replace(office.case, failures=10)
    assert pause_of(late, due_by - timedelta(days=3)) >= 0.9 * LAST_RETRY
    assert pause_of(late, due_by - timedelta(hours=2)) <= timedelta(minutes=6)
    assert pause_of(late, due_by - timedelta(seconds=5)) == timedelta(seconds=30)
    office.store.close()


def test_a_greylisted_reply_goes_out_within_minutes():
    office = Office(smtp_fails=[TemporaryError("451 greylisted")] * 3)
    assert office.case.status is Status.SENDING
    for minute in range(1, 20):
        office.work(NOW + timedelta(minutes=minute))
    assert office.case.status is Status.ANSWERED
    assert len(office.world.accepted) == 1
    office.store.close()


def test_a_reply_in_doubt_goes_out_early_where_every_copy_used_to_come_back():
    """Three replies left a copy; the fourth left none within the looks, so it did not go out."""
    desk, world, _ = flood(3, AUTO)
    world.copies.clear()
    again = [travelled(one.raw_bytes) for one in world.accepted]
    deliver(desk, world, [*world.mails, *again], NOW + timedelta(minutes=5))
    ingest(desk, NOW + timedelta(minutes=5))
    assert all(one.case.copy_seen for one in desk.store.cases())
    world.copy_to_self = False
    desk.outside.smtp_fails = [AnswerUnknown("the line broke", dot_sent=False)]
    at = NOW + timedelta(hours=3)
    deliver(desk, world, [*world.mails, *answerable(9)], at)
    ingest(desk, at)
    for minute in range(60):
        tick(desk, at + timedelta(minutes=minute))
    case = next(one.case for one in desk.store.cases() if one.case.order_id == "113-0000009-7654321")
    assert case.status is Status.ANSWERED
    assert sum(one.message_id == case.answer_id for one in world.accepted) == 2, "the one window of a twin"
    desk.store.close()


def test_a_reply_in_doubt_waits_where_copies_never_came():
    office = Office(smtp_fails=[AnswerUnknown("the line broke", dot_sent=False)])
    for hours in range(1, 100):
        office.work(NOW + timedelta(hours=hours))
    assert office.case.status is Status.UNKNOWN
    assert len(office.world.accepted) == 1
    office.store.close()


def test_two_machines_do_not_answer_each_other_for_ever():
    office = Office()
    for number in range(12):
        at = NOW + timedelta(hours=1 + number)
        asks = "Please provide the tracking id and proof of delivery within 3 days."
        text = f"We need more information on the chargeback for order 113-0000001-1234567. {asks}"
        sender = "From: Amazon <cb-seller-query@amazon.com>\n"
        head = f"To: {POLICY.address}\nSubject: Chargeback: information request\nMessage-ID: <i{number}@amazon.com>\n"
        raw = f"{sender}{head}In-Reply-To: {office.world.accepted[-1].message_id}\n\n{text}\n"
        office.work(at, raw.replace("\n", "\r\n").encode())
    assert len(office.world.accepted) <= 3
    office.store.close()
