"""The disputed amount of a notice, and the currency that a bare mark stands for in its marketplace."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inbox_bot.core.labels import Label
from inbox_bot.core.model import Mail, Money
from inbox_bot.core.values import FoundMoney, find_money
from inbox_bot.core.wording import Wording


@dataclass(frozen=True, slots=True)
class Currencies:
    """What `$`, `¥` and `kr` stand for."""

    dollar: str = "USD"
    yen: str = "JPY"
    krona: str = "SEK"


def currencies_of(mail: Mail, body: Wording, language: str | None) -> Currencies:
    """The currencies by the marketplace the mail names, else by the sender's domain, else by the language."""
    named = [place for place in body.rules.marketplaces if _is_named(place.domain, body)]
    named += [
        place
        for place in body.rules.marketplaces
        if any(phrase.found_in(body.text) for phrase in place.phrases)
    ]
    domain = mail.sender.domain if mail.sender is not None else ""
    own = [
        place
        for place in body.rules.marketplaces
        if domain == place.domain or domain.endswith("." + place.domain)
    ]
    foreign = list({place.domain: place for place in named if place not in own}.values())
    places = [*(foreign if len(foreign) == 1 else []), *own]
    return Currencies(
        dollar=_first((place.dollar for place in places), "USD"),
        yen=_first((place.yen for place in places), "CNY" if language == "zh" else "JPY"),
        krona=_first((place.krona for place in places), "SEK"),
    )


def read_amount(body: Wording, labels: Sequence[Label], currencies: Currencies) -> tuple[Money | None, str]:
    """The disputed amount, and what is wrong when none can be named for sure ("" when nothing is).

    A dispute label counts more than a sentence about the dispute, that more than any other label; without all of
    them the only amount of the mail is it. Of several nobody guesses.
    """
    found = _money(body.text, currencies)
    for field in ("disputed_amount", "", "amount"):
        if field:
            amounts = _distinct(
                one for label in labels if label.field == field for one in _of_label(label, currencies)
            )
        else:
            amounts = _of_sentences(body, found)
        if len(amounts) == 1:
            return amounts[0], ""
        if len(amounts) > 1 and field:
            return None, "it names several disputed amounts: " + ", ".join(map(str, amounts))
    other = {one for label in labels if label.field == "other_amount" for one in _of_label(label, currencies)}
    amounts = [one for one in _distinct(one.money for one in found) if one not in other]
    if len(amounts) == 1:
        return amounts[0], ""
    if amounts:
        return None, "it names several amounts and not which is disputed: " + ", ".join(map(str, amounts[:6]))
    return None, "no amount was found"


def _of_label(label: Label, currencies: Currencies) -> list[Money]:
    found = _money(label.lines[0][:200], currencies)
    return [found[0].money] if found else []


def _of_sentences(body: Wording, amounts_found: Sequence[FoundMoney]) -> list[Money]:
    """The amounts of sentences that say that a charge is disputed; fees, refunds and conditions left out."""
    said = sorted(one.start for one in (*body.stated("mark"), *body.stated("outcome")))
    amounts: list[Money] = []
    for found in amounts_found:
        sentence = body.sentence(found.start)
        if sentence is None or body.is_supposed(found.start) or _is_labelled_other(body, found):
            continue
        index = bisect_left(said, sentence.start)
        if index < len(said) and said[index] < sentence.end:
            amounts.append(found.money)
    return _distinct(amounts)


def _is_labelled_other(body: Wording, found: FoundMoney) -> bool:
    """Whether a fee, a tax, a refund or another side amount stands right at the amount."""
    around = body.text[max(0, found.start - 40) : found.end + 30]
    hits = body.rules.find("label", around, means="other_amount")
    return any(hit.start <= min(40, found.start) + len(str(found.money)) + 12 for hit in hits)


def _money(text: str, currencies: Currencies) -> tuple[FoundMoney, ...]:
    return find_money(text, dollar=currencies.dollar, yen=currencies.yen, krona=currencies.krona)


def _distinct(amounts: Iterable[Money]) -> list[Money]:
    return list(dict.fromkeys(amounts))


def _is_named(domain: str, body: Wording) -> bool:
    """Whether the text names the domain: `amazon.com` does not stand in `amazon.com.mx` nor in an address."""
    text, at = body.text.lower(), -1
    while (at := text.find(domain, at + 1)) >= 0:
        behind = text[at + len(domain) : at + len(domain) + 2]
        before = text[max(0, at - 1) : at]
        if before != "@" and not (behind[:1] == "." and behind[1:].isalpha()) and not behind[:1].isalnum():
            return True
    return False


def _first(codes: Iterable[str], default: str) -> str:
    return next((code for code in codes if code), default)
