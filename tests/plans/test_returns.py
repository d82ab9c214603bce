"""Pending returns are walked by an index of their own: few wait beside very many decided ones."""

from typing import Any

from service.domain.returns import queries
from tests.fixtures.database import connected
from tests.plans.test_filters import acting

# Every engagement of the operator's has a request that was refused; of four the next one waits.
FILL = """
with e as (
  select e.*, row_number() over (order by e.id) as n from app.engagement e
  join app_private.bearer o
    on o.company_id = e.operator_company_id and o.token_sha256 = sha256('kgs_operator'))
insert into app.return_request (marketplace_id, id, lead_id, engagement_id, company_id,
  operator_company_id, state, reason, asked_by_name, requested_at, ended_at)
select e.marketplace_id, app_private.new_id(), e.lead_id, e.id, e.company_id,
  e.operator_company_id, s.state, 'other', 'A', now(), case s.state when 'refused' then now() end
from e, unnest(array['refused', 'requested']) s (state)
where s.state = 'refused' or e.n in (5, 700, 1500, 3000)
"""
# And one of them is another operator's.
ELSEWHERE = """
with one as (select max(id::text)::uuid as id from app.return_request where state = 'requested')
update app.return_request r set operator_company_id = b.company_id
from one, app_private.bearer b
where r.id = one.id and b.token_sha256 = sha256('kgs_quiet operator') returning r.marketplace_id
"""


async def test_few_wait_among_many(filled: Any) -> None:
    async with connected(filled.superuser) as superuser:
        await superuser.execute("set session_replication_role = replica")
        await superuser.execute(FILL)
        m = await superuser.fetchval(ELSEWHERE)
        await superuser.execute("vacuum analyze app.return_request")
        assert await superuser.fetchval("select count(*) from app.return_request") > 3_000
        try:
            for marketplace in (None, m):
                async with acting(filled, "operator") as tx:
                    first = await queries.pending(tx, marketplace, None, 2)  # type: ignore[arg-type]
                    rest = await queries.pending(  # type: ignore[arg-type]
                        tx, marketplace, first.next_cursor, 2
                    )
                    assert (len(first.items), len(rest.items), rest.next_cursor) == (2, 1, None)
                    assert await tx.read() < 40
            async with acting(filled, "quiet operator") as tx:
                found = await queries.pending(tx, m, None, 20)  # type: ignore[arg-type]
                assert len(found.items) <= 1
                assert await tx.read() < 20
        finally:
            await superuser.execute("delete from app.return_request")
