"""A list of leads as a statement: what an index answers, what is filtered on the way.

A statement is put together once for each shape (capacity, order, which filters are given) and way;
a request brings the values.
"""

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from service.database import tables
from service.database.ordering import Order
from service.database.statements import AFTER, Compiled, compiled, number, word
from service.domain.leads.messages import LeadFilter
from service.domain.leads.view import (
    ENGAGEMENT,
    LEAD,
    NO_DUPLICATES,
    PROSPECT,
    duplicates,
    joined,
    view,
)

NEAR = 3_000
MANY = 5_000  # as in sql/functions/leads/finding.sql
ORDERS = {
    "newest": Order(None, descending=True),
    "oldest": Order("received_at", descending=False),
    "changed": Order("changed_at", descending=True),
    "unchanged": Order("changed_at", descending=False),
}
#: Filters by a moment, and of which column.
SINCE = {"received_since": "received_at", "changed_since": "changed_at"}
#: The whole walk; the next leads of it; among leads that a function names; a search alone.
Way = Literal["whole", "near", "found", "searched"]
Condition = ColumnElement[Any]

_COMPANY = text("(select app.current_company_id())")
_COLLEAGUE = text("(select app.current_colleague_id())")
_COVERED = text("array(select app.covered_colleagues())")  # once a statement
# Each capacity has its own column and indexes. They select among what the policy shows anyway.
_AS = {
    "operator": LEAD.c.operator_company_id == _COMPANY,
    "giver": LEAD.c.giver_company_id == _COMPANY,
    "taker": LEAD.c.engaged_company_id == _COMPANY,
}
# All leads of a marketplace are its operator's, so his list of one walks its key.
_OF_MARKETPLACE = tables.marketplace.alias("m")
_OPERATED = and_(
    LEAD.c.marketplace_id == bindparam("marketplace"),
    exists().where(
        _OF_MARKETPLACE.c.id == bindparam("marketplace"),
        _OF_MARKETPLACE.c.operator_company_id == _COMPANY,
    ),
)
# In the list of all capacities a lead stands once: an operator may take on its own marketplace.
_ONLY_AS_TAKER = LEAD.c.operator_company_id != _COMPANY


def _like(patterns: ColumnElement[Any]) -> Condition:
    """By all patterns that a function makes of the text, which is asked once."""
    made = cast(select(patterns).scalar_subquery(), ARRAY(Text))
    return PROSPECT.c.searched.like(func.all(made))


_SEARCHED = or_(
    _like(func.app.search_words(bindparam("text"))),
    _like(func.app.search_numbers(bindparam("text"))),
)


class Shape(NamedTuple):
    """What the text of a list depends on. State and handler are words of closed lists, `one`
    stands for an id; given: the filters that have a value."""

    capacity: Literal["operator", "giver", "taker"] | None
    sort: str
    follows: bool
    state: str | None
    handler: str | None
    given: tuple[str, ...]


class _End(NamedTuple):
    """Where a list ends: so many rows in its order."""

    order: Order
    rows: int

    def __call__(self, rows: Select[Any], source: FromClause) -> Select[Any]:
        return rows.order_by(*self.order.by(source)).limit(number(self.rows))


_NAMES = LeadFilter.__struct_fields__


def shape(narrow: LeadFilter, cursor: str | None) -> tuple[Shape, dict[str, Any]]:
    """The shape of a list, and its values. Raises Problem cursor-invalid."""
    given = zip(_NAMES, msgspec.structs.astuple(narrow), strict=True)
    values = {name: value for name, value in given if value is not None}
    handler = narrow.handler
    if handler is not None and handler not in ("me", "none", "cover"):
        handler = "one"
    follows = cursor is not None
    made = Shape(narrow.capacity, narrow.sort, follows, narrow.state, handler, tuple(values))
    if cursor is not None:
        values |= ORDERS[narrow.sort].place(cursor)
    return made, values


def _state(lead: FromClause, of: Shape) -> Condition:
    """A literal of a closed list, so that a partial index would serve, too."""
    return lead.c.state == word(of.state or "")


def _handler(_: FromClause, of: Shape) -> Condition:
    handler = ENGAGEMENT.c.handler_id
    if of.handler == "none":
        return and_(ENGAGEMENT.c.id.is_not(None), handler.is_(None))
    if of.handler == "cover":
        return handler == func.any(_COVERED)
    return handler == (_COLLEAGUE if of.handler == "me" else bindparam("handler"))


# What is looked at on the way.
_FILTERS: dict[str, Callable[[FromClause, Shape], Condition]] = {
    "received_since": lambda lead, of: lead.c.received_at >= bindparam("received_since"),
    "changed_since": lambda lead, of: lead.c.changed_at >= bindparam("changed_since"),
    "state": _state,
    "marketplace": lambda lead, of: lead.c.marketplace_id == bindparam("marketplace"),
    "source": lambda lead, of: lead.c.source == bindparam("source"),
    "giver": lambda lead, of: lead.c.giver_company_id == bindparam("giver"),
    "tag": lambda lead, of: lead.c.tags.op("@>")(array([bindparam("tag")])),
    "engagement": lambda lead, of: ENGAGEMENT.c.state == bindparam("engagement"),
    "step": lambda lead, of: ENGAGEMENT.c.step == bindparam("step"),
    "text": lambda lead, of: _SEARCHED,
    "stalled": lambda lead, of: func.app.is_stalled(lead.c.marketplace_id, lead.c.id),
    "handler": _handler,
}


