"""HTTP's own edges at the real server: what can be read in two ways is refused, with a problem and a request id."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.server.raw import RawAnswer, answers, head, sent
from tests.api.server.served import Server, served
from tests.ready import wait_for

BODY = b'{"name":"Massage","service_type":"Massage"}'
LENGTH = b"Content-Length: %d" % len(BODY)
JSON = b"Content-Type: application/json"
KEY = b"Idempotency-Key: k-1"
CHUNKED = b"Transfer-Encoding: chunked"
IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
POST = b"POST /v1/services HTTP/1.1"
GET = b"GET /v1/business HTTP/1.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a proxy on this machine, that waits two seconds for its clients."""
    folder = tmp_path_factory.mktemp("edges")
    with served(folder, IDLE_S="2", TRUSTED_PROXIES="127.0.0.1", LOG="info") as found:
        yield found


def asked(server: Server, line: bytes, *headers: bytes, **more: bytes) -> RawAnswer:
    (answer,) = answers(sent(server, head(server, line, *headers, **more)))
    return answer


def posted(server: Server, *headers: bytes, body: bytes = BODY) -> RawAnswer:
    (answer,) = answers(sent(server, head(server, POST, *headers), body))
    return answer


def path(text: bytes) -> bytes:
    return b"GET %b HTTP/1.1" % text


# Refused with a problem


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"Host:",
        b"Host: a\r\nHost: b",
        b"Host: a\r\nHost: a",
        b"Host: a b",
        b"Host: a/b",
        b"Host: u@a",
        b"Host: a:b",
        b"Host: \xc3\xa9",
        b"Host: [::1",
        b"Host: a,b?",
    ],
)
def test_a_request_names_one_host(server: Server, host: bytes) -> None:
    problem = asked(server, GET, host=host).problem
    assert (problem["status"], problem["code"]) == (400, "validation-failed")
    assert (problem["errors"][0]["in"], problem["errors"][0]["pointer"]) == ("header", "/Host")


@pytest.mark.parametrize("host", [b"a", b"a.example:8000", b"127.0.0.1", b"[::1]:80", b"a_b", b"x:"])
def test_any_name_or_address_may_be_the_host(server: Server, host: bytes) -> None:
    assert asked(server, GET, host=b"Host: " + host).status == 200


@pytest.mark.parametrize(
    "line", [b"Authorization: Bearer x", b"Idempotency-Key: k-2", JSON, b"Ledger-Min-Position: 1"]
)
def test_what_may_stand_once_is_refused_twice(server: Server, line: bytes) -> None:
    twice = [line, line] if line.startswith(b"Ledger") else [line]
    problem = posted(server, JSON, KEY, LENGTH, *twice).problem
    assert (problem["status"], problem["errors"][0]["code"]) == (400, "duplicate-header")
    assert problem["errors"][0]["pointer"].lower() == f"/{line.split(b':')[0].decode().lower()}"


@pytest.mark.parametrize(
    "text",
    [
        b"//v1/business",
        b"/v1//business",
        b"/v1/business//",
        b"/v1%2fbusiness",
        b"/v1%2Fbusiness",
        b"/v1/%5cbusiness",
        b"/v1/..;/v1/business",
        b"/v1/../v1/business",
        b"/v1/./business",
        b"/v1/..",
        b"/v1/%2e%2e/v1/business",
        b"/v1/.%2E;x/business",
        b"/v1/business%00",
        b"/v1/busi%0aness",
        b"/v1/business%zz",
        b"/v1/busi%7fness",
        "/v1/é".encode(),
    ],
)
def test_an_address_that_two_could_read_differently_is_refused(server: Server, text: bytes) -> None:
    problem = asked(server, path(text)).problem
    assert (problem["status"], problem["code"]) == (400, "validation-failed")
    assert problem["errors"][0]["in"] == "path"


@pytest.mark.parametrize("text", [b"/v1/business/", b"http://carnet.test/v1/business", b"/v1/business#there"])
def test_an_address_that_all_read_alike_is_answered(server: Server, text: bytes) -> None:
    assert asked(server, path(text)).status == 200


