"""Problems: one form for all that goes wrong, a page for each code, and nothing of the inside in any."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from litestar import get
from litestar.testing import TestClient

from api.http.permissions import ANYONE
from api.http.problem_of import problem_of
from api.http.problems import KINDS, Problem
from api.http.route import Route
from api.server.app import create_app
from domain import refusals
from domain.fact import UnreadableFact
from domain.ledger.errors import ClockSkew, Contention, LedgerUnavailable, UnknownBusiness
from domain.refusals import Refused
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.freshness import ProjectionLagging, ProjectionStopped
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, Desk, House

pytest_plugins = ["tests.api.houses"]


def test_every_refusal_of_the_domain_has_a_row() -> None:
    codes = {
        each.code for each in vars(refusals).values() if isinstance(each, type) and hasattr(each, "code")
    }
    assert codes <= KINDS.keys()


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (LedgerUnavailable("could not connect to 10.0.0.1"), "storage-unavailable", True),
        (ClockSkew("the clock is 1 day behind the ledger of biz_1"), "clock-skew", True),
        (Contention("locked"), "contention", True),
        (UnreadableFact("no such name", position=7), "event-unreadable", True),
        (UnknownBusiness("biz_1"), "not-found", False),
        (ProjectionLagging(3, 9), "projection-lagging", True),
        (ProjectionStopped("cards", 4, "boom at /srv/x.py"), "projection-stopped", True),
        (ProjectionMissing("cards"), "projection-lagging", True),
        (RuntimeError("SELECT * FROM secrets"), "internal", False),
    ],
)
def test_a_fault_tells_what_to_do_and_nothing_of_the_inside(error: Exception, code: str, retry: bool) -> None:
    problem = problem_of(error)
    assert problem.code == code
    assert ("Retry-After" in problem.all_headers) == retry
    told = problem.to_json("req_1").decode()
    for inside in ("10.0.0.1", "SELECT", "/srv", "boom", "biz_1"):
        assert inside not in told


def test_the_numbers_that_explain_a_refusal_are_members() -> None:
    earliest, latest = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    late = problem_of(refusals.EffectiveAtOutOfRange(earliest=earliest, latest=latest))
    assert late.members == {"earliest": "2026-01-01T00:00:00.000Z", "latest": "2026-01-02T00:00:00.000Z"}
    expired = problem_of(refusals.PackageHasExpired(expires_on=date(2026, 1, 1)))
    assert expired.members == {"expires_on": "2026-01-01"}
    short: Refused = refusals.InsufficientUnits(requested=3, available=1, remaining=1)
    assert problem_of(short).members == {"requested": 3, "available": 1, "remaining": 1}


def test_no_refusal_explains_itself_by_a_member_that_every_problem_has() -> None:
    form = {"type", "title", "status", "detail", "code", "instance", "errors"}
    kinds = [each for each in vars(refusals).values() if isinstance(each, type) and is_dataclass(each)]
    assert len(kinds) > 20
    taken = {(each.__name__, field.name) for each in kinds for field in fields(each) if field.name in form}
    assert taken == set()


def test_no_member_of_a_refusal_hides_one_of_the_form() -> None:
    told = Problem("not-found", "gone", members={"code": "x", "status": 1, "kind": "y"}).to_json("req_1")
    assert b'"code":"not-found"' in told
    assert b'"status":404' in told


def test_a_foreign_id_answers_exactly_as_an_unknown_one(house: House) -> None:
    ours, theirs = house.desk(), house.desk()
    service, offer, customer = theirs.service(), theirs.offer(theirs.service()), theirs.customer()
    for path, foreign in (("services", service), ("offers", offer), ("customers", customer)):
        unknown = foreign[:4] + "x" * (len(foreign) - 4)
        answers = [ours.ask(f"/v1/{path}/{id}") for id in (foreign, unknown)]
        bodies = [answer.text.replace(answer.headers["Request-Id"], "") for answer in answers]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert bodies[0].replace(foreign, "") == bodies[1].replace(unknown, "")


@pytest.mark.parametrize("id", ["x", "svc_", "svc_" + "x" * 41, "cus_1", "svc_é", "svc_%25", "svc_1'--"])
def test_an_address_that_can_name_nothing_is_not_found(desk: Desk, id: str) -> None:
    answer = desk.ask(f"/v1/services/{id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v2/services", "/schema/swagger"])
def test_an_address_that_is_none_is_not_found(desk: Desk, path: str) -> None:
    assert desk.ask(path).json()["code"] == "not-found"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_that_is_not_taken_names_those_that_are(desk: Desk, method: str) -> None:
    answer = desk.client.request(method, "/v1/services", headers=desk.headers())
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    answer = desk.client.request(method, "/v1/services/svc_1/changes", headers=desk.headers())
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_an_address_tells_its_methods_to_anyone(house: House) -> None:
    answer = house.client.options("/v1/services")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html, application/*;q=0.5", 200),
        ("text/html", 406),
        ("image/png", 406),
    ],
)
def test_only_what_there_is_can_be_asked_for(desk: Desk, accept: str, status: int) -> None:
    answer = desk.client.get("/v1/business", headers=desk.headers() | {"Accept": accept})
    assert answer.status_code == status


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    route = Route("GET", "/livez", "process.live", "Broken", ANYONE)

    @get("/livez", opt={"route": route})
    async def broken() -> None:
        raise RuntimeError("anna@example.org")

    app = create_app(house.carnet, ReadTables(tmp_path / "views.db", []), pepper=PEPPER, handlers=[broken])
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/livez")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert answer.headers["Request-Id"] in logged
    assert "anna@example.org" not in answer.text + logged


@pytest.mark.parametrize(
    "where", ["{gone}/views.db", "postgresql://127.0.0.1:1/gone"], ids=["file", "server"]
)
def test_read_models_that_cannot_be_reached_are_no_fault_of_the_request(
    house: House, tmp_path: Path, where: str
) -> None:
    desk = house.desk()
    views = ReadTables(where.format(gone=tmp_path / "gone"), READ_MODELS)
    app = create_app(house.carnet, views, pepper=PEPPER)
    with TestClient(app) as client:
        answer = client.get("/v1/services", headers=desk.headers())
        assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200
        assert client.get("/v1/business", headers=desk.headers()).status_code == 200


@pytest.mark.usefixtures("whole_log")
def test_no_line_of_the_log_holds_what_was_sent(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.customer("Anna Karenina", email="anna@example.org")
    desk.ask("/v1/customers", search="Karenina")
    desk.post("/v1/customers", {"name": "Vronsky", "colour": "Oblonsky"})
    desk.ask("/v1/Levin")
    logged = capsys.readouterr()
    assert logged.out.count("answered") == 4
    for sent in ("Anna", "Karenina", "example.org", "Vronsky", "Oblonsky", "Levin", desk.key):
        assert sent not in logged.out + logged.err


def test_the_process_says_that_it_lives_and_that_its_database_does(house: House) -> None:
    assert house.client.get("/livez").json() == {"alive": True}
    house.desk().ask("/v1/services")
    told = house.client.get("/readyz").json()
    assert (told["ready"], told["stopped"]) == (True, 0)
    assert told["lag"] >= 0
