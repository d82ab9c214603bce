"""The receivers of examples/webhooks take what the worker sends, once, and nothing else."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.database import ROOT
from tests.fixtures.receiver import Posted, receiving, status
from tests.webhooks.test_delivery import (
    SECRET,
    answering,
    deliver,
    due_again,
    pending,
    row,
    superuser,
    webhook,
)

__all__ = ["superuser"]  # fixtures
EXAMPLES = ROOT / "examples" / "webhooks"


@asynccontextmanager
async def python_receiver(folder: Path, secret: str) -> AsyncIterator[tuple[int, Any]]:
    """The example as a process: its port, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / "receiver.py"), "0",
        stdout=asyncio.subprocess.PIPE, cwd=folder,
        env=os.environ | {"WEBHOOK_SECRET": secret},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int((await process.stdout.readline()).split()[1]), process.stdout
    finally:
        process.kill()
        await process.wait()


async def test_the_python_receiver_takes_each_event_once(
    superuser: Any, worker: Any, tmp_path: Path
) -> None:
    async with python_receiver(tmp_path, SECRET) as (port, printed):
        hook = await webhook(superuser, f"http://127.0.0.1:{port}/")
        one, other = await pending(superuser, hook, 2)
        assert await deliver(worker) == 2
        lines = {(await printed.readline()).decode().split()[1] for _ in range(2)}
        assert lines == {str(one), str(other)}
        again = (
            "update app_private.webhook_delivery set state = 'pending', ended_at = null"
            " where id = $1"
        )
        await superuser.execute(again, one)
        await due_again(superuser)
        [third] = await pending(superuser, hook)
        assert await deliver(worker) == 2
        assert (await printed.readline()).decode().split()[1] == str(third), "one came again"


async def test_the_python_receiver_refuses_what_another_secret_signed(
    superuser: Any, worker: Any, tmp_path: Path
) -> None:
    async with python_receiver(tmp_path, "whsec_" + "c" * 42 + "==") as (port, _):
        hook = await webhook(superuser, f"http://127.0.0.1:{port}/")
        [one] = await pending(superuser, hook)
        assert await deliver(worker) == 0
        assert (await row(superuser, one))["status"] == 401


def through_n8n(posted: list[dict[str, Any]], secret: str) -> list[Any]:
    """What the code node makes of requests, with the npm package."""
    from tests.clients.test_generated import NODE, node

    run = subprocess.run(
        [node(), ROOT / "tests/webhooks/run-code-node.mjs", EXAMPLES / "n8n-code-node.js"],
        input="".join(json.dumps(one) + "\n" for one in posted), capture_output=True, text=True,
        cwd=NODE, env={"KOLLEGIUM_WEBHOOK_SECRET": secret}, check=True, timeout=60,
    )  # fmt: skip
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.clients
async def test_the_code_node_takes_each_event_once(superuser: Any, worker: Any) -> None:
    async with receiving() as peer:
        hook = await webhook(superuser, peer.url, (SECRET, "whsec_" + "b" * 42 + "=="))
        one, other = await pending(superuser, hook, 2)
        peer.answer = answering(status(500), status(204))
        await deliver(worker)
        await due_again(superuser)
        await deliver(worker)
    came = [said(posted) for posted in peer.posted]
    assert len(came) == 3
    results = through_n8n(came, SECRET)
    ids = [result[0]["json"]["data"]["id"] for result in results if result]
    assert sorted(ids) == sorted([str(one), str(other)])
    assert results.count([]) == 1, "one came twice"
    assert results[0][0]["json"]["type"] == "ping"
    forged = came[0] | {"body": came[0]["body"].replace("ping", "pong")}
    assert through_n8n([forged], SECRET) == ["No matching signature found"]
    assert through_n8n(came[:1], "whsec_" + "c" * 42 + "==") == ["No matching signature found"]


def said(posted: Posted) -> dict[str, Any]:
    """As n8n's webhook node passes it on."""
    return {"headers": posted.headers, "body": posted.body}
