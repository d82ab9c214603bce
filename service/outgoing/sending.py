"""A request to an address that a company names: within a time, and of the answer only the status,
or so much of it as is asked for.

The library httpcore speaks HTTP; the connection under it is made here and goes to an address that
was checked, because by the time a library looks the name up again it may stand for something else.
Server name (SNI), Host and certificate are those of the name.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import httpcore

from service.outgoing.addresses import (
    AddressRefused,
    Reach,
    Resolve,
    Target,
    addresses_of,
    target_of,
)

Headers = Mapping[bytes | str, bytes | str]

SECONDS = 15.0
_CONNECT_SECONDS = 5.0  # for each address of a name
_MOST_TRIED = 4  # addresses of one name


class Reply(NamedTuple):
    """The status; without one, why there is none: forbidden, unknown-name, no-connection, tls,
    broken, timeout or too-large. seconds: how long it took; body: what was answered, where it was
    asked for."""

    status: int | None
    failure: str | None
    seconds: float
    body: bytes = b""


class _TooLarge(Exception):
    pass


class Courier:
    """Sends requests as far as `reach` says. `context`: whose certificates are believed."""

    def __init__(
        self,
        reach: Reach,
        resolve: Resolve,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._reach, self._resolve, self._seconds = reach, resolve, seconds
        self._context = context or ssl.create_default_context()

    async def post(self, url: str, headers: Headers, body: bytes) -> Reply:
        """What was answered. A redirect is an answer like any other: it is not followed."""
        return await self._send("POST", url, headers, body)

    async def get(self, url: str, headers: Headers, most: int) -> Reply:
        """The same with what the answer says, up to `most` bytes; too-large beyond."""
        return await self._send("GET", url, headers, None, most)

    async def _send(
        self, method: str, url: str, headers: Headers, body: bytes | None, most: int = 0
    ) -> Reply:
        clock = asyncio.get_running_loop().time
        began = clock()
        status, failure, content = None, None, b""
        try:
            async with asyncio.timeout(self._seconds):
                sent = (method, target_of(url), headers, body, most)
                status, content = await self._exchange(*sent)
        except AddressRefused as refused:
            failure = "unknown-name" if refused.why == "unknown" else "forbidden"
        except (TimeoutError, httpcore.TimeoutException):
            failure = "timeout"
        except httpcore.ConnectError as error:
            failure = "tls" if isinstance(error.__cause__, ssl.SSLError) else "no-connection"
        except (httpcore.NetworkError, httpcore.ProtocolError):
            failure = "broken"
        except _TooLarge:
            failure = "too-large"
        return Reply(status, failure, clock() - began, content)

    async def _exchange(
        self, method: str, target: Target, headers: Headers, body: bytes | None, most: int
    ) -> tuple[int, bytes]:
        origin = httpcore.URL(target.url).origin
        network = _Checked(target, self._reach, self._resolve)
        read: list[bytes] = []
        async with (
            httpcore.AsyncHTTPConnection(
                origin, ssl_context=self._context, network_backend=network
            ) as connection,
            connection.stream(method, target.url, headers=headers, content=body) as answer,
        ):
            if most:  # without it leaving closes the connection: nobody reads the rest
                async for part in answer.aiter_stream():
                    read.append(part)
                    if sum(map(len, read)) > most:
                        raise _TooLarge
            return answer.status, b"".join(read)


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to what the target's name stands for now, if all of it may be spoken to."""

    def __init__(self, target: Target, reach: Reach, resolve: Resolve) -> None:
        self._target, self._reach, self._resolve = target, reach, resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that takes the connection."""
        failed: Exception = httpcore.ConnectError()
        addresses = await addresses_of(self._target, self._reach, self._resolve)
        for address in addresses[:_MOST_TRIED]:
            try:
                return await self._network.connect_tcp(str(address), port, _CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed
