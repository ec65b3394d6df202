"""Which addresses are public: no IPv6 address hides an IPv4 one, and no Python widens it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.extract.addresses import AllowedHosts, is_public

NOTHING = AllowedHosts()
NAT64 = IPv6Network("64:ff9b::/96")

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]
PRIVATE_V6 = [
    "::",
    "::1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:1::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450:4001:800::200e",
    "64:ff9b::808:808",
]


def wrapped(four: IPv4Address, prefix: str, shift: int = 0, tail: int = 0) -> IPv6Address:
    """Return an IPv6 address that has an IPv4 one so many bits from its end."""
    return IPv6Address(int(IPv6Address(prefix)) | int(four) << shift | tail)


ALWAYS_REFUSED = {
    "mapped": ("::ffff:0:0", 0),
    "compatible": ("::", 0),
    "translated": ("::ffff:0:0:0", 0),
    "6to4": ("2002::", 80),
    "Teredo's server": ("2001::", 64),
    "local NAT64": ("64:ff9b:1::", 0),
    "local NAT64, /48": ("64:ff9b:1::", 48),
}
REFUSED_WHERE_PRIVATE = {
    "NAT64": ("64:ff9b::", 0),
    "ISATAP": ("2606:4700::5efe:0:0", 0),
    "ISATAP, unique": ("2606:4700::200:5efe:0:0", 0),
}
WRAPPINGS = {**ALWAYS_REFUSED, **REFUSED_WHERE_PRIVATE}

fours = st.ip_addresses(v=4)
private_fours = st.one_of(
    st.sampled_from([IPv4Address(text) for text in PRIVATE]),
    fours.filter(lambda address: not address.is_global),
)


@pytest.mark.parametrize("text", [*PRIVATE, *PRIVATE_V6])
def test_what_is_no_part_of_the_internet_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.ip_addresses())
@example(ip_address("192.0.0.10"))
@example(ip_address("2001:4:112::1"))
def test_nothing_is_public_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved
    special = special or address.is_loopback or address.is_link_local or address.is_unspecified
    nat64 = address in NAT64  # public by way of its IPv4 address
    assert not is_public(address) or nat64 or not special


@given(private_fours, st.sampled_from(sorted(WRAPPINGS)))
def test_no_private_address_gets_through_inside_another(four: IPv4Address, kind: str) -> None:
    assert not is_public(wrapped(four, *WRAPPINGS[kind]))


@given(fours, st.sampled_from(sorted(ALWAYS_REFUSED)))
def test_an_address_written_as_another_is_refused_whatever_it_stands_for(
    four: IPv4Address, kind: str
) -> None:
    assert not is_public(wrapped(four, *ALWAYS_REFUSED[kind]))


@given(fours, st.integers(0, 2**64 - 1))
def test_a_teredo_address_is_refused_whatever_client_it_hides(four: IPv4Address, rest: int) -> None:
    hidden = int(four) ^ 0xFFFFFFFF  # Teredo writes the client's address with its bits turned
    assert not is_public(IPv6Address(0x20010000 << 96 | rest & ~0xFFFFFFFF | hidden))


@given(fours)
def test_a_network_without_ipv4_still_reaches_public_ipv4(four: IPv4Address) -> None:
    assert is_public(wrapped(four, "64:ff9b::")) == is_public(four)


@pytest.mark.parametrize(
    ("entry", "host", "address"),
    [
        ("wiki.lan", "wiki.lan", "10.0.0.5"),
        ("Wiki.LAN.", "WIKI.lan.", "127.0.0.1"),
        ("localhost", "localhost", "::1"),
        ("10.0.0.5", "10.0.0.5", "10.0.0.5"),
        ("10.0.0.0/8", "anything.lan", "10.200.0.1"),
        ("::1", "::1", "::1"),
        ("fd00::/8", "anything.lan", "fd12::1"),
        ("fe80::/10", "fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_what_an_operator_allows_is_permitted(entry: str, host: str, address: str) -> None:
    allowed = AllowedHosts.parse([entry])
    assert allowed.permits(host, ip_address(address))
    assert not NOTHING.permits(host, ip_address(address))


@pytest.mark.parametrize(
    ("entry", "host", "address"),
    [
        ("wiki.lan", "evil.wiki.lan", "10.0.0.5"),
        ("wiki.lan", "wiki.lan.evil.example", "10.0.0.5"),
        ("wiki.lan", "10.0.0.5", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.6", "10.0.0.6"),
        ("10.0.0.0/8", "wiki.lan", "192.168.0.1"),
        ("10.0.0.0/8", "x", "::ffff:10.0.0.1"),
        ("10.0.0.0/8", "x", "64:ff9b::10.0.0.1"),
        ("127.0.0.1", "127.0.0.2", "127.0.0.2"),
        ("127.0.0.1", "::1", "::1"),
    ],
)
def test_no_more_than_that_is_permitted(entry: str, host: str, address: str) -> None:
    assert not AllowedHosts.parse([entry]).permits(host, ip_address(address))


def test_public_sites_need_no_leave() -> None:
    for allowed in (NOTHING, AllowedHosts.parse(["wiki.lan", "10.0.0.0/8"])):
        assert allowed.permits("example.org", ip_address("93.184.215.14"))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "http://wiki.lan",
        "wiki.lan:80",
        "wiki.lan/a",
        "*.lan",
        "wiki lan",
        "-wiki.lan",
        "wiki..lan",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0",
        "10",
        "0x7f.1",
        "300.0.0.1",
        "[::1]",
        "bücher.lan",
        "a" * 64,
        ".".join(["a" * 60] * 5),
    ],
)
def test_an_entry_that_is_nothing_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="is neither a name") as caught:
        AllowedHosts.parse(["wiki.lan", entry])
    assert str(caught.value).startswith(repr(entry))
