"""What the process counts, in the text form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from inbox_bot.core.vitals import Vitals, ills

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands in the store: per account open cases, hours to the nearest cutoff, replies sent, and in doubt."""

    account: str
    open_cases: int
    hours_to_nearest_cutoff: float | None
    replies_sent: int
    replies_unknown: int
    waiting_mails: int


_COUNTED = (
    ("open_cases", "Cases that are neither answered nor closed"),
    ("hours_to_nearest_cutoff", "Hours to the nearest cutoff"),
    ("replies_sent", "Replies that a server took"),
    ("replies_unknown", "Replies that a server may have taken"),
    ("waiting_mails", "Mails that wait to be read"),
)


class _Snapshot:
    """What the registry asks; it wants to hash it, which values with folders in them cannot be."""

    def __init__(self, vitals: Vitals, counts: tuple[Counts, ...], waiting_alarms: int) -> None:
        self.vitals = vitals
        self.counts = counts
        self.waiting_alarms = waiting_alarms

    def collect(self) -> Iterable[Metric]:
        at = self.vitals.at
        polled = GaugeMetricFamily(
            "inbox_bot_last_poll_age_seconds",
            "Since the last successful look into a folder",
            labels=["account", "folder"],
        )
        success = GaugeMetricFamily(
            "inbox_bot_last_success_age_seconds", "Since the last whole pass", labels=["account"]
        )
        for one in self.vitals.accounts:
            success.add_metric([one.account], (at - one.last_success_at).total_seconds())
            for folder, polled_at in one.polled.items():
                polled.add_metric([one.account, folder], (at - polled_at).total_seconds())
        yield from (polled, success)
        for name, text in _COUNTED:
            family = GaugeMetricFamily(f"inbox_bot_{name}", text, labels=["account"])
            for count in self.counts:
                number = getattr(count, name)
                if number is not None:
                    family.add_metric([count.account], float(number))
            yield family
        yield GaugeMetricFamily(
            "inbox_bot_waiting_alarms", "Alarms no channel has taken", value=self.waiting_alarms
        )
        yield GaugeMetricFamily("inbox_bot_ills", "What is wrong, see /healthz", value=len(ills(self.vitals)))
        drift = self.vitals.clock_off.total_seconds()
        yield GaugeMetricFamily("inbox_bot_clock_off_seconds", "How far this clock runs ahead", value=drift)


def metrics_text(vitals: Vitals, counts: tuple[Counts, ...], waiting_alarms: int) -> bytes:
    """The page of `/metrics`."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(vitals, counts, waiting_alarms))
    return bytes(generate_latest(registry))
