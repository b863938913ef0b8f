"""The sources beside the store and the mailbox, as the configuration sets them up: the tracking service, the folder."""

from __future__ import annotations

from pathlib import Path

from inbox_bot.config import Config
from inbox_bot.orders.folder_source import FolderSource, load_document_words
from inbox_bot.orders.source import RecordSource
from inbox_bot.orders.tracking_provider import Pace, SystemClock
from inbox_bot.resources import rule_files
from inbox_bot.secret import resolve_secret
from inbox_bot.store.protocol import Store

MOST_A_SECOND = 3  # requests to the tracking service, by its documentation
_PACE = Pace(SystemClock(), MOST_A_SECOND)  # one for the process: the limit is the key's, not the account's


def tracking_sources(config: Config, account: str, store: Store) -> tuple[RecordSource, ...]:
    """The tracking service, when one is set up; raises UserError for a secret that is missing."""
    tracking = config.tracking
    if tracking is None:
        return ()
    from inbox_bot.orders.carrier_source import (
        CarrierSource,  # they load a client that few installations need
    )
    from inbox_bot.orders.carriers import load_carriers
    from inbox_bot.orders.track17 import Track17

    service = Track17(
        resolve_secret(tracking.secret, "the tracking service's API key"),
        secret_name=tracking.secret,
        url=tracking.url,
        timeout_seconds=tracking.timeout_seconds,
        pace=_PACE,
    )
    carriers = load_carriers(rule_files("carriers*.toml", config.rules_folder))
    return (CarrierSource(service, carriers, lambda order_id: store.records(account, order_id)),)


def watched_folder(folder: Path, rules_folder: Path | None = None) -> FolderSource:
    """The folder where the seller puts evidence; raises UserError when the rules are wrong."""
    return FolderSource(folder, load_document_words(rule_files("documents*.toml", rules_folder)))


def shared_folder(folder: Path, rules_folder: Path | None, kept: dict[object, object]) -> FolderSource:
    """As `watched_folder`, one for all accounts that work by the same rules: `kept` is what goes with those."""
    key = ("the watched folder", folder, rules_folder)
    source = kept.get(key)
    if not isinstance(source, FolderSource):
        source = kept[key] = watched_folder(folder, rules_folder)
    return source
