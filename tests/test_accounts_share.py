"""What hundreds of accounts in one process share."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from inbox_bot.heap import give_back, share_heap
from inbox_bot.sources import shared_folder
from inbox_bot.store.connection import connect


def test_accounts_with_the_same_rules_share_the_watched_folder(tmp_path):
    kept: dict[object, object] = {}
    first = shared_folder(tmp_path, None, kept)
    assert shared_folder(tmp_path, None, kept) is first
    assert shared_folder(tmp_path / "another", None, kept) is not first
    assert shared_folder(tmp_path, None, {}) is not first, "other rules, other words"


def test_a_connection_to_the_store_keeps_little_of_it_in_memory(tmp_path: Path):
    with closing(connect(tmp_path / "store")) as connection:
        assert connection.execute("PRAGMA cache_size").fetchone() == (-256,)


def test_asking_the_c_library_never_fails():
    share_heap()
    give_back()
