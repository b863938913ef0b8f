"""Collecting everything on record about an order: the desk's sources asked one after the other, their finds made one.

What a source has is its own business (`orders/`); here is the order in which they are asked, and what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce

from inbox_bot.core.errors import Problem
from inbox_bot.core.record import Dossier, OrderRecord, Party
from inbox_bot.desk import Desk
from inbox_bot.orders.dossiers import merge_dossiers
from inbox_bot.orders.mailbox_source import MailboxSource
from inbox_bot.orders.source import Finding, RecordSource
from inbox_bot.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Gathered:
    """The dossier of each order, and what the sources gave beside it.

    `originals` are the mails between buyer and seller, raw. `files` are all bytes that the dossiers refer to, by
    their SHA-256, `problems` the flaws in somebody's data, `keep` the records to store for the next time, and
    `fragments` what each source said before all were made one.
    """

    dossiers: tuple[Dossier, ...]
    originals: tuple[bytes, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    keep: tuple[OrderRecord, ...] = ()
    fragments: tuple[Dossier, ...] = ()


def gather(desk: Desk, order_ids: Sequence[str], at: datetime) -> Gathered:
    """Look the orders up in the desk's sources; an unknown order gives an empty dossier.

    Raises TemporaryError when a source cannot be asked now.
    """
    if not order_ids:
        return Gathered((Dossier(""),), ())
    sources = (*usual_sources(desk), *desk.more_sources)
    dossiers: list[Dossier] = []
    findings: list[Finding] = []
    for order_id in order_ids:
        known = Dossier(order_id)
        for source in sources:
            finding = source.look_up(known, at)
            # The earlier source is the surer one, so that its word about the order counts.
            known = merge_dossiers(finding.dossier, known)
            findings.append(finding)
        dossiers.append(known)
    return _gathered(dossiers, findings)


def _gathered(dossiers: Sequence[Dossier], findings: Sequence[Finding]) -> Gathered:
    files = {sha256: content for finding in findings for sha256, content in finding.files.items()}
    spoken = dict.fromkeys(
        message.mail_sha256
        for dossier in dossiers
        for message in dossier.messages
        if message.party in (Party.BUYER, Party.SELLER)
    )
    return Gathered(
        dossiers=tuple(dossiers),
        originals=tuple(files[sha256] for sha256 in spoken if sha256 in files),
        files=files,
        problems=tuple(dict.fromkeys(problem for finding in findings for problem in finding.problems)),
        keep=tuple(record for finding in findings for record in finding.keep),
        fragments=tuple(part for finding in findings for part in finding.parts or (finding.dossier,)),
    )


def usual_sources(desk: Desk) -> tuple[RecordSource, ...]:
    """The reports of the store, then the mailbox."""
    mailbox = MailboxSource(
        find_mails=desk.outside.find_mails,
        read=desk.read,
        notices=desk.rulebook.notices,
        correspondence=desk.rulebook.correspondence,
        own_addresses=desk.own_addresses,
        authserv_id=desk.policy.authserv_id,
    )
    return (StoredSource(desk.store, desk.policy.account), mailbox)


@dataclass(frozen=True, slots=True)
class StoredSource:
    """What the store keeps of imported reports and of earlier look-ups."""

    store: Store
    account: str
    name: str = "reports"

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """As `RecordSource.look_up`."""
        parts = tuple(record.dossier for record in self.store.records(self.account, known.order_id))
        return Finding(reduce(merge_dossiers, parts, Dossier(known.order_id)), parts=parts)
