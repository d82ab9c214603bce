"""Random people in both systems for three weeks: what they do there and here, from a seed."""

import random
from typing import Any
from uuid import UUID

import asyncpg

from service.jobs.legacy.contract import schema_script
from tests.legacy.beside import Beside
from tests.legacy.system import HASH

USERS = range(1, 11)
FIRST = f"""
    insert into legacy.users (id, email, password_hash, first_name, last_name, company_name,
      language, created_at, updated_at)
    select i, 'user' || i || '@firma' || i || '.example', '{HASH}', 'Vor' || i, 'Nach' || i,
      'Firma ' || i, 'de', '2026-09-01', '2026-09-01' from generate_series(1, 10) i;
    insert into legacy.marketplaces select i, i, 'Markt ' || i, 24, 2, true, false, '2026-09-01',
      '2026-09-01' from generate_series(1, 2) i;
    insert into legacy.statuses select m * 10 + s, m, s, (array['neu', 'Termin', 'Angebot'])[s],
      '2026-09-01' from generate_series(1, 2) m, generate_series(1, 3) s;
    insert into legacy.participants
    select m * 100 + u * 10 + r, m, u, (array['giver', 'taker'])[r], 'active', null, null, null,
      '2026-09-01', '2026-09-01'
    from generate_series(1, 2) m, generate_series(3, 10) u, generate_series(1, 2) r
    where r = 2 or u > 7;
    insert into legacy.api_keys select i, i, 'Schlüssel ' || i, encode(sha256(('t' || i)::bytea),
      'hex'), '2026-09-01', '2026-09-01' from generate_series(1, 10, 3) i;
    grant usage on schema legacy to kollegium_staff;
    grant select on all tables in schema legacy to kollegium_staff;
"""
LEAD = """
    insert into legacy.leads (id, marketplace_id, giver_user_id, state, interest, consent,
      contact_name, contact_phone, contact_postcode, created_at, updated_at)
    values ({id}, {market}, {giver}, 'offered', 'Wallbox {id}', true, 'Uwe Groß {id}',
      '+49 30 23125 {id}', '25813', now(), now());
    insert into legacy.offers (id, lead_id, user_id, state, offered_at, expires_at, updated_at)
    select {id} * 100 + p.user_id, {id}, p.user_id, 'open', now(), now() + interval '9 days', now()
    from legacy.participants p where p.marketplace_id = {market} and p.role = 'taker'
      and p.state = 'active' and (p.user_id + {id}) % 3 > 0
      and p.user_id is distinct from {giver}::bigint;
"""
# action -> statements; {lead}, {user}, {offer}, {key}, {market}, {card}: random rows; {n}: new.
THERE: dict[str, str] = {
    "pick": """
        update legacy.leads l set state = 'picked', picked_by_user_id = o.user_id,
          updated_at = now(), picked_at = case when l.id % 3 > 0 then now() end
        from legacy.offers o where o.id = {offer} and l.id = o.lead_id and l.state = 'offered'
          and o.state = 'open';
        update legacy.offers o set state = case when o.user_id = l.picked_by_user_id then 'picked'
          else 'lost' end, answered_at = now(), updated_at = now()
        from legacy.leads l where l.id = o.lead_id and l.picked_by_user_id is not null
          and o.state = 'open'""",
    "decline": """update legacy.offers set state = 'declined', reason = 'zu weit',
        answered_at = now(), updated_at = now() where id = {offer} and state = 'open'""",
    "win": """update legacy.leads set state = 'won', value = 100, updated_at = now()
        where id = {lead} and state = 'picked'""",
    "step": """update legacy.leads set status_id = marketplace_id * 10 + 2, updated_at = now()
        where id = {lead} and state = 'picked'""",
    "give back": """update legacy.leads set state = 'released', picked_by_user_id = null,
        picked_at = null, status_id = null, updated_at = now() where id = {lead}
        and state = 'picked';
        update legacy.offers o set state = 'withdrawn', updated_at = now() from legacy.leads l
        where l.id = o.lead_id and l.id = {lead} and l.state = 'released'""",
    "withdraw": """update legacy.leads set state = 'withdrawn', updated_at = now() where id = {lead}
        and state in ('released', 'offered')""",
    "correct": "update legacy.leads set contact_city = 'Husum {n}' where id = {lead}",
    "delete lead": """delete from legacy.leads where id = {lead};
        delete from legacy.offers where lead_id = {lead};
        delete from legacy.comments where lead_id = {lead}""",
    "delete offer": "delete from legacy.offers where id = {offer} and state <> 'picked'",
    "spoil": "update legacy.leads set interest = '' where id = {lead}",
    "heal": "update legacy.leads set interest = 'Wallbox ' || id where interest = ''",
    "comment": """insert into legacy.comments select {n}, {lead}, m.owner_user_id, {n} % 2 = 0,
        'Text {n}', now() from legacy.leads l join legacy.marketplaces m on m.id = l.marketplace_id
        where l.id = {lead}""",
    "delete comment": "delete from legacy.comments where id % 3 = {n} % 3",
    "rename firm": "update legacy.users set company_name = 'Firma {n}' where id = {user}",
    "rename": "update legacy.users set first_name = 'Vor{n}' where id = {user}",
    "password": "update legacy.users set password_hash = '{hash}' where id = {user}",
    "address": "update legacy.users set email = 'neu{n}@firma.example' where id = {user}",
    "leave": "update legacy.users set deleted_at = now() where id = {user} and id > 2",
    "come back": "update legacy.users set deleted_at = null where id = {user}",
    "rotate": """update legacy.api_keys set token_sha256 = encode(sha256('r{n}'), 'hex')
        where id = {key}""",
    "revoke": "update legacy.api_keys set revoked_at = now() where id = {key}",
    "new key": """insert into legacy.api_keys values ({n}, {user}, 'Neu', encode(sha256('n{n}'),
        'hex'), now(), now())""",
    "cap": "update legacy.participants set cap = {n} where id = {card}",
    "end card": "update legacy.participants set state = 'ended' where id = {card}",
    "delete card": "delete from legacy.participants where id = {card}",
    "join": """insert into legacy.participants select {n}, {market}, {user}, 'giver', 'active',
        null, null, null, now(), now() where not exists (select from legacy.participants p where
        p.user_id = {user} and p.marketplace_id = {market} and p.role = 'giver') and {user} > 2""",
    "rename market": "update legacy.marketplaces set name = 'Markt {n}' where id = {market}",
    "sell market": """update legacy.marketplaces set owner_user_id = 3 - owner_user_id
        where id = {market}""",
}
HERE = (
    *["pick"] * 6, "decline", "note", "message", "step", "close", "change", "withdraw", "offer",
    "invite", "rename firm", "rename", *["merge"] * 3, "undo", "cap", "revoke",
)  # fmt: skip


