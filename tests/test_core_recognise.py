"""What a mail is taken for. Every mail here is invented; none of the wordings is Amazon's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Address, Kind, Mail
from inbox_bot.core.notice_rules import NoticeRules, load_notice_rules
from inbox_bot.core.recognise import STRANGER, Recognition, can_matter, recognise
from inbox_bot.core.tomlfile import parse_toml

RULES_DIR = Path(__file__).parents[1] / "rules"
CHARGEBACK = "cb-seller-notification@amazon.com"
ORDER = "113-0196033-6384224"
NOTICE = f"""Hello,

There is a chargeback dispute involving a transaction of your shop for 108.84 USD.

Order number: {ORDER}

In response, please provide proof of delivery within 7 days.
"""


def bundled() -> NoticeRules:
    first = RULES_DIR / "notices.toml"
    others = sorted(path for path in RULES_DIR.glob("notices.*.toml"))
    return load_notice_rules([parse_toml(path.read_text("utf-8"), path.name) for path in (first, *others)])


RULES = bundled()


def mail(sender: str, subject: str, text: str = "", *, name: str = "", **fields: object) -> Mail:
    values: dict[str, object] = {
        "sha256": "0" * 64,
        "size_bytes": len(text),
        "message_id": "<outer@shop.example>",
        "subject": subject,
        "sender": Address(name, sender),
        "reply_to": (),
        "to": (Address("", "seller@shop.example"),),
        "date_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "received_at": datetime(2026, 3, 2, 9, 1, tzinfo=UTC),
        "in_reply_to": (),
        "references": (),
        "headers": (),
        "text": text,
        "html_text": "",
    }
    return Mail(**{**values, **fields})  # type: ignore[arg-type]


def taken(sender: str, subject: str, text: str = "", **fields: object) -> Recognition:
    return recognise(mail(sender, subject, text, **fields), RULES)  # type: ignore[arg-type]


# --- policy 1: addresses that only write chargeback mails ---------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("", ""),
        ("x", "\ufffd\ufffd binary rubbish"),
        ("Newsletter", "unsubscribe here"),
        ("A-to-z claim", "refund issued"),
    ],
)
def test_a_mail_from_a_chargeback_address_is_a_claim_even_when_nothing_can_be_read(
    subject: str, text: str
) -> None:
    assert taken(CHARGEBACK, subject, text).kind is Kind.CLAIM


@pytest.mark.parametrize("domain", ["amazon.com", "amazon.co.uk", "amazon.co.jp", "mail.amazon.de"])
def test_chargeback_addresses_count_at_every_amazon_domain(domain: str) -> None:
    assert taken(f"cb-seller-notification@{domain}", "x").kind is Kind.CLAIM


@pytest.mark.parametrize(
    "text",
    [
        "The bank decided in favor of the cardholder and your account was debited.",
        "You are financially responsible for this chargeback.",
        "The dispute was resolved in your favor; nothing will be debited.",
        "发卡行裁定支持买家，我们已从您的账户中扣除该款项。",
        "该拒付争议的裁决对您有利。",
    ],
)
def test_a_mail_that_says_how_the_dispute_ended_is_a_decision(text: str) -> None:
    assert taken("cb-seller-query@amazon.com", "About your order", text).kind is Kind.DECISION


def test_a_funding_decision_in_the_subject_makes_a_decision() -> None:
    found = taken(
        "cb-seller-query@amazon.com", f"{ORDER}, Amazon.com Chargeback Dispute Funding Decision", "?"
    )
    assert found.kind is Kind.DECISION


@pytest.mark.parametrize(
    "text",
    [
        "A buyer disputed a charge. If you do not respond within 7 days, we will debit your account.",
        "We write to you about the outcome only if you are financially responsible for the chargeback.",
        "持卡人提出拒付。如果发卡机构批准持卡人的索赔请求，我们将从您的账户中扣款。",
    ],
)
def test_what_may_happen_later_makes_no_decision(text: str) -> None:
    assert taken(CHARGEBACK, "x", text).kind is Kind.CLAIM


@pytest.mark.parametrize(
    "text",
    [
        "The issuing bank has requested further documentation: please send it within 3 days.",
        "We need additional information to process your representment.",
        "Your previous response did not contain a tracking number.",
        "发卡银行需要补充资料。请在3天内回复。",
        "为继续处理您的案件，我们需要更多信息。",
    ],
)
def test_a_request_for_more_is_an_information_request(text: str) -> None:
    assert taken(CHARGEBACK, "Your case", text).kind is Kind.INFORMATION_REQUEST


def test_more_information_that_may_be_asked_for_later_leaves_a_claim_a_claim() -> None:
    text = (
        "A buyer disputed a charge. Provide proof of delivery. We may request additional information later."
    )
    assert taken(CHARGEBACK, "x", text).kind is Kind.CLAIM


def test_a_quoted_earlier_mail_does_not_decide_the_kind() -> None:
    quoted = "On Mon, Mar 2, 2026 at 10:00 AM Shop <seller@shop.example> wrote:\n> The account was debited.\n> Bye\n"
    found = taken(CHARGEBACK, "Re: Chargeback", f"We need additional information from you.\n\n{quoted}")
    assert found.kind is Kind.INFORMATION_REQUEST


# --- policy 2: other addresses at Amazon --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        NOTICE,
        f"The cardholder disputed the charge for order {ORDER}. Send us the tracking number.",
        f"We have received a chargeback for order {ORDER}.",
        f"The issuing bank informed us that the buyer is disputing this charge: {ORDER}.",
        f"我们收到一起信用卡拒付索赔。订单编号：{ORDER}",
        f"持卡人已就订单 {ORDER} 的扣款提出争议。",
    ],
)
def test_another_amazon_address_needs_words_that_a_charge_is_disputed(text: str) -> None:
    assert taken("notices@amazon.com", "About your order", text).kind is Kind.CLAIM


def test_a_footer_about_other_programmes_leaves_a_notice_a_notice() -> None:
    footer = "\nA-to-z Guarantee claims and return requests are handled elsewhere. Contact Seller Support for help."
    assert taken("notices@amazon.com", "About your order", NOTICE + footer).kind is Kind.CLAIM


TWIN = f"""Order number: {ORDER}
Items purchased: 1 of (Lamp)

