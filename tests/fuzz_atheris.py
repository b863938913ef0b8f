"""Coverage-guided fuzzing of everything that is done with a mail before a case is opened; see `make fuzz`.

Arguments are libFuzzer's (`-max_total_time=300`, a folder for the corpus). Without a folder the fixtures are the
corpus. Half of the mutations are the structural ones of `fuzz_mails.py`, half are libFuzzer's own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris
from fuzz_mails import fixture_mails, mutated

with atheris.instrument_imports(include=["inbox_bot.core", "inbox_bot.mail"]):
    from fuzz_reading import cost_of, understand

# Instrumented code is several times slower: what is a second without it may be some of them here.
MOST_SECONDS = 8.0
_LARGEST = 300_000


class TooCostlyError(Exception):
    """A mail took longer than its time."""


def read_one(raw: bytes) -> None:
    """Read one mail; an exception or a long time ends the run, and the mail is kept by libFuzzer."""
    cost = cost_of(lambda: understand(raw))
    if cost.seconds > MOST_SECONDS and cost_of(lambda: understand(raw)).seconds > MOST_SECONDS:
        raise TooCostlyError(f"{cost.seconds:.1f} s for {len(raw)} bytes")


def change(raw: bytes, most: int, seed: int) -> bytes:
    """The next mail to try."""
    changed = atheris.Mutate(raw, most) if seed % 2 else mutated(raw, seed)
    return bytes(changed[:most])


def main() -> None:
    """Run libFuzzer until its time is over."""
    with tempfile.TemporaryDirectory(prefix="inbox-bot-fuzz-") as corpus:
        for number, raw in enumerate(fixture_mails()):
            Path(corpus, f"{number}.eml").write_bytes(raw)
        folders = [one for one in sys.argv[1:] if not one.startswith("-")]
        arguments = [*sys.argv, *([] if folders else [corpus]), f"-max_len={_LARGEST}", "-rss_limit_mb=1500"]
        atheris.Setup(arguments, read_one, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
