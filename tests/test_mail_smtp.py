"""Handing a mail to SMTP: what is promised about every fault a server or a network can have, on real sockets."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_servers import (
    CLOSE,
    HANG,
    RESET,
    TRICKLE,
    Inbox,
    WireServer,
    authority_file,
    late,
    server_context,
    smtp_server,
)

from inbox_bot.core.errors import LoginRefused, NeedsReview, TemporaryError, UserError
from inbox_bot.mail.smtp import (
    Acceptance,
    AnswerUnknown,
    RefusedByServer,
    SmtpSettings,
    _stuffed,
    probe,
    submit,
)

MAIL = b"From: <shop@seller.example>\r\nTo: <disputes@market.example>\r\nSubject: Re: x\r\n\r\nHello\r\n.\r\n..dots\r\n"
SECRET = "correct horse 电池"
USER = "shop@seller.example"


class Caller:
    """Does what the shell does around a submission and remembers in which order.

    With a server it writes into that server's log, and takes its time: a byte sent too early would get in first.
    """

    def __init__(self, server: WireServer | None = None) -> None:
        self.log: list[str] = server.log if server else []
        self.pause_seconds = 0.2 if server else 0.0
        self.accepted: list[Acceptance] = []

    def before_body(self) -> None:
        time.sleep(self.pause_seconds)
        self.log.append("before_body")

    def on_accepted(self, acceptance: Acceptance) -> None:
        time.sleep(self.pause_seconds)
        self.log.append("on_accepted")
        self.accepted.append(acceptance)


def settings(port: int, **more: object) -> SmtpSettings:
    fields: dict[str, object] = {"host": "127.0.0.1", "port": port, "security": "plain"}
    fields |= {"timeout_seconds": 3.0, "answer_timeout_seconds": 3.0, **more}
    return SmtpSettings(**fields)  # type: ignore[arg-type]


def send(
    where: SmtpSettings,
    caller: Caller,
    raw_bytes: bytes = MAIL,
    *,
    sender: str = "shop@seller.example",
    recipient: str = "disputes@market.example",
    copy_to: str | None = None,
) -> Acceptance:
    return submit(
        where,
        SECRET,
        sender=sender,
        recipient=recipient,
        copy_to=copy_to,
        raw_bytes=raw_bytes,
        before_body=caller.before_body,
        on_accepted=caller.on_accepted,
    )


# --- the good case, and its order on the wire


def test_a_mail_arrives_byte_for_byte_at_the_recipient_and_the_copy() -> None:
    with smtp_server(Inbox()) as inbox:
        answer = send(settings(inbox.port), Caller(), copy_to="shop@seller.example")
    assert answer == Acceptance(250, "2.0.0 queued as A1B2C3")
    assert inbox.mails == [MAIL]
    assert inbox.recipients == [["disputes@market.example", "shop@seller.example"]]


def test_the_intent_is_committed_before_the_first_body_byte_and_the_proof_before_quit() -> None:
    with WireServer() as server:
        send(settings(server.port), Caller(server))
        assert server.wait_for("end")
    order = [mark.lower() for mark in server.log[server.log.index("DATA") :]]
    assert order == ["data", "before_body", "first body byte", "on_accepted", "quit", "end"]


class DiskFull(Caller):
    """A shell whose store cannot commit, at one of the two moments."""

    def __init__(self, moment: str) -> None:
        super().__init__()
        self.moment = moment

    def before_body(self) -> None:
        if self.moment == "before_body":
            raise OSError("disk full")

    def on_accepted(self, acceptance: Acceptance) -> None:
        if self.moment == "on_accepted":
            raise OSError("disk full")


def test_when_the_intent_cannot_be_committed_no_byte_of_the_mail_leaves() -> None:
    with WireServer() as server:
        with pytest.raises(OSError, match=r"^disk full$"):
            send(settings(server.port), DiskFull("before_body"))
        assert server.wait_for("end")
    assert server.log[-2:] == ["DATA", "end"]


def test_a_proof_that_cannot_be_committed_is_told_and_not_swallowed() -> None:
    with WireServer() as server, pytest.raises(OSError, match=r"^disk full$"):
        send(settings(server.port), DiskFull("on_accepted"))
    assert len(server.accepted) == 1


# --- faults after the body was begun: the table of what smtplib gets wrong


@pytest.mark.parametrize("at_quit", ["421 closing", CLOSE, RESET, "nonsense", "500 what"])
def test_trouble_at_quit_does_not_unsend_an_accepted_mail(at_quit: str) -> None:
    with WireServer({"QUIT": at_quit}) as server:
        caller = Caller()
        assert send(settings(server.port), caller).code == 250
    assert len(server.accepted) == len(caller.accepted) == 1


def test_a_server_that_hangs_at_quit_costs_seconds_and_nothing_else() -> None:
    with WireServer({"QUIT": HANG}) as server:
        caller = Caller()
        begun = time.monotonic()
        assert send(settings(server.port, answer_timeout_seconds=1.0), caller).code == 250
        assert time.monotonic() - begun < 3
    assert len(caller.accepted) == 1


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [(CLOSE, 0), (RESET, 0), (HANG, 0), (late(1.5, "250 queued at last"), 1), ("250-half of\n", 1)],
    ids=["closed", "reset", "hung", "late", "half an answer"],
)
def test_an_unanswered_dot_is_an_unknown_outcome(answer: str, accepted: int) -> None:
    """The server may have the mail (late) or not (closed): both look the same from here."""
    with WireServer({"DOT": answer}) as server:
        caller = Caller()
        with pytest.raises(AnswerUnknown) as caught:
            send(settings(server.port, answer_timeout_seconds=0.6), caller)
        assert caught.value.dot_sent
        assert caller.log == ["before_body"]
    assert len(server.accepted) == accepted


@pytest.mark.parametrize("answer", ["354 more?", "hello", "999 odd", "25", "250-one\n550 two", "2500 OK"])
def test_an_answer_to_the_dot_that_is_not_smtp_is_an_unknown_outcome(answer: str) -> None:
    with WireServer({"DOT": answer}) as server, pytest.raises(AnswerUnknown):
        send(settings(server.port), Caller())


def test_an_answer_without_end_is_an_unknown_outcome_in_bounded_memory() -> None:
    for endless in ("250 " + "x" * 100_000, "250-more\n" * 5_000):
        with WireServer({"DOT": endless}) as server, pytest.raises(AnswerUnknown):
            send(settings(server.port), Caller())


def test_a_server_that_trickles_its_answer_does_not_outlast_the_timeout() -> None:
    with WireServer({"DOT": TRICKLE}) as server:
        begun = time.monotonic()
        with pytest.raises(AnswerUnknown):
            send(settings(server.port, answer_timeout_seconds=0.5), Caller())
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ("451 4.3.0 try later", False),
        ("421 4.3.2 closing", False),
        ("552 5.3.4 too big", True),
        ("554-no\n554 spam", True),
    ],
)
def test_a_refusal_after_the_dot_is_known_to_be_one(answer: str, permanent: bool) -> None:
    with WireServer({"DOT": answer}) as server:
        caller = Caller()
        with pytest.raises(RefusedByServer) as caught:
            send(settings(server.port), caller)
    assert (caught.value.code, caught.value.permanent, caught.value.phase) == (
        int(answer[:3]),
        permanent,
        "body",
    )
    assert not server.accepted
    assert not caller.accepted


def test_a_connection_that_breaks_in_the_body_is_unknown_but_says_that_the_end_was_not_sent() -> None:
    with WireServer(cut=(100_000, RESET)) as server:
        with pytest.raises(AnswerUnknown) as caught:
            send(settings(server.port), Caller(), MAIL + b"line of the body\r\n" * 1_500_000)
        assert not caught.value.dot_sent
    assert not server.bodies


def test_a_server_that_refuses_in_the_middle_of_the_body_and_hangs_up_is_heard() -> None:
    with WireServer(cut=(100_000, "552 5.3.4 message too big for you")) as server:
        caller = Caller()
        with pytest.raises(RefusedByServer, match="too big for you") as caught:
            send(settings(server.port), caller, MAIL + b"line of the body\r\n" * 500_000)
    assert (caught.value.code, caught.value.phase) == (552, "body")
    assert not caller.accepted


# --- faults before the body: nothing was accepted, and everybody knows it


@pytest.mark.parametrize("phase", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [CLOSE, RESET, HANG, "garbage"])
def test_a_fault_before_the_body_is_temporary_and_nothing_was_begun(phase: str, fault: str) -> None:
    with WireServer({phase: fault}) as server:
        caller = Caller()
        with pytest.raises(TemporaryError, match=f"127.0.0.1:{server.port}"):
            send(settings(server.port, timeout_seconds=0.4), caller)
    assert not caller.log
    assert not server.bodies


@pytest.mark.parametrize("phase", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "permanent"), [("451 4.7.1 Greylisted", False), ("550 5.1.1 no", True), ("421 busy", False)]
)
def test_a_refusal_is_told_apart_by_its_code_in_every_phase(phase: str, answer: str, permanent: bool) -> None:
    with WireServer({phase: answer}) as server:
        caller = Caller()
        with pytest.raises(RefusedByServer) as caught:
            send(settings(server.port), caller)
    assert (caught.value.permanent, caught.value.phase, caught.value.text) == (permanent, phase, answer[4:])
    assert not caller.log


def test_an_answer_that_makes_no_sense_at_data_sends_no_body() -> None:
    for answer in ("250 fine", "354 go on\n250 a stray answer"):
        with WireServer({"DATA": answer}) as server:
            caller = Caller()
            with pytest.raises(TemporaryError):
                send(settings(server.port), caller)
        assert not caller.log
        assert not server.bodies


def test_no_server_at_all_is_temporary() -> None:
    with WireServer() as server:
        port = server.port
    with pytest.raises(TemporaryError, match=str(port)):
        send(settings(port), Caller())


def test_a_greylisting_server_takes_the_same_mail_later() -> None:
    inbox = Inbox(answers={"disputes@market.example": "451 4.7.1 Greylisted, come back"})
    with smtp_server(inbox):
        with pytest.raises(RefusedByServer) as caught:
            send(settings(inbox.port), Caller())
        assert not caught.value.permanent
        inbox.answers.clear()
        assert send(settings(inbox.port), Caller()).code == 250
    assert inbox.mails == [MAIL]


# --- recipients


def test_a_refused_copy_is_skipped_and_told() -> None:
    inbox = Inbox(answers={"shop@seller.example": "550 5.1.1 no such user"})
    with smtp_server(inbox):
        answer = send(settings(inbox.port), Caller(), copy_to="shop@seller.example")
    assert answer.copy_refused == "550 5.1.1 no such user"
    assert inbox.recipients == [["disputes@market.example"]]


def test_a_refused_recipient_ends_it_even_when_the_copy_would_be_taken() -> None:
    with WireServer({"RCPT": "550 5.1.1 unknown"}) as server:
        with pytest.raises(RefusedByServer, match="550"):
            send(settings(server.port), Caller(), copy_to="shop@seller.example")
        assert server.wait_for("end")
    assert "RSET" in server.log
    assert "DATA" not in map(str.upper, server.log)
    assert sum(line.startswith("RCPT") for line in server.log) == 1


def test_a_server_that_closes_at_the_copy_has_taken_nothing() -> None:
    with (
        WireServer({"RCPT 2": "421 4.3.2 shutting down"}) as server,
        pytest.raises(RefusedByServer, match="421"),
    ):
        send(settings(server.port), Caller(), copy_to="shop@seller.example")
    assert not server.bodies


def test_a_copy_to_the_recipient_itself_is_not_asked_for_twice() -> None:
    with WireServer() as server:
        send(settings(server.port), Caller(), copy_to="Disputes@Market.example")
    assert sum(line.startswith("RCPT") for line in server.log) == 1


HOSTILE = [
    "a@market.example>\r\nRCPT TO:<evil@attacker.example",
    "a@market.example\n",
    "a b@market.example",
    "<a@market.example>",
    "a\x00@market.example",
    "a\u2028b@market.example",
    "a@b@market.example",
    "a@market.example SIZE=1",
    "a@mark et.example",
    "a@[127.0.0.1]",
    "market.example",
    "@market.example",
    "a@",
    " ",
    "a\ud800@market.example",
    "a@" + "x" * 300 + ".example",
]


@pytest.mark.parametrize("address", HOSTILE, ids=ascii)
@pytest.mark.parametrize("role", ["sender", "recipient", "copy_to"])
def test_an_address_that_could_carry_a_command_never_reaches_the_wire(role: str, address: str) -> None:
    nowhere = settings(1)
    with pytest.raises(NeedsReview) as caught:
        send(nowhere, Caller(), **{role: address})  # type: ignore[arg-type]
    assert "market.example" not in str(caught.value)


def test_an_address_with_an_international_domain_goes_out_in_ascii() -> None:
    with WireServer() as server:
        send(settings(server.port), Caller(), sender="laden@bücher.example")
    assert any("FROM:<laden@xn--bcher-kva.example>" in line for line in server.log)


def test_a_non_ascii_address_is_refused_clearly_without_smtputf8_and_sent_with_it() -> None:
    with WireServer() as server, pytest.raises(RefusedByServer, match="non-ASCII") as caught:
        send(settings(server.port), Caller(), recipient="büro@market.example")
    assert caught.value.permanent
    assert not any(line.startswith("MAIL") for line in server.log)
    with WireServer(extensions=("SMTPUTF8", "8BITMIME")) as server:
        send(settings(server.port), Caller(), recipient="büro@market.example")
    assert any(line.startswith("MAIL") and line.endswith("SMTPUTF8") for line in server.log)
    assert "RCPT TO:<büro@market.example>" in server.log


# --- size and bytes


def test_a_mail_over_the_announced_size_is_refused_before_anything_is_said() -> None:
    with WireServer(extensions=("SIZE 1000",)) as server:
        with pytest.raises(RefusedByServer, match="at most 1000") as caught:
            send(settings(server.port), Caller(), MAIL + b"x" * 990 + b"\r\n")
        assert server.wait_for("end")
    assert caught.value.permanent
    assert not any(line.startswith("MAIL") for line in server.log)


def test_the_size_is_announced_so_that_the_server_can_refuse_at_once() -> None:
    with WireServer() as server:
        send(settings(server.port), Caller())
    assert f"MAIL FROM:<shop@seller.example> SIZE={len(MAIL)}" in server.log


@pytest.mark.parametrize("announced", ["SIZE", "SIZE 0", "SIZE many", "SIZE 99999999999999999999999"])
def test_an_odd_size_limit_is_no_limit(announced: str) -> None:
    with WireServer(extensions=(announced,)) as server:
        assert send(settings(server.port), Caller()).code == 250


def test_a_mail_with_bare_line_ends_is_a_bug_of_the_caller_and_not_sent() -> None:
    for raw_bytes in (b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\n.\r\n", b""):
        with pytest.raises(ValueError, match="CRLF"):
            send(settings(1), Caller(), raw_bytes)


def test_leading_dots_are_doubled_on_the_wire_also_in_a_big_mail() -> None:
    body = b".first\r\n" + b"".join(b".\r\n..\r\nline %d\r\n.x\r\n" % n for n in range(30_000)) + b"no end"
    with WireServer() as server:
        send(settings(server.port), Caller(), body)
    wire = server.bodies[0]
    assert re.sub(rb"(?m)^\.", b"", wire) == body + b"\r\n"
    assert not re.search(rb"(?m)^\.(?!\.)", wire)


@given(
    st.lists(
        st.sampled_from([b".", b"..", b"\r\n", b"x", b"\r\n.\r\n", b"y" * 70_000, b".\r\n"]),
        min_size=1,
        max_size=40,
    )
)
def test_no_body_ends_early_or_changes_through_dot_stuffing(parts: list[bytes]) -> None:
    raw_bytes = b"".join(parts)
    pieces = list(_stuffed(raw_bytes))
    wire = b"".join(piece for piece, _ in pieces)
    assert [last for _, last in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (b"\r\n" + wire).find(b"\r\n.\r\n") == len(wire) - 3
    unstuffed = (b"\r\n" + wire[:-3]).replace(b"\r\n.", b"\r\n")[2:]
    assert unstuffed == (raw_bytes if raw_bytes.endswith(b"\r\n") else raw_bytes + b"\r\n")


# --- encryption


def test_tls_from_the_first_byte_with_a_verified_certificate(tmp_path: Path) -> None:
    inbox = Inbox()
    where = {"host": "localhost", "security": "tls", "ca_file": authority_file(tmp_path)}
    with smtp_server(inbox, ssl_context=server_context(tmp_path)):
        assert send(settings(inbox.port, **where), Caller()).code == 250
    assert inbox.mails == [MAIL]


def test_a_certificate_of_an_unknown_authority_or_for_another_name_is_not_accepted(tmp_path: Path) -> None:
    inbox = Inbox()
    ca_file = authority_file(tmp_path)
    with smtp_server(inbox, ssl_context=server_context(tmp_path)):
        for more in ({"host": "localhost"}, {"host": "127.0.0.1", "ca_file": ca_file}):
            caller = Caller()
            with pytest.raises(TemporaryError, match=r"certificate .* ca_file"):
                send(settings(inbox.port, security="tls", **more), caller)
            assert not caller.log
    assert not inbox.mails


def test_starttls_encrypts_before_the_login(tmp_path: Path) -> None:
    where = {"host": "localhost", "security": "starttls", "ca_file": authority_file(tmp_path), "user": USER}
    inbox = Inbox(users={USER: SECRET})
    with smtp_server(inbox, tls_context=server_context(tmp_path), require_starttls=True):
        assert send(settings(inbox.port, **where), Caller()).code == 250
    assert (inbox.mails, inbox.logins) == ([MAIL], 1)


def test_a_stripped_starttls_is_noticed_and_no_secret_is_said() -> None:
    with WireServer(extensions=("AUTH PLAIN LOGIN",)) as server:
        with pytest.raises(TemporaryError, match="does not offer STARTTLS"):
            send(settings(server.port, security="starttls", user=USER), Caller())
        assert server.wait_for("end")
    assert not any(line.startswith(("AUTH", "MAIL")) for line in server.log)


def test_a_refused_starttls_and_a_certificate_that_does_not_fit_end_it_too(tmp_path: Path) -> None:
    extensions = ("STARTTLS", "AUTH PLAIN")
    with (
        WireServer({"STARTTLS": "454 not now"}, extensions=extensions) as server,
        pytest.raises(RefusedByServer) as caught,
    ):
        send(settings(server.port, security="starttls", user=USER), Caller())
    assert (caught.value.phase, caught.value.permanent) == ("STARTTLS", False)
    with (
        WireServer(extensions=extensions, context=server_context(tmp_path)) as server,
        pytest.raises(TemporaryError, match="certificate"),
    ):
        send(settings(server.port, security="starttls", user=USER, host="localhost"), Caller())
    assert not any(line.startswith("AUTH") for line in server.log)


def test_words_slipped_in_before_the_encryption_are_not_believed(tmp_path: Path) -> None:
    answers = {"STARTTLS": "220 go on\n250 AUTH PLAIN"}
    with (
        WireServer(answers, extensions=("STARTTLS",), context=server_context(tmp_path)) as server,
        pytest.raises(TemporaryError, match="slipped in"),
    ):
        send(settings(server.port, security="starttls"), Caller())


def test_a_port_that_does_not_speak_tls_says_what_to_try() -> None:
    with WireServer() as server, pytest.raises(TemporaryError, match="starttls"):
        send(settings(server.port, security="tls"), Caller())


def test_plain_to_another_machine_is_refused_unless_meant() -> None:
    with pytest.raises(UserError, match="allow_plain"):
        send(settings(25, host="mail.market.example"), Caller())
    with WireServer() as server:
        for host in ("localhost", "127.0.0.1"):
            assert send(settings(server.port, host=host), Caller()).code == 250


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "ssl"},
        {"host": ""},
        {"host": "a b"},
        {"host": "a..b", "allow_plain": True},
        {"port": 0},
        {"port": 70_000},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        send(
            settings(25, **{"timeout_seconds": 1.0, **wrong}) if "port" not in wrong else settings(**wrong),
            Caller(),
        )  # type: ignore[arg-type]
    assert str(caught.value)


def test_a_certificate_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")
    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(UserError, match=path.name):
            send(settings(25, security="tls", ca_file=str(path)), Caller())


# --- login


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_non_ascii_secret_logs_in() -> None:
    for excluded in (["LOGIN"], ["PLAIN"]):
        inbox = Inbox(users={USER: SECRET})
        with smtp_server(inbox, auth_require_tls=False, auth_exclude_mechanism=excluded):
            assert send(settings(inbox.port, user=USER), Caller()).code == 250
        assert inbox.logins == 1


def test_a_refused_login_is_tried_once_and_shows_no_secret() -> None:
    token = base64.b64encode(f"\0{USER}\0{SECRET}".encode()).decode()
    answers = {"AUTH": f"535 5.7.8 {token} {SECRET} is wrong"}
    with WireServer(answers, extensions=("AUTH LOGIN PLAIN",)) as server:
        with pytest.raises(LoginRefused, match="535") as caught:
            send(settings(server.port, user=USER), Caller())
        assert server.wait_for("end")
    assert sum(line.startswith("AUTH") for line in server.log) == 1
    shown = str(caught.value)
    assert SECRET not in shown
    assert token not in shown
    assert caught.value.__cause__ is None


def test_a_login_that_is_refused_for_now_may_be_tried_again() -> None:
    with (
        WireServer({"AUTH": "454 4.7.0 busy"}, extensions=("AUTH PLAIN",)) as server,
        pytest.raises(RefusedByServer) as caught,
    ):
        send(settings(server.port, user=USER), Caller())
    assert not caught.value.permanent


def test_a_mechanism_the_server_offers_and_does_not_know_is_passed_over() -> None:
    answers = {"AUTH": "504 unknown mechanism"}
    with WireServer(answers, extensions=("AUTH PLAIN LOGIN",)) as server, pytest.raises(LoginRefused):
        send(settings(server.port, user=USER), Caller())
    assert [line.split()[1] for line in server.log if line.startswith("AUTH")] == ["PLAIN", "LOGIN"]


def test_a_server_without_a_known_login_says_what_it_offers() -> None:
    with WireServer(extensions=("AUTH GSSAPI",)) as server, pytest.raises(LoginRefused, match="GSSAPI"):
        send(settings(server.port, user=USER), Caller())


def test_a_secret_with_a_nul_is_refused_and_not_sent() -> None:
    with WireServer(extensions=("AUTH PLAIN",)) as server, pytest.raises(LoginRefused, match="NUL"):
        send(settings(server.port, user="shop\0admin"), Caller())
    assert not any(line.startswith("AUTH") for line in server.log)


def test_probe_logs_in_says_what_is_offered_and_sends_nothing() -> None:
    with WireServer(extensions=("SIZE 35882577", "AUTH LOGIN PLAIN")) as server:
        line = probe(settings(server.port, user=USER), SECRET)
        assert server.wait_for("end")
    assert "35.9 MB" in line
    assert "LOGIN PLAIN" in line
    assert "logged in" in line
    assert "\n" not in line
    assert not any(command.startswith("MAIL") for command in server.log)


# --- what is told about it


def test_a_servers_words_are_one_clean_line_of_bounded_length() -> None:
    with (
        WireServer({"RCPT": "550-\x1b[31mno\u202e\n550 " + "x" * 500}) as server,
        pytest.raises(RefusedByServer) as caught,
    ):
        send(settings(server.port), Caller())
    assert caught.value.text.startswith("[31mno xxx")
    assert len(caught.value.text) == 200
    assert caught.value.text.isprintable()


def test_this_machines_name_is_not_told_to_the_server() -> None:
    with WireServer() as server:
        send(settings(server.port), Caller())
    assert server.log[0].lower() == "ehlo [127.0.0.1]"
