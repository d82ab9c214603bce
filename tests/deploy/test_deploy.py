"""deploy/ works as it is shipped: first install, a day's requests over the proxy, and the end.

The stack of `conftest.py` is installed by the steps of runbook.md. What the proxy keeps away is in
`test_proxy.py`, the runbook's other steps in `test_runbook.py`, what the files name in
`test_files.py`.
"""

import asyncio
import json
import signal

import asyncpg
import httpx
import pytest

from tests.deploy.conftest import ANNA, PASSWORD
from tests.deploy.stack import Stack, set_passwords
from tests.fixtures.database import connected, role_password

pytestmark = pytest.mark.peers

LEAD = {
    "interest": "Neue Heizung",
    "distribution_permission": True,
    "submit": True,
    "prospect": {"name": "Petra Muster", "email": "petra@muster.example", "postcode": "20095"},
}


async def test_the_processes_are_alive_and_ready(outside: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await outside.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_lead_goes_in_and_is_listed(
    outside: httpx.AsyncClient, anna: dict[str, str]
) -> None:
    made = await outside.post(
        "/marketplaces", json={"name": "Nord", "steps": ["neu"]}, headers=anna
    )
    assert made.status_code == 201, made.text
    put_in = await outside.post(f"/marketplaces/{made.json()['id']}/leads", json=LEAD, headers=anna)
    assert put_in.status_code == 201, put_in.text
    listed = await outside.get("/leads", headers=anna)
    assert [lead["id"] for lead in listed.json()["items"]] == [put_in.json()["id"]]
    assert (await outside.get("/leads")).status_code == 401


async def test_many_requests_share_few_connections(
    stack: Stack, outside: httpx.AsyncClient, anna: dict[str, str]
) -> None:
    answers = await asyncio.gather(
        *(outside.get(path, headers=anna) for path in ("/leads", "/me", "/readyz") * 20)
    )
    assert {answer.status_code for answer in answers} == {200}
    async with connected(stack.urls.superuser) as superuser:
        count = await superuser.fetchval(
            "select count(*) from pg_stat_activity where usename = 'kollegium_api'"
            " and datname = current_database()"
        )
    assert 0 < count <= 20, "the pool of pgbouncer.ini has 20"


async def test_limits_of_the_role_hold_behind_the_pooler(stack: Stack) -> None:
    server = f"127.0.0.1:{stack.bouncer}/kollegium"
    secret = role_password(stack.urls.superuser, "api")
    connection = await asyncpg.connect(
        f"postgresql://kollegium_api:{secret}@{server}", statement_cache_size=0
    )
    try:
        settings = {
            name: await connection.fetchval(f"show {name}")
            for name in ("statement_timeout", "lock_timeout", "jit", "plan_cache_mode")
        }
    finally:
        await connection.close()
    assert settings == {
        "statement_timeout": "5s",
        "lock_timeout": "3s",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
    }
    for user in ("kollegium_worker", "kollegium_owner", "postgres"):
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await asyncpg.connect(f"postgresql://{user}:{secret}@{server}", timeout=5)


async def test_metrics_stay_inside(stack: Stack, outside: httpx.AsyncClient) -> None:
    assert (await outside.get("/metrics")).status_code == 404
    async with httpx.AsyncClient() as client:
        inside = await client.get(f"http://127.0.0.1:{stack.metrics}/metrics")
    assert "kollegium_requests_total" in inside.text


async def test_logs_name_no_person_token_or_query(
    stack: Stack, outside: httpx.AsyncClient, anna: dict[str, str]
) -> None:
    await outside.get("/leads?q=Geheimnis", headers=anna)
    await outside.post(
        "/invitations/kgi_secret/accept", json={"name": "Eva", "password": "verborgen-verborgen"}
    )
    log = ""
    for _ in range(40):  # nginx writes the line after the client has its answer
        log = (stack.directory / "access.log").read_text()
        if '"path":"/invitations/-/accept"' in log:
            break
        await asyncio.sleep(0.05)
    assert '"path":"/invitations/-/accept"' in log
    assert all(json.loads(line)["request_id"] for line in log.splitlines())
    everything = log + "".join(stack.log(name) for name in stack.processes)
    for secret in ("Geheimnis", "kgi_secret", "verborgen", "Petra", ANNA, PASSWORD, "kgs_"):
        assert secret not in everything


async def test_a_client_cannot_forge_his_address(outside: httpx.AsyncClient) -> None:
    """Were X-Forwarded-For of clients believed, each attempt would come from somebody else."""
    wrong = {"email": "nobody@else.example", "password": "wrong wrong wrong"}
    statuses = [
        (
            await outside.post(
                "/sessions", json=wrong, headers={"X-Forwarded-For": f"203.0.113.{i}"}
            )
        ).status_code
        for i in range(11)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_new_verifiers_need_a_new_pooler_and_no_more(
    stack: Stack, outside: httpx.AsyncClient, anna: dict[str, str]
) -> None:
    """The runbook's change of passwords; here they are the same ones, with a new salt."""
    done = await asyncio.to_thread(set_passwords, stack.urls, stack.directory / "userlist.txt")
    assert done.returncode == 0, done.stderr
    assert await asyncio.to_thread(stack.stop, "pgbouncer", signal.SIGINT) == 0
    assert (await outside.get("/readyz")).status_code == 503
    await asyncio.to_thread(stack.started["pgbouncer"])
    answers = await asyncio.gather(*(outside.get("/me", headers=anna) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


async def test_sigterm_ends_everything_cleanly(stack: Stack, outside: httpx.AsyncClient) -> None:
    """Last: the stack is gone afterwards."""
    assert stack.stop("service") == 0
    gone = await outside.get("/healthz")
    assert gone.status_code == 503
    assert gone.headers["Retry-After"] == "1"
    assert gone.json()["type"] == "urn:kollegium:problem:unavailable"
    assert stack.stop("worker") == 0
    assert stack.stop("nginx") == 0
    assert stack.stop("pgbouncer", signal.SIGINT) == 0
    for name in ("service", "worker"):
        assert '"stopped"' in stack.log(name)
    async with connected(stack.urls.superuser) as superuser:
        left = await superuser.fetch(
            "select usename from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert left == []
