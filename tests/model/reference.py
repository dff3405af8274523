"""What the books must say, in plain integers and dates: a second opinion, without a line of the product.

A command either changes the reference, or raises `Refusal` with every reason that speaks against it: where
several do, the rules do not say which is told first, so that each is a right answer. A command that finds
everything as it asks returns False: done, and no fact.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from tests.model import balances
from tests.model.accounts import GIVEN_MAX, Accounts
from tests.model.almanac import FIRST, LAST, MINUTE, day_at, first_moment, later, moved
from tests.model.diary import Diary
from tests.model.erasures import Erasures
from tests.model.members import Members
from tests.model.plain import (
    ACCOUNT,
    BY_RULE,
    UNITS_A_LINE,
    UNITS_A_PACKAGE,
    Asking,
    Customer,
    EarnRule,
    Expiry,
    Freeze,
    Hold,
    KnownUse,
    Line,
    Merge,
    Offer,
    Package,
    Participant,
    Reasons,
    Refusal,
    Unit,
    Use,
    Wish,
    account_of,
    in_person,
    shares,
)
from tests.model.rules import TopUps


def _who(participant: str, recorded: str, owner: str) -> str:
    """A customer in person is the present owner in person."""
    return in_person(owner) if participant == in_person(recorded) else participant


class Customers(dict[str, Customer]):
    """By id; a merged customer's id finds its survivor."""

    def own(self, id: str) -> Customer:
        """The customer of this very id."""
        return super().__getitem__(id)

    def called(self, id: str) -> str:
        """The customer that an id means now."""
        while id in self and (into := self.own(id).into) is not None:
            id = into
        return id

    def __getitem__(self, id: str) -> Customer:
        return super().__getitem__(self.called(id))


