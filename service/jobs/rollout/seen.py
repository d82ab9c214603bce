"""What a company sees, asked as the web tier asks: kollegium_api, a real session, the policies.

The same kinds of rows, fields and capacities as `sql/functions/legacy/seen_*.sql` derive
from the legacy rules; what must agree is written down here and there and nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

KINDS = (
    "users", "marketplaces", "participants", "leads", "prospects", "offers", "comments", "api_keys",
)  # fmt: skip
# kind -> names of the fields that are compared, in their order
FIELDS = {
    "users": ("firm", "name", "email", "language", "role"),
    "marketplaces": (
        "seen as", "name", "statuses", "response hours", "teaser digits", "giver may withdraw",
        "auto accept",
    ),
    "participants": ("seen as", "roles", "state", "postcode areas", "tags", "cap"),
    "leads": (
        "number", "capacities", "interest", "postcode area", "tags", "consent", "state", "outcome",
        "step", "value",
    ),
    "prospects": (
        "name", "salutation", "company", "email", "phone", "street", "postcode", "city", "country",
        "answers",
    ),
    "offers": ("state", "seen as", "interest", "postcode area", "tags", "reason"),
    "comments": ("author", "sort", "text", "time"),
    "api_keys": ("name", "state", "time"),
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
    cards as (
      select p.marketplace_id, p.company_id, p.capacities, p.state, p.postcode_areas, p.tags, p.cap,
        p.operator_company_id
      from app.participation p, me where p.company_id = me.id or p.operator_company_id = me.id
      union all
      select i.marketplace_id, coalesce(i.company_id, i.id), array_agg(distinct i.capacity),
        'invited', max(i.postcode_areas), max(i.tags), max(i.cap), i.operator_company_id
      from app.partner_invitation i where i.operator_company_id = (select id from me)
        and i.state = 'open' and not exists (
          select from app.participation p
          where p.marketplace_id = i.marketplace_id and p.company_id = i.company_id)
      group by i.marketplace_id, coalesce(i.company_id, i.id), i.operator_company_id
    ),
    row (what, marketplace_id, lead_id, part_id, fields) as (
      select 'users', null::uuid, null::uuid, k.id, array[c.name, k.name, k.email,
        case when k.language = c.language then k.language end, k.role]
      from app.colleague k join app.company c on c.id = k.company_id
      where k.company_id = (select id from me)
      union all
      select 'marketplaces', m.id, null, m.id, array['operator', m.name, m.steps::text,
        m.response_hours::text, m.teaser_digits::text, m.giver_may_withdraw::text,
        m.auto_accept::text]
      from app.marketplace m where m.operator_company_id = (select id from me)
      union all
      select 'marketplaces', p.marketplace_id, null, p.marketplace_id,
        array['participant', p.marketplace_name, p.steps::text, null, null, null, null]
      from app.participation p, me where p.company_id = me.id and p.operator_company_id <> me.id
      union all
      select 'participants', c.marketplace_id, null, c.company_id, array[
        case when c.company_id = me.id then 'participant' else 'operator' end,
        c.capacities::text, c.state, c.postcode_areas::text, c.tags::text, c.cap::text]
      from cards c, me
      union all
      select 'leads', s.marketplace_id, s.id, null::uuid, array[s.external_ref, concat(
        case when s.operator_company_id = me.id then 'o' end,
        case when s.giver_company_id = me.id and s.operator_company_id <> me.id then 'g' end,
        case when s.engaged_company_id = me.id then 'p' end), s.interest, s.postcode_area,
        s.tags::text, s.distribution_permission::text, s.state, e.state, e.step, e.value::text]
      from seen s cross join me left join app.engagement e
        on e.marketplace_id = s.marketplace_id and e.id = s.engagement_id
      union all
      select 'prospects', p.marketplace_id, p.lead_id, null, array[p.name, p.salutation, p.company,
        p.email, p.phone, p.street, p.postcode, p.city, p.country, p.answers::text]
      from seen s join app.prospect p on p.marketplace_id = s.marketplace_id and p.lead_id = s.id
      union all
      select 'offers', o.marketplace_id, o.lead_id, o.company_id, array[o.state,
        case when o.operator_company_id = me.id then 'operator' else 'taker' end, o.interest,
        o.postcode_area, o.tags::text, o.decline_reason]
      from app.offer o, me
      where o.company_id = (select id from me) or o.operator_company_id = (select id from me)
      union all
      select 'comments', n.marketplace_id, n.lead_id, n.id, array[n.author_id::text, 'internal',
        n.text, extract(epoch from n.created_at)::text]
      from app.note n where n.company_id = (select id from me)
      union all
      select 'comments', c.marketplace_id, c.lead_id, c.id, array[c.author_id::text, 'shared',
        c.text, extract(epoch from c.created_at)::text]
      from seen s join app.message c on c.marketplace_id = s.marketplace_id and c.lead_id = s.id
      union all
      select 'api_keys', null, null, k.id, array[k.name,
        case when k.revoked_at is null then 'live' else 'revoked' end,
        extract(epoch from k.created_at)::text]
      from app.api_key k where k.company_id = (select id from me)
    )"""

DIGESTS = f"""{_ROWS}
    select what, count(*) as rows, coalesce(sum(('x' || left(md5(concat_ws(' ', what,
      marketplace_id, lead_id, part_id, fields)), 15))::bit(60)::bigint), 0)::text as digest
    from row group by what"""  # noqa: S608 - constants

ROWS = f"""{_ROWS}
    select what, marketplace_id, lead_id, part_id,
      array(select md5(v) from unnest(fields) with ordinality f (v, i) order by i) as fields
    from row"""  # noqa: S608 - constants

UNFILTERED = """
    select 'users' as what, count(*) as rows from app.colleague
    union all select 'marketplaces',
      (select count(*) from app.marketplace)
      + (select count(*) from app.participation
         where operator_company_id <> (select app.current_company_id()))
    union all select 'participants',
      (select count(*) from app.participation)
      + (select count(distinct (i.marketplace_id, coalesce(i.company_id, i.id)))
         from app.partner_invitation i where i.state = 'open' and not exists (
           select from app.participation p
           where p.marketplace_id = i.marketplace_id and p.company_id = i.company_id))
    union all select 'leads', count(*) from app.lead
    union all select 'prospects', count(*) from app.prospect
    union all select 'offers', count(*) from app.offer
    union all select 'comments',
      (select count(*) from app.note) + (select count(*) from app.message)
    union all select 'api_keys', count(*) from app.api_key"""


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
