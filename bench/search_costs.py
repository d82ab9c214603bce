"""What a lead costs that comes in: `app.create_lead` in both builds, and here without indexes.

Counted is the processor time of the server's process, as others on the machine disturb it less than
the clock, and of some rounds the cheapest.
"""

import json
from pathlib import Path
from typing import Any

from bench import world
from bench.cluster import Cluster
from bench.search_world import SearchWorld

LEADS, ROUNDS = 1_000, 5
SEARCHING = ("prospect_searched",)
LISTING = (
    "lead_facets", "lead_operator_received", "lead_giver_received", "lead_engaged_received",
    "lead_operator_changed", "lead_giver_changed", "lead_engaged_changed",
)  # fmt: skip
_SQL = """
select count(c.id) from generate_series(1, $3::integer) n, lateral app.create_lead($1,
  'Photovoltaik mit Speicher, Baujahr ' || 1950 + n % 70, '{}', true,
  $2::jsonb || jsonb_build_object('name', 'Xaver ' || md5(n || $4)),
  false, 'api', $4::text || n) c
"""


def _spent(process: int) -> int:
    """Nanoseconds of processor time so far."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0])


async def _cost(cluster: Cluster, database: str, *, without: tuple[str, ...] = ()) -> float:
    """Microseconds of processor time a lead, in a transaction that is undone. without: indexes."""
    async with cluster.connected(database) as connection:
        process = await connection.fetchval("select pg_backend_pid()")
        transaction = connection.transaction()
        await transaction.start()
        for index in without:
            await connection.execute(f"drop index app.{index}")
        await connection.fetchval("select app.enter_to_write($1)", world.token(0))
        person = {"email": "xaver@post.example", "phone": "+491711234567", "postcode": "25746",
                  "city": "Heide"}  # fmt: skip
        rounds = []
        for number in range(ROUNDS):
            before = _spent(process)
            values: list[Any] = [world.uid(3, 0), json.dumps(person), LEADS, f"neu-{number}-"]
            await connection.fetchval(_SQL, *values)
            rounds.append((_spent(process) - before) / LEADS / 1000)
        await transaction.rollback()
    return round(min(rounds), 1)


async def costs(cluster: Cluster, worlds: dict[str, SearchWorld]) -> dict[str, float]:
    """What an inserted lead costs in both builds, and here without the new indexes."""
    now = worlds["now"].database
    return {
        "before": await _cost(cluster, worlds["before"].database),
        "now": await _cost(cluster, now),
        "now, without the index of the search": await _cost(cluster, now, without=SEARCHING),
        "now, without those of the lists": await _cost(cluster, now, without=LISTING),
    }
