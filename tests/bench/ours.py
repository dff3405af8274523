"""Carnet itself as an entrant: the write path alone, one by one or grouped, and `carnet serve`."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from api.http.new_keys import issue_key
from api.resources.packages.card import VIEWS, render
from api.resources.parts import known
from api.server.installation import migrate, views_of
from api.server.settings import Settings
from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.calendar_rules import ExpiryAfterPurchase
from domain.catalogue.commands import DefineService, PublishOffer
from domain.catalogue.facts import OfferLine, OfferTerms, ServiceTerms
from domain.decision import Decision
from domain.ledger.books import LoadedBooks
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.mapper import Meta
from domain.ledger.orders import Answer, Done, Order, RequestKey, no_answer
from domain.moments import rfc3339
from domain.package.commands import NewPayment, RedeemUnits, SellPackage
from domain.people.commands import RegisterCustomer
from domain.people.profile import ProfileGiven
from domain.values import Money, PaymentMethod, Value
from projections.engine.runner import Runner
from projections.engine.status import totals
from projections.models.card_columns import summed
from tests.bench.clients import request
from tests.bench.race import UNITS
from tests.bench.server import serving
from tests.use_cases import order

ZONE = "Europe/Budapest"
ACTOR = Actor(id="key_bench", role=Role.OWNER)
SERVICE, OFFER = "svc_massage", "off_massage"
PRICE = 50_000
BATCH = 500
PEPPER = "benchmarks-need-no-secret-0123456789"


@dataclass(frozen=True, slots=True)
class Held:
    """A package and whose it is."""

    business_id: str
    package_id: str


class Ours:
    """One process's Carnet on a migrated PostgreSQL database. `sell` is safe to call again and again."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self.carnet = Carnet(url, pool_size=pool_size, views=VIEWS)
        self._url = url
        self._pool_size = pool_size
        self._numbers = count(1)
        self._businesses: list[str] = []
        self._keys: dict[str, str] = {}
        self._views = views_of(Settings.read({"CARNET_DATABASE": url}))
        self._views.create()

    def close(self) -> None:
        self._views.close()
        self.carnet.close()

    def catch_up(self) -> None:
        """Bring the read models up to date. What is sold for a heat, and the heat of another entrant, would
        else be taken into them while the next one is measured."""
        runner = Runner(self.carnet.store, self._views)
        while runner.step() or any(total.lag for total in totals(self.carnet.store, self._views)):
            pass

    def business(self, number: int) -> str:
        """The id of business 0, 1, 2 …, opened with a catalogue when it is first asked for."""
        while len(self._businesses) <= number:
            self._businesses.append(self._open(f"biz_{len(self._businesses)}"))
        return self._businesses[number]

    def sell(self, businesses: int, packages: int) -> list[Held]:
        sold: dict[str, list[Held]] = {}
        for number in range(packages):
            business_id = self.business(number % businesses)
            sold.setdefault(business_id, []).append(Held(business_id, f"pkg_{next(self._numbers)}"))
        for business_id, held in sold.items():
            orders = [order for package in held for order in _sale(package.package_id)]
            for start in range(0, len(orders), BATCH):
                _all_done(self.carnet.ledger(business_id), orders[start : start + BATCH])
        # In the order asked for: neighbours belong to different businesses.
        queues = [iter(held) for held in sold.values()]
        return [next(queues[number % len(queues)]) for number in range(packages)]

    def sell_to(self, customer_id: str, packages: int) -> list[str]:
        """Packages of one customer of business 0, who is registered with the first."""
        ids = [f"pkg_{next(self._numbers)}" for _ in range(packages)]
        register, *_ = _sale(ids[0], customer_id)
        _all_done(
            self.carnet.ledger(self.business(0)), [register, *(_sale(id, customer_id)[1] for id in ids)]
        )
        return ids

    def redeem_one_by_one(self, package: Held) -> None:
        ledger = self.carnet.ledger(package.business_id)
        (done,) = ledger.execute([self._order(ledger, package)])
        assert isinstance(done, Done), done

    def redeem_grouped(self, package: Held) -> None:
        ledger = self.carnet.ledger(package.business_id)
        done = ledger.execute_grouped(self._order(ledger, package))
        assert isinstance(done, Done), done

    @contextmanager
    def served(
        self, port: int, log: Path, command: Sequence[str] = ("-m", "api.cli.main", "serve")
    ) -> Iterator[int]:
        """`carnet serve` on this database, as it comes: with its runner of read models. The id of its session."""
        environment = {
            "CARNET_DATABASE": self._url,
            "CARNET_PEPPER": PEPPER,
            "CARNET_POOL": str(self._pool_size),
            "CARNET_PORT": str(port),
            "CARNET_RATE": "1000000",
            "CARNET_LOG": "warning",
        }
        migrate(Settings.read(environment))
        with serving(command, port, environment, log) as session:
            yield session

    def request(self, package: Held) -> bytes:
        """A redemption over HTTP, with the key of the package's business."""
        headers = {**self.credentials(package.business_id), "Idempotency-Key": f"use-{next(self._numbers)}"}
        path = f"/v1/packages/{package.package_id}/redemptions"
        return request(path, json.dumps({"service_id": SERVICE}).encode(), headers)

    def credentials(self, business_id: str) -> dict[str, str]:
        """The header with a key of an owner, issued when it is first asked for."""
        if business_id not in self._keys:
            key = issue_key(self.carnet.store, PEPPER.encode(), business_id, Role.OWNER, name="bench")
            self._keys[business_id] = key
        return {"Authorization": f"Bearer {self._keys[business_id]}"}

    def _order(self, ledger: Ledger, package: Held) -> Order:
        key = f"use-{next(self._numbers)}"
        id = f"red_{key}"
        command = RedeemUnits(package_id=package.package_id, redemption_id=id, service_id=SERVICE)
        content = f"{package.package_id}/redemptions {SERVICE}".encode()
        return _order(command, answer=_card, request=ledger.request(key, content), new_ids=(id,))

    def _open(self, business_id: str) -> str:
        self.carnet.store.open_ledger(business_id)
        service = ServiceTerms(name="Massage 60", service_type="Massage", list_price=3_000)
        line = OfferLine(quantity=UNITS, services=(SERVICE,))
        validity = ExpiryAfterPurchase(rule="after_purchase", count=6, unit="months")
        offer = OfferTerms(name="Massage ×20", price=PRICE, lines=(line,), validity=validity)
        _all_done(
            self.carnet.ledger(business_id),
            [
                _order(OpenBusiness(business_id=business_id, name="Silk", currency="EUR", time_zone=ZONE)),
                _order(DefineService(service_id=SERVICE, service=service)),
                _order(PublishOffer(offer_id=OFFER, offer=offer)),
            ],
        )
        return business_id


