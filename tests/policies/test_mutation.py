"""Does the access matrix notice? Each policy, FORCE and grant is dropped or widened, one by one,
and
at least one cell must turn red: the mutation score is 100 %, and it is printed."""

import time
from collections import Counter
from typing import Any

import pytest

from tests.fixtures.database import Urls, connected
from tests.fixtures.world import World
from tests.policies.matrix import Prober, furnish, read_matrix, tables
from tests.policies.mutants import Mutant, all_mutants
from tests.policies.red import first_red, red_grants, red_table

MATRIX = read_matrix()


async def _red(probe: Prober, world: World, mutant: Mutant) -> list[str]:
    """Something that turns red when the change is made; it is undone."""
    transaction = probe.superuser.transaction()
    await transaction.start()
    try:
        await probe.superuser.execute(mutant.change)
        if mutant.grant:
            return await red_grants(probe.superuser, mutant.table, MATRIX[mutant.table])
        return await first_red(probe, world, mutant.table, MATRIX[mutant.table])
    finally:
        await transaction.rollback()


async def test_every_mutant_is_noticed(
    world_database: Urls, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    start = time.monotonic()
    async with connected(world_database.superuser) as superuser:
        await furnish(superuser, world)
        probe = Prober(superuser)
        for table in tables(MATRIX):  # the control: without a change nothing is red
            assert await red_table(probe, world, table, MATRIX[table]) == []
        mutants = await all_mutants(superuser, tables(MATRIX))
        survivors = [mutant for mutant in mutants if not await _red(probe, world, mutant)]
        for table in tables(MATRIX):  # and every change was undone
            assert await red_table(probe, world, table, MATRIX[table]) == []
    kinds: Counter[str] = Counter(mutant.change.split()[0] for mutant in mutants)
    score = 100 * (len(mutants) - len(survivors)) / len(mutants)
    with capsys.disabled():
        print(
            f"\npolicy mutation: {score:.1f} % of {len(mutants)} mutants noticed "
            f"({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}) "
            f"in {time.monotonic() - start:.0f} s"
        )
    assert [mutant.change for mutant in survivors] == []
    assert len(mutants) > 20 * len(tables(MATRIX))


async def test_a_harmless_change_survives(world_database: Urls, world: World) -> None:
    """The control of the mutation test itself: it does not call everything red."""
    async with connected(world_database.superuser) as superuser:
        if not await superuser.fetchval(
            "select count(*) from app.lead_import where file_name = 'h.csv'"
        ):
            await furnish(superuser, world)
        probe = Prober(superuser)
        for change in (
            "comment on policy select_own on app.note is 'another'",
            "alter policy select_own on app.note rename to select_other",
            "alter policy select_own on app.note using ("
            "(select app.current_company_id()) = company_id)",
        ):
            mutant: Any = Mutant("note", change)
            assert await _red(probe, world, mutant) == []
