-- Moving in: participations.
set local role kollegium_broker;

-- All cards of a load: new ones go in, those that changed there and not here follow. A card is a company's,
-- and app_private.legacy_participation says by the company made for each user what came of his rows.
create or replace function app.legacy_import_participations(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_cut_over constant boolean := app_private.legacy_cut_over();
  v_markets uuid[];
  v_colleagues uuid[];
begin
  perform app_private.legacy_hold_merges();
  perform from app.company co where co.id in (
    select u.company_id from app_private.legacy_party u where u.legacy_id in (
      select s.user_id from legacy_staging.participants s where s.load = p_load))
  order by co.id for share;
  -- Invitations before cards, the order of who answers one meanwhile.
  perform from app.partner_invitation i where i.state = 'open'
    and i.marketplace_id in (select m.marketplace_id from app_private.legacy_marketplace m)
  order by i.marketplace_id, i.id for no key update;
  changed := 0;
  if not v_cut_over and exists (select from app_private.legacy_participation) then
    changed := app_private.legacy_change_participations(p_load)
      + app_private.legacy_end_participations(p_load);
  end if;
  with cards as materialized (
    select * from app_private.legacy_cards_of(p_load)
  ), won as (
    insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
      postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps, invited_at,
      answered_at, ended_at)
    select c.marketplace_id, c.company_id, c.operator_company_id, c.capacities, c.state,
      c.postcode_areas, c.tags, c.cap, c.marketplace_name, c.operator_name, c.company_name, c.steps,
      c.created_at, case when c.state <> 'invited' then c.created_at end,
      case when c.state = 'ended' then c.created_at end
    from (select distinct on (d.marketplace_id, d.company_id) d.* from cards d
          order by d.marketplace_id, d.company_id, d.own_company_id <> d.company_id, d.first_id) c
    where c.company_id <> c.operator_company_id
      and (not v_cut_over or app_private.legacy_waits('participants', c.first_id))
    order by c.marketplace_id, c.company_id
    on conflict (marketplace_id, company_id) do nothing
    returning marketplace_id, company_id
  ), first as (
    select distinct on (c.marketplace_id, c.company_id) c.*
    from won w join cards c using (marketplace_id, company_id)
    order by c.marketplace_id, c.company_id, c.own_company_id <> c.company_id, c.first_id
  ), kept as (
    insert into app_private.legacy_participation (marketplace_id, company_id, first_id, row_hash, version)
    select f.marketplace_id, f.own_company_id, f.first_id, f.row_hash, 1 from first f
    on conflict (marketplace_id, company_id) do update
      set first_id = excluded.first_id, row_hash = excluded.row_hash, version = 1
  ) select (select count(*) from cards), count(*),
      array_agg(f.marketplace_id) filter (where f.own_company_id <> f.company_id),
      array_agg(f.colleague_id) filter (where f.own_company_id <> f.company_id)
    into seen, created, v_markets, v_colleagues from first f;
  perform app_private.legacy_journal_card(x.m, x.c) from unnest(v_markets, v_colleagues) x (m, c);
  if not v_cut_over then
    changed := changed + app_private.legacy_unite_participations(p_load);
  end if;
  perform app_private.legacy_follow_invitations(p_load);
end
$$;
comment on function app.legacy_import_participations(integer) is
  'The participations of a load: who gives to and takes from a marketplace.';
grant execute on function app.legacy_import_participations(integer) to kollegium_staff;

-- An operator sees an invited company by the invitation that he wrote, and withdraws it there: each card
-- that is invited has one a capacity, which ends with the answer.
create or replace function app_private.legacy_follow_invitations(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.partner_invitation (marketplace_id, id, operator_company_id, company_id, capacity,
    postcode_areas, tags, cap, created_at)
  select c.marketplace_id, app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id,
      c.created_at), c.operator_company_id, c.company_id, t.capacity,
    case t.capacity when 'taker' then c.postcode_areas else '{}' end,
    case t.capacity when 'taker' then c.tags else '{}' end,
    case t.capacity when 'taker' then c.cap end, c.created_at
  from app_private.legacy_cards_of(p_load) c
  join app.participation p on p.marketplace_id = c.marketplace_id and p.company_id = c.company_id
    and p.state = 'invited'
  join app_private.legacy_participation k
    on k.marketplace_id = c.marketplace_id and k.company_id = c.own_company_id and k.version = p.version
  cross join unnest(c.capacities) t (capacity)
  where c.state = 'invited'
  on conflict (marketplace_id, id) do nothing;
  update app.partner_invitation i set state = case p.state
    when 'active' then 'accepted' when 'declined' then 'declined' else 'withdrawn' end
  from app_private.legacy_cards_of(p_load) c
  join app.participation p on p.marketplace_id = c.marketplace_id and p.company_id = c.company_id
  cross join unnest(array['giver', 'taker']) t (capacity)
  where i.marketplace_id = c.marketplace_id and i.state = 'open' and p.state <> 'invited'
    and i.id = app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id, c.created_at);
  perform app_private.legacy_journal(array_agg('app.partner_invitation'::text), array_agg(i.marketplace_id),
    array_agg(i.id), array_agg('company_id'::text), array_agg(c.colleague_id))
  from app_private.legacy_cards_of(p_load) c
  cross join unnest(array['giver', 'taker']) t (capacity)
  join app.partner_invitation i on i.marketplace_id = c.marketplace_id
    and i.id = app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id, c.created_at)
  where c.own_company_id <> c.company_id and exists (select from app_private.legacy_moved());
