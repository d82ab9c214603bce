"""The SQL of who sees a lead."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.access.messages import Access, AccessLine
from service.vocabulary import Moment

_LINES = """
    select company_id, company_name, part, sees, because, why, policy, since, until, engagement_id,
      known, detail as left_out, colleagues from app.access_of($1, $2, $3, $4, $5)
"""


async def access(
    tx: Tx, m: UUID, lead_id: UUID, company: UUID | None, at: Moment | None, language: str
) -> Access:
    """Of a lead of the caller's marketplace; of one company, also what it does not see and why."""
    return Access(at, await tx.rows(AccessLine, _LINES, m, lead_id, company, at, language))
