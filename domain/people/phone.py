"""Mobile numbers: written in many ways, stored in one (E.164), so that a message arrives.

    e164("06 20 123 4567", "+36")  →  ("+36201234567", "+36")

A number must have a length that its country allows. Number ranges are not checked: new ones are opened faster
than any table of them is renewed.
"""

from phonenumbers import (
    REGION_CODE_FOR_NON_GEO_ENTITY,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    national_significant_number,
    parse,
    region_code_for_country_code,
)

from domain.refusals import Invalid

UNKNOWN_REGION = "ZZ"
"""The region that phonenumbers gives to a code of no country."""
_WRONG = {
    ValidationResult.TOO_SHORT: "is too short for a number of its country",
    ValidationResult.TOO_LONG: "is too long for a number of its country",
    ValidationResult.INVALID_LENGTH: "has not the length of a number of its country",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "is a local number: it lacks its area code",
    ValidationResult.INVALID_COUNTRY_CODE: "begins with no known country code",
}


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
