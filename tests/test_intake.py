"""From the mailbox to a case: what is fetched, what is stored, what is handled once and what never stops the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import POLICY
from test_crash import DELIVERED, NOTICE, SHIPPED
from world import NOW, Fuse, FusedOutside, World, desk_for

from inbox_bot.app import ingest, tick
from inbox_bot.core import events as happened
from inbox_bot.core.case import Status
from inbox_bot.core.model import Kind, LastCall, Mode
from inbox_bot.intake import FIRST_LOOK_BACK, poll_folder
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.store.protocol import Cursor, FetchedMail
from inbox_bot.store.sqlite import SqliteStore

TRUSTING = replace(POLICY, trust="all")
GATED = replace(POLICY, authserv_id="mx.seller.example")
NEWSLETTER = (
    b"From: News <news@shop.example>\nSubject: Ten offers\nMessage-ID: <n1@shop.example>\n\nBuy now.\n"
)
PASS = "Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\n"
FORGED = "Authentication-Results: mx.seller.example; dmarc=fail header.from=amazon.com\n"


def notice(number: int = 1, head: str = "", **changes: str) -> bytes:
    values = {"order": f"113-{number:07}-1234567", "number": number, "amount": "10.50", **changes}
    return (head + NOTICE.format(**values)).encode()


@pytest.fixture
def account():
    return MemoryAccount()


@pytest.fixture
def store():
    made = SqliteStore(None)
    yield made
    made.close()


def desk_on(store, policy=TRUSTING, tell=lambda one: None):
    return desk_for(policy, store, FusedOutside(World(), Fuse()), tell)


def poll(desk, account, folder="INBOX", now=NOW) -> int:
    return poll_folder(desk, account.open(), folder, now)


def statuses(store) -> dict[str, str]:
    return {record.case.case_id: record.case.status.value for record in store.cases()}


def test_only_mails_that_can_matter_are_stored_and_the_cursor_passes_the_others(account, store):
    for raw in (NEWSLETTER, notice(), NEWSLETTER):
        account.deliver(raw, at=NOW)
    desk = desk_on(store)
    assert poll(desk, account) == 1
    assert poll(desk, account) == 0
    cursor = store.cursor("shop", "INBOX")
    assert cursor is not None
    assert cursor.last_uid == 3


def test_a_first_look_goes_back_as_far_as_a_notice_can_still_be_answered(account, store):
    account.deliver(notice(1), at=NOW - FIRST_LOOK_BACK - timedelta(days=1))
    account.deliver(notice(2), at=NOW - timedelta(days=3))
    assert poll(desk_on(store), account) == 1


def test_a_new_uidvalidity_reads_the_folder_again_and_handles_nothing_twice(account, store):
    account.deliver(notice(1), at=NOW)
    desk = desk_on(store)
    poll(desk, account)
    ingest(desk, NOW)
    tick(desk, NOW)
    before = statuses(store)
    events = len(store.history("113-0000001-1234567"))
    account.drop_uidvalidity("INBOX")
    account.deliver(notice(2), at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    assert len(store.history("113-0000001-1234567")) == events
    assert set(statuses(store)) == {*before, "113-0000002-1234567"}


def test_the_same_notice_in_two_folders_and_with_another_route_is_one_case(account, store):
    account.deliver(notice(), at=NOW)
    account.deliver(notice(), folder="Junk", at=NOW)
    account.deliver(notice(head="Received: from a by b; Mon, 05 Oct 2026 10:00:00 +0000\n"), at=NOW)
    desk = desk_on(store)
    poll(desk, account)
    poll(desk, account, "Junk")
    ingest(desk, NOW)
    assert list(statuses(store)) == ["113-0000001-1234567"]


def test_a_second_dispute_on_a_closed_order_is_a_case_of_its_own(account, store):
    desk = desk_on(store)
    account.deliver(notice(), at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    record = store.cases()[0]
    decided = happened.DecisionReceived(replace(record.case.notice, kind=Kind.DECISION), None)
    from inbox_bot.work import Work

    work = Work.on(store, record, NOW)
    work.happen(decided)
    work.save(None)
    account.deliver(notice(number=1).replace(b"notice.1@", b"again.1@"), at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    assert statuses(store) == {"113-0000001-1234567": "closed", "113-0000001-1234567-2": "open"}


def test_a_mail_nobody_can_read_is_tried_three_times_then_becomes_a_case_and_the_rest_goes_on(account, store):
    told = []
    desk = desk_on(store, tell=told.append)
    poisoned = notice(9)

    def read(raw):
        if raw == poisoned:
            raise RuntimeError("the parser broke")
        return read_mail(raw)

    desk = replace(desk, read=read)
    for raw in (notice(1), poisoned, notice(2)):
        account.deliver(raw, at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    assert len(statuses(store)) == 2
    for _ in range(3):
        ingest(desk, NOW)
    cases = {record.case.case_id: record.case for record in store.cases()}
    assert len(cases) == 3
    (unread,) = [
        case for case in cases.values() if case.order_id is None or case.order_id.endswith("9-1234567")
    ]
    assert unread.deadline is not None
    assert any("could not be read" in str(problem) for problem in unread.notice.problems)
    assert store.waiting_mails("shop") == ()


def test_a_mail_the_server_cannot_give_is_told_once_and_passed_over(account, store):
    told = []
    desk = desk_on(store, tell=told.append)
    uid = account.deliver(notice(1), at=NOW)
    account.make_unreadable("INBOX", uid)
    poll(desk, account)
    poll(desk, account)
    assert [one.name for one in told] == ["unreadable on the server"]


class TestTrust:
    """What is not vouched for never gets an answer and never touches what is."""

    def test_a_vouched_notice_is_answered_and_a_forged_one_is_shown(self, account, store):
        desk = desk_on(store, GATED)
        account.deliver(notice(1, head=PASS), at=NOW)
        account.deliver(notice(2, head=FORGED), at=NOW)
        account.deliver(notice(3), at=NOW)
        poll(desk, account)
        ingest(desk, NOW)
        tick(desk, NOW)
        trusted = {record.case.case_id: record.case.trusted for record in store.cases()}
        assert trusted == {
            "113-0000001-1234567": True,
            "113-0000002-1234567": False,
            "113-0000003-1234567": False,
        }
        for record in store.cases():
            if not record.case.trusted:
                assert record.case.status is Status.REVIEW
                assert record.case.dossier_sha256 is None
                assert record.case.reply is None
                assert record.case.deadline is not None

    def test_a_forged_notice_cannot_join_a_genuine_case_nor_stand_in_for_it(self, account, store):
        desk = desk_on(store, GATED)
        account.deliver(notice(1, head=FORGED), at=NOW)
        account.deliver(notice(1, head=PASS), at=NOW)
        account.deliver(notice(1, head=FORGED).replace(b"within 7 days", b"within 90 days"), at=NOW)
        poll(desk, account)
        ingest(desk, NOW)
        genuine = [record.case for record in store.cases() if record.case.trusted]
        assert len(genuine) == 1
        assert len(genuine[0].mail_sha256s) == 1

    def test_a_forged_decision_cannot_close_a_case(self, account, store):
        desk = desk_on(store, GATED)
        account.deliver(notice(1, head=PASS), at=NOW)
        decision = (
            f"{FORGED}From: <cb-seller-query@amazon.com>\nTo: orders@seller.example\n"
            "Subject: 113-0000001-1234567, Amazon.com Chargeback Dispute Funding Decision\n"
            "In-Reply-To: <notice.1@mail.example>\nMessage-ID: <decision@mail.example>\n\n"
            "Order number: 113-0000001-1234567\nThe dispute was decided in your favor.\n"
        )
        account.deliver(decision.encode(), at=NOW)
        poll(desk, account)
        ingest(desk, NOW)
        (genuine,) = [record.case for record in store.cases() if record.case.trusted]
        assert genuine.closed_at is None

    def test_a_mail_in_the_inbox_that_claims_to_be_our_answer_is_not_believed(self, account, store):
        desk = desk_on(store)
        account.deliver(notice(1), at=NOW)
        own = (
            b"From: orders@seller.example\nTo: cb-seller-notification@amazon.com\nSubject: Re: Chargeback\n"
            b"In-Reply-To: <notice.1@mail.example>\nMessage-ID: <own@seller.example>\n\nDone.\n"
        )
        account.deliver(own, at=NOW)
        poll(desk, account)
        ingest(desk, NOW)
        assert statuses(store) == {"113-0000001-1234567": "open"}
        account.deliver(own.replace(b"Done", b"Sent"), folder="Sent", at=NOW)
        poll(desk, account, "Sent")
        ingest(desk, NOW)
        assert statuses(store) == {"113-0000001-1234567": "answered"}

    def test_a_strangers_imitation_is_told_and_opens_no_case(self, account, store):
        told = []
        desk = desk_on(store, GATED, told.append)
        phishing = notice(1).replace(
            b"cb-seller-notification@amazon.com", b"cb-seller-notification@amazon-cb.example"
        )
        account.deliver(phishing, at=NOW)
        poll(desk, account)
        ingest(desk, NOW)
        assert statuses(store) == {}
        assert [one.name for one in told] == ["notice from a stranger"]
        assert len(store.account_events("shop")) == 1


def test_a_shipping_mail_alone_opens_nothing(account, store):
    account.deliver(SHIPPED.format(order="113-0000001-1234567", number=1).encode(), at=NOW)
    desk = desk_on(store)
    poll(desk, account)
    ingest(desk, NOW)
    assert statuses(store) == {}


def test_uids_that_went_back_under_the_same_uidvalidity_are_read_again(account, store):
    """A server restored from a backup hands out UIDs anew, though it should have changed its UIDVALIDITY."""
    desk = desk_on(store)
    for number in range(1, 6):
        account.deliver(notice(number), at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    for uid in (3, 4, 5):
        account.expunge("INBOX", uid)
    account._folders["INBOX"].uidnext = 3
    account.deliver(notice(6), at=NOW)
    assert poll(desk, account) == 1
    ingest(desk, NOW)
    assert "113-0000006-1234567" in statuses(store)
    account.deliver(notice(7), at=NOW)
    assert poll(desk, account) == 1


def test_a_uid_beyond_all_others_that_a_server_makes_up_does_not_hide_what_comes(account, store):
    desk = desk_on(store)
    account.deliver(notice(1), at=NOW)
    poll(desk, account)
    store.save_mails(
        "shop", "INBOX", Cursor(store.cursor("shop", "INBOX").uidvalidity, 4_294_967_295), (), NOW
    )
    account.deliver(notice(2), at=NOW)
    assert poll(desk, account) == 1


def test_a_notice_whose_body_the_server_leaves_out_is_told_and_not_passed_over_in_silence(account, store):
    told = []
    desk = desk_on(store, tell=told.append)
    account.deliver(notice(1), at=NOW)
    account.deliver(notice(2), at=NOW)
    mailbox = account.open()
    whole = mailbox.bodies
    mailbox.bodies = lambda uids: (one for one in whole(uids) if one[0] != 1)
    assert poll_folder(desk, mailbox, "INBOX", NOW) == 1
    assert [one.name for one in told] == ["unreadable on the server"]
    assert "UID 1" in told[0].text
    assert poll_folder(desk, mailbox, "INBOX", NOW) == 0


QUESTION = (
    "From: Amazon <cb-seller-query@amazon.com>\nTo: orders@seller.example\n"
    "Subject: 113-0000001-1234567: additional information about a chargeback dispute\n"
    "Message-ID: <question.1@mail.example>\n\nOrder number: 113-0000001-1234567\n"
    "We need additional information about the chargeback dispute. Please send proof of delivery within 3 days.\n"
)


def test_a_question_that_comes_by_two_routes_is_answered_once(account, store):
    world = World()
    mails = [notice(1), QUESTION.encode()]
    mails.append(b"Received: from alias by mx; Mon, 05 Oct 2026 10:00:00 +0000\n" + QUESTION.encode())
    mails += [one.format(order="113-0000001-1234567", number=1).encode() for one in (SHIPPED, DELIVERED)]
    policy = replace(TRUSTING, mode=Mode.AUTO, last_call=LastCall.ALWAYS)
    desk = desk_for(policy, store, FusedOutside(world, Fuse()))
    for count in (1, 2, 5):
        world.mails = mails
        for uid, raw in enumerate(mails[:count], 1):
            store.save_mails("shop", "INBOX", Cursor(1, uid), [FetchedMail(uid, NOW, None, raw)], NOW)
        at = NOW + timedelta(minutes=count)
        for _ in range(4):
            ingest(desk, at)
            tick(desk, at)
        if count == 2:
            answered = len(world.accepted)
    assert len(world.accepted) == answered


def test_a_strangers_mark_is_no_canary_and_hides_no_notice(account, store):
    desk = desk_on(store)
    account.deliver(notice(1, head="X-Inbox-Bot-Id: canary-made-up\n"), at=NOW)
    poll(desk, account)
    ingest(desk, NOW)
    assert statuses(store)
    assert not [one for one in store.account_events("shop") if type(one.event).__name__ == "CanarySeen"]
