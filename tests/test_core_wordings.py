"""What sentences say in many wordings: each of `wordings.toml` is put into a mail of its own and read."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inbox_bot.core.chinese import forms_of
from inbox_bot.core.extract import extract
from inbox_bot.core.model import Address, Kind, Mail, Notice
from inbox_bot.core.notice_rules import load_notice_rules
from inbox_bot.core.recognise import recognise
from inbox_bot.core.tomlfile import parse_toml

TESTS = Path(__file__).parent
# Each language of `wordings/` brings the mails its sentences are put into: a frame for a claim and one that supposes.
WORDINGS = [
    tomllib.loads(path.read_text("utf-8"))
    for path in (TESTS / "wordings.toml", *sorted((TESTS / "wordings").glob("*.toml")))
]
RULES = load_notice_rules(
    [
        parse_toml(path.read_text("utf-8"), path.name)
        for path in (
            TESTS.parent / "rules" / "notices.toml",
            *sorted((TESTS.parent / "rules").glob("notices.*.toml")),
        )
    ]
)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDER = "113-0196033-6384224"


def read(text: str) -> Notice:
    mail = Mail(
        sha256="0" * 64,
        size_bytes=len(text),
        message_id="<one@shop.example>",
        subject="Your order",
        sender=Address("", "cb-seller-notification@amazon.com"),
        reply_to=(),
        to=(Address("", "seller@shop.example"),),
        date_at=AT,
        received_at=AT,
        in_reply_to=(),
        references=(),
        headers=(),
        text=text,
        html_text="",
    )
    found = recognise(mail, RULES)
    return extract(found, mail, RULES, own_addresses=(), received_at=AT, trusted=True, trust_reason="")


def claim_with(sentence: str, frame: dict[str, str]) -> str:
    if "claim" in frame:
        return frame["claim"].format(order=ORDER, sentence=sentence)
    if any("\u4e00" <= char <= "\u9fff" for char in sentence):
        return f"您好，\n\n我们收到一起信用卡拒付，涉及订单 {ORDER}。\n\n{sentence}\n\n请在7天内回复。\n"
    return f"Hello,\n\nA chargeback was opened for order {ORDER}.\n\n{sentence}\n\nPlease answer within 7 days.\n"


def rows(table: str) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (name, sentence, one.get("frame", {}))
        for one in WORDINGS
        for name, sentences in one.get(table, {}).items()
        for sentence in sentences
    ]


@pytest.mark.parametrize(("reason", "sentence", "frame"), rows("reason"))
def test_a_sentence_gives_its_reason_however_it_is_put(reason, sentence, frame) -> None:
    assert read(claim_with(sentence, frame)).reason.value == reason


@pytest.mark.parametrize(("outcome", "sentence", "frame"), rows("outcome"))
def test_a_sentence_says_how_the_dispute_ended_however_it_is_put(outcome, sentence, frame) -> None:
    notice = read(f"Order {ORDER}\n\n{sentence}\n")
    assert notice.kind is Kind.DECISION
    assert notice.outcome is not None
    assert notice.outcome.value == outcome


def test_what_is_asked_for_tells_a_new_dispute_from_a_request_for_more() -> None:
    kinds = rows("kind")
    asked = {
        one: read(claim_with(one, frame)).kind for kind, one, frame in kinds if kind == "information_request"
    }
    new = {one: read(one).kind for kind, one, _ in kinds if kind == "claim"}
    assert [one for one, kind in asked.items() if kind is not Kind.INFORMATION_REQUEST] == []
    assert [one for one, kind in new.items() if kind is not Kind.CLAIM] == []


def test_no_reason_is_read_from_what_could_be() -> None:
    """Of several sentences only the first would be supposed, so that those are left out."""
    sentences = [(one, frame) for name, one, frame in rows("reason") if name != "unknown"]
    single = [(one, frame) for one, frame in sentences if not any(mark in one[:-1] for mark in ".;!?。；")]
    assert len(single) > 400
    found = {one: read(supposing(one, frame)).reason.value for one, frame in single}
    assert {one: reason for one, reason in found.items() if reason != "unknown"} == {}


def supposing(sentence: str, frame: dict[str, str]) -> str:
    if "supposing" in frame:
        return frame["supposing"].format(order=ORDER, sentence=sentence)
    chinese = any("\u4e00" <= char <= "\u9fff" for char in sentence)
    supposed = f"如果{sentence}" if chinese else f"In cases in which {sentence[0].lower()}{sentence[1:]}"
    return f"A chargeback was opened for order {ORDER}.\n\n{supposed}\n"


def test_phrases_match_both_scripts() -> None:
    assert "單" in forms_of("单")
    assert "单" in forms_of("單")
    assert (
        read(claim_with("持卡人聲稱沒有收到貨品。", {})).reason
        is read(claim_with("持卡人声称没有收到货品。", {})).reason
    )


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Please let us have your side of the story by 24 March 2026.", 24),
        ("We must have your papers no later than the close of 16 March.", 16),
        ("Send us your evidence before the 9th of March 2026.", 9),
        ("The time limit has not changed: it ends on March 10, 2026.", 10),
        ("Your statement has to reach us by end of day on March 6, 2026.", 6),
        ("请于2026年3月9日前提供资料。", 9),
        ("請在 2026年3月8日 以前提供發票。", 8),
    ],
)
def test_a_printed_last_day_is_found(words: str, day: int) -> None:
    stated_on = read(f"A chargeback was opened for order {ORDER}.\n\n{words}\n").stated_on
    assert stated_on is not None
    assert (stated_on.month, stated_on.day) == (3, day)


@pytest.mark.parametrize(("day", "sentence", "frame"), rows("due_on"))
def test_a_last_day_is_found_in_every_language(day, sentence, frame) -> None:
    opening = frame["claim"].format(order=ORDER, sentence="").split("\n\n\n")[0]
    assert str(read(f"{opening}\n\n{sentence}\n").stated_on) == day


@pytest.mark.parametrize(("days", "sentence", "frame"), rows("due_in"))
def test_a_number_of_days_is_found_in_every_language(days, sentence, frame) -> None:
    opening = frame["claim"].format(order=ORDER, sentence="").split("\n\n\n")[0]
    assert read(f"{opening}\n\n{sentence}\n").stated_days == int(days)
