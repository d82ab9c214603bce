"""Every pair of functions that touch one lead, interleaved at each lock.

For each pair and each place at which the first can be stopped, the second runs in between. Whatever
happens must be what happens when one comes after the other: the same answers and the same lead.
So what was answered with success is still there, unless the later one took it by right; and nobody
runs into a deadlock, because everybody takes locks in one order.

KOLLEGIUM_PAIRS=all tries every pair from every state (minutes); else those that share a state and
of which one is among the quick decisions about an offered lead, or about one that comes back; in
the whole size also those of which one merges or splits companies.
"""

import os

import pytest

from tests.fixtures.sizes import GATE
from tests.locks import order, source
from tests.locks.acts import ACTS, Act
from tests.locks.conftest import Ring
from tests.locks.meeting import Refused

ALL = os.environ.get("KOLLEGIUM_PAIRS") == "all"
QUICK = ("Cora picks", "Anna declines", "Cora re-opens", "Klein leaves")
RETURNING = (
    "Olga accepts it back", "Olga refuses it", "silence accepts it", "Olga recycles",
    "it is offered again", "Anna releases that",
)  # fmt: skip
MERGING = ("Klein joins Huber", "they part again", "Ben leaves with it") if GATE else ()
# Who deactivates a colleague changes what all his tokens refer to, and then his leads.
ALWAYS = [{"Ben goes", "Ben calls"}]
# Entries that lock leads and are no line of the table -> where they meet others.
ELSEWHERE = {
    "app.attempt_pick": "app.pick_lead, with its refusals as answers",
    "app.continue_import": "app.create_lead, some rows at a time",
    "app.work_on_import": "app.create_lead, some rows at a time",
    "app.take_in": "app.create_lead, of who holds a key of a form",
    "app.take_meta_lead": "app.create_lead, of what a worker fetched by such a key",
    "app.continue_consent": "app.submit_lead, draft by draft",
    "app.work_on_consent": "app.submit_lead, draft by draft",
    "app.remind_of_returns": "app.accept_silent_returns, which locks the lead alike",
    "app.call_last": "app.end_waves, which locks the lead alike and changes more of it",
    "app.hand_back": "app.change_engagement, of leads that nobody holds",
    "app.add_file": "app.add_note, which holds the lead alike",
    "app.remove_file": "app.add_note, which holds the lead alike",
    "app.rate_lead": "app.add_note, which holds the lead alike",
    "app.hand_over": "app.change_engagement, lead by lead",
    "app.add_follow_up": "app.add_note, which holds the lead alike",
    "app.log_call": "app.claim_call, of the same rows",
    "app.release_call": "app.claim_call, of the same rows",
    "app.change_me": "app.change_colleague, of oneself",
    "app.rehearse_merge": "app.run_merge, taken back",
    "app.work_on_merges": "app.run_merge and app.rehearse_merge",
    "app.print_names": "app.change_company, for the rest of the leads",
}


def _starts(name: str, partner: str) -> tuple[str, ...]:
    """From which states two acts are tried."""
    one, other = ACTS[name], ACTS[partner]
    if ALL:
        return one.starts
    if {name, partner} in ALWAYS:
        return ("Ben works",)
    common = tuple(start for start in one.starts if start in other.starts)
    return common[:1] if {name, partner} & {*QUICK, *RETURNING, *MERGING} else ()


async def _wrong(ring: Ring, start: str, one: Act, other: Act) -> list[str]:
    """What came out that no order explains, and where."""
    allowed = await ring.serials(start, [one, other])
    if other.passes_over:  # what somebody holds is left for the next round
        answer, *rest = await ring.serial(start, [one], [0])
        allowed.append((answer, "true", *rest))
    return [
        f"from {start}, stopped at {place}:\n{seen}\nwhere one of these was to come:\n"
        + "\n".join(map(str, allowed))
        for place, seen in await ring.interleaved(start, one, other)
        if seen not in allowed
    ]


async def test_every_function_about_a_lead_is_in_the_table(ring: Ring) -> None:
    """Those of the former system meet their like in tests/legacy."""
    found = await source.functions(ring.stage.superuser)
    about = {f.name for f in found.values() if f.entry and "app.lead" in order.taken(f.name, found)}
    table = {name for act in ACTS.values() for name in source.called(act.sql)}
    missing = {name for name in about - table if not name.startswith("app.legacy_")}
    assert missing == set(ELSEWHERE)


async def test_everybody_succeeds_where_the_table_says(ring: Ring) -> None:
    """Or pairs would show how two are refused."""
    refused = []
    for name, act in ACTS.items():
        for start in act.starts:
            answer = (await ring.serial(start, [act], [0]))[0]
            if isinstance(answer, Refused):
                refused.append(f"{name}, {start}: {answer}")
    assert refused == ["Cora picks, overdue: lead-no-longer-available"]  # beside "time passes"


@pytest.mark.parametrize("name", ACTS)
async def test_pairs(ring: Ring, name: str) -> None:
    for partner, other in ACTS.items():
        for start in _starts(name, partner):
            wrong = await _wrong(ring, start, ACTS[name], other)
            assert not wrong, f"{name} beside {partner} " + "\n".join(wrong)
