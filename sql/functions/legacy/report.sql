-- Moving in: what a load would do and found, the quarantine, the cut-over.
set local role kollegium_broker;

create or replace function app.legacy_counts(p_load integer)
returns table (source_table text, in_source bigint, importable bigint, imported bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.source_table, t.in_source, t.in_source - coalesce(b.waiting, 0), t.imported
  from (
    select 1, 'users', (select count(*) from legacy_staging.users where load = p_load),
      (select count(*) from app_private.legacy_user)
    union all select 2, 'groups', (select count(*) from legacy_staging.groups where load = p_load),
      (select count(*) from app_private.legacy_group)
    union all select 3, 'marketplaces', (select count(*) from legacy_staging.marketplaces where load = p_load),
      (select count(*) from app_private.legacy_marketplace)
    union all select 4, 'statuses', (select count(*) from legacy_staging.statuses where load = p_load), null
    union all select 5, 'participants', (select count(*) from legacy_staging.participants where load = p_load),
      (select count(*) from app_private.legacy_participation)
    union all select 6, 'api_keys', (select count(*) from legacy_staging.api_keys where load = p_load),
      (select count(*) from app_private.legacy_api_key)
    union all select 7, 'leads', (select count(*) from legacy_staging.leads where load = p_load),
      (select count(*) from app_private.legacy_lead)
    union all select 8, 'offers', (select count(*) from legacy_staging.offers where load = p_load), null
    union all select 9, 'comments', (select count(*) from legacy_staging.comments where load = p_load), null
  ) t (place, source_table, in_source, imported)
  left join (select s.source_table, count(*) as waiting from legacy_staging.blocked s
             where s.load = p_load group by s.source_table) b using (source_table)
  order by t.place
$$;
comment on function app.legacy_counts(integer) is
  'Rows of a load by legacy table: how many there are, can be imported, and were imported before.';
grant execute on function app.legacy_counts(integer) to kollegium_staff;

-- What the importable rows become. Lower bounds of nothing: the numbers that an import into an empty
-- database creates.
create or replace function app.legacy_targets(p_load integer)
returns table (target text, rows bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with l as (
    select s.id, s.picked_by_user_id is not null as picked, s.state in ('won', 'lost') as done
    from legacy_staging.leads s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'leads' and b.id = s.id)
  ), c as (
    select s.shared, count(*) as n from legacy_staging.comments s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = s.id) group by s.shared
  ), n as (
    select r.source_table, r.importable from app.legacy_counts(p_load) r
  )
  select 'companies', importable from n where source_table = 'users'
  union all select 'colleagues', importable from n where source_table = 'users'
  union all select 'marketplaces', importable from n where source_table = 'marketplaces'
  union all select 'participations', (select count(distinct (s.marketplace_id, s.user_id))
    from legacy_staging.participants s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id))
  union all select 'API keys', importable from n where source_table = 'api_keys'
  union all select 'leads', importable from n where source_table = 'leads'
  union all select 'prospects', importable from n where source_table = 'leads'
  union all select 'offers', importable from n where source_table = 'offers'
  union all select 'engagements', (select count(*) from l where picked)
  union all select 'disclosures', (select count(*) from l where picked)
  union all select 'history', (select count(*) + count(*) filter (where picked) + count(*) filter (where done) from l)
  union all select 'notes', coalesce((select n from c where not shared), 0)
  union all select 'messages', coalesce((select n from c where shared), 0)
$$;
comment on function app.legacy_targets(integer) is 'Rows that the importable rows of a load become.';
grant execute on function app.legacy_targets(integer) to kollegium_staff;

