"""Files that the worker imports, and its steps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.sizes import sized

# The smallest file that is not imported while its uploader waits.
LARGE = sized(151, whole=501)
CSV = {"content-type": "text/csv"}
HEAD = "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"


def a_file(rows: int, *, bad: int = 0) -> bytes:
    """A file of that many new persons, the last `bad` of them without a way to reach them."""
    mark = uuid4().hex[:12]
    lines = [
        f"Petra;Muster{n};10115;Berlin;;{f'p{n}.{mark}@muster.example' if n < rows - bad else ''};"
        "Wärmepumpe;ja\n"
        for n in range(rows)
    ]
    return (HEAD + "".join(lines)).encode()


async def upload(who: Person, market: Any, content: bytes, query: str = "", **headers: str) -> Any:
    """POST /imports."""
    path = f"/imports?marketplace={market}&filename=leads.csv{query}"
    return await who.post(path, content=content, headers={**CSV, **headers})


@asynccontextmanager
async def working(urls: Urls) -> AsyncIterator[Any]:
    """A connection as kollegium_worker."""
    async with connected(urls.worker) as connection:
        yield connection


async def step(connection: Any) -> bool:
    """One step of the worker; whether it went on with anything."""
    claimed = await connection.fetchrow("select * from app.claim_import()")
    if claimed["import_id"] is None:
        return False
    return bool(await connection.fetchval("select app.work_on_import($1, $2)", *claimed))


async def called_by(urls: Urls, who: Person, sql: str, *values: Any) -> Any:
    """`select * from <sql>` as kollegium_api in somebody's context."""
    async with connected(urls.api) as api, as_bearer(api, who.token):
        return await api.fetchrow(f"select * from {sql}", *values)


async def raw_rows(urls: Urls, import_id: str) -> int:
    async with connected(urls.superuser) as superuser:
        return int(
            await superuser.fetchval(
                "select coalesce(sum(jsonb_array_length(rows)), 0) from app_private.import_chunk"
                " where import_id = $1",
                UUID(import_id),
            )
        )
