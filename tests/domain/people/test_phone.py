"""Mobile numbers: every way of writing one leads to the same E.164, and no country is guessed."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.phone import e164, national
from domain.refusals import Invalid


@pytest.mark.covers("S129")
@pytest.mark.parametrize(
    ("mobile", "country_code"),
    [
        ("20 123 4567", "+36"),
        ("06 20 123 4567", "+36"),
        ("(20) 123-4567", "+36"),
        ("36201234567", "+36"),
        ("+36 20 123 4567", None),
        ("+36201234567", "+36"),
    ],
)
def test_however_it_is_written_a_number_is_stored_in_one_way(mobile: str, country_code: str | None) -> None:
    assert e164(mobile, country_code) == ("+36201234567", "+36")


@pytest.mark.parametrize(
    ("mobile", "country_code", "number"),
    [
        ("(212) 555-0123", "+1", "+12125550123"),
        ("07700 900123", "+44", "+447700900123"),
        ("347 123 4567", "+39", "+393471234567"),
        ("1234 5678", "+800", "+80012345678"),  # of no country
    ],
)
def test_each_country_has_its_own_way(mobile: str, country_code: str, number: str) -> None:
    assert e164(mobile, country_code) == (number, country_code)


@pytest.mark.parametrize(
    ("mobile", "country_code", "pointer", "problem"),
    [
        ("20 123 4567", None, "/mobile", "country-code-missing"),
        ("20 123", "+36", "/mobile", "not-a-number"),
        ("20 123 4567 8910 1112", "+36", "/mobile", "not-a-number"),
        ("0000", "+36", "/mobile", "not-a-number"),
        ("+999 20 123 4567", None, "/mobile", "not-a-number"),
        ("+1 555 0100", None, "/mobile", "not-a-number"),
        ("20 123 4567", "+999", "/country_code", "unknown-country-code"),
        ("+36 20 123 4567", "+49", "/country_code", "other-country-code"),
    ],
)
def test_what_cannot_be_a_number_is_refused_by_field(
    mobile: str, country_code: str | None, pointer: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        e164(mobile, country_code)
    assert (refusal.value.pointer, refusal.value.problem) == (pointer, problem)


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@given(st.sampled_from(REGIONS), st.integers(0, 10**9))
def test_a_stored_number_stays_what_it_is(region: str, drawn: int) -> None:
    """E.164 read again, whole or in its national part, is the same number; any country, any digits."""
    code = f"+{phonenumbers.country_code_for_region(region)}"
    try:
        number, own_code = e164(f"{code}{drawn}", None)
    except Invalid:
        return
    assert own_code == code
    assert e164(number, own_code) == (number, code)
    if phonenumbers.is_valid_number(phonenumbers.parse(number)):
        assert e164(number, None) == (number, code)
        assert code + national(number) == number


def test_the_national_part_of_a_number_from_before_is_the_number_itself() -> None:
    assert national("20 123 4567") == "20 123 4567"
