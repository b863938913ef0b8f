"""The daemon, `show` and the comparisons judge a case by the same tables, with the same history."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import DECIDED, NOW, READY, dossier, notice
from stored_cases import keep_case
from test_other_mail import ORDER, Office
from test_shadow import SHADOW, run

from inbox_bot.app import evidence_changed
from inbox_bot.core import events as happened
from inbox_bot.core.decide import load_decision_rules
from inbox_bot.core.model import Kind, Outcome
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.judging import explain_case, load_tables
from inbox_bot.store.sqlite import SqliteStore

SURE = """[[rule]]
name = "the history speaks for it"
when = ["history_n >= 20", "win_chance_low != null and win_chance_low > 0.5"]
verdict = "represent"
because = "{{ history_n }} ends, {{ win_chance_low }} at least."
"""
SENT = happened.ReplySent("<reply.1@seller.example>", 250, "ok")
WON = happened.DecisionReceived(notice(kind=Kind.DECISION), Outcome.IN_FAVOUR)


def office_with(ends: int) -> Office:
    """An account whose own rule asks for the history, decided anew once so many cases have ended well."""
    office = Office(SHADOW)
    rules = load_decision_rules([parse_toml(SURE, "decisions-mine.toml")])
    office.desk = replace(office.desk, rulebook=replace(office.desk.rulebook, decisions=rules))
    for number in range(ends):
        keep_case(office.store, f"past-{number}", notice(order_id=None), dossier(), *READY[1:], SENT, WON)
    evidence_changed(office.store, "shop", (ORDER,), "a report was imported", NOW)
    office.work(NOW + timedelta(hours=1))
    return office


def test_a_rule_of_the_daemon_may_ask_for_the_sellers_own_history():
    case = office_with(20).case
    assert (case.decision.rule, case.decision.because) == (
        "the history speaks for it",
        "20 ends, 0.8388 at least.",
    )


def test_under_twenty_ends_the_rule_is_passed_over():
    assert office_with(19).case.decision.rule == "no rule matches"


def test_an_explanation_gives_the_verdict_that_the_daemon_gave():
    office = office_with(20)
    explained = explain_case(office.store, office.case, office.desk.rulebook.tables)
    assert explained.decision == office.case.decision


CONFIG = """data_dir = "."
rules_dir = "own"
[[account]]
name = "shop"
address = "orders@seller.example"
[account.imap]
host = "imap.seller.example"
secret = "env:NO_SUCH_SECRET"
"""


@pytest.fixture
def shop(tmp_path):
    """A store with one decided case, and a folder for rules of one's own."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "own").mkdir()
    store = SqliteStore(tmp_path / "inbox-bot.sqlite3")
    keep_case(store, "one", notice(), dossier(), DECIDED)
    keep_case(store, "gone", notice(order_id=None), None, DECIDED)
    store.close()
    return tmp_path


def show(shop, case: str, capsys) -> str:
    assert run("show", case, "--config", shop / "config.toml") == 0
    return capsys.readouterr().out


def test_show_says_which_lines_held_what_would_change_it_and_what_was_decided_otherwise(shop, capsys):
    said = show(shop, "one", capsys)
    assert 'represent by "delivered to the order\'s address"; it was decided by "a rule"' in said
    assert "held: the record shows that the carrier delivered to the order's town" in said
    assert 'if the record showed that the carrier declared the parcel lost: refund by "lost"' in said


def test_show_asks_the_rules_of_ones_own_folder_and_tells_thresholds_to_the_cent(shop, capsys):
    rule = '[[rule]]\nname = "dear"\nwhen = ["amount > 750"]\nverdict = "review"\nbecause = "why"\n'
    (shop / "own" / "decisions-mine.toml").write_text(rule)
    said = show(shop, "one", capsys)
    assert 'if the disputed amount were 750.01 USD instead of 108.84 USD: review by "dear"' in said


def test_rules_that_cannot_be_read_do_not_keep_a_case_from_being_shown(shop, capsys):
    (shop / "own" / "decisions-mine.toml").write_text("[[rule]]\nname = 3\n")
    assert "`inbox-bot rules check` says why" in show(shop, "one", capsys)


def test_a_case_without_a_record_is_shown_without_a_why(shop, capsys):
    assert "Why, and what would change it" not in show(shop, "gone", capsys)
    assert run("show", "gone", "--json", "--config", shop / "config.toml") == 0
    assert json.loads(capsys.readouterr().out)["explanation"] is None


def test_the_bundled_tables_need_no_history():
    assert not load_tables().ask_for_history
