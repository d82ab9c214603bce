"""The SQL of statements. The rows are what the policies show the caller."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from service.database.transaction import Tx
from service.domain.reports.messages import (
    NOTHING_HAPPENED,
    WHY_EMPTY,
    Every,
    MarketplaceReport,
    MonthlyStatement,
    StatementEntry,
    StatementTotal,
)
from service.errors import Problem
from service.vocabulary import Moment, cut, decode_cursor, fetched

#: The most entries of a file: what an operator with more asks for company by company.
MOST = 50_000

# Of one taker by the index of its own, of all by that of the marketplace.
_STATEMENT = """
  with s as (select * from app.statement_month($1, $2, $3)),
  e as (
    select p.* from s join app.posting p on p.marketplace_id = $1 and p.company_id = s.company_id
      and p.posted_at >= s.begins_at and p.posted_at < s.ends_at
    union all
    select p.* from s join app.posting p on p.marketplace_id = $1
      and p.posted_at >= s.begins_at and p.posted_at < s.ends_at
    where s.company_id is null)
  select s.marketplace_name, s.operator_name, s.month, s.time_zone, s.begins_at, s.ends_at,
    s.capacity, s.priced, coalesce((
      select json_agg(i) from (
        select e.id, e.kind, e.reason, e.posted_at, c.posted_at as charged_at, e.lead_id,
          e.engagement_id, e.company_id, e.company_name,
          case e.kind when 'credit' then -e.amount_cents else e.amount_cents end as amount_cents,
          e.currency, to_char(e.posted_at at time zone s.time_zone, 'YYYY-MM-DD HH24:MI') as day,
          to_char(c.posted_at at time zone s.time_zone, 'YYYY-MM-DD HH24:MI') as charged_day
        from e join app.posting c on c.marketplace_id = e.marketplace_id
          and c.engagement_id = e.engagement_id and c.kind = 'charge'
        where $4::uuid is null or e.id > $4 order by e.id limit {}) i), '[]') as items,
    coalesce((
      select json_agg(t order by t.company_name, t.company_id, t.currency) from (
        select e.company_id, (array_agg(e.company_name order by e.id desc))[1] as company_name,
          e.currency, count(*) filter (where e.kind = 'charge') as charges,
          coalesce(sum(e.amount_cents) filter (where e.kind = 'charge'), 0) as charged_cents,
          count(*) filter (where e.kind = 'credit') as credits,
          coalesce(sum(e.amount_cents) filter (where e.kind = 'credit'), 0) as credited_cents,
          sum(case e.kind when 'credit' then -e.amount_cents else e.amount_cents end)
            as balance_cents
        from e group by e.company_id, e.currency) t), '[]') as totals
  from s"""


class DatedEntry(StatementEntry):
    """The same with its days by the zone of the calendar, which a file shows."""

    day: str
    charged_day: str


class StatementRow(msgspec.Struct):
    """The statement as the database gives it."""

    marketplace_name: str
    operator_name: str
    month: str
    time_zone: str
    begins_at: Moment
    ends_at: Moment
    capacity: Literal["operator", "taker", "giver"]
    priced: bool
    items: list[DatedEntry]
    totals: list[StatementTotal]


_SHARED = (
    *("marketplace_name", "operator_name", "month", "time_zone", "begins_at", "ends_at"),
    "totals",
)


async def statement(
    tx: Tx, m: UUID, month: str | None, company: UUID | None, cursor: str | None, limit: int
) -> MonthlyStatement:
    """A page of a month; not-found for who neither operates the marketplace nor takes part."""
    after = decode_cursor(cursor)
    found = await tx.one(StatementRow, _STATEMENT.format(fetched(limit)), m, month, company, after)
    names = StatementEntry.__struct_fields__
    shown = [StatementEntry(*(getattr(one, name) for name in names)) for one in found.items]
    page = cut(shown, limit, "id")
    why = None
    if not found.totals:
        free = "nothing" if found.priced else f"{found.capacity}-free"
        why = WHY_EMPTY["giver" if found.capacity == "giver" else free]
    shared = {name: getattr(found, name) for name in _SHARED}
    return MonthlyStatement(
        marketplace_id=m,
        items=page.items,
        next_cursor=page.next_cursor,
        why_empty=why,
        **shared,
    )


async def whole_statement(tx: Tx, m: UUID, month: str | None, company: UUID | None) -> StatementRow:
    """All of a month. Raises validation-failed where it is more than a file holds."""
    found = await tx.one(StatementRow, _STATEMENT.format(MOST + 1), m, month, company, None)
    if len(found.items) > MOST:
        error = {
            "parameter": "company",
            "code": "too-many",
            "detail": f"More than {MOST:,} entries: ask for one company at a time",
            "detail_de": "Zu viele Buchungen: Bitte für je eine Firma abrufen",
        }
        raise Problem("validation-failed", errors=[error])
    return found


# The sources under the policies: a taker reads leads that it works, which are not its sources.
_REPORT = """
  with s as (select coalesce($2, coalesce($3, app.clock()) - interval '30 days') as begins_at,
    coalesce($3, app.clock()) as ends_at),
  r as materialized (select r.* from s, app.ratings_of($1, s.begins_at, s.ends_at) r),
  t as materialized (
    select t.* from s, app.report_takers($1, s.begins_at, s.ends_at, $4) with ordinality t)
  select s.begins_at, s.ends_at, k.contact_target_minutes, k.time_zone,
    coalesce((select json_agg(t order by t.ordinality) from t where t.period is null), '[]')
      as takers,
    coalesce((
      select json_agg(json_build_object('begins_at', p.period, 'ends_at', p.period_ends,
        'takers', p.takers) order by p.period) from (
        select t.period, t.period_ends, json_agg(t order by t.ordinality) as takers from t
        where t.period is not null group by t.period, t.period_ends) p), '[]') as periods,
    coalesce((select json_agg(c) from app.report_colleagues($1, s.begins_at, s.ends_at) c), '[]')
      as colleagues,
    coalesce((
      select json_agg(x order by x.leads desc, x.source, x.giver_name) from (
        select l.source, l.giver_company_id, min(l.giver_name) as giver_name,
          count(distinct l.id) as leads, count(e.id) as engagements,
          count(*) filter (where e.state = 'won') as won,
          count(*) filter (where e.state = 'lost') as lost,
          count(*) filter (where e.state = 'returned') as returned,
          (select r.rating from r where r.source = l.source
            and r.giver_company_id is not distinct from l.giver_company_id) as rating
        from app.lead l
        left join app.engagement e on e.marketplace_id = l.marketplace_id and e.lead_id = l.id
        where l.marketplace_id = $1 and l.received_at >= s.begins_at and l.received_at < s.ends_at
          and (select app.current_company_id()) in (l.operator_company_id, l.giver_company_id)
        group by l.source, l.giver_company_id) x), '[]') as sources,
    coalesce((
      select json_agg(json_build_object('giver_company_id', r.giver_company_id, 'giver_name',
        r.giver_name, 'rating', r.rating) order by r.giver_name, r.giver_company_id)
      from r where r.source is null), '[]') as givers,
    null::json as why_empty
  from s, app.report_terms($1) k"""
#: What may be asked for by week or month, in days: as many lines are made of each taker.
_LONGEST = {"week": 2 * 366, "month": 10 * 366}


async def report(
    tx: Tx, m: UUID, begins_at: Moment | None, ends_at: Moment | None, by: Every | None
) -> MarketplaceReport:
    """The last 30 days, or from when to when; not-found for who has no part in the marketplace.
    Raises validation-failed for a span that has too many periods."""
    if by is not None and begins_at is not None:
        span = (ends_at or datetime.now(UTC)) - begins_at
        if span.days > _LONGEST[by]:
            years = _LONGEST[by] // 366
            error = {
                "parameter": "by",
                "code": "too-many",
                "detail": f"By {by} at most {years} years at once",
                "detail_de": f"So unterteilt höchstens {years} Jahre auf einmal",
            }
            raise Problem("validation-failed", errors=[error])
    found = await tx.one(MarketplaceReport, _REPORT, m, begins_at, ends_at, by)
    if not found.takers and not found.sources:
        found.why_empty = NOTHING_HAPPENED
    return found
