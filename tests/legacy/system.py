"""A small former system that is clean, and the tools to import and compare it.

Users: 1 Olga operates marketplace 1, 2 Gustav gives, 3 Anna and 4 Ben take; 5 was deleted. Leads:
1 new; 2 offered to Anna and Ben; 3 picked by Anna; 4 won by Ben, given by Gustav; 5 picked by the
deleted user; 6 withdrawn. Key 1 is Gustav's.
"""

import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from service.jobs.legacy.contract import schema_script
from service.jobs.legacy.importing import Outcome, Step, import_load
from service.jobs.legacy.planning import LoadPlan, plan_load
from service.jobs.legacy.sources import reading
from service.jobs.legacy.staging import staged
from tests.fixtures.database import Urls, connected

PASSWORD = "Ein altes Passwort"
TOKEN = "lgk_aus_dem_alten_system"
SALT, ITERATIONS = "NaCl", 1_000
HASH = "pbkdf2_sha256${}${}${}".format(
    ITERATIONS,
    SALT,
    base64.b64encode(
        hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT.encode(), ITERATIONS)
    ).decode(),
)
AT = "2025-03-01 10:00+00"
ROWS = f"""
    insert into legacy.users (id, email, password_hash, first_name, last_name, company_name, vat_id,
      language, created_at, updated_at, deleted_at)
    select i, email, '{HASH}', first, last, firm, vat, 'de', '{AT}', '{AT}', gone::timestamptz
    from (values (1, 'olga@nord.example', 'Olga', 'Nord', 'Marktplatz Nord', null, null),
      (2, 'gustav@gebert.example', 'Gustav', 'Gebert', 'Gebert GmbH', null, null),
      (3, 'Anna@Huber.example', 'Anna', 'Huber', 'Firma Huber', 'DE123456789', null),
      (4, 'ben@huber.example', 'Ben', 'Huber', 'Firma Huber', 'DE123456789', null),
      (5, 'Anna@Huber.example', 'Egon', 'Ende', 'Ende KG', null, '{AT}'))
      v (i, email, first, last, firm, vat, gone);
    insert into legacy.groups values (1, 3, 'Huber', '{AT}', '{AT}');
    insert into legacy.group_members values (1, 3, '{AT}'), (1, 4, '{AT}');
    insert into legacy.marketplaces values
      (1, 1, 'Solarportal', 24, 3, true, false, '{AT}', '{AT}');
    insert into legacy.statuses values
      (1, 1, 1, 'neu', '{AT}'), (2, 1, 2, 'Angebot', '{AT}');
    insert into legacy.participants values
      (1, 1, 2, 'giver', 'active', null, null, null, '{AT}', '{AT}'),
      (2, 1, 3, 'taker', 'active', '25, 80', 'solar', 10, '{AT}', '{AT}'),
      (3, 1, 4, 'taker', 'active', null, null, null, '{AT}', '{AT}'),
      (4, 1, 3, 'giver', 'active', null, null, null, '{AT}', '{AT}');
    insert into legacy.leads (id, marketplace_id, giver_user_id, picked_by_user_id, picked_at,
      state,
      status_id, interest, tags, consent, value, contact_name, contact_email, contact_phone,
      contact_postcode, contact_city, created_at, updated_at)
    select i, 1, giver, picker, case when picker is not null then '{AT}'::timestamptz end, state,
      status, 'Photovoltaik ' || i, 'solar,eilig', true, value, 'Käthe Voß ' || i,
      'kaethe' || i || '@example.org', '+49 30 23125 00' || i, '25813', 'Husum', '{AT}', '{AT}'
    from (values (1, 2, null, 'new', null, null), (2, 2, null, 'offered', null, null),
      (3, null, 3, 'picked', 2, null), (4, 2, 4, 'won', null, 900.5), (5, null, 5, 'picked', 1,
        null),
      (6, 1, null, 'withdrawn', null, null)) v (i, giver, picker, state, status, value);
    insert into legacy.offers (id, lead_id, user_id, state, reason, offered_at, answered_at,
      updated_at)
    select i, lead, u, state, reason, '{AT}',
      case when state <> 'open' then '{AT}'::timestamptz end,
      '{AT}'
    from (values (1, 2, 3, 'open', null), (2, 2, 4, 'declined', 'zu weit'), (3, 3, 3, 'picked',
      null),
      (4, 3, 4, 'lost', null), (5, 4, 4, 'picked', null), (6, 5, 5, 'picked', null),
      (7, 6, 4, 'withdrawn', null), (8, 4, 3, 'open', null)) v (i, lead, u, state, reason);
    insert into legacy.comments values
      (1, 3, 3, false, 'Rückruf am Montag', '{AT}'), (2, 3, 1, true, 'Bitte bald melden', '{AT}'),
      (3, 4, 2, true, 'Danke!', '{AT}');
    insert into legacy.api_keys values
      (1, 2, 'Website', encode(sha256('{TOKEN}'), 'hex'), '{AT}', '{AT}', null);
    grant usage on schema legacy to kollegium_staff;
    grant select on all tables in schema legacy to kollegium_staff;
"""


async def build(superuser: Any) -> None:
    """Makes the schema `legacy` with the rows above."""
    await superuser.execute(schema_script())
    await superuser.execute(ROWS)


