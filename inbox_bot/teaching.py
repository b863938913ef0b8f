"""Teaching the rules a new wording: what the marks of one mail change in it, and in every other mail there is.

What a mark becomes is decided in `core/teaching.py`, how a mail is made into a sample in `mail/sample.py`. Here the two
are tried against the mail itself and against the samples, and written down only together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.extract import extract
from inbox_bot.core.folded import fold
from inbox_bot.core.model import Kind, Mail, Notice
from inbox_bot.core.notice_rules import load_notice_rules
from inbox_bot.core.notice_tables import NoticeRules
from inbox_bot.core.recognise import Recognition, recognise
from inbox_bot.core.teaching import Lesson, Mark, as_toml, common_words, lessons_of, likely_names
from inbox_bot.core.text import plain_line
from inbox_bot.core.tomlfile import TomlFile, parse_toml
from inbox_bot.mail.sample import Sample, sample_of
from inbox_bot.resources import bundled, rule_files
from inbox_bot.whole_file import write_whole

ReadMail = Callable[[bytes], Mail]

SAMPLES = "samples"
"""The folder below that of the seller's rules in which the samples of taught mails lie."""

_SAME_IN_THE_SAMPLE = (
    "kind", "language", "reason", "amount", "currency", "asks", "outcome", "stated_days", "stated_on",
)  # fmt: skip
_INVENTED = "Sample"  # what a name becomes; who is called so cannot be told from it
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the program reads in a mail under one set of rules."""

    recognition: Recognition
    notice: Notice | None

    @property
    def kind(self) -> Kind:
        """What the mail was taken for."""
        return self.recognition.kind


_REMEDIES = {
    "kind": "mark other words, or more of them",
    "ask": "it counts only in a sentence that asks: mark the words that ask as wording.asking too",
    "deadline": "numbers of days are read in the languages of the rules; a date is read with its label, respond_by",
    "order_id": "order numbers have the form 305-1234567-1234567",
    "reason": "it counts where somebody says so: mark who says it as wording.alleging, or more words",
    "respond_by": "write the date as it stands there; months in words are read in the languages that the rules have",
}


@dataclass(frozen=True, slots=True)
class Unlearnt:
    """A mark that the new rules do not fulfil, and what may help."""

    mark: Mark
    remedy: str


@dataclass(frozen=True, slots=True)
class Change:
    """A field of another mail that the new rules read otherwise."""

    mail: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Taught:
    """The lessons of one mail, tried out and not yet written."""

    before: Reading
    after: Reading
    lessons: tuple[Lesson, ...]
    rules_path: Path
    added: str
    rules_text: str
    not_learnt: tuple[Unlearnt, ...]
    changes: tuple[Change, ...]
    sample: Sample
    expected: str
    leaks: tuple[str, ...]

    @property
    def kinds_changed(self) -> tuple[Change, ...]:
        """The changes that make a mail another kind of mail: with one of these nothing is written."""
        return tuple(change for change in self.changes if change.field == "kind")

    @property
    def may_be_written(self) -> bool:
        """Whether everything was learnt and no other mail became another."""
        return not self.not_learnt and not self.kinds_changed and not self.leaks


@dataclass(frozen=True, slots=True)
class Classroom:
    """Where teaching happens: the seller's rules folder, how mails are read, and the seller's own addresses."""

    rules_folder: Path
    read_mail: ReadMail
    own_addresses: tuple[str, ...] = ()
    bundled_samples: Path = field(default_factory=lambda: bundled("fixtures"))

    def rules(self) -> NoticeRules:
        """The rules as they are."""
        return load_notice_rules(rule_files("notices*.toml", self.rules_folder))

    def read(self, mail: Mail, rules: NoticeRules) -> Reading:
        """One mail under the rules; nothing of it is trusted."""
        recognition = recognise(mail, rules)
        if recognition.kind is Kind.OTHER:
            return Reading(recognition, None)
        notice = extract(
            recognition,
            mail,
            rules,
            own_addresses=self.own_addresses,
            received_at=mail.received_at or mail.date_at or _LONG_AGO,
            trusted=False,
            trust_reason="a mail that is taught from",
        )
        return Reading(recognition, notice)


def teach(
    room: Classroom,
    raw: bytes,
    marks: Sequence[Mark],
    *,
    name: str,
    language: str,
    hide: Collection[str],
    seed: int,
) -> Taught:
    """The lessons of the marks in a mail, tried on it and on every sample; raises UserError with what is wrong.

    `language` is that of the mail where the rules do not know it ("" otherwise), `hide` what else is private in it,
    `seed` a secret from which the sample's invented numbers come.
    """
    old = room.rules()
    mail = room.read_mail(raw)
    before = room.read(mail, old)
    inner = before.recognition.inner
    text = shown_text(inner)
    private = _private(before, hide)
    spoken = language or before.recognition.language or ""
    try:
        lessons = lessons_of(marks, inner.subject, text, private, spoken)
    except ValueError as error:
        raise UserError(Problem(str(error), name)) from None
    path = room.rules_folder / (f"notices.taught.{spoken}.toml" if spoken else "notices.taught.toml")
    words = () if not language or language in old.languages else _words_of(language, text, private, old)
    added = as_toml((*lessons, *words), f"Taught from a mail of {_day(inner)}.")
    rules_text = _rules_text(path, spoken) + added
    new = _rules_with(room, path, rules_text)
    after = room.read(mail, new)
    private = tuple(dict.fromkeys((*private, *_private(after, hide))))  # an address may have been learnt
    own = (*room.own_addresses, *(one.email for one in inner.to))

    def sample_without(secrets: Collection[str]) -> _Shown:
        sample = sample_of(raw, _word_by_word(secrets), own, old.amazon_domains, seed)
        mail = room.read_mail(sample.raw_bytes)
        reading = room.read(mail, new)
        return _Shown(sample, reading, (*_leaks(sample, mail, private), *_differences(after, reading)))

    shown = _hiding_what_can_be(sample_without, private, likely_names(text, spoken))
    return Taught(
        before=before,
        after=after,
        lessons=lessons,
        rules_path=path,
        added=added,
        rules_text=rules_text,
        not_learnt=tuple(
            Unlearnt(mark, _REMEDIES.get(mark.field, _REMEDIES["kind"]))
            for mark in marks
            if not _is_learnt(mark, after)
        ),
        changes=tuple(_changes(room, old, new)),
        sample=shown.sample,
        expected=json.dumps(fields_of(shown.reading), ensure_ascii=False, indent=1) + "\n",
        leaks=shown.faults,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """A sample, how it is read, and why it would not do."""

    sample: Sample
    reading: Reading
    faults: tuple[str, ...]


def _hiding_what_can_be(
    sample_without: Callable[[Collection[str]], _Shown], private: tuple[str, ...], guessed: Sequence[str]
) -> _Shown:
    """The sample without what is private and, as far as it is then still read as the mail is, without the guesses.

    A guess may be a label or the words that the rules live by ("Order Number"): such a one stays.
    """
    best = sample_without((*private, *guessed))
    if not best.faults:
        return best
    best, hidden = sample_without(private), private
    for one in guessed:
        shown = sample_without((*hidden, one))
        if len(shown.faults) <= len(best.faults):
            best, hidden = shown, (*hidden, one)
    return best


def write(taught: Taught) -> tuple[Path, Path]:
    """Write the rules and the sample; returns their paths. The file of rules is put in place whole or not at all."""
    folder = taught.rules_path.parent / SAMPLES
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.eml"))) + 1
    while (path := folder / f"taught-{number:03}.eml").exists():
        number += 1
    _put(path, taught.sample.raw_bytes)
    _put(path.with_suffix(".expected.json"), taught.expected.encode())
    _put(taught.rules_path, taught.rules_text.encode())
    return taught.rules_path, path


def fields_of(reading: Reading) -> dict[str, Any]:
    """What was read, as a sample's `.expected.json` has it."""
    notice = reading.notice
    if notice is None:
        return {"kind": reading.kind.value}
    place = notice.destination
    return {
        "kind": notice.kind.value,
        "language": notice.language,
        "order_id": notice.order_id,
        "reason": notice.reason.value,
        "amount": None if notice.amount is None else str(notice.amount.amount),
        "currency": None if notice.amount is None else notice.amount.currency,
        "items": list(notice.items),
        "postal_code": place.postal_code,
        "city": place.city,
        "asks": sorted(one.value for one in notice.asks),
        "outcome": notice.outcome.value if notice.outcome else None,
        "stated_days": notice.stated_days,
        "stated_on": notice.stated_on.isoformat() if notice.stated_on else None,
    }


