"""`run` and `once`: the daemon, and one pass for cron."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from inbox_bot.commands.cases import NEEDS_A_PERSON, in_words
from inbox_bot.config import AccountConfig, Config, load_config
from inbox_bot.core.errors import InboxBotError, StoreError
from inbox_bot.daemon import Daemon
from inbox_bot.desk import Notification, Rulebook, load_rulebook
from inbox_bot.herald import Herald, Overflow, take_down
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import Display, log_display, open_desk, work_once
from inbox_bot.store.alarm_book import AlarmBook
from inbox_bot.store.lock import only_one
from inbox_bot.store.protocol import Store
from inbox_bot.store.sqlite import SqliteStore, see_that_it_is_whole
from inbox_bot.vigil import hours_of, open_channels


def run_daemon(config_file: Path, *, verbose: bool) -> int:
    """Watch all accounts until SIGTERM or SIGINT."""
    config = load_config(config_file)
    rulebook = load_rulebook(config.rules_folder, config.templates_folder)
    log_to_stderr(verbose=verbose)
    with only_one(config.data_folder):
        see_that_it_is_whole(config.store_path)  # a store that cannot be used is said before anything starts
        daemon = Daemon(config, rulebook, log_display())
        daemon.stop_on_signals()
        daemon.run()
    return 0


def run_once(config_file: Path, account: str | None, *, as_json: bool, verbose: bool) -> int:
    """One pass over every account, or one; an account that fails does not keep the others from theirs."""
    config = load_config(config_file)
    accounts = config.accounts if account is None else (config.account(account),)
    rulebook = load_rulebook(config.rules_folder, config.templates_folder)
    log_to_stderr(verbose=verbose)
    failures: list[InboxBotError] = []
    with only_one(config.data_folder), MailReader() as reader:
        see_that_it_is_whole(config.store_path)
        channels, hours = open_channels(config.alarms), hours_of(config.alarms)
        store, book, overflow = SqliteStore(config.store_path), AlarmBook(config.store_path), Overflow()

        def tell(notification: Notification) -> None:
            log_display().tell(notification)
            take_down(book, overflow, notification, datetime.now(UTC))

        try:
            for one in accounts:
                try:
                    _pass(config, one, rulebook, store, reader, tell, as_json=as_json)
                except StoreError:
                    raise
                except InboxBotError as error:
                    failures.append(error)
                    tell(Notification(one.policy.account, None, "a pass failed", str(error)))
            Herald(store, book, overflow, channels, hours).work(datetime.now(UTC))
            needs_a_person = any(
                record.case.status.value in NEEDS_A_PERSON for record in store.cases(account)
            )
        finally:
            book.close()
            store.close()
    for failure in failures[:-1]:
        click.echo(f"inbox-bot: {failure}", err=True)
    if failures:
        raise failures[-1]
    return int(needs_a_person)


def _pass(
    config: Config,
    account: AccountConfig,
    rulebook: Rulebook,
    store: SqliteStore,
    reader: MailReader,
    tell: Callable[[Notification], None],
    *,
    as_json: bool,
) -> None:
    outside, display = LiveOutside(account), Display(tell, log_display().on_handled)
    desk = open_desk(config, account, rulebook, store, outside, reader, display)
    try:
        changed = work_once(desk, outside, display, lambda: datetime.now(UTC))
    finally:
        outside.drop()
    for case_id in changed:
        _print(store, case_id, as_json=as_json)


def _print(store: Store, case_id: str, *, as_json: bool) -> None:
    record = store.case(case_id)
    if record is None:
        return
    case = record.case
    due = case.deadline.due_by or case.deadline.send_by if case.deadline else None
    if as_json:
        values = {
            "case": case.case_id,
            "account": case.account,
            "status": case.status.value,
            "verdict": case.verdict.value if case.verdict else None,
            "rule": case.decision.rule if case.decision else None,
            "due_by": due.isoformat() if due else None,
            "message_id": case.reply.message_id if case.reply else None,
        }
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    left = f", {in_words(due - datetime.now(UTC))}" if due and case.closed_at is None else ""
    why = f": {case.decision.because}" if case.decision else ""
    click.echo(f"{case.case_id}  {case.status.value}{left}{why}")


def log_to_stderr(*, verbose: bool) -> None:
    """One line an event on standard error, where systemd and cron expect it; nobody else's logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    own = logging.getLogger("inbox_bot")
    own.addHandler(handler)
    own.setLevel(logging.INFO if verbose else logging.WARNING)
    own.propagate = False
