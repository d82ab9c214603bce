"""Who has no valid token has no company: nothing that kollegium_api can say to the database helps.

All of it is raw SQL on connections of kollegium_api: the web tier is taken for hostile.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from service.identity import sha256
from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.world import ADDRESS, PROOF, Colleague, World

TABLES = (
    "select relname from pg_class"
    " where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')"
)


@pytest_asyncio.fixture
async def api(world_database: Urls) -> AsyncIterator[Any]:
    """A fresh connection of the web tier."""
    async with connected(world_database.api) as connection:
        yield connection


@pytest_asyncio.fixture(scope="module")
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """For controls and for turning the clock."""
    async with connected(world_database.superuser) as connection:
        yield connection


async def session(api: Any, who: Colleague, token: str) -> str:
    """A further session, to be spoilt."""
    row = await api.fetchrow(
        "select * from app.open_session($1, $2, $3, $4, $5)",
        *(who.email, PROOF, sha256(token), ADDRESS, b"\0\0\1"),
    )
    assert row["expires_at"] is not None
    return token


async def visible(api: Any) -> int:
    """Rows of all tables that the connection sees as things are."""
    total = 0
    for table in await api.fetch(TABLES):
        total += await api.fetchval(f"select count(*) from app.{table['relname']}")
    return total


async def refused(api: Any, token: str | None) -> None:
    """The token opens nothing: `enter` raises 28000, and the setting alone shows no row."""
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        async with as_bearer(api, token):
            pass
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await api.fetchval("select app.enter_to_read($1)", token)
    async with api.transaction():
        await api.execute("select set_config('kollegium.token', $1, true)", token or "")
        assert await api.fetchval("select app.current_company_id()") is None
        assert await visible(api) == 0
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            async with api.transaction():
                await api.fetchval(
                    "select app.create_marketplace($1)", {"name": "x", "steps": ["x"]}
                )


async def test_a_valid_token_sees_rows(api: Any, world: World) -> None:
    """The control of everything below."""
    async with as_bearer(api, world.anna.token) as caller:
        assert caller["company_id"] == world.huber.id
        seen = await visible(api)
        assert seen > 20
    async with api.transaction():
        assert await api.fetchval("select app.enter_to_read($1)", world.anna.token)
        assert await visible(api) == seen
    assert await visible(api) == 0


async def test_without_a_token_there_is_no_row(api: Any, superuser: Any) -> None:
    assert await visible(api) == 0
    assert await visible(superuser) > 100


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: None, id="null"),
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: " ", id="blank"),
        pytest.param(lambda token: "garbage \N{SNOWMAN} ' \" \\ $1", id="garbage"),
        pytest.param(lambda token: token[:-1], id="truncated"),
        pytest.param(lambda token: token + "x", id="longer"),
        pytest.param(lambda token: token.upper(), id="upper case"),
        pytest.param(lambda token: sha256(token).hex(), id="its hash"),
        pytest.param(lambda token: "x" * 100_000, id="huge"),
    ],
)
async def test_forged_tokens(api: Any, world: World, spoil: Any) -> None:
    await refused(api, spoil(world.anna.token))


async def test_ids_are_no_tokens(api: Any, world: World) -> None:
    """A plain setting would be: here naming a company, a colleague or a lead opens nothing."""
    for name in (world.huber.id, world.anna.id, world.nord_id, world.anna.email):
        await refused(api, str(name))
    for setting in ("kollegium.company", "kollegium.company_id", "app.company_id", "role.company"):
        await api.execute(f"select set_config('{setting}', $1, false)", str(world.huber.id))
    assert await visible(api) == 0


async def test_expired(api: Any, superuser: Any, world: World) -> None:
    token = await session(api, world.lena, "kgs_context-expired")
    async with as_bearer(api, token):
        assert await visible(api) > 0
    await superuser.execute(
        "update app_private.bearer set expires_at = now() where token_sha256 = $1", sha256(token)
    )
    await refused(api, token)


async def test_logged_out(api: Any, world: World) -> None:
    token = await session(api, world.lena, "kgs_context-logged-out")
    async with as_bearer(api, token):
        await api.execute("select app.close_session()")
    await refused(api, token)


async def test_deactivated_colleague(api: Any, world: World) -> None:
    """Case 3: his sessions end; the company's other colleagues go on."""
    token = await session(api, world.dora, "kgs_context-deactivated")
    async with as_bearer(api, world.anna.token):
        await api.execute(
            "select app.change_colleague($1, null, null, false, null, null)", world.dora.id
        )
    await refused(api, token)
    async with as_bearer(api, world.anna.token):
        await api.execute(
            "select app.change_colleague($1, null, null, true, null, null)", world.dora.id
        )
    await refused(api, token)
    async with as_bearer(api, await session(api, world.dora, "kgs_context-back")):
        assert await visible(api) > 0


