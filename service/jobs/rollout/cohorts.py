"""Which company in which week: the assignment, without a database.

Companies that share a marketplace should get the colleague features in the same week, because they
compare notes: so the unit is the *component*, everybody who is connected over marketplaces. Weeks
get the same number of companies, a tenth more or less; a component that does not fit into that
cannot stay whole: it is split along its marketplaces, the ones that share most
companies staying together, and reported with the number of marketplaces that were cut.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from uuid import UUID

import msgspec


class Split(msgspec.Struct):
    """A component that did not fit into one week. marketplaces_cut: those whose companies got
    several weeks; pieces: companies by week."""

    companies: int
    marketplaces: int
    marketplaces_cut: int
    pieces: dict[str, int]


class WeekAssignment(msgspec.Struct):
    """weeks: the new week of each company that gets one. sizes: companies by week afterwards,
    those who had one before included. components, largest: of the companies to assign."""

    weeks: dict[UUID, str]
    sizes: dict[str, int]
    components: int
    largest: int
    splits: list[Split]


class Graph:
    """Companies and the marketplaces they share."""

    def __init__(self, companies: Iterable[UUID], links: Iterable[tuple[UUID, UUID]]) -> None:
        self.marketplaces: dict[UUID, set[UUID]] = {company: set() for company in companies}
        self.companies: dict[UUID, set[UUID]] = defaultdict(set)
        for company, marketplace in links:
            if company in self.marketplaces:
                self.marketplaces[company].add(marketplace)
                self.companies[marketplace].add(company)

    def components(self) -> list[list[UUID]]:
        """Who is connected with whom; each sorted, the largest first, so that runs agree."""
        left = set(self.marketplaces)
        found = []
        for start in sorted(self.marketplaces):
            if start not in left:
                continue
            left.discard(start)
            component, todo = [], [start]
            while todo:
                company = todo.pop()
                component.append(company)
                for marketplace in self.marketplaces[company]:
                    near = self.companies[marketplace] & left
                    left -= near
                    todo += near
            found.append(sorted(component))
        return sorted(found, key=lambda one: (-len(one), one[0]))

    def clusters(self, component: list[UUID]) -> Iterable[list[UUID]]:
        """The component marketplace by marketplace, each company once: next comes the marketplace
        that shares most companies with those before it, so that neighbours stay together."""
        left = set(component)
        near = Counter[UUID]()
        every = {m for company in component for m in self.marketplaces[company]}
        heap = [(0, -len(self.companies[m]), m) for m in every]
        heapq.heapify(heap)
        done: set[UUID] = set()
        while heap:
            shared, _, marketplace = heapq.heappop(heap)
            if marketplace in done or -shared != near[marketplace]:
                continue
            done.add(marketplace)
            cluster = sorted(self.companies[marketplace] & left)
            left.difference_update(cluster)
            for other in {m for company in cluster for m in self.marketplaces[company]} - done:
                near[other] += sum(other in self.marketplaces[company] for company in cluster)
                heapq.heappush(heap, (-near[other], -len(self.companies[other]), other))
            if cluster:
                yield cluster


def assign(
    graph: Graph, weeks: list[str], fixed: dict[UUID, str], closed: frozenset[str] = frozenset()
) -> WeekAssignment:
    """Gives a week to every company of the graph that is not in `fixed`.

    A component with fixed companies follows them: its others join the week in which most of those
    are, so a later import joins its neighbours. `closed` weeks take nobody beyond that.
    """
    sizes = dict.fromkeys(weeks, 0) | Counter(fixed.values())
    result = WeekAssignment({}, sizes, 0, 0, [])
    open_weeks = [week for week in weeks if week not in closed] or weeks
    share = -(-len(graph.marketplaces) // len(weeks))
    most = share + max(1, share // 10)  # rather a somewhat larger week than a split
    for component in graph.components():
        rest = [company for company in component if company not in fixed]
        if not rest:
            continue
        result.components += 1
        result.largest = max(result.largest, len(component))
        before = Counter(fixed[company] for company in component if company in fixed)
        room = {week: share - sizes[week] for week in open_weeks}
        emptiest = min(open_weeks, key=lambda one: (sizes[one], one))
        if before and len(component) <= most:
            week = min(before, key=lambda one: (-before[one], one))
            chosen = dict.fromkeys(rest, week)
        elif sizes[emptiest] + len(rest) <= most or len(open_weeks) == 1:
            chosen = dict.fromkeys(rest, emptiest)
        else:
            chosen = _split(graph, rest, room)
        result.weeks |= chosen
        for week, count in Counter(chosen.values()).items():
            sizes[week] += count
        _report_split(graph, component, {**fixed, **chosen}, result)
    return result


def _split(graph: Graph, rest: list[UUID], room: dict[str, int]) -> dict[UUID, str]:
    """Fills the weeks one after the other, marketplace by marketplace. A marketplace moves on to
    the next week rather than being cut, unless it is larger than the room there."""
    chosen: dict[UUID, str] = {}
    wanted = set(rest)
    order = sorted(room, key=lambda week: (-room[week], week))
    left = dict(room)
    for cluster in graph.clusters(rest):
        companies = [company for company in cluster if company in wanted]
        fits = [week for week in order if left[week] >= len(companies)]
        # The week in use first, then any other with room for all of it, then piece by piece.
        while companies:
            week = fits[0] if fits else max(order, key=lambda one: (left[one], one))
            count = len(companies) if fits or left[week] <= 0 else left[week]
            chosen |= dict.fromkeys(companies[:count], week)
            left[week] -= len(companies[:count])
            companies = companies[count:]
    return chosen


def _report_split(
    graph: Graph, component: list[UUID], weeks: dict[UUID, str], result: WeekAssignment
) -> None:
    pieces = Counter(weeks[company] for company in component)
    if len(pieces) == 1:
        return
    marketplaces = {m for company in component for m in graph.marketplaces[company]}
    cut = sum(len({weeks[company] for company in graph.companies[m]}) > 1 for m in marketplaces)
    result.splits.append(
        Split(len(component), len(marketplaces), cut, dict(sorted(pieces.items())))
    )
