"""Customers and what they did, by the hundred thousand: true facts, appended as an import would, a few at a time.

Nothing is decided here, so that a million facts take minutes: the facts are those that the commands would have
written, in an order in which they could have happened.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from domain.actor import Actor, Role
from domain.booking.facts import BookingCancelled, BookingCompleted, BookingConfirmed, BookingMade
from domain.calendar_rules import NoExpiry
from domain.decision import NewStream
from domain.fact import Fact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Meta, store
from domain.ledger.records import Append, Stored
from domain.package.fact_parts import SoldLine, SoldService
from domain.package.facts import UnitsRedeemed
from domain.package.money_facts import PaymentRecorded
from domain.package.opening_facts import PackagePurchased
from domain.people.directory import Person
from domain.people.facts import (
    ConsentChanged,
    Consents,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerRegistered,
    ParticipantOf,
)
from domain.people.profile import Profile, row
from domain.people.state import in_person
from domain.values import CancellationTerms, PaymentMethod

ZONE = "Europe/Budapest"
FACTS_PER_APPEND = 1_000
TOLD_EVERY = 50_000
TERMS = CancellationTerms(notice_hours=24, late="restore")
FIRST = (
    "Anna",
    "Béla",
    "Csaba",
    "Dóra",
    "Éva",
    "Ferenc",
    "Gábor",
    "Hanna",
    "István",
    "Judit",
    "Kinga",
    "László",
)
LAST = ("Kovács", "Nagy", "Tóth", "Szabó", "Horváth", "Varga", "Kiss", "Molnár", "Németh", "Farkas", "Balogh")
ENDS = ("né", "ffy", "i", "", "házi", "di", "ka", "")
UNITS, PRICE = 10, 50_000
CATEGORIES: Mapping[str | None, int] = {"Regular": 60, "New": 30, "VIP": 2, None: 8}
"""And how many of a hundred customers are in each."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Catalogue:
    """Ids of services and offers, the most wanted first. The last service is new: only the newest book it."""

    services: tuple[str, ...]
    offers: tuple[str, ...]


