"""The data behind reading the mailbox: senders, labels and phrases out of `rules/correspondence*.toml`, checked.

Only loading and checking is done here; the tables are used by the other modules of this folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import re2

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.phrase_table import PhraseTable, load_phrases
from inbox_bot.core.tomlfile import Path, TomlFile
from inbox_bot.orders.labels import Labels
from inbox_bot.orders.statements import StatementRules

PARTIES = ("buyer", "seller", "amazon", "carrier")
KINDS = (
    *("order", "refunded", "returning", "replacing"),
    *("shipped", "label_created", "in_transit", "delivered", "returned_to_sender", "lost"),
)
MARKS = (
    *(
        "admits_receipt",
        "asks_to_cancel",
        "complains_of_fault",
        "asks_for_refund",
        "admits_fault",
        "offers_refund",
    ),
    *(
        "offers_replacement",
        "replacement_sent",
        "return_requested",
        "return_received",
        "atoz_open",
        "atoz_granted",
    ),
    *("threatens_chargeback", "confirms_return", "offers_return_label", "asks_for_photos", "went_silent"),
    *("atoz_closed", "charged_twice", "cancelled_by_seller", "order_cancelled", "other_order"),
)
LABELS = (
    *(
        "order_id",
        "replaces",
        "tracking",
        "carrier",
        "method",
        "shipped_on",
        "delivered_on",
        "delivery_date",
        "delivered_to",
        "signed_by",
        "status",
    ),
    *(
        "destination",
        "item",
        "sku",
        "asin",
        "quantity",
        "price",
        "total",
        "purchased_on",
        "refund",
        "refunded_on",
    ),
    *("refund_id", "other"),
)
WORDING = ("negation", "condition", "factual", "breaker", "not_a_name")
FRAME = ("begin", "end", "relayed", "own_copy", "buyer_words", "line", "quote", "wrote", "footer")
_TABLES: Mapping[str, tuple[str, ...]] = {
    "labels": LABELS,
    "subject": KINDS,
    "text": KINDS,
    "marks.buyer": MARKS,
    "marks.seller": MARKS,
    "marks.amazon": MARKS,
    "marks.carrier": MARKS,
    "dated": ("shipped", "delivered"),
    "unless": (*KINDS, *MARKS),
    "wording": WORDING,
    "frame": FRAME,
}
_DOMAINS = ("amazon", "services", "free_mail")
_OTHERS = ("domains", "currencies", "carrier", "reading", "headers", "senders", "marks")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier: the domains it writes from, the words it is called by, and the shapes of its tracking ids."""

    name: str
    domains: tuple[str, ...]
    words: PhraseTable
    shapes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CorrespondenceRules:
    """All tables, bundled and the user's own, merged by name.

    `currencies` gives by Amazon domain what a bare `$` means there. `header_marks` gives by the value of Amazon's
    notification header the mark or the kind it stands for, `sender_marks` the same by the name of an address.
    `only_from_known` are the marks that count from a buyer only when the address is a relay of Amazon's or one that
    the seller has written to. A buyer who has not answered for `silent_after_days` went silent.
    """

    amazon_domains: frozenset[str]
    service_domains: frozenset[str]
    free_mail_domains: frozenset[str]
    carriers: tuple[Carrier, ...]
    currencies: Mapping[str, str]
    header_marks: Mapping[str, str]
    sender_marks: Mapping[str, str]
    labels: Labels
    subject: PhraseTable
    text: PhraseTable
    dated: PhraseTable
    marks: Mapping[str, PhraseTable]
    only_from_known: frozenset[str]
    silent_after_days: int
    frame: PhraseTable
    wording: PhraseTable
    statements: StatementRules


def load_correspondence_rules(files: Sequence[TomlFile]) -> CorrespondenceRules:
    """The rules of all files, a later file's entries in place of an earlier one's of the same name.

    Raises UserError with every problem of every file.
    """
    problems: list[Problem] = []
    tables = dict.fromkeys(_TABLES, PhraseTable())
    carriers: dict[str, Carrier] = {}
    domains: dict[str, set[str]] = {name: set() for name in _DOMAINS}
    currencies: dict[str, str] = {}
    headers: dict[str, str] = {}
    senders: dict[str, str] = {}
    may_be_asked: set[str] = set()
    only_from_known: set[str] = set()
    may_be_conditional: set[str] = set()
    silent_after_days = 3
    for file in files:
        problems.extend(_unknown_sections(file))
        for name, known in _TABLES.items():
            tables[name] = tables[name].merged(_load_table(file, name, known, problems))
        carriers |= {carrier.name: carrier for carrier in _load_carriers(file, problems)}
        for name, known_domains in domains.items():
            known_domains |= {domain.lower() for domain in _strings(file, ("domains", name), problems)}
        may_be_asked |= set(_strings(file, ("reading", "may_be_asked"), problems))
        only_from_known |= set(_strings(file, ("reading", "only_from_known"), problems))
        may_be_conditional |= set(_strings(file, ("reading", "may_be_conditional"), problems))
        silent_after_days = _days(file, ("reading", "silent_after_days"), silent_after_days, problems)
        currencies |= _load_texts(file, "currencies", problems)
        headers |= _load_texts(file, "headers", problems)
        senders |= _load_texts(file, "senders", problems)
    if problems:
        raise UserError(problems)
    return CorrespondenceRules(
        amazon_domains=frozenset(domains["amazon"]),
        service_domains=frozenset(domains["services"]),
        free_mail_domains=frozenset(domains["free_mail"]),
        carriers=tuple(carriers.values()),
        currencies=currencies,
        header_marks=headers,
        sender_marks=senders,
        labels=Labels(tables["labels"]),
        subject=tables["subject"],
        text=tables["text"],
        dated=tables["dated"],
        marks={party: tables[f"marks.{party}"] for party in PARTIES},
        only_from_known=frozenset(only_from_known),
        silent_after_days=silent_after_days,
        frame=tables["frame"],
        wording=tables["wording"],
        statements=StatementRules(
            tables["wording"], tables["unless"], frozenset(may_be_asked), frozenset(may_be_conditional)
        ),
    )


