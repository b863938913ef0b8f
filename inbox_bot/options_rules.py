"""The options of `rules` and its parts."""

from __future__ import annotations

import argparse
from pathlib import Path

from inbox_bot.options_parts import (
    account_option,
    add_command,
    config_option,
    existing,
    json_option,
    orders_option,
)

TYPE_CHECKING = False  # the real one costs an import
if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_rules(commands: Commands) -> None:
    """Add `rules` with its parts."""
    about = "the rules by which notices are read and cases decided"
    rules = commands.add_parser("rules", help=about, description=about)
    parts = rules.add_subparsers(title="commands", metavar="COMMAND", required=True)
    config_option(
        add_command(
            parts, "check", "check_rules", "check all rules and templates, the bundled ones and your own"
        )
    )
    explain = add_command(
        parts, "explain", "explain_mail", "say how a mail is read and decided, line by line"
    )
    explain.add_argument("file", type=existing, metavar="FILE.eml")
    config_option(explain)
    orders_option(explain)
    json_option(explain)
    about = "say whether the rules decide what tables of facts and verdicts say that they must"
    test = add_command(parts, "test", "test_rules", about)
    about = "tables of tests (default: the bundled ones and tests*.toml of your rules folder)"
    test.add_argument("files", nargs="*", type=existing, metavar="FILE", help=about)
    config_option(test)
    json_option(test)
    _add_rules_diff(parts)
    _add_rules_shadow(parts)


def add_teach(commands: Commands) -> None:
    """Add `teach`."""
    about = "mark what a mail says that the rules did not read, and have the rule and a sample written"
    teach = add_command(commands, "teach", "teach", about)
    teach.add_argument("file", type=existing, metavar="FILE.eml")
    about = (
        "words of the mail and what they mean, such as order_id=305-1234567-1234567 or reason.duplicate=WORDS"
    )
    teach.add_argument("--mark", action="append", default=[], metavar="FIELD[.MEANING]=WORDS", help=about)
    about = "the mail's language by its code, where the rules do not know it yet"
    teach.add_argument("--language", default="", metavar="CODE", help=about)
    about = "words that are private and must not stand in the sample (a name in the greeting)"
    teach.add_argument("--hide", action="append", default=[], metavar="WORDS", help=about)
    about = "the folder of your own rules (default: rules_dir of the configuration)"
    teach.add_argument("--rules", type=Path, metavar="FOLDER", help=about)
    teach.add_argument("--yes", action="store_true", help="write without asking")
    config_option(teach)
    json_option(teach)


def _add_rules_shadow(parts: Commands) -> None:
    about = "say per reason what the rules would have sent in shadow mode, and what you did with it"
    shadow = add_command(parts, "shadow", "shadow_rules", about)
    config_option(shadow)
    account_option(shadow)
    json_option(shadow)


def _add_rules_diff(parts: Commands) -> None:
    about = "say which verdicts a change of rules would flip in the cases you have, and the money behind them"
    diff = add_command(parts, "diff", "diff_rules", about)
    about = "a folder of rules or one file of them, laid over the bundled ones; or the word bundled"
    diff.add_argument("old", metavar="OLD", help=about)
    diff.add_argument("new", metavar="NEW", help=about)
    about = "judge the cases of these mails instead of the store's"
    diff.add_argument(
        "--mails", nargs="+", action="extend", default=[], type=existing, metavar="PATH", help=about
    )
    orders_option(diff)
    config_option(diff)
    account_option(diff)
    json_option(diff)
