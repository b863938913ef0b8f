"""17TRACK's answer about one parcel, read into a shipment with its scans.

The JSON is a stranger's: every part may be missing or of another type, and every text is cleaned and bounded. How it
is fetched stands in `track17.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from inbox_bot.core.model import NOWHERE, Destination
from inbox_bot.core.record import Scan, Shipment, ShipmentStatus
from inbox_bot.core.text import one_line
from inbox_bot.orders.addresses import parse_place

Json = Mapping[str, object]
_MOST_EVENTS = 300
_LONGEST_TEXT = 300
_LONGEST_WORD = 80
_MOVING = ShipmentStatus.IN_TRANSIT
_BY_WORD = {
    "InfoReceived": ShipmentStatus.LABEL_CREATED,
    "InTransit": _MOVING,
    "PickedUp": _MOVING,
    "Departure": _MOVING,
    "Arrival": _MOVING,
    "OutForDelivery": _MOVING,
    "AvailableForPickup": _MOVING,
    "DeliveryFailure": _MOVING,
    "Delivered": ShipmentStatus.DELIVERED,
    "Returning": ShipmentStatus.RETURNED_TO_SENDER,
    "Returned": ShipmentStatus.RETURNED_TO_SENDER,
}
_BY_EXCEPTION = {
    "Exception_Returning": ShipmentStatus.RETURNED_TO_SENDER,
    "Exception_Returned": ShipmentStatus.RETURNED_TO_SENDER,
    "Exception_Lost": ShipmentStatus.LOST,
    "Exception_Destroyed": ShipmentStatus.LOST,
}
_SIGNED = re.compile(
    r"(?i)(?:\b(?:signed(?: for)? by|signature of|received by|accepted by|signed by recipient|signed)[ ]?(?:[:：]|[ ])"
    r"|(?:签收人|簽收人|签收者)[ ]?[:：是]?)[ ]*(?P<name>[^,;，。；()（）\[\]:：0-9]{1,60})"
)
_NAME_END = re.compile(
    r"(?i)[ .](?:at|in|on|and|for|to|as|from|left|location|date|time|thank|the)\b|(?<=\w\w)[.] "
)
# What stands where a name would be, and is none.
_NO_NAMES = re.compile(
    r"(?i)\b(?:driver|released?|mail ?box|door|porch|not|none|waived|signature|required|customer|recipient|consignee|"
    r"receiver|by|the|neighbou?r|residents?|carrier|proof|unknown|individual|courier|agent|locker|office|"
    r"delivery|delivered|service)\b|本人|他人|家人|邮箱|门口|代收"
)


@dataclass(frozen=True, slots=True)
class _Event:
    """A scan, when it was in UTC where that is known, and its place in parts."""

    scan: Scan
    at: datetime | None
    place: Destination


def latest_status(item: Json) -> tuple[str, str]:
    """The main and the finer status of an answer, "" where it has none."""
    latest = _table(_table(item, "track_info"), "latest_status")
    return _text(latest, "status"), _text(latest, "sub_status")


def read_shipment(item: Json, order_id: str, tracking_id: str, source: str) -> Shipment:
    """The parcel that one entry of the answer's `accepted` tells of; its dates are those printed at the place."""
    info = _table(item, "track_info")
    events = _events(info)
    scans = tuple(event.scan for event in events)
    status = _status(*latest_status(item), scans, _milestones(info))
    shipment = Shipment(
        order_id=order_id,
        carrier=_carrier(info),
        tracking_id=tracking_id,
        method=_method(info),
        shipped_on=_shipped_on(status, scans, _milestones(info)),
        status=status,
        source=source,
        scans=scans,
    )
    return _delivered(shipment, events, _milestones(info)) if status is ShipmentStatus.DELIVERED else shipment


def _status(main: str, finer: str, scans: tuple[Scan, ...], milestones: Mapping[str, date]) -> ShipmentStatus:
    """What became of the parcel; one that went back was not delivered, whatever was called a delivery then."""
    said = _BY_EXCEPTION.get(finer) or _BY_WORD.get(main)
    known = {scan.status for scan in scans}
    went_back = ShipmentStatus.RETURNED_TO_SENDER in known or {"Returning", "Returned"} & set(milestones)
    if said is ShipmentStatus.DELIVERED and went_back:
        return ShipmentStatus.RETURNED_TO_SENDER
    if said is not None:
        return said
    # An exception, an expiry or a word of a later version: no more than what the scans say for themselves.
    if known & {_MOVING, ShipmentStatus.DELIVERED} or {"PickedUp", "Departure", "Arrival"} & set(milestones):
        return _MOVING
    return ShipmentStatus.LABEL_CREATED if ShipmentStatus.LABEL_CREATED in known else ShipmentStatus.NOT_KNOWN


def _shipped_on(
    status: ShipmentStatus, scans: tuple[Scan, ...], milestones: Mapping[str, date]
) -> date | None:
    """The day of the first scan behind the label's; None when that cannot be told."""
    if status in (ShipmentStatus.LABEL_CREATED, ShipmentStatus.NOT_KNOWN):
        return None
    if "PickedUp" in milestones:
        return milestones["PickedUp"]
    labels = [number for number, scan in enumerate(scans) if scan.status is ShipmentStatus.LABEL_CREATED]
    if labels:
        behind = scans[labels[-1] + 1 :]
    else:  # the first scan may be a label that is not called one
        behind = scans if scans and scans[0].status is not ShipmentStatus.NOT_KNOWN else ()
    return next((scan.scanned_on for scan in behind if scan.scanned_on is not None), None)


