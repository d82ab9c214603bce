-- Whose person came in before, within the days that the marketplace says: a lead is marked when it is submitted, and
-- its operator decides. Nothing of it is told to anybody else, by no state of another's lead and by no waiting for it.
set local role kollegium_broker;

-- By what a person is known again: address, number, name and postcode, each in one spelling and as a keyed hash.
create or replace function app_private.keys_of(p_prospect app.prospect)
returns table (kind text, hash bytea) language sql stable set search_path = pg_catalog, pg_temp
as $$
  select v.kind, substr(sha256(s.pepper || convert_to(
    concat_ws(' ', p_prospect.marketplace_id, v.kind, v.value), 'UTF8')), 1, 16)
  from app_private.secret s, (
    values ('email', p_prospect.email_key),
      ('phone', case when length(p_prospect.phone_key) >= 6 then p_prospect.phone_key end),
      ('name', app_private.name_key(p_prospect.name, p_prospect.postcode))) v (kind, value)
  where v.value is not null
$$;

-- The words of a name in any order and any spelling of its umlauts, with the postcode; null where there are less than
-- two, or no postcode: too many are called so.
create or replace function app_private.name_key(p_name text, p_postcode text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case when count(*) > 1 and p_postcode ~ '[0-9]'
    then string_agg(w, ' ' order by w) || ' ' || upper(regexp_replace(p_postcode, '[^0-9A-Za-z]', '', 'g')) end
  from regexp_split_to_table(searching.without_umlauts(searching.folded(p_name)), '\s+') w where w <> ''
$$;

-- Keys of submitted leads, which of them have the person of another one of the marketplace (of these leads: of one that
-- stands before), and so are marked. Two that submit the same person side by side do not wait for each other, so none
-- can make others wait in turn: who does not get the lock of a key marks its lead, whatever becomes of the other one.
-- The leads are locked.
create or replace function app_private.mark_duplicates(p_marketplace uuid, p_leads uuid[])
returns uuid[] language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_days constant integer := (select m.duplicate_days from app.marketplace m where m.id = p_marketplace);
  v_beside uuid[];
  v_marked uuid[];
begin
  if v_days is null then
    return '{}';
  end if;
  select array_agg(t.lead_id) filter (where not t.taken) into v_beside from (
    select p.lead_id, pg_try_advisory_xact_lock(('x' || encode(k.hash, 'hex'))::bit(64)::bigint) as taken
    from app.prospect p, app_private.keys_of(p) k
    where p.marketplace_id = p_marketplace and p.lead_id = any (p_leads)) t;
  insert into app_private.lead_key (marketplace_id, hash, lead_id, kind, submitted_at)
  select p_marketplace, k.hash, l.id, k.kind, l.submitted_at
  from app.lead l
  join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id, app_private.keys_of(p) k
  where l.marketplace_id = p_marketplace and l.id = any (p_leads) and l.state <> 'draft'
  on conflict do nothing;
  with marked as (
    insert into app_private.duplicate_mark (marketplace_id, lead_id)
    select l.marketplace_id, l.id from app.lead l
    where l.marketplace_id = p_marketplace and l.id = any (p_leads) and l.state = 'submitted'
      and (l.id = any (v_beside) or l.id in (
        select o.lead_id from app_private.others_with(p_marketplace, p_leads,
          app_private.clock() - make_interval(days => v_days)) o
        where array_position(p_leads, o.id) < array_position(p_leads, o.lead_id) is not false))
    returning lead_id)
  select array_agg(m.lead_id) into v_marked from marked m;
  return coalesce(v_marked, '{}');
end
$$;

-- Which other leads were submitted since with a key of one of these, and which keys. What was rejected or withdrawn is no
-- reason.
create or replace function app_private.others_with(p_marketplace uuid, p_leads uuid[], p_since timestamptz)
returns table (lead_id uuid, id uuid, state text, submitted_at timestamptz, matches text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select mine.lead_id, l.id, l.state, k.submitted_at, array_agg(k.kind order by k.kind)
  from app_private.lead_key mine
  join app_private.lead_key k on k.marketplace_id = mine.marketplace_id and k.hash = mine.hash
    and k.lead_id <> mine.lead_id
  join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
  where mine.marketplace_id = p_marketplace and mine.lead_id = any (p_leads)
    and k.submitted_at > p_since and l.state not in ('rejected', 'withdrawn', 'erased')
  group by mine.lead_id, l.id, l.state, k.submitted_at
$$;

-- Contact data of a submitted lead was corrected: what it is known by is written anew, and so is the mark.
create or replace function app_private.renew_keys(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app_private.lead_key where marketplace_id = p_marketplace and lead_id = p_lead;
  delete from app_private.duplicate_mark where marketplace_id = p_marketplace and lead_id = p_lead;
  perform app_private.mark_duplicates(p_marketplace, array[p_lead]);
end
$$;

-- How far back a marketplace looks was set anew: the leads of that time get their keys together; null: all go.
create or replace function app_private.fill_keys(p_marketplace uuid, p_days integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_days is null then
    delete from app_private.lead_key where marketplace_id = p_marketplace;
    delete from app_private.duplicate_mark where marketplace_id = p_marketplace;
    return;
  end if;
  insert into app_private.lead_key (marketplace_id, hash, lead_id, kind, submitted_at)
  select l.marketplace_id, k.hash, l.id, k.kind, coalesce(l.submitted_at, l.created_at)
  from app.lead l
  join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id, app_private.keys_of(p) k
  where l.marketplace_id = p_marketplace and l.state not in ('draft', 'rejected', 'withdrawn', 'erased')
    and coalesce(l.submitted_at, l.created_at) > app_private.clock() - make_interval(days => p_days)
  on conflict do nothing;
end
$$;

-- For the operator, while the lead waits: since when it is marked, and which leads came before; null for anybody else.
create or replace function app.marked_duplicate(p_marketplace uuid, p_lead uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_found_at timestamptz;
  v_since timestamptz;
begin
  select d.found_at, l.submitted_at - make_interval(days => m.duplicate_days) into v_found_at, v_since
  from app_private.duplicate_mark d
  join app.marketplace m on m.id = d.marketplace_id and m.operator_company_id = app.current_company_id()
  join app.lead l on l.marketplace_id = d.marketplace_id and l.id = d.lead_id and l.state = 'submitted'
  where d.marketplace_id = p_marketplace and d.lead_id = p_lead;
  if not found then
    return null;
  end if;
  return jsonb_build_object('found_at', v_found_at, 'leads', coalesce((
    select jsonb_agg(o order by o.submitted_at desc, o.id desc)
    from (select w.id, w.state, w.submitted_at, w.matches
      from app_private.others_with(p_marketplace, array[p_lead], v_since) w
      order by w.submitted_at desc, w.id desc limit 20) o), '[]'));
end
$$;
comment on function app.marked_duplicate(uuid, uuid) is
  'Which leads of the operator''s marketplace have the person of one that was submitted, newest first, at most 20.';
grant execute on function app.marked_duplicate(uuid, uuid) to kollegium_api;

-- Keys of leads that are older than their marketplace looks back.
create or replace function app_private.purge_lead_keys() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.lead_key k using app.marketplace m
  where m.id = k.marketplace_id and k.submitted_at < app_private.clock() - make_interval(days => m.duplicate_days);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
