"""Addresses of clients: which network one counts with, and who it is behind proxies that are trusted.

network_of("2001:db8:1:2:3:4:5:6")                     "2001:db8:1:2::/64"
proxies = TrustedProxies.of("10.0.0.0/8, ::1")         ValueError for anything but addresses and networks
proxies.client_of("10.0.0.7", headers)                 "203.0.113.9"
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

HOPS_MAX = 32
"""Hops that are looked at, from the nearest on."""
FOR = re.compile(r'(?:^|[;,])[ \t]*for=(?:"([^"\\]*)"|([^;,\s"]*))[ \t]*', re.IGNORECASE)
WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What an address is counted as: an IPv4 address for itself, an IPv6 address with its /64, which one household or
    one machine has for itself. A text that is no address stays as it is."""
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return address if found is None else str(found)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose word about the client is taken."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, text: str) -> "TrustedProxies":
        """From addresses and networks with commas between. Raises ValueError."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return cls(tuple(ip_network(part) for part in parts))

    def trusts(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        if not self.networks:
            return False
        found = _read(address)
        return found is not None and self._holds(found)

    def client_of(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The client of a connection from `peer`.

        Of a proxy that is trusted, the nearest hop that is not one of them: anybody may have written what stands
        before that hop. `Forwarded` (RFC 7239) is taken before `X-Forwarded-For`. A hop that is no address hides those
        before it: the client is then the last proxy that was understood. No header fails a request.
        """
        if not self.trusts(peer):
            return peer
        client = peer
        for hop in _hops(headers):
            found = _read(hop)
            if found is None:
                return client
            client = str(found)
            if not self._holds(found):
                return client
        return client

    def _holds(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


NO_PROXIES = TrustedProxies()


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    """The hops before the peer, the nearest first."""
    forwarded: list[str] = []
    listed: list[str] = []
    for name, value in headers:
        if name == b"forwarded":
            forwarded.append(value.decode("latin-1"))
        elif name == b"x-forwarded-for":
            listed.append(value.decode("latin-1"))
    if forwarded:
        found = [quoted or plain for quoted, plain in FOR.findall(",".join(forwarded))]
    else:
        found = [part.strip() for part in ",".join(listed).split(",")] if listed else []
    return iter(found[: -HOPS_MAX - 1 : -1])


def _read(text: str) -> Address | None:
    """An address, with or without a port; of an IPv6 address that stands for one of IPv4, that one."""
    if found := WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
