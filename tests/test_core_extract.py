"""What is read out of a notice. Every mail here is invented; none of the wordings is Amazon's own."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from inbox_bot.core.extract import extract
from inbox_bot.core.model import Address, Ask, Kind, Mail, Notice, Outcome, Reason
from inbox_bot.core.notice_rules import NoticeRules, load_notice_rules
from inbox_bot.core.recognise import recognise
from inbox_bot.core.tomlfile import parse_toml

RULES_DIR = Path(__file__).parents[1] / "rules"
CHARGEBACK = "cb-seller-notification@amazon.com"
ORDER = "113-0196033-6384224"
OTHER_ORDER = "113-0196044-7384225"
ARRIVED_AT = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)


def bundled() -> NoticeRules:
    paths = [RULES_DIR / "notices.toml", *sorted(RULES_DIR.glob("notices.*.toml"))]
    return load_notice_rules([parse_toml(path.read_text("utf-8"), path.name) for path in paths])


RULES = bundled()


def mail(text: str, subject: str = "Chargeback", sender: str = CHARGEBACK) -> Mail:
    return Mail(
        sha256="0" * 64,
        size_bytes=len(text),
        message_id="<notice@amazon.com>",
        subject=subject,
        sender=Address("Amazon", sender),
        reply_to=(),
        to=(Address("", "seller+us@shop.example"),),
        date_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        received_at=ARRIVED_AT,
        in_reply_to=(),
        references=(),
        headers=(),
        text=text,
        html_text="",
    )


def read_mail(one: Mail, own: tuple[str, ...] = ("seller+us@shop.example",)) -> Notice:
    recognition = recognise(one, RULES)
    return extract(
        recognition,
        one,
        RULES,
        own_addresses=own,
        received_at=ARRIVED_AT,
        trusted=True,
        trust_reason="said so",
    )


def read(text: str, subject: str = "Chargeback", sender: str = CHARGEBACK) -> Notice:
    return read_mail(mail(text, subject, sender))


def problems(notice: Notice) -> str:
    return "\n".join(map(str, notice.problems))


def test_a_whole_notice_is_read() -> None:
    notice = read(
        f"""Hello,

There is a chargeback dispute involving a transaction on your account for
108.84 USD.

Order number: {ORDER}
Items purchased: 1 of (Reading lamp (LED, dimmable) [2 pack] with a title that
goes on)
Shipping address:
Jane Doe
12 Main St
Springfield, IL 62701
US

In response, please send us the ship date, the tracking number and proof of
delivery within 7 days. We recommend the online form; if you use the form, do
not reply to this e-mail. The final outcome can take up to 90 days.
"""
    )
    assert notice.kind is Kind.CLAIM
    assert notice.order_ids == (ORDER,)
    assert str(notice.amount) == "108.84 USD"
    assert notice.items == ("Reading lamp (LED, dimmable) [2 pack] with a title that goes on",)
    place = notice.destination
    assert (place.city, place.state, place.postal_code, place.country) == ("Springfield", "IL", "62701", "US")
    assert place.lines == ("Jane Doe", "12 Main St", "Springfield, IL 62701", "US")
    assert notice.asks == (Ask.SHIP_DATE, Ask.TRACKING, Ask.PROOF_OF_DELIVERY)
    assert notice.reason is Reason.NOT_RECEIVED, "proof of delivery is asked for"
    assert (notice.stated_days, notice.stated_on) == (7, None)
    assert notice.form_only
    assert (notice.reply_to, notice.recipient) == (CHARGEBACK, "seller+us@shop.example")
    assert (notice.trusted, notice.trust_reason) == (True, "said so")
    assert notice.problems == ()


def test_a_whole_chinese_notice_is_read() -> None:
    notice = read(
        f"""您好：

我们收到一起信用卡拒付索赔。
订单编号：{ORDER}
拒付金额：CNY 1,288.00
商品名称：蓝色台灯（双头）
拒付原因：持卡人称未收到商品。
收货地址：
张三
广东省深圳市南山区科技路1号
518000

