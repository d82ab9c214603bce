"""What is read of engagements, ended ones too."""

from typing import Any, get_args
from uuid import UUID

from service.database.transaction import Tx
from service.domain.engagements.messages import EngagementFilter, OneEngagement, ShownEngagement
from service.domain.returns import queries as returns
from service.vocabulary import (
    EngagementState,
    Page,
    cut,
    decode_cursor,
    fetched,
)

# Names of an engagement that has ended stand on its card, which its giver does not see.
_SHOWN = """select e.id, e.marketplace_id, e.lead_id,
    case when e.ended_at is null or c.id is not null then e.company_id end as company_id,
    coalesce(c.company_name, nullif(e.company_name, '')) as company_name, e.state, e.origin,
    e.self_pick, coalesce(c.picked_by_name, e.picked_by_name) as picked_by, e.steps, e.step,
    e.handler_id, coalesce(c.handler_name, e.handler_name) as handler_name, e.value, e.started_at,
    e.closed_at, e.return_reason, e.return_comment, e.return_requested_at, e.ended_at, l.version,
    case when ch.id is not null then json_build_object('amount_cents', ch.amount_cents,
      'currency', ch.currency) end as price, cr.posted_at as credited_at"""
_CARD = """
  left join app.engagement_card c on c.marketplace_id = e.marketplace_id and c.id = e.id
  left join app.lead l on l.marketplace_id = e.marketplace_id and l.id = e.lead_id
  left join app.posting ch on ch.marketplace_id = e.marketplace_id and ch.engagement_id = e.id
    and ch.kind = 'charge'
  left join app.posting cr on cr.marketplace_id = e.marketplace_id and cr.engagement_id = e.id
    and cr.kind = 'credit'"""
_RATING = """(select json_build_object('stars', r.stars, 'reason', r.reason, 'rated_at', r.rated_at,
      'changed_at', r.changed_at) from app.rating r
    where r.marketplace_id = e.marketplace_id and r.engagement_id = e.id) as rating"""
_LATEST = f"""{_SHOWN}, {returns.SHOWN}, {_RATING} from app.engagement e {_CARD}
  where e.marketplace_id = $1 and e.lead_id = $2 order by e.id desc limit 1"""
_ONE = f"""{_SHOWN}, {returns.SHOWN}, {_RATING} from app.engagement e {_CARD}
  where e.marketplace_id = $1 and e.lead_id = $2 and e.id = $3"""


async def one(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, engagement_id: UUID | None = None
) -> ShownEngagement:
    """One engagement of a lead, the latest that the caller sees when none is named. A taker sees
    its own ones; not-found when there is none."""
    if engagement_id is None:
        return await tx.view(ShownEngagement, _LATEST, marketplace_id, lead_id)
    return await tx.view(ShownEngagement, _ONE, marketplace_id, lead_id, engagement_id)


async def own(
    tx: Tx, narrow: EngagementFilter, cursor: str | None, limit: int
) -> Page[OneEngagement]:
    """The engagements of the caller's company, ended ones too, newest first."""
    after = decode_cursor(cursor)
    values: list[Any] = []
    conditions = ["company_id = (select app.current_company_id())"]
    for condition, value in (("marketplace_id", narrow.marketplace), ("id", after)):
        if value is not None:
            values.append(value)
            conditions.append(f"{condition} {'<' if condition == 'id' else '='} ${len(values)}")
    where = " and ".join(conditions)
    states = (narrow.state,) if narrow.state else get_args(EngagementState)
    # Each state by the index; a literal of a closed list, as everywhere.
    branches = " union all ".join(
        f"(select * from app.engagement where {where} and state = '{state}'"
        f" order by id desc limit {fetched(limit)})"
        for state in states
    )
    sql = f"{_SHOWN} from ({branches}) e {_CARD} order by e.id desc limit {fetched(limit)}"
    return cut(await tx.listed(OneEngagement, sql, *values), limit, "id")
