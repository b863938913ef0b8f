"""Promises of reading the mailbox: whose word counts, which order a mail is about, what people really said."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from inbox_bot.core.errors import UserError
from inbox_bot.core.model import Address, Destination, Mail, Money
from inbox_bot.core.record import Dossier, OrderItem, Party, Refund, Shipment, ShipmentStatus
from inbox_bot.core.text import plain_text
from inbox_bot.core.tomlfile import TomlFile, parse_toml
from inbox_bot.orders.addresses import find_place, parse_address, parse_place
from inbox_bot.orders.correspondence import (
    CorrespondenceRules,
    load_correspondence_rules,
    read_correspondence,
)
from inbox_bot.orders.order_mails import merge_refunds
from inbox_bot.orders.parcels import ParcelMail, merge_shipments, read_parcels
from inbox_bot.orders.statements import find_marks
from inbox_bot.orders.written import new_text

ORDER = "113-0196033-6384224"
OTHER = "028-1234567-7654321"
SHOP = "shop@seller.example.com"
BUYER = "b7k2x@marketplace.amazon.com"
AMAZON = "auto-communication@amazon.com"
UPS_ID = "1Z999AA10123456784"
USPS_ID = "9400111189895555123456"


def bundled_file() -> TomlFile:
    path = Path(__file__).parent.parent / "rules" / "correspondence.toml"
    return parse_toml(path.read_text(encoding="utf-8"), "rules/correspondence.toml")


FREE_MAIL = parse_toml('[domains]\nfree_mail = ["mail.example.org"]\n', "own.toml")
LANGUAGES = [
    parse_toml(path.read_text(encoding="utf-8"), f"rules/{path.name}")
    for path in sorted((Path(__file__).parent.parent / "rules").glob("correspondence.*.toml"))
]
RULES: CorrespondenceRules = load_correspondence_rules([bundled_file(), *LANGUAGES, FREE_MAIL])


def mail(
    text: str,
    subject: str = "",
    sender: str = BUYER,
    *,
    at: str | None = "2026-10-13T10:00:00+00:00",
    received: str | None = None,
    to: str = SHOP,
    html: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    message_id: str | None = None,
) -> Mail:
    digest = sha256(repr((text, subject, sender, at, html)).encode()).hexdigest()
    sent = datetime.fromisoformat(at) if at else None
    return Mail(
        sha256=digest,
        size_bytes=len(text),
        message_id=message_id or f"<{digest[:12]}@example.com>",
        subject=subject,
        sender=Address("Jordan", sender),
        reply_to=(),
        to=(Address("", to),),
        date_at=sent,
        received_at=datetime.fromisoformat(received) if received else sent,
        in_reply_to=(),
        references=(),
        headers=headers,
        text=text,
        html_text=html,
    )


def read(*mails: Mail, order_id: str = ORDER) -> Dossier:
    return read_correspondence(mails, order_id, [SHOP], RULES)


def parcels(
    text: str, subject: str = "", domain: str = "ups.com", on: date = date(2026, 10, 16)
) -> tuple[Shipment, ...]:
    return read_parcels(ParcelMail(ORDER, subject, text, on, domain, "mail x"), RULES)


SOLD = f"""Congratulations, you sold an item!

Order ID: {ORDER}
Please ship this order using Standard shipping.
Ship by: 10/14/2026

Item: Steel Bottle (750 ml) [Blue]
Condition: New
SKU: BTL-750-BL
ASIN: B0ABCDEFGH
Quantity: 2
Price: $49.92

Item: Lid
SKU: LID-1
Quantity: 1
Price: $9.00

Order date: October 11, 2026
Order total: $108.84

Ship to:
Jordan Sample
12 Example Street Apt 4
Seattle, WA 98109-1234
United States

