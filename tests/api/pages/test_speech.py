"""Days and moments are written in the order of the locale."""

import pytest

from api.pages.speech import Speech, preferred


@pytest.mark.parametrize(
    ("locale", "short", "moment"),
    [
        ("en-US", "Oct 3", "Oct 3, 2026, 8:00\u202fAM"),
        ("en-GB", "3 Oct", "3 Oct 2026, 08:00"),
        ("hu-HU", "okt. 3.", "2026. okt. 3., 8:00"),
        ("ja-JP", "10月3日", "2026/10/03, 8:00"),
    ],
)
def test_a_day_stands_in_the_order_of_its_locale(locale: str, short: str, moment: str) -> None:
    speech = Speech.of(locale, "Europe/Budapest")
    assert speech.short_day("2026-10-03") == short
    assert speech.moment("2026-10-03T06:00:00.000Z") == moment
    assert (speech.weekday("2026-10-03") == "Sat, Oct 3, 2026") is (locale == "en-US")


@pytest.mark.parametrize(("locale", "shown"), [("en", "1,234.5"), ("hu-HU", "1\N{NO-BREAK SPACE}234,5")])
def test_decimals_have_the_sign_of_their_locale(locale: str, shown: str) -> None:
    assert Speech.of(locale, "UTC").tenths(1234.49) == shown


def test_a_day_without_a_time_shows_none() -> None:
    speech = Speech.of("en-GB", "Europe/Budapest")
    assert speech.when("2026-10-02T22:00:00.000Z") == "3 Oct 2026"
    assert speech.when("2026-10-02T22:00:01.000Z") == "3 Oct 2026, 00:00"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("hu", "hu"),
        ("hu-HU,hu;q=0.9,en-US;q=0.8,en;q=0.7", "hu"),
        ("de, en;q=0.5, hu;q=0.9", "hu"),
        ("de-AT, fr", "en"),
        ("en, hu", "en"),
        ("HU;q=0", "en"),
        ("*;q=1, ;;, hu;q=x, \xff", "en"),
    ],
)
def test_who_is_not_known_is_spoken_to_in_the_language_that_their_browser_prefers(
    accepted: str, language: str
) -> None:
    assert preferred(accepted) == language
    assert Speech.of_browser(accepted).language == language
