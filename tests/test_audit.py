"""The audit of a mailbox's past, on a real server: its findings are the truth, and nothing is changed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import past_mailbox
import pytest
from servers import SECRET, DovecotServer

from inbox_bot.cli import main
from inbox_bot.commands.audit import since_when
from inbox_bot.core.errors import UserError

FOLDERS = ("INBOX", "Amazon", "Archive", "Junk", "Sent")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90), ("2w", 14), ("12m", 372), ("1y", 366), ("2026-11-13", 10.5)]
)
def test_a_time_is_written_as_a_length_or_a_day(text: str, days: float) -> None:
    assert since_when(text, NOW, ZoneInfo("UTC")) == NOW - timedelta(days=days)


@pytest.mark.parametrize(
    "text", ["", "12", "m", "-3m", "2027-01-01", "9999y", "0d", "yesterday", "2026-13-01"]
)
def test_what_is_no_time_in_the_past_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="write it like 12m"):
        since_when(text, NOW, ZoneInfo("UTC"))


def config_of(server: DovecotServer, user: str, folder: Path) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'data_dir = "{folder / "data"}"\n\n[[account]]\nname = "shop"\naddress = "{past_mailbox.OWN}"\n'
        f'authserv_id = "{past_mailbox.SERVER}"\ncheck_dkim = false\n\n[account.imap]\nhost = "{server.host}"\n'
        f'port = {server.imap_port}\nsecurity = "plain"\nuser = "{user}"\nsecret = "env:AUDIT_SECRET"\n'
    )
    path.chmod(0o600)
    return path


def run(arguments: list[str]) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.mark.live
class TestAgainstDovecot:
    def test_its_findings_are_the_truth_and_the_mailbox_stays_as_it_was(
        self, dovecot_server: DovecotServer, fresh_seller: str, tmp_path, monkeypatch, capsys
    ) -> None:
        truth, placed = past_mailbox.year(80, past_mailbox.now())
        places = {name: dovecot_server.mail_folder(fresh_seller, name) for name in FOLDERS}
        past_mailbox.write(placed, places)
        monkeypatch.setenv("AUDIT_SECRET", SECRET)
        config = config_of(dovecot_server, fresh_seller, tmp_path)
        before = {
            name: sorted(one.name for one in (*path.glob("cur/*"), *path.glob("new/*")))
            for name, path in places.items()
        }

        assert run(["audit", "--config", str(config), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert run(["audit", "--config", str(config)]) == 0
        text = capsys.readouterr().out

        disputes = {
            (one["order_id"], one["finding"], one["outcome"], one["reason"], Decimal(one["amount"]))
            for one in found["disputes"]
        }
        assert disputes == {(one.order_id, one.finding, one.outcome, one.reason, one.amount) for one in truth}
        kinds = Counter(one.finding for one in truth)
        assert found["sums"]["missed"]["cases"] == kinds["missed"]
        missed = sum(one.amount for one in truth if one.finding == "missed")
        assert Decimal(found["sums"]["missed"]["money"]["USD"]) == missed
        assert f"{missed:,.2f} USD" in text
        for one in truth:
            assert (one.order_id in text) == (not one.finding.startswith("answered in time"))
        after = {
            name: sorted(one.name for one in (*path.glob("cur/*"), *path.glob("new/*")))
            for name, path in places.items()
        }
        assert after == before
        assert not (tmp_path / "data").exists()

    def test_only_the_time_that_was_asked_for_counts(
        self, dovecot_server: DovecotServer, fresh_seller: str, tmp_path, monkeypatch, capsys
    ) -> None:
        _, placed = past_mailbox.year(20, past_mailbox.now())
        past_mailbox.write(placed, {name: dovecot_server.mail_folder(fresh_seller, name) for name in FOLDERS})
        monkeypatch.setenv("AUDIT_SECRET", SECRET)
        config = config_of(dovecot_server, fresh_seller, tmp_path)
        assert run(["audit", "--config", str(config), "--since", "10d", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert {one["finding"] for one in found["disputes"]} == {"still open"}