请在七个日历日内回复，并提供发货日期、配送方式和追踪信息，以及与买家的全部通信内容。最终结果可能需要90天。
""",
        "信用卡拒付通知",
    )
    assert notice.language == "zh"
    assert (notice.order_id, str(notice.amount)) == (ORDER, "1288.00 CNY")
    assert notice.items == ("蓝色台灯（双头）",)
    assert notice.reason is Reason.NOT_RECEIVED
    assert notice.reason_words == "持卡人称未收到商品。"
    assert (notice.destination.city, notice.destination.postal_code) == ("深圳市", "518000")
    assert notice.asks == (Ask.SHIP_DATE, Ask.SHIPPING_METHOD, Ask.TRACKING, Ask.CORRESPONDENCE)
    assert notice.stated_days == 7


# --- layouts ------------------------------------------------------------------------------------------------------

LAYOUTS = [
    f"Order number: {ORDER}\nDisputed amount: 45.00 USD\nItem: Desk lamp\nReason: Defective",
    f"Order number\n{ORDER}\nDisputed amount\n45.00 USD\nItem\nDesk lamp\nReason\nDefective",
    f"Order number      {ORDER}\nDisputed amount   45.00 USD\nItem              Desk lamp\nReason            Defective",
    f"Order number\t{ORDER}\nDisputed amount\t45.00 USD\nItem\tDesk lamp\nReason\tDefective",
    f"| Order number | {ORDER} |\n| Disputed amount | 45.00 USD |\n| Item | Desk lamp |\n| Reason | Defective |",
    f"Order number | Disputed amount | Item | Reason\n{ORDER} | 45.00 USD | Desk lamp | Defective",
    f"Order ID              Disputed amount   Item        Reason\n{ORDER}   45.00 USD         Desk lamp   Defective",
    f"Order number\nDisputed amount\nItem\nReason\n\n{ORDER}\n45.00 USD\nDesk lamp\nDefective",
    f"- Order #: {ORDER}\n- Amount in dispute: $45.00\n- Item purchased: 1 x Desk lamp\n- Dispute reason: Defective",
    f"ORDER NUMBER : {ORDER}\nDISPUTED AMOUNT : USD 45.00\nITEM(S) : Desk lamp\nREASON : Defective",
    f"*Order number:* {ORDER}\n*Disputed amount:* 45.00 USD\n*Item:* Desk lamp\n*Reason:* Defective",
    f"订 单 号：{ORDER}\n争议金额：45.00 美元\n商    品：Desk lamp\n原因：Defective",
    f"Order number: {ORDER}; disputed amount: 45.00 USD; reason: Defective\nItem: Desk lamp",
    f"The buyer of order {ORDER} disputes 45.00 USD for 1 of (Desk lamp), which is a chargeback. The item is defective.",
]


@pytest.mark.parametrize("text", LAYOUTS)
def test_labels_and_values_are_read_in_any_layout(text: str) -> None:
    notice = read(text)
    assert notice.order_id == ORDER
    assert str(notice.amount) == "45.00 USD"
    assert notice.items == ("Desk lamp",)
    assert notice.reason is Reason.NOT_AS_DESCRIBED


def test_the_html_fills_in_where_the_plain_text_names_no_order() -> None:
    one = replace(mail("Please open this mail in a browser."), html_text=LAYOUTS[2])
    assert read_mail(one).order_id == ORDER


# --- orders -------------------------------------------------------------------------------------------------------


def test_the_order_at_the_label_comes_before_the_others() -> None:
    notice = read(f"Your earlier order {OTHER_ORDER} is not concerned.\n\nOrder number: {ORDER}")
    assert notice.order_ids == (ORDER, OTHER_ORDER)
    assert "names 2 orders" in problems(notice)


def test_the_subject_gives_the_order_where_the_body_has_none() -> None:
    assert read("A charge was disputed.", f"Charge Dispute Inquiry {ORDER}").order_id == ORDER


def test_a_notice_without_an_order_says_so() -> None:
    notice = read("\ufffd\ufffd\ufffd", "")
    assert notice.order_id is None
    assert "no order number was found" in problems(notice)
    assert read("").problems[0].what == "the mail has no readable text"


# --- amounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("40.00 USD", "Order total: 100.00 USD\nDisputed amount: 40.00 USD"),
        ("40.00 USD", "There is a chargeback dispute for 40.00 USD.\n\nOrder total: 100.00 USD"),
        ("45.00 USD", "Chargeback amount: 45.00 USD\nChargeback fee: 20.00 USD\nTotal: 65.00 USD"),
        ("45.00 USD", "A chargeback was filed for USD 45.00. A refund of 10.00 USD was issued earlier."),
        ("45.00 USD", "Transaction amount: $45.00\nShipping: $5.00"),
        ("88.50 USD", "该笔交易金额为 88.50 美元，持卡人已提出拒付。"),
        ("1234.56 EUR", "Betrag: 1.234,56 EUR"),
        ("119.00 EUR", "Montant contesté : 119,00 €"),
        ("25.00 CAD", "Disputed amount: $25.00\nMarketplace: Amazon.ca"),
        (
            "12.00 USD",
            "There is a chargeback dispute for 12.00 USD.\nItems purchased: 1 of (Holder for $25 gift cards)",
        ),
    ],
)
def test_the_disputed_amount_is_taken_not_another(amount: str, text: str) -> None:
    assert str(read(text).amount) == amount


def test_a_bare_dollar_is_that_of_the_senders_marketplace() -> None:
    assert (
        str(read("Disputed amount: $25.00", sender="cb-seller-notification@amazon.ca").amount) == "25.00 CAD"
    )
    assert str(read("金額：￥12,800", sender="cb-seller-notification@amazon.co.jp").amount) == "12800 JPY"


def test_of_several_amounts_without_a_label_none_is_guessed() -> None:
    notice = read(
        "A chargeback. The order of May.\n\nPrice 10.00 USD, postage 5.00 USD, 15.00 USD altogether."
    )
    assert notice.amount is None
    assert "several amounts" in problems(notice)


# --- items --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (("Lamp (LED) for desk",), "Items purchased: 1 of (Lamp (LED) for desk)"),
        (("A", "B (x)"), "Items purchased: 2 of (A), 1 of (B (x))"),
        (("A", "B)"), "Items purchased:\n1 of (A)\n3 of (B))\n"),
        (("Cable :-) 2m",), "Items purchased: 1 of (Cable :-) 2m)"),
        (("Unclosed ( bracket",), "Items purchased: 1 of (Unclosed ( bracket)"),
        (("Blue lamp", "Red lamp, 2 pack"), "Items:\n- Blue lamp\n- Red lamp, 2 pack\n\nAmount: 3 USD"),
        (("Widget, large", "Gadget"), "Order items: 1 x Widget, large; 2 x Gadget"),
        (("Blue lamp",), 'Item title: "Blue lamp"\nQuantity: 1'),
        (("Blue lamp", "Red lamp"), "Product | Qty\nBlue lamp | 2\nRed lamp | 1"),
        (
            ("石墨烯暖手宝", "替换布套"),
            "订单编号    商品\n1    1 件（石墨烯暖手宝）\n         1 件（替换布套）",
        ),
        (("蓝色台灯",), "商品：蓝色台灯（1 件）\n请在七日内提供签收证明。"),
        (("Pocket sundial",), "The purchase, 1 of (Pocket sundial) for 18.20 USD, is disputed."),
        (
            ("A long title that goes on into the next row",),
            "Item    A long title that goes on\n        into the next row",
        ),
    ],
)
def test_titles_are_read_whole_and_without_counts(items: tuple[str, ...], text: str) -> None:
    assert read(text).items == items


# --- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (
            ("San Francisco", "CA", "94105-1234", "US"),
            "Jane\n1 Main St\nSan Francisco, CA 94105-1234\nUnited States",
        ),
        (
            ("Austin", "Texas", "78701", "US"),
            "Jane\n1 Main St\nAustin, Texas 78701\nIn response to this, please send",
        ),
        (("Springfield", "IL", "62701", "US"), "Jane Doe, 12 Main St, Springfield, IL 62701, US"),
        (("Montréal", "Québec", "H2X 1Y4", "CA"), "John\n1 Rue X\nMontréal, Québec H2X 1Y4\nCanada"),
        (("London", "", "SW1A 2AA", "GB"), "A B\n10 High St\nLondon\nSW1A 2AA\nUnited Kingdom"),
        (("Leeds", "West Yorkshire", "LS1 4DY", "GB"), "A B\n1 Way\nLeeds, West Yorkshire, LS1 4DY\nGB"),
        (("Berlin", "", "10115", "DE"), "A B\nHauptstr. 1\n10115 Berlin\nDeutschland"),
        (("Roma", "RM", "00184", "IT"), "A\nVia X 1\n00184 Roma RM\nItalia"),
        (("Madrid", "Madrid", "28013", "ES"), "A\nCalle X 1\nMadrid, Madrid, 28013\nES"),
        (("Amsterdam", "", "1012 AB", "NL"), "A\nX 1\n1012 AB Amsterdam\nNetherlands"),
        (("Sydney", "NSW", "2000", "AU"), "A\n1 St\nSydney NSW 2000\nAustralia"),
        (("渋谷区", "東京都", "150-0001", "JP"), "山田太郎\n〒150-0001 東京都渋谷区神宮前1-2-3"),
        (
            ("Shibuya-ku", "Tokyo", "150-0001", "JP"),
            "Yamada\n1-2-3 Jingumae\nShibuya-ku, Tokyo 150-0001\nJapan",
        ),
        (("广州市", "广东省", "510620", "CN"), "张三，广东省广州市天河区体育西路1号，510620"),
        (("上海市", "上海市", "200120", "CN"), "李四\n上海市浦东新区世纪大道1号\n200120\n中国"),
    ],
)
def test_addresses_are_taken_apart_as_their_countries_write_them(place: tuple[str, ...], lines: str) -> None:
    for label in ("Shipping address:\n", "Ship to: ", "收货地址："):
        found = read(f"Order number: {ORDER}\n{label}{lines}\n\nBye").destination
        assert (found.city, found.state, found.postal_code, found.country) == place


# --- reasons ------------------------------------------------------------------------------------------------------

STATED = {
    Reason.NOT_RECEIVED: [
        "The cardholder claims that the merchandise was never delivered.",
        "The buyer says he did not get the order.",
        'The customer states: "I am still waiting for my package".',
        "The buyer denies having received the shipment.",
        "The cardholder reported non-receipt of merchandise.",
        "The customer reports that the goods did not turn up.",
        "持卡人表示从未收到该商品。",
        "据发卡银行称，买家并未收到所订购的货物。",
        "買家表示沒有收到商品。",
    ],
    Reason.UNAUTHORIZED: [
        "The cardholder states that they did not authorize this transaction.",
        "The buyer does not recognize the charge.",
        "The account holder claims that somebody else used the card.",
        "The customer says the purchase was made without her consent.",
        "The issuing bank reported payment fraud.",
        "持卡人否认授权该交易。",
        "持卡人称其信用卡被盗刷。",
        "持卡人称并非本人交易。",
    ],
    Reason.NOT_AS_DESCRIBED: [
        "The buyer claims the item is materially different from what was shown on the website.",
        "The customer received the wrong item.",
        "The cardholder believes the article is counterfeit.",
        "The lamp is not the one in the listing, says your buyer.",
        "The item received was damaged.",
        "买家称收到的商品与描述严重不符。",
        "持卡人声称商品存在质量问题。",
    ],
    Reason.CREDIT_NOT_PROCESSED: [
        "The buyer says that he returned the item and has not been refunded.",
        "The cardholder states that a promised credit was never issued.",
        "The item came broken, was returned, and the customer did not receive a refund.",
        "持卡人表示退货后没有收到退款。",
        "买家称已退回商品，但退款尚未到账。",
    ],
    Reason.DUPLICATE: [
        "The cardholder claims to have been charged twice for the same order.",
        "The bank says that the transaction is a duplicate.",
        "持卡人称被重复扣款。",
        "同一笔订单被扣款两次。",
    ],
    Reason.CANCELLED: [
        "The buyer says that they cancelled the order before it shipped.",
        "The customer requested cancellation of the order, but it was charged anyway.",
        "持卡人称已取消该订单。",
        "买家曾要求取消订单。",
    ],
}


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in STATED.items() for text in texts]
)
def test_the_reason_is_what_a_sentence_states(reason: Reason, text: str) -> None:
    boilerplate = "If the buyer claims that the item is materially different, we might ask for more."
    notice = read(
        f"{boilerplate}\n\n{text}\n\nSend the ship date, the method and any tracking within 7 days."
    )
    assert notice.reason is reason
    assert notice.reason_words


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.UNAUTHORIZED, "Visa 10.4 Other fraud, card absent"),
        (Reason.UNAUTHORIZED, "4837"),
        (Reason.UNAUTHORIZED, "F29"),
        (Reason.UNAUTHORIZED, "UA02"),
        (Reason.DUPLICATE, "12.6.1"),
        (Reason.DUPLICATE, "4834"),
        (Reason.DUPLICATE, "P08"),
        (Reason.DUPLICATE, "DP"),
        (Reason.NOT_RECEIVED, "13.1"),
        (Reason.NOT_RECEIVED, "4855"),
        (Reason.NOT_RECEIVED, "C08"),
        (Reason.NOT_RECEIVED, "RG"),
        (Reason.NOT_AS_DESCRIBED, "13.3"),
        (Reason.NOT_AS_DESCRIBED, "4853"),
        (Reason.NOT_AS_DESCRIBED, "C31"),
        (Reason.NOT_AS_DESCRIBED, "RM"),
        (Reason.CREDIT_NOT_PROCESSED, "13.6"),
        (Reason.CREDIT_NOT_PROCESSED, "C02"),
        (Reason.CREDIT_NOT_PROCESSED, "RN2"),
        (Reason.CANCELLED, "13.7"),
        (Reason.CANCELLED, "C05"),
        (Reason.UNKNOWN, "99.9"),
    ],
)
def test_a_reason_label_may_hold_the_card_networks_code(reason: Reason, code: str) -> None:
    assert read(f"Order number: {ORDER}\nReason code: {code}\n").reason is reason


def test_a_reason_label_counts_more_than_a_sentence() -> None:
    text = "Reason: Duplicate processing\n\nThe buyer also told us that the item never arrived."
    assert read(text).reason is Reason.DUPLICATE


@pytest.mark.parametrize(
    "text",
    [
        "In your response include the ship date, the shipping method and any tracking information.",
        "If the buyer claims that the item was never received, provide proof of delivery.",
        "We have not received your response.",
        "Chargebacks are filed when a buyer claims that an item was not received or a charge is not recognized.",
        "Common reasons for chargebacks include items not received, fraud and defective goods.",
        "A buyer may dispute a charge because the item was damaged.",
        "Items purchased: 1 of (Patch for broken screens, never received better reviews)",
        "如果买家声称未收到商品，请提供送达证明。",
        "请提供发货日期、配送方式和追踪信息。",
    ],
)
def test_what_is_only_supposed_or_stands_in_a_title_is_no_reason(text: str) -> None:
    assert read(text).reason is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.NOT_RECEIVED, "Please provide proof of delivery."),
        (Reason.CREDIT_NOT_PROCESSED, "Please provide proof of the refund."),
        (Reason.NOT_AS_DESCRIBED, "Please provide evidence that the item matches the description."),
        (Reason.UNKNOWN, "Please provide proof of delivery and proof of a refund."),
        (Reason.NOT_RECEIVED, "请提供送达证明。"),
    ],
)
def test_a_reason_nobody_states_may_be_implied_by_what_is_asked_for(reason: Reason, text: str) -> None:
    assert read(text).reason is reason


# --- what is asked for, and by when -------------------------------------------------------------------------------


def test_asks_stand_in_the_notices_order_also_in_a_list() -> None:
    text = (
        "We need the following:\n\n  1) Copy of the invoice\n  2) Tracking ID\n  3) Your correspondence with the buyer\n"
        "  4) Signed delivery confirmation\n\nOrder details: see above. Tracking was not given."
    )
    assert read(text).asks[:4] == (Ask.INVOICE, Ask.TRACKING, Ask.CORRESPONDENCE, Ask.SIGNATURE)


@pytest.mark.parametrize(
    ("days", "on", "text"),
    [
        (7, None, "You must respond within 7 days of the date of this email."),
        (7, None, "If you do not respond within seven calendar days, we may debit your account."),
        (7, None, "您必须在收到电子邮件之日起的七个日历日内对信用卡拒付索赔作出回应。"),
        (7, None, "Seven calendar days are left from the e-mail date."),
        (5, None, "We ask for an answer not later than five (5) days from the date of this message."),
        (5, None, "请在五天内提供以下资料。"),
        (2, None, "Please send the documents within 48 hours."),
        (3, None, "Reply within 7 days, or if you want to be quick, reply within 3 days."),
        (None, date(2026, 3, 12), "Please reply by March 12, 2026."),
        (None, date(2026, 3, 9), "Your response is due no later than 9 March 2026."),
        (None, date(2026, 3, 9), "请于2026年3月9日之前说明订单状态，并附上证明。"),
        (None, date(2026, 3, 8), "Response deadline: March 8, 2026"),
        (None, date(2026, 3, 8), "最晚答复日期：2026年3月8日"),
        (None, None, "The final outcome can take up to 90 days from the date the charge was represented."),
        (None, None, "拒付的最终结果将于 90 天内发出。"),
        (None, None, "The item was to be delivered by March 5, 2026."),
        (None, None, "Provide proof that the parcel was delivered by March 4, 2026."),
        (None, None, "We will respond within 2 business days."),
        (None, None, "Refunds can take 3-5 business days to appear."),
        (None, None, "A-to-z claims must be answered within 3 days."),
        (None, None, "The order was placed on March 1, 2026 and the card charged on March 4, 2026."),
        (None, None, "The buyer has 60 days to dispute, and the bank can take 75 days to decide."),
    ],
)
def test_only_the_time_frame_of_the_answer_is_taken(days: int | None, on: date | None, text: str) -> None:
    notice = read(text)
    assert (notice.stated_days, notice.stated_on) == (days, on)


def test_a_request_for_information_without_a_time_frame_says_so() -> None:
    notice = read("We need additional information: a copy of the invoice.")
    assert notice.kind is Kind.INFORMATION_REQUEST
    assert "no time frame" in problems(notice)


@pytest.mark.parametrize(
    ("form_only", "text"),
    [
        (
            True,
            "We recommend that you use the online form. If you use the form, do not reply to this e-mail.",
        ),
        (True, "Please do not respond to this message if you submit your response through the form."),
        (True, "如果您使用在线表格，请勿回复此邮件。"),
        (False, "You can reply to this e-mail or use the form."),
        (False, "If you do not respond within 7 days, we may debit your account."),
    ],
)
def test_a_notice_that_wants_no_reply_beside_the_form_is_marked(form_only: bool, text: str) -> None:
    assert read(text).form_only is form_only


# --- outcomes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.DEBITED, "You are financially responsible for this chargeback."),
        (Outcome.DEBITED, "The issuing bank has upheld the chargeback. We debited your account."),
        (Outcome.DEBITED, "We regret that this dispute was not resolved in your favor."),
        (
            Outcome.DEBITED,
            "The disputed charge stays with you: 12.00 USD was taken out of your seller account.",
        ),
        (Outcome.DEBITED, "The chargeback amount will be debited from your account."),
        (Outcome.DEBITED, "该拒付已判定持卡人胜诉，我们已从您的账户扣除 45.00 USD。"),
        (Outcome.DEBITED, "您需承担此拒付金额。"),
        (Outcome.IN_FAVOUR, "The dispute has been resolved in your favour. No amount will be debited."),
        (Outcome.IN_FAVOUR, "You are not responsible for this chargeback."),
        (Outcome.IN_FAVOUR, "The bank has withdrawn the chargeback; your account will not be debited."),
        (Outcome.IN_FAVOUR, "该拒付争议的裁决对您有利，我们不会从您的账户扣款。"),
        (None, "We write about your order."),
    ],
)
def test_the_outcome_of_a_decision_is_read(outcome: Outcome | None, text: str) -> None:
    notice = read(
        text, f"{ORDER}, Amazon.com Chargeback Dispute Funding Decision", "cb-seller-query@amazon.com"
    )
    assert (notice.kind, notice.outcome) == (Kind.DECISION, outcome)


# --- where an answer goes -----------------------------------------------------------------------------------------


def with_reply_to(address: str, sender: str = CHARGEBACK) -> Notice:
    one = mail("A charge was disputed.", sender=sender)
    return read_mail(replace(one, reply_to=(Address("", address),)))


def test_the_reply_to_address_is_taken_when_it_is_amazons() -> None:
    assert with_reply_to("cb-answers@amazon.com").reply_to == "cb-answers@amazon.com"


@pytest.mark.parametrize(
    "address", ["x@evil.example", "cb@amazon.com.example.net", "cb@notamazon.com", "x@аmazon.com"]
)
def test_a_foreign_reply_to_is_overridden_and_reported(address: str) -> None:
    notice = with_reply_to(address)
    assert notice.reply_to == CHARGEBACK
    assert address in problems(notice)


def test_an_address_that_takes_no_mail_is_no_address_for_an_answer() -> None:
    one = mail("There is a chargeback dispute on your order.", sender="no-reply@amazon.com")
    notice = read_mail(one)
    assert notice.reply_to is None
    assert "no address for an answer" in problems(notice)


def test_the_recipient_is_the_addressee_that_is_the_sellers_own() -> None:
    one = replace(
        mail("A charge was disputed."),
        to=(Address("", "team@lists.example"), Address("", "shop@shop.example")),
        headers=(("Delivered-To", "owner@shop.example"),),
    )
    assert read_mail(one, own=("shop@shop.example",)).recipient == "shop@shop.example"
    assert read_mail(one, own=("owner@shop.example",)).recipient == "owner@shop.example"
    assert read_mail(one, own=()).recipient == "team@lists.example"


def test_an_inline_forward_is_read_from_the_mail_it_holds() -> None:
    block = "---------- Forwarded message ---------\nFrom: Amazon <{}>\nDate: Mon, Mar 2, 2026 at 10:00 AM\n"
    text = block.format(CHARGEBACK) + f"Subject: Chargeback\nTo: <us@shop.example>\n\n{LAYOUTS[0]}"
    notice = read_mail(
        mail(f"Our order {OTHER_ORDER}?\n\n{text}", "Fwd: Chargeback", "max@mailer.example"), own=()
    )
    assert (notice.order_id, notice.order_ids) == (ORDER, (ORDER,))
    assert (notice.forwarded_as, notice.recipient) == ("inline", "us@shop.example")
    assert notice.message_id is None, "the outer mail's id is not Amazon's"


def test_a_mail_that_is_no_notice_has_nothing_to_extract() -> None:
    with pytest.raises(ValueError, match="no notice"):
        read("Lunch?", "Hello", "friend@mailer.example")


# --- hostile input ------------------------------------------------------------------------------------------------

PIECES = [
    "The buyer did not receive the item. ",
    f"Order number: {ORDER}\n",
    "108.84 USD ",
    "Items purchased: 1 of (",
    "within 7 days ",
    "respond by March 3, 2026 ",
    "( [",
    "| Order number | Amount |\n",
    "请",
    "the ",
    "\n",
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_body_of_five_megabytes_is_read_in_time_and_said_to_be_cut(piece: str) -> None:
    one = mail((piece * (5_000_000 // len(piece) + 1))[:5_000_000])
    read("warm up")
    begin = time.process_time()
    notice = read_mail(one)
    assert time.process_time() - begin < 4
    assert "so long" in problems(notice)
