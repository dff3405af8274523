"""Where webhooks may go: to public addresses alone, by HTTPS; by a setting also to this machine, for tests."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

URL_CHARACTERS_MAX = 2_000
TRANSLATED = tuple(IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""IPv6 networks that lead to IPv4 addresses, private ones among them."""


def may_reach(address: str, *, loopback: bool) -> bool:
    """Whether a webhook may connect to this address. A text that is no address may not."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return loopback
    if isinstance(found, IPv6Address) and (
        found.is_site_local or any(found in network for network in TRANSLATED)
    ):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def flaw_of_url(url: str, *, loopback: bool) -> str | None:
    """What is wrong with the address of a receiver; None: nothing. A host's name is looked up when it is sent to."""
    if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be at most {URL_CHARACTERS_MAX} printable ASCII characters without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        return "must begin with https://"
    if not host or port == 0 or "\\" in url:
        return "must name a host"
    if parts.username is not None or parts.password is not None or "#" in url:
        return "must have no user, no password and no fragment"
    is_address = ":" in host or host.replace(".", "").isdigit()
    if is_address and not may_reach(host, loopback=loopback):
        return "must be at a public address"
    return None
