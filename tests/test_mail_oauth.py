"""Tokens: said once, renewed early and kept before use, never asked for in a loop, and never shown."""

from __future__ import annotations

import json
import logging
import os
import ssl
import stat
import threading
import traceback
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import keyring.backend
import keyring.core
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imap_script import scripted
from oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, oauth_server
from servers import make_certificate
from smtp_servers import WireServer

from inbox_bot.core.errors import InboxBotError, LoginRefused, TemporaryError, UserError
from inbox_bot.mail.imap import open_mailbox
from inbox_bot.mail.mailbox import ImapSettings
from inbox_bot.mail.oauth import Grant, OAuthSettings, Prompt, TokenAnswer, refusal, token_answer
from inbox_bot.mail.oauth_grants import Grants
from inbox_bot.mail.oauth_health import login_health
from inbox_bot.mail.oauth_loopback import loopback
from inbox_bot.mail.oauth_tokens import RenewedTokens, issuer_of, with_token
from inbox_bot.mail.sasl import AccessToken, TokenLogin, token_mechanism
from inbox_bot.mail.smtp import RefusedByServer, SmtpSettings, probe

USER = "orders@seller.example"
NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
TOKEN = AccessToken("secret-token-0123456789", NOW + timedelta(hours=1))
FIRST = f"user={USER}\x01auth=Bearer {TOKEN.text}\x01\x01"
COMPLAINT = json.dumps({"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"})


def clock() -> datetime:
    return datetime.now(UTC)


# The words of the login.


def test_the_token_is_given_to_the_first_challenge_only():
    login = TokenLogin("XOAUTH2", USER, TOKEN, "imap.seller.example", 993)
    assert login.answer(b"") == FIRST.encode()
    assert login.answer(COMPLAINT.encode()) == b""
    assert login.answer(b"") == b""
    assert login.complaint == "status 401, schemes bearer, scope https://mail.google.com/"


def test_oauthbearer_is_the_other_way_to_say_it():
    login = TokenLogin("OAUTHBEARER", "a,b=c@seller.example", TOKEN, "imap.seller.example", 993)
    said = login.answer(b"")
    assert said.startswith(
        b"n,a=a=2Cb=3Dc@seller.example,\x01host=imap.seller.example\x01port=993\x01auth=Bearer "
    )
    assert login.answer(b"{}") == b"\x01"
    assert token_mechanism(frozenset({"PLAIN", "OAUTHBEARER"})) == "OAUTHBEARER"
    assert token_mechanism(frozenset({"XOAUTH2", "OAUTHBEARER"})) == "XOAUTH2"
    assert token_mechanism(frozenset({"PLAIN"})) == ""


def test_a_user_name_or_token_cannot_end_the_words_of_the_login():
    for user in ("a\x01auth=Bearer x", "a b@seller.example", "a\r\nb", ""):
        with pytest.raises(ValueError, match="user name"):
            TokenLogin("XOAUTH2", user, TOKEN, "h", 1)
    for text in ("", "a\x01b", "a\r\nb", "ä", "x" * 20_000):
        with pytest.raises(ValueError, match="access token"):
            AccessToken(text, NOW)


@given(st.binary(max_size=300))
def test_whatever_a_server_complains_the_token_is_not_in_the_words(noise):
    for challenge in (noise, noise + TOKEN.text.encode() + noise, b64encode(FIRST.encode()), FIRST.encode()):
        login = TokenLogin("XOAUTH2", USER, TOKEN, "h", 1)
        login.answer(b"")
        login.answer(challenge)
        assert TOKEN.text not in login.complaint
        assert b64encode(FIRST.encode()).decode()[:40] not in login.complaint
        assert "\n" not in login.complaint


def test_nothing_that_holds_a_token_shows_it():
    grant = Grant("secret-refresh", NOW, NOW)
    answer = TokenAnswer(TOKEN, "secret-refresh")
    assert (
        "secret" not in f"{TOKEN} {TOKEN!r} {grant} {answer} {TokenLogin('XOAUTH2', USER, TOKEN, 'h', 1)!r}"
    )


# IMAP and SMTP.


