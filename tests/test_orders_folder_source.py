"""What lies in the evidence folder becomes exhibits; what cannot be used is named, with the remedy."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nouns import ORDER
from PIL import Image
from pypdf import PdfWriter

from inbox_bot.core.errors import TemporaryError, UserError
from inbox_bot.core.record import DocumentKind, Dossier, Origin, Provenance
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.orders.file_kinds import MOST_CHARACTERS
from inbox_bot.orders.folder_source import (
    MOST_FILES,
    SHOWS,
    FolderSource,
    load_document_words,
)
from inbox_bot.orders.source import RecordSource
from inbox_bot.resources import rule_files

AT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
MAIL = (
    b"Return-Path: <p.doe@buyer.example>\r\nFrom: P. Doe <p.doe@buyer.example>\r\nTo: orders@seller.example\r\n"
    b"Date: Mon, 5 Oct 2026 09:00:00 +0000\r\nSubject: =?utf-8?q?It_came_=E2=80=93_thanks?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"VGhlIHBhcmNlbCBjYW1lIHllc3RlcmRheS4=\r\n"
)


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **more)
    return out.getvalue()


def pdf(pages: int = 1) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def office() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return out.getvalue()


@pytest.fixture(scope="module")
def words():
    return load_document_words(rule_files("documents*.toml"))


@pytest.fixture
def source(tmp_path, words):
    (tmp_path / "evidence").mkdir()
    return FolderSource(tmp_path / "evidence", words)


def put(source: FolderSource, name: str, content: bytes, order_id: str = ORDER) -> Path:
    path = source.folder / order_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def look(source: FolderSource, order_id: str = ORDER):
    return source.look_up(Dossier(order_id), AT)


def look_often(source: FolderSource) -> None:
    for _ in range(50):  # a writer may rest during one look
        look(source)


def names(found) -> list[str]:
    return [one.name for one in found.dossier.documents]


def text_of(found, position: int = 0) -> str:
    return found.files[found.dossier.documents[position].kept_sha256].decode()


# --- what comes of a file --------------------


def test_each_kind_of_file_becomes_a_document_with_its_bytes_and_its_provenance(source):
    put(source, "proof-of-delivery.pdf", pdf(3))
    put(source, "item/1.png", picture("PNG"))
    put(source, "notes.txt", b"Handed over on Monday.")
    put(source, "thanks.eml", MAIL)
    found = look(source)
    told = {one.name: (one.kind, one.shows, one.media_type, one.pages) for one in found.dossier.documents}
    assert told == {
        "notes.txt": (DocumentKind.TEXT, "other", "text/plain", 1),
        "proof-of-delivery.pdf": (DocumentKind.PDF, "delivery", "application/pdf", 3),
        "thanks.eml": (DocumentKind.MAIL, "other", "text/plain", 1),
        "item/1.png": (DocumentKind.PHOTO, "item", "image/jpeg", 1),
    }
    for one in found.dossier.documents:
        dropped = (source.folder / ORDER / one.name).read_bytes()
        assert one.source == f"evidence/{ORDER}/{one.name}"
        assert one.sha256 == hashlib.sha256(dropped).hexdigest()
        assert one.kept_sha256 == hashlib.sha256(found.files[one.kept_sha256]).hexdigest()
        assert found.dossier.cited(one.source) == (Provenance(one.source, Origin.FOLDER, AT, one.sha256),)
    assert not found.problems
    as_source: RecordSource = source
    assert as_source.name == "folder"


def test_what_a_file_is_called_does_not_decide_what_it_is(source):
    put(source, "a.pdf", picture())
    put(source, "b.jpg", pdf())
    put(source, "c", b"BMW, one set of floor mats, handed over on Monday.")
    assert [one.kind for one in look(source).dossier.documents] == [
        DocumentKind.PHOTO,
        DocumentKind.PDF,
        DocumentKind.TEXT,
    ]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_every_photo_goes_out_as_a_jpeg(source, kind):
    put(source, "front", picture(kind))
    (document,) = look(source).dossier.documents
    kept = look(source).files[document.kept_sha256]
    assert (document.kind, document.media_type) == (DocumentKind.PHOTO, "image/jpeg")
    assert Image.open(io.BytesIO(kept)).format == "JPEG"


def test_a_photo_is_upright_shrunk_and_says_nothing_of_where_it_was_taken(source):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "home of P. Doe"
    exif.get_ifd(0x8825)[1] = "N"
    put(source, "front.jpg", picture(size=(3000, 1000), exif=exif))
    found = look(source)
    kept = found.files[found.dossier.documents[0].kept_sha256]
    opened = Image.open(io.BytesIO(kept))
    assert opened.height == 1600 > opened.width
    assert not opened.getexif()
    assert b"P. Doe" not in kept


def test_a_mail_is_kept_as_a_person_reads_it(source):
    put(source, "thanks.eml", MAIL)
    text = text_of(look(source))
    assert "Subject: It came – thanks" in text
    assert text.endswith("The parcel came yesterday.")
    assert "base64" not in text


def test_a_chat_with_names_before_colons_is_a_text(source):
    put(source, "chat.txt", b"From: me\nhello there, this is no header\n\nbye")
    assert look(source).dossier.documents[0].kind is DocumentKind.TEXT


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Zugestellt am 3. Oktober in München", "utf-16"),
        ("Zugestellt am 3. Oktober", "utf-16-le"),
        ("Grüße aus Köln, die Lieferung wurde übergeben", "cp1252"),
        ("包裹已经送达，由收件人签收。谢谢您的购买", "gb18030"),
        ("荷物はお届け済みです。ありがとうございました。", "shift_jis"),
        ("送达 – livré ✓", "utf-8-sig"),
    ],
)
def test_a_text_is_read_in_its_own_charset_and_kept_as_utf8(source, text, charset):
    put(source, "note.txt", text.encode(charset))
    assert text_of(look(source)) == text


@pytest.mark.parametrize("line", ["Delivered to the front door.\n", "包裹已经送达前台，签收人为收件人本人。"])
def test_a_long_text_is_cut_with_a_note(source, line):
    put(source, "log.txt", (line * 100_000).encode())
    kept = text_of(look(source))
    assert kept.startswith(line * 100)
    assert kept[MOST_CHARACTERS:].strip().startswith("[the text goes on")
    assert "\ufffd" not in kept


# --- what a file shows --------------------


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("POD.pdf", "delivery"),
        ("pod1.pdf", "delivery"),
        ("ProofOfDelivery.pdf", "delivery"),
        ("ups_tracking-page.pdf", "delivery"),
        ("delivery receipt.pdf", "delivery"),
        ("front door.jpg", "delivery"),
        ("signature.png", "signature"),
        ("signed delivery note.pdf", "signature"),
        ("item front.jpg", "item"),
        ("photo-item-back.jpg", "item"),
        ("supplier-invoice.pdf", "invoice"),
        ("product description.pdf", "listing"),
        ("return tracking.pdf", "return"),
        ("RMA_881.pdf", "return"),
        ("妥投证明.pdf", "delivery"),
        ("快递签收单.jpg", "signature"),
        ("商品页.png", "listing"),
        ("退貨物流.pdf", "return"),
        ("Zustellnachweis.pdf", "delivery"),
        ("Unterschrift Empfänger.pdf", "signature"),
        ("Rücksendung.pdf", "return"),
        ("Lieferantenrechnung.pdf", "invoice"),
        ("preuve de livraison.pdf", "delivery"),
        ("fiche produit.pdf", "listing"),
        ("prova di consegna.pdf", "delivery"),
        ("scheda prodotto.pdf", "listing"),
        ("prueba de entrega.pdf", "delivery"),
        ("devolucio\u0301n.pdf", "return"),  # as a Mac writes it
        ("配達証明.pdf", "delivery"),
        ("受領印.jpg", "signature"),
        ("item/signature.jpg", "item"),  # the folder counts first
        ("stuff/signature.jpg", "signature"),
        # what only looks like one of the words
        ("IMG_2041.jpg", "other"),
        ("tripod.jpg", "other"),
        ("software.txt", "other"),
        ("unsigned.pdf", "other"),
        ("no signature.pdf", "other"),
        ("not-delivered.pdf", "other"),
        ("未签收.jpg", "other"),
        ("keine Unterschrift.pdf", "other"),
        ("Firma Example Rechnung.pdf", "invoice"),
    ],
)
def test_what_a_file_shows_is_told_by_its_name_or_its_folder(words, name, shows):
    path = Path(name)
    assert words.shows(*path.parts[:-1], path.stem) == shows


def test_the_bundled_words_know_every_kind_in_seven_languages():
    (bundled,) = rule_files("documents*.toml")
    assert set(bundled.data) == set(SHOWS)
    for what, languages in bundled.data.items():
        assert set(languages) == {"en", "zh", "de", "fr", "it", "es", "ja"}, what


def test_own_words_are_added_and_mistakes_are_named_with_their_line():
    bundled = rule_files("documents*.toml")
    own = load_document_words([*bundled, parse_toml('[delivery]\nnl = ["bezorgd"]', "documents-own.toml")])
    assert own.shows("bezorgd") == own.shows("delivered") == "delivery"
    wrong = '[delivry]\nen = ["x"]\n[item]\nen = "x"\nde = [1]'
    with pytest.raises(UserError) as refused:
        load_document_words([parse_toml(wrong, "documents-own.toml")])
    told = str(refused.value)
    assert "documents-own.toml:1 [delivry]" in told
    assert "documents-own.toml:4 [item.en]" in told
    assert "documents-own.toml:5 [item.de]" in told


# --- what cannot be used --------------------


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), "save it as JPG"),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + bytes(50), "single pictures"),
        ("a.docx", office(), "PDF"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "PDF"),
        ("a.zip", b"PK\x03\x04" + bytes(100), "unpack"),
        ("a.html", b"\n<!DOCTYPE html><p>Delivered", "PDF"),
        ("a.rtf", b"{\\rtf1 Delivered}", "PDF"),
        ("a.bin", bytes(range(256)) * 20, "save it as PDF, JPG, PNG or TXT"),
        ("a.txt", b"", "save it again"),
        ("blank.txt", b" \n \n", "save it again"),
        ("a.jpg", picture()[:300], "JPG or PNG"),
        ("a.pdf", b"%PDF-1.7 and nothing else", "new PDF"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name_with_the_remedy(source, name, content, remedy):
    put(source, name, content)
    put(source, "notes.txt", b"still read")
    found = look(source)
    (problem,) = found.problems
    assert problem.file == f"evidence/{ORDER}/{name}"
    assert remedy in (problem.remedy or "")
    assert names(found) == ["notes.txt"]


def test_a_file_of_two_gigabytes_is_never_read(source):
    path = put(source, "film.txt", b"x")
    os.truncate(path, 2_000_000_000)  # a hole: reading it would still take the memory
    found = look(source)
    assert not found.dossier.documents
    assert "2000 MB" in found.problems[0].what
    assert source.fingerprint(ORDER)


def test_links_pipes_and_sockets_are_passed_over_and_named(source, tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("the seller's own")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "inner.txt").write_text("not for Amazon")
    put(source, "z.txt", b"read")
    folder = source.folder / ORDER
    (folder / "link.txt").symlink_to(secret)
    (folder / "way-out").symlink_to(outside)
    os.mkfifo(folder / "pipe.txt")
    monkeypatch.chdir(folder)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.txt")
        found = look(source)
    assert names(found) == ["z.txt"]
    assert {Path(one.file or "").name for one in found.problems} == {
        "link.txt", "way-out", "pipe.txt", "socket.txt",
    }  # fmt: skip
    assert all(one.remedy for one in found.problems)


def test_an_order_folder_that_is_a_link_or_a_file_is_not_followed(source, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("outside")
    (source.folder / ORDER).symlink_to(other)
    assert "link" in look(source).problems[0].what
    assert not look(source).dossier.documents
    (source.folder / ORDER).unlink()
    (source.folder / ORDER).write_text("a file")
    assert "is a file" in look(source).problems[0].what


@pytest.mark.parametrize(
    "order_id", ["", ".", "..", "../x", f"{ORDER}/..", f"{ORDER}\n", "/etc", f" {ORDER}"]
)
def test_what_is_no_order_id_never_becomes_a_path(source, tmp_path, order_id):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.txt").write_text("outside")
    put(source, "a.txt", b"inside")
    found = look(source, order_id)
    assert not found.dossier.documents
    assert not found.files
    assert source.fingerprint(order_id) == ""


def test_a_file_that_is_still_being_written_is_asked_for_later(source):
    path = put(source, "log.txt", b"x" * 30_000_000)
    done = threading.Event()

    def write() -> None:
        with path.open("r+b", buffering=0) as file:
            while not done.is_set():
                file.write(b"y")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(TemporaryError, match=r"log\.txt is still being written"):
            look_often(source)
    finally:
        done.set()
        writer.join()
    assert names(look(source)) == ["log.txt"]


@contextmanager
def as_nobody():
    """Without the rights of root, who may read everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_what_may_not_be_read_is_a_problem_and_the_rest_is_read(words):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the folders of the tests are closed to others
        source = FolderSource(Path(folder), words)
        put(source, "a.txt", b"closed").chmod(0)
        put(source, "b.txt", b"open").chmod(0o644)
        put(source, "sub/c.txt", b"in a closed folder").parent.chmod(0)
        with as_nobody():
            found = look(source)
        (source.folder / ORDER / "sub").chmod(0o700)
    assert names(found) == ["b.txt"]
    assert {one.file for one in found.problems} == {f"evidence/{ORDER}/{name}" for name in ("sub", "a.txt")}
    assert all("permission" in (one.remedy or "") for one in found.problems)


