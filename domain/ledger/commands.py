"""Every command: what it must read, and which decision answers it.

One table, `COMMANDS`. A route names the streams, claims and counts a decision needs, hands the
states to the aggregate that decides, and says where the facts belong and which names they claim.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from domain import business, catalogue, customer, package, staff
from domain.catalogue import Offer, OfferLine
from domain.customer import Customer
from domain.deciding import decide as decide_package
from domain.events import Fact
from domain.ledger import directory
from domain.ledger.books import Books
from domain.ledger.recorder import Claim, NewStream, Person, Text, Wanted
from domain.package import Package
from domain.redeeming import Candidate, redeem
from domain.refusals import DuplicateExternalRef, IdTaken, Invalid, NotFound
from domain.restoring import restore
from domain.selling import Sale, sell
from domain.values import Circumstances, ExternalRef, Value, Wording

Peek = Callable[[str], Any]
"""A kept state by stream id, or None: only a hint at what to read as well."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command makes: facts by stream, and everything that is stored together with them."""

    facts: Mapping[str, tuple[str, list[Any]]]
    """Stream id → (kind, its new facts)."""
    claims: tuple[Claim, ...] = ()
    streams: tuple[NewStream, ...] = ()
    people: tuple[Person, ...] = ()
    texts: tuple[Text, ...] = ()

    @property
    def made(self) -> list[tuple[str, str, Fact]]:
        return [(kind, id, fact) for id, (kind, facts) in self.facts.items() for fact in facts]


@dataclass(frozen=True, slots=True)
class Route:
    """How a command is read for and decided."""

    wants: Callable[[Any, str, Peek], Wanted]
    """(command, business id, peek) → what is read."""
    decide: Callable[[Any, Books, Circumstances], Decision]
    target: Callable[[Any, str], str | None] = field(default=lambda command, business_id: None)
    """(command, business id) → the stream that If-Match speaks of."""


# Claims


def purchase_claims(customer_id: str, offer_id: str | None, name: str | None) -> str:
    """Prefix of the purchase numbers of one customer and offer, or of one custom package's name."""
    what = offer_id or "name:" + sha256((name or "").encode()).hexdigest()[:32]
    return f"purchase/{customer_id}/{what}/"


def redemption_claims(redemption_id: str) -> str:
    return f"redemption/{redemption_id}/"


def payment_claim(payment_id: str) -> str:
    return f"payment/{payment_id}/"


def external_claim(kind: str, external_ref: ExternalRef) -> str:
    return f"external/{kind}/{external_ref.source}:{quote(external_ref.ref, safe='')}/"


def _check_unclaimed_ref(books: Books, kind: str, external_ref: ExternalRef | None) -> None:
    if external_ref is not None and books.count(external_claim(kind, external_ref)):
        raise DuplicateExternalRef(str(external_ref))


def _ref_claims(kind: str, external_ref: ExternalRef | None, stream_id: str) -> tuple[Claim, ...]:
    return () if external_ref is None else (Claim(external_claim(kind, external_ref), stream_id),)


def _ref_counts(kind: str, external_ref: ExternalRef | None) -> tuple[str, ...]:
    return () if external_ref is None else (external_claim(kind, external_ref),)


# Texts


def _texts(command: Value, owner_id: str) -> tuple[Text, ...]:
    """The reasons and notes of a command, on their way into the directory."""
    held = (getattr(command, name) for name in ("reason", "note") if name in type(command).model_fields)
    return tuple(Text(w.id, owner_id, w.salt, w.text) for w in held if isinstance(w, Wording))


# The business, its staff and its catalogue


def _open_business(command: business.OpenBusiness, books: Books, at: Circumstances) -> Decision:
    facts = business.decide(books.business_or_none(), command)
    opened = NewStream("business", books.business_id)
    return Decision({books.business_id: ("business", list(facts))}, streams=(opened,))


def _of_business(command: business.BusinessCommand, books: Books, at: Circumstances) -> Decision:
    return Decision({books.business_id: ("business", list(business.decide(books.business, command)))})


def _of_staff(command: staff.StaffCommand, books: Books, at: Circumstances) -> Decision:
    state = books.staff(command.staff_id)
    if isinstance(command, staff.RegisterStaff):
        for n, location_id in enumerate(command.locations):
            if location_id not in books.business.locations:
                raise Invalid(f"/locations/{n}", "unknown-location", "is not a location of this business")
    return _for_stream("staff", command.staff_id, staff.decide(state, command), new=state is None)


