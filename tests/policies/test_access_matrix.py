"""Each cell of access_matrix.toml, with connections of the roles themselves."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fixtures.database import Urls, connected
from tests.fixtures.world import World
from tests.policies import render_matrix
from tests.policies.matrix import FAMILIES, Prober, furnish, read_matrix, tables
from tests.policies.red import red_cell, red_grants, red_roles, red_updates

MATRIX = read_matrix()


@pytest_asyncio.fixture(scope="module")
async def probe(world_database: Urls, world: World) -> AsyncIterator[Prober]:
    """Connections as api, worker, staff, auditor and owner; the superuser's for controls."""
    urls = world_database
    async with (
        connected(urls.superuser) as superuser,
        connected(urls.api) as api,
        connected(urls.worker) as worker,
        connected(urls.staff) as staff,
        connected(urls.auditor) as auditor,
        connected(urls.owner) as owner,
    ):
        await furnish(superuser, world)
        yield Prober(
            superuser,
            {
                "kollegium_api": api,
                "kollegium_worker": worker,
                "kollegium_staff": staff,
                "kollegium_auditor": auditor,
                "kollegium_owner": owner,
            },
        )


async def test_every_table_is_in_the_matrix(probe: Prober) -> None:
    rows = await probe.superuser.fetch(
        "select relname from pg_class "
        "where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')"
    )
    assert sorted(tables(MATRIX)) == sorted(row["relname"] for row in rows)


@pytest.mark.parametrize("table", tables(MATRIX))
def test_every_relation_is_in_the_matrix(table: str) -> None:
    family = MATRIX[table]["family"]
    assert (
        list(MATRIX[table]["cells"]) == list(FAMILIES[family]) == list(MATRIX["relations"][family])
    )


@pytest.mark.parametrize("table", tables(MATRIX))
async def test_cells(probe: Prober, world: World, table: str) -> None:
    """Every relation to a row of the table."""
    found = {
        relation: await red_cell(probe, world, table, MATRIX[table], relation)
        for relation in FAMILIES[MATRIX[table]["family"]]
    }
    assert found
    assert {relation: red for relation, red in found.items() if red} == {}


@pytest.mark.parametrize("table", tables(MATRIX))
async def test_grants_and_other_roles(probe: Prober, world: World, table: str) -> None:
    assert await red_grants(probe.superuser, table, MATRIX[table]) == []
    assert await red_roles(probe, table) == []
    assert await red_updates(probe, world, table, MATRIX[table]) == []


async def test_the_rendered_matrix_is_current(probe: Prober) -> None:
    """Both halves: the cells of the file, and the functions of the catalogue."""
    functions = await render_matrix.executable(probe.superuser)
    assert len(functions) > 140
    assert render_matrix.TARGET.read_text("utf-8") == render_matrix.rendered(functions), (
        "python -m tests.policies.render_matrix"
    )
