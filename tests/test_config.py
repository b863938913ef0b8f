"""The configuration: everything that is wrong is told at once, with its line; everything there is stands in the example."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from inbox_bot.config import load_config
from inbox_bot.config_alarms import AlarmsModel, HealthModel
from inbox_bot.config_model import (
    AccountModel,
    ConfigModel,
    ImapModel,
    RetentionModel,
    SmtpModel,
    TrackingModel,
)
from inbox_bot.config_oauth import OAuthModel
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import LastCall, Mode
from inbox_bot.places import find_config, store_path
from inbox_bot.secret import resolve_secret

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
GOOD = """
data_dir = "data"
[[account]]
name = "shop"
address = "Orders@Seller.example"
[account.imap]
host = "imap.seller.example"
secret = "env:X"
"""
BAD = """data_dir = 7
[[account]]
name = "a shop"
adress = "orders@seller.example"
mode = "sometimes"
[account.imap]
port = "993"
security = "ssl"
secret = "hunter2"
[[account]]
name = "second"
address = "nowhere"
mode = "auto"
[account.imap]
host = "imap.seller.example"
secret = "env:X"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def problems_of(tmp_path: Path, text: str) -> list:
    with pytest.raises(UserError) as caught:
        load_config(write(tmp_path, text))
    return list(caught.value.problems)


def test_the_defaults_are_the_careful_ones(tmp_path):
    (account,) = load_config(write(tmp_path, GOOD)).accounts
    assert account.policy.address == "orders@seller.example"
    assert account.policy.mode is Mode.DRAFT
    assert account.policy.trust == "authenticated"
    assert account.policy.last_call is LastCall.NEVER  # nothing can be sent without [account.smtp]
    assert (account.imap.port, account.imap.security, account.imap.user) == (
        993,
        "tls",
        "orders@seller.example",
    )
    assert account.copy_to_self is False


def test_with_a_way_to_send_the_last_call_is_complete_and_a_copy_comes_back(tmp_path):
    (account,) = load_config(
        write(tmp_path, GOOD + '[account.smtp]\nhost = "smtp.seller.example"\n')
    ).accounts
    assert account.policy.last_call is LastCall.COMPLETE
    assert account.copy_to_self is True
    assert account.smtp_secret == "env:X"


def test_all_mistakes_are_told_at_once_with_file_line_key_and_remedy(tmp_path):
    found = {
        (problem.line, (problem.key or "").rpartition(".")[2]): str(problem)
        for problem in problems_of(tmp_path, BAD)
    }
    for line, key in (
        (1, "data_dir"),
        (3, "name"),
        (4, "adress"),
        (5, "mode"),
        (7, "port"),
        (8, "security"),
        (9, "secret"),
        (12, "address"),
    ):
        assert (line, key) in found, found
    assert "did you mean 'address'?" in found[4, "adress"]
    assert "file:PATH" in found[9, "secret"]
    assert any("'host' is missing" in text for text in found.values())
    assert not any("hunter2" in text for text in found.values())
    assert all(str(tmp_path) in text for text in found.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[account]\n", "not valid TOML"),
        ("", "'account' is missing"),
        (GOOD + GOOD.replace('data_dir = "data"\n', ""), "stands here twice"),
        (GOOD.replace('name = "shop"', 'name = "shop"\nmode = "auto"'), "[account.smtp]"),
    ],
)
def test_a_mistake_says_what_to_do(tmp_path, text, said):
    problems = problems_of(tmp_path, text)
    assert any(said in str(problem) for problem in problems)
    assert all(problem.file for problem in problems)


OAUTH = re.sub(r"(?m)^secret = .*$", "", GOOD) + '[account.oauth]\nprovider = "microsoft"\nclient_id = "x"\n'


def test_a_login_by_oauth_stands_in_place_of_the_secret_and_is_kept_in_the_keyring(tmp_path):
    account = load_config(write(tmp_path, OAUTH)).account(None)
    assert account.oauth is not None
    assert account.oauth.keep_in == "keyring:inbox-bot/shop"
    assert (account.oauth.tenant, account.oauth.user) == ("common", account.imap.user)
    assert account.imap_secret == account.smtp_secret == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + OAUTH[OAUTH.index("[account.oauth]") :], "keep one of them"),
        (re.sub(r"(?m)^secret = .*$", "", GOOD), "add secret, or [account.oauth]"),
        (OAUTH.replace('"microsoft"', '"google"'), "add it as a reference"),
        (OAUTH.replace('"microsoft"', '"custom"'), "add token_url, and device_url or authorize_url"),
        (OAUTH.replace('"microsoft"', '"yahoo"'), "'google', 'microsoft' or 'custom'"),
        (OAUTH + 'client_secret = "env:X"\n', "remove it"),
        (OAUTH + 'client_secret = "hunter2"\n', "env:NAME"),
        (OAUTH + 'token = "env:X"\n', "keyring:SERVICE/NAME or file:/PATH"),
        (OAUTH + 'token = "file:login"\n', "keyring:SERVICE/NAME or file:/PATH"),
        (OAUTH + 'tenant = "a/../b"\n', "account.1.oauth.tenant"),
        (OAUTH + 'authority = "http://login.seller.example"\n', "no address for secrets"),
        (OAUTH + 'token_url = "file:///etc/passwd"\n', "no address for secrets"),
        (OAUTH + 'tenent = "x"\n', "did you mean 'tenant'?"),
    ],
)
def test_a_mistake_about_a_login_says_what_to_do(tmp_path, text, said):
    problems = problems_of(tmp_path, text)
    assert any(said in str(problem) for problem in problems), problems
    assert not any("hunter2" in str(problem) for problem in problems)


