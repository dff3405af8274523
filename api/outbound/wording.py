"""The words of messages to customers, by language."""

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
    next_try: str
    no_next_try: str
    session: str
    starts_at: str
    participant: str
    by_consent: str
    sign_in: str
    not_asked: str
    shared_address: str
    ask_the_desk: str
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
            "top_up_sold": Opening(
                "Topped up at {business}: {package}",
                "Your units at {business} ran low. As agreed, your saved card was charged and a new package is yours.",
            ),
            "top_up_failed": Opening(
                "Not topped up at {business}: {package}",
                "Your units at {business} ran low, but your saved card could not be charged. Nothing was sold.",
            ),
            "session_reminder": Opening(
                "Your session at {business}", "We look forward to seeing you at {business}."
            ),
            "birthday": Opening("Happy birthday from {business}", "Happy birthday and all the best!"),
            "anniversary": Opening(
                "Happy anniversary from {business}", "Happy anniversary and all the best!"
            ),
            "sign_in": Opening("Your card at {business}", "You asked for a link to your card at {business}."),
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
        next_try="Next try",
        no_next_try="none: the automatic top-up has ended",
        session="Session",
        starts_at="Starts",
        participant="For",
        by_consent="You get this because you agreed to it. Tell us if you no longer want it.",
        sign_in="Your card",
        not_asked="The link works once, for {minutes} minutes. If you did not ask for it, you need do nothing.",
        shared_address="No link",
        ask_the_desk="Two cards have this e-mail address, so it opens neither. Ask the desk to put them right.",
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
            "top_up_sold": Opening(
                "Bérlet feltöltve – {business}: {package}",
                "Kevés alkalma maradt, ezért megállapodásunk szerint új bérletet kapott, és megterheltük a mentett"
                " bankkártyáját. ({business})",
            ),
            "top_up_failed": Opening(
                "A feltöltés nem sikerült – {business}: {package}",
                "Kevés alkalma maradt, de a mentett bankkártyáját nem sikerült megterhelni, ezért nem kapott új"
                " bérletet. ({business})",
            ),
            "session_reminder": Opening(
                "Közeleg az időpontja – {business}", "Szeretettel várjuk! ({business})"
            ),
            "birthday": Opening("Boldog születésnapot! – {business}", "Boldog születésnapot kívánunk!"),
            "anniversary": Opening("Boldog évfordulót! – {business}", "Boldog évfordulót kívánunk!"),
            "sign_in": Opening("Az Ön kártyája – {business}", "Hivatkozást kért a kártyájához. ({business})"),
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
        next_try="Következő próbálkozás",
        no_next_try="nincs: az automatikus feltöltés megszűnt",
        session="Alkalom",
        starts_at="Kezdés",
        participant="Résztvevő",
        by_consent="Ezt az üzenetet azért kapta, mert hozzájárult. Szóljon, ha már nem kéri.",
        sign_in="Az Ön kártyája",
        not_asked="A hivatkozás egyszer használható, {minutes} percig. Ha nem Ön kérte, nincs teendője.",
        shared_address="Nincs hivatkozás",
        ask_the_desk="Két kártyához is ez az e-mail-cím tartozik, így egyiket sem nyitja. Kérje a pultnál a javítást.",
        closing="{business}",
    ),
}
"""Language → its words."""
