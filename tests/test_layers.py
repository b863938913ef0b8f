"""The house: imports go down only, the core is pure, and each third-party library has its own room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "inbox_bot"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Higher floors may use lower ones, never the other way round.
FLOORS = (
    ("core",),
    (
        "mail",
        "orders",
        "book",
        "store",
        "alarms",
        "heap",
        "resources",
        "secret",
        "config",
        "config_alarms",
        "config_model",
        "config_oauth",
        "config_parts",
        "places",
        "sources",
        "providers",
        "testing",
        "whole_file",
    ),
    (
        "desk",
        "work",
        "purging",
        "keeping",
        "copies",
        "gather",
        "answer",
        "judging",
        "refund_steps",
        "after_steps",
        "pace",
        "steps",
        "other_mail",
        "joining",
        "intake",
        "logins",
        "outside",
    ),
    ("app",),
    ("replay", "audit", "teaching", "herald", "rounds", "vigil", "daemon"),
    ("commands",),
    ("options", "options_parts", "options_rules"),
    ("cli", "__main__"),
)
IMPURE = {
    "asyncio", "http", "imaplib", "logging", "os", "pathlib", "random", "secrets", "select", "shutil", "signal",
    "smtplib", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
}  # fmt: skip
# One library, one room; a second room needs a reason here.
ROOMS = {
    "aiosmtpd": {"testing", "commands.demo"},
    "apprise": {"alarms.channels"},
    "apscheduler": {"daemon"},
    "babel": {"core.cldr"},
    "dkim": {"mail.dkim", "mail.signed"},
    "dns": {"mail.resolver"},
    "google": {"mail.oauth_google"},
    "google_auth_oauthlib": {"mail.oauth_google"},
    "httpx": {"orders.track17", "alarms.heartbeat"},
    "icalendar": {"alarms.calendar"},
    "imapclient": {"mail"},
    "inscriptis": {"mail"},
    "jinja2": {
        "core.compose",
        "core.decide",
        "commands.report_page",
    },  # letters; reasons of rules; escaped HTML
    "keyring": {"secret", "commands.init"},
    "mailparser": {"mail.header"},
    "mailparser_reply": {"orders"},
    "msal": {"mail.oauth_microsoft"},
    "msgspec": {"store.codec", "mail.reader"},
    "oauthlib": {"mail.oauth_google"},
    "phonenumbers": {"core.personal_numbers"},
    "PIL": {"book.pictures"},
    "platformdirs": {"places"},
    "prometheus_client": {"alarms.metrics"},
    "publicsuffixlist": {"mail.domains"},
    "pydantic": {"config_alarms", "config_model", "config_oauth", "config_parts", "config"},
    "pymap": {"testing"},
    "pypdf": {"book.pages"},
    "re2": {"core", "orders"},
    "requests": {"mail.oauth_session"},
    "rich": {"commands"},
    "rule_engine": {"core.conditions"},
    "sdnotify": {"daemon"},
    "smtplib": {"mail"},
    "sqlite3": {"store"},
    "sqlite_utils": {"store"},
    "stamina": {"orders.track17"},
    "tracking_numbers": {"orders.carriers"},
    "typst": {"book.typeset"},
}


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, at the top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def floor_of(room: str) -> int:
    top = room.split(".")[0]
    return next((number for number, tops in enumerate(FLOORS) if top in tops), -1)


@pytest.mark.parametrize("path", MODULES, ids=room_of)
def test_imports_go_down_only(path):
    room = room_of(path)
    if room == "__init__":
        return
    assert floor_of(room) >= 0, f"{room} stands on no floor: add it to FLOORS"
    own = {name for name in imports_of(path) if name.startswith("inbox_bot.")}
    above = sorted(name for name in own if floor_of(name.removeprefix("inbox_bot.")) > floor_of(room))
    assert not above, f"{room} imports from above"


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path).startswith("core")], ids=room_of)
def test_the_core_does_no_io_and_reads_no_clock(path):
    used = {name.split(".")[0] for name in imports_of(path)} & IMPURE
    assert not used
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "utcnow", "today"}, f"{room_of(path)}:{node.lineno} reads a clock"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input"}, f"{room_of(path)}:{node.lineno}"


@pytest.mark.parametrize("library", sorted(ROOMS))
def test_each_library_has_its_own_room(library):
    strangers = sorted(
        room
        for path in MODULES
        if library in {name.split(".")[0] for name in imports_of(path)}
        and not any((room := room_of(path)) == home or room.startswith(f"{home}.") for home in ROOMS[library])
    )
    assert not strangers


def test_the_network_libraries_are_used_at_the_edge_only():
    for path in MODULES:
        used = {name.split(".")[0] for name in imports_of(path)} & {"imaplib", "smtplib", "socket", "ssl"}
        assert not used or room_of(path).startswith(("mail", "testing", "commands.demo")), room_of(path)


def test_rooms_and_functions_keep_a_readable_size():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{room_of(path)} holds more than one idea"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{room_of(path)}:{node.lineno} {node.name}"