def test_names_that_strangers_made_up_are_shown_clean_and_apart(source):
    long = "x" * 250 + ".txt"
    for number, name in enumerate(["a\nb.txt", "a b.txt", "inv\u202etxt.exe", "x\x07; y.txt", long]):
        put(source, name, f"file {number}".encode())
    put(source, os.fsdecode(b"\xff\xfe.txt"), b"a name in no charset")
    found = look(source)
    shown = names(found)
    assert len(set(shown)) == 6
    assert {"a b.txt", "a b.txt (2)", "invtxt.exe", "x, y.txt"} <= set(shown)
    for one in found.dossier.documents:
        assert one.name.isprintable()
        assert len(one.name) <= 130
        assert len(found.dossier.cited(one.source)) == 1
        one.source.encode()


def test_a_long_name_keeps_its_end(source):
    put(source, f"{'folder ' * 30}/{'y' * 240}.pdf", pdf())
    assert names(look(source))[0].endswith(".pdf")


def test_the_same_bytes_twice_are_one_document(source):
    put(source, "a.txt", b"the same")
    put(source, "b.txt", b"the same")
    put(source, "sub/c.txt", b"the same")
    assert names(look(source)) == ["a.txt"]


def test_what_systems_leave_behind_is_ignored(source):
    for name in (
        "Thumbs.db", ".DS_Store", "._a.jpg", "desktop.ini", "~$a.docx", ".git/config", "__MACOSX/a.txt",
    ):  # fmt: skip
        put(source, name, b"leavings")
    found = look(source)
    assert not found.dossier.documents
    assert not found.problems
    assert source.fingerprint(ORDER) == ""