def refuses(said: list[str], complaint: str = COMPLAINT, last: bytes = b" NO [AUTHENTICATIONFAILED] no\r\n"):
    def answer(conversation, tag, _command):
        conversation.send(b"+ \r\n")
        said.append(conversation.read_line().decode())
        conversation.send(b"+ " + b64encode(complaint.encode()) + b"\r\n")
        said.append(conversation.read_line().decode())
        conversation.send(tag + last)

    return answer


CAPABLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2\r\nTAG OK done\r\n"


def imap(port: int) -> ImapSettings:
    return ImapSettings("127.0.0.1", port, "plain", USER, timeout_seconds=5)


def test_imap_keeps_the_complaint_and_says_the_token_once(caplog):
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    with scripted({"CAPABILITY": CAPABLE, "AUTHENTICATE": refuses(said)}) as server:
        with pytest.raises(LoginRefused, match="status 401, schemes bearer") as caught:
            open_mailbox(imap(server.port), TOKEN)
        assert server.count("AUTHENTICATE XOAUTH2") == 1
    assert [b64decode(line).decode() for line in said] == [FIRST, ""]
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert TOKEN.text not in shown
    assert b64encode(FIRST.encode()).decode() not in shown


def test_imap_takes_an_echo_of_the_token_out_of_the_error():
    last = f" NO [AUTHENTICATIONFAILED] bad token {TOKEN.text}\r\n".encode()
    with (
        scripted({"CAPABILITY": CAPABLE, "AUTHENTICATE": refuses([], TOKEN.text, last)}) as server,
        pytest.raises(LoginRefused) as caught,
    ):
        open_mailbox(imap(server.port), TOKEN)
    assert TOKEN.text not in str(caught.value)
    assert "bad token [...]" in str(caught.value)


@pytest.mark.parametrize("last", [b" NO [UNAVAILABLE] try again\r\n", b" NO [LIMIT] Rate limit hit\r\n"])
def test_imap_a_server_that_is_busy_is_no_refusal(last):
    with (
        scripted({"CAPABILITY": CAPABLE, "AUTHENTICATE": refuses([], last=last)}) as server,
        pytest.raises(TemporaryError),
    ):
        open_mailbox(imap(server.port), TOKEN)


def test_imap_a_server_without_token_logins_never_sees_the_token():
    with scripted() as server:
        with pytest.raises(UserError, match="no login with a token"):
            open_mailbox(imap(server.port), TOKEN)
        assert TOKEN.text.encode() not in server.received
        assert not server.count("LOGIN")


@pytest.mark.parametrize("secret", [TOKEN, "pässword"], ids=["token", "password"])
def test_imap_a_connection_lost_at_the_challenge_is_temporary(secret):
    def hang_up(conversation, _tag, _command):
        conversation.send(b"+ \r\n")
        conversation.read_line()
        conversation.close()

    with scripted({"CAPABILITY": CAPABLE, "AUTHENTICATE": hang_up}) as server, pytest.raises(TemporaryError):
        open_mailbox(imap(server.port), secret)


def smtp(port: int) -> SmtpSettings:
    return SmtpSettings("127.0.0.1", port, "plain", USER, timeout_seconds=5)


OFFERS = ("AUTH PLAIN LOGIN XOAUTH2",)


def test_smtp_answers_the_complaint_with_an_empty_line_and_says_the_token_once(caplog):
    caplog.set_level(logging.DEBUG)
    answers = {"AUTH": f"334 {b64encode(COMPLAINT.encode()).decode()}", "TOKEN": f"535 5.7.3 no {TOKEN.text}"}
    with WireServer(answers, extensions=OFFERS) as server:
        with pytest.raises(LoginRefused, match="status 401") as caught:
            probe(smtp(server.port), TOKEN)
        commands = [line for line in server.log if line.startswith("AUTH") or line == ""]
    assert commands == [f"AUTH XOAUTH2 {b64encode(FIRST.encode()).decode()}", ""]
    assert TOKEN.text not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_smtp_logs_in_with_a_token():
    with WireServer({"AUTH": "235 welcome"}, extensions=OFFERS) as server:
        assert "logged in" in probe(smtp(server.port), TOKEN)
    with WireServer({"AUTH": "235 welcome"}, extensions=("AUTH OAUTHBEARER",)) as server:
        assert "logged in" in probe(smtp(server.port), TOKEN)
        assert any(line.startswith("AUTH OAUTHBEARER ") for line in server.log)


