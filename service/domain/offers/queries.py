"""The SQL of offers."""

import functools
from typing import Any, get_args
from uuid import UUID

from service.database.ordering import Order
from service.database.transaction import Lane, Tx
from service.domain.offers.messages import Offer, OfferFilter
from service.errors import Problem
from service.vocabulary import OfferState, Page, fetched

_COLUMNS = """id, marketplace_id, lead_id, marketplace_name, company_id, company_name, state, wave,
    json_build_object('interest', interest, 'postcode_area', postcode_area, 'tags', tags)
      as teaser, opened_at, expires_at, answered_at, answered_by_name as answered_by,
    decline_reason, placed_before"""


# A list that nothing is filtered out of on the way.
WALKED = Lane("offers", seconds=5)
NEWEST, EXPIRING = Order(None, descending=True), Order("expires_at", descending=False)
# What each side sees of its offers; a list of all of them asks for each state, by the same index.
_STATES = {"operator": get_args(OfferState), "taker": ("open", "picked")}
_SIDE = {
    "operator": "operator_company_id = (select app.current_company_id())",
    "taker": "company_id = (select app.current_company_id())",
}

# All offers of a marketplace are its operator's, so his list of one walks the marketplace's index.
_OPERATED = (
    "exists (select from app.marketplace m where m.id = $?"
    " and m.operator_company_id = (select app.current_company_id()))"
)


async def offers(tx: Tx, narrow: OfferFilter, cursor: str | None, limit: int) -> Page[Offer]:
    """Offers to the caller's company, or of its marketplaces."""
    order = _order(narrow)
    plain = OfferFilter(narrow.capacity, narrow.state, sort=narrow.sort)
    values: list[Any] = []
    if cursor is None and narrow == plain:
        sql = _first_page(narrow.capacity, narrow.state, narrow.sort, limit)
    else:
        sql, values = _statement(narrow, cursor, limit)
    filtered = narrow.marketplace or narrow.lead or narrow.state == "declined"
    lane = None if filtered else WALKED
    return order.cut(await tx.listed(Offer, sql, *values, lane=lane), limit)


def _order(narrow: OfferFilter) -> Order:
    return EXPIRING if narrow.sort == "expiring" or narrow.expires_before else NEWEST


@functools.cache
def _first_page(capacity: Any, state: Any, sort: Any, limit: int) -> str:
    """What is asked most, put together once."""
    return _statement(OfferFilter(capacity, state, sort=sort), None, limit)[0]


def _statement(narrow: OfferFilter, cursor: str | None, limit: int) -> tuple[str, list[Any]]:
    """The state is a literal of a closed list: a generic plan uses a partial index for no bound
    value."""
    values: list[Any] = []
    order = _order(narrow)
    # A filter on the way, as a condition that no index takes.
    conditions, place = [_SIDE[narrow.capacity]], "(marketplace_id = $?) is true"
    if narrow.marketplace and narrow.capacity == "operator":
        conditions, place = [], f"marketplace_id = $? and {_OPERATED}"
    if cursor is not None:
        conditions.append(order.after(cursor, values))
    for condition, value in (
        (place, narrow.marketplace),
        ("lead_id = $?", narrow.lead),
        ("expires_at < $?", narrow.expires_before),
    ):
        if value is not None:
            values.append(value)
            conditions.append(condition.replace("$?", f"${len(values)}"))
    end = f"order by {order.by()} limit {fetched(limit)}"
    branches = []
    for state in _states(narrow, order):
        # Overdue ones wait for the timer; nobody can pick them any more.
        asked = narrow.state or order is EXPIRING
        overdue = " and expires_at > now()" if asked and state == "open" else ""
        where = f"{' and '.join(conditions)} and state = '{state}'{overdue}"
        branches.append(f"(select {_COLUMNS} from {_source(narrow)} where {where} {end})")
    return f"select * from ({' union all '.join(branches)}) x {end}", values


def _source(narrow: OfferFilter) -> str:
    """What a taker declined is no row that it sees; a function tells what it may take back."""
    declined = narrow.capacity == "taker" and narrow.state == "declined"
    return "app.offers_to_reopen()" if declined else "app.offer"


def _states(narrow: OfferFilter, order: Order) -> tuple[str, ...]:
    if order is NEWEST:
        return _STATES[narrow.capacity] if narrow.state is None else (narrow.state,)
    if narrow.state not in (None, "open"):
        error = {
            "parameter": "state",
            "code": "not-listed",
            "detail": "Only open offers are listed by their end",
            "detail_de": "Nach ihrem Ende werden nur offene Angebote aufgelistet",
        }
        raise Problem("validation-failed", errors=[error])
    return ("open",)


def pick(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """One company wins; nothing happens when a colleague has it already. Attempts are counted."""
    tx.attempt("select app.attempt_pick($1, $2)", marketplace_id, lead_id)


async def decline(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str | None) -> Offer:
    """For the whole company."""
    return await tx.view(
        Offer,
        f"select {_COLUMNS} from app.decline_offer($1, $2, $3)",
        marketplace_id,
        lead_id,
        reason,
    )


async def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Offer:
    """The company's own refusal, taken back."""
    return await tx.view(
        Offer, f"select {_COLUMNS} from app.reopen_offer($1, $2)", marketplace_id, lead_id
    )