def shown_text(mail: Mail) -> str:
    """The mail's text as a person is shown it and marks it."""
    return mail.text if mail.text.strip() else mail.html_text


def _private(reading: Reading, hide: Collection[str]) -> tuple[str, ...]:
    """What belongs to the people and things of this mail alone."""
    inner = reading.recognition.inner
    names = [one.name for one in (*inner.to, *inner.reply_to) if one.name]
    notice = reading.notice
    if notice is not None:
        place = notice.destination
        names += [*place.lines, place.city, place.postal_code]
        # A country's or a state's code is nobody's name, and stands in many words of a mail.
    return tuple(
        dict.fromkeys(
            one.strip() for one in (*hide, *names) if len(one.strip()) > 2 or not one.strip().isascii()
        )
    )


def _word_by_word(private: Collection[str]) -> tuple[str, ...]:
    """With each word of a name apart, for who is named in full once is called by one name later."""
    words = [
        word
        for one in private
        if not any(map(str.isdigit, one))
        for word in one.split()
        if len(word) > 2 and word[:1].isupper() and word.casefold() != "amazon"
    ]
    return (*private, *words)


def _words_of(language: str, text: str, private: Collection[str], rules: NoticeRules) -> tuple[Lesson, ...]:
    known = {phrase.words.casefold() for one in rules.of("wording", "language") for phrase in one.phrases}
    words = common_words(text, private, known)
    return (Lesson("wording", "language", "", words),) if words else ()


