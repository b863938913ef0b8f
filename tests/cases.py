"""The worked cases of `fixtures/cases`: mails, reports, dropped files and typed-in facts through the whole pipeline."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inbox_bot.commands.evidence import Statement, add_evidence
from inbox_bot.commands.orders import import_files
from inbox_bot.commands.show import reply_text
from inbox_bot.core.case import Case
from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.model import Reply
from inbox_bot.core.record import Dossier
from inbox_bot.desk import Desk, Rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.orders.carriers import load_carriers
from inbox_bot.replay import ACCOUNT, Replay, read_paths
from inbox_bot.resources import rule_files
from inbox_bot.sources import watched_folder
from inbox_bot.store.codec import from_json
from inbox_bot.store.sqlite import SqliteStore

CASES = Path(__file__).parent.parent / "fixtures" / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
COLLECTED_AT = datetime.fromisoformat("2026-10-05T16:30:00+00:00")


@dataclass(frozen=True)
class Worked:
    """What came of one case."""

    name: str
    case: Case
    dossiers: tuple[Dossier, ...]
    reply: Reply | None
    store: SqliteStore
    desk: Desk

    @property
    def letter(self) -> str:
        text = reply_text(self.reply.raw_bytes) if self.reply else ""
        return text.replace("\r\n", "\n")


def truth_of(name: str) -> dict[str, Any]:
    """What the writer of the case said must come of it, apart from the code."""
    return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))


@contextmanager
def worked(name: str, rulebook: Rulebook) -> Iterator[Worked]:
    """The case, worked from its files."""
    folder = CASES / name
    evidence = watched_folder(folder / "evidence") if (folder / "evidence").is_dir() else None
    with MailReader() as reader:
        files = read_paths([folder / "mails"])
        replay = Replay(files, rulebook, reader.read, trust="all", now=COLLECTED_AT, evidence=evidence)
        reports = sorted((folder / "reports").glob("*")) if (folder / "reports").is_dir() else []
        assert not import_files(replay.store, ACCOUNT, reports, COLLECTED_AT)
        _enter(folder, replay.store)
        lines = [line for line in replay.lines() if line.case is not None]
        case = lines[-1].case
        assert case is not None
        raw = replay.store.file(case.dossier_sha256) if case.dossier_sha256 else b"[]"
        dossiers = from_json(raw.decode(), tuple[Dossier, ...])
        yield Worked(name, case, dossiers, lines[-1].reply, replay.store, replay.desk)


def _enter(folder: Path, store: SqliteStore) -> None:
    path = folder / "entered.toml"
    if not path.exists():
        return
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    names = (
        "order",
        "tracking",
        "carrier",
        "shipped",
        "delivered",
        "city",
        "state",
        "postal_code",
        "country",
    )
    values = [said.get(name, "") for name in (*names, "signed_by", "method", "source")]
    carriers = load_carriers(rule_files("carriers*.toml"))
    at = datetime.fromisoformat(said["entered_at"])
    add_evidence(store, ACCOUNT, folder / "evidence", carriers, Statement(*values, ()), at)


def shown(one: Worked) -> str:
    """The golden: what was decided and why, and how the case stands."""
    case, stands = one.case, one.case.assessment
    assert case.decision is not None
    values = {
        "verdict": case.decision.verdict.value,
        "rule": case.decision.rule,
        "because": case.decision.because,
        "status": case.status.value,
        "score": stands.score if stands else None,
        "fatal": list(stands.fatal) if stands else [],
        "on_record": [item.name for item in stands.checklist if item.present] if stands else [],
        "missing": [f"{item.says} (+{item.gain})" for item in stands.missing] if stands else [],
        "contradictions": [[each.about, *map(list, each.said)] for each in one.dossiers[0].contradictions],
        "evidence": [f"{each.grade.value}: {each.statement}" for each in case.evidence],
        "exhibits": [
            f"{each.number} {each.kind.value} {each.order_id}"
            for each in list_exhibits(one.dossiers, case.evidence)
        ],
        "refund": _refund(case),
        "attachments": list(one.reply.attachment_names) if one.reply else [],
        "blocked": case.blocked_because,
        "problems": [str(problem) for problem in case.problems],
    }
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _refund(case: Case) -> dict[str, Any] | None:
    task = case.refund_task
    if task is None:
        return None
    lines = [f"{line.quantity} x {line.sku}: {line.total}" for line in task.lines]
    return {
        "total": str(task.total),
        "lines": lines,
        "notes": list(task.notes),
        "earlier": list(task.earlier),
    }


__all__ = ["CASES", "NAMES", "Worked", "shown", "truth_of", "worked"]
