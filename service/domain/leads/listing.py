"""The lists of leads: filters, orders, search. What the policies hide is in none of them.

A list walks the index of its capacity in its order. What that index does not know is a filter on
the way, which is fast as long as matches are frequent. So such a list first looks at the next 3,000
leads; if those do not fill the page, few match, and a function of `sql/functions/leads/finding.sql`
says which may: they are read through the same policies and filters. Only when it says "many", and
all of them lie deeper than that, the walk goes on to its end. A search alone is asked of its
function (`sql/functions/leads/searching.sql`), which does both and names the page.
"""

import functools
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from service.database.ordering import Order
from service.database.transaction import Lane, Tx
from service.domain.leads.messages import Lead, LeadFilter
from service.domain.leads.queries import DUPLICATES, FROM, JOINS, LEAD
from service.vocabulary import LeadState, Page, fetched

# A list without filters: an index has its rows in its order. All others keep a connection on loan.
WALKED = Lane("leads", seconds=5)
NEAR = 3_000
MANY = 5_000  # as in sql/functions/leads/finding.sql

ORDERS = {
    "newest": Order(None, descending=True),
    "oldest": Order("received_at", descending=False),
    "changed": Order("changed_at", descending=True),
    "unchanged": Order("changed_at", descending=False),
}
# Each capacity has its own column and indexes. They select among what the policy shows anyway.
_AS = {
    "operator": "l.operator_company_id = (select app.current_company_id())",
    "giver": "l.giver_company_id = (select app.current_company_id())",
    "taker": "l.engaged_company_id = (select app.current_company_id())",
}
# In the list of all capacities a lead stands once: an operator may take on its own marketplace.
_ONLY_AS_TAKER = "l.operator_company_id <> (select app.current_company_id())"
_NO_DUPLICATES = ", null::json as possible_duplicates"
# All leads of a marketplace are its operator's, so his list of one walks its key.
_OPERATED = (
    "exists (select from app.marketplace m where m.id = $? and"
    " m.operator_company_id = (select app.current_company_id()))"
)
_SEARCHED = (
    "(p.searched like all ((select app.search_words($?))::text[])"
    " or p.searched like all ((select app.search_numbers($?))::text[]))"
)


class _Found(msgspec.Struct):
    ids: list[UUID] | None


class _Statement(msgspec.Struct):
    """A list as SQL: what an index answers, what is filtered on the way, and the values."""

    order: Order
    walked: dict[str, list[str]]
    filtered: list[str]
    values: list[Any]

    def sql(self, rows: int, near: bool = False, found: list[UUID] | None = None) -> str:
        """near: among the next leads only. found: among these."""
        if not self.filtered and found is None:
            return self._walk(rows)
        end = f"order by {self.order.by('l.')} limit {rows}"
        branches = []
        for capacity, walked in self.walked.items():
            # What a taker works is beyond the states in which duplicates are shown.
            view = LEAD + (DUPLICATES if capacity != "taker" else _NO_DUPLICATES)
            if found is not None:
                self.values.append(found)
                walked = [*walked, f"l.id = any (${len(self.values)}::uuid[])"]
                where = " and ".join([*walked, *self.filtered])
                leads = f"(select l.* {FROM} where {where} {end})"
                branches.append(f"({view} from {leads} l {JOINS} {end})")
            elif near:
                leads = f"(select * from app.lead l where {' and '.join(walked)} order by"
                leads += f" {self.order.by('l.')} limit {NEAR})"
                where = " and ".join(self.filtered)
                branches.append(f"({view} from {leads} l {JOINS} where {where} {end})")
            else:
                where = " and ".join([*walked, *self.filtered])
                branches.append(f"({view} {FROM} where {where} {end})")
        end = f"order by {self.order.by()} limit {rows}"
        return f"select * from ({' union all '.join(branches)}) x {end}"

    def _walk(self, rows: int) -> str:
        """Nothing is filtered on the way: leads first, then what belongs to those of the page."""
        end = f"order by {self.order.by('l.')} limit {rows}"
        walks = " union all ".join(
            f"(select l.* from app.lead l where {' and '.join(walked)} {end})"
            for walked in self.walked.values()
        )
        leads = f"(select l.* from ({walks}) l {end})"
        # What a taker works is beyond the states in which duplicates are shown.
        view = LEAD + (DUPLICATES if set(self.walked) != {"taker"} else _NO_DUPLICATES)
        return f"{view} from {leads} l {JOINS} order by {self.order.by('l.')}"


async def leads(tx: Tx, narrow: LeadFilter, cursor: str | None, limit: int) -> Page[Lead]:
    """A page of leads. Without a capacity the indexes of all three are walked together."""
    rows, order = fetched(limit), ORDERS[narrow.sort]
    if cursor is None and narrow == LeadFilter(narrow.capacity, sort=narrow.sort):
        sql = _first_page(narrow.capacity, narrow.sort, rows)
        return order.cut(await tx.listed(Lead, sql, lane=WALKED), limit)
    if narrow.text and narrow == LeadFilter(narrow.capacity, text=narrow.text):
        sql, values = _search(narrow.capacity, narrow.text, cursor, rows)
        return order.cut(await tx.listed(Lead, sql, *values), limit)
    statement = _statement(narrow, cursor)
    values = statement.values
    if not statement.filtered:
        return order.cut(await tx.listed(Lead, statement.sql(rows), *values, lane=WALKED), limit)
    near = await tx.listed(Lead, statement.sql(rows, near=True), *values)
    if len(near) > limit:
        return order.cut(near, limit)
    found = await _find(tx, narrow)
    if found is None:
        return order.cut(await tx.listed(Lead, statement.sql(rows), *values), limit)
    if not found:
        return Page([])
    sql = statement.sql(rows, found=found)  # adds to the values
    return order.cut(await tx.listed(Lead, sql, *values), limit)


