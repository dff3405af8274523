"""Who the client is: behind proxies that are trusted, and before anybody else's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.networks import NO_PROXIES, TrustedProxies, network_of

PROXIES = TrustedProxies.of("10.0.0.0/8, 2001:db8:ffff::/48 ,192.0.2.1")


def client(*headers: tuple[str, str], peer: str = "10.0.0.7") -> str:
    return PROXIES.client_of(peer, [(name.encode(), value.encode("latin-1")) for name, value in headers])


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("2001:db8::5, 2001:db8:ffff::1", "2001:db8::5"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, nonsense", "10.0.0.7"),
        ("203.0.113.9, unknown, 10.1.1.1", "10.1.1.1"),
        ("203.0.113.9,", "10.0.0.7"),
        ("", "10.0.0.7"),
    ],
)
def test_the_nearest_hop_that_is_not_trusted_is_the_client(listed: str, expected: str) -> None:
    assert client(("x-forwarded-for", listed)) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="[2001:db8::5]:4711";proto=https;by=10.0.0.7', "2001:db8::5"),
        ("proto=https;for=198.51.100.1, for=203.0.113.9;host=x, for=10.1.1.1", "203.0.113.9"),
        ("for=203.0.113.9, for=_hidden", "10.0.0.7"),
        ("for=unknown", "10.0.0.7"),
        ("for", "10.0.0.7"),
        ('for="203.0.113.9', "10.0.0.7"),
    ],
)
def test_the_standard_header_tells_the_same(forwarded: str, expected: str) -> None:
    assert client(("forwarded", forwarded)) == expected
    assert client(("x-forwarded-for", "198.51.100.99"), ("forwarded", forwarded)) == expected


def test_several_lines_are_one_list() -> None:
    lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9, 10.1.1.1")]
    assert client(*lines) == "203.0.113.9"


@pytest.mark.parametrize("peer", ["203.0.113.1", "192.0.2.2", "2001:db8::1", "testclient", ""])
def test_of_anybody_else_nothing_is_believed(peer: str) -> None:
    assert client(("x-forwarded-for", "198.51.100.1"), peer=peer) == peer
    assert NO_PROXIES.client_of(peer, [(b"forwarded", b"for=198.51.100.1")]) == peer


@given(st.lists(st.tuples(st.sampled_from([b"forwarded", b"x-forwarded-for"]), st.binary(max_size=300))))
def test_no_header_fails_a_request(headers: list[tuple[bytes, bytes]]) -> None:
    assert PROXIES.client_of("10.0.0.7", headers)


def test_only_the_nearest_hops_are_looked_at() -> None:
    assert client(("x-forwarded-for", ", ".join(["203.0.113.9"] + ["10.1.1.1"] * 40))) == "10.1.1.1"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33", "10.0.0.1 10.0.0.2"])
def test_what_is_no_list_of_networks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TrustedProxies.of(text)


def test_an_address_of_ipv6_counts_with_its_neighbours() -> None:
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("testclient") == "testclient"