def _of_service(command: catalogue.ServiceCommand, books: Books, at: Circumstances) -> Decision:
    state = books.service(command.service_id)
    facts = catalogue.decide_service(state, command)
    return _for_stream("service", command.service_id, facts, new=state is None)


def _of_offer(command: catalogue.OfferCommand, books: Books, at: Circumstances) -> Decision:
    state = books.offer(command.offer_id)
    lines = () if isinstance(command, catalogue.RetireOffer) else command.offer.lines
    facts = catalogue.decide_offer(state, command, _services(lines, books))
    return _for_stream("offer", command.offer_id, facts, new=state is None)


def _for_stream(kind: str, id: str, facts: Any, *, new: bool) -> Decision:
    return Decision({id: (kind, list(facts))}, streams=(NewStream(kind, id),) if new else ())


def _services(lines: tuple[OfferLine, ...], books: Books) -> dict[str, catalogue.Service | None]:
    return {id: books.service(id) for line in lines for id in line.services}


def _wants_offer(command: catalogue.OfferCommand, business_id: str, peek: Peek) -> Wanted:
    lines = () if isinstance(command, catalogue.RetireOffer) else command.offer.lines
    return Wanted({command.offer_id: 0} | {id: 0 for line in lines for id in line.services})


# Customers


def _wants_customer(command: customer.CustomerCommand, business_id: str, peek: Peek) -> Wanted:
    ref = command.external_ref if isinstance(command, customer.RegisterCustomer) else None
    return Wanted({command.customer_id: 0}, counted=_ref_counts("customer", ref))


def _of_customer(command: customer.CustomerCommand, books: Books, at: Circumstances) -> Decision:
    state = books.customer(command.customer_id)
    facts = list(customer.decide(state, command, at))
    claims: tuple[Claim, ...] = ()
    if isinstance(command, customer.RegisterCustomer):
        _check_unclaimed_ref(books, "customer", command.external_ref)
        claims = _ref_claims("customer", command.external_ref, command.customer_id)
    return Decision(
        {command.customer_id: ("customer", facts)},
        claims=claims,
        streams=(NewStream("customer", command.customer_id, command.customer_id),) if state is None else (),
        texts=_texts(command, command.customer_id) if facts else (),
    )


def _change_directory(command: directory.ChangeDirectory, books: Books, at: Circumstances) -> Decision:
    person = books.person(command.customer_id)
    if books.customer(command.customer_id) is None or person is None:
        raise NotFound("customer", command.customer_id)
    fields, changed = directory.changes(directory.Profile.model_validate_json(person.data), command)
    change = customer.ChangeProfile(customer_id=command.customer_id, fields=fields)
    decision = _of_customer(change, books, at)
    return replace(decision, people=(directory.row(person.id, person.owner_id, changed),))


