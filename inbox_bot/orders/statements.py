"""Which marks a text bears: phrases that are said as facts or wishes, not denied, supposed, reported or asked.

The phrases are data (`rules/correspondence.toml`); here is only how a sentence is weighed. A doubtful sentence bears
no mark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import re2

from inbox_bot.core.phrase_table import PhraseHit, PhraseTable
from inbox_bot.core.phrases import Sentence, is_conditional, sentence_at, sentences

_LONGEST_TEXT = 100_000
_CLAUSE_END = re2.compile(
    r"(?i),\s|\p{Han},|[，、:：()（）]|\s-\s|\b(?:but|however|although|though|yet)\b|但是|但|不过|可是|然而|却"
)
_QUESTION_ENDS = ("?", "？", "吗", "呢", "吗。", "嗎")
_WORDS_BETWEEN = 3
_CHARACTERS_BETWEEN = 4  # Chinese


@dataclass(frozen=True, slots=True)
class StatementRules:
    """How sentences are weighed.

    `wording` has the groups "negation", "condition", "factual" (an opener that only looks like a condition) and
    "breaker" (a word behind which a negation no longer counts); `unless` has by mark the phrases that undo it in
    its clause; `may_be_asked` are the marks that hold in a question too ("Can I get a refund?"),
    `may_be_conditional` those that hold with a condition too ("If you do not answer I will dispute the charge").
    """

    wording: PhraseTable
    unless: PhraseTable
    may_be_asked: frozenset[str]
    may_be_conditional: frozenset[str] = frozenset()


def find_statements(
    text: str, phrases: PhraseTable, rules: StatementRules, names: Collection[str] | None = None
) -> Iterator[tuple[PhraseHit, Sentence]]:
    """Each phrase that the clean text really states, with its sentence, in order of appearance."""
    text = text[:_LONGEST_TEXT]
    hits = phrases.find_all(text, names)
    found = sentences(text) if hits else ()
    for hit in hits:
        sentence = sentence_at(found, hit.start)
        if sentence is not None and _is_stated(hit, sentence, text, rules):
            yield hit, sentence


def find_marks(text: str, phrases: PhraseTable, rules: StatementRules) -> tuple[str, ...]:
    """The distinct names of the groups that the clean text states, in the order of the table."""
    stated = {hit.name for hit, _ in find_statements(text, phrases, rules)}
    return tuple(name for name in phrases.names if name in stated)


def _is_stated(hit: PhraseHit, sentence: Sentence, text: str, rules: StatementRules) -> bool:
    with_condition = hit.name in rules.may_be_conditional
    if is_conditional(sentence) and not with_condition and not _is_told(sentence, rules):
        return False
    if sentence.text.rstrip("\"' )）」”").endswith(_QUESTION_ENDS) and hit.name not in rules.may_be_asked:
        return False
    start, end = _clause(hit, sentence, text)
    if not with_condition and (
        rules.wording.find_first(text[start:end], {"condition"}) is not None
        or _is_condition_next(text[end : sentence.end], rules)
    ):
        return False
    if _is_negated(text[start : hit.start], rules):
        return False
    undoing = rules.unless.find_all(text[sentence.start : sentence.end], {hit.name})
    # only what reaches into the phrase's own clause undoes it: "delivered today, if you have questions ..."
    return not any(sentence.start + one.start <= end and sentence.start + one.end >= start for one in undoing)


def _is_told(sentence: Sentence, rules: StatementRules) -> bool:
    """True for an opening that looks like a condition and tells what happened: "When I opened the box, ..."."""
    found = rules.wording.find_first(sentence.text[:80], {"factual"})
    return found is not None and found.start <= 2


def _clause(hit: PhraseHit, sentence: Sentence, text: str) -> tuple[int, int]:
    start, end = sentence.start, sentence.end
    for match in _CLAUSE_END.finditer(text[sentence.start : sentence.end]):
        begins, ends = sentence.start + match.start(), sentence.start + match.end()
        if ends <= hit.start:
            start = ends
        elif begins >= hit.end:
            end = begins
            break
    return start, end


def _is_condition_next(rest: str, rules: StatementRules) -> bool:
    """True when the clause behind begins with a condition: "I want a refund, if it does not arrive"."""
    rest = rest[:60].lstrip(" ,，\n")
    found = rules.wording.find_first(rest, {"condition"})
    return found is not None and found.start == 0


def _is_negated(before: str, rules: StatementRules) -> bool:
    """True when a negation stands closely before the phrase in its clause."""
    negations = rules.wording.find_all(before[-80:], {"negation"})
    if not negations:
        return False
    between = before[-80:][max(hit.end for hit in negations) :]
    if rules.wording.find_first(between, {"breaker"}) is not None:
        return False
    chinese = sum(char >= "\u3000" for char in between)
    return len(between.split()) <= _WORDS_BETWEEN and chinese <= _CHARACTERS_BETWEEN
