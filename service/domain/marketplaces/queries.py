"""What is read of marketplaces. An operator sees the marketplace, a partner its participation."""

from uuid import UUID

from sqlalchemy import bindparam

from service.database.statements import compiled, listed
from service.database.transaction import Tx
from service.domain.marketplaces.messages import Marketplace, Participation
from service.vocabulary import Page

# One list of what the policies show: own marketplaces, and the cards of the caller's company.
# The operator sees cards of others too; they are left out here, they are no marketplaces of his.
_MARKETPLACE = """
    select id, name, operator_name, operator_company_id, steps, true as as_operator,
           '{}'::text[] as capacities, version, null::text as state,
           json_build_object('operator_may_take', operator_may_take,
             'giver_may_withdraw', giver_may_withdraw, 'auto_accept', auto_accept,
             'auto_offer', auto_offer, 'response_hours', response_hours,
             'reopen_days', reopen_days, 'teaser_digits', teaser_digits,
             'next_step_required', next_step_required, 'hand_back_hours', hand_back_hours,
             'contact_target_minutes', contact_target_minutes, 'stalled_hours', stalled_hours,
             'price_cents', price_cents, 'currency', currency,
             'duplicate_days', duplicate_days)
             as settings
    from app.marketplace
    union all
    select marketplace_id, marketplace_name, operator_name, operator_company_id, steps, false,
           capacities, version, state, null
    from app.participation
    where company_id = (select app.current_company_id()) and state in ('invited', 'active')"""
_MARKETPLACES = listed(
    _MARKETPLACE,
    "id name operator_name operator_company_id steps as_operator capacities version state settings",
)
_ONE = compiled(_MARKETPLACES.where(_MARKETPLACES.selected_columns.id == bindparam("id"))).sql

_CARD = """
  select company_id as id, marketplace_id, company_id, company_name, null::uuid as invitation_id,
         null as email, state, capacities, postcode_areas, tags, cap, paused, invited_at,
         marketplace_name, version, json_build_object('open', cap, 'day', cap_day, 'week', cap_week,
           'month', cap_month) as caps, time_zone, exclusive_areas, price_cents
  from app.participation"""

_INVITED = """
  select i.id, i.marketplace_id, i.company_id, null as company_name, i.id as invitation_id, i.email,
         'invited' as state, array[i.capacity] as capacities, i.postcode_areas, i.tags, i.cap,
         false as paused, i.created_at as invited_at, m.name as marketplace_name, null as version,
         json_build_object('open', i.cap, 'day', null, 'week', null, 'month', null) as caps,
         null as time_zone, '{}'::text[] as exclusive_areas,
         null::integer as price_cents
  from app.partner_invitation i join app.marketplace m on m.id = i.marketplace_id"""
_PARTICIPATIONS = listed(
    f"{_CARD} where marketplace_id = :m union all"
    f" {_INVITED} where i.marketplace_id = :m and i.state = 'open'",
    "id marketplace_id company_id company_name invitation_id email state capacities postcode_areas"
    " tags cap paused invited_at marketplace_name version caps time_zone exclusive_areas"
    " price_cents",
)


async def marketplaces(tx: Tx, cursor: str | None, limit: int) -> Page[Marketplace]:
    """What the company operates or takes part in, newest first."""
    return await tx.page(Marketplace, _MARKETPLACES, cursor=cursor, limit=limit)


async def marketplace(tx: Tx, marketplace_id: UUID) -> Marketplace:
    """One of them."""
    return await tx.view(Marketplace, _ONE, marketplace_id)


async def participations(
    tx: Tx, marketplace_id: UUID, cursor: str | None, limit: int
) -> Page[Participation]:
    """For the operator all partners, and whose answer is open; for a partner itself; newest first.
    Raises Problem not-found for who sees no such marketplace."""
    await marketplace(tx, marketplace_id)
    return await tx.page(
        Participation, _PARTICIPATIONS, m=marketplace_id, cursor=cursor, limit=limit
    )


async def invitation(tx: Tx, marketplace_id: UUID, invitation_id: UUID) -> Participation:
    """One invitation as the operator wrote it."""
    return await tx.view(
        Participation,
        f"{_INVITED} where i.marketplace_id = $1 and i.id = $2",
        marketplace_id,
        invitation_id,
    )


async def own_card(tx: Tx, marketplace_id: UUID) -> Participation:
    """The card of the caller's company."""
    return await tx.view(
        Participation,
        f"{_CARD} where marketplace_id = $1 and company_id = (select app.current_company_id())",
        marketplace_id,
    )


async def card(tx: Tx, marketplace_id: UUID, company_id: UUID) -> Participation:
    """The card of one company."""
    return await tx.view(
        Participation,
        f"{_CARD} where marketplace_id = $1 and company_id = $2",
        marketplace_id,
        company_id,
    )


async def locked_card(tx: Tx, marketplace_id: UUID, company_id: UUID) -> Participation:
    """The card of one company, for who changes it in this transaction."""
    return await tx.one(
        Participation,
        f"{_CARD} where marketplace_id = $1 and company_id = $2 for no key update",
        marketplace_id,
        company_id,
    )
