"""Every pair of functions that touch one lead, interleaved at each lock.

For each pair and each place at which the first can be stopped, the second runs in between. Whatever
happens must be what happens when one comes after the other: the same answers and the same lead. So
what was answered with success is still there, unless the later one took it by right.
"""

import os

import pytest

from tests.locks.acts import ACTS
from tests.locks.conftest import Ring


@pytest.mark.parametrize("name", ACTS)
async def test_pairs(ring: Ring, name: str) -> None:
    one = ACTS[name]
    only = os.environ.get("KOLLEGIUM_PAIR")
    wrong = []
    for partner, other in ACTS.items():
        if only and partner != only:
            continue
        for start in one.starts:
            allowed = [await ring.serial(start, [one, other], order) for order in ([0, 1], [1, 0])]
            wrong += [
                (partner, start, place, seen, allowed)
                for place, seen in await ring.interleaved(start, one, other)
                if seen not in allowed
            ]
    assert not wrong, wrong
