"""`evidence add`: what a person has seen at the carrier, and files that prove it, into the record of an order.

Everything is checked before anything is kept. What the files show is found out where the evidence folder is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from inbox_bot.core.errors import Problem, UserError
from inbox_bot.core.model import Destination
from inbox_bot.core.record import Dossier, OrderRecord, Origin, Provenance, Shipment, ShipmentStatus
from inbox_bot.core.text import one_line
from inbox_bot.orders.carriers import Carriers, is_plausible, plain_tracking_id

FILE_TYPES = (".pdf", ".png", ".jpg", ".jpeg", ".txt", ".eml")
MOST_FILE_BYTES = 25_000_000
_MOST_FILES = 20
_LONGEST_TEXT = 100
_FIRST_YEAR = 2000
_MOST_ENTRIES = 10
_AHEAD = timedelta(hours=14)  # it is already tomorrow somewhere
_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d)(?::\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person states about one parcel, each part as it was typed; empty: not stated.

    `shipped` is a day, `delivered` a day or a moment, both as printed at their place.
    """

    order_id: str
    tracking_id: str = ""
    carrier: str = ""
    shipped: str = ""
    delivered: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    signed_by: str = ""
    method: str = ""
    source: str = ""
    files: tuple[Path, ...] = ()


class RecordStore(Protocol):
    """The part of the store that is used here."""

    def records(self, account: str, order_id: str) -> tuple[OrderRecord, ...]:
        """As `Store.records`."""

    def save_records(self, account: str, records: Sequence[OrderRecord]) -> None:
        """As `Store.save_records`."""


def run_add(config_file: Path, account: str | None, statement: Statement, at: datetime) -> int:
    """Add the statement to the record of the account's order and say what is on record now."""
    import click

    from inbox_bot.app import evidence_changed
    from inbox_bot.config import load_config
    from inbox_bot.orders.carriers import load_carriers
    from inbox_bot.resources import rule_files
    from inbox_bot.store.sqlite import SqliteStore

    config = load_config(config_file)
    name = config.account(account).policy.account
    carriers = load_carriers(rule_files("carriers*.toml", config.rules_folder))
    store = SqliteStore(config.store_path)
    try:
        record = add_evidence(store, name, config.evidence_folder, carriers, statement, at)
        cases = evidence_changed(store, name, (record.dossier.order_id,), "evidence was added by hand", at)
    finally:
        store.close()
    for line in _in_words(record, config.evidence_folder / statement.order_id, bool(statement.files)):
        click.echo(line)
    for case_id in cases:
        click.echo(f"{case_id}: looked up and answered anew by the daemon, or `inbox-bot once`.")
    return 0


def add_evidence(
    store: RecordStore,
    account: str,
    evidence_folder: Path,
    carriers: Carriers,
    statement: Statement,
    at: datetime,
) -> OrderRecord:
    """Check the statement, copy its files into the order's evidence folder, and keep the record, which is returned.

    What was stated before of the same parcel stays where the statement is silent. Raises UserError with every problem;
    nothing is kept then.
    """
    stated = _cleaned(statement)
    checked = _Checked(stated, carriers, at)
    key = f"person {checked.tracking_id}"
    kept = next((one for one in store.records(account, stated.order_id) if one.key == key), None)
    record = _merged(kept or OrderRecord(key, Dossier(stated.order_id)), checked, at)
    problems = [*checked.problems, *_impossible(record), *_unusable(stated.files)]
    if not checked.facts and not stated.files and not problems:
        problems.append(
            Problem("nothing is stated", remedy="add --delivered, --tracking, --file or another option")
        )
    if problems:
        raise UserError(dict.fromkeys(problems))
    for path in stated.files:
        copy_file(path, evidence_folder / stated.order_id)
    if checked.facts:
        store.save_records(account, (record,))
    return record


