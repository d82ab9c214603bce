"""A lead for thousands of takers (whole: ten): what an offer to all of them costs, counted; nothing
is timed.

Offering writes an offer and one event for each company, whatever the number of its
colleagues; who is told is worked out by the worker, a batch at a time.
"""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from service.jobs.worker.timers import address
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.sizes import sized

TAKERS, COLLEAGUES = sized(4_000, whole=10_000), 3
FILL = f"""
set session_replication_role = replica;
create function pg_temp.counted(p_number bigint) returns uuid language sql immutable
  return ('0192' || lpad(to_hex(p_number), 28, '0'))::uuid;
insert into app.company (id, name) select gen_random_uuid(), 'Firma ' || n
  from generate_series(0, {TAKERS}) n;
insert into app.colleague (id, company_id, email, name, role, active)
  select gen_random_uuid(), c.id, replace(c.id::text, '-', '') || n || '@x.example', 'A', 'admin',
    n > 0
  from app.company c, generate_series(0, {COLLEAGUES}) n;
insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
  select gen_random_uuid(), id, 'M', 'O', '{{neu}}' from app.company where name = 'Firma 0';
insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps)
  select m.id, c.id, m.operator_company_id, '{{taker}}', 'active',
    '{{}}', '{{}}', 3, 'M', 'O', c.name, '{{neu}}'
  from app.marketplace m, app.company c where c.name <> 'Firma 0';
insert into app.lead (marketplace_id, id, operator_company_id, state, interest,
    distribution_permission, operator_name)
  select id, pg_temp.counted(k), operator_company_id, 'available', 'Dach', true, 'O'
  from app.marketplace, generate_series(1, 20000) k;
insert into app.prospect (marketplace_id, lead_id, parties, name, email)
  select marketplace_id, id, parties, 'N', 'n@y.example' from app.lead;
insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, state, origin, steps, step)
  select l.marketplace_id, l.id, l.id, p.company_id, l.operator_company_id,
    'T', 'won', 'pick', '{{neu}}', 'neu'
  from (select *, row_number() over () as n from app.lead) l
  join (select *, row_number() over () as n from app.participation) p on p.n = 1 + l.n % {TAKERS}
  where l.n > 100;  -- nobody worked the others before, so all are offered them
insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
  select sha256('kgs_operator'), c.company_id, c.id, 'infinity' from app.colleague c
  join app.marketplace m on m.operator_company_id = c.company_id where c.active limit 1;
insert into app_private.outbox (id, kind, template, recipient, language, payload)
  select pg_temp.counted(k), 'mail', 'offer-opened', 'x@x.example', 'de', '{{}}'
  from generate_series(1, 20000) k;
set session_replication_role = origin;
analyze;
"""


# The indexes by which it is found what a company works.
OF_A_COMPANY = (
    "select indexname from pg_indexes where tablename = 'engagement'"
    " and indexdef like '%(company_id%'"
)