@dataclass
class Crowd:
    """The facts of one business's customers, of one after the other."""

    catalogue: Catalogue
    customers: int
    facts: int
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    seed: int = 1

    def __post_init__(self) -> None:
        self._draw = Random(self.seed)
        self._meta = Meta(actor=Actor(id="import", role=Role.OWNER)).to_bytes()
        self._unspent = self.facts

    def fill(self, ledger: LedgerRecorder, told: Told) -> int:
        """Append everything; how many facts that was."""
        done = 0
        for batch in self._batches():
            (outcome,) = ledger.append([batch])
            assert isinstance(outcome, Stored), outcome
            before, done = done, done + len(batch.facts)
            if before // TOLD_EVERY < done // TOLD_EVERY:
                told(f"{done:,} of {self.facts:,} facts")
        return done

    def _batches(self) -> Iterator[Append]:
        streams: list[NewStream] = []
        people: list[Person] = []
        facts: list[tuple[str, str, int, Fact]] = []
        for number in range(self.customers):
            self._customer(number, streams, people, facts)
            if len(facts) >= FACTS_PER_APPEND or number == self.customers - 1:
                new = tuple(store(kind, id, version, fact, self._meta) for kind, id, version, fact in facts)
                yield Append(new, {}, streams=tuple(streams), people=tuple(people))
                streams, people, facts = [], [], []

    def _customer(
        self,
        number: int,
        streams: list[NewStream],
        people: list[Person],
        facts: list[tuple[str, str, int, Fact]],
    ) -> None:
        """One customer with as many facts as keep the whole at its measure."""
        draw, id = self._draw, f"cus_{number:09}"
        streams.append(NewStream("customer", id))
        name = f"{draw.choice(FIRST)} {draw.choice(LAST)}{draw.choice(ENDS)}"
        mobile = f"+36{draw.choice((20, 30, 70))}{draw.randrange(10**7):07}"
        people.append(row(id, id, Profile(name=name, mobile=mobile, country_code="+36")))
        self._standing(id, facts)
        share = self._unspent // (self.customers - number)
        first = len(facts)
        while len(facts) - first < share - 2:
            deeds = self._package if draw.random() < 0.4 else self._booking
            deeds(number, len(facts) - first, streams, facts)
        self._unspent -= len(facts) - first

    def _standing(self, id: str, facts: list[tuple[str, str, int, Fact]]) -> None:
        draw = self._draw
        person = ParticipantOf(participant_id=in_person(id), number=0, kind="person")
        told: list[Fact] = [CustomerRegistered(participants=(person,))]
        if category := draw.choices([*CATEGORIES], [*CATEGORIES.values()])[0]:
            told.append(CustomerCategorised(category=category))
        if draw.random() < 0.3:
            told.append(ConsentChanged(changed=("marketing",), consents=Consents(marketing=True)))
        if draw.random() < 0.03:
            told.append(CustomerDeactivated())
        if draw.random() < 0.005:
            told.append(CustomerBlocked())
        facts += [("customer", id, version, fact) for version, fact in enumerate(told, 1)]
        self._unspent -= len(told)

    def _service(self, number: int) -> str:
        """The first are wanted most; the last one by some of the newest tenth alone."""
        *usual, new = self.catalogue.services
        if number >= self.customers * 0.9 and self._draw.random() < 0.3:
            return new
        return usual[min(int(self._draw.expovariate(0.4)), len(usual) - 1)]

    def _package(
        self, number: int, serial: int, streams: list[NewStream], facts: list[tuple[str, str, int, Fact]]
    ) -> None:
        draw, customer, id = self._draw, f"cus_{number:09}", f"pkg_{number:09}_{serial}"
        service = self._service(number)
        bought = self.now - timedelta(minutes=draw.randrange(3 * 365 * 24 * 60))
        expires_on: date = (bought + timedelta(days=180)).date()
        streams.append(NewStream("package", id, customer))
        line = SoldLine(
            label=service,
            services=(SoldService(id=service, name=service, service_type="Massage"),),
            quantity=UNITS,
            values=((PRICE // UNITS, UNITS),),
            weight=1,
        )
        told: list[Fact] = [
            PackagePurchased(
                effective_at=bought,
                customer_id=customer,
                offer_id=draw.choice(self.catalogue.offers),
                offer_version=1,
                name="Massage ×10",
                purchase_number=1,
                currency="EUR",
                price=PRICE,
                list_price=PRICE,
                lines=(line,),
                validity=NoExpiry(),
                expires_on=expires_on,
                time_zone=ZONE,
                entered_on=bought.date(),
                sharing="purchaser",
                beneficiaries=(in_person(customer),),
                cancellation=TERMS,
            )
        ]
        if draw.random() < 0.95:
            told.append(
                PaymentRecorded(
                    effective_at=bought,
                    payment_id=f"pay_{number:09}_{serial}",
                    amount=PRICE,
                    method=PaymentMethod.CARD,
                    paid=PRICE,
                )
            )
        for use in range(draw.choice((0, 1, 2, 3, 3, 5))):
            told.append(self._use(customer, f"{number:09}_{serial}_{use}", service, use, bought))
        facts += [("package", id, version, fact) for version, fact in enumerate(told, 1)]

    def _use(self, customer: str, name: str, service: str, use: int, bought: datetime) -> UnitsRedeemed:
        """Two units at a time, so that five uses leave nothing."""
        units = (2 * use + 1, 2 * use + 2)
        used = bought + timedelta(days=7 * use + 1)
        return UnitsRedeemed(
            effective_at=used,
            redemption_id=f"red_{name}",
            allocation=1,
            quantity=2,
            line=1,
            units=units,
            value=2 * PRICE // UNITS,
            remaining=UNITS - units[1],
            service_id=service,
            participant_id=in_person(customer),
            session_at=used,
        )

    def _booking(
        self, number: int, serial: int, streams: list[NewStream], facts: list[tuple[str, str, int, Fact]]
    ) -> None:
        draw, customer, id = self._draw, f"cus_{number:09}", f"bkg_{number:09}_{serial}"
        starts_at = self.now + timedelta(minutes=draw.randrange(-2 * 365 * 24 * 60, 30 * 24 * 60))
        streams.append(NewStream("booking", id, customer))
        told: list[Fact] = [
            BookingMade(
                customer_id=customer,
                service_id=self._service(number),
                participant_id=in_person(customer),
                starts_at=starts_at,
                time_zone=ZONE,
                quantity=1,
                deduct="at_booking",
                terms=TERMS,
                policy_version=0,
                made_at=min(starts_at, self.now),
                by="business",
            )
        ]
        if draw.random() < 0.1:
            told.append(
                BookingCancelled(
                    by="customer",
                    in_time=True,
                    free_until=starts_at,
                    notice_minutes=2_880,
                    policy_version=0,
                    refund_due=True,
                )
            )
        else:
            told.append(BookingConfirmed())
            if starts_at < self.now:
                told.append(BookingCompleted())
        facts += [("booking", id, version, fact) for version, fact in enumerate(told, 1)]
