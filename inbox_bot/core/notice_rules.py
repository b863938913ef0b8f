"""The notice tables read from `rules/notices*.toml`: every mistake is found, with file, line, key and remedy.

The types stand in `core/notice_tables.py`, the syntax of phrases in `core/phrases.py`. Finding and reading the files
is the shell's work.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Ask, Kind, Outcome, Reason
from inbox_bot.core.notice_tables import (
    FIELDS,
    Entry,
    FoundPhrase,
    LookAlike,
    Marketplace,
    NoticeRules,
    Sender,
)
from inbox_bot.core.phrases import Phrase, WordList, compile_phrase
from inbox_bot.core.tomlfile import Path, TomlFile

__all__ = [
    "FIELDS",
    "Entry",
    "FoundPhrase",
    "LookAlike",
    "Marketplace",
    "NoticeRules",
    "Sender",
    "load_notice_rules",
]

_NOTICE_KINDS = frozenset({Kind.CLAIM.value, Kind.INFORMATION_REQUEST.value, Kind.DECISION.value})

_MEANINGS: Mapping[str, frozenset[str]] = {
    "mark": _NOTICE_KINDS | {"topic"},
    "label": FIELDS,
    "reason": frozenset(Reason),
    "reason_bare": frozenset(Reason),
    "reason_value": frozenset(Reason),
    "no_reason": frozenset({Reason.UNKNOWN.value}),
    "implied": frozenset(Reason),
    "ask": frozenset(Ask),
    "outcome": frozenset(Outcome),
    "outcome_of_decision": frozenset(Outcome),
    "deadline": frozenset({"answer", "other_period", "by"}),
    "wording": frozenset(
        {"conditional", "on_the_seller", "modal", "generic", "asking", "alleging", "sets_aside",
         "sets_aside_before", "turn", "form_only", "answer_received", "answer_refused", "after_address", "language"}
    ),
    "forward": frozenset(
        {"forward_prefix", "reply_prefix", "forward_line", "original_line", "reply_opening", "reply_closing",
         "field_from", "field_date", "field_to", "field_subject", "field_other"}
    ),
}  # fmt: skip
_ENTRY_KEYS = frozenset({"name", "means", "where", "phrases"})
_SENDER_KEYS = frozenset({"name", "addresses"})
_LOOK_ALIKE_KEYS = frozenset({"name", "firm", "addresses", "headers", "subject", "body", "anywhere"})
_MARKETPLACE_KEYS = frozenset({"name", "dollar", "yen", "krona", "phrases"})
_SECTIONS = frozenset({*_MEANINGS, "language", "words", "domains", "sender", "look_alike", "marketplace"})


def load_notice_rules(files: Sequence[TomlFile]) -> NoticeRules:
    """The rules out of the given files; an entry of a later file replaces the earlier one of its name.

    Raises UserError with every problem of every file.
    """
    reading = _Reading()
    for file in files:
        reading.add(file)
    if not reading.domains.get("amazon"):
        remedy = "give the bundled rules/notices.toml first"
        reading.problems.append(Problem("no Amazon domain is listed", key="domains.amazon", remedy=remedy))
    if not reading.senders:
        remedy = "write a [[sender]] with name and addresses, or give the bundled rules/notices.toml first"
        reading.problems.append(Problem("no chargeback sender is listed", key="sender", remedy=remedy))
    if reading.problems:
        raise UserError(reading.problems)
    return NoticeRules(
        amazon_domains=reading.domains["amazon"],
        free_mail_domains=frozenset(reading.domains.get("free_mail", ())),
        senders=tuple(reading.senders.values()),
        look_alikes=tuple(reading.look_alikes.values()),
        marketplaces=tuple(reading.marketplaces.values()),
        entries=tuple(reading.entries.values()),
    )


class _Reading:
    """The tables while the files are read, each by name."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.domains: dict[str, tuple[str, ...]] = {}
        self.senders: dict[str, Sender] = {}
        self.look_alikes: dict[str, LookAlike] = {}
        self.marketplaces: dict[str, Marketplace] = {}
        self.entries: dict[tuple[str, str, str], Entry] = {}
        self.words: dict[str, dict[str, WordList]] = {}  # by language and name
        self.language = ""

    def add(self, file: TomlFile) -> None:
        language = file.data.get("language", "")
        if not isinstance(language, str):
            self.problems.append(file.problem(("language",), "the language has to be a code such as 'en'"))
            language = ""
        self.language = language
        self._add_words(file, file.data.get("words", {}))
        for section, value in file.data.items():
            if section not in _SECTIONS:
                path: Path = (section, 0) if isinstance(value, list) else (section,)
                self._unknown(file, path, section, _SECTIONS)
            elif section == "domains":
                self._add_domains(file, value)
            elif section not in ("language", "words"):
                for table_path, table in self._tables(file, section, value):
                    self._add_table(file, section, table_path, table, language)

    def _add_domains(self, file: TomlFile, value: Any) -> None:
        if not isinstance(value, dict):
            self.problems.append(file.problem(("domains",), "a table is expected", "write [domains]"))
            return
        for name in value:
            if name not in ("amazon", "free_mail"):
                self._unknown(file, ("domains", name), name, {"amazon", "free_mail"})
            else:
                self.domains[name] = tuple(
                    text.lower().strip(".") for text in self._texts(file, ("domains",), value, name)
                )

    def _add_words(self, file: TomlFile, value: Any) -> None:
        """Word lists, which phrases of the same language name as `<list>`."""
        if not isinstance(value, dict):
            self.problems.append(
                file.problem(("words",), "a table of word lists is expected", "write [words]")
            )
            return
        for name in value:
            words = WordList(self._phrases(file, ("words",), value, name, needed=True))
            self.words.setdefault(self.language, {})[name] = words

    def _tables(self, file: TomlFile, section: str, value: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            what = "a list of tables is expected"
            self.problems.append(file.problem((section,), what, f"write [[{section}]]"))
            return
        for number, table in enumerate(value):
            name = table.get("name")
            if isinstance(name, str) and name.strip():
                yield (section, number), table
            else:
                what, remedy = "the entry has no name", 'add name = "..."; names tell entries apart'
                self.problems.append(file.problem((section, number), what, remedy))

    def _add_table(
        self, file: TomlFile, section: str, path: Path, table: dict[str, Any], language: str
    ) -> None:
        name = table["name"]
        if section == "sender":
            self._check_keys(file, path, table, _SENDER_KEYS)
            addresses = self._addresses(file, path, table, needed=True)
            self.senders[name] = Sender(name, addresses)
        elif section == "look_alike":
            self._check_keys(file, path, table, _LOOK_ALIKE_KEYS)
            self.look_alikes[name] = self._look_alike(file, path, table)
        elif section == "marketplace":
            self._check_keys(file, path, table, _MARKETPLACE_KEYS)
            codes = [self._currency(file, path, table, key) for key in ("dollar", "yen", "krona")]
            phrases = self._phrases(file, path, table, "phrases")
            self.marketplaces[name] = Marketplace(name.lower(), codes[0], codes[1], codes[2], phrases)
        else:
            self._check_keys(file, path, table, _ENTRY_KEYS)
            self.entries[section, language, name] = self._entry(file, section, path, table, language)

    def _look_alike(self, file: TomlFile, path: Path, table: dict[str, Any]) -> LookAlike:
        if len(table) < 2:
            remedy = "add addresses, headers, subject, body or anywhere"
            self.problems.append(file.problem(path, "nothing says how this mail is known", remedy))
        firm = table.get("firm", False)
        if not isinstance(firm, bool):
            self.problems.append(file.problem((*path, "firm"), f"{firm!r} is not true or false"))
        return LookAlike(
            name=table["name"],
            firm=firm is True,
            addresses=self._addresses(file, path, table),
            headers=tuple(text.lower() for text in self._texts(file, path, table, "headers")),
            subject=self._phrases(file, path, table, "subject"),
            body=self._phrases(file, path, table, "body"),
            anywhere=self._phrases(file, path, table, "anywhere"),
        )

    def _entry(self, file: TomlFile, section: str, path: Path, table: dict[str, Any], language: str) -> Entry:
        means, where = table.get("means"), table.get("where", "")
        if not isinstance(means, str) or means not in _MEANINGS[section]:
            if means is None:
                what = "the entry does not say what its phrases mean"
            else:
                what = f"{means!r} is no meaning of a {section}"
            remedy = "means is one of: " + ", ".join(sorted(_MEANINGS[section]))
            self.problems.append(file.problem((*path, "means"), what, remedy))
            means = ""
        if where not in ("", "subject", "body"):
            what, remedy = (
                f"where = {where!r} is not known",
                'it is "subject" or "body"; leave it out for both',
            )
            self.problems.append(file.problem((*path, "where"), what, remedy))
            where = ""
        phrases = self._phrases(file, path, table, "phrases", needed=True)
        return Entry(section, table["name"], language, means, where, phrases)

    def _addresses(
        self, file: TomlFile, path: Path, table: dict[str, Any], *, needed: bool = False
    ) -> tuple[str, ...]:
        addresses = self._texts(file, path, table, "addresses", needed=needed)
        for address in addresses:
            if address.count("@") != 1 or " " in address:
                what, remedy = (
                    f"{address!r} is no address pattern",
                    "write name@domain; * stands for anything",
                )
                self.problems.append(file.problem((*path, "addresses"), what, remedy, needle=address))
        return tuple(address.lower() for address in addresses)

    def _currency(self, file: TomlFile, path: Path, table: dict[str, Any], key: str) -> str:
        code = table.get(key, "")
        if isinstance(code, str) and (not code or (len(code) == 3 and code.isalpha() and code.isupper())):
            return code
        what, remedy = f"{code!r} is no currency", "write an ISO 4217 code such as USD"
        self.problems.append(file.problem((*path, key), what, remedy))
        return ""

    def _phrases(
        self, file: TomlFile, path: Path, table: dict[str, Any], key: str, *, needed: bool = False
    ) -> tuple[Phrase, ...]:
        phrases = []
        for text in self._texts(file, path, table, key, needed=needed):
            try:
                phrases.append(compile_phrase(text, self.words.setdefault(self.language, {})))
            except ValueError as error:
                what, remedy = f"phrase {text!r}: {error}", "see the syntax at the top of rules/notices.toml"
                self.problems.append(file.problem((*path, key), what, remedy, needle=text))
        return tuple(phrases)

    def _texts(
        self, file: TomlFile, path: Path, table: dict[str, Any], key: str, *, needed: bool = False
    ) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            what, remedy = "a list of texts is expected", 'write it as ["one", "another"]'
            self.problems.append(file.problem((*path, key), what, remedy))
            return ()
        if needed and not value:
            self.problems.append(file.problem(path, f"{key} is missing or empty", f'add {key} = ["..."]'))
        return tuple(value)

    def _check_keys(self, file: TomlFile, path: Path, table: dict[str, Any], known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                self._unknown(file, (*path, key), key, known)

    def _unknown(self, file: TomlFile, path: Path, key: str, known: Collection[str]) -> None:
        close = difflib.get_close_matches(key, known, 1)
        remedy = f"did you mean {close[0]!r}?" if close else "known are: " + ", ".join(sorted(known))
        self.problems.append(file.problem(path, f"{key!r} is not known here", remedy))
