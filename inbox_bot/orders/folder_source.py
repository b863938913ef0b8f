"""The watched folder as a source of records: what the seller puts into `evidence/<order id>/` becomes exhibits.

Files are taken for what their bytes are, not for what they are called; what a file shows is told by the words of its
name or of its sub-folder (`rules/documents.toml`). Nothing in the folder is changed, and nothing outside is followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inbox_bot.book.pages import read_pdf
from inbox_bot.book.pictures import Unreadable, prepare_photo
from inbox_bot.core.errors import Problem, TemporaryError, UserError
from inbox_bot.core.record import Document, DocumentKind, Dossier, Origin, Provenance
from inbox_bot.core.text import one_line
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.report_text import find_charset
from inbox_bot.orders.source import Finding

MOST_FILES = 40
MOST_BYTES = 50_000_000
MOST_CHARACTERS = 200_000
SHOWS = ("delivery", "signature", "item", "invoice", "listing", "return", "other")
_IGNORED = ("thumbs.db", "desktop.ini", ".ds_store")
_LONGEST_NAME = 120
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_REMEDY = "save it as PDF, JPG, PNG or TXT"


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """By what a file shows, the words that say so in its name or its sub-folder, in lower case."""

    words: Mapping[str, tuple[str, ...]]

    def shows(self, *names: str) -> str:
        """What a file of these names (the sub-folder's first) is evidence of; "other" when no word says it."""
        for name in names:
            lowered = name.casefold()
            hits = [
                (len(word), what) for what, words in self.words.items() for word in words if word in lowered
            ]
            if hits:
                return max(hits)[1]
        return "other"


def load_document_words(files: Sequence[TomlFile]) -> DocumentWords:
    """The words of `rules/documents.toml` and the user's own; raises UserError with every problem."""
    words: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for file in files:
        for what, by_language in file.data.items():
            if what not in SHOWS or not isinstance(by_language, dict):
                problems.append(
                    file.problem((what,), f"unknown table {what!r}", f"use one of {', '.join(SHOWS)}")
                )
                continue
            for language, listed in by_language.items():
                if not isinstance(listed, list) or not all(
                    isinstance(one, str) and one.strip() for one in listed
                ):
                    problems.append(
                        file.problem((what, language), "is no list of words", 'write ["word", "word"]')
                    )
                    continue
                words[what] = (*words.get(what, ()), *(word.casefold() for word in listed))
    if problems:
        raise UserError(problems)
    return DocumentWords(words)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """`RecordSource` over the evidence folder."""

    folder: Path
    words: DocumentWords
    name: str = "evidence folder"

    def look_up(self, known: Dossier, at: datetime) -> Finding:
        """As `RecordSource.look_up`; raises TemporaryError while a file is still being written."""
        order_id = known.order_id
        documents: dict[str, Document] = {}
        files: dict[str, bytes] = {}
        provenance: list[Provenance] = []
        problems: list[Problem] = []
        paths = list(self._files(order_id, problems))
        for path in paths[:MOST_FILES]:
            taken = self._take(path, order_id, problems)
            if taken is None:
                continue
            document, kept = taken
            if document.sha256 not in documents:  # the same bytes twice are one exhibit
                documents[document.sha256] = document
                files[document.kept_sha256] = kept
                provenance.append(Provenance(document.source, Origin.FOLDER, at, document.sha256))
        if len(paths) > MOST_FILES:
            what = f"{len(paths)} files are too many; only the first {MOST_FILES} by name were taken"
            problems.append(
                Problem(what, str(self.folder / order_id), remedy="keep those that prove something")
            )
        dossier = Dossier(order_id, documents=tuple(documents.values()), provenance=tuple(provenance))
        return Finding(dossier, files, tuple(problems))

    def fingerprint(self, order_id: str) -> str:
        """Names, sizes and times of the order's files as one short text; empty when there are none."""
        seen = []
        for path in self._files(order_id, []):
            try:
                status = path.lstat()
            except OSError:
                continue
            seen.append(f"{path.name}|{status.st_size}|{status.st_mtime_ns}")
        return (
            hashlib.sha256("\n".join(seen).encode("utf-8", "surrogateescape")).hexdigest()[:24]
            if seen
            else ""
        )

    def strangers(self) -> tuple[Problem, ...]:
        """The sub-folders that are called like no order."""
        names = sorted(entry.name for entry in _entries(self.folder) if entry.is_dir(follow_symlinks=False))
        return tuple(
            Problem(
                "is called like no order",
                str(self.folder / one_line(name)),
                remedy="name it after the order id",
            )
            for name in names
            if not _is_order_id(name) and not name.startswith(".")
        )

    def _files(self, order_id: str, problems: list[Problem]) -> Iterator[Path]:
        """The order's files by name, those of its sub-folders after them; what is no regular file is a problem."""
        if not _is_order_id(order_id):
            return
        own = self.folder / order_id
        if own.is_symlink():
            problems.append(Problem("is a link; links are not followed", str(own), remedy="make it a folder"))
            return
        entries = sorted(_entries(own, problems), key=lambda entry: entry.name)
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        inner = [
            one for folder in folders for one in sorted(_entries(Path(folder.path)), key=lambda one: one.name)
        ]
        for entry in (*(one for one in entries if one not in folders), *inner):
            if entry.name.startswith((".", "~$")) or entry.name.casefold() in _IGNORED:
                continue
            if entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
            elif not entry.is_dir(follow_symlinks=False):
                shown = one_line(entry.path)
                problems.append(
                    Problem("is no ordinary file; it was passed over", shown, remedy="copy the file itself")
                )

    def _take(self, path: Path, order_id: str, problems: list[Problem]) -> tuple[Document, bytes] | None:
        inside = path.relative_to(self.folder / order_id)
        name = one_line(str(inside))[-_LONGEST_NAME:]
        try:
            raw = _read(path)
            kind, media_type, kept, pages = _typed(raw)
        except (Unreadable, OSError) as error:
            why = error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
            problems.append(Problem(why, f"evidence/{order_id}/{name}", remedy=_REMEDY))
            return None
        shows = self.words.shows(*(inside.parts[:-1]), path.stem)
        document = Document(
            order_id=order_id,
            name=name,
            kind=kind,
            shows=shows,
            media_type=media_type,
            sha256=hashlib.sha256(raw).hexdigest(),
            kept_sha256=hashlib.sha256(kept).hexdigest(),
            pages=pages,
            source=f"evidence/{order_id}/{name}".replace("; ", ", "),
        )
        return document, kept


def _is_order_id(text: str) -> bool:
    return find_order_ids(text) == (text,)


def _entries(folder: Path, problems: list[Problem] | None = None) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if problems is not None:
            problems.append(
                Problem(f"cannot be read: {error.strerror}", str(folder), remedy="change its permissions")
            )
        return []


def _read(path: Path) -> bytes:
    """The file's bytes; raises Unreadable for one that is empty or too large, TemporaryError for one that grows."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise Unreadable("it is no ordinary file")
        if before.st_size > MOST_BYTES:
            raise Unreadable(
                f"it has {before.st_size // 1_000_000} MB; {MOST_BYTES // 1_000_000} MB are the most"
            )
        raw = file.read(MOST_BYTES + 1)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        raw
    ) != after.st_size:
        raise TemporaryError(f"{one_line(path.name)} is still being written")
    if not raw:
        raise Unreadable("it is empty")
    return raw


def _typed(raw: bytes) -> tuple[DocumentKind, str, bytes, int]:
    """What the bytes are, as which type they go out, what is kept of them, and the pages they take in the book."""
    if raw[:1024].lstrip().startswith(b"%PDF-"):
        return DocumentKind.PDF, "application/pdf", raw, read_pdf(raw).pages
    if raw.startswith(_PICTURES) or (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"):
        photo = prepare_photo(raw)
        return DocumentKind.PHOTO, photo.media_type, photo.content, 1
    if raw[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypavif"):
        raise Unreadable("it is a picture in a phone's own format (HEIC)")
    if raw.startswith(b"PK\x03\x04"):
        raise Unreadable("it is an archive or an office file")
    text = _text(raw)
    is_mail = any(
        text.startswith(mark) or f"\n{mark}" in text[:4000] for mark in ("Received:", "From:", "Message-ID:")
    )
    kind = DocumentKind.MAIL if is_mail and "\n\n" in text else DocumentKind.TEXT
    cut = text[:MOST_CHARACTERS]
    if len(text) > len(cut):
        cut += f"\n[{len(text) - len(cut)} further characters are left out]"
    kept = cut.encode()
    return kind, "text/plain", kept, 1 + len(cut) // 4000


def _text(raw: bytes) -> str:
    """The text of a file in whatever charset; raises Unreadable for what is no text."""
    try:
        text = raw.decode(find_charset(raw), "replace")
    except (LookupError, UserError):
        raise Unreadable("it is a kind of file that is not known here") from None
    sample = text[:4000]
    strange = sum(char == "\ufffd" or (ord(char) < 32 and char not in "\t\r\n\f") for char in sample)
    if strange * 50 > len(sample):
        raise Unreadable("it is a kind of file that is not known here")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
