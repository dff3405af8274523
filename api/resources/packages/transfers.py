"""Moving units to another customer over HTTP, and taking that back."""

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId, NewMoment
from api.http.permissions import MANAGERS
from api.resources.packages.card import PackageCard, in_books, owners
from api.resources.texts import wording_or_none
from domain.business.reasons import ReasonCodeName
from domain.decision import Decision
from domain.moments import Day
from domain.package.commands import TransferUnits, UndoTransfer
from domain.use_cases.transfer_units import TRANSFER_UNITS
from domain.use_cases.undo_transfer import UNDO_TRANSFER
from domain.values import CustomerId, LineNumber, LongText, PackageId, Quantity, TransferId, Value
from projections.engine.definition import Row


class TransferBody(Value):
    id: TransferId | None = None
    to_customer_id: CustomerId
    line: LineNumber
    quantity: Quantity
    package_id: PackageId | None = None
    """The id of the package that the other customer gets."""
    expires_on: Day | None = None
    """The last valid day; null: it never expires. If absent, that of the origin."""
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


class TransferUndoingBody(Value):
    reason: LongText | None = None
    reason_code: ReasonCodeName | None = None


class ReceivedPackage(PackageCard):
    """The package that a transfer made."""

    id: NewId
    recorded_at: NewMoment


class TransferredUnits(PackageCard):
    """The package that the units came from, and the one that they are in now."""

    transfer_id: NewId
    to: ReceivedPackage


class UndoneTransfer(Value):
    """The packages of the transfer: the one that has its units back, and the one that ended."""

    transfer_id: str
    packages: tuple[PackageCard, ...]


@command(
    "/v1/packages/{package_id}/transfers",
    "transfers.move",
    "Move units to another customer, as a settled package of their own",
    roles=MANAGERS,
    body=TransferBody,
    answer=TransferredUnits,
    codes=(
        "insufficient-units",
        "package-cancelled",
        "package-expired",
        "package-frozen",
        "customer-blocked",
        "customer-inactive",
        "id-taken",
        "limit-reached",
    ),
)
def transfer_units(call: Command[TransferBody]) -> CommandRequest:
    """The lowest available units of the line go, with their values. A debt stays with the origin."""
    body = call.body
    asked = TransferUnits(
        package_id=call.id("package_id"),
        transfer_id=call.new("trf", body.id),
        new_package_id=call.new("pkg", body.package_id),
        to_customer_id=body.to_customer_id,
        line=body.line,
        quantity=body.quantity,
        expires_on=body.expires_on if "expires_on" in body.model_fields_set else "as before",
        reason=wording_or_none(call, body.reason),
        reason_code=body.reason_code,
    )

    def answer(books: Books, _: Decision) -> Row:
        card = in_books(books, asked.package_id, call)
        return card | {
            "transfer_id": asked.transfer_id,
            "to": in_books(books, asked.new_package_id, call),
        }

    return CommandRequest(TRANSFER_UNITS, asked, answer, shows=owners)


@command(
    "/v1/transfers/{transfer_id}/undo",
    "transfers.undo",
    "Take a transfer back while none of its units was used",
    roles=MANAGERS,
    body=TransferUndoingBody,
    answer=UndoneTransfer,
    codes=("package-cancelled", "not-eligible"),
    versioned=False,
)
def undo_transfer(call: Command[TransferUndoingBody]) -> CommandRequest:
    """All units return to the package they came from; the other one ends, and shows as cancelled."""
    transfer_id = call.id("transfer_id")
    asked = UndoTransfer(
        transfer_id=transfer_id,
        reason=wording_or_none(call, call.body.reason),
        reason_code=call.body.reason_code,
    )

    def answer(books: Books, decision: Decision) -> Row:
        cards = [in_books(books, id, call) for id in decision.packages]
        return {"transfer_id": transfer_id, "packages": cards}

    return CommandRequest(UNDO_TRANSFER, asked, answer, shows=owners)


HANDLERS = (transfer_units, undo_transfer)
