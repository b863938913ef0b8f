"""Promises of the truth check on letters: every corruption is caught, every honest edit passes, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import nouns
import pytest

from inbox_bot.core.compose import Templates, load_templates
from inbox_bot.core.exhibits import list_exhibits
from inbox_bot.core.facts import find_facts
from inbox_bot.core.letter import LetterAttachment, lay_out
from inbox_bot.core.model import Ask, Destination, Money, Reason
from inbox_bot.core.record import Dossier, OrderItem, Party, Refund, Return, Scan, ShipmentStatus
from inbox_bot.core.truth import Flaw, Ground, check_answer, check_letter, load_statement_words
from inbox_bot.resources import rule_files, template_sources

WORDS = load_statement_words(rule_files("statements*.toml"))
TEMPLATES: Templates = load_templates(template_sources())
FILES = ("1-order-record.txt", "2-correspondence.txt")

ITEM = OrderItem("Blue Mug (Large)", "MUG-1", "B000000001", price=Money(Decimal("108.84"), "USD"))
DELIVERED = nouns.dossier(
    order=nouns.order(items=(ITEM,), sales_channel="Amazon.com"),
    shipments=(
        nouns.shipment(
            signed_by="P. DOE",
            delivered_at_text="14:32",
            scans=(Scan(date(2026, 9, 2), "08:00", "Dallas, TX", "Departed", ShipmentStatus.IN_TRANSIT),),
        ),
    ),
    messages=(
        nouns.message("It arrived, thank you. The mug is lovely.", marks=("admits_receipt",)),
        nouns.message("Glad to hear that!", party=Party.SELLER),
    ),
    marks=("admits_receipt",),
)
TRANSIT = nouns.dossier(
    shipments=(
        nouns.shipment(status=ShipmentStatus.IN_TRANSIT, delivered_on=None, delivered_to=Destination()),
    )
)
REFUNDED = replace(
    DELIVERED,
    refunds=(Refund(nouns.ORDER, date(2026, 9, 20), Money(Decimal("20.00"), "USD"), "R-778812", "test"),),
    returns=(
        Return(
            nouns.ORDER, date(2026, 9, 10), date(2026, 9, 16), "MUG-1", 1, "DEFECTIVE", "SELLABLE", "", "test"
        ),
    ),
)
NEVER = nouns.dossier(order=nouns.order(status="unshipped"), shipments=())
ASKS = (
    Ask.PROOF_OF_DELIVERY,
    Ask.SIGNATURE,
    Ask.TRACKING,
    Ask.REFUND_PROOF,
    Ask.CORRESPONDENCE,
    Ask.RETURN_STATUS,
)


def ground_of(dossier: Dossier, reason: Reason = Reason.NOT_RECEIVED, **changes) -> Ground:
    notice = nouns.notice(reason=reason, asks=ASKS, **changes)
    return Ground(notice, (dossier,), len(list_exhibits((dossier,), ())), FILES, nouns.POLICY)


def letter_of(ground: Ground, language: str = "en", kind: str = "representment") -> str:
    dossier, notice = ground.dossiers[0], ground.notice
    facts = find_facts(notice, dossier, ground.dossiers[1:])
    exhibits = list_exhibits(ground.dossiers, ())
    letter = lay_out(notice, dossier, ground.dossiers[1:], facts, nouns.decision(), nouns.POLICY, exhibits)
    listed = [LetterAttachment(number, name, "text") for number, name in enumerate(ground.attachments, 1)]
    return TEMPLATES.render(f"{language}/{kind}.txt.j2", letter=letter, attachments=listed)


def flaws(text: str, ground: Ground) -> tuple[Flaw, ...]:
    return check_letter(text, ground, WORDS)


CASES = {"delivered": DELIVERED, "transit": TRANSIT, "refunded": REFUNDED, "never": NEVER}


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("case", ["delivered", "transit", "refunded"])
def test_what_the_bundled_templates_say_of_a_record_is_borne_out_by_it(case, language, reason):
    ground = ground_of(CASES[case], reason)
    for kind in ("representment", "information"):
        assert flaws(letter_of(ground, language, kind), ground) == ()


# Words of the rendered letter put in place of others, or (with "" first) added as a paragraph of their own.
CORRUPTIONS = [
    ("delivered", "en", "2026-09-04", "2026-09-05"),
    ("delivered", "en", "Ship Date: 2026-09-01", "Ship Date: 2026-09-04"),
    ("delivered", "en", "Ship Date: 2026-09-01", "Ship Date: not on record"),
    ("delivered", "en", "delivered on 2026-09-04", "delivered on September 3, 2026"),
    ("delivered", "en", "delivered on 2026-09-04", "delivered on 04 Oct 2026"),
    ("delivered", "en", "1Z999AA10123456784", "1Z999AA10123456748"),
    ("delivered", "en", "1Z999AA10123456784", "1Z999AA1012345678"),
    ("delivered", "en", "tracking ID 1Z999AA10123456784", "tracking ID 1Z 999 AA1 01 2345 6785"),
    ("delivered", "en", "in Austin 78701", "in Houston 78701"),
    ("delivered", "en", "in Austin 78701", "in Austin 78702"),
    ("delivered", "en", "Ship-to on the order: Austin", "Ship-to on the order: Dallas"),
    ("delivered", "en", "signed for by P. DOE", "signed for by J. SMITH"),
    ("delivered", "en", "signed for by P. DOE", "signed for by Pat Miller"),
    ("delivered", "en", "Shipping Method (Carrier): UPS", "Shipping Method (Carrier): FedEx"),
    ("delivered", "en", "Shipping Speed: Ground", "Shipping Speed: Overnight"),
    ("delivered", "en", "108.84 USD", "108.48 USD"),
    ("delivered", "en", "108.84 USD", "108.84 EUR"),
    ("delivered", "en", nouns.ORDER, "113-0196033-6384242"),
    ("delivered", "en", "Ordered on: 2026-08-30", "Ordered on: 2026-08-20"),
    ("delivered", "en", "[Exhibit 1]", "[Exhibit 9]"),
    ("delivered", "en", "2 messages", "5 messages"),
    ("delivered", "en", "1 x Blue Mug (Large)", "3 x Blue Mug (Large)"),
    ("delivered", "en", "SKU MUG-1", "SKU MUG-7"),
    ("delivered", "en", "It arrived, thank you.", "I never ordered this, thank you."),
    ("delivered", "en", ", buyer: ", ", seller: "),
    ("delivered", "en", "Refund: no refund is on record", "Refund: a refund was issued"),
    ("delivered", "en", "no refund is on record", "we refunded 108.84 USD on 2026-09-20"),
    ("delivered", "en", "", "We have refunded the buyer in full."),
    ("delivered", "en", "", "The buyer asked to cancel the order."),
    ("delivered", "en", "", "A replacement was sent to the buyer."),
    ("delivered", "en", "", "The parcel was never delivered."),
    ("delivered", "en", "", "The buyer returned the item and we received it back."),
    ("delivered", "en", "", "We offered the buyer a refund."),
    ("delivered", "en", "", "No correspondence with the buyer exists."),
    ("delivered", "en", "", "Signed by: Maria Lopez"),
    ("delivered", "en", "", "Carrier: DHL"),
    ("delivered", "en", "", 'The buyer wrote: "I have the mug and I am very happy with it".'),
    ("transit", "en", "in transit; no delivery scan is on record", "delivered"),
    ("transit", "en", "", "The parcel was delivered to the buyer."),
    ("transit", "en", "", "The recipient signed for the parcel."),
    ("transit", "en", "", "The buyer confirmed receipt of the parcel."),
    ("transit", "en", "", "The package was lost by the carrier."),
    ("transit", "en", "", "The parcel was returned to sender."),
    ("never", "en", "", "We shipped the order on 2026-09-01."),
    ("never", "en", "", "We shipped the order at once."),
    ("refunded", "en", "20.00 USD on 2026-09-20", "20.00 USD on 2026-09-21"),
    ("refunded", "en", "20.00 USD on 2026-09-20", "108.84 USD on 2026-09-20"),
    ("refunded", "en", "reference R-778812", "reference R-778821"),
    ("refunded", "en", "received on 2026-09-16", "received on 2026-09-10"),
    ("refunded", "en", "", "No refund was issued."),
    ("refunded", "en", "", "The order was refunded in full."),
    ("refunded", "en", "", "No return of the item is on record."),
    ("delivered", "zh", "2026-09-04", "2026-09-06"),
    ("delivered", "zh", "发货日期：2026-09-01", "发货日期：2026-09-02"),
    ("delivered", "zh", "已于 2026-09-04", "已于 2026年9月14日"),
    ("delivered", "zh", "1Z999AA10123456784", "1Z999AA10123465784"),
    ("delivered", "zh", "（Austin 78701）", "（Houston 78701）"),
    ("delivered", "zh", "签收人：P. DOE", "签收人：J. SMITH"),
    ("delivered", "zh", "签收人 P. DOE", "签收人 李明"),
    ("delivered", "zh", "承运商：UPS", "承运商：DHL"),
    ("delivered", "zh", "108.84 USD", "108.48 USD"),
    ("delivered", "zh", "下单日期：2026-08-30", "下单日期：2026-08-20"),
    ("delivered", "zh", "【证据 1】", "【证据 8】"),
    ("delivered", "zh", "共 2 封", "共 6 封"),
    ("delivered", "zh", "Blue Mug (Large) x 1", "Blue Mug (Large) x 4"),
    ("delivered", "zh", "", "我们已全额退款给买家。"),
    ("delivered", "zh", "", "买家要求取消订单。"),
    ("delivered", "zh", "", "包裹已退回发件人。"),
    ("delivered", "zh", "", "我们已补发包裹。"),
    ("delivered", "zh", "", "包裹在运输途中丢失。"),
    ("transit", "zh", "运输途中，无送达扫描记录", "已送达"),
    ("transit", "zh", "", "承运商已将包裹送达，并有签收。"),
    ("transit", "zh", "", "买家确认收到包裹。"),
    ("refunded", "zh", "退款：2026-09-20 20.00 USD", "退款：2026-09-22 20.00 USD"),
    ("refunded", "zh", "20.00 USD", "108.84 USD"),
    ("refunded", "zh", "编号 R-778812", "编号 R-778899"),
    ("refunded", "zh", "", "无退款记录。"),
    ("refunded", "zh", "", "无退货记录。"),
]


@pytest.mark.parametrize(("case", "language", "words", "instead"), CORRUPTIONS)
def test_a_letter_that_says_what_is_not_on_record_is_flawed(case, language, words, instead):
    ground = ground_of(CASES[case])
    true = letter_of(ground, language)
    assert words in true
    false = true.replace(words, instead) if words else true.replace("\n\n", f"\n\n{instead}\n\n", 1)
    assert flaws(true, ground) == ()
    found = flaws(false, ground)
    assert found
    assert all(0 <= one.start <= one.end <= len(false) and one.what for one in found)


HONEST = [
    (
        "delivered",
        "en",
        "Dear Chargeback Team,",
        "Dear Sir or Madam,\n\nthank you for your notice of October 5, 2026.",
    ),
    ("delivered", "en", "Ship Date: 2026-09-01", "Ship Date: September 1, 2026"),
    ("delivered", "en", "delivered on 2026-09-04", "delivered on 4 September 2026"),
    ("delivered", "en", "delivered on 2026-09-04", "delivered on 09/04/2026"),
    ("delivered", "en", "delivered on 2026-09-04", "delivered on Friday, Sept. 4, 2026"),
    ("delivered", "en", "108.84 USD", "$108.84"),
    (
        "delivered",
        "en",
        "Kind regards,",
        "With kind regards,\nJo Example\nPhone: +1 512 555 0123, 5125550123\n",
    ),
    (
        "delivered",
        "en",
        "Kind regards,",
        "Please call us at 512-555-0123 with any question.\n\nKind regards,",
    ),
    ("delivered", "en", "signed for by P. DOE", "signed for by p. doe"),
    ("delivered", "en", "in Austin 78701", "in Austin, TX 78701"),
    ("delivered", "en", "in Austin 78701", "in AUSTIN, Texas"),
    ("delivered", "en", "tracking ID 1Z999AA10123456784", "tracking ID 1Z 999 AA1 01 2345 6784"),
    ("delivered", "en", "", "We would be grateful for your answer within 7 days."),
    ("delivered", "en", "", "We shipped it on 1 September 2026 and UPS delivered it on 4 September 2026."),
    (
        "delivered",
        "en",
        "",
        "The buyer claims that the parcel was not delivered. The carrier's record shows that it was.",
    ),
    ("delivered", "en", "", "If the buyer returns the item, we will refund it at once."),
    (
        "delivered",
        "en",
        "",
        "The parcel was delivered to the address on the order three days after we shipped it.",
    ),
    ("delivered", "en", "", 'On September 15, 2026 the buyer wrote: "It arrived, thank you."'),
    ("delivered", "en", "", "There is no doubt that the parcel was delivered. No refund was issued."),
    ("delivered", "en", "", "UPS Ground delivered it, and P. Doe signed for it."),
    ("delivered", "en", "", "The buyer never asked for a refund and never asked to cancel."),
    ("delivered", "en", "", "Please find attached our exhibit book (Exhibits 1, 2 and 3)."),
    ("delivered", "en", "\n\n", "\n\n\n"),
    (
        "delivered",
        "en",
        "",
        "The parcel left our warehouse on September 1, passed through Dallas on September 2\nand arrived on September 4.",
    ),
    ("transit", "en", "", "The parcel has not been delivered yet; UPS shows it in transit."),
    ("transit", "en", "", "We do not have a signature. No refund was made."),
    (
        "refunded",
        "en",
        "",
        "We refunded 20.00 USD of the 108.84 USD on 20 September 2026, after the return was received on 16 September 2026.",
    ),
    (
        "refunded",
        "en",
        "",
        "The buyer asked for the return on 10 September 2026; we received the return on 2026-09-16.",
    ),
    ("delivered", "zh", "您好：", "尊敬的团队，您好：\n\n感谢您于2026年10月5日的通知。"),
    ("delivered", "zh", "已于 2026-09-04", "已于 2026年9月4日"),
    ("delivered", "zh", "发货日期：2026-09-01", "发货日期：2026/9/1"),
    ("delivered", "zh", "此致", "如有疑问，请致电 13812345678。\n\n此致"),
    ("delivered", "zh", "", "包裹已于九月四日由 UPS 送达，我们没有退款。"),
    ("delivered", "zh", "", "买家声称未收到包裹，但承运商已送达。"),
    ("delivered", "zh", "", "如买家退货，我们会立即退款。"),
    ("transit", "zh", "", "包裹尚未送达，仍在运输途中。"),
    ("refunded", "zh", "", "我们已于2026年9月20日退款 20.00 美元。"),
]


@pytest.mark.parametrize(("case", "language", "words", "instead"), HONEST)
def test_an_honest_edit_raises_nothing(case, language, words, instead):
    ground = ground_of(CASES[case])
    true = letter_of(ground, language)
    assert not words or words in true
    edited = true.replace(words, instead) if words else true.replace("\n\n", f"\n\n{instead}\n\n", 1)
    assert flaws(edited, ground) == ()


def test_a_refund_left_out_of_the_letter_is_missed_although_the_exhibits_have_it():
    ground = ground_of(REFUNDED)
    whole = letter_of(ground)
    hidden = "\n".join(line for line in whole.splitlines() if "efund" not in line)
    found = check_answer(hidden, whole, ground, WORDS)
    assert {"refund"} <= {one.about for one in found}
    assert all((one.start, one.end) == (0, 0) for one in found if one.about == "refund")


def test_a_text_of_a_megabyte_is_answered_and_named_too_long():
    ground = ground_of(DELIVERED)
    text = letter_of(ground) + "The parcel was delivered on 2026-09-04 in Austin, not lost; " * 17_000
    assert "length" in {one.about for one in flaws(text, ground)}
    assert flaws('"' * 1_000_000, ground)
    assert flaws('- a, buyer: "' * 80_000, ground)


def test_the_flaw_stands_where_it_is_in_the_text_as_given():
    ground = ground_of(DELIVERED)
    text = "Hello\u200b there,\r\n\r\nThe parcel was deli\u200bvered on 2026\u20119\u20113 in Austin.\r\n"
    (flaw,) = [one for one in flaws(text, ground) if one.about == "delivery date"]
    assert text[flaw.start : flaw.end].strip() == "2026\u20119\u20113"


def test_the_notice_and_its_deadline_may_be_spoken_of():
    ground = ground_of(DELIVERED, dated_at=datetime(2026, 10, 5, 9, tzinfo=UTC), stated_days=10)
    assert flaws("We answer your notice of 2026-10-05 before 2026-10-15.", ground) == ()