def _unknown_sections(file: TomlFile) -> Iterator[Problem]:
    known = (*(name for name in _TABLES if "." not in name), *_OTHERS)
    for name in file.data:
        if name not in known:
            yield file.problem((name,), f"unknown section {name!r}", _did_you_mean(name, known))
    marks = file.data.get("marks", {})
    for name in marks if isinstance(marks, dict) else ():
        if name not in PARTIES:
            yield file.problem(("marks", name), f"unknown party {name!r}", _did_you_mean(name, PARTIES))


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(known)}"


def _load_table(file: TomlFile, name: str, known: Sequence[str], problems: list[Problem]) -> PhraseTable:
    path: Path = tuple(name.split("."))
    table, found = load_phrases(file, path)
    problems.extend(found)
    problems.extend(
        file.problem((*path, group), f"unknown name {group!r}", _did_you_mean(group, known))
        for group in table.names
        if group not in known
    )
    return table


def _load_carriers(file: TomlFile, problems: list[Problem]) -> Iterator[Carrier]:
    entries = file.data.get("carrier", [])
    if not isinstance(entries, list):
        problems.append(file.problem(("carrier",), "a list of carriers is expected", "write [[carrier]]"))
        return
    for number, entry in enumerate(entries):
        path: Path = ("carrier", number)
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.strip():
            problems.append(file.problem(path, "a carrier needs a name", 'write name = "UPS"'))
            continue
        words, found = load_phrases(file, (*path, "called"))
        problems.extend(found)
        domains = tuple(domain.lower() for domain in _strings(file, (*path, "domains"), problems))
        shapes = tuple(_shapes(file, (*path, "shapes"), problems))
        yield Carrier(name, domains, words, shapes)


def _shapes(file: TomlFile, path: Path, problems: list[Problem]) -> Iterator[str]:
    """Shapes as patterns: `9` is any digit, `A` any letter, `X` either; anything behind a `\\` stands for itself."""
    for shape in _strings(file, path, problems):
        compact = shape.replace(" ", "").replace("\\", "")
        if not compact.isalnum() or not compact.isascii() or not 8 <= len(compact) <= 40:
            remedy = "use 8 to 40 characters: 9 for a digit, A for a letter, X for either, a \\ before a literal one"
            problems.append(
                file.problem(path, f"{shape!r} is no shape of a tracking id", remedy, needle=shape)
            )
            continue
        yield _shape_pattern(shape.replace(" ", ""))


def _shape_pattern(shape: str) -> str:
    classes = {"9": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]"}
    parts: list[str] = []
    literal = False
    for char in shape:
        if char == "\\" and not literal:
            literal = True
            continue
        parts.append(re2.escape(char) if literal else classes.get(char, re2.escape(char)))
        literal = False
    return "".join(parts)


def _strings(file: TomlFile, path: Path, problems: list[Problem]) -> tuple[str, ...]:
    value: Any = file.data
    for part in path:
        if isinstance(value, dict) and part not in value:
            return ()
        try:
            value = value[part]
        except (TypeError, KeyError, IndexError):
            problems.append(file.problem(path[:-1], "a table is expected"))
            return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        problems.append(file.problem(path, "a list of texts is expected", 'write it as ["one", "another"]'))
        return ()
    return tuple(value)


def _days(file: TomlFile, path: Path, default: int, problems: list[Problem]) -> int:
    value: Any = file.data
    for part in path:
        value = value.get(part, default) if isinstance(value, dict) else default
    value = default if isinstance(value, dict) else value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 90:
        return value
    problems.append(file.problem(path, "a number of days from 1 to 90 is expected", f"write {path[-1]} = 3"))
    return default


def _load_texts(file: TomlFile, name: str, problems: list[Problem]) -> dict[str, str]:
    table = file.data.get(name, {})
    if not isinstance(table, dict):
        problems.append(file.problem((name,), "a table is expected", f"write [{name}]"))
        return {}
    for key, value in table.items():
        if not isinstance(value, str):
            problems.append(file.problem((name, key), "a text is expected", "put it in quotes"))
        elif name in ("headers", "senders") and value not in (*MARKS, *KINDS, "message"):
            remedy = _did_you_mean(value, (*MARKS, *KINDS, "message"))
            problems.append(file.problem((name, key), f"unknown mark or kind {value!r}", remedy))
    return {key.lower(): value for key, value in table.items() if isinstance(value, str)}
