"""The routes as a tree: which handler is meant, without asking Litestar.

Built at the start from Litestar's own routes, and only of what needs no more than comparing texts:
ids and texts in the path. What it does not find, or finds spelt in any unusual way, is looked
for by Litestar, which also says what is wrong with it; so the tree can only be quicker, not another
opinion (tests/http/test_tree.py asks both).
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, cast
from uuid import UUID

from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute
from litestar.types import HTTPScope

from service.web.admission import Expected
from service.web.answers import Answer
from service.web.routes import handlers

_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Other hosts are Litestar's to judge.
_HOST = re.compile(rb"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")


class Leaf(NamedTuple):
    """A route of the tree: its handler, and the names and types of what its path has."""

    handler: HTTPRouteHandler
    call: Callable[..., Awaitable[Answer[Any]]]
    expected: Expected
    status: int
    template: str
    parameters: tuple[tuple[str, type], ...]


class Node:
    """What a segment of a path leads to."""

    __slots__ = ("children", "leaves", "parameter")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.leaves: dict[str, Leaf] = {}  # by method


class Tree:
    """Finds the route of a request; HEAD and OPTIONS have none of their own."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = Node()
        for route, handler in handlers(routes):
            self._add(route.path_components, handler, route.path_format)

    def _add(self, parts: Iterable[Any], handler: HTTPRouteHandler, template: str) -> None:
        node, parameters = self._root, []
        for part in parts:
            if isinstance(part, str):
                node = node.children.setdefault(part, Node())
            elif part.type in (UUID, str):
                parameters.append((part.name, part.type))
                node.parameter = node.parameter or Node()
                node = node.parameter
            else:
                return  # a number, a moment, the rest of the path: Litestar reads them
        expected: Expected = handler.opt["expected"]
        call = cast("Callable[..., Awaitable[Answer[Any]]]", handler.fn)
        leaf = Leaf(handler, call, expected, handler.status_code, template, tuple(parameters))
        for method in handler.http_methods:
            node.leaves[method] = leaf

    def find(
        self, scope: HTTPScope, headers: dict[bytes, bytes]
    ) -> tuple[Leaf, dict[str, Any]] | None:
        """The route and the values of its path. None: let Litestar look."""
        path: str = scope["path"]
        if b"%" in scope.get("raw_path", b"%") or scope.get("root_path"):
            return None
        if not _HOST.fullmatch(headers.get(b"host", b"none")):
            return None
        node, values = self._root, []
        for part in path[1:].split("/") if path != "/" else ():
            child = node.children.get(part)
            if child is None:
                child = node.parameter
                if child is None or not part:
                    return None
                values.append(part)
            node = child
        leaf = node.leaves.get(scope["method"])
        if leaf is None:
            return None
        given: dict[str, Any] = {}
        for (name, kind), value in zip(leaf.parameters, values, strict=True):
            if kind is str:
                given[name] = value
            elif _ID.fullmatch(value):
                given[name] = UUID(value)
            else:
                return None
        return leaf, given
