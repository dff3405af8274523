"""`carnet history` names who entered a row, for whom and why; of the past it tells ids."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from litestar.testing import TestClient

from api.http.new_keys import issue_key
from api.resources.packages.card import VIEWS
from api.server.app import create_app
from api.server.installation import opened
from api.server.pepper import peppers_of
from api.server.settings import Settings
from domain.actor import Role
from tests.api.cli.conftest import Terminal
from tests.api.desk import Clock, Desk


@contextmanager
def desk_of(terminal: Terminal, business_id: str, role: Role = Role.MANAGER) -> Iterator[Desk]:
    """The desk of a business, with a key called "front desk"."""
    with opened(Settings.read(terminal.environment), VIEWS) as here:
        pepper = peppers_of(here.settings, here.carnet.store).current
        key = issue_key(here.carnet.store, pepper, business_id, role, name="front desk")
        with TestClient(create_app(here.carnet, here.views, pepper=pepper)) as client:
            yield Desk(client, key, Clock(), here.carnet, business_id, count())


def test_a_history_tells_who_entered_a_row_for_whom_and_why(terminal: Terminal) -> None:
    with desk_of(terminal, terminal.open_business()) as desk:
        massage = desk.service()
        anna = desk.do("/v1/customers", {"name": "Anna", "participants": [{"name": "Max", "kind": "dog"}]})
        sold = desk.sell(anna["id"], desk.offer(massage, sharing="household"))
        desk.redeem(sold["id"], massage, participant_id=anna["participants"][1]["id"])
        desk.redeem(sold["id"], massage, participant_id=anna["participants"][0]["id"])
        because = {"line": 1, "change": -1, "reason": "came twice"}
        desk.do(f"/v1/packages/{sold['id']}/corrections", because)

    purchase, for_max, for_anna, corrected = terminal.told("history", sold["id"])["history"]
    assert purchase["entered_by"]["name"] == "front desk"
    assert purchase["entered_by"]["role"] == "manager"
    assert [row["participant"]["name"] for row in (for_max, for_anna)] == ["Max", "Anna"]
    assert (corrected["text"], corrected["participant"]) == ("came twice", None)
    printed = terminal.run("history", sold["id"]).stdout
    for word in ("front desk (manager)", "Max", "Anna", "came twice"):
        assert word in printed

    *_, past = terminal.told("history", sold["id"], "--at-version", "4")["history"]
    assert past["entered_by"] == {**corrected["entered_by"], "name": None}
    assert past["text"] is None
    printed = terminal.run("history", sold["id"], "--at-version", "4").stdout
    assert "front desk" not in printed
    assert f"{past['entered_by']['id']} (manager)" in printed
