"""Mobile numbers: written in many ways, stored in one (E.164), so that a message arrives.

    e164("06 20 123 4567", "+36")           ("+36201234567", "+36")
    as_dialled("tel:+36\u00a020\u2011123")    "+36 20-123"

A number must have a length that its country allows. Number ranges are not checked: new ones are opened faster
than any table of them is renewed.
"""

import re
import unicodedata

from phonenumbers import (
    REGION_CODE_FOR_NON_GEO_ENTITY,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    national_significant_number,
    ndd_prefix_for_region,
    parse,
    region_code_for_country_code,
)

from domain.refusals import Invalid
from domain.text import without_unseen

UNKNOWN_REGION = "ZZ"
"""The region that phonenumbers gives to a code of no country."""
_WRONG = {
    ValidationResult.TOO_SHORT: "is too short for a number of its country",
    ValidationResult.TOO_LONG: "is too long for a number of its country",
    ValidationResult.INVALID_LENGTH: "has not the length of a number of its country",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "is a local number: it lacks its area code",
    ValidationResult.INVALID_COUNTRY_CODE: "begins with no known country code",
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
    for size in (1, 2, 3):
        region = region_code_for_country_code(int(digits[:size] or 0))
        if region not in (UNKNOWN_REGION, REGION_CODE_FOR_NON_GEO_ENTITY):
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
    wrong = _WRONG.get(is_possible_number_with_reason(number))
    if wrong is not None:
        raise Invalid("/mobile", "not-a-number", wrong)
    return format_number(number, PhoneNumberFormat.E164), _code(number)


def national(mobile: str) -> str:
    """A stored number without its country code; one from before numbers were checked stays as it is."""
    if not mobile.startswith("+"):
        return mobile
    return national_significant_number(_parsed(mobile, None))


def _parsed(mobile: str, region: str | None) -> PhoneNumber:
    try:
        return parse(mobile, region)
    except NumberParseException as error:
        raise Invalid("/mobile", "not-a-number", "is not a telephone number of any known country") from error


def _nationally_parsed(mobile: str, country_code: str) -> PhoneNumber:
    region = region_code_for_country_code(int(country_code.removeprefix("+")))
    if region == UNKNOWN_REGION:
        raise Invalid("/country_code", "unknown-country-code", "is the code of no country")
    if region == REGION_CODE_FOR_NON_GEO_ENTITY:  # such as satellite phones: they have no national form
        return _parsed(country_code + mobile, None)
    return _parsed(mobile, region)


def _code(number: PhoneNumber) -> str:
    return f"+{number.country_code}"
