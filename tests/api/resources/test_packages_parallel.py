"""Many at once: one effect for one request, and never more uses than there are units."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def together(times: int, act: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def test_fifty_identical_requests_are_one_fact_and_one_answer(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage))["id"]
    head, path = desk.head, f"/v1/packages/{sold}/redemptions"
    answers = together(50, lambda _: desk.post(path, {"service_id": massage}, key="one and the same"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get("Idempotency-Replayed") for answer in answers)[None] == 1
    assert desk.head == head + 1
    assert desk.card(sold)["used"] == 1


def test_forty_people_and_one_unit(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=1))["id"]
    path = f"/v1/packages/{sold}/redemptions"
    answers = together(40, lambda n: desk.post(path, {"service_id": massage}, key=f"person-{n}"))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    refused: list[Any] = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} == {"insufficient-units"}
    assert {(problem["requested"], problem["remaining"]) for problem in refused} == {(1, 0)}
    assert desk.card(sold)["version"] == 2


def test_forty_people_and_forty_units_of_two_packages(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    offer = desk.offer(massage, quantity=20)
    sold = [desk.sell(anna, offer)["id"] for _ in range(2)]
    path = f"/v1/customers/{anna}/redemptions"
    answers = together(40, lambda n: desk.post(path, {"service_id": massage}, key=f"person-{n}"))
    assert {answer.status_code for answer in answers} == {201}
    taken = [
        (part["package_id"], unit)
        for answer in answers
        for part in answer.json()["allocations"]
        for unit in part["units"]
    ]
    assert sorted(taken) == sorted((id, unit) for id in sold for unit in range(1, 21))
    desk.refused(path, {"service_id": massage}, "insufficient-units")
