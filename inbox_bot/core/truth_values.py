"""The days, amounts, ids and counts of a letter's statements, held against those on record.

Names and places are in `core/truth_names.py`, what happened in `core/truth_claims.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import re2

from inbox_bot.core.facts import items_of
from inbox_bot.core.model import Money
from inbox_bot.core.money import FoundMoney, find_money
from inbox_bot.core.phrases import PhraseHit
from inbox_bot.core.record import Dossier, Party, Shipment
from inbox_bot.core.truth_known import (
    Ground,
    amounts_by_role,
    days_by_role,
    folded,
    ids_on_record,
    message_days,
    own_words,
    spoken,
)
from inbox_bot.core.truth_text import Statement, days_in, not_inside
from inbox_bot.core.truth_words import StatementWords
from inbox_bot.core.values import find_order_ids


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a value: about what (short), and the same in plain words."""

    about: str
    what: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which orders and parcels a statement is about: all, unless it names one of them."""

    dossiers: tuple[Dossier, ...]
    parcels: tuple[Shipment, ...]
    days: dict[str, frozenset[date]]
    is_one: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The record of a case, ready to be asked."""

    ground: Ground
    near: date
    all: Scope
    amounts: dict[str, frozenset[Money]]
    other_days: frozenset[date]
    ids: dict[str, str]
    id_patterns: tuple[re2._Regexp, ...]
    own_patterns: tuple[re2._Regexp, ...]
    dollar: str

    def scope_of(self, text: str, before: Scope | None) -> Scope:
        """The orders and parcels that the statement names; those of the statement it goes on from, or all."""
        bare = folded(text)
        parcels = [one for one in self.all.parcels if len(folded(one.tracking_id)) >= 6]
        named = tuple(one for one in parcels if folded(one.tracking_id) in bare)
        if len({folded(one.tracking_id) for one in named}) == 1:
            return self._narrowed(self.all.dossiers, named)
        if before is not None and before.is_one and not named:
            return before
        orders = tuple(one for one in self.all.dossiers if one.order_id and folded(one.order_id) in bare)
        if len(orders) == 1 and len(self.all.dossiers) > 1 and not named:
            return self._narrowed(orders, tuple(one for order in orders for one in order.shipments))
        return self.all

    def _narrowed(self, dossiers: tuple[Dossier, ...], parcels: tuple[Shipment, ...]) -> Scope:
        return Scope(dossiers, parcels, days_by_role(self.ground, parcels), is_one=True)

    def own_spans(self, text: str) -> list[tuple[int, int]]:
        """Where titles, file names, addresses and the like stand, which state nothing."""
        return [match.span(1) for pattern in self.own_patterns for match in pattern.finditer(text)]


def known_of(ground: Ground) -> Known:
    """Everything that a letter about the case may say."""
    parcels = tuple(one for dossier in ground.dossiers for one in dossier.shipments)
    # The longest first, so that a postal code is not found within a longer one.
    ids = {folded(one): one for one in sorted(ids_on_record(ground), key=lambda one: (-len(folded(one)), one))}
    currency = ground.notice.amount.currency if ground.notice.amount else ""
    totals = [one.order.total for one in ground.dossiers if one.order is not None and one.order.total]
    return Known(
        ground=ground,
        near=max(ground.notice.received_at, ground.notice.dated_at or ground.notice.received_at).date(),
        all=Scope(ground.dossiers, parcels, days_by_role(ground, parcels)),
        amounts=amounts_by_role(ground),
        other_days=message_days(ground),
        ids=ids,
        id_patterns=tuple(_any_of([_spaced(one) for one in ids if len(one) >= 4], r"\b(?P<own>", r")\b")),
        own_patterns=(*_own_patterns(ground), *_ALWAYS_OWN),
        dollar=currency or (totals[0].currency if totals else "USD"),
    )


_ALWAYS_OWN = (
    re2.compile(r"(?P<own>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,100})"),
    re2.compile(r"(?P<own>(?:https?://|www\.)[^\s<>\"，。）]{1,500})"),
)
_BATCH = 40


def _own_patterns(ground: Ground) -> Iterator[re2._Regexp]:
    said_back = {
        " ".join(one.split())
        for dossier in ground.dossiers
        for back in dossier.returns
        for one in (back.reason, back.condition, back.comment)
    }
    words = own_words(ground)
    plain = [_wrapped(one) for one in words if one not in said_back]
    yield from _any_of(plain, r"(?:^|\b|[^A-Za-z0-9])(?P<own>", ")")
    # A return's reason may be any word: it is passed over only as the value behind a label.
    yield from _any_of([_wrapped(one) for one in words if one in said_back], r"[:：][ ]?(?P<own>", ")")


def _any_of(words: Sequence[str], before: str, behind: str) -> Iterator[re2._Regexp]:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    for start in range(0, len(words), _BATCH):
        yield re2.compile("(?i)" + before + "|".join(words[start : start + _BATCH]) + behind, options)


