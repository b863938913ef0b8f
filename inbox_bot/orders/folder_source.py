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

from inbox_bot.book.pages import read_pdf
from inbox_bot.book.pictures import Unreadable, prepare_photo
from inbox_bot.core.errors import Problem, TemporaryError, UserError
from inbox_bot.core.phrases import Phrase, PhraseHit, PhraseTable, load_phrases
from inbox_bot.core.record import Document, DocumentKind, Dossier, Origin, Provenance
from inbox_bot.core.text import clean_text, one_line
from inbox_bot.core.tomlfile import TomlFile
from inbox_bot.core.values import find_order_ids
from inbox_bot.orders.report_text import find_charset
from inbox_bot.orders.source import Finding

MOST_FILES = 40
MOST_BYTES = 50_000_000  # of one file
MOST_KEPT_BYTES = 150_000_000  # of all files of an order, as kept
MOST_CHARACTERS = 200_000
SHOWS = ("other", "return", "invoice", "listing", "signature", "delivery", "item")
"""What a document may show; of several that are named the first is taken: rather less than more."""

_MOST_PROBLEMS = 30
_LONGEST_NAME = 120
_TEXT_BYTES = 1_000_000  # more than MOST_CHARACTERS in any charset
_IGNORED = ("thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "__macosx", "@eadir", "$recycle.bin")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_PHONE_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh")
_AS_PDF = "print it to a PDF"
_SAVE = "save it as PDF, JPG, PNG or TXT"
_HEADER_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:(?:[ \t]|$)")
_MAIL_FIELDS = ("from:", "received:", "message-id:", "return-path:", "delivered-to:", "mime-version:")
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
            kind, media_type, kept, pages = _typed(raw)
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
            self.problems.append(Problem(what or remedy, source, remedy=remedy if what else _SAVE))
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


def _typed(raw: bytes) -> tuple[DocumentKind, str, bytes, int]:
    """What the bytes are, as which type they go out, what is kept of them, and the pages they take in the book."""
    if raw[:1024].lstrip().startswith(b"%PDF-"):
        return DocumentKind.PDF, "application/pdf", raw, read_pdf(raw).pages
    if raw.startswith(_PICTURES) or _is_bitmap(raw) or (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"):
        photo = prepare_photo(raw)
        return DocumentKind.PHOTO, photo.media_type, photo.content, 1
    _refuse_known(raw)
    text, is_cut = _text(raw)
    kind = DocumentKind.TEXT
    if _is_mail(text):
        kind, text = DocumentKind.MAIL, _mail_text(raw)
    cut = text[:MOST_CHARACTERS]
    if is_cut or len(text) > len(cut):
        cut += f"\n[the text goes on; only its first {MOST_CHARACTERS} characters are kept]"
    return (
        kind,
        "text/plain",
        cut.encode("utf-8", "replace"),
        1 + max(len(cut) // 4000, cut.count("\n") // 60),
    )


def _is_bitmap(raw: bytes) -> bool:
    return raw[:2] == b"BM" and raw[6:10] == b"\0\0\0\0"  # a text may begin with these letters


def _refuse_known(raw: bytes) -> None:
    """Raises Unreadable with the remedy for the kinds of file that sellers have and that cannot be shown."""
    head = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if raw[4:8] == b"ftyp":
        if raw[8:12] in _PHONE_PICTURES:
            raise Unreadable("the picture is in a phone's own format (HEIC or AVIF); save it as JPG")
        raise Unreadable("the file is a film; save single pictures of it as JPG")
    if raw.startswith(_ARCHIVES):
        if b"[Content_Types].xml" in raw[:4096] or b"mimetypeapplication/" in raw[:200]:
            raise Unreadable(f"the file is an office document; {_AS_PDF}")
        raise Unreadable("the file is an archive (ZIP or the like); unpack it and put the files here")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(f"the file is an old office document or an Outlook mail; {_AS_PDF}")
    if head.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg", b"{\\rtf", b"%!ps")):
        raise Unreadable(f"the file is a web page or a document in mark-up; {_AS_PDF}")


def _text(raw: bytes) -> tuple[str, bool]:
    """The beginning of a text in whatever charset, and whether there is more; raises Unreadable for what is none."""
    head = raw[:_TEXT_BYTES]
    if len(raw) > len(head):  # not in the middle of a character, or the charset is misread
        start = next((at for at in range(1, 4) if head[-at] >= 0xC0), 0)
        head = head[: len(head) - start]
    text = head.decode(find_charset(head), "replace").removeprefix("\ufeff")
    sample = text[:4000]
    strange = sum(char == "\ufffd" or (ord(char) < 32 and char not in "\t\r\n\f") for char in sample)
    if "\0" in sample or strange * 50 > len(sample):
        raise Unreadable(f"this is a kind of file that is not known here; {_SAVE}")
    if not (cleaned := clean_text(text)).strip():
        raise Unreadable("there is no text in it; save it again")
    return cleaned, len(raw) > len(head)


def _is_mail(text: str) -> bool:
    """A block of header fields, one of them a mail's own, before the first empty line."""
    lines = text[:20_000].partition("\n\n")[0].split("\n")
    fields = [line.lower() for line in lines if not line.startswith((" ", "\t"))]
    named = {field for field in _MAIL_FIELDS if any(line.startswith(field) for line in fields)}
    return len(named) > 1 and all(_HEADER_LINE.match(line) for line in fields)


def _mail_text(raw: bytes) -> str:
    """A mail as a person reads it: who, when, about what, and its text."""
    from inbox_bot.mail.message import read_mail  # loads the parsers of mails, which few folders need

    mail = read_mail(raw)
    shown = [(name, ", ".join(mail.header_values(name))) for name in ("From", "To", "Cc", "Date", "Subject")]
    names = ", ".join(one_line(one.name) for one in mail.attached)
    fields = [f"{name}: {one_line(value)}" for name, value in (*shown, ("Attached", names)) if value]
    return clean_text("\n".join((*fields, "", mail.text or mail.html_text)))
