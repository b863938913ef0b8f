"""What every mailbox promises: one class of tests for the memory fake, for pymap and for a real Dovecot."""

from __future__ import annotations

import imaplib
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

import pytest
from imapclient.imap_utf7 import encode as encode_utf7
from servers import SECRET, DovecotServer, PymapServer

from inbox_bot.core.errors import LoginRefused, TemporaryError, UserError
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import AT_ONCE_BYTES, ImapSettings, Mailbox
from inbox_bot.mail.memory import MemoryAccount

NOON = datetime(2026, 3, 4, 12, 0, 5, tzinfo=UTC)


def mail(number: int = 1, body: bytes = b"Hello\r\n", *fields: bytes) -> bytes:
    lines = (
        b"Received: from mx.example by mail.seller.example; Wed, 4 Mar 2026 12:00:00 +0000",
        b"From: Notices <notices@shop.example>",
        b"To: orders@seller.example",
        b"Subject: Mail %d" % number,
        b"Message-ID: <mail-%d@shop.example>" % number,
        b"X-Unwanted: nobody asks for this",
        *fields,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Place(Protocol):
    """A mailbox's other side: what other people and programs do to it."""

    def open(self, secret: str = SECRET) -> Mailbox: ...
    def deliver(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None: ...
    def create(self, folder: str) -> None: ...
    def expunge(self, folder: str, uid: int) -> None: ...
    def flags(self, folder: str, uid: int) -> set[str]: ...
    def renumber(self, folder: str) -> None: ...
    def break_links(self) -> None: ...


class MemoryPlace:
    def __init__(self) -> None:
        self.account = MemoryAccount()
        self.create, self.expunge = self.account.create, self.account.expunge
        self.renumber, self.break_links = self.account.drop_uidvalidity, self.account.break_links

    def open(self, secret: str = SECRET) -> Mailbox:
        if secret != SECRET:
            self.account.refuse_login()
        return self.account.open()

    def deliver(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        self.account.deliver(raw, folder, at)

    def flags(self, folder: str, uid: int) -> set[str]:
        return next(set(stored.flags) for stored in self.account.mails(folder) if stored.uid == uid)


class ServerPlace:
    """A user of a real server, seen by a second client that shares no code with ours."""

    def __init__(self, server: DovecotServer | PymapServer, user: str, *, tls: bool) -> None:
        self.server, self.user = server, user
        port = server.imaps_port if tls and isinstance(server, DovecotServer) else server.imap_port
        ca_file = server.ca_file if isinstance(server, DovecotServer) else None
        security = "tls" if tls else "plain"
        self.settings = ImapSettings(server.host, port, security, user, ca_file=ca_file, timeout_seconds=10)

    def open(self, secret: str = SECRET) -> Mailbox:
        return open_mailbox(self.settings, secret)

    def deliver(self, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        self.server.deliver(self.user, raw, folder, at)

    def create(self, folder: str) -> None:
        with self._other_client() as client:
            assert client.create(_wire_name(folder))[0] == "OK"

    def expunge(self, folder: str, uid: int) -> None:
        with self._other_client(folder) as client:
            client.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
            client.expunge()

    def flags(self, folder: str, uid: int) -> set[str]:
        with self._other_client(folder, readonly=True) as client:
            answer = client.uid("FETCH", str(uid), "(FLAGS)")[1][0]
            return {flag.decode() for flag in imaplib.ParseFlags(answer)} - {r"\Recent"}

    def renumber(self, folder: str) -> None:
        if isinstance(self.server, DovecotServer):
            self.server.drop_uidvalidity(self.user, folder)
            return
        mails = self.server.messages(self.user, folder)
        with self._other_client() as client:
            client.delete(_wire_name(folder))
            client.create(_wire_name(folder))
        for raw in mails:
            self.deliver(raw, folder)

    def break_links(self) -> None:
        self.server.restart()

    def _other_client(self, folder: str | None = None, *, readonly: bool = False) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self.server.host, self.server.imap_port, timeout=10)
        client.login(f'"{self.user}"', SECRET)
        if folder is not None:
            assert client.select(_wire_name(folder), readonly=readonly)[0] == "OK"
        return client


def _wire_name(folder: str) -> str:
    name = encode_utf7(folder).decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"'


@pytest.fixture(params=["memory", "pymap", pytest.param("dovecot", marks=pytest.mark.live)])
def place(request: pytest.FixtureRequest, fresh_seller: str) -> Place:
    if request.param == "memory":
        return MemoryPlace()
    if request.param == "pymap":
        return ServerPlace(request.getfixturevalue("pymap_mail_server"), fresh_seller, tls=False)
    return ServerPlace(request.getfixturevalue("dovecot_server"), fresh_seller, tls=True)


@pytest.fixture
def mailbox(place: Place) -> Iterator[Mailbox]:
    opened = place.open()
    yield opened
    opened.close()


class TestMailbox:
    def test_the_folders_are_listed_with_their_special_uses(self, mailbox: Mailbox) -> None:
        uses = {folder.name: set(folder.special_use) for folder in mailbox.folders() if folder.selectable}
        assert uses == {"INBOX": set(), "Drafts": {"drafts"}, "Sent": {"sent"}, "Junk": {"junk"}}

    @pytest.mark.parametrize(
        "name",
        ["Käufer & Käuferinnen", "客户 来信", 'the "good" ones', "50% [off] (now)", "R&D", "Ключ/Ответ"],
    )
    def test_any_folder_name_the_server_has_can_be_used(
        self, place: Place, mailbox: Mailbox, name: str
    ) -> None:
        place.create(name)
        assert name in {folder.name for folder in mailbox.folders()}
        assert mailbox.examine(name).exists == 0
        mailbox.append(name, mail(), (), NOON)
        assert mailbox.examine(name).exists == 1
        assert [header.size_bytes for header in mailbox.headers_after(0)] == [len(mail())]

    def test_a_folder_that_does_not_exist_is_the_users_error_and_names_it(self, mailbox: Mailbox) -> None:
        with pytest.raises(UserError, match="Nowhere"):
            mailbox.examine("Nowhere")
        with pytest.raises(UserError, match="Nowhere"):
            mailbox.append("Nowhere", mail(), (), NOON)
        assert mailbox.examine("INBOX").exists == 0, "the connection must survive both"

    def test_every_examine_is_a_fresh_look(self, place: Place, mailbox: Mailbox) -> None:
        before = mailbox.examine("INBOX")
        place.deliver(mail(1))
        place.deliver(mail(2))
        after = mailbox.examine("INBOX")
        assert (before.exists, after.exists) == (0, 2)
        assert after.uidnext == before.uidnext + 2
        assert after.uidvalidity == before.uidvalidity

    def test_headers_come_in_ascending_order_and_only_above_the_cursor(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        for number in range(1, 8):
            place.deliver(mail(number))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        assert len(uids) == 7
        assert uids == sorted(set(uids))
        for position, uid in enumerate(uids):
            assert [header.uid for header in mailbox.headers_after(uid)] == uids[position + 1 :]

    def test_nothing_new_gives_nothing_not_the_last_mail_again(self, place: Place, mailbox: Mailbox) -> None:
        place.deliver(mail())
        mailbox.examine("INBOX")
        last = [header.uid for header in mailbox.headers_after(0)][-1]
        for cursor in (last, last + 1, last + 1000):
            assert list(mailbox.headers_after(cursor)) == []
            mailbox.examine("INBOX")
            assert list(mailbox.headers_after(cursor)) == []

    def test_a_mail_that_comes_after_an_empty_poll_is_found_by_the_next(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        cursor = 0
        for number in range(1, 5):
            mailbox.examine("INBOX")
            assert list(mailbox.headers_after(cursor)) == []
            place.deliver(mail(number))
            mailbox.examine("INBOX")
            (header,) = mailbox.headers_after(cursor)
            assert b"Subject: Mail %d\r\n" % number in header.header_bytes
            cursor = header.uid

    def test_a_mail_never_hides_behind_a_quiet_answer_and_a_quiet_folder_is_told_as_one(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        place.create("Other")
        last = {"INBOX": 0, "Other": 0}
        validity = {}
        for folder in last:
            place.deliver(mail(99), folder)
            validity[folder] = mailbox.examine(folder).uidvalidity
            last[folder] = max(header.uid for header in mailbox.headers_after(0))
        for number in range(6):  # the folder that is open is asked otherwise than the others
            for folder in ("INBOX", "Other"):
                assert mailbox.nothing_behind(folder, validity[folder], last[folder])
                place.deliver(mail(number), folder)
                assert not mailbox.nothing_behind(folder, validity[folder], last[folder])
                assert not mailbox.nothing_behind(folder, validity[folder], last[folder]), (
                    "asking eats no news"
                )
                if number % 2:
                    mailbox.examine(folder)
                    assert [header.uid for header in mailbox.headers_after(last[folder])] == [
                        last[folder] + 1
                    ]
                else:
                    mailbox.examine(folder)
                last[folder] += 1

    def test_news_that_a_wait_has_told_of_still_count(self, place: Place, mailbox: Mailbox) -> None:
        validity = mailbox.examine("INBOX").uidvalidity
        list(mailbox.headers_after(0))
        place.deliver(mail(1))
        assert mailbox.wait(20)
        assert not mailbox.nothing_behind("INBOX", validity, 0)

    def test_a_mail_that_went_away_hides_none_that_comes_after_it(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        for number in (1, 2):
            place.deliver(mail(number))
        validity = mailbox.examine("INBOX").uidvalidity
        first, second = (header.uid for header in mailbox.headers_after(0))
        place.expunge("INBOX", second)
        mailbox.examine("INBOX")
        assert [header.uid for header in mailbox.headers_after(0)] == [first]
        place.deliver(mail(3))
        assert not mailbox.nothing_behind("INBOX", validity, first)

    def test_another_numbering_is_never_quiet(self, place: Place, mailbox: Mailbox) -> None:
        validity = mailbox.examine("INBOX").uidvalidity
        list(mailbox.headers_after(0))
        assert not mailbox.nothing_behind("INBOX", validity + 1, 1_000)
        assert not mailbox.nothing_behind("no such folder", validity, 1_000)

    def test_a_uid_that_the_folder_has_not_reached_yet_makes_nothing_sure(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        place.deliver(mail(1))
        state = mailbox.examine("INBOX")
        list(mailbox.headers_after(0))
        assert not mailbox.nothing_behind("INBOX", state.uidvalidity, state.uidnext + 7)

    def test_a_header_holds_the_fields_that_matter_and_nothing_else(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        folded = b"References: <one@shop.example>\r\n <two@shop.example>"
        raw = mail(3, b"Subject: not this one\r\n", folded, b"x-space-notification-type: REFUND_ISSUED")
        place.deliver(raw, at=NOON)
        mailbox.examine("INBOX")
        (header,) = mailbox.headers_after(0)
        assert b"Subject: Mail 3\r\n" in header.header_bytes
        assert b"Message-ID: <mail-3@shop.example>\r\n" in header.header_bytes
        assert folded in header.header_bytes
        assert b"REFUND_ISSUED" in header.header_bytes
        assert b"Unwanted" not in header.header_bytes
        assert b"not this one" not in header.header_bytes
        assert header.size_bytes == len(raw)
        assert header.internal_at == NOON
        assert header.internal_at.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b".\r\n..\r\n",
            bytes(range(1, 256)) + b"\r\n",
            b")\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n",
            b"x" * 5000,
        ],
        ids=["empty", "dots", "every byte", "looks like IMAP", "one long line"],
    )
    def test_a_body_arrives_byte_for_byte(self, place: Place, mailbox: Mailbox, body: bytes) -> None:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
        place.deliver(mail(1, body))
        mailbox.examine("INBOX")
        (uid,) = (header.uid for header in mailbox.headers_after(0))
        assert dict(mailbox.bodies([uid])) == {uid: mail(1, body)}

    def test_large_mails_come_whole_beside_small_ones(self, place: Place, mailbox: Mailbox) -> None:
        raws = [
            mail(number, b"0123456789abcdef\r\n" * size)
            for number, size in enumerate((1, 380_000, 2, 150_000))
        ]
        for raw in raws:
            place.deliver(raw)
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        assert list(mailbox.bodies(uids)) == list(zip(uids, raws, strict=True))

    def test_bodies_come_in_ascending_order_once_each_and_without_the_missing(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        for number in range(1, 5):
            place.deliver(mail(number))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        place.expunge("INBOX", uids[1])
        mailbox.examine("INBOX")
        asked = [uids[3], uids[0], uids[1], uids[0], uids[3] + 500]
        assert list(mailbox.bodies(asked)) == [(uids[0], mail(1)), (uids[3], mail(4))]
        assert list(mailbox.bodies([])) == []
        assert mailbox.unreadable_uids == ()

    def test_bodies_can_be_fetched_while_headers_are_still_being_read(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        for number in range(1, 4):
            place.deliver(mail(number))
        mailbox.examine("INBOX")
        read = [raw for header in mailbox.headers_after(0) for _, raw in mailbox.bodies([header.uid])]
        assert read == [mail(1), mail(2), mail(3)]

    def test_reading_leaves_every_flag_alone(self, place: Place, mailbox: Mailbox) -> None:
        place.deliver(mail(1, b"order 113-0196033-6384224\r\n"))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        assert len(list(mailbox.bodies(uids))) == 1
        assert mailbox.search_text("113-0196033-6384224") == tuple(uids)
        assert place.flags("INBOX", uids[0]) == set()

    def test_an_order_id_is_found_wherever_it_stands_in_a_mail(self, place: Place, mailbox: Mailbox) -> None:
        place.deliver(mail(1, b"Your order 113-0196033-6384224 has shipped.\r\n"))
        place.deliver(mail(2, b"Your order 702-0196033-6384224 has shipped.\r\n"))
        place.deliver(mail(3, b"see above\r\n", b"X-Order: 113-0196033-6384224"))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        assert mailbox.search_text("113-0196033-6384224") == (uids[0], uids[2])
        assert mailbox.search_text("1Z999AA10123456784") == ()

    @pytest.mark.parametrize(
        "needle",
        ["", "short", "a" * 41, "113 0196033", 'x" DELETED "y', "1130196033\r\nA1 NOOP", "订单订单订单订单"],
    )
    def test_only_order_and_tracking_ids_are_searched_for(self, mailbox: Mailbox, needle: str) -> None:
        mailbox.examine("INBOX")
        with pytest.raises(UserError):
            mailbox.search_text(needle)
        assert mailbox.examine("INBOX").exists == 0

    @pytest.mark.parametrize(
        "message_id",
        [
            "<plain@shop.example>",
            "<(a){5}%*!#$&'+/=?^_`|~@[10.0.0.1]>",
            "<" + "a" * 200 + "@x>",
            pytest.param('<q"u\\o"te@shop.example>', id="quotes"),
        ],
    )
    def test_a_message_id_is_found_however_odd(self, place: Place, mailbox: Mailbox, message_id: str) -> None:
        if '"' in message_id and isinstance(getattr(place, "server", None), PymapServer):
            message_id = "<o'd@shop.example>"  # pymap 0.36 does not find an id with quotes or backslashes
        place.deliver(b"Subject: a\r\nMessage-ID: " + message_id.encode() + b"\r\n\r\nHello\r\n")
        place.deliver(mail(2))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        assert mailbox.search_message_id(message_id) == (uids[0],)
        assert mailbox.search_message_id("<another@shop.example>") == ()

    def test_one_search_finds_every_id_and_the_mails_of_the_threads(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        place.deliver(mail(1, b"Your order 113-0196033-6384224 has shipped.\r\n"))
        place.deliver(mail(2, b"1Z999AA10123456784 was delivered\r\n"))
        place.deliver(mail(3, b"thank you\r\n", b"In-Reply-To: <mail-1@shop.example>"))
        place.deliver(mail(4, b"me too\r\n", b"References: <other@x.example> <mail-1@shop.example>"))
        place.deliver(mail(5, b"nothing\r\n", b"References: <mail-11@shop.example>"))
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        needles = ["113-0196033-6384224", "1Z999AA10123456784"]
        assert mailbox.search_any(needles) == tuple(uids[:2])
        assert mailbox.search_any(needles, ["<mail-1@shop.example>"]) == tuple(uids[:4])
        assert mailbox.search_any([], ["<mail-1@shop.example>"]) == (uids[0], uids[2], uids[3])
        assert mailbox.search_any([], []) == ()
        assert mailbox.search_any([], ["not an id", "<a@b>\r\nA1 NOOP"]) == ()
        with pytest.raises(UserError):
            mailbox.search_any(["113-0196033-6384224", 'x" DELETED "y'])

    def test_a_hundred_threads_are_asked_for_in_one_command(self, place: Place, mailbox: Mailbox) -> None:
        place.deliver(mail(1, b"hello\r\n", b"In-Reply-To: <first@shop.example>"))
        mailbox.examine("INBOX")
        ids = ["<first@shop.example>", *(f"<{number:060}@shop.example>" for number in range(100))]
        assert len(mailbox.search_any(["113-0196033-6384224"], ids)) == 1

    def test_small_and_large_mails_come_whole_at_once(self, place: Place, mailbox: Mailbox) -> None:
        sizes = (10, AT_ONCE_BYTES - 1_000, AT_ONCE_BYTES, AT_ONCE_BYTES + 70_000, 20)
        raw_mails = [mail(number, b"x" * 70 + b"\r\n" * 1 + b"y" * size) for number, size in enumerate(sizes)]
        for raw in raw_mails:
            place.deliver(raw)
        mailbox.examine("INBOX")
        uids = [header.uid for header in mailbox.headers_after(0)]
        place.expunge("INBOX", uids[0])
        mailbox.examine("INBOX")
        found = list(mailbox.bodies_at_once([*reversed(uids), uids[-1] + 500]))
        assert found == list(zip(uids, raw_mails, strict=True))[1:]
        assert list(mailbox.bodies_at_once([])) == []

    @pytest.mark.parametrize(
        "message_id", ["", "no-brackets@x", "<no-at>", "<two words@x>", "<a@b>\r\nA1 NOOP", "<ü@x>"]
    )
    def test_only_well_formed_message_ids_are_searched_for(self, mailbox: Mailbox, message_id: str) -> None:
        mailbox.examine("INBOX")
        with pytest.raises(UserError):
            mailbox.search_message_id(message_id)

    def test_a_stored_mail_lies_there_with_its_flags_date_and_uid(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        before = mailbox.examine("Drafts")
        at = NOON.astimezone(timezone(timedelta(hours=-7)))
        uid = mailbox.append("Drafts", mail(9), (r"\Draft", r"\Seen"), at)
        assert uid == before.uidnext
        assert mailbox.examine("Drafts").exists == 1
        (header,) = mailbox.headers_after(0)
        assert (header.uid, header.internal_at) == (uid, NOON)
        assert dict(mailbox.bodies([header.uid])) == {uid: mail(9)}
        assert place.flags("Drafts", header.uid) == {r"\Draft", r"\Seen"}

    def test_wait_tells_of_a_mail_while_it_waits(self, place: Place, mailbox: Mailbox) -> None:
        mailbox.examine("INBOX")
        timer = threading.Timer(0.3, place.deliver, [mail()])
        timer.start()
        started = time.monotonic()
        assert mailbox.wait(20) is True
        timer.join()
        assert 0.2 < time.monotonic() - started < 5
        assert mailbox.examine("INBOX").exists == 1

    def test_wait_tells_of_a_mail_that_came_after_the_look(self, place: Place, mailbox: Mailbox) -> None:
        mailbox.examine("INBOX")
        place.deliver(mail())
        started = time.monotonic()
        assert mailbox.wait(20) is True
        assert time.monotonic() - started < 5

    def test_a_draft_is_removed_by_its_id_and_nothing_else_with_it(self, mailbox: Mailbox) -> None:
        for number in (1, 2, 3):
            mailbox.append("Drafts", mail(number), (r"\Draft",), NOON)
        assert mailbox.remove("Drafts", "<mail-2@shop.example>") == 1
        assert mailbox.remove("Drafts", "<mail-2@shop.example>") == 0
        mailbox.examine("Drafts")
        left = [raw for _, raw in mailbox.bodies([header.uid for header in mailbox.headers_after(0)])]
        assert [b"<mail-2@" in raw for raw in left] == [False, False]

    def test_wait_tells_of_a_mail_that_came_between_two_commands(
        self, place: Place, mailbox: Mailbox
    ) -> None:
        mailbox.examine("INBOX")
        place.deliver(mail(1, b"order 113-0196033-6384224\r\n"))
        mailbox.search_text("702-0196033-6384224")
        mailbox.append("Drafts", mail(2), (), NOON)
        started = time.monotonic()
        assert mailbox.wait(20) is True
        assert time.monotonic() - started < 5

    def test_no_news_is_told_when_the_time_is_over(self, place: Place, mailbox: Mailbox) -> None:
        place.deliver(mail())
        mailbox.examine("INBOX")
        started = time.monotonic()
        assert mailbox.wait(0.4) is False
        assert 0.35 < time.monotonic() - started < 3
        assert mailbox.wait(0) is False

    def test_mail_is_found_wait_after_wait(self, place: Place, mailbox: Mailbox) -> None:
        cursor = 0
        for number in range(1, 4):
            mailbox.examine("INBOX")
            assert list(mailbox.headers_after(cursor)) == []
            timer = threading.Timer(0.1, place.deliver, [mail(number)])
            timer.start()
            assert mailbox.wait(10) is True
            timer.join()
            mailbox.examine("INBOX")
            (header,) = mailbox.headers_after(cursor)
            cursor = header.uid

    def test_wait_is_interrupted_from_another_thread(self, mailbox: Mailbox) -> None:
        mailbox.examine("INBOX")
        timer = threading.Timer(0.2, mailbox.interrupt)
        timer.start()
        started = time.monotonic()
        assert mailbox.wait(30) is False
        timer.join()
        assert time.monotonic() - started < 5
        assert mailbox.examine("INBOX").exists == 0, "the connection must survive"
        started = time.monotonic()
        assert mailbox.wait(0.3) is False
        assert time.monotonic() - started > 0.25, "one interrupt ends one wait"

    def test_an_interrupt_before_the_wait_is_not_lost(self, mailbox: Mailbox) -> None:
        mailbox.examine("INBOX")
        mailbox.interrupt()
        started = time.monotonic()
        assert mailbox.wait(30) is False
        assert time.monotonic() - started < 5

    def test_another_numbering_is_seen_by_its_uidvalidity(self, place: Place, mailbox: Mailbox) -> None:
        place.create("Claims")
        place.deliver(mail(1), "Claims")
        before = mailbox.examine("Claims")
        mailbox.examine("INBOX")
        place.renumber("Claims")
        with closing(place.open()) as later:
            after = later.examine("Claims")
            assert after.uidvalidity != before.uidvalidity
            assert [header.size_bytes for header in later.headers_after(0)] == [len(mail(1))]

    def test_a_dead_link_is_an_error_that_time_heals(self, place: Place, mailbox: Mailbox) -> None:
        mailbox.examine("INBOX")
        place.break_links()
        with pytest.raises(TemporaryError):
            mailbox.wait(20)
        for attempt in (lambda: mailbox.examine("INBOX"), mailbox.folders, lambda: mailbox.wait(1)):
            with pytest.raises(TemporaryError):
                attempt()
        mailbox.close()
        mailbox.close()
        with closing(place.open()) as again:
            assert again.examine("INBOX").exists == 0

    def test_a_wrong_password_is_refused_by_name_and_never_repeated(self, place: Place) -> None:
        with pytest.raises(LoginRefused) as refused:
            place.open("not the secret")
        assert "not the secret" not in str(refused.value)

    @pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\0"])
    def test_no_argument_can_smuggle_a_second_command(
        self, place: Place, mailbox: Mailbox, breaker: str
    ) -> None:
        place.create("Victim")
        hostile = f'x"{breaker}ZZ1 DELETE Victim{breaker}'
        mailbox.examine("INBOX")
        attempts = (
            lambda: mailbox.examine(hostile),
            lambda: mailbox.append(hostile, mail(), (), NOON),
            lambda: mailbox.append("Drafts", mail(), (hostile,), NOON),
            lambda: mailbox.search_text(hostile),
            lambda: mailbox.search_message_id(f"<a@b>{breaker}ZZ1 DELETE Victim{breaker}"),
        )
        for attempt in attempts:
            with pytest.raises(UserError):
                attempt()
        assert "Victim" in {folder.name for folder in mailbox.folders()}
        assert mailbox.examine("Drafts").exists == 0
