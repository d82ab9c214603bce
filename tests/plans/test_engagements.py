"""What a company works or worked is put together of its states, each by the index: what is read is
counted, where there are many and where there are few."""

from typing import Any

import pytest

from service.domain.engagements import queries
from service.domain.engagements.messages import EngagementFilter
from tests.plans.test_filters import acting

# A page and one more of each of the six states.
PAGE = 300


@pytest.mark.parametrize("state", [None, "active"])
async def test_a_page_of_engagements_costs_a_page(filled: Any, state: Any) -> None:
    async with acting(filled, "taker") as tx:
        page = await queries.own(tx, EngagementFilter(state, None), None, 20)  # type: ignore[arg-type]
        assert len(page.items) == 20
        assert await tx.read() < PAGE
        after = await queries.own(tx, EngagementFilter(state, None), page.next_cursor, 20)  # type: ignore[arg-type]
        assert after.items != page.items
        assert await tx.read() < 2 * PAGE


async def test_few_engagements_are_found_without_reading_all(filled: Any) -> None:
    """A state in which the company with very many has none, and a company that takes nothing."""
    async with acting(filled, "taker") as tx:
        few = EngagementFilter("return_requested", None)
        assert (await queries.own(tx, few, None, 20)).items == []  # type: ignore[arg-type]
        assert await tx.read() < 20
    async with acting(filled, "giver") as tx:
        none = EngagementFilter(None, None)
        assert (await queries.own(tx, none, None, 20)).items == []  # type: ignore[arg-type]
        assert await tx.read() < 20
