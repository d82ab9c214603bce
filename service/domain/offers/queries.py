"""The SQL of offers."""

import functools
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    exists,
    func,
    select,
    text,
    true,
    union_all,
)

from service.database import tables
from service.database.ordering import Order
from service.database.statements import Compiled, columns, compiled, number, record, word
from service.database.transaction import Lane, Tx
from service.domain.offers.messages import Offer, OfferFilter
from service.errors import Problem
from service.vocabulary import OfferState, Page, fetched

_NAMES = tuple(tables.offer.c.keys())


def _view(offers: FromClause) -> Select[Any]:
    """Offers as they are shown."""
    o = offers.c
    return select(
        *columns(offers, "id marketplace_id lead_id marketplace_name company_id company_name"),
        *columns(offers, "state wave"),
        record(o.interest, o.postcode_area, o.tags).label("teaser"),
        *columns(offers, "opened_at expires_at answered_at"),
        o.answered_by_name.label("answered_by"),
        o.decline_reason,
    ).select_from(offers)


_LEAD = bindparam("m"), bindparam("lead")
_DECLINED = compiled(
    _view(func.app.decline_offer(*_LEAD, bindparam("reason")).table_valued(*_NAMES, name="o"))
).sql
_REOPENED = compiled(_view(func.app.reopen_offer(*_LEAD).table_valued(*_NAMES, name="o"))).sql
# What a taker declined is no row that it sees; a function tells what it may take back.
_TO_REOPEN = func.app.offers_to_reopen().table_valued(*_NAMES, name="o")

# A list that nothing is filtered out of on the way.
WALKED = Lane("offers", seconds=5)
NEWEST, EXPIRING = Order(None, descending=True), Order("expires_at", descending=False)
# What each side sees of its offers; a list of all of them asks for each state, by the same index.
_STATES = {"operator": get_args(OfferState), "taker": ("open", "picked")}
_SIDES = {"operator": "operator_company_id", "taker": "company_id"}
_COMPANY = text("(select app.current_company_id())")
_FILTERS = ("marketplace", "lead", "expires_before")


class _Shape(NamedTuple):
    """What the text of a list depends on; given: the filters that have a value."""

    capacity: Literal["operator", "taker"]
    state: OfferState | None
    order: Order
    follows: bool
    given: tuple[str, ...]
    rows: int


async def offers(tx: Tx, narrow: OfferFilter, cursor: str | None, limit: int) -> Page[Offer]:
    """Offers to the caller's company, or of its marketplaces."""
    order, rows = _order(narrow), fetched(limit)
    values = {name: value for name in _FILTERS if (value := getattr(narrow, name)) is not None}
    given = tuple(values)
    if cursor is not None:
        values |= order.place(cursor)
    shape = _Shape(narrow.capacity, narrow.state, order, cursor is not None, given, rows)
    made = _statement(shape)
    filtered = narrow.marketplace or narrow.lead or narrow.state == "declined"
    lane = None if filtered else WALKED
    return order.cut(await tx.listed(Offer, made.sql, *made.values(values), lane=lane), limit)


def _order(narrow: OfferFilter) -> Order:
    return EXPIRING if narrow.sort == "expiring" or narrow.expires_before else NEWEST


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
        if state == "open" and (shape.state or shape.order is EXPIRING):
            in_state.append(source.c.expires_at > func.now())
        branches.append(_page(_view(source).where(*conditions, *in_state), source, shape))
    x = union_all(*branches).subquery("x")
    return compiled(_page(select(x), x, shape))


def _page(offers: Select[Any], source: FromClause, shape: _Shape) -> Select[Any]:
    return offers.order_by(*shape.order.by(source)).limit(number(shape.rows))


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
        conditions.append(shape.order.after(source))
    if "lead" in given:
        conditions.append(o.lead_id == bindparam("lead"))
    if "expires_before" in given:
        conditions.append(o.expires_at < bindparam("expires_before"))
    return conditions


def _states(shape: _Shape) -> tuple[str, ...]:
    if shape.order is NEWEST:
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


def pick(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """One company wins; nothing happens when a colleague has it already. Attempts are counted."""
    tx.attempt("select app.attempt_pick($1, $2)", marketplace_id, lead_id)


async def decline(tx: Tx, marketplace_id: UUID, lead_id: UUID, reason: str | None) -> Offer:
    """For the whole company."""
    return await tx.view(Offer, _DECLINED, marketplace_id, lead_id, reason)


async def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Offer:
    """The company's own refusal, taken back."""
    return await tx.view(Offer, _REOPENED, marketplace_id, lead_id)
