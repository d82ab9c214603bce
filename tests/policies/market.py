"""The market of `oracle.py` in a database: the same operations through the functions of app, and
what
a company sees there, asked as kollegium_api."""

import asyncio
import itertools
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg

from tests.fixtures.database import Urls, as_bearer, connect
from tests.fixtures.world import Builder, Company
from tests.policies import oracle

CALLS = {
    "submit": "app.submit_lead($1, $2)",
    "accept": "app.accept_lead($1, $2)",
    "reject": "app.reject_lead($1, $2, 'x')",
    "offer": "app.offer_lead($1, $2, $3, null)",
    "assign": "app.assign_lead($1, $2, $3)",
    "pick": "app.pick_lead($1, $2)",
    "decline": "app.decline_offer($1, $2, 'x')",
    "reopen_offer": "app.reopen_offer($1, $2)",
    "withdraw": "app.withdraw_lead($1, $2, 'x')",
    "step": "app.change_engagement($1, $2, null, $3, false, null)",
    "handler": "app.change_engagement($1, $2, null, null, true, $3)",
    "close": "app.close_engagement($1, $2, $3, 10)",
    "reopen": "app.reopen_engagement($1, $2)",
    "return": "app.request_return($1, $2, 'not_reached', 'x')",
    "ask": "app.request_return($1, $2, 'not_reached', 'x')",
    "release": "app.release_return($1, $2)",
    "withdraw_return": "app.withdraw_return($1, $2)",
    "return_accept": "app.accept_return($1, $2, 'x')",
    "return_refuse": "app.refuse_return($1, $2, 'x')",
    "revoke": "app.revoke_engagement($1, $2, 'x')",
    "recycle": "app.recycle_lead($1, $2)",
    "change": "app.change_lead($1, $2, null, '{}', $3)",
    "note": "app.add_note($1, $2, 'x')",
    "message": "app.add_message($1, $2, 'x')",
}
SEEN = """
    select 'lead' as t, id as lead, state || ' ' || coalesce(engaged_company_name, 'None') as what
      from app.lead
    union all select 'prospect', lead_id, '' from app.prospect
    union all select 'message', m.lead_id, coalesce(c.names -> m.id::text ->> 'company_name',
        m.company_name)
      from app.message m left join app.engagement_card c
        on c.marketplace_id = m.marketplace_id and c.id = m.engagement_id
    union all select 'history', h.lead_id, concat_ws(' ', coalesce(
        c.names -> h.id::text ->> 'company_name', h.company_name), d.detail ->> 'company',
        d.detail ->> 'handler')
      from app.history h left join app.engagement_card c
        on c.marketplace_id = h.marketplace_id and c.id = h.engagement_id
      cross join lateral (select h.detail || coalesce(c.names -> h.id::text -> 'detail', '{}')
        as detail) d
    union all select 'engagement', e.lead_id, concat_ws(' ', e.state, coalesce(c.company_name,
        e.company_name), coalesce(c.handler_name, e.handler_name))
      from app.engagement e left join app.engagement_card c
        on c.marketplace_id = e.marketplace_id and c.id = e.id
    union all select 'disclosure', lead_id, company_name from app.disclosure
    union all select 'brokerage', lead_id, '' from app.brokerage
    union all select 'offer', lead_id, company_name || ' ' || state from app.offer
    union all select 'return_request', lead_id, state from app.return_request
    union all select 'note', lead_id, company_id::text from app.note
    union all select 'event', lead_id, kind from app.event
"""
# Every column of every row that hangs on a lead; which tables these are is asked of the catalogue.
LEAD_SIDE = """
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and a.attname = 'lead_id'
      and not a.attisdropped
"""


# A story may be slow: refusals can be taken back for an hour, until it turns the clock.
GRACE = """create or replace function app_private.grace() returns interval
    language sql immutable as $$ select interval '1 hour' $$"""
GRACE_OVER = """
    with o as (update app.offer set answered_at = answered_at - interval '1 day'
               where lead_id = $1 and state = 'declined' returning marketplace_id, brokerage_id)
    update app.brokerage b set wave_ends_at = b.wave_ends_at - interval '1 day'
    from o where b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id
"""


