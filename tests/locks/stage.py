"""A lead in a given state, what is so of it afterwards, and what must be so of every lead."""

from typing import Any
from uuid import UUID

from tests.fixtures.world import World

# Builds a lead up to a state, each step by the one who may: offered to Huber and Klein.
STAGE = """
    create function places.turn(p_who text) returns void language sql as $$
      select set_config('kollegium.token', token, true) from places.person where who = p_who $$;
    create function places.stage(p_market uuid, p_start text, p_huber uuid, p_klein uuid)
    returns uuid language plpgsql as $$
    declare
      v_lead uuid;
      v_merge uuid;
    begin
      perform places.turn('gerd');
      v_lead := (app.create_lead(p_market, 'Dach', '{}', true,
        '{"name": "Petra", "phone": "+4940123", "postcode": "20095"}', p_start <> 'draft', 'test',
        'row ' || gen_random_uuid())).id;
      if p_start in ('draft', 'submitted') then return v_lead; end if;
      perform places.turn('olga');
      perform app.accept_lead(p_market, v_lead);
      if p_start = 'available' then return v_lead; end if;
      perform app.offer_lead(p_market, v_lead, array[p_huber, p_klein], 24);
      perform places.turn('cora');
      if p_start in ('declined', 'all declined', 'grace over') then
        perform app.decline_offer(p_market, v_lead, 'x');
        perform places.turn('anna');
        if p_start <> 'declined' then perform app.decline_offer(p_market, v_lead, 'y'); end if;
        update app.offer set answered_at = now() - interval '1 min', decline_reason = 'over'
        where p_start = 'grace over' and lead_id = v_lead;
        update app.brokerage set wave_ends_at = now() - interval '1 s'
        where p_start = 'grace over' and lead_id = v_lead;
      elsif p_start in ('engaged', 'closed', 'Ben works', 'returning', 'silent', 'waiting',
          'came back', 'silent, merge ready') then
        perform places.turn(case p_start when 'Ben works' then 'ben' else 'anna' end);
        perform app.pick_lead(p_market, v_lead);
        if p_start in ('closed', 'came back') then
          insert into app.wave_plan (marketplace_id, operator_company_id, waves, on_cap, recycle,
            seed)
          select id, operator_company_id,
            '[{"order": "priority", "response_minutes": 60, "working_time": false}]', 'skip',
            'auto', gen_random_uuid()
          from app.marketplace where id = p_market and p_start = 'came back';
          perform app.close_engagement(p_market, v_lead, 'lost', null);
        elsif p_start in ('returning', 'silent', 'silent, merge ready') then
          perform app.request_return(p_market, v_lead, 'other', null);
          update app.return_request set silence_at = now() - interval '1 s'
          where p_start <> 'returning' and lead_id = v_lead;
        elsif p_start = 'waiting' then
          update app.company set returns_need_release = true where id = p_huber;
          perform places.turn('ben');
          perform app.request_return(p_market, v_lead, 'other', null);
          update app.company set returns_need_release = false where id = p_huber;
        end if;
      end if;
      if p_start in ('merge ready', 'merged', 'silent, merge ready') then
        v_merge := app.request_merge_in_writing(p_huber, p_klein, null, 'Brief');
        insert into places.merge values (v_merge);
        perform app.rehearse_merge(v_merge);
        perform app.record_merge_consent(v_merge, 'survivor', 'Brief');
        perform app.record_merge_consent(v_merge, 'absorbed', 'Brief');
        if p_start = 'merged' then perform app.run_merge(v_merge); end if;
      elsif p_start in ('overdue', 'unplaced') then
        update app.offer set expires_at = now() - interval '1 s' where lead_id = v_lead;
        if p_start = 'unplaced' then perform app.expire_offers(100); end if;
      end if;
      return v_lead;
    end $$;
"""
# What an interleaving left behind, without ids, times and versions; companies made since are alike.
OUTCOME = """
    select json_build_array(l.state, places.who(l.engaged_company_id), left(l.interest, 5),
      (select json_agg(json_build_array(places.who(o.company_id), o.state)
         order by o.company_id, o.id)
       from app.offer o where o.lead_id = l.id),
      (select json_agg(b.state order by b.id) from app.brokerage b where b.lead_id = l.id),
      (select json_agg(json_build_array(places.who(g.company_id), g.state, g.handler_id, g.step)
         order by g.id)
       from app.engagement g where g.lead_id = l.id),
      (select json_agg(h.event order by h.event) from app.history h where h.lead_id = l.id),
      (select json_agg(json_build_array(places.who(p.company_id), p.state, p.paused)
         order by p.company_id)
       from app.participation p where p.marketplace_id = l.marketplace_id
         and (p.company_id = l.engaged_company_id
           or p.company_id in (select id from places.company))),
      (select json_agg(json_build_array(r.state, r.automatic) order by r.id)
       from app.return_request r where r.lead_id = l.id),
      (select count(*) from app_private.comeback b where b.lead_id = l.id),
      (select count(*) from app.disclosure d where d.lead_id = l.id),
      (select count(*) from app.note n where n.lead_id = l.id),
      (select count(*) from app.message m where m.lead_id = l.id),
      (select count(*) from app.lead s where s.external_ref = l.external_ref),
      (select json_agg(x.template order by x.template) from app_private.outbox x
       where x.payload ->> 'lead' = l.id::text))
    from app.lead l where l.id = $1
"""
# Each line is a sentence about a lead that must not be so.
BROKEN = """
    select v.what from app.lead l
    left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
    left join app.company operator on operator.id = l.operator_company_id
    left join app.company giver on giver.id = l.giver_company_id
    left join app.company taker on taker.id = l.engaged_company_id
    left join app.colleague handler on handler.id = e.handler_id
    cross join lateral (select
      exists (select from app.offer o where o.lead_id = l.id and o.state = 'open') as open,
      exists (select from app.brokerage b where b.lead_id = l.id and b.state = 'open') as runs,
      exists (select from app.brokerage b where b.lead_id = l.id and b.state = 'open'
              and b.wave_ends_at is not null) as ends) w
    cross join lateral (values
      ('an engaged company goes with other states',
       (l.state in ('engaged', 'closed')) = (l.engaged_company_id is not null)),
      ('engaged without an active engagement',
       (l.state = 'engaged') = (coalesce(e.state, '') in ('active', 'return_requested'))),
      ('closed without a closed engagement',
       (l.state = 'closed') = (coalesce(e.state, '') in ('won', 'lost'))),
      ('a return is requested without a request', (coalesce(e.state, '') = 'return_requested')
        = exists (select from app.return_request r
                  where r.engagement_id = e.id and r.state = 'requested')),
      ('a request that nobody can answer', not exists (select from app.return_request r
        where r.lead_id = l.id and r.state in ('waiting', 'requested')
          and (r.engagement_id is distinct from l.engagement_id or l.state <> 'engaged'))),
      ('somebody else works it', e.company_id is not distinct from l.engaged_company_id),
      ('another engagement is active', not exists (select from app.engagement x
        where x.lead_id = l.id and x.state = 'active' and x.id is distinct from l.engagement_id)),
      ('offered without an open brokerage', (l.state = 'offered') = w.runs),
      ('an open offer of no open brokerage', not exists (select from app.offer o
        join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id
        where o.lead_id = l.id and o.state = 'open' and b.state <> 'open')),
      ('a wave without an open offer and without an end', not w.runs or w.open <> w.ends),
      ('two winners', (select count(*) from app.offer o
        where o.lead_id = l.id and o.state = 'picked') <= 1),
      ('the winner does not work it', e.origin is distinct from 'pick' or e.self_pick
        or exists (select from app.offer o where o.lead_id = l.id and o.state = 'picked'
                   and o.company_id = e.company_id)),
      ('an open offer to who left', not exists (select from app.offer o
        left join app.participation p using (marketplace_id, company_id)
        where o.lead_id = l.id and o.state = 'open' and p.state is distinct from 'active')),
      ('a former name on the lead', l.operator_name = operator.name
        and l.giver_name is not distinct from giver.name
        and l.engaged_company_name is not distinct from taker.name),
      ('a former name on an open offer', not exists (select from app.offer o
        join app.company c on c.id = o.company_id
        where o.lead_id = l.id and o.state = 'open' and o.company_name <> c.name)),
      ('a former name on the active engagement', coalesce(e.state, '') <> 'active'
        or (e.company_name = taker.name and e.handler_name is not distinct from handler.name)),
      ('a handler who left', handler.active is distinct from false),
      ('a former name on a card', not exists (select from app.participation p
        join app.company c on c.id = p.company_id join app.marketplace m on m.id = p.marketplace_id
        where (p.company_name, p.operator_name, p.marketplace_name, m.operator_name)
          is distinct from (c.name, operator.name, m.name, operator.name)
          and p.marketplace_id = l.marketplace_id))
    ) v (what, holds) where l.id = $1 and not v.holds
"""
# What was there in the beginning, and a function that takes away what came since: merges would have
# to move the leads of all meetings before, and whoever leaves would lock each of them.
CLEAR = """
    create table places.known (id uuid primary key);
    insert into places.known
    select id from app.lead union all select id from app.company
    union all select id from app_private.outbox union all select id from app_private.audit_entry;
    do $do$ begin
      execute 'create function places.clear() returns void language plpgsql as $$ begin ' || (
        select string_agg(format('delete from %s where %I not in (select id from places.known);',
          attrelid::regclass, attname), ' ')
        from pg_attribute join pg_class c on c.oid = attrelid
        where relkind = 'r' and c.relnamespace in ('app'::regnamespace, 'app_private'::regnamespace)
          and (attname = 'lead_id' or attname = 'id' and relname in ('lead', 'company', 'outbox',
            'audit_entry') or attname = 'company_id' and relname = 'participation')) || '
        delete from app_private.merge_journal;
        delete from app_private.merge_token;
        delete from app.company_merge;
        delete from app_private.company_split;
      end $$';
    end $do$;
"""
# A lead that was built once is kept and put back, with the same ids: its steps take longer than a
# meeting. Only what hangs on the lead is kept; starts that change more are built each time.
KEEP = """
    do $do$
    declare
      v_table record;
      v_keep text := '';
      v_again text := '';
    begin
      for v_table in
        select c.oid::regclass as tab, 'places.kept_' || c.oid as kept,
          case when bool_or(a.attname = 'lead_id') then 'lead_id = p_lead'
            when c.relname = 'lead' then 'id = p_lead' when c.relname = 'rate' then 'true'
            else 'id not in (select id from places.known)' end as here,
          string_agg(quote_ident(a.attname), ', ') filter (where a.attgenerated = '') as names
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped
        where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('app', 'app_private')
        group by c.oid
        having bool_or(a.attname = 'lead_id')
          or c.relname in ('lead', 'outbox', 'audit_entry', 'rate')
      loop
        execute format('create table %s as select null::text as start, %s from %s where false',
          v_table.kept, v_table.names, v_table.tab);
        v_keep := v_keep || format('insert into %s select p_start, %s from %s where %s;',
          v_table.kept, v_table.names, v_table.tab, v_table.here);
        v_again := v_again || format('if exists (select from %1$s where start = p_start) then '
          || 'insert into %3$s (%2$s) overriding system value select %2$s from %1$s '
          || 'where start = p_start; end if;', v_table.kept, v_table.names, v_table.tab);
      end loop;
      execute 'create function places.keep(p_lead uuid, p_start text) returns void'
        || ' language plpgsql as $$ begin ' || v_keep || ' end $$';
      execute 'create function places.again(p_start text) returns void'
        || ' language plpgsql as $$ begin ' || v_again || ' end $$';
    end $do$;
"""
CHANGE_MORE = ("merge ready", "merged", "silent, merge ready", "came back")
# What acts change beside the lead goes back before the next ones meet.
RESET = """
    -- Who was split off a joined company comes back, or the merge could not be undone.
    delete from app_private.company_split;
    update app.colleague c set company_id = m.survivor_company_id
    from app.company_merge m join places.merge using (id)
    where m.state = 'done' and c.company_id not in (select id from places.company);
    select app.undo_merge(m.id) from app.company_merge m join places.merge using (id)
    where m.state = 'done';
    delete from places.merge;
    update app.participation p set state = f.state, ended_at = null, paused = false
    from places.card f where (p.marketplace_id, p.company_id) = (f.marketplace_id, f.company_id);
    update app.engagement set handler_id = null, handler_name = null where handler_id is not null;
    update app.colleague c set company_id = f.company_id, role = f.role from places.colleague f
    where c.id = f.id and c.company_id <> f.company_id;
    update app.colleague set active = true where not active;
    insert into app_private.bearer (token_sha256, company_id, company_state, colleague_id,
      api_key_id, created_at, expires_at) select * from places.bearer on conflict do nothing;
    delete from app_private.rate;
    delete from app.wave_plan;
    update app.brokerage set wave_ends_at = now() + interval '1 year'
    where wave_ends_at is not null;
    update app.offer set expires_at = now() + interval '1 year'
    where state = 'open' and expires_at < now() + interval '1 day';
"""


