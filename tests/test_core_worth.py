"""What contesting is worth: counted from the seller's own ends, a range with its n, and silent when it is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import NOW, READY, case, dossier, notice, order

from inbox_bot.core import events as happened
from inbox_bot.core.decide import decide, load_decision_rules
from inbox_bot.core.errors import UserError
from inbox_bot.core.facts import Facts, find_facts
from inbox_bot.core.goods import Goods, load_goods
from inbox_bot.core.history import FEWEST, Ends, History, chance_of, history_of, wilson
from inbox_bot.core.model import Kind, Money, Outcome, Reason, Verdict
from inbox_bot.core.record import OrderItem
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.core.worth import worth_of

SENT = happened.ReplySent("<reply.1@seller.example>", 250, "ok")
GOODS = load_goods(
    [parse_toml('[goods]\ndefault_share = 0.4\n[goods.cost]\n"MUG-1" = "4.20 USD"\n', "g.toml")]
)
ITEMS = order().items


def ended(outcome: Outcome) -> happened.DecisionReceived:
    return happened.DecisionReceived(notice(kind=Kind.DECISION, outcome=outcome), outcome)


def facts(**changes) -> Facts:
    return replace(find_facts(notice(), dossier()), **changes)


def history(won: int, lost: int, reason: Reason = Reason.NOT_RECEIVED) -> History:
    return History({reason: Ends(won, lost)})


def test_won_is_what_amazon_or_silence_left_and_lost_what_was_debited():
    lapsed = case(*READY, SENT, happened.DisputeLapsed(90))
    won = case(*READY, SENT, ended(Outcome.IN_FAVOUR))
    lost = case(*READY, SENT, ended(Outcome.DEBITED))
    assert history_of([lapsed, won, lost]).of(Reason.NOT_RECEIVED) == Ends(won=2, lost=1)


@pytest.mark.parametrize(
    "one",
    [
        case(*READY, SENT),
        case(*READY, ended(Outcome.DEBITED)),
        case(*READY, happened.DisputeLapsed(90)),
        case(*READY, SENT, ended(Outcome.DEBITED), notice=notice(trusted=False)),
    ],
    ids=["still open", "debited and never answered", "never answered", "not Amazon's"],
)
def test_what_was_not_contested_to_its_end_is_not_counted(one):
    assert history_of([one]).of(Reason.NOT_RECEIVED).count == 0


def test_a_history_as_of_an_instant_knows_nothing_of_later_ends():
    won = case(*READY, SENT, ended(Outcome.IN_FAVOUR))
    assert history_of([won], before=NOW).of(Reason.NOT_RECEIVED).count == 1
    assert history_of([won], before=NOW - timedelta(days=1)).of(Reason.NOT_RECEIVED).count == 0


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_between_none_and_all(pair):
    won, count = pair
    chance = wilson(won, count)
    assert 0 <= chance.low <= Decimal(won) / count <= chance.high <= 1
    mirrored = wilson(count - won, count)
    assert abs(1 - mirrored.high - chance.low) <= Decimal("0.0001")


def test_the_interval_is_the_one_of_the_books():
    assert (wilson(15, 20).low, wilson(15, 20).high) == (Decimal("0.5312"), Decimal("0.8882"))


@given(st.integers(0, 40), st.integers(0, 40))
def test_under_twenty_ends_nothing_is_said_of_the_chance(won, lost):
    chance = chance_of(Ends(won, lost))
    assert (chance is None) == (won + lost < FEWEST)


def test_goods_are_known_by_sku_and_quantity_or_by_their_share_and_else_not():
    amount = Money(Decimal("100.00"), "USD")
    two = (replace(ITEMS[0], quantity=2),)
    stranger = (*two, OrderItem("Tray", sku="TRAY-9"))
    assert GOODS.cost_of(two, amount) == Money(Decimal("8.40"), "USD")
    assert GOODS.cost_of(stranger, amount) == Money(Decimal("40.00"), "USD")
    assert replace(GOODS, default_share=None).cost_of(stranger, amount) is None
    assert replace(GOODS, default_share=None).cost_of(two, Money(Decimal(100), "EUR")) is None
    assert Goods().cost_of(two, amount) is None


def test_contesting_is_worth_the_chance_times_the_amount_less_goods_that_are_gone():
    worth = worth_of(facts(amount=Decimal("100.00")), ITEMS, GOODS, history(15, 5))
    assert (worth.history_n, worth.win_chance_low, worth.goods_cost) == (
        20,
        Decimal("0.5312"),
        Decimal("4.20"),
    )
    assert (worth.represent_value_low, worth.represent_value_high) == (Decimal("48.92"), Decimal("84.62"))
    assert worth.refund_value == Decimal("-4.20")
    assert (worth.expected_gain_low, worth.expected_gain_high) == (Decimal("53.12"), Decimal("88.82"))


def test_a_refund_brings_back_goods_whose_return_was_asked_for():
    worth = worth_of(facts(amount=Decimal("100.00"), return_requested=True), ITEMS, GOODS, history(15, 5))
    assert worth.refund_value == 0
    assert worth.expected_gain_low == Decimal("48.92")


def test_goods_that_never_left_cost_nothing_either_way():
    worth = worth_of(facts(never_shipped=True, amount=Decimal("100.00")), ITEMS, GOODS, history(15, 5))
    assert (worth.refund_value, worth.represent_value_low) == (0, Decimal("53.12"))


@pytest.mark.parametrize(
    ("known", "goods", "past"),
    [
        (facts(), GOODS, None),
        (facts(), GOODS, history(10, 9)),
        (facts(), GOODS, history(99, 9, Reason.DUPLICATE)),
        (facts(), Goods(), history(15, 5)),
        (facts(amount=None), GOODS, history(15, 5)),
    ],
    ids=["no history", "nineteen ends", "ends of another reason", "no cost of goods", "no amount"],
)
def test_what_is_not_known_is_never_guessed_and_stops_the_table(known, goods, past):
    worth = worth_of(known, ITEMS, goods, past)
    assert worth.expected_gain_low is None
    rule = '[[rule]]\nname = "x"\nwhen = ["expected_gain_low > 5"]\nverdict = "represent"\nbecause = "why"\n'
    decision = decide(known, load_decision_rules([parse_toml(rule, "r.toml")]), None, worth)
    assert (decision.verdict, decision.rule) == (Verdict.REVIEW, "a needed value is missing")
    assert "expected_gain_low" in decision.because


@given(st.integers(0, 200), st.integers(0, 200), st.decimals(1, 9999, places=2))
def test_the_gain_never_leaves_its_range_and_never_beats_the_amount(won, lost, amount):
    worth = worth_of(facts(amount=amount), ITEMS, GOODS, history(won, lost))
    if worth.expected_gain_low is None or worth.expected_gain_high is None:
        assert won + lost < FEWEST
        return
    assert (
        -worth.goods_cost <= worth.expected_gain_low <= worth.expected_gain_high <= amount + Decimal("0.01")
    )


FAULTS = [
    ("[goods]\ndefault_share = 40\n", 2, "from 0 to 1"),
    ("[goods]\ndefault_share = true\n", 2, "from 0 to 1"),
    ("[goods]\nshare = 0.4\n", 2, "unknown key 'share'"),
    ('[goods.cost]\n"A" = 4.2\n', 2, '"4.20 USD"'),
    ('[goods.cost]\n"A" = "4.20"\n', 2, '"4.20 USD"'),
    ("goods = 3\n", 1, "write [goods]"),
    ("cost = 3\n", 1, "unknown key 'cost'"),
]


@pytest.mark.parametrize(("text", "line", "said"), FAULTS)
def test_a_cost_that_cannot_be_read_is_refused_with_its_line(text, line, said):
    with pytest.raises(UserError) as caught:
        load_goods([parse_toml(text, "goods-mine.toml")])
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("goods-mine.toml", line)
    assert said in str(problem)
