"""Ending participations: what was found while the wall was proved stays found."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase, connected
from tests.fixtures.world import Builder, Company

INVITE = "app.invite_partner($1, $2, $3, $4, '{}', '{}', null)"


class Scene:
    """Marktplatz Nord and Firma Neu, which nobody has invited yet."""

    def __init__(self, builder: Builder, operator: Company, new: Company, marketplace: Any) -> None:
        self.b, self.operator, self.new, self.marketplace = builder, operator, new, marketplace

    async def cards(self) -> list[tuple[str, list[str]]]:
        """State and capacities on Firma Neu's card."""
        rows = await self.b.superuser.fetch("select state, capacities from app.participation")
        return [(row["state"], row["capacities"]) for row in rows]

    async def open_invitations(self) -> int:
        """Invitations that wait."""
        return int(
            await self.b.superuser.fetchval(
                "select count(*) from app.partner_invitation where state = 'open'"
            )
        )


@pytest_asyncio.fixture
async def scene(new_database: NewDatabase) -> AsyncIterator[Scene]:
    """A small world of its own."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(new_database())
        names = (urls.api, urls.staff, urls.worker, urls.superuser)
        builder = Builder(*[await stack.enter_async_context(connected(url)) for url in names])
        operator, new = await builder.company("Nord", "Olga"), await builder.company("Neu", "Nina")
        yield Scene(builder, operator, new, await builder.marketplace(operator, "Marktplatz Nord"))


async def test_both_open_invitations_of_a_company_end_together(scene: Scene) -> None:
    """Invited as giver and as taker, then withdrawn by the company's id: two rows, one answer."""
    for capacity in ("giver", "taker"):
        await scene.b.call(scene.operator, INVITE, scene.marketplace, scene.new.id, None, capacity)
    assert await scene.open_invitations() == 2
    assert await scene.cards() == [("invited", ["giver", "taker"])]
    await scene.b.call(
        scene.operator, "app.end_participation($1, $2)", scene.marketplace, scene.new.id
    )
    assert await scene.open_invitations() == 0
    assert await scene.cards() == []


@pytest.mark.parametrize("address", ["nina@neu.example", "niemand@nirgends.example"])
async def test_an_invited_address_is_withdrawn_alike_known_or_not(
    scene: Scene, address: str
) -> None:
    """The operator cannot tell from the answer whether somebody has the address."""
    invitation = await scene.b.call(
        scene.operator, INVITE, scene.marketplace, None, address, "taker"
    )
    assert len(await scene.cards()) == (1 if address == scene.new.admin.email else 0)
    await scene.b.call(
        scene.operator, "app.end_participation($1, $2)", scene.marketplace, invitation
    )
    assert await scene.open_invitations() == 0
    assert await scene.cards() == []
    with pytest.raises(asyncpg.PostgresError) as error:
        await scene.b.call(
            scene.operator, "app.end_participation($1, $2)", scene.marketplace, invitation
        )
    assert error.value.sqlstate == "KG404"
