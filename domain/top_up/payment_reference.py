"""The reference of a saved card: an opaque text of the payment system, and never the number of a card.

PaymentMethodRef   "pm_1Q0x…"              as it is
                   "4111 1111 1111 1111"   ValueError: looks like the number of a card; …
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from domain.values import Name, Reference

_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[ ./_-]?[0-9]){11,18}(?![0-9])")
"""12 to 19 digits, as cards have (ISO/IEC 7812), alone or in groups."""


def _not_a_card(text: str) -> str:
    """Raises ValueError for a text that holds the number of a card."""
    if any(is_card_number(found[0]) for found in _NUMBER.finditer(text)):
        raise ValueError(
            "looks like the number of a card; send the reference that the payment system keeps it under"
        )
    return text


def is_card_number(text: str) -> bool:
    """Whether the digits end in the check digit that card numbers have (Luhn, ISO/IEC 7812-1)."""
    digits = [int(each) for each in text if each.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


PaymentMethodRef = Annotated[Name, StringConstraints(max_length=100), AfterValidator(_not_a_card)]
"""As facts hold it."""
GivenPaymentMethodRef = Annotated[Reference, AfterValidator(_not_a_card)]
"""As requests give it."""
