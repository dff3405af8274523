"""Commands on packages: selling, correcting, expiry, freezing, price, sharing, notes.

Each answers the new card, so that a client never has to read after writing. Payments, redemptions and endings have
modules of their own.
"""

from typing import Annotated, Any

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId, NewMoment
from api.http.parsing import EmptyBody, Price
from api.http.permissions import DESK, MANAGERS
from api.http.problems import Flaw, invalid
from api.resources.packages.bodies import SaleBody
from api.resources.packages.card import PackageCard, in_books, owners
from api.resources.payments.commands import money, new_payment
from api.resources.texts import wording, wording_or_none
from domain.business.reasons import ReasonCodeName
from domain.catalogue.facts import Sharing
from domain.decision import Decision, UseCase
from domain.moments import Day
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    ChangeLocations,
    ChangeSharing,
    CorrectLine,
    FreezePackage,
    OnPackage,
    SellPackage,
    SetExpiry,
    UnfreezePackage,
)
from domain.people.facts import PARTICIPANTS_MAX
from domain.use_cases.add_note import ADD_NOTE
from domain.use_cases.adjust_price import ADJUST_PRICE
from domain.use_cases.change_locations import CHANGE_LOCATIONS
from domain.use_cases.change_sharing import CHANGE_SHARING
from domain.use_cases.correct_line import CORRECT_LINE
from domain.use_cases.freeze_package import FREEZE_PACKAGE
from domain.use_cases.sell_package import SELL_PACKAGE
from domain.use_cases.set_expiry import SET_EXPIRY
from domain.use_cases.unfreeze_package import UNFREEZE_PACKAGE
from domain.values import UNITS_PER_LINE_MAX, LineNumber, LocationId, LongText, ParticipantId, Value
from projections.engine.definition import Row


class SoldPackage(PackageCard):
    id: NewId
    recorded_at: NewMoment
    payment_id: str | None
    """The payment that came with the sale."""


@command(
    "/v1/packages",
    "packages.sell",
    "Sell a package",
    roles=DESK,
    body=SaleBody,
    answer=SoldPackage,
    location="/v1/packages/{id}",
    codes=(
        "not-found",
        "customer-blocked",
        "customer-inactive",
        "offer-retired",
        "overpayment",
        "limit-reached",
        "id-taken",
        "duplicate-external-ref",
        "effective-at-out-of-range",
        "back-dating-not-allowed",
    ),
)
def sell_package(call: Command[SaleBody]) -> CommandRequest:
    """Sell from an offer, or a custom package with its own name, lines and price. A payment may come with the
    sale. Without `expires_on` the rule of the offer decides.
    """
    body, package_id = call.body, call.new("pkg", call.body.id)
    _check_offer_or_custom(body)
    payment = None if body.payment is None else new_payment(call, body.payment, "/payment")
    payment_id = None if payment is None else payment.payment_id

    def answer(books: Books, _: Decision) -> Row:
        return in_books(books, package_id, call) | {"payment_id": payment_id}

    asked = SellPackage(
        package_id=package_id,
        customer_id=body.customer_id,
        offer_id=body.offer_id,
        name=body.name,
        lines=body.lines,
        price=None if body.price is None else money(call, body.price, "/price"),
        expires_on=body.expires_on if "expires_on" in body.model_fields_set else "by rule",
        effective_at=body.effective_at,
        payment=payment,
        beneficiaries=body.beneficiaries,
        purchased_by=body.purchased_by,
        location_id=body.location_id,
        note=wording_or_none(call, body.note),
        external_ref=body.external_ref,
    )
    return CommandRequest(SELL_PACKAGE, asked, answer, shows=owners)


def _check_offer_or_custom(body: SaleBody) -> None:
    """Raises validation-failed: an offer has its own name and lines, a custom package needs its own."""
    if body.offer_id is not None:
        own = [name for name in ("name", "lines") if getattr(body, name) is not None]
        flaws = [Flaw(f"/{name}", "not-with-an-offer", "the offer says it") for name in own]
    else:
        absent = [name for name in ("name", "lines", "price") if getattr(body, name) is None]
        detail = "a package without an offer_id needs it"
        flaws = [Flaw(f"/{name}", "missing", detail) for name in absent]
    if flaws:
        raise invalid(flaws)


def changing(call: Command[Any], use_case: UseCase[Any], asked: OnPackage) -> CommandRequest:
    """A command on the package of the path, answered with its card."""
    package_id = call.id("package_id")
    return CommandRequest(use_case, asked, lambda books, _: in_books(books, package_id, call), shows=owners)


class CorrectionBody(Value):
    line: LineNumber
    """From 1."""
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    """Units given back (+) or taken (-); not 0."""
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/packages/{package_id}/corrections",
    "packages.correct",
    "Correct the units of a line",
    roles=MANAGERS,
    body=CorrectionBody,
    answer=PackageCard,
    codes=("insufficient-units", "package-cancelled", "limit-reached"),
)
def correct_package(call: Command[CorrectionBody]) -> CommandRequest:
    """Give units (+) or take them (-) where the books were wrong. More than is available cannot be taken."""
    body, reason = call.body, wording_or_none(call, call.body.reason)
    id = call.id("package_id")
    return changing(
        call,
        CORRECT_LINE,
        CorrectLine(
            package_id=id, line=body.line, change=body.change, reason=reason, reason_code=body.reason_code
        ),
    )


