"""How a page speaks: money, days and plural forms by a locale, and texts from its catalogue.

A text in the templates is English, and the key of its translation in one of `catalogues/<language>/*.po`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from api.http.locales import amount_of, locale_of, money, number, rate, tenths, typed_amount

LANGUAGES = ("en", "hu")
ACCEPTED_MAX = 400
"""Characters of `Accept-Language` that are read."""
WEIGHED = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?(?:\s*;\s*q=([01](?:\.\d{0,3})?))?")
"""A language of `Accept-Language`, and its weight."""


def catalogue(language: str) -> Catalog:
    """All texts of a language, of which each stands in one file. Raises ValueError for a text that stands in two."""
    whole = Catalog(locale=language)
    for file in sorted(_files(language), key=lambda each: each.name):
        for message in read_po(BytesIO(file.read_bytes()), locale=language):
            if not message.id:
                continue
            if whole.get(message.id, message.context) is not None:
                raise ValueError(f"{file.name}: {message.id} is translated twice")
            whole[message.id] = message
    return whole


def _files(language: str) -> Iterable[Traversable]:
    return files(__package__).joinpath("catalogues", language).iterdir()


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; English, whose texts stand in the templates, where there is none."""
    if language not in LANGUAGES or language == "en":
        return NullTranslations()
    made = BytesIO()
    write_mo(made, catalogue(language))
    made.seek(0)
    return Translations(made)


def preferred(accepted: str) -> str:
    """The language of the texts that `Accept-Language` prefers (RFC 9110, section 12.5.4); English without one.

    preferred("de, hu;q=0.9, en;q=0.8")    hu
    """
    asked = [WEIGHED.fullmatch(each.strip()) for each in accepted[:ACCEPTED_MAX].split(",")]
    known = [
        (each[1].lower(), float(each[2] or 1)) for each in asked if each and each[1].lower() in LANGUAGES
    ]
    language, weight = max(known, key=lambda each: each[1], default=("en", 0.0))
    return language if weight else "en"


@dataclass(frozen=True, slots=True)
class Speech:
    """Words, amounts and days of one locale, and the clock of one zone."""

    locale: Locale
    time_zone: str

    @classmethod
    def of(cls, locale: str, time_zone: str) -> "Speech":
        return cls(locale_of(locale), time_zone)

    @classmethod
    def of_browser(cls, accepted: str | None) -> "Speech":
        """That of somebody unknown, from what their browser sends as `Accept-Language`; on the clock of UTC."""
        return cls.of(preferred(accepted or ""), "UTC")

    @property
    def language(self) -> str:
        """That of the texts: English where the locale has no catalogue."""
        return self.locale.language if self.locale.language in LANGUAGES else "en"

    def money(self, amount: Mapping[str, Any]) -> str:
        """`{amount, currency}` as the API has it."""
        return money(amount["amount"], amount["currency"], self.locale)

    def typed_amount(self, amount: Mapping[str, Any]) -> str:
        """`{amount, currency}` as it stands in a field."""
        return typed_amount(amount["amount"], amount["currency"], self.locale)

    def amount_of(self, typed: str, currency: str) -> int | str:
        """The minor units of an amount that was typed; what is none as it is, for the API to refuse."""
        found = amount_of(typed, currency, self.locale)
        return typed if found is None else found

    def number(self, of: int) -> str:
        return number(of, self.locale)

    def tenths(self, of: float) -> str:
        """0.4, with the sign for decimals of the locale."""
        return tenths(of, self.locale)

    def rate(self, basis_points: int) -> str:
        """A tax rate as the API has it: 2700 as 27%."""
        return rate(basis_points, self.locale)

    def day(self, text: str, form: str = "long") -> str:
        """A day as the API has it: 2026-10-03."""
        return format_date(date.fromisoformat(text), form, self.locale)

    def day_typed(self, text: str) -> str:
        """A day out of an address, where anything may stand; that itself where it is no day."""
        try:
            return self.day(text)
        except ValueError:
            return text

    def weekday(self, text: str) -> str:
        """A day with its weekday: Sat, Oct 3, 2026."""
        return format_skeleton("yMMMEd", date.fromisoformat(text), locale=self.locale)

    def short_day(self, text: str) -> str:
        """Without its year, in the order of the locale: Oct 3."""
        return format_skeleton("MMMd", date.fromisoformat(text[:10]), locale=self.locale)

    def moment(self, text: str) -> str:
        """A moment as the API has it, on the clock of the zone: Oct 3, 2026, 8:00 AM."""
        there = datetime.fromisoformat(text).astimezone(ZoneInfo(self.time_zone))
        return f"{format_date(there.date(), 'medium', self.locale)}, {self.clock(f'{there:%H:%M}')}"

    def when(self, text: str) -> str:
        """A moment that was told; the day alone where it is the first of its day, as a day without a time is kept."""
        there = datetime.fromisoformat(text).astimezone(ZoneInfo(self.time_zone))
        return self.day_of(text) if f"{there:%H:%M:%S}" == "00:00:00" else self.moment(text)

    def day_of(self, text: str) -> str:
        """The day of a moment as the API has it, on the clock of the zone: Oct 3, 2026."""
        there = datetime.fromisoformat(text).astimezone(ZoneInfo(self.time_zone))
        return format_date(there.date(), "medium", self.locale)

    def span(self, seconds: int) -> str:
        """How long, in the largest unit of which it has two: 2 days, 6 weeks."""
        return format_timedelta(timedelta(seconds=seconds), threshold=2, locale=self.locale)

    def clock(self, text: str) -> str:
        """A local time as the API has it, as people of the locale write it: 08:00 is 8:00 AM."""
        return format_time(datetime.fromisoformat(f"2000-01-01T{text}"), "short", locale=self.locale)
