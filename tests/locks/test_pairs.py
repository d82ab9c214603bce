"""Every pair of functions that touch one lead, interleaved at each lock.

For each pair and each place at which the first can be stopped, the second runs in between. Whatever
happens must be what happens when one comes after the other: the same answers and the same lead.
So what was answered with success is still there, unless the later one took it by right; and nobody
runs into a deadlock, because everybody takes locks in one order.

KOLLEGIUM_PAIRS=all tries every pair from every state (minutes); else those that share a state and
of which one is among the quick decisions about an offered lead.
"""

import os

import pytest

from tests.locks.acts import ACTS, Act
from tests.locks.conftest import Ring

ALL = os.environ.get("KOLLEGIUM_PAIRS") == "all"
QUICK = ("Cora picks", "Anna declines", "Cora re-opens", "Klein leaves", "time passes", "Ben picks")


def _starts(name: str, partner: str) -> tuple[str, ...]:
    """From which states two acts are tried."""
    one, other = ACTS[name], ACTS[partner]
    if ALL:
        return one.starts
    common = tuple(start for start in one.starts if start in other.starts)
    return common[:1] if name in QUICK or partner in QUICK else ()


async def _wrong(ring: Ring, start: str, one: Act, other: Act) -> list[object]:
    """Places at which something came out that no order explains."""
    allowed = await ring.serials(start, [one, other])
    met = await ring.interleaved(start, one, other)
    return [(start, place, seen, allowed) for place, seen in met if seen not in allowed]


@pytest.mark.parametrize("name", ACTS)
async def test_pairs(ring: Ring, name: str) -> None:
    for partner, other in ACTS.items():
        for start in _starts(name, partner):
            assert await _wrong(ring, start, ACTS[name], other) == [], partner
