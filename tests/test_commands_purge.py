"""`inbox-bot purge`: the dry run shows what the purge does and touches nothing; neither shows what the data said."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nouns import NOW
from test_purge import CONFIG, STREET, store_with_a_case

from inbox_bot.commands.cases import list_cases
from inbox_bot.commands.purge import run_purge
from inbox_bot.core.errors import UserError

LATER = datetime(2028, 10, 1, tzinfo=UTC)


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    (tmp_path / "data").mkdir()
    store, _ = store_with_a_case(store_file(file), closed=True)
    store.close()
    return file


def store_file(config_file: Path) -> Path:
    return config_file.parent / "data" / "inbox-bot.sqlite3"


def contents(config_file: Path) -> list[str]:
    with sqlite3.connect(store_file(config_file)) as connection:
        return list(connection.iterdump())


def lines(capsys) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_dry_run_changes_not_one_byte_and_says_what_the_purge_then_does(config_file, capsys):
    before = contents(config_file), store_file(config_file).read_bytes()
    assert run_purge(config_file, dry_run=True, as_json=True, now=LATER) == 0
    assert (contents(config_file), store_file(config_file).read_bytes()) == before
    would = lines(capsys)
    assert run_purge(config_file, dry_run=False, as_json=True, now=LATER) == 0
    did = lines(capsys)
    assert [line.pop("gone") for line in would] == [False] * len(would)
    assert [line.pop("gone") for line in did] == [True] * len(did)
    assert would == did
    assert {line["source"] for line in did} == {"all_orders", "mailbox and cases"}
    assert all(set(line) == {"source", "what", "count", "oldest", "why"} for line in did)


def test_nothing_that_is_shown_or_recorded_says_what_the_data_said(config_file, capsys):
    run_purge(config_file, dry_run=True, as_json=False, now=LATER)
    run_purge(config_file, dry_run=False, as_json=False, now=LATER)
    shown = capsys.readouterr().out
    assert "all_orders" in shown
    for word in (STREET, "Pat Nobody", "my phone is"):
        assert word not in shown
        assert not any(word in line for line in contents(config_file))


def test_a_purge_at_a_time_when_nothing_is_due_leaves_every_row(config_file, capsys):
    before = contents(config_file)
    assert run_purge(config_file, dry_run=False, as_json=True, now=NOW - timedelta(days=5)) == 0
    assert lines(capsys) == []
    assert contents(config_file) == before


def test_after_a_purge_the_list_of_cases_shows_the_case_and_no_empty_alert(config_file, capsys):
    run_purge(config_file, dry_run=False, as_json=False, now=LATER)
    capsys.readouterr()
    list_cases(store_file(config_file), None, as_json=False, everything=True)
    shown = capsys.readouterr().out
    assert "case-1" in shown
    assert len(shown.splitlines()) == 2


def test_a_configuration_that_cannot_be_read_is_the_users_to_mend(tmp_path):
    with pytest.raises(UserError):
        run_purge(tmp_path / "none.toml", dry_run=True, as_json=False, now=LATER)
