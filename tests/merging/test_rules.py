"""Every column that names a company has a rule for merging and for undoing, and each is needed."""

import re
from typing import Any

import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark, owned

# A column names a company by its name or its foreign key; parties are lists of companies.
NAMING = """
    select n.nspname || '.' || c.relname as tab, a.attname as col
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('app', 'app_private') and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
      and (a.attname ~ 'company_ids?$' or a.attname ~ '(^|_)parties$'
        or (n.nspname || '.' || c.relname, a.attname) = ('app.company', 'id')
        or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
          and k.confrelid = 'app.company'::regclass and a.attnum = any (k.conkey)))
"""
RULES = {"move", "follow", "choose", "unite", "generated", "cascade", "keep", "tenant"}
MADE = {
    "generated": "select attrelid::regclass::text as tab, attname as col from pg_attribute "
    "where attgenerated = 's'",
    "cascade": "select k.conrelid::regclass::text as tab, a.attname as col from pg_constraint k "
    "join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey) "
    "where k.contype = 'f' and k.confupdtype = 'c'",
}


async def _findings(superuser: Any) -> list[str]:
    rows = await superuser.fetch(NAMING)
    named = {(row["tab"], row["col"]) for row in rows}
    rules = await superuser.fetch("select * from app_private.merge_rules()")
    ruled = {(row["tab"], row["col"]) for row in rules}
    findings = [f"{tab}.{col}: no merge and undo rule" for tab, col in sorted(named - ruled)]
    findings += [f"{tab}.{col}: a rule for nothing" for tab, col in sorted(ruled - named)]
    findings += [f"{row['tab']}.{row['col']}: {row['rule']}" for row in rules
                 if row["rule"] not in RULES or not row["why"]]  # fmt: skip
    for rule, by_itself in MADE.items():
        made = {(row["tab"], row["col"]) for row in await superuser.fetch(by_itself)}
        findings += [f"{row['tab']}.{row['col']}: {rule} {(row['tab'], row['col']) in made}"
                     for row in rules
                     if ((row["tab"], row["col"]) in made) != (row["rule"] == rule)]  # fmt: skip
    return findings


async def test_every_column_has_a_rule(place: Place) -> None:
    assert await _findings(place.superuser) == []
    assert len(await place.superuser.fetch(NAMING)) > 35


FORGOTTEN = {
    "create table app.visit (id uuid, company_id uuid)": "app.visit.company_id: no merge",
    "create table app_private.log (of_whom uuid references app.company)":
        "app_private.log.of_whom: no merge",
    "create table app.poll (id uuid, parties uuid[] not null)": "app.poll.parties: no merge",
    "alter table app.note rename column company_id to whose": "app.note.company_id: a rule",
}  # fmt: skip


async def test_a_forgotten_one_is_noticed(place: Place) -> None:
    for change, finding in FORGOTTEN.items():
        transaction = place.superuser.transaction()
        await transaction.start()
        await place.superuser.execute(change)
        findings = await _findings(place.superuser)
        assert any(line.startswith(finding) for line in findings), change
        await transaction.rollback()


async def _without(superuser: Any, tab: str, col: str) -> None:
    changed = 0
    for function in ("merge_rules", "legacy_merge_rules"):
        source = await superuser.fetchval(
            f"select pg_get_functiondef('app_private.{function}()'::regprocedure)"
        )
        kept, found = re.subn(rf"^ *\(\d+, '{tab}', '{col}'.*\n", "", source, flags=re.M)
        changed += found
        last = r",(\n(?:\$function\$|  union))"  # where the line was the last one
        await superuser.execute(re.sub(last, r"\1", kept))
    assert changed == 1


async def test_each_rule_would_be_missed(place: Place) -> None:
    """The negative control of the catalogue test, for every line of the rules."""
    rules = await place.superuser.fetch("select tab, col from app_private.merge_rules()")
    assert len(rules) > 35
    for tab, col in rules:
        transaction = place.superuser.transaction()
        await transaction.start()
        await _without(place.superuser, tab, col)
        assert await _findings(place.superuser) == [f"{tab}.{col}: no merge and undo rule"]
        await transaction.rollback()


@pytest.mark.parametrize(
    ("tab", "col"),
    [("app.note", "company_id"), ("app.lead_import", "company_id"),
     ("app.disclosure", "company_id")],
)  # fmt: skip
async def test_each_rule_is_needed(place: Place, world: World, tab: str, col: str) -> None:
    """The negative control of `owned`: without its line, rows of the table stay behind."""
    await place.builder(world).call(
        world.huber, "id from app.add_message($1, $2, 'Guten Tag')", *_engaged(world)
    )
    await place.superuser.execute(
        """insert into app.lead_import (marketplace_id, id, company_id, file_name, format, encoding,
             state, rows)
           values ($1, gen_random_uuid(), $2, 'h.csv', 'german', 'utf-8', 'waiting', 1)""",
        *(world.nord_id, world.huber.id),
    )
    await _without(place.superuser, tab, col)
    await place.merging.merge(world.klein, world.huber)
    left = {line.split(":")[0] for line in await owned(place.superuser, world.huber.id)}
    generated = {f"{tab}.parties"} if tab == "app.disclosure" else set()
    assert left == {f"{tab}.{col}"} | generated


def _engaged(world: World) -> tuple[Any, Any]:
    return world.nord_id, world.leads["engaged"]


async def test_undo_needs_the_journal(place: Place, world: World) -> None:
    """The negative control of the identity: a journal that lost a line does not restore."""
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    merge = await place.merging.merge(world.klein, world.huber)
    await place.superuser.execute(
        "delete from app_private.merge_journal where tab = 'app.note' and kind = 'moved'"
    )
    await place.merging.undo(merge)
    after = await fingerprint(place.superuser, until)
    assert {table for table in before if before[table] != after[table]} == {"app.note"}
