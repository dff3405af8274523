"""The first day and the last day of the books over HTTP: local days, whatever the moment in UTC is."""

from api.http.ids import new_business_id
from api.http.new_keys import issue_key
from domain.actor import Role
from domain.business.commands import OpenBusiness
from domain.ledger.orders import Done
from tests.api.desk import OPERATOR, PEPPER, Desk
from tests.use_cases import order

pytest_plugins = ["tests.api.houses"]


def desk_in(desk: Desk, zone: str) -> Desk:
    """The owner of another business, in that time zone."""
    business_id = new_business_id()
    desk.carnet.store.open_ledger(business_id)
    opening = OpenBusiness(business_id=business_id, name="Szalon", currency="EUR", time_zone=zone)
    (done,) = desk.carnet.ledger(business_id).execute([order(opening, OPERATOR)])
    assert isinstance(done, Done)
    key = issue_key(desk.carnet.store, PEPPER, business_id, Role.OWNER, name="owner")
    return Desk(desk.client, key, desk.clock, desk.carnet, business_id)


def test_a_sale_and_a_use_may_be_dated_on_the_first_day(either_desk: Desk) -> None:
    firsts = {
        "Pacific/Auckland": "1969-12-31T12:00:00.000Z",
        "Europe/Budapest": "1969-12-31T23:00:00.000Z",
        "America/New_York": "1970-01-01T05:00:00.000Z",
    }
    for zone, first in firsts.items():
        desk = desk_in(either_desk, zone)
        massage = desk.service()
        anna, offer = desk.customer(), desk.offer(massage)
        card = desk.sell(anna, offer, effective_at="1970-01-01")
        assert card["purchased_on"] == "1970-01-01"
        desk.redeem(card["id"], massage, effective_at="1970-01-01")
        assert desk.history(card["id"])[0]["effective_at"] == first
        desk.sell(anna, offer)
        firstly = desk.all_of("/v1/packages", limit=1, purchased_to="1970-01-01")
        assert [row["id"] for row in firstly] == [card["id"]]
        assert len(desk.all_of("/v1/packages", limit=1)) == 2
        assert desk.card(card["id"], effective_as_of=first)["used"] == 1
        early = {"customer_id": anna, "offer_id": offer, "effective_at": _before(first)}
        problem = desk.refused("/v1/packages", early, "effective-at-out-of-range")
        assert problem["earliest"] == first


def _before(moment: str) -> str:
    """A second earlier."""
    day, _, time = moment.partition("T")
    hour = int(time[:2]) - 1
    return f"{day}T{hour:02}:59:59Z"