class ModelMarket:
    """Synchronous: hypothesis drives it through an event loop of its own."""

    def __init__(self, urls: Urls) -> None:
        self.loop = asyncio.new_event_loop()
        self.companies: dict[str, Company] = {}
        self.words = ""
        self.numbers = itertools.count()
        self.run(self._open(urls))

    def run(self, work: Any) -> Any:
        """Waits for a coroutine."""
        return self.loop.run_until_complete(work)

    async def _open(self, urls: Urls) -> None:
        urls_ = (urls.api, urls.staff, urls.worker, urls.superuser)
        self.b = Builder(*[await connect(url) for url in urls_])
        await self.b.superuser.execute(GRACE)
        tables = [row["name"] for row in await self.b.superuser.fetch(LEAD_SIDE)]
        self.words = " union all ".join(
            ["select id as lead, to_jsonb(l)::text as words from app.lead l"]
            + [f"select lead_id, to_jsonb(t)::text from app.{table} t" for table in tables]
        )
        for name in oracle.COMPANIES:
            self.companies[name] = await self.b.company(name, name)
            await self.b.colleague(self.companies[name], f"{name}2", "member")
        await self.b.superuser.execute("update app.company set returns_need_release = true")
        operator = self.companies[oracle.OPERATOR]
        self.id: UUID = await self.b.marketplace(operator, "Markt", operator_may_take=True)
        for capacity, names in (("giver", oracle.GIVERS), ("taker", oracle.TAKERS)):
            for name in names:
                await self.b.partner(operator, self.id, self.companies[name], capacity)

    def close(self) -> None:
        """Disconnects."""
        for connection in (self.b.api, self.b.staff, self.b.worker, self.b.superuser):
            self.run(connection.close())
        self.loop.close()

    def clear(self) -> None:
        """Takes all leads away, and the picks counted against the rate limit."""
        self.run(
            self.b.superuser.execute(
                "truncate app.lead cascade; truncate app.event, app_private.rate"
            )
        )

    def create(self, who: str) -> tuple[int, UUID | None]:
        """A draft: status and id."""
        try:
            return oracle.OK, self.run(self.b.draft(self.companies[who], self.id, "Dach"))
        except asyncpg.PostgresError as error:
            return _status(error), None

    def operate(self, lead: UUID, op: str, who: str, argument: Any) -> int:
        """One request; its status."""
        values: list[Any] = [self.id, lead]
        if op == "offer":
            values.append(
                None if argument is None else [self.companies[name].id for name in argument]
            )
        elif op == "assign":
            values.append(self.companies[argument].id)
        elif op == "handler":
            values.append(self.companies[who].admin.id if argument else None)
        elif op == "change":
            values.append({"city": f"Ort {next(self.numbers)}"})
        elif op in ("step", "close"):
            values.append(argument)
        try:
            company = self.companies[who]
            by = company.colleagues[f"{who}2".lower()] if op == "ask" else company
            self.run(self.b.call(by, CALLS[op], *values))
        except asyncpg.PostgresError as error:
            return _status(error)
        return oracle.OK

    def expire(self, lead: UUID, company: str) -> None:
        """Turns the clock for one open offer, and lets the worker's timer run."""
        self.run(
            self.b.superuser.execute(
                "update app.offer set expires_at = now() - interval '1 s' "
                "where lead_id = $1 and company_id = $2 and state = 'open'",
                lead,
                self.companies[company].id,
            )
        )
        self.run(self.b.worker.fetchval("select app.expire_offers(100)"))

    def grace_over(self, lead: UUID) -> None:
        """Turns the clock until no refusal can be taken back, and lets the timer run."""
        self.run(self.b.superuser.execute(GRACE_OVER, lead))
        self.run(self.b.worker.fetchval("select app.end_waves(100)"))

    def seen(self, who: str) -> Counter[tuple[str, Any, str]]:
        """Like `oracle.visible`, by the policies."""
        return self.run(self._seen(self.companies[who]))  # type: ignore[no-any-return]

    async def _seen(self, company: Company) -> Counter[tuple[str, Any, str]]:
        async with as_bearer(self.b.api, company.token):
            rows = await self.b.api.fetch(SEEN)
        names = {str(other.id): name for name, other in self.companies.items()}
        return Counter(
            (
                row["t"],
                row["lead"],
                names.get(row["what"], row["what"].replace("Firma ", "").strip()),
            )
            for row in rows
        )

    def read(self, who: str) -> Counter[tuple[Any, str]]:
        """Names of companies that stand in any column of what a company reads of a lead."""
        return self.run(self._read(self.companies[who]))  # type: ignore[no-any-return]

    async def _read(self, company: Company) -> Counter[tuple[Any, str]]:
        async with as_bearer(self.b.api, company.token):
            rows = await self.b.api.fetch(self.words)
        return Counter(
            (row["lead"], name) for row in rows for name in self.companies if name in row["words"]
        )


def _status(error: asyncpg.PostgresError) -> int:
    """KGnnn is the HTTP status nnn; anything else would be a 500."""
    state = error.sqlstate or ""
    if not state.startswith("KG"):
        raise error
    return int(state[2:])
