"""Which addresses outside are spoken to: those of the public internet, and networks that the
deployment names.

A name is nothing to go by: it is looked up, all that it stands for is checked, and the connection
goes to an address that was checked (sending.py). A name that also stands for a forbidden address is
refused as a whole.
"""

import asyncio
import functools
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

import idna

from service.settings import SettingMissing

Address = IPv4Address | IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: What a name stands for, as texts; OSError where it stands for nothing.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_SIGNS = 2000
_PLAIN = re.compile(r"[\x21\x23-\x5b\x5d\x5f\x61-\x7a\x7e]+")  # what RFC 3986 knows, and no "\^`{|}
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
                   r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")  # fmt: skip
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORTS = {"https": 443, "http": 80}
# Services that take an HTTP request for commands of their own, or that nobody means to reach by it.
_OTHER_SERVICES = frozenset(
    {
        1080, 1433, 1521, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3260, 3306, 3389, 3659,
        4045, 4190, 5060, 5061, 5432, 5433, 5672, 5900, 5984, 6000, 6379, 6432, 6443, 6566, 6665,
        6666, 6667, 6668, 6669, 6679, 6697, 8086, 8500, 9042, 9092, 9200, 9300, 10050, 10080, 10250,
        10255, 11211, 11434, 15672, 27017, 27018, 50000,
    }
)  # fmt: skip
# Special purposes (IANA's registries), where nobody outside answers or somebody inside does. The
# standard library's list depends on its version, so they stand here; what it knows counts too.
_FORBIDDEN: tuple[Network, ...] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud answers its machines there
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """Nothing is sent there. `why`: form, scheme, user, port, notation, unknown, forbidden or
    unencrypted."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Target(NamedTuple):
    """An address in its one spelling, and what it is made of; `literal`: it names no name."""

    url: str
    scheme: str
    host: str
    port: int
    literal: Address | None


def target_of(url: str) -> Target:
    """Reads an address as written. Raises AddressRefused for what programs read differently: one
    that checks and one that connects must not disagree about where it leads."""
    if not 0 < len(url) <= MOST_SIGNS or re.search(r"[\x00-\x20\x7f\\]", url):
        raise AddressRefused("form")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("form") from error
    if parts.scheme not in _PORTS:
        raise AddressRefused("scheme")
    if "@" in parts.netloc:
        raise AddressRefused("user")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not parts.hostname or "#" in url or not _PLAIN.fullmatch(path):
        raise AddressRefused("form")
    host, literal = _host(parts.hostname, bracketed="[" in parts.netloc)
    used = _PORTS[parts.scheme] if port is None else port
    shown = f"[{host}]" if isinstance(literal, IPv6Address) else host
    if used != _PORTS[parts.scheme]:
        shown += f":{used}"
    return Target(f"{parts.scheme}://{shown}{path}", parts.scheme, host, used, literal)


def _host(text: str, *, bracketed: bool) -> tuple[str, Address | None]:
    try:
        if bracketed:
            literal: Address = IPv6Address(text) if "%" not in text else _refuse("notation")
            return str(literal), literal
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
        if _NUMBER.fullmatch(name):  # decimal, octal, hexadecimal, fewer than four parts
            literal = IPv4Address(name)
            return str(literal), literal
    except ValueError as error:
        raise AddressRefused("notation") from error
    if not _NAME.fullmatch(name):
        raise AddressRefused("notation")
    return name, None


def _refuse(why: str) -> Address:
    raise AddressRefused(why)


class Reach(NamedTuple):
    """How far requests may go: the public internet by https, and named networks, there by http and
    to any port too."""

    networks: tuple[Network, ...] = ()

    def expect(self, target: Target, address: Address) -> None:
        """Raises AddressRefused unless a request for the target may go to this address."""
        if any(address in network for network in self.networks):
            return
        if not public(address):
            raise AddressRefused("forbidden")
        if target.scheme != "https":
            raise AddressRefused("unencrypted")
        if target.port != 443 and (target.port < 1024 or target.port in _OTHER_SERVICES):
            raise AddressRefused("port")


def public(address: Address) -> bool:
    """Whether this is a machine of the public internet. Of addresses that carry another one only
    those of NAT64 (RFC 6052) are, by which networks without IPv4 reach it: then that one counts."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _UNICAST or address.scope_id is not None:
            return False
    special = any(
        network.version == address.version and address in network for network in _FORBIDDEN
    )
    return address.is_global and not address.is_multicast and not special


@functools.cache
def reach_of(text: str) -> Reach:
    """`10.1.0.0/16, fd00:1::/64`: the setting KOLLEGIUM_WEBHOOK_ALLOWED_NETWORKS. Raises
    SettingMissing."""
    try:
        return Reach(
            tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
        )
    except ValueError as error:
        raise SettingMissing(
            f"KOLLEGIUM_WEBHOOK_ALLOWED_NETWORKS is no list of networks: {error}."
        ) from error


class Resolver:
    """Asks the system what a name stands for, in threads of its own: names whose servers do not
    answer hold up nothing else."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="names")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Its addresses. Raises OSError."""
        loop = asyncio.get_running_loop()
        ask = socket.getaddrinfo
        found = await loop.run_in_executor(
            self._threads, lambda: ask(host, port, type=socket.SOCK_STREAM)
        )
        return [str(one[4][0]) for one in found]


async def addresses_of(target: Target, reach: Reach, resolve: Resolve) -> list[Address]:
    """Where a request for the target may go. Raises AddressRefused when any is forbidden."""
    if target.literal is not None:
        addresses: list[Address] = [target.literal]
    else:
        try:
            found = await resolve(target.host, target.port)
            addresses = list(dict.fromkeys(ipaddress.ip_address(one) for one in found))
        except (OSError, ValueError) as error:
            raise AddressRefused("unknown") from error
    if not addresses:
        raise AddressRefused("unknown")
    for address in addresses:
        reach.expect(target, address)
    return addresses
