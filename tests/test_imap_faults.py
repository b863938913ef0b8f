"""What the IMAP edge promises when servers, networks and senders misbehave."""

from __future__ import annotations

import base64
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from imap_script import Answer, Conversation, ScriptedServer, examined, idle, literal, scripted
from servers import SECRET, DovecotServer, has_dovecot, make_certificate

from inbox_bot.core.errors import LoginRefused, TemporaryError, UserError
from inbox_bot.mail import imap, imap_idle
from inbox_bot.mail.imap import ImapMailbox, open_mailbox
from inbox_bot.mail.mailbox import HEADER_LIMIT_BYTES, ImapSettings

MARKER = b"Dear Jane Doe of Elm Street"


def settings(server: ScriptedServer, **changes: object) -> ImapSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "plain",
        "user": "orders@seller.example",
        "timeout_seconds": 2.0,
    }
    return ImapSettings(**(values | changes))  # type: ignore[arg-type]


@contextmanager
def looking_at(answers: dict[str, Answer] | None = None) -> Iterator[tuple[ImapMailbox, ScriptedServer]]:
    """A mailbox with INBOX examined, on a server that plays the script."""
    with scripted(answers) as server:
        mailbox = open_mailbox(settings(server), SECRET)
        assert isinstance(mailbox, ImapMailbox)
        try:
            mailbox.examine("INBOX")
            yield mailbox, server
        finally:
            mailbox.close()


def line_for(
    uid: int, *, size: object = 100, date: bytes = b'"04-Mar-2026 12:00:00 +0000"', sep: bytes = b""
) -> bytes:
    header = literal(b"Subject: mail %d\r\n\r\n" % uid)
    return b"%d FETCH (UID %d RFC822.SIZE %s INTERNALDATE %s BODY[HEADER.FIELDS (SUBJECT)] %s%s)" % (
        *(uid, uid, str(size).encode(), date, header, sep),
    )


def asked_uids(command: str) -> list[int]:
    found = re.match(r"UID FETCH ([\d,:]+) ", command)
    assert found, command
    ends = [[int(uid) for uid in part.split(":")] for part in found[1].split(",")]
    return [uid for part in ends for uid in range(part[0], part[-1] + 1)]


def fetch(lines: dict[int, bytes], refused: frozenset[int] = frozenset()) -> Answer:
    """Answer each UID with its line; refuse any batch that asks for the body or header of a refused UID."""

    def answer(conversation: Conversation, tag: bytes, command: str) -> None:
        uids = asked_uids(command)
        if command.endswith("(UID)"):
            conversation.ok(
                tag, *(b"%d FETCH (UID %d)" % (uid, uid) for uid in uids if uid in lines or uid in refused)
            )
        elif refused & set(uids):
            conversation.send(tag + b" NO [SERVERBUG] cannot read that mail\r\n")
        else:
            conversation.ok(tag, *(lines[uid] for uid in uids if uid in lines))

    return answer


def idle_rounds(rounds: list[tuple[bytes, ...]]) -> Answer:
    """One IDLE after the other, each with its pieces in packets of their own."""
    answers = iter([idle(*pieces, pause_seconds=0.15) for pieces in rounds])

    def answer(conversation: Conversation, tag: bytes, command: str) -> None:
        this_round = next(answers)
        assert callable(this_round)
        this_round(conversation, tag, command)

    return answer


