"""Text and WhatsApp messages go to the business's own sender as the webhook `message.due`, each under one id."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.http.serving import Serving
from api.outbound.courier import Courier, Rest
from api.outbound.deliverer import Deliverer
from api.outbound.notifier import Notifier
from domain.ledger.webhook import StoredWebhook
from domain.moments import to_milliseconds
from tests.api.desk import PEPPER, Desk
from tests.api.outbound.conftest import Post, post_of
from tests.api.outbound.mailbox import Mailbox
from tests.api.outbound.test_delivery import Crash
from tests.api.outbound.test_occasions import AGREED
from tests.api.outbound.test_webhooks import Receiver, add, goes, listening, one, verified
from tests.api.resources.test_checklist_bookings import ahead, book
from tests.ready import WAIT_S_MAX

pytest_plugins = ["tests.api.houses"]
ANNA, NUMBER = "anna@example.org", "+36201234567"
BY_SMS = {"message_channels": {"package_purchased": ["sms"], "session_reminder": ["sms", "whatsapp"]}}


@pytest.fixture
def there() -> Iterator[Receiver]:
    with listening() as there:
        yield there


@pytest.fixture
def desk(post: Post) -> Iterator[Desk]:
    """The desk of the post, whose webhooks may go to this machine; those of other tests are removed."""
    store = post.desk.carnet.store
    for each in store.webhooks.all():
        store.webhooks.put(replace(each, state="removed"))
    frame = cast(Serving, cast("TestClient[Litestar]", post.desk.client).app.state["frame"])
    frame.loopback_webhooks = True
    post.desk.do("/v1/policies", BY_SMS)
    yield post.desk
    frame.loopback_webhooks = False


def sender(desk: Desk, there: Receiver) -> Any:
    return add(desk, there.url, fact_names=["message.due"])


def sold(desk: Desk, **more: Any) -> tuple[str, str]:
    anna = desk.customer("Anna", **{"mobile": NUMBER, "email": ANNA} | more)
    return anna, desk.sell(anna, desk.offer(desk.service()))["id"]


def told(post: Post, **filters: str) -> list[tuple[object, ...]]:
    rows = post.messages(**filters)
    return [(row["channel"], row["state"], row["reason"], row["attempts"]) for row in rows]


@pytest.mark.covers("S129")
def test_a_purchase_is_told_by_a_text_message_that_stands_on_the_contract(
    post: Post, desk: Desk, box: Mailbox, there: Receiver
) -> None:
    hook = sender(desk, there)
    anna, package = sold(desk)
    post.goes()
    goes(desk)
    ((headers, _),) = there.taken
    due = cast(dict[str, Any], verified(hook["secret"], there.taken[0]))
    (row,) = post.messages(package_id=package)
    assert (due["name"], due["id"], headers["webhook-id"]) == ("message.due", row["id"], row["id"])
    assert (due["to"], due["channel"], due["kind"]) == (NUMBER, "sms", "package_purchased")
    assert (due["basis"], due["consent"]) == ("contract", None)
    assert (due["customer_id"], due["thing_id"], due["due_since"]) == (anna, package, row["recorded_at"])
    assert due["text"].startswith(
        "Szalon: Thank you for your purchase at Szalon. Package: Massage ×10 💆 (No. 1)"
    )
    assert "\n" not in due["text"]
    assert told(post) == [("sms", "sent", None, 1)]
    goes(desk)
    assert (len(there.taken), box.taken) == (1, []), "it is sent once, and by no other channel"


@pytest.mark.covers("S134")
def test_a_reminder_tells_the_consent_it_stands_on_and_goes_by_each_channel_under_its_own_id(
    post: Post, desk: Desk, there: Receiver
) -> None:
    sender(desk, there)
    anna = desk.customer("Anna", mobile=NUMBER)
    desk.clock.forward(minutes=1)
    consented = desk.do(f"/v1/customers/{anna}/changes", {"consents": AGREED})
    (given,) = [
        fact
        for fact in desk.get("/v1/facts", after=desk.head - 1)["data"]
        if fact["stream_id"] == consented["id"]
    ]
    desk.clock.forward(minutes=1)
    desk.do(f"/v1/customers/{anna}/changes", {"consents": {"marketing": True}})
    booking = book(desk, anna, desk.service(), ahead(desk, hours=48))["id"]
    desk.clock.forward(hours=25)
    assert desk.tick()["session-reminders"] == 2
    post.goes()
    goes(desk)
    assert {due["channel"] for due in there.facts} == {"sms", "whatsapp"}
    assert len(set(there.ids)) == 2
    for due in there.facts:
        assert (due["basis"], due["thing_id"]) == ("consent", booking)
        assert due["consent"] == {"name": "session_reminder", "given_at": given["recorded_at"]}


def test_only_a_receiver_that_names_it_gets_personal_data_and_of_two_the_oldest(
    post: Post, desk: Desk, there: Receiver
) -> None:
    with listening() as bookkeeping, listening() as second:
        add(desk, bookkeeping.url)
        first = sender(desk, there)
        desk.clock.forward(minutes=1)
        sender(desk, second)
        sold(desk)
        post.goes()
        goes(desk)
        assert NUMBER not in str([body for _, body in bookkeeping.taken])
        assert (len(there.taken), second.taken) == (1, [])
        desk.do(f"/v1/webhooks/{first['id']}/pause", {})
        sold(desk)
        post.goes()
        goes(desk)
        assert (len(there.taken), len(second.taken)) == (1, 1)


def test_a_sender_that_came_while_a_round_began_gets_the_messages_after_it(
    post: Post, desk: Desk, there: Receiver
) -> None:
    """given a round that has read the receivers, when one is added and something is sold, then nothing is missed."""

    class Meanwhile(Notifier):
        def _active(self) -> list[StoredWebhook]:
            found = super()._active()
            sender(desk, there)
            sold(desk)
            post.goes()
            return found

    with ThreadPoolExecutor(2) as pool:
        for each in Meanwhile(desk.carnet, lambda: [PEPPER], loopback=True).begin_round(pool, lambda: True):
            each.result(WAIT_S_MAX)
    assert told(post) == [("sms", "waiting", None, 0)]
    goes(desk)
    assert told(post) == [("sms", "sent", None, 1)]


@pytest.mark.parametrize(("change", "sent"), [("pause", 0), ("rotation", 1)])
def test_a_message_goes_to_its_sender_as_the_owner_has_left_it(
    post: Post, desk: Desk, there: Receiver, change: str, sent: int
) -> None:
    hook = sender(desk, there)
    before = desk.carnet.store.webhooks.find(desk.business_id, hook["id"])
    changed = desk.do(f"/v1/webhooks/{hook['id']}/{change}", {})
    sold(desk)
    post.goes()
    now_ms = to_milliseconds(desk.clock())
    messages = desk.carnet.store.outbox.messages(desk.business_id, limit=10)
    Courier(desk.carnet, [PEPPER], lambda: now_ms, loopback=True).deliver(
        before, messages, Rest(), lambda: True
    )
    assert len(there.taken) == sent
    for taken in there.taken:
        verified(changed["secret"], taken)


def test_a_customer_without_a_mobile_or_with_a_block_gets_none(
    post: Post, desk: Desk, there: Receiver
) -> None:
    sender(desk, there)
    sold(desk, mobile=None)
    blocked, _ = sold(desk)
    desk.do(f"/v1/customers/{blocked}/block", {})
    post.goes()
    goes(desk)
    assert told(post) == [("sms", "skipped", "no-number", 0), ("sms", "skipped", "blocked", 0)]
    assert there.taken == []


def test_what_a_receiver_did_not_take_is_sent_again_under_the_same_id_and_loses_nothing(
    post: Post, desk: Desk, there: Receiver
) -> None:
    sender(desk, there)
    there.status = 500
    sold(desk)
    sold(desk)
    post.goes()
    goes(desk)
    assert [state for _, state, *_ in told(post)] == ["waiting"] * 2
    assert len(there.taken) == 1, "a receiver that fails is left alone"
    there.status = 204
    desk.clock.forward(minutes=2)
    goes(desk)
    assert [state for _, state, *_ in told(post)] == ["sent"] * 2
    assert len(there.ids) == 3
    assert len(set(there.ids)) == 2


def test_a_message_that_the_receiver_refuses_delays_no_other(post: Post, desk: Desk, there: Receiver) -> None:
    sender(desk, there)
    there.status = 422
    sold(desk)
    sold(desk)
    post.goes()
    goes(desk)
    assert told(post) == [("sms", "waiting", "http-422", 1)] * 2


def test_a_receiver_that_is_gone_is_disabled_and_the_message_waits_for_another(
    post: Post, desk: Desk, there: Receiver
) -> None:
    hook = sender(desk, there)
    there.status = 410
    sold(desk)
    post.goes()
    goes(desk)
    assert (one(desk, hook["id"])["state"], one(desk, hook["id"])["reason"]) == ("disabled", "http-410")
    desk.clock.forward(minutes=2)
    goes(desk)
    assert told(post) == [("sms", "waiting", "no-receiver", 2)]


def test_a_crash_after_the_receiver_took_it_sends_it_again_under_the_same_id(
    post: Post, desk: Desk, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender(desk, there)
    sold(desk)
    post.goes()

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as here:
        here.setattr("api.outbound.settling.Settling.sent", crash)
        with pytest.raises(Crash):
            goes(desk)
    goes(desk)
    assert len(there.ids) == 2
    assert len(set(there.ids)) == 1
    assert told(post) == [("sms", "sent", None, 1)]


def test_what_nobody_takes_is_given_up(post: Post, desk: Desk) -> None:
    sold(desk)
    post.goes()
    desk.clock.forward(days=3, hours=2)
    post.goes()
    assert told(post) == [("sms", "given_up", "no-receiver", 1)]


def test_a_process_without_a_mail_server_plans_for_the_other_channels(
    post: Post, desk: Desk, there: Receiver
) -> None:
    sender(desk, there)
    desk.do("/v1/policies", {"message_channels": {"package_purchased": ["email", "sms"]}})
    sold(desk)
    mailless = post_of(desk, Deliverer(desk.carnet, None))
    mailless.goes()
    goes(desk)
    assert sorted(told(post)) == [("email", "skipped", "no-mail-server", 0), ("sms", "sent", None, 1)]


def test_an_expiry_reminder_goes_by_both_channels_and_is_recorded_once(
    post: Post, desk: Desk, box: Mailbox, there: Receiver
) -> None:
    sender(desk, there)
    channels = {"package_purchased": [], "expiry_reminder": ["email", "sms"]}
    desk.do("/v1/policies", {"message_channels": channels})
    anna = desk.customer("Anna", mobile=NUMBER, email=ANNA)
    package = desk.sell(anna, desk.offer(desk.service()), expires_on=desk.today(days=5))["id"]
    desk.tick()
    post.goes()
    goes(desk)
    assert sorted(told(post, package_id=package)) == [("email", "sent", None, 1), ("sms", "sent", None, 1)]
    names = [fact["name"] for fact in desk.get(f"/v1/packages/{package}/facts")["data"]]
    assert names.count("package.reminder_sent") == 1


def test_channels_are_named_once_and_known(desk: Desk) -> None:
    for wrong in (["sms", "sms"], ["fax"]):
        body = {"message_channels": {"birthday": wrong}}
        problem = desk.refused("/v1/policies", body, "validation-failed")
        assert problem["errors"][0]["pointer"].startswith("/message_channels/birthday")
    assert desk.do("/v1/policies", {"message_channels": {"birthday": []}})["policies"][
        "message_channels"
    ] == {
        **{kind: ["email"] for kind in desk.get("/v1/business")["policies"]["message_channels"]},
        "birthday": [],
    }
