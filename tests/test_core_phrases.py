"""Promises of the phrase tables: plain words match as a person reads them, and a bad phrase names its line."""

from __future__ import annotations

import time

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.core.folded import fold
from inbox_bot.core.phrase_table import PhraseTable, load_phrases
from inbox_bot.core.phrases import compile_phrase, is_conditional, sentence_at, sentences
from inbox_bot.core.tomlfile import parse_toml


def table(**groups: list[str]) -> PhraseTable:
    return PhraseTable(
        {name: [compile_phrase(phrase) for phrase in phrases] for name, phrases in groups.items()}
    )


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("charge dispute", "A CHARGE\ndispute"),
        ("charge dispute", "> a charge\n> dispute"),
        ("没有收到货物", "我没有收到\n货物"),
        ("没有 收到", "没有收到"),
        ("退款 issued", "退款issued"),
        ("was (not|) received", "was received"),
        ("was (not|) received", "was not received"),
        ("(i have|i've) received (it|)", "I've received"),
        ("(the|) refund", "Refund"),
        ("refund*", "refunded."),
        ("refund* ... bank", "refunded to your\nown bank"),
        ("refund ... bank", "a refund and " + "later " * 40 + "a refund by the bank"),
        ("cost ... paid", "the cost of 3.50 was paid"),
        ("A-to-z", "an a-to-Z claim"),
        ("don't", "I DON'T"),
        ("c++ (x)", "c++ x"),
        ("100% (cotton|wool)", "100% wool"),
        ("réglé", "RÉGLÉ"),
        ("photos (de l'|du) (article|produit)", "des photos de l'article"),
        ("photos (de l'|du) (article|produit)", "des photos du produit"),
        ("photos (de l'|) article", "photos de l'article"),
    ],
)
def test_a_phrase_matches_as_a_person_reads_it(phrase: str, text: str) -> None:
    assert compile_phrase(phrase).found_in(text)
    assert re2.search(
        compile_phrase(phrase).telling, fold(text).text
    )  # or the search over many would pass it over


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("refund", "prefund refunds refund2"),
        ("refund* ... bank", "refunded. The bank"),
        ("refund* ... bank", "refunded\n\nthe bank"),
        ("refund ... bank", "refund " + "x" * 70 + " bank"),
        ("charge dispute", "charge\n\ndispute"),
        ("charge dispute", "chargedispute"),
        ("a.c", "abc"),
        ("退款。成功", "退款成功"),
    ],
)
def test_a_phrase_does_not_match_across_words_sentences_or_paragraphs(phrase: str, text: str) -> None:
    assert not compile_phrase(phrase).found_in(text)


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("  ", "empty"),
        ("...", "between words"),
        ("a ...", "between words"),
        ("a (b", "without its ')'"),
        ("a) b", "without its '('"),
        ("a|b", "without its '('"),
        ("(a(b))", "cannot stand inside"),
        ("(|)", "empty '()'"),
        ("(a|)", "optional"),
        ("*a", "behind a letter"),
        ("word " * 200, "longer than"),
    ],
)
def test_a_bad_phrase_says_what_is_wrong(phrase: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(").replace(")", r"\)")):
        compile_phrase(phrase)


def test_hits_come_in_order_of_appearance_with_their_words() -> None:
    phrases = table(refund=["refund*"], claim=["claim", "A-to-z claim"])
    text = "An A-to-z\nclaim was refunded"
    assert [(hit.name, hit.words) for hit in phrases.find_all(text)] == [
        ("claim", "A-to-z claim"),
        ("refund", "refunded"),
    ]
    first = phrases.find_first(text)
    assert first is not None
    assert text[first.start : first.end] == "A-to-z\nclaim"
    assert phrases.find_first(text, names={"refund"}).words == "refunded"  # type: ignore[union-attr]
    assert phrases.find_first("nothing of it") is None


def test_merging_replaces_a_group_by_name() -> None:
    merged = table(a=["one"], b=["two"]).merged(table(b=["three"]))
    assert merged.names == ("a", "b")
    assert [hit.words for hit in merged.find_all("one two three")] == ["one", "three"]


@pytest.mark.parametrize(
    ("later", "found"),
    [
        ('[marks.a]\nde = ["vier"]', ["one", "vier"]),
        ('[marks.a]\nfr = ["trois"]', ["one", "drei", "trois"]),
        ('[marks]\na = ["vier"]', ["vier"]),
    ],
    ids=["a language", "another language", "all of it"],
)
def test_a_later_list_takes_the_place_of_that_of_its_group_and_language(later: str, found: list[str]) -> None:
    first, _ = load_phrases(parse_toml('[marks.a]\nen = ["one"]\nde = ["drei"]', "first.toml"), ("marks",))
    second, _ = load_phrases(parse_toml(later, "later.toml"), ("marks",))
    assert [hit.words for hit in first.merged(second).find_all("one drei trois vier")] == found