class ThreeWeeks:
    """People at random; `did` is the story so far, for whoever has to read a failure."""

    def __init__(self, both: Beside, seed: int) -> None:
        self.both, self.random, self.seed = both, random.Random(seed), seed
        self.did: list[str] = []
        self.merges: list[UUID] = []
        self.declined: set[str] = set()  # leads of which an offer was declined here
        self.number = 1_000

    @staticmethod
    async def begin(superuser: Any) -> None:
        """The former system before the first import. Here, a refusal cannot be taken back: a
        wave that still waits for that would be neither offered nor unplaced."""
        await superuser.execute(
            "create or replace function app_private.grace() returns interval language sql "
            "immutable set search_path = pg_catalog, pg_temp as $$ select interval '0 s' $$"
        )
        await superuser.execute(schema_script())
        await superuser.execute(FIRST)
        for number in range(1, 13):
            giver = "null" if number % 4 == 0 else 8 + number % 3
            await superuser.execute(LEAD.format(id=number, market=1 + number % 2, giver=giver))

    async def week(self, actions: int = 24) -> None:
        """Some of what people do, there and here in no order."""
        for _ in range(actions):
            await (self.act_there() if self.random.random() < 0.5 else self.act_here())

    async def _any(self, table: str) -> int:
        ids = await self.both.rows(f"select id from legacy.{table} order by id")
        return int(self.random.choice(ids)[0]) if ids else 0

    async def act_there(self) -> None:
        """Somebody in the former system."""
        self.number += 1
        if self.random.random() < 0.15:
            giver, market = self.random.choice(("null", "8", "9", "10")), self.random.randint(1, 2)
            await self.both.there(LEAD.format(id=self.number, market=market, giver=giver))
            self.did.append(f"there: lead {self.number} by {giver}")
            return
        action = self.random.choice(list(THERE))
        rows = {
            "lead": await self._any("leads"), "user": await self._any("users"),
            "offer": await self._any("offers"), "key": await self._any("api_keys"),
            "market": await self._any("marketplaces"), "card": await self._any("participants"),
        }  # fmt: skip
        statement = THERE[action].format(n=self.number, hash=HASH, **rows)
        await self.both.there(*statement.split(";"))
        used = {name: row for name, row in rows.items() if "{" + name + "}" in THERE[action]}
        self.did.append(f"there: {action} {used}")

    async def act_here(self) -> None:
        """Somebody here, if he may: what is refused changes nothing."""
        action = self.random.choice(HERE)
        user, other = self.random.sample(list(USERS), 2)
        try:
            done = await getattr(self, "_" + action.replace(" ", "_"))(user, other)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith(("KG", "28")):
                raise AssertionError(f"{action} {user} {other}: {error!r} {self.did}") from error
            return
        self.did.append(f"here: {action} by {user} {done or other}")

    async def _lead_of(self, user: int, where: str) -> tuple[UUID, UUID]:
        company = await self.both.company(user)
        rows = await self.both.superuser.fetch(
            f"select marketplace_id, id from app.lead l where {where} order by id", company
        )
        if not rows:
            raise asyncpg.InvalidAuthorizationSpecificationError("no such lead")
        row = self.random.choice(rows)
        return row["marketplace_id"], row["id"]

    async def _on(self, user: int, where: str, call: str, *values: Any) -> str:
        lead = await self._lead_of(user, where)
        await self.both.call(user, call, *lead, *values)
        return str(await self.both.one("select external_ref from app.lead where id = $1", lead[1]))

    _OFFERED = """exists (select from app.offer o where o.lead_id = l.id and o.company_id = $1
        and o.state = 'open')"""

    async def _pick(self, user: int, _: int) -> str:
        return await self._on(user, self._OFFERED, "app.pick_lead($1, $2)")

    async def _decline(self, user: int, _: int) -> str:
        call = "app.decline_offer($1, $2, 'zu weit')"
        self.declined.add(lead := await self._on(user, self._OFFERED, call))
        return lead

    async def _note(self, user: int, _: int) -> str:
        return await self._on(user, "$1 = any (parties)", "id from app.add_note($1, $2, 'hier')")

    async def _message(self, user: int, _: int) -> str:
        return await self._on(user, "$1 = any (parties)", "id from app.add_message($1, $2, 'hier')")

    async def _step(self, user: int, _: int) -> str:
        call = "app.change_engagement($1, $2, null, 'Angebot', false, null)"
        return await self._on(user, "engaged_company_id = $1", call)

    async def _close(self, user: int, _: int) -> str:
        return await self._on(
            user, "engaged_company_id = $1", "app.close_engagement($1, $2, 'won', 7)"
        )

    async def _change(self, user: int, _: int) -> str:
        call = "app.change_lead($1, $2, null, $3, '{}')"
        return await self._on(
            user, "operator_company_id = $1", call, {"interest": f"Hier {self.number}"}
        )

    async def _withdraw(self, user: int, _: int) -> str:
        return await self._on(
            user, "operator_company_id = $1", "app.withdraw_lead($1, $2, 'zurück')"
        )

    async def _offer(self, user: int, _: int) -> str:
        call = "app.offer_lead($1, $2, null, 48)"
        return await self._on(user, "operator_company_id = $1 and state <> 'offered'", call)

    async def _invite(self, user: int, _: int) -> None:
        self.number += 1
        email, token = f"neu{self.number}@hier.example", f"kgi_{self.seed}-{self.number}"
        role = self.random.choice(("member", "delegator"))
        await self.both.call(user, "app.invite_colleague($1, $2, $3)", email, role, token)
        await self.both.api.fetchrow(
            "select * from app.accept_invitation($1, 'Neu', $2, $3)", token, b"salz" * 4, b"beweis"
        )

    async def _rename_firm(self, user: int, _: int) -> None:
        name = f"Hier {self.number}"
        await self.both.call(user, "app.change_company(null, $1, null, null)", name)

    async def _rename(self, user: int, _: int) -> None:
        call = "app.change_colleague($1, null, null, null, $2, null)"
        colleague = await self.both.one(
            "select colleague_id from app_private.legacy_user where legacy_id = $1", user
        )
        await self.both.call(user, call, colleague, f"Hier {self.number}")

    async def _merge(self, user: int, other: int) -> None:
        self.merges.append(await self.both.merge(user, other))

    async def _undo(self, _: int, __: int) -> None:
        if self.merges:
            await self.both.merging.undo(self.merges[-1])
            self.merges.pop()

    async def _cap(self, user: int, _: int) -> None:
        card = "update app.participation set cap = $2, version = version + 1 where company_id = $1"
        await self.both.superuser.execute(card, await self.both.company(user), self.number)

    async def _revoke(self, user: int, _: int) -> None:
        key = await self.both.one(
            "select id from app.api_key where company_id = $1 and revoked_at is null limit 1",
            await self.both.company(user),
        )
        await self.both.call(user, "app.revoke_api_key($1)", key)
