"""A statement reads the postings of its month and taker, where there are very many of others."""

from typing import Any

from service.domain.reports import queries
from tests.fixtures.database import connected
from tests.plans.test_filters import acting

# 30,000 of other months and takers on the operator's marketplace, three of the taker in November.
FILL = """
set session_replication_role = replica;
insert into app.posting (marketplace_id, id, lead_id, engagement_id, company_id,
  operator_company_id, company_name, kind, reason, amount_cents, currency, posted_at)
select l.marketplace_id, gen_random_uuid(), l.id, gen_random_uuid(), case when n > 3
    then $1 else l.engaged_company_id end, l.operator_company_id, 'T', 'charge', 'pick', 4500,
  'EUR', timestamptz '2026-11-05 12:00+01' - case when n > 3 then n * interval '5 min'
    else interval '0' end
from generate_series(1, 30000) n, (select * from app.lead where marketplace_id = $2 and
  engaged_company_id = $3 limit 1) l
"""
OF = """select l.marketplace_id, l.engaged_company_id from app.lead l
  join app_private.bearer o on o.company_id = l.operator_company_id
    and o.token_sha256 = sha256('kgs_operator')
  join app_private.bearer t on t.company_id = l.engaged_company_id
    and t.token_sha256 = sha256('kgs_taker') limit 1"""


async def test_a_few_are_found_among_many(filled: Any) -> None:
    async with connected(filled.superuser) as superuser:
        m, taker = await superuser.fetchrow(OF)
        other = await superuser.fetchval("select id from app.company where id <> $1 limit 1", taker)
        await superuser.execute(FILL.split(";")[0])
        await superuser.execute(FILL.split(";")[1], other, m, taker)
        await superuser.execute("set session_replication_role = origin")
        await superuser.execute(
            "insert into app.participation (marketplace_id, company_id, operator_company_id,"
            " capacities, state, marketplace_name, operator_name, company_name, steps)"
            " select id, $2, operator_company_id, '{taker}', 'active', 'M', 'O', 'T', '{neu}'"
            " from app.marketplace where id = $1 on conflict do nothing",
            *(m, taker),
        )
        await superuser.execute("vacuum analyze app.posting")
    for who, company in (("taker", None), ("operator", taker)):
        async with acting(filled, who) as tx:
            found = await queries.statement(tx, m, "2026-11", company, None, 20)  # type: ignore[arg-type]
            assert len(found.items) == 3
            assert await tx.read() < 100
    async with acting(filled, "operator") as tx:
        whole = await queries.statement(tx, m, "2026-11", None, None, 20)  # type: ignore[arg-type]
        assert len(whole.totals) == 2
        assert len(whole.items) == 20
