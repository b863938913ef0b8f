"""`rules diff`: which verdicts a change of rules flips, by which rule, and the money behind them; it writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import DECIDED, NOW, READY, case, decision, dossier, notice, shipment
from stored_cases import keep_case

from inbox_bot.cli import main
from inbox_bot.core import events as happened
from inbox_bot.core.errors import UserError
from inbox_bot.core.flips import Verdicts, totals_of
from inbox_bot.core.model import Kind, Money, Outcome, Verdict
from inbox_bot.core.record import ShipmentStatus
from inbox_bot.judging import compare, load_tables
from inbox_bot.store.protocol import Purge
from inbox_bot.store.reading import ReadOnlyStore
from inbox_bot.store.sqlite import SqliteStore

LOST = dossier(shipments=(shipment(status=ShipmentStatus.LOST, delivered_on=None),))
RULE = '[[rule]]\nname = "{0}"\nwhen = [{1}]\nverdict = "{2}"\nbecause = "why"\n'
DEAR = RULE.format("dear", '\'reason == "not_received"\', "delivered", "amount > 50"', "review")
BUNDLED = load_tables()


def rules(tmp_path: Path, text: str, name: str = "decisions-mine.toml") -> Path:
    folder = tmp_path / "new"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.fixture
def store(tmp_path):
    """Two delivered parcels, a lost one, one in euros, and what cannot be judged."""
    store = SqliteStore(tmp_path / "inbox-bot.sqlite3")
    keep_case(store, "big", notice(amount=usd("108.84")), dossier(), DECIDED)
    keep_case(store, "small", notice(amount=usd("20.00")), dossier(), DECIDED)
    keep_case(store, "euro", notice(amount=Money(Decimal("60.00"), "EUR")), dossier(), DECIDED)
    keep_case(store, "lost", notice(amount=usd("99.00")), LOST, DECIDED)
    keep_case(store, "strange", notice(trusted=False), None, happened.Decided(decision(Verdict.REVIEW)))
    keep_case(store, "new", notice(), None)
    gone = keep_case(store, "gone", notice(), dossier(), DECIDED)
    assert gone.dossier_sha256 is not None
    store.purge(Purge(files=(gone.dossier_sha256,)), (), NOW)
    yield store
    store.close()


def test_the_flips_are_named_with_both_rules_and_their_money_by_currency(store, tmp_path):
    found = compare(store, None, BUNDLED, load_tables(rules(tmp_path, DEAR)))
    assert {one.case.case_id: (one.old.rule, one.new.rule) for one in found.flips} == {
        "big": ("delivered to the order's address", "dear"),
        "euro": ("delivered to the order's address", "dear"),
    }
    assert [(one.old, one.new, one.currency, one.count, one.amount) for one in found.totals] == [
        (Verdict.REPRESENT, Verdict.REVIEW, "EUR", 1, Decimal("60.00")),
        (Verdict.REPRESENT, Verdict.REVIEW, "USD", 1, Decimal("108.84")),
    ]


def test_what_cannot_be_judged_is_counted_and_named_with_its_why(store):
    found = compare(store, None, BUNDLED, BUNDLED)
    assert {one.case_id: one.because for one in found.not_judged} == {
        "strange": "not trusted, so no rule is asked",
        "new": "never looked up",
        "gone": "its record was purged",
    }
    assert len(found.judged) + len(found.not_judged) == len(store.cases())
    assert (found.flips, found.other_rule) == ((), 0)


def test_another_rule_with_the_same_verdict_is_no_flip(store, tmp_path):
    found = compare(
        store, None, BUNDLED, load_tables(rules(tmp_path, RULE.format("mine", '"lost"', "refund")))
    )
    assert (len(found.flips), found.other_rule) == (0, 1)


def test_one_file_and_another_evidence_table_are_compared_as_well(store, tmp_path):
    file = (
        rules(tmp_path, '[[fatal]]\nname = "x"\nwhen = ["signed or delivered"]\nsays = "so"\n', "any.toml")
        / "any.toml"
    )
    found = compare(store, None, BUNDLED, load_tables(file))
    assert {one.new.rule for one in found.flips} == {"a finding decides against an answer"}


def test_the_history_is_what_had_ended_when_the_notice_came(tmp_path):
    store = SqliteStore(None)
    won = happened.DecisionReceived(notice(kind=Kind.DECISION), Outcome.IN_FAVOUR)
    sent = happened.ReplySent("<reply.1@seller.example>", 250, "ok")
    for number in range(20):
        keep_case(store, f"past-{number}", notice(), dossier(), *READY[1:], sent, won)
    keep_case(store, "now", notice(), dossier(), DECIDED)
    early = replace(notice(), received_at=NOW.replace(year=2025))
    keep_case(store, "early", early, dossier(), DECIDED)
    asks = rules(tmp_path, RULE.format("sure", '"win_chance_low != null and win_chance_low > 0.5"', "refund"))
    found = compare(store, None, BUNDLED, load_tables(asks))
    flipped = {one.case.case_id for one in found.flips}
    assert "now" in flipped
    assert "early" not in flipped
    assert "past-0" not in flipped  # its own end and 18 others are not twenty
    store.close()


VERDICTS = st.sampled_from(list(Verdict))
MONEY = st.none() | st.builds(Money, st.decimals(0, 9999, places=2), st.sampled_from(["USD", "EUR", "JPY"]))


@given(st.lists(st.tuples(VERDICTS, VERDICTS, MONEY), max_size=30))
def test_totals_are_the_sums_of_the_flips(flips):
    judged = [
        Verdicts(case(notice=notice(amount=money)), decision(old), decision(new)) for old, new, money in flips
    ]
    totals = totals_of(judged)
    assert sum(one.count for one in totals) == len(flips)
    for one in totals:
        amounts = [
            money.amount if money else Decimal(0)
            for old, new, money in flips
            if (old, new, money.currency if money else "") == (one.old, one.new, one.currency)
        ]
        assert (one.count, one.amount) == (len(amounts), sum(amounts))
    assert max(Counter((one.old, one.new, one.currency) for one in totals).values(), default=1) == 1


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


CONFIG = """data_dir = "."
[[account]]
name = "shop"
address = "orders@seller.example"
[account.imap]
host = "imap.seller.example"
secret = "env:NO_SUCH_SECRET"
"""


@pytest.fixture
def config(store, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def test_the_command_prints_flips_money_and_the_rest_and_writes_nothing(store, config, tmp_path, capsys):
    store.close()
    folder, file = rules(tmp_path, DEAR), tmp_path / "inbox-bot.sqlite3"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    assert run("rules", "diff", "bundled", folder, "--config", config) == 1
    said = capsys.readouterr().out
    assert "2 of 4 verdicts flip." in said
    assert "represent -> review: 1 case, 108.84 USD" in said
    assert '  new: review by "dear": why' in said
    assert "gone: its record was purged" in said
    assert run("rules", "diff", "bundled", "bundled", "--config", config) == 0
    assert run("rules", "diff", "bundled", folder, "--config", config, "--account", "other", "--json") == 0
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_json_gives_each_flip_and_then_the_sums(config, tmp_path, capsys):
    assert run("rules", "diff", "bundled", rules(tmp_path, DEAR), "--config", config, "--json") == 1
    *flips, sums = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["case"] for one in flips} == {"big", "euro"}
    assert flips[0]["new"] == {"verdict": "review", "rule": "dear", "because": "why"}
    assert (sums["judged"], sums["flips"], len(sums["not_judged"])) == (4, 2, 3)
    assert sums["totals"][1] == {
        "old": "represent", "new": "review", "currency": "USD", "count": 1, "amount": "108.84",
    }  # fmt: skip


def test_mails_are_compared_where_there_is_no_store(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    mails = Path(__file__).parent.parent / "fixtures" / "cases" / "01-not-received-signed" / "mails"
    always = rules(tmp_path, RULE.format("always", '"readable"', "refund"))
    assert run("rules", "diff", "bundled", always, "--mails", mails) == 1
    assert "-> refund: 1 case" in capsys.readouterr().out


def test_a_store_that_is_only_read_refuses_every_write_and_no_store_is_made(store, tmp_path):
    store.close()
    reading = ReadOnlyStore(tmp_path / "inbox-bot.sqlite3")
    with pytest.raises(Exception, match=r"could not be written"):
        keep_case(reading, "more", notice(), None)
    reading.close()
    with pytest.raises(UserError, match="no store"):
        ReadOnlyStore(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_rules_that_cannot_be_read_are_all_told_with_their_file_and_line(tmp_path, capsys):
    (tmp_path / "a.toml").write_text(RULE.format("x", '"delivred"', "review"))
    (tmp_path / "b.toml").write_text("colour = 3\n")
    assert run("rules", "diff", tmp_path / "a.toml", tmp_path / "b.toml") == 2
    said = capsys.readouterr().err
    assert "a.toml:3 [rule.1.when]: unknown fact 'delivred'" in said
    assert "b.toml: there are no rules in it" in said
    assert run("rules", "diff", "bundled", tmp_path / "none") == 2
    assert "does not exist" in capsys.readouterr().err
