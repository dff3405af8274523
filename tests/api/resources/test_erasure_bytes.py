"""After an erasure no byte of the person is left: every door is written through, and every table is searched."""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any

import psycopg
import pytest
from PIL import Image

from api.resources.images import written_anew
from domain.ledger.embedded import sqlite
from domain.ledger.records import StoredMessage
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from replay.verify import Intact, verify
from tests.api.desk import Desk, House, house_at, money
from tests.postgres import PostgresServer

MARK = "zzqxv"
"""In every text about the person, and in nothing else."""
MOBILE, BORN, MARRIED = "+36307134289", "1971-03-29", "1997-08-16"


@dataclass(frozen=True)
class Place:
    """A database with one application on it, and every byte of it."""

    house: House
    all_bytes: Callable[[], bytes]


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Place]:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        yield Place(house, lambda: b"".join(each.read_bytes() for each in sorted(tmp_path.iterdir())))


@pytest.fixture
def on_postgres(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Place]:
    name = f"carnet_erasure_{token_hex(4)}"
    url = postgres_server.create_database(name, postgres_template)
    with house_at(url, ReadTables(url, READ_MODELS)) as house:
        yield Place(house, lambda: _dump(url))
    postgres_server.drop_database(name)


def _dump(url: str) -> bytes:
    """Every row of every table, as JSON; bytes in it are hexadecimal."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname LIKE 'carnet%'"
        ).fetchall()
        found = []
        for (table,) in tables:
            rows = connection.execute(f"SELECT row_to_json(t)::text FROM {table} AS t").fetchall()
            found += [row for (row,) in rows]
    return "\n".join(found).encode()


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@dataclass(frozen=True)
class Person:
    id: str
    package: str
    photos: Sequence[bytes]
    salts: Sequence[bytes]


def _image() -> bytes:
    """A PNG of noise that no other is like, in the form in which it is kept."""
    drawn = BytesIO()
    Image.frombytes("L", (8, 8), token_bytes(64)).save(drawn, format="PNG")
    return written_anew(drawn.getvalue(), "image/png")


def _photo(desk: Desk, image: bytes) -> str:
    headers = desk.headers() | {"Content-Type": "image/png"}
    return str(desk.client.post("/v1/photos", content=image, headers=headers).json()["id"])


def person_of_every_door(desk: Desk) -> Person:
    """A customer with a text in every field that takes one, through every door that takes one."""
    said = f"{MARK} was said"
    images = [_image(), _image(), _image()]
    first, second, other = (_photo(desk, image) for image in images)
    massage = desk.service(list_price=money(5_000))
    anna = desk.customer(
        f"Anna {MARK}",
        email=f"{MARK}@example.com",
        mobile=MOBILE,
        country_code="+36",
        gender="female",
        date_of_birth=BORN,
        anniversary=MARRIED,
        photo=first,
        consents={"birthday": True, "marketing": True},
        participants=[{"name": f"Max {MARK}", "kind": "dog", "photo": other}],
    )
    at = f"/v1/customers/{anna}"
    desk.do(f"{at}/changes", {"name": f"Anna {MARK}-Nagy", "photo": second})
    desk.do(f"{at}/participants", {"name": f"Bob {MARK}", "kind": "cat"})
    gone = desk.get(at)["participants"][1]["id"]
    desk.do(f"{at}/participants/{gone}/changes", {"name": f"Maxi {MARK}"})
    desk.do(f"{at}/participants/{gone}/removal")
    package = desk.sell(
        anna,
        desk.offer(massage, quantity=10, price=10_000),
        payment={"amount": money(10_000), "method": "cash"},
        note=said,
    )
    on = f"/v1/packages/{package['id']}"
    desk.do(f"{on}/notes", {"text": said})
    desk.do(f"{on}/corrections", {"line": 1, "change": -1, "reason": said})
    desk.do(f"{on}/price", {"price": money(11_000), "reason": said})
    desk.do(f"{on}/expiry", {"expires_on": desk.today(days=90), "reason": said})
    desk.do(f"{on}/freeze", {"until": desk.today(days=3), "reason": said})
    desk.do(f"{on}/unfreeze")
    used = desk.redeem(package["id"], massage)
    desk.do(f"/v1/redemptions/{used['redemption_id']}/restorations", {"reason": said})
    paid = desk.get(f"{on}/payments")["data"][0]["payment_id"]
    desk.do(f"/v1/payments/{paid}/refunds", {"amount": money(500), "reason": said})
    start = f"{desk.today(days=5)}T10:00:00.000Z"
    booking = desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": start})["id"]
    desk.do(f"/v1/bookings/{booking}/cancellation", {"by": "business", "reason": said})
    added = desk.do(f"{at}/points", {"action": "add", "points": 50, "reason": said})
    desk.do(f"/v1/points/{added['id']}/reversal", {"reason": said})
    other_customer = desk.customer("Bea")
    moved = desk.do(
        f"{on}/transfers", {"to_customer_id": other_customer, "line": 1, "quantity": 1, "reason": said}
    )
    desk.do(f"/v1/transfers/{moved['transfer_id']}/undo", {"reason": said})
    desk.do(f"{at}/block", {"reason": said})
    desk.do(f"{at}/unblock")
    desk.do("/v1/customers/bulk", {"action": "block", "customer_ids": [anna], "reason": said})
    desk.do(f"{at}/unblock")
    membership = desk.membership(anna, massage)
    desk.do(f"/v1/memberships/{membership}/pause", {"until": desk.today(days=4), "reason": said})
    desk.do(f"/v1/memberships/{membership}/resume")
    desk.do(f"/v1/memberships/{membership}/ending", {"at": "now", "reason": said})
    gift = desk.sell(other_customer, name="Gift", price=money(0), purchased_by=anna, lines=[line(massage)])
    desk.do(f"/v1/packages/{gift['id']}/redemptions", {"service_id": massage})
    key = desk.do("/v1/keys", {"name": f"Anna's {MARK}", "role": "customer", "customer_id": anna})
    replace(desk, key=key["key"]).get(at)
    _message(desk, anna, package["id"])
    assert [row["id"] for row in desk.all_of("/v1/customers", search=MARK)] == [anna]
    desk.do(f"{on}/cancellation", {"reason": said})
    texts = desk.carnet.store.ledger(desk.business_id)
    salts = [text.salt for text in texts.texts(_texts_of(desk))]
    assert len(salts) > 15
    return Person(anna, package["id"], images, salts)


def line(service_id: str) -> dict[str, Any]:
    return {"quantity": 3, "services": [service_id]}


def _texts_of(desk: Desk) -> list[str]:
    """Ids of the texts that facts refer to."""
    facts = desk.carnet.store.ledger(desk.business_id).facts(limit=10_000)
    return sorted({id.decode() for fact in facts for id in re.findall(rb'"(txt_[^"]+)"', fact.data)})


def _message(desk: Desk, customer_id: str, package_id: str) -> None:
    """An e-mail that failed with a server's answer that quotes the address, as servers do."""
    told = f"550 <{MARK}@example.com>: no such user"
    message = StoredMessage(
        desk.business_id,
        f"msg_{token_hex(8)}",
        1,
        1,
        "package_purchased",
        "en",
        customer_id,
        package_id,
        reason=told,
    )
    desk.carnet.store.outbox.plan(desk.business_id, 1, [message])


