"""Forks real passes of the program on request, so that hundreds of them can be killed without waiting for imports.

Reads lines "CONFIG DAYS" from standard input; each forks a child that makes one pass over the configured account with
the clock moved on by so many days, and prints "started PID" and, when the child ends, "ended CODE".
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import inbox_bot.book.bind
import inbox_bot.config_model  # noqa: F401 - imported before the first fork
from inbox_bot.config import load_config
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.reader import MailReader
from inbox_bot.outside import LiveOutside
from inbox_bot.rounds import log_display, open_desk, work_once
from inbox_bot.store.lock import only_one
from inbox_bot.store.sqlite import SqliteStore

RULEBOOK = load_rulebook()  # everything is imported and compiled before the first fork


def make_pass(config_file: Path, days: float) -> None:
    """What `inbox-bot once` does, on a clock of its own."""
    config = load_config(config_file)
    (account,) = config.accounts
    offset = timedelta(days=days)
    with only_one(config.data_folder), MailReader() as reader:
        store = SqliteStore(config.store_path)
        outside = LiveOutside(account)
        desk = open_desk(config, account, RULEBOOK, store, outside, reader, log_display())
        work_once(desk, outside, log_display(), lambda: datetime.now(UTC) + offset)


def main() -> None:
    """Serve requests until standard input ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        name, days = line.rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            try:
                make_pass(Path(name), float(days))
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(f"started {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


main()
