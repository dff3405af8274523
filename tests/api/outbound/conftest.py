"""Fixtures: a mail server, and the sending of a desk's e-mails round by round."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api.outbound.deliverer import Deliverer
from api.outbound.planning import Planner
from api.outbound.sending import Sender
from tests.api.desk import Desk
from tests.api.outbound.mailbox import Mailbox, mailbox


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@dataclass
class Post:
    """The post of a desk: `goes()` is one round of the loop."""

    desk: Desk
    deliverer: Deliverer
    planner: Planner
    sender: Sender

    def goes(self) -> None:
        self.desk.frame.letters.finish()
        self.deliverer.step(self.planner, self.sender)

    def begins_again(self) -> "Post":
        """As after a crash: nothing is known but what the database holds."""
        return post_of(self.desk, self.deliverer)

    def messages(self, **filters: str) -> list[dict[str, object]]:
        return self.desk.all_of("/v1/messages", **filters)

    def states(self) -> list[tuple[object, object]]:
        return [(each["state"], each["reason"]) for each in self.messages()]


def post_anew(desk: Desk, box: Mailbox) -> Post:
    """The post of a database that sends from now on; what other tests left waiting is given up."""
    desk.carnet.store.outbox.switch_off()
    return post_of(desk, Deliverer(desk.carnet, box.server))


def post_of(desk: Desk, deliverer: Deliverer) -> Post:
    return Post(desk, deliverer, *deliverer.begin())


@pytest.fixture
def post(either_desk: Desk, box: Mailbox) -> Post:
    """The post of a business that writes to its customers in English."""
    post = post_anew(either_desk, box)
    either_desk.do("/v1/policies", {"message_language": "en"})
    return post