class _Checked:
    """A statement's facts about the parcel as fields of a shipment, and what is wrong with it."""

    def __init__(self, stated: Statement, carriers: Carriers, at: datetime) -> None:
        self.problems: list[Problem] = []
        self.source = stated.source
        self.tracking_id = plain_tracking_id(stated.tracking_id)
        self.facts: dict[str, Any] = {}
        if not _ORDER_ID.fullmatch(stated.order_id):
            self._refuse("ORDER", f"{stated.order_id!r} is no order id", "write it as 113-0196033-6384224")
        self._latest = (at + _AHEAD).date()
        self._take_carrier(stated, carriers)
        self._take_dates(stated)
        place = Destination((), stated.city, stated.state, stated.postal_code, _country(stated.country))
        if place != Destination():
            self.facts["delivered_to"] = place
        for name in ("signed_by", "method"):
            if value := getattr(stated, name):
                self.facts[name] = value

    def _refuse(self, option: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(what, key=option, remedy=remedy))

    def _take_carrier(self, stated: Statement, carriers: Carriers) -> None:
        if not stated.tracking_id:
            if stated.carrier:
                self.facts["carrier"] = carriers.named(stated.carrier) or stated.carrier
            return
        typed = stated.tracking_id
        self.facts["tracking_id"] = self.tracking_id
        if not is_plausible(typed):
            self._refuse("--tracking", f"{typed!r} is no tracking id", "copy it from the label or the report")
            return
        match = carriers.recognise(typed, stated.carrier)
        named = carriers.named(stated.carrier) or stated.carrier
        if named and match.certain and match.name != named:
            remedy = f"write --carrier {match.name!r}, or compare the id with the label"
            self._refuse("--carrier", f"{typed} is an id of {match.name}, not of {named}", remedy)
        elif match.valid is False:
            what = f"{typed} cannot be an id of {match.name}: its check digit or its length is wrong"
            self._refuse("--tracking", what, "compare it with the label, figure by figure")
        elif named or match.certain:
            self.facts["carrier"] = match.name

    def _take_dates(self, stated: Statement) -> None:
        if found := self._moment("--shipped", stated.shipped):
            self.facts |= {"shipped_on": found[0], "status": ShipmentStatus.IN_TRANSIT}
        if found := self._moment("--delivered", stated.delivered):
            self.facts |= {
                "delivered_on": found[0],
                "delivered_at_text": found[1],
                "status": ShipmentStatus.DELIVERED,
            }

    def _moment(self, option: str, typed: str) -> tuple[date, str] | None:
        """Day and clock time as typed; None when nothing usable was."""
        if not typed:
            return None
        found = _MOMENT.fullmatch(typed)
        try:
            on = date.fromisoformat(found[1]) if found is not None else None
        except ValueError:
            on = None
        if found is None or on is None or on.year < _FIRST_YEAR:
            remedy = "write 2026-10-03, or 2026-10-03T14:12 with the clock time at the place"
            self._refuse(option, f"{typed!r} is no date", remedy)
            return None
        if on > self._latest:
            self._refuse(option, f"{typed} has not come yet", "only state what the carrier shows as done")
            return None
        return on, found[2] or ""


def _cleaned(stated: Statement) -> Statement:
    """The statement with its texts on one line and within bounds; a source may not look like two."""
    texts: dict[str, Any] = {
        part.name: one_line(getattr(stated, part.name))[:_LONGEST_TEXT].strip()
        for part in fields(Statement)
        if part.name != "files"
    }
    return replace(stated, **{**texts, "source": texts["source"].replace(";", ",")})


def _country(typed: str) -> str:
    return typed.upper() if len(typed) == 2 else typed


def _merged(kept: OrderRecord, checked: _Checked, at: datetime) -> OrderRecord:
    """What was stated before and what is stated now as one record; where both speak, the new word counts."""
    if not checked.facts:
        return kept
    dossier = kept.dossier
    name = f"entered by hand on {at.date().isoformat()}" + (f" ({checked.source})" if checked.source else "")
    entries = {one.name: one for one in dossier.provenance}
    entries.pop(name, None)
    entries[name] = Provenance(name, Origin.PERSON, at)
    provenance = tuple(entries.values())[-_MOST_ENTRIES:]
    before = dossier.shipments[0] if dossier.shipments else Shipment(dossier.order_id)
    facts = dict(checked.facts)
    if before.status is ShipmentStatus.DELIVERED:
        facts.pop("status", None)
    if "delivered_to" in facts:
        facts["delivered_to"] = _fuller(facts["delivered_to"], before.delivered_to)
    parcel = replace(before, **facts, source="; ".join(one.name for one in provenance))
    return replace(kept, dossier=replace(dossier, shipments=(parcel,), provenance=provenance))