def traces(data: bytes, person: Person) -> list[str]:
    """What is found of a person in bytes."""
    low = data.lower()
    texts = [MARK, MOBILE, MOBILE[1:], BORN, MARRIED]
    found = [text for text in texts if text.encode() in low]
    for n, image in enumerate(person.photos):
        if image[-48:] in data or image[-48:].hex().encode() in low:
            found.append(f"photo {n}")
    for n, salt in enumerate(person.salts):
        if salt in data or salt.hex().encode() in low:
            found.append(f"salt {n}")
    return found


def totals(desk: Desk) -> Any:
    reports = ("liability", "movements", "outstanding", "corrections", "expiring", "late-entries")
    period = {"from": desk.today(days=-3), "to": desk.today()}
    asked = {
        "movements": {"from": period["from"]},
        "corrections": period,
        "expiring": period,
        "late-entries": period,
    }
    return {
        name: _without_moments(desk.get(f"/v1/reports/{name}", **asked.get(name, {}))) for name in reports
    }


def _without_moments(told: Any) -> Any:
    """A report without its position and names: what was asked later has another position."""
    if isinstance(told, dict):
        left_out = ("position", "hash", "name", "as_of", "customer", "reason")
        return {name: _without_moments(part) for name, part in told.items() if name not in left_out}
    return [_without_moments(part) for part in told] if isinstance(told, list) else told


@pytest.mark.usefixtures("whole_log")
def test_no_byte_of_an_erased_person_is_left(
    place: Place, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = place.house.desk()
    anna = person_of_every_door(desk)
    assert len(traces(place.all_bytes(), anna)) > 20, "the search finds what is there"
    before = totals(desk)
    told = desk.do(f"/v1/customers/{anna.id}/erasure")
    assert {name for name, rows in told["removed"].items() if not rows} == set()
    desk.all_of("/v1/customers")  # the read models have caught up
    assert totals(desk) == before
    recorder = desk.carnet.store.ledger(desk.business_id)
    assert set(recorder.personal_data(anna.id).values()) == {0}
    assert isinstance(verify(recorder), Intact)
    place.house.carnet.store.close()
    assert traces(place.all_bytes(), anna) == []
    logged = [each.getMessage() for each in caplog.records if each.name != "httpx"]
    printed = capsys.readouterr().out
    assert "answered" in printed
    assert MARK not in "\n".join([*logged, printed]).lower()


def test_pages_that_were_freed_before_hold_nothing(tmp_path: Path) -> None:
    """Rows that grew, shrank and moved between pages leave no copy behind."""
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        desk = house.desk()
        crowd = [desk.customer(f"Someone {n}", email=f"someone{n}@example.com") for n in range(60)]
        anna = desk.customer(f"Anna {MARK}", email=f"{MARK}@example.com")
        for n in range(30):
            desk.do(f"/v1/customers/{anna}/changes", {"name": f"Anna {MARK} {'x' * (n * 6)}"})
            desk.do(f"/v1/customers/{crowd[n]}/changes", {"name": f"Someone {'y' * (180 - n * 6)}"})
            desk.customer(f"Another {n}")
        desk.do(f"/v1/customers/{anna}/erasure")
    data = b"".join(each.read_bytes() for each in sorted(tmp_path.iterdir()))
    assert MARK.encode() not in data.lower()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
