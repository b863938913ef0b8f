"""Delivery reports: which mail they speak of, whom it did not reach, and whether that is final."""

from __future__ import annotations

import pytest
from bounces import ID, SHAPES, TO, bounce

from inbox_bot.core.bounces import read_bounce
from inbox_bot.mail.message import read_mail


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_report_names_the_mail_and_whom_it_did_not_reach(shape):
    found = read_bounce(read_mail(bounce(shape)))
    assert found is not None
    assert found.message_ids[0] == ID
    assert found.failed == (TO,)
    assert found.is_final
    assert "550" in found.because or "554" in found.because


@pytest.mark.parametrize("shape", ["postfix", "exchange", "gmail", "headers"])
def test_a_delay_is_not_the_end(shape):
    found = read_bounce(read_mail(bounce(shape, action="delayed", status="4.4.1")))
    assert found is not None
    assert not found.is_final
    assert found.status == "4.4.1"


def test_a_mail_that_ran_out_of_time_has_failed_although_its_code_is_a_passing_one():
    found = read_bounce(read_mail(bounce(action="failed", status="4.4.7")))
    assert found is not None
    assert found.is_final


def test_a_mail_that_reports_nothing_is_no_bounce():
    assert read_bounce(read_mail(b"From: a@b.example\r\nSubject: hello\r\n\r\nMessage-ID: <x@y>\r\n")) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"From: MAILER-DAEMON@x.example\r\n\r\n",
        b"From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report\r\n\r\n--\r\n",
        b"From: MAILER-DAEMON@x.example\r\n\r\n" + b"Message-ID: <a@b>\r\n" * 20_000,
        b"From: MAILER-DAEMON@x.example\r\n\r\n" + b"<" * 100_000,
        b"From: MAILER-DAEMON@x.example\r\n\r\n" + b"a:" * 100_000,
        b"From: MAILER-DAEMON@x.example\r\n\r\n" + b"A:\r\n " * 60_000,
    ],
)
def test_a_broken_report_is_read_as_far_as_it_goes(raw):
    found = read_bounce(read_mail(raw))
    assert found is not None
    assert len(found.message_ids) <= 60
    assert len(found.because) <= 300