def test_an_address_is_8_kib_long_at_most(server: Server) -> None:
    room = 8 * 1024 - len(b"/v1/business?")
    assert asked(server, path(b"/v1/business?" + b"x" * room)).problem["code"] == "unknown-parameter"
    for length in (room + 1, 60_000):
        problem = asked(server, path(b"/v1/business?" + b"x" * length)).problem
        assert (problem["status"], problem["code"]) == (414, "target-too-long")


def test_headers_are_64_and_16_kib_at_most(server: Server) -> None:
    assert asked(server, GET, *(b"X-%d: x" % n for n in range(61))).status == 200
    assert asked(server, GET, b"X-Long: " + b"x" * 16_000).status == 200
    for headers in ([b"X-%d: x" % n for n in range(62)], [b"X-Long: " + b"x" * n for n in (9_000, 9_000)]):
        problem = asked(server, GET, *headers).problem
        assert (problem["status"], problem["code"]) == (431, "headers-too-large")


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"identity, gzip", b"x"])
def test_a_compressed_body_is_refused_and_told_how_to_be_sent(server: Server, coding: bytes) -> None:
    answer = posted(server, JSON, KEY, LENGTH, b"Content-Encoding: " + coding)
    assert (answer.status, answer.problem["code"]) == (415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
    assert posted(server, JSON, KEY, LENGTH, b"Content-Encoding: identity").status == 201


def test_a_body_in_an_unknown_transfer_coding_is_refused(server: Server) -> None:
    problem = posted(server, JSON, KEY, b"Transfer-Encoding: gzip, chunked", body=IN_CHUNKS).problem
    assert (problem["status"], problem["code"]) == (501, "transfer-coding-unknown")


@pytest.mark.parametrize("method", [b"FOO", b"get", b"TRACE", b"PUT"])
def test_an_unknown_method_is_told_those_that_there_are(server: Server, method: bytes) -> None:
    answer = asked(server, method + b" /v1/business HTTP/1.1")
    assert (answer.status, answer.problem["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT carnet.test:80 HTTP/1.1"])
def test_what_names_no_address_is_a_problem(server: Server, line: bytes) -> None:
    assert 400 <= asked(server, line).problem["status"] < 500


def test_a_body_that_does_not_come_is_given_up_with_a_problem(server: Server) -> None:
    for come in (b"", BODY[:7]):
        answer = posted(server, JSON, KEY, LENGTH, body=come)
        assert (answer.status, answer.problem["code"]) == (408, "request-timeout")
        assert answer.headers["connection"] == "close"
    answer = posted(server, JSON, KEY, CHUNKED, body=IN_CHUNKS[:9])
    assert (answer.status, answer.problem["code"]) == (408, "request-timeout")
    assert posted(server, JSON, KEY, LENGTH).status == 201, "nothing was done under that key"


def test_a_chunk_without_a_size_is_a_problem(server: Server) -> None:
    problem = posted(server, JSON, KEY, CHUNKED, body=b"zz\r\n" + BODY).problem
    assert (problem["status"], problem["code"]) == (400, "malformed-body")


# Answered as the standard says


def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    got = sent(server, head(server, POST, JSON, KEY, LENGTH, b"Expect: 100-continue"), BODY)
    assert got.startswith(b"HTTP/1.1 100")
    assert [answer.status for answer in answers(got)] == [201]


def test_a_body_in_chunks_ends_the_connection_so_that_nothing_can_hide_behind_it(server: Server) -> None:
    host, key = b"Host: a", b"Authorization: Bearer " + server.key.encode()
    for length in ([], [b"Content-Length: 5"], [LENGTH]):
        lines = [POST, host, key, JSON, KEY, *length, CHUNKED, b"", b""]
        hidden = b"\r\n".join([GET, host, key, b"", b""])
        got = answers(sent(server, b"\r\n".join(lines) + IN_CHUNKS + hidden))
        assert [answer.status for answer in got] == [201]
        assert got[0].headers["connection"] == "close"


@pytest.mark.parametrize("tags", [b'W/"v9"', b'"v9-gzip"', b'"v8", "v9"', b'"elsewhere"', b'"v1", W/"v1"'])
def test_tags_are_compared_as_the_standard_says(server: Server, tags: bytes) -> None:
    line, body = b"POST /v1/policies HTTP/1.1", b'{"payment_required":true}'
    key = b"Idempotency-Key: " + tags.hex().encode()
    lines = [JSON, key, b"If-Match: " + tags, b"Content-Length: %d" % len(body)]
    (answer,) = answers(sent(server, head(server, line, *lines), body))
    assert answer.status == (201 if tags.startswith(b'"v1"') else 412)


def test_requests_in_a_row_are_answered_in_a_row(server: Server) -> None:
    host, key = b"Host: a", b"Authorization: Bearer " + server.key.encode()
    one = b"\r\n".join([GET, host, key, b"", b""])
    assert [each.status for each in answers(sent(server, one * 20, head(server, GET)))] == [200] * 21


# What the server's library refuses before anybody is asked


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, b"nonsense\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
        (400, b"GET / HTTP/9.9\r\n\r\n"),
        (400, b"GET /\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nX : y\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"),
        (400, b"GET /\0 HTTP/1.1\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
        (414, b"GET /?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % n for n in range(101)) + b"\r\n"),
    ],
)
def test_what_cannot_be_read_as_http_gets_an_empty_refusal_and_no_connection(
    server: Server, status: int, message: bytes
) -> None:
    """Said as it is in docs/explanation/http-edges.md: the library answers these itself, without a body."""
    (answer,) = answers(sent(server, message))
    assert (answer.status, answer.body, answer.left) == (status, b"", b"")
    assert answer.headers.keys() == {"connection", "content-length", "date"}
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("message", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_ends_early_is_not_answered(server: Server, message: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as end:
        end.sendall(message)
        end.shutdown(socket.SHUT_WR)
        assert end.recv(1_024) == b""


WORDS = st.sampled_from(
    [
        b"GET",
        b"POST",
        b"/",
        b"//",
        b"/v1/business",
        b"/livez",
        b"%2f",
        b"..",
        b" ",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\r\n\r\n",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"Host: a",
        b"Host:",
        b":",
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Content-Length: -1",
        b"Transfer-Encoding: chunked",
        b"5\r\n",
        b"zz\r\n",
        b"0\r\n\r\n",
        b"Connection: close",
        b"Expect: 100-continue",
        b"Content-Encoding: gzip",
        b"If-Match: *",
        b"a" * 9000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"Upgrade: h2c",
        b"http://a/livez",
        b"{}",
        b"\xff",
        b"?a=b",
    ]
)
STARTS = st.sampled_from(
    [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST /v1/services HTTP/1.1\r\nHost: a\r\n"]
)


@pytest.mark.extended
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=STARTS, words=st.lists(WORDS | st.binary(max_size=20), max_size=12))
def test_whatever_is_sent_no_answer_is_a_fault_or_plain_text(
    server: Server, start: bytes, words: list[bytes]
) -> None:
    for answer in answers(sent(server, start, *words, b"\r\n\r\n")):
        assert answer.status < 500 or answer.status == 501
        assert (
            answer.status < 400
            or not answer.body
            or answer.problem["instance"] == answer.headers["request-id"]
        )
    assert httpx.get(f"{server.url}/livez").status_code == 200


# Behind a proxy


def test_a_trusted_proxy_names_the_client_that_is_told(server: Server) -> None:
    with server.client() as client:
        wrong = {"X-Forwarded-For": "203.0.113.78, 198.51.100.9", "Authorization": "Bearer x"}
        assert client.get("/v1/business", headers=wrong).status_code == 401
    wait_for(lambda: '"client":"198.51.100.9"' in server.log.read_text())  # the log may come after the answer
    assert "203.0.113.78" not in server.log.read_text(), "what the client wrote itself is nothing"
