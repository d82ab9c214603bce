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

from tests.locks import order, source
from tests.locks.acts import ACTS, Act
from tests.locks.conftest import Ring

ALL = os.environ.get("KOLLEGIUM_PAIRS") == "all"
QUICK = ("Cora picks", "Anna declines", "Cora re-opens", "Klein leaves")
MERGING = ("Klein joins Huber", "they part again")
# Entries that lock leads and are no line of the table -> where they meet others.
ELSEWHERE = {
    "app.attempt_pick": "app.pick_lead, with its refusals as answers",
    "app.continue_import": "app.create_lead, row by row",
    "app.work_on_import": "app.create_lead, row by row",
    "app.continue_consent": "app.submit_lead, draft by draft",
    "app.work_on_consent": "app.submit_lead, draft by draft",
    "app.change_me": "app.change_colleague, of oneself",
    "app.rehearse_merge": "app.run_merge, taken back",
    "app.work_on_merges": "app.run_merge and app.rehearse_merge",
    "app.print_names": "app.change_company, for the rest of the leads",
    "app.split_colleague": "tests/merging/test_split.py",
}


def _starts(name: str, partner: str) -> tuple[str, ...]:
    """From which states two acts are tried."""
    one, other = ACTS[name], ACTS[partner]
    if ALL:
        return one.starts
    common = tuple(start for start in one.starts if start in other.starts)
    return common[:1] if {name, partner} & {*QUICK, *MERGING} else ()


async def _wrong(ring: Ring, start: str, one: Act, other: Act) -> list[object]:
    """Places at which something came out that no order explains, twice: on a machine that is busy
    otherwise a session's time limit can end a wait, and the stops are the same each time."""
    allowed = await ring.serials(start, [one, other])
    for _ in range(2):
        met = await ring.interleaved(start, one, other)
        wrong = [(start, place, seen, allowed) for place, seen in met if seen not in allowed]
        if not wrong:
            break
    return list(wrong)


async def test_every_function_about_a_lead_is_in_the_table(ring: Ring) -> None:
    """Those of the former system meet their like in tests/legacy."""
    found = await source.functions(ring.stage.superuser)
    about = {f.name for f in found.values() if f.entry and "app.lead" in order.taken(f.name, found)}
    table = {name for act in ACTS.values() for name in source.called(act.sql)}
    missing = {name for name in about - table if not name.startswith("app.legacy_")}
    assert missing == set(ELSEWHERE)


@pytest.mark.parametrize("name", ACTS)
async def test_pairs(ring: Ring, name: str) -> None:
    for partner, other in ACTS.items():
        for start in _starts(name, partner):
            assert await _wrong(ring, start, ACTS[name], other) == [], partner
