"""Promises of the folded text: phrases are found in it as in the text it was made of, and named by their place there."""

from __future__ import annotations

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.core.folded import FoldedText, fold, one_spelling
from inbox_bot.core.phrase_table import PhraseTable
from inbox_bot.core.phrases import WordList, compile_phrase

BITS = [
    "not",
    "Received",
    "der",
    "Käufer",
    "KAEUFER",
    "退款",
    "款",
    "請",
    "申",
    "l'article",
    "é",
    "I",
    "İ",
    "ß",
]
BLANKS = ["", " ", "  ", "\t", "\n", " \n> ", "\n\n", "\n>\n", " | "]
MARKS = ["", "", "", ".", "!", "。", ".5", ","]
TEXTS = st.lists(
    st.tuples(st.sampled_from(BITS), st.sampled_from(MARKS), st.sampled_from(BLANKS)).map("".join),
    max_size=14,
).map("".join)
PLAIN = [
    "not received",
    "der käufer",
    "(not|) received",
    "请 退款",
    "l'article",
    "received (der|)",
    "rec*",
    "i",
]
GAPPED = ["not ... received", "käufer ... 退款 ... received", "der ... (not|) received", "退 ... 款"]


@given(TEXTS)
@settings(max_examples=400)
def test_a_phrase_without_a_gap_stands_where_its_plain_pattern_does(text):
    for phrase in map(compile_phrase, PLAIN):
        plain = [match.span() for match in re2.finditer(phrase.pattern, text.replace("İ", "I"))]
        for start, end in phrase.spans_in(text):
            assert re2.fullmatch(phrase.pattern, text.replace("İ", "I")[start:end]) or "\n>\n" in text
        if "\n>\n" not in text:
            whole = {(start, end) for start, end in plain if _is_whole(text, start, end)}
            assert whole <= set(phrase.spans_in(text))


def _is_whole(text, start, end):
    """Neither end is beside a letter."""
    before = text[start - 1] if start else ""
    return not before.isalpha() and not text[end : end + 1].isalpha()


@given(TEXTS)
@settings(max_examples=400)
def test_a_phrase_with_a_gap_stands_where_its_parts_do_in_one_sentence(text):
    for words in GAPPED:
        parts = [compile_phrase(part.strip()) for part in words.split("...")]
        for start, end in compile_phrase(words).spans_in(text):
            found = fold(text[start:end])
            assert next(parts[0].spans(found))[0] == 0
            assert "\n\n" not in text[start:end]
            assert not set("!。") & set(text[start:end])
            assert all(part.found_in(text[start:end]) for part in parts)


@given(TEXTS)
def test_every_place_leads_back_to_the_same_character(text):
    folded = FoldedText(text)
    for place, char in enumerate(folded.text):
        start, end = folded.original(place, place + 1)
        if char not in " \n":
            assert end == start + 1
            assert one_spelling(text[start]) == char


def test_a_word_list_is_found_with_all_its_words_and_its_name_may_hold_blanks():
    lists = {"further goods": WordList((compile_phrase("(the|) parcel"), compile_phrase("boxes")))}
    phrase = compile_phrase("<further goods> ... (lost|mislaid)", lists)
    table = PhraseTable({"lost": [phrase]})
    for text in ("The parcel was LOST", "boxes were\nmislaid", "some boxes, it seems, were lost"):
        assert len(table.find_all(text)) == 1, text
    assert table.find_all("The goods were lost") == ()


def test_an_earlier_place_that_leads_nowhere_does_not_hide_a_later_one():
    table = PhraseTable({"x": [compile_phrase("seller ... not ... sent")]})
    text = "The seller wrote. The seller who had not, as he says, not sent it"
    assert [text[hit.start : hit.end] for hit in table.find_all(text)] == [
        "seller who had not, as he says, not sent"
    ]
    overlapping = PhraseTable({"x": [compile_phrase("not ... (not|) received")]})
    assert len(overlapping.find_all("was not received")) == 1
