"""Import a package that another system kept, once for each of its references."""

from domain.actor import Circumstances
from domain.claims import Claim, external_claim, payment_claim, purchase_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.package.commands import ImportPackage
from domain.package.imported_balance import Receiving, import_balance
from domain.refusals import DuplicateExternalRef
from domain.use_cases.checks import check_unclaimed, check_unused, known_customer


def reads(command: ImportPackage, business_id: str, peek: Peek) -> Reads:
    streams = [business_id, command.customer_id, command.package_id]
    streams += [id for line in command.lines for id in line.services]
    named = external_claim("package", command.external_ref)
    numbers = purchase_claims(command.customer_id, None, command.name)
    counted = (numbers, named, payment_claim(command.payment_id))
    return Reads(dict.fromkeys(streams, 0), counted=counted)


def decide(command: ImportPackage, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, DuplicateExternalRef, NotFound, and what `import_balance` raises.

    A reference may come again once the package that had it was voided.
    """
    id, named = command.package_id, external_claim("package", command.external_ref)
    check_unused(books, id)
    before = books.count(named)
    # The packages that had it are read only where there are any.
    if before and books.claimants(
        named, lambda package: package.external_ref == command.external_ref and not package.voided
    ):
        raise DuplicateExternalRef(str(command.external_ref))
    numbers = purchase_claims(command.customer_id, None, command.name)
    receiving = Receiving(
        business=books.business,
        customer=known_customer(books, command.customer_id),
        services={service: books.service(service) for line in command.lines for service in line.services},
        purchase_number=books.count(numbers) + 1,
    )
    fact = import_balance(command, receiving, at)
    claims = [
        Claim(f"{numbers}{receiving.purchase_number}", id),
        Claim(f"{named}{before or ''}", id),
    ]
    if fact.payment_id is not None:
        check_unclaimed(books, payment_claim(fact.payment_id), fact.payment_id)
        claims.append(Claim(payment_claim(fact.payment_id), id))
    return Decision(
        {id: ("package", [fact])},
        claims=tuple(claims),
        streams=(NewStream("package", id, command.customer_id),),
    )


IMPORT_PACKAGE = UseCase(ImportPackage, reads, decide)