@pytest_asyncio.fixture(scope="module")
async def wide(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A marketplace with very many takers."""
    async with new_database() as urls, connected(urls.superuser) as superuser:
        await superuser.execute(FILL)
        yield urls


async def available(superuser: Any, *, skip: int = 0) -> tuple[UUID, UUID]:
    """Marketplace and id of a lead that may be offered."""
    return await superuser.fetchrow(  # type: ignore[no-any-return]
        "select marketplace_id, id from app.lead l where state = 'available' and not exists"
        " (select from app.engagement e where e.lead_id = l.id) offset $1 limit 1",
        skip,
    )


async def offer(superuser: Any, market: UUID, lead: UUID, few: list[UUID] | None = None) -> None:
    """Offers the lead to all, or to a few, as its operator, in a transaction of the caller."""
    await superuser.execute("set local role kollegium_api")
    await superuser.fetchval("select app.enter_to_write('kgs_operator')")
    await superuser.execute("select app.offer_lead($1, $2, $3, 48)", market, lead, few)
    await superuser.execute("reset role")


async def test_an_offer_writes_one_event_for_each_company(wide: Urls) -> None:
    """And calls no function for each of them but those that make an id and look at a card."""
    async with connected(wide.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        await superuser.execute("set local track_functions = 'all'")
        market, lead = await available(superuser)
        await offer(superuser, market, lead)
        offers = "select count(*) from app.offer where lead_id = $1"
        assert await superuser.fetchval(offers, lead) == TAKERS
        told = await superuser.fetch(
            "select kind, count(*), count(distinct company_id) from app.event where lead_id = $1"
            " and kind like 'offer%' group by 1",
            lead,
        )
        assert [tuple(row) for row in told] == [("offer.opened", TAKERS, TAKERS)]
        often = await superuser.fetch(
            "select funcname from pg_stat_xact_user_functions where calls > $1", TAKERS // 10
        )
        assert {row[0] for row in often} <= {"new_id", "full_cap", "cap_reached", "clock"}
        await transaction.rollback()


async def scanned(superuser: Any, few: list[UUID] | None) -> set[str]:
    """Tables that offering one lead reads whole, by the plan of every statement inside."""
    plans: list[str] = []
    market, lead = await available(superuser)
    await superuser.execute(
        "load 'auto_explain'; set local auto_explain.log_min_duration = 0;"
        " set local auto_explain.log_parameter_max_length = 0;"
        " set local auto_explain.log_nested_statements = on;"
        " set local auto_explain.log_level = 'notice'"
    )

    def noted(_: Any, message: Any) -> None:
        plans.append(message.message)

    superuser.add_log_listener(noted)
    await offer(superuser, market, lead, few)
    superuser.remove_log_listener(noted)
    assert sum("Insert on offer" in plan for plan in plans) == 1
    told = 2  # the lead's history, and the offers
    assert sum("Insert on event" in plan for plan in plans) == told
    return {name for plan in plans for name in re.findall(r"Seq Scan on (\w+)", plan)}


async def test_its_statements_walk_indexes(wide: Urls) -> None:
    """Takers are read once, for they are all there is; what each of them works, by its index. The
    control is without it."""
    large = {"lead", "prospect", "engagement", "offer", "outbox", "colleague"}
    async with connected(wide.superuser) as superuser:
        for lost in (False, True):
            transaction = superuser.transaction()
            await transaction.start()
            few = None
            if lost:
                for row in await superuser.fetch(OF_A_COMPANY):
                    await superuser.execute(f"drop index app.{row['indexname']}")
                some = await superuser.fetch("select company_id from app.participation limit 3")
                few = [row[0] for row in some]
            assert await scanned(superuser, few) & large == ({"engagement"} if lost else set())
            await transaction.rollback()


async def test_the_worker_addresses_them_in_batches(wide: Urls) -> None:
    """Each active colleague once, in transactions of a bounded number of companies."""
    async with connected(wide.superuser) as superuser, connected(wide.worker) as worker:
        async with superuser.transaction():
            await superuser.execute("delete from app_private.outbox")
            await offer(superuser, *await available(superuser, skip=1))
        assert await worker.fetchval("select app.mail_events()") == TAKERS
        assert await worker.fetchval("select app.mail_events()") == 0
        first = await worker.fetchval("select app.address_mails(100)")
        assert first == 100
        kinds = "select kind, count(*) from app_private.outbox group by 1 order by 1"
        assert [tuple(row) for row in await superuser.fetch(kinds)] == [
            ("circular", TAKERS - 100),
            ("mail", 100 * COLLEAGUES),
        ]
        assert await address(worker) == TAKERS - 100
        told = await superuser.fetch(
            "select count(*), count(distinct recipient) from app_private.outbox where kind = 'mail'"
        )
        assert tuple(told[0]) == (TAKERS * COLLEAGUES, TAKERS * COLLEAGUES)
        assert await superuser.fetchval("select count(*) from app_private.outbox") == told[0][0]


@pytest.mark.parametrize("index", ["outbox_unaddressed"])
async def test_what_waits_is_found_by_its_index(wide: Urls, index: str) -> None:
    """However many mails there are beside; the control without it reads them all."""
    async with connected(wide.superuser) as superuser:
        async with superuser.transaction():
            await offer(superuser, *await available(superuser, skip=2))
        await superuser.fetchval("select app.mail_events()")
        await superuser.execute("analyze app_private.outbox")
        for lost in (False, True):
            transaction = superuser.transaction()
            await transaction.start()
            if lost:
                await superuser.execute(f"drop index app_private.{index}")
            reads = (
                "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables"
                " where relid = 'app_private.outbox'::regclass"
            )
            before = await superuser.fetchval(reads)
            await superuser.fetchval("select app.address_mails(10)")
            read = await superuser.fetchval(reads) - before
            assert (read > 1_000) if lost else (read < 100), (lost, read)
            await transaction.rollback()
