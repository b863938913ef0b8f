"""Whose a tracking id is: known by its shape and check digit, or said to be open; never guessed."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.core.errors import UserError
from inbox_bot.core.tomlfile import parse_toml
from inbox_bot.orders.carriers import (
    CarrierMatch,
    gs1_check_digit,
    is_plausible,
    load_carriers,
    mod7_check_digit,
    plain_tracking_id,
    s10_check_digit,
)
from inbox_bot.resources import rule_files

FILES = rule_files("carriers*.toml")
CARRIERS = load_carriers(FILES)
DIGITS = string.digits


def digits(count):
    return st.text(DIGITS, min_size=count, max_size=count)


def letters(count):
    return st.text(string.ascii_uppercase, min_size=count, max_size=count)


def ups_id(body):
    """An id of UPS: letters count as their place from A = 2, every second figure twice, up to the next ten."""
    values = [int(one) if one.isdigit() else (ord(one) - 63) % 10 for one in body]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return f"1Z{body}{-total % 10}"


def fedex_id(body):
    """A 12-digit id of FedEx: weights 3, 1, 7, modulo 11, modulo 10."""
    weights = (3, 1, 7) * 4
    return body + str(sum(int(one) * weight for one, weight in zip(body, weights, strict=False)) % 11 % 10)


# Published examples of each kind.
@pytest.mark.parametrize(
    ("tracking_id", "name"),
    [
        ("1Z999AA10123456784", "UPS"),
        ("1Z 999 AA1 01 2345 6784", "UPS"),
        ("1z5r89390357567127", "UPS"),
        ("9400 1112 0108 0805 4830 16", "USPS"),
        ("420221539361289878700317633795", "USPS"),
        ("TBA619632698000", "Amazon Logistics"),
        ("TBC038034537009", "Amazon Logistics"),
        ("TBM000000123456", "Amazon Logistics"),
        ("RB123456785GB", "Royal Mail"),
        ("LK473124829CN", "China Post"),
        ("EE123456785JP", "Japan Post"),
        ("CY123456785DE", "Deutsche Post"),
        ("LA123456785FR", "La Poste"),
        ("RR123456785IT", "Poste Italiane"),
        ("RR123456785ES", "Correos"),
        ("RR123456785CA", "Canada Post"),
        ("RR123456785FI", "Posti"),
        ("6A12345678901", "La Poste"),
        ("YT2009721266012345", "YunExpress"),
        ("YT1234567890123", "YTO Express"),
        ("4PX3000123456789CN", "4PX"),
        ("UG123456789YP", "Yanwen"),
        ("LP00123456789012", "Cainiao"),
        ("SF1234567890123", "SF Express"),
        ("JJD000390007827788777", "DHL"),
        ("00340434292135100186", "DHL"),
        ("H1000730000123456789", "Hermes"),
        ("C11031500001879", "OnTrac"),
        ("1LS123456789012", "OnTrac"),
        ("9611020987654312345672", "FedEx"),
    ],
)
def test_an_unmistakable_id_names_its_carrier_without_help(tracking_id, name):
    match = CARRIERS.recognise(tracking_id)
    assert (match.name, match.certain) == (name, bool(name))
    assert match.valid is not False


@pytest.mark.parametrize(
    "tracking_id", ["986578788855", "9612345678", "12345678901234", "1234567890123456", "000123456789"]
)
def test_an_id_of_many_carriers_is_said_to_be_open(tracking_id):
    match = CARRIERS.recognise(tracking_id)
    assert (match.name, match.certain) == ("", False)
    assert len(match.candidates) > 1


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ups", "UPS"), ("UPS Ground", "UPS"), ("U.P.S.", "UPS"), ("UPS Ground - Saturday", "UPS"), ("United Parcel Service", "UPS"),
        ("USPS", "USPS"), ("usps_priority", "USPS"), ("US Postal Service", "USPS"), ("Fed Ex", ""), ("FedEx® Home Delivery", "FedEx"),
        ("Deutsche Post", "Deutsche Post"), ("Deutsche Post DHL", "DHL"), ("DHL eCommerce", "DHL"), ("中国邮政", "China Post"),
        ("由中国邮政承运", "China Post"), ("云途", "YunExpress"), ("云途物流", "YunExpress"), ("ヤマト運輸", "Yamato"), ("ｙａｍａｔｏ", "Yamato"),
        ("佐川急便", "Sagawa"), ("AMZN_US", "Amazon Logistics"), ("amzl", "Amazon Logistics"), ("Hermes UK", "Evri"), ("Hermes", "Hermes"),
        ("LaserShip", "OnTrac"), ("4px", "4PX"), ("递四方", "4PX"), ("groups", ""), ("Cupsaw", ""), ("EMS", ""), ("", ""), ("Joe's Vans", ""),
    ],
)  # fmt: skip
def test_carriers_are_known_as_sellers_and_reports_write_them(said, name):
    assert CARRIERS.named(said) == name


def test_what_the_record_says_settles_an_open_id():
    assert CARRIERS.recognise("986578788855", "FedEx Ground") == CarrierMatch(
        "FedEx", True, True, CARRIERS.recognise("986578788855", "FedEx").candidates
    )
    assert CARRIERS.recognise("12345678901234", "DPD").certain
    assert CARRIERS.recognise("1Z999AA10123456784", "ups").certain


def test_a_record_that_contradicts_an_unmistakable_id_is_overruled():
    match = CARRIERS.recognise("1Z999AA10123456784", "USPS")
    assert (match.name, match.certain, match.valid) == ("UPS", True, True)


def test_a_carrier_whose_ids_are_all_known_cannot_own_another():
    assert CARRIERS.recognise("1234567890", "UPS").valid is False
    assert CARRIERS.recognise("ABC1234567", "Joe's Vans") == CarrierMatch("Joe's Vans", False, None)


def test_a_postal_id_may_be_delivered_by_another_post():
    match = CARRIERS.recognise("LK473124829CN", "USPS")
    assert (match.name, match.certain, match.valid, match.country) == ("USPS", False, True, "CN")
    assert CARRIERS.recognise("EE123456785KR", "EMS").name == "Korea Post"


def test_a_parcel_of_a_partner_keeps_the_carrier_of_the_record():
    match = CARRIERS.recognise("9261290100130435082878", "FedEx SmartPost")
    assert match.name == "FedEx"


@given(st.text(string.ascii_uppercase + DIGITS, min_size=15, max_size=15))
def test_every_id_of_ups_passes_its_check_digit(body):
    tracking_id = ups_id(body)
    assert CARRIERS.recognise(tracking_id) == CarrierMatch("UPS", True, True, ("UPS",))
    wrong = tracking_id[:-1] + str((int(tracking_id[-1]) + 1) % 10)
    assert CARRIERS.recognise(wrong, "UPS") == CarrierMatch("UPS", True, False, ("UPS",))


@given(st.sampled_from("94 93 92 95".split()), digits(19))  # noqa: SIM905
def test_every_label_of_usps_passes_its_check_digit(prefix, body):
    number = prefix + body
    match = CARRIERS.recognise(number + str(gs1_check_digit(number)))
    assert (match.name, match.certain, match.valid) == ("USPS", True, True)


@given(digits(11))
def test_every_express_id_of_fedex_passes_its_check_digit(body):
    match = CARRIERS.recognise(fedex_id(body), "FedEx")
    assert (match.name, match.valid) == ("FedEx", True)
    assert CARRIERS.recognise(fedex_id(body)).name != "FedEx" or match.certain


@given(st.sampled_from("ELMRUVC"), letters(1), digits(8), st.sampled_from(sorted(CARRIERS.posts)))
def test_every_postal_id_names_its_country_and_passes_its_check_digit(kind, letter, serial, country):
    digit = s10_check_digit(serial)
    match = CARRIERS.recognise(f"{kind}{letter}{serial}{digit}{country}")
    assert match == CarrierMatch(CARRIERS.posts[country], True, True, (CARRIERS.posts[country],), country)
    wrong = CARRIERS.recognise(f"{kind}{letter}{serial}{(digit + 1) % 10}{country}")
    assert (wrong.name, wrong.certain, wrong.valid) == (CARRIERS.posts[country], False, False)


@pytest.mark.parametrize(
    ("serial", "digit"),
    [
        ("47312482", 9),
        ("12345678", 5),
        ("00000000", 5),
        ("00000006", 2),
        ("00000030", 6),
        ("00000002", 8),
        ("00000008", 0),
    ],
)
def test_the_check_digit_of_postal_ids_is_that_of_the_standard(serial, digit):
    """Weights 8 6 4 2 3 5 9 7; 11 less the rest of the sum modulo 11, where 10 becomes 0 and 11 becomes 5."""
    assert s10_check_digit(serial) == digit


def test_a_letter_where_the_check_digit_stands_is_a_wrong_one():
    assert CARRIERS.recognise("1Z999AA1012345678Z") == CarrierMatch("UPS", True, False, ("UPS",))


@given(digits(11))
def test_a_single_wrong_figure_of_yamato_is_found(body):
    number = body + str(mod7_check_digit(body))
    if not is_plausible(number):
        return
    assert CARRIERS.recognise(number, "ヤマト運輸").valid is True
    assert CARRIERS.recognise(body + str((int(number[-1]) + 1) % 7), "ヤマト運輸").valid is False


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_whatever_breaks_the_recognition(tracking_id, said):
    match = CARRIERS.recognise(tracking_id, said)
    assert not match.certain or match.name
    link = CARRIERS.link(match.name, tracking_id)
    assert link == "" or re.fullmatch(r"https://[\x21-\x7e]+", link)


@given(
    st.text(string.ascii_letters + DIGITS + " -/?&#%<>\"'\\", min_size=8, max_size=34),
    st.sampled_from(sorted(CARRIERS.table)),
)
def test_a_link_holds_the_id_and_nothing_else_of_the_writer(tracking_id, name):
    link = CARRIERS.link(name, tracking_id)
    template = CARRIERS.table[name].link
    plain = plain_tracking_id(tracking_id)
    assert link in ("", template.replace("{id}", plain))
    assert link == "" or plain.isalnum()


def test_the_carriers_of_the_mails_are_known_here_by_the_same_names():
    mails = [one for file in rule_files("correspondence*.toml") for one in file.data.get("carrier", [])]
    assert mails
    assert {one["name"]: CARRIERS.named(one["name"]) for one in mails} == {
        one["name"]: one["name"] for one in mails
    }


def test_links_are_those_of_the_carriers():
    assert (
        CARRIERS.link("UPS Ground", "1z 999aa10123456784")
        == "https://www.ups.com/track?tracknum=1Z999AA10123456784"
    )
    assert CARRIERS.link("Joe's Vans", "1Z999AA10123456784") == ""
    assert CARRIERS.link("UPS", "javascript:alert(1)") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "N/A",
        "see mail",
        "113-0196033-6384224",
        "00000000",
        "12345678",
        "ABCDEFGHIJ",
        "1.23E+11",
        "1.23456789E12",
        "x" * 200,
    ],
)
def test_what_cannot_be_a_tracking_id_is_not_taken_for_one(text):
    assert not is_plausible(text)


def test_a_code_of_the_tracking_service_is_given_for_a_certain_carrier_only():
    assert CARRIERS.track17_code("1Z999AA10123456784") == 100002
    assert CARRIERS.track17_code("986578788855") == 0
    assert CARRIERS.track17_code("986578788855", "FedEx") == 100003
    assert CARRIERS.track17_code("LK473124829CN", "China Post") == 0


def test_a_file_of_the_seller_replaces_a_carrier_and_adds_others():
    own = parse_toml(
        """
        [[carrier]]
        name = "UPS"
        called = ["Brown"]
        shapes = ['1ZX{16}']
        link = "https://track.example/{id}"
        [[carrier]]
        name = "Joe's Vans"
        shapes = ['\\J\\V9{8}']
        [s10]
        FI = "Suomen Posti"
        """,
        "own.toml",
    )
    carriers = load_carriers((*FILES, own))
    assert carriers.link("brown", "1Z999AA10123456784") == "https://track.example/1Z999AA10123456784"
    assert carriers.named("united parcel service") == ""
    assert carriers.recognise("JV12345678").name == "Joe's Vans"
    assert carriers.recognise("RR123456785FI").name == "Suomen Posti"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[carrier]]\nshapes = []", "own.toml:1"),
        ('[[carrier]]\nname = "A"\nshapes = ["12"]', "own.toml:3"),
        ('[[carrier]]\nname = "A"\nshapes = ["9{3,}x"]', "own.toml:3"),
        ('[[carrier]]\nname = "A"\nlink = "http://track.example/{id}"', "own.toml:3"),
        ('[[carrier]]\nname = "A"\nlink = "https://track.example/"', "own.toml:3"),
        ('[[carrier]]\nname = "A"\ntrack17 = "100002"', "own.toml:3"),
        ('[[carrier]]\nname = "A"\ncomplete = 1', "own.toml:3"),
        ('[[carrier]]\nname = "A"\ncalled = "B"', "own.toml:3"),
        ('[[carrier]]\nname = "A"\ns10 = ["Finland"]', "own.toml:3"),
        ('[[carrier]]\nname = "A"\nshapes = ["9{12}"]\ncheck = { "9{12}" = "mod97" }', "own.toml:4"),
        ('[[carrier]]\nname = "A"\nshapes = ["9{12}"]\ncheck = { "9{13}" = "mod7" }', "own.toml:4"),
        ('[[carrier]]\nname = "A"\nlinks = "x"', "own.toml:3"),
        ('[[carriers]]\nname = "A"', "own.toml:1"),
        ('carrier = "A"', "own.toml:1"),
        ("[s10]\nFIN = 'Posti'", "own.toml:2"),
        ("s10 = 3", "own.toml:1"),
    ],
)
def test_a_flaw_in_a_file_is_named_with_its_line_and_a_remedy(text, place):
    with pytest.raises(UserError) as refused:
        load_carriers((parse_toml(text, "own.toml"),))
    (problem,) = refused.value.problems
    assert str(problem).startswith(place)
    assert problem.remedy


def test_all_flaws_of_a_file_are_told_at_once():
    with pytest.raises(UserError) as refused:
        load_carriers((parse_toml('[[carrier]]\nname = "A"\npost = 1\nlink = 3\n[other]', "own.toml"),))
    assert len(refused.value.problems) == 3
