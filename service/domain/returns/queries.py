"""What is read of returns."""

from typing import Any
from uuid import UUID

from service.database.transaction import Tx
from service.domain.returns.messages import PendingReturn, ReturnRules
from service.vocabulary import Page, cut, decode_cursor, fetched

# Of a request r: what the operator is shown with it.
_EVIDENCE = """json_build_object('attempts', r.attempts, 'days', r.days, 'calls', r.calls,
    'files', coalesce((
      select json_agg(json_build_object('id', f.id, 'name', f.name, 'media_type', f.media_type)
        order by f.id) from app.message_file f
      where f.marketplace_id = r.marketplace_id and f.id = any (r.files)), '[]'))"""
# Of an engagement e: what the caller may do about it, and the latest request that he may see.
SHOWN = f"""app.return_terms(e.marketplace_id, e.id) as "return",
    (select json_build_object('state', r.state, 'reason', r.reason, 'comment', r.comment,
        'asked_by', r.asked_by_name, 'asked_at', r.asked_at, 'released_by', r.released_by_name,
        'requested_at', r.requested_at, 'decide_by', r.silence_at, 'automatic', r.automatic,
        'answer', r.answer, 'ended_at', r.ended_at, 'evidence', {_EVIDENCE})
      from app.return_request r
      where r.marketplace_id = e.marketplace_id and r.engagement_id = e.id
      order by r.id desc limit 1) as return_request"""


_PENDING = f"""select r.id, r.marketplace_id, r.lead_id, r.engagement_id, r.company_id,
    e.company_name, r.reason, r.comment, r.asked_by_name as asked_by, r.requested_at,
    r.silence_at as decide_by, {_EVIDENCE} as evidence
  from app.return_request r
  join app.engagement e on e.marketplace_id = r.marketplace_id and e.id = r.engagement_id
  where r.operator_company_id = (select app.current_company_id()) and r.state = 'requested'"""


async def pending(
    tx: Tx, marketplace_id: UUID | None, cursor: str | None, limit: int
) -> Page[PendingReturn]:
    """What the caller's company is to decide, on all its marketplaces or on one; who asked first
    comes first."""
    sql, values = _PENDING, list[Any]()
    for condition, value in (
        ("r.marketplace_id =", marketplace_id),
        ("r.id >", decode_cursor(cursor)),
    ):
        if value is not None:
            values.append(value)
            sql += f" and {condition} ${len(values)}"
    sql += f" order by r.id limit {fetched(limit)}"
    return cut(await tx.rows(PendingReturn, sql, *values), limit, "id")


async def rules(tx: Tx, marketplace_id: UUID) -> ReturnRules:
    """Which returns a marketplace takes, for its operator and its partners."""
    return await tx.view(
        ReturnRules,
        "select reasons, window_days, quota_percent, quota_days, silence_days, version"
        " from app.return_rules_of($1)",
        marketplace_id,
    )