def test_only_the_first_forty_by_name_are_taken_and_it_is_said(source):
    for number in range(MOST_FILES + 3):
        put(source, f"{number:03}.txt", f"file {number}".encode())
    found = look(source)
    assert names(found) == [f"{number:03}.txt" for number in range(MOST_FILES)]
    assert "43 files are too many" in found.problems[0].what


def test_a_flood_of_bad_files_gives_a_bounded_list_of_problems(source):
    for number in range(200):
        put(source, f"{number}.txt", b"x").unlink()
        (source.folder / ORDER / f"{number}.txt").symlink_to("/dev/zero")
    problems = look(source).problems
    assert len(problems) == 31
    assert problems[-1].what == "170 further problems"


def test_sub_folders_are_looked_into_one_level_deep(source):
    put(source, "z.txt", b"1")
    put(source, "b/a.txt", b"2")
    put(source, "a/a.txt", b"3")
    put(source, "a/deep/a.txt", b"4")
    found = look(source)
    assert names(found) == ["z.txt", "a/a.txt", "b/a.txt"]
    assert [one.file for one in found.problems] == [f"evidence/{ORDER}/a/deep"]


def test_no_folder_is_no_evidence_and_no_problem(source):
    found = look(source)
    assert found.dossier == Dossier(ORDER)
    assert not found.problems
    gone = FolderSource(source.folder / "gone", source.shows)
    assert not look(gone).problems
    assert not gone.strangers()


