"""The worked cases, to the end: decision, checklist, letter and book, with their goldens, exact both ways.

Each folder of `fixtures/cases` holds mails, reports, dropped files and typed-in facts; `case.toml` says what must come
of them and was written apart from the code. `pytest tests/test_cases.py --update-goldens` writes the goldens anew.
"""

from __future__ import annotations

import email

import pytest
from cases import CASES, NAMES, Worked, shown, truth_of, worked

from inbox_bot.book.pages import page_texts
from inbox_bot.core.model import Reason
from inbox_bot.desk import Rulebook, load_rulebook

MOST_BYTES, MOST_PAGES = 3_000_000, 19


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook()


@pytest.fixture(scope="module")
def all_cases(rulebook) -> dict[str, Worked]:
    found = {}
    for name in NAMES:
        with worked(name, rulebook) as one:
            found[name] = one
    return found


def book_of(one: Worked) -> bytes | None:
    if one.reply is None:
        return None
    for part in email.message_from_bytes(one.reply.raw_bytes).walk():
        if part.get_content_type() == "application/pdf":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content
    return None


def check_golden(name: str, file: str, found: str | None, update: bool) -> None:
    golden = CASES / name / file
    if update:
        golden.unlink(missing_ok=True)
        if found is not None:
            golden.write_text(found, encoding="utf-8")
    assert golden.exists() == (found is not None)
    assert found is None or found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_writer_of_the_case_said_comes_of_it(name, all_cases):
    one, truth = all_cases[name], truth_of(name)
    case = one.case
    assert case.decision is not None
    assert case.assessment is not None
    assert (case.decision.verdict.value, case.reason.value) == (truth["verdict"], truth["reason"])
    assert len(case.assessment.fatal) == len(truth["fatal"])
    for words in truth["fatal"]:
        assert any(words.casefold() in finding.casefold() for finding in case.assessment.fatal), words
    assert not case.blocked_because
    assert (one.reply is not None) == (truth["verdict"] == "represent")


@pytest.mark.parametrize("name", NAMES)
def test_decision_and_checklist_are_the_golden_ones(name, all_cases, update_goldens):
    check_golden(name, "expected.json", shown(all_cases[name]), update_goldens)


@pytest.mark.parametrize("name", NAMES)
def test_letter_is_the_golden_one(name, all_cases, update_goldens):
    check_golden(name, "letter.txt", all_cases[name].letter or None, update_goldens)


@pytest.mark.parametrize("name", NAMES)
def test_book_says_what_the_golden_says_within_the_limits(name, all_cases, update_goldens):
    book = book_of(all_cases[name])
    pages = page_texts(book) if book is not None else ()
    text = "".join(f"--- page {number}\n{page.rstrip()}\n" for number, page in enumerate(pages, 1)) or None
    assert len(pages) <= MOST_PAGES
    check_golden(name, "book.txt", text, update_goldens)


@pytest.mark.parametrize("name", NAMES)
def test_the_attachments_keep_to_number_and_size(name, all_cases):
    reply = all_cases[name].reply
    if reply is None:
        return
    parts = [part for part in email.message_from_bytes(reply.raw_bytes).walk() if part.get_filename()]
    assert len(parts) <= 5
    assert sum(len(part.get_payload(decode=True)) for part in parts) <= MOST_BYTES
    assert {part.get_content_type() for part in parts} <= {"application/pdf", "text/plain"}


def test_nothing_of_the_other_buyer_and_no_private_number_leaves_the_house(all_cases):
    one = all_cases["23-two-buyers-one-mailbox"]
    book = book_of(one)
    assert one.reply is not None
    assert book is not None
    texts = [one.letter, *page_texts(book)]
    parts = email.message_from_bytes(one.reply.raw_bytes).walk()
    texts += [
        part.get_payload(decode=True).decode() for part in parts if part.get_content_maintype() == "text"
    ]
    everything = " ".join(" ".join(texts).split())
    for private in (
        "Bettina",
        "zebra",
        "4111",
        "SLIP-38",
        "113-5501927",
        "(817) 555-0148",
        "915 Sycamore",
        "Tulsa",
    ):
        assert private not in everything, private
    assert "arrived today" in everything


def test_the_cases_cover_every_reason_and_every_fatal_finding(all_cases, rulebook):
    assert {one.case.reason for one in all_cases.values()} == set(Reason)
    said = {finding for one in all_cases.values() for finding in one.case.assessment.fatal}
    assert {rule.says for rule in rulebook.evidence.fatal} <= said


def test_a_photo_in_the_folder_is_upright_and_without_its_camera(all_cases):
    book = book_of(all_cases["11-not-as-described-photos-invoice"])
    assert book is not None
    assert b"Sample Camera" not in book
    assert b"private note" not in book


def test_a_sellers_own_template_that_says_what_is_not_on_record_goes_nowhere(tmp_path):
    own = tmp_path / "en"
    own.mkdir()
    (own / "representment.txt.j2").write_text(
        "Order {{ letter.order_id }}\n\nThe parcel was delivered on 2026-09-05 and signed for by P. Nobody.\n"
        "We refunded 12.00 USD.\nKind regards\n{{ letter.signature }}\n"
    )
    with worked("01-not-received-signed", load_rulebook(templates_folder=tmp_path)) as one:
        case = one.case
        assert one.reply is None
        assert case.status.value == "review"
        for said in ("2026-09-05", "12.00"):
            assert said in case.blocked_because
        letter = one.store.file(case.blocked_letter_sha256).decode()
        assert ">> The parcel was delivered on 2026-09-05" in letter
        assert "   Kind regards" in letter
        assert "The parcel was" not in case.blocked_because  # events hold no letters
