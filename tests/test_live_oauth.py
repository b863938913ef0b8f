"""Logins by OAuth from the command line to a real Dovecot: made, renewed, taken back, killed in the middle, unseen."""

from __future__ import annotations

import json
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, oauth_server
from servers import SELLER, DovecotServer, dovecot
from smtp_servers import Inbox, smtp_server

import inbox_bot
from inbox_bot.config import load_config
from inbox_bot.core.errors import LoginRefused
from inbox_bot.daemon import Daemon
from inbox_bot.desk import Notification, load_rulebook
from inbox_bot.logins import login_alarm, login_health, with_smtp_login
from inbox_bot.mail.oauth import Grant
from inbox_bot.mail.oauth_grants import Grants
from inbox_bot.mail.oauth_tokens import token_source
from inbox_bot.mail.smtp import probe
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display

_PASSDB = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {file}
}}
"""
_INTROSPECTION = """
introspection_url = http://127.0.0.1:{port}/introspect
introspection_mode = post
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""


@contextmanager
def mailbox_behind(provider: OAuthServer, tmp_path: Path) -> Iterator[DovecotServer]:
    """A Dovecot that asks the provider whether a token is good."""
    folder = Path(tempfile.mkdtemp(prefix="oauth-"))
    try:
        folder.chmod(0o755)
        file = folder / "oauth2.conf.ext"
        file.write_text(_INTROSPECTION.format(port=provider.port))
        file.chmod(0o644)
        with dovecot(tmp_path, extra=_PASSDB.format(file=file)) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("shop")
    with oauth_server() as provider, mailbox_behind(provider, folder) as server:
        inbox = Inbox(takes_token=lambda user, token: user == SELLER and provider.introspect(token)["active"])
        with smtp_server(inbox, auth_require_tls=False):
            yield SimpleNamespace(provider=provider, server=server, inbox=inbox)


@pytest.fixture
def place(tmp_path, shop, monkeypatch) -> SimpleNamespace:
    """A configuration of its own for each test; the provider is made anew."""
    provider = shop.provider
    provider.take_back()
    provider.asked.clear()
    provider.rotates = provider.strict = False
    provider.seconds, provider.trouble, provider.ends_in_seconds = 3600, None, None
    path = tmp_path / "config.toml"
    path.write_text(
        f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{SELLER}"\nmode = "approve"\n'
        f'authserv_id = "mx.seller.example"\n'
        f'[account.imap]\nhost = "127.0.0.1"\nport = {shop.server.imap_port}\nsecurity = "plain"\n'
        f'[account.smtp]\nhost = "127.0.0.1"\nport = {shop.inbox.port}\nsecurity = "plain"\n'
        f'[account.oauth]\nprovider = "custom"\nclient_id = "{CLIENT_ID}"\nclient_secret = "env:CLIENT"\n'
        f'token = "file:{tmp_path}/login"\ndevice_url = "{provider.url}/devicecode"\n'
        f'token_url = "{provider.url}/token"\nscopes = ["mail"]\n'
    )
    path.chmod(0o600)
    monkeypatch.setenv("CLIENT", CLIENT_SECRET)
    return SimpleNamespace(folder=tmp_path, config=path, **vars(shop))


def environment(folder: Path) -> dict[str, str]:
    code = Path(inbox_bot.__file__).parent.parent
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "CLIENT": CLIENT_SECRET,
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(code),
    }


