"""What becomes of leads when two companies become one, and when that is undone: docs/merging.md
once more, without a database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.cycle.town import Who
from tests.policies.oracle import OPERATOR, Lead, Market, Offer

RANK = ("picked", "open", "declined", "expired", "withdrawn", "lost")


@dataclass
class Merge:
    """What it moved and took away, so that it can be undone."""

    survivor: str
    absorbed: str
    capacities: tuple[set[str], set[str]]
    picked: set[int]
    people: list[Who] = field(default_factory=list)
    moved: list[tuple[Any, str]] = field(default_factory=list)
    collapsed: list[tuple[Lead, Offer]] = field(default_factory=list)
    withdrawn: list[tuple[Lead, Offer]] = field(default_factory=list)
    given_up: list[tuple[Lead, Any]] = field(default_factory=list)
    claims: list[tuple[Any, dict[str, tuple[str, int]]]] = field(default_factory=list)


def join(market: Market, papers: Iterable[Any], survivor: str, absorbed: str) -> Merge:
    """The survivor has what either had."""
    merge = Merge(survivor, absorbed, (set(market.givers), set(market.takers)), set())
    both = {survivor, absorbed}
    papers = list(papers)
    merge.picked = {id(o) for p in papers for o in p.lead.offers if o.state == "picked"}
    for paper in papers:
        _offers(merge, paper.lead, both)
        _move(merge, paper)
    for capacity in (market.givers, market.takers):
        if absorbed in capacity:
            capacity.remove(absorbed)
            capacity.add(survivor)
    market.absorbed[absorbed] = survivor
    return merge


def _offers(merge: Merge, lead: Lead, both: set[str]) -> None:
    """Of two offers of one run the better one stays; its own lead nobody is offered."""
    lost = False
    for run in range(1, lead.run + 1):
        pair = [o for o in lead.offers if o.run == run and o.company in both]
        if len(pair) < 2:
            continue
        pair.sort(key=lambda o: (RANK.index(o.state), o.company == merge.absorbed))
        merge.collapsed.append((lead, pair[1]))
        lead.offers = [o for o in lead.offers if o is not pair[1]]
        lost = lost or pair[1].state == "open"
    for offer in lead.open:
        if offer.company in both and (lead.giver in both or OPERATOR in both):
            lead.answer(offer, "withdrawn")
            merge.withdrawn.append((lead, offer))
            lost = True
    if lost and lead.run_open:
        before = len(lead.said.history)
        lead.end_wave(goes_on=False)
        if not lead.run_open:
            merge.given_up.append((lead, lead.said.history[before]))


def _move(merge: Merge, paper: Any) -> None:
    lead = paper.lead
    said = [lead.before, *(work.said for work in lead.works)]
    lines = [line for one in said for line in (*one.messages, *one.history)]
    rows = (*lead.works, *lead.offers, *lines, *paper.notes, *paper.calls, *paper.follow_ups)
    for row in rows:
        if row.company == merge.absorbed:
            row.company = merge.survivor
            merge.moved.append((row, "company"))
    if lead.giver == merge.absorbed:
        lead.giver = merge.survivor
        merge.moved.append((lead, "giver"))
    claims = paper.claims
    merge.claims.append((paper, dict(claims)))
    if theirs := claims.pop(merge.absorbed, None):
        mine = claims.get(merge.survivor)
        claims[merge.survivor] = theirs if mine is None or theirs[1] > mine[1] else mine


def part(market: Market, papers: dict[str, Any], merge: Merge, touched: set[str]) -> None:
    """What was moved goes back; what was made since stays."""
    del market.absorbed[merge.absorbed]
    market.givers, market.takers = merge.capacities
    _give_up_no_more(papers, merge, touched)
    _move_back(papers, merge)
    for lead, offer in merge.withdrawn:
        if lead.run_open and lead.run == offer.run and offer.state == "withdrawn":
            offer.state, offer.answered, offer.name = "open", None, None
    for lead, offer in merge.collapsed:
        if offer.state == "open" and not (lead.run_open and lead.run == offer.run):
            lead.answer(offer, "lost")
        lead.offers = sorted([*lead.offers, offer], key=lambda o: (o.run, o.wave))
    for paper, before in merge.claims:
        _claims_back(paper, before, merge)


def _give_up_no_more(papers: dict[str, Any], merge: Merge, touched: set[str]) -> None:
    """Waves that the merge ended, where nothing happened to the lead since."""
    names = {id(paper.lead): name for name, paper in papers.items()}
    for lead, line in merge.given_up:
        for said in (lead.before, *(work.said for work in lead.works)):
            said.history = [one for one in said.history if one is not line]
        if names[id(lead)] not in touched:
            lead.run_open, lead.state = True, "offered"


def _move_back(papers: dict[str, Any], merge: Merge) -> None:
    """An offer that was picked since is the survivor's, unless the engagement goes back, too."""
    works = {id(row) for row, _ in merge.moved}
    leads = {id(o): paper.lead for paper in papers.values() for o in paper.lead.offers}
    for row, column in merge.moved:
        if isinstance(row, Offer) and row.state == "picked" and id(row) not in merge.picked:
            work = leads[id(row)].current
            if not work or id(work) not in works:
                continue
        if getattr(row, column) == merge.survivor:
            setattr(row, column, merge.absorbed)


def _claims_back(paper: Any, before: dict[str, tuple[str, int]], merge: Merge) -> None:
    """The absorbed company's goes back; of two the one that was taken away, too."""
    mine, theirs = before.get(merge.survivor), before.get(merge.absorbed)
    if theirs is None:
        return
    if paper.claims.get(merge.survivor) == theirs:
        del paper.claims[merge.survivor]
        paper.claims[merge.absorbed] = theirs
        if mine:
            paper.claims.setdefault(merge.survivor, mine)
    elif mine and mine[1] >= theirs[1]:
        paper.claims.setdefault(merge.absorbed, theirs)
