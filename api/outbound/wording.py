"""The words of e-mails to customers, by language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.messages.asked import MessageKind


@dataclass(frozen=True, slots=True)
class Opening:
    """The first lines of one kind of message; `{business}` and `{package}` are put in."""

    subject: str
    first: str


@dataclass(frozen=True, slots=True)
class Wording:
    """All words of one language. `{…}` are put in."""

    greeting: str
    opening: Mapping[MessageKind, Opening]
    package: str
    number: str
    units: str
    price: str
    paid: str
    owing: str
    refunded: str
    purchased_on: str
    valid_until: str
    never_ends: str
    from_first_use: str
    location: str
    terms: str
    left: str
    booked: str
    last_day: str
    closing: str


WORDING: Final[Mapping[str, Wording]] = {
    "en": Wording(
        greeting="Dear {name},",
        opening={
            "package_purchased": Opening(
                "Your package at {business}: {package}", "Thank you for your purchase at {business}."
            ),
            "package_cancelled": Opening(
                "Cancelled at {business}: {package}", "Your package at {business} was cancelled."
            ),
            "package_voided": Opening(
                "Purchase undone at {business}: {package}",
                "The purchase that we confirmed to you was a mistake, and {business} has undone it.",
            ),
            "expiry_reminder": Opening(
                "Ends soon at {business}: {package}", "Your package at {business} ends soon."
            ),
        },
        package="Package",
        number="No. {number}",
        units="{quantity} ×",
        price="Price",
        paid="Paid",
        owing="Still to pay",
        refunded="Refunded",
        purchased_on="Bought on",
        valid_until="Valid until",
        never_ends="no end date",
        from_first_use="counts from the first use",
        location="Location",
        terms="Cancelling a booking",
        left="Left",
        booked="{quantity} of them booked",
        last_day="Last valid day",
        closing="{business}",
    ),
    "hu": Wording(
        greeting="Kedves {name}!",
        opening={
            "package_purchased": Opening(
                "Az Ön bérlete – {business}: {package}", "Köszönjük a vásárlást! ({business})"
            ),
            "package_cancelled": Opening(
                "Bérlet törölve – {business}: {package}", "Az Ön bérletét töröltük. ({business})"
            ),
            "package_voided": Opening(
                "Vásárlás visszavonva – {business}: {package}",
                "A visszaigazolt vásárlás tévedés volt, ezért visszavontuk. ({business})",
            ),
            "expiry_reminder": Opening(
                "Hamarosan lejár – {business}: {package}", "Az Ön bérlete hamarosan lejár. ({business})"
            ),
        },
        package="Bérlet",
        number="{number}. számú",
        units="{quantity} ×",
        price="Ár",
        paid="Fizetve",
        owing="Fizetendő",
        refunded="Visszatérítve",
        purchased_on="Vásárlás napja",
        valid_until="Érvényes",
        never_ends="nem jár le",
        from_first_use="az első alkalomtól számít",
        location="Helyszín",
        terms="Foglalás lemondása",
        left="Még felhasználható",
        booked="ebből foglalva: {quantity}",
        last_day="Utolsó érvényes nap",
        closing="{business}",
    ),
}
"""Language → its words."""