def test_the_example_loads_and_names_every_key_with_its_default(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    load_config(EXAMPLE)
    every = re.sub(r"(?m)^# ([a-z_]+ = |\[tracking\]|\[account\.oauth\])", r"\1", text)
    data = tomllib.loads(every.replace('ca_file = "/etc/ssl/own-ca.pem"', ""))
    account = data["account"][0]
    parts = (
        (ConfigModel, data),
        (TrackingModel, data["tracking"]),
        (RetentionModel, data["retention"]),
        (AlarmsModel, data["alarms"]),
        (HealthModel, data["health"]),
        (AccountModel, account),
        (ImapModel, account["imap"]),
        (SmtpModel, account["smtp"]),
        (OAuthModel, account["oauth"]),
    )
    for model, table in parts:
        for name, field in model.model_fields.items():
            assert re.search(rf"(?m)^#? ?{name} = |^(# )?\[\[?(account\.)?{name}\]", text), (
                f"{name} is not in the example"
            )
            wanted = (model, name) == (ImapModel, "secret")  # unless there is [account.oauth]
            if name in table and not field.is_required() and not wanted and f"# {name} = " in text:
                default = field.get_default(call_default_factory=True)
                assert table[name] == (list(default) if isinstance(default, tuple) else default), name


def test_the_configuration_is_found_where_it_is_said_to_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    with pytest.raises(UserError, match="inbox-bot init"):
        find_config(None)
    (tmp_path / "conf" / "inbox-bot").mkdir(parents=True)
    (tmp_path / "conf" / "inbox-bot" / "config.toml").write_text(GOOD)
    assert find_config(None) == tmp_path / "conf" / "inbox-bot" / "config.toml"
    write(tmp_path, GOOD)
    assert find_config(None) == Path("config.toml")
    with pytest.raises(UserError, match="no file"):
        find_config(tmp_path / "other.toml")


def test_the_store_lies_beside_the_configuration_or_where_the_user_keeps_data(tmp_path, monkeypatch):
    path = write(tmp_path, GOOD)
    assert store_path(path) == tmp_path / "data" / "inbox-bot.sqlite3"
    assert load_config(path).store_path == store_path(path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert store_path(write(tmp_path, "")) == tmp_path / "share" / "inbox-bot" / "inbox-bot.sqlite3"


def test_forwarders_are_domains(tmp_path):
    (account,) = load_config(
        write(
            tmp_path,
            GOOD.replace("[account.imap]", 'trusted_forwarders = ["Forwarder.example"]\n[account.imap]'),
        )
    ).accounts
    assert account.policy.trusted_forwarders == ("forwarder.example",)
    assert account.policy.check_dkim
    text = GOOD.replace("[account.imap]", 'trusted_forwarders = ["a@b.example"]\n[account.imap]')
    assert any("forwarder.example" in str(problem) for problem in problems_of(tmp_path, text))


class TestSecrets:
    """A secret is found by its reference, and never said."""

    def test_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("SHOP", "hunter2")
        assert resolve_secret("env:SHOP") == "hunter2"
        monkeypatch.setenv("SHOP", "")
        with pytest.raises(UserError, match="SHOP is empty"):
            resolve_secret("env:SHOP")

    def test_from_a_private_file_only(self, tmp_path):
        path = tmp_path / "secret"
        path.write_text("hunter2\n")
        path.chmod(0o644)
        with pytest.raises(UserError, match="chmod 600") as caught:
            resolve_secret(f"file:{path}")
        assert "hunter2" not in str(caught.value)
        path.chmod(0o600)
        assert resolve_secret(f"file:{path}") == "hunter2"
        with pytest.raises(UserError, match="cannot be read"):
            resolve_secret(f"file:{path}.none")

    def test_what_the_secret_is_for_is_named(self, monkeypatch, tmp_path):
        monkeypatch.delenv("KEY", raising=False)
        with pytest.raises(UserError, match="set it to the service's API key"):
            resolve_secret("env:KEY", "the service's API key")
        with pytest.raises(UserError, match="with the service's API key cannot be read"):
            resolve_secret(f"file:{tmp_path}/none", "the service's API key")

    def test_anything_else_is_refused_without_repeating_it(self):
        with pytest.raises(UserError) as caught:
            resolve_secret("hunter2")
        assert "hunter2" not in str(caught.value)