def _day(mail: Mail) -> str:
    return mail.date_at.date().isoformat() if mail.date_at else "an unknown day"


def _rules_text(path: Path, language: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        head = "# Wordings that were taught with `inbox-bot teach`; yours to edit. The syntax: see notices.toml.\n"
        return head + (f'language = "{language}"\n' if language else "")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(Problem(f"cannot be read: {error}", str(path))) from None


def _rules_with(room: Classroom, path: Path, text: str) -> NoticeRules:
    files: list[TomlFile] = [
        one for one in rule_files("notices*.toml", room.rules_folder) if one.file != str(path)
    ]
    return load_notice_rules((*files, parse_toml(text, str(path))))


def _is_learnt(mark: Mark, reading: Reading) -> bool:
    notice = reading.notice
    if notice is None:
        return False
    words = fold(plain_line(mark.words)).text
    values = {
        "wording": True,
        "kind": notice.kind.value == mark.means,
        "reason": notice.reason.value == mark.means,
        "ask": mark.means in [one.value for one in notice.asks],
        "outcome": notice.outcome is not None and notice.outcome.value == mark.means,
        "deadline": mark.means == "other_period" or bool(notice.stated_days or notice.stated_on),
        "respond_by": notice.stated_on is not None,
        "order_id": notice.order_id is not None and notice.order_id in mark.words,
        "amount": notice.amount is not None,
        "items": any(fold(one).text in words or words in fold(one).text for one in notice.items),
        "destination": any(fold(line).text in words for line in notice.destination.lines),
    }
    return values[mark.field]


def _changes(room: Classroom, old: NoticeRules, new: NoticeRules) -> Iterator[Change]:
    """Every field of every sample that is read otherwise under the new rules."""
    for path in _samples(room):
        mail = room.read_mail(path.read_bytes())
        before, after = fields_of(room.read(mail, old)), fields_of(room.read(mail, new))
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                yield Change(str(path), name, str(before.get(name)), str(after.get(name)))


def _samples(room: Classroom) -> Iterator[Path]:
    for folder in (room.bundled_samples, room.rules_folder / SAMPLES):
        for path in sorted(folder.rglob("*.eml")) if folder.is_dir() else ():
            if not path.name.endswith(".reply.eml"):
                yield path


def _leaks(sample: Sample, shown: Mail, private: Collection[str]) -> Iterator[str]:
    """What of the mail still stands in its sample, read or raw."""
    headers = "\n".join(f"{name}: {value}" for name, value in shown.headers)
    standing = plain_line(f"{headers} {shown.text} {shown.html_text}").casefold()
    raw = sample.raw_bytes.decode("utf-8", "replace").casefold()
    for secret in dict.fromkeys((*_word_by_word(private), *(original for original, _ in sample.replaced))):
        if secret != _INVENTED and (_stands(plain_line(secret), standing) or _stands(secret, raw)):
            yield f"{secret!r} still stands in the sample"


def _stands(secret: str, text: str) -> bool:
    """Whether a name stands in the text as words of their own; Chinese and Japanese have no blanks between words."""
    words = re.escape(secret.casefold())
    return re.search(rf"(?<![^\W_]){words}(?![^\W_])" if secret.isascii() else words, text) is not None


def _differences(meant: Reading, shown: Reading) -> Iterator[str]:
    """Where the sample is not read as the mail is, the invented values apart."""
    said, wanted = fields_of(shown), fields_of(meant)
    for name in _SAME_IN_THE_SAMPLE:
        if said.get(name) != wanted.get(name):
            yield f"the sample's {name} is read as {said.get(name)!r}, the mail's as {wanted.get(name)!r}"


def _put(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise UserError(Problem(f"cannot be written: {error.strerror}", str(path))) from None