TOML = """
[marks]
short = ["fine", "bad ("]

[marks.longer]
en = ["a ... b"]
zh = [
  "好",
  "* 坏",
  3,
]
de = "no list"
"""


def test_a_loaded_table_holds_the_good_phrases_and_names_file_line_and_key_of_the_bad() -> None:
    phrases, problems = load_phrases(parse_toml(TOML, "rules.toml"), ("marks",))
    assert phrases.names == ("short", "longer")
    assert {hit.name for hit in phrases.find_all("fine, a or b 好")} == {"short", "longer"}
    places = [(problem.file, problem.line, problem.key) for problem in problems]
    assert places == [
        ("rules.toml", 3, "marks.short"),
        ("rules.toml", 9, "marks.longer.zh"),
        ("rules.toml", 7, "marks.longer.zh"),
        ("rules.toml", 12, "marks.longer.de"),
    ]
    assert all(problem.remedy for problem in problems)


def test_a_missing_table_is_empty_and_a_wrong_one_a_problem() -> None:
    assert load_phrases(parse_toml("", "f"), ("marks",))[1] == ()
    assert len(load_phrases(parse_toml("marks = 1", "f"), ("marks",))[1]) == 1


@pytest.mark.parametrize("word", ["refund ", "refund\n", "退款", "a", " ", "(", "refund... "])
def test_five_hostile_megabytes_are_searched_within_seconds(word: str) -> None:
    group = ["refund ... bank", "refund* ... refund ... dispute", "退款 ... 银行", "a ... a ... b"]
    phrases = table(**{f"group{number}": group for number in range(20)})
    flood = word * (5_000_000 // len(word.encode()))
    started = time.perf_counter()
    phrases.find_all(flood)
    assert time.perf_counter() - started < 10


def test_sentences_join_hard_wraps_and_keep_abbreviations_and_amounts() -> None:
    text = (
        "Hello Jo,\nI have not received order No. 12 for 3.50 USD, e.g. the blue one that I did\n"
        "order. Is it lost? No. It came!\n\n- first point\n- second point\n我没有收到。如果没到；请退款！"
    )
    found = sentences(text)
    assert [sentence.text for sentence in found] == [
        "Hello Jo,",
        "I have not received order No. 12 for 3.50 USD, e.g. the blue one that I did order.",
        "Is it lost?",
        "No.",
        "It came!",
        "- first point",
        "- second point",
        "我没有收到。",
        "如果没到；",
        "请退款！",
    ]
    assert all("".join(text[s.start : s.end].split()) == "".join(s.text.split()) for s in found)


def test_a_position_leads_to_its_sentence() -> None:
    text = "One here.  Two there."
    found = sentences(text)
    assert sentence_at(found, text.index("there")) == found[1]
    assert sentence_at(found, 10) is None


@pytest.mark.parametrize(
    "text",
    [
        "If the buyer claims the item is materially different, send proof.",
        "> If you have received it, write.",
        "- When the refund is issued, wait",
        "In case you got it",
        "Should you need help",
        "如果买家声称未收到",
        "若已退款，请说明",
        "如买家要求",
        "当买家退货时",
    ],
)
def test_a_sentence_that_opens_like_a_condition_is_conditional(text: str) -> None:
    assert is_conditional(sentences(text)[0])


@pytest.mark.parametrize(
    "text",
    [
        "I received it.",
        "Iffy item arrived",
        "Whenua Street 5",
        "我收到了",
        "如下图所示已收到",
        "当天就收到了",
    ],
)
def test_a_plain_statement_is_not_conditional(text: str) -> None:
    assert not is_conditional(text)


@given(text=st.text(alphabet="ab.!? \n>-。；1N", max_size=200))
def test_sentences_lose_no_word(text: str) -> None:
    kept = "".join(sentence.text for sentence in sentences(text))
    letters = [char for char in text if char in "ab1N"]
    assert [char for char in kept if char in "ab1N"] == letters


def test_a_word_is_not_found_inside_one_with_a_marked_letter() -> None:
    assert not compile_phrase("se").found_in("El banco señala")
    assert compile_phrase("se").found_in("que se le cobró")
