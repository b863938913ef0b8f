"""The fixture mails and their golden twins, exact both ways.

Beside each `fixtures/emails/X.eml` stands `X.expected.json` and, where a reply is due, `X.reply.eml`. After a change
that is meant to change them: `python -m pytest tests/test_fixtures.py --update-goldens`, then read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from goldens import without_book

from inbox_bot.core.model import Kind, Reason
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.replay import Replay, ReplayLine, as_json, read_paths

EMAILS = Path(__file__).parent.parent / "fixtures" / "emails"
CASES = Path(__file__).parent.parent / "fixtures" / "cases"
NAMES = [
    path.name.removesuffix(".eml") for path in sorted(EMAILS.glob("*.eml")) if ".reply." not in path.name
]


@pytest.fixture(scope="module")
def lines() -> Iterator[dict[str, ReplayLine]]:
    """Every fixture mail, replayed with all of them as the mailbox."""
    files = read_paths([EMAILS])
    with MailReader() as reader:
        replay = Replay(files, load_rulebook(), reader.read, trust="all")
        yield {Path(line.file).name.removesuffix(".eml"): line for line in replay.lines()}


def shown(line: ReplayLine) -> str:
    """The line's JSON with what depends on the place masked."""
    values = json.loads(as_json(line))
    values["file"] = Path(values["file"]).name
    values["reply"] = f"{values['case']}.eml" if line.reply else None
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_mail_is_read_and_decided_as_the_golden_says(name, lines, update_goldens):
    golden = EMAILS / f"{name}.expected.json"
    found = shown(lines[name])
    if update_goldens:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_reply_is_but_for_the_book_byte_for_byte_the_golden_one(name, lines, update_goldens):
    golden, reply = EMAILS / f"{name}.reply.eml", lines[name].reply
    if update_goldens:
        golden.unlink(missing_ok=True)
        if reply is not None:
            golden.write_bytes(without_book(reply.raw_bytes))
    assert golden.exists() == (reply is not None)
    assert reply is None or without_book(reply.raw_bytes) == golden.read_bytes()


def test_no_golden_stands_without_its_mail():
    goldens = [*EMAILS.glob("*.expected.json"), *EMAILS.glob("*.reply.eml")]
    orphans = [
        path.name for path in goldens if path.name.split(".expected.")[0].split(".reply.")[0] not in NAMES
    ]
    assert not orphans


def test_the_fixtures_cover_every_kind_every_reason_in_both_languages_and_every_bundled_rule(lines):
    notices = [line.handled.notice for line in lines.values() if line.handled.notice is not None]
    assert {line.handled.recognition.kind for line in lines.values()} == set(Kind)
    claims = {(notice.reason, notice.language) for notice in notices if notice.kind is Kind.CLAIM}
    assert {(reason, language) for reason in Reason for language in ("en", "zh")} <= claims
    decided = {line.case.decision.rule for line in lines.values() if line.case and line.case.decision}
    # What takes more than mails (a settlement, two sources) stands in the worked cases.
    decided |= {
        json.loads(path.read_text(encoding="utf-8"))["rule"] for path in CASES.glob("*/expected.json")
    }
    rules = {rule.name for rule in load_rulebook().decisions.rules}
    assert rules <= decided, f"no fixture fires {sorted(rules - decided)}"
