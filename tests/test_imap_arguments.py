"""No string that becomes part of an IMAP command can be anything but an argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st
from imap_script import ScriptedServer, scripted
from imapclient.imap_utf7 import decode as decode_utf7

from inbox_bot.core.errors import UserError
from inbox_bot.mail import arguments
from inbox_bot.mail.arguments import UnsafeArgument
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import ImapSettings, Mailbox

HOSTILE = st.text(st.sampled_from('\r\n\0"\\(){}[]%*& aZ19<>@.+-é客\x7f\x85\u2028'), max_size=30)
ANY_TEXT = st.text(max_size=60) | HOSTILE | st.text(st.characters(codec=None), max_size=9)
A_COMMAND = re.compile(
    rb"[A-P]{4}\d+ (CAPABILITY|LOGIN|EXAMINE|LIST|APPEND|UID SEARCH|UID FETCH|LOGOUT)\b[^\r\n\0]*"
)


def _unquoted(text: str) -> str:
    assert text[0] == text[-1] == '"'
    inner = re.sub(r"\\(.)", r"\1", text[1:-1])
    assert re.fullmatch(r'(?:[^"\\]|\\["\\])*', text[1:-1])
    return inner


@given(ANY_TEXT)
def test_a_quoted_string_is_the_value_and_nothing_but_the_value(value: str) -> None:
    try:
        sent = arguments.quoted(value, "value")
    except UnsafeArgument:
        assert not value.isascii() or not value.isprintable()
    else:
        assert _unquoted(sent) == value


@given(ANY_TEXT)
def test_a_folder_name_arrives_as_it_is_or_is_refused(name: str) -> None:
    try:
        sent = arguments.folder(name)
    except UnsafeArgument:
        assert not name or re.search("[\r\n\0\ud800-\udfff]", name)
    else:
        assert re.fullmatch(rb"[\x20-\x7e]+", sent)
        assert decode_utf7(_unquoted(sent.decode("ascii")).encode("ascii")) == name


@given(st.binary(max_size=40))
def test_a_raw_folder_name_cannot_break_out_of_its_quotes(raw: bytes) -> None:
    try:
        sent = arguments.folder(raw)
    except UnsafeArgument:
        assert not raw or set(raw) & set(b"\r\n\0")
    else:
        assert _unquoted(sent.decode("latin-1")).encode("latin-1") == raw


@given(ANY_TEXT)
def test_whatever_becomes_a_criterion_is_one_quoted_id(text: str) -> None:
    for criterion, shape in (
        (arguments.search_text, r'TEXT "[A-Za-z0-9-]{6,40}"'),
        (arguments.search_message_id, r'HEADER Message-ID "<(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+>"'),
    ):
        with suppress(UnsafeArgument):
            assert re.fullmatch(shape, criterion(text))


@pytest.mark.parametrize("breaker", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize(
    "gate",
    [
        lambda text: arguments.unbroken(text, "value"),
        lambda text: arguments.quoted(text, "value"),
        arguments.folder,
        lambda text: arguments.folder(text.encode()),
        lambda text: arguments.credential(text, "password"),
        arguments.search_text,
        arguments.search_message_id,
        lambda text: arguments.flags([text]),
    ],
)
def test_every_gate_refuses_line_breaks_and_nul(gate, breaker: str) -> None:  # type: ignore[no-untyped-def]
    for text in (f"113-0196033{breaker}", f"{breaker}113-0196033", f"<a@b>{breaker}ZZ1 DELETE Victim"):
        with pytest.raises(UnsafeArgument, match=r"line break|NUL"):
            gate(text)


def test_a_refusal_never_repeats_a_secret() -> None:
    with pytest.raises(UnsafeArgument) as refused:
        arguments.credential("hunter2\r\n", "password")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", [r"\Seen", r"\Draft", "$Junk", "NonJunk", "$MDNSent"])
def test_flags_are_flags(name: str) -> None:
    assert arguments.flags([name]) == f"({name})"


@pytest.mark.parametrize(
    "name", ["", r"\Seen) (x", r"\*", "two words", 'a"b', r"\\Seen", "é", "{3}", "a" * 100]
)
def test_what_is_no_flag_is_refused(name: str) -> None:
    with pytest.raises(UnsafeArgument):
        arguments.flags([r"\Seen", name])


def test_uids_are_sorted_unique_and_real() -> None:
    assert arguments.uids([9, 3, 9, 2**32 - 1]) == [3, 9, 2**32 - 1]
    for wrong in (0, -1, 2**32, True, "1:*", 1.0):
        with pytest.raises(UnsafeArgument):
            arguments.uids([wrong])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Mailbox, ScriptedServer]]:
    with scripted({"APPEND": b"TAG OK done\r\n"}) as server:
        mailbox = open_mailbox(
            ImapSettings("127.0.0.1", server.port, "plain", "a", timeout_seconds=5), "secret"
        )
        yield mailbox, server
        mailbox.close()


@tuned(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
def test_on_the_wire_every_line_is_a_command_of_ours(
    listening: tuple[Mailbox, ScriptedServer], text: str
) -> None:
    mailbox, server = listening
    mailbox.examine("INBOX")
    for act in (
        lambda: mailbox.search_text(text),
        lambda: mailbox.search_message_id(text),
        lambda: mailbox.append(text, b"Subject: x\r\n\r\n", (), datetime.now(UTC)),
        lambda: mailbox.append("Drafts", b"Subject: x\r\n\r\n", (text,), datetime.now(UTC)),
        lambda: mailbox.examine("INBOX"),
        lambda: mailbox.examine(text),
    ):
        with suppress(UserError):
            act()
    for line in server.received.split(b"\r\n")[:-1]:
        assert A_COMMAND.fullmatch(line), line
    server.received = b""
