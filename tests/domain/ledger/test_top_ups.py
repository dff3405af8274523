"""Rules that top up and the ledger: what a use reads because of them, and nothing more where there are none."""

import pytest

from domain.actor import Circumstances
from domain.catalogue.commands import PublishOffer
from domain.catalogue.facts import OfferLine, OfferTerms
from domain.decision import NotLoaded, Reads
from domain.ledger.batch_reads import load
from domain.ledger.cache import StreamCache
from domain.ledger.carnet import Carnet
from domain.ledger.one_order import decide
from domain.ledger.orders import Done
from domain.moments import whole_milliseconds
from domain.package.commands import CorrectLine, RedeemFromCustomer, RedeemUnits, SellPackage
from domain.top_up.commands import SetTopUp
from domain.values import Value
from tests.domain.ledger.salon import META, Process, opened

TERMS = OfferTerms(name="Massages", price=3_000, lines=(OfferLine(quantity=3, services=("svc_1",)),))
USE = RedeemUnits(package_id="pkg_o", redemption_id="red_1", service_id="svc_1")
COMMANDS = (
    USE,
    RedeemFromCustomer(customer_id="cus_1", redemption_id="red_1", service_id="svc_1"),
    CorrectLine(package_id="pkg_o", line=1, change=-1),
)


def sold(carnet: Carnet, terms: OfferTerms = TERMS) -> Process:
    """The salon, with three units of an offer besides."""
    desk = opened(carnet, 1)
    for command in (
        PublishOffer(offer_id="off_1", offer=terms),
        SellPackage(package_id="pkg_o", customer_id="cus_1", offer_id="off_1"),
    ):
        assert isinstance(desk.ask(command, type(command).__name__), Done)
    return desk


def with_rule(carnet: Carnet, terms: OfferTerms = TERMS, *, threshold: int = 2) -> Process:
    desk = sold(carnet, terms)
    rule = SetTopUp(
        top_up_id="top_1",
        customer_id="cus_1",
        offer_id="off_1",
        threshold=threshold,
        payment_method_ref="pm_1",
    )
    assert isinstance(desk.ask(rule, "rule"), Done)
    return desk


def decided_on_one_load(carnet: Carnet, desk: Process, command: Value, kept: StreamCache) -> list[str]:
    """The names of the facts of a command, on what one load brings. Raises NotLoaded where it needs another."""
    order, now = desk.order(command, "k"), whole_milliseconds(carnet.clock())
    books, _ = load(desk.ledger.recorder, [order], kept, Reads())
    decision, _, _ = decide(order, books, Circumstances(now, META.actor))
    return [fact.stored_name for _, facts in decision.facts.values() for fact in facts]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_what_a_customer_without_a_rule_uses_up_reads_nothing_more(carnet: Carnet, command: Value) -> None:
    desk = sold(carnet)
    assert len(decided_on_one_load(carnet, desk, command, StreamCache())) == 1


def test_what_a_customer_with_a_rule_uses_up_is_read_together_once_the_customer_is_known(
    carnet: Carnet,
) -> None:
    desk = with_rule(carnet)
    with pytest.raises(NotLoaded):
        decided_on_one_load(carnet, desk, USE, StreamCache())
    assert decided_on_one_load(carnet, desk, USE, known_to(desk)) == ["package.redeemed", "top_up.triggered"]


def known_to(desk: Process) -> StreamCache:
    """A cache that has what a use of the customer with a rule reads."""
    kept = StreamCache()
    for ids in (("cus_1", "off_1", "pkg_o"), ("top_1",)):
        wanted = Reads(dict.fromkeys(ids, 0))
        kept.books_of("biz_salon", wanted, desk.ledger.recorder.load(wanted))
    return kept


def test_spent_packages_are_read_for_a_limit_only_where_a_use_falls_to_the_threshold(carnet: Carnet) -> None:
    desk = with_rule(carnet, TERMS.model_copy(update={"max_per_customer": 9}), threshold=1)
    assert decided_on_one_load(carnet, desk, USE, known_to(desk)) == ["package.redeemed"]
    assert isinstance(desk.ask(USE, "first"), Done)
    second = USE.model_copy(update={"redemption_id": "red_2"})
    with pytest.raises(NotLoaded):
        decided_on_one_load(carnet, desk, second, known_to(desk))
    assert isinstance(desk.ask(second, "second"), Done)
    assert "top_up.triggered" in [fact.name for fact in desk.ledger.recorder.facts()]


def test_uses_of_one_batch_open_one_attempt(carnet: Carnet) -> None:
    desk = with_rule(carnet)
    uses = [USE.model_copy(update={"redemption_id": f"red_{n}"}) for n in range(3)]
    results = desk.ledger.execute([desk.order(use, use.redemption_id) for use in uses])
    assert all(isinstance(result, Done) for result in results)
    names = [fact.name for fact in desk.ledger.recorder.facts()]
    assert names[-4:] == ["package.redeemed", "top_up.triggered", "package.redeemed", "package.redeemed"]
