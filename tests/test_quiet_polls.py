"""A poll with nothing new costs next to nothing in any mailbox, and costs no mail: flights and bytes are counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from distant import distant
from imap_script import Answer, Conversation, examined, idle, literal, scripted
from servers import SECRET, DovecotServer
from test_intake import TRUSTING, desk_on, notice
from world import NOW

from inbox_bot.intake import poll_folder
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.imap_status import FRESH_SECONDS, Glimpses
from inbox_bot.mail.mailbox import FolderState, ImapSettings, Mailbox
from inbox_bot.store.sqlite import SqliteStore

ACCOUNT = TRUSTING.account
FOLDERS = ("INBOX", "Junk")


@contextmanager
def mailbox_on(port: int, user: str = "seller") -> Iterator[Mailbox]:
    settings = ImapSettings("127.0.0.1", port, "plain", user, timeout_seconds=10)
    mailbox = open_mailbox(settings, SECRET)
    try:
        yield mailbox
    finally:
        mailbox.close()


def letter(number: int) -> bytes:
    head = f"From: News <news@shop.example>\r\nSubject: Offer {number}\r\nMessage-ID: <n{number}@shop.example>\r\n"
    return f"{head}\r\nBuy now.\r\n".encode()


@pytest.mark.live
class TestAgainstDovecot:
    def quiet_poll(self, server: DovecotServer, user: str) -> tuple[list[int], list[int]]:
        """Flights and bytes of polls, of the open folder and of another one."""
        flights, sizes = [], []
        store = SqliteStore(None)
        with distant(server.host, server.imap_port) as wire, mailbox_on(wire.port, user) as mailbox:
            desk = desk_on(store)
            for folder in FOLDERS:
                poll_folder(desk, mailbox, folder, NOW)
            for folder in reversed(FOLDERS):
                before = wire.traffic
                assert poll_folder(desk, mailbox, folder, NOW) == 0
                spent = wire.traffic - before
                flights.append(spent.flights)
                sizes.append(spent.up_bytes + spent.down_bytes)
        store.close()
        return flights, sizes

    def test_a_quiet_poll_costs_the_same_in_a_large_mailbox(
        self, dovecot_server: DovecotServer, sellers: Iterator[str]
    ) -> None:
        costs = []
        for mails in (3, 1_500):
            user = next(sellers)
            for folder in FOLDERS:
                dovecot_server.deliver(user, letter(0), folder)
            with open_as(dovecot_server, user) as mailbox:
                for number in range(mails):
                    mailbox.append("INBOX", letter(number), (), NOW)
            costs.append(self.quiet_poll(dovecot_server, user))
        (few_flights, few_bytes), (many_flights, many_bytes) = costs
        assert few_flights == many_flights == [1, 1]
        assert max(*few_bytes, *many_bytes) <= 200
        for few, many in zip(few_bytes, many_bytes, strict=True):
            assert abs(many - few) <= 20, "a number has more digits, the server tells how long it took"

    def test_no_mail_waits_for_the_poll_after_next(
        self, dovecot_server: DovecotServer, fresh_seller: str
    ) -> None:
        store = SqliteStore(None)
        with open_as(dovecot_server, fresh_seller) as mailbox:
            for folder in FOLDERS:
                dovecot_server.deliver(fresh_seller, letter(0), folder)
                poll_folder(desk_on(store), mailbox, folder, NOW)
            for number in range(8):
                folder = FOLDERS[number // 2 % 2]
                dovecot_server.deliver(fresh_seller, notice(number), folder)
                assert poll_folder(desk_on(store), mailbox, folder, NOW) == 1
                assert poll_folder(desk_on(store), mailbox, folder, NOW) == 0
        store.close()


def open_as(server: DovecotServer, user: str):
    return mailbox_on(server.imap_port, user)


class Folder:
    """A scripted server's folder that grows when the test says so."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    def examine(self, conversation: Conversation, tag: bytes, _: str) -> None:
        conversation.send(examined(len(self.mails), len(self.mails) + 1).replace(b"TAG", tag))

    def fetch(self, conversation: Conversation, tag: bytes, command: str) -> None:
        uid = int(command.split()[2].split(":")[0])
        raw = self.mails[uid - 1]
        head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        if "HEADER" in command:
            start = b'UID %d RFC822.SIZE %d INTERNALDATE "05-Oct-2026 09:00:00 +0000" ' % (uid, len(raw))
            conversation.ok(
                tag, b"%d FETCH (" % uid + start + b"BODY[HEADER.FIELDS (FROM)] " + literal(head) + b")"
            )
        else:
            conversation.ok(tag, b"%d FETCH (UID %d BODY[] " % (uid, uid) + literal(raw) + b")")

    def answers(self, **more: Answer) -> dict[str, Answer]:
        return {"EXAMINE": self.examine, "UID FETCH": self.fetch, **more}


