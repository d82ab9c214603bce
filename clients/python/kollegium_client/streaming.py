"""Events as they happen, over a connection that may break."""

from collections.abc import Generator, Iterator
from typing import TypeVar

import httpx
import msgspec
from httpx_sse import connect_sse

from kollegium_client.problems import Problem, problem_of
from kollegium_client.waiting import NOT_NOW, Waiting

T = TypeVar("T")


class EventStream(Iterator[T]):
    """Events without end: where the stream breaks off it is opened again and goes on after the last
    event. `place` says where that is; given as `after` it lets another process go on. Raises
    Problem when the token is over, httpx.TransportError when the service stays away longer than the
    patience."""

    def __init__(
        self,
        http: httpx.Client,
        method: str,
        path: str,
        kind: type[T],
        after: str | None,
        patience: float,
    ) -> None:
        self.place = after
        self._http, self._method, self._path, self._kind = http, method, path, kind
        self._patience = patience
        self._told = self._all()

    def __next__(self) -> T:
        return next(self._told)

    def close(self) -> None:
        """Ends the stream."""
        self._told.close()

    def _all(self) -> Generator[T, None, None]:
        waiting = Waiting(self._patience)
        while True:
            try:
                for event in self._stream():
                    waiting = Waiting(self._patience)
                    yield event
                waiting.wait(0.5)  # the service ended it: it is stopped, or an hour is over
            except httpx.TransportError:
                if not waiting.wait():
                    raise
            except Problem as problem:
                if problem.code not in NOT_NOW or not waiting.wait(problem.retry_after):
                    raise

    def _stream(self) -> Iterator[T]:
        """One stream until it ends. The service writes a line at least every 15 seconds."""
        headers = {"Last-Event-ID": self.place} if self.place else {}
        timeout = httpx.Timeout(30.0, read=60.0)
        with connect_sse(
            self._http, self._method, self._path, headers=headers, timeout=timeout
        ) as source:
            if not source.response.is_success:
                source.response.read()
                raise problem_of(source.response)
            for event in source.iter_sse():
                self.place = event.id or self.place
                if event.data:
                    yield msgspec.json.decode(event.data, type=self._kind)