def _customer(books: Books, customer_id: str) -> Customer:
    found = books.customer(customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return found


# Selling


def _wants_sale(command: package.SellPackage, business_id: str, peek: Peek) -> Wanted:
    streams = [business_id, command.customer_id, command.package_id]
    streams += [id for id in (command.offer_id, command.purchased_by) if id]
    offer = peek(command.offer_id) if command.offer_id else None
    lines = offer.terms.lines if isinstance(offer, Offer) else command.lines or ()
    streams += [id for line in lines for id in line.services]
    counted = [purchase_claims(command.customer_id, command.offer_id, command.name)]
    counted += _ref_counts("package", command.external_ref)
    if command.payment is not None:
        counted += _payment_counts(command.payment)
    return Wanted(dict.fromkeys(streams, 0), counted=tuple(counted))


def _sell(command: package.SellPackage, books: Books, at: Circumstances) -> Decision:
    if books.stream(command.package_id) is not None:
        raise IdTaken(command.package_id)
    _check_unclaimed_ref(books, "package", command.external_ref)
    numbers = purchase_claims(command.customer_id, command.offer_id, command.name)
    offer = books.offer(command.offer_id) if command.offer_id else None
    sale = Sale(
        business=books.business,
        customer=_customer(books, command.customer_id),
        purchaser=_customer(books, command.purchased_by) if command.purchased_by else None,
        offer=offer,
        services=_services(offer.terms.lines if offer else command.lines or (), books),
        purchase_number=books.count(numbers) + 1,
        bought_before=_bought_before(command, offer, books),
    )
    facts = list(sell(command, sale, at))
    claims = [Claim(f"{numbers}{sale.purchase_number}", command.package_id)]
    claims += _ref_claims("package", command.external_ref, command.package_id)
    if command.payment is not None:
        claims += _payment_claims(command.payment, command.package_id, books)
    return Decision(
        {command.package_id: ("package", facts)},
        claims=tuple(claims),
        streams=(NewStream("package", command.package_id, command.customer_id),),
        texts=_texts(command, command.customer_id),
    )


def _bought_before(command: package.SellPackage, offer: Offer | None, books: Books) -> int:
    """Packages of the offer that count towards its limit per customer; read only where there is one."""
    if offer is None or offer.terms.max_per_customer is None:
        return 0
    held = books.packages_of(command.customer_id)
    return sum(p.offer_id == command.offer_id and not p.voided for _, p, _ in held)


# One package


def _wants_package(command: Any, business_id: str, peek: Peek) -> Wanted:
    counted = _payment_counts(command.payment) if isinstance(command, package.RecordPayment) else ()
    streams = {business_id: 0, command.package_id: 0} | _owner_of(command.package_id, peek)
    return Wanted(streams, with_customers=True, counted=counted)


def _owner_of(package_id: str, peek: Peek) -> dict[str, int]:
    """The customer's stream of a package that is kept, so that it need not be read whole again."""
    known = peek(package_id)
    return {known.customer_id: 0} if isinstance(known, Package) else {}


def _of_package(command: Any, books: Books, at: Circumstances) -> Decision:
    return _decided(command.package_id, command, books, at)


def _decided(package_id: str, command: Any, books: Books, at: Circumstances) -> Decision:
    state = _package(books, package_id)
    owner = _customer(books, state.customer_id)
    facts = list(decide_package(state, command, at, books.business.policies, owner))
    claims: tuple[Claim, ...] = ()
    if isinstance(command, package.RecordPayment):
        claims = _payment_claims(command.payment, package_id, books)
    texts = _texts(command, state.customer_id) if facts else ()
    return Decision({package_id: ("package", facts)}, claims=claims, texts=texts)


def _package(books: Books, package_id: str) -> Package:
    found = books.package(package_id)
    if found is None:
        raise NotFound("package", package_id)
    return found


# Payments


def _payment_counts(payment: package.NewPayment) -> tuple[str, ...]:
    return (payment_claim(payment.payment_id), *_ref_counts("payment", payment.external_ref))


def _payment_claims(payment: package.NewPayment, package_id: str, books: Books) -> tuple[Claim, ...]:
    if books.count(payment_claim(payment.payment_id)):
        raise IdTaken(payment.payment_id)
    _check_unclaimed_ref(books, "payment", payment.external_ref)
    claim = Claim(payment_claim(payment.payment_id), package_id)
    return (claim, *_ref_claims("payment", payment.external_ref, package_id))


def _wants_refund(command: package.RefundPayment, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0}, claimed=(payment_claim(command.payment_id),), with_customers=True)


def _refund(command: package.RefundPayment, books: Books, at: Circumstances) -> Decision:
    for package_id in books.packages_that(lambda state: command.payment_id in state.payments):
        return _decided(package_id, command, books, at)
    raise NotFound("payment", command.payment_id)


# Redeeming and restoring


def _wants_redemption(command: package.RedeemUnits, business_id: str, peek: Peek) -> Wanted:
    counted = (redemption_claims(command.redemption_id),)
    streams = {business_id: 0, command.package_id: 0} | _staff_of(command)
    streams |= _owner_of(command.package_id, peek)
    return Wanted(streams, with_customers=True, counted=counted)


def _staff_of(command: package.Redemption) -> dict[str, int]:
    return {} if command.staff_id is None else {command.staff_id: 0}


def _redeem(command: package.RedeemUnits, books: Books, at: Circumstances) -> Decision:
    state = _package(books, command.package_id)
    candidate = Candidate(command.package_id, state, 0)
    return _redemption([candidate], command, books, at, _customer(books, state.customer_id), chosen=True)


def _wants_customer_redemption(command: package.RedeemFromCustomer, business_id: str, peek: Peek) -> Wanted:
    counted = (redemption_claims(command.redemption_id),)
    streams = {business_id: 0, command.customer_id: 0} | _staff_of(command)
    return Wanted(streams, packages_of=(command.customer_id,), counted=counted)


def _redeem_from_customer(command: package.RedeemFromCustomer, books: Books, at: Circumstances) -> Decision:
    owner = _customer(books, command.customer_id)
    found = books.packages_of(command.customer_id)
    candidates = [
        Candidate(id, state, position or AFTER_ALL + n) for n, (id, state, position) in enumerate(found)
    ]
    return _redemption(candidates, command, books, at, owner, chosen=False)


AFTER_ALL = 2**63
"""Packages whose own sale is not stored yet are ranked from here on, in the order of their sales."""


