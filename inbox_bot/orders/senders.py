"""Who writes about an order: seller, buyer, Amazon or a carrier, told by the address.

An address proves nothing; whether a mail is what it claims to be is judged in `core/trust.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from inbox_bot.core.model import Address, Mail
from inbox_bot.core.record import Party
from inbox_bot.orders.correspondence_rules import CorrespondenceRules
from inbox_bot.orders.tracking import carrier_of

_ROBOTS = (
    "no-reply",
    "noreply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "notification",
    "mailer-daemon",
    "postmaster",
)


def party_of(mail: Mail, own: frozenset[str], rules: CorrespondenceRules) -> Party | None:
    """Who wrote the mail, by the sender's address; None for those who have no part in an order.

    Colleagues at the seller's own domain are the seller, shipping programs and warehouses count as carriers.
    """
    sender = mail.sender
    if sender is None or not sender.domain:
        return None
    own_domains = {address.rpartition("@")[2] for address in own} - rules.free_mail_domains
    if sender.email in own or sender.domain in own_domains:
        return Party.SELLER
    if is_relay(sender, rules):
        return Party.BUYER
    if amazon_domain(sender.domain, rules):
        return Party.AMAZON
    if carrier_of(sender.domain, rules) or is_listed(sender.domain, rules.service_domains):
        return Party.CARRIER
    return None if _is_machine(mail, sender) else Party.BUYER


def _is_machine(mail: Mail, sender: Address) -> bool:
    name = sender.email.partition("@")[0]
    automatic = any(value.strip().lower() != "no" for value in mail.header_values("Auto-Submitted"))
    robot = any(word in name for word in _ROBOTS) or bool(mail.header_values("List-Unsubscribe"))
    return automatic or robot or "amazon" in sender.domain  # a name like Amazon's that is not Amazon's


def is_listed(domain: str, listed: Collection[str]) -> bool:
    """True when the domain, or one that it lies below, is listed."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in listed for start in range(len(parts)))


def amazon_domain(domain: str, rules: CorrespondenceRules) -> str:
    """The marketplace's domain ("amazon.de") that the domain is or lies below, or ""."""
    parts = domain.split(".")
    candidates = (".".join(parts[start:]) for start in range(len(parts)))
    return next((one for one in candidates if one in rules.amazon_domains), "")


def is_relay(address: Address, rules: CorrespondenceRules) -> bool:
    """True for the addresses by which Amazon passes letters on between buyer and seller."""
    head, _, rest = address.domain.partition(".")
    return head == "marketplace" and rest in rules.amazon_domains


def goes_to_buyer(mail: Mail, rules: CorrespondenceRules, own: frozenset[str]) -> bool:
    """True unless all receivers are the seller, Amazon's own offices or carriers."""
    return not mail.to or any(
        is_relay(to, rules)
        or not (to.email in own or amazon_domain(to.domain, rules) or carrier_of(to.domain, rules))
        for to in mail.to
    )
