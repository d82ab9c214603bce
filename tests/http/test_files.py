"""Files and forms that are none are refused, and nobody unknown makes the service read one."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.http import Person
from tests.fixtures.world import World


async def test_imports_ask_who_before_they_read(client: httpx.AsyncClient, world: World) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(10):
            read += 1
            yield b"x" * 1000

    stranger = Person(client, "kgs_nobody")
    path = f"/imports?marketplace={world.nord_id}"
    answer = await stranger.post(path, content=endless(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 401
    assert read <= 1


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nA;B\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", PART + b"--x--\r\n"),
        ("multipart/form-data; boundary=", PART + b"--x--\r\n"),
        ("multipart/form-data; boundary=y", PART + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", PART),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"\xff\xfe\x00"),
        ("multipart/form-data; boundary=x", PART.replace(b'"file"', b'"other"') + b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            PART.replace(b'; filename="a.csv"', b"") + b"--x--\r\n",
        ),
        ("multipart/form-data; boundary=x", PART.replace(b"a.csv", b"\xff\x00") + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", PART.replace(b"form-data", b"x") + b"--x--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 300, PART + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", PART * 3000 + b"--x--\r\n"),
        ("text/csv", b""),
        ("text/csv", b"\x00" * 1000),
        ("application/octet-stream", b"PK\x03\x04" + b"x" * 1000),
        ("application/octet-stream", bytes(range(256))),
    ],
)
async def test_files_and_forms(
    client: httpx.AsyncClient, world: World, kind: str, body: bytes
) -> None:
    gerd = Person(client, world.gerd.token)
    path = f"/imports?marketplace={world.nord_id}"
    for headers in (
        {"Content-Type": kind},
        {"Content-Type": kind, "Idempotency-Key": str(uuid4())},
    ):
        answer = await gerd.post(path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, answer.text
