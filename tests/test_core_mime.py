"""The bytes of a reply: threaded whatever the ids look like, readable everywhere, and deaf to hostile text."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import Message

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.core.errors import NeedsReview, UserError
from inbox_bot.core.mime import MARK_HEADER, build_reply, reply_mark, reply_message_id
from inbox_bot.core.model import Address, Attachment, Reply, Representment
from inbox_bot.core.text import one_line

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NOTICE_ID = "<0102018f3a5c7d2e-9b1c4f60-7a3e-4d85-b2f1-6c8e0d9a1b2c-000000@eu-west-1.mailer.example>"
OUR_ID = "<0123456789abcdef0123456789abcdef@seller.example>"
REPLY = Representment(
    case_id="case-7",
    kind="representment",
    language="en",
    sender=Address("Nordlicht Shop", "shop@seller.example"),
    recipient="disputes@market.example",
    subject="Re: Charge dispute for order 113-0196033-6384224",
    in_reply_to=NOTICE_ID,
    references=("<first@market.example>",),
    text="Order 113-0196033-6384224\n\nThe parcel was delivered on 2 November.\n",
    html="<p>Order 113-0196033-6384224</p>",
)
PDF = Attachment("shipment.pdf", "application/pdf", bytes(range(256)) * 40, "Exhibit 1: the shipment")


def built(representment: Representment = REPLY, **changes: object) -> Reply:
    return build_reply(replace(representment, **changes), revision=1, message_id=OUR_ID, at=AT)  # type: ignore[arg-type]


def parsed(reply: Reply) -> Message:
    return email.message_from_bytes(reply.raw_bytes, policy=email.policy.compat32)


def header_block(reply: Reply) -> str:
    return reply.raw_bytes.partition(b"\r\n\r\n")[0].decode("ascii")


def header_names(reply: Reply) -> list[str]:
    unfolded = re.sub(r"\r\n[ \t]", " ", header_block(reply))
    return [line.partition(":")[0] for line in unfolded.split("\r\n")]


def header(reply: Reply, name: str) -> str:
    return str(make_header(decode_header(parsed(reply)[name])))


def texts(reply: Reply) -> dict[str, str]:
    found = {}
    for part in parsed(reply).walk():
        if part.get_content_maintype() == "text" and not part.get_filename():
            found[part.get_content_type()] = part.get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr]
    return found


# --- what the reply is


def test_the_same_input_gives_the_same_bytes_and_a_different_id_other_ones() -> None:
    first, second = built(attachments=(PDF,)), built(attachments=(PDF,))
    assert first == second
    assert first.sha256 == hashlib.sha256(first.raw_bytes).hexdigest()
    other = build_reply(REPLY, revision=2, message_id="<other@seller.example>", at=AT)
    assert other.raw_bytes != built().raw_bytes


def test_the_reply_names_its_case_its_people_and_its_files() -> None:
    reply = built(attachments=(PDF,))
    assert (reply.case_id, reply.revision, reply.message_id) == ("case-7", 1, OUR_ID)
    assert (reply.sender, reply.recipient) == ("shop@seller.example", "disputes@market.example")
    assert reply.attachment_names == ("shipment.pdf",)
    assert reply.subject == REPLY.subject


def test_only_the_headers_a_reply_needs_stand_in_it() -> None:
    assert header_names(built(attachments=(PDF,))) == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "In-Reply-To",
        "References",
        MARK_HEADER,
        "MIME-Version",
        "Content-Type",
    ]


def test_the_shape_is_mixed_around_alternative_and_no_wider_than_needed() -> None:
    def shape(reply: Reply) -> list[str]:
        return [part.get_content_type() for part in parsed(reply).walk()]

    alternative = ["multipart/alternative", "text/plain", "text/html"]
    assert shape(built(attachments=(PDF,))) == ["multipart/mixed", *alternative, "application/pdf"]
    assert shape(built()) == alternative
    assert shape(built(html="")) == ["text/plain"]


def test_the_date_is_the_given_instant_whatever_its_zone() -> None:
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))
    assert build_reply(REPLY, revision=1, message_id=OUR_ID, at=tokyo) == built()
    assert header(built(), "Date") == "Mon, 02 Nov 2026 09:30:00 +0000"
    with pytest.raises(ValueError, match="naive"):
        build_reply(REPLY, revision=1, message_id=OUR_ID, at=AT.replace(tzinfo=None))


def test_a_reply_reads_the_same_in_two_other_programs() -> None:
    reply = built(
        sender=Address("Zoë, Nordlicht 商店", "shop@seller.example"),
        subject="Re: 信用卡拒付索赔 113-0196033-6384224",
        text="第一行\nThe second = line\n",
        attachments=(PDF, replace(PDF, name="发票.pdf")),
    )
    modern = email.message_from_bytes(reply.raw_bytes, policy=email.policy.default)
    assert modern["Subject"] == reply.subject
    assert modern["From"].addresses[0].display_name == "Zoë, Nordlicht 商店"
    assert modern.get_body(("plain",)).get_content().replace("\r\n", "\n") == "第一行\nThe second = line\n"
    assert [part.get_content() for part in modern.iter_attachments()] == [PDF.content] * 2
    other = mailparser.parse_from_bytes(reply.raw_bytes)
    assert other.subject == reply.subject
    assert other.from_[0][1] == "shop@seller.example"
    assert other.message_id == OUR_ID
    assert other.text_plain[0].replace("\r\n", "\n").strip() == "第一行\nThe second = line"
    assert [file["filename"] for file in other.attachments] == ["shipment.pdf", "发票.pdf"]


# --- the thread


def test_the_same_case_and_revision_have_one_id_and_any_other_has_another() -> None:
    first = reply_message_id("shop", "case-7", "representment", 1, "seller.example", "<n@x.example>")
    wanted = hashlib.sha256(b"shop|case-7|representment|1|<n@x.example>").hexdigest()[:32]
    assert first == f"<{wanted}@seller.example>"
    others = [("x", "case-7", "representment", 1), ("shop", "case-8", "representment", 1)]
    others += [("shop", "case-7", "information", 1), ("shop", "case-7", "representment", 2)]
    assert (
        len({first, *(reply_message_id(*other, "seller.example", "<n@x.example>") for other in others)}) == 5
    )


def test_the_domain_of_an_id_is_ascii_or_refused() -> None:
    assert reply_message_id("a", "b", "c", 1, "Bücher.example", "").endswith("@xn--bcher-kva.example>")
    for domain in ("", "a b", "x\r\nBcc: y", "a..b", "x" * 300, "[127.0.0.1]", "a@b", "\ud800"):
        with pytest.raises(UserError):
            reply_message_id("a", "b", "c", 1, domain, "")


@pytest.mark.parametrize("length", [20, 86, 250, 490])
def test_an_id_of_any_length_stays_whole_and_unencoded_on_its_headers_line(length: int) -> None:
    local = "x" * min(length // 2, 250)
    notice_id = f"<{local}@{'y' * (length - len(local) - 3)}>"
    block = header_block(built(in_reply_to=notice_id, references=("<a@b>",)))
    assert len(notice_id) == length
    assert f"\r\nIn-Reply-To: {notice_id}\r\n" in block
    references = re.search(r"\r\nReferences: ((?:.|\r\n )*?)\r\n(?! )", block)
    assert references is not None
    assert references[1].split() == ["<a@b>", notice_id]
    assert f"\r\nMessage-ID: {OUR_ID}\r\n" in block


def test_our_own_id_is_never_broken_even_when_it_is_long() -> None:
    long_id = f"<{'m' * 200}@{'d' * 40}.example>"
    reply = build_reply(REPLY, revision=1, message_id=long_id, at=AT)
    assert f"\r\nMessage-ID: {long_id}\r\n" in header_block(reply)


def test_a_long_chain_keeps_its_first_its_newest_and_the_parent() -> None:
    chain = tuple(f"<{number}.{'z' * 60}@market.example>" for number in range(200))
    kept = parsed(built(references=chain))["References"].split()
    assert kept == [chain[0], *chain[-20:], NOTICE_ID]


def test_references_stay_bounded_when_every_id_is_long() -> None:
    chain = tuple(f"<{number}{'z' * 240}@{'y' * 240}>" for number in range(200))
    kept = parsed(built(references=chain))["References"]
    assert len(kept) < 8_000
    assert kept.split()[0] == chain[0]
    assert kept.split()[-2:] == [chain[-1], NOTICE_ID]


def test_the_parent_stands_last_and_nothing_twice() -> None:
    kept = parsed(built(references=(NOTICE_ID, "<a@b>", "<a@b>")))["References"].split()
    assert kept == ["<a@b>", NOTICE_ID]


def test_a_reply_without_a_thread_has_no_thread_headers() -> None:
    names = header_names(built(in_reply_to=None, references=()))
    assert "In-Reply-To" not in names
    assert "References" not in names


HOSTILE_IDS = [
    "<a@b>\r\nBcc: evil@attacker.example",
    "<a\r\n b@c>",
    "<a@b> <c@d>",
    "a@b",
    "<a b@c>",
    "<ä@b>",
    "<a\x00@b>",
    "<>",
    "",
    f"<{'x' * 251}@b>",
    "<=?utf-8?q?=0D=0ABcc:_x?=@b >",
]


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
def test_an_id_that_is_none_is_left_out_and_blocks_nothing(hostile: str) -> None:
    reply = built(in_reply_to=hostile, references=("<good@b>", hostile))
    assert parsed(reply)["In-Reply-To"] is None
    assert parsed(reply)["References"] == "<good@b>"
    assert "bcc" not in [name.lower() for name in header_names(reply)]
    with pytest.raises(ValueError, match="Message-ID"):
        build_reply(REPLY, revision=1, message_id=hostile, at=AT)


def test_a_copy_is_recognised_by_its_mark_where_the_id_was_replaced() -> None:
    reply = built()
    assert parsed(reply)[MARK_HEADER] == reply_mark(OUR_ID)
    assert re.fullmatch("[0-9a-f]{16}", reply_mark(OUR_ID))
    assert reply_mark(OUR_ID) != reply_mark("<other@seller.example>")
    assert reply_mark(OUR_ID) not in OUR_ID


# --- hostile and foreign text in headers

HOSTILE_TEXT = [
    "Re: order\r\nBcc: evil@attacker.example",
    "Re: order\nBcc: evil@attacker.example\n\nbody",
    "Re: a\x00b\x1b[31mc\x85d",
    "Re: \u202eexe.fdp\u2066",
    "Re: \u2028Bcc: evil@attacker.example",
    "Re: =?utf-8?q?=0D=0ABcc:_evil?=",
    "Re: lone \ud83d surrogate",
    "",
    "x" * 200_000,
    "电" * 50_000,
    "a" * 79 + " " + "b" * 79,
    '"quoted" <evil@attacker.example>, "x',
]


@pytest.mark.parametrize("hostile", HOSTILE_TEXT, ids=lambda text: ascii(text[:40]))
def test_no_subject_name_or_title_can_add_a_header_or_block_the_reply(hostile: str) -> None:
    file = replace(PDF, title=hostile)
    reply = built(subject=hostile, sender=Address(hostile, "shop@seller.example"), attachments=(file,))
    assert header_names(reply) == header_names(built(attachments=(PDF,)))
    assert len(header_block(reply)) < 8_000
    modern = email.message_from_bytes(reply.raw_bytes, policy=email.policy.default)
    assert [address.addr_spec for address in modern["From"].addresses] == ["shop@seller.example"]
    wanted = one_line(hostile).encode("utf-8", "replace").decode()
    wanted = wanted if len(wanted) <= 500 else f"{wanted[:497]}..."
    assert str(modern["Subject"] or "") == reply.subject == wanted


def test_encoded_words_are_short_and_break_no_character() -> None:
    for subject in ("信用卡拒付索赔" * 30, "Rückbuchung für Bestellung " * 10, "🧾" * 60, "a" * 300):
        reply = built(subject=subject, sender=Address("Überaus langer Name " * 5, "shop@seller.example"))
        words = re.findall(r"=\?\S*\?=", header_block(reply))
        assert words
        for word in words:
            assert len(word) <= 75
            payload, charset = decode_header(word)[0]
            assert payload.decode(charset)  # type: ignore[union-attr]
        assert all(len(line) <= 78 for line in header_block(reply).split("\r\n") if "=?" in line)
        assert header(reply, "Subject") == subject.strip()


def test_plain_subjects_and_names_stay_readable_as_they_are() -> None:
    assert f"\r\nSubject: {REPLY.subject}\r\n" in header_block(built())
    assert "\r\nFrom: Nordlicht Shop <shop@seller.example>\r\n" in header_block(built())
    quoted = built(sender=Address('Shop, "North" \\ Co.', "shop@seller.example"))
    assert '\r\nFrom: "Shop, \\"North\\" \\\\ Co." <shop@seller.example>\r\n' in header_block(quoted)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "shop",
        "a b@seller.example",
        "a@b\r\nBcc: c@d",
        "<a@b>",
        "a@b>, c@d",
        "ü@seller.example",
        "a,b@c",
        "a@" + "x" * 300,
    ],
    ids=ascii,
)
def test_an_address_no_header_can_hold_stops_the_reply_for_a_person(address: str) -> None:
    with pytest.raises(NeedsReview, match="sender"):
        built(sender=Address("Shop", address))
    with pytest.raises(NeedsReview, match="recipient"):
        built(recipient=address)


# --- bodies

BODIES = [
    "",
    "one line without an end",
    "ends with spaces  \nand tabs\t\n\n\n",
    ".\n..\n.hidden\n",
    "From the start\n",
    "x" * 5_000,
    "信用卡拒付" * 2_000,
    "mixed \r\n line \r ends \n here",
    "nul \x00 and escape \x1b and form \x0c feed and \x85 next",
    "--=_mixed_\n--=_alternative_\n=3D =\n",
]


@pytest.mark.parametrize("text", BODIES, ids=lambda text: ascii(text[:30]))
def test_every_text_comes_back_as_written_and_travels_in_short_clean_lines(text: str) -> None:
    reply = built(text=text, html=f"<p>{text}</p>", attachments=(PDF,))
    wanted = re.sub(r"\r\n?|\n", "\r\n", text)
    assert texts(reply) == {"text/plain": wanted, "text/html": f"<p>{wanted}</p>"}
    assert_travels_well(reply)


def assert_travels_well(reply: Reply) -> None:
    assert reply.raw_bytes.isascii()
    assert reply.raw_bytes.endswith(b"\r\n")
    assert b"\0" not in reply.raw_bytes
    lines = reply.raw_bytes.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    body = reply.raw_bytes.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(len(line) for line in body if b"name=" not in line) <= 78


# --- attachments


def test_a_file_arrives_bit_for_bit_whatever_its_size() -> None:
    for size in (0, 1, 56, 57, 58, 57 * 1024 - 1, 57 * 1024, 57 * 1024 + 1, 400_000):
        content = bytes(number * 7 % 251 for number in range(size))
        reply = built(attachments=(replace(PDF, content=content),))
        file = list(parsed(reply).walk())[-1]
        assert file.get_payload(decode=True) == content
        assert_travels_well(reply)


def test_a_mail_as_a_file_goes_out_as_a_file() -> None:
    mail = b"Subject: x\n\n" + b"long " * 400 + b"\xff\n"
    for name, media_type in (
        ("notice.eml", "message/rfc822"),
        ("notice.EML", "text/plain"),
        ("x", "message/rfc822"),
    ):
        reply = built(attachments=(Attachment(name, media_type, mail, ""),))
        file = list(parsed(reply).walk())[-1]
        assert file.get_content_type() == "application/octet-stream"
        assert file.get_payload(decode=True) == mail


@pytest.mark.parametrize(
    ("media_type", "written"),
    [
        ("application/pdf", "application/pdf"),
        ("Image/PNG; x=y", "image/png"),
        ("text/plain; charset=latin-1", "text/plain"),
        ("text/csv", "text/csv"),
        ("", "application/octet-stream"),
        ("pdf", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("a/b\r\nX-Evil: 1", "application/octet-stream"),
    ],
)
def test_a_media_type_is_written_cleanly_or_replaced(media_type: str, written: str) -> None:
    file = list(parsed(built(attachments=(replace(PDF, media_type=media_type),))).walk())[-1]
    assert file.get_content_type() == written
    assert "X-Evil" not in file


def test_a_text_file_is_called_utf_8_only_when_it_is() -> None:
    for content, charset in (("信\n".encode(), "utf-8"), ("信\n".encode("gb18030"), None)):
        file = list(
            parsed(built(attachments=(replace(PDF, media_type="text/plain", content=content),))).walk()
        )[-1]
        assert file.get_content_charset() == charset
        assert file.get_payload(decode=True) == content


@pytest.mark.parametrize(
    ("name", "written", "fallback"),
    [
        ("shipment.pdf", "shipment.pdf", "shipment.pdf"),
        ("Rechnung für Zoë.pdf", "Rechnung für Zoë.pdf", "Rechnung_fur_Zoe.pdf"),
        ("发票 2026.pdf", "发票 2026.pdf", "2026.pdf"),
        ("发票.pdf", "发票.pdf", "attachment.pdf"),
        ("发票", "发票", "attachment"),
        ("../../etc/cron.d/x", "_.._etc_cron.d_x", "_.._etc_cron.d_x"),
        ("C:\\a\\b.txt", "C__a_b.txt", "C__a_b.txt"),
        ('a"b; x=y\r\nX-Evil: 1.pdf', "a_b; x=y X-Evil_ 1.pdf", "a_b; x=y X-Evil_ 1.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe", "invoicefdp.exe"),
        ("lone \ud83d.pdf", "lone _.pdf", "lone _.pdf"),
        ("", "attachment-1", "attachment-1"),
        ("...", "attachment-1", "attachment-1"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf", "x" * 116 + ".pdf"),
        ("票" * 300 + ".pdf", "票" * 116 + ".pdf", "attachment.pdf"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_file_name_arrives_whole_and_harmless_with_an_ascii_twin(
    name: str, written: str, fallback: str
) -> None:
    reply = built(attachments=(replace(PDF, name=name),))
    for policy in (email.policy.compat32, email.policy.default):
        file = list(email.message_from_bytes(reply.raw_bytes, policy=policy).walk())[-1]
        assert file.get_filename() == written
        assert file.get_param("name") == fallback
        assert not file.defects
    assert reply.attachment_names == (written,)
    assert_travels_well(reply)


# --- anything at all

ANY_TEXT = st.text(st.characters(), max_size=300) | st.text(
    st.sampled_from('\r\n\t =?_.-:;<>@"\\\0aé信\u202e'), max_size=120
)


@settings(max_examples=150, deadline=None)
@given(
    subject=ANY_TEXT,
    name=ANY_TEXT,
    text=ANY_TEXT,
    html=ANY_TEXT,
    title=ANY_TEXT,
    file_name=ANY_TEXT,
    parent=ANY_TEXT,
)
def test_whatever_strangers_write_the_reply_stands_and_means_the_same(
    subject: str, name: str, text: str, html: str, title: str, file_name: str, parent: str
) -> None:
    file = Attachment(file_name, "text/plain", text.encode("utf-8", "replace"), title)
    reply = built(
        subject=subject,
        sender=Address(name, "shop@seller.example"),
        text=text,
        html=html,
        attachments=(file,),
        in_reply_to=parent,
        references=(parent, f"<{parent}@x>"),
    )
    assert_travels_well(reply)
    assert set(header_names(reply)) - {"In-Reply-To", "References"} == {
        *("Date", "From", "To", "Subject", "Message-ID", MARK_HEADER, "MIME-Version", "Content-Type")
    }
    assert header(reply, "Subject") == reply.subject
    parts = list(parsed(reply).walk())
    assert [part.get_content_type() for part in parts][-1] == "text/plain" or file_name.lower().endswith(
        ".eml"
    )
    assert parts[-1].get_payload(decode=True) == file.content
    wanted = {"text/plain": text, **({"text/html": html} if html else {})}
    assert texts(reply) == {
        kind: re.sub(r"\r\n?|\n", "\r\n", body).encode("utf-8", "replace").decode()
        for kind, body in wanted.items()
    }
    assert reply.raw_bytes.count(b"\r\n--=_mixed_") == 3
