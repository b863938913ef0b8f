"""Fixtures for all tests: the private mail servers, and what `live` means."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from servers import SECRET, DovecotServer, PymapServer, dovecot, has_dovecot, pymap_server

# The suite tries the same examples each time; `make fuzz` and a larger number of them look for new ones.
settings.register_profile("steady", derandomize=True)
if not os.environ.get("INBOX_BOT_FUZZ_EXAMPLES"):
    settings.load_profile("steady")
SELLERS = [f"seller{number:03}@seller.example" for number in range(1000)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes the golden twins of the fixture mails anew."""
    parser.addoption("--update-goldens", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session")
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether the golden files are to be written."""
    return bool(request.config.getoption("--update-goldens"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip `live` tests where no Dovecot is installed, unless INBOX_BOT_LIVE=1 demands one."""
    if item.get_closest_marker("live") is not None and not has_dovecot():
        pytest.skip("needs Dovecot (Debian: dovecot-imapd)")


@pytest.fixture(scope="session")
def dovecot_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotServer]:
    """A Dovecot for the whole run; take a `fresh_seller` to have an empty mailbox. Tests with it are `live`."""
    with dovecot(tmp_path_factory.mktemp("dovecot"), dict.fromkeys(SELLERS, SECRET)) as server:
        yield server


@pytest.fixture(scope="session")
def pymap_mail_server() -> Iterator[PymapServer]:
    """A pymap server for the whole run; take a `fresh_seller` to have an empty mailbox."""
    with pymap_server(dict.fromkeys(SELLERS, SECRET)) as server:
        yield server


@pytest.fixture(scope="session")
def sellers() -> Iterator[str]:
    return iter(SELLERS)


@pytest.fixture
def fresh_seller(sellers: Iterator[str]) -> str:
    """A user name that no other test has used; the password is `servers.SECRET`."""
    return next(sellers)
