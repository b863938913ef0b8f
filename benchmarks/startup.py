"""How fast the command line starts, as a ratio to importing the design's five libraries eagerly, in the same run.

Run: `python benchmarks/startup.py`. Prints medians and ratios; the promise is at most a third for `--help` and `cases`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
LIBRARIES = "import imapclient, mailparser, jinja2, apscheduler, sqlite_utils"


def seconds(command: list[str], folder: str) -> float:
    """Wall time of one run."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - begun


def main() -> None:
    """Interleave the commands, so that a busy machine slows all of them alike."""
    script = str(Path(sys.executable).with_name("inbox-bot"))
    commands = {
        "five libraries, eagerly": [sys.executable, "-c", LIBRARIES],
        "bare python": [sys.executable, "-c", "pass"],
        "inbox-bot --help": [script, "--help"],
        "inbox-bot cases": [script, "cases"],
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.toml").write_text('data_dir = "data"\n')
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                taken[name].append(seconds(command, folder))
    base = statistics.median(taken["five libraries, eagerly"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:<26}{median * 1000:7.0f} ms   {median / base:.2f}")


if __name__ == "__main__":
    main()
