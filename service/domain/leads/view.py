"""The one view of a lead: a row of `app.lead` with what the caller may see of its person, its
engagement and its possible duplicates. One lead and lists read the same."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array

from service.database import tables
from service.database.statements import columns, number, record, word

LEAD = tables.lead.alias("l")
PROSPECT, ENGAGEMENT = tables.prospect.alias("p"), tables.engagement.alias("e")
# While a lead waits for a decision, who put it in or decides is shown other leads with the same
# contact, as far as he may see them; at most 20.
WAITING = ("draft", "submitted", "available")
NO_DUPLICATES: ColumnElement[Any] = literal_column("null::json").label("possible_duplicates")

# A prospect that the policy hides is null here and absent in the answer.
_PROSPECT = record(
    *columns(PROSPECT, "name salutation company email phone street postcode city country answers")
)


def joined(lead: FromClause = LEAD) -> FromClause:
    """Rows of leads, each with its person and its engagement."""
    return lead.outerjoin(
        PROSPECT,
        and_(PROSPECT.c.marketplace_id == lead.c.marketplace_id, PROSPECT.c.lead_id == lead.c.id),
    ).outerjoin(
        ENGAGEMENT,
        and_(
            ENGAGEMENT.c.marketplace_id == lead.c.marketplace_id,
            ENGAGEMENT.c.id == lead.c.engagement_id,
        ),
    )


def view(lead: FromClause = LEAD, *more: ColumnElement[Any]) -> Select[Any]:
    """Leads as they are shown. more: their duplicates, where they are looked for."""
    row, work = lead.c, ENGAGEMENT.c
    teaser = record(
        func.coalesce(row.teaser_interest, row.interest).label("interest"),
        row.postcode_area,
        func.coalesce(row.teaser_tags, row.tags).label("tags"),
    )
    engagement = record(
        *columns(
            ENGAGEMENT, "id marketplace_id lead_id company_id company_name state origin self_pick"
        ),
        work.picked_by_name.label("picked_by"),
        *columns(ENGAGEMENT, "steps step handler_id handler_name value started_at closed_at"),
        row.version,
    )
    own = (func.num_nonnulls(row.teaser_interest, row.teaser_tags) > number(0), teaser)
    return select(
        *columns(
            lead,
            "marketplace_id id state interest postcode_area tags distribution_permission source"
            " external_ref rejection_reason operator_company_id operator_name giver_company_id"
            " giver_name engaged_company_id engaged_company_name received_at created_at"
            " submitted_at changed_at version",
        ),
        case(own).label("teaser"),
        case((PROSPECT.c.lead_id.is_not(None), _PROSPECT)).label("prospect"),
        case((work.id.is_not(None), engagement)).label("engagement"),
        *more,
    ).select_from(joined(lead))


def duplicates_of(prospect: FromClause) -> Select[Any]:
    """Other leads with the same contact as a prospect's row, the newest 20."""
    one, other = prospect.c, tables.prospect.alias("c")
    lead = tables.lead.alias("o")
    email, phone = other.c.email_key == one.email_key, other.c.phone_key == one.phone_key
    found = array([case((email, word("email"))), case((phone, word("phone")))])
    return (
        select(
            *columns(lead, "id state created_at"), func.array_remove(found, null()).label("matches")
        )
        .select_from(
            other.join(
                lead,
                and_(lead.c.marketplace_id == other.c.marketplace_id, lead.c.id == other.c.lead_id),
            )
        )
        .where(
            other.c.marketplace_id == one.marketplace_id,
            other.c.lead_id != one.lead_id,
            or_(email, phone),
        )
        .order_by(lead.c.id.desc())
        .limit(number(20))
        .correlate(prospect)
    )


def duplicates(lead: FromClause = LEAD) -> ColumnElement[Any]:
    """The column with them, looked for where the state asks for it."""
    rows = duplicates_of(PROSPECT).subquery("d")
    found: ColumnElement[Any] = func.json_agg(literal_column("d"))
    listed = select(func.coalesce(found, literal_column("'[]'"))).select_from(rows)
    waits = lead.c.state.in_([word(state) for state in WAITING])
    return case((waits, listed.scalar_subquery())).label("possible_duplicates")
