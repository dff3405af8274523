"""Lists: pages, cursors that fit no other list, and how fresh an answer is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.problems import Problem
from api.http.rate_limits import Limits
from domain.actor import Role
from tests.api.desk import Desk, House

pytest_plugins = ["tests.api.houses"]

LISTS = ("/v1/services", "/v1/offers", "/v1/customers", "/v1/staff", "/v1/locations", "/v1/keys", "/v1/facts")


def fill(desk: Desk, count: int) -> None:
    for n in range(count):
        service = desk.service(f"S{n}")
        desk.offer(service, name=f"O{n}")
        desk.customer(f"C{n}")
        desk.do("/v1/staff", {"name": f"Z{n}"})
        desk.do("/v1/locations", {"name": f"L{n}"})
        desk.do("/v1/keys", {"name": f"K{n}", "role": "staff"})


def test_pages_of_every_list_add_up_to_it(either_desk: Desk) -> None:
    desk = either_desk
    fill(desk, 5)
    for path in LISTS:
        whole = desk.get(path)
        assert (whole["has_more"], whole["next_cursor"]) == (False, None), path
        assert len(whole["data"]) >= 5
        assert desk.all_of(path, limit=2) == whole["data"], path


def test_a_page_stays_what_it_is_while_rows_are_added(desk: Desk) -> None:
    for n in range(4):
        desk.service(f"S{n}")
    first = desk.get("/v1/services", limit=2)
    desk.service("S4")
    second = desk.get("/v1/services", limit=2, cursor=first["next_cursor"])
    third = desk.get("/v1/services", limit=2, cursor=second["next_cursor"])
    names = [row["name"] for page in (first, second, third) for row in page["data"]]
    assert names == ["S0", "S1", "S2", "S3", "S4"]


def test_a_cursor_fits_only_its_own_list(house: House) -> None:
    desk, other = house.desk(), house.desk()
    for each in (desk, other):
        fill(each, 3)
    cursor = desk.get("/v1/services", limit=1, retired="false")["next_cursor"]
    assert desk.ask("/v1/services", limit=2, retired="false", cursor=cursor).status_code == 200
    misused = [
        desk.ask("/v1/services", limit=1, cursor=cursor),
        desk.ask("/v1/services", limit=1, retired="true", cursor=cursor),
        desk.ask("/v1/offers", limit=1, retired="false", cursor=cursor),
        other.ask("/v1/services", limit=1, retired="false", cursor=cursor),
    ]
    for answer in misused:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


def test_a_cursor_that_was_changed_is_refused(desk: Desk) -> None:
    fill(desk, 2)
    cursor = desk.get("/v1/services", limit=1)["next_cursor"]
    key, _, seal = cursor.partition(".")
    for changed in (key, f"{key}.", f".{seal}", "WzNd." + seal, cursor[:-1], cursor + "A", "é", "[", "a.b.c"):
        answer = desk.ask("/v1/services", cursor=changed)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), changed


@given(text=st.text(min_size=1, max_size=60))
def test_no_text_at_all_is_taken_for_a_cursor(sqlite_house: House, text: str) -> None:
    desk = next_desk(sqlite_house)
    answer = desk.ask("/v1/services", cursor=text)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid-cursor", "validation-failed")


DESKS: list[Desk] = []


def next_desk(house: House) -> Desk:
    """One desk for all examples: they write nothing."""
    if not DESKS or DESKS[0].carnet is not house.carnet:
        DESKS[:] = [house.desk()]
    return DESKS[0]


def test_a_list_shows_what_was_just_written(either_desk: Desk) -> None:
    desk = either_desk
    for n in range(3):
        id = desk.service(f"S{n}")
        assert desk.get("/v1/services")["data"][-1]["id"] == id


def test_a_question_may_ask_for_a_position(desk: Desk) -> None:
    desk.service()
    for path in ("/v1/services", "/v1/business", "/v1/facts", "/v1/ledger/head", "/v1/keys"):
        for position, status in ((desk.head, 200), (desk.head + 1, 400)):
            headers = {"Authorization": f"Bearer {desk.key}", "Ledger-Min-Position": str(position)}
            answer = desk.client.get(path, headers=headers)
            assert answer.status_code == status, path
            if status == 200:
                assert int(answer.headers["Ledger-Position"]) >= position
    for wrong in ("-1", "1.0", "x", "9" * 30, "٣"):
        headers = {"Authorization": f"Bearer {desk.key}", "Ledger-Min-Position": wrong}
        encoded = {name: value.encode() for name, value in headers.items()}
        assert desk.client.get("/v1/services", headers=encoded).status_code == 400  # type: ignore[arg-type]


def test_the_feed_of_facts_goes_on_where_it_stopped(desk: Desk) -> None:
    fill(desk, 2)
    whole = desk.get("/v1/facts", limit=200)["data"]
    assert [fact["position"] for fact in whole] == list(range(1, desk.head + 1))
    assert desk.get("/v1/facts", after=3, limit=200)["data"] == whole[3:]
    assert desk.get("/v1/facts", after=desk.head)["data"] == []
    head = desk.get("/v1/ledger/head")
    assert (head["position"], head["hash"]) == (desk.head, whole[-1]["hash"])


def test_an_auditor_reads_every_fact_and_no_personal_data(desk: Desk) -> None:
    desk.customer("Anna Karenina", email="anna@example.org", mobile="06 20 123 4567", country_code="+36")
    desk.do("/v1/staff", {"name": "Zoë"})
    auditor = desk.as_role(Role.AUDITOR)
    texts = [auditor.ask(path).text for path in ("/v1/facts", "/v1/customers", "/v1/staff")]
    assert '"name":null' in texts[1]
    for secret in ("Anna", "example.org", "1234567", "+36", "Zoë"):
        assert not any(secret in text for text in texts)


# Rates


def test_a_key_has_its_rate_and_may_come_again_later() -> None:
    now = [0.0]
    limits = Limits(per_second=10, processes=2, clock=lambda: now[0])
    for _ in range(10):
        limits.take("key_1")
    with pytest.raises(Problem) as refusal:
        limits.take("key_1")
    assert refusal.value.code == "rate-limited"
    assert refusal.value.headers == {"Retry-After": "1"}
    limits.take("key_2")
    now[0] = 0.2
    limits.take("key_1")
    with pytest.raises(Problem):
        limits.take("key_1")
