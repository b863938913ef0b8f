"""The report: numbers with their counts, money in its own currency, pages that are safe to open, files that are safe to load."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from nouns import NOW, case, deadline, dossier, notice, shipment
from test_config import GOOD

from inbox_bot.cli import main
from inbox_bot.commands.report_formats import as_csv, as_json, as_text
from inbox_bot.commands.report_page import PARTS, as_html
from inbox_bot.core import events as happened
from inbox_bot.core.ending import Ending
from inbox_bot.core.model import Kind, Money, Outcome
from inbox_bot.core.report import report_on
from inbox_bot.core.report_lines import Asked, ReportLine, asked_of, read_line

ZONE = ZoneInfo("UTC")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def line(**changes: object) -> ReportLine:
    made = ReportLine(
        case_id="113-1", account="shop", order_id="113-1", noticed_at=NOW, status="answered", reason="not_received",
        rule="a rule", verdict="represent", marketplace="amazon.com", carrier="UPS", signed=False, skus=("MUG-1",),
        disputed=usd("10.00"), refunded=None, lost=None, ending=None,
        asked=(Asked(NOW, NOW + timedelta(days=7), NOW + timedelta(hours=5)),),
    )  # fmt: skip
    return replace(made, **changes)


def lost(amount: str = "10.00", **changes: object) -> ReportLine:
    return line(ending=Ending.DEBITED, lost=usd(amount), **changes)


def test_presumed_and_confirmed_are_never_one_number():
    report = report_on(
        [
            line(ending=Ending.PRESUMED_WON),
            line(ending=Ending.CONFIRMED_KEPT),
            line(ending=Ending.IN_FAVOUR),
            lost(),
            line(),
        ],
        NOW,
    )
    total = report.total
    assert (total.kept_presumed.cases, total.kept_confirmed.cases, total.lost.cases, total.open.cases) == (
        1,
        2,
        1,
        1,
    )
    assert (total.kept.part, total.kept.of, total.kept.percent) == (3, 4, 75)
    assert report.fee.confirmed == (usd("4.00"),)
    assert report.fee.with_presumed == (usd("6.00"),)


def test_money_of_two_currencies_is_not_added_up():
    euro = Money(Decimal("7.00"), "EUR")
    total = report_on([line(), line(disputed=euro), line(disputed=None)], NOW).total
    assert total.disputed.money == (euro, usd("10.00"))
    assert total.disputed.without_amount == 1


def test_a_rate_of_nothing_is_no_rate():
    report = report_on([], NOW)
    assert report.total.kept.percent is None
    text = as_text(report, ["shop"], NOW, ZONE)
    assert "kept of decided     -" in text
    assert "0 %" not in text


def test_a_clock_that_still_runs_is_neither_in_time_nor_late():
    waiting = line(asked=(Asked(NOW, NOW + timedelta(days=7), None),))
    assert report_on([waiting], NOW + timedelta(days=1)).answered_in_time.of == 0
    missed = report_on([waiting], NOW + timedelta(days=8)).answered_in_time
    assert (missed.part, missed.of) == (0, 1)


def test_the_period_is_that_of_the_notice_both_days_included():
    days = [line(noticed_at=NOW + timedelta(days=number)) for number in range(10)]
    report = report_on(days, NOW, NOW + timedelta(days=2), NOW + timedelta(days=5))
    assert report.total.disputed.cases == 3


def test_root_causes_are_told_with_their_count_and_only_from_five_cases_on():
    nine = [line(case_id=str(number)) for number in range(9)]
    others = [line(carrier="DHL", signed=True, skus=("LAMP-2",)) for _ in range(2)]
    sentence = "9 of 11 not-received disputes shipped with UPS without signature"
    assert sentence in report_on([*nine, *others], NOW).causes
    assert report_on(nine[:4], NOW).causes == ()


def test_what_all_disputes_share_is_no_cause_of_one_reason():
    everywhere = [line(reason=reason) for reason in ("not_received", "duplicate") for _ in range(6)]
    assert not any("SKU" in cause or "amazon.com" in cause for cause in report_on(everywhere, NOW).causes)
    one_article = [line(reason="duplicate", skus=("LAMP-2",)) for _ in range(6)]
    causes = report_on([*(line() for _ in range(6)), *one_article], NOW).causes
    assert "6 of 6 duplicate disputes were about SKU LAMP-2" in causes


def test_a_question_is_asked_for_itself_and_a_bounce_takes_an_answer_back():
    question = notice(kind=Kind.INFORMATION_REQUEST, received_at=NOW + timedelta(days=10))
    history = [
        (NOW, happened.CaseOpened("shop", notice(), deadline())),
        (NOW + timedelta(hours=2), happened.AnsweredElsewhere("by hand", "<a@b.example>")),
        (NOW + timedelta(hours=3), happened.ReplyBounced("<a@b.example>", "x", "5.1.1", "no such user")),
        (NOW + timedelta(hours=30), happened.AnsweredElsewhere("by hand", "<c@b.example>")),
        (NOW + timedelta(days=10), happened.NoticeJoined(question, deadline(days=15))),
    ]
    first, second = asked_of("case-1", history)
    assert first.took == timedelta(hours=30)
    assert (second.answered_at, second.cutoff_at) == (None, NOW + timedelta(days=15))


def test_a_line_says_what_was_taken_by_the_best_word_there_is():
    decided = case(happened.DecisionReceived(notice(kind=Kind.DECISION, amount=usd("9.99")), Outcome.DEBITED))
    read = read_line(decided, [], dossier(shipments=(shipment(signed_by=""),)))
    assert (read.lost, read.ending, read.carrier, read.signed) == (usd("9.99"), Ending.DEBITED, "UPS", False)
    assert read_line(decided, [], None).carrier == "not on record"


def test_the_page_needs_nothing_else_and_holds_no_script():
    rows = [lost(rule="<script>alert(1)</script>", skus=('"><img src=x onerror=alert(1)>',)), line()]
    page = as_html(report_on(rows, NOW), ["shop"], NOW, ZONE)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)\s*=|url\(\s*['\"]?(?!#)|https?://|@import", page.split("<body>")[0])
    assert "default-src 'none'" in page
    for part in PARTS:
        assert f'id="{part.key}"' in page


def test_every_chart_is_said_in_words_too():
    page = as_html(report_on([lost(), line(ending=Ending.PRESUMED_WON)], NOW), ["shop"], NOW, ZONE)
    assert 'aria-label="not received: kept, presumed: 1, lost: 1"' in page


def test_an_empty_page_is_a_page():
    assert "0 cases" in as_html(report_on([], NOW), ["shop"], NOW, ZONE)


def test_a_spreadsheet_calculates_with_no_cell():
    rows = list(csv.reader(io.StringIO(as_csv([line(skus=("=HYPERLINK(1)",), rule="@SUM(1)")]))))
    assert not any(cell[:1] in ("=", "+", "-", "@") for row in rows[1:] for cell in row)


def test_the_json_holds_the_same_numbers():
    values = json.loads(as_json(report_on([lost("3.21"), line()], NOW), ["shop"], NOW, ZONE))
    assert values["total"]["lost"] == {"cases": 1, "money": {"USD": "3.21"}, "without_amount": 0}
    assert values["answered_in_time"] == {"part": 2, "of": 2, "percent": 100}
    assert [one["name"] for one in values["by"]["reason"]] == ["not_received"]


@pytest.mark.parametrize("form", ["text", "html", "csv", "json"])
def test_the_command_reports_on_a_store_that_is_still_empty(form, tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(GOOD)
    assert code_of("report", "--config", str(config), "--format", form, "--from", "2026-01-01") == 0
    assert capsys.readouterr().out


def test_a_day_that_is_none_is_refused(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(GOOD)
    assert code_of("report", "--config", str(config), "--from", "31.12.2026") == 2
    assert "write it like 2026-10-31" in capsys.readouterr().err
    assert code_of("report", "--config", str(config), "--from", "2026-05-01", "--to", "2026-04-01") == 2


def code_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code