def _fuller(new: Destination, old: Destination) -> Destination:
    """The new place; of the same town, what is only known of before stays."""
    if new.city and old.city and new.city.casefold() != old.city.casefold():
        return new
    return Destination(
        new.lines or old.lines,
        new.city or old.city,
        new.state or old.state,
        new.postal_code or old.postal_code,
        new.country or old.country,
    )


def _impossible(record: OrderRecord) -> Iterator[Problem]:
    """What cannot be true of the parcel, with what was stated before."""
    for parcel in record.dossier.shipments:
        shipped, delivered = parcel.shipped_on, parcel.delivered_on
        if shipped is not None and delivered is not None and delivered < shipped:
            what = f"delivered on {delivered} is before shipped on {shipped}"
            yield Problem(what, key="--delivered", remedy="correct --shipped or --delivered")
        if delivered is None and (parcel.delivered_to != Destination() or parcel.signed_by):
            what = "a place or a signature is stated, and no delivery"
            yield Problem(
                what, key="--delivered", remedy="add --delivered with the day that the carrier shows"
            )


def _unusable(files: Sequence[Path]) -> Iterator[Problem]:
    if len(files) > _MOST_FILES:
        yield Problem(
            f"{len(files)} files are too many at once", key="--file", remedy=f"at most {_MOST_FILES}"
        )
    for path in files:
        try:
            is_file, size = path.is_file(), path.stat().st_size
        except OSError as error:
            yield Problem(f"cannot be read: {error.strerror}", str(path))
            continue
        if not is_file:
            yield Problem("is no file", str(path), remedy="name each file by itself")
        elif path.suffix.lower() not in FILE_TYPES:
            kinds = ", ".join(kind[1:].upper() for kind in FILE_TYPES)
            yield Problem("is of a kind that cannot be shown", str(path), remedy=f"save it as one of {kinds}")
        elif not 0 < size <= MOST_FILE_BYTES:
            what = "is empty" if not size else f"is larger than {MOST_FILE_BYTES // 1_000_000} MB"
            yield Problem(what, str(path), remedy="save it again, smaller" if size else "save it again")


def copy_file(path: Path, folder: Path) -> Path:
    """Copy a file into the folder under a safe name, beside one of the same name; the same bytes are copied once.

    Raises UserError when it cannot be read or written.
    """
    try:
        content = path.read_bytes()
        folder.mkdir(parents=True, exist_ok=True)
        for name in _free_names(safe_name(path.name)):
            target = folder / name
            try:
                with target.open("xb") as file:
                    file.write(content)
            except FileExistsError:
                if target.is_file() and target.read_bytes() == content:
                    return target
                continue
            target.chmod(0o600)
            return target
    except OSError as error:
        raise UserError(Problem(f"cannot be copied to {folder}: {error.strerror}", str(path))) from None
    raise UserError(Problem("too many files of this name", str(folder), remedy="give the file another name"))


def safe_name(name: str) -> str:
    """A file name without a path, control characters or anything a shell or a server could misread."""
    stem, dot, kind = one_line(unicodedata.normalize("NFC", name)).rpartition(".")
    plain = re.sub(r"[^\w.() -]", "_", Path(stem).name).strip(" .-_") or "file"
    return plain.encode()[:80].decode("utf-8", "ignore") + dot + re.sub(r"[^A-Za-z0-9]", "", kind).lower()


def _free_names(name: str) -> Iterator[str]:
    stem, _, kind = name.rpartition(".")
    yield name
    for number in range(2, 100):
        yield f"{stem}-{number}.{kind}"


def _in_words(record: OrderRecord, folder: Path, with_files: bool) -> Iterable[str]:
    for parcel in record.dossier.shipments:
        said = [
            " ".join(part for part in (parcel.carrier, parcel.tracking_id) if part) or "a parcel",
            f"shipped on {parcel.shipped_on}" if parcel.shipped_on else "",
            f"delivered on {parcel.delivered_on} {parcel.delivered_at_text}".rstrip()
            if parcel.delivered_on
            else "",
            " ".join(part for part in (parcel.delivered_to.city, parcel.delivered_to.postal_code) if part),
            f"signed by {parcel.signed_by}" if parcel.signed_by else "",
        ]
        yield f"{record.dossier.order_id}: {', '.join(part for part in said if part)} ({parcel.source})"
    if with_files:
        yield f"The files lie in {folder}"
