"""The address of the mail server, and e-mails as it gets them."""

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.outbound.letters import Letter, money
from api.outbound.mail_server import MailRefused, MailServerUnusable, mail_of, mail_server
from tests.api.outbound.mailbox import SENDER, Mailbox
from tests.bench.server import free_port

SERVER = mail_server("smtps://mail.example.org", SENDER)
LETTER = Letter("en", "Szalon", "Hello", "Dear Anna,", "Thank you.", (("Price", "€5.00"),), "Szalon")


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtps://mail.example.org", 465, "tls"),
        ("smtp://mail.example.org", 587, "starttls"),
        ("smtp://relay.example.org?tls=off", 25, "off"),
        ("smtp://[::1]:2525?tls=off", 2525, "off"),
    ],
)
def test_a_url_says_how_to_connect(url: str, port: int, security: str) -> None:
    server = mail_server(url, SENDER)
    assert (server.port, server.security, server.user) == (port, security, None)


def test_a_user_and_a_password_are_percent_decoded() -> None:
    server = mail_server("smtps://us%40er:p%2Fw@mail.example.org", SENDER)
    assert (server.user, server.password) == ("us@er", "p/w")


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org/inbox",
        "smtp://mail.example.org:99999",
        "smtp://user@mail.example.org",
        "smtp://mail.example.org?tls=no",
        "smtps://mail.example.org?tls=off",
        "smtp://user:word@mail.example.org?tls=off",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtp|takes no password"):
        mail_server(url, SENDER)


def test_a_server_without_encryption_is_not_used_unless_the_url_says_so(box: Mailbox) -> None:
    with (
        pytest.raises(MailServerUnusable, match="no-starttls"),
        mail_server(f"smtp://127.0.0.1:{box.port}", SENDER).connected(),
    ):
        pass


@pytest.mark.parametrize("email", ["a,b@example.org", "a<b@example.org", "a..b@example.org", "@example.org"])
def test_an_address_that_no_header_can_hold_is_refused_for_good(box: Mailbox, email: str) -> None:
    with box.server.connected() as connection, pytest.raises(MailRefused) as refused:
        connection.send(LETTER, email, "msg_1")
    assert refused.value.permanent
    assert box.taken == []


def test_letters_beyond_ascii_in_an_address_are_sent_where_the_server_takes_them(box: Mailbox) -> None:
    with box.server.connected() as connection:
        connection.send(LETTER, "ánna@példa.example", "msg_1")
    assert box.recipients == ["ánna@példa.example"]


def test_elsewhere_such_an_address_is_refused_for_good() -> None:
    box = Mailbox(free_port(), smtputf8=False)
    with box.open(), box.server.connected() as connection, pytest.raises(MailRefused) as refused:
        connection.send(LETTER, "ánna@example.org", "msg_1")
    assert (str(refused.value), refused.value.permanent) == ("address-not-supported", True)


def test_a_name_makes_no_header() -> None:
    letter = replace(LETTER, sender="Szalon\r\nBcc: eve@example.org", subject="A\nB")
    mail = mail_of(letter, "anna@example.org", "msg_1", mail_server("smtp://localhost", SENDER).sender)
    assert mail["Subject"] == "A B"
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (125_050, "EUR", "en", "€1,250.50"),
        (500_000, "HUF", "hu", "5 000 Ft"),
        (500_050, "HUF", "hu", "5 000,50 HUF"),
        (1_250, "JPY", "en", "¥1,250"),
        (1_005, "KWD", "en", "KWD1.005"),
    ],
)
def test_money_is_written_without_losing_a_digit(
    amount: int, currency: str, language: str, shown: str
) -> None:
    assert money(amount, currency, language).replace("\N{NO-BREAK SPACE}", " ") == shown


WORDS = st.lists(
    st.sampled_from(["a", "Szalon", "bérlet", "–", "×10", "💆", "Körút", "hosszú" * 5]),
    min_size=1,
    max_size=20,
)


@given(WORDS)
def test_no_space_of_a_header_is_lost(words: list[str]) -> None:
    text = " ".join(words)
    raw = mail_of(
        replace(LETTER, subject=text, sender=text), "anna@example.org", "msg_1", SERVER.sender
    ).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    read = message_from_bytes(raw)
    subject, sender = (str(make_header(decode_header(read[name]))) for name in ("Subject", "From"))
    assert (subject, " ".join(sender.split())) == (text, f"{text} <{SENDER}>")