end
$$;

create or replace function app_private.legacy_change_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  c record;
  v_count integer := 0;
begin
  for c in
    select s.*, k.version as written
    from app_private.legacy_cards_of(p_load) s
    join app_private.legacy_participation k
      on k.marketplace_id = s.marketplace_id and k.company_id = s.own_company_id
    where k.row_hash <> s.row_hash and s.company_id <> s.operator_company_id
    order by s.marketplace_id, s.company_id, s.first_id
  loop
    -- By the key, too: who ends a participation waits for the offers that are made beside it.
    perform from app.participation p
    where p.marketplace_id = c.marketplace_id and p.company_id = c.company_id for update;
    update app.participation set capacities = c.capacities, state = c.state,
      postcode_areas = c.postcode_areas, tags = c.tags, cap = c.cap, version = version + 1,
      ended_at = case when c.state = 'ended' then app_private.clock() end
    where marketplace_id = c.marketplace_id and company_id = c.company_id and version = c.written;
    if not found then
      perform app_private.legacy_conflict(p_load, 'participants', c.first_id);
      continue;
    end if;
    update app_private.legacy_participation set row_hash = c.row_hash, version = c.written + 1
    where marketplace_id = c.marketplace_id and company_id = c.own_company_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- Who takes part there no more has left, unless somebody changed his card here or others hold it with him.
create or replace function app_private.legacy_end_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
  v_count integer := 0;
begin
  for k in
    select p.*, u.company_id as holder, m.operator_company_id,
      (select count(*) from app_private.legacy_participation o
       join app_private.legacy_party h on h.own_company_id = o.company_id and h.company_id = u.company_id
       where o.marketplace_id = p.marketplace_id and o.row_hash <> 0) as holders
    from app_private.legacy_participation p
    join app_private.legacy_party u on u.own_company_id = p.company_id
    join app_private.legacy_marketplace l on l.marketplace_id = p.marketplace_id
    join app.marketplace m on m.id = p.marketplace_id and m.operator_company_id <> u.company_id
    where p.row_hash <> 0 and exists (select from legacy_staging.marketplaces s where s.load = p_load and s.id = l.legacy_id)
      and not exists (select from legacy_staging.participants s
        where s.load = p_load and s.marketplace_id = l.legacy_id and s.user_id = u.legacy_id)
    order by p.marketplace_id, p.company_id
  loop
    if k.holders = 1 then
      update app.participation set state = 'ended', ended_at = app_private.clock(), version = version + 1
      where marketplace_id = k.marketplace_id and company_id = k.holder and version = k.version;
    end if;
    if k.holders > 1 or not found then
      perform app_private.legacy_conflict(p_load, 'participants', k.first_id, 'deleted-there')
      where exists (select from app.participation p where p.marketplace_id = k.marketplace_id
        and p.company_id = k.holder and p.state in ('active', 'invited'));
      continue;
    end if;
    update app_private.legacy_participation set row_hash = 0, version = k.version + 1
    where marketplace_id = k.marketplace_id and company_id = k.company_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- Users of one company by a merge, who both take part: what is new of the second is united with the card of
-- the first, as the merge does it (docs/domain.md, case 4). A card that somebody changed here stays.
create or replace function app_private.legacy_unite_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  c record;
  v_card app.participation;
  v_other app.participation;
  v_count integer := 0;
begin
  for c in
    select s.* from app_private.legacy_cards_of(p_load) s
    where s.company_id <> s.operator_company_id and not exists (
      select from app_private.legacy_participation k
      where k.marketplace_id = s.marketplace_id and k.company_id = s.own_company_id)
    order by s.marketplace_id, s.company_id, s.first_id
  loop
    select * into v_card from app.participation p
    where p.marketplace_id = c.marketplace_id and p.company_id = c.company_id for no key update;
    if not exists (select from app_private.legacy_participation k
                   join app_private.legacy_party u on u.own_company_id = k.company_id
                     and u.company_id = c.company_id
                   where k.marketplace_id = c.marketplace_id and k.version = v_card.version) then
      perform app_private.legacy_conflict(p_load, 'participants', c.first_id);
      continue;
    end if;
    v_other := jsonb_populate_record(v_card, jsonb_build_object('capacities', c.capacities, 'state', c.state,
      'postcode_areas', c.postcode_areas, 'tags', c.tags, 'cap', c.cap, 'paused', false));
    perform app_private.set_row('app.participation', jsonb_build_object(
      'marketplace_id', c.marketplace_id, 'company_id', c.company_id),
      app_private.united_card(v_card, v_other));
    update app_private.legacy_participation k set version = v_card.version + 1
    from app_private.legacy_party u
    where k.marketplace_id = c.marketplace_id and u.own_company_id = k.company_id
      and u.company_id = c.company_id and k.version = v_card.version;
    insert into app_private.legacy_participation (marketplace_id, company_id, first_id, row_hash, version)
    values (c.marketplace_id, c.own_company_id, c.first_id, c.row_hash, v_card.version + 1);
    perform app_private.legacy_journal_united_card(c.marketplace_id, c.colleague_id, v_other);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