class Reference:
    """One business."""

    def __init__(self, zone: str, locations: Mapping[str, str | None]) -> None:
        self.zone = zone
        self.locations = dict.fromkeys(locations, True)
        """Location → whether it is open."""
        self.zones = {id: there or zone for id, there in locations.items()}
        self.staff: dict[str, bool] = {}
        """Member of staff → whether they work here now."""
        self.payment_required = False
        self.correction_max: int | None = None
        self.reason_codes: dict[str, bool] = {}
        """Code for corrections → whether it can be given, in the order of the list."""
        self.needs_code = False
        self.deduct = "at_booking"
        self.terms = (24, "restore")
        self.earn: tuple[EarnRule, ...] = ()
        self.opens_minutes = 60
        self.reminder_lead: int | None = 14
        self.policies = 0
        """How often they have changed."""
        self.services: dict[str, int | None] = {}
        """Service → its list price."""
        self.retired_services: set[str] = set()
        self.offers: dict[str, Offer] = {}
        self.customers = Customers()
        self.packages: dict[str, Package] = {}
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.transfers: set[str] = set()
        self.recordings = 0
        self.redemptions: set[str] = set()
        """All that took units, or were to take them."""
        self.diary = Diary(self)
        self.accounts = Accounts(self)
        self.top_ups = TopUps(self)
        self.erasures = Erasures(self)
        self.members = Members(self)

    # The business and its catalogue

    def set_policies(
        self,
        payment_required: bool | None,
        correction_max: int | None,
        deduct: str | None = None,
        terms: tuple[int, str] | None = None,
        earn: tuple[EarnRule, ...] | None = None,
        opens_minutes: int | None = None,
        reminder_lead: int | Literal["as before"] | None = "as before",
        codes: Sequence[str] | None = None,
        needs_code: bool | None = None,
    ) -> bool:
        causes = [rule.on for rule in earn or ()]
        if len(set(causes)) < len(causes):
            raise Refusal("validation-failed")
        listed = self.reason_codes
        if codes is not None:
            listed = dict.fromkeys(codes, True) | {code: False for code in listed if code not in codes}
        needs = self.needs_code if needs_code is None else needs_code
        if needs and not any(listed.values()):
            raise Refusal("validation-failed")
        before = self._agreed()
        self.reason_codes, self.needs_code = listed, needs
        if payment_required is not None:
            self.payment_required = payment_required
        self.correction_max = correction_max
        self.deduct, self.terms = deduct or self.deduct, terms or self.terms
        self.earn = self.earn if earn is None else earn
        self.opens_minutes = self.opens_minutes if opens_minutes is None else opens_minutes
        if reminder_lead != "as before":
            self.reminder_lead = reminder_lead
        self.policies += before != self._agreed()
        return before != self._agreed()

    def _agreed(self) -> tuple[object, ...]:
        agreed = (self.payment_required, self.correction_max, self.deduct, self.terms, self.earn)
        coded = (tuple(self.reason_codes.items()), self.needs_code)
        return (*agreed, self.opens_minutes, self.reminder_lead, *coded)

    def earn_rule(self, cause: str) -> EarnRule | None:
        return next((rule for rule in self.earn if rule.on == cause), None)

    def open_location(self, id: str, zone: str | None) -> bool:
        if id in self.locations:
            raise Refusal("id-taken")
        self.locations[id], self.zones[id] = True, zone or self.zone
        return True

    def let_location(self, id: str, is_open: bool) -> bool:
        """Close it, or open it again."""
        if id not in self.locations:
            raise Refusal("not-found")
        before, self.locations[id] = self.locations[id], is_open
        return before != is_open

    def zone_at(self, location: str | None, otherwise: str | None = None) -> str:
        """Whose days count: those of the place where it is done, else of what it is about."""
        return self.zones.get(location or "", otherwise or self.zone)

    def earliest_in(self, zone: str) -> int:
        """The first moment that can be entered: a local day begins it."""
        return first_moment(FIRST, zone)

    def moment_at(self, asking: Asking, effective: date | int | None, zone: str) -> int:
        """A day stands for its first moment there."""
        if effective is None:
            return asking.now
        return effective if isinstance(effective, int) else first_moment(effective, zone)

    def define_service(self, id: str, list_price: int | None) -> bool:
        if id in self.services:
            raise Refusal("id-taken")
        self.services[id] = list_price
        return True

    def change_service(self, id: str, list_price: int | None) -> bool:
        if id not in self.services:
            raise Refusal("not-found")
        if id in self.retired_services:
            raise Refusal("offer-retired")
        before, self.services[id] = self.services[id], list_price
        return before != list_price

    def retire_service(self, id: str, retired: bool = True) -> bool:
        """Or perform it again."""
        if id not in self.services:
            raise Refusal("not-found")
        already = (id in self.retired_services) == retired
        (self.retired_services.add if retired else self.retired_services.discard)(id)
        return not already

    def check_lines(self, why: Reasons, lines: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        for _, services in lines:
            sold = [id for id in services if id in self.services and id not in self.retired_services]
            why.when(len(set(sold)) < len(services), "validation-failed")

    def publish(self, id: str, offer: Offer) -> bool:
        why = Reasons()
        why.when(id in self.offers, "id-taken")
        why.when(not set(offer.locations) <= set(self.locations), "validation-failed")
        self.check_lines(why, offer.lines)
        why.refuse()
        self.offers[id] = offer
        return True

    def revise(self, id: str, offer: Offer) -> bool:
        why = Reasons()
        why.when(id not in self.offers, "not-found")
        why.when(id in self.offers and self.offers[id].retired, "offer-retired")
        why.when(not set(offer.locations) <= set(self.locations), "validation-failed")
        self.check_lines(why, offer.lines)
        why.refuse()
        before, self.offers[id] = self.offers[id], offer
        return before != offer

    def retire_offer(self, id: str, retired: bool = True) -> bool:
        """Or sell it again."""
        if id not in self.offers:
            raise Refusal("not-found")
        before, self.offers[id].retired = self.offers[id].retired, retired
        return before != retired

    def employ(self, id: str) -> bool:
        if id in self.staff:
            raise Refusal("id-taken")
        self.staff[id] = True
        return True

    def let_staff(self, id: str, work: bool) -> bool:
        """They leave, or come back."""
        if id not in self.staff:
            raise Refusal("not-found")
        before, self.staff[id] = self.staff[id], work
        return before != work

    # Customers

    def register(self, id: str, participants: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
        if id in self.customers:
            raise Refusal("id-taken")
        people = {in_person(id): Participant()}
        self.customers[id] = Customer(people | {id: Participant(barred) for id, barred in participants})
        return True

    def called(self, id: str) -> str:
        """Who a customer is now, or whose their points account is; anything else is what it is."""
        if id.startswith(ACCOUNT):
            return account_of(self.called("cus_" + id.removeprefix(ACCOUNT)))
        return self.customers.called(id)

    def person(self, participant: str | None) -> str | None:
        """An absorbed customer in person is the survivor in person."""
        if participant is None:
            return None
        named = "cus_" + participant.removeprefix("par_")
        return participant if self.called(named) == named else in_person(self.called(named))

    def persons(self, participants: tuple[str, ...]) -> tuple[str, ...]:
        meant = tuple(self.person(each) or "" for each in participants)
        return participants if meant == participants else tuple(dict.fromkeys(meant))

    def merge(self, asking: Asking, survivor: str, absorbed: str) -> bool:
        """Rewritten here, where the product has an alias: each package, booking and rule goes over."""
        survivor = self.called(survivor)
        if survivor not in self.customers or absorbed not in self.customers:
            raise Refusal("not-found")
        ours, theirs = self.customers.own(survivor), self.customers.own(absorbed)
        why = Reasons()
        if absorbed == survivor:
            raise Refusal("validation-failed")
        if theirs.into is not None:
            raise Refusal("customer-merged")
        joining = {id: each for id, each in theirs.people.items() if id != in_person(absorbed)}
        why.when(bool(set(joining) & set(ours.people)), "id-taken")
        living = sum(each.left_at is None for each in [*ours.people.values(), *joining.values()])
        why.when(living - 1 > 100 or self._depth(absorbed) + 1 > 4, "limit-reached")
        moving = self.accounts.of(absorbed).balance
        mine = self.accounts.of(survivor)
        so_far = mine.from_other(absorbed)
        more = max(0, max(0, so_far + moving) - max(0, so_far))
        full = mine.given + more > GIVEN_MAX
        back = self.accounts.of(absorbed)
        home = max(0, max(0, back.from_other(survivor) - moving) - max(0, back.from_other(survivor)))
        why.when(full or back.given + home > GIVEN_MAX, "limit-reached")
        why.refuse()
        left = -back.from_other(survivor)
        ours.merges.append(Merge(absorbed, list(joining), theirs.blocked, left))
        ours.people |= joining
        ours.blocked = ours.blocked or theirs.blocked
        theirs.into = survivor
        self._give(survivor, absorbed)
        self.top_ups.merge(survivor, absorbed, asking.now)
        self.accounts.move(absorbed, survivor, moving, asking.now)
        return True

    def _depth(self, id: str) -> int:
        return max((1 + self._depth(each.absorbed) for each in self.customers.own(id).merges), default=0)

    def _give(self, to: str, giver: str, names: Collection[str] | None = None) -> None:
        """What `giver` has goes to another; of it only what was recorded for one of `names`, if any are given."""
        for package in self.packages.values():
            recorded = package.sold_to or package.customer
            if package.customer == giver and (names is None or recorded in names):
                package.customer, package.sold_to = to, recorded
                package.named = package.named or package.beneficiaries
                package.beneficiaries = tuple(_who(id, recorded, to) for id in package.named)
                for use in package.uses.values():
                    use.recorded = use.recorded or use.participant
                    use.participant = _who(use.recorded, recorded, to)
        for booking in self.diary.bookings.values():
            made_for = booking.made_for or (booking.customer, booking.participant)
            if booking.customer == giver and (names is None or made_for[0] in names):
                booking.customer, booking.made_for = to, made_for
                booking.participant = _who(made_for[1], made_for[0], to)
        for member in self.members.members.values():
            started_for = member.made_for or (member.customer, member.people)
            if member.customer == giver and (names is None or started_for[0] in names):
                member.customer, member.made_for = to, started_for
                member.people = tuple(_who(id, started_for[0], to) for id in started_for[1])

    def unmerge(self, asking: Asking, id: str, absorbed: str | None) -> bool:
        if id not in self.customers or absorbed not in (None, *self.customers):
            raise Refusal("not-found")
        named = self.customers.own(id)
        if absorbed is None:
            if named.into is not None or not named.merges:
                absorbed = id
            elif len(named.merges) > 1:
                raise Refusal("validation-failed")
            else:
                absorbed = named.merges[0].absorbed
        theirs = self.customers.own(absorbed)
        survivor = theirs.into if absorbed == id else id
        if survivor is None:
            raise Refusal("not-merged")
        ours = self.customers.own(survivor)
        merge = next((each for each in ours.merges if each.absorbed == absorbed), None)
        if merge is None:
            raise Refusal("not-merged")
        if ours.into is not None:
            raise Refusal("customer-merged")
        owed = -self.accounts.of(absorbed).from_other(survivor) - merge.left
        balance = self.accounts.of(survivor).balance
        points = owed if owed <= 0 else min(owed, max(0, balance))
        names = self._names(absorbed)
        ours.merges.remove(merge)
        ours.people = {id: each for id, each in ours.people.items() if id not in merge.people}
        ours.blocked = ours.own_block or any(each.blocked for each in ours.merges)
        theirs.into = None
        self._give(absorbed, survivor, names)
        self.top_ups.unmerge(absorbed, names)
        self.accounts.move(survivor, absorbed, points, asking.now)
        return True

    def _names(self, id: str) -> set[str]:
        return {id}.union(*(self._names(each.absorbed) for each in self.customers.own(id).merges))

    def customer(self, id: str) -> Customer:
        if id not in self.customers:
            raise Refusal("not-found")
        return self.customers[id]

    def block(self, id: str, blocked: bool) -> bool:
        customer = self.customer(id)
        before, customer.blocked = customer.blocked, blocked
        if before != blocked:
            customer.own_block = blocked
            for merge in () if blocked else customer.merges:
                merge.blocked = False
        return before != blocked

    def activate(self, id: str, active: bool) -> bool:
        customer = self.customer(id)
        before, customer.active = customer.active, active
        return before != active

    def add_participant(self, id: str, participant: str, barred: tuple[str, ...]) -> bool:
        customer = self.customer(id)
        if participant in customer.people:
            raise Refusal("id-taken")
        customer.people[participant] = Participant(barred)
        return True

    def bar(self, id: str, participant: str, barred: tuple[str, ...]) -> bool:
        known = self.customer(id).people.get(self.person(participant) or "")
        if known is None or known.left_at is not None:
            raise Refusal("not-found")
        before, known.barred = known.barred, barred
        return before != barred

    def remove_participant(self, asking: Asking, id: str, participant: str) -> bool:
        people, participant = self.customer(id).people, self.person(participant) or ""
        if participant == in_person(self.called(id)):
            raise Refusal("validation-failed")
        if participant not in people:
            raise Refusal("not-found")
        already = people[participant].left_at is not None
        people[participant].left_at = people[participant].left_at if already else asking.now
        return not already

    def return_participant(self, id: str, participant: str) -> bool:
        people, participant = self.customer(id).people, self.person(participant) or ""
        if participant not in people:
            raise Refusal("not-found")
        before, people[participant].left_at = people[participant].left_at, None
        return before is not None

    # Selling

    def check_moment(self, why: Reasons, asking: Asking, moment: int, earliest: int, zone: str) -> None:
        """Not before, at most five minutes ahead; staff the same day, a manager 30 days back."""
        why.when(not earliest <= moment <= asking.now + 5 * MINUTE, "effective-at-out-of-range")
        back = {"owner": None, "manager": 30}.get(asking.role, 0)
        if back is not None:
            allowed = first_moment(moved(day_at(asking.now, zone), -back), zone)
            why.when(moment < allowed, "back-dating-not-allowed")

    def check_beneficiaries(self, why: Reasons, ids: Sequence[str], customer: str, moment: int) -> None:
        people = self.customers[customer].people
        here = [id for id in ids if id in people and people[id].belongs(moment)]
        why.when(len(set(here)) < len(ids), "validation-failed")

    def sell(
        self,
        asking: Asking,
        id: str,
        customer: str,
        offer: str | None,
        custom: Offer | None,
        *,
        price: int | None = None,
        expires_on: Expiry = BY_RULE,
        effective: date | int | None = None,
        payment: tuple[str, int] | None = None,
        beneficiaries: tuple[str, ...] = (),
        buyer: str | None = None,
        location: str | None = None,
        note: bool = False,
    ) -> bool:
        customer = self.called(customer)
        beneficiaries = self.persons(beneficiaries)
        why = Reasons()
        why.when(id in self.packages, "id-taken")
        why.when(offer is not None and offer not in self.offers, "not-found")
        why.when(location is not None and not self.locations.get(location), "validation-failed")
        terms = self.offers.get(offer) if offer is not None else custom
        zone = self.zone_at(location)
        moment = self.moment_at(asking, effective, zone)
        if effective is not None:
            self.check_moment(why, asking, moment, self.earliest_in(zone), zone)
        for who in (customer, buyer) if buyer is not None else (customer,):
            why.when(who not in self.customers, "not-found")
            why.when(who in self.customers and self.customers[who].blocked, "customer-blocked")
            why.when(who in self.customers and not self.customers[who].active, "customer-inactive")
        if customer in self.customers:
            self.check_beneficiaries(why, beneficiaries, customer, moment)
        if terms is None:
            raise Refusal(*why)
        bought = sum(
            p.customer == customer and p.offer == offer and not p.voided and p.transfer is None
            for p in self.packages.values()
        )
        why.when(terms.retired, "offer-retired")
        why.when(offer is not None and terms.each is not None and bought >= terms.each, "limit-reached")
        if custom is not None:
            why.when(sum(quantity for quantity, _ in custom.lines) > UNITS_A_PACKAGE, "limit-reached")
            self.check_lines(why, custom.lines)
        price = terms.price if price is None else price
        last = self._last_day(terms, day_at(moment, zone)) if expires_on == BY_RULE else expires_on
        why.when(last is not None and last < day_at(moment, zone), "validation-failed")
        if payment is not None:
            why.when(payment[1] > price, "overpayment")
            why.when(payment[1] == 0, "validation-failed")
            why.when(self.knows_payment(payment[0]), "id-taken")
        why.refuse()
        number = customer, offer if offer is not None else "named " + terms.name
        self.numbers[number] += 1
        self.recordings += 1
        self.packages[id] = Package(
            id=id,
            customer=customer,
            offer=offer,
            name=terms.name,
            number=self.numbers[number],
            order=len(self.packages),
            zone=zone,
            price=price,
            lines=self.priced(terms, price, moment),
            validity=terms.validity if expires_on == BY_RULE else ("by hand", 0, ""),
            bought_at=moment,
            entered_on=day_at(asking.now, zone),
            expires_on=last,
            sharing=terms.sharing,
            beneficiaries=beneficiaries or (in_person(customer),),
            cap=terms.cap,
            locations=terms.locations,
            terms=terms.terms or self.terms,
            payments={payment[0]: [payment[1], 0]} if payment else {},
            latest=moment,
            notes=int(note),
        )
        self.accounts.gives(customer, "purchase", id, moment)
        if payment is not None:
            self.accounts.gives(customer, "payment", payment[0], moment, payment[1])
        return True

    def _last_day(self, terms: Offer, bought_on: date) -> date | None:
        rule, count, unit = terms.validity
        return later(bought_on, count, unit) if rule == "after_purchase" else terms.ends_on

    def priced(self, terms: Offer, price: int, moment: int) -> list[Line]:
        prices = [[self.services[id] for id in services] for _, services in terms.lines]
        known = [[price for price in of_line if price is not None] for of_line in prices]
        lowest = [min(of_line) for of_line in known if of_line]
        if len(lowest) < len(known) or not any(lowest):
            lowest = [1] * len(known)
        weights = [weight for weight, (n, _) in zip(lowest, terms.lines, strict=True) for _ in range(n)]
        values = iter(shares(price, weights))
        return [
            Line(
                services,
                weight,
                [Unit(next(values)) for _ in range(quantity)],
                changes=[(moment, self.recordings, quantity)],
            )
            for weight, (quantity, services) in zip(lowest, terms.lines, strict=True)
        ]

    # Money

    def package(self, id: str) -> Package:
        if id not in self.packages:
            raise Refusal("not-found")
        return self.packages[id]

    def knows_payment(self, payment: str) -> bool:
        of_packages = any(payment in package.payments for package in self.packages.values())
        return of_packages or any(payment in made.payments for made in self.diary.bookings.values())

    def pay(self, asking: Asking, id: str, payment: str, amount: int, effective: date | int | None) -> bool:
        package, why = self.package(id), Reasons()
        why.when(package.cancelled, "package-cancelled")
        why.when(amount == 0, "validation-failed")
        why.when(amount > package.owing, "overpayment")
        why.when(self.knows_payment(payment), "id-taken")
        given = self.moment_at(asking, effective, package.zone)
        if effective is not None:
            self.check_moment(why, asking, given, package.bought_at, package.zone)
        why.refuse()
        package.settle(asking.now)
        package.payments[payment] = [amount, 0]
        moment = package.touch(max(given, package.bought_at))
        self.accounts.gives(package.customer, "payment", payment, moment, amount)
        return True

    def _check_refund(self, why: Reasons, package: Package, payment: str, amount: int) -> None:
        why.when(payment not in package.payments, "not-found")
        why.when(amount == 0, "validation-failed")
        paid, refunded = package.payments.get(payment, (0, 0))
        why.when(payment in package.payments and amount > paid - refunded, "refund-exceeds-paid")

    def refund(self, asking: Asking, payment: str, amount: int) -> bool:
        holding = [package for package in self.packages.values() if payment in package.payments]
        if not holding:
            return self.diary.refund(asking, payment, amount)
        why = Reasons()
        self._check_refund(why, holding[0], payment, amount)
        why.refuse()
        self._give_money_back(asking, holding[0], payment, amount)
        return True

    def _give_money_back(self, asking: Asking, package: Package, payment: str, amount: int) -> None:
        moment, paid = package.begin(asking), package.payments[payment]
        before, paid[1] = paid[1], paid[1] + amount
        self.accounts.takes_back(package.customer, "payment", payment, moment, paid[1], paid[0], before)

    def adjust_price(self, asking: Asking, id: str, price: int) -> bool:
        package, why = self.package(id), Reasons()
        why.when(package.cancelled, "package-cancelled")
        gone = package.price - package.unused_value
        if price != package.price:
            why.when(price < gone or not package.remaining, "validation-failed")
        why.refuse()
        if price == package.price:
            return False
        package.begin(asking)
        free = [
            (line.weight, unit) for line in package.lines for unit in line.units if unit.state == "available"
        ]
        for value, (_, unit) in zip(shares(price - gone, [w for w, _ in free]), free, strict=True):
            unit.value = value
        package.price = price
        return True

    # Using

    def redeem(self, asking: Asking, id: str, wish: Wish) -> bool:
        package = self.package(id)
        wish = replace(wish, participant=self.person(wish.participant))
        participant = wish.participant
        if participant is None and len(package.beneficiaries) == 1:
            participant = package.beneficiaries[0]
        why = Reasons()
        use = self._use(why, asking, wish, package.customer, participant, package)
        if use is None:
            raise Refusal(*why)
        why |= self.against_one(package, use)
        why.refuse()
        self._used(package.customer, [package], use, asking)
        return True

    def redeem_any(self, asking: Asking, customer: str, wish: Wish) -> bool:
        """From whatever packages of the customer may be used."""
        self.customer(customer)
        customer = self.called(customer)
        wish = replace(wish, participant=self.person(wish.participant))
        why = Reasons()
        use = self._use(why, asking, wish, customer, wish.participant, None)
        if use is None:
            raise Refusal(*why)
        usable, against = self.usable(customer, use)
        why |= against
        why.refuse()
        self._used(customer, usable, use, asking)
        return True

    def _used(self, customer: str, packages: Sequence[Package], use: KnownUse, asking: Asking) -> None:
        """It pays for a booking; without one, or for one that is kept elsewhere, it is a visit."""
        plan = self.plan(packages, use, asking.now)
        self.take(plan, use, asking)
        if use.wish.booking in self.diary.bookings:
            self.diary.pay_with(use.wish.booking, use.wish.redemption, plan)
            return
        if use.wish.booking is not None:
            self.diary.elsewhere.add(use.wish.booking)
        self.accounts.gives(customer, "visit", use.wish.redemption, use.at)

    def _check_unpaid(self, why: Reasons, wish: Wish, participant: str) -> None:
        """A booking kept elsewhere is paid for once: the same service for the same participant."""
        uses = [use for package in self.packages.values() for use in package.uses.values()]
        asked = (wish.booking, wish.service, participant)
        live = [use for use in uses if use.in_use and (use.booking, use.service, use.participant) == asked]
        why.when(wish.booking is not None and bool(live), "booking-state")

    def against_one(self, package: Package, use: KnownUse) -> Reasons:
        """What speaks against a use of a package that somebody chose."""
        why = self._against(package, use, use.wish.quantity)
        free = sum(min(here, lowest) for _, here, lowest in self._free(package, use))
        why.when(free < use.wish.quantity, "insufficient-units")
        return why

    def usable(self, customer: str, use: KnownUse) -> tuple[list[Package], Reasons]:
        """The packages that may be used, and what speaks against a use of all of them together."""
        why = Reasons()
        owned = [package for package in self.packages.values() if package.customer == customer]
        against = {package.id: self._against(package, use, 1) for package in owned}
        usable = [package for package in owned if not against[package.id]]
        if sum(self._reach(package, use) for package in usable) < use.wish.quantity:
            why.add("insufficient-units")
            why.when(any(reasons == {"payment-required"} for reasons in against.values()), "payment-required")
            barring = [p for p in owned if "not-eligible" in against[p.id] and self._free(p, use)]
            why.when(bool(barring) and not any(self._free(p, use) for p in usable), "not-eligible")
        return usable, why

    def wait_for_payment(self, customer: str, use: KnownUse) -> bool:
        """Whether there are units enough, but some in packages that are not paid."""
        owned = [package for package in self.packages.values() if package.customer == customer]
        against = {package.id: self._against(package, use, 1) for package in owned}
        near = [package for package in owned if against[package.id] <= {"payment-required"}]
        return sum(self._reach(package, use) for package in near) >= use.wish.quantity

    def _use(
        self,
        why: Reasons,
        asking: Asking,
        wish: Wish,
        customer: str,
        participant: str | None,
        chosen: Package | None,
    ) -> KnownUse | None:
        """The use with everything about it known; None when nobody knows its participant."""
        why.when(wish.redemption in self.redemptions, "id-taken")
        why.when(wish.staff is not None and not self.staff.get(wish.staff), "validation-failed")
        place = wish.location
        why.when(place is not None and not self.locations.get(place), "validation-failed")
        otherwise = chosen.zone if chosen else None
        if wish.booking in self.diary.bookings:
            why |= self.diary.against_paying(wish, customer)
            wish = self.diary.as_booked(wish)
            participant, otherwise = wish.participant, self.diary.bookings[wish.booking or ""].zone
        zone = self.zone_at(wish.location, otherwise)
        at = self.moment_at(asking, wish.effective, zone)
        if wish.effective is not None:
            self.check_moment(why, asking, at, chosen.bought_at if chosen else self.earliest_in(zone), zone)
        person = participant or in_person(customer)
        known = self.customers[customer].people.get(person)
        if known is None:
            why.add("not-found")
            return None
        why.when(not known.belongs(at), "not-eligible")
        if wish.booking not in self.diary.bookings:
            self._check_unpaid(why, wish, person)
        return KnownUse(wish, at, at if wish.session is None else wish.session, person, known.barred)

    def _against(self, package: Package, use: KnownUse, least: int) -> Reasons:
        """What speaks against taking at least so many units of a package, whatever is left of it."""
        why, wish = Reasons(), use.wish
        why.when(package.cancelled, "package-cancelled")
        before = package.day(use.session) < package.day(package.bought_at)
        why.when(use.at < package.bought_at or before, "effective-at-out-of-range")
        why.when(package.expired(max(use.at, use.session)), "package-expired")
        frozen = any(package.was_frozen(moment) for moment in (use.at, use.session))
        why.when(frozen, "package-frozen")
        private = package.sharing == "purchaser" and use.participant not in package.beneficiaries
        bound = any(self.locations.get(id) for id in package.locations)
        elsewhere = bound and wish.location not in package.locations
        barred = wish.service in use.barred
        unfit = not self._fitting(package, use)
        capped = self._room(package, use) < least
        why.when(private or elsewhere or barred or unfit or capped, "not-eligible")
        why.when(self.payment_required and package.owing > 0, "payment-required")
        return why

    def _room(self, package: Package, use: KnownUse) -> int:
        """How many units the participant may still use of it."""
        if package.cap is None:
            return UNITS_A_PACKAGE
        who = use.participant
        used = sum(mine.left for mine in package.uses.values() if mine.participant == who)
        held = sum(hold.quantity for hold in package.holds() if hold.participant == who)
        return package.cap - used - held

    def _fitting(self, package: Package, use: KnownUse) -> list[int]:
        return [
            n
            for n, line in enumerate(package.lines)
            if use.wish.service in line.services and use.wish.line in (None, n + 1)
        ]

    def _free(self, package: Package, use: KnownUse) -> list[tuple[int, int, int]]:
        """(line, units free now, the fewest free since the use) of lines that fit and have free units."""
        fitting = [(n, package.lines[n]) for n in self._fitting(package, use)]
        counted = [(n, line.free, line.lowest_from(use.at)) for n, line in fitting]
        return [found for found in counted if found[1]]

    def _reach(self, package: Package, use: KnownUse) -> int:
        """How many units of a package this use could take."""
        free = sum(max(0, min(here, lowest)) for _, here, lowest in self._free(package, use))
        return min(free, self._room(package, use))

    def _ranked(self, packages: Iterable[Package], use: KnownUse, now: int) -> list[tuple[Package, int]]:
        """Lines in the order they are used up: sorted by what matters least first."""

        def last_day(package: Package) -> date | None:
            return package.last_day(package.day(package.moment(now)))

        found = [(package, n) for package in packages for n, _, _ in self._free(package, use)]
        found.sort(key=lambda f: f[1])
        found.sort(key=lambda f: f[0].order)
        found.sort(key=lambda f: f[0].first_bought_at)
        found.sort(key=lambda f: next(u.value for u in f[0].lines[f[1]].units if u.state == "available"))
        found.sort(key=lambda f: last_day(f[0]) or LAST)
        found.sort(key=lambda f: last_day(f[0]) is None)
        found.sort(key=lambda f: len(f[0].lines[f[1]].services) > 1)
        return found

    def plan(self, packages: Sequence[Package], use: KnownUse, now: int) -> list[tuple[Package, int, int]]:
        """Which lines give how many units: (package, line, units)."""
        wanted = use.wish.quantity
        room = {package.id: self._room(package, use) for package in packages}
        plan = []
        for package, n in self._ranked(packages, use, now):
            line = package.lines[n]
            take = max(0, min(wanted, room[package.id], line.free, line.lowest_from(use.at)))
            wanted, room[package.id] = wanted - take, room[package.id] - take
            if take:
                plan.append((package, n, take))
        assert wanted == 0, "the reference let a use through that it cannot serve"
        return plan

    def take(
        self, plan: Sequence[tuple[Package, int, int]], use: KnownUse, asking: Asking, first: int = 1
    ) -> None:
        """Use the lowest units of these lines; `first` is the number of the first allocation."""
        self.recordings += 1
        self.redemptions.add(use.wish.redemption)
        expired = {package.id: package.expired(package.moment(asking.now)) for package, _, _ in plan}
        for allocation, (package, n, quantity) in enumerate(plan, first):
            package.settle(asking.now)
            staff = use.wish.staff or asking.who
            wish, by, place = use.wish, asking.who, use.wish.location
            new = Use(use.at, use.participant, staff, by, place, wish.booking, wish.service, use.session, [])
            mine = package.uses.setdefault(use.wish.redemption, new)
            units = package.lines[n].indices("available")[:quantity]
            mine.parts.append((allocation, n, units))
            package.move(n, units, "used", use.wish.redemption)
            package.lines[n].changes.append((package.touch(use.at), self.recordings, -quantity))
        for package, _, _ in plan:
            package.follow_first_session(expired[package.id])

    def restore(
        self,
        asking: Asking,
        redemption: str,
        quantity: int | None,
        package: str | None = None,
        reason: bool = False,
    ) -> bool:
        held = [p for p in self.packages.values() if redemption in p.uses and package in (None, p.id)]
        if not held:
            raise Refusal("not-found")
        why = Reasons()
        for use, there in ((p.uses[redemption], p.zone) for p in held):
            zone = self.zone_at(use.location, there)
            another_day = day_at(use.at, zone) != day_at(asking.now, zone)
            foreign = asking.who not in (use.staff, use.by) or another_day
            why.when(asking.role == "staff" and foreign and use.in_use > 0, "forbidden")
        left = sum(p.uses[redemption].left for p in held)
        why.when(left == 0, "already-restored")
        why.when(left > 0 and (quantity or 1) > left, "insufficient-units")
        why.when(not reason and self._takes_forfeits(held, redemption, quantity or left), "validation-failed")
        why.refuse()
        for p, n, units in self.give_back(asking, held, redemption, quantity or left):
            unusable = "package-cancelled" if p.cancelled else None
            if unusable is None and p.expired(asking.now):
                unusable = "package-expired"
            self.diary.leave(p.uses[redemption].booking, p.id, n, units, unusable)
        return True

    def _takes_forfeits(self, held: Sequence[Package], redemption: str, wanted: int) -> bool:
        """Whether the last so many units of it hold forfeited ones."""
        uses = [p.uses[redemption] for p in held]
        parts = [(n, len(units), n in use.forfeited) for use in uses for n, _, units in use.parts]
        for _, units, forfeited in sorted(parts, reverse=True):
            if forfeited and units and wanted > 0:
                return True
            wanted -= units
        return False

    def give_back(
        self, asking: Asking, held: Sequence[Package], redemption: str, wanted: int
    ) -> list[tuple[Package, int, int]]:
        """Last allocation first, last unit first: (package, line, units) of what went back."""
        self.recordings += 1
        moments: list[int] = []
        given: list[tuple[Package, int, int]] = []
        expired = {p.id: p.expired(p.moment(asking.now)) for p in held}
        parts = [(part, p) for p in held for part in p.uses[redemption].parts]
        for (_, n, units), p in sorted(parts, key=lambda found: found[0][0], reverse=True):
            back = [units.pop() for _ in range(min(wanted, len(units)))]
            wanted -= len(back)
            if back:
                moments.append(p.begin(asking))
                given.append((p, n, len(back)))
                p.move(n, back, "lapsed" if p.cancelled else "available")
                p.lines[n].changes.append((moments[-1], self.recordings, 0 if p.cancelled else len(back)))
        for p, _, _ in given:
            p.follow_first_session(expired[p.id])
        self._given_back(held[0].customer, redemption, moments[0])
        return given

    def _given_back(self, customer: str, redemption: str, moment: int) -> None:
        """A visit of which nothing is in use any more, in whatever package, was none."""
        uses = [p.uses[redemption] for p in self.packages.values() if redemption in p.uses]
        if not any(use.in_use for use in uses):
            self.accounts.takes_back(customer, "visit", redemption, moment)

    def correct(self, asking: Asking, id: str, line: int, change: int, code: str | None = None) -> bool:
        package, why = self.package(id), Reasons()
        given = self.reason_codes.get(code, False) if code is not None else not self.needs_code
        why.when(not given, "validation-failed")
        why.when(package.cancelled, "package-cancelled")
        why.when(change == 0 or line > len(package.lines), "validation-failed")
        too_much = self.correction_max is not None and abs(change) > self.correction_max
        why.when(too_much, "limit-reached")
        if line > len(package.lines):
            raise Refusal(*why)
        mine = package.lines[line - 1]
        why.when(-change > mine.free, "insufficient-units")
        added = max(0, change - len(mine.taken) - mine.count("used", "forfeited", "used before"))
        units = sum(len(each.units) for each in package.lines)
        why.when(len(mine.units) + added > UNITS_A_LINE or units + added > UNITS_A_PACKAGE, "limit-reached")
        why.refuse()
        self.recordings += 1
        expired = package.expired(package.moment(asking.now))
        moment = package.begin(asking)
        mine.changes.append((moment, self.recordings, change))
        if change < 0:
            taken = mine.indices("available")[:-change]
            package.move(line - 1, taken, "corrected")
            mine.taken += taken
            return True
        back = [mine.taken.pop() for _ in range(min(change, len(mine.taken)))]
        parts = [
            (part[0] not in use.forfeited, id, part)
            for id, use in reversed(package.uses.items())
            for part in reversed(use.parts)
            if part[1] == line - 1
        ]
        freed: list[str] = []
        for was_used, id, (_, _, used) in sorted(parts, key=lambda found: found[0]):
            in_use = [used.pop() for _ in range(min(change - len(back), len(used)))]
            freed += [id] if in_use and was_used else []
            back += in_use
            self.diary.leave(package.uses[id].booking, package.id, line - 1, len(in_use))
        back += mine.indices("used before")[::-1][: change - len(back)]
        package.move(line - 1, back, "available")
        mine.units += [Unit(0) for _ in range(change - len(back))]
        package.follow_first_session(expired)
        for redemption in freed:
            self._given_back(package.customer, redemption, moment)
        return True

    # How long it lasts

    def set_expiry(self, asking: Asking, id: str, expires_on: date | None) -> bool:
        package, why = self.package(id), Reasons()
        moment = package.moment(asking.now)
        why.when(package.cancelled, "package-cancelled")
        why.when(package.expired(moment), "package-expired")
        now = package.last_day(package.day(moment))
        before = expires_on is not None and expires_on < package.day(package.first_bought_at)
        held = [day_at(hold.start, package.zone) for hold in package.holds()]
        before = before or (expires_on is not None and any(expires_on < day for day in held))
        why.when(before and expires_on != now, "validation-failed")
        why.refuse()
        if expires_on == now:
            return False
        package.begin(asking)
        package.expires_on, package.expiry_by_hand = expires_on, True
        return True

    def reinstate(self, asking: Asking, id: str, expires_on: date) -> bool:
        package, why = self.package(id), Reasons()
        moment = package.moment(asking.now)
        why.when(package.revoked, "not-eligible")
        why.when(package.voided and package.batch is not None, "not-eligible")
        why.when(not package.cancelled and not package.expired(moment), "not-expired")
        why.when(expires_on < package.day(moment), "validation-failed")
        why.refuse()
        package.begin(asking)
        self.recordings += 1
        for n, line in enumerate(package.lines):
            back = line.indices("lapsed")
            package.move(n, back, "available")
            line.changes.append((moment, self.recordings, len(back)))
        package.cancelled = package.voided = False
        package.expires_on, package.expiry_by_hand = expires_on, True
        return True

    def freeze(self, asking: Asking, id: str, until: date) -> bool:
        package = self.package(id)
        self.against_freezing(asking, package, until).refuse()
        today = package.day(package.moment(asking.now))
        if package.frozen_on(today):
            return False
        package.freezes.append(Freeze(package.begin(asking), today, until))
        package.freeze_open = True
        return True

    def against_freezing(self, asking: Asking, package: Package, until: date) -> Reasons:
        """To freeze it until the day to which it is frozen changes nothing."""
        moment, why = package.moment(asking.now), Reasons()
        today = package.day(moment)
        why.when(package.cancelled, "package-cancelled")
        why.when(package.expired(moment), "package-expired")
        frozen = package.frozen_on(today)
        same = frozen and package.freezes[-1].until == until
        why.when(frozen and not same, "package-frozen")
        why.when(not same and not today <= until <= moved(today, 366), "validation-failed")
        ahead = [hold.start for hold in package.holds() if hold.start >= moment]
        within = any(package.day(start) <= until for start in ahead)
        why.when(not same and within, "holds-outstanding")
        return why

    def unfreeze(self, asking: Asking, id: str) -> bool:
        package = self.package(id)
        if not package.freeze_open:
            return False
        freeze, today = package.freezes[-1], package.day(package.moment(asking.now))
        if package.thawed_on(today):
            package.settle(asking.now)
            return True
        freeze.end = package.begin(asking)
        package.freeze_open = False
        if package.expires_on is not None:
            package.expires_on = moved(package.expires_on, today.toordinal() - freeze.first.toordinal())
        return True

    def share(self, asking: Asking, id: str, sharing: str, beneficiaries: tuple[str, ...] | None) -> bool:
        package, why = self.package(id), Reasons()
        if beneficiaries is not None:
            beneficiaries = self.persons(beneficiaries)
        why.when(package.cancelled, "package-cancelled")
        named = package.beneficiaries if beneficiaries is None else beneficiaries
        self.check_beneficiaries(why, beneficiaries or (), package.customer, asking.now)
        why.refuse()
        named = named or (in_person(package.customer),)
        if (sharing, named) == (package.sharing, package.beneficiaries):
            return False
        package.begin(asking)
        package.sharing, package.beneficiaries, package.named = sharing, named, None
        return True

    def place(self, asking: Asking, id: str, locations: tuple[str, ...]) -> bool:
        """Where it can be used."""
        why = Reasons()
        why.when(len(set(locations) & set(self.locations)) < len(locations), "validation-failed")
        why.when(id not in self.packages, "not-found")
        package = self.packages.get(id)
        if package is None:
            raise Refusal(*why)
        why.when(package.cancelled, "package-cancelled")
        why.refuse()
        if set(locations) == set(package.locations):
            return False
        package.begin(asking)
        package.locations = locations
        return True

    def note(self, asking: Asking, id: str) -> bool:
        package = self.package(id)
        package.begin(asking)
        package.notes += 1
        return True

    # By the clock

    def record_expiry(self, asking: Asking, id: str) -> bool:
        package, why = self.package(id), Reasons()
        moment = package.moment(asking.now)
        last = package.last_day(package.day(moment))
        why.when(package.cancelled, "package-cancelled")
        why.when(last is None or not package.expired(moment) or package.lapse == last, "not-eligible")
        why.when(package.remaining == 0, "not-eligible")
        why.refuse()
        assert last is not None
        package.touch(max(package.bought_at, first_moment(moved(last, 1), package.zone)))
        package.lapse = last
        return True

    def remind(self, asking: Asking, id: str) -> bool:
        """Once for a last valid day, and again where the business wants it nearer to that day."""
        package, why = self.package(id), Reasons()
        moment, lead = package.moment(asking.now), self.reminder_lead
        today, customer = package.day(moment), self.customers[package.customer]
        last = package.last_day(today)
        why.when(package.cancelled, "package-cancelled")
        why.when(package.expired(moment), "package-expired")
        why.when(package.was_frozen(moment), "package-frozen")
        why.when(package.remaining == 0 or customer.blocked or not customer.active, "not-eligible")
        if last is None or lead is None:
            raise Refusal(*why, "not-eligible")
        why.when(last.toordinal() - lead > today.toordinal(), "not-eligible")
        of, before, _ = package.reminder or (None, None, None)
        why.when(of == last and (before is None or before <= lead), "not-eligible")
        why.refuse()
        package.touch(moment)
        package.reminder = (last, lead, None)
        return True

    def reminded(self, asking: Asking, id: str, told: date | None, effective: date | int | None) -> bool:
        package, why = self.package(id), Reasons()
        last = package.last_day(package.day(package.moment(asking.now)))
        zone = self.zone_at(None, package.zone)
        moment = self.moment_at(asking, effective, zone)
        moment = max(moment, package.bought_at) if effective is None else moment
        why.when(last is None, "not-eligible")
        why.when(told not in (None, last), "validation-failed")
        if effective is not None:
            self.check_moment(why, asking, moment, package.bought_at, zone)
        why.refuse()
        assert last is not None
        of, lead, sent = package.reminder or (None, None, None)
        if of == last and sent is not None:
            return False
        package.touch(moment)
        package.reminder = (last, lead if of == last else self.reminder_lead, moment)
        return True

    # The end

    def cancel(self, asking: Asking, id: str, refund: tuple[str, int] | None, release: bool = False) -> bool:
        package, why = self.package(id), Reasons()
        why.when(package.cancelled, "package-cancelled")
        why.when(bool(package.holds()) and not release, "holds-outstanding")
        if refund is not None:
            self._check_refund(why, package, *refund)
        why.refuse()
        if refund is not None:
            self._give_money_back(asking, package, *refund)
        self.lapse(package, asking)
        return True

    def void(self, asking: Asking, id: str, release: bool = False) -> bool:
        package, why = self.package(id), Reasons()
        if package.batch is not None:
            return balances.void(self, asking, package)
        why.when(package.cancelled, "package-cancelled")
        why.when(bool(package.holds()) and not release, "holds-outstanding")
        another_day = package.entered_on != day_at(asking.now, package.zone)
        used = any(line.count("used", "forfeited", "corrected", "transferred") for line in package.lines)
        given = package.transfer is not None or package.membership is not None
        why.when(another_day or used or given, "not-eligible")
        why.refuse()
        for payment, (amount, refunded) in package.payments.items():
            self._give_money_back(asking, package, payment, amount - refunded)
        self.lapse(package, asking)
        package.voided = True
        return True

    def lapse(self, package: Package, asking: Asking) -> None:
        moment = package.begin(asking)
        for n, line in enumerate(package.lines):
            for booking in list(line.holds):
                released = self.release(line, booking, moment)
                self.diary.leave(booking, package.id, n, released.quantity)
        self.recordings += 1
        for n, line in enumerate(package.lines):
            left = line.indices("available")
            package.move(n, left, "lapsed")
            line.changes.append((moment, self.recordings, -len(left)))
        package.cancelled = True
        self.accounts.takes_back(package.customer, "purchase", package.id, moment)

    # To another customer

    def transfer(
        self,
        asking: Asking,
        id: str,
        new: tuple[str, str],
        to: str,
        line: int,
        quantity: int,
        expires: Expiry,
    ) -> bool:
        """`new`: ids of the transfer and of the package that it makes."""
        to = self.called(to)
        package, why = self.package(id), Reasons()
        moment = package.moment(asking.now)
        why.when(to not in self.customers, "not-found")
        why.when(new[1] in self.packages or new[0] in self.transfers, "id-taken")
        why.when(package.cancelled, "package-cancelled")
        why.when(package.expired(moment), "package-expired")
        why.when(package.was_frozen(moment), "package-frozen")
        why.when(line > len(package.lines) or to == package.customer, "validation-failed")
        too_early = isinstance(expires, date) and expires < package.day(moment)
        why.when(too_early, "validation-failed")
        if to in self.customers:
            why.when(self.customers[to].blocked, "customer-blocked")
            why.when(not self.customers[to].active, "customer-inactive")
        if line > len(package.lines):
            raise Refusal(*why)
        mine = package.lines[line - 1]
        why.when(quantity > mine.free, "insufficient-units")
        why.refuse()
        moment = package.begin(asking)
        gone = mine.indices("available")[:quantity]
        package.move(line - 1, gone, "transferred")
        self.recordings += 1
        mine.changes.append((moment, self.recordings, -quantity))
        package.moved[new[0]] = (new[1], line - 1, gone)
        self.transfers.add(new[0])
        self._receive(asking, package, new, to, [mine.units[n].value for n in gone], mine, expires)
        return True

    def _receive(
        self,
        asking: Asking,
        origin: Package,
        new: tuple[str, str],
        to: str,
        values: list[int],
        line: Line,
        expires: Expiry,
    ) -> None:
        moment, waits = origin.moment(asking.now), False
        if expires == BY_RULE:
            waits = origin.validity[0] == "after_first_use" and origin.started_on is None
            waits = waits and not origin.expiry_by_hand
            expires = origin.last_day(origin.day(moment))
        number = to, origin.offer if origin.offer is not None else "named " + origin.name
        self.numbers[number] += 1
        changes = [(moment, self.recordings, len(values))]
        self.packages[new[1]] = Package(
            id=new[1],
            customer=to,
            offer=origin.offer,
            name=origin.name,
            number=self.numbers[number],
            order=len(self.packages),
            zone=origin.zone,
            price=sum(values),
            lines=[Line(line.services, line.weight, [Unit(value) for value in values], changes=changes)],
            validity=origin.validity if waits else ("by hand", 0, ""),
            bought_at=moment,
            entered_on=day_at(asking.now, origin.zone),
            expires_on=None if waits or not isinstance(expires, date) else expires,
            sharing=origin.sharing,
            beneficiaries=(in_person(to),),
            cap=origin.cap,
            locations=origin.locations,
            terms=origin.terms,
            latest=moment,
            covered=sum(values),
            not_sold=sum(values),
            transfer=new[0],
        )

    def take_back(self, asking: Asking, transfer: str) -> bool:
        made = [p for p in self.packages.values() if p.transfer == transfer]
        if not made:
            raise Refusal("not-found")
        new, why = made[0], Reasons()
        origin = next((p for p in self.packages.values() if transfer in p.moved), None)
        why.when(new.cancelled or origin is None or origin.cancelled, "package-cancelled")
        why.when(any(len(line.units) != line.free for line in new.lines), "not-eligible")
        why.when(new.price != new.covered or new.paid != 0, "not-eligible")
        why.refuse()
        assert origin is not None
        _, n, units = origin.moved.pop(transfer)
        moment = origin.begin(asking)
        self.recordings += 1
        origin.move(n, units, "available")
        origin.lines[n].changes.append((moment, self.recordings, len(units)))
        moment = new.begin(asking)
        for number, line in enumerate(new.lines):
            left = line.indices("available")
            new.move(number, left, "transferred")
            line.changes.append((moment, self.recordings, -len(left)))
        new.cancelled = new.revoked = True
        return True

    # What bookings hold

    def release(self, line: Line, booking: str, moment: int) -> Hold:
        self.recordings += 1
        line.changes.append((moment, self.recordings, line.holds[booking].quantity))
        return line.holds.pop(booking)

    # The whole

    def liability(self, at: int) -> int:
        """What unused units are worth in packages neither expired nor cancelled."""
        return sum(package.liability(at) for package in self.packages.values())
