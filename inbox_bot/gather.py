"""Collecting everything on record about an order: the desk's sources asked one after the other, their finds made one.

What a source has is its own business (`orders/`); here is the order in which they are asked, and what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce

from inbox_bot.core.errors import Problem, TemporaryError
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Party, Refund
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


def gather(desk: Desk, order_ids: Sequence[str], at: datetime, *, patient: bool = True) -> Gathered:
    """Look the orders up in the desk's sources; an unknown order gives an empty dossier.

    Raises TemporaryError when a source cannot be asked now; when not `patient`, only the store and the mailbox are
    worth waiting for, and the silence of another source is a problem of the find.
    """
    if not order_ids:
        return Gathered((Dossier(""),), ())
    sources = [(source, True) for source in usual_sources(desk)]
    sources += [
        (source, patient) for source in (*desk.more_sources, *((desk.folder,) if desk.folder else ()))
    ]
    dossiers: list[Dossier] = []
    findings: list[Finding] = []
    for order_id in order_ids:
        known = Dossier(order_id)
        for source, must_answer in sources:
            finding = _ask(source, known, at, must_answer=must_answer)
            # The earlier source is the surer one, so that its word about the order counts.
            known = merge_dossiers(finding.dossier, known)
            findings.append(finding)
        dossiers.append(_without_said_twice(known))
    return _gathered(dossiers, findings)


def _without_said_twice(dossier: Dossier) -> Dossier:
    """The refund that a person confirmed is the one that a mail or a settlement shows, once one of them does."""
    said = {one.name for one in dossier.provenance if one.origin is Origin.PERSON}
    shown = [refund for refund in dossier.refunds if refund.source not in said]
    kept = tuple(
        refund
        for refund in dossier.refunds
        if refund.source not in said or not any(_may_be_one(refund, other) for other in shown)
    )
    return replace(dossier, refunds=kept)


_CONFIRMED_WITHIN = timedelta(days=10)


def _may_be_one(said: Refund, shown: Refund) -> bool:
    if said.amount is not None and shown.amount is not None and said.amount != shown.amount:
        return False
    if said.refunded_on is None or shown.refunded_on is None:
        return True
    return abs(said.refunded_on - shown.refunded_on) <= _CONFIRMED_WITHIN


def _ask(source: RecordSource, known: Dossier, at: datetime, *, must_answer: bool) -> Finding:
    try:
        return source.look_up(known, at)
    except TemporaryError as error:
        if must_answer:
            raise
        problem = Problem(
            f"{source.name} could not be asked: {error}", remedy="its evidence is not in the answer"
        )
        return Finding(Dossier(known.order_id), problems=(problem,))


def fingerprint(desk: Desk, order_ids: Sequence[str]) -> str:
    """What the watched folder holds for the orders, as a text that changes with it."""
    if desk.folder is None:
        return ""
    return " ".join(desk.folder.fingerprint(order_id) for order_id in order_ids).strip()


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
