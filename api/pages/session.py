"""Who is signed in: a cookie that holds their API key, sealed. Every request goes through the check of that key."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from api.pages.sealing import Seal

SECURE, ON_LOOPBACK = "__Host-carnet", "carnet"
"""Names of the cookie. Browsers take the first by HTTPS alone."""
OF_LINK = "link "
"""Stands before a key that a link became, within the seal."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Session:
    """The key of a visitor, and the cookie in which it came."""

    key: str
    cookie: str
    by_link: bool = False
    """Whether a link became the key: then it is that of this device alone, and ends with the session."""


def session_of(headers: Mapping[bytes, bytes], seal: Seal) -> Session | None:
    """That of a request; None where nobody is signed in."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return None
    for name in (SECURE, ON_LOOPBACK):
        if name in cookies and (text := seal.opened(cookies[name].value)) is not None:
            return Session(text.removeprefix(OF_LINK), cookies[name].value, text.startswith(OF_LINK))
    return None


def signed_in(key: str, seal: Seal, host: str, *, by_link: bool = False) -> str:
    """The value of Set-Cookie that signs somebody in, until the browser closes."""
    return _cookie(seal.sealed(OF_LINK + key if by_link else key), host)


def signed_out(host: str) -> str:
    return f"{_cookie('', host)}; Max-Age=0"


def _cookie(value: str, host: str) -> str:
    rules = "Path=/; HttpOnly; SameSite=Strict"
    if is_loopback(host):
        return f"{ON_LOOPBACK}={value}; {rules}"
    return f"{SECURE}={value}; {rules}; Secure"


def is_loopback(host: str) -> bool:
    """Whether a name of the server, as browsers send it, is that of their own machine."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in LOOPBACK
