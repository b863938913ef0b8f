"""What the record is worth: the bundled table row by row, how the score behaves, and what a table may not say."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nouns import NOW, ORDER, dossier, message, notice, order, shipment

from inbox_bot.core.assessment import Assessment, Role, Standing
from inbox_bot.core.errors import UserError
from inbox_bot.core.evidence import EvidenceRules, assess, score_of
from inbox_bot.core.evidence_table import load_evidence_rules
from inbox_bot.core.exhibits import ExhibitKind, list_exhibits
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.model import Destination, Money, Reason
from inbox_bot.core.record import (
    Contradiction,
    Document,
    DocumentKind,
    Dossier,
    Grade,
    Origin,
    Party,
    Posting,
    PostingKind,
    Provenance,
    Refund,
    Return,
    Scan,
    ShipmentStatus,
)
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.resources import rule_files

RULES = load_evidence_rules(rule_files("evidence*.toml"))
DALLAS = Destination(city="Dallas", postal_code="75201")
OTHER = "113-7777777-1111111"
REFUND = Refund(ORDER, date(2026, 9, 20), Money(Decimal("108.84"), "USD"), "", "a mail")
MOVING = shipment(status=ShipmentStatus.IN_TRANSIT, delivered_on=None, delivered_to=Destination())
UNPLACED = shipment(delivered_to=Destination())
SIGNED = shipment(signed_by="R. Smith")
LABEL = shipment(status=ShipmentStatus.LABEL_CREATED, delivered_on=None, delivered_to=Destination())
BACK = Return(ORDER, date(2026, 9, 10), date(2026, 9, 20), "MUG-1", 1, "DEFECTIVE", "SELLABLE", "", "returns")
CANCELLED = dossier(order=order(status="cancelled"), shipments=())
SCANS = tuple(Scan(date(2026, 9, day), "", "Austin", "Departed") for day in (2, 3))
ODD = Contradiction("delivery day of 1Z", (("2026-09-04", "a mail"), ("2026-09-09", "a report")))
ADMITS = message("It arrived, thank you.", marks=("admits_receipt",))


def weighed(*dossiers: Dossier, rules: EvidenceRules = RULES, **of_notice) -> Assessment:
    facts = find_facts(notice(**of_notice), dossiers[0], dossiers[1:])
    return assess(facts, dossiers, rules, NOW)


def posting(kind: PostingKind, amount: str) -> Posting:
    return Posting(ORDER, kind, Money(Decimal(amount), "USD"), date(2026, 9, 30), "77", "settlement")


def document(shows: str, kind: DocumentKind = DocumentKind.PDF) -> Document:
    digest = shows.encode().hex().ljust(64, "0")
    return Document(ORDER, f"{shows}.x", kind, shows, "application/pdf", digest, digest, 1, f"folder {shows}")


def grade_of(assessment: Assessment, kind: str, key: str | None = None) -> list[str]:
    return [
        one.grade.value for one in assessment.evidence if one.kind == kind and (key is None or one.key == key)
    ]


PARCEL_GRADES = [
    (LABEL, "invalid"),
    (replace(LABEL, shipped_on=None), "invalid"),
    (replace(LABEL, status=ShipmentStatus.NOT_KNOWN, shipped_on=None), "invalid"),
    (replace(LABEL, status=ShipmentStatus.NOT_KNOWN), "supporting"),
    (MOVING, "supporting"),
    (UNPLACED, "moderate"),
    (shipment(delivered_to=DALLAS), "moderate"),
    (shipment(), "strong"),
    (shipment(delivered_to=Destination(city="austin")), "strong"),
    (replace(UNPLACED, signed_by="R. Smith"), "strong"),
]


@pytest.mark.parametrize(("parcel", "grade"), PARCEL_GRADES, ids=[str(n) for n in range(len(PARCEL_GRADES))])
def test_a_parcel_is_graded_by_how_far_it_came(parcel, grade):
    assert grade_of(weighed(dossier(shipments=(parcel,))), "tracking", parcel.tracking_id) == [grade]


def test_one_parcels_delivery_does_not_grade_another():
    second = replace(MOVING, tracking_id="1Z999AA10123456799")
    label = replace(LABEL, tracking_id="1Z999AA10123456700")
    found = weighed(dossier(shipments=(SIGNED, second, label)))
    assert grade_of(found, "tracking", SIGNED.tracking_id) == ["strong"]
    assert grade_of(found, "tracking", second.tracking_id) == ["supporting"]
    assert grade_of(found, "tracking", label.tracking_id) == ["invalid"]


def test_a_label_never_counts_whatever_a_table_of_ones_own_says():
    everything = table(
        ROW.format(name="label", when='"label_only"', points=100, grade="strong") + 'shown_by = ["parcel"]\n'
    )
    found = weighed(dossier(shipments=(LABEL,)), rules=everything)
    assert grade_of(found, "tracking") == ["invalid"]
    bundled = weighed(dossier(shipments=(LABEL,)))
    assert not any(
        item.present
        for item in bundled.checklist
        if item.name in ("ship date", "in transit", "delivery scan")
    )


def test_every_piece_of_evidence_names_the_exhibit_that_carries_it():
    full = dossier(
        messages=(ADMITS, message(party=Party.SELLER)),
        refunds=(REFUND,),
        returns=(BACK,),
        postings=(posting(PostingKind.CHARGEBACK, "-5"), posting(PostingKind.ORDER, "100")),
        documents=(document("invoice"), document("item", DocumentKind.PHOTO)),
    )
    found = weighed(full)
    exhibits = list_exhibits([full], found.evidence)
    assert {one.kind for one in exhibits} == set(ExhibitKind)
    named = {(one.kind, one.key) for one in found.evidence}
    assert named == {(one.kind.value, one.key) for one in exhibits}
    assert [one.grade for one in found.evidence] == sorted(
        (one.grade for one in found.evidence), key=list(Grade).index
    )
    assert "108.84 USD" in " ".join(one.statement for one in found.evidence)
    assert not any("100" in one.statement for one in found.evidence)  # the sale itself proves nothing


def test_evidence_says_when_and_from_what_it_was_collected():
    at = NOW - timedelta(days=3)
    traced = dossier(provenance=(Provenance("test", Origin.REPORT, at, "f" * 64),))
    parcel = next(one for one in weighed(traced).evidence if one.kind == "tracking")
    assert (parcel.source, parcel.collected_at, parcel.sha256) == ("test", at, "f" * 64)
    assert next(one for one in weighed(dossier()).evidence if one.kind == "tracking").collected_at == NOW


def test_a_refund_of_the_other_order_does_not_speak_for_this_one():
    other = Dossier(OTHER, order(order_id=OTHER), refunds=(replace(REFUND, order_id=OTHER),))
    own = weighed(dossier(refunds=(REFUND,)), reason=Reason.CREDIT_NOT_PROCESSED)
    assert grade_of(own, "refunds") == ["strong"]
    others = weighed(dossier(), other, reason=Reason.CREDIT_NOT_PROCESSED)
    assert grade_of(others, "refunds") == ["supporting"]


# What has to be on record for each row of the bundled table to hold.
def spoken(*parties_at: tuple[Party, int]):
    return tuple(
        message(party=party, at=NOW - timedelta(days=days), mail_sha256=f"{days:064}")
        for party, days in parties_at
    )


HOLDS = [
    ("order data", Reason.NOT_RECEIVED, dossier()),
    ("ship date", Reason.NOT_RECEIVED, dossier(shipments=(MOVING,))),
    ("carrier", Reason.NOT_RECEIVED, dossier(shipments=(MOVING,))),
    ("tracking number", Reason.NOT_RECEIVED, dossier(shipments=(MOVING,))),
    ("correspondence", Reason.NOT_RECEIVED, dossier(messages=(message(),))),
    ("delivery scan", Reason.NOT_RECEIVED, dossier(shipments=(UNPLACED,))),
    ("delivery scan", Reason.NOT_RECEIVED, dossier(shipments=(MOVING,), marks=("admits_receipt",))),
    ("delivery scan", Reason.NOT_RECEIVED, dossier(shipments=(MOVING, shipment(tracking_id="2", replacement=True)))),
    ("delivery to the order's address", Reason.UNAUTHORIZED, dossier()),
    ("delivery", Reason.UNKNOWN, dossier(shipments=(UNPLACED,))),
    ("matching destination", Reason.NOT_RECEIVED, dossier()),
    ("delivery document", Reason.NOT_RECEIVED, dossier(documents=(document("delivery"),))),
    ("in transit", Reason.NOT_RECEIVED, dossier(shipments=(MOVING,))),
    ("tracking history", Reason.NOT_RECEIVED, dossier(shipments=(shipment(scans=SCANS),))),
    ("sources contradict each other", Reason.DUPLICATE, dossier(contradictions=(ODD,))),
    ("signature", Reason.NOT_RECEIVED, dossier(shipments=(SIGNED,))),
    ("signature document", Reason.NOT_RECEIVED, dossier(documents=(document("signature"),))),
    ("buyer admits receipt", Reason.NOT_RECEIVED, dossier(marks=("admits_receipt",), messages=(ADMITS,))),
    ("replacement delivered", Reason.NOT_RECEIVED, dossier(shipments=(shipment(replacement=True),))),
    ("buyer wrote about the order", Reason.UNAUTHORIZED, dossier(messages=(message(),))),
    ("earlier orders", Reason.UNAUTHORIZED, dossier(documents=(document("other"),))),
    ("item as listed", Reason.NOT_AS_DESCRIBED, dossier()),
    ("correspondence about the item", Reason.NOT_AS_DESCRIBED, dossier(messages=(message(),))),
    ("photos", Reason.NOT_AS_DESCRIBED, dossier(documents=(document("item", DocumentKind.PHOTO),))),
    ("item document", Reason.NOT_AS_DESCRIBED, dossier(documents=(document("item"),))),
    ("supplier invoice", Reason.NOT_AS_DESCRIBED, dossier(documents=(document("invoice"),))),
    ("listing", Reason.NOT_AS_DESCRIBED, dossier(documents=(document("listing"),))),
    ("offer to make it good", Reason.NOT_AS_DESCRIBED, dossier(marks=("offers_replacement",))),
    ("buyer went silent", Reason.NOT_AS_DESCRIBED, dossier(messages=spoken((Party.BUYER, 9), (Party.SELLER, 8)))),
    ("refund of the disputed amount", Reason.CREDIT_NOT_PROCESSED, dossier(refunds=(REFUND,))),
    ("refund date", Reason.CREDIT_NOT_PROCESSED, dossier(refunds=(REFUND,))),
    ("return not arrived", Reason.CREDIT_NOT_PROCESSED, dossier(returns=(replace(BACK, received_on=None),))),
    ("second order", Reason.DUPLICATE, dossier()),
    ("two shipments", Reason.DUPLICATE, dossier()),
    ("buyer speaks of both", Reason.DUPLICATE, dossier(messages=(message(),))),
    ("not cancelled in time", Reason.CANCELLED, dossier()),
    ("shipped before the cancellation", Reason.CANCELLED, dossier(marks=("asks_to_cancel",), messages=(message(marks=("asks_to_cancel",)),))),
    ("only a part was delivered", Reason.NOT_RECEIVED, dossier(shipments=(shipment(), replace(MOVING, tracking_id="2", status=ShipmentStatus.LOST)))),
    ("another place", Reason.NOT_RECEIVED, dossier(shipments=(shipment(delivered_to=DALLAS),))),
    ("buyer complained at once", Reason.NOT_AS_DESCRIBED, dossier(marks=("complains_of_fault",))),
    ("charged twice", Reason.DUPLICATE, dossier(marks=("charged_twice",))),
    ("cancellation before shipping", Reason.CANCELLED, dossier(shipments=(), marks=("asks_to_cancel",))),
    ("credit promised", Reason.CREDIT_NOT_PROCESSED, dossier(marks=("offers_refund",))),
    ("refund on record", Reason.NOT_RECEIVED, dossier(refunds=(replace(REFUND, amount=None),))),
    ("Buy Shipping protection", Reason.NOT_RECEIVED, dossier(shipments=(shipment(method="USPS Ground, Claims Protected"),))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason", "record"), HOLDS, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(HOLDS)]
)
def test_a_row_is_present_when_the_record_shows_it_and_absent_when_nothing_is_on_record(name, reason, record):
    other = Dossier(OTHER, order(order_id=OTHER), (shipment(order_id=OTHER, tracking_id="3"),))
    shown = {item.name: item for item in weighed(record, other, reason=reason).checklist}
    assert shown[name].present
    nothing = {item.name: item for item in weighed(Dossier(ORDER), reason=reason, items=()).checklist}
    assert not nothing[name].present or name == "not cancelled in time"


def test_the_rows_above_are_the_whole_bundled_table():
    assert {name for name, _, _ in HOLDS} == {row.name for row in RULES.rows}


FATAL = [
    ("refunded in full", Reason.CREDIT_NOT_PROCESSED, dossier(refunds=(REFUND,))),
    ("A-to-z claim", Reason.NOT_RECEIVED, dossier(postings=(posting(PostingKind.ATOZ, "-108.84"),))),
    ("charged back already", Reason.NOT_RECEIVED, dossier(postings=(posting(PostingKind.CHARGEBACK, "-108.84"),))),
    ("never shipped", Reason.NOT_RECEIVED, CANCELLED),
    ("only a label", Reason.NOT_RECEIVED, dossier(shipments=(LABEL,))),
    ("returned to sender", Reason.UNAUTHORIZED, dossier(shipments=(replace(MOVING, status=ShipmentStatus.RETURNED_TO_SENDER),))),
    ("lost", Reason.NOT_RECEIVED, dossier(shipments=(replace(MOVING, status=ShipmentStatus.LOST),))),
    ("delivered to another place", Reason.UNAUTHORIZED, dossier(shipments=(shipment(delivered_to=DALLAS),))),
    ("admitted the fault", Reason.NOT_AS_DESCRIBED, dossier(marks=("admits_fault",))),
    ("returned and not refunded", Reason.NOT_AS_DESCRIBED, dossier(returns=(BACK,))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "reason", "record"), FATAL, ids=[row[0] for row in FATAL])
def test_what_settles_a_case_is_found_alone(words, reason, record):
    found = weighed(record, reason=reason)
    assert len(found.fatal) == 1
    assert words in found.fatal[0]
    assert found.standing.fatal
    assert words in found.standing.fatal_findings


def test_the_findings_above_are_all_there_are_and_a_sound_case_has_none():
    assert len(FATAL) == len(RULES.fatal)
    for reason in Reason:
        assert weighed(dossier(), reason=reason).fatal == ()


def test_a_charge_that_was_given_back_is_not_debited():
    reversed_later = (posting(PostingKind.CHARGEBACK, "-108.84"), posting(PostingKind.CHARGEBACK, "108.84"))
    assert weighed(dossier(postings=reversed_later)).fatal == ()


@pytest.mark.parametrize("reason", list(Reason))
def test_the_score_goes_from_nothing_to_a_hundred(reason):
    rows = [row for row in RULES.rows if not row.reasons or reason in row.reasons]
    good = [row for row in rows if row.role in (Role.REQUIRED, Role.HELPS)]
    assert score_of(rows, []) == 0
    assert score_of(rows, good) == 100
    assert 0 <= score_of(rows, rows) <= 100
    assert any(row.role is Role.REQUIRED for row in rows)


ROWS_OF = st.sampled_from(list(Reason)).map(
    lambda reason: [row for row in RULES.rows if not row.reasons or reason in row.reasons]
)


@given(st.data())
def test_one_row_more_never_lowers_the_score_and_one_that_hurts_never_raises_it(data):
    rows = data.draw(ROWS_OF)
    present = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.name))
    more = data.draw(st.sampled_from(rows))
    before, after = score_of(rows, present), score_of(rows, [*present, *([] if more in present else [more])])
    assert after <= before if more.role is Role.HURTS else after >= before
    if more.role is Role.STATES:
        assert after == before


BETTER = (
    *(
        "signed",
        "delivery_document",
        "signature_document",
        "invoice_known",
        "listing_document",
        "item_document",
    ),
    *(
        "carrier_known",
        "tracking_known",
        "order_known",
        "correspondence",
        "buyer_wrote",
        "seller_wrote",
        "buyer_went_silent",
    ),
    *(
        "buyer_admits_receipt",
        "replacement_delivered",
        "item_known",
        "second_order_known",
        "two_shipments",
        "shipped",
        "delivered",
    ),
)
FACTS = [
    find_facts(notice(reason=reason), record)
    for reason in Reason
    for record in (
        dossier(),
        dossier(shipments=(MOVING,)),
        Dossier(ORDER),
        CANCELLED,
        dossier(marks=("offers_refund",)),
    )
]


@settings(deadline=None)
@given(st.sampled_from(FACTS), st.sets(st.sampled_from(BETTER)), st.sampled_from(BETTER), st.integers(0, 3))
def test_more_on_record_for_the_seller_never_lowers_the_score(facts, shown, more, photos):
    before = replace(facts, photos=photos, **dict.fromkeys(shown, True))
    after = replace(before, photos=photos + 1, **{more: True})
    assert (
        assess(after, [Dossier(ORDER)], RULES, NOW).score
        >= assess(before, [Dossier(ORDER)], RULES, NOW).score
    )


def test_one_fact_counts_once():
    admitted = {"marks": ("admits_receipt",), "messages": (ADMITS,)}
    on_its_way = weighed(dossier(shipments=(MOVING,), **admitted))
    also_delivered = weighed(dossier(shipments=(shipment(),), **admitted))
    assert on_its_way.score == also_delivered.score
    assert weighed(dossier()).score < weighed(dossier(shipments=(SIGNED,))).score


def test_the_missing_are_ordered_by_what_would_raise_the_score_most():
    missing = weighed(dossier(shipments=(MOVING,))).missing
    assert missing[0].name == "buyer admits receipt"
    gains = [item.gain for item in missing]
    assert gains == sorted(gains, reverse=True)
    assert all(item.get for item in missing)
    assert not any(item.present for item in missing)
    for item, following in pairwise(missing):
        if item.gain == following.gain and following.role is Role.REQUIRED:
            assert item.role is Role.REQUIRED


def test_what_would_add_nothing_is_not_missed():
    names = {item.name for item in weighed(dossier(shipments=(SIGNED,), marks=("admits_receipt",))).missing}
    assert not names & {"signature document", "matching destination", "replacement delivered", "in transit"}
    assert "delivery document" in names


def test_required_missing_is_what_the_decision_calls_missing():
    found = weighed(Dossier(ORDER), items=())
    assert found.required_missing[0] == "a delivery scan"
    assert found.standing.required_missing == len(found.required_missing) == 5
    assert weighed(dossier()).required_missing == ()


def test_buy_shipping_protection_is_stated_and_never_counted():
    protected = weighed(dossier(shipments=(shipment(method="Claims Protected"),)))
    assert protected.score == weighed(dossier()).score
    assert next(item for item in protected.checklist if item.name == "Buy Shipping protection").present


def table(text: str, *more: str) -> EvidenceRules:
    files = [parse_toml(one, f"mine-{number}.toml") for number, one in enumerate((text, *more), 1)]
    return load_evidence_rules(files)


ROW = (
    '[[evidence]]\nname = "{name}"\nrole = "helps"\nwhen = [{when}]\ngrade = "{grade}"\nproves = "x"\n'
    'points = {points}\nsays = "x"\nget = "y"\n'
)


def row(name="x", when='"delivered"', points: object = 5, grade="moderate") -> str:
    return ROW.format(name=name, when=when, points=points, grade=grade)


FATAL_ROW = '[[fatal]]\nname = "x"\nwhen = ["lost"]\nsays = "lost"\n'


def test_the_users_rows_replace_by_name_stand_behind_and_can_take_one_out():
    assert [
        (one.name, one.points) for one in table(row("a") + row("b"), row("a", points=9) + row("c")).rows
    ] == [
        ("a", 9),
        ("b", 5),
        ("c", 5),
    ]
    assert [
        one.name for one in table(row("a") + row("b"), '[[evidence]]\nname = "a"\noff = true\n').rows
    ] == ["b"]
    assert table(FATAL_ROW, '[[fatal]]\nname = "x"\noff = true\n').fatal == ()
    assert table(FATAL_ROW, FATAL_ROW.replace('"lost"]', '"shipped"]')).fatal[0].when[0].text == "shipped"


FAULTS = [
    (row(when='"delivred"'), 4, "did you mean delivered?"),
    (row(when='"evidence_score > 3"'), 4, "unknown fact 'evidence_score'"),
    (row(when="\"photos == true and photos > 'a'\""), 4, "wrong types"),
    (row(when='"delivered and"'), 4, "not a condition"),
    (row(when=""), 4, "a list of conditions"),
    (row(grade="superb"), 5, "strong, moderate, supporting"),
    (row(grade="invalid"), 5, "strong, moderate, supporting"),
    (row(points=0), 7, "a whole number from 1 to 100"),
    (row(points=101), 7, "a whole number from 1 to 100"),
    (row(points=2.5), 7, "a whole number from 1 to 100"),
    (row(points="true"), 7, "a whole number from 1 to 100"),
    (row(points='"5"'), 7, "a whole number from 1 to 100"),
    (row().replace('"helps"', '"states"'), 7, "never counted"),
    (row().replace('"helps"', '"wins"'), 3, "required, helps, hurts, states"),
    (row().replace('says = "x"\n', ""), 1, 'add says = "..."'),
    (row().replace('says = "x"\n', 'says = ""\n'), 8, 'add says = "..."'),
    (row().replace('get = "y"\n', ""), 1, 'add get = "..."'),
    (row().replace('proves = "x"\n', ""), 1, 'add proves = "..."'),
    (row().replace('"x"', "3", 1), 1, "has no name"),
    (row() + row(), 11, "stands here twice"),
    (row() + 'colour = "red"\n', 10, "unknown key 'colour'"),
    (row() + 'reasons = ["never"]\n', 10, "unknown reason 'never'"),
    (row() + "reasons = []\n", 10, "a list of texts"),
    (row() + 'reasons = "not_received"\n', 10, "a list of texts"),
    (row() + 'shown_by = ["label"]\n', 10, "unknown thing to show 'label'"),
    ('[[evidense]]\nname = "x"\n', 1, "unknown key 'evidense'"),
    ('evidence = "x"\n', 1, "write [[evidence]] above each"),
    ('[[evidence]]\nname = "x"\noff = true\n', 1, "no [[evidence]] row 'x' to take out"),
    (FATAL_ROW + FATAL_ROW, 6, "stands here twice"),
    (FATAL_ROW + "points = 3\n", 5, "unknown key 'points'"),
    (FATAL_ROW.replace("lost", "gone", 1), 3, "unknown fact 'gone'"),
]


@pytest.mark.parametrize(("text", "line", "said"), FAULTS, ids=[str(number) for number in range(len(FAULTS))])
def test_a_fault_is_refused_with_file_line_and_remedy(text, line, said):
    with pytest.raises(UserError) as caught:
        table(text)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("mine-1.toml", line)
    assert said in str(problem)
    assert problem.remedy


def test_all_faults_are_told_at_once():
    with pytest.raises(UserError) as caught:
        table("".join(text.replace('"x"', f'"x{n}"', 1) for n, (text, _, _) in enumerate(FAULTS[:11])))
    assert len(caught.value.problems) == 11


def test_every_row_that_can_be_got_says_how():
    for one in RULES.rows:
        if one.role in (Role.REQUIRED, Role.HELPS):
            assert any(where in one.get for where in ("Seller Central", "inbox-bot ", "evidence folder")), (
                one.name
            )


def test_no_two_facts_share_a_name_so_that_known_values_never_hide_each_other():
    assert not {field.name for field in fields(Facts)} & {field.name for field in fields(Standing)}


def test_an_empty_table_scores_nothing_and_misses_nothing():
    found = weighed(dossier(), rules=EvidenceRules((), ()))
    assert (found.score, found.checklist, found.missing, found.fatal) == (0, (), (), ())
