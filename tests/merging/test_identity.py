"""merge, then undo: everything that existed is what it was, byte for byte, in random worlds."""

from tests.merging.conftest import Place, RandomPlace
from tests.merging.random_world import RandomWorld
from tests.merging.stage import fingerprint, former_names, mark, owned

# What the worlds must have contained between them, or the property would say little.
WANTED = {"app.offer collapsed", "app.participation collapsed", "app.participation changed",
          "app.offer changed", "app.lead changed", "app.lead moved", "app.note moved",
          "app_private.idempotent_answer collapsed"}  # fmt: skip


async def _kinds(place: Place) -> set[str]:
    rows = await place.superuser.fetch("select distinct tab, kind from app_private.merge_journal")
    return {f"{row['tab']} {row['kind']}" for row in rows}


async def _both_orders(place: Place, world: RandomWorld) -> set[str]:
    one, other = world.pair()
    seen: set[str] = set()
    for survivor, absorbed in ((one, other), (other, one)):
        before, until = await fingerprint(place.superuser), await mark(place.superuser)
        merge = await place.merging.merge(survivor, absorbed)
        assert await owned(place.superuser, absorbed.id) == []
        assert await former_names(place.superuser) == []
        seen |= await _kinds(place)
        await place.merging.undo(merge)
        assert await fingerprint(place.superuser, until) == before
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


async def test_undo_restores_every_row(random_place: RandomPlace, seeds: list[int]) -> None:
    seen: set[str] = set()
    for seed in seeds:
        print(f"world {seed}")
        async with random_place(seed) as (place, world):
            seen |= await _both_orders(place, world)
            seen |= await _chain(place, world)
    assert not WANTED - seen, f"the worlds lack {WANTED - seen}"
