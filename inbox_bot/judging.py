"""Judging stored cases by rule tables, whatever tables those are; reads the store and writes nothing.

The facts come from the dossier as it was kept when the case was last looked up, never from the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inbox_bot.answer import notice_of
from inbox_bot.core.afterlife import is_contest
from inbox_bot.core.case import Case
from inbox_bot.core.decide import load_decision_rules
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.evidence_table import load_evidence_rules
from inbox_bot.core.explain import Explanation, explain
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.flips import Comparison, NotJudged, Verdicts
from inbox_bot.core.goods import load_goods
from inbox_bot.core.history import History, history_of
from inbox_bot.core.judgement import Tables, judge
from inbox_bot.core.record import Dossier
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.resources import read_toml, rule_files
from inbox_bot.store.codec import from_json
from inbox_bot.store.protocol import Store

BUNDLED = "bundled"
_TABLES = {"decisions": ("rule",), "evidence": ("evidence", "fatal"), "goods": ("goods",)}


@dataclass(frozen=True, slots=True)
class KeptCase:
    """What is stored of a case that the tables can judge."""

    dossiers: tuple[Dossier, ...]
    facts: Facts


def load_tables(place: Path | None = None) -> Tables:
    """The bundled tables with those of a folder, or of one file, over them; raises UserError with every problem."""
    folder = place if place is not None and place.is_dir() else None
    file = read_toml(place) if place is not None and folder is None else None
    problems: list[Problem] = []
    files: dict[str, tuple[TomlFile, ...]] = {}
    for name, keys in _TABLES.items():
        more = (file,) if file is not None and file.data.keys() & set(keys) else ()
        files[name] = (*rule_files(f"{name}*.toml", folder), *more)
    if file is not None and not any(file in found for found in files.values()):
        remedy = "give a folder of rules, or a file with [[rule]], [[evidence]], [[fatal]] or [goods]"
        raise UserError(Problem("there are no rules in it", file.file, remedy=remedy))
    loaded = []
    for name, load in _LOADERS.items():
        try:
            loaded.append(load(files[name]))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)
    return Tables(*loaded)  # type: ignore[arg-type]


_LOADERS = {"decisions": load_decision_rules, "evidence": load_evidence_rules, "goods": load_goods}


def kept_case(store: Store, case: Case) -> KeptCase | None:
    """The record of a case that was looked up; None when it never was, or was purged."""
    if case.dossier_sha256 is None:
        return None
    try:
        raw = store.file(case.dossier_sha256)
    except KeyError:
        return None
    dossiers = from_json(raw.decode(), tuple[Dossier, ...])
    return KeptCase(dossiers, find_facts(notice_of(case), dossiers[0], dossiers[1:]))


def history_for(tables: Tables, store: Store, account: str, before: datetime | None = None) -> History | None:
    """The account's history when a rule asks for it: reading every case is not worth it for any other."""
    if not tables.ask_for_history:
        return None
    return history_of((record.case for record in store.cases(account)), before)


def explain_case(store: Store, case: Case, tables: Tables) -> Explanation | None:
    """What the tables make of a stored case; None for one that they are not asked about, or whose record is gone."""
    kept = kept_case(store, case) if is_for_the_tables(case) else None
    if kept is None:
        return None
    return explain(kept.facts, kept.dossiers, tables, history_for(tables, store, case.account))


def compare(store: Store, account: str | None, old: Tables, new: Tables) -> Comparison:
    """Every case of the store, or of one account, judged by both tables from what is stored of it.

    The history that a rule may ask for is what had ended when the notice came.
    """
    cases = [record.case for record in store.cases(account)]
    judged: list[Verdicts] = []
    not_judged: list[NotJudged] = []
    asked = old.ask_for_history or new.ask_for_history
    for case in cases:
        kept = kept_case(store, case) if is_for_the_tables(case) else None
        if kept is None:
            not_judged.append(NotJudged(case.case_id, _why_not(case)))
            continue
        own = (one for one in cases if one.account == case.account and one.case_id != case.case_id)
        history = history_of(own, case.notice.received_at) if asked else None
        decisions = [
            judge(kept.facts, kept.dossiers, tables, history, case.opened_at).decision
            for tables in (old, new)
        ]
        judged.append(Verdicts(case, decisions[0], decisions[1]))
    return Comparison(tuple(judged), tuple(not_judged))


def _why_not(case: Case) -> str:
    if not case.trusted:
        return "not trusted, so no rule is asked"
    if is_contest(case):
        return "a debit that is contested, which a person decides"
    return "never looked up" if case.dossier_sha256 is None else "its record was purged"


def is_for_the_tables(case: Case) -> bool:
    """Whether rules decide the case at all: not what is no mail of Amazon's, nor a debit that is contested."""
    return case.trusted and not is_contest(case)
