"""Options that many commands share; as sparing with imports as `options.py`."""

from __future__ import annotations

import argparse
from pathlib import Path

TYPE_CHECKING = False  # the real one costs an import
if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(commands: Commands, name: str, perform: str, about: str) -> argparse.ArgumentParser:
    """Add a command; `perform` names its function in `cli.py`."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    made.set_defaults(perform=perform)
    return made


def existing(text: str) -> Path:
    """The path of a thing that exists."""
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{text} does not exist")
    return path


def config_option(command: argparse.ArgumentParser) -> None:
    """Which configuration."""
    about = "the configuration file (default: ./config.toml, then the user's config folder)"
    command.add_argument("--config", type=Path, metavar="FILE", help=about)


def account_option(command: argparse.ArgumentParser) -> None:
    """Which account."""
    command.add_argument("--account", metavar="NAME", help="only this account of the configuration")


def json_option(command: argparse.ArgumentParser) -> None:
    """JSON instead of words."""
    command.add_argument("--json", action="store_true", help="print JSON, one object a line")


def orders_option(command: argparse.ArgumentParser) -> None:
    """Amazon's reports to import first."""
    about = "import these Amazon reports first"
    command.add_argument(
        "--orders", nargs="+", action="extend", default=[], type=existing, metavar="FILE", help=about
    )