def run(place: SimpleNamespace, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "inbox_bot", *arguments],
        cwd=place.folder,
        env=environment(place.folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not leaks(place, done.stdout + done.stderr)
    return done


def leaks(place: SimpleNamespace, text: str) -> list[str]:
    """The secrets that stand in the text."""
    return [secret for secret in (*place.provider.given, CLIENT_SECRET) if secret in text]


def account_of(place: SimpleNamespace):
    (account,) = load_config(place.config).accounts
    return account


def log_in(place: SimpleNamespace, *, made_at: datetime | None = None) -> Grants:
    now = datetime.now(UTC)
    grants = Grants(account_of(place).oauth)
    grants.write(Grant(place.provider.grant(), made_at or now, made_at or now))
    return grants


@pytest.mark.live
def test_the_command_walks_through_the_login_and_doctor_shows_it(place):
    place.provider.ends_in_seconds = 604_799
    before = run(place, "doctor")
    assert before.returncode == 1
    assert "account shop has no login at custom yet - run: inbox-bot login shop" in before.stdout
    done = run(place, "login", "shop", "--no-browser")
    assert done.returncode == 0, done.stderr
    assert f"{place.provider.url}/device" in done.stdout
    assert "Type this code there: WDJB-MJHT" in done.stdout
    assert f"IMAP works: {SELLER} at 127.0.0.1." in done.stdout
    assert stat.S_IMODE((place.folder / "login").stat().st_mode) == 0o600
    after = run(place, "doctor", "--json")
    found = {entry["name"]: entry for entry in map(json.loads, after.stdout.splitlines())}
    assert found["IMAP login"]["status"] == found["SMTP login"]["status"] == found["login"]["status"] == "ok"
    assert "made 20" in found["login"]["detail"]
    assert "ends 20" in found["login"]["detail"]
    grants = Grants(account_of(place).oauth)
    old = grants.read()
    ends_at = datetime.now(UTC) + timedelta(days=2)
    grants.write(Grant(old.refresh_token, old.obtained_at, old.renewed_at, ends_at))
    warned = [json.loads(line) for line in run(place, "doctor", "--json").stdout.splitlines()]
    (warning,) = [entry for entry in warned if entry["name"] == "login"]
    assert warning["status"] == "warn"
    assert warning["remedy"] == "run: inbox-bot login shop"


@pytest.mark.live
def test_a_token_that_ends_while_the_program_runs_is_renewed(place):
    log_in(place)
    outside = LiveOutside(account_of(place))
    try:
        assert outside.folders().drafts == "Drafts"
        asked = place.provider.count("/token")
        place.provider.end_access()
        outside.drop()
        assert outside.folders().drafts == "Drafts"
        assert place.provider.count("/token") == asked + 1
        place.provider.end_access()
        account = account_of(place)
        assert "logged in" in with_smtp_login(account, lambda secret: probe(account.smtp, secret))
        assert place.provider.count("/token") == asked + 2
        outside.drop()
        outside.mailbox()
        assert place.provider.count("/token") == asked + 2, "IMAP takes the token that SMTP renewed"
    finally:
        outside.drop()


@pytest.mark.live
def test_a_short_lived_token_is_renewed_before_its_end(place):
    place.provider.seconds = 2
    log_in(place)
    outside = LiveOutside(account_of(place))
    try:
        for _ in range(4):
            outside.mailbox().folders()
            outside.drop()
            time.sleep(0.7)
    finally:
        outside.drop()
    assert place.provider.count("/token") == 2


@pytest.mark.live
def test_a_login_that_was_taken_back_is_said_clearly_and_not_tried_in_a_loop(place):
    log_in(place)
    outside = LiveOutside(account_of(place))
    outside.mailbox()
    outside.drop()
    asked = place.provider.count("/token")
    place.provider.take_back()
    for _ in range(10):
        with pytest.raises(LoginRefused, match="run: inbox-bot login shop") as caught:
            outside.mailbox()
        assert not leaks(place, str(caught.value))
    assert place.provider.count("/token") == asked + 1
    done = run(place, "once")
    assert done.returncode == 2
    assert "inbox-bot login shop" in done.stderr
    log_in(place)
    outside.mailbox()
    outside.drop()


@pytest.mark.live
def test_a_token_for_another_mailbox_is_refused_after_one_more_try(place):
    log_in(place)
    place.provider.user = "somebody@seller.example"
    outside = LiveOutside(account_of(place))
    try:
        with pytest.raises(LoginRefused, match=r"refused the token of orders@seller\.example") as caught:
            outside.mailbox()
        assert not leaks(place, str(caught.value))
        assert place.provider.count("/token") == 2
    finally:
        place.provider.user = SELLER
        outside.drop()


@pytest.mark.live
def test_the_daemon_writes_no_secret_down_and_does_not_hammer_the_provider(place):
    log_in(place)
    place.provider.seconds = 2
    process = subprocess.Popen(
        [sys.executable, "-m", "inbox_bot", "run", "--verbose"],
        cwd=place.folder,
        env=environment(place.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        give_up_at = time.monotonic() + 30
        while not place.provider.count("/introspect") and time.monotonic() < give_up_at:
            time.sleep(0.1)
        time.sleep(1)
        place.provider.take_back()
        place.server.restart()
        time.sleep(6)
        asked = place.provider.count("/token")
        assert asked <= 3
        time.sleep(2)
        assert place.provider.count("/token") == asked
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert "inbox-bot login shop" in said
    assert not leaks(place, said)
    kept = [path for path in place.folder.rglob("*") if path.is_file() and path.name != "login"]
    assert any(path.suffix == ".sqlite3" for path in kept)
    for path in kept:
        assert not leaks(place, path.read_bytes().decode("latin-1")), path.name


def test_the_daily_look_renews_the_login_and_tells_what_a_person_must_know(place):
    told: list[Notification] = []
    daemon = Daemon(load_config(place.config), load_rulebook(), Display(told.append, lambda handled: None))
    made_at = datetime.now(UTC) - timedelta(days=40)
    grants = log_in(place, made_at=made_at)
    daemon._check_logins()
    assert not told
    assert datetime.now(UTC) - grants.read().renewed_at < timedelta(minutes=1)
    place.provider.take_back()
    token_source(account_of(place).oauth)._renew_at = datetime.now(UTC)
    daemon._check_logins()
    (told_one,) = told
    assert told_one.account == "shop"
    assert "inbox-bot login shop" in told_one.text
    assert not leaks(place, told_one.text)


def test_a_login_that_ends_soon_is_an_alarm_also_when_the_network_is_away(place):
    grants = log_in(place)
    now, old = datetime.now(UTC), grants.read()
    account = account_of(place)
    assert login_alarm(account, now) == ""
    grants.write(Grant(old.refresh_token, now, now, now + timedelta(days=2)))
    place.provider.trouble = (503, "away")
    assert "ends 20" in login_alarm(account, now)
    assert login_health(account, now).ends_soon


_RENEWER = """
import itertools, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from inbox_bot.config import load_config
from inbox_bot.mail.oauth_tokens import token_source
(account,) = load_config(Path(sys.argv[1])).accounts
source, now = token_source(account.oauth), datetime.now(UTC)
print("begun", flush=True)
for hour in itertools.count():
    source.access_token(now + timedelta(hours=hour))
"""


def test_a_kill_at_any_moment_leaves_a_login_that_works(place):
    # As Microsoft does: every renewal brings another refresh token, and the old one works for a while yet.
    place.provider.rotates = True
    grants = log_in(place)
    chance, renewals = random.Random(7), 0
    for _ in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", _RENEWER, str(place.config)],
            env=environment(place.folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, 0.5))
        process.kill()
        process.communicate()
        assert grants.read().refresh_token in place.provider.refresh
        assert stat.S_IMODE((place.folder / "login").stat().st_mode) == 0o600
        renewals = place.provider.count("/token")
    assert renewals >= 40
    left = {path.name for path in place.folder.iterdir()} - {".login.new"}
    assert left == {".login.lock", "login", "config.toml"}
    account = account_of(place)
    assert token_source(account.oauth).access_token(datetime.now(UTC)).text in place.provider.access
