"""The how-to pages do what they say: their Python is run, line by line, and every file they name is there."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.http.request import Serving
from api.imports.mapping import read as read_mapping
from api.outbound.deliverer import Deliverer
from domain.actor import Role
from domain.decision import UseCase
from domain.ledger.embedded import sqlite
from domain.moments import rfc3339
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests import use_cases
from tests.api.desk import PEPPER, ZONE, Desk, house_at, money
from tests.api.outbound.mailbox import mailbox
from tests.api.outbound.test_webhooks import goes, listening

pytest_plugins = ["tests.api.houses"]

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "how-to"
FOR_DEVELOPERS = ("work-on-carnet", "add-a-fact", "change-a-fact", "add-a-command", "add-a-read-model")
FILE = re.compile(r"`((?:api|domain|projections|replay|tests|docs|\.ci)/[\w./-]*)`")


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[tuple[Desk, ReadTables]]:
    """A desk on books in memory, for pages that put something of their own beside the product."""
    views = ReadTables(tmp_path / "views.db", READ_MODELS)
    with house_at("memory://", views) as house:
        yield house.desk(), views


@pytest.mark.covers("S59", "S91", "S102")
def test_taking_bookings_runs(desk: Desk) -> None:
    desk.clock.forward(
        hours=36 - desk.clock().astimezone(ZoneInfo(ZONE)).hour
    )  # the day is neither young nor late
    massage, anna, names = desk.service(), desk.customer("Anna"), count()
    facial = desk.service("Facial", "Beauty", list_price=4_500)
    package = desk.sell(anna, desk.offer(massage))["id"]

    def post(path: str, body: Any) -> Any:
        return desk.post(f"/v1{path}", body, key=f"how-to-{next(names)}").json()

    told: dict[str, Any] = {
        "post": post,
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "massage": massage,
        "facial": facial,
        "anna": anna,
        "package": package,
        "today": desk.today(),
        "an_hour_ago": rfc3339(desk.clock() - timedelta(hours=1)),
        "in_a_week": rfc3339(desk.clock() + timedelta(days=7)),
        "in_two_weeks": rfc3339(desk.clock() + timedelta(days=14)),
    }
    run("take-bookings.md", told)
    assert told["app"].startswith("carnet_live_")


@pytest.mark.covers("S109")
def test_merging_customers_runs(desk: Desk) -> None:
    massage, names = desk.service(), count()
    offer = desk.offer(massage)
    anna = desk.customer("Kovács Anna", email="anna@example.org")
    desk.sell(anna, offer)
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 30})

    def post(path: str, body: Any) -> Any:
        answer = desk.post(f"/v1{path}", body, key=f"how-to-{next(names)}").json()
        if path == "/customers":
            desk.sell(answer["id"], offer)
            desk.do(f"/v1/customers/{answer['id']}/points", {"action": "add", "points": 12})
        return answer

    told: dict[str, Any] = {
        "post": post,
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "massage": massage,
        "anna": anna,
    }
    run("merge-customers.md", told)


def test_finding_customers_runs(desk: Desk) -> None:
    massage = desk.service()
    anna = desk.customer(
        "Kovács Anna",
        mobile="+36201234567",
        email="anna@example.org",
        category="VIP",
        consents={"marketing": True},
    )
    desk.customer("Nagy Béla")
    desk.sell(anna, desk.offer(massage), expires_on=desk.today(days=90))
    booked = {
        "customer_id": anna,
        "service_id": massage,
        "starts_at": rfc3339(desk.clock() + timedelta(days=2)),
    }
    desk.do("/v1/bookings", booked)
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "today": desk.today(),
        "in_a_week": desk.today(days=7),
        "in_a_year": desk.today(days=365),
    }
    run("find-customers.md", told)
    assert told["segment"]["name"] == "Missing massage"


@pytest.mark.covers("S100")
def test_sending_e_mails_runs(desk: Desk) -> None:
    with mailbox() as box:
        massage = desk.service()
        desk.carnet.store.outbox.switch_off()
        deliverer = Deliverer(desk.carnet, box.server)
        planner, sender = deliverer.begin()
        told: dict[str, Any] = {
            "post": lambda path, body: desk.do(f"/v1{path}", body),
            "get": lambda path, **query: desk.get(f"/v1{path}", **query),
            "massage": massage,
            "offer": desk.offer(massage),
            "in_two_days": rfc3339(desk.clock() + timedelta(days=2)),
            "hours_pass": lambda hours: desk.clock.forward(hours=hours),
            "a_moment_passes": lambda: deliverer.step(planner, sender),
            "tick": desk.tick,
            "in_ten_days": desk.today(days=10),
        }
        run("send-e-mails.md", told)
    assert box.recipients == ["anna@example.org"] * 3 + ["cora@example.org"]


@pytest.mark.covers("S110")
def test_exporting_runs(desk: Desk, tmp_path: Path) -> None:
    massage = desk.service()
    anna = desk.customer("=Anna", external_ref={"source": "old", "ref": "C-1"})
    for _ in range(2):
        package = desk.sell(anna, desk.offer(massage))["id"]
    desk.redeem(package, massage)

    def download(path: str, accept: str = "*/*", **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {desk.key}", "Accept": accept}
        return desk.client.get(f"/v1{path}", params=query, headers=headers)

    run("export-the-books.md", {"download": download, "folder": tmp_path, "today": desk.today()})


def test_receiving_webhooks_runs(desk: Desk) -> None:
    frame = cast(Serving, cast("TestClient[Litestar]", desk.client).app.state["frame"])
    frame.loopback_webhooks = True
    desk.carnet.store.outbox.switch_off()
    deliverer = Deliverer(desk.carnet, None)
    planner, sender = deliverer.begin()

    def a_moment_passes() -> None:
        deliverer.step(planner, sender)
        goes(desk)

    with listening() as there:
        told: dict[str, Any] = {
            "offer": desk.offer(desk.service()),
            "post": lambda path, body: desk.do(f"/v1{path}", body),
            "get": lambda path, **query: desk.get(f"/v1{path}", **query),
            "receiver": there.url,
            "received": lambda: there.taken,
            "a_moment_passes": a_moment_passes,
        }
        run("receive-webhooks.md", told)
    frame.loopback_webhooks = False


def test_working_offline_runs(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    offer, sold_on = desk.offer(massage), desk.today(days=-5)
    used_up = desk.sell(anna, desk.offer(massage, quantity=1), effective_at=sold_on)["id"]
    desk.redeem(used_up, massage)

    def sender(by: Desk) -> Callable[[Any], Any]:
        headers = {"Authorization": f"Bearer {by.key}"}
        return lambda commands: desk.client.post(
            "/v1/inbox", json={"commands": commands}, headers=headers
        ).json()

    told: dict[str, Any] = {
        "send": sender(desk),
        "send_as_staff": sender(desk.as_role(Role.STAFF)),
        "send_as_manager": sender(desk.as_role(Role.MANAGER)),
        "massage": massage,
        "anna": anna,
        "offer": offer,
        "used_up": used_up,
        "package": desk.sell(anna, offer, effective_at=sold_on)["id"],
        "at_nine": rfc3339(desk.clock() - timedelta(hours=2)),
        "at_ten": rfc3339(desk.clock() - timedelta(hours=1)),
        "three_days_ago": rfc3339(desk.clock() - timedelta(days=3)),
    }
    run("work-offline.md", told)
    assert desk.card(told["package"])["used"] == 1


def test_giving_reasons_runs(desk: Desk) -> None:
    offer = desk.offer(desk.service(), price=50_000)
    payment = {"amount": 50_000, "method": "card"}
    sold = desk.sell(desk.customer("Anna"), offer, payment=payment)
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "refused": lambda path, body: desk.refused(f"/v1{path}", body, "validation-failed"),
        "package": sold["id"],
        "payment": sold["payment_id"],
        "today": desk.today(),
    }
    run("give-reasons.md", told)
    assert desk.card(sold["id"])["remaining"] == 9


def test_undoing_runs(desk: Desk) -> None:
    massage = desk.service()
    main, pier = (desk.do("/v1/locations", {"name": name})["id"] for name in ("Main street", "Pier"))
    offer = desk.offer(massage, locations=[main])
    household = {"name": "Anna", "participants": [{"name": "Max", "kind": "dog"}]}
    anna = desk.do("/v1/customers", household)
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "massage": massage,
        "offer": offer,
        "main": main,
        "pier": pier,
        "anna": anna["id"],
        "max": anna["participants"][1]["id"],
        "package": desk.sell(anna["id"], offer)["id"],
        "zoe": desk.do("/v1/staff", {"name": "Zoe"})["id"],
        "in_a_week": rfc3339(desk.clock() + timedelta(days=7)),
    }
    run("undo.md", told)
    assert told["booked"]["service_id"] == massage


def test_importing_runs(desk: Desk) -> None:
    def send(path: str, text: str, **query: str) -> Any:
        headers = {**desk.headers(), "Content-Type": "text/csv"}
        return desk.client.post(f"/v1{path}", params=query, content=text.encode(), headers=headers).json()

    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "send": send,
    }
    run("import.md", told)
    mapping = re.search(r"```toml\n(.*?)```", (PAGES / "import.md").read_text(), re.DOTALL)
    assert mapping is not None
    assert read_mapping(mapping[1]).money == "major"


@pytest.mark.covers("S75")
def test_giving_a_receipt_runs(desk: Desk) -> None:
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "page": lambda path, **headers: desk.client.get(f"/v1{path}", headers=desk.headers(**headers)).text,
        "euros": money,
        "anna": desk.customer("Anna"),
    }
    run("give-a-receipt.md", told)
    assert told["receipt"]["payment_status"] == "partial"


def test_reminding_customers_runs(desk: Desk) -> None:
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "tick": desk.tick,
        "anna": desk.customer("Anna"),
        "offer": desk.offer(desk.service()),
        "today": desk.today(),
        "in_ten_days": desk.today(days=10),
        "in_two_weeks": desk.today(days=14),
        "in_sixteen_days": desk.today(days=16),
        "in_a_month": desk.today(days=30),
    }
    run("remind-customers.md", told)
    assert told["changed"]["status"] == "active"


@pytest.mark.covers("S48")
def test_selling_memberships_runs(desk: Desk) -> None:
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "a_month_later": lambda: desk.clock.forward(days=32),
        "massage": desk.service(),
        "anna": desk.customer(),
        "in_two_weeks": desk.today(days=32 + 14),
    }
    run("sell-memberships.md", told)
    assert told["over"]["status"] == "ended"


@pytest.mark.covers("S88", "S89")
def test_topping_up_runs(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    offer = desk.offer(massage, quantity=5, price=30_000)
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "massage": massage,
        "offer": offer,
        "anna": anna,
        "package": desk.sell(anna, offer)["id"],
    }
    run("top-up.md", told)
    assert told["bought"]["granted"] == 5


def test_erasing_a_person_runs(desk: Desk) -> None:
    anna = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    package = desk.sell(anna, desk.offer(desk.service()), note="Allergic to nuts")["id"]
    desk.do(f"/v1/packages/{package}/payments", {"amount": money(50_000), "method": "card"})
    names = count()
    told: dict[str, Any] = {
        "post": lambda path, body: desk.post(f"/v1{path}", body, key=f"how-to-{next(names)}").json(),
        "get": lambda path, **query: desk.ask(f"/v1{path}", **query).json(),
        "anna": anna,
        "package": package,
    }
    run("erase-a-person.md", told)
    assert told["erased"]["why"] == "asked"


def test_verifying_the_books_runs(tmp_path: Path) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        desk = house.desk()
        desk.sell(desk.customer("Anna"), desk.offer(desk.service()), note="Allergic to nuts")

        def by_hand(statement: str) -> None:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("DROP TRIGGER texts_update")
                connection.execute(statement)
                connection.commit()

        run("verify-the-books.md", {"get": lambda path: desk.get(f"/v1{path}"), "by_hand": by_hand})


# Pages for those who carry the code on


def test_adding_a_fact_runs() -> None:
    told = run("add-a-fact.md", {})
    assert told["LockerAssigned"] not in told["FACTS"], "a fact the product has is no example of a new one"


def test_changing_a_fact_runs() -> None:
    told = run("change-a-fact.md", {"golden": ROOT / "tests" / "domain" / "golden"})
    assert told["LockerAssigned"] not in told["FACTS"]


def test_adding_a_command_runs(own_desk: tuple[Desk, ReadTables], monkeypatch: pytest.MonkeyPatch) -> None:
    desk, views = own_desk
    verbs = dict(use_cases.USE_CASES)
    monkeypatch.setattr(use_cases, "USE_CASES", verbs)
    told: dict[str, Any] = {
        "carnet": desk.carnet,
        "views": views,
        "pepper": PEPPER,
        "package": desk.sell(desk.customer(), desk.offer(desk.service()))["id"],
        "desk": headers(desk.as_role(Role.STAFF)),
        "auditor": headers(desk.as_role(Role.AUDITOR)),
    }

    def find_verbs() -> None:
        """As `tests.use_cases` would, if the use case had its file in `domain/use_cases/`."""
        verbs.update({verb.command: verb for verb in told.values() if isinstance(verb, UseCase)})

    run("add-a-command.md", told, after_each=find_verbs)
    assert told["AddStandardNote"] not in use_cases._found(), "a verb the product has is no example"


def headers(desk: Desk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.key}", "Idempotency-Key": "note-1"}


def test_adding_a_read_model_runs(own_desk: tuple[Desk, ReadTables], tmp_path: Path) -> None:
    desk, _ = own_desk
    massage, anna = desk.service(), desk.customer()
    ten, five = desk.offer(massage), desk.offer(massage, quantity=5, name="Massage ×5")
    first, *_ = [desk.sell(anna, offer)["id"] for offer in (ten, ten, five)]
    told: dict[str, Any] = {
        "store": desk.carnet.store,
        "ledger": desk.carnet.ledger(desk.business_id),
        "folder": tmp_path,
        "ten": ten,
        "five": five,
        "first_sale": first,
        "void": lambda package: desk.do(f"/v1/packages/{package}/voiding", {"reason": "sold twice"}),
    }
    run("add-a-read-model.md", told)
    assert told["SALES"].name not in {projection.name for projection in READ_MODELS}


@pytest.mark.parametrize("page", FOR_DEVELOPERS)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    named = set(FILE.findall(text))
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_page_names_every_fold_of_the_facts_of_a_package() -> None:
    text = (PAGES / "add-a-fact.md").read_text(encoding="utf-8")
    folds = {
        file.relative_to(ROOT).as_posix()
        for wing in ("domain", "projections", "replay", "api")
        for file in (ROOT / wing).rglob("*.py")
        if "assert_never(fact)" in (code := file.read_text(encoding="utf-8"))
        and "from domain.package.facts import" in code
    }
    assert folds
    assert sorted(folds - set(FILE.findall(text))) == []


# Running a page


def run(page: str, told: dict[str, Any], after_each: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Every snippet of a page, one after the other, in one namespace: `told` holds what the page takes as given.

    Fails where a snippet does; the traceback shows the line of the page.
    """
    path = PAGES / page
    text = path.read_text(encoding="utf-8")
    snippets = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    assert snippets, f"{page} has no Python to run"
    told.setdefault("__name__", path.stem)
    for snippet in snippets:
        lines_before = text.count("\n", 0, snippet.start(1))
        exec(compile("\n" * lines_before + snippet[1], str(path), "exec"), told)
        after_each()
    return told