Thank you for selling.
"""


def test_a_sold_mail_becomes_the_order_with_items_total_and_destination() -> None:
    order = read(mail(SOLD, "Sold, ship now: Steel Bottle", AMAZON)).order
    assert order is not None
    assert order.items == (
        OrderItem(
            "Steel Bottle (750 ml) [Blue]", "BTL-750-BL", "B0ABCDEFGH", 2, Money(Decimal("49.92"), "USD")
        ),
        OrderItem("Lid", "LID-1", "", 1, Money(Decimal("9.00"), "USD")),
    )
    assert order.total == Money(Decimal("108.84"), "USD")
    assert order.purchased_at == datetime(2026, 10, 11, tzinfo=UTC)
    assert (order.destination.city, order.destination.state, order.destination.postal_code) == (
        "Seattle",
        "WA",
        "98109-1234",
    )
    assert order.destination.lines[0] == "Jordan Sample"
    assert order.source.startswith("mail <")


def test_a_sold_mail_in_chinese_or_html_only_is_read_too() -> None:
    rows = SOLD.replace(": ", "    ")
    order = read(mail("", "New order", AMAZON, html=rows)).order
    assert order is not None
    assert [item.sku for item in order.items] == ["BTL-750-BL", "LID-1"]
    chinese = (
        f"订单号：{ORDER}\n请尽快发货。\n商品名称：钢制水瓶\n数量：3\n订单总额：￥128.50\n"
        "收货地址：\n张三\n北京市朝阳区示例路1号\n"
    )
    order = read(mail(chinese, "商品已售出，请立即发货", AMAZON)).order
    assert order is not None
    assert (order.items[0].title, order.items[0].quantity) == ("钢制水瓶", 3)
    assert order.total == Money(Decimal("128.50"), "CNY")
    assert order.destination.city == "北京市"


@pytest.mark.parametrize(
    "lines",
    [
        "SKU         Item                 Qty  Price each  Subtotal\nQLT-PAT-02  Quilt Pattern Cards  2    $31.25      $62.50",
        "2 x Quilt Pattern Cards (SKU QLT-PAT-02) at $31.25 = $62.50",
        "You sold 2 x Quilt Pattern Cards [QLT-PAT-02] for $31.25.",
        "Item:  Quilt Pattern\nSKU:   QLT-PAT-02\nQty:   2\nPrice: $31.25".replace(
            "Pattern\n", "Pattern Cards\n"
        ),
    ],
)
def test_items_are_read_from_labels_tables_and_lines(lines: str) -> None:
    order = read(mail(f"New order {ORDER}\n\n{lines}\n", "You have a new order", AMAZON)).order
    assert order is not None
    (item,) = order.items
    assert (item.title, item.sku, item.quantity) == ("Quilt Pattern Cards", "QLT-PAT-02", 2)
    assert item.price == Money(Decimal("31.25"), "USD")


def test_a_title_wrapped_inside_its_brackets_is_whole() -> None:
    text = f"Order ID: {ORDER}\nItem:      Planter (8 inch) [Drainage Hole,\n           Saucer Included]\nQuantity:  1\n"
    order = read(mail(text, "New order", AMAZON)).order
    assert order is not None
    assert order.items[0].title == "Planter (8 inch) [Drainage Hole, Saucer Included]"


def test_a_dollar_means_what_it_means_on_the_marketplace() -> None:
    order = read(mail(SOLD, "Sold, ship now", "auto@amazon.ca")).order
    assert order is not None
    assert order.total == Money(Decimal("108.84"), "CAD")


def test_a_buyer_cannot_make_orders_parcels_or_refunds() -> None:
    claim = f"Your refund of $10.00 has been issued. The package {UPS_ID} was delivered on October 12, 2026."
    for sender in (
        BUYER,
        "jordan@mail.example.org",
        "no-reply@amazon.com.example.org",
        "no-reply@marketplace.amazon.com",
    ):
        found = read(mail(f"{SOLD}\n{claim}", f"Delivered, refund issued, order {ORDER}", sender))
        assert (found.order, found.shipments, found.refunds) == (None, (), ())


def test_a_mail_by_which_amazon_passes_on_a_buyers_words_is_the_buyers() -> None:
    text = f"Order ID {ORDER}:\n\n--- Begin message ---\nMy refund has been issued, thanks\n--- End message ---\n"
    assert read(mail(text, "New message", AMAZON)).refunds == ()
    notice = (("X-Space-Notification-Type", "BBC_MESSAGE_SENT_TO_MERCHANT"),)
    found = read(
        mail("The order has been cancelled, I received it", f"Order {ORDER}", AMAZON, headers=notice)
    )
    assert found.messages[0].party is Party.BUYER
    assert "order_cancelled" not in found.marks


def test_what_a_buyer_comments_inside_a_mail_of_amazons_is_not_amazons_word() -> None:
    text = f"Return request for order {ORDER}.\nBuyer comments: the order has been cancelled\nI was refunded\n\nBye"
    assert read(mail(text, "Return request", AMAZON)).marks == ("return_requested",)


def test_several_mails_about_one_parcel_are_one_shipment_and_the_furthest_status_wins() -> None:
    shipped = mail(
        f"Order {ORDER} has shipped.\nCarrier: UPS\nShipping method: UPS Ground\nTracking ID: {UPS_ID}\n"
        "Ship date: October 12, 2026",
        "Shipping confirmation",
        AMAZON,
    )
    delivered = mail(
        f"Your package was delivered.\nTracking Number: {UPS_ID}\nDelivered On: Thursday, 10/15/2026 at 2:12 PM\n"
        "Delivered To: SEATTLE, WA 98109 US\nSigned by: J SAMPLE\nIf you have questions, write to us.",
        "Package Delivered",
        "mcinfo@ups.com",
        at="2026-10-15T23:00:00+00:00",
    )
    label = mail(f"Label created. Tracking ID: {UPS_ID}", f"Order {ORDER}: label created", SHOP)
    for order in ((shipped, delivered, label), (label, delivered, shipped), (delivered, label, shipped)):
        (parcel,) = read(*order).shipments
        assert (parcel.carrier, parcel.tracking_id, parcel.method) == ("UPS", UPS_ID, "UPS Ground")
        assert (parcel.status, parcel.shipped_on) == (ShipmentStatus.DELIVERED, date(2026, 10, 12))
        assert (parcel.delivered_on, parcel.delivered_at_text) == (date(2026, 10, 15), "2:12 PM")
        assert (parcel.delivered_to.city, parcel.delivered_to.postal_code) == ("SEATTLE", "98109")
        assert parcel.signed_by == "J SAMPLE"
        assert parcel.source.count("mail <") == 3


def test_a_carriers_mail_joins_by_tracking_id_unless_it_names_another_order() -> None:
    shipped = mail(f"Order {ORDER} has shipped. Tracking ID: {UPS_ID}", "Shipped", AMAZON)
    other = mail(f"Order {OTHER}: {UPS_ID} was delivered on October 12, 2026", "Delivered", "a@ups.com")
    stranger = mail(f"{UPS_ID} was delivered on October 12, 2026", "Delivered", "x@ups.com.example.org")
    unrelated = mail(f"{USPS_ID} was delivered on October 12, 2026", "Delivered", "a@usps.com")
    (parcel,) = read(shipped, other, stranger, unrelated).shipments
    assert parcel.status is ShipmentStatus.IN_TRANSIT


def test_a_parcel_that_came_back_is_not_delivered_and_a_found_one_not_lost() -> None:
    def parcel(status: ShipmentStatus) -> Shipment:
        return Shipment(
            ORDER, tracking_id=UPS_ID, status=status, delivered_on=date(2026, 10, 12), signed_by="J"
        )

    back = [parcel(ShipmentStatus.DELIVERED), parcel(ShipmentStatus.RETURNED_TO_SENDER)]
    for pair in (back, back[::-1]):
        (merged,) = merge_shipments(pair)
        assert (merged.status, merged.delivered_on, merged.signed_by) == (
            ShipmentStatus.RETURNED_TO_SENDER,
            None,
            "",
        )
    (merged,) = merge_shipments([parcel(ShipmentStatus.DELIVERED), parcel(ShipmentStatus.LOST)])
    assert merged.status is ShipmentStatus.DELIVERED


def test_merging_twice_changes_nothing_and_blanks_in_an_id_do_not_matter() -> None:
    parts = [
        Shipment(ORDER, tracking_id="9400 1111 8989 5555 1234 56", source="report"),
        Shipment(ORDER, tracking_id=USPS_ID, carrier="USPS", source="mail a"),
        Shipment(ORDER, status=ShipmentStatus.DELIVERED, source="mail b"),
        Shipment(ORDER, tracking_id=UPS_ID, replacement=True, source="mail c"),
    ]
    merged = merge_shipments(parts)
    assert [(one.status, one.replacement) for one in merged] == [
        (ShipmentStatus.DELIVERED, False),
        (ShipmentStatus.NOT_KNOWN, True),
    ]
    assert merge_shipments(merged) == merged
    assert merge_shipments((*merged, *parts)) == merged


@pytest.mark.parametrize(
    ("text", "status", "tracking_id"),
    [
        (
            f"Your package will be delivered by October 18, 2026.\nTracking number: {UPS_ID}",
            "not_known",
            UPS_ID,
        ),
        (
            f"Estimated delivery date: October 14, 2026\nDelivery date: October 19, 2026\nTracking: {UPS_ID}",
            "not_known",
            UPS_ID,
        ),
        (f"Out for delivery today. Tracking # {UPS_ID}", "in_transit", UPS_ID),
        (f"If it is not collected, it will be returned to sender. Tracking {UPS_ID}", "not_known", UPS_ID),
        (
            f"Delivery could not be made and it is being returned to the sender. Tracking {UPS_ID}",
            "returned_to_sender",
            UPS_ID,
        ),
        (
            f"A label has been created; we have not received the package. Tracking {UPS_ID}",
            "label_created",
            UPS_ID,
        ),
        (f"The parcel was lost in transit. Tracking {UPS_ID}", "lost", UPS_ID),
        ("Tracking number        770011223344\nStatus        Delivered", "delivered", "770011223344"),
        ("Tracking number:\n9400 1111 8989 5555 1234 56\nYour item was delivered.", "delivered", USPS_ID),
        ("包裹已于2026年10月14日送达。\n运单号：SF1234567890123", "delivered", "SF1234567890123"),
        ("包裹预计于10月20日送达。\n运单号：SF1234567890123", "not_known", "SF1234567890123"),
        ("包裹派送失败，已退回寄件人。\n运单号：SF1234567890123", "returned_to_sender", "SF1234567890123"),
        (
            "Ihre Sendung wurde zugestellt.\nSendungsnummer: JJD1234567890123456",
            "delivered",
            "JJD1234567890123456",
        ),
        (
            "Ihre Sendung wurde nicht zugestellt.\nSendungsnummer: JJD1234567890123456",
            "not_known",
            "JJD1234567890123456",
        ),
    ],
)
def test_a_status_is_what_the_mail_states_not_what_it_expects(
    text: str, status: str, tracking_id: str
) -> None:
    (parcel,) = parcels(text)
    assert (parcel.status.value, parcel.tracking_id) == (status, tracking_id)


def test_place_day_and_clock_are_read_from_running_text() -> None:
    (parcel,) = parcels(
        "Your item was delivered to an individual at 3:04 pm on October 14, 2026 in PORTLAND, OR 97205.",
        f"USPS Item Delivered {USPS_ID}",
        "usps.com",
    )
    assert (parcel.delivered_on, parcel.delivered_at_text, parcel.carrier) == (
        date(2026, 10, 14),
        "3:04 pm",
        "USPS",
    )
    assert parcel.delivered_to == Destination((), "PORTLAND", "OR", "97205")


def test_two_parcels_in_one_mail_keep_their_own_facts() -> None:
    first, second = parcels(
        f"Tracking ID: {UPS_ID} (UPS) was delivered on October 13, 2026\nTracking ID: {USPS_ID} (USPS) is in transit",
        domain="amazon.com",
    )
    assert (first.carrier, first.status, first.delivered_on) == (
        "UPS",
        ShipmentStatus.DELIVERED,
        date(2026, 10, 13),
    )
    assert (second.carrier, second.status, second.delivered_on) == ("USPS", ShipmentStatus.IN_TRANSIT, None)


def test_a_replacement_parcel_is_marked_and_a_return_parcel_left_out() -> None:
    (parcel,) = parcels(f"Your replacement has shipped via USPS, tracking {USPS_ID}.", domain="amazon.com")
    assert parcel.replacement
    label = f"Order {ORDER}\nThe return label is ready. Return tracking: {UPS_ID}"
    assert read(mail(label, "Your return label", AMAZON)).shipments == ()


@pytest.mark.parametrize("name", ["not required", "N/A", "Signature waived", "-", "无需签名"])
def test_no_signature_is_no_signature(name: str) -> None:
    (parcel,) = parcels(f"Your package was delivered.\nTracking: {UPS_ID}\nSigned for by: {name}")
    assert parcel.signed_by == ""


def test_a_refund_notice_becomes_one_refund_however_often_it_is_told() -> None:
    issued = f"A refund of $108.84 has been issued for order {ORDER} on October 20, 2026.\nRefund ID: R-77"
    twice = mail(
        issued.replace("\nRefund ID: R-77", ""), "Refund initiated", AMAZON, at="2026-10-21T10:00:00+00:00"
    )
    found = read(mail(issued, "Refund initiated", AMAZON, at="2026-10-20T10:00:00+00:00"), twice)
    (refund,) = found.refunds
    assert (refund.amount, refund.refunded_on, refund.reference) == (
        Money(Decimal("108.84"), "USD"),
        date(2026, 10, 20),
        "R-77",
    )


def test_two_refunds_with_own_references_or_amounts_stay_two() -> None:
    def refund(amount: str, reference: str) -> Refund:
        return Refund(ORDER, date(2026, 10, 20), Money(Decimal(amount), "USD"), reference, "mail")

    assert len(merge_refunds([refund("5.00", "a"), refund("5.00", "b")])) == 2
    assert len(merge_refunds([refund("5.00", ""), refund("6.00", "")])) == 2
    assert len(merge_refunds([refund("5.00", "a"), refund("5.00", "")])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "We will issue a refund of $10.00.",
        "If you return it, a refund of $10.00 will be issued.",
        "The buyer has requested a refund of $10.00.",
        "A refund of $10.00 has not been issued.",
        "我们将为您退款 10.00 美元。",
    ],
)
def test_a_refund_that_is_only_promised_asked_or_denied_is_none(text: str) -> None:
    for sender in (AMAZON, SHOP):
        assert read(mail(text, f"Order {ORDER}", sender, to=BUYER)).refunds == ()


def test_what_the_seller_says_was_refunded_is_a_refund() -> None:
    text = "Hello, we have issued a full refund of $19.99 to your card."
    (refund,) = read(mail(text, f"Re: order {ORDER}", SHOP, to=BUYER)).refunds
    assert refund.amount == Money(Decimal("19.99"), "USD")


@pytest.mark.parametrize(
    ("subject", "text", "is_about"),
    [
        (f"Order {ORDER}", f"and {OTHER}", True),
        (f"Order {OTHER}", f"Order ID: {ORDER}", False),
        ("Your orders", f"Order ID: {ORDER}\nI also mean {OTHER}", True),
        ("Your orders", f"Order ID: {ORDER}\nOrder ID: {OTHER}", False),
        ("Your orders", f"I mean {ORDER} and {OTHER}", False),
        (f"{ORDER} and {OTHER}", "please cancel", False),
        ("Hi", f"Order ID {ORDER}:\n\n-- Begin message --\nAnd where is {OTHER}?\n-- End message --", True),
        ("Hi", f"please cancel {ORDER}", True),
        ("Hi", "1113-0196033-6384224", False),
    ],
)
def test_a_mail_counts_only_for_the_order_it_is_about(subject: str, text: str, is_about: bool) -> None:
    assert bool(read(mail(text, subject)).messages) is is_about


def test_a_message_that_names_another_order_says_so() -> None:
    found = read(mail(f"I was charged twice, also for {OTHER}", f"Order {ORDER}"))
    assert found.marks == ("charged_twice", "other_order")


MARKS: dict[str, list[tuple[str, str]]] = {
    "buyer": [
        ("I received it yesterday, thank you!", "admits_receipt"),
        ("I have received everything, thank you for the fast delivery", "admits_receipt"),
        ("Item received, thanks", "admits_receipt"),
        ("It arrived yesterday but the screen is cracked.", "admits_receipt complains_of_fault"),
        ("I received the wrong item", "admits_receipt complains_of_fault"),
        ("I used it for a week and it stopped working", "admits_receipt complains_of_fault"),
        ("我已经收到货了", "admits_receipt"),
        ("收到了，但是坏了", "admits_receipt complains_of_fault"),
        ("When I opened the box, the screen was cracked.", "admits_receipt complains_of_fault"),
        ("I have not received it.", ""),
        ("I haven't received my package yet", ""),
        ("I never received the item.", ""),
        ("My package has not arrived.", ""),
        ("If it arrives broken I will return it", ""),
        ("When will I receive my order?", ""),
        ("Tracking says it was delivered but I did not receive it.", ""),
        ("They claim I received it, but I didn't.", ""),
        ("I received your message, thanks", ""),
        ("I received the order confirmation but no item", ""),
        ("I received a refund already, thanks", ""),
        ("I received an empty box", ""),
        ("The package was supposed to have arrived on Monday", ""),
        ("I hope I receive it soon", ""),
        ("我没有收到货", ""),
        ("还没收到包裹", ""),
        ("物流显示已签收，但我没有收到", ""),
        ("请问什么时候能收到货？", ""),
        ("I'd like to cancel my order please", "asks_to_cancel"),
        ("Can you cancel this order?", "asks_to_cancel"),
        ("请取消我的订单", "asks_to_cancel"),
        ("I don't want to cancel my order", ""),
        ("我不想取消订单", ""),
        ("I want my money back!", "asks_for_refund"),
        ("我要求退款", "asks_for_refund"),
        ("I want a refund if it does not arrive.", ""),
        ("If it does not arrive I want a refund.", ""),
        ("I do not want a refund, I want the item", ""),
        ("如果没收到我要退款", ""),
        ("The item does not work", "complains_of_fault"),
        ("It's not as described.", "complains_of_fault"),
        ("商品与描述不符", "complains_of_fault"),
        ("Nothing is broken, all good", ""),
        ("没有任何问题，谢谢", ""),
        ("You charged me twice for this!", "charged_twice"),
        ("你们重复扣款了", "charged_twice"),
        ("I was not charged twice", ""),
        ("How do I return this?", "return_requested"),
        ("我想退货", "return_requested"),
    ],
    "seller": [
        ("We are sorry, we sent you the wrong item.", "admits_fault"),
        ("我们发错货了，非常抱歉", "admits_fault"),
        ("We did not send you the wrong item.", ""),
        ("I am sorry to hear that the item arrived damaged.", ""),
        ("It is not our fault", ""),
        ("We can offer you a full refund.", "offers_refund"),
        ("我们可以为您全额退款", "offers_refund"),
        ("We cannot offer a refund.", ""),
        ("If you return it, we will refund you", ""),
        ("我们无法退款", ""),
        ("We will send you a replacement", "offers_replacement"),
        ("We have sent a replacement today", "replacement_sent"),
        ("已为您补发", "replacement_sent"),
        ("We have received your return.", "return_received"),
        ("我们已收到您的退货", "return_received"),
        ("Once we have received your return we will refund", ""),
        ("尚未收到您的退货", ""),
        ("We have cancelled your order", "cancelled_by_seller order_cancelled"),
        ("We cannot cancel your order", ""),
    ],
    "amazon": [
        ("The buyer has requested to cancel this order.", "asks_to_cancel"),
        ("Order has been cancelled", "order_cancelled"),
        ("Your order will be automatically cancelled", ""),
        ("A return request has been submitted", "return_requested"),
        ("The buyer filed an A-to-z Guarantee claim", "atoz_open"),
        ("买家提出了亚马逊商城交易保障索赔", "atoz_open"),
        ("We granted the claim", "atoz_granted"),
        ("If the claim is granted, you will be debited", ""),
        ("The claim was not granted.", ""),
        ("The claim was denied", "atoz_closed"),
        ("This order is covered by our A-to-z Guarantee.", ""),
        ("Orders with Buy Shipping are protected against A-to-z claims", ""),
    ],
}


@pytest.mark.parametrize(
    ("party", "text", "marks"), [(party, *row) for party, rows in MARKS.items() for row in rows]
)
def test_a_mark_is_what_was_stated_not_denied_supposed_or_asked(party: str, text: str, marks: str) -> None:
    assert set(find_marks(text, RULES.marks[party], RULES.statements)) == set(marks.split())


def test_an_open_claim_is_no_longer_open_once_it_was_decided() -> None:
    opened = mail(f"An A-to-z Guarantee claim was filed. Order ID: {ORDER}", "A-to-z claim", AMAZON)
    granted = mail(
        f"Order ID: {ORDER}\nThe claim was granted.", "Decision", AMAZON, at="2026-10-20T10:00:00+00:00"
    )
    assert read(opened).marks == ("atoz_open",)
    assert read(granted, opened).marks == ("atoz_granted",)


def test_a_claim_mail_in_words_nobody_knows_is_known_by_its_sender() -> None:
    unknown = mail(f"Ordine {ORDER}: un reclamo", "Reclamo", "atoz-guarantee-no-reply@amazon.it")
    assert read(unknown).marks == ("atoz_open",)


def test_a_strangers_word_does_not_help_the_seller_but_does_warn() -> None:
    text = "I received it yesterday. Please cancel my order."
    stranger = mail(text, f"Order {ORDER}", "jordan@mail.example.org")
    assert read(stranger).marks == ("asks_to_cancel",)
    answer = mail("Thank you", f"Re: Order {ORDER}", SHOP, to="jordan@mail.example.org")
    assert set(read(stranger, answer).marks) == {"admits_receipt", "asks_to_cancel"}


def test_a_stranger_at_a_firm_is_not_the_buyer_until_the_seller_has_written_to_him() -> None:
    processor = mail("Please cancel my order", f"Dispute for order {ORDER}", "cases@processor.example.org")
    assert (read(processor).messages, read(processor).marks) == ((), ())
    answer = mail("Hello", f"Re: Order {ORDER}", SHOP, to="cases@processor.example.org")
    assert read(processor, answer).marks == ("asks_to_cancel",)


def test_a_colleague_at_the_sellers_own_domain_tells_what_happened_but_writes_to_no_buyer() -> None:
    note = mail(
        "Hi, the return was received today. It was our mistake.",
        f"Order {ORDER}",
        "warehouse@seller.example.com",
    )
    found = read(note)
    assert (found.messages, found.marks) == ((), ("return_received",))


def test_a_listed_shipping_program_counts_as_a_carrier() -> None:
    text = f"Order {ORDER}\nCarrier: USPS\nTracking: {USPS_ID}\nDelivered\nSat 10 Oct 2026, 1:30 pm\nIn mailbox, GALENA, IL 61036"
    (parcel,) = read(mail(text, f"Delivered {USPS_ID}", "updates@shipstation.com")).shipments
    assert (parcel.delivered_on, parcel.delivered_to.city) == (date(2026, 10, 10), "GALENA")
    assert read(mail(text, f"Delivered {USPS_ID}", "updates@unknown.example.org")).shipments == ()


def test_parcels_of_a_replacement_order_belong_to_the_order_they_replace() -> None:
    sent = mail(
        f"Replacement order: {OTHER}\nReplaces order: {ORDER}\nShipped on October 10, 2026 by USPS. Tracking: {USPS_ID}",
        f"Replacement order {OTHER} has shipped",
        AMAZON,
    )
    arrived = mail(f"Replacement {OTHER} (for {ORDER}) was delivered.\n{USPS_ID}", "Delivered", "a@usps.com")
    (parcel,) = read(sent, arrived).shipments
    assert (parcel.replacement, parcel.status) == (True, ShipmentStatus.DELIVERED)


def test_messages_are_dated_sorted_and_hold_only_new_words() -> None:
    answer = mail(
        "We will look into it.\n\nOn Tue, Oct 13, 2026 at 10:00 AM Jordan\n<b7k2x@marketplace.amazon.com> wrote:\n"
        "> I want to cancel my order",
        f"Re: Order {ORDER}",
        SHOP,
        to=BUYER,
        at="2026-10-14T10:00:00+00:00",
    )
    first = mail(
        f"Order ID: {ORDER}\n\n--- Begin message ---\n\nWhere is it?\n\n--- End message ---\n\n"
        "For Your Information: To help arbitrate"
    )
    found = read(answer, first, first)
    assert [(one.party, one.text) for one in found.messages] == [
        (Party.BUYER, "Where is it?"),
        (Party.SELLER, "We will look into it."),
    ]
    assert found.marks == ()


def test_a_date_that_the_servers_stamp_contradicts_is_not_believed() -> None:
    found = read(
        mail("Please cancel", ORDER, at="2026-09-01T10:00:00+00:00", received="2026-10-13T10:00:00+00:00")
    )
    assert found.messages[0].at == datetime(2026, 10, 13, 10, tzinfo=UTC)


def test_a_mail_without_a_date_is_no_evidence_but_still_warns() -> None:
    found = read(mail("Please cancel my order", ORDER, at=None))
    assert (found.messages, found.marks) == ((), ("asks_to_cancel",))


def test_what_is_no_correspondence_with_the_buyer_is_left_out() -> None:
    to_support = mail("Please help", f"Order {ORDER}", SHOP, to="seller-support@amazon.com")
    newsletter = mail(
        f"Order {ORDER}", "News", "news@shop.example.org", headers=(("List-Unsubscribe", "<x>"),)
    )
    look_alike = mail(f"Order {ORDER}", "Hi", "help@amazon.example.org")
    to_himself = mail("note", f"Order {ORDER}", SHOP, to=SHOP)
    assert read(to_support, newsletter, look_alike, to_himself).messages == ()


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("Hello\n\nAm 12.10.2026 um 10:00 schrieb Shop:\n> alt", "Hello"),
        ("On Mon, Oct 12, 2026, Shop wrote:\n> old\n\nMy answer below", "My answer below"),
        ("新的内容\n\n在 2026年10月12日 10:00，Shop 写道：\n> 旧", "新的内容"),
        ("新的\n------------------ 原始邮件 ------------------\n发件人: shop\n旧", "新的"),
        ("Hi\n\n-----Original Message-----\nFrom: Shop\nold", "Hi"),
        ("Hi\n\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Jo\nSubject: x\n\nold", "Hi"),
        ("> only a quote", ""),
        (
            "- one broken\n- two fine\n\nThank you, got it\nSent from my iPhone",
            "- one broken\n- two fine\n\nThank you, got it",
        ),
        ("You have mail\n\nMessage: please help\n\nWas this email helpful?", "please help"),
        ("She wrote: leave it there", "She wrote: leave it there"),
    ],
)
def test_only_what_was_newly_written_is_kept(body: str, written: str) -> None:
    assert new_text(body, RULES.frame) == written


@pytest.mark.parametrize(
    ("lines", "city", "state", "code", "country"),
    [
        (["Jo", "1 Example St", "Seattle, WA 98109"], "Seattle", "WA", "98109", ""),
        (["Jo", "Seattle, Washington 98109-1234", "USA"], "Seattle", "Washington", "98109-1234", "USA"),
        (["Jo", "Beispielweg 1", "10115 Berlin", "Germany"], "Berlin", "", "10115", "Germany"),
        (
            ["Jo", "1 Example Road", "London", "SW1A 1AA", "United Kingdom"],
            "London",
            "",
            "SW1A 1AA",
            "United Kingdom",
        ),
        (["Jo", "Toronto, ON M5V 2T6", "Canada"], "Toronto", "ON", "M5V 2T6", "Canada"),
        (["Jo", "Dorpsstraat 1", "1234 AB Utrecht"], "Utrecht", "", "1234 AB", ""),
        (["Jo, 1420 Example St SE, Salem, OR 97302, US"], "Salem", "OR", "97302", "US"),
        (["张三", "广东省深圳市南山区示例路1号"], "深圳市", "", "", ""),
        (["Jo", "somewhere"], "", "", "", ""),
    ],
)
def test_an_address_gives_its_town_as_printed(
    lines: list[str], city: str, state: str, code: str, country: str
) -> None:
    place = parse_address(lines)
    assert (place.city, place.state, place.postal_code, place.country) == (city, state, code, country)
    assert place.lines == tuple(lines)


def test_a_place_is_read_from_a_label_or_a_sentence_or_not_at_all() -> None:
    assert parse_place("SEATTLE, WA 98109 US").postal_code == "98109"
    assert parse_place("AUSTIN, TX, US").city == "AUSTIN"
    assert parse_place("Front Door") == Destination()
    assert find_place("left at the door in Salt Lake City, UT 84101").city == "Salt Lake City"
    assert find_place("left at the front door") == Destination()


BROKEN = """
[labels]
trakcing = ["x"]