class ExpiryBody(Value):
    expires_on: Day | None
    """The last valid day; null: it never expires."""
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/packages/{package_id}/expiry",
    "packages.set_expiry",
    "Change or remove the expiry",
    roles=MANAGERS,
    body=ExpiryBody,
    answer=PackageCard,
    codes=("package-cancelled", "package-expired"),
)
def set_expiry(call: Command[ExpiryBody]) -> CommandRequest:
    """Send the last valid day, or null so that it never expires. After a past day it is expired."""
    body, reason = call.body, wording_or_none(call, call.body.reason)
    return changing(
        call,
        SET_EXPIRY,
        SetExpiry(
            package_id=call.id("package_id"),
            expires_on=body.expires_on,
            reason=reason,
            reason_code=body.reason_code,
        ),
    )


class FreezeBody(Value):
    until: Day
    """The last day without use; the expiry moves by the days frozen."""
    reason: LongText
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/packages/{package_id}/freeze",
    "packages.freeze",
    "Freeze a package: no use meanwhile, and the expiry moves",
    roles=MANAGERS,
    body=FreezeBody,
    answer=PackageCard,
    codes=("package-cancelled", "package-expired", "package-frozen"),
)
def freeze(call: Command[FreezeBody]) -> CommandRequest:
    """No unit can be used until the freeze ends; the expiry moves by the days frozen."""
    body, reason = call.body, wording(call, call.body.reason)
    return changing(
        call,
        FREEZE_PACKAGE,
        FreezePackage(
            package_id=call.id("package_id"), until=body.until, reason=reason, reason_code=body.reason_code
        ),
    )


@command(
    "/v1/packages/{package_id}/unfreeze",
    "packages.unfreeze",
    "End a freeze today",
    roles=MANAGERS,
    body=EmptyBody,
    answer=PackageCard,
)
def unfreeze(call: Command[EmptyBody]) -> CommandRequest:
    """The expiry moves by the days it was really frozen."""
    return changing(call, UNFREEZE_PACKAGE, UnfreezePackage(package_id=call.id("package_id")))


class PriceBody(Value):
    price: Price
    reason: LongText
    reason_code: ReasonCodeName | None = None


@command(
    "/v1/packages/{package_id}/price",
    "packages.adjust_price",
    "Adjust the price; the difference is spread over the available units",
    roles=MANAGERS,
    body=PriceBody,
    answer=PackageCard,
    codes=("package-cancelled",),
)
def adjust_price(call: Command[PriceBody]) -> CommandRequest:
    """What is owing follows. Units that were used keep their value."""
    price, reason = money(call, call.body.price, "/price"), wording(call, call.body.reason)
    return changing(
        call,
        ADJUST_PRICE,
        AdjustPrice(
            package_id=call.id("package_id"), price=price, reason=reason, reason_code=call.body.reason_code
        ),
    )


class SharingBody(Value):
    sharing: Sharing
    beneficiaries: Annotated[tuple[ParticipantId, ...], Field(max_length=PARTICIPANTS_MAX)] | None = None
    """If absent, those it was for."""


@command(
    "/v1/packages/{package_id}/sharing",
    "packages.share",
    "Change who may use a package; past use is untouched",
    roles=MANAGERS,
    body=SharingBody,
    answer=PackageCard,
    codes=("package-cancelled",),
)
def change_sharing(call: Command[SharingBody]) -> CommandRequest:
    """Share with the whole household, or name the beneficiaries."""
    body, id = call.body, call.id("package_id")
    return changing(
        call,
        CHANGE_SHARING,
        ChangeSharing(package_id=id, sharing=body.sharing, beneficiaries=body.beneficiaries),
    )


class LocationsBody(Value):
    locations: Annotated[tuple[LocationId, ...], Field(max_length=200)]
    """Where the package can be used from now on; none: everywhere."""
    reason: LongText


@command(
    "/v1/packages/{package_id}/locations",
    "packages.change_locations",
    "Change where a package can be used; past use is untouched",
    roles=MANAGERS,
    body=LocationsBody,
    answer=PackageCard,
    codes=("package-cancelled",),
)
def change_locations(call: Command[LocationsBody]) -> CommandRequest:
    """An empty list: it can be used everywhere. A package whose locations have all closed can be used at any."""
    body, reason = call.body, wording(call, call.body.reason)
    asked = ChangeLocations(package_id=call.id("package_id"), locations=body.locations, reason=reason)
    return changing(call, CHANGE_LOCATIONS, asked)


class NoteBody(Value):
    text: LongText


@command(
    "/v1/packages/{package_id}/notes",
    "packages.add_note",
    "Add a note",
    roles=DESK,
    body=NoteBody,
    answer=PackageCard,
    codes=("limit-reached",),
)
def add_note(call: Command[NoteBody]) -> CommandRequest:
    """Notes are for the desk. They cannot be changed."""
    return changing(
        call, ADD_NOTE, AddNote(package_id=call.id("package_id"), note=wording(call, call.body.text))
    )


HANDLERS = (
    sell_package,
    correct_package,
    set_expiry,
    freeze,
    unfreeze,
    adjust_price,
    change_sharing,
    change_locations,
    add_note,
)
