"""Which addresses may be connected to: public ones, and what an operator allows besides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that has been given out to the internet
_NAT64 = IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches an IPv4 address
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # before the IPv4 address in an interface's id
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # between a provider and its customers
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's metadata, at an address that looks public
            "169.254.0.0/16",  # link-local, and most clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "2001::/23",  # Teredo and other protocols' own
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "3fff::/20",
        ),
    )
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?!(?:\d+|0x[0-9a-f]*)\Z){_LABEL}")


def is_public(address: Address) -> bool:
    """Whether ``address`` belongs to the internet at large, and to nobody's own network.

    Python's ``is_global`` differs from version to version, and not all of them look into an
    IPv6 address that stands for an IPv4 one; here both it and our own list have to agree.
    """
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address in _NAT64:
            return is_public(_last_four(address))
        if address not in _UNICAST or not _carries_public(address):
            return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def _carries_public(address: IPv6Address) -> bool:
    """False where an ISATAP router would carry it to an IPv4 address that isn't public."""
    isatap = int.from_bytes(address.packed[8:12]) in _ISATAP
    return not isatap or is_public(_last_four(address))


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(address.packed[12:])


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What may be fetched from though it isn't public: sites by name, addresses by network.

    A name is taken at its word, wherever it leads.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AllowedHosts:
        """Read names, addresses and networks as people write them.

        Raises ValueError, which names the entry that is none of them.
        """
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            read = _read(entry.strip())
            if isinstance(read, str):
                names.add(read)
            else:
                networks.append(read)
        return cls(frozenset(names), tuple(networks))

    def permits(self, host: str, address: Address) -> bool:
        """Whether ``address``, to which ``host`` leads, may be connected to."""
        return (
            host.lower().rstrip(".") in self.names
            or any(address in network for network in self.networks)
            or is_public(address)
        )


def _read(entry: str) -> str | Network:
    try:
        return ip_network(entry)
    except ValueError:
        name = entry.lower().removesuffix(".")
        if _NAME.fullmatch(name):
            return name
    raise ValueError(
        f"{entry!r} is neither a name (wiki.lan), nor an address (10.0.0.5), nor a network "
        "(10.0.0.0/8)"
    )