class Stage:
    """Leads on demand, in a database whose functions have places to stop."""

    def __init__(self, superuser: Any, cleaner: Any, world: World) -> None:
        """cleaner: a superuser's connection, too, which no trigger and no foreign key asks. Who
        turns them off forgets all plans that he has made: therefore it is one of its own."""
        self.superuser, self.cleaner, self.world = superuser, cleaner, world
        self.kept: dict[str, UUID] = {}

    async def build(self) -> None:
        """What the acts need, once a database."""
        await self.superuser.execute("set client_min_messages = warning")
        await self.cleaner.execute("set session_replication_role = replica")
        await self.superuser.execute(
            "create table places.person (who text, token text);"
            "create table places.merge (id uuid); grant select on places.merge to public;"
            "create table places.card as select * from app.participation;"
            "create table places.company as select id from app.company;"
            "create table places.colleague as select id, company_id, role from app.colleague;"
            "create function places.who(p_company uuid) returns text language sql as $$"
            " select case when p_company in (select id from places.company) then p_company::text"
            " when p_company is not null then 'a new one' end $$;"
            "create table places.bearer as select token_sha256, company_id, company_state,"
            " colleague_id, api_key_id, created_at, expires_at from app_private.bearer;"
            + STAGE
            + CLEAR
            + KEEP
        )
        for who in ("olga", "gerd", "anna", "ben", "cora", "lena"):
            person = getattr(self.world, who)
            await self.superuser.execute(
                "insert into places.person values ($1, $2)", who, person.token
            )

    async def lead(self, start: str) -> UUID:
        """A new lead that came as far as `start`, and everybody as he was in the beginning."""
        await self.superuser.execute(RESET)
        await self.cleaner.fetchval("select places.clear()")
        if start in self.kept:
            await self.cleaner.fetchval("select places.again($1)", start)
            return self.kept[start]
        made: UUID = await self.superuser.fetchval(
            "select places.stage($1, $2, $3, $4)",
            *(self.world.nord_id, start, self.world.huber.id, self.world.klein.id),
        )
        if start not in CHANGE_MORE:
            await self.cleaner.fetchval("select places.keep($1, $2)", made, start)
            self.kept[start] = made
        return made

    async def outcome(self, lead: UUID) -> str:
        """What is so of it now."""
        return str(await self.superuser.fetchval(OUTCOME, lead))

    async def broken(self, lead: UUID) -> list[str]:
        """Sentences that must not be true and are."""
        return [row["what"] for row in await self.superuser.fetch(BROKEN, lead)]
