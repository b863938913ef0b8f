"""The command line: what each command does, imported when it is used, and how every error ends.

Names, options and help stand in `options.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from inbox_bot.options import build_parser

TYPE_CHECKING = False  # the real one costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

    Perform = Callable[[argparse.Namespace], int]

EXIT_PERSON = 1
EXIT_USER = 2
EXIT_BUG = 70
EXIT_START_ANEW = 75


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and turn every kind of error into its exit code and advice."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        options = build_parser(words[0] if words else "").parse_args(words)
        code = _PERFORM[options.perform](options)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough; nobody is left to tell
        code = 0
    except KeyboardInterrupt:
        _say("stopped")
        code = EXIT_USER
    except Exception as error:  # every kind of error gets its exit code here, once
        code = _explain(error)
    sys.exit(code)


def _explain(error: Exception) -> int:
    from inbox_bot.core.errors import InboxBotError, StoreError, TemporaryError, UserError, WorkStopped

    if isinstance(error, UserError):
        for problem in error.problems:
            _say(str(problem))
        return EXIT_USER
    if isinstance(error, TemporaryError):
        _say(f"{error}; try again later")
        return EXIT_PERSON
    if isinstance(error, WorkStopped):
        _say(str(error))
        return EXIT_START_ANEW
    if isinstance(error, StoreError):
        _say(str(error))
        return EXIT_BUG
    if isinstance(error, InboxBotError):
        _say(str(error))
        return EXIT_PERSON
    import traceback

    traceback.print_exception(error)
    _say("this is a bug of inbox_bot; please report the lines above")
    return EXIT_BUG


def _say(text: str) -> None:
    sys.stderr.write(f"inbox-bot: {text}\n")


# What each command does: one import and one call.


def _demo(options: argparse.Namespace) -> int:
    from inbox_bot.commands.demo import run_demo

    return run_demo(options.out)


def _replay(options: argparse.Namespace) -> int:
    from inbox_bot.commands.replay import ReplayOptions, run_replay

    chosen = ReplayOptions(
        as_json=options.json,
        now_text=options.now,
        out=options.out,
        order_files=tuple(options.orders),
        trust=options.trust,
        authserv_id=options.authserv_id,
        addresses=tuple(address.lower() for address in options.address),
        rules_folder=options.rules,
        templates_folder=options.templates,
        evidence_folder=options.evidence,
    )
    return run_replay(tuple(options.paths), chosen)


def _audit(options: argparse.Namespace) -> int:
    from inbox_bot.commands.audit import audit_mailboxes
    from inbox_bot.places import find_config

    return audit_mailboxes(
        find_config(options.config), account=options.account, since=options.since, as_json=options.json
    )


def _report(options: argparse.Namespace) -> int:
    from inbox_bot.commands.report import make_report
    from inbox_bot.places import find_config

    return make_report(
        find_config(options.config),
        account=options.account,
        first_on=options.first_on,
        last_on=options.last_on,
        form=options.form,
        out=options.out,
    )


def _init(options: argparse.Namespace) -> int:
    from inbox_bot.commands.init import run_init
    from inbox_bot.places import FILE_NAME

    return run_init(options.config or Path(FILE_NAME))


def _login(options: argparse.Namespace) -> int:
    from inbox_bot.commands.login import run_login
    from inbox_bot.places import find_config

    file, browser = find_config(options.config), not options.no_browser
    return run_login(file, options.account, browser=browser, port=options.port)


def _doctor(options: argparse.Namespace) -> int:
    from inbox_bot.commands.doctor import run_doctor
    from inbox_bot.places import find_config

    return run_doctor(find_config(options.config), as_json=options.json)


def _run(options: argparse.Namespace) -> int:
    from inbox_bot.commands.run import run_daemon
    from inbox_bot.places import find_config

    return run_daemon(find_config(options.config), verbose=options.verbose)


def _once(options: argparse.Namespace) -> int:
    from inbox_bot.commands.run import run_once
    from inbox_bot.places import find_config

    return run_once(
        find_config(options.config), options.account, as_json=options.json, verbose=options.verbose
    )


def _cases(options: argparse.Namespace) -> int:
    from inbox_bot.commands.cases import list_cases

    if options.ics:
        from inbox_bot.commands.calendar import write_calendar

        return write_calendar(_store(options), options.account, options.ics)
    return list_cases(_store(options), options.account, as_json=options.json, everything=options.all)


def _show(options: argparse.Namespace) -> int:
    from inbox_bot.commands.show import show_case
    from inbox_bot.config import load_config
    from inbox_bot.places import find_config

    config = load_config(find_config(options.config))
    days = {one.policy.account: one.policy.presume_won_days for one in config.accounts}
    folder = config.rules_folder
    return show_case(config.store_path, options.case, days, as_json=options.json, rules_folder=folder)


def _decide(options: argparse.Namespace) -> int:
    from inbox_bot.commands import person

    store, case, note = _store(options), options.case, options.note
    if options.choice == "approve":
        return person.approve(store, case)
    if options.choice == "refund":
        return person.refund(store, case, note, options.confirmed, options.file)
    if options.choice == "represent":
        return person.represent(store, case, note)
    return person.hold(store, case, note) if options.choice == "hold" else person.answered(store, case, note)


def _add_evidence(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from inbox_bot.commands.evidence import Statement, run_add
    from inbox_bot.places import find_config

    stated = Statement(
        options.order,
        options.tracking,
        options.carrier,
        options.shipped,
        options.delivered,
        options.city,
        options.state,
        options.postal_code,
        options.country,
        options.signed_by,
        options.method,
        options.source,
        tuple(options.file),
    )
    return run_add(find_config(options.config), options.account, stated, datetime.now(UTC))


def _check(options: argparse.Namespace) -> int:
    from inbox_bot.commands.check import run_check
    from inbox_bot.places import find_config

    return run_check(find_config(options.config), options.case, options.file, as_json=options.json)


def _purge(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from inbox_bot.commands.purge import run_purge
    from inbox_bot.places import find_config

    file, now = find_config(options.config), datetime.now(UTC)
    return run_purge(file, dry_run=options.dry_run, as_json=options.json, now=now)


def _backup(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from inbox_bot.commands.keeping import run_backup
    from inbox_bot.places import find_config

    file, now = find_config(options.config), datetime.now(UTC)
    return run_backup(file, options.file, replace=options.replace, now=now)


def _restore(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from inbox_bot.commands.keeping import run_restore
    from inbox_bot.places import find_config

    return run_restore(find_config(options.config), options.file, now=datetime.now(UTC))


def _verify(options: argparse.Namespace) -> int:
    from inbox_bot.commands.keeping import run_verify
    from inbox_bot.places import find_config

    return run_verify(find_config(options.config), head=options.head, file=options.file, as_json=options.json)


def _import_orders(options: argparse.Namespace) -> int:
    from inbox_bot.commands.orders import run_import
    from inbox_bot.places import find_config

    return run_import(find_config(options.config), options.files, options.account, as_json=options.json)


def _check_rules(options: argparse.Namespace) -> int:
    from inbox_bot.commands.rules import own_folders, run_check

    return run_check(own_folders(options.config))


def _explain_mail(options: argparse.Namespace) -> int:
    from inbox_bot.commands.rules import own_folders, run_explain

    folders, orders = own_folders(options.config), tuple(options.orders)
    return run_explain(options.file, folders, orders, as_json=options.json)


def _teach(options: argparse.Namespace) -> int:
    from inbox_bot.commands.teach import TeachOptions, run_teach

    given = TeachOptions(
        options.config,
        options.rules,
        tuple(options.mark),
        options.language,
        tuple(options.hide),
        options.yes,
        options.json,
    )
    return run_teach(options.file, given)


def _test_rules(options: argparse.Namespace) -> int:
    from inbox_bot.commands.rules import own_folders
    from inbox_bot.commands.rules_test import run_test

    return run_test(options.files, own_folders(options.config), as_json=options.json)


def _diff_rules(options: argparse.Namespace) -> int:
    from inbox_bot.commands.rules_diff import run_diff, run_diff_mails, tables_named
    from inbox_bot.core.errors import UserError

    if options.orders and not options.mails:
        raise UserError("--orders goes with --mails; stored cases are judged by what is stored of them")
    tables = tables_named(options.old, options.new)
    if options.mails:
        return run_diff_mails(options.mails, tables, tuple(options.orders), as_json=options.json)
    return run_diff(_store(options), options.account, tables, as_json=options.json)


def _shadow_rules(options: argparse.Namespace) -> int:
    from inbox_bot.commands.rules_shadow import run_shadow
    from inbox_bot.places import find_config

    return run_shadow(find_config(options.config), options.account, as_json=options.json)


def _completion(options: argparse.Namespace) -> int:
    import shtab

    sys.stdout.write(shtab.complete(build_parser(), options.shell) + "\n")
    return 0


def _store(options: argparse.Namespace) -> Path:
    from inbox_bot.places import find_config, store_path

    return store_path(find_config(options.config))


_PERFORM: dict[str, Perform] = {
    "demo": _demo,
    "replay": _replay,
    "init": _init,
    "login": _login,
    "doctor": _doctor,
    "run": _run,
    "once": _once,
    "cases": _cases,
    "report": _report,
    "audit": _audit,
    "show": _show,
    "decide": _decide,
    "add_evidence": _add_evidence,
    "check": _check,
    "purge": _purge,
    "backup": _backup,
    "restore": _restore,
    "verify": _verify,
    "import_orders": _import_orders,
    "check_rules": _check_rules,
    "explain_mail": _explain_mail,
    "teach": _teach,
    "test_rules": _test_rules,
    "diff_rules": _diff_rules,
    "shadow_rules": _shadow_rules,
    "completion": _completion,
}
