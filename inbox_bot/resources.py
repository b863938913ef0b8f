"""Where the bundled files are: inside the package when installed, at the repository's top in a checkout.

An editable install runs from the checkout; a wheel carries `templates`, `rules` and `fixtures` inside the package.
The user's own rules and templates lie in folders of the configuration and are read after the bundled ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.tomlfile import TomlFile, parse_toml

_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """The bundled file or folder of that name; raises FileNotFoundError when the installation is broken."""
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.exists():
            return place
    raise FileNotFoundError(f"inbox_bot's own {name} is missing: install it again")


def read_toml(path: Path, shown_as: str | None = None) -> TomlFile:
    """A TOML file with its lines; raises UserError when it cannot be read or is no TOML."""
    shown = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", shown)) from None
    except UnicodeDecodeError:
        raise UserError(Problem("is not UTF-8 text", shown, remedy="save the file as UTF-8")) from None
    return parse_toml(text, shown)


def rule_files(pattern: str, own_folder: Path | None = None) -> tuple[TomlFile, ...]:
    """The bundled rule files that match the pattern ("decisions*.toml"), then the user's own; all problems at once."""
    bundled_paths = [(path, f"rules/{path.name}") for path in sorted(bundled("rules").glob(pattern))]
    own_paths = [(path, str(path)) for path in sorted(own_folder.glob(pattern))] if own_folder else []
    files: list[TomlFile] = []
    problems: list[Problem] = []
    for path, shown in (*bundled_paths, *own_paths):
        try:
            files.append(read_toml(path, shown))
        except UserError as error:
            problems.extend(error.problems)
    if problems:
        raise UserError(problems)
    return tuple(files)


def template_sources(own_folder: Path | None = None) -> dict[str, str]:
    """Template sources by name, the user's own over the bundled ones; raises UserError for an unreadable file."""
    sources: dict[str, str] = {}
    for folder in (bundled("templates"), own_folder):
        if folder is None:
            continue
        for path in sorted(folder.rglob("*.j2")):
            try:
                sources[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(Problem(f"cannot be read: {error}", str(path))) from None
    return sources


def book_sources(own_folder: Path | None = None) -> tuple[str, dict[str, dict[str, Any]]]:
    """The exhibit book's template and its words by language, the user's own over the bundled ones.

    A word that a file of the user's leaves out is the bundled one. Raises UserError for an unreadable file.
    """
    template = ""
    words: dict[str, dict[str, Any]] = {}
    for folder in (bundled("templates"), own_folder):
        if folder is None:
            continue
        path = folder / "book.typ"
        if path.is_file():
            try:
                template = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(Problem(f"cannot be read: {error}", str(path))) from None
        for file in sorted(folder.glob("*/book.toml")):
            for key, value in read_toml(file).data.items():
                known = words.setdefault(file.parent.name, {})
                known[key] = {**known.get(key, {}), **value} if isinstance(value, dict) else value
    return template, words
