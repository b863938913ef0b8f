"""In each language that sellers get mail in, every field of every fixture is read as a person reads it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from languages import FOLDER, MAILS, wrong_fields

from inbox_bot.core.cldr import LANGUAGES

EMAILS = FOLDER.parent / "emails"


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_field_is_read_as_a_person_reads_it(path: Path) -> None:
    assert wrong_fields(path) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_notices_decisions_questions_and_look_alikes(language: str) -> None:
    goldens = [*FOLDER.glob(f"{language}/*.expected.json"), *EMAILS.glob(f"*-{language}-*.expected.json")]
    kinds = Counter(json.loads(path.read_text("utf-8"))["kind"] for path in goldens)
    assert kinds["claim"] >= 6
    assert kinds["decision"] >= 2
    assert kinds["information_request"] >= 2
    assert kinds["other"] >= 4
