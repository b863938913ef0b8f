"""The hot commands import nothing heavy: a list of cases has to appear at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "imapclient",
    "mailparser",
    "jinja2",
    "apscheduler",
    "sqlite_utils",
    "pydantic",
    "rich",
    "click",
    "rule_engine",
)
PROBE = (
    "import sys, json\n"
    "sys.argv = ['inbox-bot', *sys.argv[1:]]\n"
    "from inbox_bot.cli import main\n"
    "try:\n    main()\n"
    "except SystemExit as end:\n    code = end.code\n"
    "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
)


@pytest.mark.parametrize("arguments", [["--help"], ["cases"], ["--version"]])
def test_no_heavy_library_is_imported(arguments, tmp_path):
    (tmp_path / "config.toml").write_text('data_dir = "data"\n')
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert not set(HEAVY) & {name.split(".")[0] for name in modules}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["cases", "--config", "nowhere.toml"], 2),
        (["replay", "nowhere.eml"], 2),
        (["no-such-command"], 2),
        (["show", "113", "--config", "config.toml"], 2),
        (["rules", "check"], 0),
        (["completion", "bash"], 0),
    ],
)
def test_exit_codes_and_no_traceback_for_what_the_user_gets_wrong(arguments, code, tmp_path):
    (tmp_path / "config.toml").write_text(
        'data_dir = "data"\n[[account]]\n'
    ) if "rules" not in arguments else None
    done = subprocess.run(
        [sys.executable, "-m", "inbox_bot", *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert code == 0 or done.stderr.strip()
