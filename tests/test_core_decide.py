"""The bundled decision table, row by row, and what a table of one's own may and may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from nouns import ORDER, dossier, message, notice, order, shipment

from inbox_bot.core.decide import DecisionRules, decide, load_decision_rules
from inbox_bot.core.errors import UserError
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.model import Destination, Kind, Money, Reason, Verdict
from inbox_bot.core.record import Dossier, Party, Refund, ShipmentStatus
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.resources import rule_files

RULES = load_decision_rules(rule_files("decisions*.toml"))
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


def marked(*marks: str, **changes):
    return dossier(marks=marks, **changes)


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
    (Reason.UNAUTHORIZED, CANCELLED, V, "no rule matches"),
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
    decided = decide(find_facts(notice(reason=reason), record), RULES)
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
    facts = find_facts(notice(reason=Reason.DUPLICATE, order_ids=(ORDER, OTHER)), dossier(), [other])
    assert decide(facts, RULES).rule == "two orders, two shipments"
    one_parcel = replace(other, shipments=dossier().shipments)
    assert decide(find_facts(notice(reason=Reason.DUPLICATE), dossier(), [one_parcel]), RULES).verdict is V


def test_a_notice_without_an_order_number_is_a_persons():
    facts = find_facts(notice(order_id=None, order_ids=()), dossier())
    assert decide(facts, RULES).rule == "the notice could not be read"


def test_a_request_without_a_time_frame_is_a_persons_and_one_with_it_is_decided():
    facts = find_facts(notice(kind=Kind.INFORMATION_REQUEST), dossier())
    assert decide(facts, RULES).rule == "no time frame is stated"
    stated = find_facts(notice(kind=Kind.INFORMATION_REQUEST, stated_days=3), dossier())
    assert decide(stated, RULES).verdict is R


def test_missing_names_what_the_reason_needs():
    decided = decide(find_facts(notice(), dossier(shipments=(MOVING,))), RULES)
    assert decided.missing == ("a delivery scan",)
    assert decide(find_facts(notice(), dossier()), RULES).missing == ()
    assert "the tracking number" in decide(find_facts(notice(), NOTHING), RULES).missing


def test_hits_and_misses_say_which_lines_held():
    decided = decide(find_facts(notice(), dossier(shipments=(UNPLACED,))), RULES)
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
    ('[[need]]\nreason = ["never"]\nfact = "lost"\nsays = "x"\n', 2, "unknown reason 'never'"),
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


def test_only_the_buyers_and_the_sellers_messages_are_correspondence():
    assert not find_facts(notice(), dossier(messages=(message(party=Party.CARRIER),))).correspondence
    assert find_facts(notice(), dossier(messages=(message(),))).correspondence
