"""The words of `rules/statements.toml`: by which a letter states something, denies it, or only supposes it.

Only the table and its loading live here; what a statement is held against is the business of `core/truth.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.phrase_table import PhraseTable, load_phrases
from inbox_bot.core.tomlfile import TomlFile

ROLES = frozenset(
    [
        "shipped",
        "delivered",
        "tried",
        "refunded",
        "refund_spoken_of",
        "ordered",
        "cancel",
        "return_received",
        "return_asked",
        "taken",
        "written",
    ]
)
CLAIMS = frozenset(
    [
        "delivered",
        "signed",
        "shipped",
        "returned_to_sender",
        "lost",
        "in_transit",
        "label_only",
        "refunded",
        "refunded_in_full",
        "replacement_delivered",
        "replacement_sent",
        "receipt_admitted",
        "cancel_asked",
        "refund_offered",
        "return_known",
        "return_received",
        "messages",
        "to_the_place",
        "atoz",
    ]
)
DENIALS = frozenset({"messages", "parcels"})
LABELS = frozenset(
    [
        "tracking",
        "carrier",
        "signed_by",
        "ship_to",
        "method",
        "reference",
        "item_code",
        "shipped_on",
        "delivered_on",
        "ordered_on",
    ]
)
READING = frozenset(
    [
        "negation",
        "not_on_record",
        "no_negation",
        "supposed",
        "alleged",
        "no_claim",
        "breaks",
        "anybody",
        "said",
        "counted",
        "closing",
        "own_number",
    ]
)
SECTIONS = {"roles": ROLES, "claims": CLAIMS, "denials": DENIALS, "labels": LABELS, "reading": READING}


@dataclass(frozen=True, slots=True)
class StatementWords:
    """Phrases by what they state; each table has the groups that this module names."""

    roles: PhraseTable
    claims: PhraseTable
    denials: PhraseTable
    labels: PhraseTable
    reading: PhraseTable


def load_statement_words(files: Sequence[TomlFile]) -> StatementWords:
    """The words of all files, a later file's group in place of an earlier one of its name.

    Raises UserError with every problem by file, line and key.
    """
    problems: list[Problem] = []
    tables = {section: PhraseTable() for section in SECTIONS}
    for file in files:
        for section in file.data:
            if section not in SECTIONS:
                remedy = f"the sections are {', '.join(SECTIONS)}"
                problems.append(file.problem((section,), f"{section!r} is no section of this file", remedy))
                continue
            table, found = load_phrases(file, (section,))
            problems += found
            problems += _unknown(file, section, table)
            tables[section] = tables[section].merged(table)
    for section, names in SECTIONS.items():
        missing = sorted(names - set(tables[section].names))
        if missing and not problems:
            name = files[-1].file if files else "statements.toml"
            what = f"[{section}] lacks {', '.join(missing)}"
            problems.append(Problem(what, name, remedy="add the group with its phrases"))
    if problems:
        raise UserError(problems)
    return StatementWords(**tables)


def _unknown(file: TomlFile, section: str, table: PhraseTable) -> list[Problem]:
    known = SECTIONS[section]
    return [
        file.problem(
            (section, name), f"nothing is called {name!r} here", f"one of {', '.join(sorted(known))}"
        )
        for name in table.names
        if name not in known
    ]