def _redemption(
    candidates: list[Candidate],
    command: package.Redemption,
    books: Books,
    at: Circumstances,
    owner: Customer,
    *,
    chosen: bool,
) -> Decision:
    claims = redemption_claims(command.redemption_id)
    if books.count(claims):
        raise IdTaken(command.redemption_id)
    books.business.check_location(command.location_id)
    if command.staff_id is not None and books.staff(command.staff_id) is None:
        raise Invalid("/staff_id", "unknown-staff", "is not a member of staff of this business")
    facts = redeem(candidates, command, at, books.business, owner, chosen=chosen)
    return Decision(
        {id: ("package", list(made)) for id, made in facts.items()},
        claims=tuple(Claim(f"{claims}{id}", id) for id in facts),
    )


def _wants_restoration(command: package.RestoreUnits, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0}, claimed=(redemption_claims(command.redemption_id),), with_customers=True)


def _restore(command: package.RestoreUnits, books: Books, at: Circumstances) -> Decision:
    used = books.packages_that(lambda state: command.redemption_id in state.uses)
    facts = restore(used, command, at)
    owner = next(iter(used.values())).customer_id
    return Decision({id: ("package", list(made)) for id, made in facts.items()}, texts=_texts(command, owner))


# The table


def _own(name: str, *, and_business: bool = False) -> Callable[[Any, str, Peek], Wanted]:
    """Reads the stream whose id the command holds under `name`, and the business if asked."""

    def wants(command: Any, business_id: str, peek: Peek) -> Wanted:
        streams = {getattr(command, name): 0}
        return Wanted({business_id: 0} | streams if and_business else streams)

    return wants


def _business(command: Any, business_id: str, peek: Peek) -> Wanted:
    return Wanted({business_id: 0})


def _id(name: str) -> Callable[[Any, str], str]:
    return lambda command, business_id: str(getattr(command, name))


_PACKAGE = Route(_wants_package, _of_package, _id("package_id"))
_CUSTOMER = Route(_wants_customer, _of_customer, _id("customer_id"))
_OFFER = Route(_wants_offer, _of_offer, _id("offer_id"))
_SERVICE = Route(_own("service_id"), _of_service, _id("service_id"))
_STAFF = Route(_own("staff_id", and_business=True), _of_staff, _id("staff_id"))
_BUSINESS = Route(_business, _of_business, lambda command, business_id: business_id)

COMMANDS: Mapping[type[Value], Route] = {
    business.OpenBusiness: Route(_business, _open_business),
    business.ChangePolicies: _BUSINESS,
    business.OpenLocation: _BUSINESS,
    business.CloseLocation: _BUSINESS,
    staff.RegisterStaff: _STAFF,
    staff.DeactivateStaff: _STAFF,
    catalogue.DefineService: _SERVICE,
    catalogue.ChangeService: _SERVICE,
    catalogue.RetireService: _SERVICE,
    catalogue.PublishOffer: _OFFER,
    catalogue.ReviseOffer: _OFFER,
    catalogue.RetireOffer: _OFFER,
    customer.RegisterCustomer: _CUSTOMER,
    directory.ChangeDirectory: Route(_own("customer_id"), _change_directory, _id("customer_id")),
    customer.ActivateCustomer: _CUSTOMER,
    customer.DeactivateCustomer: _CUSTOMER,
    customer.BlockCustomer: _CUSTOMER,
    customer.UnblockCustomer: _CUSTOMER,
    customer.AddParticipant: _CUSTOMER,
    customer.ChangeParticipant: _CUSTOMER,
    customer.RemoveParticipant: _CUSTOMER,
    package.SellPackage: Route(_wants_sale, _sell),
    package.RedeemUnits: Route(_wants_redemption, _redeem, _id("package_id")),
    package.RedeemFromCustomer: Route(_wants_customer_redemption, _redeem_from_customer),
    package.RestoreUnits: Route(_wants_restoration, _restore),
    package.RefundPayment: Route(_wants_refund, _refund),
    package.CorrectLine: _PACKAGE,
    package.SetExpiry: _PACKAGE,
    package.ReinstatePackage: _PACKAGE,
    package.FreezePackage: _PACKAGE,
    package.UnfreezePackage: _PACKAGE,
    package.RecordPayment: _PACKAGE,
    package.CancelPackage: _PACKAGE,
    package.VoidPackage: _PACKAGE,
    package.AdjustPrice: _PACKAGE,
    package.ChangeSharing: _PACKAGE,
    package.AddNote: _PACKAGE,
}
