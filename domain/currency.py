"""The currencies of ISO 4217 that are money now, and how many digits of their minor unit each has.

    MINOR_DIGITS["EUR"]    2        1250 is 12.50
    MINOR_DIGITS["HUF"]    2        500000 is 5,000.00, though nobody mints a fillér
    MINOR_DIGITS["JPY"]    0
    MINOR_DIGITS["KWD"]    3

The list is that of 1 January 2026, funds included. Codes that are retired (DEM), a metal (XAU), a unit of account
(XDR), for tests (XTS) or no currency at all (XXX) are not in it. It stands here, not in a library for languages: such a
library has the digits that people show, and other ones in its next version, while an amount in the books means the
same for ever. A code is added when ISO 4217 adds it, and never removed: books may have been opened with it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

_CODES: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF"
        " CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL"
        " HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU"
        " MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR"
        " SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED"
        " VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

MINOR_DIGITS: Final[Mapping[str, int]] = {
    code: digits for digits, codes in _CODES.items() for code in codes.split()
}
"""Code → digits behind the decimal point."""


def in_use(code: str) -> str:
    """The code, if it is money now. Raises ValueError."""
    if code not in MINOR_DIGITS:
        raise ValueError(f"{code} is not an ISO 4217 currency in use")
    return code


def major(amount: int, code: str) -> Decimal:
    """Minor units as an amount of the currency, with all digits of its minor unit. Raises KeyError for no money."""
    return Decimal(amount).scaleb(-MINOR_DIGITS[code])
