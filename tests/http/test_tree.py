"""The tree of routes against Litestar: it finds the same, or leaves it to Litestar."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from litestar.exceptions import HTTPException

from service import logs
from service.web.admission import _pairs
from service.web.edge import Edge, _Ids
from service.web.tree import Tree
from tests.fixtures.world import World

ID = "01900000-0000-7003-8000-0000000000ab"
ODD = [
    "/", "/leads/", "//leads", "/LEADS", "/leads/x", "/nowhere", "/marketplaces/x/leads/y",
    "/docs/", f"/marketplaces/{ID}/leads/{ID[:-1]}", f"/marketplaces/{{{ID}}}",
    f"/marketplaces/{ID}0",
    f"/marketplaces/{ID.replace('-', '')}", f"/marketplaces/urn:uuid:{ID}", f"/marketplaces/{ID}/",
    f"/marketplaces/{ID}/participations/{ID}", f"/marketplaces/{ID}/participations/accept",
    f"/marketplaces/{ID}\n", "/sessions/current", "/docs/a/b", "/docs/..",
]  # fmt: skip


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def asked(path: str, method: str = "GET", **more: Any) -> Any:
    """A request as uvicorn tells it."""
    given = {"path": path, "raw_path": path.encode(), "root_path": ""}
    return {"type": "http", "method": method, "query_string": b"", "headers": [], **given, **more}


def of_litestar(app: Edge, path: str, method: Any) -> tuple[Any, str, dict[str, Any]] | None:
    """Handler, template and values, by Litestar's own router."""
    router = app._app.asgi_router
    try:
        _, handler, _, values, template = router.handle_routing(path=path, method=method)
    except HTTPException:
        return None
    return handler, template, values


def of_the_tree(
    app: Edge, path: str, method: str = "GET", **more: Any
) -> tuple[Any, str, dict[str, Any]] | None:
    """The same by the tree."""
    found = Tree(app.routes).find(asked(path, method, **more), {b"host": b"kollegium.test"})
    return None if found is None else (found[0].handler, found[0].template, found[1])


def paths(app: Edge) -> list[str]:
    """Every route's address, with ids and texts in it."""
    found = []
    for route in app.routes:
        parts = [
            part if isinstance(part, str) else (ID if part.type is UUID else "index.css")
            for part in route.path_components
        ]
        found.append("/" + "/".join(parts))
    return found


def test_each_route_is_found_as_litestar_finds_it(service: Edge) -> None:
    found = 0
    for path in paths(service):
        for method in METHODS:
            there, here = of_litestar(service, path, method), of_the_tree(service, path, method)
            assert here == there, (method, path)
            found += here is not None
    assert found > 60
    for method in ("HEAD", "OPTIONS", "TRACE"):
        assert of_the_tree(service, "/leads", method) is None


def test_what_is_spelt_otherwise_is_litestars(service: Edge) -> None:
    """Found the same or not found; never something that Litestar does not find."""
    for path in ODD:
        for method in METHODS:
            here = of_the_tree(service, path, method)
            assert here is None or here == of_litestar(service, path, method), (method, path)
    assert of_the_tree(service, "/leads") is not None
    for more in ({"raw_path": b"/le%61ds"}, {"root_path": "/api"}):
        assert of_the_tree(service, "/leads", **more) is None
    for host in (b"a b", b"", b"x@y", b"[::1]", b"a\x00", b"a:b"):
        assert Tree(service.routes).find(asked("/leads"), {b"host": host}) is None
    assert Tree(service.routes).find(asked("/leads"), {}) is not None