async def test_api_key(api: Any, world: World) -> None:
    """Acts for its company as a member until it is revoked, and cannot make admins."""
    key = "kgk_context"
    async with as_bearer(api, world.anna.token):
        key_id = await api.fetchval("select app.create_api_key('Test', $1)", sha256(key))
    async with as_bearer(api, key) as caller:
        assert (caller["company_id"], caller["role"], caller["colleague_id"]) == (
            world.huber.id,
            "member",
            None,
        )
        with pytest.raises(asyncpg.PostgresError) as error:
            await api.execute("select app.invite_colleague('x@x.example', 'admin', 'kgi_x')")
        assert error.value.sqlstate == "KG403"
    async with as_bearer(api, world.anna.token):
        await api.execute("select app.revoke_api_key($1)", key_id)
    await refused(api, key)


async def test_closed_company(api: Any, superuser: Any, world: World) -> None:
    await superuser.execute("update app.company set state = 'closed' where id = $1", world.neu.id)
    await refused(api, world.nina.token)
    await superuser.execute("update app.company set state = 'active' where id = $1", world.neu.id)
    async with as_bearer(api, world.nina.token):
        assert await visible(api) > 0


async def test_context_ends_with_its_transaction(api: Any, world: World) -> None:
    """The next user of a pooled connection finds nothing, after commit, error and rollback."""
    async with as_bearer(api, world.anna.token):
        assert await visible(api) > 0
    assert await visible(api) == 0
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with as_bearer(api, world.anna.token):
            await api.fetchval("select 1 / 0")
    assert await visible(api) == 0
    with pytest.raises(RuntimeError):
        async with as_bearer(api, world.anna.token):
            raise RuntimeError
    assert await visible(api) == 0
    assert await api.fetchval("select current_setting('kollegium.token', true)") == ""
    async with as_bearer(api, world.cora.token) as caller:
        assert caller["company_id"] == world.klein.id


async def test_context_of_a_savepoint_ends_with_it(api: Any, world: World) -> None:
    async with as_bearer(api, world.anna.token):
        inner = api.transaction()
        await inner.start()
        await api.fetchrow("select * from app.enter($1)", world.cora.token)
        assert await api.fetchval("select app.current_company_id()") == world.klein.id
        await inner.rollback()
        assert await api.fetchval("select app.current_company_id()") == world.huber.id
    async with api.transaction():
        inner = api.transaction()
        await inner.start()
        await api.fetchrow("select * from app.enter($1)", world.cora.token)
        await inner.rollback()
        assert await visible(api) == 0


async def test_forging_inside_a_context_loses_it(api: Any, world: World) -> None:
    """Entering is not adding: who names another company afterwards has none at all."""
    async with as_bearer(api, world.anna.token):
        assert await visible(api) > 0
        await api.execute("select set_config('kollegium.token', $1, true)", str(world.klein.id))
        assert await visible(api) == 0
        await api.execute("select set_config('kollegium.token', $1, true)", world.cora.token[:-1])
        assert await visible(api) == 0


async def test_revocation_works_inside_a_running_transaction(
    api: Any, world_database: Urls, world: World
) -> None:
    """The token is looked up for each statement, so a log-out elsewhere takes effect at once."""
    token = await session(api, world.lena, "kgs_context-running")
    async with connected(world_database.api) as other, as_bearer(api, token):
        assert await visible(api) > 0
        async with as_bearer(other, token):
            await other.execute("select app.close_session()")
        assert await visible(api) == 0