def _delivered(shipment: Shipment, events: tuple[_Event, ...], milestones: Mapping[str, date]) -> Shipment:
    """The parcel with day, clock time, place and signature of its delivery, as far as they are printed."""
    arrivals = [event for event in events if event.scan.status is ShipmentStatus.DELIVERED]
    if not arrivals:
        return replace(shipment, delivered_on=milestones.get("Delivered"))
    last = arrivals[-1]
    same_day = [event for event in arrivals if event.scan.scanned_on == last.scan.scanned_on]
    places = [event.place for event in reversed(same_day) if event.place.city or event.place.postal_code]
    names = [name for event in reversed(same_day) if (name := signature(event.scan.text))]
    return replace(
        shipment,
        delivered_on=last.scan.scanned_on or milestones.get("Delivered"),
        delivered_at_text=last.scan.clock,
        delivered_to=places[0] if places else NOWHERE,
        signed_by=names[0] if names else "",
    )


def signature(text: str) -> str:
    """Who signed, by the words of a delivery scan; "" when it names nobody."""
    found = _SIGNED.search(text)
    words = f" {found['name']}" if found is not None else ""
    end = _NAME_END.search(words)
    name = words[: end.start() if end is not None else None].strip(" .'-\"")
    starts_as_name = name[:1].isupper() or name[:1] > "\u00ff"
    return name if starts_as_name and len(name.split()) <= 4 and not _NO_NAMES.search(name) else ""


def _events(info: Json) -> tuple[_Event, ...]:
    """All scans of all carriers that had the parcel, oldest first, each once."""
    found: dict[Scan, _Event] = {}
    for provider in _tables(_table(info, "tracking"), "providers"):
        # Each carrier's list is newest first; the order among scans without a time is theirs.
        for event in reversed(_tables(provider, "events")[:_MOST_EVENTS]):
            read = _event(event)
            if read.scan.text or read.scan.scanned_on:
                found.setdefault(read.scan, read)
    return tuple(sorted(found.values(), key=_moment)[-_MOST_EVENTS:])


def _moment(event: _Event) -> datetime:
    if event.at is not None:
        return event.at
    on = event.scan.scanned_on
    return datetime.combine(on, time(), UTC) if on is not None else datetime.max.replace(tzinfo=UTC)


def _event(event: Json) -> _Event:
    on, clock = _printed(event)
    address = _table(event, "address")
    place = Destination(
        city=_text(address, "city"),
        state=_text(address, "state"),
        postal_code=_text(address, "postal_code"),
        country=_text(address, "country"),
    )
    where = _text(event, "location")
    words = where or ", ".join(
        part for part in (place.city, place.state, place.postal_code, place.country) if part
    )
    scan = Scan(on, clock, words, _text(event, "description", _LONGEST_TEXT), _scan_status(event))
    return _Event(
        scan, _instant(_text(event, "time_utc")) or _instant(_text(event, "time_iso")), _placed(place, where)
    )


def _scan_status(event: Json) -> ShipmentStatus:
    finer, stage = _text(event, "sub_status"), _text(event, "stage")
    named = _BY_EXCEPTION.get(finer) or _BY_WORD.get(stage) or _BY_WORD.get(finer.partition("_")[0])
    return named or ShipmentStatus.NOT_KNOWN


def _placed(place: Destination, where: str) -> Destination:
    """The place of a scan: its parts as given, and from its words what they lack."""
    if place.city and place.postal_code:
        return place
    parsed = parse_place(where) if where else NOWHERE
    if not place.city and not place.postal_code:
        return parsed
    if parsed.postal_code and parsed.city.casefold() == place.city.casefold():
        return replace(place, postal_code=parsed.postal_code)
    return place


def _printed(event: Json) -> tuple[date | None, str]:
    """Day and clock time at the place of the scan; a midnight that nobody printed is no clock time."""
    raw = _table(event, "time_raw")
    on, clock = _day(_text(raw, "date")), _clock(_text(raw, "time"))
    if on is not None:
        return on, clock
    local = _text(event, "time_iso")
    clock = _clock(local[11:])
    return _day(local), "" if clock == "00:00" else clock


def _day(text: str) -> date | None:
    try:
        on = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return on if 2000 <= on.year <= 2100 else None


def _clock(text: str) -> str:
    found = re.match(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
    return found[0] if found else ""


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _milestones(info: Json) -> dict[str, date]:
    """The day of each stage that was reached."""
    reached: dict[str, date] = {}
    for one in _tables(info, "milestone"):
        stage = _text(one, "key_stage")
        on, _ = _printed(one)
        if stage and on is not None:
            reached.setdefault(stage, on)
    return reached


def _carrier(info: Json) -> str:
    for provider in _tables(_table(info, "tracking"), "providers"):
        if name := _text(_table(provider, "provider"), "name"):
            return name
    return ""


def _method(info: Json) -> str:
    providers = _tables(_table(info, "tracking"), "providers")
    named = [_text(_table(info, "misc_info"), "service_type")]
    named += [_text(provider, "service_type") for provider in providers]
    return next((name for name in named if name), "")


def _table(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _tables(value: Json, key: str) -> list[Json]:
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(value: Json, key: str, longest: int = _LONGEST_WORD) -> str:
    found = value.get(key)
    return one_line(found[: 4 * longest])[:longest].rstrip() if isinstance(found, str) else ""


def items(data: object, key: str) -> Iterator[tuple[str, Json]]:
    """The number and the entry of each parcel in `accepted` or `rejected` of an answer's `data`."""
    for one in _tables(data, key) if isinstance(data, dict) else ():
        if number := _text(one, "number"):
            yield number, one


def error_of(entry: Json) -> tuple[int, str]:
    """The code (0: none) and the words of an entry's `error`."""
    error = _table(entry, "error")
    code = error.get("code")
    return code if type(code) is int else 0, _text(error, "message", 200)
