"""What is promised of HTML: the text that a reader sees, a label beside its value, nothing that is hidden."""

from __future__ import annotations

import pytest
from mails import text_mail

from inbox_bot.core.model import Mail
from inbox_bot.mail.message import read_mail


def problems(mail: Mail) -> str:
    return "\n".join(problem.what for problem in mail.problems)


def html(source: str) -> str:
    return read_mail(text_mail(source.encode(), "utf-8", "base64", "html")).html_text


def test_a_label_and_its_value_stand_on_one_line() -> None:
    text = html(
        "<table><tr><td><table><tr><td><b>Order number:</b></td><td>113-0196033-6384224</td></tr>"
        "<tr><td>Amount</td><td>EUR&nbsp;<span>16</span><span>9,01</span></td></tr>"
        "<tr><td>Shipping address:</td><td>A. Buyer<br>1 Main St<br>Town</td></tr></table></td></tr></table>"
    )
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    assert lines[:2] == ["Order number: 113-0196033-6384224", "Amount EUR 169,01"]
    assert lines[2:] == ["Shipping address: A. Buyer", "1 Main St", "Town"]


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">X</div>',
        '<div style="DISPLAY : none !important">X</div>',
        '<span style="font-size:0px">X</span>',
        '<span style="visibility: hidden">X</span>',
        "<p hidden>X</p>",
        '<table style="display:none"><tr><td>X</td></tr></table>',
        "<style>X{}</style>",
        "<script>X()</script>",
        "<template>X</template>",
        "<!-- X -->",
        "<![CDATA[X]]>",
        "<title>X</title>",
    ],
)
def test_what_a_reader_cannot_see_is_no_text(hidden: str) -> None:
    assert html(f"<p>before</p>{hidden}<p>after</p>").split() == ["before", "after"]


@pytest.mark.parametrize(
    "seen", ['<p style="font-size:0.9em">X</p>', '<p style="opacity:0.8">X</p>', "<p hidde>X</p>"]
)
def test_what_a_reader_sees_is_text(seen: str) -> None:
    assert html(seen) == "X"


def test_text_behind_comments_and_instructions_is_kept() -> None:
    assert html("<p>a<!-- c -->b<?pi x?>c<i hidden>h</i>d</p>") == "abcd"


def test_html_with_the_charset_only_in_its_meta_element_is_read() -> None:
    source = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>你</p>'
    assert read_mail(text_mail(source.encode("gbk"), None, "8bit", "html")).html_text == "你"


def test_html_too_deep_to_lay_out_still_gives_its_text() -> None:
    raw = text_mail(b"<div>" * 5000 + b"order &#49;13<style>x</style><br>end", "utf-8", "8bit", "html")
    read = read_mail(raw)
    assert read.html_text.split() == ["order", "113", "end"]
    assert "could not be laid out" in problems(read)
