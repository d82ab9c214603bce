"""The world in which merging is measured fits the schema: what it writes is written, small."""

import re

from bench.jobs.merge import _sql
from tests.fixtures.database import Urls, connected


async def test_the_world_of_the_merge_fits_the_schema(empty_database: Urls) -> None:
    text = _sql("merge_world.sql")
    small = re.sub(r"generate_series\(1, 120000\) n;", "generate_series(1, 120000, 3000) n;", text)
    assert small != text
    async with connected(empty_database.superuser) as superuser:
        await superuser.execute(small)
        for table in ("lead", "prospect", "engagement", "disclosure", "offer", "history"):
            assert await superuser.fetchval(f"select count(*) from app.{table}") > 0, table
