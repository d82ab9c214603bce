"""The SQL of leads. Which rows come back is decided by the policies; the filters only narrow."""

from datetime import datetime
from typing import Any
from uuid import UUID

from service.database import Tx
from service.leads.messages import Created, Lead, LeadFilter, Whereabouts
from service.vocabulary import Page, Versions, cut, decode_cursor, fetched

# The one view of a lead. A prospect that the policy hides is null here and absent in the answer.
_LEAD = """
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
_FROM = """
  from app.lead l
  left join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id
  left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id"""

# While a lead waits for a decision, who put it in or decides is shown other leads with the same
# contact, as far as he may see them; at most 20.
_DUPLICATES = """,
  case when l.state in ('draft', 'submitted', 'available') then (
    select coalesce(json_agg(d), '[]') from (
      select o.id, o.state, o.created_at, array_remove(array[
          case when c.email_key = p.email_key then 'email' end,
          case when c.phone_key = p.phone_key then 'phone' end], null) as matches
      from app.prospect c
      join app.lead o on o.marketplace_id = c.marketplace_id and o.id = c.lead_id
      where c.marketplace_id = l.marketplace_id and c.lead_id <> l.id
        and (c.email_key = p.email_key or c.phone_key = p.phone_key)
      order by o.id desc limit 20) d) end as possible_duplicates"""

# Each capacity has its own column and index. They select among what the policy shows anyway.
_AS = {
    "operator": "l.operator_company_id = (select app.current_company_id())",
    "giver": "l.giver_company_id = (select app.current_company_id())",
    "taker": "l.engaged_company_id = (select app.current_company_id())",
}
# In the list of all capacities a lead stands once: an operator may take on its own marketplace.
_ONLY_AS_TAKER = "l.operator_company_id <> (select app.current_company_id())"


async def lead(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """One lead; not-found when the policy hides it or there is none."""
    return await tx.view(
        Lead,
        f"{_LEAD}{_DUPLICATES}{_FROM} where l.marketplace_id = $1 and l.id = $2",
        marketplace_id,
        lead_id,
    )


async def whereabouts(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Whereabouts | None:
    """Where the person lives, as far as it is known; None when the caller may not see him."""
    return await tx.row(
        Whereabouts,
        "select country, city, postcode from app.prospect"
        " where marketplace_id = $1 and lead_id = $2",
        marketplace_id,
        lead_id,
    )


async def leads(tx: Tx, narrow: LeadFilter, cursor: str | None, limit: int) -> Page[Lead]:
    """A page of leads, newest first. Without a capacity the three indexes are walked together."""
    values: list[Any] = []
    conditions = _conditions(narrow, decode_cursor(cursor), values)
    capacities = [narrow.capacity] if narrow.capacity else list(_AS)
    branches, end = [], f"desc limit {fetched(limit)}"
    for capacity in capacities:
        where = [_AS[capacity], *conditions]
        if capacity == "taker" and narrow.capacity is None:
            where.append(_ONLY_AS_TAKER)
        branches.append(f"({_LEAD}{_FROM} where {' and '.join(where)} order by l.id {end})")
    sql = f"select * from ({' union all '.join(branches)}) x order by id {end}"
    return cut(await tx.rows(Lead, sql, *values), limit, "id")


def _conditions(narrow: LeadFilter, before: UUID | None, values: list[Any]) -> list[str]:
    """What narrows the list besides the capacity; adds its values."""
    conditions: list[str] = []

    def add(condition: str, value: Any) -> None:
        values.append(value)
        conditions.append(condition.replace("?", f"${len(values)}"))

    if before is not None:
        add("l.id < ?", before)
    if narrow.state:
        add("l.state = ?", narrow.state)
    if narrow.marketplace:
        add("l.marketplace_id = ?", narrow.marketplace)
    if narrow.handler == "none":
        conditions.append("e.id is not null and e.handler_id is null")
    elif narrow.handler == "me":
        conditions.append("e.handler_id = (select app.current_colleague_id())")
    elif narrow.handler:
        add("e.handler_id = ?", narrow.handler)
    if narrow.text:
        pattern = narrow.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        add(
            "concat_ws(' ', l.interest, p.name, p.company, p.email, p.phone, p.city) ilike ?",
            f"%{pattern}%",
        )
    return conditions


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