COPIES = """
    insert into legacy.users select id + k, replace(email, '@', k || '@'), password_hash,
      first_name,
      last_name, company_name, vat_id, phone, language, created_at, updated_at, deleted_at
      from legacy.users, copy where id < 1000;
    insert into legacy.marketplaces select id + k, owner_user_id + k, name, response_hours,
      teaser_digits, giver_may_withdraw, auto_accept, created_at, updated_at
      from legacy.marketplaces, copy where id < 1000;
    insert into legacy.statuses select id + k, marketplace_id + k, position, name, updated_at
      from legacy.statuses, copy where id < 1000;
    insert into legacy.participants select id + k, marketplace_id + k, user_id + k, role, state,
      postcode_areas, tags, cap, created_at, updated_at from legacy.participants,
        copy where id < 1000;
    insert into legacy.leads select id + k, marketplace_id + k, giver_user_id + k,
      picked_by_user_id + k, picked_at, state, status_id + k, interest, tags, consent, value,
        closed_at,
      contact_name, contact_salutation, contact_company, contact_email, contact_phone,
        contact_street,
      contact_postcode, contact_city, contact_country, created_at, updated_at
      from legacy.leads, copy where id < 1000;
    insert into legacy.offers select id + k, lead_id + k, user_id + k, state, reason, offered_at,
      expires_at, answered_at, updated_at from legacy.offers, copy where id < 1000;
    insert into legacy.comments select id + k, lead_id + k, user_id + k, shared, text, created_at
      from legacy.comments, copy where id < 1000;
    insert into legacy.api_keys select id + k, user_id + k, name,
      encode(sha256(convert_to('{token}' || k, 'UTF8')), 'hex'), created_at, updated_at, revoked_at
      from legacy.api_keys, copy where id < 1000;
"""


async def copies(superuser: Any, count: int) -> None:
    """Further copies of the system, with numbers from 1000,
    2000 … on and addresses of their own."""
    await superuser.execute(
        f"create temp table copy as select i * 1000 as k from generate_series(1, {count}) i"
    )
    await superuser.execute(COPIES.replace("{token}", TOKEN))


def silent(step: Step) -> None:
    """Tells nobody."""


@contextlib.asynccontextmanager
async def loaded(urls: Urls) -> AsyncIterator[tuple[Any, int]]:
    """The staff's connection and a load of schema `legacy`."""
    async with (
        connected(urls.staff) as staff,
        connected(urls.staff) as other,
        loaded_over(staff, other) as load,
    ):
        yield staff, load


@contextlib.asynccontextmanager
async def loaded_over(staff: Any, other: Any) -> AsyncIterator[int]:
    """A load over connections of the staff that may know the plans of one before."""
    async with reading(other, "legacy", "schema") as source, staged(staff, source) as load:
        yield load


async def imported(
    urls: Urls, batch: int = 2_000, jobs: int = 1, *, deletions: bool = False
) -> Outcome:
    """One run over schema `legacy`, as staff; batches of leads on so many connections."""
    async with contextlib.AsyncExitStack() as stack:
        staff, load = await stack.enter_async_context(loaded(urls))
        further = [await stack.enter_async_context(connected(urls.staff)) for _ in range(jobs - 1)]
        return await import_load([staff, *further], load, silent, batch, deletions=deletions)


async def planned(urls: Urls) -> LoadPlan:
    """The plan of schema `legacy`."""
    async with loaded(urls) as (staff, load):
        return await plan_load(staff, load, 1.0, "en")


# Columns that say when a run was, or are drawn by lot, and not what it brought over.
_CLOCKS = {
    "app_private.legacy_user": ["imported_at"],
    "app_private.legacy_marketplace": ["imported_at"],
    "app_private.legacy_quarantine": ["first_seen_at", "last_seen_at", "healed_at"],
    "app_private.credential": ["changed_at"],
    "app_private.bearer": ["id"],
    "app.marketplace": ["changed_at"],
}
_UNEVEN = ("app_private.audit_entry", "app_private.secret", "app_private.rate")


async def state(superuser: Any) -> dict[str, str]:
    """Table -> hash of its sorted rows, for all that an import writes."""
    tables = await superuser.fetch(
        """select c.oid::regclass::text as name from pg_class c
           where c.relnamespace::regnamespace::text in ('app', 'app_private') and c.relkind = 'r'"""
    )
    found = {}
    for name in sorted(row["name"] for row in tables if row["name"] not in _UNEVEN):
        without = "".join(f" - '{column}'" for column in _CLOCKS.get(name, []))
        found[name] = await superuser.fetchval(
            f"""select count(*) || ' ' || coalesce(md5(string_agg(r, e'\\n' order by r)), '')
                from (select (to_jsonb(t){without})::text as r from {name} t) x"""
        )
    found["audit"] = await superuser.fetchval(
        """select count(*) || ' ' || coalesce(md5(string_agg(r, ',' order by r)), '')
           from (select action || object_id as r from app_private.audit_entry
                 where object_id is not null) x"""
    )
    return found


async def changes(superuser: Any) -> int:
    """Rows written in app and app_private: stays as it is while something only reads."""
    await superuser.execute("select pg_stat_force_next_flush()")
    return int(
        await superuser.fetchval(
            """select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables
               where schemaname in ('app', 'app_private')"""
        )
    )
