"""The facts in the words of the trade, for people who read why a case was decided as it was.

A yes/no fact is what the record shows, so its words stand behind "the record shows that". Everything else has a noun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

SHOWN: Mapping[str, str] = {
    "readable": "the notice names an order",
    "time_frame_stated": "the notice is a claim, or states its time frame",
    "form_only": "the notice wants no reply once the online form was used",
    "order_known": "there is order data",
    "item_known": "the item is known",
    "order_cancelled": "the order was cancelled",
    "never_shipped": "the order was never shipped",
    "shipped": "a parcel moved",
    "carrier_known": "a carrier is named",
    "tracking_known": "there is a tracking number",
    "label_only": "only a label was made",
    "in_transit": "a parcel is on its way",
    "delivered": "the carrier delivered",
    "partly_delivered": "one parcel of the order arrived and another did not",
    "destination_matches": "the carrier delivered to the order's town",
    "delivered_elsewhere": "the carrier delivered to another place",
    "address_differs": "the notice names another town than the order",
    "signed": "somebody signed for the parcel",
    "delivered_scan": "one of the scans is the delivery",
    "claims_protected": "the shipping method names claims protection",
    "returned_to_sender": "the carrier sent the parcel back",
    "lost": "the carrier declared the parcel lost",
    "replacement_offered": "you offered a replacement",
    "replacement_sent": "a replacement was sent",
    "replacement_delivered": "a replacement was delivered",
    "refunded": "the whole amount was refunded",
    "partly_refunded": "a part, or an unknown amount, was refunded",
    "debited": "your account was debited for the dispute",
    "atoz_open": "an A-to-z claim on the order is open",
    "atoz_granted": "an A-to-z claim on the order was granted",
    "correspondence": "you and the buyer wrote about the order",
    "buyer_wrote": "the buyer wrote",
    "seller_wrote": "you wrote to the buyer",
    "buyer_went_silent": "the buyer was answered and did not come back",
    "buyer_admits_receipt": "the buyer wrote that it arrived",
    "buyer_complained": "the buyer wrote that something is wrong with it",
    "cancellation_asked": "the buyer asked to cancel",
    "shipped_before_cancellation": "it was shipped before the buyer asked to cancel",
    "seller_admits_fault": "you wrote that the item was at fault",
    "refund_offered": "you offered a refund",
    "refund_asked": "the buyer asked for a refund",
    "return_requested": "a return was requested",
    "return_received": "the item came back",
    "partly_returned": "fewer pieces came back than were ordered",
    "charged_twice": "one order was charged twice",
    "second_order_known": "a further order of the notice is known",
    "two_shipments": "each of two orders has a parcel of its own",
    "invoice_known": "a supplier's invoice is in the evidence folder",
    "delivery_document": "a proof of delivery is in the evidence folder",
    "signature_document": "a signature is in the evidence folder",
    "item_document": "a document of the item is in the evidence folder",
    "listing_document": "a copy of the listing is in the evidence folder",
    "contradicted": "the sources contradict each other",
    "fatal": "a finding settles the dispute",
}
"""Yes/no facts, behind "the record shows that"."""

NOUNS: Mapping[str, str] = {
    "kind": "the kind of the mail",
    "reason": "the reason of the dispute",
    "language": "the language of the notice",
    "amount": "the disputed amount",
    "currency": "the currency",
    "shipped_on": "the day of shipping",
    "delivered_on": "the day of delivery",
    "delivered_city": "the town of delivery",
    "destination_match": "how well the place of delivery matches",
    "scans": "the number of scans",
    "refunded_amount": "the refunded amount",
    "refunded_on": "the day of the refund",
    "debited_amount": "the debited amount",
    "debited_on": "the day of the debit",
    "cancellation_asked_on": "the day on which the buyer asked to cancel",
    "return_requested_on": "the day on which the return was requested",
    "return_received_on": "the day on which the item came back",
    "returned_pieces": "the number of pieces that came back",
    "photos": "the number of photos",
    "other_documents": "the number of other documents",
    "contradictions": "what the sources contradict each other in",
    "evidence_score": "the evidence score",
    "strong_evidence": "the number of strong proofs",
    "required_missing": "the number of required proofs that are missing",
    "fatal_findings": "what settles the dispute",
    "history_n": "the number of your disputes for this reason with a known end",
    "win_chance_low": "the low end of the chance to win",
    "win_chance_high": "the high end of the chance to win",
    "goods_cost": "what the goods cost you",
    "represent_value_low": "what contesting is worth at least",
    "represent_value_high": "what contesting is worth at most",
    "refund_value": "what refunding is worth",
    "expected_gain_low": "what contesting gains at least",
    "expected_gain_high": "what contesting gains at most",
}
"""All other facts, as nouns."""

_MONEY = frozenset({"amount", "refunded_amount", "debited_amount", "goods_cost"})
_PLAIN = re.compile(r"(not )?([a-z_]+)")


def shown(name: str, value: Any, currency: str = "") -> str:
    """The value as a person writes it, amounts with their currency."""
    if value is None or value == "":
        return "not on record"
    if isinstance(value, Decimal) and name in _MONEY:
        return f"{value:.2f} {currency}".rstrip()
    return value.isoformat() if isinstance(value, date) else str(value).replace("_", " ")


def state_of(name: str, known: Mapping[str, Any]) -> str:
    """What is known of the fact: "the record shows that the carrier delivered"."""
    value = known[name]
    if name in SHOWN and value is not None:
        return f"{'the record shows' if value else 'nothing on record shows'} that {SHOWN[name]}"
    if name in SHOWN:
        return f"it is not known whether {SHOWN[name]}"
    return f"{NOUNS[name]} is {shown(name, value, known['currency'])}"


def supposed(name: str, value: Any, known: Mapping[str, Any]) -> str:
    """The fact as it is not: "if the record showed that the carrier delivered"."""
    if name in SHOWN:
        return f"if {'the record' if value else 'nothing on record'} showed that {SHOWN[name]}"
    was, currency = known[name], known["currency"]
    if value is None or value == "":
        return f"if {NOUNS[name]} were not on record"
    said = f"if {NOUNS[name]} were {shown(name, value, currency)}"
    return said if was is None or was == "" else f"{said} instead of {shown(name, was, currency)}"


def line_in_words(text: str, names: frozenset[str], known: Mapping[str, Any]) -> str:
    """What the record says to one line of a rule, fact by fact."""
    plain = _PLAIN.fullmatch(text.strip())
    if plain and plain.group(2) in SHOWN:
        return state_of(plain.group(2), known)
    return "; ".join(state_of(name, known) for name in sorted(names))
