"""Names of time zones that a business may choose, and a mark of their rules."""

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.moments import TimeZone
from domain.zone_rules import ZONES, UnknownZone, mark, zone

CHOSEN = TypeAdapter(TimeZone)


@pytest.mark.parametrize("name", ["Europe/Budapest", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "UTC"])
def test_a_place_or_utc_is_chosen(name: str) -> None:
    assert CHOSEN.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "Factory",
        "posixrules",
        "posix/Europe/Budapest",
        "right/Europe/Budapest",
        "Etc/GMT+5",
        "Etc/UTC",
        "GMT",
        "EST",
        "EST5EDT",
        "europe/budapest",
        "EUROPE/BUDAPEST",
        "Europe",
        "Europe/",
        "Europe/Nowhere",
        "../etc/passwd",
        "",
    ],
)
def test_what_is_no_place_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="is not an IANA time zone of a place"):
        CHOSEN.validate_python(name)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../zone", "a\0b", "x" * 300])
def test_a_zone_that_this_machine_lacks_is_named(name: str) -> None:
    with pytest.raises(UnknownZone) as found:
        zone(name)
    assert repr(name) in str(found.value)


def test_a_mark_is_that_of_the_rules_and_not_of_the_name() -> None:
    assert mark("Europe/Vaduz") == mark("Europe/Zurich")
    assert mark("Europe/Budapest") != mark("Europe/Athens")
    places = [name for name in sorted(ZONES) if name.startswith("Africa/")][:10]
    assert all(len(mark(name)) == 8 for name in places)
