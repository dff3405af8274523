"""What HTTP itself promises of every answer: HEAD, compression, limits, origins, positions."""

import asyncio
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar.testing import TestClient

from api.http.compression import BYTES_MIN, coding_for, compressed
from api.http.networks import TrustedProxies
from api.server.app import create_app
from domain.actor import Role
from domain.ledger.orders import Done
from domain.people.commands import BlockCustomer
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import OPERATOR, PEPPER, ROUTES, Desk, House
from tests.use_cases import order

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytest_plugins = ["tests.api.houses"]

# HEAD

CHANGING = {"request-id", "ratelimit"}
"""Headers that are others in every answer."""


def test_head_is_taken_wherever_get_is_and_answers_the_same_headers_alone(desk: Desk) -> None:
    anna, service = desk.customer(), desk.service()
    offer = desk.offer(service)
    package = desk.sell(anna, offer)["id"]
    ids = {"customer_id": anna, "service_id": service, "offer_id": offer, "package_id": package}
    asked = 0
    for route in ROUTES:
        if route.method != "GET":
            continue
        path = route.path.format_map({name: ids.get(name, "x") for name in route.path_parameters})
        headers = {"Authorization": f"Bearer {desk.key}"}
        for accept_encoding in ("identity", "gzip"):
            sent = headers | {"Accept-Encoding": accept_encoding}
            got, headed = (desk.client.request(how, path, headers=sent) for how in ("GET", "HEAD"))
            assert headed.content == b"", path
            assert headed.status_code == got.status_code, path
            assert told(headed) == told(got) or not got.is_success, path
        asked += got.is_success
    assert asked > 30


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in CHANGING}


@pytest.mark.parametrize(
    "path", ["/", "/livez", "/readyz", "/schema", "/docs", "/problems", "/problems/forbidden"]
)
def test_what_is_open_to_anybody_answers_head_too(house: House, path: str) -> None:
    answer = house.client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


# Compression


def packed(
    client: httpx.Client, path: str, accept_encoding: str, **headers: str
) -> tuple[httpx.Headers, bytes]:
    """The headers and the bytes as they were sent, which the client would unpack."""
    sent = {"Accept-Encoding": accept_encoding, **headers}
    with client.stream("GET", path, headers=sent) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def unpacked(coding: str | None, body: bytes) -> bytes:
    match coding:
        case "gzip":
            return gzip.decompress(body)
        case "zstd":
            return zstd.decompress(body)
        case _:
            return body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;Q=0.9, zstd;q=0.1", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("gzip;q=0, zstd;q=0", None),
        ("gzip;q=2", None),
        ("gzipped", None),
        ("identity", None),
        ("", None),
        (",,;q=1", None),
    ],
)
def test_the_coding_is_the_one_that_the_caller_likes_best(accepted: str, coding: str | None) -> None:
    assert coding_for(accepted) == coding
    body = b"x" * BYTES_MIN
    sent, headers = compressed(body, accepted)
    assert unpacked(coding, sent) == body
    assert dict(headers).get(b"content-encoding", b"").decode() == (coding or "")
    assert dict(headers)[b"vary"] == b"accept-encoding"


def test_small_answers_are_sent_as_they_are() -> None:
    assert compressed(b"x" * (BYTES_MIN - 1), "gzip") == (b"x" * (BYTES_MIN - 1), ())


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_long_list_is_compressed(either_desk: Desk, coding: str) -> None:
    desk = either_desk
    for n in range(20):
        desk.service(f"Massage {n}")
    key = {"Authorization": f"Bearer {desk.key}"}
    _, plain = packed(desk.client, "/v1/services", "identity", **key)
    headers, body = packed(desk.client, "/v1/services", coding, **key)
    assert (headers["content-encoding"], headers["vary"]) == (coding, "accept-encoding")
    assert int(headers["content-length"]) == len(body) < len(plain) / 3
    assert unpacked(coding, body) == plain


def test_one_thing_keeps_its_strong_tag_and_is_never_compressed(desk: Desk) -> None:
    services = [desk.service(f"Massage {n}") for n in range(30)]
    lines = [{"quantity": 1, "services": [service], "label": "Eins von vielen"} for service in services]
    offer = desk.offer(lines=lines)
    headers, body = packed(
        desk.client, f"/v1/offers/{offer}", "gzip, zstd", Authorization=f"Bearer {desk.key}"
    )
    assert len(body) > BYTES_MIN
    assert (headers["etag"], "content-encoding" in headers, "vary" in headers) == ('"v1"', False, False)