class TestIdle:
    @pytest.mark.parametrize(
        "rounds",
        [
            pytest.param([(b"+ idling\r\n* 1 EXISTS\r\n",)], id="in the same packet as the continuation"),
            pytest.param([(b"* 1 EXISTS\r\n+ idling\r\n",)], id="before the continuation"),
            pytest.param([(b"+ idling\r\n", b"* 1 EXISTS\r\n")], id="later"),
            pytest.param([(b"+ idling\r\n", b"* 1 EX", b"ISTS\r\n")], id="in two halves"),
            pytest.param([(b"+ idling\r\n* 1 EX", b"ISTS\r\n")], id="the first half with the continuation"),
            pytest.param(
                [(b"+ idling\r\n", b"* OK Still here\r\n"), (b"+ idling\r\n", b"* 1 EXISTS\r\n")],
                id="after talk",
            ),
        ],
    )
    def test_a_push_is_heard_however_it_is_cut(self, rounds: list[tuple[bytes, ...]]) -> None:
        with looking_at({"IDLE": idle_rounds(rounds)}) as (mailbox, server):
            started = time.monotonic()
            assert mailbox.wait(10) is True
            assert time.monotonic() - started < 3
            assert server.count("IDLE") == len(rounds)
            assert mailbox.examine("INBOX").exists == 0, "the connection must survive"

    def test_talk_that_is_no_news_does_not_end_the_wait(self) -> None:
        talk = b"+ idling\r\n* OK Still here\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 4 EXPUNGE\r\n* 0 RECENT\r\n"
        with looking_at({"IDLE": idle_rounds([(talk,), (b"+ idling\r\n",)])}) as (mailbox, server):
            started = time.monotonic()
            assert mailbox.wait(0.6) is False
            assert time.monotonic() - started >= 0.55
            assert server.count("IDLE") == 2

    def test_a_connection_closed_in_idle_is_an_error_at_once_and_not_silence(self) -> None:
        def hang_up(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"+ idling\r\n", pause_seconds=0.2)
            conversation.close()

        with looking_at({"IDLE": hang_up}) as (mailbox, _):
            busy, started = time.process_time(), time.monotonic()
            with pytest.raises(TemporaryError, match=r"closed|failed"):
                mailbox.wait(20)
            assert time.monotonic() - started < 3
            assert time.process_time() - busy < 0.5, "it must not spin"

    def test_a_connection_reset_in_idle_is_an_error_at_once(self) -> None:
        def reset(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"+ idling\r\n", pause_seconds=0.2)
            conversation.reset()

        with looking_at({"IDLE": reset}) as (mailbox, _):
            started = time.monotonic()
            with pytest.raises(TemporaryError):
                mailbox.wait(20)
            assert time.monotonic() - started < 3

    def test_the_servers_farewell_is_told(self) -> None:
        bye = idle(b"+ idling\r\n", b"* BYE [UNAVAILABLE] Maintenance at noon\r\n", pause_seconds=0.1)
        with (
            looking_at({"IDLE": bye}) as (mailbox, _),
            pytest.raises(TemporaryError, match="Maintenance at noon"),
        ):
            mailbox.wait(20)

    def test_a_server_that_falls_silent_is_found_out_after_each_round(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imap_idle, "ROUND_SECONDS", 0.3)

        def silent(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"+ idling\r\n")
            conversation.read_line()
            conversation.read_line()

        with looking_at({"IDLE": silent}) as (mailbox, _):
            started = time.monotonic()
            with pytest.raises(TemporaryError, match="did not answer in time"):
                mailbox.wait(60)
            assert time.monotonic() - started < 4
            started = time.monotonic()
            with pytest.raises(TemporaryError, match="gone"):
                mailbox.examine("INBOX")
            assert time.monotonic() - started < 0.2

    def test_an_interrupt_returns_soon_even_when_the_server_is_silent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imap_idle, "HASTE_SECONDS", 0.3)

        def silent(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"+ idling\r\n")
            conversation.read_line()
            conversation.read_line()

        with looking_at({"IDLE": silent}) as (mailbox, _):
            threading.Timer(0.2, mailbox.interrupt).start()
            started = time.monotonic()
            with pytest.raises(TemporaryError):
                mailbox.wait(60)
            assert time.monotonic() - started < 1.5

    def test_half_a_line_and_then_nothing_is_not_taken_for_silence(self) -> None:
        with looking_at({"IDLE": idle(b"+ idling\r\n", b"* 1 EXI", pause_seconds=0.1)}) as (mailbox, _):
            started = time.monotonic()
            with pytest.raises(TemporaryError):
                mailbox.wait(60)
            assert time.monotonic() - started < 5

    @pytest.mark.parametrize("answer", [b"TAG NO not here\r\n", b"TAG BAD what?\r\n"])
    def test_a_server_that_refuses_idle_is_asked_with_noop(
        self, answer: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imap_idle, "NOOP_SECONDS", 0.1)
        noops = iter([b"", b"", b"", b"* 1 EXISTS\r\n"])

        def noop(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.send(next(noops, b"") + tag + b" OK done\r\n")

        with looking_at({"IDLE": answer, "NOOP": noop}) as (mailbox, server):
            assert mailbox.wait(5) is True
            assert server.count("IDLE") == 1

    def test_a_server_without_idle_is_asked_with_noop_and_can_be_interrupted(self) -> None:
        without = b"TAG OK [CAPABILITY IMAP4rev1] welcome\r\n"
        with looking_at({"LOGIN": without}) as (mailbox, server):
            assert mailbox.wait(0.2) is False
            assert server.count("NOOP") == 1
            threading.Timer(0.2, mailbox.interrupt).start()
            started = time.monotonic()
            assert mailbox.wait(60) is False
            assert time.monotonic() - started < 2
            assert server.count("IDLE") == 0

    def test_a_server_without_idle_that_hangs_up_is_noticed_while_waiting(self) -> None:
        without = b"TAG OK [CAPABILITY IMAP4rev1] welcome\r\n"
        with looking_at({"LOGIN": without}) as (mailbox, server):
            threading.Timer(0.2, lambda: server.conversations[0].close()).start()
            started = time.monotonic()
            with pytest.raises(TemporaryError):
                mailbox.wait(60)
            assert time.monotonic() - started < 3


class TestFetch:
    ODD = (
        pytest.param(b'5 FETCH (UID 5 RFC822.SIZE 9 BODY[HEADER] "no end)', id="unclosed quote"),
        pytest.param(b"5 FETCH (UID 5 RFC822.SIZE)", id="uneven"),
        pytest.param(b"5 FETCH (UID 5 RFC822.SIZE 9", id="unclosed parenthesis"),
        pytest.param(b"5 FETCH (UID five RFC822.SIZE 9)", id="no number"),
        pytest.param(b"5 FETCH NIL", id="no list"),
        pytest.param(b"5 FETCH (UID 5 BODY NIL)", id="a structure nobody asked for"),
    )

    @pytest.mark.parametrize("odd", ODD)
    def test_one_odd_answer_does_not_lose_the_other_headers(self, odd: bytes) -> None:
        lines = {uid: line_for(uid) for uid in range(1, 10)} | {5: odd}
        with looking_at({"EXAMINE": examined(9, 10), "UID FETCH": fetch(lines)}) as (mailbox, _):
            headers = list(mailbox.headers_after(0))
            assert [header.uid for header in headers] == [1, 2, 3, 4, 6, 7, 8, 9]
            assert b"Subject: mail 9" in headers[-1].header_bytes
            assert mailbox.unreadable_uids == (5,)
            mailbox.examine("INBOX")
            assert mailbox.unreadable_uids == ()

    @pytest.mark.parametrize("odd", [*ODD, pytest.param(b"5 FETCH (UID 5 BODY[] NIL)", id="NIL")])
    def test_one_odd_answer_does_not_lose_the_other_bodies(self, odd: bytes) -> None:
        bodies = {uid: b"%d FETCH (UID %d BODY[] %s)" % (uid, uid, literal(MARKER)) for uid in range(1, 10)}

        def answer(conversation: Conversation, tag: bytes, command: str) -> None:
            sizes = {uid: b"%d FETCH (UID %d RFC822.SIZE 9)" % (uid, uid) for uid in range(1, 10)}
            said = fetch(sizes if "RFC822.SIZE" in command else bodies | {5: odd})
            assert callable(said)
            said(conversation, tag, command)

        with looking_at({"EXAMINE": examined(9, 10), "UID FETCH": answer}) as (mailbox, _):
            assert list(mailbox.bodies(range(1, 10))) == [(uid, MARKER) for uid in range(1, 10) if uid != 5]
            assert mailbox.unreadable_uids == (5,)

    def test_one_refused_mail_does_not_lose_the_others(self) -> None:
        lines = {uid: line_for(uid) for uid in range(1, 40) if uid != 17}
        answers: dict[str, Answer] = {"EXAMINE": examined(39, 40), "UID FETCH": fetch(lines, frozenset({17}))}
        with looking_at(answers) as (mailbox, server):
            assert [header.uid for header in mailbox.headers_after(0)] == sorted(lines)
            assert mailbox.unreadable_uids == (17,)
            assert server.count("UID FETCH") < 25, "the batch is halved, not read one by one"

    def test_what_a_refused_answer_left_behind_does_not_spoil_the_next(self) -> None:
        lines = {uid: line_for(uid) for uid in range(1, 10) if uid != 5}
        well_behaved = fetch(lines, frozenset({5}))

        def answer(conversation: Conversation, tag: bytes, command: str) -> None:
            assert callable(well_behaved)
            if 5 in asked_uids(command) and not command.endswith("(UID)"):
                conversation.send(b'* 5 FETCH (UID 5 "half\r\n')
            well_behaved(conversation, tag, command)

        with looking_at({"EXAMINE": examined(9, 10), "UID FETCH": answer}) as (mailbox, _):
            assert [header.uid for header in mailbox.headers_after(0)] == sorted(lines)
            assert mailbox.unreadable_uids == (5,)

    def test_a_server_that_refuses_everything_makes_no_mail_unreadable(self) -> None:
        refusal = b"TAG NO [LIMIT] Rate limit hit\r\n"
        with looking_at({"EXAMINE": examined(9, 10), "UID FETCH": refusal}) as (mailbox, server):
            with pytest.raises(TemporaryError, match="Rate limit hit"):
                list(mailbox.headers_after(0))
            assert mailbox.unreadable_uids == ()
            assert server.count("UID FETCH") <= 3

    def test_a_header_whose_size_the_server_leaves_out_is_still_a_mail(self) -> None:
        line = b"1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] " + literal(b"Subject: x\r\n\r\n") + b")"
        with looking_at({"EXAMINE": examined(1, 2), "UID FETCH": fetch({1: line})}) as (mailbox, _):
            assert [header.header_bytes for header in mailbox.headers_after(0)] == [b"Subject: x\r\n\r\n"]

    def test_a_mail_that_vanished_is_left_out_even_beside_unasked_news(self) -> None:
        lines = {1: line_for(1), 2: b"2 FETCH (FLAGS (\\Seen))", 3: line_for(3)}
        with looking_at({"EXAMINE": examined(3, 4), "UID FETCH": fetch(lines)}) as (mailbox, _):
            assert [header.uid for header in mailbox.headers_after(0)] == [1, 3]
            assert mailbox.unreadable_uids == ()

    @pytest.mark.parametrize("size", ["1000000000000000000", "1" + "0" * 30, "3000000000"])
    def test_a_monstrous_literal_is_an_error_and_costs_no_memory(self, size: str) -> None:
        def lie(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"* 1 FETCH (UID 1 RFC822.SIZE 9 BODY[HEADER] {" + size.encode() + b"}\r\nabc")
            conversation.close()

        with (
            looking_at({"EXAMINE": examined(1, 2), "UID FETCH": lie}) as (mailbox, _),
            pytest.raises(TemporaryError),
        ):
            list(mailbox.headers_after(0))

    @pytest.mark.parametrize("how", ["close", "reset"])
    def test_a_connection_that_breaks_inside_a_mail_is_an_error(self, how: str) -> None:
        def half(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"* 1 FETCH (UID 1 BODY[] {5000}\r\n" + MARKER, pause_seconds=0.1)
            getattr(conversation, how)()

        with looking_at({"EXAMINE": examined(1, 2), "UID FETCH": half}) as (mailbox, _):
            with pytest.raises(TemporaryError) as broken:
                list(mailbox.bodies([1]))
            assert MARKER.decode() not in repr(broken.value)
            assert mailbox.unreadable_uids == ()

    @pytest.mark.parametrize(
        "date", [b"NIL", b'"yesterday"', b'"99-Zzz-2026 12:00:00 +0000"', b'"31-Dec-9999 23:59:00 -1400"']
    )
    def test_a_mail_without_a_usable_date_of_arrival_arrived_just_now(self, date: bytes) -> None:
        answers: dict[str, Answer] = {
            "EXAMINE": examined(1, 2),
            "UID FETCH": fetch({1: line_for(1, date=date)}),
        }
        with looking_at(answers) as (mailbox, _):
            (header,) = mailbox.headers_after(0)
            assert datetime.now(UTC) - header.internal_at < timedelta(minutes=1)

    def test_dates_of_arrival_are_utc_whatever_zone_the_server_writes(self) -> None:
        date = b'" 4-Mar-2026 05:00:00 -0700"'
        answers: dict[str, Answer] = {
            "EXAMINE": examined(1, 2),
            "UID FETCH": fetch({1: line_for(1, date=date)}),
        }
        with looking_at(answers) as (mailbox, _):
            (header,) = mailbox.headers_after(0)
            assert header.internal_at == datetime(2026, 3, 4, 12, tzinfo=UTC)
            assert header.internal_at.tzinfo is UTC

    def test_an_endless_header_is_cut_at_a_line(self) -> None:
        block = b"Subject: long\r\nReferences: <x@x>\r\n" + (b" <" + b"y" * 70 + b"@y>\r\n") * 9000
        line = b"1 FETCH (UID 1 RFC822.SIZE 900000 BODY[HEADER.FIELDS (SUBJECT)] " + literal(block) + b")"
        with looking_at({"EXAMINE": examined(1, 2), "UID FETCH": fetch({1: line})}) as (mailbox, _):
            (header,) = mailbox.headers_after(0)
            assert HEADER_LIMIT_BYTES - 100 < len(header.header_bytes) <= HEADER_LIMIT_BYTES
            assert header.header_bytes.endswith(b"@y>\r\n")

    def test_bodies_are_fetched_in_portions_cut_by_bytes(self) -> None:
        sizes = {1: 3_000_000, 2: 1_500_000, 3: 400_000, 4: 200_000, 5: 26_000_000, 6: 10, 7: 10}

        def answer(conversation: Conversation, tag: bytes, command: str) -> None:
            template = (
                b"%d FETCH (UID %d RFC822.SIZE %d)"
                if "RFC822.SIZE" in command
                else b"%d FETCH (UID %d BODY[] {1}\r\nx)"
            )
            values = [
                (uid, uid, sizes[uid]) if "RFC822.SIZE" in command else (uid, uid)
                for uid in asked_uids(command)
            ]
            conversation.ok(tag, *(template % value for value in values))

        with looking_at({"EXAMINE": examined(7, 8), "UID FETCH": answer}) as (mailbox, server):
            assert [uid for uid, _ in mailbox.bodies(list(sizes))] == list(sizes)
            fetched = [asked_uids(command) for command in server.commands if "BODY.PEEK[]" in command]
            assert fetched == [[1, 2, 3], [4], [5], [6, 7]]

    def test_nothing_is_ever_asked_that_sets_a_flag_or_parses_a_structure(self) -> None:
        answers: dict[str, Answer] = {"EXAMINE": examined(1, 2), "UID FETCH": fetch({1: line_for(1)})}
        with looking_at(answers) as (mailbox, server):
            list(mailbox.headers_after(0))
            list(mailbox.bodies([1]))
            sent = " ".join(server.commands).upper()
            for word in ("SELECT", "STORE", "ENVELOPE", "BODYSTRUCTURE", "RFC822 ", "RFC822)", "BODY["):
                assert word not in sent.replace("BODY.PEEK[", "")

    def test_examining_again_ends_a_reading_that_is_under_way(self) -> None:
        lines = {uid: line_for(uid) for uid in range(1, 1200)}
        answers: dict[str, Answer] = {
            "EXAMINE": examined(1199, 1200),
            "UID SEARCH": b"* SEARCH " + b" ".join(b"%d" % uid for uid in lines) + b"\r\nTAG OK done\r\n",
            "UID FETCH": fetch(lines),
        }
        with looking_at(answers) as (mailbox, _):
            reading = mailbox.headers_after(0)
            next(reading)
            mailbox.examine("INBOX")
            with pytest.raises(RuntimeError):
                list(reading)


class TestManyMails:
    def test_more_uids_than_one_answer_can_hold_are_all_found(self) -> None:
        first, exists = 1_000_000_000, 130_000
        uids = range(first, first + 2 * exists, 2)
        alive = {uids[0], uids[49_999], uids[50_000], uids[99_999], uids[-1]}

        def search(conversation: Conversation, tag: bytes, command: str) -> None:
            window = re.match(r"UID SEARCH (?:(\d+):(\d+|\*) )?UID (\d+):\*$", command)
            assert window, command
            low = int(window[1] or 1)
            high = exists if window[2] in (None, "*") else int(window[2])
            conversation.ok(tag, b"SEARCH " + b" ".join(b"%d" % uid for uid in uids[low - 1 : high]))

        answers: dict[str, Answer] = {
            "EXAMINE": examined(exists, uids[-1] + 1),
            "UID SEARCH": search,
            "UID FETCH": fetch({uid: line_for(uid) for uid in alive}),
        }
        with looking_at(answers) as (mailbox, server):
            assert [header.uid for header in mailbox.headers_after(0)] == sorted(alive)
            assert server.count("UID SEARCH") == 3
            asked = [
                uid
                for command in server.commands
                if command.startswith("UID FETCH")
                for uid in asked_uids(command)
            ]
            assert asked == list(uids)
            assert max(len(command) for command in server.commands) < 8000

    def test_ranges_are_searched_from_the_newest_down_so_that_an_expunge_hides_nothing(self) -> None:
        with looking_at({"EXAMINE": examined(120_000, 4_000_000_000)}) as (mailbox, server):
            assert list(mailbox.headers_after(5)) == []
            assert [command for command in server.commands if command.startswith("UID SEARCH")] == [
                "UID SEARCH 100001:* UID 6:*",
                "UID SEARCH 50001:100000 UID 6:*",
                "UID SEARCH 1:50000 UID 6:*",
            ]

    def test_a_search_answered_in_several_lines_is_read_wholly(self) -> None:
        split = b"* SEARCH 3 9\r\n* SEARCH\r\n* SEARCH 12\r\nTAG OK done\r\n"
        with looking_at({"UID SEARCH": split}) as (mailbox, _):
            assert mailbox.search_text("113-0196033-6384224") == (3, 9, 12)

    def test_the_last_mail_is_not_new_because_a_star_names_it(self) -> None:
        answers: dict[str, Answer] = {
            "EXAMINE": examined(3, None),
            "UID SEARCH": b"* SEARCH 12\r\nTAG OK done\r\n",
        }
        with looking_at(answers) as (mailbox, server):
            assert list(mailbox.headers_after(12)) == []
            assert server.count("UID FETCH") == 0


class TestPolls:
    def test_a_poll_with_nothing_new_takes_at_most_two_round_trips_and_then_one(self) -> None:
        with looking_at({"EXAMINE": examined(50_000, 60_000)}) as (mailbox, server):
            for trips in (2, 1, 1):
                server.commands.clear()
                server.received = b""
                mailbox.examine("INBOX")
                assert list(mailbox.headers_after(59_999)) == []
                assert len(server.commands) <= trips, server.commands
                assert len(server.received) < 100

    def test_a_poll_with_one_new_mail_takes_three_round_trips_to_its_body(self) -> None:
        lines = {60_000: line_for(60_000)}
        with looking_at({"EXAMINE": examined(50_001, 60_001), "UID FETCH": fetch(lines)}) as (
            mailbox,
            server,
        ):
            server.commands.clear()
            mailbox.examine("INBOX")
            (header,) = mailbox.headers_after(59_999)
            list(mailbox.bodies([header.uid]))
            assert len(server.commands) == 3, server.commands

    def test_a_server_whose_uidnext_stands_still_is_not_believed_when_the_folder_grew(self) -> None:
        exists = iter([1, 1, 2])

        def examine(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.send(examined(next(exists), 5).replace(b"TAG", tag))

        found = iter([b"4", b"4 9"])

        def search(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.ok(tag, b"SEARCH " + next(found))

        answers: dict[str, Answer] = {
            "EXAMINE": examine,
            "UID SEARCH": search,
            "UID FETCH": fetch({9: line_for(9)}),
        }
        with looking_at(answers) as (mailbox, _):
            assert list(mailbox.headers_after(4)) == []
            mailbox.examine("INBOX")
            assert list(mailbox.headers_after(4)) == []
            mailbox.examine("INBOX")
            assert [header.uid for header in mailbox.headers_after(4)] == [9]

    def test_a_folder_without_uidvalidity_is_refused_by_name(self) -> None:
        with looking_at() as (mailbox, server):
            server.answers["EXAMINE"] = examined(3, 4, None)
            with pytest.raises(UserError, match="UIDVALIDITY"):
                mailbox.examine("INBOX")

    def test_a_folder_that_is_there_but_refused_for_now_heals_with_time(self) -> None:
        with looking_at() as (mailbox, server):
            server.answers["EXAMINE"] = b"TAG BAD User is authenticated but not connected.\r\n"
            with pytest.raises(TemporaryError, match="not connected"):
                mailbox.examine("INBOX")

    def test_one_connection_is_not_shared_between_threads(self) -> None:
        def slow(conversation: Conversation, tag: bytes, _: str) -> None:
            time.sleep(0.5)
            conversation.ok(tag)

        with looking_at({"UID SEARCH": slow}) as (mailbox, _):
            other = threading.Thread(target=mailbox.search_text, args=("113-0196033-6384224",))
            other.start()
            time.sleep(0.2)
            with pytest.raises(RuntimeError, match="two threads"):
                mailbox.examine("INBOX")
            other.join()


class TestFolders:
    def test_one_folder_name_that_cannot_be_read_does_not_hide_the_others(self) -> None:
        listed = (
            b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n'
            b'* LIST (\\HasNoChildren) "/" "&Jjo"\r\n'
            b'* LIST (\\HasNoChildren) "/" "&AAD/AP\xff broken"\r\n'
            b'* LIST (\\HasNoChildren) "/" "\xe5\xae\xa2\xe6\x88\xb7"\r\n'
            b'* LIST (\\HasNoChildren) "/" "unclosed\r\n'
            b'* LIST (\\Noselect \\HasChildren) "/" {8}\r\n[Gmail]x\r\n'
            b"* LIST (\\HasNoChildren \\Sent) NIL 2024\r\n"
            b'* LIST (\\HasNoChildren) "/" "&g0l6P3ux-"\r\n'
            b"TAG OK done\r\n"
        )
        with looking_at({"LIST": listed}) as (mailbox, server):
            folders = {folder.name: folder for folder in mailbox.folders()}
            assert {"INBOX", "客户", "2024", "草稿箱", "[Gmail]x"} <= set(folders)
            assert len(folders) == 7
            assert folders["草稿箱"].special_use == {"drafts"}
            assert folders["2024"].special_use == {"sent"}
            assert not folders["[Gmail]x"].selectable
            server.commands.clear()
            for name in folders:
                mailbox.examine(name)
            assert 'EXAMINE "&Jjo"' in server.commands, "a name goes back as the server wrote it"
            assert 'EXAMINE "客户"' in server.commands

    def test_an_odd_name_from_the_configuration_is_found_without_asking_for_the_list_first(self) -> None:
        def examine(conversation: Conversation, tag: bytes, command: str) -> None:
            known = command in ('EXAMINE "INBOX"', 'EXAMINE "客户"')
            conversation.send(
                (examined() if known else b"TAG NO [NONEXISTENT] unknown\r\n").replace(b"TAG", tag)
            )

        listed = b'* LIST () "/" "\xe5\xae\xa2\xe6\x88\xb7"\r\n* LIST () "/" Broken\r\nTAG OK done\r\n'
        with looking_at({"LIST": listed, "EXAMINE": examine}) as (mailbox, _):
            assert mailbox.examine("客户").uidvalidity == 7
            with pytest.raises(TemporaryError, match="Broken"):
                mailbox.examine("Broken")
            with pytest.raises(UserError, match="Missing"):
                mailbox.examine("Missing")

    @pytest.mark.parametrize(
        ("name", "use"),
        [
            ("Drafts", "drafts"),
            ("INBOX.Entwürfe", "drafts"),
            ("草稿", "drafts"),
            ("草稿箱", "drafts"),
            ("Sent Items", "sent"),
            ("已发送", "sent"),
            ("已发送邮件", "sent"),
            ("Gesendete Elemente", "sent"),
            ("INBOX/Spam", "junk"),
            ("垃圾邮件", "junk"),
            ("Courrier indésirable", "junk"),
            ("Deleted Messages", "trash"),
        ],
    )
    def test_without_special_use_the_usual_names_are_known(self, name: str, use: str) -> None:
        from imapclient.imap_utf7 import encode

        delimiter = b'"."' if "." in name else b'"/"'
        listed = b'* LIST () %s INBOX\r\n* LIST () %s "%s"\r\nTAG OK\x20done\r\n' % (
            delimiter,
            delimiter,
            encode(name),
        )
        with looking_at({"LIST": listed}) as (mailbox, _):
            assert {folder.name: set(folder.special_use) for folder in mailbox.folders()} == {
                "INBOX": set(),
                name: {use},
            }

    def test_the_servers_own_mark_beats_a_usual_name(self) -> None:
        listed = b'* LIST () "/" Drafts\r\n* LIST (\\Drafts) "/" "[Gmail]/Brouillons"\r\nTAG OK done\r\n'
        with looking_at({"LIST": listed}) as (mailbox, _):
            uses = {folder.name: set(folder.special_use) for folder in mailbox.folders()}
            assert uses == {"Drafts": set(), "[Gmail]/Brouillons": {"drafts"}}

    def test_a_server_that_does_not_know_its_own_extension_is_asked_plainly(self) -> None:
        def answer(conversation: Conversation, tag: bytes, command: str) -> None:
            if "RETURN" in command:
                conversation.send(tag + b" BAD Syntax error\r\n")
            else:
                conversation.ok(tag, b'LIST (\\Junk) "/" Bulk')

        login = b"TAG OK [CAPABILITY IMAP4rev1 SPECIAL-USE LIST-EXTENDED] hi\r\n"
        with looking_at({"LOGIN": login, "LIST": answer}) as (mailbox, server):
            assert [set(folder.special_use) for folder in mailbox.folders()] == [{"junk"}]
            assert server.count("LIST") == 2


class TestAppend:
    def test_a_server_without_uidplus_gives_no_uid(self) -> None:
        with looking_at({"APPEND": b"TAG OK APPEND completed\r\n"}) as (mailbox, _):
            assert mailbox.append("INBOX", b"Subject: x\r\n\r\n", (), datetime.now(UTC)) is None

    def test_a_full_mailbox_is_told_in_the_servers_words(self) -> None:
        with looking_at({"APPEND": b"TAG NO [OVERQUOTA] Quota exceeded\r\n"}) as (mailbox, _):
            with pytest.raises(TemporaryError, match="Quota exceeded"):
                mailbox.append("INBOX", b"Subject: x\r\n\r\n", (), datetime.now(UTC))
            assert mailbox.examine("INBOX").exists == 0

    def test_a_moment_without_an_offset_is_refused(self) -> None:
        with looking_at() as (mailbox, server):
            with pytest.raises(ValueError, match="naive"):
                mailbox.append("INBOX", b"Subject: x\r\n\r\n", (), datetime(2026, 3, 4))  # noqa: DTZ001
            assert server.count("APPEND") == 0


class TestLogin:
    @pytest.mark.parametrize(
        "answer",
        [
            b"TAG NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
            b"TAG NO LOGIN Login error or password error\r\n",
            b"TAG BAD invalid user or password 'correct horse'\r\n",
        ],
    )
    def test_a_refused_password_is_named_as_such_and_never_shown(self, answer: bytes) -> None:
        with scripted({"LOGIN": answer}) as server:
            with pytest.raises(LoginRefused, match=r"orders@seller\.example") as refused:
                open_mailbox(settings(server), SECRET)
            assert SECRET not in str(refused.value) + repr(refused.value)
            assert server.count("LOGIN") == 1, "one try, or the account is locked"

    @pytest.mark.parametrize(
        "answer",
        [
            b"TAG NO [UNAVAILABLE] Temporary authentication failure\r\n",
            b"TAG NO [LIMIT] Rate limit hit\r\n",
            b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n",
            b"TAG NO Login fail. Account is abnormal, service is not open, login frequency limited\r\n",
            b"TAG NO Maximum number of connections from user+IP exceeded\r\n",
            b"* BYE overloaded\r\n",
        ],
    )
    def test_a_login_put_off_is_not_taken_for_a_wrong_password(self, answer: bytes) -> None:
        with scripted({"LOGIN": answer}) as server, pytest.raises(TemporaryError):
            open_mailbox(settings(server, timeout_seconds=0.5), SECRET)

    @pytest.mark.parametrize(
        "greeting", [b"* BYE too many connections\r\n", b"", b"220 smtp.example ESMTP\r\n", b"* OK"]
    )
    def test_a_server_that_does_not_greet_is_a_matter_of_time(self, greeting: bytes) -> None:
        with scripted(greeting=greeting) as server, pytest.raises(TemporaryError):
            open_mailbox(settings(server, timeout_seconds=0.3), SECRET)

    def test_a_closed_port_and_an_unknown_name_are_matters_of_time_that_name_the_place(self) -> None:
        with scripted() as server:
            port = server.port
        with pytest.raises(TemporaryError, match=str(port)):
            open_mailbox(ImapSettings("127.0.0.1", port, "plain", "a"), SECRET)
        with pytest.raises(TemporaryError, match=r"imap\.invalid"):
            open_mailbox(ImapSettings("imap.invalid", 993, "tls", "a"), SECRET)

    def test_a_preauthenticated_connection_is_refused_before_anything_is_said(self) -> None:
        with scripted(greeting=b"* PREAUTH welcome back\r\n") as server:
            with pytest.raises(UserError, match="PREAUTH"):
                open_mailbox(settings(server), SECRET)
            assert {command.split()[0] for command in server.commands} <= {"CAPABILITY", "LOGOUT"}

    def test_starttls_that_was_stripped_is_refused_before_the_password(self) -> None:
        with scripted() as server:
            with pytest.raises(UserError, match="STARTTLS"):
                open_mailbox(settings(server, security="starttls"), SECRET)
            assert server.count("LOGIN") == 0
            assert SECRET.encode() not in server.received

    def test_starttls_that_is_refused_ends_before_the_password(self) -> None:
        capability = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"
        with scripted({"CAPABILITY": capability, "STARTTLS": b"TAG NO not today\r\n"}) as server:
            with pytest.raises(TemporaryError):
                open_mailbox(settings(server, security="starttls"), SECRET)
            assert SECRET.encode() not in server.received

    def test_without_encryption_the_password_stays_on_this_machine(self) -> None:
        for host in (
            "imap.seller.example",
            "192.0.2.7",
            "localhost.seller.example",
            "127.0.0.1.seller.example",
        ):
            with pytest.raises(UserError, match="without encryption"):
                open_mailbox(ImapSettings(host, 143, "plain", "a"), SECRET)

    def test_everything_wrong_with_the_settings_is_told_at_once(self) -> None:
        with pytest.raises(UserError) as wrong:
            open_mailbox(ImapSettings("imap example\r\n", 0, "ssl", "a\r\nb"), "")
        assert len(wrong.value.problems) == 5

    def test_a_user_name_and_a_password_with_odd_characters_arrive_quoted(self) -> None:
        with scripted() as server:
            open_mailbox(settings(server, user='the "shop" \\ mine'), 'a "b" \\c').close()
            assert server.commands[1] == 'LOGIN "the \\"shop\\" \\\\ mine" "a \\"b\\" \\\\c"'

    def test_a_password_beyond_ascii_goes_by_authenticate_plain(self) -> None:
        capability = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n"
        heard = []

        def authenticate(conversation: Conversation, tag: bytes, _: str) -> None:
            conversation.send(b"+ \r\n")
            heard.append(base64.b64decode(conversation.read_line()).decode())
            conversation.ok(tag)

        with scripted({"CAPABILITY": capability, "AUTHENTICATE PLAIN": authenticate}) as server:
            open_mailbox(settings(server), "pässwörd 密码").close()
            assert heard == ["\0orders@seller.example\0pässwörd 密码"]
        with scripted() as server, pytest.raises(UserError, match="ASCII") as refused:
            open_mailbox(settings(server), "pässwörd")
        assert "pässwörd" not in str(refused.value)

    def test_a_server_with_login_disabled_never_hears_the_password(self) -> None:
        capability = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK done\r\n"
        with scripted({"CAPABILITY": capability}) as server:
            with pytest.raises(UserError, match="no password"):
                open_mailbox(settings(server), SECRET)
            assert SECRET.encode() not in server.received

    def test_a_server_that_offers_id_hears_who_we_are_before_the_first_folder(self) -> None:
        with scripted({"LOGIN": b"TAG OK [CAPABILITY IMAP4rev1 ID] welcome\r\n"}) as server:
            mailbox = open_mailbox(settings(server), SECRET)
            mailbox.examine("INBOX")
            mailbox.close()
            words = [command.split()[0] for command in server.commands]
            assert words.index("LOGIN") < words.index("ID") < words.index("EXAMINE")

    @pytest.mark.parametrize(
        ("host", "insisted"),
        [("imap.163.com", True), ("imap.exmail.qq.com", True), ("imap.notqq.com", False)],
    )
    def test_providers_that_insist_on_id_hear_it_unasked(
        self, host: str, insisted: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resolve = socket.getaddrinfo

        def on_loopback(name: str, *others: object, **named: object) -> object:
            return resolve("127.0.0.1" if name == host else name, *others, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", on_loopback)
        with scripted() as server:
            open_mailbox(settings(server, host=host, allow_plain=True), SECRET).close()
            assert server.count("ID") == insisted

    def test_a_server_that_refuses_id_is_used_all_the_same(self) -> None:
        login = b"TAG OK [CAPABILITY IMAP4rev1 ID] welcome\r\n"
        with scripted({"LOGIN": login, "ID": b"TAG BAD no\r\n"}) as server:
            mailbox = open_mailbox(settings(server), SECRET)
            assert mailbox.examine("INBOX").uidvalidity == 7
            mailbox.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not has_dovecot():
        pytest.skip("needs openssl for a certificate")
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.parent / "cert.pem", certificate.parent / "key.pem")
    return context


@pytest.mark.live
class TestTls:
    def test_a_certificate_for_another_name_is_the_users_to_settle(self, certificate: Path) -> None:
        with scripted(tls=_server_context(certificate)) as server:
            wanted = settings(server, security="tls", ca_file=str(certificate))
            with pytest.raises(UserError, match="certificate"):
                open_mailbox(wanted, SECRET)
            assert server.received == b""
            open_mailbox(
                settings(server, host="localhost", security="tls", ca_file=str(certificate)), SECRET
            ).close()
            assert server.count("LOGIN") == 1

    def test_a_certificate_of_an_unknown_authority_is_refused(self, certificate: Path) -> None:
        with scripted(tls=_server_context(certificate)) as server:
            with pytest.raises(UserError, match="certificate"):
                open_mailbox(settings(server, host="localhost", security="tls"), SECRET)
            assert server.received == b""

    def test_tls_to_a_server_without_it_says_which_setting_is_wrong(self) -> None:
        with scripted() as server, pytest.raises(UserError, match="does not speak TLS"):
            open_mailbox(settings(server, security="tls"), SECRET)

    def test_a_missing_ca_file_is_named(self) -> None:
        with scripted() as server, pytest.raises(UserError, match=r"nowhere\.pem"):
            open_mailbox(settings(server, security="tls", ca_file="/nowhere.pem"), SECRET)

    def test_a_push_in_the_same_tls_record_as_the_continuation_is_heard(self, certificate: Path) -> None:
        script: dict[str, Answer] = {"IDLE": idle(b"+ idling\r\n* 1 EXISTS\r\n")}
        with scripted(script, tls=_server_context(certificate)) as server:
            wanted = settings(server, host="localhost", security="tls", ca_file=str(certificate))
            mailbox = open_mailbox(wanted, SECRET)
            mailbox.examine("INBOX")
            started = time.monotonic()
            assert mailbox.wait(20) is True
            assert time.monotonic() - started < 2
            mailbox.close()

    @pytest.mark.parametrize("how", ["close", "reset"])
    def test_a_tls_connection_that_ends_in_idle_is_an_error_at_once(
        self, certificate: Path, how: str
    ) -> None:
        def end(conversation: Conversation, _tag: bytes, _command: str) -> None:
            conversation.send(b"+ idling\r\n", pause_seconds=0.2)
            getattr(conversation, how)()

        with scripted({"IDLE": end}, tls=_server_context(certificate)) as server:
            wanted = settings(server, host="localhost", security="tls", ca_file=str(certificate))
            mailbox = open_mailbox(wanted, SECRET)
            mailbox.examine("INBOX")
            started = time.monotonic()
            with pytest.raises(TemporaryError):
                mailbox.wait(20)
            assert time.monotonic() - started < 3
            mailbox.close()

    def test_all_connections_share_one_context(self, certificate: Path) -> None:
        with scripted(tls=_server_context(certificate)) as server:
            wanted = settings(server, host="localhost", security="tls", ca_file=str(certificate))
            first, second = open_mailbox(wanted, SECRET), open_mailbox(wanted, SECRET)
            assert isinstance(first, ImapMailbox)
            assert isinstance(second, ImapMailbox)
            assert first._link._client.ssl_context is second._link._client.ssl_context
            first.close()
            second.close()

    def test_starttls_encrypts_before_the_password(
        self, dovecot_server: DovecotServer, fresh_seller: str
    ) -> None:
        wanted = ImapSettings(
            "localhost", dovecot_server.imap_port, "starttls", fresh_seller, ca_file=dovecot_server.ca_file
        )
        mailbox = open_mailbox(wanted, SECRET)
        assert isinstance(mailbox, ImapMailbox)
        assert isinstance(mailbox._link._client.socket(), ssl.SSLSocket)
        dovecot_server.deliver(fresh_seller, b"Subject: hello\r\n\r\nHello\r\n")
        assert mailbox.examine("INBOX").exists == 1
        mailbox.close()
        with pytest.raises(UserError, match="certificate"):
            open_mailbox(
                ImapSettings("localhost", dovecot_server.imap_port, "starttls", fresh_seller), SECRET
            )


class TestPrivacy:
    def test_no_mail_and_no_password_is_ever_formatted_for_a_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        formatted: list[str] = []
        body = b"Subject: x\r\n\r\n" + MARKER
        line = b"1 FETCH (UID 1 RFC822.SIZE 50 BODY[HEADER] %s BODY[] %s)" % (literal(MARKER), literal(body))
        answers: dict[str, Answer] = {
            "EXAMINE": examined(1, 2),
            "UID FETCH": fetch({1: line}),
            "APPEND": b"TAG OK\x20k\r\n",
        }
        with looking_at(answers) as (mailbox, _):
            library = mailbox._link._client._imap
            assert library.debug == 0
            library._mesg = lambda text, *_: formatted.append(str(text))
            assert len(list(mailbox.headers_after(0))) == 1
            assert list(mailbox.bodies([1])) == [(1, body)]
            mailbox.append("INBOX", body, (), datetime.now(UTC))
            formatted.extend(map(str, getattr(library, "_cmd_log", {}).values()))
        everything = caplog.text + "".join(formatted)
        assert MARKER.decode() not in everything
        assert SECRET not in caplog.text

    def test_the_text_of_an_error_holds_nothing_of_a_mail(self) -> None:
        for odd in (
            b"* 1 FETCH (UID 1 BODY[] {%d}\r\n" % len(MARKER) + MARKER + b' "unclosed)\r\nTAG OK done\r\n',
            MARKER + b"\r\nTAG OK done\r\n",
            b"* 1 FETCH (UID 1 BODY[] " + MARKER + b"\nTAG OK done\r\n",
        ):
            answers: dict[str, Answer] = {"EXAMINE": examined(1, 2), "UID FETCH": odd}
            with looking_at(answers) as (mailbox, _):
                try:
                    list(mailbox.headers_after(0))
                    said = ""
                except TemporaryError as error:
                    said = str(error) + repr(error) + repr(error.__cause__)
                assert "Jane" not in said

    def test_every_wait_for_the_server_is_bounded(self) -> None:
        with looking_at({"EXAMINE": examined(1, 2), "UID FETCH": fetch({1: line_for(1)})}) as (mailbox, _):
            for act in (
                lambda: list(mailbox.headers_after(0)),
                lambda: mailbox.search_text("113-0196033-6384224"),
                lambda: mailbox.wait(0.1),
                mailbox.folders,
            ):
                act()
                assert mailbox._link._client.socket().gettimeout() is not None

    def test_a_server_that_never_answers_costs_one_timeout(self) -> None:
        with looking_at() as (mailbox, server):
            server.answers["EXAMINE"] = lambda conversation, *_: conversation.read_line()
            started = time.monotonic()
            with pytest.raises(TemporaryError, match="in time"):
                mailbox.examine("INBOX")
            assert time.monotonic() - started < 3
            assert imap.SEARCH_SECONDS > 60
