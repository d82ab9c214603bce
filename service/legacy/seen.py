"""What a company sees, asked as the web tier asks: kollegium_api, a real session, the policies.

The same three kinds of rows, fields and capacities as `sql/functions/99_legacy_proof.sql` derives
from the legacy rules; what must agree is written down here and there and nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

KINDS = ("leads", "prospects", "offers")
# kind -> names of the fields that are compared, in their order
FIELDS = {
    "leads": ("number", "capacities", "interest"),
    "prospects": (
        "name", "salutation", "company", "email", "phone", "street", "postcode", "city", "country",
    ),
    "offers": ("state", "seen as", "interest"),
}  # fmt: skip

# The columns beside a policy's own are there for the index; `UNFILTERED` shows that they hide
# nothing the policies would show.
_ROWS = """
    with me as materialized (select app.current_company_id() as id),
    seen as materialized (
      select l.* from app.lead l
      where l.operator_company_id = (select id from me) or l.giver_company_id = (select id from me)
        or l.engaged_company_id = (select id from me)
    ),
    row (what, marketplace_id, lead_id, taker_id, fields) as (
      select 'leads', s.marketplace_id, s.id, null::uuid, array[s.external_ref, concat(
        case when s.operator_company_id = me.id then 'o' end,
        case when s.giver_company_id = me.id then 'g' end,
        case when s.engaged_company_id = me.id then 'p' end), s.interest]
      from seen s, me
      union all
      select 'prospects', p.marketplace_id, p.lead_id, null, array[p.name, p.salutation, p.company,
        p.email, p.phone, p.street, p.postcode, p.city, p.country]
      from seen s join app.prospect p on p.marketplace_id = s.marketplace_id and p.lead_id = s.id
      union all
      select 'offers', o.marketplace_id, o.lead_id, o.company_id, array[o.state,
        case when o.operator_company_id = me.id then 'operator' else 'taker' end, o.interest]
      from app.offer o, me
      where o.company_id = (select id from me) or o.operator_company_id = (select id from me)
    )"""

DIGESTS = f"""{_ROWS}
    select what, count(*) as rows, coalesce(sum(('x' || left(md5(
      concat_ws(' ', what, lead_id, taker_id, fields)), 15))::bit(60)::bigint), 0)::text as digest
    from row group by what"""  # noqa: S608 - constants

ROWS = f"""{_ROWS}
    select what, marketplace_id, lead_id, taker_id,
      array(select md5(v) from unnest(fields) with ordinality f (v, i) order by i) as fields
    from row"""  # noqa: S608 - constants

UNFILTERED = """
    select 'leads' as what, count(*) as rows from app.lead
    union all select 'prospects', count(*) from app.prospect
    union all select 'offers', count(*) from app.offer"""


# A request has 5 seconds; an operator of a hundred thousand leads may need more for all of them.
# And a plan for the average company, which knows neither the giant nor the many with three leads,
# would read whole tables for each: so rows are found by index.
_BEGIN = """
    begin read only;
    set local statement_timeout = '5min';
    set local enable_seqscan = off;
    set local enable_hashjoin = off;
    set local enable_mergejoin = off"""


@asynccontextmanager
async def entered(api: Any, token: str) -> AsyncIterator[Any]:
    """A read-only transaction in the token's context; always rolled back. Raises asyncpg's 28000
    (InvalidAuthorizationSpecificationError) for a token that opens nothing."""
    await api.execute(_BEGIN)
    try:
        await api.execute("select from app.enter($1)", token)
        yield api
    finally:
        await api.execute("rollback")
