"""What operation sees of the service: health, metrics, logs; and what it must never see there."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import prometheus_client
import pytest
import structlog
from structlog.testing import capture_logs

from service import logs
from service.database import schema
from service.web.edge import Edge
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, from_address, log_in
from tests.fixtures.world import PASSWORD, World


async def test_healthz_asks_no_database(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    head = await client.request("HEAD", "/healthz")
    assert (head.status_code, head.content) == (200, b"")


async def test_readyz_is_red_for_another_schema(
    client: httpx.AsyncClient, world_database: Urls
) -> None:
    assert (await client.get("/readyz")).status_code == 200
    async with connected(world_database.superuser) as superuser:
        await superuser.execute("update app_private.schema_state set revision = '0000_other'")
        try:
            answer = await client.get("/readyz")
        finally:
            await superuser.execute(
                "update app_private.schema_state set revision = $1", schema.head()
            )
    assert answer.status_code == 503
    assert "0000_other" not in answer.text, "the reason is for the log"
    assert (await client.get("/readyz")).status_code == 200


async def test_readyz_is_red_for_a_privileged_role(
    client: httpx.AsyncClient, world_database: Urls
) -> None:
    async with connected(world_database.superuser) as superuser:
        table = "create table app.mine (); alter table app.mine owner to kollegium_api"
        await superuser.execute(table)
        try:
            assert (await client.get("/readyz")).status_code == 503
        finally:
            await superuser.execute("drop table app.mine")
    assert (await client.get("/readyz")).status_code == 200


async def test_metrics_have_no_ids(client: httpx.AsyncClient, world: World) -> None:
    """Labels are methods, route templates and statuses; nothing a client or company is."""
    anna, strange = Person(client, world.anna.token), uuid4().hex
    lead = world.leads["engaged"]
    await anna.get(f"/marketplaces/{world.nord_id}/leads/{lead}")
    await anna.get(f"/{strange}")
    await anna.get(f"/marketplaces/{strange}")
    await anna.send("X" + strange[:10], "/leads")
    await anna.get("/leads?q=Petra")
    shown = prometheus_client.generate_latest().decode()
    ours = [line for line in shown.splitlines() if line.startswith("kollegium_request")]
    assert any('route="/marketplaces/{m}/leads/{l}"' in line for line in ours)
    for line in ours:
        assert not re.search(r"[0-9a-f]{8}-?[0-9a-f]{4}", line.partition("}")[0]), line
        for word in ("Huber", "huber", "Petra", strange[:10].upper()):
            assert word not in line
    labels = set(re.findall(r"(\w+)=", "\n".join(ours)))
    assert labels <= {"method", "route", "status", "le"}
    methods = set(re.findall(r'method="(\w+)"', shown))
    assert methods <= {"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT", "other"}


async def test_metrics_are_not_on_the_api(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 404


SECRETS = (
    "geheim-4711", "Petra", "petra@", "muster", "23125000", "anna@", "huber.example", PASSWORD,
    "Anna", "Am Brunnen",
)  # fmt: skip


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Configures logs as `serve` does; call it for the lines written so far."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    client_log = logging.getLogger("httpx")
    client_log.setLevel(logging.WARNING)  # the test's own client writes what it asks for
    logs.configure("info")
    structlog.configure(
        logger_factory=lambda *_: structlog.BytesLogger(sys.stdout.buffer),
        cache_logger_on_first_use=False,
    )
    yield lambda: "".join(capsys.readouterr())
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    client_log.setLevel(logging.NOTSET)
    logging.captureWarnings(False)


async def test_logs_have_a_request_id_and_no_personal_data(
    service: Edge,
    client: httpx.AsyncClient,
    world: World,
    world_database: Urls,
    written: Callable[[], str],
) -> None:
    """Everything that can go wrong goes wrong; nothing of what was sent is written."""
    anna = await log_in(client, "anna@huber.example")
    gerd = Person(client, world.gerd.token)
    nord = f"/marketplaces/{world.nord_id}"
    draft = {
        "prospect": {"name": "Petra geheim-4711", "email": "petra@muster.example"},
        "interest": "geheim-4711",
        "distribution_permission": True,
    }
    await gerd.post(f"{nord}/leads", draft)
    await gerd.post(f"{nord}/leads", {**draft, "tags": ["x" * 51]})
    await gerd.post(f"{nord}/leads", {**draft, "prospect": {"name": 1, "email": "petra@x"}})
    await anna.get("/leads?q=geheim-4711")
    await anna.get("/leads?geheim-4711=geheim-4711")
    await anna.get("/geheim-4711")
    await anna.post("/invitations", {"email": "geheim-4711@huber.example"})
    await anna.post("/invitations", {"email": "geheim-4711"})
    await client.post(
        "/invitations/kgi_geheim-4711/accept", json={"name": "Petra", "password": "x"}
    )
    await client.get("/me", headers={"Authorization": "Bearer geheim-4711"})
    await anna.get("/leads", headers={"User-Agent": "geheim-4711", "Cookie": "geheim-4711"})
    for password in ("geheim-4711", "geheim-4712"):
        await client.post("/sessions", json={"email": "anna@huber.example", "password": password})
    # An error of ours: its message would quote the row.
    async with connected(world_database.superuser) as superuser:
        await superuser.execute(
            "alter table app.note add constraint x check (text <> 'geheim-4711')"
        )
        await superuser.execute("alter table app.message rename to messages")
        lead = f"{nord}/leads/{world.leads['engaged']}"
        await anna.post(f"{lead}/notes", {"text": "geheim-4711"})
        await anna.post(f"{lead}/messages", {"text": "geheim-4711"})
        await superuser.execute("alter table app.note drop constraint x")
        await superuser.execute("alter table app.messages rename to message")
    given = "my-request-4711"
    await anna.get("/me", headers={"X-Request-Id": given})
    text = written()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) >= 15
    for line in requests:
        assert re.fullmatch(r"[A-Za-z0-9_.-]{8,64}", line["request_id"])
        assert {"method", "route", "status", "ms", "at", "level"} <= line.keys()
    assert requests[-1]["request_id"] == given
    for secret in (*SECRETS, anna.token, world.gerd.token, anna.token[4:]):
        assert secret not in text.replace(given, ""), secret


@pytest.mark.usefixtures("written")
async def test_each_request_has_its_own_id(client: httpx.AsyncClient, world: World) -> None:
    """Also those at the same time; the id in the header is the one in the log."""
    anna = Person(client, world.anna.token)
    with capture_logs(processors=[logs.add_request_id]) as captured:
        answers = await asyncio.gather(*(anna.get("/me") for _ in range(20)))
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 20
    assert {line["request_id"] for line in captured if line["event"] == "request"} == ids


async def test_a_client_that_leaves_is_counted_and_harms_nobody(
    service: Edge, world: World
) -> None:
    async with from_address(service) as client:
        anna = Person(client, world.anna.token)
        tasks = [asyncio.create_task(anna.get("/leads")) for _ in range(30)]
        await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for who, name in ((world.anna, "Firma Huber"), (world.cora, "Firma Klein")):
            answer = await Person(client, who.token).get("/company")
            assert answer.json()["name"] == name
