"""`teach`: marking what a mail says that the rules did not read, by question and answer or by options."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from inbox_bot.config import load_config
from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Kind, Mail, Reason
from inbox_bot.core.teaching import LABELLED, MEANINGS, Mark, lessons_of, parse_mark
from inbox_bot.core.text import plain_line
from inbox_bot.mail.reader import MailReader
from inbox_bot.places import find_config
from inbox_bot.teaching import Classroom, Reading, Taught, fields_of, shown_text, teach, write

_MOST_LINES = 200
_MOST_BYTES = 30 << 20
_QUESTIONS = {
    "kind": "What kind of mail is it?",
    "reason": "Which reason does it give?",
    "outcome": "How was it decided?",
    "ask": "What does it ask for?",
    "deadline": "Which words announce the time frame?",
}
_MARKS_HELP = {
    "answer": "the time frame of the answer follows or stands before",
    "by": "the day of the answer stands behind these words",
    "other_period": "a period that has nothing to do with the answer",
}


@dataclass(frozen=True, slots=True)
class TeachOptions:
    """The options of `teach`, as given."""

    config: Path | None
    rules_folder: Path | None
    marks: tuple[str, ...]
    language: str
    hide: tuple[str, ...]
    yes: bool
    as_json: bool


def run_teach(file: Path, options: TeachOptions) -> int:
    """Teach the rules the words of a mail; 0 when they were written, 1 when they were not."""
    raw = _raw(file)
    folder, own = _folder_and_addresses(options)
    with MailReader() as reader:
        room = Classroom(folder, reader.read, own)
        reading = room.read(room.read_mail(raw), room.rules())
        _check_sender(reading, file)
        marks = tuple(map(_mark, options.marks))
        asked = not marks and sys.stdin.isatty() and not options.as_json
        if asked:
            _show(reading)
            marks = tuple(_ask_all(reading))
        if not marks:
            _say_nothing_marked(reading, options)
            return 1
        if not options.as_json:
            click.echo("Trying the new rules on this mail and on all samples ...", err=True)
        taught = teach(
            room,
            raw,
            marks,
            name=str(file),
            language=options.language,
            hide=options.hide,
            seed=secrets.randbits(64),
        )
    return _finish(taught, options, asked=asked)


def _finish(taught: Taught, options: TeachOptions, *, asked: bool) -> int:
    written: tuple[Path, Path] | None = None
    if not options.as_json:
        _tell(taught)
    if taught.may_be_written and (
        options.yes or (asked and click.confirm("Write the rules and the sample?", default=True))
    ):
        written = write(taught)
    if options.as_json:
        click.echo(_as_json(taught, written))
    elif written:
        click.echo(f"Written: {written[0]}\n         {written[1]} (look at it before you give it to anybody)")
    elif taught.may_be_written and not asked:
        click.echo("Nothing was written: add --yes to write it.")
    return 0 if written else 1


def _raw(file: Path) -> bytes:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(
            Problem(f"cannot be read: {error.strerror}", str(file), remedy="give one .eml file")
        ) from None
    if len(raw) > _MOST_BYTES:
        raise UserError(
            Problem(f"is larger than {_MOST_BYTES >> 20} MB", str(file), remedy="give one .eml file")
        )
    return raw


def _folder_and_addresses(options: TeachOptions) -> tuple[Path, tuple[str, ...]]:
    folder = options.rules_folder
    own: tuple[str, ...] = ()
    try:
        config = load_config(find_config(options.config))
    except UserError:
        if options.config is not None or folder is None:
            raise
    else:
        folder = folder or config.rules_folder
        own = tuple(
            one for account in config.accounts for one in (account.policy.address, *account.policy.aliases)
        )
    if folder is None:
        remedy = "set rules_dir in the configuration, or give --rules FOLDER"
        raise UserError(Problem("there is no folder of your own for rules", remedy=remedy))
    return folder, own


def _mark(text: str) -> Mark:
    try:
        return parse_mark(text)
    except ValueError as error:
        raise UserError(Problem(str(error), key="--mark")) from None


def _check_sender(reading: Reading, file: Path) -> None:
    """Rules say what words mean, never whom to trust."""
    mail = reading.recognition.inner
    if not mail.sender and not mail.text and not mail.html_text:
        raise UserError(
            Problem("is no mail that could be read", str(file), remedy="give one mail as an .eml file")
        )
    if reading.kind is Kind.OTHER and reading.recognition.looks_like:
        click.echo(
            f"inbox-bot: this mail is taken for {reading.recognition.looks_like}: {reading.recognition.because}",
            err=True,
        )


def _show(reading: Reading) -> None:
    mail = reading.recognition.inner
    click.secho(f"Subject: {plain_line(mail.subject)}", bold=True)
    for number, line in _lines(mail):
        click.echo(f"{number:4}  {plain_line(line)}")
    click.echo()
    for line in _read_lines(reading):
        click.echo(line)
    click.echo()


def _lines(mail: Mail) -> Iterator[tuple[int, str]]:
    lines = [line for line in shown_text(mail).split("\n") if line.strip()]
    return ((number, line) for number, line in enumerate(lines[:_MOST_LINES], 1))


def _read_lines(reading: Reading) -> Iterator[str]:
    yield "Read from it:"
    for name, value in fields_of(reading).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield f"  {name:12} {shown if shown not in (None, '') else '(not read)'}"


def _ask_all(reading: Reading) -> Iterator[Mark]:
    """Question by question; what was read well needs no mark."""
    mail, notice = reading.recognition.inner, reading.notice
    click.echo(
        "For each field: Enter leaves it as it is. Words are a line's number, or the words themselves."
    )
    if notice is None or reading.recognition.by_sender_only:
        yield from _ask_meaning("kind", mail)
    kind = notice.kind if notice else Kind.CLAIM
    for field in LABELLED:
        yield from _ask_value(field, mail)
    if kind is not Kind.DECISION and (notice is None or notice.reason is Reason.UNKNOWN):
        yield from _ask_meaning("reason", mail)
    if kind is Kind.DECISION or notice is None:
        yield from _ask_meaning("outcome", mail)
    else:
        yield from _ask_meaning("ask", mail, again=True)
        if notice.stated_days is None and notice.stated_on is None:
            yield from _ask_meaning("deadline", mail)


def _ask_meaning(field: str, mail: Mail, *, again: bool = False) -> Iterator[Mark]:
    while True:
        choices = ", ".join(MEANINGS[field])
        means = click.prompt(f"{_QUESTIONS[field]} ({choices})", default="", show_default=False).strip()
        if not means:
            return
        if means not in MEANINGS[field]:
            click.echo(f"  {means!r} is none of these")
            continue
        if field == "deadline":
            click.echo(f"  {means}: {_MARKS_HELP[means]}")
        mark = _ask_words(field, means, mail)
        if mark is not None:
            yield mark
        if not again:
            return


def _ask_value(field: str, mail: Mail) -> Iterator[Mark]:
    mark = _ask_words(field, "", mail, f"{field.replace('_', ' ')}: the value as it stands there")
    if mark is not None:
        yield mark


def _ask_words(field: str, means: str, mail: Mail, question: str = "  Words that say so") -> Mark | None:
    while words := click.prompt(question, default="", show_default=False).strip():
        if words.isdigit() and len(words) < 4:
            words = dict(_lines(mail)).get(int(words), words)
        mark = Mark(field, means, words)
        try:
            lessons_of([mark], mail.subject, shown_text(mail), ())
        except ValueError as error:
            click.echo(f"  {error}")
            continue
        return mark
    return None


def _say_nothing_marked(reading: Reading, options: TeachOptions) -> None:
    if options.as_json:
        click.echo(json.dumps({"read": fields_of(reading), "written": None}, ensure_ascii=False))
        return
    _show(reading)
    click.echo("Nothing is marked. Say what its words mean, for example: --mark 'reason.not_received=WORDS'")


def _tell(taught: Taught) -> None:
    click.secho(f"To be added to {taught.rules_path}:", bold=True)
    click.echo(taught.added.strip())
    click.echo()
    before, after = fields_of(taught.before), fields_of(taught.after)
    for name, value in after.items():
        if before.get(name) != value:
            click.echo(f"  {name}: {before.get(name)!r} becomes {value!r}")
    for one in taught.not_learnt:
        click.secho(f"not learnt: {one.mark} ({one.mark.words!r}): {one.remedy}", fg="red")
    for change in taught.kinds_changed:
        click.secho(
            f"too general: {change.mail} would become {change.after} instead of {change.before}: mark more words",
            fg="red",
        )
    for change in taught.changes:
        if change.field != "kind":
            click.echo(f"also changes {change.mail}: {change.field} from {change.before} to {change.after}")
    for leak in taught.leaks:
        click.secho(f"the sample would not do: {leak}; name what is private with --hide", fg="red")
    if taught.sample.replaced and taught.may_be_written:
        click.echo("In the sample these are replaced:")
        for original, invented in taught.sample.replaced:
            click.echo(f"  {plain_line(original)} -> {invented}")


def _as_json(taught: Taught, written: tuple[Path, Path] | None) -> str:
    return json.dumps(
        {
            "read": fields_of(taught.before),
            "would_read": fields_of(taught.after),
            "added": taught.added,
            "not_learnt": [
                {"field": str(one.mark), "words": one.mark.words, "remedy": one.remedy}
                for one in taught.not_learnt
            ],
            "changes": [
                {"mail": one.mail, "field": one.field, "before": one.before, "after": one.after}
                for one in taught.changes
            ],
            "sample_problems": list(taught.leaks),
            "written": [str(path) for path in written] if written else None,
        },
        ensure_ascii=False,
    )
