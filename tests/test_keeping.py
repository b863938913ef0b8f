"""Backups, the way back, and the look over a store: whole or not at all, and nothing is done twice afterwards."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import POLICY, travelled
from simulated_quarter import account_config
from test_crash import mails
from world import NOW, RULEBOOK, Fuse, FusedOutside, World, desk_for, work_until_quiet

from inbox_bot import app
from inbox_bot.app import ingest, tick
from inbox_bot.core import events as happened
from inbox_bot.core.case import LookBack, Status
from inbox_bot.core.errors import InboxBotError, StoreError, UserError
from inbox_bot.core.model import LastCall, Mode, Verdict
from inbox_bot.desk import Desk
from inbox_bot.intake import poll_folder
from inbox_bot.keeping import bring_back
from inbox_bot.mail.memory import MemoryAccount
from inbox_bot.mail.message import read_mail
from inbox_bot.outside import LiveOutside
from inbox_bot.store.audit import audit_store
from inbox_bot.store.backup import back_up
from inbox_bot.store.chain import Head
from inbox_bot.store.lock import only_one
from inbox_bot.store.protocol import Change
from inbox_bot.store.sqlite import SqliteStore, see_that_it_is_whole

DRAFT = replace(POLICY, trust="all", last_call=LastCall.NEVER)
AUTO = replace(DRAFT, mode=Mode.AUTO)
SOON = NOW + timedelta(hours=1)


def worked(path, policy=DRAFT, count=2) -> World:
    """A store with cases that were worked on as far as they go in an hour."""
    store, world = SqliteStore(path), World()
    try:
        work_until_quiet(desk_for(policy, store, FusedOutside(world, Fuse())), world, mails(count), NOW, SOON)
    finally:
        store.close()
    return world


def tampered(path, *statements: str) -> None:
    """Somebody with an SQLite shell, who knows how to get rid of triggers."""
    with sqlite3.connect(path) as connection:
        for name in ("events_are_kept", "events_stand", "events_are_chained"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


# --- the look over the store


def test_a_store_that_nobody_touched_is_sound_and_names_its_head(tmp_path):
    worked(tmp_path / "s")
    audit = audit_store(tmp_path / "s")
    assert audit.wrong == ()
    assert audit.cases == 2
    assert audit.head is not None
    assert audit.head.number == audit.events
    assert audit_store(tmp_path / "s", audit.head).wrong == ()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET data = replace(data, '10.50', '99.99') WHERE number = 1", "event 1 was changed"),
        ("UPDATE events SET at = '2026-01-01T00:00:00.000000+00:00' WHERE number = 3", "event 3 was changed"),
        ("DELETE FROM events WHERE number = 2", "event 3 was changed, or one before it was taken out"),
        ("UPDATE events SET hash = 'f' || substr(hash, 2) WHERE number = 2", "event 2 was changed"),
        ("UPDATE files SET content = x'00'", "does not hold what its name says"),
        ("UPDATE cases SET state = replace(state, '\"approved\":false', '\"approved\":true')", ""),
        ("UPDATE cases SET state = replace(state, '\"answered_at\":null', '\"answered_at\":\"2026-10-06T00:00:00Z\"')",
         "is not what its events say"),
        ("UPDATE cases SET state = '{}'", "cannot be read"),
        ("DELETE FROM cases", "has events and is gone itself"),
    ],
)  # fmt: skip
def test_whatever_somebody_changes_is_named(tmp_path, statement, said):
    worked(tmp_path / "s")
    tampered(tmp_path / "s", statement)
    wrong = audit_store(tmp_path / "s").wrong
    assert any(said in line for line in wrong) if said else not wrong


def test_the_last_events_taken_away_show_against_a_head_that_was_written_down(tmp_path):
    worked(tmp_path / "s")
    head = audit_store(tmp_path / "s").head
    tampered(tmp_path / "s", f"DELETE FROM events WHERE number = {head.number}")
    assert any("no longer holds event" in line for line in audit_store(tmp_path / "s", head).wrong)
    assert any("no longer holds" in line for line in audit_store(tmp_path / "s", Head(1, "0" * 64)).wrong)


def test_two_writers_keep_one_chain(tmp_path):
    def write(name: str) -> None:
        store = SqliteStore(tmp_path / "s")
        for number in range(60):
            store.commit(Change(name, NOW, events=(happened.AlertRaised(name, str(number)),)))
        store.close()

    SqliteStore(tmp_path / "s").close()
    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit = audit_store(tmp_path / "s")
    assert (audit.wrong, audit.events) == ((), 180)


# --- backups


def test_every_backup_taken_while_the_daemon_writes_is_whole(tmp_path):
    SqliteStore(tmp_path / "s").close()
    stop = threading.Event()

    def write() -> None:
        store = SqliteStore(tmp_path / "s")
        while not stop.is_set():
            store.commit(
                Change("shop", NOW, events=tuple(happened.AlertRaised("x", "y" * 500) for _ in range(20)))
            )
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [back_up(tmp_path / "s", tmp_path / f"b{number}").events for number in range(8)]
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)
    assert counts[-1] > 0
    assert all(audit_store(tmp_path / f"b{number}").wrong == () for number in range(8))
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith("b")) == [
        f"b{n}" for n in range(8)
    ]


def test_a_backup_is_private_is_one_file_and_replaces_nothing_unasked(tmp_path):
    worked(tmp_path / "s")
    target = tmp_path / "backup"
    back_up(tmp_path / "s", target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    before = target.read_bytes()
    with pytest.raises(UserError, match="--replace"):
        back_up(tmp_path / "s", target)
    assert target.read_bytes() == before
    back_up(tmp_path / "s", target, replace=True)
    with pytest.raises(UserError, match="is the store itself"):
        back_up(tmp_path / "s", tmp_path / "s", replace=True)
    with pytest.raises(UserError, match="cannot be written"):
        back_up(tmp_path / "s", tmp_path / "no folder" / "b")
    with pytest.raises(StoreError, match="no store"):
        back_up(tmp_path / "none", tmp_path / "c")
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_a_store_with_a_fault_is_not_backed_up_as_if_it_were_sound(tmp_path):
    worked(tmp_path / "s")
    tampered(tmp_path / "s", "DELETE FROM events WHERE number = 2")
    with pytest.raises(StoreError, match="event 3"):
        back_up(tmp_path / "s", tmp_path / "b")
    assert not (tmp_path / "b").exists()


# --- the way back


def test_the_old_store_is_kept_and_open_cases_learn_that_they_were_away(tmp_path):
    worked(tmp_path / "s")
    back_up(tmp_path / "s", tmp_path / "b")
    old = audit_store(tmp_path / "s").head
    aside, opened = bring_back(tmp_path / "b", tmp_path / "s", SOON)
    assert audit_store(aside).head == old
    assert [case.look_back for case in opened] == [LookBack.DUE] * 2
    assert audit_store(tmp_path / "s", old).wrong == ()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="exists already"):
        bring_back(tmp_path / "b", tmp_path / "s", SOON)


@pytest.mark.parametrize("kind", ["text", "foreign", "later", "tampered", "cut", "empty"])
def test_what_is_no_sound_backup_changes_nothing(tmp_path, kind):
    worked(tmp_path / "s")
    bad = tmp_path / "b"
    back_up(tmp_path / "s", bad)
    if kind == "text":
        bad.write_text("no store at all\n" * 100)
    elif kind == "foreign":
        bad.unlink()
        with sqlite3.connect(bad) as connection:
            connection.execute("CREATE TABLE recipes (name)")
    elif kind == "later":
        with sqlite3.connect(bad) as connection:
            connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
                               " VALUES ('inbox_bot', '0999_later', '2030')")  # fmt: skip
    elif kind == "tampered":
        tampered(bad, "DELETE FROM events WHERE number = 2")
    elif kind == "cut":
        bad.write_bytes(bad.read_bytes()[:-9000])
    else:
        bad.write_bytes(b"")
    before = (tmp_path / "s").read_bytes()
    if kind == "empty":  # for SQLite an empty file is an empty database; there is nothing to go back to
        with pytest.raises(InboxBotError, match="holds nothing"):
            bring_back(bad, tmp_path / "s", SOON)
    else:
        with pytest.raises(InboxBotError):
            bring_back(bad, tmp_path / "s", SOON)
    assert (tmp_path / "s").read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} <= {"b", "s", "s-wal", "s-shm"}


def test_a_damaged_store_is_replaced_and_kept(tmp_path):
    worked(tmp_path / "s")
    back_up(tmp_path / "s", tmp_path / "b")
    torn = bytearray((tmp_path / "s").read_bytes())
    torn[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
    (tmp_path / "s").write_bytes(torn)
    with pytest.raises(StoreError, match="restore"):
        see_that_it_is_whole(tmp_path / "s")
    aside, _ = bring_back(tmp_path / "b", tmp_path / "s", SOON)
    assert aside.read_bytes() == torn
    see_that_it_is_whole(tmp_path / "s")


def test_a_process_that_dies_while_it_restores_leaves_the_old_store_or_the_new_one(tmp_path):
    """It is stopped before each of its system calls that change names, and never is there no store."""
    names = ("link", "replace")
    for dies_at in range(1, 8):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        worked(folder / "s")
        back_up(folder / "s", folder / "b")
        child = os.fork()
        if child == 0:
            count = 0

            def audit_hook(event: str, _: object, dies_at: int = dies_at) -> None:
                nonlocal count
                if event in ("os.link", "os.rename") and (count := count + 1) == dies_at:
                    os._exit(9)

            sys.addaudithook(audit_hook)
            bring_back(folder / "b", folder / "s", SOON)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert audit_store(folder / "s").wrong == (), (names, dies_at)
        if os.waitstatus_to_exitcode(status) == 0:
            return
    pytest.fail("the restore was never let through")


def test_one_at_a_time_and_the_other_is_named(tmp_path):
    with only_one(tmp_path), pytest.raises(StoreError, match=f"process {os.getpid()}"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


# --- nothing twice: the mailbox knows what the store forgot


def drafts_of(shop: Shop) -> list[bytes]:
    return [mail.raw for mail in shop.account.mails("Drafts")]


class Shop:
    """A mailbox in memory and a store on disk; `sent` is what the SMTP server took."""

    def __init__(self, folder, policy) -> None:
        self.policy, self.folder, self.account, self.sent = policy, folder, MemoryAccount(), []
        self.path = folder / "s"

    def work(self, at, *, sent_is_read=True) -> tuple:
        shop = self

        class Outside(LiveOutside):
            def mailbox(self):
                if self._mailbox is None:
                    self._mailbox = shop.account.open()
                return self._mailbox

            def submit(self, reply, *, before_body, on_accepted):
                before_body()
                shop.sent.append(reply)
                shop.account.deliver(travelled(reply.raw_bytes), at=at)
                on_accepted(250, "ok")

        store, told = SqliteStore(self.path), []
        outside = Outside(account_config(self.policy))
        desk = Desk(self.policy, RULEBOOK, store, outside, read_mail, told.append)
        try:
            for _ in range(3):
                for folder in ("INBOX", *(["Sent"] if sent_is_read else [])):
                    poll_folder(desk, outside.mailbox(), folder, at)
                    ingest(desk, at)
                tick(desk, at)
            return tuple(record.case for record in store.cases()), told
        finally:
            outside.drop()
            store.close()


@pytest.fixture(params=["backup", "moved"])
def after_the_answer(request, tmp_path):
    """A shop that handled its notices, and then went back to a backup of before, or to no store at all."""

    def make(policy, meanwhile=lambda shop, cases: None):
        shop = Shop(tmp_path, policy)
        for raw in mails(2):
            shop.account.deliver(raw, at=NOW)
        SqliteStore(shop.path).close()
        back_up(shop.path, tmp_path / "backup")
        cases, _ = shop.work(NOW + timedelta(minutes=1))
        meanwhile(shop, cases)
        if request.param == "backup":
            bring_back(tmp_path / "backup", shop.path, NOW + timedelta(hours=2))
        else:
            shop.path.unlink()
        return shop, cases

    return make


@pytest.mark.parametrize("sent_is_read", [True, False])
def test_a_reply_that_went_out_is_not_sent_again(after_the_answer, sent_is_read):
    shop, before = after_the_answer(AUTO)
    assert [case.status for case in before] == [Status.ANSWERED] * 2
    assert len(shop.sent) == 2
    cases, _ = shop.work(NOW + timedelta(hours=3), sent_is_read=sent_is_read)
    assert len(shop.sent) == 2
    assert [case.status for case in cases] == [Status.ANSWERED] * 2
    assert {case.answer_id for case in cases} == {reply.message_id for reply in shop.sent}


def test_a_draft_that_stands_is_not_placed_again(after_the_answer):
    shop, before = after_the_answer(DRAFT)
    assert [case.status for case in before] == [Status.DRAFTED] * 2
    drafts = drafts_of(shop)
    cases, told = shop.work(NOW + timedelta(hours=3))
    assert [case.status for case in cases] == [Status.DRAFTED] * 2
    assert drafts_of(shop) == drafts
    assert not [one for one in told if one.name == "an earlier draft"]


def test_a_draft_of_another_revision_is_pointed_out(after_the_answer):
    def rewrite(shop: Shop, cases) -> None:
        with closing(SqliteStore(shop.path)) as store:
            app.overrule(store, cases[0].case_id, Verdict.REPRESENT, "again", NOW + timedelta(minutes=2))
        (again, _), _ = shop.work(NOW + timedelta(minutes=3))
        assert again.reply.revision == 2

    shop, _ = after_the_answer(DRAFT, rewrite)
    assert len(drafts_of(shop)) == 2
    _, told = shop.work(NOW + timedelta(hours=3))
    assert [one.name for one in told if "earlier" in one.name] == ["an earlier draft"]


def test_an_answer_by_hand_counts_also_when_sent_is_not_read(tmp_path):
    shop = Shop(tmp_path, AUTO)
    for raw in mails(1):
        shop.account.deliver(raw, at=NOW)
    own = (
        b"From: orders@seller.example\r\nTo: cb-seller-notification@amazon.com\r\nMessage-ID: <by.hand@seller.example>\r\n"
        b"In-Reply-To: <notice.0@mail.example>\r\nSubject: Re: dispute\r\n\r\nHere it is.\r\n"
    )
    shop.account.deliver(own, "Sent", at=NOW)
    (case,), _ = shop.work(NOW + timedelta(hours=3), sent_is_read=False)
    assert (case.status, case.answer_id, shop.sent) == (Status.ANSWERED, "<by.hand@seller.example>", [])


def test_a_forward_of_the_notice_to_somebody_else_is_no_answer(tmp_path):
    shop = Shop(tmp_path, AUTO)
    for raw in mails(1):
        shop.account.deliver(raw, at=NOW)
    forward = (
        b"From: orders@seller.example\r\nTo: books@accountant.example\r\nMessage-ID: <fw@seller.example>\r\n"
        b"References: <notice.0@mail.example>\r\nSubject: Fwd: dispute\r\n\r\nLook.\r\n"
    )
    shop.account.deliver(forward, "Sent", at=NOW)
    (case,), _ = shop.work(NOW + timedelta(hours=3))
    assert len(shop.sent) == 1
    assert case.status is Status.ANSWERED


def test_a_draft_that_shows_in_a_folder_of_all_mails_is_no_copy_of_a_sent_reply(tmp_path):
    """Gmail's All Mail holds drafts too: only what a server handed on shows that a reply went out."""
    shop = Shop(tmp_path, DRAFT)
    shop.account.create("All Mail", "all")
    for raw in mails(1):
        shop.account.deliver(raw, at=NOW)
        shop.account.deliver(raw, "All Mail", at=NOW)
    (case,), _ = shop.work(NOW)
    (draft,) = drafts_of(shop)
    outside = LiveOutside(account_config(DRAFT))
    outside._mailbox = shop.account.open()
    shop.account.deliver(draft, "All Mail", at=NOW)
    assert outside.find_copy(case.reply.message_id) == ""
    shop.account.deliver(travelled(draft), "All Mail", at=NOW)
    assert outside.find_copy(case.reply.message_id) == "All Mail"
    outside.drop()
