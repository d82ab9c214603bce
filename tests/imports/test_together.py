"""Rows that go in together are, field by field and table by table, what they are one by one."""

import os
import random
import re
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.database import Urls, connected
from tests.fixtures.world import World

RUNS = int(os.environ.get("KOLLEGIUM_TOGETHER_RUNS", "5"))
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WHO = """
    jsonb_populate_record(null::app.lead_import, $1), jsonb_populate_record(null::app.caller, $2)"""
ONE_BY_ONE = f"""
    select to_jsonb(r) as row from jsonb_array_elements($3) with ordinality e (line, n),
      app_private.import_row({WHO}, e.line) r order by e.n"""
TOGETHER = f"select to_jsonb(r) as row from app_private.import_together({WHO}, $3) r"


class Taken(Exception):
    """Ends a transaction whose rows are not to stay."""


async def snapshot(superuser: Any) -> Counter[str]:
    """All rows of all tables, each with its table's name in front."""
    tables = await superuser.fetch(
        "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p')"
        " and not c.relispartition and c.relnamespace in ('app'::regnamespace,"
        " 'app_private'::regnamespace)"
    )
    each = " union all ".join(
        f"select '{t[0]} ' || to_jsonb(x)::text from {t[0]} x" for t in tables
    )
    return Counter(row[0] for row in await superuser.fetch(each))


def some_rows(chosen: random.Random, known: list[str]) -> list[dict[str, Any]]:
    """Rows of a chunk: good ones, and in one of three chunks some of every kind that is odd."""
    odd = chosen.random() < 0.4
    rows: list[dict[str, Any]] = []
    for n in range(chosen.randint(1, 12)):
        row: dict[str, Any] = {"row_number": n + 2}
        if chosen.random() < 0.15:
            said = {"en": "No way.", "de": "Kein Weg."}
            rows.append(row | {"outcome": "refused", "code": "contact-missing", "detail": said})
            continue
        if chosen.random() < 0.5:
            row["warnings"] = [{"code": "name-from-company", "field": None, "detail": {}}]
        person = chosen.randrange(8)
        permitted = chosen.random() < 0.8
        lead: dict[str, Any] = {
            "interest": chosen.choice(["Dach", "Dach, Tel. 0171 2345678", "Wärmepumpe (at) x.de"]),
            "tags": chosen.choice([[], ["dach"], ["dach", "a@b.example"], ["030 1234567"]]),
            "distribution_permission": permitted,
            "submit": permitted and chosen.random() < 0.8,
            "source": chosen.choice(["messe", "portal"]),
            "external_ref": chosen.choice([None, f"new-{n}", chosen.choice(known)]),
            "received_at": chosen.choice([None, "2026-10-01T08:00:00+02:00"]),
            "prospect": {
                "name": chosen.choice([f"Petra Muster{person}", f"MUSTER{person} Petra", "Wer"]),
                "email": f"P{person}@muster.example" if person % 3 else None,
                "phone": f"+49 30 23 456 {person:03}",
                "postcode": chosen.choice(["10115", "1010", None]),
                "answers": chosen.choice([None, {}, {"Dach?": "Ziegel"}]),
            },
        }
        if chosen.random() < 0.1:
            del lead["tags"], lead["received_at"]
        if odd and chosen.random() < 0.3:
            lead |= chosen.choice(ODD)(n)
        rows.append(row | {"lead": lead})
    return rows


ODD = [
    lambda n: {"interest": ""},
    lambda n: {"interest": "x" * 5000},
    lambda n: {"submit": True, "distribution_permission": False},
    lambda n: {"submit": True, "distribution_permission": True, "prospect": {"name": "Wer"}},
    lambda n: {"received_at": "yesterdayish"},
    lambda n: {"received_at": "infinity"},
    lambda n: {"external_ref": "twice", "source": "messe"},
    lambda n: {"tags": [str(m) for m in range(60)]},
    lambda n: {"prospect": None},
    lambda n: {"distribution_permission": None},
    lambda n: {"submit": None},
    lambda n: {"source": " Legacy ", "external_ref": "1"},
]


async def set_up(superuser: Any, world: World, chosen: random.Random, known: list[str]) -> Any:
    """A marketplace as it may be set, leads that came in before, and the import: who, and what."""
    await superuser.execute(
        "update app.marketplace set auto_accept = $2, auto_offer = $3, duplicate_days = $4,"
        " price_cents = $5, currency = 'EUR' where id = $1",
        *(world.nord_id, chosen.random() < 0.7, chosen.random() < 0.6),
        *(chosen.choice([None, 30]), chosen.choice([None, 4900])),
    )
    if chosen.random() < 0.5:
        waves = [{"order": "round_robin", "response_minutes": 60, "working_time": False, "size": 1}]
        await superuser.execute(
            "insert into app.wave_plan (marketplace_id, operator_company_id, waves, on_cap,"
            " recycle, seed) values ($1, $2, $3, 'skip', 'never', gen_random_uuid())",
            *(world.nord_id, world.nord.id, waves),
        )
    who = chosen.choice([world.gerd, world.olga])
    made = {"marketplace_id": str(world.nord_id), "id": str(UUID(int=7)), "done": 0,
            "company_id": str(who.company.id), "dry_run": chosen.random() < 0.25}  # fmt: skip
    caller = await superuser.fetchval(
        "select to_jsonb(row(co.id, co.name, co.delegator_role, c.id, c.name, c.email, c.role,"
        " coalesce(c.language, co.language), null)::app.caller) from app.colleague c"
        " join app.company co on co.id = c.company_id where c.id = $1",
        who.id,
    )
    before = [
        {"row_number": n, "lead": {
            "interest": "Fenster", "tags": [], "distribution_permission": True,
            "submit": n % 2 == 0, "source": "messe", "external_ref": ref,
            "prospect": {"name": f"Petra Muster{n}", "phone": f"+49 30 23 456 {n:03}",
                         "postcode": "10115"}}}
        for n, ref in enumerate(known)
    ]  # fmt: skip
    await superuser.fetch(ONE_BY_ONE, made | {"dry_run": False}, caller, before)
    return made, caller