def _wrapped(words: str) -> str:
    return r"\s+".join(re2.escape(word) for word in words[:300].split())


def _spaced(bare: str) -> str:
    return r"[\s-]{0,3}".join(re2.escape(char) for char in bare[:60])


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
        yield from _ids(text, spans, known, words)
    yield from _citations(text, known.ground.exhibits)
    yield from _counts(text, known, words)


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


# --- ids, citations, counts --------------------

_ID = re2.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{6,58})[A-Za-z0-9]")
_CITED = re2.compile(
    r"(?i)(?:\bexhibits?|\bexh\.|证据|證據)[ ]{0,3}(?:no\.?[ ]?|#)?"
    r"(?P<numbers>[0-9]{1,4}(?:[ ]?(?:,|and|-|to|&|、|和|至)[ ]?[0-9]{1,4})*)"
)
_NUMBER = re2.compile(r"[0-9]+")
_COUNT = re2.compile(
    r"(?P<count>[0-9]{1,4}|\b(?i:one|two|three|four|five|six|seven|eight|nine|ten)\b)[ ]{0,2}$"
)
_COUNT_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _ids(
    text: str, spans: Sequence[tuple[int, int]], known: Known, words: StatementWords
) -> Iterator[tuple[Wrong, int, int]]:
    good = [match.span(1) for pattern in known.id_patterns for match in pattern.finditer(text)]
    own = [hit.end for hit in words.reading.find_all(text, {"own_number"})]
    for order_id in find_order_ids(text):
        if folded(order_id) not in known.ids:
            at = max(text.find(order_id), 0)
            yield Wrong("order id", f"the letter names order {order_id}; it is not on record"), at, at + 19
    for match in _ID.finditer(text):
        start, end = match.span()
        token = match.group()
        if sum(char.isdigit() for char in token) < 6 or "_" in text[max(0, start - 1) : end + 1]:
            continue
        if find_order_ids(token) or text[max(0, start - 1) : start] in ("+", "@", "/", "."):
            continue
        if any(one <= start and end <= two for one, two in good):
            continue
        if any(one < end and start < two for one, two in spans):
            continue
        if any(0 <= start - one <= _NEAR for one in own):
            continue
        yield Wrong("id", f"the letter names {token}; it is not on record"), start, end


_NEAR = 20


def _citations(text: str, exhibits: int) -> Iterator[tuple[Wrong, int, int]]:
    for match in _CITED.finditer(text):
        for number in _NUMBER.findall(match.group("numbers")):
            if not 1 <= int(number) <= exhibits:
                what = f"the letter points at exhibit {number}; there are {exhibits}"
                yield Wrong("exhibit", what), match.start(), match.end()


def _counts(text: str, known: Known, words: StatementWords) -> Iterator[tuple[Wrong, int, int]]:
    dossier = known.ground.dossiers[0]
    said = spoken(dossier)
    by_buyer = sum(one.party is Party.BUYER for one in said)
    for hit in words.reading.find_all(text, {"counted"}):
        match = _COUNT.search(text[max(0, hit.start - 12) : hit.start])
        if match is None:
            continue
        count = match.group("count").casefold()
        number = int(count) if count.isdigit() else _COUNT_WORDS.index(count) + 1
        if number not in (len(said), by_buyer, len(said) - by_buyer):
            what = f"the letter counts {number} messages; the record has {len(said)}"
            yield Wrong("number of messages", what), hit.start, hit.end


def quantities_in(text: str, known: Known) -> Iterator[tuple[Wrong, int, int]]:
    """Where the letter counts an item of the order otherwise than the record ("2 x Blue Mug")."""
    counts: dict[str, set[int]] = {}
    for dossier in known.ground.dossiers:
        for item in items_of(known.ground.notice, dossier.order):
            counts.setdefault(" ".join(item.title.split()), set()).add(item.quantity)
        for back in dossier.returns:
            counts.setdefault(back.sku, set()).add(back.quantity)
    for title, right in list(counts.items())[:_MOST_TITLES]:
        if len(folded(title)) < 2:
            continue
        for pattern in _any_of(
            [_wrapped(title)], _BEFORE_TITLE + (_EDGE if title[0].isascii() else "(?:"), _BEHIND_TITLE
        ):
            for match in pattern.finditer(text):
                said = match.group("before") or match.group("behind")
                if said and int(said) not in right:
                    shown = ", ".join(str(one) for one in sorted(right))
                    what = f"the letter counts {said} x {title[:60]}; the record says {shown}"
                    yield Wrong("quantity", what), match.start(), match.end()


_MOST_TITLES = 200
_BEFORE_TITLE = r"(?:(?:^|[^0-9])(?P<before>[0-9]{1,6})[ ]?[x×][ ])?"
_EDGE = r"(?:\b|[^A-Za-z0-9])(?:"
_BEHIND_TITLE = r")(?:[ ][x×][ ]?(?P<behind>[0-9]{1,6})(?:[^0-9]|$))?"
