"""A folder that shows the mails of all others: nothing that stands only there is missed, nothing is taken twice."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from imap_script import Conversation, examined, literal, scripted
from nouns import POLICY
from test_crash import DELIVERED, SHIPPED
from test_intake import TRUSTING, desk_on, notice
from test_keeping import account_config
from test_quiet_polls import mailbox_on
from world import NOW, RULEBOOK

from inbox_bot.app import ingest, tick
from inbox_bot.core import events as happened
from inbox_bot.core.canary import canary_mail
from inbox_bot.core.case import Status
from inbox_bot.desk import Desk
from inbox_bot.intake import poll_folder
from inbox_bot.mail.mailbox import ServerFolder
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.outside import LiveOutside, find_folders
from inbox_bot.rounds import Display, work_once
from inbox_bot.store.protocol import Change
from inbox_bot.store.sqlite import SqliteStore

GMAIL = {"INBOX": 7, "[Gmail]/All Mail": 11, "[Gmail]/Spam": 13}
BY_HAND = (
    b"From: orders@seller.example\r\nTo: cb-seller-notification@amazon.com\r\nMessage-ID: <by.hand@seller.example>\r\n"
    b"In-Reply-To: <notice.1@mail.example>\r\nSubject: Re: dispute\r\n\r\nHere it is.\r\n"
)


class Labels:
    """A server that shows one and the same mail in three folders, each time under another UID."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.open = "INBOX"

    def examine(self, conversation: Conversation, tag: bytes, command: str) -> None:
        self.open = command.partition(" ")[2].strip('"')
        uid = GMAIL[self.open]
        conversation.send(examined(1, uid + 1, uidvalidity=uid).replace(b"TAG", tag))

    def fetch(self, conversation: Conversation, tag: bytes, command: str) -> None:
        uid = GMAIL[self.open]
        if "HEADER" in command:
            head = self.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            items = b'RFC822.SIZE %d INTERNALDATE "05-Oct-2026 09:00:00 +0000" BODY[HEADER.FIELDS (FROM)] '
            part = items % len(self.raw) + literal(head)
        else:
            part = b"BODY[] " + literal(self.raw)
        conversation.ok(tag, b"1 FETCH (UID %d " % uid + part + b")")


@pytest.mark.parametrize("order", [list(GMAIL), list(reversed(GMAIL))], ids=["INBOX first", "Spam first"])
def test_one_mail_under_three_labels_is_one_mail_one_case_and_one_draft(order):
    labels, store = Labels(notice(1).replace(b"\n", b"\r\n")), SqliteStore(None)
    desk = desk_on(store)
    values = {"order": "113-0000001-1234567", "number": 1}
    desk.outside.world.mails = [text.format(**values).encode() for text in (SHIPPED, DELIVERED)]
    answers = {"EXAMINE": labels.examine, "UID FETCH": labels.fetch}
    with scripted(answers) as server, mailbox_on(server.port) as mailbox:
        found = [
            poll_folder(desk, mailbox, folder, NOW, shows_all="All" in folder)
            for _ in range(2)
            for folder in order
        ]
    assert found == [1, 0, 0, 0, 0, 0]
    assert len(store.waiting_mails(TRUSTING.account)) == 1
    ingest(desk, NOW)
    tick(desk, NOW)
    (record,) = store.cases()
    told = [type(one.event) for one in store.history(record.case.case_id)]
    assert told.count(happened.CaseOpened) == 1
    assert happened.NoticeJoined not in told
    assert len(desk.outside.world.drafts) == 1
    store.close()


class Shop:
    """A mailbox with All Mail, and the passes over it."""

    def __init__(self) -> None:
        self.account, self.store = MemoryAccount(), SqliteStore(None)
        self.account.create("All Mail", "all")
        self.polled: list[str] = []
        shop = self

        class Outside(LiveOutside):
            def mailbox(self):
                if self._mailbox is None:
                    self._mailbox = shop.account.open()
                return self._mailbox

        self.outside = Outside(account_config(TRUSTING))
        self.desk = Desk(TRUSTING, RULEBOOK, self.store, self.outside, read_mail)

    def arrive(self, raw: bytes, *folders: str, at=NOW) -> None:
        for folder in (*folders, "All Mail"):
            self.account.deliver(raw, folder, at=at)

    def work(self, at=NOW) -> list[Status]:
        display = Display(
            lambda one: None, lambda handled: None, lambda folder, at: self.polled.append(folder)
        )
        work_once(self.desk, self.outside, display, lambda: at)
        return [record.case.status for record in self.store.cases()]

    def close(self) -> None:
        self.outside.drop()
        self.store.close()


@pytest.fixture
def shop():
    made = Shop()
    yield made
    made.close()


def test_a_notice_that_a_filter_put_aside_is_found(shop):
    shop.arrive(notice(1))
    assert len(shop.work()) == 1
    assert shop.polled[-1] == "All Mail", "last, when what the others hold is known"


def test_a_notice_in_the_inbox_is_one_case_however_often_it_shows(shop):
    for text in (SHIPPED, DELIVERED):
        shop.arrive(text.format(order="113-0000001-1234567", number=1).encode(), "INBOX")
    shop.arrive(notice(1), "INBOX")
    for hours in range(3):
        assert len(shop.work(NOW + timedelta(hours=hours))) == 1
    assert len(shop.account.mails("Drafts")) == 1


def test_an_answer_by_hand_is_taken_from_sent_though_all_mail_shows_it_too(shop):
    shop.arrive(notice(1), "INBOX")
    shop.work()
    # All Mail shows it a moment before Sent does.
    shop.account.deliver(BY_HAND, "All Mail", at=NOW)
    shop.work(NOW + timedelta(minutes=1))
    shop.account.deliver(BY_HAND, "Sent", at=NOW)
    assert shop.work(NOW + timedelta(minutes=2)) == [Status.ANSWERED]


def test_our_mail_to_ourselves_in_all_mail_proves_nothing_about_the_way_in(shop):
    token = secrets.token_hex(16)
    raw = canary_mail(POLICY.address, token, NOW)
    shop.store.commit(Change(TRUSTING.account, NOW, events=(happened.CanarySent(token),)))
    shop.account.deliver(raw, "Sent", at=NOW)
    shop.account.deliver(raw, "All Mail", at=NOW)
    shop.work()
    seen = [
        one
        for one in shop.store.account_events(TRUSTING.account)
        if isinstance(one.event, happened.CanarySeen)
    ]
    assert seen == []
    shop.account.deliver(raw, "INBOX", at=NOW)
    shop.work(NOW + timedelta(minutes=1))
    assert any(
        isinstance(one.event, happened.CanarySeen) for one in shop.store.account_events(TRUSTING.account)
    )


def test_the_folder_is_known_by_the_servers_word():
    listed = [ServerFolder("INBOX"), ServerFolder("[Gmail]/All Mail", frozenset({"all"}))]
    assert find_folders(account_config(TRUSTING), listed).everything == "[Gmail]/All Mail"
    assert find_folders(account_config(TRUSTING), listed[:1]).everything == ""