[text]
delivered = ["was (delivered"]

[surprise]
a = 1

[[carrier]]
domains = ["x.example"]

[[carrier]]
name = "X"
shapes = ["9-9"]

[headers]
A = "nonsense"
"""


def test_broken_rules_are_refused_with_every_problem_and_its_line() -> None:
    with pytest.raises(UserError) as caught:
        load_correspondence_rules([bundled_file(), parse_toml(BROKEN, "own.toml")])
    places = {(problem.file, problem.line) for problem in caught.value.problems}
    assert places == {("own.toml", line) for line in (3, 6, 8, 11, 16, 19)}
    assert all(problem.remedy for problem in caught.value.problems)
    assert "did you mean 'tracking'?" in str(caught.value)


def test_the_users_own_group_takes_the_place_of_the_bundled_one() -> None:
    own = parse_toml('[marks.buyer]\nadmits_receipt = ["jolly good"]\n', "own.toml")
    rules = load_correspondence_rules([bundled_file(), own])
    marks = rules.marks["buyer"]
    assert find_marks("Jolly good. Please cancel my order", marks, rules.statements) == (
        "admits_receipt",
        "asks_to_cancel",
    )
    assert find_marks("I received it", marks, rules.statements) == ()


@pytest.mark.parametrize(
    "word",
    [
        "\n",
        "> ",
        "On ",
        "wrote:\n",
        "refund delivered received ",
        "收到了",
        "Item: x\nSKU: y\n",
        f"{UPS_ID}\n",
        "message\n",
    ],
)
def test_five_hostile_megabytes_do_not_hang_the_reading(word: str) -> None:
    flood = word * (5_000_000 // len(word))
    started = time.perf_counter()
    read(*(mail(flood, f"Order {ORDER} sold, ship now", sender) for sender in (AMAZON, BUYER, SHOP)))
    assert time.perf_counter() - started < 8


# Frames of Amazon's in seven languages, the quote heads of mail programs, footers, and words that only look like them.
FRAMES = [
    (
        "Nadia wrote:\nOrder ID 113-0196033-6384224\nIt is rough.\n\nAnswer within 24 hours to keep your response time low.",
        "It is rough.",
    ),
    (
        "Order ID 113-0196033-6384224:\n1 of Blue Mug [ASIN: B0ABCDEFGH]\n\n------------- Begin message -------------\n\nWhere is my parcel?\n\n------------- End message -------------\n\nFor Your Information: To help arbitrate disputes and preserve trust and safety, we retain all messages.",
        "Where is my parcel?",
    ),
    (
        "Jordan wrote:\nOrder ID: 113-0196033-6384224\nAnswer within 24 hours\n\nWhere is my parcel?\n\nWas this email helpful?\n[commMgrTok:A1B2C3D4]\nCopyright 2026 Amazon, Inc. or its affiliates.",
        "Where is my parcel?",
    ),
    (
        "You have received a message.\n\nMessage:\n\nWhere is my parcel?\n\nRespond within 24 hours\nReply to this message in Seller Central\n\nWas this email helpful? Yes No\n\nAmazon.com Services LLC, 410 Terry Avenue North",
        "Where is my parcel?",
    ),
    ("Where is my parcel?\n\n[commMgrTok:ABCDEF123]", "Where is my parcel?"),
    (
        "Hello Seller,\nYou have received a new message from Jordan regarding order 113-0196033-6384224\n# 113-0196033-6384224:\n1 / Blue Mug [ASIN: B0ABCDEFGH]\n\nMessage:\nWhere is my parcel?\nThanks\n\nSolve this issue\nTo stop receiving these mails, change your settings.",
        "Where is my parcel?\nThanks",
    ),
    (
        "Guten Tag,\nSie haben eine Nachricht erhalten.\nBestellnummer: 113-0196033-6384224\n\n------------- Anfang der Nachricht -------------\n\nWo ist mein Paket?\n\n------------- Ende der Nachricht -------------\n\nZu Ihrer Information: Um Streitfälle zu schlichten",
        "Wo ist mein Paket?",
    ),
    ("Nachricht:\nWo ist mein Paket?\n\nWar diese E-Mail hilfreich?\n[commMgrTok:X1]", "Wo ist mein Paket?"),
    (
        "N° de commande : 113-0196033-6384224\n------------- Début du message -------------\n\nOù est mon colis ?\n\n------------- Fin du message -------------\nPour votre information",
        "Où est mon colis ?",
    ),
    ("Message :\nOù est mon colis ?\n\nCet e-mail vous a-t-il été utile ?", "Où est mon colis ?"),
    (
        "Numero d'ordine: 113-0196033-6384224\n--- Inizio messaggio ---\n\nDov'è il mio pacco?\n\n--- Fine messaggio ---\nPer tua informazione",
        "Dov'è il mio pacco?",
    ),
    ("Messaggio:\nDov'è il mio pacco?\n\nQuesta e-mail ti è stata utile?", "Dov'è il mio pacco?"),
    (
        "Nº de pedido: 113-0196033-6384224\n--- Inicio del mensaje ---\n\n¿Dónde está mi paquete?\n\n--- Fin del mensaje ---",
        "¿Dónde está mi paquete?",
    ),
    (
        "Mensaje:\n¿Dónde está mi paquete?\n\n¿Te ha resultado útil este correo electrónico?",
        "¿Dónde está mi paquete?",
    ),
    (
        "注文番号: 113-0196033-6384224\n------------- メッセージここから -------------\n\n荷物はどこですか。\n\n------------- メッセージここまで -------------\n",
        "荷物はどこですか。",
    ),
    ("メッセージ：\n荷物はどこですか。\n\nこのEメールは役に立ちましたか？", "荷物はどこですか。"),
    (
        "订单编号 113-0196033-6384224：\n------------- 消息开始 -------------\n\n我的包裹在哪里？\n\n------------- 消息结束 -------------\n仅供参考：",
        "我的包裹在哪里？",
    ),
    (
        "Jordan 写道：\n订单编号：113-0196033-6384224\n请在24小时内回复\n\n我的包裹在哪里？\n\n此电子邮件对您有帮助吗？\n[commMgrTok:Z]",
        "我的包裹在哪里？",
    ),
    (
        "Hi there\n\nOn Mon, Oct 12, 2026 at 10:00 AM Shop <shop@seller.example> wrote:\n\nold words",
        "Hi there",
    ),
    ("Hi there\n\nOn 12 Oct 2026, at 10:00, Shop <shop@seller.example> wrote:\n\n> old words\n", "Hi there"),
    ("Hallo\n\nAm Mo., 12. Okt. 2026 um 10:00 Uhr schrieb Shop <shop@seller.example>:\n\n> alt", "Hallo"),
    (
        "Hallo\n\nVon: Shop <shop@seller.example>\nGesendet: Montag, 12. Oktober 2026 10:00\nAn: Jo\nBetreff: Bestellung\n\nalt",
        "Hallo",
    ),
    ("Hallo\n\n-----Ursprüngliche Nachricht-----\nVon: Shop\nalt", "Hallo"),
    ("Bonjour\n\nLe lun. 12 oct. 2026 à 10:00, Shop <shop@seller.example> a écrit :\n\n> vieux", "Bonjour"),
    (
        "Bonjour\n\nDe : Shop <shop@seller.example>\nEnvoyé : lundi 12 octobre 2026\nÀ : Jo\nObjet : Commande\n\nvieux",
        "Bonjour",
    ),
    (
        "Ciao\n\nIl giorno lun 12 ott 2026 alle ore 10:00 Shop <shop@seller.example> ha scritto:\n\n> vecchio",
        "Ciao",
    ),
    (
        "Ciao\n\nDa: Shop <shop@seller.example>\nInviato: lunedì 12 ottobre 2026\nA: Jo\nOggetto: Ordine\n\nvecchio",
        "Ciao",
    ),
    ("Hola\n\nEl lun, 12 oct 2026 a las 10:00, Shop (<shop@seller.example>) escribió:\n\n> viejo", "Hola"),
    (
        "Hola\n\nDe: Shop <shop@seller.example>\nEnviado: lunes, 12 de octubre de 2026\nPara: Jo\nAsunto: Pedido\n\nviejo",
        "Hola",
    ),
    ("こんにちは\n\n2026年10月12日(月) 10:00 Shop <shop@seller.example>:\n\n> 古い", "こんにちは"),
    (
        "こんにちは\n\n差出人: Shop <shop@seller.example>\n送信日時: 2026年10月12日\n宛先: Jo\n件名: 注文\n\n古い",
        "こんにちは",
    ),
    ("こんにちは\n\n-----元のメッセージ-----\n差出人: Shop\n古い", "こんにちは"),
    ("こんにちは\n\n2026/10/12 10:00、Shop <shop@seller.example>のメール:\n\n> 古い", "こんにちは"),
    ("你好\n\n在 2026年10月12日，上午10:00，Shop <shop@seller.example> 写道：\n\n> 旧", "你好"),
    ('你好\n\n------------------ 原始邮件 ------------------\n发件人: "Shop";\n旧', "你好"),
    ("你好\n\n------------------&nbsp;原始邮件&nbsp;------------------\n发件人: Shop\n旧", "你好"),
    ('你好\n\n---原始邮件---\n发件人: "Shop"<shop@seller.example>\n旧', "你好"),
    ('你好\n\nAt 2026-10-12 10:00:00, "Shop" <shop@seller.example> wrote:\n旧的', "你好"),
    ('你好\n\n在 2026-10-12 10:00:00，"Shop" <shop@seller.example> 写道：\n旧的', "你好"),
    ("你好\n\n---- 回复的原邮件 ----\n| 发件人 | Shop |\n| 日期 | 2026年10月12日 |\n旧", "你好"),
    ("你好\n\n发件人： Shop\n发送时间： 2026-10-12 10:00\n收件人： Jo\n主题： 订单\n旧", "你好"),
    (
        "Hello\n\n发件人: Shop <shop@seller.example>\n发送时间: 2026年10月12日\n收件人: Jo\n主题: Order\n\nold",
        "Hello",
    ),
    (
        "Hello\n\nFrom: Shop <shop@seller.example>\nDate: Monday, October 12, 2026 at 10:00 AM\nTo: Jo\nSubject: Order\n\nold",
        "Hello",
    ),
    (
        "Hello\n\n*From:* Shop <shop@seller.example>\n*Sent:* Monday, October 12, 2026\n*To:* Jo\n*Subject:* Order\n\nold",
        "Hello",
    ),
    (
        "Hello\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Shop\nDate: 10/12/26\nold",
        "Hello",
    ),
    (
        "Hello\nVon meinem iPhone gesendet\n\n> Am 12.10.2026 um 10:00 schrieb Shop <shop@seller.example>:\n> \n> alt",
        "Hello",
    ),
    ("您好\n\n从 Windows 版邮件发送\n\n发件人: Shop\n旧", "您好"),
    ("Hello\n\n--\nJo Sample\n555-0143", "Hello"),
    ("She wrote: I will be there at 5", "She wrote: I will be there at 5"),
    ("From: my heart, thanks", "From: my heart, thanks"),
    ("Order ID: 113-0196033-6384224\nI want to cancel it", "I want to cancel it"),
    (
        "Please respond within 24 hours or I will call my bank",
        "Please respond within 24 hours or I will call my bank",
    ),
    (
        "I never got an answer. Was this email helpful? No!",
        "I never got an answer. Was this email helpful? No!",
    ),
    ("My message: stop", "My message: stop"),
]


@pytest.mark.parametrize(("body", "written"), FRAMES)
def test_frames_quotes_and_footers_are_told_from_words(body: str, written: str) -> None:
    assert new_text(plain_text(body), RULES.frame) == plain_text(written)


# One mark a row and whether the words bear it; a text may bear others too.
SAID = {
    "buyer": [
        ("Parcel turned up this morning, cheers.", "admits_receipt", True),
        ("Got it Tuesday, works fine.", "admits_receipt", True),
        ("The mug has reached me safely.", "admits_receipt", True),
        ("Yes it's here now, thank you.", "admits_receipt", True),
        ("My neighbour handed it to me, so all good.", "admits_receipt", True),
        ("Just picked it up from the post office.", "admits_receipt", True),
        ("Delivered today, looks great", "admits_receipt", True),
        ("They came in the mail yesterday", "admits_receipt", True),
        ("I've now got the parcel in my hands.", "admits_receipt", True),
        ("I finally have it.", "admits_receipt", True),
        ("包裹今天到了，谢谢", "admits_receipt", True),
        ("东西我拿到了", "admits_receipt", True),
        ("快递已经到手了", "admits_receipt", True),
        ("昨天收到啦", "admits_receipt", True),
        ("货收到了，没问题", "admits_receipt", True),
        ("刚从驿站取回来了", "admits_receipt", True),
        ("I changed my mind, please don't send it.", "asks_to_cancel", True),
        ("Is it too late to cancel?", "asks_to_cancel", True),
        ("Kindly stop the shipment, I bought it elsewhere.", "asks_to_cancel", True),
        ("I would like you to call off this order.", "asks_to_cancel", True),
        ("Please void my purchase.", "asks_to_cancel", True),
        ("I no longer require this item.", "asks_to_cancel", True),
        ("别发货了", "asks_to_cancel", True),
        ("我改变主意了，不买了", "asks_to_cancel", True),
        ("这单不要发了", "asks_to_cancel", True),
        ("The handle snapped off on the first day.", "complains_of_fault", True),
        ("It arrived with a big dent.", "complains_of_fault", True),
        ("The zipper is jammed.", "complains_of_fault", True),
        ("It leaks everywhere.", "complains_of_fault", True),
        ("This is a knock-off.", "complains_of_fault", True),
        ("The colour is totally different from the photo.", "complains_of_fault", True),
        ("Half of the pieces weren't in the box.", "complains_of_fault", True),
        ("It won't switch on.", "complains_of_fault", True),
        ("The glass was in pieces.", "complains_of_fault", True),
        ("It does nothing when I plug it in.", "complains_of_fault", True),
        ("屏幕有划痕", "complains_of_fault", True),
        ("颜色跟图片不一样", "complains_of_fault", True),
        ("开不了机", "complains_of_fault", True),
        ("杯子有裂痕", "complains_of_fault", True),
        ("少发了一个配件", "complains_of_fault", True),
        ("和图片差太多", "complains_of_fault", True),
        ("Please return my payment.", "asks_for_refund", True),
        ("I expect to be reimbursed.", "asks_for_refund", True),
        ("Give me my money.", "asks_for_refund", True),
        ("Kindly credit my card.", "asks_for_refund", True),
        ("How do I get reimbursed?", "asks_for_refund", True),
        ("I would like the full amount back.", "asks_for_refund", True),
        ("Please send the money back to my account.", "asks_for_refund", True),
        ("请把钱退给我", "asks_for_refund", True),
        ("我要全额退钱", "asks_for_refund", True),
        ("什么时候能退款", "asks_for_refund", True),
        ("麻烦退一下钱", "asks_for_refund", True),
        ("I will dispute this charge with my bank.", "threatens_chargeback", True),
        ("If I don't hear from you I'll file a chargeback.", "threatens_chargeback", True),
        ("I'm going to call my credit card company and reverse the payment.", "threatens_chargeback", True),
        ("I have already contacted my bank about this.", "threatens_chargeback", True),
        ("My bank will take the money back.", "threatens_chargeback", True),
        ("I am opening a dispute with PayPal.", "threatens_chargeback", True),
        ("Next step is a charge back.", "threatens_chargeback", True),
        ("I will report this transaction as fraud.", "threatens_chargeback", True),
        ("再不处理我就去银行拒付", "threatens_chargeback", True),
        ("我会联系信用卡公司争议这笔交易", "threatens_chargeback", True),
        ("我已经向银行申请拒付了", "threatens_chargeback", True),
        ("我要找银行撤销付款", "threatens_chargeback", True),
        ("I sent it back yesterday.", "confirms_return", True),
        ("I have mailed the item back to you.", "confirms_return", True),
        ("The return is on its way, tracking 1Z.", "confirms_return", True),
        ("I dropped the parcel off at UPS with your label.", "confirms_return", True),
        ("I've shipped the return today.", "confirms_return", True),
        ("It was returned on Monday.", "confirms_return", True),
        ("我已经把商品寄回去了", "confirms_return", True),
        ("退货已寄出，单号SF123", "confirms_return", True),
        ("昨天已经退回了", "confirms_return", True),
        ("货我寄回给你们了", "confirms_return", True),
        ("I have not received the parcel.", "admits_receipt", False),
        ("Did it arrive? I don't know.", "admits_receipt", False),
        ("If it had arrived I would be happy.", "admits_receipt", False),
        ("I didn't get it.", "admits_receipt", False),
        ("It never came.", "admits_receipt", False),
        ("Still nothing here.", "admits_receipt", False),
        ("It should have reached me by now.", "admits_receipt", False),
        ("It hasn't turned up.", "admits_receipt", False),
        ("Nobody handed it to me.", "admits_receipt", False),
        ("I would have got it by now.", "admits_receipt", False),
        ("没收到啊", "admits_receipt", False),
        ("还没到手", "admits_receipt", False),
        ("包裹应该到了吗", "admits_receipt", False),
        ("我没有拿到东西", "admits_receipt", False),
        ("没有取到", "admits_receipt", False),
        ("今天能到吗", "admits_receipt", False),
        ("I will not dispute this charge.", "threatens_chargeback", False),
        ("I don't want to file a chargeback.", "threatens_chargeback", False),
        ("My bank says the charge is fine.", "threatens_chargeback", False),
        ("I contacted my bank and the payment went through.", "threatens_chargeback", False),
        ("没有找银行拒付", "threatens_chargeback", False),
        ("I have not sent it back yet.", "confirms_return", False),
        ("How do I send it back?", "confirms_return", False),
        ("If I sent it back, would you refund me?", "confirms_return", False),
        ("I will return it tomorrow.", "confirms_return", False),
        ("我还没有寄回", "confirms_return", False),
        ("怎么寄回", "confirms_return", False),
        ("如果我寄回去了可以退款吗", "confirms_return", False),
        ("It doesn't leak, great", "complains_of_fault", False),
        ("Nothing was missing.", "complains_of_fault", False),
        ("Is it broken easily?", "complains_of_fault", False),
        ("没有划痕", "complains_of_fault", False),
        ("开机没问题", "complains_of_fault", False),
        ("Please don't cancel it.", "asks_to_cancel", False),
        ("我没说不要了", "asks_to_cancel", False),
        ("I do not need my money back.", "asks_for_refund", False),
        ("You already refunded me, thanks.", "asks_for_refund", False),
        ("不用退钱", "asks_for_refund", False),
        ("The box showed up on Saturday.", "admits_receipt", True),
        ("I have the parcel now.", "admits_receipt", True),
        ("It got here yesterday, in one piece.", "admits_receipt", True),
        ("My wife signed for it.", "admits_receipt", True),
        ("Collected it from the locker last night.", "admits_receipt", True),
        ("包裹我昨天取到了", "admits_receipt", True),
        ("终于到货了", "admits_receipt", True),
        ("东西已经拿到手", "admits_receipt", True),
        ("Do not ship it please.", "asks_to_cancel", True),
        ("Found it cheaper somewhere else, cancel please.", "asks_to_cancel", True),
        ("I'd like to withdraw from the purchase.", "asks_to_cancel", True),
        ("Please cancel.", "asks_to_cancel", True),
        ("不用发了，我在别处买了", "asks_to_cancel", True),
        ("请撤销这个订单", "asks_to_cancel", True),
        ("The lid is cracked.", "complains_of_fault", True),
        ("It smells burnt.", "complains_of_fault", True),
        ("One of the screws was not included.", "complains_of_fault", True),
        ("It stopped charging after two days.", "complains_of_fault", True),
        ("The fabric tore on the first wear.", "complains_of_fault", True),
        ("Screen has dead pixels.", "complains_of_fault", True),
        ("包装破了，里面的杯子也碎了", "complains_of_fault", True),
        ("用了两天就死机", "complains_of_fault", True),
        ("实物跟照片不符", "complains_of_fault", True),
        ("I'd like to get my money back.", "asks_for_refund", True),
        ("Please reimburse me.", "asks_for_refund", True),
        ("Refund the purchase price please.", "asks_for_refund", True),
        ("把货款退还给我", "asks_for_refund", True),
        ("请给我办理退款", "asks_for_refund", True),
        ("Otherwise I will contact my card issuer.", "threatens_chargeback", True),
        ("I'll have my bank reverse it.", "threatens_chargeback", True),
        ("I am going to initiate a chargeback tomorrow.", "threatens_chargeback", True),
        ("You leave me no choice but to dispute the payment.", "threatens_chargeback", True),
        ("不退款我就向银行申请拒付", "threatens_chargeback", True),
        ("我会让信用卡公司处理这笔争议交易", "threatens_chargeback", True),
        ("Item was sent back on Friday.", "confirms_return", True),
        ("I've posted it back to your address.", "confirms_return", True),
        ("I handed it to the UPS driver with the return label.", "confirms_return", True),
        ("退货我已经寄出去了", "confirms_return", True),
        ("东西上周就寄还给你们了", "confirms_return", True),
        ("Has it arrived at your warehouse?", "admits_receipt", False),
        ("I was told it got here but there is nothing.", "admits_receipt", False),
        ("The neighbours have not got it either.", "admits_receipt", False),
        ("I never collected anything.", "admits_receipt", False),
        ("驿站说没有我的包裹", "admits_receipt", False),
        ("我还没取到", "admits_receipt", False),
        ("My bank account was charged.", "threatens_chargeback", False),
        ("I paid with my credit card.", "threatens_chargeback", False),
        ("我是用信用卡付的", "threatens_chargeback", False),
        ("Should I send it back?", "confirms_return", False),
        ("I would have sent it back already if I had a label.", "confirms_return", False),
        ("我要不要寄回去", "confirms_return", False),
        ("Does it leak?", "complains_of_fault", False),
        ("No cracks at all, thanks.", "complains_of_fault", False),
        ("Thanks for the refund.", "asks_for_refund", False),
        ("Please do not cancel my order.", "asks_to_cancel", False),
    ],
    "seller": [
        ("We'd be glad to reimburse you in full.", "offers_refund", True),
        ("Let us return your money.", "offers_refund", True),
        ("I can refund half of the price.", "offers_refund", True),
        ("You will get your money back from us.", "offers_refund", True),
        ("We are prepared to refund the purchase.", "offers_refund", True),
        ("Would you accept a refund of 20 USD?", "offers_refund", True),
        ("我们给您全额退钱", "offers_refund", True),
        ("我们愿意退还货款", "offers_refund", True),
        ("您可以选择退款", "offers_refund", True),
        ("我这边给您申请退款", "offers_refund", True),
        ("We can ship a new one tomorrow.", "offers_replacement", True),
        ("Would you like a replacement?", "offers_replacement", True),
        ("I'll get another unit out to you.", "offers_replacement", True),
        ("We are happy to swap it for a new one.", "offers_replacement", True),
        ("Shall we send you a fresh one?", "offers_replacement", True),
        ("我们可以重新给您发一个", "offers_replacement", True),
        ("我们给您换一个新的", "offers_replacement", True),
        ("可以为您更换", "offers_replacement", True),
        ("We will email you a prepaid label.", "offers_return_label", True),
        ("A return label is attached.", "offers_return_label", True),
        ("Please use the enclosed shipping label to send it back.", "offers_return_label", True),
        ("I can send you a free return label.", "offers_return_label", True),
        ("We cover the return postage.", "offers_return_label", True),
        ("You'll find the prepaid label below.", "offers_return_label", True),
        ("我们会给您提供退货标签", "offers_return_label", True),
        ("附件是预付退货标签", "offers_return_label", True),
        ("退货运费由我们承担", "offers_return_label", True),
        ("给您发了退货面单", "offers_return_label", True),
        ("Could you send us a picture of the damage?", "asks_for_photos", True),
        ("Please attach some photos.", "asks_for_photos", True),
        ("Can you share a photo of the label?", "asks_for_photos", True),
        ("A short video would help us.", "asks_for_photos", True),
        ("We need pictures of the item and the box.", "asks_for_photos", True),
        ("Would you mind taking a photo?", "asks_for_photos", True),
        ("请发几张照片", "asks_for_photos", True),
        ("麻烦您拍个照片给我们", "asks_for_photos", True),
        ("能提供一下图片吗", "asks_for_photos", True),
        ("请拍一段视频", "asks_for_photos", True),
        ("We packed the wrong colour by mistake.", "admits_fault", True),
        ("Sorry, that's on us.", "admits_fault", True),
        ("Our warehouse mixed up the orders.", "admits_fault", True),
        ("You are right, the part was missing.", "admits_fault", True),
        ("We apologise for our error.", "admits_fault", True),
        ("This was an oversight on our side.", "admits_fault", True),
        ("是我们仓库发错了", "admits_fault", True),
        ("这是我们的疏忽", "admits_fault", True),
        ("我们漏发了配件", "admits_fault", True),
        ("确实是产品质量问题", "admits_fault", True),
        ("We cannot reimburse you.", "offers_refund", False),
        ("We are not able to return your money.", "offers_refund", False),
        ("Did you get the refund?", "offers_refund", False),
        ("Only Amazon can refund.", "offers_refund", False),
        ("我们不能退钱", "offers_refund", False),
        ("退款已到账了吗", "offers_refund", False),
        ("We can't ship a new one.", "offers_replacement", False),
        ("A replacement is not possible.", "offers_replacement", False),
        ("我们无法换新", "offers_replacement", False),
        ("We do not provide return labels.", "offers_return_label", False),
        ("Did you print the return label?", "offers_return_label", False),
        ("我们不提供退货标签", "offers_return_label", False),
        ("Thank you for the photos.", "asks_for_photos", False),
        ("No photos are needed.", "asks_for_photos", False),
        ("谢谢您的照片", "asks_for_photos", False),
        ("不需要照片", "asks_for_photos", False),
        ("The item was packed correctly.", "admits_fault", False),
        ("We did not mix up the orders.", "admits_fault", False),
        ("It was not our error.", "admits_fault", False),
        ("我们没有发错", "admits_fault", False),
        ("不是质量问题", "admits_fault", False),
        ("I would be happy to give you a full refund.", "offers_refund", True),
        ("We will reimburse you right away.", "offers_refund", True),
        ("We can pay you back half.", "offers_refund", True),
        ("我们会把钱全额退给您", "offers_refund", True),
        ("可以给您退一半的钱", "offers_refund", True),
        ("Can we send another one?", "offers_replacement", True),
        ("We'd gladly exchange it.", "offers_replacement", True),
        ("A new unit can be shipped at once.", "offers_replacement", True),
        ("我们再给您寄一个", "offers_replacement", True),
        ("可以给您免费换新", "offers_replacement", True),
        ("You will receive a free label by e-mail.", "offers_return_label", True),
        ("I've attached a prepaid return label.", "offers_return_label", True),
        ("The return shipping is on us.", "offers_return_label", True),
        ("退回运费我们来付", "offers_return_label", True),
        ("我发您一张退货标签", "offers_return_label", True),
        ("Can we see a picture of it?", "asks_for_photos", True),
        ("Photos of the packaging would be helpful.", "asks_for_photos", True),
        ("Please upload a video showing the fault.", "asks_for_photos", True),
        ("请提供商品的照片", "asks_for_photos", True),
        ("可以拍一张图给我吗", "asks_for_photos", True),
        ("We shipped the wrong size, sorry.", "admits_fault", True),
        ("It is our mistake.", "admits_fault", True),
        ("We forgot the charger.", "admits_fault", True),
        ("This batch has a known defect.", "admits_fault", True),
        ("这次是我们弄错了型号", "admits_fault", True),
        ("我们少装了一个", "admits_fault", True),
        ("We have no record of a refund request.", "offers_refund", False),
        ("A refund is not possible.", "offers_refund", False),
        ("We never sent a replacement.", "offers_replacement", False),
        ("Please buy a label at the post office.", "offers_return_label", False),
        ("Your photo shows the parcel.", "asks_for_photos", False),
        ("Our records show that the right item was packed.", "admits_fault", False),
        ("The carrier made a mistake.", "admits_fault", False),
    ],
}


@pytest.mark.parametrize(("party", "row"), [(party, row) for party, rows in SAID.items() for row in rows])
def test_people_say_it_in_many_ways(party: str, row: tuple[str, str, bool]) -> None:
    text, mark, bears = row
    assert (mark in find_marks(plain_text(text), RULES.marks[party], RULES.statements)) is bears


@pytest.mark.parametrize(
    "line",
    [
        "silent_after_days = 0",
        'silent_after_days = "three"',
        "silent_after_days = true",
        "silent_after_days = 91",
    ],
)
def test_the_days_of_silence_are_a_sensible_number(line: str) -> None:
    with pytest.raises(UserError, match="1 to 90"):
        load_correspondence_rules([bundled_file(), parse_toml(f"[reading]\n{line}\n", "own.toml")])
    own = parse_toml("[reading]\nsilent_after_days = 7\n", "own.toml")
    assert load_correspondence_rules([bundled_file(), own]).silent_after_days == 7


def test_lines_about_another_order_in_a_digest_are_nobodys_evidence_here() -> None:
    digest = (
        f"Return requests of today.\n\nOrder ID: {ORDER}\nA return was requested.\n\n"
        f"Order ID: {OTHER}\nBuyer comments: the cup is broken\nA-to-z claim filed\n"
    )
    found = read(mail(digest, f"Return request for order {ORDER}", AMAZON))
    assert OTHER not in repr(found)
    assert "cup" not in repr(found)
    assert found.marks == ("return_requested",)
