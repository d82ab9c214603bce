-- The migration, part 6: participations, API keys, groups.
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
  changed := 0;
  if not v_cut_over and exists (select from app_private.legacy_participation) then
    changed := app_private.legacy_change_participations(p_load);
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
    insert into app_private.legacy_participation (marketplace_id, company_id, row_hash, version)
    select f.marketplace_id, f.own_company_id, f.row_hash, 1 from first f
    on conflict (marketplace_id, company_id) do update set row_hash = excluded.row_hash, version = 1
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
      ended_at = case when c.state = 'ended' then now() end
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
    insert into app_private.legacy_participation (marketplace_id, company_id, row_hash, version)
    values (c.marketplace_id, c.own_company_id, c.row_hash, v_card.version + 1);
    perform app_private.legacy_journal_united_card(c.marketplace_id, c.colleague_id, v_other);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- Keys go on working: both systems keep SHA-256 of the token. A key revoked there ends here.
create or replace function app.legacy_import_api_keys(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
begin
  seen := 0; created := 0; changed := 0;
  for k in
    select s.id, app_private.legacy_id('api-key', s.id, s.created_at) as key_id, p.company_id,
      p.colleague_id, coalesce(nullif(btrim(s.name), ''), 'API') as name, s.created_at, s.revoked_at,
      case when s.revoked_at is null then decode(s.token_sha256, 'hex') end as token, m.api_key_id as known, a.revoked_at as ended
    from legacy_staging.api_keys s
    join app_private.legacy_party p on p.legacy_id = s.user_id
    left join app_private.legacy_api_key m on m.legacy_id = s.id
    left join app.api_key a on a.id = m.api_key_id
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
    order by s.id
  loop
    seen := seen + 1;
    if k.known is null then
      created := created + app_private.legacy_add_api_key(
        k.id, k.key_id, k.company_id, k.colleague_id, k.name, k.created_at, k.revoked_at, k.token);
    elsif k.revoked_at is not null and k.ended is null and not app_private.legacy_cut_over() then
      update app.api_key set revoked_at = k.revoked_at where id = k.known;
      delete from app_private.bearer where api_key_id = k.known;
      perform app_private.audit('api-key-revoked', k.company_id, null, k.known);
      changed := changed + 1;
    end if;
  end loop;
end
$$;
comment on function app.legacy_import_api_keys(integer) is
  'The API keys of a load; their tokens go on working.';
grant execute on function app.legacy_import_api_keys(integer) to kollegium_staff;

create or replace function app_private.legacy_add_api_key(
  p_legacy_id bigint, p_id uuid, p_company uuid, p_colleague uuid, p_name text, p_at timestamptz,
  p_revoked_at timestamptz, p_token bytea)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('api_keys', p_legacy_id) then
    return 0;
  end if;
  -- A deleted user's company is closed: its key comes over and opens nothing.
  select state into v_state from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.api_key (id, company_id, name, created_by_id, created_at, revoked_at)
  values (p_id, p_company, p_name, p_colleague, p_at, p_revoked_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  if p_revoked_at is null then
    insert into app_private.bearer (token_sha256, company_id, company_state, api_key_id, created_at, expires_at)
    values (p_token, p_company, v_state, p_id, p_at, 'infinity');
  end if;
  insert into app_private.legacy_api_key (legacy_id, api_key_id) values (p_legacy_id, p_id);
  perform app_private.audit('api-key-created', p_company, p_colleague, p_id,
    jsonb_build_object('legacy_api_key', p_legacy_id));
  return 1;
end
$$;

-- Groups gave no rights; they are kept as they are now, for suggestions.
create or replace function app.legacy_import_groups(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy groups', 0));
  delete from app_private.legacy_group_member;
  delete from app_private.legacy_group;
  insert into app_private.legacy_group (legacy_id, owner_legacy_id, name)
  select g.id, g.owner_user_id, g.name from legacy_staging.groups g
  where g.load = p_load and not exists (select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'groups' and b.id = g.id);
  get diagnostics v_count = row_count;
  insert into app_private.legacy_group_member (group_legacy_id, user_legacy_id)
  select m.group_id, m.user_id from legacy_staging.group_members m
  where m.load = p_load and not exists (select from legacy_staging.finding f
    where f.load = p_load and f.source_table = 'group_members' and f.kind = 'quarantine'
      and f.legacy_key = m.group_id || '/' || m.user_id);
  return v_count;
end
$$;
comment on function app.legacy_import_groups(integer) is
  'Keeps the legacy groups and their members, from which merges are suggested.';
grant execute on function app.legacy_import_groups(integer) to kollegium_staff;
