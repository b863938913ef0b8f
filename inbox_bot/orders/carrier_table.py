"""The table of carriers out of `rules/carriers*.toml`, checked: only loading is done here.

Whose a tracking id is, is found out in `carriers.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.text import one_line
from inbox_bot.core.tomlfile import Path, TomlFile

CHECKS = ("mod7", "gs1")
LONGEST_NAME = 60
_KEYS = ("name", "called", "shapes", "possible", "check", "s10", "post", "complete", "link", "track17")
_SHAPE_PART = re.compile(r"(\\[A-Z0-9]|[A-Z0-9])(?:\{([0-9]{1,2})(?:,([0-9]{1,2}))?\})?")
_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]"}
_LINK = re.compile(r"https://[A-Za-z0-9.-]+/[!-~]*\{id\}[!-~]*")


@dataclass(frozen=True, slots=True)
class Shape:
    """What ids look like, and the check digit they carry ("", "mod7" or "gs1")."""

    pattern: re.Pattern[str]
    check: str = ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One entry of the table; see the head of `rules/carriers.toml` for what each part means."""

    name: str
    called: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    possible: tuple[Shape, ...] = ()
    s10: tuple[str, ...] = ()
    post: bool = False
    complete: bool = False
    link: str = ""
    track17: int = 0


def read_carriers(files: Sequence[TomlFile]) -> tuple[dict[str, Carrier], dict[str, str]]:
    """The carriers by name and the posts by country, a later file's in place of an earlier one's of the same name.

    Raises UserError with every problem of every file.
    """
    table: dict[str, Carrier] = {}
    posts: dict[str, str] = {}
    problems: list[Problem] = []
    for file in files:
        problems.extend(
            file.problem(
                (name, 0) if isinstance(value, list) else (name,),
                f"unknown section {name!r}",
                "known are: [[carrier]], [s10]",
            )
            for name, value in file.data.items()
            if name not in ("carrier", "s10")
        )
        table.update((carrier.name, carrier) for carrier in _read_carriers(file, problems))
        posts.update(_read_posts(file, problems))
    if problems:
        raise UserError(problems)
    posts.update((country, carrier.name) for carrier in table.values() for country in carrier.s10)
    return table, posts


def name_words(name: str) -> tuple[str, ...]:
    """A name as it is compared: words without case and punctuation; Chinese and Japanese as single characters."""
    folded = unicodedata.normalize("NFKC", one_line(name)[: 2 * LONGEST_NAME]).casefold()
    folded = re.sub(r"(?<=\w)[.'’](?=\w|\s|$)", "", folded)
    spaced = re.sub(r"([⺀-鿿豈-﫿ぁ-ヿ가-힯])", r" \1 ", folded)
    return tuple(re.findall(r"[^\W_]+", spaced))


def _read_carriers(file: TomlFile, problems: list[Problem]) -> Iterator[Carrier]:
    entries = file.data.get("carrier", [])
    if not isinstance(entries, list):
        problems.append(file.problem(("carrier",), "a list of carriers is expected", "write [[carrier]]"))
        return
    for number, entry in enumerate(entries):
        path: Path = ("carrier", number)
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name_words(name):
            problems.append(file.problem(path, "a carrier needs a name", 'write name = "UPS"'))
            continue
        yield _Entry(file, path, entry, problems).carrier(name)


def _read_posts(file: TomlFile, problems: list[Problem]) -> dict[str, str]:
    found = file.data.get("s10", {})
    if not isinstance(found, dict):
        problems.append(file.problem(("s10",), "a table is expected", "write [s10]"))
        return {}
    for country, post in found.items():
        if not re.fullmatch("[A-Z]{2}", country) or not isinstance(post, str) or not name_words(post):
            what = "two capital letters and the name of the country's post are expected"
            problems.append(file.problem(("s10", country), what, 'write FI = "Posti"'))
    return {country: post for country, post in found.items() if isinstance(post, str)}


