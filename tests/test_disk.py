"""A disk that is full, or that nobody may write to: the pass stops, nothing moves on, and nothing is lost or done twice."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from test_crash import mails
from test_keeping import AUTO, DRAFT, Shop, drafts_of
from world import NOW

from inbox_bot.core.case import Status
from inbox_bot.core.errors import InboxBotError, StoreUnavailable
from inbox_bot.store.audit import audit_store
from inbox_bot.store.sqlite import SqliteStore

DISK_BYTES = 3 << 20


@dataclass
class Disk:
    """A small disk of its own where that may be had; elsewhere the kernel refuses files beyond a size."""

    folder: Path
    is_real: bool

    @contextmanager
    def with_only(self, free_bytes: int) -> Iterator[None]:
        """While this lasts, no more than so much can be written."""
        if self.is_real:
            filler = self.folder / "filler"
            with filler.open("wb") as file, suppress(OSError):
                file.write(b"x" * max(self._free() - free_bytes, 0))
                file.flush()
            try:
                yield
            finally:
                filler.unlink()
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def _free(self) -> int:
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize


@pytest.fixture
def disk(tmp_path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    yield Disk(folder, mounted)
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


FREE_KIB = (0, 4, 12, 24, 40, 64, 96, 140, 200, 300, 400, 600)


@pytest.mark.parametrize("free_kib", FREE_KIB)
@pytest.mark.parametrize("policy", [DRAFT, AUTO], ids=["draft", "auto"])
def test_wherever_the_disk_fills_up_everything_is_done_once_there_is_room(disk, policy, free_kib):
    shop = Shop(disk.folder, policy)
    SqliteStore(shop.path).close()
    for raw in mails(2):
        shop.account.deliver(raw, at=NOW)
    with disk.with_only(free_kib * 1024):
        for minute in range(3):
            with suppress(StoreUnavailable):
                shop.work(NOW + timedelta(minutes=minute))
    for minute in (5, 30, 60, 120):
        cases, _ = shop.work(NOW + timedelta(minutes=minute))
    wanted = Status.ANSWERED if policy is AUTO else Status.DRAFTED
    assert [case.status for case in cases] == [wanted] * 2
    assert len(shop.sent) == (2 if policy is AUTO else 0)
    assert len(drafts_of(shop)) == (0 if policy is AUTO else 2)
    assert audit_store(shop.path).wrong == ()


def test_on_a_full_disk_the_cursor_stays_before_the_mails_that_were_not_stored(disk):
    shop = Shop(disk.folder, DRAFT)
    SqliteStore(shop.path).close()
    for raw in mails(1):
        shop.account.deliver(raw, at=NOW)
    with disk.with_only(0), pytest.raises(StoreUnavailable):
        shop.work(NOW)
    with closing(SqliteStore(shop.path)) as store:
        assert store.cursor("shop", "INBOX") is None
        assert store.cases() == ()


def test_a_store_that_may_only_be_read_is_named_with_the_reason(tmp_path):
    """A child that is nobody, because root may write to everything."""
    shop = Shop(tmp_path, DRAFT)
    SqliteStore(shop.path).close()
    if os.geteuid() == 0:
        os.chown(shop.path, 65534, 65534)
        tmp_path.chmod(0o555)
    shop.path.chmod(0o444)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        said = "nothing was said"
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            shop.work(NOW)
        except InboxBotError as error:
            said = f"{type(error).__name__}: {error}"
        except BaseException as error:
            said = repr(error)
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    tmp_path.chmod(0o755)
    shop.path.chmod(0o600)
    assert said.startswith("Store")
    assert str(shop.path) in said or "readonly" in said
    with closing(SqliteStore(shop.path)) as store:
        assert store.cases() == ()


def test_everything_beside_the_store_is_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "data" / "store")
        store.save_mails("shop", "INBOX", _cursor(), (), NOW)
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "data").iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"store": 0o600, "store-wal": 0o600, "store-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_store_that_stood_open_to_everybody_is_closed(tmp_path):
    SqliteStore(tmp_path / "store").close()
    (tmp_path / "store").chmod(0o644)
    SqliteStore(tmp_path / "store").close()
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o600


def _cursor():
    from inbox_bot.store.protocol import Cursor

    return Cursor(1, 1)