def test_smtp_a_server_without_token_logins_never_sees_the_token():
    with WireServer(extensions=("AUTH PLAIN LOGIN",)) as server:
        with pytest.raises(LoginRefused, match="no login with a token"):
            probe(smtp(server.port), TOKEN)
        assert not [line for line in server.log if line.startswith("AUTH")]


def test_smtp_a_busy_server_is_no_refusal():
    with (
        WireServer({"AUTH": "454 4.7.0 later"}, extensions=OFFERS) as server,
        pytest.raises(RefusedByServer) as caught,
    ):
        probe(smtp(server.port), TOKEN)
    assert not caught.value.permanent


# Renewal.


def settings_for(folder: Path, server: OAuthServer, **changes: object) -> OAuthSettings:
    settings = OAuthSettings(
        account="shop",
        user=USER,
        provider="custom",
        client_id=CLIENT_ID,
        keep_in=f"file:{folder}/login",
        token_url=f"{server.url}/token",
        device_url=f"{server.url}/devicecode",
        scopes=("mail",),
    )
    return replace(settings, **changes)


@pytest.fixture
def provider():
    with oauth_server() as server:
        yield server


def tokens_of(folder: Path, server: OAuthServer, **changes: object) -> tuple[RenewedTokens, Grants]:
    settings = settings_for(folder, server, **changes)
    grants = Grants(settings)
    grants.write(Grant(server.grant(), NOW, NOW))
    return RenewedTokens(settings, issuer_of(settings), grants), grants


def test_a_token_is_asked_for_once_and_renewed_before_its_end(tmp_path, provider):
    tokens, _ = tokens_of(tmp_path, provider)
    first = tokens.access_token(NOW)
    assert tokens.access_token(NOW + timedelta(minutes=54)) == first
    assert provider.count("/token") == 1
    assert tokens.access_token(NOW + timedelta(minutes=56)) != first


