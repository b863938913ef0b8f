"""Judging one case by the tables that are data: weigh the record, say what it is worth, ask the decision rules.

The one way from facts to a verdict, for the daemon, the explanations, the rule tests and the comparison of two tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from inbox_bot.core.assessment import Assessment
from inbox_bot.core.decide import DecisionRules, decide
from inbox_bot.core.evidence import EvidenceRules, assess
from inbox_bot.core.facts import Facts
from inbox_bot.core.goods import Goods
from inbox_bot.core.history import History
from inbox_bot.core.model import Decision
from inbox_bot.core.record import Dossier
from inbox_bot.core.worth import Worth, worth_of

_OF_WORTH = frozenset(one.name for one in fields(Worth))


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that a verdict comes from."""

    decisions: DecisionRules
    evidence: EvidenceRules
    goods: Goods = field(default_factory=Goods)

    @property
    def ask_for_history(self) -> bool:
        """Whether a rule speaks of what a case is worth, so that the history has to be looked up."""
        rules = self.decisions.rules
        return any(_OF_WORTH & condition.names for rule in rules for condition in rule.when) or any(
            name in rule.because for rule in rules for name in _OF_WORTH
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with everything that it rests on."""

    facts: Facts
    assessment: Assessment
    worth: Worth
    decision: Decision


def judge(
    facts: Facts, dossiers: Sequence[Dossier], tables: Tables, history: History | None, at: datetime
) -> Judgement:
    """The verdict on the facts; `dossiers` begin with the order in dispute and may be none."""
    assessment = assess(facts, dossiers, tables.evidence, at)
    order = dossiers[0].order if dossiers else None
    worth = worth_of(facts, order.items if order else (), tables.goods, history)
    return Judgement(facts, assessment, worth, decide(facts, tables.decisions, assessment, worth))