class _Entry:
    """One [[carrier]] as it stands in a file, read part by part; what is wrong is added to the problems."""

    def __init__(self, file: TomlFile, path: Path, entry: dict[str, Any], problems: list[Problem]) -> None:
        self._file, self._path, self._entry, self._problems = file, path, entry, problems

    def carrier(self, name: str) -> Carrier:
        """The entry as a carrier, without the parts that are wrong."""
        for key in self._entry:
            if key not in _KEYS:
                self._refuse(key, f"unknown key {key!r}", f"known are: {', '.join(_KEYS)}")
        checks = self._checks()
        return Carrier(
            name=one_line(name),
            called=self._texts("called"),
            shapes=self._shapes("shapes", checks),
            possible=self._shapes("possible", checks),
            s10=tuple(text for text in self._texts("s10") if self._is_country(text)),
            post=self._flag("post"),
            complete=self._flag("complete"),
            link=self._link(),
            track17=self._number("track17"),
        )

    def _refuse(self, key: str, what: str, remedy: str, needle: str | None = None) -> None:
        self._problems.append(self._file.problem((*self._path, key), what, remedy, needle=needle))

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._entry.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
            return tuple(value)
        self._refuse(key, "a list of texts is expected", 'write it as ["one", "another"]')
        return ()

    def _flag(self, key: str) -> bool:
        value = self._entry.get(key, False)
        if not isinstance(value, bool):
            self._refuse(key, "true or false is expected", f"write {key} = true")
        return value is True

    def _number(self, key: str) -> int:
        value = self._entry.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self._refuse(key, "a number is expected", f"write {key} = 100002, or leave it out")
            return 0
        return value

    def _link(self) -> str:
        value = self._entry.get("link", "")
        if value == "" or (isinstance(value, str) and _LINK.fullmatch(value)):
            return str(value)
        self._refuse(
            "link", f"{value!r} is no https address with {{id}} in it", "write https://... with {id}"
        )
        return ""

    def _is_country(self, text: str) -> bool:
        is_code = re.fullmatch("[A-Z]{2}", text) is not None
        if not is_code:
            self._refuse("s10", f"{text!r} is no country code", 'write two capital letters, like "FR"')
        return is_code

    def _checks(self) -> dict[str, str]:
        found = self._entry.get("check", {})
        if not isinstance(found, dict):
            self._refuse("check", "a table of shape and kind is expected", "write { '9{12}' = \"mod7\" }")
            return {}
        for shape, kind in found.items():
            if kind not in CHECKS:
                self._refuse(
                    "check", f"unknown check digit {kind!r}", f"known are: {', '.join(CHECKS)}", shape
                )
            elif shape not in (*self._texts("shapes"), *self._texts("possible")):
                self._refuse(
                    "check", f"{shape!r} is none of the shapes", "write it as it stands there", shape
                )
        return {shape: kind for shape, kind in found.items() if kind in CHECKS}

    def _shapes(self, key: str, checks: Mapping[str, str]) -> tuple[Shape, ...]:
        return tuple(
            Shape(pattern, checks.get(text, ""))
            for text in self._texts(key)
            if (pattern := self._pattern(key, text))
        )

    def _pattern(self, key: str, shape: str) -> re.Pattern[str] | None:
        parts = list(_SHAPE_PART.finditer(shape))
        sizes = [int(part[3] or part[2] or 1) for part in parts]
        if "".join(part[0] for part in parts) == shape and 8 <= sum(sizes) <= 40:
            return re.compile("".join(_part_pattern(part) for part in parts))
        remedy = "8 to 40 characters: 9 a digit, A a letter, X either, \\ before a literal one, {3} for three times"
        self._refuse(key, f"{shape!r} is no shape of a tracking id", remedy, shape)
        return None


def _part_pattern(part: re.Match[str]) -> str:
    char = part[1]
    literal = char[1] if char.startswith("\\") else ""
    times = f"{{{part[2]},{part[3] or part[2]}}}" if part[2] else ""
    return (literal or _CLASSES.get(char, char)) + times
