"""What the tracking service's client promises: the truth about a parcel, in bounds, and the key to nobody."""

from __future__ import annotations

import json
import logging
import subprocess
import traceback
from datetime import UTC, date, datetime, timedelta

import pytest
import stamina
import track17_server as served
from hypothesis import given
from hypothesis import strategies as st
from nouns import NOW, ORDER, dossier, shipment
from track17_server import ARRIVED, DELIVERED, KEY, LABEL, ORIGIN, OUT, event, track17_server, track_info

from inbox_bot.core.errors import Problem, TemporaryError, UserError
from inbox_bot.core.model import Destination
from inbox_bot.core.record import Origin, Scan, ShipmentStatus
from inbox_bot.orders.carrier_source import FRESH, MOST_PARCELS, CarrierSource
from inbox_bot.orders.carriers import load_carriers
from inbox_bot.orders.track17 import MOST_A_SECOND, Track17
from inbox_bot.orders.track17_answers import read_shipment, signature
from inbox_bot.orders.tracking_provider import Pace, TrackingAnswer, TrackingQuery
from inbox_bot.resources import rule_files

UPS_ID = "1Z999AA10123456784"
QUERY = TrackingQuery(ORDER, UPS_ID, 100002)
CARRIERS = load_carriers(rule_files("carriers*.toml"))


class TestClock:
    """Time that passes only when somebody waits."""

    __test__ = False

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def provider(server, clock=None, key=KEY, timeout_seconds=5.0):
    clock = clock or TestClock()
    return Track17(
        key,
        secret_name="env:TRACK17_KEY",
        url=server.url,
        timeout_seconds=timeout_seconds,
        clock=clock,
        now=lambda: NOW,
    )


def ask(server, *queries, **settings):
    return provider(server, **settings).track(queries or (QUERY,))


def endpoints(server):
    return [seen.endpoint for seen in server.seen]


def test_a_delivered_parcel_is_told_with_its_scans_place_and_signature():
    with track17_server(known={UPS_ID: DELIVERED}) as server:
        (answer,) = ask(server)
    parcel = answer.shipment
    assert parcel.status is ShipmentStatus.DELIVERED
    assert (parcel.order_id, parcel.tracking_id, parcel.carrier, parcel.method) == (
        ORDER,
        UPS_ID,
        "UPS",
        "UPS Ground",
    )
    assert (parcel.shipped_on, parcel.delivered_on, parcel.delivered_at_text) == (
        date(2026, 9, 1),
        date(2026, 9, 4),
        "14:12",
    )
    assert parcel.delivered_to == Destination((), "Austin", "TX", "78701", "US")
    assert parcel.signed_by == "P DOE"
    assert [scan.text for scan in parcel.scans][::3] == [
        "Shipper created a label",
        "DELIVERED. Signed by: P DOE",
    ]
    assert parcel.scans[1] == Scan(date(2026, 9, 1), "16:36", "Dallas, TX, US", "Origin Scan")
    assert json.loads(answer.raw_json)["track_info"] == DELIVERED
    assert answer.problem is None


def test_registers_first_and_sends_the_carrier_only_where_it_is_known():
    with track17_server(known={UPS_ID: DELIVERED, "RR123456785CN": DELIVERED}) as server:
        ask(server, QUERY, TrackingQuery(ORDER, "RR123456785CN"))
    assert endpoints(server) == ["register", "gettrackinfo"]
    assert json.loads(server.seen[0].body) == [
        {"number": UPS_ID, "carrier": 100002, "auto_detection": True},
        {"number": "RR123456785CN"},
    ]
    assert {seen.key for seen in server.seen} == {KEY}


def test_a_number_that_is_registered_already_is_asked_for_all_the_same():
    with track17_server(known={UPS_ID: DELIVERED}, registered={UPS_ID}) as server:
        (answer,) = ask(server)
    assert answer.shipment is not None