def _order(
    command: Value,
    *,
    answer: Callable[[LoadedBooks, Decision], Answer] = no_answer,
    request: RequestKey | None = None,
    new_ids: tuple[str, ...] = (),
) -> Order:
    meta = Meta(actor=ACTOR)
    return order(command, meta, request=request, answer=answer, new_ids=new_ids)


def _sale(package_id: str, customer_id: str | None = None) -> list[Order]:
    """A customer and the package they buy, paid at once."""
    number = package_id.removeprefix("pkg_")
    customer_id = customer_id or f"cus_{number}"
    profile: ProfileGiven = {"name": "Ágnes Tóth", "email": f"agnes{number}@example.org"}
    money = Money(amount=PRICE, currency="EUR")
    payment = NewPayment(payment_id=f"pay_{number}", amount=money, method=PaymentMethod.CARD)
    sale = SellPackage(package_id=package_id, customer_id=customer_id, offer_id=OFFER, payment=payment)
    return [_order(RegisterCustomer(customer_id=customer_id, profile=profile)), _order(sale)]


def _all_done(ledger: Ledger, orders: Sequence[Order]) -> None:
    for result in ledger.execute(orders):
        assert isinstance(result, Done), result


def _card(books: LoadedBooks, decision: Decision) -> Answer:
    """The package after its redemption, as the API answers it."""
    ((package_id, (_, facts)),) = decision.facts.items()
    stream = books.stream(package_id)
    assert stream is not None
    card = summed(stream.view)
    assert card is not None
    people = known(books.people(card["customer_id"]))
    recorded_at, terms = rfc3339(card["recorded_at"]), books.business.policies
    shown = render(card, datetime.now(UTC), people, recorded_at=recorded_at, terms=terms)
    used: Any = facts[-1]
    value = {"amount": used.value, "currency": card["currency"]}
    allocation = {"package_id": package_id, "line": used.line, "units": used.units, "value": value}
    answer = {**shown, "redemption_id": used.redemption_id, "allocations": [allocation]}
    return Answer(to_json(answer).decode(), (card["customer_id"],))
