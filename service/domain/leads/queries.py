"""What is read of a lead. Whether it comes back is decided by the policies. Lists: listing.py."""

from uuid import UUID

from sqlalchemy import bindparam, select, true

from service.database.statements import compiled
from service.database.transaction import Lane, Tx
from service.domain.leads.lookalikes import Lookalikes
from service.domain.leads.messages import Counts, Knowable, Lead, Whereabouts
from service.domain.leads.view import LEAD, PROSPECT, WAITING, duplicates, duplicates_of, view

_PLACE = LEAD.c.marketplace_id == bindparam("m"), LEAD.c.id == bindparam("lead")
_READ = compiled(view().where(*_PLACE)).sql
_WRITTEN = compiled(view(LEAD, duplicates()).where(*_PLACE)).sql
_FOUND = duplicates_of(PROSPECT).lateral("d")
_DUPLICATES_OF_ONE = compiled(
    select(_FOUND)
    .select_from(PROSPECT.join(_FOUND, true()))
    .where(PROSPECT.c.marketplace_id == bindparam("m"), PROSPECT.c.lead_id == bindparam("lead"))
    .order_by(_FOUND.c.id.desc())
).sql
_LOOKALIKES = f"""select coalesce((select json_agg(x) from ({_DUPLICATES_OF_ONE}) x), '[]')
    as possible_duplicates, app.marked_duplicate($1, $2) as duplicate"""
ONE = Lane("lead", seconds=5)
COUNTS = Lane("counts", seconds=5)
# Something of a lead that the caller may know of, though it may not see the lead itself any more.
_KNOWN = """select true as known from app.lead where marketplace_id = $1 and id = $2
  union all
  select true from app.engagement where marketplace_id = $1 and lead_id = $2"""


async def lead(tx: Tx, m: UUID, lead_id: UUID) -> Lead:
    """One lead; not-found when the policy hides it or there is none. A read looks for duplicates
    when the state asks for it: preparing to look costs a tenth of all other leads."""
    if not tx.reads:
        return await tx.view(Lead, _WRITTEN, m, lead_id)
    found = await tx.view(Lead, _READ, m, lead_id, lane=ONE)
    if found.state in WAITING:
        others = await tx.one(Lookalikes, _LOOKALIKES, m, lead_id)
        found.possible_duplicates, found.duplicate = others.possible_duplicates, others.duplicate
    return found


async def known(tx: Tx, m: UUID, lead_id: UUID) -> None:
    """Raises Problem not-found unless there is a lead or an engagement of it to be seen."""
    await tx.one(Knowable, _KNOWN, m, lead_id)


async def whereabouts(tx: Tx, m: UUID, lead_id: UUID) -> Whereabouts | None:
    """Where the person lives, as far as it is known; None when the caller may not see him."""
    return await tx.row(
        Whereabouts,
        "select country, city, postcode from app.prospect"
        " where marketplace_id = $1 and lead_id = $2",
        m,
        lead_id,
    )


_MINE = "(select app.current_company_id())"
_LEADS = f"app.lead where operator_company_id = {_MINE} and state ="
_ENGAGEMENTS = f"app.engagement where company_id = {_MINE} and state = 'active' and handler_id"
_WAITING = {
    "offers": f"app.offer where company_id = {_MINE} and state = 'open'"
    " and expires_at > app.clock()",
    "submitted": f"{_LEADS} 'submitted'",
    "available": f"{_LEADS} 'available'",
    "unplaced": f"{_LEADS} 'unplaced'",
    "returns": f"app.engagement where operator_company_id = {_MINE} and state = 'return_requested'",
    "mine": f"{_ENGAGEMENTS} = (select app.current_colleague_id())",
    "unassigned": f"{_ENGAGEMENTS} is null",
}


async def counts(tx: Tx) -> Counts:
    """What waits for the caller. Each count ends at 1,000: a badge tells no more."""
    columns = (
        f"(select count(*) from (select from {rows} limit 1000) x) as {name}"
        for name, rows in _WAITING.items()
    )
    return await tx.one(Counts, f"select {', '.join(columns)}", lane=COUNTS)