def test_a_rejected_number_is_a_problem_of_its_own_and_spares_the_others():
    with track17_server(
        known={UPS_ID: DELIVERED}, refused={"GARBAGE12345": (-18010012, "The format is invalid.")}
    ) as server:
        refused, good = ask(server, TrackingQuery(ORDER, "GARBAGE12345"), QUERY)
    assert refused.shipment is None
    assert "GARBAGE12345" in refused.problem.what
    assert "The format is invalid." in refused.problem.what
    assert good.shipment is not None


def test_an_empty_quota_says_what_to_do():
    with track17_server(refused={UPS_ID: (-18019908, "Your quotas have run out.")}) as server:
        (answer,) = ask(server)
    assert "quota" in answer.problem.remedy


def test_what_is_not_there_yet_is_asked_for_again_within_the_call():
    clock = TestClock()
    with track17_server(known={UPS_ID: DELIVERED}, not_before=2) as server:
        (answer,) = ask(server, clock=clock)
    assert answer.shipment is not None
    assert endpoints(server) == ["register", *["gettrackinfo"] * 3]
    assert clock.slept == [2.0, 4.0]


def test_a_new_number_that_stays_unknown_is_left_for_later_and_then_given_up():
    with track17_server() as server:
        with pytest.raises(TemporaryError) as later:
            ask(server)
        assert later.value.retry_at > NOW
        assert endpoints(server) == ["register", *["gettrackinfo"] * 4]
        (answer,) = ask(server)
        assert endpoints(server)[5:] == ["register", "gettrackinfo"]
    assert answer.shipment is None
    assert UPS_ID in answer.problem.what


def test_an_invalid_number_is_not_waited_for():
    invalid = track_info("NotFound", [], "NotFound_InvalidCode")
    with track17_server(known={UPS_ID: invalid}) as server:
        (answer,) = ask(server)
    assert "does not know" in answer.problem.what
    assert endpoints(server) == ["register", "gettrackinfo"]


def test_more_numbers_than_one_request_takes_are_asked_in_several():
    queries = [TrackingQuery(ORDER, f"9400111899223{number:09d}") for number in range(1, 86)]
    clock = TestClock()
    with track17_server(known={query.tracking_id: DELIVERED for query in queries}) as server:
        answers = ask(server, *queries, clock=clock)
    assert [answer.tracking_id for answer in answers] == [query.tracking_id for query in queries]
    assert [len(seen.numbers) for seen in server.seen] == [40, 40, 40, 40, 5, 5]
    assert sum(clock.slept) >= 1.0, "three requests a second"


@pytest.mark.parametrize(
    "fault",
    [served.status(500), served.status(503), served.status(429, retry_after="0"), served.cut],
    ids=["500", "503", "429", "cut"],
)
def test_a_failure_that_passes_is_tried_again_and_unnoticed(fault):
    with track17_server(known={UPS_ID: DELIVERED}, faults=[fault, fault]) as server:
        (answer,) = ask(server)
    assert answer.shipment is not None
    assert len(server.seen) == 4


def test_a_failure_that_lasts_ends_after_three_tries_and_says_come_back():
    with track17_server(faults=[served.status(500)] * 9) as server:
        with pytest.raises(TemporaryError, match="status 500"):
            ask(server)
        assert len(server.seen) == 3


def test_retry_after_is_waited_for_within_the_call():
    stamina.set_testing(False)
    with track17_server(known={UPS_ID: DELIVERED}, faults=[served.status(429, retry_after="1")]) as server:
        ask(server)
    assert server.seen[1].at - server.seen[0].at >= 1.0


def test_a_long_retry_after_is_left_to_the_caller():
    with track17_server(faults=[served.status(429, retry_after="3600")]) as server:
        with pytest.raises(TemporaryError) as later:
            ask(server)
        assert later.value.retry_at == NOW + timedelta(hours=1)
        assert len(server.seen) == 1


def test_a_retry_after_may_be_a_date():
    with track17_server(faults=[served.status(503, retry_after="Mon, 05 Oct 2026 11:30:00 GMT")]) as server:
        with pytest.raises(TemporaryError) as later:
            ask(server)
        assert later.value.retry_at == datetime(2026, 10, 5, 11, 30, tzinfo=UTC)


