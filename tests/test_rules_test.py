"""`rules test`: a table says what must come of facts, and a failure says which line decided."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.cli import main
from inbox_bot.core.conditions import engine_values
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Verdict
from inbox_bot.core.rule_tests import load_rule_tests, run_tests, values_of
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.desk import load_rulebook
from inbox_bot.resources import rule_files

TABLES = load_rulebook().tables
BUNDLED = load_rule_tests(rule_files("tests*.toml"))
RULES = {rule.name: rule for rule in TABLES.decisions.rules}


def read_tests(text: str, *more: str):
    return load_rule_tests(
        [parse_toml(one, f"tests-{number}.toml") for number, one in enumerate((text, *more), 1)]
    )


def test_every_bundled_test_holds():
    assert [one.why for one in run_tests(BUNDLED, TABLES) if not one.held] == []


def lines_that_fail(test, rule) -> list[str]:
    values = engine_values(values_of(dict(test.given), TABLES)[0])
    return [condition.text for condition in rule.when if condition.holds(values) is not True]


@pytest.mark.parametrize("name", RULES)
def test_every_line_of_every_bundled_rule_is_tested_from_both_sides(name):
    rule = RULES[name]
    own = [test for test in BUNDLED if test.name == name or test.name.startswith(f"{name}, but ")]
    assert own[0].rule == name
    assert lines_that_fail(own[0], rule) == []
    alone = [lines[0] for test in own[1:] if len(lines := lines_that_fail(test, rule)) == 1]
    assert {condition.text for condition in rule.when} <= set(alone)


TEST = '[[test]]\nname = "x"\nfacts = {{ {0} }}\nverdict = "{1}"\n'


@given(st.sampled_from(BUNDLED), st.sampled_from(list(Verdict)))
def test_a_test_holds_for_one_verdict_and_fails_for_the_others(test, verdict):
    (tested,) = run_tests([replace(test, verdict=verdict, rule="")], TABLES)
    assert tested.held == (verdict is test.verdict)
    assert tested.held or f"expected {verdict.value}" in tested.why[0]


def test_a_failure_says_expected_and_got_and_the_lines_that_decided():
    (tested,) = run_tests(
        read_tests(TEST.format('reason = "not_received", delivered = true', "refund") + 'rule = "lost"\n'),
        TABLES,
    )
    assert tested.why == (
        "expected refund by 'lost', got represent by 'delivered'",
        "'delivered' holds: reason == \"not_received\"",
        "'delivered' holds: delivered",
        "'lost' does not hold: lost",
    )


def test_a_rule_that_an_earlier_one_forestalled_is_told_so():
    text = TEST.format('reason = "not_received", delivered = true, signed = true', "represent")
    (tested,) = run_tests(read_tests(text + 'rule = "delivered"\n'), TABLES)
    assert tested.why[-1] == "'delivered' would hold too, but a rule above it was first"


def test_a_rule_that_is_not_there_is_a_failure_that_names_the_nearest():
    text = TEST.format('reason = "not_received", lost = true', "refund")
    (tested,) = run_tests(read_tests(text + 'rule = "losst"\n'), TABLES)
    assert tested.why[-1] == "there is no rule 'losst'; did you mean 'lost'?"


def test_ones_own_test_replaces_and_takes_out_by_name():
    first = TEST.format("lost = true", "review")
    assert [test.verdict for test in read_tests(first, TEST.format("lost = true", "refund"))] == [
        Verdict.REFUND
    ]
    assert read_tests(first, '[[test]]\nname = "x"\noff = true\n') == ()


FAULTS = [
    (TEST.format("delivred = true", "review"), 3, "facts.delivred", "did you mean delivered?"),
    (TEST.format("zzz = true", "review"), 3, "facts.zzz", "docs/rules.md lists the facts"),
    (TEST.format('delivered = "yes"', "review"), 3, "facts.delivered", "write true or false"),
    (TEST.format("scans = true", "review"), 3, "facts.scans", "write a whole number"),
    (TEST.format("scans = 1.5", "review"), 3, "facts.scans", "write a whole number"),
    (TEST.format("amount = true", "review"), 3, "facts.amount", "108.84"),
    (TEST.format('amount = "12 USD"', "review"), 3, "facts.amount", "108.84"),
    (TEST.format('shipped_on = "2026-10-01"', "review"), 3, "facts.shipped_on", "without quotes"),
    (TEST.format("shipped_on = 2026-10-01T10:00:00Z", "review"), 3, "facts.shipped_on", "without quotes"),
    (TEST.format('reason = "lost"', "review"), 3, "facts.reason", "choose one of: not_received"),
    (TEST.format('delivered = "unknown"', "review"), 3, "facts.delivered", "write true or false"),
    (TEST.format("lost = true", "pay"), 4, "verdict", "choose one of: represent, refund, review"),
    (TEST.format("lost = true", "review") + "rule = 3\n", 5, "rule", "name of a rule"),
    (TEST.format("lost = true", "review") + "colour = 3\n", 5, "colour", "choose from"),
    (TEST.format("lost = true", "review") + "but = 3\n", 5, "but", "[[test.but]]"),
    (TEST.format("lost = true", "review") + '[[test.but]]\nfacts = { losst = true }\nverdict = "review"\n', 6,
     "but.1.facts.losst", "did you mean lost?"),
    ('[[test]]\nname = "x"\nverdict = "review"\n[test.facts]\nlost = true\nlosst = true\n', 6, "facts.losst", "lost?"),
    ('[[test]]\nname = "x"\nverdict = "review"\n', 1, "facts", "add facts"),
    ('[[test]]\nverdict = "review"\n', 1, "test.1", 'add name = "..."'),
    ('[[tests]]\nname = "x"\n', 1, "tests", "choose from: test"),
    ('[[test]]\nname = "x"\noff = true\n', 1, "test.1", "check the name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "said"), FAULTS)
def test_a_test_that_cannot_be_read_is_refused_with_file_line_key_and_remedy(text, line, key, said):
    with pytest.raises(UserError) as caught:
        read_tests(text)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("tests-1.toml", line)
    assert key in (problem.key or "")
    assert said in str(problem)


def test_a_test_may_say_how_the_record_was_weighed_and_what_it_is_worth(tmp_path):
    rules = '[[rule]]\nname = "thin"\nwhen = ["evidence_score < 40", "expected_gain_low < 10"]\nverdict = "refund"\nbecause = "why"\n'
    (tmp_path / "decisions-mine.toml").write_text(rules)
    tables = load_rulebook(tmp_path).tables
    asked = read_tests(
        TEST.format('reason = "duplicate", evidence_score = 20, expected_gain_low = 3.5', "refund"),
        TEST.replace('"x"', '"y"').format('reason = "duplicate", evidence_score = 20', "review"),
    )
    assert [one.held for one in run_tests(asked, tables)] == [True, True]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_the_command_ends_with_0_1_or_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run("rules", "test") == 0
    assert re.fullmatch(r"(\d+) of \1 tests held\.\n", capsys.readouterr().out)
    mine = tmp_path / "mine.toml"
    mine.write_text(TEST.format("lost = true", "represent"))
    assert run("rules", "test", mine) == 1
    assert f"{mine}:1 x\n  expected represent, got review" in capsys.readouterr().out
    assert run("rules", "test", mine, "--json") == 1
    assert json.loads(capsys.readouterr().out)["got"]["verdict"] == "review"
    mine.write_text(TEST.format("losst = true", "represent"))
    assert run("rules", "test", mine) == 2
    assert f"{mine}:3 [test.1.facts.losst]: unknown fact" in capsys.readouterr().err
    mine.write_text("")
    assert run("rules", "test", mine) == 2
