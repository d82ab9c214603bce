"""A stack for a module: installed on an empty database as runbook.md says, then everything runs."""

import asyncio
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from tests.deploy.stack import KOLLEGIUM, Stack, migrate, run, running, set_passwords
from tests.fixtures.database import Urls, database

PASSWORD = "Der Mond ist aufgegangen 1779"
ANNA = "anna@huber.example"
COMPANY = [
    "--name",
    "Firma Huber",
    "--admin-name",
    "Anna",
    "--admin-email",
    ANNA,
    "--password-stdin",
]


@pytest_asyncio.fixture(scope="module")
async def urls(server: Any) -> AsyncIterator[Urls]:
    """An empty database, as the first start of a database container leaves it."""
    async with database(server.superuser_url) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def stack(urls: Urls) -> AsyncIterator[Stack]:
    """Installed as in runbook.md: migrate, passwords, first company; then everything runs."""
    # Not below pytest's own directory, which as root no other account may enter.
    directory = Path(tempfile.mkdtemp(prefix="kollegium-deploy-"))
    steps = (
        lambda: migrate(urls),
        lambda: set_passwords(urls, directory / "userlist.txt"),
        lambda: run(
            [*KOLLEGIUM, "company", "create", *COMPANY], PASSWORD, DATABASE_STAFF_URL=urls.staff
        ),
    )
    try:
        for step in steps:
            done = await asyncio.to_thread(step)
            assert done.returncode == 0, done.stdout + done.stderr
        with running(directory, urls) as started:
            yield started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def trusting(stack: Stack) -> ssl.SSLContext:
    """TLS that believes the certificate of this test alone."""
    return ssl.create_default_context(cafile=str(stack.directory / "fullchain.pem"))


@pytest_asyncio.fixture(scope="module")
async def outside(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the proxy, over TLS."""
    async with httpx.AsyncClient(
        base_url=f"https://localhost:{stack.https}", verify=trusting(stack), timeout=20
    ) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def anna(outside: httpx.AsyncClient) -> dict[str, str]:
    """Anna's log-in over the proxy: the header that says who she is."""
    answer = await outside.post("/sessions", json={"email": ANNA, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}
