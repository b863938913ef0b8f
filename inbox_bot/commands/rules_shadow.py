"""`rules shadow`: what the rules would have sent, reason by reason, and what a person did with it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inbox_bot.config import AccountConfig, load_config
from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Mode, Reason
from inbox_bot.core.shadow import Fate, ShadowTally, tally
from inbox_bot.store.reading import ReadOnlyStore

FATES = {
    Fate.WAITING: "waits for you",
    Fate.UNCHANGED: "you sent it unchanged",
    Fate.CHANGED: "you sent another letter",
    Fate.OVERRULED: "you overruled it",
    Fate.ELSEWHERE: "answered elsewhere",
    Fate.NOT_SENT: "not sent",
}
_COLUMNS = ("unchanged", "changed", "overruled", "elsewhere", "not sent", "waiting")


def run_shadow(config_file: Path, account: str | None, *, as_json: bool) -> int:
    """Print the tally of one account, or of all; raises UserError for an account that is not configured."""
    config = load_config(config_file)
    accounts = {one.policy.account: one for one in config.accounts}
    if account is not None and account not in accounts:
        raise UserError(f"there is no account {account!r}; there are {', '.join(accounts)}")
    store = ReadOnlyStore(config.store_path)
    try:
        tallies = tally(record.case for record in store.cases(account))
    finally:
        store.close()
    if as_json:
        for one in tallies:
            click.echo(json.dumps(_as_json(one, _is_live(one, accounts)), ensure_ascii=False))
    else:
        _print(tallies, accounts)
    return 0


def _is_live(one: ShadowTally, accounts: dict[str, AccountConfig]) -> bool:
    found = accounts.get(one.account)
    return found is not None and found.policy.mode is Mode.AUTO and one.reason in found.policy.live_reasons


def _print(tallies: tuple[ShadowTally, ...], accounts: dict[str, AccountConfig]) -> None:
    if not tallies:
        click.echo("No answer was noted in shadow mode yet; live_reasons in the configuration begins it.")
        return
    rows = [("ACCOUNT", "REASON", "WOULD HAVE SENT", *(name.upper() for name in _COLUMNS), "NOW")]
    for one in tallies:
        counts = (str(one.fates[Fate(name.replace(" ", "_"))]) for name in _COLUMNS)
        now = "live" if _is_live(one, accounts) else "shadow"
        rows.append((one.account, one.reason.value, str(one.count), *counts, now))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.secho(text, bold=number == 0)
    for name, config in accounts.items():
        _say_what_is_in_shadow(name, config)


def _say_what_is_in_shadow(name: str, config: AccountConfig) -> None:
    hidden = [reason.value for reason in Reason if reason not in config.policy.live_reasons]
    if config.policy.mode is Mode.AUTO and hidden:
        click.echo(
            f"In shadow in {name}: {', '.join(hidden)}. Add a reason to live_reasons to go live with it."
        )


def _as_json(one: ShadowTally, live: bool) -> dict[str, object]:
    counts = {fate.value: count for fate, count in one.fates.items()}
    return {
        "account": one.account,
        "reason": one.reason.value,
        "would_have_sent": one.count,
        **counts,
        "live": live,
    }
