"""The lists of leads: filters, orders, search. What the policies hide is in none of them.

A list walks the index of its capacity in its order. What that index does not know is a filter on
the way, which is fast as long as matches are frequent. So such a list first looks at the next 3,000
leads; if those do not fill the page, few match, and a function of `sql/functions/leads/finding.sql`
says which may: they are read through the same policies and filters. Only when it says "many", and
all of them lie deeper than that, the walk goes on to its end. A search alone is asked of its
function (`sql/functions/leads/searching.sql`), which does both and names the page.
"""

from typing import Any
from uuid import UUID

import msgspec

from service.database.transaction import Lane, Tx
from service.domain.leads import walks
from service.domain.leads.messages import Lead, LeadFilter
from service.domain.leads.walks import MANY, ORDERS, SINCE, Way
from service.vocabulary import Page, fetched

# A list without filters: an index has its rows in its order. All others keep a connection on loan.
WALKED = Lane("leads", seconds=5)

_BY_TEXT = f"select app.find_by_text($1, $2, null, {MANY + 1}) as ids"
_BY_ENGAGEMENT = "select app.find_by_engagement($1, $2, $3) as ids"
_BY_MY_ENGAGEMENT = (
    "select app.find_by_engagement($1, $2, (select app.current_colleague_id())::text) as ids"
)
_BY_COVER = "select app.find_covered($1, $2) as ids"
_BY_SILENCE = "select app.find_stalled($1) as ids"
_BY_FACETS = "select app.find_by_facets($1, $2, $3, $4, $5) as ids"


class _Found(msgspec.Struct):
    ids: list[UUID] | None


async def leads(tx: Tx, narrow: LeadFilter, cursor: str | None, limit: int) -> Page[Lead]:
    """A page of leads. Without a capacity the indexes of all three are walked together."""
    order, rows = ORDERS[narrow.sort], fetched(limit)
    if cursor is None and narrow == LeadFilter(narrow.capacity, sort=narrow.sort):
        sql = walks.first_page(narrow.capacity, narrow.sort, rows)
        return order.cut(await tx.listed(Lead, sql, lane=WALKED), limit)
    shape, values = walks.shape(narrow, cursor)

    async def ask(way: Way, lane: Lane | None = None) -> list[Lead]:
        made = walks.statement(shape, way, rows)
        return await tx.listed(Lead, made.sql, *made.values(values), lane=lane)

    if not walks.filtered(shape):
        return order.cut(await ask("whole", WALKED), limit)
    if narrow.text and narrow == LeadFilter(narrow.capacity, text=narrow.text):
        values["capacity"] = narrow.capacity
        return order.cut(await ask("searched"), limit)
    if narrow.stalled:  # to ask one lead after the other is dear
        found = (await tx.one(_Found, _BY_SILENCE, narrow.marketplace)).ids
        if found is not None:
            shape, values = walks.shape(msgspec.structs.replace(narrow, stalled=None), cursor)
            values["found"] = found
            return order.cut(await ask("found"), limit) if found else Page([])
    near = await ask("near")
    if len(near) > limit:
        return order.cut(near, limit)
    found = await _find(tx, narrow)
    if found is None:
        return order.cut(await ask("whole"), limit)
    if not found:
        return Page([])
    values["found"] = found
    return order.cut(await ask("found"), limit)


async def _find(tx: Tx, narrow: LeadFilter) -> list[UUID] | None:
    """Leads among which all that match are; None: too many to name. The first filter that has few
    decides; all the others are applied to what it finds."""
    asked: list[tuple[str, list[Any]]] = []
    if narrow.text:
        asked.append((_BY_TEXT, [narrow.capacity, narrow.text]))
    if narrow.engagement or narrow.step or narrow.handler:
        work = [narrow.engagement, narrow.step]
        if narrow.handler == "me":
            asked.append((_BY_MY_ENGAGEMENT, work))
        elif narrow.handler == "cover":
            asked.append((_BY_COVER, work))
        else:
            asked.append((_BY_ENGAGEMENT, [*work, narrow.handler]))
    row = [narrow.state, narrow.source, narrow.marketplace, narrow.giver, narrow.tag]
    if any(value is not None for value in row):
        asked.append((_BY_FACETS, row))
    for name, moment in SINCE.items():
        value = getattr(narrow, name)
        if value is not None:
            asked.append((walks.since(moment, narrow.capacity).sql, [value]))
    for sql, values in asked:
        found = await tx.one(_Found, sql, *values)
        if found.ids is not None and len(found.ids) <= MANY:
            return found.ids
    return None
