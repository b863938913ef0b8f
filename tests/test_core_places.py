"""Two spellings of one town are one place; two towns never are, however alike their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.core.model import Destination
from inbox_bot.core.places import PlaceMatch, compare_places, same_place


def town(name: str) -> Destination:
    return Destination(city=name)


def code(written: str) -> Destination:
    return Destination(postal_code=written)


SAME_TOWN = [
    ("Austin", "AUSTIN"),
    ("Austin, ", "austin"),
    ("St. Louis", "Saint Louis"),
    ("Ste Genevieve", "Sainte Genevieve"),
    ("Mt Vernon", "Mount Vernon"),
    ("FT. WORTH", "Fort Worth"),
    ("N. Hollywood", "North Hollywood"),
    ("W HOLLYWOOD", "West Hollywood"),
    ("Sterling Hts", "Sterling Heights"),
    ("Colorado Spgs", "Colorado Springs"),
    ("Coeur d’Alene", "COEUR D'ALENE"),
    ("O'Fallon", "OFallon"),
    ("Winston-Salem", "Winston Salem"),
    ("New York City", "NEW YORK"),
    ("City of London", "London"),
    ("München", "MUENCHEN"),
    ("München", "Munchen"),
    ("München", "Munich"),
    ("Köln", "Cologne"),
    ("Frankfurt am Main", "Frankfurt a. Main"),
    ("Groß-Gerau", "GROSS GERAU"),
    ("Saint-Étienne", "St Etienne"),
    ("A Coruña", "A CORUNA"),
    ("Łódź", "Lodz"),
    ("Ålborg", "Aalborg"),
    ("Malmö", "Malmo"),
    ("İstanbul", "istanbul"),
    ("Lange Straße", "Lange Str."),
    ("Hauptstraße", "Hauptstrasse"),
    ("東京都", "東京"),
    ("東京", "Tokyo"),
    ("札幌市", "Sapporo-shi"),
    ("广州市", "廣州"),
    ("北京市", "Beijing"),
    ("Ａｕｓｔｉｎ", "Austin"),
]
OTHER_TOWN = [
    ("Springfield", "Springfield Gardens"),
    ("Kansas", "Kansas City"),
    ("Jersey", "Jersey City"),
    ("Salt Lake", "Salt Lake City"),
    ("New York", "New York Mills"),
    ("Paris", "Parish"),
    ("St Paul", "St Pauls"),
    ("Newport", "Newport News"),
    ("Mount Vernon", "Vernon"),
    ("Fort Wayne", "Wayne"),
    ("North Bend", "South Bend"),
    ("Portland", "Port Land Springs"),
    ("横浜市", "横須賀市"),
    ("Frankfurt am Main", "Frankfurt (Oder)"),
]
SAME_CODE = [
    ("78701", "78701-1234"),
    ("78701", "787011234"),
    ("02134", "2134"),
    ("SW1A 1AA", "sw1a1aa"),
    ("SW1A 1AA", "SW1A"),
    ("M5V 3L9", "m5v-3l9"),
    ("M5V 3L9", "M5V"),
    ("100-0001", "1000001"),
    ("〒100-0001", "100-0001"),
    ("１００－０００１", "100-0001"),
    ("D-10115", "10115"),
    ("F-75001", "75001"),
    ("NL-1011 AB", "1011AB"),
    ("01310-100", "01310100"),
]
OTHER_CODE = [
    ("78701", "78702"),
    ("78701-1234", "78702-1234"),
    ("SW1A 1AA", "SW1A 2AA"),
    ("SW1A 1AA", "SW1"),
    ("E1 6AN", "E16 1AN"),
    ("100-0001", "100-0002"),
    ("2134", "21340"),
    ("1011 AB", "1011 AC"),
]


@pytest.mark.parametrize(("one", "other"), SAME_TOWN)
def test_one_town_is_known_under_all_its_spellings(one, other):
    assert compare_places(town(one), town(other)) is PlaceMatch.CITY
    assert compare_places(town(other), town(one)) is PlaceMatch.CITY


@pytest.mark.parametrize(("one", "other"), OTHER_TOWN)
def test_two_towns_are_never_one_because_their_names_begin_or_end_alike(one, other):
    assert same_place(town(one), town(other)) is False
    assert same_place(town(other), town(one)) is False


@pytest.mark.parametrize(("one", "other"), SAME_CODE)
def test_one_postal_code_is_known_however_it_is_written(one, other):
    assert compare_places(code(one), code(other)) is PlaceMatch.POSTAL_CODE
    assert compare_places(code(other), code(one)) is PlaceMatch.POSTAL_CODE


@pytest.mark.parametrize(("one", "other"), OTHER_CODE)
def test_two_postal_codes_are_two_places(one, other):
    assert same_place(code(one), code(other)) is False
    assert same_place(code(other), code(one)) is False


def test_two_extensions_of_one_zip_are_two_streets_of_one_town():
    assert same_place(code("78701-1234"), code("78701-5678")) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Destination(country="US"), Destination(country="US")),
        (Destination(city="United States"), Destination(city="United States")),
        (Destination(city="US"), Destination(city="Austin")),
        (Destination(city="TX"), Destination(city="TX")),
        (Destination(city="TX"), Destination(city="Austin")),
        (Destination(city="日本"), Destination(city="日本")),
        (Destination(state="TX"), Destination(city="Austin", state="TX")),
        (Destination(city="Austin"), Destination(postal_code="78701")),
        (Destination(postal_code="787**"), Destination(postal_code="78701")),
        (Destination(city="***"), Destination(city="Austin")),
        (Destination(), Destination(city="Austin", postal_code="78701")),
    ],
)
def test_a_country_a_state_or_a_masked_place_is_no_town(one, other):
    assert compare_places(one, other) is PlaceMatch.NOT_KNOWN


AUSTIN = Destination(city="Austin", state="TX", postal_code="78701", country="US")


@pytest.mark.parametrize(
    ("went", "match"),
    [
        (AUSTIN, PlaceMatch.BOTH),
        (Destination(city="Austin"), PlaceMatch.CITY),
        (Destination(city="Austin", state="Texas"), PlaceMatch.CITY),
        (Destination(city="Austin", postal_code="78745"), PlaceMatch.CITY),  # a depot of the same town
        (Destination(city="Round Rock", postal_code="78701"), PlaceMatch.POSTAL_CODE),  # a depot's town
        (Destination(city="Austin", state="MN"), PlaceMatch.DIFFERENT),
        (Destination(city="Austin", postal_code="55912"), PlaceMatch.DIFFERENT),
        (Destination(city="Austin", country="GB"), PlaceMatch.DIFFERENT),
        (Destination(city="Austin", state="TX", postal_code="78701", country="DE"), PlaceMatch.DIFFERENT),
        (Destination(city="Dallas", state="TX", postal_code="75201"), PlaceMatch.DIFFERENT),
    ],
)
def test_the_match_says_how_much_of_the_place_it_is(went, match):
    assert compare_places(went, AUSTIN) is match


def test_a_territory_and_the_kingdoms_islands_belong_to_their_country():
    assert same_place(Destination(city="San Juan", country="PR"), Destination(city="San Juan", country="US"))
    assert same_place(Destination(city="Douglas", country="IM"), Destination(city="Douglas", country="UK"))


PLACES = st.builds(
    Destination,
    city=st.sampled_from([name for pair in SAME_TOWN + OTHER_TOWN for name in pair]) | st.text(max_size=12),
    state=st.sampled_from(["", "TX", "Texas", "MO", "xx"]),
    postal_code=st.sampled_from([one for pair in SAME_CODE + OTHER_CODE for one in pair])
    | st.text(max_size=9),
    country=st.sampled_from(["", "US", "us", "PR", "GB", "UK", "DE"]),
)


@given(PLACES, PLACES)
def test_whoever_is_asked_first_the_answer_is_the_same(one, other):
    assert compare_places(one, other) is compare_places(other, one)


@given(PLACES)
def test_a_place_is_itself_or_does_not_say_where_it_is(place):
    assert same_place(place, place) in (True, None)


@given(
    st.sampled_from(SAME_TOWN), st.sampled_from(["upper", "lower", "title"]), st.sampled_from(["", " ", ", "])
)
def test_case_and_stray_punctuation_never_make_two_towns_of_one(pair, case, end):
    one, other = pair
    assert same_place(town(getattr(one, case)() + end), town(other)) is True