@functools.lru_cache(maxsize=1024)
def _parts(of: Shape) -> tuple[dict[str, list[Condition]], tuple[str, ...]]:
    """What the index of each capacity knows, and the filters that are left for the way."""
    left, order = set(of.given), ORDERS[of.sort]
    everywhere = [order.after(LEAD)] if of.follows else []
    for name, moment in SINCE.items():
        if name in left and order.moment == moment:
            left.remove(name)
            everywhere.append(LEAD.c[moment] >= bindparam(name))
    if "lead" in left:
        everywhere.append(LEAD.c.id == bindparam("lead"))
    walked = {name: [mine] for name, mine in _AS.items() if of.capacity in (name, None)}
    if of.capacity is None:
        walked["taker"].append(_ONLY_AS_TAKER)
    if of.capacity == "operator" and order.moment is None:
        if "state" in left:
            left.remove("state")
            walked["operator"].append(_state(LEAD, of))
        elif "marketplace" in left:
            left.remove("marketplace")
            walked["operator"] = [_OPERATED]
    return (
        {name: conditions + everywhere for name, conditions in walked.items()},
        tuple(name for name in _FILTERS if name in left),
    )


@functools.lru_cache(maxsize=1024)
def filtered(of: Shape) -> bool:
    """Whether anything is looked at on the way."""
    return bool(_parts(of)[1])


@functools.lru_cache(maxsize=1024)
def statement(of: Shape, way: Way, rows: int) -> Compiled:
    """The list as PostgreSQL takes it."""
    walked, filters = _parts(of)
    if way == "searched" or (way == "whole" and not filters):
        return compiled(_leads_first(of, walked, rows, searched=way == "searched"))
    end, branches = _End(ORDERS[of.sort], rows), []
    for capacity, conditions in walked.items():
        lead: FromClause = LEAD
        if way == "near":
            near = _End(ORDERS[of.sort], NEAR)
            lead, conditions = near(select(LEAD).where(*conditions), LEAD).subquery("l"), []
        looked_at = [*conditions, *(_FILTERS[name](lead, of) for name in filters)]
        if way == "found":
            among = LEAD.c.id == any_(cast(bindparam("found"), ARRAY(Uuid)))
            chosen = select(LEAD).select_from(joined()).where(*looked_at, among)
            lead, looked_at = end(chosen, LEAD).subquery("l"), []
        # What a taker works is beyond the states in which duplicates are shown.
        more = NO_DUPLICATES if capacity == "taker" else duplicates(lead)
        branches.append(end(view(lead, more).where(*looked_at), lead))
    x = union_all(*branches).subquery("x")
    return compiled(end(select(x), x))


@functools.cache
def first_page(capacity: Any, sort: Any, rows: int) -> str:
    """What is asked most: without filters, from the beginning."""
    return statement(shape(LeadFilter(capacity, sort=sort), None)[0], "whole", rows).sql


def _leads_first(
    of: Shape, walked: dict[str, list[Condition]], rows: int, *, searched: bool
) -> Select[Any]:
    """Nothing is filtered on the way: leads first, then what belongs to those of the page. A
    search is asked by the statement that reads the page, so both see the same leads."""
    end, named = _End(ORDERS[of.sort], rows), []
    if searched:
        before = bindparam(AFTER) if of.follows else null()
        call = func.app.find_by_text(bindparam("capacity"), bindparam("text"), before, number(rows))
        found = select(call.label("ids")).cte("found").prefix_with("materialized")
        ids = cast(select(found.c.ids).scalar_subquery(), ARRAY(Uuid))
        named = [LEAD.c.id == any_(ids)]
    walks = union_all(
        *(end(select(LEAD).where(*mine, *named), LEAD) for mine in walked.values())
    ).subquery("l")
    leads = end(select(walks), walks).subquery("l")
    more = NO_DUPLICATES if set(walked) == {"taker"} else duplicates(leads)
    return view(leads, more).order_by(*ORDERS[of.sort].by(leads))


@functools.cache
def since(moment: str, capacity: str | None) -> Compiled:
    """The ids of leads that came in or changed since a moment (`since`), by the index of each
    capacity; null when they are many."""
    key = LEAD.c[moment]
    parts = (
        select(LEAD.c.id)
        .where(mine, key >= bindparam("since"))
        .order_by(key)
        .limit(number(MANY + 1))
        for name, mine in _AS.items()
        if capacity in (name, None)
    )
    x = union_all(*parts).subquery("x")
    ids = func.coalesce(func.array_agg(x.c.id), literal_column("'{}'"))
    return compiled(select(case((func.count() <= number(MANY), ids)).label("ids")).select_from(x))
