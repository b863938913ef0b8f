"""The bundled decision table, row by row, and what a table of one's own may and may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from nouns import NOW, ORDER, dossier, message, notice, order, shipment

from inbox_bot.core.decide import DecisionRules, decide, load_decision_rules
from inbox_bot.core.errors import UserError
from inbox_bot.core.evidence import assess
from inbox_bot.core.evidence_table import load_evidence_rules
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.model import Decision, Destination, Kind, Money, Reason, Verdict
from inbox_bot.core.record import (
    Contradiction,
    Dossier,
    OrderItem,
    Party,
    Posting,
    PostingKind,
    Refund,
    Return,
    ShipmentStatus,
)
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.resources import rule_files

RULES = load_decision_rules(rule_files("decisions*.toml"))
EVIDENCE = load_evidence_rules(rule_files("evidence*.toml"))
DALLAS = Destination(city="Dallas", postal_code="75201")
NOWHERE = Destination()
OTHER = "113-7777777-1111111"
NOTHING = Dossier(ORDER)
REFUND = Refund(ORDER, date(2026, 9, 20), Money(Decimal("108.84"), "USD"), "", "a mail")
ASKED_LATE = message("Cancel please.", marks=("asks_to_cancel",), at=datetime(2026, 9, 2, tzinfo=UTC))
MOVING = shipment(status=ShipmentStatus.IN_TRANSIT, delivered_on=None, delivered_to=NOWHERE)
UNPLACED = shipment(delivered_to=NOWHERE)
CANCELLED = dossier(order=order(status="cancelled"), shipments=())
SPOKEN = (message("The mug has a crack.", marks=("complains_of_fault",)),)
R, F, V = Verdict.REPRESENT, Verdict.REFUND, Verdict.REVIEW


def judged(notice, *dossiers) -> Decision:
    """The decision as a case gets it: the record weighed first, then decided by the bundled tables."""
    facts = find_facts(notice, dossiers[0], dossiers[1:])
    return decide(facts, RULES, assess(facts, dossiers, EVIDENCE, NOW))


def posted(kind, amount, **changes):
    money = Money(Decimal(amount), "USD")
    return dossier(postings=(Posting(ORDER, kind, money, date(2026, 9, 30), "1", "settlement"),), **changes)


def came_back(received_on=date(2026, 9, 20), quantity=1):
    return Return(
        ORDER, date(2026, 9, 10), received_on, "MUG-1", quantity, "DEFECTIVE", "SELLABLE", "", "returns"
    )


def marked(*marks: str, **changes):
    return dossier(marks=marks, **changes)


TWO_PIECES = order(items=(OrderItem("Blue Mug (Large)", sku="MUG-1", quantity=2),))
SECOND = shipment(tracking_id="1Z999AA10123456799", status=ShipmentStatus.LOST, delivered_on=None)
ODD = Contradiction("delivery day of 1Z", (("2026-09-04", "a mail"), ("2026-09-09", "a report")))
NAMES = Contradiction("carrier of 1Z", (("UPS", "a mail"), ("FedEx", "a report")))

ROWS = [
    (Reason.NOT_RECEIVED, dossier(), R, "delivered to the order's address"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(signed_by="PAT", delivered_to=NOWHERE),)), R, "delivered and signed for"),
    (Reason.NOT_RECEIVED, dossier(shipments=(UNPLACED,)), R, "delivered"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(delivered_to=DALLAS),)), V, "delivered to another place"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(delivered_to=DALLAS, signed_by="X"),)), V, "delivered to another place"),
    (Reason.NOT_RECEIVED, marked("admits_receipt", shipments=(MOVING,)), R, "the buyer confirmed receipt"),
    (Reason.NOT_RECEIVED, dossier(shipments=(MOVING, shipment(replacement=True))), R, "a replacement was delivered"),
    (Reason.NOT_RECEIVED, CANCELLED, F, "never shipped"),
    (Reason.NOT_RECEIVED, dossier(order=order(status="unshipped"), shipments=()), F, "never shipped"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(status=ShipmentStatus.LABEL_CREATED, shipped_on=None),)), F, "only a label was made"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(status=ShipmentStatus.RETURNED_TO_SENDER),)), F, "returned to sender"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(status=ShipmentStatus.LOST),)), F, "lost"),
    (Reason.NOT_RECEIVED, dossier(shipments=(MOVING,)), R, "shipped with tracking"),
    (Reason.NOT_RECEIVED, dossier(shipments=(replace(MOVING, tracking_id=""),)), V, "no rule matches"),
    (Reason.NOT_RECEIVED, dossier(refunds=(REFUND,)), R, "refunded in full already"),
    (Reason.NOT_RECEIVED, dossier(refunds=(replace(REFUND, amount=Money(Decimal(20), "USD")),)), V, "refunded in part or by an unknown amount"),
    (Reason.NOT_RECEIVED, dossier(refunds=(replace(REFUND, amount=None),)), V, "refunded in part or by an unknown amount"),
    (Reason.NOT_RECEIVED, dossier(refunds=(replace(REFUND, amount=Money(Decimal(500), "EUR")),)), V, "refunded in part or by an unknown amount"),
    (Reason.NOT_RECEIVED, marked("atoz_granted"), V, "an A-to-z claim was granted"),
    (Reason.NOT_RECEIVED, marked("atoz_open"), V, "an A-to-z claim is open"),
    (Reason.NOT_RECEIVED, NOTHING, V, "no rule matches"),
    (Reason.UNAUTHORIZED, dossier(), R, "fraud, delivered to the order's address"),
    (Reason.UNAUTHORIZED, dossier(shipments=(shipment(delivered_to=DALLAS),)), V, "fraud, delivered to another place"),
    (Reason.UNAUTHORIZED, dossier(shipments=(MOVING,)), R, "fraud, shipped with tracking"),
    (Reason.UNAUTHORIZED, CANCELLED, V, "a finding decides against an answer"),
    (Reason.UNAUTHORIZED, NOTHING, V, "no rule matches"),
    (Reason.UNAUTHORIZED, dossier(shipments=(replace(MOVING, status=ShipmentStatus.LOST),)), V, "a finding decides against an answer"),
    (Reason.UNAUTHORIZED, marked("return_received"), V, "a finding decides against an answer"),
    (Reason.NOT_RECEIVED, posted(PostingKind.CHARGEBACK, "-108.84"), V, "debited already"),
    (Reason.NOT_RECEIVED, posted(PostingKind.CHARGEBACK, "-108.84", refunds=(REFUND,)), V, "debited already"),
    (Reason.NOT_RECEIVED, posted(PostingKind.CHARGEBACK, "108.84"), R, "delivered to the order's address"),
    (Reason.NOT_RECEIVED, posted(PostingKind.ATOZ, "-108.84"), V, "an A-to-z claim was granted"),
    (Reason.NOT_RECEIVED, dossier(contradictions=(ODD,)), V, "the sources contradict each other"),
    (Reason.NOT_RECEIVED, dossier(contradictions=(ODD,), refunds=(REFUND,)), V, "the sources contradict each other"),
    (Reason.NOT_RECEIVED, dossier(contradictions=(NAMES,)), R, "delivered to the order's address"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(), SECOND), order=TWO_PIECES), V, "only a part was delivered"),
    (Reason.NOT_RECEIVED, marked("replacement_sent", shipments=(replace(MOVING, status=ShipmentStatus.LOST),)), V, "a replacement is under way"),
    (Reason.NOT_RECEIVED, dossier(shipments=(shipment(status=ShipmentStatus.LOST), shipment(replacement=True))), R, "a replacement was delivered"),
    (Reason.NOT_RECEIVED, marked("admits_receipt", shipments=(replace(MOVING, status=ShipmentStatus.LOST),)), R, "the buyer confirmed receipt"),
    (Reason.NOT_RECEIVED, marked("admits_receipt", shipments=(replace(MOVING, status=ShipmentStatus.RETURNED_TO_SENDER),)), V, "a finding decides against an answer"),
    (Reason.NOT_RECEIVED, marked("return_received"), V, "a finding decides against an answer"),
    (Reason.NOT_AS_DESCRIBED, marked("admits_fault", "replacement_sent"), V, "a finding decides against an answer"),
    (Reason.NOT_AS_DESCRIBED, dossier(returns=(came_back(),)), F, "the item came back and was not refunded"),
    (Reason.NOT_AS_DESCRIBED, dossier(returns=(came_back(),), order=TWO_PIECES), V, "a part of the order came back"),
    (Reason.NOT_AS_DESCRIBED, dossier(returns=(came_back(None),), messages=SPOKEN), R, "item and correspondence on record"),
    (Reason.CREDIT_NOT_PROCESSED, dossier(returns=(came_back(),)), F, "returned and no credit given"),
    (Reason.CREDIT_NOT_PROCESSED, dossier(returns=(came_back(),), refunds=(REFUND,)), R, "refunded in full already"),
    (Reason.CREDIT_NOT_PROCESSED, CANCELLED, V, "a finding decides against an answer"),
    (Reason.DUPLICATE, marked("charged_twice", messages=(message(marks=("charged_twice",)),)), V, "no rule matches"),
    (Reason.CANCELLED, marked("return_received"), V, "a finding decides against an answer"),
    (Reason.UNKNOWN, dossier(shipments=(shipment(delivered_to=DALLAS),)), V, "a finding decides against an answer"),
    (Reason.UNKNOWN, CANCELLED, V, "a finding decides against an answer"),
    (Reason.NOT_AS_DESCRIBED, marked("admits_fault"), F, "the seller admitted the fault"),
    (Reason.NOT_AS_DESCRIBED, marked("return_received"), F, "the item came back and was not refunded"),
    (Reason.NOT_AS_DESCRIBED, dossier(messages=SPOKEN), R, "item and correspondence on record"),
    (Reason.NOT_AS_DESCRIBED, dossier(), R, "item delivered, no complaint on record"),
    (Reason.NOT_AS_DESCRIBED, NOTHING, V, "no rule matches"),
    (Reason.CREDIT_NOT_PROCESSED, dossier(refunds=(REFUND,)), R, "refunded in full already"),
    (Reason.CREDIT_NOT_PROCESSED, marked("return_received"), F, "returned and no credit given"),
    (Reason.CREDIT_NOT_PROCESSED, dossier(), V, "no rule matches"),
    (Reason.DUPLICATE, marked("charged_twice"), F, "one order was charged twice"),
    (Reason.DUPLICATE, dossier(), V, "no rule matches"),
    (Reason.CANCELLED, CANCELLED, F, "cancelled before shipping"),
    (Reason.CANCELLED, marked("asks_to_cancel", messages=(ASKED_LATE,)), R, "shipped before the cancellation was asked for"),
    (Reason.CANCELLED, dossier(), R, "cancelled dispute, delivered and never asked to cancel"),
    (Reason.UNKNOWN, dossier(), R, "no reason given, delivered"),
    (Reason.UNKNOWN, dossier(shipments=(MOVING,)), R, "no reason given, shipped with tracking"),
    (Reason.UNKNOWN, NOTHING, V, "no rule matches"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "record", "verdict", "rule"), ROWS)
def test_bundled_table(reason, record, verdict, rule):
    decided = judged(notice(reason=reason), record)
    assert (decided.verdict, decided.rule) == (verdict, rule)
    assert "{{" not in decided.because
    assert "None" not in decided.because


def test_every_bundled_rule_is_fired_by_a_row_here_or_below():
    fired = {row[3] for row in ROWS} | {
        "the notice could not be read",
        "no time frame is stated",
        "two orders, two shipments",
    }
    assert {rule.name for rule in RULES.rules} <= fired


def test_two_orders_with_two_parcels_are_no_duplicate():
    other = Dossier(
        OTHER, order(order_id=OTHER), (shipment(order_id=OTHER, tracking_id="1Z999AA10123456799"),)
    )
    named = notice(reason=Reason.DUPLICATE, order_ids=(ORDER, OTHER))
    assert judged(named, dossier(), other).rule == "two orders, two shipments"
    one_parcel = replace(other, shipments=dossier().shipments)
    assert judged(named, dossier(), one_parcel).verdict is V
    assert judged(named, marked("charged_twice"), other).verdict is V  # one of the two is wrong


def test_a_notice_without_an_order_number_is_a_persons():
    assert judged(notice(order_id=None, order_ids=()), dossier()).rule == "the notice could not be read"


def test_a_request_without_a_time_frame_is_a_persons_and_one_with_it_is_decided():
    assert judged(notice(kind=Kind.INFORMATION_REQUEST), dossier()).rule == "no time frame is stated"
    assert judged(notice(kind=Kind.INFORMATION_REQUEST, stated_days=3), dossier()).verdict is R


def test_missing_names_what_the_reason_needs_the_most_worth_first():
    assert judged(notice(), dossier(shipments=(MOVING,))).missing == ("a delivery scan",)
    assert judged(notice(), dossier()).missing == ()
    missing = judged(notice(), NOTHING).missing
    assert missing[0] == "a delivery scan"
    assert {"the tracking number", "the carrier", "the ship date"} <= set(missing)


def test_because_names_the_contradiction_and_the_finding():
    because = judged(notice(), dossier(contradictions=(ODD, NAMES))).because
    assert "delivery day of 1Z: 2026-09-04 (a mail) / 2026-09-09 (a report)" in because
    assert "FedEx" not in because
    assert "never shipped" in judged(notice(reason=Reason.UNKNOWN), CANCELLED).because


def test_no_bundled_rule_ever_pays_while_money_went_back_or_a_replacement_is_on_its_way():
    """Whatever the reason and whatever speaks for a refund: nothing on record may make the seller pay twice."""
    concedes = ("admits_fault", "return_received", "charged_twice")
    paid = [
        {"refunds": (REFUND,)},
        {"refunds": (replace(REFUND, amount=None),)},
        {"postings": posted(PostingKind.CHARGEBACK, "-1").postings},
        {"postings": posted(PostingKind.ATOZ, "-1").postings},
        {"marks": ("atoz_granted", *concedes)},
        {"contradictions": (ODD,)},
    ]
    records = [
        dossier(),
        CANCELLED,
        NOTHING,
        *(dossier(shipments=(replace(MOVING, status=one),)) for one in ShipmentStatus),
    ]
    for reason in Reason:
        for record in records:
            for change in paid:
                decided = judged(notice(reason=reason), replace(record, **{"marks": concedes, **change}))
                assert decided.verdict is not F, (reason, change, decided.rule)
            if reason is not Reason.DUPLICATE:
                replaced = replace(record, marks=("admits_fault", "return_received", "replacement_sent"))
                assert judged(notice(reason=reason), replaced).verdict is not F, (reason, record.shipments)


def test_hits_and_misses_say_which_lines_held():
    decided = judged(notice(), dossier(shipments=(UNPLACED,)))
    assert decided.hits == ('reason == "not_received"', "delivered")
    assert "delivered to the order's address: destination_matches" in decided.misses


def test_label_created_never_counts_as_shipped():
    label = shipment(status=ShipmentStatus.LABEL_CREATED, shipped_on=date(2026, 9, 1), delivered_on=None)
    facts = find_facts(notice(), dossier(shipments=(label,)))
    assert not facts.shipped
    assert facts.label_only


@pytest.mark.parametrize(
    ("written", "matches"),
    [
        (Destination(city="AUSTIN"), True),
        (Destination(city="Austin, "), True),
        (Destination(city="Dallas", postal_code="78701-1234"), True),
        (Destination(postal_code="78701"), True),
        (Destination(city="Dallas"), False),
    ],
)
def test_places_match_as_people_write_them(written, matches):
    facts = find_facts(notice(), dossier(shipments=(shipment(delivered_to=written),)))
    assert facts.destination_matches is matches
    assert facts.delivered_elsewhere is not matches


def table(text: str, *more: str) -> DecisionRules:
    files = [parse_toml(one, f"mine-{number}.toml") for number, one in enumerate((text, *more), 1)]
    return load_decision_rules(files)


RULE = '[[rule]]\nname = "{0}"\nwhen = [{1}]\nverdict = "{2}"\nbecause = "why"\n'


def facts(**changes) -> Facts:
    return replace(find_facts(notice(), dossier()), **changes)


def test_a_value_that_is_not_on_record_stops_the_table_for_a_person():
    rules = table(
        RULE.format("big", '"amount > 750"', "represent") + RULE.format("any", '"delivered"', "refund")
    )
    assert decide(facts(amount=Decimal(800)), rules).rule == "big"
    assert decide(facts(amount=Decimal(20)), rules).rule == "any"
    unknown = decide(facts(amount=None), rules)
    assert (unknown.verdict, unknown.rule) == (V, "a needed value is missing")
    assert "amount" in unknown.because


def test_a_rule_that_surely_fails_is_not_stopped_by_a_missing_value():
    rules = table(
        RULE.format("big", '"amount > 750", "lost"', "represent")
        + RULE.format("any", '"delivered"', "refund")
    )
    assert decide(facts(amount=None), rules).rule == "any"


def test_a_condition_may_ask_whether_a_value_is_on_record():
    rules = table(RULE.format("no amount", '"amount == null"', "refund"))
    assert decide(facts(amount=None), rules).rule == "no amount"


def test_the_users_rules_replace_by_name_are_tried_first_and_can_take_one_out():
    bundled = RULE.format("a", '"delivered"', "represent") + RULE.format("b", '"delivered"', "refund")
    assert decide(facts(), table(bundled, RULE.format("a", '"lost"', "review"))).rule == "b"
    assert decide(facts(), table(bundled, RULE.format("c", '"delivered"', "review"))).rule == "c"
    assert decide(facts(), table(bundled, '[[rule]]\nname = "a"\noff = true\n')).rule == "b"


FAULTS = [
    (RULE.format("x", '"delivred"', "refund"), 3, "did you mean delivered?"),
    (RULE.format("x", '"reason > 3"', "refund"), 3, "wrong types"),
    (RULE.format("x", '"reason =="', "refund"), 3, "not a condition"),
    (RULE.format("x", "", "refund"), 3, "needs when"),
    (RULE.format("x", '"lost"', "pay"), 4, "represent, refund, review"),
    ('[[rule]]\nname = "x"\nwhen = ["lost"]\nverdict = "review"\nbecause = "{{ nope }}"\n', 5, "nope"),
    ('[[rule]]\nname = "x"\nwhen = ["lost"]\nverdict = "review"\nbecause = "{{ lost "\n', 5, "template"),
    ('[[rule]]\nwhen = ["lost"]\n', 1, "no name"),
    (RULE.format("x", '"lost"', "review") + "colour = 1\n", 6, "unknown key 'colour'"),
    (
        '[[need]]\nreason = ["lost"]\nfact = "lost"\nsays = "x"\n',
        1,
        'role = "required" in evidence-yours.toml',
    ),
    ('need = "lost"\n', 1, 'role = "required" in evidence-yours.toml'),
    ('rule = "lost"\n', 1, "write [[rule]] above each"),
    ('[[rule]]\nname = "x"\noff = "yes"\n', 3, "write off = true"),
    (RULE.format("x", '"lost"', "review") + RULE.format("x", '"lost"', "refund"), 7, "stands here twice"),
    (RULE.format("x", '"evidence_scores > 3"', "refund"), 3, "did you mean evidence_score?"),
    (RULE.format("x", '"fatal > 3"', "refund"), 3, "wrong types"),
    ('[[rule]]\nname = "x"\noff = true\n', 1, "no rule 'x' to take out"),
]


@pytest.mark.parametrize(("text", "line", "said"), FAULTS)
def test_a_fault_is_refused_with_file_line_and_remedy(text, line, said):
    with pytest.raises(UserError) as caught:
        table(text)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("mine-1.toml", line)
    assert said in str(problem)


def test_all_faults_are_told_at_once():
    with pytest.raises(UserError) as caught:
        table("".join(text for text, _, _ in FAULTS[:4]).replace('"x"', '"y"', 1))
    assert len(caught.value.problems) >= 4


def test_a_rule_may_ask_how_the_record_was_weighed():
    rules = table(
        RULE.format(
            "strong", '"evidence_score >= 70", "strong_evidence >= 1", "required_missing == 0"', "represent"
        )
        + RULE.format("weak", '"evidence_score < 70"', "review")
    )

    def by(record):
        known = find_facts(notice(), record)
        return decide(known, rules, assess(known, [record], EVIDENCE, NOW)).rule

    assert by(dossier(shipments=(shipment(signed_by="R. Smith"),))) == "strong"
    assert by(dossier(shipments=(MOVING,))) == "weak"


def test_a_case_that_was_not_weighed_is_a_persons():
    rules = table(RULE.format("weak", '"evidence_score < 70"', "refund"))
    unweighed = decide(facts(), rules)
    assert (unweighed.verdict, unweighed.rule) == (V, "a needed value is missing")
    assert "evidence_score" in unweighed.because


def test_only_the_buyers_and_the_sellers_messages_are_correspondence():
    assert not find_facts(notice(), dossier(messages=(message(party=Party.CARRIER),))).correspondence
    assert find_facts(notice(), dossier(messages=(message(),))).correspondence
