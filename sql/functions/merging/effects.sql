-- What a merge does, in words that two companies can consent to. Ids, names and numbers, no contact data.
set local role kollegium_broker;

-- Leads that the colleagues of one side see only since the merge, by marketplace and capacity, in both
-- directions. The digest tells whether the same leads are meant without keeping a list. p_until: only
-- what existed then.
create or replace function app_private.newly_visible(p_from uuid, p_to uuid, p_until uuid default null)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  with sides (side, mine, theirs) as (values ('survivor', p_from, p_to), ('absorbed', p_to, p_from)),
  seen as (
    select s.side, l.marketplace_id, l.id, c.capacity, c.since
    from sides s
    join app.lead l on (l.operator_company_id = s.mine or l.giver_company_id = s.mine
      or l.engaged_company_id = s.mine) and s.theirs <> all (l.parties)
    cross join lateral (select
      case s.mine when l.operator_company_id then 'operator' when l.giver_company_id then 'giver'
        else 'taker' end as capacity,
      case when s.mine in (l.operator_company_id, l.giver_company_id) then l.id
        else coalesce(l.engagement_id, l.id) end as since) c
    where p_until is null or c.since <= p_until)
  select coalesce(jsonb_agg(jsonb_build_object('to', g.side, 'marketplace_id', g.marketplace_id,
    'marketplace', m.name, 'as', g.capacity, 'leads', g.leads, 'digest', g.digest)
    order by g.side, g.marketplace_id, g.capacity), '[]')
  from (select side, marketplace_id, capacity, count(*) as leads,
          bit_xor(hashtextextended(id::text, 0))::text as digest
        from seen group by side, marketplace_id, capacity) g
  join app.marketplace m on m.id = g.marketplace_id
$$;

create or replace function app_private.lead_keys(p_company uuid)
returns table (marketplace_id uuid, id uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$ select k.* from app_private.leads_of(p_company) o, unnest(o.marketplaces, o.leads) k $$;

-- What else the other side reads from then on, in numbers; for the rehearsal alone.
create or replace function app_private.newly_readable(p_mine uuid, p_theirs uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'personal_data', (select count(*) from app.lead l
      join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id and p.erased_at is null
      where (l.operator_company_id = p_mine or l.giver_company_id = p_mine or l.engaged_company_id = p_mine)
        and p_theirs <> all (l.parties)),
    'open_offers', (select count(*) from app.offer o where o.company_id = p_mine and o.state = 'open'),
    'notes', (select count(*) from app.note n where n.company_id = p_mine
      and (n.marketplace_id, n.lead_id) in (select * from app_private.lead_keys(p_mine))),
    'files', (select count(*) from app.note_file f where f.company_id = p_mine
      and (f.marketplace_id, f.lead_id) in (select * from app_private.lead_keys(p_mine))),
    'colleagues', (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'role', c.role)
      order by c.id), '[]') from app.colleague c where c.company_id = p_mine and c.active))
$$;

-- What forbids the merge, each with what would help in the hands of the operator.
create or replace function app_private.merge_blocks(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(b.block order by b.block::text), '[]') from (
    select jsonb_build_object('reason', 'company-not-active', 'company', co.name) as block
    from app.company co where co.id in (p_from, p_to) and co.state <> 'active'
    union all
    select jsonb_build_object('reason', 'operator-may-not-take', 'marketplace_id', m.id, 'marketplace', m.name)
    from app.participation p join app.marketplace m on m.id = p.marketplace_id
    where p.company_id in (p_from, p_to) and p.operator_company_id in (p_from, p_to)
      and p.state = 'active' and 'taker' = any (p.capacities) and not m.operator_may_take
    union all
    select jsonb_build_object('reason', 'card-too-large', 'marketplace_id', a.marketplace_id,
      'marketplace', a.marketplace_name)
    from app.participation a
    join app.participation b on b.marketplace_id = a.marketplace_id and b.company_id = p_to
    cross join lateral (select app_private.united_card(b, a) as card) u
    where a.company_id = p_from and (jsonb_array_length(u.card -> 'postcode_areas') > 1000
      or jsonb_array_length(u.card -> 'exclusive_areas') > 1000 or jsonb_array_length(u.card -> 'tags') > 100)) b
$$;

-- Names and switches: the survivor's stay.
create or replace function app_private.merge_settings(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(k.key, jsonb_build_object('stays', s.j -> k.key, 'goes', a.j -> k.key))
  from (select to_jsonb(c) as j from app.company c where c.id = p_to) s,
       (select to_jsonb(c) as j from app.company c where c.id = p_from) a,
       unnest(array['name', 'delegator_role', 'language', 'returns_need_release']) k (key)
$$;

-- Rows that collapse or change, from the journal of the merge that has just been performed. Times and
-- versions are left out: they differ between two performances of one merge.
create or replace function app_private.merge_effects(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(e.effect order by e.effect::text), '[]') from (
    select jsonb_strip_nulls(jsonb_build_object('tab', j.tab, 'kind', j.kind,
      'marketplace_id', j.marketplace_id, 'id', j.id,
      'lead_id', case when j.tab = 'app.offer' then coalesce(j.before ->> 'lead_id', (select o.lead_id::text
        from app.offer o where o.marketplace_id = j.marketplace_id and o.id = j.id)) end,
      'made', case when j.tab = 'app.participation' then extract(epoch from coalesce(
        (j.before ->> 'invited_at')::timestamptz, (select p.invited_at from app.participation p
         where p.marketplace_id = j.marketplace_id and p.company_id = p_to))) end,
      'of', case j.before ->> 'company_id' when p_from::text then 'absorbed'
        when p_to::text then 'survivor' end,
      'to', case j.kind when 'changed' then j.after - array['answered_at', 'closed_at', 'changed_at',
        'ended_at', 'version', 'operator_name', 'company_id', 'company_name'] end)) as effect
    from app_private.merge_journal j
    where j.merge_id = p_merge and j.kind in ('changed', 'collapsed') and j.tab <> 'app_private.idempotent_answer'
      and not coalesce(j.after ? 'operator_name', false)) e
$$;

-- Rows in p_new and not in p_old. p_until: without those that were made later.
create or replace function app_private.effects_beyond(
  p_new jsonb, p_old jsonb, p_until uuid default null, p_time timestamptz default null)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(n.value), '[]')
  from (select value from jsonb_array_elements(p_new)
        except select value from jsonb_array_elements(p_old)) n
  where p_until is null or not (coalesce((n.value ->> 'id')::uuid > p_until, false)
    or coalesce((n.value ->> 'made')::numeric > extract(epoch from p_time), false))
$$;
