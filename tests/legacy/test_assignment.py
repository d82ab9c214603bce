"""Which week: neighbours together, weeks of equal size, nobody twice, and the same in every run."""

import random
from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from service.jobs.rollout.cohorts import Graph, WeekAssignment, assign

WEEKS = ["2026-W41", "2026-W42", "2026-W43"]


def company(number: int) -> UUID:
    return UUID(int=number)


def market(number: int) -> UUID:
    return UUID(int=1_000_000 + number)


def graph(companies: int, *marketplaces: list[int]) -> Graph:
    """Companies 0 to n, and who is on which marketplace."""
    links = [(company(c), market(m)) for m, members in enumerate(marketplaces) for c in members]
    return Graph([company(c) for c in range(companies)], links)


def test_whoever_shares_a_marketplace_gets_the_same_week() -> None:
    # 0-1-2 hang together over two marketplaces, though 0 and 2 share none.
    found = assign(graph(6, [0, 1], [1, 2], [3, 4]), WEEKS, {})
    assert len({found.weeks[company(c)] for c in (0, 1, 2)}) == 1
    assert found.weeks[company(3)] == found.weeks[company(4)]
    assert (found.components, found.largest, found.splits) == (3, 3, [])


def test_weeks_are_of_equal_size_where_components_allow_it() -> None:
    pairs = [[2 * n, 2 * n + 1] for n in range(150)]
    assert assign(graph(300, *pairs), WEEKS, {}).sizes == dict.fromkeys(WEEKS, 100)


def test_a_component_that_is_too_large_is_split_along_its_marketplaces_and_reported() -> None:
    # Nine marketplaces of ten companies in a row, neighbours sharing one company: 82 in all.
    chain = [list(range(9 * n, 9 * n + 10)) for n in range(9)]
    found = assign(graph(82, *chain), WEEKS, {})
    (split,) = found.splits
    assert (split.companies, split.marketplaces) == (82, 9)
    assert split.pieces == found.sizes == dict(sorted(Counter(found.weeks.values()).items()))
    assert max(found.sizes.values()) <= 28
    # A cut at random would go through nearly every marketplace.
    assert split.marketplaces_cut <= 4


def test_one_marketplace_that_is_larger_than_a_week_is_cut() -> None:
    found = assign(graph(90, list(range(90))), WEEKS, {})
    assert found.sizes == dict.fromkeys(WEEKS, 30)
    assert found.splits[0].marketplaces_cut == 1


def test_a_later_import_joins_its_neighbours_and_moves_nobody() -> None:
    small = graph(9, [0, 1], [2, 3], [4, 5])
    before = assign(small, WEEKS, {}).weeks
    after = assign(graph(12, [0, 1, 9], [2, 3], [4, 5, 10]), WEEKS, before)
    assert set(after.weeks) == {company(9), company(10), company(11)}
    assert after.weeks[company(9)] == before[company(0)]
    assert after.weeks[company(10)] == before[company(4)]
    assert assign(small, WEEKS, before) == WeekAssignment({}, after_sizes(before), 0, 0, [])


def after_sizes(weeks: dict[UUID, str]) -> dict[str, int]:
    return dict.fromkeys(WEEKS, 0) | Counter(weeks.values())


def test_a_week_that_is_on_takes_only_its_neighbours() -> None:
    before = {company(0): "2026-W41"}
    found = assign(graph(4, [0, 1]), WEEKS, before, frozenset({"2026-W41"}))
    assert found.weeks[company(1)] == "2026-W41"
    assert "2026-W41" not in {found.weeks[company(c)] for c in (2, 3)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 20))
def test_everybody_gets_one_week_whatever_the_graph(seed: int, size: int, markets: int) -> None:
    rng = random.Random(seed)
    members = [
        [rng.randrange(size) for _ in range(rng.randrange(1, 9))] if size else []
        for _ in range(markets)
    ]
    one = graph(size, *members)
    fixed = {company(c): rng.choice(WEEKS) for c in range(size) if rng.random() < 0.2}
    found = assign(one, WEEKS, fixed)
    assert set(found.weeks) | set(fixed) == set(one.marketplaces)
    assert not set(found.weeks) & set(fixed)
    assert found.sizes == after_sizes({**fixed, **found.weeks})
    assert assign(one, WEEKS, fixed) == found
    if not fixed:
        whole = {len({found.weeks[c] for c in part}) == 1 for part in one.components()
                 if len(part) <= -(-size // 3) and not found.splits}  # fmt: skip
        assert whole <= {True}
