"""The process that sends ends by SIGKILL at every point of a delivery: nothing is lost, and a repeat has the same id.

Here at the points that tell most; `python -m tests.api.outbound.sweep` ends it at all of them.
"""

import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.http.serving import Serving
from tests.api.desk import PEPPER, Desk
from tests.api.outbound.conftest import Post
from tests.api.outbound.kill_points import Point, seen
from tests.api.outbound.killed import started
from tests.api.outbound.mailbox import SENDER, Mailbox
from tests.api.outbound.test_webhooks import Receiver, add, goes, listening
from tests.ready import WAIT_S_MAX

pytest_plugins = ["tests.api.houses"]
SALES = 2
LOOKS_S = 2.0
"""Seconds between two looks at whether all is sent."""
ROUNDS_MAX = 20
SWEEP = "DELIVERY_KILLS"
"""A variable of the environment that asks for all points."""

TELLING = (
    "api.outbound.planning:Planner.plan:call",
    "api.outbound.planning:Planner.plan:return",
    "api.outbound.mail_server:MailServer._open:return",
    "smtplib:SMTP.data:return",
    "api.outbound.settling:Settling.settle:return",
    "api.outbound.receiver:_Backend.connect_tcp:return",
    "api.outbound.receiver:receiver.<locals>.post:return",
    "api.outbound.settling:Settling.sent:call",
    "api.outbound.notifications:Delivery._moved:return",
)
"""Before and after planning; connected; handed in and not answered; taken and not written down; written down."""


@dataclass
class Sending:
    """Sales that are told by e-mail and by text message, and whose facts are posted."""

    post: Post
    box: Mailbox
    bookkeeping: Receiver
    texts: Receiver

    def sell(self) -> None:
        desk = self.post.desk
        offer = desk.offer(desk.service())
        for n in range(SALES):
            contacts = {"email": f"anna{n}@example.org", "mobile": f"+3620123456{n}"}
            desk.sell(desk.customer("Anna", **contacts), offer)

    def killed(self, point: Point) -> bool:
        """Let a process send until it ends at a point. False: it sent all, and did not pass it."""
        desk = self.post.desk
        database, ahead_s = desk.carnet.env["CARNET_DATABASE"], str(desk.clock.ahead.total_seconds())
        arguments = (database, self.box.url, SENDER, PEPPER.decode(), ahead_s, str(point))
        process = started(*arguments)
        ends_at = monotonic() + WAIT_S_MAX
        try:
            while True:
                told = self.is_told()
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(LOOKS_S) == -signal.SIGKILL
                if told or monotonic() > ends_at:
                    return False
        finally:
            process.kill()
            process.wait()

    def is_told(self) -> bool:
        """Whether all is sent and written down."""
        rows = self.post.messages()
        return len(rows) == 2 * SALES and {row["state"] for row in rows} == {"sent"}

    def ends(self) -> None:
        """Another process sends what is left."""
        post = self.post.begins_again()
        for _ in range(ROUNDS_MAX):
            post.goes()
            goes(post.desk)
            if self.is_told():
                return
            post.desk.clock.forward(minutes=1)
        raise AssertionError(post.messages())

    def check(self) -> None:
        rows = {cast(str, row["id"]): row for row in self.post.messages()}
        assert {row["state"] for row in rows.values()} == {"sent"}
        mailed: dict[str, set[str]] = defaultdict(set)
        for recipient, message in self.box.taken:
            mailed[recipient].add(str(message["Message-ID"]).strip("<>").partition("@")[0])
        texted: dict[str, set[str]] = defaultdict(set)
        for id, due in zip(self.texts.ids, self.texts.facts, strict=True):
            texted[due["to"]].add(id)
        posted: dict[int, set[str]] = defaultdict(set)
        for id, fact in zip(self.bookkeeping.ids, self.bookkeeping.facts, strict=True):
            posted[fact["position"]].add(id)
        for told in (mailed, texted, posted):
            assert len(told) == SALES, "each is told"
            assert all(len(ids) == 1 for ids in told.values()), "a repeat has the same id"
        ids = [id for told in (mailed, texted) for each in told.values() for id in each]
        assert sorted(ids) == sorted(rows)
        positions = self.bookkeeping.positions
        assert positions == sorted(positions), "facts come in order"


@pytest.fixture
def sending(post: Post, box: Mailbox) -> Iterator[Sending]:
    desk = post.desk
    store = desk.carnet.store
    for each in store.webhooks.all():
        store.webhooks.put(replace(each, state="removed"))
    frame = cast(Serving, cast("TestClient[Litestar]", desk.client).app.state["frame"])
    frame.loopback_webhooks = True
    desk.do("/v1/policies", {"message_channels": {"package_purchased": ["email", "sms"]}})
    with listening() as bookkeeping, listening() as texts:
        add(desk, bookkeeping.url, fact_names=["package.purchased"])
        add(desk, texts.url, fact_names=["message.due"])
        yield Sending(post, box, bookkeeping, texts)
    frame.loopback_webhooks = False


@pytest.mark.parametrize("point", TELLING)
def test_a_kill_at_this_point_loses_nothing_and_repeats_under_the_same_id(
    sending: Sending, point: str
) -> None:
    """given messages and facts to tell, when the process ends there, then another one tells all, under one id each."""
    sending.sell()
    assert sending.killed(Point.of(point)), "it did not come to this point"
    sending.ends()
    sending.check()


@pytest.mark.skipif(SWEEP not in os.environ, reason="python -m tests.api.outbound.sweep")
@pytest.mark.timeout(7_200)
def test_a_kill_at_any_point_loses_nothing_and_repeats_under_the_same_id(sending: Sending) -> None:
    sending.sell()
    with seen() as passed:
        sending.ends()
    points = sorted(point for point in passed if str(point).startswith(os.environ[SWEEP]))
    assert points
    for nth, point in enumerate(points, 1):
        for told in (sending.box.taken, sending.bookkeeping.taken, sending.texts.taken):
            cast(list[Any], told).clear()
        forget(sending.post.desk)
        sending.sell()
        ended = sending.killed(point)
        print(f"{nth} of {len(points)}: {point}{'' if ended else ', not passed'}", flush=True)
        sending.ends()
        sending.check()


def forget(desk: Desk) -> None:
    """The messages of the sales before."""
    desk.carnet.store.outbox.forget_settled(desk.business_id, 2**53, 1_000)