class TestNoNewsIsLost:
    """Mail that a server speaks of inside any answer is read by the very next poll."""

    def polls(self, folder: Folder, mailbox: Mailbox, store: SqliteStore) -> int:
        return poll_folder(desk_on(store), mailbox, "INBOX", NOW)

    @pytest.mark.parametrize(
        "where", ["NOOP", "UID SEARCH", "LIST", "STATUS", "IDLE with its continuation", "IDLE after DONE"]
    )
    def test_exists_inside_any_answer_is_news(self, where: str) -> None:
        folder, store = Folder(), SqliteStore(None)
        grown = b"* 2 EXISTS\r\n"
        plain = {
            "NOOP": b"TAG OK done\r\n",
            "UID SEARCH": b"* SEARCH\r\nTAG OK done\r\n",
            "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
            "STATUS": b"* STATUS Junk (UIDNEXT 1 UIDVALIDITY 7)\r\nTAG OK done\r\n",
        }

        def after_done(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.send(b"+ idling\r\n")
            conversation.read_line()
            conversation.send(grown + tag + b" OK done\r\n")

        idles = {
            "IDLE with its continuation": idle(b"+ idling\r\n" + grown),
            "IDLE after DONE": after_done,
        }
        folder.mails.append(letter(0))
        with (
            scripted(folder.answers(IDLE=idle(b"+ idling\r\n"))) as server,
            mailbox_on(server.port) as mailbox,
        ):
            mailbox.examine("Junk")
            assert self.polls(folder, mailbox, store) == 0
            folder.mails.append(notice(1).replace(b"\n", b"\r\n"))
            if where in idles:
                server.answers["IDLE"] = idles[where]
                mailbox.wait(0.5)
            else:
                server.answers[where] = grown + plain[where]
                self.say(where, mailbox)
            if where != "NOOP":  # the poll itself asks; nothing is ever said again
                server.answers["NOOP"] = plain["NOOP"]
            assert self.polls(folder, mailbox, store) == 1
        store.close()

    def say(self, where: str, mailbox: Mailbox) -> None:
        if where == "NOOP":
            return
        if where == "UID SEARCH":
            mailbox.search_text("113-0000001-1234567")
        elif where == "LIST":
            mailbox.folders()
        else:
            mailbox.nothing_behind("Junk", 7, 0)

    @pytest.mark.parametrize("part", ["HEADER", "BODY.PEEK[]"])
    def test_exists_inside_the_mails_themselves_is_news(self, part: str) -> None:
        folder, store = Folder(), SqliteStore(None)
        told = []

        def fetch(conversation: Conversation, tag: bytes, command: str) -> None:
            if part in command and not told:
                told.append(True)
                conversation.send(b"* 2 EXISTS\r\n")
                folder.fetch(conversation, tag, command)
                folder.mails.append(notice(2).replace(b"\n", b"\r\n"))
            else:
                folder.fetch(conversation, tag, command)

        folder.mails.append(notice(1).replace(b"\n", b"\r\n"))
        with scripted(folder.answers() | {"UID FETCH": fetch}) as server, mailbox_on(server.port) as mailbox:
            assert self.polls(folder, mailbox, store) == 1
            assert told
            assert self.polls(folder, mailbox, store) == 1
        store.close()

    def test_noop_that_brings_the_news_is_followed_by_a_look_in_the_same_poll(self) -> None:
        folder, store = Folder(), SqliteStore(None)
        folder.mails.append(letter(0))

        def noop(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.ok(tag, *([b"%d EXISTS" % len(folder.mails)] if len(folder.mails) > 1 else []))

        with scripted(folder.answers(NOOP=noop)) as server, mailbox_on(server.port) as mailbox:
            assert self.polls(folder, mailbox, store) == 0
            folder.mails.append(notice(1).replace(b"\n", b"\r\n"))
            assert self.polls(folder, mailbox, store) == 1
        store.close()

    @pytest.mark.parametrize(
        "status",
        [
            b"TAG NO not now\r\n",
            b"TAG BAD unknown command\r\n",
            b"TAG OK done\r\n",
            b"* STATUS INBOX ()\r\nTAG OK done\r\n",
            b"* STATUS INBOX (UIDNEXT 2)\r\nTAG OK done\r\n",
            b"* STATUS INBOX (UIDNEXT x UIDVALIDITY 7)\r\nTAG OK done\r\n",
            b"* STATUS INBOX (UIDNEXT 3 UIDVALIDITY 7)\r\nTAG OK done\r\n",
            b"* STATUS INBOX (UIDNEXT 2 UIDVALIDITY 8)\r\nTAG OK done\r\n",
        ],
    )
    def test_a_status_that_is_no_plain_no_leads_to_a_look(self, status: bytes) -> None:
        folder = Folder()
        folder.mails.append(letter(0))
        with scripted(folder.answers(STATUS=status)) as server, mailbox_on(server.port) as mailbox:
            mailbox.examine("INBOX")
            list(mailbox.headers_after(0))
            mailbox.examine("Other")
            assert not mailbox.nothing_behind("INBOX", 7, 1)

    @pytest.mark.parametrize("name", [b"INBOX", b'"INBOX"', b"{5}\r\nINBOX"])
    def test_a_plain_no_is_believed_however_the_folder_is_written(self, name: bytes) -> None:
        folder = Folder()
        folder.mails.append(letter(0))
        status = b"* STATUS " + name + b" (UIDNEXT 2 UIDVALIDITY 7)\r\nTAG OK done\r\n"
        with scripted(folder.answers(STATUS=status)) as server, mailbox_on(server.port) as mailbox:
            mailbox.examine("INBOX")
            list(mailbox.headers_after(0))
            mailbox.examine("Other")
            assert mailbox.nothing_behind("INBOX", 7, 1)

    def test_what_was_read_and_not_stored_is_read_again(self) -> None:
        folder = Folder()
        folder.mails.append(letter(0))
        with scripted(folder.answers()) as server, mailbox_on(server.port) as mailbox:
            mailbox.examine("INBOX")
            assert len(list(mailbox.headers_after(0))) == 1
            assert not mailbox.nothing_behind("INBOX", 7, 0), "the disk was full, say"
            assert mailbox.nothing_behind("INBOX", 7, 1)

    def test_a_server_that_never_tells_is_found_out_within_a_quarter_of_an_hour(self) -> None:
        now = [0.0]

        class Deaf:
            has_moved = False

            def news(self) -> bool:
                return False

            @contextmanager
            def talking(self, doing: str):
                client = SimpleNamespace()
                client._imap = SimpleNamespace(noop=lambda: ("OK", []))
                yield client

        glimpses = Glimpses(Deaf(), lambda: now[0])
        state = FolderState(7, 2, 1)
        glimpses.opened("INBOX")
        assert glimpses.stands_still("INBOX", "INBOX", 1, state) == 7
        now[0] = FRESH_SECONDS + 1
        assert glimpses.stands_still("INBOX", "INBOX", 1, state) == 0