@functools.cache
def _first_page(capacity: Any, sort: Any, rows: int) -> str:
    """What is asked most, put together once."""
    return _statement(LeadFilter(capacity, sort=sort), None).sql(rows)


def _search(
    capacity: Literal["operator", "giver", "taker"] | None, text: str, cursor: str | None, rows: int
) -> tuple[str, list[Any]]:
    """A search and nothing else, from the newest on: the broker's function names the page itself.
    It is asked by the statement that reads the page, so both see the same leads."""
    statement = _statement(LeadFilter(capacity), cursor)
    before = "null" if cursor is None else "$1"
    statement.values.extend([capacity, text])
    last = len(statement.values)
    found = f"app.find_by_text(${last - 1}, ${last}, {before}, {rows})"
    for walked in statement.walked.values():
        walked.append("l.id = any ((select ids from found)::uuid[])")
    sql = f"with found as materialized (select {found} as ids) {statement.sql(rows)}"
    return sql, statement.values


def _statement(narrow: LeadFilter, cursor: str | None) -> _Statement:
    values: list[Any] = []
    order = ORDERS[narrow.sort]
    # Known to each index: where the page begins, and since when in its own order.
    everywhere = [order.after(cursor, values, "l.")] if cursor is not None else []
    filtered: list[str] = []

    def add(to: list[str], condition: str, value: Any) -> None:
        values.append(value)
        to.append(condition.replace("$?", f"${len(values)}"))

    for key in ("received_at", "changed_at"):
        since = narrow.received_since if key == "received_at" else narrow.changed_since
        if since is not None:
            add(everywhere if order.moment == key else filtered, f"l.{key} >= $?", since)
    if narrow.lead:
        add(everywhere, "l.id = $?", narrow.lead)
    walked = (
        {narrow.capacity: [_AS[narrow.capacity]]}
        if narrow.capacity
        else {name: [condition] for name, condition in _AS.items()}
    )
    if narrow.capacity is None:
        walked["taker"].append(_ONLY_AS_TAKER)
    # A literal of a closed list, so that a partial index would serve, too.
    state = [f"l.state = '{narrow.state}'"] if narrow.state in get_args(LeadState) else []
    if narrow.capacity == "operator" and order.moment is None:
        if state:
            walked["operator"] += state
            state = []
        elif narrow.marketplace:
            walked["operator"] = []
            add(walked["operator"], f"l.marketplace_id = $? and {_OPERATED}", narrow.marketplace)
            narrow = msgspec.structs.replace(narrow, marketplace=None)
    filtered += state
    _filter(narrow, lambda condition, value: add(filtered, condition, value), filtered)
    return _Statement(order, {k: v + everywhere for k, v in walked.items()}, filtered, values)


def _filter(narrow: LeadFilter, add: Any, filtered: list[str]) -> None:
    """What is looked at on the way."""
    for condition, value in (
        ("l.marketplace_id = $?", narrow.marketplace),
        ("l.source = $?", narrow.source),
        ("l.giver_company_id = $?", narrow.giver),
        ("l.tags @> array[$?]", narrow.tag),
        ("e.state = $?", narrow.engagement),
        ("e.step = $?", narrow.step),
        (_SEARCHED, narrow.text),
    ):
        if value is not None:
            add(condition, value)
    if narrow.handler == "none":
        filtered.append("e.id is not null and e.handler_id is null")
    elif narrow.handler == "me":
        filtered.append("e.handler_id = (select app.current_colleague_id())")
    elif narrow.handler:
        add("e.handler_id = $?", narrow.handler)


async def _find(tx: Tx, narrow: LeadFilter) -> list[UUID] | None:
    """Leads among which all that match are; None: too many to name. The first filter that has few
    decides; all the others are applied to what it finds."""
    asked: list[tuple[str, list[Any]]] = []
    if narrow.text:
        words = [narrow.capacity, narrow.text]
        asked.append((f"app.find_by_text($1, $2, null, {MANY + 1})", words))
    if narrow.engagement or narrow.step or narrow.handler:
        mine = "(select app.current_colleague_id())::text" if narrow.handler == "me" else "$3"
        third = [] if narrow.handler == "me" else [narrow.handler]
        asked.append(
            (f"app.find_by_engagement($1, $2, {mine})", [narrow.engagement, narrow.step, *third])
        )
    row = [narrow.state, narrow.source, narrow.marketplace, narrow.giver, narrow.tag]
    if any(value is not None for value in row):
        asked.append(("app.find_by_facets($1, $2, $3, $4, $5)", row))
    for key, since in (
        ("received_at", narrow.received_since),
        ("changed_at", narrow.changed_since),
    ):
        if since is not None:
            asked.append((_since(key, narrow.capacity), [since]))
    for sql, values in asked:
        found = await tx.one(_Found, f"select {sql} as ids", *values)
        if found.ids is not None and len(found.ids) <= MANY:
            return found.ids
    return None


def _since(key: str, capacity: str | None) -> str:
    """Leads that came in or changed since a moment, by the index of each capacity."""
    columns = [_AS[capacity]] if capacity else list(_AS.values())
    parts = (
        f"(select l.id from app.lead l where {column} and l.{key} >= $1 order by l.{key}"
        f" limit {MANY + 1})"
        for column in columns
    )
    return (
        f"(select case when count(*) <= {MANY} then coalesce(array_agg(x.id), '{{}}') end"
        f" from ({' union all '.join(parts)}) x)"
    )
