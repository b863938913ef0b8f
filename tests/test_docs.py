"""The documents do not drift: their commands exist, their links lead somewhere, their facts are the code's."""

from __future__ import annotations

import re
import shlex
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import pytest

from inbox_bot.core.facts import Facts
from inbox_bot.core.worth import Worth
from inbox_bot.options import build_parser

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
COMMAND = re.compile(r"^(?:\$ |\*/10 \* \* \* \*  |ExecStart=(?:\S*/)?)?(inbox-bot [^#|\n]*)", re.MULTILINE)
INLINE = re.compile(r"`(inbox-bot [^`]+)`")
PLACEHOLDERS = {"COMMAND", "..."}


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL))
        found += [(page.name, line.strip()) for line in (*COMMAND.findall(blocks), *INLINE.findall(text))]
    return found


def test_there_are_commands_to_check():
    assert len(commands()) > 15


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_in_the_documents_is_one_the_program_takes(page, line, tmp_path, monkeypatch):
    words = shlex.split(line)[1:]
    if PLACEHOLDERS & set(words):
        return
    monkeypatch.chdir(tmp_path)
    for word in words:  # files that the documents speak of exist for the parser's sake
        if re.fullmatch(
            r"[\w./-]+(\.\w+|/emails|PATH)|PATH\.\.\.|FILE(\.eml)?|DIR", word
        ) and not word.startswith("-"):
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch()
    with pytest.raises(SystemExit) if words[-1] in ("--help", "--version") else nullcontext():
        build_parser().parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_rules_page_explains_every_fact_and_no_other():
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    section = text.split("## Facts")[1].split("## What an answer needs")[0]
    explained = set(re.findall(r"`([a-z_]+)`", section))
    assert {field.name for field in fields(Facts)} == explained


def test_the_rules_page_explains_what_contesting_is_worth_name_by_name():
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    table = text.split("## What contesting is worth")[1].split("## ")[0]
    rows = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert {field.name for field in fields(Worth)} == set(re.findall(r"`([a-z_]+)`", rows))
