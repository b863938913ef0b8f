"""A wheel carries everything: rules, templates and sample mails are found without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the built wheel installed into it, its dependencies being those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, ROOT], check=True, timeout=300)
    (wheel,) = folder.glob("inbox_bot-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]
    assert "inbox_bot/py.typed" in names
    subprocess.run(
        [*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True, timeout=300
    )
    return folder / "site"


def run(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The installed program in an empty folder, where no checkout can help it."""
    (site.parent / "empty").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-m", "inbox_bot", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=site.parent / "empty", capture_output=True, text=True)


def test_the_installed_package_is_the_one_that_runs(site):
    where = "import inbox_bot; print(inbox_bot.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    found = subprocess.run(
        [sys.executable, "-P", "-c", where], env=environment, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(site))


def test_rules_and_templates_are_inside(site):
    checked = run(site, "rules", "check")
    assert checked.returncode == 0, checked.stderr
    assert "decision rules" in checked.stdout


def test_the_sample_mails_are_inside_and_are_answered(site):
    mails = site / "inbox_bot" / "fixtures" / "emails"
    replayed = run(site, "replay", "--trust", "all", "--out", "replies", mails)
    assert replayed.returncode == 0, replayed.stderr
    assert list((site.parent / "empty" / "replies").glob("*.eml"))
