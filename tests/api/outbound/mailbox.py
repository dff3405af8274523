"""A real mail server on this machine, which keeps what it takes and refuses what a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller

from api.outbound.mail_server import MailServer, mail_server
from tests.bench.server import free_port

SENDER = "no-reply@szalon.example"
HANGS_UP = "421 hangs up"
"""A refusal after which the server says nothing."""


@dataclass
class Mailbox:
    """What was handed in: (recipient, message). `refusals`: recipient → the reply instead."""

    port: int
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    smtputf8: bool = True
    arrived: Event = field(default_factory=Event)
    """Set with the first message."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=off"

    @property
    def server(self) -> MailServer:
        return mail_server(self.url, SENDER)

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]

    async def handle_RCPT(self, smtp: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.refusals.get(address) == HANGS_UP:
            smtp.transport.close()
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _n: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken += [(recipient, message) for recipient in envelope.rcpt_tos]
        self.arrived.set()
        return "250 OK"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Take mail as long as the block lasts."""
        controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=self.smtputf8)
        controller.start()
        try:
            yield
        finally:
            controller.stop()


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    with box.open():
        yield box


def plain(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())
