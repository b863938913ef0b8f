"""The command line's names, options and help.

Built on argparse and kept free of everything else, because a list of cases has to appear at once: importing click or
dataclasses alone would take as long as the whole command. What a command does stands in `cli.py`, under the name that
the parser sets as `perform`.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from inbox_bot.options_parts import (
    account_option,
    add_command,
    config_option,
    existing,
    json_option,
    orders_option,
)
from inbox_bot.options_rules import add_rules, add_teach

TYPE_CHECKING = False  # the real one costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SHELLS = ("bash", "zsh", "tcsh")


def build_parser(wanted: str = "") -> argparse.ArgumentParser:
    """All commands with their options, or only the one that is wanted: the others would cost it 10 ms."""
    parser = argparse.ArgumentParser(
        prog="inbox-bot",
        description="Answers Amazon chargeback notices from your own mailbox, before the seven days are over.",
        epilog="Start with `inbox-bot demo` to see it work on this machine, then `inbox-bot init` to set it up. "
        "Exit codes: 0 fine, 1 something needs a person, 2 your input is wrong, 70 a bug.",
    )
    parser.add_argument("--version", action=_Version, help="print the version and end")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, add in _COMMANDS.items():
        if wanted not in _COMMANDS or name == wanted:
            add(commands)
    return parser


class _Version(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_ignored: object) -> None:
        from inbox_bot import __version__

        sys.stdout.write(f"inbox-bot {__version__}\n")
        parser.exit()


def _add_demo(commands: Commands) -> None:
    demo = add_command(
        commands, "demo", "demo", "see the main job on this machine: real servers, sample notices, replies"
    )
    demo.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path("inbox-bot-demo"),
        help="where the replies go (%(default)s)",
    )


def _add_replay(commands: Commands) -> None:
    about = "put mails from files (.eml, mbox, Maildir, folders) through everything, offline; nothing is sent"
    replay = add_command(commands, "replay", "replay", about)
    replay.add_argument("paths", nargs="+", type=existing, metavar="PATH", help="mails, or folders of mails")
    json_option(replay)
    replay.add_argument(
        "--now", metavar="ISO", help="handle every mail as of this instant, e.g. 2026-10-09T12:00Z"
    )
    replay.add_argument("--out", type=Path, metavar="DIR", help="write each composed reply there as CASE.eml")
    orders_option(replay)
    about = "files that prove something, by order: DIR/ORDER_ID/photo.jpg"
    replay.add_argument("--evidence", type=existing, metavar="DIR", help=about)
    about = "all: take every mail as genuine; sample mails carry no signature (%(default)s)"
    replay.add_argument("--trust", choices=["authenticated", "all"], default="authenticated", help=about)
    about = "whose Authentication-Results count, e.g. mx.google.com"
    replay.add_argument("--authserv-id", default="", metavar="ID", help=about)
    about = "your own mail address, may be given several times (default: found in the mails)"
    replay.add_argument("--address", action="append", default=[], metavar="ADDRESS", help=about)
    replay.add_argument("--rules", type=existing, metavar="DIR", help="a folder with rule files of your own")
    replay.add_argument(
        "--templates", type=existing, metavar="DIR", help="a folder with templates of your own"
    )


def _add_init(commands: Commands) -> None:
    about = "write a configuration: asks for your mail address, tests the login, finds the folders"
    config_option(add_command(commands, "init", "init", about))


def _add_login(commands: Commands) -> None:
    about = "log in at Google, Microsoft or a provider of your own, where passwords are not taken"
    login = add_command(commands, "login", "login", about)
    login.add_argument("account", nargs="?", metavar="ACCOUNT", help="which account of the configuration")
    login.add_argument("--no-browser", action="store_true", help="only print the address, open no browser")
    about = "where the browser comes back to on this machine (default: any free port)"
    login.add_argument("--port", type=_port, default=0, metavar="PORT", help=about)
    config_option(login)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"there is no port {text}")
    return int(text)


def _add_doctor(commands: Commands) -> None:
    doctor = add_command(
        commands, "doctor", "doctor", "check everything that can be checked, and say what to do"
    )
    config_option(doctor)
    json_option(doctor)


def _add_run(commands: Commands) -> None:
    run = add_command(commands, "run", "run", "watch the mailboxes until stopped (the daemon)")
    config_option(run)
    _verbose(run)


def _add_once(commands: Commands) -> None:
    once = add_command(commands, "once", "once", "make one pass over the mailboxes and end, for cron")
    config_option(once)
    account_option(once)
    json_option(once)
    _verbose(once)


def _verbose(command: argparse.ArgumentParser) -> None:
    command.add_argument("--verbose", action="store_true", help="log every step")


def _add_cases(commands: Commands) -> None:
    cases = add_command(commands, "cases", "cases", "list the open cases with their clock")
    cases.add_argument("--all", action="store_true", help="also the answered and closed ones")
    cases.add_argument(
        "--ics", metavar="FILE", type=Path, help="write the due dates as a calendar file instead"
    )
    config_option(cases)
    account_option(cases)
    json_option(cases)


def _add_report(commands: Commands) -> None:
    about = "what was disputed, refunded, kept and lost, by reason, rule, marketplace, carrier and SKU"
    report = add_command(commands, "report", "report", about)
    report.add_argument(
        "--from", dest="first_on", metavar="DAY", help="notices from this day on, e.g. 2026-01-01"
    )
    report.add_argument("--to", dest="last_on", metavar="DAY", help="notices up to this day, included")
    about = "how to print it; csv has one row a case (%(default)s)"
    report.add_argument(
        "--format", dest="form", choices=["text", "html", "csv", "json"], default="text", help=about
    )
    report.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    config_option(report)
    account_option(report)


def _add_audit(commands: Commands) -> None:
    about = "read the mailbox's past: which notices were answered, which were missed, and what it cost"
    audit = add_command(commands, "audit", "audit", about)
    audit.add_argument(
        "--since", default="12m", metavar="TIME", help="how far back: 12m, 90d or a day (%(default)s)"
    )
    config_option(audit)
    account_option(audit)
    json_option(audit)


def _add_show(commands: Commands) -> None:
    show = add_command(commands, "show", "show", "show one case: mail, evidence, decision, reply, history")
    _case(show)
    config_option(show)
    json_option(show)


def _case(command: argparse.ArgumentParser) -> None:
    command.add_argument("case", metavar="CASE", help="a case id, or its beginning")


_CHOICES = {
    "approve": "send the composed reply of a case",
    "refund": "refund instead: shows the amount to refund in Seller Central, then takes the refund's id",
    "represent": "represent a case whatever the rules said",
    "hold": "stop a case: nothing is sent until you decide; the clock goes on",
    "answered": "say that you answered a case another way, for example in Seller Central",
}


def _add_choice(name: str, commands: Commands) -> None:
    command = add_command(commands, name, "decide", _CHOICES[name])
    command.set_defaults(choice=name)
    _case(command)
    command.add_argument("--note", default="", metavar="TEXT", help="why; kept in the case's history")
    config_option(command)
    if name == "refund":
        about = "the refund was made in Seller Central; its id there"
        command.add_argument("--confirmed", metavar="REFUND_ID", help=about)
        about = "write the adjustment file for Seller Central there; you upload it, once"
        command.add_argument("--file", type=Path, metavar="OUT.txt", help=about)


def _add_orders(commands: Commands) -> None:
    about = "order data from Amazon's reports"
    orders = commands.add_parser("orders", help=about, description=about)
    parts = orders.add_subparsers(title="commands", metavar="COMMAND", required=True)
    load = add_command(
        parts, "import", "import_orders", "import Amazon's order and shipment reports; again changes nothing"
    )
    load.add_argument("files", nargs="+", type=existing, metavar="FILE")
    config_option(load)
    account_option(load)
    json_option(load)


_STATED = {
    "tracking": ("ID", "the parcel's tracking number"),
    "carrier": ("NAME", "who carried it (default: told by the tracking number)"),
    "shipped": ("DATE", "the day it was handed over, e.g. 2026-09-29"),
    "delivered": ("DATE", "the day, or day and clock time at the place, e.g. 2026-10-03T14:12"),
    "city": ("NAME", "where it was delivered"),
    "state": ("CODE", "state or province"),
    "postal-code": ("CODE", "postal code"),
    "country": ("CODE", "country"),
    "signed-by": ("NAME", "who signed for it"),
    "method": ("NAME", "the service, e.g. Ground"),
    "source": ("TEXT", 'where you read it, e.g. "UPS web page"'),
}


def _add_evidence(commands: Commands) -> None:
    about = "what proves something about an order"
    evidence = commands.add_parser("evidence", help=about, description=about)
    parts = evidence.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = add_command(
        parts, "add", "add_evidence", "state what you saw at the carrier, and add files that prove it"
    )
    add.add_argument("order", metavar="ORDER", help="the order id")
    for name, (shown, about) in _STATED.items():
        add.add_argument(f"--{name}", default="", metavar=shown, help=about)
    about = "a file that proves something, may be given several times"
    add.add_argument("--file", action="append", default=[], type=existing, metavar="PATH", help=about)
    config_option(add)
    account_option(add)


def _add_check(commands: Commands) -> None:
    about = "hold a reply to the record: the draft in your mailbox, or a file"
    check = add_command(commands, "check", "check", about)
    _case(check)
    check.add_argument(
        "--file", type=existing, metavar="FILE", help="a mail (.eml) or text in place of the draft"
    )
    config_option(check)
    json_option(check)


def _add_purge(commands: Commands) -> None:
    purge = add_command(commands, "purge", "purge", "remove what was kept long enough, as [retention] says")
    purge.add_argument("--dry-run", action="store_true", help="only show what would go")
    config_option(purge)
    json_option(purge)


def _add_backup(commands: Commands) -> None:
    backup = add_command(commands, "backup", "backup", "copy the store to one file, while the daemon runs on")
    backup.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="where to (default: a dated file here)"
    )
    backup.add_argument("--replace", action="store_true", help="replace FILE if it exists")
    config_option(backup)


def _add_restore(commands: Commands) -> None:
    restore = add_command(
        commands, "restore", "restore", "put a backup in the store's place; the daemon must be stopped"
    )
    restore.add_argument("file", type=existing, metavar="FILE")
    config_option(restore)


def _add_verify(commands: Commands) -> None:
    about = "see that nobody and nothing has changed the store: damage, chain of events, files, cases"
    verify = add_command(commands, "verify", "verify", about)
    verify.add_argument(
        "--head", metavar="NUMBER:HASH", help="a head that verify printed earlier; it must still stand"
    )
    verify.add_argument("--file", type=existing, metavar="FILE", help="a backup in place of the store")
    config_option(verify)
    json_option(verify)


def _add_completion(commands: Commands) -> None:
    completion = add_command(commands, "completion", "completion", "print the completion script of a shell")
    completion.add_argument("shell", choices=SHELLS)


_COMMANDS: dict[str, Callable[[Commands], None]] = {
    "demo": _add_demo,
    "replay": _add_replay,
    "init": _add_init,
    "login": _add_login,
    "doctor": _add_doctor,
    "run": _add_run,
    "once": _add_once,
    "cases": _add_cases,
    "report": _add_report,
    "audit": _add_audit,
    "show": _add_show,
    **{name: partial(_add_choice, name) for name in _CHOICES},
    "check": _add_check,
    "purge": _add_purge,
    "backup": _add_backup,
    "restore": _add_restore,
    "verify": _add_verify,
    "evidence": _add_evidence,
    "orders": _add_orders,
    "rules": add_rules,
    "teach": add_teach,
    "completion": _add_completion,
}
