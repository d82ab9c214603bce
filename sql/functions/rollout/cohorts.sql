-- The staged roll-out (announcement 17): which companies may invite colleagues and merge.
--
-- Companies set up here may. Companies of users of the former service may once their week is
-- switched on for them; until then they are what their user was, a firm of one (announcement 15).
set local role kollegium_broker;

create or replace function app_private.has_colleague_features(
  p_company uuid, out features_on boolean, out week text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select co.origin_legacy_user_id is null or coalesce(c.features_on, false), c.week
  from app.company co left join app_private.cohort_company c on c.company_id = co.id
  where co.id = p_company
$$;

-- The guard of everything that makes a company one of several colleagues: 409 with the week in
-- which it comes. Keeps the row locked to the end of the transaction: switching off waits for it
-- and then sees the second colleague, or the open invitation, that it led to.
create or replace function app_private.expect_colleague_features(p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_features record;
begin
  perform from app_private.cohort_company c where c.company_id = p_company for share;
  select * into v_features from app_private.has_colleague_features(p_company);
  if not coalesce(v_features.features_on, false) then
    perform app_private.refuse(409, 'colleague-features-off',
      jsonb_strip_nulls(jsonb_build_object('week', v_features.week)));
  end if;
end
$$;

create or replace function app.colleague_features(out features_on boolean, out week text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from app_private.has_colleague_features(app.current_company_id()) $$;
comment on function app.colleague_features() is
  'Whether the caller''s company may invite and merge, and the week in which that comes or came.';
grant execute on function app.colleague_features() to kollegium_api;

-- When rows of the former system came over last; -infinity: never. A proof from before says nothing
-- about them.
create or replace function app_private.last_import_at() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(a.at), '-infinity') from app_private.audit_entry a
  where a.action = 'legacy-run-ended'
$$;

-- Every company of the former service that still acts, for assigning and for reading. The proof is
-- that of before its features came, or one from after the last import.
create or replace function app.list_cohorts()
returns table (company_id uuid, legacy_user_id text, name text, week text, features_on boolean,
  overridden boolean, colleagues bigint, proven_at timestamptz, differences integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.origin_legacy_user_id, co.name, c.week, coalesce(c.features_on, false),
    coalesce(c.overridden, false), (select count(*) from app.colleague k where k.company_id = co.id),
    p.proven_at, p.differences
  from app.company co
  left join app_private.cohort_company c on c.company_id = co.id
  left join app_private.legacy_proof p on p.company_id = co.id
    and (c.features_on or p.proven_at >= (select app_private.last_import_at()))
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by c.week, co.name, co.id
$$;
comment on function app.list_cohorts() is
  'Active companies of the former service with week, state, colleagues and latest proof.';
grant execute on function app.list_cohorts() to kollegium_staff;

-- Who shares a marketplace: one row for each of them and each company of the former service on it.
create or replace function app.list_cohort_links()
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.company_id, l.marketplace_id
  from (select p.company_id, p.marketplace_id from app.participation p
        where p.state in ('invited', 'active')
        union
        select m.operator_company_id, m.id from app.marketplace m) l
  join app.company co on co.id = l.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by l.marketplace_id, l.company_id
$$;
comment on function app.list_cohort_links() is
  'Companies of the former service and the marketplaces they operate or take part in.';
grant execute on function app.list_cohort_links() to kollegium_staff;

-- Gives companies their weeks; returns how many got one or another one. What staff chose by hand
-- and what is switched on already stays, whatever the list says.
create or replace function app.assign_cohorts(p_companies uuid[], p_weeks text[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  insert into app_private.cohort_company as c (company_id, week)
  select t.company_id, t.week
  from unnest(p_companies, p_weeks) t (company_id, week)
  join app.company co on co.id = t.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by t.company_id
  on conflict (company_id) do update set week = excluded.week, assigned_at = app_private.clock()
  where not c.overridden and not c.features_on and c.week <> excluded.week;
  get diagnostics v_count = row_count;
  perform app_private.audit('cohorts-assigned', null, null, null,
    jsonb_build_object('companies', v_count));
  return v_count;
end
$$;
comment on function app.assign_cohorts(uuid[], text[]) is
  'Gives companies of the former service their weeks, but for those chosen by hand or switched on.';
grant execute on function app.assign_cohorts(uuid[], text[]) to kollegium_staff;

-- One company by hand. It keeps its state: who is on stays on, who is off waits for the next
-- `switch on` of the week. 404 for companies that are not of the former service, or absorbed.
create or replace function app.move_to_cohort(p_company uuid, p_week text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app_private.cohort w where w.week = p_week)
     or not exists (select from app.company co where co.id = p_company and co.state = 'active'
                    and co.origin_legacy_user_id is not null) then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.cohort_company as c (company_id, week, overridden)
  values (p_company, p_week, true)
  on conflict (company_id) do update set week = p_week, overridden = true, assigned_at = app_private.clock();
  perform app_private.audit('cohort-overridden', p_company, null, p_company,
    jsonb_build_object('week', p_week));
end
$$;
comment on function app.move_to_cohort(uuid, text) is 'Puts one company into a week by hand.';
grant execute on function app.move_to_cohort(uuid, text) to kollegium_staff;

-- Switches a week on or off and says what became of each company:
--   switched   now as wished          already     was so before
--   unproven   has no proof since the last import, stays off
--   differs    its proof found differences, stays off
--   colleagues has several, stays on      invited   an invitation is open, stays on
-- Repeating it is safe, and takes along who was proven, or lost the invitation, meanwhile.
create or replace function app.switch_cohort(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, legacy_user_id text, name text, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_companies uuid[];
  v_outcomes text[];
begin
  update app_private.cohort w set features_on = p_on, switched_at = app_private.clock() where w.week = p_week;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform from app_private.cohort_company c where c.week = p_week order by c.company_id for update;
  -- A statement of its own: it sees what those did that held a row locked until now.
  select array_agg(d.company_id), array_agg(d.outcome) into v_companies, v_outcomes
  from app_private.switch_outcomes(p_week, p_on, p_unproven) d;
  update app_private.cohort_company c set features_on = p_on, switched_at = app_private.clock()
  from unnest(v_companies, v_outcomes) d (id, outcome)
  where c.company_id = d.id and d.outcome = 'switched';
  perform app_private.audit(case when p_on then 'colleague-features-on' else 'colleague-features-off' end,
    d.id, null, d.id, jsonb_build_object('week', p_week))
  from unnest(v_companies, v_outcomes) d (id, outcome) where d.outcome = 'switched';
  if p_on then
    perform app_private.mail('colleague-features-on', k.email, k.language, co.id,
      jsonb_build_object('company', co.name, 'week', p_week))
    from unnest(v_companies, v_outcomes) d (id, outcome)
    join app.company co on co.id = d.id
    join app.colleague k on k.company_id = co.id and k.role = 'admin' and k.active
    where d.outcome = 'switched';
  end if;
  return query select co.id, co.origin_legacy_user_id, co.name, d.outcome
    from unnest(v_companies, v_outcomes) d (id, outcome) join app.company co on co.id = d.id
    order by co.name, co.id;
end
$$;
comment on function app.switch_cohort(text, boolean, boolean) is
  'Switches the colleague features of a week on or off; one row for each company with the outcome.';
grant execute on function app.switch_cohort(text, boolean, boolean) to kollegium_staff;

create or replace function app_private.switch_outcomes(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, outcome text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.company_id, case
    when c.features_on = p_on then 'already'
    when p_on and not p_unproven and p.company_id is null then 'unproven'
    when p_on and not p_unproven and p.differences > 0 then 'differs'
    -- Former colleagues count too: they can be made active again.
    when not p_on and (select count(*) from app.colleague k where k.company_id = c.company_id) > 1
      then 'colleagues'
    when not p_on and exists (select from app.invitation i where i.company_id = c.company_id
      and i.state = 'open' and i.expires_at > app_private.clock()) then 'invited'
    else 'switched' end
  from app_private.cohort_company c
  join app.company co on co.id = c.company_id and co.state = 'active'
  left join app_private.legacy_proof p on p.company_id = c.company_id
    and p.proven_at >= (select app_private.last_import_at())
  where c.week = p_week
$$;

-- The state of the roll-out at a glance: a row a week, and one without a week for those that have
-- none yet.
create or replace function app.rollout_status()
returns table (week text, switched_on boolean, switched_at timestamptz, companies bigint,
  features_on bigint, several_colleagues bigint, overridden bigint, proven bigint, differing bigint,
  unproven bigint, oldest_proof timestamptz, latest_proof timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select w.week, coalesce(w.features_on, false), w.switched_at, count(l.company_id),
    count(*) filter (where l.features_on), count(*) filter (where l.colleagues > 1),
    count(*) filter (where l.overridden), count(*) filter (where l.differences = 0),
    count(*) filter (where l.differences > 0),
    count(l.company_id) filter (where l.differences is null), min(l.proven_at), max(l.proven_at)
  from app_private.cohort w full join app.list_cohorts() l on l.week = w.week
  group by w.week, w.features_on, w.switched_at
  order by w.week
$$;
comment on function app.rollout_status() is
  'Each week of the roll-out: companies, how many are switched on, and how many are proven.';
grant execute on function app.rollout_status() to kollegium_staff;