def test_a_server_that_hangs_is_given_up():
    with (
        track17_server(faults=[served.silent(1.0)] * 3) as server,
        pytest.raises(TemporaryError, match="ReadTimeout"),
    ):
        ask(server, timeout_seconds=0.1)


def test_nobody_listening_is_a_passing_failure():
    with track17_server() as server:
        pass
    with pytest.raises(TemporaryError, match="ConnectError"):
        ask(server)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>Bad gateway</html>", b"[]", b'"text"', b'{"code": "0", "data": {}}', b'{"code": 0}',
        b'{"code": 0, "data": []}', b"\xff\xfe\x00", b"[" * 100_000, b'{"code": 0, "data": {"accepted": [' + b" " * 10_000_000 + b"]}}",
        b'{"code": -18010003, "data": null}',
    ],
    ids=lambda content: content[:24].decode("latin-1"),
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_at_once_and_asked_again_later(content):
    with track17_server(faults=[served.body(content)]) as server:
        with pytest.raises(TemporaryError):
            ask(server)
        assert len(server.seen) == 1


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_names_the_secret_and_is_never_tried_again(code):
    with track17_server(faults=[served.status(code)]) as server:
        with pytest.raises(UserError, match="env:TRACK17_KEY"):
            ask(server)
        assert len(server.seen) == 1


@pytest.mark.parametrize("code", [-18010001, -18010002, -18010004, -18010005])
def test_a_key_refused_inside_the_json_is_a_refused_key_too(code):
    content = json.dumps({"code": 0, "data": {"errors": [{"code": code, "message": "no"}]}}).encode()
    with (
        track17_server(faults=[served.body(content)]) as server,
        pytest.raises(UserError, match="env:TRACK17_KEY"),
    ):
        ask(server)


@pytest.mark.parametrize("code", [301, 302, 307, 404])
def test_a_redirect_is_not_followed(code):
    elsewhere = served.status(code, location="http://127.0.0.1:1/steal")
    with track17_server(faults=[elsewhere]) as server:
        with pytest.raises(UserError, match=r"\[tracking\]"):
            ask(server)
        assert len(server.seen) == 1


def test_the_key_is_in_no_message_log_or_repr(caplog):
    caplog.set_level(logging.DEBUG)
    echo = json.dumps(
        {"code": -18010013, "data": {"errors": [{"code": -18010013, "message": f"bad {KEY}"}]}}
    ).encode()
    faults = [
        served.status(401),
        served.status(302),
        served.body(echo),
        served.body(b"x"),
        served.status(500),
        served.cut,
        served.cut,
    ]
    texts = []
    with track17_server(
        known={UPS_ID: DELIVERED}, refused={"RR123456785CN": (-1, f"no {KEY}")}, faults=faults
    ) as server:
        while server.faults:
            with pytest.raises((UserError, TemporaryError)) as failure:
                ask(server)
            texts += traceback.format_exception(failure.value)
            chained = failure.value
            while chained is not None:
                texts += [repr(chained), repr(vars(chained))]
                assert type(chained).__module__.partition(".")[0] not in ("httpx", "httpcore"), (
                    "it holds the request"
                )
                chained = chained.__cause__ or chained.__context__
        texts.append(repr(ask(server, TrackingQuery(ORDER, "RR123456785CN"), QUERY)))
        texts.append(repr(provider(server)))
    assert len(caplog.records) > 10
    assert KEY not in "\n".join([*texts, caplog.text])


@pytest.mark.parametrize("key", ["", "short", f"{KEY}\n", f"{KEY}\r\nX: y", "ключ" * 4, f"Bearer {KEY}"])
def test_a_key_that_cannot_be_one_is_refused_unseen(key):
    with pytest.raises(UserError, match="env:TRACK17_KEY") as failure:
        Track17(key, secret_name="env:TRACK17_KEY")
    assert not key.strip() or key.strip() not in str(failure.value)


def test_a_key_written_into_the_configuration_is_not_shown_either():
    with track17_server(faults=[served.status(401)]) as server, pytest.raises(UserError) as failure:
        Track17(KEY, secret_name=f"plain:{KEY}", url=server.url).track([QUERY])
    assert KEY not in str(failure.value)