In response, please provide proof of delivery within 3 days."""
LOOK_ALIKES = [
    ("A-to-z", "atoz-guarantee-no-reply@amazon.com", "Claim received", "A claim. " + NOTICE),
    ("A-to-z", "notices@amazon.com", "A-to-z Guarantee claim", NOTICE),
    (
        "A-to-z",
        "notices@amazon.com",
        "Response required",
        f"We have received an A-to-z Guarantee claim.\n\n{TWIN} If the buyer has filed a chargeback, it is closed.",
    ),
    ("A-to-z", "notices@amazon.com", "通知", f"买家提出了亚马逊商城交易保障索赔。订单编号：{ORDER}"),
    ("buyer", "x1y2@marketplace.amazon.com", f"Order {ORDER}", "I have disputed the charge with my bank!"),
    ("Pay", "notices@amazon.com", "Amazon Pay dispute", "A chargeback was filed for P01-1234567-7654321."),
    (
        "Pay",
        "notices@amazon.com",
        "Answer needed",
        "You have an Amazon Pay chargeback, S01-1234567-7654321. 11 days.",
    ),
    ("Pay", "no-reply@payments.amazon.com", "Chargeback", "A chargeback was filed."),
    ("Vendor", "notices@amazon.com", "Chargeback for purchase order 7ABCDEF1", "A chargeback was issued."),
    ("Vendor", "notices@amazon.com", "Notice", "Dear vendor, a chargeback was issued for a late ASN."),
    (
        "account",
        "notices@amazon.com",
        "Your Amazon.com seller account",
        "We looked at your chargeback claims.",
    ),
    (
        "account",
        "notices@amazon.com",
        "Important",
        "Your seller account is under review. You have received a chargeback. Funds are held for 90 days.",
    ),
    ("Support", "merch.service01@amazon.com", "Re: Chargeback dispute", NOTICE),
    ("Support", "notices@amazon.com", "RE:[CASE 12345678] Chargeback dispute", NOTICE),
    (
        "Support",
        "notices@amazon.com",
        "Hello",
        "Seller Support here. There is a chargeback dispute on your order.",
    ),
    (
        "return",
        "notices@amazon.com",
        f"Return requested for order {ORDER}",
        "A buyer wants to return an item.",
    ),
    ("refund", "notices@amazon.com", f"Refund initiated for order {ORDER}", "The buyer disputed the charge."),
    ("shipping", "notices@amazon.com", "Sold, ship now: Lamp", "Please ship this order."),
    ("newsletter", "notices@amazon.com", "How to win chargebacks", "A chargeback was filed. What now?"),
]


@pytest.mark.parametrize(("name", "sender", "subject", "text"), LOOK_ALIKES)
def test_a_look_alike_from_amazon_opens_no_case_and_is_named(
    name: str, sender: str, subject: str, text: str
) -> None:
    found = taken(sender, subject, text)
    assert found.kind is Kind.OTHER
    assert name in (found.looks_like or "")


def test_amazons_notification_header_means_that_it_is_no_chargeback_notice() -> None:
    headers = (("X-Space-Notification-Type", "REFUND_ISSUED"),)
    assert taken("notices@amazon.com", "Chargeback", NOTICE, headers=headers).kind is Kind.OTHER


def test_a_mailing_about_chargebacks_that_names_no_order_is_no_notice() -> None:
    headers = (("List-Unsubscribe", "<https://lists.example/u>"),)
    text = "A buyer has disputed a charge with the bank: what to do now."
    assert taken("notices@amazon.com", "Policy", text, headers=headers).kind is Kind.OTHER


# --- policy 3: everybody else -------------------------------------------------------------------------------------

STRANGERS = [
    ("cb-seller-notification@amazon.com.example.net", "", "Chargeback dispute"),
    ("cb-seller-notification@amaz0n.com", "", "Chargeback dispute"),
    ("cb-seller-notification@xn--mazon-3ve.com", "", "Chargeback dispute"),
    ("cb-seller-notification@notamazon.com", "", "Chargeback dispute"),
    ("billing@evil.example", "Amazon Seller Central", "Chargeback dispute"),
    ("billing@evil.example", "", "Your answer is needed"),
]


@pytest.mark.parametrize(("sender", "name", "subject"), STRANGERS)
def test_a_notice_from_outside_amazon_is_no_case_but_an_alert(sender: str, name: str, subject: str) -> None:
    text = f"There is a chargeback dispute involving Amazon order {ORDER}. Please respond within 7 days."
    found = taken(sender, subject, text, name=name)
    assert (found.kind, found.looks_like) == (Kind.OTHER, STRANGER)


def test_a_payment_processors_dispute_is_named_as_one() -> None:
    found = taken(
        "service@pay.example",
        "A chargeback was filed",
        "Your PayPal buyer filed a chargeback. Please respond.",
    )
    assert (found.kind, found.looks_like) == (Kind.OTHER, "a payment processor's dispute")


def test_the_sellers_own_answer_to_amazon_is_no_notice() -> None:
    found = taken("seller@shop.example", "Re: Chargeback", NOTICE, to=(Address("", CHARGEBACK),))
    assert (found.kind, found.looks_like) == (Kind.OTHER, "an answer to Amazon")


def test_a_bounce_is_no_notice_although_it_carries_one() -> None:
    returned = mail(CHARGEBACK, "Chargeback", NOTICE)
    found = taken("mailer-daemon@mx.example", "Undelivered", "", forwarded=(returned,))
    assert (found.kind, found.looks_like) == (Kind.OTHER, "a bounce")


# --- forwards -----------------------------------------------------------------------------------------------------

BLOCKS = {
    "gmail": "---------- Forwarded message ---------\nFrom: Amazon <{0}>\nDate: Mon, Mar 2, 2026 at 10:00 AM\n"
    "Subject: Notice\nTo: <seller@shop.example>\n\n\n",
    "outlook": "________________________________\nFrom: {0} <{0}>\nSent: Monday, March 2, 2026 10:00 AM\n"
    "To: seller@shop.example <seller@shop.example>\nSubject: Notice\n\n",
    "old outlook": "-----Original Message-----\nFrom: Amazon [mailto:{0}]\nSent: Monday, March 2, 2026 10:00 AM\n"
    "To: seller@shop.example\nSubject: Notice\n\n",
    "apple": "Begin forwarded message:\n\n> From: Amazon <{0}>\n> Subject: Notice\n> Date: 2 March 2026 at 10:00:00\n"
    "> To: seller@shop.example\n> \n",
    "thunderbird": "-------- Forwarded Message --------\nSubject: \tNotice\nDate: \tMon, 2 Mar 2026 10:00:00\n"
    "From: \tAmazon <{0}>\nTo: \tseller@shop.example\n\n",
    "german": "-------- Weitergeleitete Nachricht --------\nBetreff: Notice\nDatum: 2. März 2026 10:00\n"
    "Von: Amazon <{0}>\nAn: seller@shop.example\n\n",
    "bold": "*From:* Amazon <{0}>\n*Sent:* Monday, March 2, 2026 10:00 AM\n"
    "*To:* seller@shop.example\n*Subject:* Notice\n\n",
    "chinese outlook": "发件人: Amazon <{0}>\n发送时间: 2026年3月2日 10:00\n"
    "收件人: seller@shop.example\n主题: Notice\n\n",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "Amazon"<{0}>;\n'
    "发送时间: 2026年3月2日(星期一) 上午10:00\n"
    '收件人: "s"<seller@shop.example>;\n主题: Notice\n\n',
    "163": '-------- 转发邮件信息 --------\n发件人："Amazon" <{0}>\n发送日期：2026-03-02 10:00:00\n'
    "收件人：seller@shop.example\n主题：Notice\n\n",
}


@pytest.mark.parametrize("style", BLOCKS)
@pytest.mark.parametrize("prefix", ["Fwd: ", "FW: ", "转发：", "WG: ", "TR: ", "I: ", "[EXTERNAL] Fwd: ", ""])
@pytest.mark.parametrize("note", ["", "Please look at this.\n\nKind regards\nMax\n\n"])
def test_an_inline_forward_is_the_notice_it_holds(style: str, prefix: str, note: str) -> None:
    found = taken("max@mailer.example", f"{prefix}Notice", note + BLOCKS[style].format(CHARGEBACK) + NOTICE)
    assert (found.kind, found.via) == (Kind.CLAIM, "inline")
    assert found.inner.sender is not None
    assert found.inner.sender.email == CHARGEBACK
    assert found.inner.subject == "Notice"
    assert found.inner.date_at == datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=14))), (
        "earliest reading"
    )
    assert found.inner.text.startswith("Hello,")


@pytest.mark.parametrize("style", BLOCKS)
def test_a_reply_that_quotes_a_notice_is_no_notice(style: str) -> None:
    text = "I will do it.\n\n" + BLOCKS[style].format(CHARGEBACK) + NOTICE
    assert taken("max@mailer.example", "Re: Notice", text).kind is Kind.OTHER


def test_a_forward_of_a_forward_is_followed_to_the_notice() -> None:
    inner = BLOCKS["gmail"].format(CHARGEBACK) + NOTICE
    outer = BLOCKS["outlook"].format("bob@shop.example").replace("Subject: ", "Subject: Fwd: ") + inner
    found = taken("max@mailer.example", "FW: Fwd: Notice", outer)
    assert (found.kind, found.via) == (Kind.CLAIM, "inline")
    assert found.inner.sender == Address("Amazon", CHARGEBACK)


def test_a_forward_of_a_stranger_is_no_notice() -> None:
    text = BLOCKS["gmail"].format("cb@amazon.com.example.net") + NOTICE
    found = taken("max@mailer.example", "Fwd: Notice", text)
    assert (found.kind, found.looks_like) == (Kind.OTHER, STRANGER)


def test_a_header_block_that_names_amazon_without_an_address_is_read_by_its_words() -> None:
    block = "From: Amazon Seller Notification\nSent: Monday, March 2, 2026 10:00 AM\nTo: Shop\nSubject: Notice\n\n"
    assert taken("max@mailer.example", "FW: Notice", block + NOTICE).kind is Kind.CLAIM
    assert taken("max@mailer.example", "FW: Notice", block + "Your order has shipped.").kind is Kind.OTHER


def test_the_thread_of_a_forward_is_amazons_own_where_the_mail_program_kept_it() -> None:
    text = BLOCKS["gmail"].format(CHARGEBACK) + NOTICE
    ids = ("<0102abc@eu-west-1.amazonses.com>",)
    found = taken("max@mailer.example", "Fwd: Notice", text, in_reply_to=ids, references=ids)
    assert found.inner.message_id == "<0102abc@eu-west-1.amazonses.com>"


def test_an_attached_mail_is_the_notice_itself() -> None:
    notice = mail(CHARGEBACK, "Notice", NOTICE, message_id="<n@amazon.com>")
    found = taken("max@mailer.example", "see attachment", "look", forwarded=(notice,))
    assert (found.kind, found.via, found.inner.message_id) == (Kind.CLAIM, "attachment", "<n@amazon.com>")


# --- languages, HTML, size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "There is a chargeback dispute. Items purchased: 1 of (蓝色台灯 双头). Please reply within 7 days.",
        ),
        ("zh", "您收到一起拒付。请在7天内回复。Items purchased: 1 of (A Long English Title For A Desk Lamp)"),
        ("ja", "チャージバックの申請がありました。注文番号をご確認のうえ、7日以内に返信してください。"),
        (
            "de",
            "Für Ihre Bestellung wurde eine Rückbuchung beantragt. Bitte antworten Sie innerhalb von 7 Tagen.",
        ),
        (
            "fr",
            "Une contestation de prélèvement a été déposée pour la commande. Veuillez répondre sous 7 jours.",
        ),
        (
            "it",
            "È stata presentata una contestazione di una transazione per il tuo ordine. Rispondi entro 7 giorni.",
        ),
        ("es", "Se ha presentado un contracargo para el pedido. Responda en un plazo de 7 días, por favor."),
        (None, ""),
    ],
)
def test_the_language_is_that_of_the_notice_not_of_the_titles_in_it(language: str | None, text: str) -> None:
    assert taken(CHARGEBACK, "", text).language == language


@pytest.mark.parametrize(
    "subject",
    [
        "Rückbuchung zu Ihrer Bestellung",
        "Contestation de prélèvement",
        "Contracargo",
        "チャージバックのお知らせ",
    ],
)
def test_the_words_of_other_languages_help_pages_make_a_claim(subject: str) -> None:
    assert taken("notices@amazon.de", subject, ORDER).kind is Kind.CLAIM


def test_html_is_read_where_the_plain_text_says_nothing() -> None:
    found = taken("notices@amazon.com", "Order", "Your mail program cannot show this mail.", html_text=NOTICE)
    assert found.kind is Kind.CLAIM


@pytest.mark.parametrize(
    "piece",
    [
        "The buyer did not receive the item. ",
        "> From: Amazon <x@amazon.com>\n",
        "( [",
        "On 1 wrote:\n",
        "if ",
        "对",
        "\n",
    ],
)
def test_a_hostile_body_of_five_megabytes_takes_no_longer_than_two_seconds(piece: str) -> None:
    body = (piece * (5_000_000 // len(piece)))[:5_000_000]
    taken(CHARGEBACK, "warm", "up")
    for sender, subject in ((CHARGEBACK, "x"), ("notices@amazon.com", "x"), ("a@b.example", "Fwd: x")):
        begin = time.process_time()
        taken(sender, subject, body)
        assert time.process_time() - begin < 2


# --- the prefilter ------------------------------------------------------------------------------------------------

OWN = ("shop.example", "gmail.com")


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        (CHARGEBACK, ""),
        ("unheard-of@amazon.com", "Hello"),
        ("unheard-of@amazon.de", "Rückbuchung zu Ihrer Bestellung"),
        ("max@mailer.example", "Fwd: whatever"),
        ("max@mailer.example", "转发：通知"),
        ("max@shop.example", "please look"),
        ("billing@evil.example", "Chargeback dispute"),
        ("cb@amazon.com.example.net", "Hello"),
        ("mailer-daemon@mx.example", "Undelivered"),
    ],
)
def test_the_body_is_fetched_of_everything_that_could_be_a_notice(sender: str, subject: str) -> None:
    assert can_matter(mail(sender, subject), RULES, own_domains=OWN)


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("auto-confirm@amazon.com", "Your order"),
        ("x@marketplace.amazon.com", "Inquiry"),
        ("unheard-of@amazon.com", "Sold, ship now: Lamp"),
        ("atoz-guarantee-no-reply@amazon.com", "Claim"),
        ("news@tools.example", "Ten tips for your shop"),
        ("friend@gmail.com", "Lunch?"),
        ("orders@other.example", "Your order has shipped"),
    ],
)
def test_order_and_shipping_mails_newsletters_and_free_mail_are_not_fetched(
    sender: str, subject: str
) -> None:
    assert not can_matter(mail(sender, subject), RULES, own_domains=OWN)


@pytest.mark.parametrize(("name", "sender", "subject", "text"), LOOK_ALIKES)
def test_nothing_that_is_recognised_as_a_notice_is_kept_back_by_the_prefilter(
    name: str, sender: str, subject: str, text: str
) -> None:
    del name
    for address in (sender, CHARGEBACK, "notices@amazon.com"):
        one = mail(address, subject, text)
        if recognise(one, RULES).kind is not Kind.OTHER:
            assert can_matter(one, RULES, own_domains=OWN)


# --- the tables ---------------------------------------------------------------------------------------------------


def with_own_file(text: str) -> NoticeRules:
    paths = [RULES_DIR / "notices.toml", RULES_DIR / "notices.en.toml"]
    files = [parse_toml(path.read_text("utf-8"), path.name) for path in paths]
    return load_notice_rules([*files, parse_toml(text, "mine.toml")])


def test_a_new_language_needs_nothing_but_a_file() -> None:
    rules = with_own_file(
        'language = "nl"\n[words]\ngeld = ["bedrag", "betaling"]\n'
        '[[mark]]\nname = "betwist"\nmeans = "claim"\nphrases = ["<geld> is betwist"]\n'
    )
    assert (
        recognise(mail("notices@amazon.nl", "Bericht", f"Uw betaling is betwist: {ORDER}"), rules).kind
        is Kind.CLAIM
    )


def test_an_entry_of_the_users_own_file_replaces_the_bundled_one_of_its_name() -> None:
    rules = with_own_file('[[sender]]\nname = "chargeback notices"\naddresses = ["disputes@amazon.com"]\n')
    addresses = {sender.name: sender.addresses for sender in rules.senders}
    assert addresses["chargeback notices"] == ("disputes@amazon.com",)
    assert recognise(mail("disputes@amazon.com", "x"), rules).kind is Kind.CLAIM


def test_all_mistakes_of_a_file_are_reported_at_once_with_line_key_and_remedy() -> None:
    text = (
        'language = "en"\n[[mark]]\nname = "one"\nmeans = "clam"\nphrases = ["a ( b"]\n'
        '[[lable]]\nname = "x"\n[[reason]]\nmeans = "duplicate"\nphrases = ["twice"]\n'
        '[[sender]]\nname = "s"\naddresses = ["nobody"]\nadress = 1\n'
        '[[ask]]\nname = "a"\nmeans = "invoice"\nphrases = ["<nothing> sent"]\n'
    )
    with pytest.raises(UserError) as caught:
        with_own_file(text)
    problems = caught.value.problems
    assert {(problem.file, problem.line) for problem in problems} == {
        ("mine.toml", line) for line in (4, 5, 6, 8, 13, 14, 18)
    }
    assert all(problem.key for problem in problems)
    assert "did you mean 'label'?" in str(caught.value)


def test_without_senders_and_domains_the_rules_are_refused() -> None:
    with pytest.raises(UserError, match="no Amazon domain is listed"):
        load_notice_rules([parse_toml('language = "en"\n', "mine.toml")])
