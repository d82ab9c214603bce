"""What is read of returns."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.returns.messages import ReturnRules

# Of an engagement e: what the caller may do about it, and the latest request that he may see.
SHOWN = """app.return_terms(e.marketplace_id, e.id) as "return",
    (select json_build_object('state', r.state, 'reason', r.reason, 'comment', r.comment,
        'asked_by', r.asked_by_name, 'asked_at', r.asked_at, 'released_by', r.released_by_name,
        'requested_at', r.requested_at, 'decide_by', r.silence_at, 'automatic', r.automatic,
        'answer', r.answer, 'ended_at', r.ended_at, 'evidence', json_build_object(
          'attempts', r.attempts, 'days', r.days, 'calls', r.calls, 'files', coalesce((
            select json_agg(json_build_object('id', f.id, 'name', f.name,
              'media_type', f.media_type) order by f.id) from app.message_file f
            where f.marketplace_id = r.marketplace_id and f.id = any (r.files)), '[]')))
      from app.return_request r
      where r.marketplace_id = e.marketplace_id and r.engagement_id = e.id
      order by r.id desc limit 1) as return_request"""


async def rules(tx: Tx, marketplace_id: UUID) -> ReturnRules:
    """Which returns a marketplace takes, for its operator and its partners."""
    return await tx.view(
        ReturnRules,
        "select reasons, window_days, quota_percent, quota_days, silence_days, version"
        " from app.return_rules_of($1)",
        marketplace_id,
    )
