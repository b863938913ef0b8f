"""Cases put into a store with their events, record and reply, as the daemon leaves them."""

from __future__ import annotations

from nouns import NOW, deadline

from inbox_bot.core import events as happened
from inbox_bot.core.case import Case
from inbox_bot.core.events import Event
from inbox_bot.core.evolution import fold
from inbox_bot.core.model import Notice
from inbox_bot.core.record import Dossier
from inbox_bot.store.codec import to_json
from inbox_bot.store.protocol import Change, Store, StoredFile


def keep_case(
    store: Store,
    case_id: str,
    notice: Notice,
    record: Dossier | None,
    *history: Event,
    account: str = "shop",
) -> Case:
    """The case of a notice, looked up with the record (None: not yet), to which the events happened."""
    events: list[Event] = [happened.CaseOpened(account, notice, deadline())]
    files: tuple[StoredFile, ...] = ()
    if record is not None:
        content = to_json((record,)).encode()
        sha256 = case_id.encode().hex().ljust(64, "0")[:64]
        files = (StoredFile(sha256, "application/json", content),)
        events.append(happened.EvidenceGathered(sha256, ()))
    events += history
    case = fold(case_id, [(NOW, event) for event in events])
    store.commit(Change(account, NOW, case_id, tuple(events), case, files=files))
    return case
