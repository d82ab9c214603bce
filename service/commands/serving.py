"""uvicorn, run by us: one socket, our logs, our signals, and an end that closes everything."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import click
import prometheus_client
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.errors import Problem
from service.settings import ServiceSettings
from service.web import problems

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

_GRACE_SECONDS = 10  # a request may take as long (settings.request_timeout)
_BACKLOG = 2048


class _OneWrite:
    """A transport on which the head of an answer waits for its body, at most until the loop's next
    turn: uvicorn writes them apart, and a write costs more than finding the handler."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Holds the first part back, sends it with the second."""
        if self._held:
            data, self._held = self._held + data, b""
            self._transport.write(data)
        else:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """What is held goes out before."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _OneWrite(transport, self.loop))

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP never reaches the application; it is refused in the same form."""
        _, headers, body = problems.parts(Problem("bad-request", reason="not-http"), "en")
        headers |= {"content-length": str(len(body)), "connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n".encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: it would die of the signal after shutting down."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tells when requests are accepted; a failed lifespan leaves `started` unset."""
        await super().startup(sockets)
        if self.started:
            self.accepting.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves SIGINT and SIGTERM to `stop_on_signals`."""
        yield


def settle() -> None:
    """What the start left in memory stays; collections look through the requests' garbage alone.
    Otherwise each full one holds all requests up for tens of milliseconds."""
    gc.collect()
    gc.freeze()


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM set the event; called inside the loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; port 0 picks a free one. Raises ClickException when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}); "
            "choose another with --port or --host."
        ) from error


def url_of(bound: socket.socket) -> str:
    """Where a client on this machine reaches the socket."""
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}"


@contextlib.contextmanager
def metrics(host: str, port: int) -> Iterator[None]:
    """Prometheus metrics on a port of their own; 0 for none."""
    if not port:
        yield
        return
    try:
        server, thread = prometheus_client.start_http_server(port, addr=host)
    except OSError as error:
        raise click.ClickException(
            f"Metrics cannot be served on {host}:{port} ({error}); choose another --metrics-port, "
            "or 0 for none."
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


async def serve_app(
    settings: ServiceSettings,
    bound: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[], Awaitable[None]] | None = None,
    beside: "Sequence[ControllerRouterHandler]" = (),
) -> None:
    """Serves until `stop` is set: no new requests, running ones finish, the pool closes.

    Raises ClickException when the application does not start; `ready` is called when it did;
    `beside` is served besides.
    """
    from service.app import create_app

    app = create_app(settings, beside)
    server = _Server(
        uvicorn.Config(
            cast("Any", app),
            loop="none",  # it runs in the caller's
            http=_Protocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            # The client's address is a bucket of the log-in limits: only a proxy we know may tell.
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=_BACKLOG,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    waiting = [asyncio.create_task(event.wait()) for event in (stop, server.accepting)]
    try:
        await asyncio.wait({serving, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        if server.accepting.is_set():
            await app.warm_up()
            if ready:
                await ready()
        await asyncio.wait({serving, waiting[0]}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        app.stop()
        server.should_exit = True
        await serving
    if not stop.is_set():
        raise click.ClickException("The service ended by itself; its log (stderr) says why.")
