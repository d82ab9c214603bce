"""What a token is worth stands in its own row (app_private.bearer), and foreign keys keep it true.

The changes below are made by hand, past every function: whoever makes them, the context follows.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from service.identity import sha256
from tests.fixtures.database import Urls, as_bearer, connected, waiting_for_locks
from tests.fixtures.world import ADDRESS, PROOF, World

KEY = "kgk_worth"


@pytest_asyncio.fixture
async def superuser(world_database: Urls, world: World) -> AsyncIterator[Any]:
    """In a transaction that is rolled back, with an API key for the company Huber."""
    async with connected(world_database.superuser) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "insert into app.api_key (id, company_id, name) values (gen_random_uuid(), $1, 'Key')",
            world.huber.id,
        )
        await connection.execute(
            "insert into app_private.bearer (token_sha256, company_id, api_key_id, expires_at)"
            " select $1, company_id, id, 'infinity' from app.api_key where name = 'Key'",
            sha256(KEY),
        )
        yield connection
        await transaction.rollback()


async def company(connection: Any, token: str) -> UUID | None:
    """The company of the token, as policies see it."""
    await connection.execute("select set_config('kollegium.token', $1, true)", token)
    found: UUID | None = await connection.fetchval("select app.current_company_id()")
    return found


@pytest.mark.parametrize(
    ("change", "back"),
    [
        pytest.param(
            "update app.colleague set active = false where id = $1",
            "update app.colleague set active = true where id = $1",
            id="colleague deactivated",
        ),
        pytest.param(
            "update app.company set state = 'closed' where id = (select company_id"
            " from app.colleague where id = $1)",
            "update app.company set state = 'active' where id = (select company_id"
            " from app.colleague where id = $1)",
            id="company closed",
        ),
    ],
)
async def test_a_session_ends_and_returns(
    superuser: Any, world: World, change: str, back: str
) -> None:
    anna = world.anna
    assert await company(superuser, anna.token) == world.huber.id
    await superuser.execute(change, anna.id)
    assert await company(superuser, anna.token) is None
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        async with superuser.transaction():
            await superuser.execute("select app.enter($1)", anna.token)
    await superuser.execute(back, anna.id)
    assert await company(superuser, anna.token) == world.huber.id


async def test_a_key_ends_when_it_is_revoked(superuser: Any, world: World) -> None:
    assert await company(superuser, KEY) == world.huber.id
    await superuser.execute("update app.api_key set revoked_at = now() where name = 'Key'")
    assert await company(superuser, KEY) is None


async def test_tokens_move_with_their_colleague_and_key(superuser: Any, world: World) -> None:
    for table, name, token in (
        ("colleague", world.anna.name, world.anna.token),
        ("api_key", "Key", KEY),
    ):
        await superuser.execute(
            f"update app.{table} set company_id = $1 where name = $2", world.neu.id, name
        )
        assert await company(superuser, token) == world.neu.id


@pytest.mark.parametrize(
    "forgery",
    [
        pytest.param("update app_private.bearer set company_id = $2 where {}", id="company"),
        pytest.param("update app_private.bearer set active = not active where {}", id="active"),
        pytest.param("update app_private.bearer set company_state = 'closed' where {}", id="state"),
        pytest.param(
            "insert into app_private.bearer (token_sha256, company_id, colleague_id, api_key_id,"
            " expires_at) select sha256('forged'), $2, colleague_id, api_key_id, 'infinity'"
            " from app_private.bearer where {}",
            id="new",
        ),
    ],
)
async def test_no_copy_can_say_anything_else(superuser: Any, world: World, forgery: str) -> None:
    """Of sessions and of keys; even for a superuser, for whom no policy counts."""
    for token in (world.anna.token, KEY):
        statement = forgery.format("token_sha256 = $1 and $2::uuid is not null")
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with superuser.transaction():
                await superuser.execute(statement, sha256(token), world.klein.id)


async def test_a_log_in_waits_for_a_deactivation(world_database: Urls, world: World) -> None:
    """Who is deactivated at the same moment is refused, not let in and not an error."""
    async with connected(world_database.superuser) as admin, connected(world_database.api) as api:
        transaction = admin.transaction()
        await transaction.start()
        await admin.execute("update app.colleague set active = false where id = $1", world.dora.id)
        log_in = asyncio.create_task(
            api.fetchrow(
                "select * from app.open_session($1, $2, $3, $4, $5)",
                *(world.dora.email, PROOF, sha256("kgs_worth"), ADDRESS, b"\0\0\2"),
            )
        )
        await waiting_for_locks(admin, log_in)
        await transaction.commit()
        assert dict(await log_in) == {"expires_at": None, "retry_after": 0}
        await admin.execute("update app.colleague set active = true where id = $1", world.dora.id)
        async with as_bearer(api, world.dora.token):
            pass
