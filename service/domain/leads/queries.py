"""The SQL of a lead. Whether it comes back is decided by the policies. Lists: listing.py."""

from datetime import datetime
from typing import Any
from uuid import UUID

from service.database.transaction import Lane, Tx
from service.domain.leads.messages import Counts, Created, Duplicate, Lead, Whereabouts
from service.vocabulary import Versions

# The one view of a lead. A prospect that the policy hides is null here and absent in the answer.
LEAD = """
  select l.marketplace_id, l.id, l.state, l.interest, l.postcode_area, l.tags,
    l.distribution_permission, l.source, l.external_ref, l.rejection_reason,
    l.operator_company_id, l.operator_name, l.giver_company_id, l.giver_name,
    l.engaged_company_id, l.engaged_company_name, l.received_at, l.created_at, l.submitted_at,
    l.changed_at, l.version,
    case when num_nonnulls(l.teaser_interest, l.teaser_tags) > 0 then json_build_object(
      'interest', coalesce(l.teaser_interest, l.interest), 'postcode_area', l.postcode_area,
      'tags', coalesce(l.teaser_tags, l.tags)) end as teaser,
    case when p.lead_id is not null then json_build_object(
      'name', p.name, 'salutation', p.salutation, 'company', p.company, 'email', p.email,
      'phone', p.phone, 'street', p.street, 'postcode', p.postcode, 'city', p.city,
      'country', p.country, 'answers', p.answers) end as prospect,
    case when e.id is not null then json_build_object(
      'id', e.id, 'marketplace_id', e.marketplace_id, 'lead_id', e.lead_id,
      'company_id', e.company_id, 'company_name', e.company_name, 'state', e.state,
      'origin', e.origin, 'self_pick', e.self_pick, 'picked_by', e.picked_by_name,
      'steps', e.steps, 'step', e.step, 'handler_id', e.handler_id,
      'handler_name', e.handler_name, 'value', e.value, 'started_at', e.started_at,
      'closed_at', e.closed_at, 'version', l.version) end as engagement
"""
JOINS = """
  left join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id
  left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id"""
FROM = f"from app.lead l {JOINS}"

# While a lead waits for a decision, who put it in or decides is shown other leads with the same
# contact, as far as he may see them; at most 20.
WAITING = ("draft", "submitted", "available")


def _duplicates(of: str) -> str:
    """Of a prospect's row."""
    return f"""select o.id, o.state, o.created_at, array_remove(array[
          case when c.email_key = {of}.email_key then 'email' end,
          case when c.phone_key = {of}.phone_key then 'phone' end], null) as matches
      from app.prospect c
      join app.lead o on o.marketplace_id = c.marketplace_id and o.id = c.lead_id
      where c.marketplace_id = {of}.marketplace_id and c.lead_id <> {of}.lead_id
        and (c.email_key = {of}.email_key or c.phone_key = {of}.phone_key)
      order by o.id desc limit 20"""


DUPLICATES = f""",
  case when l.state in {WAITING} then (
    select coalesce(json_agg(d), '[]') from ({_duplicates("p")}) d) end as possible_duplicates"""
_DUPLICATES_OF_ONE = f"""select d.* from app.prospect p
  cross join lateral ({_duplicates("p")}) d
  where p.marketplace_id = $1 and p.lead_id = $2 order by d.id desc"""


_OF_ONE = f"{FROM} where l.marketplace_id = $1 and l.id = $2"
_READ, _WRITTEN = f"{LEAD} {_OF_ONE}", f"{LEAD}{DUPLICATES} {_OF_ONE}"
ONE = Lane("lead", seconds=5)
COUNTS = Lane("counts", seconds=5)


async def lead(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """One lead; not-found when the policy hides it or there is none. A read looks for duplicates
    when the state asks for it: preparing to look costs a tenth of all other leads."""
    if not tx.reads:
        return await tx.view(Lead, _WRITTEN, marketplace_id, lead_id)
    found = await tx.view(Lead, _READ, marketplace_id, lead_id, lane=ONE)
    if found.state in WAITING:
        found.possible_duplicates = await tx.rows(
            Duplicate, _DUPLICATES_OF_ONE, marketplace_id, lead_id
        )
    return found


async def whereabouts(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Whereabouts | None:
    """Where the person lives, as far as it is known; None when the caller may not see him."""
    return await tx.row(
        Whereabouts,
        "select country, city, postcode from app.prospect"
        " where marketplace_id = $1 and lead_id = $2",
        marketplace_id,
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


async def create(
    tx: Tx,
    marketplace_id: UUID,
    interest: str,
    tags: list[str],
    permission: bool,
    prospect: dict[str, Any],
    submit: bool,
    source: str,
    external_ref: str | None,
    received_at: datetime | None,
) -> Created:
    """Puts a lead in, as giver or operator."""
    return await tx.one(
        Created,
        "select id, created from app.create_lead($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        marketplace_id,
        interest,
        tags,
        permission,
        prospect,
        submit,
        source,
        external_ref,
        received_at,
    )


def change(
    tx: Tx,
    marketplace_id: UUID,
    lead_id: UUID,
    versions: Versions,
    envelope: dict[str, Any],
    prospect: dict[str, Any],
) -> None:
    """Keys that are absent stay."""
    tx.do(
        "select app.change_lead($1, $2, $3, $4, $5)",
        marketplace_id,
        lead_id,
        versions,
        envelope,
        prospect,
    )


def submit(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """draft → submitted."""
    tx.do("select app.submit_lead($1, $2)", marketplace_id, lead_id)


def accept(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """submitted → available."""
    tx.do("select app.accept_lead($1, $2)", marketplace_id, lead_id)


def reject(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str) -> None:
    """submitted → rejected."""
    tx.do("select app.reject_lead($1, $2, $3)", marketplace_id, lead_id, reason)


def offer(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, companies: list[UUID] | None, hours: int | None
) -> None:
    """available or unplaced → offered."""
    tx.do("select app.offer_lead($1, $2, $3, $4)", marketplace_id, lead_id, companies, hours)


def assign(tx: Tx, marketplace_id: UUID, lead_id: UUID, company_id: UUID) -> None:
    """Directly to one taker."""
    tx.do("select app.assign_lead($1, $2, $3)", marketplace_id, lead_id, company_id)


def withdraw(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str | None) -> None:
    """Back before the pick."""
    tx.do("select app.withdraw_lead($1, $2, $3)", marketplace_id, lead_id, reason)
