"""Every address of the API and of the pages answers OPTIONS and HEAD, and refuses other methods by naming its own."""

import re
from collections.abc import Iterable, Iterator

import httpx
import pytest

from api.http.methods import Methods
from api.pages.app import METHODS as OF_PAGES
from api.pages.app import PAGES
from tests.api.desk import ROUTES, Desk
from tests.api.pages.browser import Browser

pytest_plugins = ["tests.api.houses"]

OF_ROUTES = Methods((route.path, route.methods) for route in ROUTES)
OTHERS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")


def addresses(templates: Iterable[str]) -> list[str]:
    return sorted({re.sub(r"\{[^}]*\}", "x_1", template) for template in templates})


API = addresses(route.path for route in ROUTES)
PAGE_ADDRESSES = addresses(path for handler in PAGES for path in handler.paths)


def sent(desk: Desk, paths: Iterable[str], cookie: str) -> Iterator[tuple[str, str, httpx.Response]]:
    headers = {"Authorization": f"Bearer {desk.key}", "Cookie": cookie}
    for path in paths:
        for method in ("OPTIONS", *OTHERS):
            yield path, method, desk.client.request(method, path, headers=headers, follow_redirects=False)


def test_every_address_of_the_api_takes_its_methods_and_names_them_to_all_others(desk: Desk) -> None:
    for path, method, answer in sent(desk, API, ""):
        _judge(path, method, answer, OF_ROUTES)
        if answer.status_code == 405 and method != "HEAD":
            assert answer.json()["code"] == "method-not-allowed"


def test_every_page_takes_its_methods_and_names_them_to_all_others(desk: Desk) -> None:
    cookie = Browser.signed_in(desk).cookie
    for path, method, answer in sent(desk, PAGE_ADDRESSES, cookie):
        if path == "/sign-out":
            cookie = ""
        _judge(path, method, answer, OF_PAGES)
        assert "content-security-policy" in answer.headers, (method, path)
        if answer.status_code == 405:
            assert answer.headers["content-type"].startswith("text/html")


def _judge(path: str, method: str, answer: httpx.Response, known: Methods) -> None:
    allowed = known.of(path)
    if method == "OPTIONS":
        assert (answer.status_code, answer.content) == (204, b""), path
    if method == "HEAD" and "HEAD" in allowed:
        assert answer.content == b"", path
    assert (answer.status_code == 405) == (method not in allowed), (method, path, answer.text)
    assert answer.status_code < 500, (method, path)
    if answer.status_code in (204, 405):
        assert answer.headers["Allow"] == ", ".join(sorted(allowed)), (method, path)


def test_head_has_the_headers_of_get(desk: Desk) -> None:
    cookie = Browser.signed_in(desk).cookie
    headers = {"Authorization": f"Bearer {desk.key}", "Cookie": cookie}
    varying = ("request-id", "date", "set-cookie")
    for path in ("/v1/business", "/v1/customers", "/desk/customers", "/sign-in", "/desk/customers/export"):
        seen, head = (
            {
                name: value
                for name, value in answer.headers.items()
                if not name.startswith(("ratelimit", *varying))
            }
            for answer in (desk.client.request(method, path, headers=headers) for method in ("GET", "HEAD"))
        )
        if path.startswith(("/v1/customers", "/desk/customers")):  # ages and times differ
            seen.pop("content-length", None)
            head.pop("content-length", None)
        assert head == seen, path


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "BREW"])
@pytest.mark.parametrize("path", ["/v1/nothing", "/desk/nothing/at/all", "/v1/customers/x/y/z", "/assets"])
def test_an_address_that_is_none_takes_no_method(desk: Desk, method: str, path: str) -> None:
    answer = desk.client.request(method, path, headers=desk.headers())
    assert (answer.status_code, "allow" in answer.headers) == (404, False)


def test_a_part_that_is_written_out_comes_before_one_of_any_text() -> None:
    known = Methods(
        [
            ("/things/{id}", ["GET"]),
            ("/things/bulk", ["POST"]),
            ("/things/{id}/parts", ["GET"]),
            ("/things/{id}/parts", ["POST"]),
            ("/", ["GET"]),
        ]
    )
    assert known.allow("/things/bulk") == "OPTIONS, POST"
    assert known.allow("/things/1") == "GET, OPTIONS"
    assert known.allow("/things/1/parts/") == "GET, OPTIONS, POST"
    assert known.allow("/") == "GET, OPTIONS"
    assert known.allow("/things") == known.allow("/other") == ""
