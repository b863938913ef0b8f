"""The letters of one language over the records of the truth check's tests and of all worked cases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import nouns
from cases import NAMES
from test_core_truth_letters import CASES, TEMPLATES, WORDS, ground_of, letter_of
from test_truth_cases import answer_of

from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import LetterAttachment, lay_out
from inbox_bot.core.model import Reason
from inbox_bot.core.truth import Flaw, Ground, check_answer, check_letter

KINDS = ("representment", "information")


def letter_on(ground: Ground, language: str, kind: str) -> str:
    """The bundled letter about a worked case."""
    dossier, notice, others = ground.dossiers[0], ground.notice, ground.dossiers[1:]
    facts = find_facts(notice, dossier, others)
    exhibits = list_exhibits(ground.dossiers, ())
    letter = lay_out(notice, dossier, others, facts, nouns.decision(), nouns.POLICY, exhibits)
    listed = [LetterAttachment(number, name, "text") for number, name in enumerate(ground.attachments, 1)]
    return TEMPLATES.render(f"{language}/{kind}.txt.j2", letter=letter, attachments=listed)


@cache
def flawed_cases(language: str) -> tuple[tuple[str, str, Flaw], ...]:
    """Every flaw found in the letters about the worked cases: none is right."""
    return tuple(_flawed_cases(language))


def _flawed_cases(language: str) -> Iterator[tuple[str, str, Flaw]]:
    for name in NAMES:
        answer = answer_of(name)
        for kind in KINDS:
            text = letter_on(answer.ground, language, kind)
            for flaw in check_answer(text, answer.exhibits, answer.ground, WORDS):
                yield name, kind, flaw


def flawed_records(language: str) -> list[tuple[str, str, Flaw]]:
    """Every flaw found in the letters about the records of the truth check, for all reasons: none is right."""
    return [
        (case, reason.value, flaw)
        for case in CASES
        for reason in Reason
        for kind in KINDS
        for ground in (ground_of(CASES[case], reason),)
        for flaw in check_letter(letter_of(ground, language, kind), ground, WORDS)
    ]


def after_edit(language: str, case: str, words: str, instead: str) -> tuple[Flaw, ...]:
    """The flaws of a letter in which words stand in place of others, or (with "" first) a paragraph more."""
    ground = ground_of(CASES[case])
    true = letter_of(ground, language)
    assert words in true, f"{words!r} is not in the letter:\n{true}"
    text = true.replace(words, instead) if words else true.replace("\n\n", f"\n\n{instead}\n\n", 1)
    return check_letter(text, ground, WORDS)
