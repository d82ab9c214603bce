"""merge, then undo: everything that existed is what it was, byte for byte, in random worlds; and a
split divides what there was."""

import os
from uuid import UUID

from tests.fixtures.database import as_bearer
from tests.merging.conftest import Place, RandomPlace
from tests.merging.random_world import RandomWorld
from tests.merging.stage import fingerprint, former_names, mark, owned

# What the worlds must have contained between them, or the property would say little.
WANTED = {"app.offer collapsed", "app.participation collapsed", "app.participation changed",
          "app.offer changed", "app.lead changed", "app.lead moved", "app.note moved",
          "app_private.idempotent_answer collapsed", "app.company_absence collapsed",
          "app.engagement_card moved", "split"}  # fmt: skip
READ = ("lead", "engagement", "engagement_card", "message", "history", "note")

SEEN = " union all ".join(f"select '{table} ' || id from app.{table}" for table in READ)


async def _kinds(place: Place) -> set[str]:
    rows = await place.superuser.fetch("select distinct tab, kind from app_private.merge_journal")
    return {f"{row['tab']} {row['kind']}" for row in rows}


async def _seen(place: Place, world: RandomWorld) -> dict[str, set[str]]:
    """Which rows the admin of each company is shown; the company's name -> table and id."""
    found = {}
    for company in world.companies:
        async with as_bearer(place.api, company.admin.token):
            found[company.name] = {row[0] for row in await place.api.fetch(SEEN)}
    return found


async def _expect_seen(
    place: Place, world: RandomWorld, before: dict[str, set[str]], *merged: str
) -> None:
    """Both sides see what either saw, engagements that are over included; everybody else what he
    saw. What a merge itself makes happen is told in the history."""
    made = {
        f"history {row['id']}"
        for row in await place.superuser.fetch(
            "select id from app_private.merge_journal where tab = 'app.history'"
            " and kind = 'created'"
        )
    }
    both = before[merged[0]] | before[merged[1]]
    for name, seen in (await _seen(place, world)).items():
        assert seen - made == (both if name in merged else before[name]), name


async def _both_orders(place: Place, world: RandomWorld) -> set[str]:
    one, other = world.pair()
    seen: set[str] = set()
    for survivor, absorbed in ((one, other), (other, one)):
        before, until = await fingerprint(place.superuser), await mark(place.superuser)
        shown = await _seen(place, world)
        merge = await place.merging.merge(survivor, absorbed)
        assert await owned(place.superuser, absorbed.id) == []
        assert await former_names(place.superuser) == []
        await _expect_seen(place, world, shown, survivor.name, absorbed.name)
        seen |= await _kinds(place)
        await place.merging.undo(merge)
        assert await fingerprint(place.superuser, until) == before
        assert await _seen(place, world) == shown
    return seen


async def _chain(place: Place, world: RandomWorld) -> set[str]:
    """Three companies become two, then one; undone from the end."""
    first, second, third = world.random.sample(world.companies, 3)
    befores, merges = [], []
    until = await mark(place.superuser)
    for survivor, absorbed in ((first, second), (third, first)):
        befores.append(await fingerprint(place.superuser, until))
        merges.append(await place.merging.merge(survivor, absorbed))
        assert await owned(place.superuser, absorbed.id) == []
        assert await former_names(place.superuser) == []
    seen = await _kinds(place)
    for merge, before in zip(reversed(merges), reversed(befores), strict=True):
        await place.merging.undo(merge)
        assert await fingerprint(place.superuser, until) == before
    return seen


SPLITTABLE = """select marketplace_id, id from app.lead where operator_company_id <> $1
  and $1 in (giver_company_id, engaged_company_id) order by id"""
OF_LEADS = " union all ".join(
    f"select '{table} ' || id as row from app.{table}"
    f" where {'id' if table == 'lead' else 'lead_id'} = any ($1)"
    for table in READ
)


async def _split(place: Place, world: RandomWorld) -> set[str]:
    """A colleague leaves with some leads. Between them the new company and the old one see what the
    old one saw, the old one nothing of what went; everybody else sees what he saw. Joined again,
    they are what they were."""
    leaving = {one.name: list(one.colleagues.values())[1] for one in world.companies
               if len(one.colleagues) > 1}  # fmt: skip
    kinds: set[str] = set()
    for company in [one for one in world.companies if one.name in leaving][:1]:
        rows = await place.superuser.fetch(SPLITTABLE, company.id)
        chosen = world.random.sample(rows, (len(rows) + 1) // 2)
        leads = [row["id"] for row in chosen]
        shown = await _seen(place, world)
        went = {row[0] for row in await place.superuser.fetch(OF_LEADS, leads)}
        done = await place.staff.fetchval(
            "select app.split_colleague($1, $2, $3, $4, 'Brief')",
            *(leaving[company.name].email, f"{company.name} zwei"),
            *([row["marketplace_id"] for row in chosen], leads),
        )
        assert await former_names(place.superuser) == []
        after = await _seen(place, world)
        async with as_bearer(place.api, leaving[company.name].token):
            new = {row[0] for row in await place.api.fetch(SEEN)}
        made = after[company.name] | new
        # Who left and handled something handed it back: that is told in the history.
        assert {row for row in made - shown[company.name] if "history" not in row} == set()
        assert shown[company.name] <= made
        assert not after[company.name] & went
        assert new <= went | (made - shown[company.name])
        for other in world.companies:
            if other is not company:
                gained = after[other.name] - shown[other.name]
                assert {row for row in gained if "history" not in row} == set(), other.name
                assert shown[other.name] <= after[other.name], other.name
        kinds |= {"split"} if leads else set()
        await place.merging.merge(company, UUID(done["company_id"]))
        joined = await _seen(place, world)
        assert joined[company.name] == made, company.name
    return kinds


async def test_undo_restores_every_row(random_place: RandomPlace, seeds: list[int]) -> None:
    seen: set[str] = set()
    for seed in seeds:
        print(f"world {seed}")
        async with random_place(seed) as (place, world):
            seen |= await _both_orders(place, world)
            seen |= await _chain(place, world)
            seen |= await _split(place, world)
    if "KOLLEGIUM_SEED" not in os.environ:  # others may lack something
        assert not WANTED - seen, f"the worlds lack {WANTED - seen}"
