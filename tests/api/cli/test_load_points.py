"""Loading a day-book into a business that gives points: what happened long ago earns as well."""

from collections import Counter

from api.imports.known_ids import registered
from domain.business.commands import ChangePolicies
from domain.business.facts import PaymentRule, PurchaseRule, VisitRule
from domain.ledger.mapper import all_recorded
from domain.ledger.orders import Done
from domain.moments import local_day
from domain.points.facts import PointsAdded
from domain.points.state import account_id
from tests.api.cli.conftest import SAMPLE, Terminal
from tests.api.cli.test_load import sample_rows
from tests.api.cli.world import AT_THE_DESK, ledger_of
from tests.use_cases import order

EARN = (
    PaymentRule(on="payment", points=1, per_amount=100),
    PurchaseRule(on="purchase", points=20),
    VisitRule(on="visit", points=5),
)


def expected() -> Counter[tuple[str, str, int]]:
    """How often each customer earns so many points on which day, from the rows of the sample alone."""
    earned: Counter[tuple[str, str, int]] = Counter()
    for row in sample_rows():
        if row["kind"] == "use":
            earned[row["customer"], row["occurred_on"], 5] += 1
            continue
        earned[row["customer"], row["occurred_on"], 20] += 1
        if points := int(row["paid"]) // 100:
            earned[row["customer"], row["occurred_on"], points] += 1
    return earned


def test_a_day_book_earns_points_on_its_own_days_and_only_once(terminal: Terminal) -> None:
    business_id = terminal.open_business()
    with ledger_of(terminal, business_id) as (ledger, _):
        (done,) = ledger.execute([order(ChangePolicies(earn=EARN), AT_THE_DESK)])
        assert isinstance(done, Done)

    tried = terminal.load(SAMPLE, "--dry-run")
    report = terminal.load(SAMPLE)
    assert {**tried, "dry_run": False} == {**report, "dry_run": False}
    again = terminal.load(SAMPLE)
    assert (again["recorded"], again["position"]) == (0, report["position"])

    with ledger_of(terminal, business_id) as (ledger, _):
        refs = sorted({row["customer"] for row in sample_rows()})
        customers = registered(ledger.recorder, "daybook", refs)
        streams = {account_id(id): ref for ref, id in customers.items()}
        found: Counter[tuple[str, str, int]] = Counter()
        for recorded in all_recorded(ledger.recorder.facts(limit=100_000)):
            if isinstance(recorded.fact, PointsAdded):
                day = local_day(recorded.fact.effective_at, "Europe/Budapest").isoformat()
                found[streams[recorded.stream_id], day, recorded.fact.points] += 1
    assert found == expected()
