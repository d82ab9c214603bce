"""Where a database differs from the access matrix: one line for each cell that is red."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from tests.fixtures.world import World
from tests.policies.matrix import FAMILIES, NOTHING, Prober, place

GRANTS = """
    select a.attname as column, r.role, p.privilege
    from pg_attribute a, unnest($2::text[]) r (role), unnest($3::text[]) p (privilege)
    where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
      and has_column_privilege(r.role, a.attrelid, a.attnum, p.privilege)
"""
WHOLE_GRANTS = """
    select r.role, p.privilege from unnest($2::text[]) r (role), unnest($3::text[]) p (privilege)
    where has_table_privilege(r.role, $1::regclass, p.privilege)
"""
ROLES = ["kollegium_api", "kollegium_broker", *NOTHING]


async def columns(superuser: Any, table: str) -> list[str]:
    """The columns of a table of app, in order."""
    rows = await superuser.fetch(
        "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 "
        "and not attisdropped order by attnum",
        f"app.{table}",
    )
    return [row["attname"] for row in rows]


async def red_grants(superuser: Any, table: str, wanted: dict[str, Any]) -> list[str]:
    """Column by column, and DELETE by table: what is granted beyond or short of the file."""
    every = await columns(superuser, table)
    select = every if wanted["api_select"] == ["*"] else wanted["api_select"]
    expected = {
        *(("kollegium_api", "SELECT", column) for column in select),
        *(("kollegium_api", "UPDATE", column) for column in wanted["api_update"]),
        *(("kollegium_broker", "SELECT", column) for column in every if "S" in wanted["broker"]),
        *(("kollegium_broker", "INSERT", column) for column in every if "I" in wanted["broker"]),
        *(("kollegium_broker", "UPDATE", column) for column in wanted["broker_update"]),
    }
    if "D" in wanted["broker"]:
        expected.add(("kollegium_broker", "DELETE", "*"))
    rows = await superuser.fetch(
        GRANTS, f"app.{table}", ROLES, ["SELECT", "INSERT", "UPDATE", "REFERENCES"]
    )
    found = {(row["role"], row["privilege"], row["column"]) for row in rows}
    whole = await superuser.fetch(
        WHOLE_GRANTS, f"app.{table}", ROLES, ["DELETE", "TRUNCATE", "TRIGGER"]
    )
    found |= {(row["role"], row["privilege"], "*") for row in whole}
    return [
        f"{table}: granted, not in the file: {' '.join(line)}" for line in sorted(found - expected)
    ] + [
        f"{table}: in the file, not granted: {' '.join(line)}" for line in sorted(expected - found)
    ]


async def red_roles(probe: Prober, table: str) -> list[str]:
    """Owner: no row. Broker: all rows. Worker, staff, auditor: no privilege."""
    count = f"select count(*) from app.{table}"
    total = int(await probe.superuser.fetchval(count))
    if not total:
        return [f"{table}: the table is empty, the control fails"]
    wanted = {"kollegium_owner": 0, "kollegium_broker": total, **dict.fromkeys(NOTHING)}
    red = []
    for role, number in wanted.items():
        if probe.roles and role not in probe.roles:
            continue  # nobody logs in as kollegium_broker
        found = await probe.rows(role, None, count)
        if found != number:
            red.append(f"{table}: {role} counts {found}, not {number}")
    column = (await columns(probe.superuser, table))[0]
    changed = await probe.rows(
        "kollegium_owner", None, f"update app.{table} set {column} = {column}"
    )
    if changed != 0:
        red.append(f"{table}: kollegium_owner updates {changed}, not 0")
    return red


async def red_cell(
    probe: Prober, world: World, table: str, wanted: dict[str, Any], relation: str
) -> list[str]:
    """One relation: the four letters, and that its row exists."""
    token, condition = place(world, table, wanted["family"], relation)
    exists = await probe.superuser.fetchval(f"select count(*) from app.{table} where {condition}")
    if not exists:
        return [f"{table} {relation}: no such row, the control fails"]
    column = (wanted["api_update"] or await columns(probe.superuser, table))[0]
    found = await probe.cell(table, token, condition, column)
    cell = wanted["cells"][relation]
    return [] if found == cell else [f"{table} {relation}: {found}, not {cell}"]


async def red_updates(probe: Prober, world: World, table: str, wanted: dict[str, Any]) -> list[str]:
    """What policies for UPDATE hold alone: a statement that reads no column meets no SELECT policy,
    and a column that gives a row away would meet WITH CHECK if its grant had slipped."""
    red = []
    for column in wanted["api_update"]:
        for who in (world.cora, world.olga):
            visible = await probe.rows(
                "kollegium_api", who.token, f"select count(*) from app.{table}"
            )
            blind = await probe.rows(
                "kollegium_api", who.token, f"update app.{table} set {column} = default"
            )
            if not visible or blind != visible:
                red.append(
                    f"{table}.{column}: {who.name} changes {blind} of {visible} rows blindly"
                )
    if wanted["api_update"]:
        slipped = probe.superuser.transaction()
        await slipped.start()
        await probe.superuser.execute(f"grant update (company_id) on app.{table} to kollegium_api")
        given = await Prober(probe.superuser).rows(
            "kollegium_api",
            world.fritz.token,
            f"update app.{table} set company_id = gen_random_uuid()",
        )
        taken = await Prober(probe.superuser).rows(
            "kollegium_api",
            world.cora.token,
            f"update app.{table} set company_id = gen_random_uuid()",
        )
        await slipped.rollback()
        if (given is not None and given != 0) or taken is not None:
            red.append(f"{table}: WITH CHECK lets a row be given away")
    return red


async def _reds(
    probe: Prober, world: World, table: str, wanted: dict[str, Any]
) -> AsyncIterator[list[str]]:
    yield await red_grants(probe.superuser, table, wanted)
    yield await red_roles(probe, table)
    yield await red_updates(probe, world, table, wanted)
    for relation in FAMILIES[wanted["family"]]:
        yield await red_cell(probe, world, table, wanted, relation)


async def red_table(probe: Prober, world: World, table: str, wanted: dict[str, Any]) -> list[str]:
    """All of a table."""
    return [line async for red in _reds(probe, world, table, wanted) for line in red]


async def first_red(probe: Prober, world: World, table: str, wanted: dict[str, Any]) -> list[str]:
    """Something of it that is red, if anything is; the rest is not looked at."""
    async with aclosing(_reds(probe, world, table, wanted)) as reds:
        async for red in reds:
            if red:
                return red
    return []
