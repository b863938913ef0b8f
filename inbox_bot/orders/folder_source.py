"""The watched folder as a source of records: what the seller puts into `evidence/<order id>/` becomes exhibits.

Files are taken for what their bytes are, not for what they are called; what a file shows is told by the words of its
name or of its sub-folder (`rules/documents.toml`). Nothing in the folder is changed, and nothing outside is followed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from inbox_bot.book.pictures import Unreadable
from inbox_bot.core.errors import Problem, TemporaryError, UserError
from inbox_bot.core.phrase_table import PhraseHit, PhraseTable, load_phrases
from inbox_bot.core.phrases import Phrase
from inbox_bot.core.record import Document, Dossier, Origin, Provenance
from inbox_bot.core.text import one_line
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.file_kinds import SAVE_AS, typed
from inbox_bot.orders.source import Finding

MOST_FILES = 40
MOST_BYTES = 50_000_000  # of one file
MOST_KEPT_BYTES = 150_000_000  # of all files of an order, as kept
SHOWS = ("other", "return", "invoice", "listing", "signature", "delivery", "item")
"""What a document may show; of several that are named the first is taken: rather less than more."""

_MOST_PROBLEMS = 30
_LONGEST_NAME = 120
_IGNORED = ("thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "__macosx", "@eadir", "$recycle.bin")
_PARTS = re.compile(r"[\W_]+")
_JOINTS = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """By what a file shows, the words that say so in its name or its sub-folder."""

    words: PhraseTable

    def shows(self, *names: str) -> str:
        """What a file of these names (the sub-folder's first) is evidence of; "other" when no word says it."""
        for name in names:
            hits = self.words.find_all(_as_words(name))
            told = {hit.name for hit in hits if not any(_lies_within(hit, other) for other in hits)}
            if told:
                return next(what for what in SHOWS if what in told)
        return "other"


def load_document_words(files: Sequence[TomlFile]) -> DocumentWords:
    """The words of `rules/documents.toml` and those the user's own files add; raises UserError with every problem."""
    words: dict[str, tuple[Phrase, ...]] = {}
    problems: list[Problem] = []
    for file in files:
        for what in file.data:
            if what not in SHOWS:
                remedy = f"use one of {', '.join(SHOWS)}"
                problems.append(file.problem((what,), f"unknown table {what!r}", remedy))
        table, flaws = load_phrases(file, ())
        problems.extend(flaws)
        for what in table.names:
            words[what] = (*words.get(what, ()), *table.phrases(what))
    if problems:
        raise UserError(problems)
    return DocumentWords(PhraseTable(words))


@dataclass(frozen=True, slots=True)
class FolderSource:
    """`RecordSource` over the evidence folder."""

    folder: Path
    shows: DocumentWords
    name: str = "folder"

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """As `RecordSource.look_up`; raises TemporaryError while a file is still being written."""
        order_id = known.order_id
        paths, problems = self._files(order_id)
        taken = _Taken(order_id, at, problems)
        for path in paths[:MOST_FILES]:
            taken.take(path, path.relative_to(self.folder / order_id), self.shows)
        if len(paths) > MOST_FILES:
            what = f"{len(paths)} files are too many; only the first {MOST_FILES} by name were taken"
            problems.insert(
                0, Problem(what, f"evidence/{order_id}", remedy="keep those that prove something")
            )
        if len(problems) > _MOST_PROBLEMS:
            more = Problem(f"{len(problems) - _MOST_PROBLEMS} further problems", f"evidence/{order_id}")
            problems = [*problems[:_MOST_PROBLEMS], more]
        dossier = Dossier(
            order_id, documents=tuple(taken.documents.values()), provenance=tuple(taken.provenance)
        )
        return Finding(dossier, taken.files, tuple(problems))

    def fingerprint(self, order_id: str) -> str:
        """Names, sizes and times of the order's files as one short text; empty when there are none."""
        digest = hashlib.sha256()
        paths, _ = self._files(order_id)
        for path in paths:
            try:
                status = path.lstat()
            except OSError:
                continue  # gone since; the next look tells
            digest.update(os.fsencode(path.relative_to(self.folder)))
            digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
        return digest.hexdigest()[:24] if paths else ""

    def strangers(self) -> tuple[Problem, ...]:
        """The sub-folders that are called like no order."""
        entries, problems = _entries(self.folder, str(self.folder))
        names = [
            one.name for one in entries if one.is_dir(follow_symlinks=False) and not _is_order_id(one.name)
        ]
        remedy = "name it after the order id, as 113-0196033-6384224"
        problems += [
            Problem("is called like no order", _clean(str(self.folder / one)), remedy=remedy) for one in names
        ]
        return tuple(problems)

    def _files(self, order_id: str) -> tuple[list[Path], list[Problem]]:
        """The order's files by name, then those of its sub-folders; what is no regular file is a problem."""
        if not _is_order_id(order_id):
            return [], []
        own, shown = self.folder / order_id, f"evidence/{order_id}"
        if own.is_symlink() or own.is_file():
            what = "is a link; links are not followed" if own.is_symlink() else "is a file"
            return [], [Problem(what, shown, remedy="make it a folder and put the files into it")]
        entries, problems = _entries(own, shown)
        folders = [one for one in entries if one.is_dir(follow_symlinks=False)]
        paths = list(_regular([one for one in entries if one not in folders], shown, problems))
        for folder in folders:
            inside = f"{shown}/{_clean(folder.name)}"
            inner, flaws = _entries(Path(folder.path), inside)
            problems += flaws
            paths += _regular(inner, inside, problems)
        return paths, problems


@dataclass(slots=True)
class _Taken:
    """What one look at an order's folder gathers, file by file."""

    order_id: str
    at: datetime
    problems: list[Problem]
    documents: dict[str, Document] = field(default_factory=dict)  # by the digest of the file as dropped
    files: dict[str, bytes] = field(default_factory=dict)
    provenance: list[Provenance] = field(default_factory=list)

    def take(self, path: Path, inside: Path, words: DocumentWords) -> None:
        """Read one file and add what it is; a file that cannot be used is a problem."""
        name = self._free_name(_clean(str(inside)))
        source = f"evidence/{self.order_id}/{name}"
        try:
            raw = _read(path, source)
            sha256 = hashlib.sha256(raw).hexdigest()
            if sha256 in self.documents:  # the same bytes twice are one exhibit
                return
            kind, media_type, kept, pages = typed(raw)
            if sum(map(len, self.files.values())) + len(kept) > MOST_KEPT_BYTES:
                raise Unreadable(
                    "the files of this order are too large together; keep those that prove something"
                )
        except FileNotFoundError:
            return  # gone since the folder was read
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            self.problems.append(Problem(what, source, remedy="change its permissions"))
            return
        except Unreadable as error:
            what, _, remedy = str(error).rpartition("; ")
            self.problems.append(Problem(what or remedy, source, remedy=remedy if what else SAVE_AS))
            return
        kept_sha256 = hashlib.sha256(kept).hexdigest()
        shows = words.shows(*map(_clean, inside.parts[:-1]), _clean(inside.stem))
        document = Document(self.order_id, name, kind, shows, media_type, sha256, kept_sha256, pages, source)
        self.documents[sha256] = document
        self.files[kept_sha256] = kept
        self.provenance.append(Provenance(source, Origin.FOLDER, self.at, sha256))

    def _free_name(self, name: str) -> str:
        """The name, numbered when another file's is the same once it is clean: a source names one file."""
        used = {one.name for one in self.documents.values()}
        numbered = (f"{name} ({number})" for number in range(2, MOST_FILES + 2))
        return name if name not in used else next(one for one in numbered if one not in used)


def _is_order_id(text: str) -> bool:
    return find_order_ids(text) == (text,)


def _clean(name: str) -> str:
    """A name that a stranger may have given, on one line, in one spelling, its end kept; `;` parts sources."""
    whole = os.fsencode(name).decode("utf-8", "replace").replace("\n", " ")
    shown = one_line(unicodedata.normalize("NFC", whole)).replace(";", ",")
    return (shown if len(shown) <= _LONGEST_NAME else f"…{shown[1 - _LONGEST_NAME :]}") or "_"


def _as_words(name: str) -> str:
    """`ProofOfDelivery_2.final` as the words it is made of."""
    return _PARTS.sub(" ", _JOINTS.sub(" ", unicodedata.normalize("NFKC", name))).strip()


def _lies_within(hit: PhraseHit, other: PhraseHit) -> bool:
    longer = other.end - other.start > hit.end - hit.start
    return longer and other.start <= hit.start and hit.end <= other.end


def _entries(folder: Path, shown: str) -> tuple[list[os.DirEntry[str]], list[Problem]]:
    """What lies in a folder by name, without what systems leave there; a folder that is not there is empty."""
    try:
        with os.scandir(folder) as found:
            seen = [one for one in found if not _is_ignored(one.name)]
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError as error:
        return [], [Problem(f"cannot be read: {error.strerror}", shown, remedy="change its permissions")]
    return sorted(seen, key=lambda one: one.name), []


def _is_ignored(name: str) -> bool:
    return name.startswith((".", "~$")) or name.casefold() in _IGNORED


def _regular(entries: Sequence[os.DirEntry[str]], shown: str, problems: list[Problem]) -> Iterator[Path]:
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
            continue
        if entry.is_dir(follow_symlinks=False):
            what, remedy = "is a folder too deep to be looked into", "move its files up into the folder above"
        elif entry.is_symlink():
            what, remedy = "is a link; links are not followed", "copy the file itself"
        else:
            what, remedy = "is no ordinary file; it was passed over", "copy the file itself"
        problems.append(Problem(what, f"{shown}/{_clean(entry.name)}", remedy=remedy))


def _read(path: Path, shown: str) -> bytes:
    """The file's bytes; raises Unreadable for one that is empty or too large, TemporaryError for one that grows."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise Unreadable("is no ordinary file; copy the file itself")
        if before.st_size > MOST_BYTES:
            most = f"save it smaller than {MOST_BYTES // 1_000_000} MB"
            raise Unreadable(f"the file has {before.st_size // 1_000_000} MB; {most}")
        raw = file.read(MOST_BYTES + 1)
        after = os.fstat(file.fileno())
    was, now = (before.st_size, before.st_mtime_ns), (after.st_size, after.st_mtime_ns)
    if was != now or len(raw) != after.st_size:
        raise TemporaryError(f"{shown} is still being written")
    if not raw:
        raise Unreadable("the file is empty; save it again")
    return raw
