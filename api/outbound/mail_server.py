"""The mail server: its address, and letters sent through it by SMTP.

    server = mail_server("smtps://carnet:secret@mail.example.org", "no-reply@example.org")
    with server.connected() as connection:
        connection.send(letter, "anna@example.org", "msg_…")

`smtp://` begins without encryption and demands STARTTLS before anything is said; port 587. `smtps://` is encrypted from
the first byte; port 465. `smtp://…?tls=off` is for a server on the same machine or network that knows no encryption,
and takes no password elsewhere than on this machine.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from html import escape
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

from api.outbound.headers import SMTP
from api.outbound.letters import Letter

TIMEOUT_S = 8.0
"""Seconds to wait for each answer of the mail server."""
PERMANENT = 500
"""The least SMTP code that another try does not change."""
RULE = (
    "must be smtp://[user:password@]host[:port], with ?tls=off for a server without encryption, or smtps://…"
)


class MailServerUnusable(Exception):
    """The mail server cannot be reached, or refuses us; the text is a short code, never a reply of the server."""


class MailRefused(Exception):
    """The mail server refuses this one message; the text is a short code. `permanent`: it will again."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails are handed in, and the address they come from."""

    host: str
    port: int
    security: Literal["tls", "starttls", "off"]
    sender: Address
    user: str | None = None
    password: str = field(default="", repr=False)

    @contextmanager
    def connected(self) -> "Iterator[MailConnection]":
        """One session. Raises MailServerUnusable."""
        try:
            smtp = self._open()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailServerUnusable(_code(error)) from None
        try:
            yield MailConnection(smtp, self.sender)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        name = socket.gethostname()
        if self.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=TIMEOUT_S, context=context
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, name, timeout=TIMEOUT_S)
        try:
            if self.security == "starttls":
                smtp.starttls(context=context)
            if self.user is not None:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


class MailConnection:
    """A session with the mail server."""

    def __init__(self, smtp: smtplib.SMTP, sender: Address) -> None:
        self._smtp = smtp
        self._sender = sender

    def send(self, letter: Letter, email: str, id: str) -> None:
        """Hand one letter in. The same `id` gives the same Message-ID. Raises MailRefused, MailServerUnusable."""
        try:
            message = mail_of(letter, email, id, self._sender)
        except (ValueError, HeaderParseError):
            raise MailRefused("address-unusable", permanent=True) from None
        try:
            self._smtp.send_message(message, self._sender.addr_spec, [email])
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            raise MailRefused(f"smtp-{code}", permanent=code >= PERMANENT) from None
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
            raise MailRefused(f"smtp-{code}", permanent=code >= PERMANENT) from None
        except smtplib.SMTPNotSupportedError:
            raise MailRefused("address-not-supported", permanent=True) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerUnusable(_code(error)) from None


def mail_of(letter: Letter, email: str, id: str, sender: Address) -> EmailMessage:
    """The letter as plain text and as HTML. Raises ValueError, HeaderParseError: no header holds the address."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _in_one_line(letter.subject)
    message["From"] = Address(_in_one_line(letter.sender), addr_spec=sender.addr_spec)
    message["To"] = _address(email)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(plain(letter))
    message.add_alternative(html(letter), subtype="html")
    return message


def _address(email: str) -> Address:
    """Raises ValueError, HeaderParseError. Letters beyond ASCII are left to the mail server (SMTPUTF8)."""
    if email.isascii():
        return Address(addr_spec=email)
    user, _, domain = email.rpartition("@")
    return Address(username=user, domain=domain)


def plain(letter: Letter) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in letter.rows)
    parts = (letter.greeting, letter.first, rows, letter.closing, letter.note)
    return "\n\n".join(part for part in parts if part) + "\n"


def html(letter: Letter) -> str:
    """It loads nothing and runs nothing."""
    rows = "".join(
        f'<tr><th align="left" style="padding:2px 16px 2px 0">{escape(label)}</th>'
        f"<td>{escape(value).replace(chr(10), '<br>')}</td></tr>"
        for label, value in letter.rows
    )
    note = "" if letter.note is None else f"<p><small>{escape(letter.note)}</small></p>"
    return (
        f'<!doctype html><html lang="{letter.language}"><head><meta charset="utf-8">'
        f"<title>{escape(letter.subject)}</title></head><body>"
        f"<p>{escape(letter.greeting)}</p><p>{escape(letter.first)}</p><table>{rows}</table>"
        f"<p>{escape(letter.closing)}</p>{note}</body></html>\n"
    )


class WrongSender(ValueError):
    """The sender is no address."""


def mail_server(url: str, sender: str) -> MailServer:
    """The server that a URL names. Raises ValueError, whose text holds nothing of it, and WrongSender."""
    try:
        parts = urlsplit(url)
        host, port, user, password = parts.hostname, parts.port, parts.username, parts.password
    except ValueError:
        raise ValueError(RULE) from None
    if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(RULE)
    if parts.query not in ("", "tls=off") or (parts.query and parts.scheme == "smtps"):
        raise ValueError(RULE)
    if (user is None) != (password is None):
        raise ValueError(RULE)
    security: Literal["tls", "starttls", "off"] = "tls" if parts.scheme == "smtps" else "starttls"
    if parts.query:
        security = "off"
        if user is not None and not _is_this_machine(host):
            raise ValueError("takes no password without encryption, but on this machine")
    return MailServer(
        host=host,
        port=port or (465 if security == "tls" else 25 if security == "off" else 587),
        security=security,
        sender=_sender(sender),
        user=None if user is None else unquote(user),
        password=unquote(password or ""),
    )


def _sender(text: str) -> Address:
    try:
        found = Address(addr_spec=text)
    except (ValueError, HeaderParseError):
        raise WrongSender("must be an e-mail address") from None
    if not found.domain or not text.isascii():
        raise WrongSender("must be an e-mail address")
    return found


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _code(error: Exception) -> str:
    """A short code of an error, without any text of the server."""
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        return f"smtp-{error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "tls-failed"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "no-starttls"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "unreachable"
