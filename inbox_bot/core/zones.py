"""The time zone of each Amazon marketplace, so that a letter can date a message where the order was placed.

Source: zone names of the IANA database. Amazon publishes no table of its own; where a country has one zone, or nearly,
it is that of its capital or largest city, and the North American marketplaces, which share one seller account, are
taken on Pacific time as the .com reports are. What is not listed is shown in UTC, never guessed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inbox_bot.core.model import aware
from inbox_bot.core.record import Order

_PACIFIC: Final = "America/Los_Angeles"
MARKETPLACE_ZONES: Final = {
    "amazon.com": _PACIFIC,
    "amazon.ca": _PACIFIC,
    "amazon.com.mx": _PACIFIC,
    "amazon.com.br": "America/Sao_Paulo",
    "amazon.co.uk": "Europe/London",
    "amazon.ie": "Europe/Dublin",
    "amazon.de": "Europe/Berlin",
    "amazon.fr": "Europe/Paris",
    "amazon.it": "Europe/Rome",
    "amazon.es": "Europe/Madrid",
    "amazon.nl": "Europe/Amsterdam",
    "amazon.com.be": "Europe/Brussels",
    "amazon.se": "Europe/Stockholm",
    "amazon.pl": "Europe/Warsaw",
    "amazon.com.tr": "Europe/Istanbul",
    "amazon.eg": "Africa/Cairo",
    "amazon.sa": "Asia/Riyadh",
    "amazon.ae": "Asia/Dubai",
    "amazon.in": "Asia/Kolkata",
    "amazon.sg": "Asia/Singapore",
    "amazon.co.jp": "Asia/Tokyo",
    "amazon.com.au": "Australia/Sydney",
    "amazon.cn": "Asia/Shanghai",
}
"""IANA zone by Amazon domain."""


def local_time(at: datetime, sales_channel: str) -> datetime:
    """The instant as the marketplace's clock shows it; in UTC when the marketplace is not known.

    `sales_channel` is what a report or a mail says: "Amazon.com", "amazon.co.uk", "sellercentral.amazon.de",
    "https://www.amazon.co.jp/...", or the address of a relay. Raises ValueError for a naive datetime.
    """
    return aware(at).astimezone(zone_of(sales_channel) or UTC)


def ordered_at(order: Order) -> tuple[date, str] | None:
    """The day and clock time of the purchase in the marketplace's zone, None when it is not on record.

    A mail prints the day alone, which is kept as midnight in UTC: that day stands as printed, without a clock time.
    """
    at = order.purchased_at
    if at is None:
        return None
    if at.time() == time.min:
        return at.date(), ""
    local = local_time(at, order.sales_channel)
    return local.date(), local.strftime("%H:%M %Z")


def zone_of(sales_channel: str) -> ZoneInfo | None:
    """The zone of the marketplace that the words name, None when they name none that is listed."""
    host = sales_channel.strip().lower().partition("://")[2] or sales_channel.strip().lower()
    host = host.partition("/")[0].rpartition("@")[2].partition(":")[0].rstrip(".")
    parts = host.split(".")
    for start in range(len(parts)):
        if (name := MARKETPLACE_ZONES.get(".".join(parts[start:]))) is not None:
            return _zone(name)
    return None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:  # a system without the database, and the package tzdata not installed
        return None
