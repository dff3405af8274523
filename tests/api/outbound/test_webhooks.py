"""Webhooks: each fact reaches a receiver in order, signed, under one id, and a dead receiver delays nobody else."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from standardwebhooks import Webhook, WebhookVerificationError

from api.http.receiver_addresses import flaw_of_url, may_reach
from api.http.serving import Serving
from api.outbound import receiver as receivers
from api.outbound.notifications import Delivery
from api.outbound.notifier import Notifier
from api.outbound.receiver import ReceiverUnusable, receiver
from domain.actor import Role
from domain.moments import to_milliseconds
from tests.api.desk import PEPPER, Desk
from tests.bench.server import free_port
from tests.ready import WAIT_S_MAX

pytest_plugins = ["tests.api.houses"]


@dataclass
class Receiver:
    """A receiver on this machine: what reached it, and what it answers."""

    url: str = ""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    location: str | None = None
    answer: bytes = b""
    go_on: Event = field(default_factory=Event)
    arrived: Event = field(default_factory=Event)

    @property
    def facts(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]

    @property
    def positions(self) -> list[int]:
        return [fact["position"] for fact in self.facts]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.taken]


@contextmanager
def listening() -> Iterator[Receiver]:
    there = Receiver()
    there.go_on.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # whoever sent it is gone
            there.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            there.arrived.set()
            there.go_on.wait(WAIT_S_MAX)
            self.send_response(there.status)
            if there.location is not None:
                self.send_header("location", there.location)
            self.send_header("content-length", str(len(there.answer)))
            self.end_headers()
            self.wfile.write(there.answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    there.url = f"http://127.0.0.1:{server.server_address[1]}/facts"
    try:
        yield there
    finally:
        there.go_on.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def there() -> Iterator[Receiver]:
    with listening() as there:
        yield there


@pytest.fixture
def desk(either_desk: Desk) -> Iterator[Desk]:
    """A desk whose webhooks may go to this machine; those of other tests are removed."""
    store = either_desk.carnet.store
    for each in store.webhooks.all():
        store.webhooks.put(replace(each, state="removed"))
    frame = cast(Serving, cast("TestClient[Litestar]", either_desk.client).app.state["frame"])
    frame.loopback_webhooks = True
    yield either_desk
    frame.loopback_webhooks = False


def add(desk: Desk, url: str, **more: Any) -> Any:
    return desk.do("/v1/webhooks", {"url": url, **more})


def one(desk: Desk, id: str) -> dict[str, Any]:
    return next(each for each in desk.all_of("/v1/webhooks") if each["id"] == id)


def goes(desk: Desk, *, loopback: bool = True, peppers: tuple[bytes, ...] = (PEPPER,)) -> None:
    """One round of the loop, to its end, as a process that has just begun."""
    with ThreadPoolExecutor(4) as pool:
        for each in Notifier(desk.carnet, lambda: peppers, loopback=loopback).begin_round(pool, lambda: True):
            each.result(WAIT_S_MAX)


def verified(secret: str, taken: tuple[dict[str, str], bytes]) -> object:
    headers, body = taken
    return Webhook(secret).verify(body, headers)


def test_facts_reach_a_receiver_in_order_as_the_feed_shows_them_and_the_library_verifies_them(
    desk: Desk, there: Receiver
) -> None:
    hook = add(desk, there.url)
    assert hook["secret"].startswith("whsec_")
    before = desk.head
    desk.customer("Anna")
    desk.service()
    goes(desk)
    goes(desk)
    assert there.facts == desk.get("/v1/facts", after=before)["data"]
    assert len(there.taken) == len(set(there.ids)) == desk.head - before
    assert [verified(hook["secret"], taken) for taken in there.taken] == there.facts
    headers, body = there.taken[0]
    with pytest.raises(WebhookVerificationError):
        verified(hook["secret"], (headers, body + b" "))
    shown = one(desk, hook["id"])
    assert (shown["position"], shown["state"], shown["reason"]) == (desk.head, "active", None)
    assert "secret" not in shown


def test_only_the_named_facts_are_sent_and_the_position_passes_the_others(
    desk: Desk, there: Receiver
) -> None:
    service = desk.service()
    name = desk.get("/v1/facts")["data"][-1]["name"]
    hook = add(desk, there.url, fact_names=[name])
    desk.customer("Anna")
    desk.service()
    desk.customer("Béla")
    goes(desk)
    assert [fact["name"] for fact in there.facts] == [name]
    assert one(desk, hook["id"])["position"] == desk.head
    assert service


class Crash(BaseException):
    """The process ends here."""


def test_a_fact_sent_before_a_crash_is_sent_again_under_the_same_id(
    desk: Desk, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """given a fact that was taken, when the process ends before that is written down, then it has one id."""
    add(desk, there.url)
    desk.customer("Anna")

    def crashing(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as here:
        here.setattr(Delivery, "_moved", crashing)
        with pytest.raises(Crash):
            goes(desk)
    goes(desk)
    assert there.ids[0] == there.ids[1]
    assert there.positions[0] == there.positions[1]
    assert there.positions[1:] == sorted(set(there.positions))


def test_a_dead_receiver_delays_no_other_and_gets_everything_later(desk: Desk, there: Receiver) -> None:
    with listening() as stuck:
        stuck.go_on.clear()
        add(desk, stuck.url)
        dead = add(desk, f"http://127.0.0.1:{free_port()}/")
        add(desk, there.url)
        desk.customer("Anna")
        with ThreadPoolExecutor(4) as pool:
            notifier = Notifier(desk.carnet, lambda: [PEPPER], loopback=True)
            begun = notifier.begin_round(pool, lambda: True)
            while there.positions[-1:] != [desk.head]:
                wait(begun, timeout=0.01)
            assert any(not each.done() for each in begun), "the stuck one still waits"
            desk.customer("Béla")
            while there.positions[-1:] != [desk.head]:
                wait(notifier.begin_round(pool, lambda: True), timeout=WAIT_S_MAX)
            stuck.go_on.set()
        assert there.positions == sorted(set(there.positions))
        goes(desk)
        assert stuck.positions == there.positions
    shown = one(desk, dead["id"])
    assert (shown["reason"], shown["state"]) == ("unreachable", "active")
    assert shown["attempts"] >= 1


def test_a_receiver_that_fails_is_tried_later_each_time_and_disabled_after_days(
    desk: Desk, there: Receiver
) -> None:
    there.status = 500
    hook = add(desk, there.url)
    desk.customer("Anna")
    goes(desk)
    goes(desk)
    assert len(there.taken) == 1, "not before its next try"
    first = one(desk, hook["id"])
    assert (first["reason"], first["attempts"]) == ("http-500", 1)
    desk.clock.forward(seconds=6)
    goes(desk)
    again = one(desk, hook["id"])

    def at(shown: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(shown["next_attempt_at"])

    assert (at(again) - at(first)).total_seconds() > 15
    desk.clock.forward(days=5, seconds=1)
    goes(desk)
    assert one(desk, hook["id"])["state"] == "disabled"
    desk.clock.forward(days=1)
    goes(desk)
    assert len(there.taken) == 3
    assert set(there.ids) == {there.ids[0]}
    there.status = 200
    desk.do(f"/v1/webhooks/{hook['id']}/resume")
    goes(desk)
    assert one(desk, hook["id"])["position"] == desk.head


def test_a_receiver_that_is_gone_is_disabled_at_once(desk: Desk, there: Receiver) -> None:
    there.status = 410
    hook = add(desk, there.url)
    desk.customer("Anna")
    goes(desk)
    assert (one(desk, hook["id"])["state"], one(desk, hook["id"])["reason"]) == ("disabled", "http-410")


def test_a_redirect_is_not_followed_and_a_long_answer_not_read(desk: Desk, there: Receiver) -> None:
    with listening() as elsewhere:
        there.status, there.location = 302, elsewhere.url
        hook = add(desk, there.url)
        desk.customer("Anna")
        goes(desk)
        assert elsewhere.taken == []
    assert one(desk, hook["id"])["reason"] == "http-302"
    there.status, there.location, there.answer = 200, None, b"x" * (receivers.ANSWER_BYTES_MAX + 1)
    desk.do(f"/v1/webhooks/{hook['id']}/resume")
    goes(desk)
    assert one(desk, hook["id"])["reason"] == "bad-answer"


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "2001:0:a00:1::",
    "text",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_never_reached(address: str) -> None:
    assert not may_reach(address, loopback=False)


def test_public_addresses_are_reached_and_loopback_by_the_setting_alone() -> None:
    assert may_reach("93.184.215.14", loopback=False)
    assert may_reach("2606:2800:220:1::1", loopback=False)
    assert may_reach("127.0.0.1", loopback=True)
    assert not may_reach("10.0.0.1", loopback=True)


def test_an_address_is_checked_after_the_name_was_looked_up(desk: Desk, there: Receiver) -> None:
    """given a name that leads to this machine, when nothing allows that, then no connection is made."""
    hook = add(desk, there.url.replace("127.0.0.1", "localhost"))
    desk.customer("Anna")
    goes(desk, loopback=False)
    assert (there.taken, one(desk, hook["id"])["reason"]) == ([], "private-address")


def test_the_address_that_was_checked_is_the_one_connected_to(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """given a name server that would say something else the second time, then it is asked once."""
    port = int(there.url.rsplit(":", 1)[1].split("/")[0])
    asked: list[str] = []

    def answer(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    with monkeypatch.context() as here:
        here.setattr("socket.getaddrinfo", lambda host, *a, **k: answer(host))
        listed = receivers.addresses("rebinding.example", port, loopback=True)
        with pytest.raises(Exception, match="private-address"):
            receivers.addresses("rebinding.example", port, loopback=False)
    assert (listed, asked) == (["127.0.0.1"], ["rebinding.example"] * 2)


def test_an_unknown_host_is_told() -> None:
    with (
        receiver("https://nowhere.invalid/", loopback=False) as post,
        pytest.raises(ReceiverUnusable) as told,
    ):
        post({}, b"{}")
    assert str(told.value) == "unknown-host"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://user:secret@example.org/",
        "https://example.org/#here",
        "https:///nowhere",
        "ftp://example.org/",
        "https://exa mple.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://[::1/",
    ],
)
def test_a_wrong_address_is_refused(either_desk: Desk, url: str) -> None:
    assert flaw_of_url(url, loopback=False) is not None
    problem = either_desk.refused("/v1/webhooks", {"url": url}, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/url"


def test_an_unknown_fact_is_refused_by_its_place(desk: Desk, there: Receiver) -> None:
    name = desk.get("/v1/facts")["data"][0]["name"]
    problem = desk.refused(
        "/v1/webhooks", {"url": there.url, "fact_names": [name, "no.fact"]}, "validation-failed"
    )
    assert problem["errors"][0]["pointer"] == "/fact_names/1"


def test_a_rotation_signs_under_both_secrets_for_a_day(desk: Desk, there: Receiver) -> None:
    hook = add(desk, there.url)
    path = f"/v1/webhooks/{hook['id']}/rotation"
    rotated = desk.post(path, {}, key="rotate").json()
    again = desk.post(path, {}, key="rotate").json()
    assert again == rotated | {"secret": None, "secret_shown": False}, "a repeated request rotates once"
    desk.customer("Anna")
    goes(desk)
    for secret in (hook["secret"], rotated["secret"]):
        verified(secret, there.taken[-1])
    desk.clock.forward(days=1)
    desk.customer("Béla")
    goes(desk)
    assert len(there.taken[-1][0]["webhook-signature"].split()) == 1


def test_after_a_new_pepper_both_sign(desk: Desk, there: Receiver) -> None:
    hook = add(desk, there.url)
    desk.customer("Anna")
    goes(desk, peppers=(b"another pepper that is long enough", PEPPER))
    verified(hook["secret"], there.taken[0])


def test_a_pause_keeps_facts_and_a_replay_sends_them_again_under_their_ids(
    desk: Desk, there: Receiver
) -> None:
    hook = add(desk, there.url)
    at = f"/v1/webhooks/{hook['id']}"
    assert desk.do(f"{at}/pause")["state"] == "paused"
    desk.customer("Anna")
    goes(desk)
    assert there.taken == []
    desk.do(f"{at}/resume")
    goes(desk)
    sent = there.ids
    assert desk.do(f"{at}/replay", {"position": hook["position"]})["position"] == hook["position"]
    goes(desk)
    assert there.ids == sent * 2
    desk.refused(f"{at}/replay", {"position": desk.head + 1}, "validation-failed")
    assert desk.do(f"{at}/removal")["state"] == "removed"
    assert desk.do(f"{at}/resume")["state"] == "removed"
    desk.customer("Béla")
    goes(desk)
    assert there.ids == sent * 2


def test_a_pause_while_a_fact_is_under_way_sends_it_once(desk: Desk, there: Receiver) -> None:
    hook = add(desk, there.url)
    desk.customer("Anna")
    there.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        (begun,) = Notifier(desk.carnet, lambda: [PEPPER], loopback=True).begin_round(pool, lambda: True)
        while not there.taken:
            wait([begun], timeout=0.01)
        desk.do(f"/v1/webhooks/{hook['id']}/pause")
        there.go_on.set()
    assert one(desk, hook["id"])["position"] == there.positions[-1]
    desk.do(f"/v1/webhooks/{hook['id']}/resume")
    goes(desk)
    assert len(set(there.ids)) == len(there.ids)


def test_a_replay_from_where_it_was_while_a_fact_is_under_way_sends_it_again(
    desk: Desk, there: Receiver
) -> None:
    """given a fact that was taken and whose answer is still to come, when all after the fact before it is asked for
    again, then it comes again."""
    hook = add(desk, there.url)
    desk.customer("Anna")
    there.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        (begun,) = Notifier(desk.carnet, lambda: [PEPPER], loopback=True).begin_round(pool, lambda: True)
        while not there.taken:
            wait([begun], timeout=0.01)
        desk.do(f"/v1/webhooks/{hook['id']}/replay", {"position": hook["position"]})
        there.go_on.set()
    sent = there.ids
    assert one(desk, hook["id"])["position"] == hook["position"]
    goes(desk)
    assert (there.ids, one(desk, hook["id"])["position"]) == (sent * 2, desk.head)


@pytest.mark.parametrize(("change", "facts"), [("pause", 0), ("removal", 0), ("rotation", 1)])
def test_what_an_owner_was_answered_counts_for_every_later_fact(
    desk: Desk, there: Receiver, change: str, facts: int
) -> None:
    """given a round that read the receiver before the change, when a fact is recorded after it, then the fact goes as
    the receiver is since."""
    hook = add(desk, there.url)
    before = desk.carnet.store.webhooks.find(desk.business_id, hook["id"])
    assert before is not None
    changed = desk.do(f"/v1/webhooks/{hook['id']}/{change}")
    desk.customer("Anna")
    now_ms = to_milliseconds(desk.clock())
    Delivery(desk.carnet, [PEPPER], lambda: now_ms, loopback=True).deliver(before, lambda: True)
    assert len(there.taken) == facts
    for taken in there.taken:
        verified(changed["secret"], taken)


def test_a_repeated_request_gives_the_same_webhook_and_a_dry_run_none(desk: Desk, there: Receiver) -> None:
    first = desk.post("/v1/webhooks", {"url": there.url}, key="add")
    again, thrice = (desk.post("/v1/webhooks", {"url": there.url}, key="add") for _ in range(2))
    assert again.json() == first.json() | {"secret": None, "secret_shown": False}
    assert (again.content, again.headers["Idempotency-Replayed"]) == (thrice.content, "true")
    tried = desk.try_out("/v1/webhooks", {"url": there.url})
    assert (tried["id"], tried["secret"]) == (None, None)
    assert len(desk.all_of("/v1/webhooks")) == 1


def test_owners_alone_reach_webhooks_and_each_business_its_own(desk: Desk, there: Receiver) -> None:
    hook = add(desk, there.url)
    for role in (Role.MANAGER, Role.STAFF, Role.AUDITOR):
        assert desk.as_role(role).ask("/v1/webhooks").status_code == 403
    assert desk.carnet.store.webhooks.find("biz_other", hook["id"]) is None
    desk.refused("/v1/webhooks/whk_unknown/pause", {}, "not-found")


def test_a_database_that_is_elsewhere_sends_nothing(desk: Desk, there: Receiver) -> None:
    hook = add(desk, there.url)
    store = desk.carnet.store
    known = store.webhooks.find(desk.business_id, hook["id"])
    assert known is not None
    assert store.webhooks.put(replace(known, place=""))
    assert not store.webhooks.put(known), "it was changed since it was read"
    desk.customer("Anna")
    goes(desk)
    assert there.taken == []
    assert (one(desk, hook["id"])["state"], one(desk, hook["id"])["reason"]) == ("disabled", "restored")
    desk.do(f"/v1/webhooks/{hook['id']}/resume")
    goes(desk)
    assert there.positions[-1] == desk.head


def test_the_loop_sends_by_itself_and_ends(desk: Desk, there: Receiver) -> None:
    add(desk, there.url)
    desk.customer("Anna")
    notifier = Notifier(desk.carnet, lambda: [PEPPER], loopback=True)
    notifier.start()
    reached = Event()
    while desk.head not in there.positions:
        reached.wait(0.01)
    notifier.stop()
    with desk.carnet.store.webhooks.alone() as alone:
        assert alone()
