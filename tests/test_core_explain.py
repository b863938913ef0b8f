"""Explanations: every change that is named really changes the verdict, no yes/no fact that would is left out."""

from __future__ import annotations

import json
import time
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nouns import ORDER, dossier, notice, order

from inbox_bot.cli import main
from inbox_bot.core.assessment import Standing
from inbox_bot.core.decide import load_decision_rules
from inbox_bot.core.explain import MOST_QUESTIONS, OF_THE_NOTICE, explain
from inbox_bot.core.fact_words import NOUNS, SHOWN
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.goods import Goods
from inbox_bot.core.history import Ends, History
from inbox_bot.core.judgement import Tables, judge
from inbox_bot.core.model import Reason, Verdict
from inbox_bot.core.record import Dossier
from inbox_bot.core.rule_tests import BLANK
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.core.worth import Worth
from inbox_bot.desk import load_rulebook

AT = datetime(2026, 10, 5, tzinfo=UTC)
BUNDLED = load_rulebook().tables
HINTS = get_type_hints(Facts)
BOOLS = [name for name, hint in HINTS.items() if hint is bool]
RULE = '[[rule]]\nname = "{0}"\nwhen = [{1}]\nverdict = "{2}"\nbecause = "why"\n'
OWN = RULE.format("dear", '"amount > 750", "not signed"', "review") + RULE.format(
    "few scans", '"scans < 3", "delivered"', "refund"
)
OWN += RULE.format("thin", '"evidence_score < 30", "amount * 2 > refunded_amount"', "review")


def tables(*texts: str, **changes) -> Tables:
    rules = load_decision_rules([parse_toml(text, f"{number}.toml") for number, text in enumerate(texts)])
    return Tables(rules, BUNDLED.evidence, **changes)


STRICT = Tables(
    replace(BUNDLED.decisions, rules=(*tables(OWN).decisions.rules, *BUNDLED.decisions.rules)),
    BUNDLED.evidence,
)


def verdict(facts: Facts, by: Tables, history: History | None = None) -> Verdict:
    return judge(facts, (), by, history, AT).decision.verdict


def any_value(name: str) -> st.SearchStrategy:
    if name == "reason":
        return st.sampled_from([one.value for one in Reason])
    kinds = get_args(HINTS[name]) or (HINTS[name],)
    if Decimal in kinds:
        return st.none() | st.decimals(0, 2000, places=2)
    return {bool: st.booleans(), int: st.integers(0, 9)}.get(kinds[0], st.just(getattr(BLANK, name)))


FACTS = st.fixed_dictionaries({name: any_value(name) for name in HINTS}).map(
    lambda one: replace(BLANK, **one)
)
# Most facts as they are when nothing is on record: the verdicts then come from deep in the table.
SPARSE = st.dictionaries(st.sampled_from(BOOLS), st.booleans(), max_size=5).flatmap(
    lambda some: st.sampled_from(list(Reason)).map(
        lambda why: replace(BLANK, **{**some, "reason": why.value})
    )
)


@settings(max_examples=60, deadline=None)
@given(FACTS | SPARSE, st.sampled_from([BUNDLED, STRICT]))
def test_every_change_that_is_named_really_changes_the_verdict(facts, by):
    explained = explain(facts, (), by, None)
    assert explained.decision == judge(facts, (), by, None, AT).decision
    for change in explained.changes:
        changed = judge(replace(facts, **{change.name: change.value}), (), by, None, AT).decision
        assert (changed.verdict, changed.rule) == (change.verdict, change.rule)
        assert changed.verdict is not explained.decision.verdict


@settings(max_examples=40, deadline=None)
@given(FACTS | SPARSE, st.sampled_from([BUNDLED, STRICT]))
def test_no_yes_or_no_fact_that_would_change_the_verdict_is_left_out(facts, by):
    explained = explain(facts, (), by, None)
    if not explained.complete:
        return
    was = explained.decision.verdict
    flips = {
        name for name in BOOLS if verdict(replace(facts, **{name: not getattr(facts, name)}), by) is not was
    }
    assert flips == {change.name for change in explained.changes if change.name in BOOLS}


@settings(max_examples=15, deadline=None)
@given(FACTS, st.sampled_from([BUNDLED, STRICT]))
def test_an_explanation_is_the_same_each_time_and_does_not_take_long(facts, by):
    begun = time.perf_counter()
    first = explain(facts, (), by, None)
    assert time.perf_counter() - begun < 10  # a shared machine; some 0.1 s when it is quiet
    assert explain(facts, (), by, None) == first


@settings(max_examples=30, deadline=None)
@given(st.decimals(1, 5000, places=2), st.decimals(1, 5000, places=2))
def test_an_amount_is_told_to_the_cent_at_which_the_rule_tips_over(limit, amount):
    by = tables(
        RULE.format("dear", f'"amount > {limit}"', "review") + RULE.format("any", '"delivered"', "represent")
    )
    facts = replace(BLANK, delivered=True, amount=amount)
    (told,) = [one for one in explain(facts, (), by, None).changes if one.value and one.name == "amount"]
    assert told.value == (limit if amount > limit else limit + Decimal("0.01"))
    assert f"were {told.value:.2f} USD instead of {amount:.2f} USD" in told.words


