"""What is read of offers."""

import functools
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    case,
    exists,
    func,
    select,
    text,
    true,
    union_all,
)

from service.database import tables
from service.database.ordering import Order
from service.database.statements import Compiled, columns, compiled, number, record, result, word
from service.database.transaction import Lane, Tx
from service.domain.offers.messages import Offer, OfferFilter
from service.errors import Problem
from service.vocabulary import OfferState, Page, fetched

NAMES = " ".join(tables.offer.c.keys())


def view(offers: FromClause) -> Select[Any]:
    """Offers as they are shown."""
    o = offers.c
    return select(
        *columns(offers, "id marketplace_id lead_id marketplace_name company_id company_name"),
        *columns(offers, "state wave"),
        record(o.interest, o.postcode_area, o.tags).label("teaser"),
        *columns(offers, "opened_at expires_at answered_at"),
        o.answered_by_name.label("answered_by"),
        o.decline_reason,
        o.placed_before,
        case(
            (o.price_cents.is_not(None), record(o.price_cents.label("amount_cents"), o.currency))
        ).label("price"),
    ).select_from(offers)


# What a taker declined is no row that it sees; a function tells what it may take back.
_TO_REOPEN = result("offers_to_reopen", "", NAMES)

# A list that nothing is filtered out of on the way.
WALKED = Lane("offers", seconds=5)
ORDERS = {
    "newest": Order(None, descending=True),
    "expiring": Order("expires_at", descending=False),
}
# What each side sees of its offers; a list of all of them asks for each state, by the same index.
_STATES = {"operator": get_args(OfferState), "taker": ("open", "picked")}
_SIDES = {"operator": "operator_company_id", "taker": "company_id"}
_COMPANY = text("(select app.current_company_id())")
_NAMES = OfferFilter.__struct_fields__


class _Shape(NamedTuple):
    """What the text of a list depends on; given: the filters that have a value."""

    capacity: Literal["operator", "taker"]
    state: OfferState | None
    sort: str
    follows: bool
    given: tuple[str, ...]
    rows: int


async def offers(tx: Tx, narrow: OfferFilter, cursor: str | None, limit: int) -> Page[Offer]:
    """Offers to the caller's company, or of its marketplaces."""
    sort = "expiring" if narrow.expires_before else narrow.sort
    order, rows = ORDERS[sort], fetched(limit)
    if cursor is None and narrow == OfferFilter(narrow.capacity, narrow.state, sort=narrow.sort):
        sql, values = _first_page(narrow.capacity, narrow.state, sort, rows), []
    else:
        names = zip(_NAMES, msgspec.structs.astuple(narrow), strict=True)
        given = {name: value for name, value in names if value is not None}
        follows, filters = cursor is not None, tuple(given)
        if cursor is not None:
            given |= order.place(cursor)
        made = _statement(_Shape(narrow.capacity, narrow.state, sort, follows, filters, rows))
        sql, values = made.sql, made.values(given)
    filtered = narrow.marketplace or narrow.lead or narrow.state == "declined"
    lane = None if filtered else WALKED
    return order.cut(await tx.listed(Offer, sql, *values, lane=lane), limit)


@functools.cache
def _first_page(capacity: Any, state: Any, sort: str, rows: int) -> str:
    """What is asked most: without filters, from the beginning."""
    return _statement(_Shape(capacity, state, sort, False, (), rows)).sql


@functools.lru_cache(maxsize=1024)
def _statement(shape: _Shape) -> Compiled:
    """The state is a literal of a closed list: a generic plan uses a partial index for no bound
    value."""
    declined = shape.capacity == "taker" and shape.state == "declined"
    source: FromClause = _TO_REOPEN if declined else tables.offer.alias("o")
    conditions = _conditions(shape, source)
    branches = []
    for state in _states(shape):
        in_state = [source.c.state == word(state)]
        # Overdue ones wait for the timer; nobody can pick them any more.
        if state == "open" and (shape.state or shape.sort == "expiring"):
            in_state.append(source.c.expires_at > func.app.clock())
        branches.append(_page(view(source).where(*conditions, *in_state), source, shape))
    x = union_all(*branches).subquery("x")
    return compiled(_page(select(x), x, shape))


def _page(offers: Select[Any], source: FromClause, shape: _Shape) -> Select[Any]:
    return offers.order_by(*ORDERS[shape.sort].by(source)).limit(number(shape.rows))


def _conditions(shape: _Shape, source: FromClause) -> list[ColumnElement[Any]]:
    o, given = source.c, set(shape.given)
    conditions: list[ColumnElement[Any]] = [o[_SIDES[shape.capacity]] == _COMPANY]
    if "marketplace" in given:
        at = o.marketplace_id == bindparam("marketplace")
        if shape.capacity == "operator":
            # All offers of a marketplace are its operator's, so his list of one walks its index.
            m = tables.marketplace.alias("m")
            mine = m.c.id == bindparam("marketplace"), m.c.operator_company_id == _COMPANY
            conditions = [at, exists().where(*mine)]
        else:
            conditions.append(at.is_(true()))  # a filter on the way, which no index takes
    if shape.follows:
        conditions.append(ORDERS[shape.sort].after(source))
    if "lead" in given:
        conditions.append(o.lead_id == bindparam("lead"))
    if "expires_before" in given:
        conditions.append(o.expires_at < bindparam("expires_before"))
    return conditions


def _states(shape: _Shape) -> tuple[str, ...]:
    if shape.sort == "newest":
        return _STATES[shape.capacity] if shape.state is None else (shape.state,)
    if shape.state not in (None, "open"):
        error = {
            "parameter": "state",
            "code": "not-listed",
            "detail": "Only open offers are listed by their end",
            "detail_de": "Nach ihrem Ende werden nur offene Angebote aufgelistet",
        }
        raise Problem("validation-failed", errors=[error])
    return ("open",)