# --- noticing a change --------------------


def test_the_fingerprint_changes_with_every_change_and_only_then(source):
    assert source.fingerprint(ORDER) == ""
    path = put(source, "a.txt", b"one")
    seen = [source.fingerprint(ORDER)]
    assert source.fingerprint(ORDER) == seen[0]

    def is_new() -> bool:
        seen.append(source.fingerprint(ORDER))
        return seen[-1] not in seen[:-1]

    path.write_bytes(b"longer")
    assert is_new()
    os.utime(path, (1, 1))
    assert is_new()
    path = path.rename(path.with_name("b.txt"))
    assert is_new()
    (path.parent / "delivery").mkdir()
    path.rename(path.parent / "delivery" / "b.txt")  # what it shows is another thing now
    assert is_new()
    put(source, "c.txt", b"two")
    assert is_new()
    put(source, "a.txt", b"another order's", "113-0196033-6384225")
    assert source.fingerprint(ORDER) == seen[-1]


def test_the_same_folder_gives_the_same_finding(source):
    for name in ("b.jpg", "a.png"):
        put(source, name, picture("PNG" if name[0] == "a" else "JPEG"))
    assert look(source) == look(source)


def test_folders_that_are_called_like_no_order_are_named(source):
    put(source, "a.txt", b"x")
    for name in ("113-0196033-638422", f"{ORDER} old", "new\nfolder", ".hidden"):
        (source.folder / name).mkdir()
    told = source.strangers()
    assert [Path(one.file or "").name for one in told] == [
        "113-0196033-638422",
        f"{ORDER} old",
        "new folder",
    ]
    assert all(one.remedy and ORDER not in one.what for one in told)
