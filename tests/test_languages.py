"""In each language that sellers get mail in, every field of every fixture is read as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from languages import MAILS, wrong_fields


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_field_is_read_as_a_person_reads_it(path: Path) -> None:
    assert wrong_fields(path) == {}
