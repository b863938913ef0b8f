"""Whether the program is well: judged by its work, not by its being alive. Pure: `now` is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

STALLED_AFTER = timedelta(minutes=20)  # no look into the mailbox: ill
SILENT_FOR = timedelta(hours=1)  # a person is told that an account cannot be read
GIVE_UP_AFTER = timedelta(
    hours=2
)  # all accounts stalled: the process ends, so that something else can start it anew
OVERDUE_AFTER = timedelta(minutes=15)  # a case that wanted to be looked at and was not
CLOCK_OFF_BY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class AccountVitals:
    """How one account does; `polled` are its folders by name with the last look into them."""

    account: str
    alive: bool
    last_success_at: datetime
    polled: Mapping[str, datetime] = field(default_factory=dict)
    overdue_since: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the process does; `store_failure` and `channel_failures` are empty when all is well."""

    at: datetime
    accounts: tuple[AccountVitals, ...]
    store_failure: str = ""
    channel_failures: tuple[str, ...] = ()
    clock_off: timedelta = timedelta(0)


def ills(vitals: Vitals) -> tuple[str, ...]:
    """What is wrong, one line each; empty when the work goes on."""
    found = []
    for one in vitals.accounts:
        if not one.alive:
            found.append(f"account {one.account}: its thread has ended")
        silent = vitals.at - one.last_success_at
        if silent > STALLED_AFTER:
            why = f" ({one.failure})" if one.failure else ""
            found.append(f"account {one.account}: not read for {in_minutes(silent)}{why}")
        if one.overdue_since is not None and vitals.at - one.overdue_since > OVERDUE_AFTER:
            found.append(
                f"account {one.account}: a case waits for {in_minutes(vitals.at - one.overdue_since)}"
            )
    if vitals.store_failure:
        found.append(f"the store cannot be written: {vitals.store_failure}")
    if abs(vitals.clock_off) > CLOCK_OFF_BY:
        found.append(f"this machine's clock is off by {in_minutes(abs(vitals.clock_off))}")
    return tuple(found)


def must_give_up(vitals: Vitals) -> bool:
    """Whether no account was read for so long that only a new process may help."""
    return bool(vitals.accounts) and all(
        vitals.at - one.last_success_at > GIVE_UP_AFTER for one in vitals.accounts
    )


def in_minutes(span: timedelta) -> str:
    """A span as a person says it."""
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def clock_drift(here_at: datetime, there_at: datetime, tolerance: timedelta = CLOCK_OFF_BY) -> timedelta:
    """By how much this machine's clock runs ahead of a server's, zero within the tolerance; negative: behind."""
    drift = here_at - there_at
    return drift if abs(drift) > tolerance else timedelta(0)