@pytest.mark.parametrize("path", ["/schema", "/docs"])
def test_a_document_has_a_tag_for_each_coding_and_is_not_sent_twice(house: House, path: str) -> None:
    tags, bodies = set(), set()
    for coding in ("identity", "gzip", "zstd"):
        headers, body = packed(house.client, path, coding)
        assert headers.get("content-encoding", "identity") == coding
        assert "accept-encoding" in headers["vary"]
        assert headers["cache-control"] == "no-cache"
        tags.add(headers["etag"])
        bodies.add(unpacked(headers.get("content-encoding"), body))
        answer = house.client.get(
            path, headers={"Accept-Encoding": coding, "If-None-Match": f"W/{headers['etag']}"}
        )
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == headers["etag"]
    assert len(tags) == 3
    assert len(bodies) == 1
    assert house.client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


# Limits


@pytest.fixture
def strict(house: House, tmp_path: Any) -> Iterator[tuple[httpx.Client, Desk]]:
    """An application that takes two requests a second, and pages of one origin."""
    desk = house.desk()
    views = ReadTables(f"{tmp_path}/views.db", READ_MODELS)
    views.create()
    app = create_app(
        house.carnet,
        views,
        pepper=PEPPER,
        rate=2,
        runner=Runner(house.carnet.store, views),
        cors_origins=["https://till.example"],
    )
    with TestClient(app) as client:
        yield client, desk
    views.close()


def test_every_answer_tells_the_limit_and_what_is_left_of_it(strict: tuple[httpx.Client, Desk]) -> None:
    client, desk = strict
    answers = [client.get("/v1/business", headers=desk.headers()) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert {answer.headers["RateLimit-Policy"] for answer in answers[:4]} == {'"key";q=4;w=2'}
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers[:4]] == [
        "r=3",
        "r=2",
        "r=1",
        "r=0",
    ]
    refused = answers[4]
    assert refused.json()["code"] == "rate-limited"
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit"].startswith('"key";r=0;t=')
    assert refused.headers["Ledger-Position"] == str(desk.head)


def test_a_caller_without_a_key_is_told_the_limit_of_its_address(strict: tuple[httpx.Client, Desk]) -> None:
    client, _ = strict
    assert client.get("/problems").headers["RateLimit"].startswith('"address";r=3;')
    assert client.get("/v1/business").headers["RateLimit"].startswith('"address";r=3;'), "counted apart"


