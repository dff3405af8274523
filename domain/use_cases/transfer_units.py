"""Move units of a package to another customer, as a package of their own."""

from domain.actor import Circumstances
from domain.claims import Claim, claim_of, purchase_claims, transfer_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.package.commands import TransferUnits
from domain.package.transfer import Receiver, transfer
from domain.use_cases.checks import check_unclaimed, check_unused, known_customer, known_package
from domain.use_cases.one_package import reads_package
from domain.use_cases.own_stream import id_in
from domain.use_cases.reasons import reason_of, with_reason
from domain.use_cases.texts import texts_of


def reads(command: TransferUnits, business_id: str, peek: Peek) -> Reads:
    streams = {command.to_customer_id: 0, command.new_package_id: 0}
    counted = (transfer_claims(command.transfer_id),)
    return reads_package(command, business_id, peek) | Reads(streams, counted=counted)


def decide(command: TransferUnits, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, IdTaken, Invalid for a reason code, and what `transfer` raises."""
    package = known_package(books, command.package_id)
    customer = known_customer(books, command.to_customer_id)
    check_unused(books, command.new_package_id)
    named = transfer_claims(command.transfer_id)
    check_unclaimed(books, named, command.transfer_id)
    numbers = purchase_claims(command.to_customer_id, package.offer_id, package.name)
    receiver = Receiver(customer, books.count(numbers) + 1)
    reason = reason_of(command, books, at)
    facts = {id: with_reason(made, reason) for id, made in transfer(package, command, receiver, at).items()}
    claims = [Claim(claim_of(named, id), id) for id in facts]
    claims.append(Claim(f"{numbers}{receiver.purchase_number}", command.new_package_id))
    return Decision(
        {id: ("package", made) for id, made in facts.items()},
        claims=tuple(claims),
        streams=(NewStream("package", command.new_package_id, command.to_customer_id),),
        texts=texts_of(command, package.customer_id),
    )


TRANSFER_UNITS = UseCase(TransferUnits, reads, decide, id_in("package_id"))
