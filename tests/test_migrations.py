"""Stores that every earlier schema wrote open as they were, are sound, and are worked on where they stood.

`tests/stores/*.sql.gz` were written by the releases themselves: one case drafted, one answered by rule.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nouns import POLICY
from test_crash import mails
from world import NOW, Fuse, FusedOutside, World, desk_for, work_until_quiet

from inbox_bot import app
from inbox_bot.core.case import Status
from inbox_bot.core.ending import Ending, ending_of
from inbox_bot.core.errors import StoreError
from inbox_bot.core.model import LastCall
from inbox_bot.store.audit import audit_store
from inbox_bot.store.schema import MIGRATIONS
from inbox_bot.store.sqlite import SqliteStore

STORES = sorted((Path(__file__).parent / "stores").glob("*.sql.gz"))
POLICY_OF_DRAFTS = replace(POLICY, account="drafts", trust="all", last_call=LastCall.NEVER)


@pytest.fixture(params=STORES, ids=lambda path: path.name.split(".")[0])
def old_store(request, tmp_path) -> Path:
    path = tmp_path / "store"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(gzip.decompress(request.param.read_bytes()).decode())
    return path


def test_there_is_a_store_of_every_schema_but_the_newest():
    from sqlite_utils import Database

    names = [one.name for one in MIGRATIONS.pending(Database(memory=True))]
    assert [path.name.split(".")[0] for path in STORES] == [f"schema_{name[:4]}" for name in names[:-1]]


def test_it_can_be_looked_over_before_it_is_touched(old_store):
    before = old_store.read_bytes()
    audit = audit_store(old_store)
    assert audit.wrong == ()
    assert audit.cases == 2
    assert old_store.read_bytes() == before


def test_it_opens_with_everything_it_held(old_store):
    with closing(sqlite3.connect(old_store)) as connection:
        events = connection.execute("SELECT number, account, case_id, at, type, data FROM events").fetchall()
    with closing(SqliteStore(old_store)) as store:
        assert {one.case.case_id: one.case.status for one in store.cases()} == {
            "113-0000000-1234567": Status.DRAFTED,
            "114-0000000-1234567": Status.ANSWERED,
        }
        for record in store.cases():
            assert store.file(record.case.reply.sha256)
            assert store.history(record.case.case_id)
    with closing(sqlite3.connect(old_store)) as connection:
        kept = connection.execute("SELECT number, account, case_id, at, type, data FROM events").fetchall()
    assert kept == events
    assert audit_store(old_store).wrong == ()


def test_it_is_worked_on_where_it_stood(old_store):
    world = World()
    with closing(SqliteStore(old_store)) as store:
        desk = desk_for(POLICY_OF_DRAFTS, store, FusedOutside(world, Fuse()))
        work_until_quiet(desk, world, mails(1), NOW, NOW + timedelta(hours=2))
        assert not world.drafts, "the draft stands already"
        composed = store.case("113-0000000-1234567").case.reply
        app.approve(store, "113-0000000-1234567", NOW)
        work_until_quiet(desk, world, mails(1), NOW, NOW + timedelta(hours=3))
        assert [reply.sha256 for reply in world.accepted] == [composed.sha256]
    assert audit_store(old_store).wrong == ()


def test_a_later_releases_store_is_left_alone_and_said_what_to_do(tmp_path):
    path = tmp_path / "store"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('inbox_bot', '0999_x', '2030')"
        )
    with pytest.raises(StoreError, match=r"0999_x.*upgrade"):
        SqliteStore(path)


def test_another_programs_file_is_left_alone(tmp_path):
    path = tmp_path / "store"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreError, match="another program"):
        SqliteStore(path)
    with closing(sqlite3.connect(path)) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["recipes"]


@pytest.mark.parametrize("name", [path.name for path in STORES])
def test_a_migration_that_dies_in_the_middle_is_made_whole_at_the_next_start(tmp_path, name):
    source = gzip.decompress((Path(__file__).parent / "stores" / name).read_bytes()).decode()
    died_at = []
    for limit in (50, 200, 500, 1_000):  # the last step alone is over before the longest of them
        path = tmp_path / f"store{limit}"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(source)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            from sqlite_utils import Database

            connection.set_progress_handler(lambda: 1, limit)  # SQLite stops in the middle of a statement
            try:
                MIGRATIONS.apply(Database(connection))
            except (sqlite3.OperationalError, StoreError):
                died_at.append(limit)
        assert audit_store(path).wrong == ()
        with closing(SqliteStore(path)) as store:
            assert len(store.cases()) == 2
    assert died_at[:2] == [50, 200]


def test_the_silence_about_a_case_that_was_answered_before_is_counted_too(old_store):
    policy = replace(POLICY_OF_DRAFTS, account="rules")
    with closing(SqliteStore(old_store)) as store:
        desk = desk_for(policy, store, FusedOutside(World(), Fuse()))
        app.tick(desk, NOW + timedelta(days=1))
        app.tick(desk, NOW + timedelta(days=91))
        assert ending_of(store.case("114-0000000-1234567").case) is Ending.PRESUMED_WON