create or replace function app.legacy_findings(p_load integer)
returns table (kind text, source_table text, reason text, rows bigint, first_keys text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select f.kind, f.source_table, f.reason, count(*),
    (array_agg(f.legacy_key order by length(f.legacy_key), f.legacy_key))[1:5]
  from legacy_staging.finding f where f.load = p_load
  group by f.kind, f.source_table, f.reason
  order by f.kind <> 'quarantine', f.kind, f.reason = 'depends-on', count(*) desc, f.source_table, f.reason
$$;
comment on function app.legacy_findings(integer) is
  'What a load found, by kind, table and reason, with the first five legacy numbers.';
grant execute on function app.legacy_findings(integer) to kollegium_staff;

-- What stands there more than once and stays apart here, because nobody guesses who belongs together: equal
-- names, equal VAT ids, groups. users: how many share such a thing with somebody.
create or replace function app.legacy_duplicates(p_load integer)
returns table (kind text, groups bigint, users bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with live as (
    select s.* from legacy_staging.users s where s.load = p_load and s.deleted_at is null
  ), shared (kind, users) as (
    select 'name', array_agg(u.id) from live u group by lower(btrim(u.company_name))
    having lower(btrim(u.company_name)) <> '' and count(*) > 1
    union all
    select 'vat_id', array_agg(u.id) from live u group by upper(replace(u.vat_id, ' ', ''))
    having upper(replace(u.vat_id, ' ', '')) <> '' and count(*) > 1
    union all
    select 'legacy_group', array_agg(u.id) from legacy_staging.group_members m
    join live u on u.id = m.user_id where m.load = p_load group by m.group_id having count(*) > 1
  )
  select s.kind, count(*), (select count(distinct u) from shared x, unnest(x.users) u where x.kind = s.kind)
  from shared s group by s.kind order by s.kind
$$;
comment on function app.legacy_duplicates(integer) is
  'Names, VAT ids and groups of a load that several users share; merges are suggested from them later.';
grant execute on function app.legacy_duplicates(integer) to kollegium_staff;

-- The companies that a load makes, and the marketplaces that they operate or take part in: what
-- app.list_cohorts and app.list_cohort_links will say after the import. marketplace_id: null without one.
create or replace function app.legacy_cohort_links(p_load integer)
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with market as (
    select s.id, s.owner_user_id,
      coalesce(k.marketplace_id, app_private.legacy_id('marketplace', s.id, s.created_at)) as becomes
    from legacy_staging.marketplaces s
    left join app_private.legacy_marketplace k on k.legacy_id = s.id
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id)
  ), link (user_id, becomes) as (
    select m.owner_user_id, m.becomes from market m
    union
    select p.user_id, m.becomes
    from legacy_staging.participants p join market m on m.id = p.marketplace_id
    where p.load = p_load and p.state in ('invited', 'active') and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = p.id)
  )
  select coalesce(k.company_id, app_private.legacy_id('company', s.id, s.created_at)), l.becomes
  from legacy_staging.users s
  left join app_private.legacy_user k on k.legacy_id = s.id
  left join link l on l.user_id = s.id
  where s.load = p_load and s.deleted_at is null and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'users' and b.id = s.id)
$$;
comment on function app.legacy_cohort_links(integer) is
  'Companies that a load makes, with the marketplaces they share, for a look ahead at the weeks.';
grant execute on function app.legacy_cohort_links(integer) to kollegium_staff;

