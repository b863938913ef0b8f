"""`can_matter` for tens of thousands of headers: what was worked out for one sender or subject is remembered.

The answers are those of `core/recognise.can_matter` for every mail; here it is only arranged that most of the work is
done once. Reading a header block is the business of `mail/glance.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from inbox_bot.core.bounces import BOUNCE_SENDERS
from inbox_bot.core.disguise import looks_like_amazon
from inbox_bot.core.forwards import subject_prefix
from inbox_bot.core.model import Address
from inbox_bot.core.notice_rules import NoticeRules
from inbox_bot.core.recognise import subject_look_alike
from inbox_bot.core.text import plain_line
from inbox_bot.core.trust import is_listed_domain

_KEPT = 16_384
_DIGIT = re.compile(r"\d")
# What stands for digits in a pattern without being one: counts, letters by their number, ranges.
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}|\\x\{[0-9A-Fa-f]+\}|0-9")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


@dataclass(frozen=True, slots=True)
class Glance:
    """What a header block says at first sight; texts are decoded, `thread_ids` are the mail's own id and its kin's.

    `field_names` are in lower case. `content_type` may be empty unless the mail reports something.
    """

    sender: Address | None
    subject: str
    content_type: str
    field_names: frozenset[str]
    message_id: str | None
    thread_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Domain:
    """A sender's domain: whose it is, and which of its names write what."""

    is_amazon: bool
    is_own: bool
    writes_notices: Callable[[str], bool]
    writes_others: Callable[[str], bool]


class Sieve:
    """Tells which mails can matter to one seller; safe for several threads."""

    def __init__(self, rules: NoticeRules, own_domains: Collection[str]) -> None:
        self._rules = rules
        self._own = {domain.lower() for domain in own_domains} - rules.free_mail_domains
        self._marking_fields = frozenset(name for alike in rules.look_alikes for name in alike.headers)
        self._domain = lru_cache(_KEPT)(self._look_at_domain)
        self._is_disguised = lru_cache(_KEPT)(lambda sender: looks_like_amazon(sender, rules.amazon_domains))
        patterns = [
            phrase.pattern
            for section in ("mark", "forward")
            for entry in rules.of(section)
            for phrase in entry.phrases
        ]
        # Order numbers differ from mail to mail; to phrases without digits one is like another.
        self._same_digits = not any(_DIGIT.search(_COUNT.sub("", pattern)) for pattern in patterns)
        self._is_forward = lru_cache(_KEPT)(lambda subject: subject_prefix(subject, rules) == "forward")
        self._speaks = lru_cache(_KEPT)(lambda subject: rules.speaks_of("mark", plain_line(subject)))
        self._names_another = lru_cache(_KEPT)(lambda subject: subject_look_alike(subject, rules) is not None)

    def can_matter(self, glance: Glance) -> bool:
        """As `recognise.can_matter` for the mail that the glance was at."""
        sender, kind = glance.sender, glance.content_type.lower()
        if sender is None or "@" not in sender.email:
            return True
        if "multipart/report" in kind and "delivery-status" in kind:
            return True
        if sender.email.partition("@")[0] in BOUNCE_SENDERS:
            return True
        local, _, name = sender.email.rpartition("@")
        domain = self._domain(name)
        if not domain.is_amazon:
            subject = _without_digits(glance.subject) if self._same_digits else glance.subject
            return (
                domain.is_own
                or self._is_forward(subject)
                or self._speaks(subject)
                or self._is_disguised(sender)
            )
        if domain.writes_notices(local.lower()):
            return True
        if domain.writes_others(local.lower()) or not self._marking_fields.isdisjoint(glance.field_names):
            return False
        return not self._names_another(glance.subject)

    def _look_at_domain(self, name: str) -> _Domain:
        rules, bare = self._rules, name.rstrip(".")
        others = [pattern for alike in rules.look_alikes for pattern in alike.addresses]
        notices = [pattern for sender in rules.senders for pattern in sender.addresses]
        at_amazon = rules.is_amazon(name.lower())
        return _Domain(
            is_amazon=rules.is_amazon(bare),
            is_own=is_listed_domain(bare, self._own),
            writes_notices=_fitting(notices if at_amazon else (), name.lower()),
            writes_others=_fitting(others if at_amazon else (), name.lower()),
        )


def _without_digits(text: str) -> str:
    """Every digit a zero; by way of bytes, which is many times as quick."""
    return text.encode("utf-8", "surrogatepass").translate(_DIGITS).decode("utf-8", "surrogatepass")


def sieve_for(rules: NoticeRules, own_domains: Iterable[str]) -> Sieve:
    """The sieve of these rules and domains, the same one each time."""
    own = frozenset(own_domains)
    sieve = rules.kept.get(own)
    if not isinstance(sieve, Sieve):
        sieve = rules.kept[own] = Sieve(rules, own)
    return sieve


def _fitting(patterns: Iterable[str], domain: str) -> Callable[[str], bool]:
    """Whether a name at the domain fits one of the address patterns; `*` stands for any text."""
    names = []
    for pattern in patterns:
        wanted, _, where = pattern.rpartition("@")
        if _glob([where])(domain):
            names.append(wanted)
    return bool if "*" in names else _glob(names)


def _glob(patterns: Collection[str]) -> Callable[[str], bool]:
    if not patterns:
        return lambda text: False
    either = "|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    fits = re.compile(either, re.DOTALL).fullmatch
    return lambda text: bool(text) and fits(text) is not None
