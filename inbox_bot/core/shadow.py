"""Shadow mode: in mode auto, reasons that are not live are drafted, and what the rules would have sent is noted.

Going live reason by reason rests on what a person then did with those answers: sent as they were, changed, overruled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from inbox_bot.core.model import Mail, Mode, Policy, Reason, Verdict

if TYPE_CHECKING:
    from inbox_bot.core.case import Case


class Fate(StrEnum):
    """What became of an answer that the rules would have sent."""

    WAITING = "waiting"
    UNCHANGED = "unchanged"  # a person sent it as it was
    CHANGED = "changed"  # a person sent another letter
    OVERRULED = "overruled"  # a person chose another verdict
    ELSEWHERE = "elsewhere"  # answered, and what the answer said is not known
    NOT_SENT = "not_sent"  # the case ended without an answer


SENT = frozenset({Fate.UNCHANGED, Fate.CHANGED, Fate.ELSEWHERE})


@dataclass(frozen=True, slots=True)
class ShadowAnswer:
    """An answer that the rules would have sent: the file `reply_sha256`, by the rule."""

    at: datetime
    reason: Reason
    verdict: Verdict
    rule: str
    message_id: str
    reply_sha256: str
    fate: Fate = Fate.WAITING


@dataclass(frozen=True, slots=True)
class NoteShadow:
    """Note that the rules would have sent the reply that now waits for a person."""


def is_shadow(case: Case, policy: Policy) -> bool:
    """Whether mode auto leaves the case to a person, because its reason is not live or was not when it was drafted."""
    return policy.mode is Mode.AUTO and (case.reason not in policy.live_reasons or is_noted(case))


def is_noted(case: Case) -> bool:
    """Whether the reply of the case is one that was noted: it stays with the person also when the reason goes live."""
    return case.reply is not None and any(one.message_id == case.reply.message_id for one in case.shadows)


def waiting(case: Case) -> ShadowAnswer | None:
    """The answer that would have been sent and waits for a person, None when none does."""
    last = case.shadows[-1] if case.shadows else None
    open_still = case.answered_at is None and case.closed_at is None
    return last if last is not None and last.fate is Fate.WAITING and open_still else None


def same_letter(sent: Mail, ours: Mail) -> bool:
    """Whether two mails say the same and carry the same files; spaces and line ends do not count."""
    return _words(sent) == _words(ours) and _files(sent) == _files(ours)


def _words(mail: Mail) -> list[str]:
    return (mail.text or mail.html_text).split()


def _files(mail: Mail) -> list[bytes]:
    return sorted(file.content for file in mail.attached)


@dataclass(frozen=True, slots=True)
class ShadowTally:
    """How many answers for a reason the rules would have sent, and what became of them."""

    account: str
    reason: Reason
    fates: Mapping[Fate, int]

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.fates.values())


def tally(cases: Iterable[Case]) -> tuple[ShadowTally, ...]:
    """The shadow answers of the cases by account and reason, reasons in the order in which they are listed."""
    counted: dict[tuple[str, Reason], dict[Fate, int]] = {}
    for case in cases:
        for one in case.shadows:
            fates = counted.setdefault((case.account, one.reason), dict.fromkeys(Fate, 0))
            fates[_fate(one, case)] += 1
    order = list(Reason)
    keys = sorted(counted, key=lambda key: (key[0], order.index(key[1])))
    return tuple(ShadowTally(account, reason, counted[account, reason]) for account, reason in keys)


def _fate(one: ShadowAnswer, case: Case) -> Fate:
    over = case.closed_at is not None or one is not case.shadows[-1]
    return Fate.NOT_SENT if one.fate is Fate.WAITING and over else one.fate