-- Row by row, in pages: p_after is the place of the last row of the page before.
create or replace function app.legacy_list_findings(p_load integer, p_kind text, p_after bigint, p_limit integer)
returns table (place bigint, source_table text, legacy_key text, reason text, field text, blocked_by text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.place, o.source_table, o.legacy_key, o.reason, o.field, o.blocked_by
  from (select row_number() over (order by f.source_table, length(f.legacy_key), f.legacy_key, f.reason)
          as place, f.* from legacy_staging.finding f where f.load = p_load and f.kind = p_kind) o
  where o.place > p_after order by o.place limit p_limit
$$;
comment on function app.legacy_list_findings(integer, text, bigint, integer) is
  'Findings of one kind, row by row.';
grant execute on function app.legacy_list_findings(integer, text, bigint, integer) to kollegium_staff;

-- Keeps what a load could not import, and marks what an earlier one could not and this one can. Called
-- before and, with p_heal, after the import: what was healed is told when it is in.
create or replace function app.legacy_keep_quarantine(
  p_load integer, p_heal boolean, out waiting bigint, out healed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app_private.legacy_quarantine as q (source_table, legacy_key, reason, field, blocked_by)
  select distinct on (f.source_table, f.legacy_key, f.reason)
    f.source_table, f.legacy_key, f.reason, f.field, f.blocked_by
  from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
  order by f.source_table, f.legacy_key, f.reason
  on conflict (source_table, legacy_key, reason) do update
    set field = excluded.field, blocked_by = excluded.blocked_by, last_seen_at = app_private.clock(), healed_at = null;
  healed := 0;
  if p_heal then
    update app_private.legacy_quarantine q set healed_at = app_private.clock()
    where q.healed_at is null and not exists (
      select from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
        and f.source_table = q.source_table and f.legacy_key = q.legacy_key and f.reason = q.reason);
    get diagnostics healed = row_count;
    perform app_private.audit('legacy-run-ended', null, null, null, (
      select jsonb_object_agg(c.source_table, c.imported) from app.legacy_counts(p_load) c));
  end if;
  select count(*) into waiting from app_private.legacy_quarantine where healed_at is null;
end
$$;
comment on function app.legacy_keep_quarantine(integer, boolean) is
  'Records the rows of a load that wait, and after the import those that are healed.';
grant execute on function app.legacy_keep_quarantine(integer, boolean) to kollegium_staff;

create or replace function app.legacy_quarantine(p_reason text, p_limit integer)
returns table (source_table text, legacy_key text, reason text, field text, blocked_by text, first_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select q.source_table, q.legacy_key, q.reason, q.field, q.blocked_by, q.first_seen_at
  from app_private.legacy_quarantine q
  where q.healed_at is null and (p_reason is null or q.reason = p_reason)
  order by q.reason = 'depends-on', q.source_table, length(q.legacy_key), q.legacy_key, q.reason limit p_limit
$$;
comment on function app.legacy_quarantine(text, integer) is 'Legacy rows that wait in quarantine.';
grant execute on function app.legacy_quarantine(text, integer) to kollegium_staff;

-- Offers of the former system whose time was over before the cut-over: they expire, and leads without an
-- open one are unplaced, all at once and without a mail for each, as the timer would send. Returns how
-- many leads.
create or replace function app_private.legacy_expire_overdue() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads uuid[];
begin
  select array_agg(x.id) into v_leads from (
    select l.id from app.lead l join app_private.legacy_lead k
      on k.marketplace_id = l.marketplace_id and k.lead_id = l.id and k.version = l.version
    where l.state = 'offered' and l.source = 'legacy' and exists (
      select from app.offer o where o.marketplace_id = l.marketplace_id and o.lead_id = l.id
        and o.state = 'open' and o.expires_at <= app_private.clock())
    order by l.marketplace_id, l.id for update of l) x;
  update app.offer o set state = 'expired', answered_at = app_private.clock()
  from app.lead l where l.id = any (v_leads) and o.marketplace_id = l.marketplace_id
    and o.lead_id = l.id and o.state = 'open' and o.expires_at <= app_private.clock();
  select array_agg(l.id) into v_leads from app.lead l
  where l.id = any (v_leads) and not exists (select from app.offer o
    where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.state = 'open');
  update app.brokerage b set state = 'exhausted', closed_at = app_private.clock()
  from app.lead l where l.id = any (v_leads) and b.marketplace_id = l.marketplace_id
    and b.lead_id = l.id and b.state = 'open';
  perform app_private.set_state(l.marketplace_id, l.id, 'unplaced'),
    app_private.record(l.marketplace_id, l.id, 'unplaced', app_private.nobody(), p_told => false)
  from app.lead l where l.id = any (v_leads);
  return coalesce(cardinality(v_leads), 0);
end
$$;

-- From now on nothing of the former system overwrites a row here, and our timers count. Null when it was
-- so already.
create or replace function app.legacy_end_the_former_system()
returns timestamptz language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz;
begin
  update app_private.legacy_state set cut_over_at = app_private.clock() where cut_over_at is null
  returning cut_over_at into v_at;
  if found then
    perform app_private.audit('legacy-cut-over', null, null, null,
      jsonb_build_object('unplaced', app_private.legacy_expire_overdue()));
  end if;
  return v_at;
end
$$;
comment on function app.legacy_end_the_former_system() is 'The cut-over: nobody works in the former system any more.';
grant execute on function app.legacy_end_the_former_system() to kollegium_staff;

create or replace function app.legacy_progress()
returns table (cut_over_at timestamptz, users bigint, leads bigint, waiting bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.cut_over_at, (select count(*) from app_private.legacy_user),
    (select count(*) from app_private.legacy_lead),
    (select count(*) from app_private.legacy_quarantine where healed_at is null),
    (select count(distinct o.lead_id) from app.offer o
     join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.source = 'legacy'
     where o.state = 'open' and o.expires_at <= app_private.clock())
  from app_private.legacy_state s
$$;
comment on function app.legacy_progress() is 'How far moving in has come.';
grant execute on function app.legacy_progress() to kollegium_staff;
