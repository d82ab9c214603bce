"""The catalogue keeps the rules of `catalogue.py`, and each rule notices when it is broken."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase, connected
from tests.policies import catalogue, questions

RULES = sorted(name for name, _ in inspect.getmembers(catalogue, inspect.iscoroutinefunction))
# rule -> ways to break it; each must be found. `{bad}` is a table with everything in order.
BAD = """
    create table app.bad (marketplace_id uuid, id uuid, company_id uuid, state text,
      primary key (marketplace_id, id));
    comment on table app.bad is 'x'; comment on column app.bad.marketplace_id is 'x';
    comment on column app.bad.id is 'x'; comment on column app.bad.company_id is 'x';
    comment on column app.bad.state is 'x [none]';
    alter table app.bad enable row level security; alter table app.bad force row level security;
    create policy own on app.bad for select to kollegium_api
      using (company_id = (select app.current_company_id()));
    comment on policy own on app.bad is 'own company''s row';
    grant select on app.bad to kollegium_api;
"""
HELPER = (
    "create function app.helper() returns uuid language sql stable "
    "set search_path = pg_catalog, pg_temp"
)
BREAKS: list[tuple[str, str]] = [
    ("tables_are_guarded", "alter table app.bad disable row level security"),
    ("tables_are_guarded", "alter table app.bad no force row level security"),
    ("tables_are_guarded", "drop policy own on app.bad"),
    ("tables_are_guarded", "create view app.peek as select id from app.lead"),
    ("tables_are_guarded", "create materialized view app.peek as select id from app.lead"),
    (
        "policies_have_a_known_form",
        "alter policy own on app.bad using (company_id = (select app.current_company_id()) "
        "or state = 'x')",
    ),
    (
        "policies_have_a_known_form",
        "alter policy own on app.bad using (company_id = app.current_company_id())",
    ),
    (
        "policies_have_a_known_form",
        "alter policy own on app.bad using (state = current_setting('kollegium.company', true))",
    ),
    ("policies_have_a_known_form", "comment on policy own on app.bad is 'party of the row'"),
    (
        "policies_have_a_known_form",
        "alter policy update_own_or_operator on app.participation with check (true)",
    ),
    (
        "policies_contain_no_other_subquery",
        "alter policy own on app.bad using ("
        "exists (select from app.offer o where o.lead_id = bad.id))",
    ),
    ("policies_are_for_api_and_broker", "alter policy own on app.bad to kollegium_worker"),
    ("policies_are_for_api_and_broker", "alter policy own on app.bad to public"),
    ("policies_are_for_api_and_broker", "alter policy own on app.bad using (true)"),
    (
        "policies_are_for_api_and_broker",
        "create policy more on app.bad for delete to kollegium_api using (company_id is null)",
    ),
    (
        "nobody_inserts_beside_updating",
        "grant insert on app.bad to kollegium_api; "
        "grant update (state) on app.bad to kollegium_api",
    ),
    ("nobody_inserts_beside_updating", "grant insert (tags) on app.participation to kollegium_api"),
    ("updates_are_granted_by_column", "grant update on app.bad to kollegium_api"),
    ("updates_are_granted_by_column", "grant update (company_id) on app.bad to kollegium_worker"),
    ("updates_are_granted_by_column", "grant update (state) on app.bad to public"),
    ("updates_are_granted_by_column", "grant update on app.bad to kollegium_broker"),
    ("runtime_roles_only_select_and_update", "grant delete on app.bad to kollegium_api"),
    ("runtime_roles_only_select_and_update", "grant truncate on app.bad to kollegium_api"),
    ("runtime_roles_only_select_and_update", "grant select on app.bad to public"),
    ("runtime_roles_only_select_and_update", "grant select (id) on app.bad to kollegium_auditor"),
    ("no_role_is_privileged", "alter role kollegium_worker bypassrls"),
    ("no_role_is_privileged", "alter role kollegium_staff createrole"),
    ("no_role_is_privileged", "grant kollegium_broker to kollegium_api"),
    ("definer_functions_are_the_brokers", f"{HELPER} security definer as 'select null::uuid'"),
    ("definer_functions_are_the_brokers", "alter function app.enter(text) reset search_path"),
    (
        "definer_functions_are_the_brokers",
        "alter function app.enter(text) set search_path = app, pg_temp",
    ),
    ("nothing_is_executable_by_public", f"{HELPER} as 'select null::uuid'"),
    (
        "nothing_is_executable_by_public",
        "grant execute on function app_private.caller() to kollegium_api",
    ),
    (
        "nothing_is_executable_by_public",
        "grant execute on function app_private.clock(boolean, boolean) to kollegium_api",
    ),
    (
        "one_function_gives_the_time",
        "create or replace function app_private.grace() returns interval language sql stable "
        "set search_path = pg_catalog, pg_temp as 'select clock_timestamp() - now()'",
    ),
    (
        "one_function_gives_the_time",
        "create function app.later() returns timestamptz language plpgsql "
        "set search_path = pg_catalog, pg_temp as 'begin return CURRENT_TIMESTAMP; end'",
    ),
    ("one_function_gives_the_time", "alter table app.note alter created_at set default now()"),
    (
        "one_function_gives_the_time",
        "alter table app.note add check (created_at <= current_timestamp)",
    ),
    ("context_helpers_are_stable", "alter function app.current_company_id() immutable"),
    ("context_helpers_are_stable", "alter function app.current_company_id() volatile"),
    ("context_helpers_are_stable", "alter function app.enter(text) leakproof"),
    ("private_schema_is_unreachable", "grant usage on schema app_private to kollegium_worker"),
    ("private_schema_is_unreachable", "grant select on app_private.bearer to kollegium_staff"),
    ("private_schema_is_unreachable", "grant create on schema app to kollegium_api"),
    ("values_are_readable", "alter table app.bad add column at timestamptz"),
    ("values_are_readable", "alter table app.bad add column value numeric(14, 2)"),
    ("values_are_readable", "alter table app.lead drop constraint lead_created_at_bounded"),
    (
        "values_are_readable",
        "alter table app.bad add column at timestamptz check (at > '1900-01-01 00:00+00')",
    ),
    ("parties_follow_the_lead", "alter table app.bad add column parties uuid[] not null"),
    (
        "parties_follow_the_lead",
        "alter table app.message drop constraint message_marketplace_id_lead_id_parties_fkey",
    ),
    ("parties_follow_the_lead", "alter table app.message alter column parties drop not null"),
    (
        "parties_follow_the_lead",
        "alter table app.message alter constraint "
        "message_marketplace_id_lead_id_parties_fkey not deferrable",
    ),
    ("keys_begin_with_the_marketplace", "create unique index on app.bad (company_id)"),
    (
        "keys_begin_with_the_marketplace",
        "create unique index on app.bad (lower(state), marketplace_id)",
    ),
    (
        "keys_begin_with_the_marketplace",
        "alter table app.note drop constraint note_pkey, add primary key (id)",
    ),
    ("texts_say_what_they_hold", "comment on column app.bad.state is 'open; closed.'"),
    ("texts_say_what_they_hold", "comment on column app.bad.state is 'open [nothing]'"),
    ("texts_say_what_they_hold", "comment on column app.prospect.answers is 'Answers.'"),
    ("texts_say_what_they_hold", "comment on column app.lead.tags is 'Tags.'"),
    ("texts_say_what_they_hold", "alter table app.bad add column more varchar(9)"),
    ("everything_is_explained", "alter table app.bad add column more integer"),
    ("everything_is_explained", "comment on table app_private.bearer is null"),
    ("everything_is_explained", "comment on function app.enter(text) is null"),
]


@pytest_asyncio.fixture(scope="module")
async def head(new_database: NewDatabase) -> AsyncIterator[Any]:
    """A superuser's connection to a database at head."""
    async with new_database() as urls, connected(urls.superuser) as connection:
        yield connection


@pytest.mark.parametrize("rule", RULES)
async def test_rule_is_kept(head: Any, rule: str) -> None:
    assert await getattr(catalogue, rule)(head) == []


@pytest.mark.parametrize(
    ("rule", "change"), BREAKS, ids=[f"{r}-{i}" for i, (r, _) in enumerate(BREAKS)]
)
async def test_rule_notices(head: Any, rule: str, change: str) -> None:
    check = getattr(catalogue, rule)
    transaction = head.transaction()
    await transaction.start()
    try:
        await head.execute(BAD)
        before = await check(head)
        await head.execute(change)
        assert len(await check(head)) > len(before)
    finally:
        await transaction.rollback()


def test_every_rule_has_a_control() -> None:
    assert len(RULES) == 18
    assert {rule for rule, _ in BREAKS} == set(RULES)


async def test_rules_look_at_something(head: Any) -> None:
    """The questions see the schema; an empty answer would keep every rule."""
    assert len(await head.fetch(questions.TABLES)) >= 18
    assert len(await head.fetch(questions.POLICIES)) >= 37
    assert len(await head.fetch(questions.FUNCTIONS)) >= 60
