"""17TRACK's API v2.2: register tracking ids, ask for what is known of them, within its limits.

Only the conversation is held here; what an answer says is read in `track17_answers.py`. The key goes into one header
of the request and nowhere else: no message, log line or repr holds it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import stamina

from inbox_bot.core.errors import Problem, TemporaryError, UserError
from inbox_bot.core.text import one_line
from inbox_bot.orders.carriers import plain_tracking_id
from inbox_bot.orders.track17_answers import Json, error_of, items, latest_status, read_shipment
from inbox_bot.orders.tracking_provider import Clock, Pace, SystemClock, TrackingAnswer, TrackingQuery

URL = "https://api.17track.net/track/v2.2"
MOST_AT_ONCE = 40  # tracking ids a request, by its documentation
MOST_A_SECOND = 3  # requests, by its documentation
MOST_BYTES = 5_000_000
_ASKS = 4  # how often one call asks for what has just been registered
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 10.0  # of a Retry-After that is waited for within one call
_COME_BACK = timedelta(minutes=10)
_TRIES = 3
_ALREADY_REGISTERED = -18019901
_NOTHING_YET = (
    -18019902,
    -18019909,
)  # not registered yet, as far as that server knows; no tracking information yet
_KEY_REFUSED = (-18010001, -18010002, -18010004, -18010005)
_INTERNAL = -18010003
_REMEDIES = {
    -18019907: "the service's daily limit is reached; it goes on tomorrow, or raise the limit of the account",
    -18019908: "the quota of the 17TRACK account is used up; buy more, or add the scans with `evidence add`",
    -18019903: "name the carrier in the shipping report, or add the scans with `evidence add`",
    -18019911: "the service cannot ask this carrier; add the scans with `evidence add`",
}
_USUAL_REMEDY = "look the parcel up at the carrier and add what it says with `evidence add`"


class _Passing(TemporaryError):
    """A failure that may be over at the next try; `pause_seconds` is what the server asks to wait, if it does."""

    def __init__(self, message: str, pause_seconds: float | None = None) -> None:
        super().__init__(message)
        self.pause_seconds = pause_seconds


@dataclass(slots=True)
class _Round:
    """One batch of parcels: those still open by number, those registered just now, and the answers so far."""

    open: dict[str, TrackingQuery]
    new: set[str] = field(default_factory=set)
    answers: dict[str, TrackingAnswer] = field(default_factory=dict)

    def settle(self, number: str, answer: TrackingAnswer) -> None:
        """This parcel is answered."""
        self.answers[number] = answer
        self.open.pop(number, None)


class Track17:
    """`TrackingProvider` over 17TRACK's API.

    `secret_name` is how a message calls the key ("env:TRACK17_KEY"), `pace` the one that all who use the key share.
    """

    name = "17TRACK"

    def __init__(
        self,
        key: str,
        *,
        secret_name: str,
        url: str = "",
        timeout_seconds: float = 20.0,
        clock: Clock | None = None,
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        secret_name = secret_name.replace(key, "***") if key else secret_name
        if not re.fullmatch(r"[!-~]{8,200}", key):
            raise UserError(
                f"the 17TRACK key in {secret_name} is no key (plain characters, no blanks); copy it again "
                "from 17TRACK's API settings"
            )
        self._url = _checked_url(url or URL)
        self._key = key
        self._secret_name = secret_name
        self._timeout_seconds = timeout_seconds
        self._clock = clock or SystemClock()
        self._pace = pace or Pace(self._clock, MOST_A_SECOND)
        self._now = now

    def __repr__(self) -> str:
        return f"Track17({self._url!r}, secret_name={self._secret_name!r})"

    def track(self, ids: Sequence[TrackingQuery]) -> tuple[TrackingAnswer, ...]:
        """As `TrackingProvider.track`."""
        asked = {plain_tracking_id(query.tracking_id): query for query in ids}
        numbers = list(asked)
        answers: dict[str, TrackingAnswer] = {}
        with self._connection() as client:
            for start in range(0, len(numbers), MOST_AT_ONCE):
                batch = {number: asked[number] for number in numbers[start : start + MOST_AT_ONCE]}
                answers |= self._track_batch(client, batch)
        found = ((query, answers[plain_tracking_id(query.tracking_id)]) for query in ids)
        return tuple(_as_asked(query, answer) for query, answer in found)

    def _track_batch(
        self, client: httpx.Client, batch: Mapping[str, TrackingQuery]
    ) -> dict[str, TrackingAnswer]:
        parcels = _Round(dict(batch))
        self._register(client, parcels)
        pause = _FIRST_PAUSE_SECONDS
        for ask in range(_ASKS):
            if not parcels.open or (ask and not parcels.new & parcels.open.keys()):
                break
            if ask:
                self._clock.sleep(pause)
                pause *= 2
            self._get(client, parcels)
        waiting = parcels.new & parcels.open.keys()
        if waiting:
            raise self._later(f"17TRACK is still looking up {', '.join(sorted(waiting))}")
        for number, query in list(parcels.open.items()):
            problem = Problem(f"17TRACK knows nothing of parcel {query.tracking_id}", remedy=_USUAL_REMEDY)
            parcels.settle(number, TrackingAnswer(query.tracking_id, None, problem=problem))
        return parcels.answers

    def _register(self, client: httpx.Client, parcels: _Round) -> None:
        wanted: list[Json] = [
            {"number": number, "carrier": query.carrier_code, "auto_detection": True}
            if query.carrier_code
            else {"number": number}
            for number, query in parcels.open.items()
        ]
        data = self._ask(client, "register", wanted)
        parcels.new.update(plain_tracking_id(number) for number, _ in items(data, "accepted"))
        for number, entry in items(data, "rejected"):
            self._refused(parcels, plain_tracking_id(number), entry, fine=(_ALREADY_REGISTERED,))

    def _get(self, client: httpx.Client, parcels: _Round) -> None:
        data = self._ask(client, "gettrackinfo", [{"number": number} for number in parcels.open])
        for number, entry in items(data, "rejected"):
            self._refused(parcels, plain_tracking_id(number), entry, fine=_NOTHING_YET)
        found: dict[str, list[Json]] = {}
        for number, entry in items(data, "accepted"):
            found.setdefault(plain_tracking_id(number), []).append(entry)
        for number, entries in found.items():
            if number in parcels.open:
                self._take(parcels, number, entries)

    def _take(self, parcels: _Round, number: str, entries: Sequence[Json]) -> None:
        """The answer about one parcel; registered with two carriers, it has two entries, and the fuller one counts."""
        query = parcels.open[number]
        known = [entry for entry in entries if latest_status(entry)[0] not in ("", "NotFound")]
        if not known:
            if any(latest_status(entry)[1] == "NotFound_InvalidCode" for entry in entries):
                what = f"the carrier does not know {query.tracking_id}"
                problem = Problem(what, remedy="compare the tracking id with the label")
                parcels.settle(number, TrackingAnswer(query.tracking_id, None, problem=problem))
            return
        read = [
            (read_shipment(entry, query.order_id, query.tracking_id, f"{self.name} {number}"), entry)
            for entry in known
        ]
        shipment, entry = max(read, key=lambda one: len(one[0].scans))
        raw = json.dumps(entry, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
        parcels.settle(number, TrackingAnswer(query.tracking_id, shipment, raw))

    def _refused(self, parcels: _Round, number: str, entry: Json, fine: Sequence[int]) -> None:
        code, words = error_of(entry)
        if number not in parcels.open or code in fine:
            return
        if code == _INTERNAL:
            raise self._later("17TRACK has an internal failure")
        tracking_id = parcels.open[number].tracking_id
        what = f"17TRACK does not take parcel {tracking_id}: {self._without_key(words) or 'no reason given'}"
        problem = Problem(f"{what} ({code})", remedy=_REMEDIES.get(code, _USUAL_REMEDY))
        parcels.settle(number, TrackingAnswer(tracking_id, None, problem=problem))

    def _ask(self, client: httpx.Client, what: str, body: Sequence[Json]) -> object:
        """The `data` of the answer; tries again within this call where that may help."""
        try:
            for attempt in stamina.retry_context(on=_pause, attempts=_TRIES, timeout=60.0, wait_initial=0.5):
                with attempt:
                    self._pace.wait()
                    return self._data(self._exchange(client, what, body))
        except _Passing as failure:
            pause = timedelta(seconds=failure.pause_seconds) if failure.pause_seconds else _COME_BACK
            raise TemporaryError(str(failure), retry_at=self._now() + pause) from None
        raise AssertionError("a retry ends with a value or an error")

    def _exchange(self, client: httpx.Client, what: str, body: Sequence[Json]) -> bytes:
        """One request and the bytes of its answer."""
        lost = ""
        try:
            with client.stream("POST", f"{self._url}/{what}", json=body) as response:
                self._check_status(response)
                return self._bounded(response)
        except httpx.HTTPError as error:
            lost = type(error).__name__
        # Raised out here: the library's error holds the request, and with it the key.
        raise _Passing(f"the connection to 17TRACK failed ({lost})")

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if status in (401, 403):
            raise self._key_refused()
        if status == 429 or status >= 500:
            pause = _retry_after(response.headers.get("retry-after", ""), self._now())
            raise _Passing(f"17TRACK answers with HTTP status {status}", pause)
        place = "leads elsewhere" if 300 <= status < 400 else f"answers with HTTP status {status}"
        raise UserError(f"{self._url} {place}; check url in [tracking] (empty: {URL})")

    def _bounded(self, response: httpx.Response) -> bytes:
        content = bytearray()
        end = self._clock.monotonic() + 3 * self._timeout_seconds
        for part in response.iter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise self._later("17TRACK's answer is too long to be one")
            if self._clock.monotonic() > end:
                raise self._later("17TRACK's answer does not come to an end")
        return bytes(content)

    def _data(self, content: bytes) -> object:
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            raise self._later("17TRACK's answer is no JSON") from None
        code = answer.get("code") if isinstance(answer, dict) else None
        data = answer.get("data") if isinstance(answer, dict) else None
        if type(code) is not int or not isinstance(data, dict | None):
            raise self._later("17TRACK's answer is not what it documents")
        faults = data.get("errors") if data else None
        first = faults[0] if isinstance(faults, list) and faults and isinstance(faults[0], dict) else {}
        fault, words = error_of({"error": first})
        if code in _KEY_REFUSED or fault in _KEY_REFUSED:
            raise self._key_refused()
        if _INTERNAL in (code, fault):
            raise self._later("17TRACK has an internal failure")
        if code != 0 or fault:
            words = self._without_key(words)
            raise UserError(f"17TRACK refuses the request ({fault or code}){': ' if words else ''}{words}")
        if data is None:
            raise self._later("17TRACK's answer is empty")
        return data

    def _later(self, what: str) -> TemporaryError:
        return TemporaryError(what, retry_at=self._now() + _COME_BACK)

    def _key_refused(self) -> UserError:
        return UserError(
            f"17TRACK does not accept the key in {self._secret_name}; check the key, and the list of allowed "
            "addresses, in 17TRACK's API settings"
        )

    def _without_key(self, words: str) -> str:
        return one_line(words).replace(self._key, "***")

    @contextmanager
    def _connection(self) -> Iterator[httpx.Client]:
        headers = {"17token": self._key, "accept": "application/json"}
        with httpx.Client(
            headers=headers, timeout=self._timeout_seconds, follow_redirects=False, verify=True
        ) as client:
            yield client


def _pause(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    if not isinstance(error, _Passing):
        return False
    if error.pause_seconds is None:
        return True
    return error.pause_seconds if error.pause_seconds <= _LONGEST_PAUSE_SECONDS else False


def _retry_after(text: str, now: datetime) -> float | None:
    """The seconds of a Retry-After header, which are a number or a date; None when it is neither."""
    if re.fullmatch("[0-9]{1,6}", text.strip()):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - now).total_seconds()) if at.tzinfo is not None else None


def _as_asked(query: TrackingQuery, answer: TrackingAnswer) -> TrackingAnswer:
    """The answer for this query: one parcel may hold several orders, and be asked for once."""
    parcel = answer.shipment
    if parcel is not None:
        parcel = replace(parcel, order_id=query.order_id, tracking_id=query.tracking_id)
    return replace(answer, tracking_id=query.tracking_id, shipment=parcel)


def _checked_url(url: str) -> str:
    """The service's address without a slash at its end; the key travels over TLS, or to this machine."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL("")
    if parts.host and (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.host))):
        return url.rstrip("/")
    raise UserError(
        f"url in [tracking] is no https address: {one_line(url)[:100]!r}; leave it empty for {URL}"
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
