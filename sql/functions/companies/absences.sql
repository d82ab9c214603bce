-- Absences and cover. Who covers whom is worked out when it is asked; no lead, handler or follow-up changes.
set local role kollegium_broker;

-- One's own; those of others by whoever may hand over. p_colleague null: the caller. 422 for a cover who is no
-- active colleague, or is the absent one himself.
create or replace function app.add_absence(
  p_colleague uuid, p_begins_at timestamptz, p_ends_at timestamptz, p_covered_by uuid)
returns app.absence language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_colleague constant uuid := coalesce(p_colleague, v_caller.colleague_id);
  v_absence app.absence;
begin
  if v_colleague is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  -- Both at once and in their order: who leaves must not be named beside it.
  perform from app.colleague c
  where c.id in (v_colleague, p_covered_by) and c.company_id = v_caller.company_id and c.active
  order by c.id for share;
  perform app_private.expect_own_colleague(v_caller, v_colleague);
  if p_covered_by = v_colleague or p_covered_by is not null and not exists (
       select from app.colleague c
       where c.id = p_covered_by and c.company_id = v_caller.company_id and c.active) then
    perform app_private.refuse(422, 'cover-unfit');
  end if;
  insert into app.absence (id, company_id, colleague_id, covered_by_id, begins_at, ends_at)
  values (app_private.new_id(), v_caller.company_id, v_colleague, p_covered_by, p_begins_at, p_ends_at)
  returning * into v_absence;
  return v_absence;
end
$$;
comment on function app.add_absence(uuid, timestamptz, timestamptz, uuid) is
  'A colleague is away, and another covers him; for others: the role delegator.';
grant execute on function app.add_absence(uuid, timestamptz, timestamptz, uuid) to kollegium_api;

create or replace function app.drop_absence(p_id uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_absence app.absence;
begin
  select * into v_absence from app.absence where id = p_id and company_id = v_caller.company_id for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_absence.colleague_id is distinct from v_caller.colleague_id and v_caller.delegator_role
      and v_caller.role not in ('delegator', 'admin') then
    perform app_private.refuse(403, 'delegator-required');
  end if;
  delete from app.absence where id = p_id;
end
$$;
comment on function app.drop_absence(uuid) is 'Removes an absence, one''s own or (delegators) a colleague''s.';
grant execute on function app.drop_absence(uuid) to kollegium_api;

-- Of whom the caller looks after leads now: his own, those of whom he covers, and of whom they cover in turn.
-- A circle ends where it began. Nobody for an API key.
create or replace function app.covered_colleagues() returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  return query select * from app_private.looked_after(v_caller.company_id, v_caller.colleague_id);
end
$$;
comment on function app.covered_colleagues() is 'The caller, and whom he covers at present.';
grant execute on function app.covered_colleagues() to kollegium_api;

create or replace function app_private.looked_after(p_company uuid, p_colleague uuid) returns setof uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with recursive looked_after (id) as (
    select p_colleague where p_colleague is not null
    union
    select a.colleague_id from looked_after l
    join app.absence a on a.covered_by_id = l.id
      and a.begins_at <= app_private.clock() and a.ends_at > app_private.clock()
    join app.colleague c on c.id = a.colleague_id and c.company_id = a.company_id and c.active
    where a.company_id = p_company)
  select l.id from looked_after l
$$;

-- Who is told instead of a colleague now: he himself unless he is away and covered, else who covers him, and so
-- on; where all of a circle are away, he himself.
create or replace function app_private.told_instead(p_colleague uuid) returns uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with recursive told (id, asked) as (
    select p_colleague, array[p_colleague]
    union all
    select x.covered_by_id, t.asked || x.covered_by_id from told t
    cross join lateral (
      select a.covered_by_id from app.absence a
      join app.colleague c on c.id = a.covered_by_id and c.company_id = a.company_id and c.active
      where a.colleague_id = t.id and a.begins_at <= app_private.clock() and a.ends_at > app_private.clock()
      order by a.id desc limit 1) x
    where x.covered_by_id <> all (t.asked))
  select coalesce((select t.id from told t
    where not exists (select from app.absence a where a.colleague_id = t.id
      and a.begins_at <= app_private.clock() and a.ends_at > app_private.clock())
    order by cardinality(t.asked) limit 1), p_colleague)
$$;

-- The caller's leads by who looks after them, for lists with few matches; null: many. State and step: no matter
-- where null.
create or replace function app.find_covered(p_state text, p_step text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_colleagues constant uuid[] := array(select app.covered_colleagues());
  v_found uuid[];
begin
  select array_agg(x.lead_id) into v_found from (
    select e.lead_id from app.engagement e
    where e.company_id = v_company and e.handler_id = any (v_colleagues)
      and (p_state is null or e.state = p_state) and (p_step is null or e.step = p_step)
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_covered(text, text) is
  'Ids of leads that the caller or whom he covers handles, by state and step; null when they are many.';
grant execute on function app.find_covered(text, text) to kollegium_api;

-- A colleague left: he is not away any more, and covers nobody.
create or replace function app_private.forget_absences(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.absence where company_id = p_company and colleague_id = p_colleague;
  update app.absence set covered_by_id = null where company_id = p_company and covered_by_id = p_colleague;
end
$$;

-- The same for all who act for another company by now.
create or replace function app_private.forget_strangers_absences(p_companies uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.absence a using app.colleague c
  where a.company_id = any (p_companies) and c.id = a.colleague_id and c.company_id <> a.company_id;
  update app.absence a set covered_by_id = null from app.colleague c
  where a.company_id = any (p_companies) and c.id = a.covered_by_id and c.company_id <> a.company_id;
end
$$;
