"""What reading a hostile mail costs: read, recognised, extracted and judged, with its time and its memory measured.

As a program it reads many mutated fixtures in this one process and prints the figures; see `make fuzz`. The mails are
made in `fuzz_mails.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fuzz_mails import fixture_mails, mutated

from inbox_bot.core.extract import extract
from inbox_bot.core.model import Kind, Mail, Notice
from inbox_bot.core.recognise import can_matter, recognise
from inbox_bot.core.trust import judge
from inbox_bot.desk import load_rulebook
from inbox_bot.mail.domains import registrable
from inbox_bot.mail.message import headers_only, read_headers, read_mail

RULEBOOK = load_rulebook()
NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
OWN = ("seller@shop.example",)
MOST_SECONDS = 1.0
MOST_BYTES = 200 * 1024 * 1024


def understand(raw: bytes) -> tuple[Mail, Notice | None]:
    """The mail and, when it is one, the notice: all that is done with a mail before a case is opened."""
    rules = RULEBOOK.notices
    can_matter(read_headers(raw[:400_000]), rules, own_domains={"shop.example"})
    headers_only(raw, "as after a death")
    mail = read_mail(raw)
    recognition = recognise(mail, rules)
    trust = judge(mail, "mx.shop.example", rules.amazon_domains, own_addresses=OWN, registrable=registrable)
    if recognition.kind is Kind.OTHER:
        return mail, None
    notice = extract(
        recognition,
        mail,
        rules,
        own_addresses=OWN,
        received_at=mail.received_at or mail.date_at or NOW,
        trusted=trust.trusted,
        trust_reason=trust.reason,
    )
    return mail, notice


@dataclass(frozen=True, slots=True)
class Cost:
    """What one mail took: seconds of processor time, bytes of memory above what the process had before."""

    seconds: float
    memory_bytes: int


def cost_of(work: Callable[[], object]) -> Cost:
    """The cost of a piece of work; the memory is 0 where the system does not tell the peak."""
    before = _memory("VmRSS", reset=True)
    started = time.process_time()
    work()
    seconds = time.process_time() - started
    return Cost(seconds, max(_memory("VmHWM") - before, 0))


# What `_yardstick` takes on the machine for which the seconds below were written down (2 cores at 2.4 GHz).
_YARDSTICK_SECONDS = 0.016


def slowdown() -> float:
    """How much slower this machine is just now than the one the promise was measured on; never below 1."""
    return max(1.0, min(_yardstick() for _ in range(3)) / _YARDSTICK_SECONDS)


def _yardstick() -> float:
    """Seconds of processor time of a piece of work that is like reading mails: patterns and text."""
    started = time.process_time()
    text = "order 113-1234567-1234567 for 18.20 USD, reply by October 12, 2026\n" * 2_000
    for _ in range(5):
        re.findall(r"\b\d{3}-\d{7}-\d{7}\b|(?i:reply by) (\w+ \d+)", text)
        [line.strip().casefold() for line in text.splitlines()]
    return time.process_time() - started


def _memory(name: str, *, reset: bool = False) -> int:
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")  # the peak starts again at what is in use now
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith(name + ":")), "x: 0 kB")
    return int(line.split()[1]) * 1024


@dataclass(slots=True)
class Figures:
    """The figures of a run; a mail is named by the number of its fixture and the seed of its damage."""

    mails: int = 0
    notices: int = 0
    slowest_seconds: float = 0.0
    slowest: str = ""
    most_memory_bytes: int = 0
    largest: str = ""
    failures: list[str] | None = None


def run(first_seed: int, seconds: float, keep: Path | None) -> Figures:
    """Read mutated fixtures, one seed after the other, for so long."""
    fixtures = fixture_mails()
    figures = Figures(failures=[])
    until = time.monotonic() + seconds
    understand(fixtures[0])  # imports and compiled patterns are not a mail's own cost
    seed = first_seed
    while time.monotonic() < until:
        number = seed % len(fixtures)
        raw = mutated(fixtures[number], seed)
        if not _note(figures, f"fixture {number}, seed {seed}", raw) and keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{seed}.eml").write_bytes(raw)
        seed += 1
    return figures


def _note(figures: Figures, name: str, raw: bytes) -> bool:
    """Count one mail; False when it broke a promise."""
    assert figures.failures is not None
    found: list[Notice | None] = []
    try:
        cost = cost_of(lambda: found.append(understand(raw)[1]))
    except Exception:
        figures.failures.append(f"{name}: {traceback.format_exc(limit=-4)}")
        return False
    if cost.seconds > MOST_SECONDS:  # once more: another process may have got in between
        again = cost_of(lambda: understand(raw))
        cost = Cost(min(cost.seconds, again.seconds), cost.memory_bytes)
    figures.mails += 1
    figures.notices += found[0] is not None
    if cost.seconds > figures.slowest_seconds:
        figures.slowest_seconds, figures.slowest = cost.seconds, name
    if cost.memory_bytes > figures.most_memory_bytes:
        figures.most_memory_bytes, figures.largest = cost.memory_bytes, name
    if cost.seconds > MOST_SECONDS or cost.memory_bytes > MOST_BYTES:
        figures.failures.append(f"{name}: {cost.seconds:.2f} s, {cost.memory_bytes / 2**20:.0f} MiB")
        return False
    return True


def main() -> int:
    """Run, print the figures as JSON; 1 when a mail broke a promise."""
    parser = argparse.ArgumentParser(description="read mutated fixtures and measure what each costs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keep", type=Path, help="a folder for the mails that broke a promise")
    options = parser.parse_args()
    figures = run(options.seed, options.seconds, options.keep)
    sys.stdout.write(json.dumps(asdict(figures), indent=1, ensure_ascii=False) + "\n")
    return 1 if figures.failures else 0


if __name__ == "__main__":
    sys.exit(main())
