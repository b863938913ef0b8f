"""Two scans tell which patterns stand in a text; none is ever missed."""

from __future__ import annotations

import random

import re2
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.core.folded import compiled
from inbox_bot.core.pattern_set import PatternSet
from inbox_bot.desk import load_rulebook

PATTERNS = ["a+b", r"\bcat\b", "(?i:Ware)", "退款", "x{3}", "a|z"]
SET = PatternSet(PATTERNS)
WORDS = ["cat", "concat", "ware", "aab", "退款", "退", "xxx", "xx", " ", "\n", "z", "é"]


@given(st.lists(st.sampled_from(WORDS), max_size=8).map("".join))
def test_it_names_the_patterns_that_stand_in_the_text(text):
    standing = {place for place, one in enumerate(PATTERNS) if re2.search(one, text)}
    assert SET.which(text) == standing


def test_an_automaton_that_gave_up_is_not_taken_for_one_that_found_nothing():
    assert SET._read([]) == frozenset(range(len(PATTERNS)))
    assert SET.which("") == frozenset()
    monster = PatternSet([r"[ab]*a[ab]{14}c", "never in there"])
    monster._set = small_set(monster._patterns)
    text = "".join(random.Random(1).choices("ab", k=20_000)) + "a" + "ab" * 7 + "c"
    assert 0 in monster.which(text)


def small_set(patterns):
    """Compiled with so little memory that it gives up on a text that needs many states."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 60_000
    made = re2.Set.SearchSet(options)
    for pattern in (*patterns, ""):
        made.Add(pattern)
    made.Compile()
    return made


def test_without_patterns_nothing_stands_anywhere():
    assert PatternSet([]).which("text") == frozenset()


def test_only_phrases_whose_telling_words_stand_in_a_text_are_looked_for_one_by_one():
    claims = load_rulebook().statements.claims
    for text, found, most in [
        ("The shop is open from nine to five.", [], 0),
        ("The parcel was delivered.", ["delivered"], 60),
    ]:
        before = compiled.cache_info().misses
        assert [hit.name for hit in claims.find_all(text)] == found
        assert compiled.cache_info().misses - before <= most
    assert sum(len(claims.phrases(name)) for name in claims.names) > 500


def test_patterns_too_many_for_one_automaton_all_count_as_standing():
    many = [f"(?i)[a-z]{{1,200}}{number}[\\pL]{{1,200}}" for number in range(400)]
    assert PatternSet(many).which("text") == frozenset(range(400))
