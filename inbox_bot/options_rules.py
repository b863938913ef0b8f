"""The options of `rules` and its parts."""

from __future__ import annotations

import argparse

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
