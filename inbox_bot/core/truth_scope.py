"""The record of a case made ready for the truth check: what may be said, of which order and parcel.

What the letter says is read in the other modules of the check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import re2

from inbox_bot.core.model import Money
from inbox_bot.core.record import Dossier, Shipment
from inbox_bot.core.truth_known import (
    Ground,
    amounts_by_role,
    days_by_role,
    folded,
    ids_on_record,
    message_days,
    own_words,
    plain_words,
)


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
    ids = {
        folded(one): one for one in sorted(ids_on_record(ground), key=lambda one: (-len(folded(one)), one))
    }
    currency = ground.notice.amount.currency if ground.notice.amount else ""
    totals = [one.order.total for one in ground.dossiers if one.order is not None and one.order.total]
    return Known(
        ground=ground,
        near=max(ground.notice.received_at, ground.notice.dated_at or ground.notice.received_at).date(),
        all=Scope(ground.dossiers, parcels, days_by_role(ground, parcels)),
        amounts=amounts_by_role(ground),
        other_days=message_days(ground),
        ids=ids,
        id_patterns=tuple(any_of([spaced(one) for one in ids if len(one) >= 4], r"\b(?P<own>", r")\b")),
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
        plain_words(one)
        for dossier in ground.dossiers
        for back in dossier.returns
        for one in (back.reason, back.condition, back.comment)
    }
    words = own_words(ground)
    plain = [wrapped(one) for one in words if one not in said_back]
    yield from any_of(plain, r"(?:^|\b|[^A-Za-z0-9])(?P<own>", ")")
    # A return's reason may be any word: it is passed over only as the value behind a label.
    yield from any_of([wrapped(one) for one in words if one in said_back], r"[:：][ ]?(?P<own>", ")")


def any_of(words: Sequence[str], before: str, behind: str) -> Iterator[re2._Regexp]:
    """Patterns that find one of the (pattern) words between what stands before and behind, some words each."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    for start in range(0, len(words), _BATCH):
        yield re2.compile("(?i)" + before + "|".join(words[start : start + _BATCH]) + behind, options)


def wrapped(words: str) -> str:
    """The pattern of words with any white space between them."""
    return r"\s+".join(re2.escape(word) for word in words[:300].split())


def spaced(bare: str) -> str:
    """The pattern of an id with blanks and hyphens anywhere in it."""
    return r"[\s-]{0,3}".join(re2.escape(char) for char in bare[:60])
