"""The days and amounts of a letter's statements, held against those on record.

Ids and counts are in `core/truth_ids.py`, names and places in `core/truth_names.py`, what happened in
`core/truth_claims.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from inbox_bot.core.model import Money
from inbox_bot.core.money import FoundMoney, find_money
from inbox_bot.core.phrase_table import PhraseHit
from inbox_bot.core.truth_ids import citations, counts, ids
from inbox_bot.core.truth_known import (
    Ground,
    folded,
)
from inbox_bot.core.truth_scope import Known, Scope, Wrong
from inbox_bot.core.truth_text import Statement, days_in, not_inside
from inbox_bot.core.truth_words import StatementWords


def values_in(
    statement: Statement,
    known: Known,
    scope: Scope,
    words: StatementWords,
    *,
    is_first: bool,
    is_closed: bool,
) -> Iterator[tuple[Wrong, int, int]]:
    """What is wrong with the values of one statement, each with its span in it.

    `is_first`: it stands in the first line, where the amount in brackets is that of the dispute; `is_closed`: in the
    signature, where numbers are the seller's own.
    """
    text = statement.text
    roles = not_inside(words.roles.find_all(text))
    amounts = find_money(text, dollar=known.dollar, yen=_yen(known))
    days = days_in(text, known.near)
    for found, readings in days:
        clause = statement.clause_at(found.start)
        allowed, role = _allowed_days(statement, clause, found.start, found.end, roles, scope, known)
        if not readings & allowed:
            said = text[found.start : found.end].strip()
            yield _wrong_day(role, said, allowed), found.start, found.end
    yield from _amounts(statement, amounts, roles, known, is_first)
    if not is_closed:
        spans = [(one.start, one.end) for one in amounts] + [(one.start, one.end) for one, _ in days]
        yield from ids(text, spans, known, words)
    yield from citations(text, known.ground.exhibits)
    yield from counts(text, known, words)


def _yen(known: Known) -> str:
    return known.dollar if known.dollar in ("JPY", "CNY") else "CNY"


# --- days --------------------


def _allowed_days(
    statement: Statement,
    clause: int,
    start: int,
    end: int,
    roles: Sequence[PhraseHit],
    scope: Scope,
    known: Known,
) -> tuple[frozenset[date], str]:
    own = _roles_of(statement, clause, roles)
    if not own and _is_bare(statement, clause, start, end):
        for earlier in range(clause - 1, -1, -1):
            if own := _roles_of(statement, earlier, roles):
                own = own[-1:]
                break
    every = frozenset(day for days in scope.days.values() for day in days)
    every |= frozenset(day for days in known.all.days.values() for day in days) | known.other_days
    if not own:
        return every, ""
    nearest = min(own, key=lambda hit: _distance(hit, start, end)).name
    allowed = scope.days.get(nearest, frozenset())
    for other in {hit.name for hit in own} & {"written", "tried", "taken"}:
        allowed |= scope.days.get(other, frozenset())
    if nearest in ("written", "taken", "refund_spoken_of", "tried"):
        allowed |= scope.days.get("notice", frozenset()) | known.other_days
    if nearest == "delivered" and "written" in {hit.name for hit in own}:
        allowed |= scope.days.get("admitted", frozenset())
    return allowed, nearest


def _roles_of(statement: Statement, clause: int, roles: Sequence[PhraseHit]) -> list[PhraseHit]:
    begin, end = statement.clauses[clause]
    return [hit for hit in roles if begin <= hit.start < end]


def _is_bare(statement: Statement, clause: int, start: int, end: int) -> bool:
    """Whether the clause is little more than its date, so that its verb stands in the clause before."""
    begin, stop = statement.clauses[clause]
    return len(folded(statement.text[begin:start] + statement.text[end:stop])) <= _FEW


_FEW = 14


def _distance(hit: PhraseHit, start: int, end: int) -> tuple[int, int]:
    return (start - hit.end, 0) if hit.end <= start else (max(0, hit.start - end), 1)


def _wrong_day(role: str, said: str, allowed: frozenset[date]) -> Wrong:
    shown = ", ".join(day.isoformat() for day in sorted(allowed)[:4]) if role and len(allowed) <= 4 else ""
    about = _ROLE_WORDS.get(role, "date")
    record = f"the record says {shown}" if shown else "no such day is on record"
    return Wrong(about, f"the letter gives {said} as a day ({about}); {record}")


_ROLE_WORDS = {
    "shipped": "ship date",
    "delivered": "delivery date",
    "refunded": "refund date",
    "ordered": "order date",
    "cancel": "cancellation date",
    "return_received": "return received on",
    "return_asked": "return asked for on",
    "taken": "settlement date",
    "written": "message date",
    "tried": "scan date",
    "refund_spoken_of": "date of a message",
}


# --- amounts --------------------


def _amounts(
    statement: Statement,
    amounts: Sequence[FoundMoney],
    roles: Sequence[PhraseHit],
    known: Known,
    is_first: bool,
) -> Iterator[tuple[Wrong, int, int]]:
    for found in amounts:
        if not _is_known(found.money, known.amounts["any"]):
            yield _wrong_amount(found.money, known.amounts["any"], "amount"), found.start, found.end
    for number in range(len(statement.clauses)):
        begin, end = statement.clauses[number]
        here = [one for one in amounts if begin <= one.start < end]
        names = {hit.name for hit in _roles_of(statement, number, roles)}
        if not names and number:
            names = {hit.name for hit in _roles_of(statement, number - 1, roles)}
        in_brackets = statement.text[:begin].rstrip()[-1:] in ("(", "（") or statement.text[begin] in "(（"
        if not here or "refunded" not in names or "refund_spoken_of" in names or "taken" in names:
            continue
        if (is_first and in_brackets) or known.ground.refund_confirmed or _has_open_amount(known.ground):
            continue
        if not any(_is_known(one.money, known.amounts["refunded"]) for one in here):
            wrong = _wrong_amount(here[0].money, known.amounts["refunded"], "refund amount")
            yield wrong, here[0].start, here[0].end


def _has_open_amount(ground: Ground) -> bool:
    return any(one.amount is None for dossier in ground.dossiers for one in dossier.refunds)


def _is_known(money: Money, known: frozenset[Money]) -> bool:
    return any(money.amount == one.amount and money.currency == one.currency for one in known)


def _wrong_amount(money: Money, known: frozenset[Money], about: str) -> Wrong:
    shown = ", ".join(sorted(str(one) for one in known)[:4]) if len(known) <= 4 else ""
    record = f"the record says {shown}" if shown else "no such amount is on record"
    return Wrong(about, f"the letter says {money} ({about}); {record}")
