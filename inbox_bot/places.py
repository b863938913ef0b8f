"""Where the configuration and the store are; light, because every command begins here."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "config.toml"
STORE_NAME = "inbox-bot.sqlite3"


def find_config(given: Path | None) -> Path:
    """The file named on the command line, else ./config.toml, else the one in the user's config folder.

    Raises UserError when there is none.
    """
    if given is not None:
        return given if given.is_file() else _no_config(f"there is no file {given}")
    here = Path(FILE_NAME)
    if here.is_file():
        return here
    of_user = user_folder("config") / FILE_NAME
    looked = f"no configuration was found (looked for ./{FILE_NAME} and {of_user})"
    return of_user if of_user.is_file() else _no_config(looked)


def _no_config(what: str) -> Path:
    from inbox_bot.core.errors import Problem, UserError

    raise UserError(Problem(what, remedy="run `inbox-bot init` to write one, or name one with --config"))


def store_path(file: Path) -> Path:
    """Where the store of a configuration is, without checking the rest of the file."""
    import tomllib

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        from inbox_bot.core.errors import Problem, UserError

        raise UserError(Problem(f"cannot be read: {error}", str(file))) from None
    named = data.get("data_dir", "")
    return data_folder(file, named if isinstance(named, str) else "") / STORE_NAME


def data_folder(file: Path, named: str) -> Path:
    """The data folder: as named in the configuration, else the user's."""
    return beside(file, named) if named else user_folder("data")


def beside(file: Path, named: str) -> Path:
    """A path as the user meant it: relative to the configuration file, with ~ for the home folder."""
    return (file.resolve().parent / Path(named).expanduser()).resolve()


def user_folder(kind: str) -> Path:
    """The user's folder for "config" or "data"."""
    import platformdirs

    find = platformdirs.user_config_path if kind == "config" else platformdirs.user_data_path
    return find("inbox-bot", appauthor=False)
