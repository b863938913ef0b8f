"""`init` and `doctor` against real servers: the wizard's file works, and the doctor names what does not."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from servers import SECRET
from smtp_servers import Inbox, smtp_server

from inbox_bot.config import load_config
from inbox_bot.providers import PROVIDERS, provider_of

NOTICE = (
    "Authentication-Results: mx.seller.example; dmarc=pass header.from=shop.example\r\n"
    "From: news@shop.example\r\nTo: {seller}\r\nSubject: News\r\nMessage-ID: <n@shop.example>\r\n\r\nHello\r\n"
)


def run(
    folder: Path, *arguments: str, answers: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inbox_bot", *arguments],
        cwd=folder,
        input=answers,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONWARNINGS": "ignore", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def answers_for(seller: str, port: int, secret: str = SECRET, *, keep: str = "file") -> str:
    lines = [seller, "127.0.0.1", "plain", str(port), seller, "n", secret, "Example Goods", "draft", keep]
    return "\n".join(lines) + "\n"


def test_init_writes_a_private_configuration_that_works(tmp_path, pymap_mail_server, fresh_seller):
    made = run(tmp_path, "init", answers=answers_for(fresh_seller, pymap_mail_server.imap_port))
    assert made.returncode == 0, made.stderr
    config = tmp_path / "config.toml"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    text = config.read_text()
    assert SECRET not in text + made.stdout + made.stderr
    (account,) = load_config(config).accounts
    assert account.policy.address == fresh_seller
    secret = Path(account.imap_secret.removeprefix("file:"))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert run(tmp_path, "once").returncode == 0
    assert "Drafts is Drafts" in made.stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".config")]


def test_init_tries_again_after_a_wrong_password_and_writes_nothing_when_given_up(
    tmp_path, pymap_mail_server, fresh_seller
):
    wrong = answers_for(fresh_seller, pymap_mail_server.imap_port, "wrong").splitlines()[:9]
    again = [
        "y",
        "127.0.0.1",
        "plain",
        str(pymap_mail_server.imap_port),
        fresh_seller,
        "n",
        SECRET,
        "Shop",
        "draft",
        "file",
    ]
    made = run(tmp_path, "init", answers="\n".join([*wrong, *again]) + "\n")
    assert made.returncode == 0, made.stdout + made.stderr
    assert (tmp_path / "config.toml").exists()
    given_up = tmp_path / "empty"
    given_up.mkdir()
    made = run(given_up, "init", answers="\n".join([*wrong, "n"]) + "\n")
    assert made.returncode == 2
    assert "Traceback" not in made.stderr
    assert not list(given_up.glob("*.toml"))


def test_init_does_not_overwrite_unasked(tmp_path):
    (tmp_path / "config.toml").write_text("# mine\n")
    made = run(tmp_path, "init", answers="n\n")
    assert made.returncode == 0
    assert (tmp_path / "config.toml").read_text() == "# mine\n"


def test_init_stopped_in_the_middle_leaves_nothing(tmp_path):
    made = run(tmp_path, "init", answers="orders@seller.example\n")
    assert made.returncode == 2
    assert "Traceback" not in made.stderr
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("a@gmail.com", "Gmail"),
        ("a@hotmail.com", "Outlook / Microsoft 365"),
        ("a@YAHOO.com", "Yahoo"),
        ("a@icloud.com", "iCloud"),
        ("a@zoho.com", "Zoho"),
        ("a@fastmail.com", "Fastmail"),
        ("a@qq.com", "QQ"),
        ("a@163.com", "163"),
        ("a@gmx.de", "GMX"),
        ("a@ionos.de", "IONOS"),
    ],
)
def test_the_usual_providers_are_known(address, name):
    provider = provider_of(address)
    assert provider is not None
    assert provider.name == name
    assert provider_of("orders@seller.example") is None


def test_no_two_providers_claim_a_domain():
    domains = [domain for provider in PROVIDERS for domain in provider.domains]
    assert len(domains) == len(set(domains))


def configure(folder: Path, seller: str, port: int, **changes: str) -> Path:
    (folder / "secret").write_text(changes.get("secret", SECRET))
    (folder / "secret").chmod(0o600)
    path = folder / "config.toml"
    path.write_text(
        f'data_dir = "data"\n[[account]]\nname = "shop"\naddress = "{seller}"\n'
        f'authserv_id = "{changes.get("authserv_id", "mx.seller.example")}"\n'
        f'[account.imap]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\nsecret = "file:{folder}/secret"\n'
        f'folders = ["{changes.get("watched", "INBOX")}"]\n{changes.get("smtp", "")}'
    )
    path.chmod(0o600)
    return path


def findings(folder: Path, *, code: int) -> dict[str, dict]:
    done = run(folder, "doctor", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return {entry["name"]: entry for entry in map(json.loads, done.stdout.splitlines())}


def test_doctor_is_content_with_a_sound_set_up(tmp_path, pymap_mail_server, fresh_seller):
    pymap_mail_server.deliver(fresh_seller, NOTICE.format(seller=fresh_seller).encode())
    inbox = Inbox()
    with smtp_server(inbox):
        smtp = f'[account.smtp]\nhost = "127.0.0.1"\nport = {inbox.port}\nsecurity = "plain"\nlogin = false\n'
        configure(tmp_path, fresh_seller, pymap_mail_server.imap_port, smtp=smtp)
        found = findings(tmp_path, code=0)
    assert {entry["status"] for entry in found.values()} == {"ok"}
    assert {"IMAP login", "Drafts", "Sent", "authserv_id", "clock", "SMTP login", "store"} <= set(found)
    assert not inbox.mails


def test_doctor_names_each_fault_and_its_remedy_and_checks_the_rest(
    tmp_path, pymap_mail_server, fresh_seller
):
    pymap_mail_server.deliver(fresh_seller, NOTICE.format(seller=fresh_seller).encode())
    path = configure(tmp_path, fresh_seller, pymap_mail_server.imap_port, authserv_id="", watched="Nowhere")
    path.chmod(0o644)
    found = findings(tmp_path, code=1)
    assert found["configuration file"]["status"] == "warn"
    assert "chmod 600" in found["configuration file"]["remedy"]
    assert found["IMAP login"]["status"] == "ok"
    assert "Nowhere" in found["newest mails"]["detail"]
    assert found["SMTP"]["status"] == "warn"


def test_doctor_proposes_the_server_that_the_mails_show(tmp_path, pymap_mail_server, fresh_seller):
    pymap_mail_server.deliver(fresh_seller, NOTICE.format(seller=fresh_seller).encode())
    configure(tmp_path, fresh_seller, pymap_mail_server.imap_port, authserv_id="")
    assert 'authserv_id = "mx.seller.example"' in findings(tmp_path, code=0)["authserv_id"]["remedy"]


def test_doctor_says_when_a_password_is_refused_and_never_which(tmp_path, pymap_mail_server, fresh_seller):
    configure(tmp_path, fresh_seller, pymap_mail_server.imap_port, secret="wrong horse")
    found = findings(tmp_path, code=1)
    assert found["IMAP login"]["status"] == "FAIL"
    assert "wrong horse" not in json.dumps(found)


def test_doctor_with_a_broken_rule_or_configuration(tmp_path, pymap_mail_server, fresh_seller):
    path = configure(tmp_path, fresh_seller, pymap_mail_server.imap_port)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "decisions-own.toml").write_text('[[rule]]\nname = "x"\nwhen = ["delivred"]\n')
    path.write_text('rules_dir = "rules"\n' + path.read_text())
    found = findings(tmp_path, code=1)
    assert "did you mean delivered?" in found["rules and templates"]["detail"]
    path.write_text("[[account]]\n")
    done = run(tmp_path, "doctor")
    assert done.returncode == 2
    assert "config.toml:1" in done.stderr
