"""The tables by which notices are known, as types: senders, look-alikes, marketplaces and phrases with a meaning.

They are read from TOML in `core/notice_rules.py`; what they are used for stands in `core/recognise.py` and
`core/extract.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from inbox_bot.core.domain_names import is_listed_domain
from inbox_bot.core.phrase_table import PhraseTable
from inbox_bot.core.phrases import Phrase

FIELDS = frozenset(
    {
        "order_id", "amount", "disputed_amount", "other_amount", "items", "quantity", "destination", "reason",
        "respond_by", "other",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Phrases of one language that all mean the same; `where` is "subject", "body" or "" for both."""

    section: str
    name: str
    language: str
    means: str
    where: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """Addresses that only write chargeback mails; `*` stands for any Amazon domain or any text without an @."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A kind of mail that is no chargeback notice, and how it is known.

    `headers` are header fields that only such mails carry; `subject` and `body` hold phrases; `anywhere` phrases
    count for mails that are not from Amazon too. A `firm` one is known by its subject even when that speaks of a
    chargeback, too.
    """

    name: str
    firm: bool
    addresses: tuple[str, ...]
    headers: tuple[str, ...]
    subject: tuple[Phrase, ...]
    body: tuple[Phrase, ...]
    anywhere: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Marketplace:
    """An Amazon domain with the currencies that `$`, `¥` and `kr` stand for there, and other names it goes by."""

    domain: str
    dollar: str
    yen: str
    krona: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """A phrase of an entry where it stands in a text."""

    start: int
    end: int
    words: str
    entry: Entry


@dataclass(frozen=True)
class NoticeRules:
    """All tables, bundled and the user's own, merged by name."""

    amazon_domains: tuple[str, ...]
    free_mail_domains: frozenset[str]
    senders: tuple[Sender, ...]
    look_alikes: tuple[LookAlike, ...]
    marketplaces: tuple[Marketplace, ...]
    entries: tuple[Entry, ...]
    _tables: dict[tuple[str, str, str], tuple[PhraseTable, dict[str, Entry]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    kept: dict[object, object] = field(default_factory=dict, repr=False, compare=False)
    """What others worked out from the tables and keep beside them."""

    def of(self, section: str, means: str = "") -> tuple[Entry, ...]:
        """The entries of a section, or those of one meaning."""
        return tuple(e for e in self.entries if e.section == section and means in ("", e.means))

    def find(
        self,
        section: str,
        text: str,
        *,
        means: str = "",
        where: str = "",
        languages: Collection[str] = (),
    ) -> tuple[FoundPhrase, ...]:
        """All phrases of a section (and meaning) in a clean text, in order; of all languages by default.

        Phrases of no language in particular are always among them.
        """
        table, entries = self._table(section, means, where)
        spoken = ("", *languages)
        names = {name for name, one in entries.items() if one.language in spoken} if languages else None
        hits = table.find_all(text, names)
        return tuple(FoundPhrase(hit.start, hit.end, hit.words, entries[hit.name]) for hit in hits)

    def speaks_of(self, section: str, text: str) -> bool:
        """Whether `find` would find anything."""
        table, _ = self._table(section, "", "")
        return table.hits(text)

    def is_amazon(self, domain: str) -> bool:
        """Whether the domain is one of Amazon's, or below one."""
        return is_listed_domain(domain, self.amazon_domains)

    def is_chargeback_sender(self, email: str) -> bool:
        """Whether the address is one that Amazon sends chargeback mails from."""
        return any(self.is_sender(email, sender.addresses) for sender in self.senders)

    def is_sender(self, email: str, patterns: Iterable[str]) -> bool:
        """Whether the address, at an Amazon domain, is one of the patterns (`name@*`, `*@marketplace.*`)."""
        local, _, domain = email.lower().rpartition("@")
        if not local or not self.is_amazon(domain):
            return False
        return any(_fits(local, domain, pattern) for pattern in patterns)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a file of their own."""
        return tuple(dict.fromkeys(entry.language for entry in self.entries if entry.language))

    def _table(self, section: str, means: str, where: str) -> tuple[PhraseTable, dict[str, Entry]]:
        key = (section, means, where)
        if key not in self._tables:
            chosen = {
                f"{entry.language}/{entry.name}": entry
                for entry in self.of(section, means)
                if not where or entry.where in ("", where)
            }
            table = PhraseTable({name: entry.phrases for name, entry in chosen.items()})
            self._tables[key] = (table, chosen)
        return self._tables[key]


def _fits(local: str, domain: str, pattern: str) -> bool:
    wanted_local, _, wanted_domain = pattern.rpartition("@")
    return _fits_star(local, wanted_local) and _fits_star(domain, wanted_domain)


def _fits_star(text: str, pattern: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