async def good_rows(superuser: Any, world: World) -> Any:
    """A chunk of which the database takes every row."""
    made = {"marketplace_id": str(world.nord_id), "id": str(UUID(int=7)), "dry_run": False,
            "company_id": str(world.nord.id)}  # fmt: skip
    caller = {"company_id": str(world.nord.id), "company_name": "Firma Nord"}
    lead = {"interest": "Dach", "tags": [], "distribution_permission": True, "submit": True,
            "prospect": {"name": "Wer", "phone": "+49 30 1234567"}, "source": "messe"}  # fmt: skip
    return made, caller, [
        {"row_number": n, "lead": lead | {"external_ref": f"good-{n}"}} for n in range(50)
    ]  # fmt: skip


async def outcome(superuser: Any, how: str, values: Any) -> Any:
    """What rows of all tables come of it, with leads named by their row; and the order in which
    each lead's steps are told. Takes it back."""
    before = await snapshot(superuser)
    found: Any = None
    try:
        async with superuser.transaction():
            rows = [found["row"] for found in await superuser.fetch(how, *values)]
            after = await snapshot(superuser)
            told: dict[str, list[str]] = defaultdict(list)
            for table, word in (("history", "event"), ("event", "kind")):
                for step in await superuser.fetch(
                    f"select lead_id, {word} as word from app.{table} order by id"
                ):
                    told[f"{table} {step['lead_id']}"].append(step["word"])
            names = {str(row["lead_id"]): f"lead of row {row['row_number']}" for row in rows}
            old = set(UUIDS.findall("\n".join(before)))

            def named(text: str) -> str:
                return UUIDS.sub(
                    lambda m: m[0] if m[0] in old else names.get(m[0], "a new id"), text
                )

            gone, come = before - after, after - before
            found = (
                [named(str(row)) for row in rows],
                Counter(named(text) for text in come.elements()),
                Counter(named(text) for text in gone.elements()),
                {named(key): steps for key, steps in told.items()},
            )
            raise Taken
    except Taken:
        return found
    except asyncpg.PostgresError as error:
        return error.sqlstate


@pytest.mark.parametrize("seed", range(RUNS))
async def test_it_is_the_same(world_database: Urls, world: World, seed: int) -> None:
    chosen = random.Random(seed)
    known = [f"known-{n}" for n in range(4)]
    async with connected(world_database.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        try:
            made, caller = await set_up(superuser, world, chosen, known)
            for _ in range(3):
                values = (made, caller, some_rows(chosen, known))
                one_by_one = await outcome(superuser, ONE_BY_ONE, values)
                together = await outcome(superuser, TOGETHER, values)
                assert together == one_by_one
        finally:
            await transaction.rollback()


async def test_fifty_rows_are_a_few_statements(world_database: Urls, world: World) -> None:
    """A lead is written once, as what its steps make of it; one bad row sends all of them the other
    way, on which it is refused alone."""
    async with connected(world_database.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        made, caller, rows = await good_rows(superuser, world)
        await superuser.execute("update app.marketplace set auto_accept = true")
        written = (
            "select relname, n_tup_ins, n_tup_upd from pg_stat_xact_user_tables"
            " where relname in ('lead', 'prospect', 'history') and schemaname = 'app' order by 1"
        )
        before = await superuser.fetch(written)
        found = [r["row"]["outcome"] for r in await superuser.fetch(TOGETHER, made, caller, rows)]
        after = await superuser.fetch(written)
        assert found == ["imported"] * 50
        counts = [(a[0], a[1] - b[1], a[2] - b[2]) for a, b in zip(after, before, strict=True)]
        assert counts == [("history", 150, 0), ("lead", 50, 0), ("prospect", 50, 0)]
        body = await superuser.fetchval(
            "select pg_get_functiondef('app_private.import_row'::regproc)"
        )
        await superuser.execute(
            body.replace("\nbegin\n", "\nbegin\n  perform 1 from nowhere;\n", 1)
        )
        rows = [
            row | {"lead": row["lead"] | {"external_ref": f"x{row['row_number']}"}} for row in rows
        ]
        await superuser.fetch(TOGETHER, made, caller, rows)
        rows[7]["lead"]["interest"] = ""
        with pytest.raises(asyncpg.UndefinedTableError):  # the control: one by one
            await superuser.fetch(TOGETHER, made, caller, rows)
        await transaction.rollback()
