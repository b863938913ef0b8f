"""The truth check: a letter as it was rendered, or edited by hand, held against what is on record.

`check_letter` asks whether everything said is on record, `check_answer` also whether everything that carries weight is
said. What happened (delivered, refunded) is read in `core/truth_claims.py`, values here and in `core/truth_values.py`;
the words are those of `rules/statements.toml`. Pure and linear in the length of the letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inbox_bot.core.truth_claims import Shown, claims_in
from inbox_bot.core.truth_complete import missing_from
from inbox_bot.core.truth_ids import quantities_in
from inbox_bot.core.truth_known import Ground, plain_words
from inbox_bot.core.truth_names import names_in
from inbox_bot.core.truth_quotes import quotes_in
from inbox_bot.core.truth_scope import Known, Scope, Wrong, known_of
from inbox_bot.core.truth_text import (
    MOST_CHARACTERS,
    PlainLetter,
    Statement,
    blanked,
    days_in,
    lines_of,
    read_plain,
    statements_of,
)
from inbox_bot.core.truth_values import values_in
from inbox_bot.core.truth_words import StatementWords, load_statement_words

__all__ = [
    "Flaw",
    "Ground",
    "StatementWords",
    "check_answer",
    "check_letter",
    "load_statement_words",
]

_MOST_FLAWS = 200
_MOST_STATEMENTS = 4000  # no honest letter has more


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that a letter says and the record does not, or the other way round.

    `what` says it in plain words; `start` and `end` are offsets into the letter, both 0 for what is missing.
    """

    sentence: str
    about: str
    what: str
    start: int
    end: int


def check_letter(text: str, ground: Ground, words: StatementWords) -> tuple[Flaw, ...]:
    """What the letter says that is not on record, in the order of the text; none when all of it is."""
    letter = read_plain(text)
    flaws = list(_flaws(letter, ground, words))
    if len(text) > MOST_CHARACTERS:
        what = f"the letter is longer than the {MOST_CHARACTERS} characters that can be checked"
        flaws.append(Flaw("", "length", what, MOST_CHARACTERS, len(text)))
    return tuple(dict.fromkeys(flaws))[:_MOST_FLAWS]


def check_answer(
    letter_text: str, exhibits_text: str, ground: Ground, words: StatementWords
) -> tuple[Flaw, ...]:
    """What `check_letter` finds, and then every fact of weight that neither letter nor exhibits give.

    `exhibits_text` is the plain text of everything attached. Without exhibits (a short reply) only what the letter
    itself must say is asked for.
    """
    missing = [
        Flaw("", about, what, 0, 0)
        for about, what in missing_from(read_plain(letter_text).text, exhibits_text, ground, words)
    ]
    return (*check_letter(letter_text, ground, words), *dict.fromkeys(missing))


def _flaws(letter: PlainLetter, ground: Ground, words: StatementWords) -> Iterator[Flaw]:
    known = known_of(ground)
    quotes = quotes_in(letter.text, ground.dossiers, known.near, words)
    for quote in quotes:
        if quote.wrong:
            wrong = Wrong("quotation", f"the letter quotes what is not in the correspondence: {quote.wrong}")
            yield _flaw(letter, letter.text[quote.start : quote.end], wrong, quote.start, quote.end)
    for wrong, start, end in quantities_in(letter.text, known):
        yield _flaw(letter, letter.text[start:end], wrong, start, end)
    spans = [(one.start, one.end) for one in quotes]
    # What a line of the list of files says is the file's title, not a statement about the order.
    files = [plain_words(name) for name in ground.attachments]
    spans += [
        (line.start, line.start + len(line.text))
        for line in lines_of(letter.text)
        if any(name in line.text for name in files)
    ]
    text = blanked(letter.text, [*spans, *known.own_spans(letter.text)])
    is_closed = False
    scope = known.all
    left = _MOST_STATEMENTS
    for number, line in enumerate(lines_of(text)):
        is_closed = is_closed or _closes(line.text, words)
        for statement in statements_of(line, words.reading):
            left -= 1
            if left < 0:
                what = f"the letter has more than the {_MOST_STATEMENTS} statements that can be checked"
                yield _flaw(letter, "", Wrong("length", what), statement.start, len(letter.text))
                return
            scope = known.scope_of(statement.text, scope if statement.goes_on else None)
            for wrong, start, end in _of_statement(statement, known, scope, words, number == 0, is_closed):
                shown = letter.text[statement.start : statement.start + len(statement.text)]
                yield _flaw(letter, shown, wrong, statement.start + start, statement.start + end)


def _of_statement(
    statement: Statement, known: Known, scope: Scope, words: StatementWords, is_first: bool, is_closed: bool
) -> Iterator[tuple[Wrong, int, int]]:
    yield from values_in(statement, known, scope, words, is_first=is_first, is_closed=is_closed)
    yield from names_in(statement, known, scope, words)
    text = statement.text
    dates = [(one.start, one.end) for one, _ in days_in(text, known.near)]
    shown = Shown(known.ground, scope.dossiers, scope.parcels)
    for claim in claims_in(statement, words, dates):
        if not shown.holds(claim):
            said = " ".join(text[claim.start : claim.end].split())
            denied = "denies" if claim.denied else "says"
            record = "shows it" if claim.denied else "does not show it"
            what = f'the letter {denied} "{said}"; the record {record}'
            yield Wrong(claim.name.replace("_", " "), what), claim.start, claim.end


def _closes(line: str, words: StatementWords) -> bool:
    bare = line.strip(" ,，。.!！")
    if len(bare) > 40:
        return False
    return any(hit.end - hit.start == len(bare) for hit in words.reading.find_all(bare, {"closing"}))


def _flaw(letter: PlainLetter, sentence: str, wrong: Wrong, start: int, end: int) -> Flaw:
    shown = " ".join(sentence.split())[:300]
    return Flaw(shown, wrong.about, wrong.what, letter.original(start), letter.original(end))
