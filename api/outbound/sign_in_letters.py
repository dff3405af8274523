"""The letter to a customer who asked for a link to their card."""

from collections.abc import Callable
from dataclasses import dataclass

from api.http.ledger_types import Carnet, StoredMessage
from api.http.pepper_secrets import secret_of
from api.http.sign_in_links import HOURS_OF_CUSTOMER, MINUTES_OF_LETTER, PURPOSE, SignIn, code_of, path_of
from api.outbound.letters import Letter, letter
from api.outbound.wording import WORDING
from domain.business.state import Business


@dataclass(frozen=True, slots=True)
class CardLinks:
    """Makes links to the cards of customers. `address`: of the installation, as people reach it."""

    carnet: Carnet
    address: str
    pepper: Callable[[], bytes]

    def to(self, message: StoredMessage, customer_id: str, now_ms: int) -> str:
        until_ms = now_ms + MINUTES_OF_LETTER * 60_000
        whom = SignIn(message.business_id, "customer", customer_id, until_ms, HOURS_OF_CUSTOMER)
        return self.address + path_of(code_of(secret_of(self.pepper(), PURPOSE), whom))


def sign_in_letter(language: str, business: Business, name: str, link: str) -> Letter:
    words = WORDING[language]
    told = (words.sign_in, link)
    return letter(
        "sign_in", language, business, name, [told], note=words.not_asked.format(minutes=MINUTES_OF_LETTER)
    )


def shared_address_letter(language: str, business: Business, name: str) -> Letter:
    """Two cards have the address, so that it opens neither: the letter names the desks that mend it."""
    words = WORDING[language]
    desks = [
        each.name if each.address is None else f"{each.name}, {each.address}"
        for each in business.locations.values()
        if each.open
    ]
    rows = [(words.shared_address, words.ask_the_desk), *((words.location, desk) for desk in desks)]
    return letter("sign_in", language, business, name, rows)
