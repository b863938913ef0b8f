"""Other people's data taken out of what buyer and seller wrote, before an investigator reads it.

Pure: text in, text out, each piece that went replaced by words in square brackets. Numbers that identify people are
found by `personal_numbers.py`, addresses of houses by `street_addresses.py`; here is what must stay: the order's own
data, dates, amounts and whatever a word before it names as no person's (a tracking id, a part number). A number that
could be both is taken for what the words before it say, and without words for a person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import re2

from inbox_bot.core.model import Destination, Notice, Policy
from inbox_bot.core.personal_numbers import find_account_numbers, find_phones
from inbox_bot.core.record import Dossier
from inbox_bot.core.spans import Span, SpanSet, digits_plain
from inbox_bot.core.street_addresses import find_addresses
from inbox_bot.core.text import clean_text

REPLACEMENTS = {
    "address": "[postal address removed]",
    "bank_account": "[bank account number removed]",
    "card": "[card number removed]",
    "email": "[e-mail address removed]",
    "national_id": "[identity number removed]",
    "phone": "[phone number removed]",
}
"""By the kind of what was taken out, the words that stand in its place."""

_MOST_KEPT = 2_000  # ids of one order; more come from a flood
_SHORTEST_KEPT = 4
_EMAIL = re2.compile(
    r"(?i)[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"(?:@|[ ]?(?:\[at\]|\(at\)|\{at\})[ ]?)"
    r"[a-z0-9-]{1,63}(?:(?:\.|[ ]?(?:\[dot\]|\(dot\))[ ]?|[ ]dot[ ])[a-z0-9-]{1,63})*"
)
_SPELLED_EMAIL = re2.compile(
    r"(?i)[a-z0-9._%+-]{1,64}[ ]at[ ](?:gmail|googlemail|hotmail|outlook|yahoo|icloud|qq|163|gmx)[ ]?"
    r"(?:\.|[ ]dot[ ])[ ]?[a-z]{2,6}\b"
)
_AMAZON = re2.compile(r"(?i)@(?:[a-z0-9-]+\.)*amazon\.(?:com?\.)?[a-z]{2,3}$")


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays although it looks like a person's: the order's own ids, places and the seller's own addresses.

    `other_ids` are references that stand on record (refund ids, SKUs, ASINs, settlement numbers).
    """

    order_ids: frozenset[str] = frozenset()
    tracking_ids: frozenset[str] = frozenset()
    destinations: tuple[Destination, ...] = ()
    own_addresses: frozenset[str] = frozenset()
    other_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, notice: Notice, dossier: Dossier, policy: Policy) -> Keep:
        """What belongs to the order of the dossier and to the account of the policy."""
        order = dossier.order
        items = order.items if order is not None else ()
        places = [notice.destination, *(parcel.delivered_to for parcel in dossier.shipments)]
        if order is not None:
            places.insert(0, order.destination)
        others = [
            *(refund.reference for refund in dossier.refunds),
            *(one.reference for one in dossier.postings),
        ]
        for item in items:
            others += [item.sku, item.asin, item.order_item_id]
        own = (policy.address, *policy.aliases)
        return cls(
            order_ids=frozenset(one for one in (dossier.order_id, *notice.order_ids) if one),
            tracking_ids=frozenset(one.tracking_id for one in dossier.shipments if one.tracking_id),
            destinations=tuple(dict.fromkeys(place for place in places if place != Destination())),
            own_addresses=frozenset(address.lower() for address in own if address),
            other_ids=frozenset(one for one in others if one),
        )

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries of the order's places, as written."""
        return tuple(dict.fromkeys(place.country for place in self.destinations if place.country))


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text that may go out, and how many pieces of each kind were taken out, by name."""

    text: str
    counts: tuple[tuple[str, int], ...] = ()


def redact(text: str, keep: Keep) -> Redacted:
    """The clean text without other people's addresses and numbers; doing it again changes nothing.

    Linear in the length of the text.
    """
    text = clean_text(text)
    plain = digits_plain(text)
    ids = list(_kept_ids(plain, keep))
    found = list(_emails(plain, keep))
    found += find_addresses(plain, SpanSet([*ids, *found]), keep.destinations)
    found += find_account_numbers(plain, SpanSet([*ids, *found]))
    values = dates_and_amounts(plain)
    found += find_phones(plain, SpanSet([*ids, *found, *values]), keep.countries)
    return _replaced(text, sorted(found))


def _replaced(text: str, found: list[Span]) -> Redacted:
    counts: dict[str, int] = {}
    pieces: list[str] = []
    end, last = 0, ""
    for span in found:
        if span.start < end:
            end = max(end, span.end)
            continue
        between = text[end : span.start]
        if not (last == span.kind == "address" and not between.strip(" ,;\n")):
            pieces += [between, REPLACEMENTS[span.kind]]
            counts[span.kind] = counts.get(span.kind, 0) + 1
        end, last = span.end, span.kind
    return Redacted("".join((*pieces, text[end:])), tuple(sorted(counts.items())))


def _emails(plain: str, keep: Keep) -> Iterator[Span]:
    for pattern in (_EMAIL, _SPELLED_EMAIL):
        for match in pattern.finditer(plain):
            address = match.group().strip(".'*-_").lower()
            domain = address.rpartition("@")[2]
            is_address = "@" not in address or "." in domain or "(dot" in domain or "[dot" in domain
            if is_address and address not in keep.own_addresses and _AMAZON.search(address) is None:
                yield Span(match.start(), match.end() - _trailing(match.group()), "email")


def _trailing(words: str) -> int:
    return len(words) - len(words.rstrip(".-"))


# --- what stays --------------------

_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)[0-9]{2}"
_CLOCK = r"(?:[ T,]{1,2}(?:at[ ])?[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?)?"
_NUMBER = r"(?:[0-9]{1,3}(?:[., '][0-9]{3}){1,4}|[0-9]{1,9})(?:[.,][0-9]{1,2})?"
_CURRENCY = (
    r"USD|EUR|GBP|JPY|CNY|RMB|CAD|AUD|MXN|INR|SEK|PLN|CHF|BRL|SGD|AED|SAR|TRY|EGP|"
    r"dollars?|euros?|pounds?|yen|yuan|kr|zł"
)
_VALUE = re2.compile(
    "|".join(
        (
            rf"\b{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}\b{_CLOCK}",
            rf"\b(?:{_DAY}[-/.]{_MONTH}|{_MONTH}[-/.]{_DAY})[-/.](?:{_YEAR}|[0-9]{{2}})\b{_CLOCK}",
            rf"\b{_YEAR}[ ]?年[ ]?{_MONTH}[ ]?月(?:[ ]?{_DAY}[ ]?日)?",
            rf"\b{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])\b",
            r"\b[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?\b",
            rf"(?i)[$€£¥￥₹₺][ ]?{_NUMBER}",
            rf"(?i)\b(?:{_CURRENCY})[ ]?{_NUMBER}",
            rf"(?i)\b{_NUMBER}[ ]?(?:(?:{_CURRENCY})\b|[$€£¥￥₹₺元円块])",
        )
    )
)
_NAME_OF_ID = (
    r"(?i)(?:\b(?:tracking|waybill|awb|consignment|barcode|invoice|rma|reference|ref|sku|asin|ean|upc|gtin|isbn|fnsku|"
    r"imei|serial|sendungsnummer|trackingnummer|bestellnummer|suivi|tracciamento|seguimiento|"
    r"(?:track|order|shipment|parcel|package|label|refund|return|case|claim|ticket|model|part|lot|batch|item|product|"
    r"commande|ordine|pedido|bestellung)[ ]?(?:(?:id|no|nr|number|num|code|nº|n°|numéro|numero|número)\b|\#))"
    r"(?:[ ]?(?:ids?|nos?|nr|numbers?|num|code)\b)?"
    r"|运单号?|单号|追踪[号编]码?|跟踪[号编]码?|快递|订单号?|物流|序列号|型号|货号|编号|追跡番号|伝票番号|注文番号|お問い合わせ番号)"
    r"(?:[ ]?(?:is|was|ist|est|è|es|码|号|为|是|は)\b?)?[ ]?[.#:：=-]{0,2}[ ]?(?:\n[ ]*)?"
)
_ID = (
    r"(?P<id>[0-9]{3}-[0-9]{7}-[0-9]{7}|[A-Z]{0,5}[0-9][0-9A-Z-]{5,38}|[A-Z]{0,4}[0-9][0-9A-Z]{1,7}"
    r"(?:[ ][0-9][0-9A-Z]{1,7}){1,8})\b"
)
_NAMED_IDS = (
    re2.compile(_NAME_OF_ID + _ID),
    re2.compile(r"(?i)\b(?:ups|usps|fedex|dhl|hermes|evri|dpd|gls)[ :#]{1,2}(?P<id>[0-9A-Z]{8,34})\b"),
    re2.compile(r"(?P<id>\b[0-9]{3}-[0-9]{7}-[0-9]{7}\b)"),
    re2.compile(r"(?P<id>https?://[^\s<>\"]+)"),
)


def dates_and_amounts(plain: str) -> Iterator[Span]:
    """The dates, times of day and amounts of money of a text with plain digits."""
    for match in _VALUE.finditer(plain):
        start, end = match.span()
        # 06.12.34.56.78 is no day with something behind it
        goes_on = plain[end : end + 1] in "-/." and plain[end + 1 : end + 2].isdigit()
        came_from = start > 1 and plain[start - 1] in "-/.+" and plain[start - 2].isdigit()
        if not goes_on and not came_from:
            yield Span(start, end, "stays")


def _kept_ids(plain: str, keep: Keep) -> Iterator[Span]:
    for pattern in _NAMED_IDS:
        for match in pattern.finditer(plain):
            if any(char.isdigit() for char in match.group("id")):
                yield Span(match.start(1), match.end(1), "stays")  # the only group
    ids = (*keep.order_ids, *keep.tracking_ids, *keep.other_ids)
    for pattern in _id_patterns(tuple(sorted(set(ids))[:_MOST_KEPT])):
        for match in pattern.finditer(plain):
            yield Span(match.start(), match.end(), "stays")


@lru_cache(maxsize=32)
def _id_patterns(ids: tuple[str, ...]) -> tuple[re2._Regexp, ...]:
    """One pattern for all ids, blanks and hyphens between their characters allowed."""
    words = [
        "[ -]?".join(map(re2.escape, shown)) for one in ids if len(shown := _bare(one)) >= _SHORTEST_KEPT
    ]
    return tuple(_any_of(words[start : start + 50]) for start in range(0, len(words), 50))


def _any_of(words: Iterable[str]) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return re2.compile(r"(?i)\b(?:" + "|".join(words) + r")\b", options)


def _bare(value: str) -> str:
    return "".join(char for char in value if char.isalnum())[:60]
