"""`check`: a reply held against the record, as it stands in Drafts, in a file, or in the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click

from inbox_bot.answer import ground_of, marked
from inbox_bot.app import find_case_id
from inbox_bot.config import Config, load_config
from inbox_bot.core.case import Case
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Mail, Reply
from inbox_bot.core.truth import Flaw, check_letter
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked, where it was found, and what is wrong with it."""

    place: str
    text: str
    flaws: tuple[Flaw, ...]


def run_check(config_file: Path, wanted: str, file: Path | None, *, as_json: bool) -> int:
    """Check the reply of a case; returns 1 when the record does not bear out what it says."""
    config = load_config(config_file)
    rulebook = load_rulebook(config.rules_folder, config.templates_folder)
    store = SqliteStore(config.store_path)
    try:
        case_id = find_case_id(store, wanted)
        record = store.case(case_id)
        assert record is not None  # noqa: S101 - find_case_id only returns ids that exist
        account = config.account(record.case.account)
        ground = ground_of(record.case, store.file, account.policy)
        place, text = _text(config, record.case, store, file)
    finally:
        store.close()
    checked = Checked(place, text, check_letter(text, ground, rulebook.statements))
    if as_json:
        click.echo(_as_json(case_id, checked))
    else:
        _print(case_id, checked)
    return int(bool(checked.flaws))


def _text(config: Config, case: Case, store: SqliteStore, file: Path | None) -> tuple[str, str]:
    """Where the reply was found and what it says: the file, or the draft, or the composed reply."""
    if file is not None:
        return str(file), _of_file(file)
    if case.reply is None:
        raise UserError(f"case {case.case_id} has no reply yet; name a file with --file")
    composed = case.reply
    try:
        raw_bytes = store.file(composed.sha256)
    except KeyError:
        raise UserError(
            f"the reply of case {case.case_id} was kept as long as [retention] says and is gone; name one with --file"
        ) from None
    reply = Reply(
        case.case_id,
        composed.revision,
        composed.message_id,
        composed.sender,
        composed.recipient,
        composed.subject,
        composed.sha256,
        raw_bytes,
        composed.attachment_names,
    )
    outside = LiveOutside(config.account(case.account))
    try:
        draft = outside.find_draft(reply, case.notice.message_id)
    finally:
        outside.drop()
    if draft is None:
        return "the composed reply (it stands in Drafts no longer)", _of_mail(reply.raw_bytes)
    same = " (as composed)" if draft == reply.raw_bytes else " (edited)"
    return f"the draft in Drafts{same}", _of_mail(draft)


def _of_file(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", str(file))) from None
    if file.suffix.lower() == ".eml":
        return _of_mail(raw)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(Problem("is not UTF-8 text", str(file), remedy="save the file as UTF-8")) from None


def _of_mail(raw: bytes) -> str:
    """What a mail says, also one that a mail program made HTML only; read in bounds like any other mail."""
    with MailReader() as reader:
        mail: Mail = reader.read(raw)
    return mail.text or mail.html_text


def _as_json(case_id: str, checked: Checked) -> str:
    flaws = [
        {
            "sentence": flaw.sentence,
            "about": flaw.about,
            "what": flaw.what,
            "start": flaw.start,
            "end": flaw.end,
        }
        for flaw in checked.flaws
    ]
    return json.dumps({"case": case_id, "checked": checked.place, "flaws": flaws}, ensure_ascii=False)


def _print(case_id: str, checked: Checked) -> None:
    click.echo(f"{case_id}: {checked.place}")
    if not checked.flaws:
        click.echo("Everything it says is on record.")
        return
    click.echo(marked(checked.text, checked.flaws), nl=False)
    click.echo()
    for number, flaw in enumerate(checked.flaws, 1):
        click.echo(f"{number}. {flaw.what}")
