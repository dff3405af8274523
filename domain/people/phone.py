"""Mobile numbers: written in many ways, stored in one (E.164), so that a message arrives.

    e164("06 20 123 4567", "+36")           ("+36201234567", "+36")
    as_dialled("tel:+36\u00a020\u2011123")    "+36 20-123"

A number must have a length that its country allows. Number ranges are not checked: new ones are opened faster
than any table of them is renewed.

The table of countries (phonenumbers) is imported with the first number, as most commands meet none.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

from domain.refusals import Invalid
from domain.text import without_unseen

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

UNKNOWN_REGION = "ZZ"
"""The region that phonenumbers gives to a code of no country."""
SEVERAL_COUNTRIES = "001"
"""The region that phonenumbers gives to a code of no single country, such as that of satellite phones."""
_WRONG = {
    "TOO_SHORT": "is too short for a number of its country",
    "TOO_LONG": "is too long for a number of its country",
    "INVALID_LENGTH": "has not the length of a number of its country",
    "IS_POSSIBLE_LOCAL_ONLY": "is a local number: it lacks its area code",
    "INVALID_COUNTRY_CODE": "begins with no known country code",
}


_SCHEME = re.compile(r"^tel:", re.IGNORECASE)
_PLAIN = {"\u2212": "-", "\u2044": "/", "\u2215": "/", "\u00b7": ".", "\u2024": "."}
"""Signs that look like those of a number, beside what Unicode calls a dash."""


def as_dialled(text: str) -> str:
    """A number as telephones paste it, in plain characters: ASCII digits, spaces, `+`, `-`, `(`, `)`, `.`, `/`.

    Marks of direction and other characters that nobody sees are left out, and so is `tel:`. What is no sign of a
    number stays as it is.
    """
    wide = unicodedata.normalize("NFKC", without_unseen(text))
    return _SCHEME.sub("", "".join(map(_plain, wide)).strip()).strip()


def _plain(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    if letter.isspace():
        return " "
    return "-" if unicodedata.category(letter) == "Pd" else _PLAIN.get(letter, letter)


def without_trunk_prefix(digits: str) -> str:
    """The digits behind a `+`, without the 0 that is dialled only at home, or a part of such a prefix at the end.

    Countries that keep the 0 abroad keep it, such as Italy.
    """
    from phonenumbers import ndd_prefix_for_region, region_code_for_country_code

    for size in (1, 2, 3):
        region = region_code_for_country_code(int(digits[:size] or 0))
        if region not in (UNKNOWN_REGION, SEVERAL_COUNTRIES):
            code, rest = digits[:size], digits[size:]
            prefix = ndd_prefix_for_region(region, True) or ""
            if prefix.startswith("0") and (rest.startswith(prefix) or prefix.startswith(rest)):
                return code + rest[len(prefix) :]
            return digits
    return digits


def e164(mobile: str, country_code: str | None) -> tuple[str, str]:
    """The number as `+36201234567`, and its country code.

    `mobile` is a national number with its country code beside it, or begins with + and its code. Raises
    Invalid at /mobile or /country_code; no country is ever guessed.
    """
    from phonenumbers import PhoneNumberFormat, format_number

    if mobile.startswith("+"):
        number = _parsed(mobile, None)
        if country_code not in (None, _code(number)):
            message = f"is not the code that the mobile number begins with, {_code(number)}"
            raise Invalid("/country_code", "other-country-code", message)
    elif country_code is None:
        message = "needs a country_code beside it, or must begin with + and the country's code"
        raise Invalid("/mobile", "country-code-missing", message)
    else:
        number = _nationally_parsed(mobile, country_code)
    if (wrong := _wrong(number)) is not None:
        raise Invalid("/mobile", "not-a-number", wrong)
    return format_number(number, PhoneNumberFormat.E164), _code(number)


def national(mobile: str) -> str:
    """A stored number without its country code; one from before numbers were checked stays as it is."""
    if not mobile.startswith("+"):
        return mobile
    from phonenumbers import national_significant_number

    return national_significant_number(_parsed(mobile, None))


def _wrong(number: "PhoneNumber") -> str | None:
    """What is wrong with its length or its code; None where nothing is."""
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    found = is_possible_number_with_reason(number)
    return next((told for name, told in _WRONG.items() if getattr(ValidationResult, name) == found), None)


def _parsed(mobile: str, region: str | None) -> "PhoneNumber":
    from phonenumbers import NumberParseException, parse

    try:
        return parse(mobile, region)
    except NumberParseException as error:
        raise Invalid("/mobile", "not-a-number", "is not a telephone number of any known country") from error


def _nationally_parsed(mobile: str, country_code: str) -> "PhoneNumber":
    from phonenumbers import region_code_for_country_code

    region = region_code_for_country_code(int(country_code.removeprefix("+")))
    if region == UNKNOWN_REGION:
        raise Invalid("/country_code", "unknown-country-code", "is the code of no country")
    if region == SEVERAL_COUNTRIES:  # such as satellite phones: they have no national form
        return _parsed(country_code + mobile, None)
    return _parsed(mobile, region)


def _code(number: "PhoneNumber") -> str:
    return f"+{number.country_code}"
