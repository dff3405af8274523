"""Points through the whole write path: in the append of their cause, in batches, and by many at once."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from domain.business.commands import ChangePolicies
from domain.business.facts import PaymentRule, PurchaseRule, VisitRule
from domain.catalogue.facts import OfferLine
from domain.decision import Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.carnet import Carnet
from domain.ledger.orders import Done, Result
from domain.package.commands import NewPayment, RedeemUnits, RefundPayment, SellPackage
from domain.people.commands import RegisterCustomer
from domain.points.commands import AddPoints, RedeemPoints
from domain.points.state import PointsAccount, account_id
from domain.refusals import PointsInsufficient
from domain.streams import EVOLVE
from domain.values import Money, PaymentMethod, Value, Wording
from tests.domain.ledger.salon import BUSINESS, Process, opened

WRITERS = 20
EARN = (
    PaymentRule(on="payment", points=1, per_amount=10),
    PurchaseRule(on="purchase", points=20),
    VisitRule(on="visit", points=5),
)


def euros(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def because(name: str) -> Wording:
    return Wording(id=f"txt_{name}", salt=b"pinch", text="agreed")


def sale(number: int, customer_id: str = "cus_1") -> SellPackage:
    """A package of two units for 30.00, of which 20.00 are paid at once."""
    paid = NewPayment(payment_id=f"pay_{number}", amount=euros(2_000), method=PaymentMethod.CASH)
    return SellPackage(
        package_id=f"pkg_s{number}",
        customer_id=customer_id,
        name="Massages",
        lines=(OfferLine(quantity=2, services=("svc_1",)),),
        price=euros(3_000),
        payment=paid,
    )


def account(desk: Process, customer_id: str) -> PointsAccount | None:
    """A customer's points as they are stored, whatever is kept."""
    wanted = Reads({account_id(customer_id): 0})
    books = LoadedBooks(BUSINESS, wanted, desk.ledger.recorder.load(wanted))
    return books.own_points(customer_id)


def balance(desk: Process, customer_id: str = "cus_1") -> int:
    found = account(desk, customer_id)
    return 0 if found is None else found.balance


def all_done(desk: Process, commands: Sequence[Value], name: str) -> None:
    """Carry them out as one batch."""
    results = desk.ledger.execute([desk.order(each, f"{name} {n}") for n, each in enumerate(commands)])
    assert [type(each) for each in results] == [Done] * len(commands), results


def earning(carnet: Carnet) -> Process:
    desk = opened(carnet, 1)
    assert isinstance(desk.ask(ChangePolicies(earn=EARN), "earn"), Done)
    return desk


def test_points_are_in_the_append_of_what_earned_them(carnet: Carnet) -> None:
    desk = earning(carnet)
    done = desk.ask(sale(1), "sale")
    assert isinstance(done, Done)
    facts = desk.ledger.recorder.facts(after=done.first - 1)
    assert [(fact.name, fact.recorded_at) for fact in facts] == [
        (name, facts[0].recorded_at)
        for name in (
            "package.purchased",
            "package.payment_recorded",
            "points.added",
            "points.added",
        )
    ]
    assert done.last == facts[-1].position
    assert desk.ledger.recorder.streams_of("cus_1", "points") == ["acc_1"]


def test_a_batch_about_many_customers_is_decided_in_one_go(carnet: Carnet) -> None:
    """Whose points a refund takes is known only when its package is read."""
    desk = earning(carnet)
    customers = [f"cus_b{n}" for n in range(WRITERS)]
    all_done(desk, [RegisterCustomer(customer_id=id) for id in customers], "customer")
    all_done(desk, [sale(n, id) for n, id in enumerate(customers)], "sale")
    assert {balance(desk, id) for id in customers} == {220}
    fresh = Process(carnet)
    refunds = [
        RefundPayment(payment_id=f"pay_{n}", amount=euros(1_000), reason=because(f"{n}"))
        for n in range(WRITERS)
    ]
    all_done(fresh, refunds, "refund")
    assert {balance(desk, id) for id in customers} == {120}


def test_a_sale_and_its_use_and_refund_in_one_batch(carnet: Carnet) -> None:
    desk = earning(carnet)
    use = RedeemUnits(package_id="pkg_s1", redemption_id="red_1", service_id="svc_1")
    refund = RefundPayment(payment_id="pay_1", amount=euros(2_000), reason=because("r"))
    all_done(desk, [sale(1), use, refund], "day")
    found = account(desk, "cus_1")
    assert found is not None
    assert (found.balance, found.version) == (25, 4)


def test_a_business_without_earn_rules_reads_and_writes_no_points(carnet: Carnet) -> None:
    desk = opened(carnet, 1)
    assert isinstance(desk.ask(sale(1), "sale"), Done)
    assert isinstance(desk.redeem("one"), Done)
    assert account(desk, "cus_1") is None


def at_once(desk: Process, commands: Sequence[Value]) -> list[Result]:
    start = Barrier(len(commands))

    def ask(number: int) -> Result:
        start.wait()
        return desk.ask(commands[number], f"at once {number}")

    with ThreadPoolExecutor(len(commands)) as writers:
        return list(writers.map(ask, range(len(commands))))


def test_many_at_once_earn_each_their_points(carnet: Carnet) -> None:
    desk = earning(carnet)
    results = at_once(desk, [sale(n) for n in range(WRITERS)])
    assert {type(each) for each in results} == {Done}
    found = account(desk, "cus_1")
    assert found is not None
    assert found.balance == WRITERS * 220
    assert sum(each.points for each in found.additions.values()) == found.balance


def test_many_at_once_redeem_no_more_than_there_is(carnet: Carnet) -> None:
    desk = opened(carnet, 1)
    assert isinstance(desk.ask(AddPoints(customer_id="cus_1", entry_id="pts_1", points=70), "add"), Done)
    takes = [RedeemPoints(customer_id="cus_1", entry_id=f"pts_t{n}", points=10) for n in range(WRITERS)]
    results = Counter(type(each) for each in at_once(desk, takes))
    assert results == {Done: 7, PointsInsufficient: WRITERS - 7}
    assert balance(desk) == 0


def test_every_state_of_an_account_is_the_fold_of_its_facts(carnet: Carnet) -> None:
    desk = earning(carnet)
    all_done(desk, [sale(1), sale(2)], "sale")
    state: PointsAccount | None = None
    books = LoadedBooks(BUSINESS, wanted := Reads({"acc_1": 0}), desk.ledger.recorder.load(wanted))
    stream = books.stream("acc_1")
    assert stream is not None
    for n, fact in enumerate(stream.facts, 1):
        state = EVOLVE["points"](state, fact.fact)
        assert state is not None
        assert state.version == n
    assert state == stream.state
