"""How a request is sent: the token, keys of idempotency, versions, pages, and when to try again."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import msgspec
import msgspec.structs

from kollegium_client.problems import problem_of
from kollegium_client.streaming import EventStream
from kollegium_client.waiting import NOT_NOW, Waiting

Id: TypeAlias = UUID | str
Moment: TypeAlias = datetime | str
Query: TypeAlias = Mapping[str, Any]
T = TypeVar("T")
U = TypeVar("U")

_PAGE = 100


class Versioned(Protocol):
    """What was read and is changed now: anything with the version that it was read in."""

    @property
    def version(self) -> int:
        """Its version: goes along as If-Match."""


def segment(value: Id) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")


def _written(value: Any) -> str:
    """A value in a query."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone: which moment is it?")
        return value.astimezone(UTC).isoformat()
    return str(value)


class Sending:
    """Sends requests and reads answers. `patience`: how many seconds it goes on trying when the
    service is busy, away for a moment, or asks to wait."""

    def __init__(self, http: httpx.Client, patience: float = 60.0) -> None:
        self.http = http
        self.patience = patience

    def one(self, method: str, path: str, kind: type[T], **given: Any) -> T:
        """The answer as this struct."""
        return msgspec.json.decode(self._answer(method, path, **given).content, type=kind)

    def either(
        self, method: str, path: str, first: type[T], second: type[U], **given: Any
    ) -> T | U:
        """The answer as that of two structs whose members it has; that with more of them first."""
        content = self._answer(method, path, **given).content
        members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if len(_needed(first)) < len(_needed(second)) and _needed(second) <= members.keys():
            return msgspec.json.decode(content, type=second)
        if _needed(first) <= members.keys():
            return msgspec.json.decode(content, type=first)
        return msgspec.json.decode(content, type=second)

    def nothing(self, method: str, path: str, **given: Any) -> None:
        """For what answers without a body."""
        self._answer(method, path, **given)

    def bytes(self, method: str, path: str, **given: Any) -> bytes:
        """The answer as it came: a file."""
        return self._answer(method, path, **given).content

    def pages(
        self, method: str, path: str, kind: type[T], query: Query | None = None
    ) -> Iterator[T]:
        """All items of a list, page after page: the next is asked for when it is needed."""
        asked = {**(query or {}), "limit": _PAGE}
        while True:
            content = self._answer(method, path, query=asked).content
            page = msgspec.json.decode(content, type=_page_of(kind))
            yield from page.items
            if page.next_cursor is None:
                return
            asked["cursor"] = page.next_cursor

    def events(
        self, method: str, path: str, kind: type[T], *, after: str | None = None
    ) -> EventStream[T]:
        """What happens, as it happens."""
        return EventStream(self.http, method, path, kind, after, self.patience)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        data: Any = None,
        seen: Versioned | None = None,
        name: str | None = None,
        once: bool = False,
    ) -> httpx.Response:
        """A good answer. Raises Problem, or httpx.TransportError when nothing came back in time.

        once: the request carries a key of its own, so that a repeat is answered like the first and
        done once. Without it, only what reads is sent again after a lost connection.
        """
        headers: dict[str, str] = {}
        content: bytes | None = None
        if data is not None:
            raw = isinstance(data, bytes)
            content = data if raw else msgspec.json.encode(data)
            headers["Content-Type"] = "application/octet-stream" if raw else "application/json"
        if seen is not None:
            headers["If-Match"] = f'"{seen.version}"'
        if name is not None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        if once:
            headers["Idempotency-Key"] = uuid4().hex
        asked = {key: _written(value) for key, value in (query or {}).items() if value is not None}
        again = once or method == "GET"
        waiting = Waiting(self.patience)
        while True:
            try:
                answer = self.http.request(
                    method, path, params=asked, headers=headers, content=content
                )
            except httpx.TransportError as error:
                if not (again or isinstance(error, httpx.ConnectError)) or not waiting.wait():
                    raise
                continue
            if answer.is_success:
                return answer
            problem = problem_of(answer)
            if problem.code not in NOT_NOW or not waiting.wait(problem.retry_after):
                raise problem


class Room:
    """Operations of one kind."""

    def __init__(self, send: Sending) -> None:
        self._send = send


def _needed(kind: type) -> set[str]:
    """The members that a struct cannot do without, by their names on the wire."""
    return {field.encode_name for field in msgspec.structs.fields(kind) if field.required}


def _page_of(kind: type[T]) -> Any:
    """A page of these."""
    if kind not in _PAGES:
        _PAGES[kind] = msgspec.defstruct(
            f"PageOf{kind.__name__}",
            [("items", list[kind]), ("next_cursor", str | None)],  # type: ignore[valid-type]
        )
    return _PAGES[kind]


_PAGES: dict[type, Any] = {}
