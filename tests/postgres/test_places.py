"""Places of a pool: each kind of work has some of its own, the rest is for whoever comes first."""

import asyncio
import random

import pytest

from service.database.transaction import shares
from service.database.wire.places import Places, Share

KINDS = ("reads", "writes", "long")


async def taken(places: Places, kind: str) -> bool:
    """Whether a place is to be had at once; it is kept."""
    try:
        await places.take(kind, seconds=0.01)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("size", range(3, 11))
async def test_no_kind_takes_what_another_keeps(size: int) -> None:
    for greedy in KINDS:
        places = Places(size, shares(size))
        had = sum([await taken(places, greedy) for _ in range(size)])
        assert had == shares(size)[greedy].most
        assert [await taken(places, other) for other in KINDS if other != greedy] == [True, True]
    everybody = Places(size, shares(size))
    assert sum([await taken(everybody, k) for k in KINDS for _ in range(size)]) == size


@pytest.mark.parametrize("size", [1, 2])
async def test_so_few_are_for_whoever_comes(size: int) -> None:
    places = Places(size, shares(size))
    assert [await taken(places, "long") for _ in range(size + 1)] == [True] * size + [False]
    assert not await taken(places, "reads")  # the control: nothing is kept here


async def test_what_is_spare_goes_to_whoever_asked_first() -> None:
    places = Places(3, {"a": Share(1, 2), "b": Share(1, 2)})
    for kind in "aab":
        await places.take(kind, seconds=1)
    order: list[str] = []

    async def ask(kind: str, name: str) -> None:
        await places.take(kind, seconds=1)
        order.append(name)

    asking = []
    for kind, name in (("b", "b1"), ("a", "a1"), ("b", "b2")):
        asking.append(asyncio.create_task(ask(kind, name)))
        await asyncio.sleep(0)
    places.give("a")  # the spare one: b asked first
    await asyncio.sleep(0)
    assert order == ["b1"]
    places.give("a")  # what `a` keeps: b may not have it, though b2 waits, too
    await asyncio.sleep(0)
    assert order == ["b1", "a1"]
    places.give("b")
    await asyncio.gather(*asking)
    assert order == ["b1", "a1", "b2"]


async def test_who_gives_up_leaves_no_gap() -> None:
    """Random arrivals, some of which give up or are cancelled: in the end every place is free."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    limits = shares(6)
    places = Places(6, limits)
    inside = dict.fromkeys(KINDS, 0)

    async def visit() -> None:
        kind = chance.choice(KINDS)
        try:
            await places.take(kind, seconds=chance.choice([0.001, 0.01, 1]))
        except TimeoutError:
            return
        inside[kind] += 1
        assert inside[kind] <= limits[kind].most
        assert sum(inside.values()) <= 6
        try:
            await asyncio.sleep(chance.random() / 1000)
        finally:
            inside[kind] -= 1
            places.give(kind)

    visits = [asyncio.create_task(visit()) for _ in range(300)]
    await asyncio.sleep(0.005)
    for task in chance.sample(visits, 60):
        task.cancel()
    results = await asyncio.gather(*visits, return_exceptions=True)
    assert [r for r in results if isinstance(r, AssertionError)] == [], f"seed {seed}"
    free = sum([await taken(places, kind) for kind in KINDS for _ in range(6)])
    assert free == 6, f"seed {seed}"