def test_health_is_never_limited_and_wrong_keys_take_nothing_from_the_rest(
    strict: tuple[httpx.Client, Desk],
) -> None:
    client, desk = strict
    wrong = {"Authorization": "Bearer carnet_live_wrong"}
    guesses = [client.get("/v1/business", headers=wrong) for _ in range(8)]
    assert [answer.status_code for answer in guesses] == [401] * 4 + [429] * 4
    for path in ("/livez", "/readyz"):
        answers = [client.get(path) for _ in range(12)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit" not in answers[-1].headers
    assert client.get("/problems").status_code == 200
    assert client.get("/v1/business", headers=desk.headers()).status_code == 200


def test_nobody_gets_more_by_naming_another_client(strict: tuple[httpx.Client, Desk]) -> None:
    client, _ = strict
    for n in range(4):
        headers = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=203.0.113.{n}"}
        assert client.get("/problems", headers=headers).headers["RateLimit"].split(";")[1] == f"r={3 - n}"
    assert client.get("/problems", headers={"X-Forwarded-For": "198.51.100.99"}).status_code == 429


def test_clients_behind_a_trusted_proxy_are_counted_each_for_themselves(house: House, tmp_path: Path) -> None:
    views = ReadTables(f"{tmp_path}/views.db", READ_MODELS)
    app = create_app(house.carnet, views, pepper=PEPPER, rate=2, proxies=TrustedProxies.of("10.0.0.0/8"))

    async def left(peer: str, client: str) -> str:
        behind = httpx.ASGITransport(cast("Any", app), client=(peer, 4711))
        async with httpx.AsyncClient(transport=behind, base_url="http://carnet.test") as asking:
            answer = await asking.get("/problems", headers={"X-Forwarded-For": client})
        return answer.headers["RateLimit"].split(";")[1]

    async def counted() -> list[str]:
        return [
            await left("10.0.0.1", "198.51.100.1"),
            await left("10.0.0.2", "198.51.100.2"),
            await left("10.0.0.2", "203.0.113.5, 198.51.100.1, 10.9.9.9"),
            await left("198.51.100.1", "203.0.113.6"),
        ]

    assert asyncio.run(counted()) == ["r=3", "r=3", "r=2", "r=1"]


# Origins

TILL = {"Origin": "https://till.example"}
FOREIGN = {"Origin": "https://other.example"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def allowing(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value
        for name, value in answer.headers.items()
        if name.startswith("access-control-allow-origin")
    }


def test_pages_of_a_named_origin_may_call_and_read(strict: tuple[httpx.Client, Desk]) -> None:
    client, desk = strict
    asked = client.options("/v1/services", headers=TILL | PREFLIGHT)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, TILL["Origin"])
    for header in ("authorization", "idempotency-key", "if-match", "content-type"):
        assert header in asked.headers["access-control-allow-headers"].lower()
    assert "POST" in asked.headers["access-control-allow-methods"]
    body = {"name": "Massage", "service_type": "Massage"}
    done = client.post("/v1/services", json=body, headers=desk.headers() | TILL)
    refused = client.get("/v1/services/svc_none", headers=desk.headers() | TILL)
    assert (done.status_code, refused.status_code) == (201, 404)
    for answer in (done, refused):
        assert answer.headers["access-control-allow-origin"] == TILL["Origin"]
        assert "origin" in answer.headers["vary"]
        exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
        own = {"etag", "location", "ledger-position", "request-id", "idempotency-replayed", "retry-after"}
        assert own <= set(exposed)
        assert "access-control-allow-credentials" not in answer.headers


def test_pages_of_other_origins_may_not(strict: tuple[httpx.Client, Desk]) -> None:
    client, desk = strict
    answers = [
        client.options("/v1/services", headers=FOREIGN | PREFLIGHT),
        client.get("/v1/business", headers=desk.headers() | FOREIGN),
        client.get("/v1/business", headers=desk.headers() | {"Origin": "null"}),
    ]
    assert [allowing(answer) for answer in answers] == [{}, {}, {}]
    assert {answer.headers["vary"] for answer in answers} == {"origin"}


def test_without_the_setting_no_page_may(desk: Desk) -> None:
    answers = [
        desk.client.options("/v1/services", headers=TILL | PREFLIGHT),
        desk.client.get("/v1/business", headers=desk.headers() | TILL),
    ]
    assert [allowing(answer) for answer in answers] == [{}, {}]
    assert "vary" not in answers[1].headers


# Positions


def test_a_refusal_tells_the_position_it_is_true_for(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(service, quantity=1))["id"]
    desk.redeem(sold, service)
    uses = f"/v1/packages/{sold}/redemptions"
    staff = desk.as_role(Role.STAFF)
    service_body = {"name": "A", "service_type": "B"}
    answers = {
        409: desk.post(uses, {"service_id": service}),
        404: desk.ask("/v1/packages/pkg_none"),
        400: desk.post("/v1/services", {"name": 5}),
        403: staff.post("/v1/services", service_body),
        406: desk.client.get("/v1/business", headers=desk.headers() | {"Accept": "image/png"}),
        412: desk.post(f"/v1/services/{service}/changes", {"name": "B"}, If_Match='"v9"'),
        413: desk.post("/v1/services", {"name": "x" * 70_000}),
        415: desk.client.post("/v1/services", content=b"{}", headers=desk.headers()),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {s: s for s in answers}
    told = {status: answer.headers.get("Ledger-Position") for status, answer in answers.items()}
    assert told == dict.fromkeys(answers, str(desk.head))


def test_a_refusal_is_true_for_what_another_process_wrote(either_desk: Desk) -> None:
    """The reason may lie at a position that this process has not seen."""
    desk = either_desk
    anna, offer = desk.customer(), desk.offer(desk.service())
    ledger = desk.carnet.ledger(desk.business_id)
    (blocked,) = ledger.execute([order(BlockCustomer(customer_id=anna), OPERATOR)])
    assert isinstance(blocked, Done)
    answer = desk.post("/v1/packages", {"customer_id": anna, "offer_id": offer})
    assert (answer.status_code, answer.json()["code"]) == (409, "customer-blocked")
    assert answer.headers["Ledger-Position"] == str(desk.head) == str(blocked.last)


def test_what_no_business_is_known_of_has_no_position(desk: Desk) -> None:
    answers = [desk.client.get("/v1/business"), desk.client.get("/v1/nothing"), desk.client.get("/livez")]
    assert [answer.headers.get("Ledger-Position") for answer in answers] == [None, None, None]


def test_the_json_of_a_problem_is_not_longer_than_it_says(desk: Desk) -> None:
    answer = desk.client.head("/v1/services/svc_none", headers=desk.headers())
    plain = desk.ask("/v1/services/svc_none")
    assert (answer.status_code, answer.content) == (404, b"")
    assert answer.headers["content-length"] == str(len(plain.content))
    assert json.loads(plain.content)["code"] == "not-found"