def test_a_threshold_that_is_computed_is_found_too():
    by = tables(
        RULE.format("dear", '"amount * 0.15 > 20"', "review") + RULE.format("any", '"delivered"', "represent")
    )
    changes = explain(replace(BLANK, delivered=True), (), by, None).changes
    assert [one.value for one in changes if one.name == "amount"] == [Decimal("133.34"), None]


def test_a_day_is_told_to_the_day():
    by = tables(
        RULE.format("late", '"shipped_on > d\\"2026-10-01\\""', "refund")
        + RULE.format("any", '"delivered"', "represent")
    )
    changes = explain(replace(BLANK, delivered=True, shipped_on=date(2026, 11, 20)), (), by, None).changes
    assert [one.value for one in changes if one.name == "shipped_on"] == [date(2026, 10, 1), None]


def test_what_contesting_is_worth_follows_from_the_changed_fact():
    by = tables(
        RULE.format("poor", '"expected_gain_low < 10"', "refund")
        + RULE.format("any", '"delivered"', "represent"),
        goods=Goods(default_share=Decimal("0.5")),
    )
    history = History({Reason.NOT_RECEIVED: Ends(15, 5)})
    facts = replace(BLANK, delivered=True, reason="not_received", amount=Decimal("100.00"))
    changes = {one.name: one for one in explain(facts, (), by, history).changes}
    assert changes["return_requested"].verdict is Verdict.REFUND
    assert verdict(replace(facts, amount=changes["amount"].value), by, history) is not Verdict.REPRESENT


def test_what_the_notice_is_cannot_be_wished_otherwise():
    explained = explain(replace(BLANK, reason="duplicate", delivered=True), (), BUNDLED, None)
    assert OF_THE_NOTICE.isdisjoint(change.name for change in explained.changes)


def test_the_lines_stand_as_the_record_answers_them():
    explained = explain(find_facts(notice(), Dossier(ORDER, order())), (), BUNDLED, None)
    assert explained.decision.rule == "no rule matches"
    (read,) = [one for one in explained.tried if one.rule == "delivered and signed for"]
    assert [(line.text, line.held) for line in read.lines] == [
        ('reason == "not_received"', True),
        ("delivered", False),
        ("signed", False),
    ]
    assert read.lines[2].words == "nothing on record shows that somebody signed for the parcel"
    words = [f"{one.words}: {one.verdict.value} by {one.rule}" for one in explained.changes]
    assert "if the record showed that the carrier delivered: represent by delivered" in words


def test_the_rule_that_stopped_the_table_is_the_last_one_tried():
    by = tables(OWN)
    explained = explain(replace(BLANK, amount=None), (), by, None)
    assert explained.decision.rule == "a needed value is missing"
    assert [line.held for line in explained.tried[-1].lines] == [None, True]
    assert explained.tried[-1].lines[0].words == "the disputed amount is not on record"


def test_the_search_is_bounded_and_says_so_when_it_was_cut_short():
    lines = ", ".join(f'"amount != {number}.5"' for number in range(MOST_QUESTIONS))
    by = tables(RULE.format("many", lines, "review") + RULE.format("any", '"delivered"', "represent"))
    explained = explain(replace(BLANK, delivered=True, amount=Decimal("100.50")), (), by, None)
    assert not explained.complete


@pytest.mark.parametrize("name", [field.name for noun in (Facts, Standing, Worth) for field in fields(noun)])
def test_every_fact_has_words(name):
    assert (name in SHOWN) != (name in NOUNS)


def test_a_record_with_an_order_is_explained_like_one_without(capsys):
    record = dossier()
    assert (
        explain(find_facts(notice(), record), [record], BUNDLED, None).decision.verdict is Verdict.REPRESENT
    )


MAIL = b"""From: Amazon <cb-seller-notification@amazon.com>
To: orders@seller.example
Subject: Chargeback dispute on order 113-0196033-6384224
Message-ID: <n1@mail.example>
Date: Mon, 05 Oct 2026 09:30:00 +0000
Received: from a.example by mx.seller.example; Mon, 05 Oct 2026 09:30:00 +0000

A buyer has charged back 108.84 USD for order 113-0196033-6384224 and says that the item was not received.
Please reply within 7 days with the proof of delivery.
"""


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_the_commands_say_why_and_what_would_change_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    mail = tmp_path / "notice.eml"
    mail.write_bytes(MAIL.replace(b"\n", b"\r\n"))
    assert run("rules", "explain", mail) == 0
    said = capsys.readouterr().out
    assert 'if the record showed that the carrier delivered: represent by "delivered"' in said
    assert '"lost": nothing on record shows that the carrier declared the parcel lost' in said
    assert run("rules", "explain", mail, "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"fact": "delivered", "value": True, "verdict": "represent"}.items() <= next(
        change for change in told[0]["changes"] if change["fact"] == "delivered"
    ).items()