def test_threads_share_one_token(tmp_path, provider):
    tokens, _ = tokens_of(tmp_path, provider)
    seen: list[AccessToken] = []
    threads = [threading.Thread(target=lambda: seen.append(tokens.access_token(NOW))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len({token.text for token in seen}) == 1
    assert provider.count("/token") == 1


def test_a_refused_token_is_replaced_once_whoever_says_so_first(tmp_path, provider):
    tokens, _ = tokens_of(tmp_path, provider)
    old = tokens.access_token(NOW)
    another = tokens.another(old, NOW)
    assert another != old
    assert tokens.another(old, NOW) == another
    assert provider.count("/token") == 2


def test_a_rotated_refresh_token_is_kept_before_the_access_token_is_used(tmp_path, provider):
    provider.rotates = provider.strict = True
    tokens, grants = tokens_of(tmp_path, provider)
    for hour in range(5):
        tokens.access_token(NOW + timedelta(hours=hour))
        kept = grants.read()
        assert kept.refresh_token in provider.refresh
        assert kept.renewed_at == NOW + timedelta(hours=hour)
        assert kept.obtained_at == NOW
    assert stat.S_IMODE((tmp_path / "login").stat().st_mode) == 0o600


def test_a_token_that_cannot_be_kept_is_not_used_and_not_lost(tmp_path, provider, monkeypatch):
    provider.rotates = provider.strict = True
    tokens, grants = tokens_of(tmp_path, provider)
    full = OSError(28, "No space left on device")

    def no_room(*_):
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", no_room)
        with pytest.raises(TemporaryError, match="cannot be kept"):
            tokens.access_token(NOW)
    assert grants.read().refresh_token not in provider.refresh
    tokens.access_token(NOW + timedelta(minutes=1))
    assert grants.read().refresh_token in provider.refresh
    assert sorted(path.name for path in tmp_path.iterdir()) == [".login.lock", "login"]


def test_a_login_that_was_taken_back_is_not_asked_for_again_until_a_person_logs_in(tmp_path, provider):
    tokens, grants = tokens_of(tmp_path, provider)
    tokens.access_token(NOW)
    provider.take_back()
    later = NOW + timedelta(hours=2)
    for minute in range(30):
        with pytest.raises(LoginRefused, match="run: inbox-bot login shop"):
            tokens.access_token(later + timedelta(minutes=minute))
    assert provider.count("/token") == 2
    grants.write(Grant(provider.grant(), later, later))
    assert tokens.access_token(later + timedelta(minutes=30)).text in provider.access


def test_a_refused_login_is_tried_once_more_after_an_hour(tmp_path, provider):
    tokens, grants = tokens_of(tmp_path, provider)
    refresh = grants.read().refresh_token
    provider.take_back()
    with pytest.raises(LoginRefused):
        tokens.access_token(NOW)
    provider.refresh.add(refresh)
    with pytest.raises(LoginRefused):
        tokens.access_token(NOW + timedelta(minutes=59))
    assert tokens.access_token(NOW + timedelta(minutes=61)).text in provider.access


def test_a_provider_that_is_away_is_no_refusal_and_the_old_token_is_used_to_its_end(tmp_path, provider):
    tokens, _ = tokens_of(tmp_path, provider)
    first = tokens.access_token(NOW)
    provider.trouble = (503, "<html>maintenance</html>")
    assert tokens.access_token(NOW + timedelta(minutes=57)) == first
    with pytest.raises(TemporaryError, match="answered 503"):
        tokens.access_token(NOW + timedelta(minutes=61))
    provider.trouble = None
    assert tokens.access_token(NOW + timedelta(minutes=62)) != first


def test_another_process_may_have_renewed_meanwhile(tmp_path, provider):
    provider.rotates = provider.strict = True
    one, grants = tokens_of(tmp_path, provider)
    settings = settings_for(tmp_path, provider)
    other = RenewedTokens(settings, issuer_of(settings), Grants(settings))
    for hour in range(3):
        one.access_token(NOW + timedelta(hours=hour))
        other.access_token(NOW + timedelta(hours=hour))
    assert grants.read().refresh_token in provider.refresh


def test_with_no_login_or_a_damaged_one_the_command_is_named(tmp_path, provider):
    settings = settings_for(tmp_path, provider)
    tokens = RenewedTokens(settings, issuer_of(settings), Grants(settings))
    with pytest.raises(UserError, match=r"no login at custom yet - run: inbox-bot login shop"):
        tokens.access_token(NOW)
    for text in ("{", "[]", '{"refresh_token": 7}', "[" * 5000, '{"refresh_token": "x", "obtained_at": "x"}'):
        (tmp_path / "login").write_text(text)
        (tmp_path / "login").chmod(0o600)
        with pytest.raises(UserError, match="inbox-bot login shop"):
            tokens.access_token(NOW)
    (tmp_path / "login").chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        tokens.access_token(NOW)
    assert provider.count("/token") == 0


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets everything in the end; `locked` ones take and give nothing."""

    priority = 1

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked(f"cannot keep {password}")
        self.kept[service, username] = password


def test_a_login_is_kept_in_the_keyring(tmp_path, provider, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    provider.rotates = provider.strict = True
    ring = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    tokens, grants = tokens_of(tmp_path, provider, keep_in="keyring:inbox-bot/shop")
    tokens.access_token(NOW)
    assert grants.read().refresh_token in provider.refresh
    assert provider.given[-1] in ring.kept["inbox-bot", "shop"]
    ring.locked = True
    with pytest.raises(UserError, match="keyring cannot be used") as caught:
        tokens.access_token(NOW + timedelta(hours=1))
    assert not [
        token for token in provider.given if token in "".join(traceback.format_exception(caught.value))
    ]
    ring.locked = False
    tokens.access_token(NOW + timedelta(hours=1))
    assert grants.read().refresh_token in provider.refresh


def test_a_mail_server_that_refuses_every_token_is_asked_twice_and_no_more(tmp_path, provider):
    tokens, _ = tokens_of(tmp_path, provider)
    tried: list[AccessToken] = []

    def attempt(token: AccessToken) -> None:
        tried.append(token)
        raise LoginRefused("no")

    with pytest.raises(LoginRefused):
        with_token(tokens, attempt, NOW)
    assert len({token.text for token in tried}) == len(tried) == 2


# The providers, by their own libraries.


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    ca_file = make_certificate(folder, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return str(ca_file), context


WAYS = ("microsoft", "google", "custom by browser", "custom by code")


def way_to(way: str, folder: Path, server: OAuthServer, ca_file: str) -> OAuthSettings:
    (folder / "client").write_text(CLIENT_SECRET)
    (folder / "client").chmod(0o600)
    base = settings_for(folder, server, client_secret=f"file:{folder}/client", ca_file=ca_file)
    addresses = {"authorize_url": f"{server.tls_url}/authorize", "token_url": f"{server.tls_url}/token"}
    if way == "microsoft":
        return replace(base, provider="microsoft", client_secret="", authority=server.tls_url, scopes=())
    if way == "google":
        return replace(base, provider="google", scopes=(), **addresses)
    return replace(base, device_url="", **addresses) if way == "custom by browser" else base


class Person:
    """Somebody who opens the address, in a browser that knows the authority."""

    def __init__(self, ca_file: str) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self.browser = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        self.seen: list[Prompt] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, prompt: Prompt) -> None:
        self.seen.append(prompt)
        if prompt.port:
            self.threads.append(threading.Thread(target=self._open, args=(prompt,)))
            self.threads[-1].start()

    def _open(self, prompt: Prompt) -> None:
        for stray in ("favicon.ico", "?code=stolen&state=guessed", "?state="):
            with pytest.raises(urllib.error.HTTPError) as caught:
                self.browser.open(f"http://127.0.0.1:{prompt.port}/{stray}")
            caught.value.close()
        with self.browser.open(prompt.url) as page:
            assert b"can be closed" in page.read()


@pytest.mark.parametrize("way", WAYS)
def test_a_person_logs_in_and_the_login_is_renewed(tmp_path, authority, way, caplog):
    caplog.set_level(logging.DEBUG)
    ca_file, context = authority
    with oauth_server(context, rotates=way != "google", ends_in_seconds=604_799) as server:
        issuer = issuer_of(way_to(way, tmp_path, server, ca_file))
        person = Person(ca_file)
        answer = issuer.obtain(person, clock, 0)
        for thread in person.threads:
            thread.join()
        (prompt,) = person.seen
        assert bool(prompt.code) == (way in ("microsoft", "custom by code"))
        assert answer.refresh_token in server.refresh
        assert answer.refresh_expires_at is not None
        assert timedelta(days=6.9) < answer.refresh_expires_at - clock() < timedelta(days=7)
        renewed = issuer.renew(answer.refresh_token, clock())
        assert renewed.access_token.text in server.access
        assert timedelta(minutes=59) < renewed.access_token.expires_at - clock() < timedelta(minutes=61)
        if way != "google":
            assert renewed.refresh_token in server.refresh - {answer.refresh_token}
        assert not [token for token in server.given if token in caplog.text + repr((answer, renewed))]
        server.take_back()
        with pytest.raises(LoginRefused, match="inbox-bot login shop") as caught:
            issuer.renew(answer.refresh_token, clock())
        assert answer.refresh_token not in "".join(traceback.format_exception(caught.value))


ODD = [
    (500, "oops"),
    (503, {"error": "temporarily_unavailable"}),
    (200, "x"),
    (200, {}),
    (200, "[]"),
    (429, {}),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_an_endpoint_in_trouble_is_no_refusal(tmp_path, authority, way, odd):
    ca_file, context = authority
    with oauth_server(context) as server:
        issuer = issuer_of(way_to(way, tmp_path, server, ca_file))
        server.trouble = odd
        with pytest.raises(TemporaryError):
            issuer.renew(server.grant(), clock())


@pytest.mark.parametrize("way", WAYS)
def test_an_endpoint_that_is_gone_or_a_stranger_is_no_refusal(tmp_path, authority, way):
    ca_file, context = authority
    with oauth_server(context) as server:
        settings = way_to(way, tmp_path, server, ca_file)
    with pytest.raises(TemporaryError, match="cannot be reached"):
        issuer_of(settings).renew("x", clock())
    make_certificate(tmp_path / "other", "127.0.0.1")
    with oauth_server(context) as server:
        settings = way_to(way, tmp_path, server, str(tmp_path / "other" / "ca.pem"))
        settings = replace(settings, token_url=f"{server.tls_url}/token")
        with pytest.raises(TemporaryError, match="cannot be trusted"):
            issuer_of(settings).renew("x", clock())
        assert server.count("/token") == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_person_who_says_no_is_heard(tmp_path, authority, way):
    ca_file, context = authority
    with oauth_server(context, allowed=False) as server:
        if "code" in way or way == "microsoft":
            server.trouble = (400, {"error": "access_denied", "error_description": "the person said no"})
        person = Person(ca_file)
        with pytest.raises(LoginRefused, match="access_denied"):
            issuer_of(way_to(way, tmp_path, server, ca_file)).obtain(person, clock, 0)
        for thread in person.threads:
            thread.join()


def test_a_wrong_program_is_told_from_a_login_that_is_over(tmp_path, provider):
    settings = settings_for(tmp_path, provider, client_id="another")
    with pytest.raises(LoginRefused, match="check client_id"):
        issuer_of(settings).renew(provider.grant(), clock())


def test_a_token_endpoint_that_sends_us_elsewhere_is_not_followed(tmp_path, provider):
    settings = settings_for(
        tmp_path, provider, token_url=f"{provider.url}/authorize?redirect_uri=http://127.0.0.1:9"
    )
    with pytest.raises(TemporaryError):
        issuer_of(settings).renew(provider.grant(), clock())


def test_a_port_that_is_taken_is_named():
    with loopback(0) as back, pytest.raises(UserError, match="--port"), loopback(back.port):
        pass


def test_a_browser_that_never_comes_back_is_not_waited_for_forever():
    with loopback(0) as back, pytest.raises(TemporaryError, match="nobody finished"):
        back.wait(0.05)


JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.none(), max_size=2)
)


@given(
    st.dictionaries(
        st.sampled_from(["access_token", "expires_in", "refresh_token", "refresh_token_expires_in"]), JUNK
    )
)
def test_whatever_an_endpoint_answers_is_a_token_or_an_error_of_ours(said):
    settings = OAuthSettings("shop", USER, "custom", "x", "file:/x")
    try:
        answer = token_answer(settings, said, NOW)
    except InboxBotError:
        return
    assert answer.access_token.expires_at > NOW


def test_words_as_long_as_tokens_are_not_repeated():
    settings = OAuthSettings("shop", USER, "custom", "x", "file:/x")
    long = "x" * 80
    assert long not in str(refusal(settings, "invalid_grant", f"bad {long}\r\nTrace ID: 1-2-3"))
    assert long not in str(refusal(settings, long, ""))


# How long it lasts.

MADE = datetime(2026, 10, 1, tzinfo=UTC)


def health_of(provider: str, days: float, *, renewed_days: float = 0, ends_days: float | None = None):
    ends = MADE + timedelta(days=ends_days) if ends_days is not None else None
    grant = Grant("x", MADE, MADE + timedelta(days=renewed_days), ends)
    settings = OAuthSettings("shop", USER, provider, "x", "file:/x")
    return login_health(settings, grant, MADE + timedelta(days=days))


@pytest.mark.parametrize(
    ("provider", "days", "named", "ends_soon", "words"),
    [
        ("google", 1, 7, False, "ends 2026-10-08"),
        ("google", 4.1, 7, True, "ends 2026-10-08"),
        ("google", 8, 7, True, "ended 2026-10-08"),
        ("google", 1, None, False, "if your consent screen says Testing"),
        ("google", 5, None, True, "if your consent screen says Testing"),
        ("microsoft", 1, None, False, "ends 2026-12-30 00:00 UTC unless it is used"),
        ("microsoft", 88, None, True, "unless it is used before"),
        ("custom", 400, None, False, "names no end"),
    ],
)
def test_the_end_of_a_login_is_seen_three_days_ahead(provider, days, named, ends_soon, words):
    health = health_of(provider, days, ends_days=named)
    assert health.ends_soon == ends_soon
    assert words in health.words
    assert "made 2026-10-01" in health.words


def test_a_google_login_that_outlived_seven_days_is_no_test():
    health = health_of("google", 9, renewed_days=8.9)
    assert not health.ends_soon
    assert health.expires_at == MADE + timedelta(days=188.9)