async def test_a_long_way_and_the_tree_answer_alike(
    service: Edge, client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, headers and bytes, right and wrong, with and without the tree."""
    lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"
    others = ["", "?limit=1", "?limit=x", "?limit=1&limit=2", "?limit=%31", "?x=1", "?q=M%C3%BC",
              "?limit", "?&limit=2&", "?state=a+b", "?cursor=!!"]  # fmt: skip
    asks = [path for path in paths(service) if ID not in path] + ODD[:15] + [lead, lead.upper()]
    asks += [f"/leads{query}" for query in others] + [f"/offers{query}" for query in others]
    # Whether it is ready changes, a stream and a spreadsheet say the time.
    asks = [path for path in asks if path not in ("/readyz", "/", "/events") and "\n" not in path]
    asks = [path for path in asks if not path.endswith(".xlsx")]

    sent: list[tuple[str, str, Any]] = [
        ("POST", f"{lead}/notes", {"json": {}}), ("POST", f"{lead}/notes", {"content": b"{"}),
        ("POST", f"{lead}/notes", {"json": {"text": "x", "y": 1}}), ("POST", lead, {"json": {}}),
        ("PATCH", lead, {"json": {"tags": []}}), ("POST", f"{lead}/pick", {"json": {"x": 1}}),
        ("PATCH", lead, {"content": b"x" * 300_000}), ("DELETE", "/sessions/x", {}),
        ("DELETE", f"/sessions/{ID}", {"json": {}}), ("POST", "/imports", {"content": b"x"}),
        ("POST", f"/imports?marketplace={ID}", {"content": b"x"}),
        ("PUT", "/me/password", {"json": {"password": 1}}), ("PUT", "/leads", {}),
        ("POST", "/leads", {"json": {}}), ("POST", f"{lead}/nothing", {"json": {}}),
    ]  # fmt: skip

    async def answers() -> list[Any]:
        found = []
        for token in (world.anna.token, "kgs_nobody", ""):
            for method, path, more in [("GET", path, {}) for path in asks] + sent:
                head = {"authorization": f"Bearer {token}"}
                answer = await client.request(method, path, headers=head, **more)
                told = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
                found.append((method, path, answer.status_code, told, answer.content))
        return found

    here = await answers()
    monkeypatch.setattr(Edge, "_found", lambda *_: None)
    there = await answers()
    for one, other in zip(here, there, strict=True):
        assert one == other, one[:2]
    assert {status for _, _, status, _, _ in here} >= {200, 400, 401, 404, 405, 413, 415, 428}


@pytest.mark.parametrize("query", ["", "a=1&b=2", "a", "a=&b", "=x", "a=b=c", "&&a=1&", "a=b;c"])
def test_plain_queries_are_read_as_by_the_library(query: str) -> None:
    from urllib.parse import parse_qsl

    assert _pairs(query.encode()) == parse_qsl(query, keep_blank_values=True)
    coded = f"{query}&x=%C3%A4+b"
    assert _pairs(coded.encode()) == parse_qsl(coded, keep_blank_values=True)


def test_ids_are_random_and_never_twice() -> None:
    ids = _Ids()
    found = [ids.next() for _ in range(1000)]
    assert len(set(found)) == 1000
    assert {len(each) for each in found} == {32}


@pytest.fixture
def configured() -> Iterator[list[bytes]]:
    """Logs as `serve` sets them up, kept instead of written."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("info")
    lines: list[bytes] = []
    factory = structlog.get_config()["logger_factory"]
    logger = type(
        "Kept",
        (),
        {"msg": lambda _, line: lines.append(line), "info": lambda _, line: lines.append(line)},
    )()
    logs._ours["logger"] = logger
    logs._ours["factory"] = factory
    yield lines
    structlog.configure(**before)
    logs._ours.clear()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_line_of_a_request_is_what_structlog_writes(configured: list[bytes]) -> None:
    """Same keys in the same order, same types; only the moment differs."""
    logs.request_id.set(b"my-request-4711")
    logs.request("GET", "/marketplaces/{m}/leads/{l}", 200, 1.5)
    kept = logs._ours.pop("logger")
    structlog.configure(logger_factory=lambda *_: kept, cache_logger_on_first_use=False)
    structlog.get_logger().info(
        "request", method="GET", route="/marketplaces/{m}/leads/{l}", status=200, ms=1.5
    )
    ours, theirs = (json.loads(line, object_pairs_hook=list) for line in configured)
    assert ours[:-1] == theirs[:-1]
    assert ours[-1][0] == theirs[-1][0] == "at"
    assert ours[-1][1][10] == theirs[-1][1][10] == "T"
    assert ours[-1][1][-1] == theirs[-1][1][-1] == "Z"


async def test_lines_of_one_turn_are_written_together(configured: list[bytes]) -> None:
    """All of them, each a line; what an ended loop left is written with the next."""
    for status in (200, 201):
        logs.request("GET", "/x", status, 1.0)
    assert configured == []
    await asyncio.sleep(0)
    assert [json.loads(line)["status"] for line in configured[0].splitlines()] == [200, 201]
    logs._turn[:] = [object(), b"left"]
    logs.request("GET", "/x", 202, 1.0)
    await asyncio.sleep(0)
    assert configured[1] == b"left"
    assert json.loads(configured[2])["status"] == 202
