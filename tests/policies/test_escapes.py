"""What kollegium_api may not even try: other roles, other schemas, other commands."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.world import World
from tests.policies.questions import RUNTIME

UPSERT = "on conflict (marketplace_id, company_id) do update set paused = true returning *"
ESCAPES = [
    "set role kollegium_broker",
    "set role kollegium_owner",
    "set role postgres",
    "set local role kollegium_staff",
    "set session authorization postgres",
    "set session authorization kollegium_broker",
    "truncate app.lead",
    "truncate app.lead cascade",
    "truncate app_private.audit_entry",
    "copy app.lead from stdin",
    "copy (select 1) to '/tmp/kollegium-escape'",
    "copy app.note from '/etc/passwd'",
    "copy app_private.bearer to stdout",
    "copy (select 1) to program 'true'",
    "alter table app.lead disable row level security",
    "alter table app.lead no force row level security",
    "alter table app.lead owner to kollegium_api",
    "drop policy select_party on app.lead",
    "create policy mine on app.lead to kollegium_api using (true)",
    "alter role kollegium_api bypassrls",
    "alter role kollegium_api superuser",
    "grant kollegium_broker to kollegium_api",
    "grant select on app_private.bearer to kollegium_api",
    "create role kollegium_escape",
    "create schema escape",
    "create table app.escape (x int)",
    "create table public.escape (x int)",
    "create function app.escape() returns int language sql as 'select 1'",
    "create or replace function app.current_company_id() returns uuid "
    "language sql as 'select null::uuid'",
    "create extension dblink",
    "do language plpython3u 'pass'",
    "load 'auto_explain'",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select * from app_private.bearer",
    "select pepper from app_private.secret",
    "insert into app_private.audit_entry (id, action) values (gen_random_uuid(), 'forged')",
    "update app_private.audit_entry set action = 'forged'",
    "delete from app_private.audit_entry",
    "insert into app_private.bearer select * from app_private.bearer",
    "select app_private.caller()",
    "select app_private.engage(null, null, null, null, null)",
    "select app_private.audit('forged', null, null, null)",
    "select passwd from pg_shadow",
    "select * from pg_authid",
    "insert into app.lead default values",
    "delete from app.lead",
    "delete from app.note",
    "update app.lead set state = 'closed'",
    "update app.lead set engaged_company_id = null",
    "update app.prospect set name = 'x'",
    "update app.participation set state = 'active'",
    "update app.participation set company_id = company_id",
    "update app.participation set capacities = '{giver}'",
    "insert into app.participation (marketplace_id, company_id) select marketplace_id, company_id "
    f"from app.participation {UPSERT}",
    "insert into app.participation (marketplace_id, company_id) "
    f"values (gen_random_uuid(), gen_random_uuid()) {UPSERT}",
    "merge into app.participation p using (select 1) s on true "
    "when not matched then insert default values",
    "merge into app.lead l using (select 1) s on true when matched then delete",
    "lock table app.lead in access exclusive mode",
    "comment on table app.lead is 'x'",
    "analyze app.lead; truncate app.lead",
    "create trigger t after update on app.lead "
    "for each row execute function suppress_redundant_updates_trigger()",
    "create rule r as on select to app.lead do instead nothing",
]


@pytest_asyncio.fixture
async def api(world_database: Urls) -> AsyncIterator[Any]:
    """A fresh connection of the web tier."""
    async with connected(world_database.api) as connection:
        yield connection


async def _checksum(urls: Urls) -> Any:
    async with connected(urls.superuser) as superuser:
        return await superuser.fetchval(
            """select md5(string_agg(t.line, e'\\n' order by t.line)) from (
                 select to_jsonb(l)::text as line from app.lead l union all
                 select to_jsonb(p)::text from app.participation p union all
                 select to_jsonb(p)::text from app.prospect p union all
                 select to_jsonb(b)::text from app_private.bearer b) t"""
        )


@pytest.mark.parametrize("statement", ESCAPES)
async def test_refused(api: Any, world_database: Urls, world: World, statement: str) -> None:
    before = await _checksum(world_database)
    with pytest.raises(asyncpg.PostgresError) as error:
        async with as_bearer(api, world.anna.token):
            await api.execute(statement)
    # 42501 no privilege; 0A000 (row-level security refuses COPY FROM), 42704 and 58P01 not there.
    assert error.value.sqlstate in ("42501", "0A000", "42704", "58P01", "42809"), error.value
    assert await _checksum(world_database) == before


async def test_reset_role_leads_nowhere(api: Any) -> None:
    await api.execute("reset role")
    await api.execute("reset session authorization")
    await api.execute("set role none")
    assert await api.fetchval("select current_user") == "kollegium_api"
    assert await api.fetchval("select count(*) from app.lead") == 0


async def test_row_security_off_fails_loudly(api: Any, world: World) -> None:
    """It may be set, but then a guarded table raises instead of showing everything."""
    async with as_bearer(api, world.anna.token):
        assert await api.fetchval("select count(*) from app.lead") > 0
        await api.execute("set local row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.fetchval("select count(*) from app.lead")


async def test_temporary_objects_do_not_win(api: Any, world: World) -> None:
    """A lookalike of a table or function, first in the search path, changes nothing."""
    async with as_bearer(api, world.cora.token):
        before = await api.fetchval("select count(*) from app.lead")
        try:
            await api.execute(
                """create temporary table bearer (token_sha256 bytea, colleague_id uuid);
                   create function pg_temp.sha256(bytea) returns bytea language sql as 'select
                     null::bytea';
                   create function pg_temp.current_company_id() returns uuid language sql
                     as 'select gen_random_uuid()'"""
            )
        except asyncpg.InsufficientPrivilegeError:
            pytest.fail("temporary objects are allowed by default; the test would prove nothing")
        await api.execute("set local search_path = pg_temp, app, pg_catalog")
        assert await api.fetchval("select count(*) from app.lead") == before
        assert await api.fetchval("select app.current_company_id()") == world.klein.id


async def test_leaky_functions_see_only_visible_rows(api: Any, world: World) -> None:
    """A cheap function in WHERE would print hidden rows if it ran before the policy."""
    seen: list[str] = []
    api.add_log_listener(lambda _, message: seen.append(message.message))
    async with as_bearer(api, world.anna.token):
        await api.execute(
            "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0001 "
            "as $$ begin raise notice '%', $1; return true; end $$"
        )
        visible = await api.fetch("select interest from app.lead where pg_temp.leak(interest)")
    assert sorted(seen) == sorted(row["interest"] for row in visible)
    assert len(seen) == 2


async def test_worker_staff_and_auditor_read_no_table(world_database: Urls) -> None:
    async with connected(world_database.superuser) as superuser:
        tables = [
            row[0]
            for row in await superuser.fetch(
                """select c.oid::regclass::text from pg_class c
               where c.relnamespace::regnamespace::text in ('app', 'app_private') and c.relkind =
               'r'"""
            )
        ]
    assert len(tables) > 20
    for url in (world_database.worker, world_database.staff, world_database.auditor):
        async with connected(url) as role:
            for table in tables:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await role.fetch(f"select * from {table}")


# Which role executes which function stands in docs/access-matrix.md, which is generated, and read
# when it changes. Here is what holds for all of them.
SHARED = {
    "schema_state": set(RUNTIME),
    "jobs": {"kollegium_worker", "kollegium_auditor"},
    "watched": set(RUNTIME),
    "claim_watch": {"kollegium_api", "kollegium_worker"},
    "record_watch": {"kollegium_api", "kollegium_worker"},
}


async def test_each_function_is_for_one_role(world_database: Urls) -> None:
    async with connected(world_database.superuser) as superuser:
        rows = await superuser.fetch(
            """select p.oid::regprocedure::text as signature, p.proname as name,
                 array(select r from unnest($1::text[]) r
                       where has_function_privilege(r, p.oid, 'execute')) as roles
               from pg_proc p where p.pronamespace = 'app'::regnamespace""",
            list(RUNTIME),
        )
    assert len(rows) > 140
    for row in rows:
        assert len(row["roles"]) == 1 or set(row["roles"]) == SHARED.get(row["name"]), row[
            "signature"
        ]
        if row["name"].startswith("legacy_"):
            assert row["roles"] == ["kollegium_staff"], row["signature"]


async def test_a_foreign_function_is_refused_in_fact(world_database: Urls) -> None:
    """Has the privilege test any meaning? One call of each kind, refused and allowed."""
    async with (
        connected(world_database.api) as api,
        connected(world_database.worker) as worker,
        connected(world_database.auditor) as auditor,
    ):
        assert await worker.fetchval("select app.expire_offers(1)") == 0
        assert await auditor.fetch("select * from app.read_audit_log('-infinity', 5)")
        for role, call in (
            (api, "app.expire_offers(1)"),
            (api, "app.list_companies()"),
            (worker, "app.enter('x')"),
            (auditor, "app.purge()"),
            (worker, "app.current_company_id()"),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.fetchval(f"select {call}")