def test_one_parcel_of_two_orders_is_asked_for_once_and_told_of_both():
    other = "113-0196033-6384225"
    with track17_server(known={UPS_ID: DELIVERED}) as server:
        answers = ask(server, QUERY, TrackingQuery(other, "1Z 999 AA1 01 2345 6784"))
    assert [answer.shipment.order_id for answer in answers] == [ORDER, other]
    assert [seen.numbers for seen in server.seen] == [[UPS_ID], [UPS_ID]]


def test_a_server_without_a_good_certificate_never_sees_the_key(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    making = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=127.0.0.1",
    ]
    subprocess.run([*making, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with track17_server(certificate=(certificate, key)) as server:
        with pytest.raises(TemporaryError, match="ConnectError"):
            ask(server)
        assert server.seen == []


@pytest.mark.parametrize(
    "url",
    ["http://api.17track.example/v2", "ftp://127.0.0.1/", "https://", "//x", "http://127.0.0.1.example/"],
)
def test_the_key_travels_over_tls_or_stays_on_this_machine(url):
    with pytest.raises(UserError, match=r"\[tracking\]"):
        Track17(KEY, secret_name="env:TRACK17_KEY", url=url)


def test_the_pace_is_kept_by_all_who_share_it():
    clock = TestClock()
    pace = Pace(clock, MOST_A_SECOND)
    begun = []
    for _ in range(10):
        pace.wait()
        begun.append(clock.now)
    assert all(later - earlier >= 1.0 for earlier, later in zip(begun, begun[3:], strict=False))
    assert begun[-1] == 1003.0


# --- reading -----------------------------------------------------------------------------------------------------------


def read(info):
    return read_shipment({"number": UPS_ID, "track_info": info}, ORDER, UPS_ID, "17TRACK x")


RETURNING = event("2026-09-05T09:00:00-05:00", "Return to sender", "Austin, TX", "Returning")


@pytest.mark.parametrize(
    ("main", "finer", "events", "expected"),
    [
        ("InfoReceived", "InfoReceived", [LABEL], ShipmentStatus.LABEL_CREATED),
        ("InTransit", "InTransit_PickedUp", [LABEL, ORIGIN], ShipmentStatus.IN_TRANSIT),
        ("OutForDelivery", "", [LABEL, ORIGIN, OUT], ShipmentStatus.IN_TRANSIT),
        ("AvailableForPickup", "", [LABEL, ORIGIN], ShipmentStatus.IN_TRANSIT),
        ("DeliveryFailure", "DeliveryFailure_NoBody", [LABEL, ORIGIN], ShipmentStatus.IN_TRANSIT),
        ("Delivered", "Delivered_Other", [LABEL, ORIGIN, ARRIVED], ShipmentStatus.DELIVERED),
        ("Delivered", "Delivered_Signed", [LABEL, ORIGIN, ARRIVED], ShipmentStatus.DELIVERED),
        (
            "Delivered",
            "Delivered_Other",
            [LABEL, ORIGIN, RETURNING, ARRIVED],
            ShipmentStatus.RETURNED_TO_SENDER,
        ),
        ("Exception", "Exception_Returning", [ORIGIN], ShipmentStatus.RETURNED_TO_SENDER),
        ("Exception", "Exception_Returned", [ORIGIN, ARRIVED], ShipmentStatus.RETURNED_TO_SENDER),
        ("Exception", "Exception_Lost", [ORIGIN], ShipmentStatus.LOST),
        ("Exception", "Exception_Destroyed", [ORIGIN], ShipmentStatus.LOST),
        ("Exception", "Exception_Damage", [LABEL, OUT], ShipmentStatus.IN_TRANSIT),
        ("Exception", "Exception_Cancel", [LABEL], ShipmentStatus.LABEL_CREATED),
        ("Expired", "Expired_Other", [LABEL], ShipmentStatus.LABEL_CREATED),
        ("Expired", "Expired_Other", [LABEL, ORIGIN, OUT], ShipmentStatus.IN_TRANSIT),
        ("SomethingNew", "", [], ShipmentStatus.NOT_KNOWN),
    ],
)
def test_each_status_says_no_more_than_it_proves(main, finer, events, expected):
    parcel = read(track_info(main, events, finer))
    assert parcel.status is expected
    if expected is not ShipmentStatus.DELIVERED:
        assert (parcel.delivered_on, parcel.signed_by, parcel.delivered_to) == (None, "", Destination())
    if expected is ShipmentStatus.LABEL_CREATED:
        assert parcel.shipped_on is None


def test_a_label_is_no_shipping_day_and_an_unnamed_first_scan_neither():
    assert read(track_info("InTransit", [LABEL, ORIGIN, OUT])).shipped_on == date(2026, 9, 1)
    assert read(track_info("InTransit", [ORIGIN, OUT])).shipped_on is None
    assert read(
        track_info("InTransit", [ORIGIN, OUT], milestones={"PickedUp": "2026-09-02T01:00:00Z"})
    ).shipped_on == date(2026, 9, 2)


def test_the_day_of_delivery_is_the_one_at_the_place_not_in_greenwich():
    late = event("2026-09-04T23:40:00-07:00", "Delivered", "Gasquet, CA", "Delivered")
    late["time_raw"] = None
    parcel = read(track_info("Delivered", [ORIGIN, late]))
    assert (parcel.delivered_on, parcel.delivered_at_text) == (date(2026, 9, 4), "23:40")


def test_a_midnight_nobody_printed_is_no_clock_time():
    noted = event("2026-09-04T00:00:00Z", "Delivered", "", "Delivered")
    noted["time_raw"] = {"date": "2026-09-04", "time": None}
    assert read(track_info("Delivered", [noted])).delivered_at_text == ""
    noted["time_raw"] = {}
    assert read(track_info("Delivered", [noted])).delivered_at_text == ""


def test_scans_of_two_carriers_are_one_history_oldest_first():
    info = track_info("Delivered", [OUT, ARRIVED])
    abroad = {"provider": {"name": "China Post"}, "events": [ORIGIN, LABEL, "garbage", None]}
    info["tracking"]["providers"].append(abroad)
    assert [scan.text for scan in read(info).scans] == [
        one["description"] for one in (LABEL, ORIGIN, OUT, ARRIVED)
    ]


def test_texts_of_a_carrier_are_on_one_line_within_bounds_and_without_hidden_characters():
    nasty = event(
        "2026-09-04T10:00:00Z",
        "a\n\u202eb\x00" + "x" * 5000,
        "c\r\nd" + "y" * 5000,
        "Delivered",
        city="z" * 9000,
    )
    parcel = read(track_info("Delivered", [nasty]))
    (scan,) = parcel.scans
    assert scan.text.startswith("a bx")
    assert len(scan.text) <= 300
    assert len(scan.place) <= 80
    assert len(parcel.delivered_to.city) <= 80
    assert "\n" not in scan.place


def test_a_history_without_end_is_bounded():
    info = track_info(
        "InTransit", [event(f"2026-09-04T10:{n % 60:02d}:00Z", f"scan {n}") for n in range(5000)]
    )
    assert len(read(info).scans) == 300


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["Delivered", "2026-09-04T10:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "track_info",
                    "latest_status",
                    "status",
                    "sub_status",
                    "tracking",
                    "providers",
                    "events",
                    "provider",
                    "name",
                    "milestone",
                    "key_stage",
                    "time_iso",
                    "time_raw",
                    "date",
                    "time",
                    "description",
                    "location",
                    "stage",
                    "address",
                    "city",
                    "postal_code",
                    "misc_info",
                    "service_type",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_no_json_whatever_breaks_the_reading(value):
    parcel = read(value)
    assert parcel.tracking_id == UPS_ID
    assert parcel.status is ShipmentStatus.DELIVERED or parcel.delivered_on is None


@given(
    st.sampled_from(["status", "events", "address", "time_raw", "description", "stage", "providers"]), JSON
)
def test_one_part_of_another_type_leaves_the_rest_readable(key, value):
    def spoil(part):
        if isinstance(part, dict):
            return {name: value if name == key else spoil(inner) for name, inner in part.items()}
        return [spoil(inner) for inner in part] if isinstance(part, list) else part

    with_spoiled = read(spoil(DELIVERED))
    assert with_spoiled.order_id == ORDER


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Delivered, Signed by: J DOE", "J DOE"),
        ("Signed for by: M SMITH.", "M SMITH"),
        ("Delivered - Signed for by: MÜLLER", "MÜLLER"),
        ("DELIVERED, received by P. Doe at AUSTIN", "P. Doe"),
        ("Signed by JANE O'NEIL in Austin", "JANE O'NEIL"),
        ("已签收，签收人：王小明，感谢使用", "王小明"),
        ("签收人: 本人", ""),
        ("Delivered. Received by: DRIVER RELEASE", ""),
        ("Delivered, Left with Individual", ""),
        ("Signature not required", ""),
        ("signed by: 1234", ""),
        ("The parcel was signed for by the recipient", ""),
        ("Received by a person", ""),
        ("Received by carrier in Austin", ""),
        ("Delivered", ""),
    ],
)
def test_a_signature_is_a_name_and_nothing_else(text, name):
    assert signature(text) == name


# --- the source --------------------------------------------------------------------------------------------------------


class Told:
    """A provider that tells what it is given, and remembers what it was asked."""

    name = "17TRACK"

    def __init__(self, *shipments, failure=None) -> None:
        self.shipments = {one.tracking_id: one for one in shipments}
        self.failure = failure
        self.asked: list[TrackingQuery] = []

    def track(self, ids):
        self.asked += ids
        if self.failure is not None:
            raise self.failure
        return tuple(self._answer(query) for query in ids)

    def _answer(self, query):
        known = self.shipments.get(query.tracking_id)
        if known is None:
            return TrackingAnswer(query.tracking_id, None, problem=Problem(f"nothing of {query.tracking_id}"))
        return TrackingAnswer(query.tracking_id, known, repr(known).encode())


def source(provider, kept=()):
    return CarrierSource(
        provider, CARRIERS, lambda order_id: [one for one in kept if one.dossier.order_id == order_id]
    )


def scan(day, text, status=ShipmentStatus.IN_TRANSIT):
    return Scan(date(2026, 9, day), "10:00", "Austin", text, status)


MOVING = shipment(
    status=ShipmentStatus.IN_TRANSIT,
    delivered_on=None,
    delivered_to=Destination(),
    scans=(scan(1, "picked up"), scan(2, "sorted")),
    source="17TRACK",
)
THERE = shipment(scans=(scan(4, "delivered", ShipmentStatus.DELIVERED),), signed_by="P DOE", source="17TRACK")
KNOWN = dossier(
    shipments=(shipment(status=ShipmentStatus.NOT_KNOWN, delivered_on=None, delivered_to=Destination()),)
)


def test_a_finding_holds_the_scans_their_origin_and_the_raw_answer():
    provider = Told(THERE)
    finding = source(provider).look_up(KNOWN, NOW)
    (parcel,), (cited,) = finding.dossier.shipments, finding.dossier.provenance
    assert parcel.scans == THERE.scans
    assert (cited.name, cited.origin, cited.collected_at) == (f"17TRACK {UPS_ID}", Origin.CARRIER, NOW)
    assert finding.dossier.cited(parcel.source) == (cited,)
    assert finding.files == {cited.sha256: repr(THERE).encode()}
    assert [(record.key, record.dossier) for record in finding.keep] == [
        (f"17track {UPS_ID}", finding.dossier)
    ]
    assert provider.asked == [TrackingQuery(ORDER, UPS_ID, 100002)]


def test_what_the_carrier_has_deleted_since_stays_on_record_with_its_snapshot():
    first = source(Told(MOVING)).look_up(KNOWN, NOW)
    second = source(Told(THERE), first.keep).look_up(KNOWN, NOW + timedelta(days=2))
    (parcel,) = second.dossier.shipments
    assert [one.text for one in parcel.scans] == ["picked up", "sorted", "delivered"]
    assert parcel.status is ShipmentStatus.DELIVERED
    assert [one.collected_at for one in second.dossier.provenance] == [NOW, NOW + timedelta(days=2)]
    assert second.keep[0].dossier == second.dossier


def test_a_snapshot_that_holds_all_of_the_former_one_takes_its_place():
    first = source(Told(MOVING)).look_up(KNOWN, NOW)
    fuller = shipment(scans=(*MOVING.scans, *THERE.scans), source="17TRACK")
    second = source(Told(fuller), first.keep).look_up(KNOWN, NOW + timedelta(days=1))
    assert [one.collected_at for one in second.dossier.provenance] == [NOW + timedelta(days=1)]


def test_a_parcel_that_was_lost_and_found_is_not_lost():
    lost = source(
        Told(
            shipment(
                status=ShipmentStatus.LOST, delivered_on=None, scans=(scan(2, "lost", ShipmentStatus.LOST),)
            )
        )
    )
    kept = lost.look_up(KNOWN, NOW).keep
    again = source(Told(MOVING), kept).look_up(KNOWN, NOW + timedelta(days=1))
    assert again.dossier.shipments[0].status is ShipmentStatus.IN_TRANSIT


def test_a_young_snapshot_is_used_without_asking():
    kept = source(Told(MOVING)).look_up(KNOWN, NOW).keep
    provider = Told()
    finding = source(provider, kept).look_up(KNOWN, NOW + FRESH - timedelta(minutes=1))
    assert provider.asked == []
    assert finding.dossier == kept[0].dossier
    assert finding.keep == ()
    source(provider, kept).look_up(KNOWN, NOW + FRESH)
    assert len(provider.asked) == 1


def test_a_delivered_parcel_with_scans_is_never_asked_for_again():
    kept = source(Told(THERE)).look_up(KNOWN, NOW).keep
    provider = Told()
    finding = source(provider, kept).look_up(KNOWN, NOW + timedelta(days=60))
    assert provider.asked == []
    assert finding.dossier.shipments[0].signed_by == "P DOE"


def test_an_answer_without_a_shipment_leaves_what_was_kept_and_says_why():
    kept = source(Told(MOVING)).look_up(KNOWN, NOW).keep
    finding = source(Told(), kept).look_up(KNOWN, NOW + timedelta(days=1))
    assert finding.dossier == kept[0].dossier
    assert [problem.what for problem in finding.problems] == [f"nothing of {UPS_ID}"]


@pytest.mark.parametrize(
    "tracking_id", ["", "see mail", ORDER, "1.23457E+11", "00000000000", "N/A", "1234567890"]
)
def test_what_is_no_tracking_id_is_never_sent_out(tracking_id):
    provider = Told()
    finding = source(provider).look_up(dossier(shipments=(shipment(tracking_id=tracking_id),)), NOW)
    assert provider.asked == []
    assert finding.problems == ()


def test_no_more_than_ten_parcels_are_asked_for_and_that_is_said():
    parcels = tuple(shipment(tracking_id=f"TBA6196326{number:05d}") for number in range(12))
    provider = Told(*parcels)
    finding = source(provider).look_up(dossier(shipments=parcels), NOW)
    assert len(provider.asked) == MOST_PARCELS
    assert "12 parcels" in finding.problems[0].what


def test_a_passing_failure_is_raised_and_a_lasting_one_is_told():
    with pytest.raises(TemporaryError):
        source(Told(failure=TemporaryError("away"))).look_up(KNOWN, NOW)
    finding = source(Told(failure=UserError("the key in env:TRACK17_KEY"))).look_up(KNOWN, NOW)
    assert [problem.what for problem in finding.problems] == ["the key in env:TRACK17_KEY"]
    assert finding.dossier == dossier(order=None, shipments=())


def test_the_whole_way_over_a_socket():
    with track17_server(known={UPS_ID: DELIVERED}) as server:
        finding = source(provider(server)).look_up(KNOWN, NOW)
    (parcel,) = finding.dossier.shipments
    assert (parcel.carrier, parcel.delivered_on, parcel.signed_by) == ("UPS", date(2026, 9, 4), "P DOE")
    assert [json.loads(content)["number"] for content in finding.files.values()] == [UPS_ID]
