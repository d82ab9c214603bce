-- Proving: whole tables, so that nothing is lost that no user who is proven would miss.
set local role kollegium_broker;

create or replace function app_private.totals_of_accounts(p_load integer)
returns table (place integer, what text, legacy bigint, waiting bigint, here bigint, only_here bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.place, x.source_table, count(*), count(*) filter (where not x.here and b.id is not null),
    count(*) filter (where x.here), (case x.place
      when 1 then (select count(*) from app_private.legacy_user u where not exists (
        select from legacy_staging.users s where s.load = p_load and s.id = u.legacy_id))
      when 3 then (select count(*) from app_private.legacy_marketplace k where not exists (
        select from legacy_staging.marketplaces s where s.load = p_load and s.id = k.legacy_id))
      when 5 then (select count(*) from app_private.legacy_api_key k where not exists (
        select from legacy_staging.api_keys s where s.load = p_load and s.id = k.legacy_id)) end)
  from (
    select 1 as place, 'users' as source_table, s.id, exists (
      select from app_private.legacy_party p where p.legacy_id = s.id) as here
    from legacy_staging.users s where s.load = p_load
    union all
    select 2, 'groups', s.id, exists (select from app_private.legacy_group g where g.legacy_id = s.id)
    from legacy_staging.groups s where s.load = p_load
    union all
    select 3, 'marketplaces', s.id, exists (
      select from app_private.legacy_marketplace k join app.marketplace m on m.id = k.marketplace_id
      where k.legacy_id = s.id)
    from legacy_staging.marketplaces s where s.load = p_load
    union all
    select 4, 'participants', s.id, b.id is null and exists (
      select from app_private.legacy_marketplace k
      join app_private.legacy_party p on p.legacy_id = s.user_id
      join app.participation c on c.marketplace_id = k.marketplace_id and c.company_id = p.company_id
      where k.legacy_id = s.marketplace_id)
    from legacy_staging.participants s
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'participants' and b.id = s.id
    where s.load = p_load
    union all
    select 5, 'api_keys', s.id, exists (
      select from app_private.legacy_api_key k join app.api_key y on y.id = k.api_key_id
      where k.legacy_id = s.id)
    from legacy_staging.api_keys s where s.load = p_load) x
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = x.source_table and b.id = x.id
  group by x.place, x.source_table
$$;

-- An offer that collapsed with another one of the same lead and company is here in that one.
create or replace function app_private.totals_of_leads(p_load integer)
returns table (place integer, what text, legacy bigint, waiting bigint, here bigint, only_here bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.place, x.source_table, count(*), count(*) filter (where not x.here and b.id is not null),
    count(*) filter (where x.here), case x.place
      when 6 then (select count(*) from app_private.legacy_lead k where not exists (
        select from legacy_staging.leads s where s.load = p_load and s.id = k.legacy_id)) end
  from (
    select 6 as place, 'leads' as source_table, s.id, exists (
      select from app_private.legacy_lead k
      join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
      join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id
      where k.legacy_id = s.id) as here
    from legacy_staging.leads s where s.load = p_load
    union all
    select 7, 'offers', s.id, exists (select from app.offer o where o.marketplace_id = k.marketplace_id
      and o.lead_id = k.lead_id and o.company_id = p.company_id)
    from legacy_staging.offers s
    left join app_private.legacy_lead k on k.legacy_id = s.lead_id
    left join app_private.legacy_party p on p.legacy_id = s.user_id
    where s.load = p_load
    union all
    select 8, 'comments', s.id, n.id is not null or m.id is not null
    from (select c.id, k.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at) as becomes
          from legacy_staging.comments c
          left join app_private.legacy_lead k on k.legacy_id = c.lead_id
          where c.load = p_load) s
    left join app.note n on n.marketplace_id = s.marketplace_id and n.id = s.becomes
    left join app.message m on m.marketplace_id = s.marketplace_id and m.id = s.becomes) x
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = x.source_table and b.id = x.id
  group by x.place, x.source_table
$$;

create or replace function app_private.total_value(p_load integer)
returns table (legacy numeric, here numeric)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select sum(s.value) filter (where s.state = 'won'), sum(e.value) filter (where e.state = 'won')
  from legacy_staging.leads s
  left join app_private.legacy_lead k on k.legacy_id = s.id
  left join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
  left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
  where s.load = p_load and (l.id is null or l.version = k.version) and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'leads' and b.id = s.id)
$$;

-- Rows of each legacy table: how many there are, how many of them wait in quarantine and are not here, and
-- how many are here. The three agree, or something is lost. only_here: came from a row that is there no
-- more. The value is that of won leads that nobody touched here since.
create or replace function app.prove_totals(p_load integer)
returns table (what text, legacy bigint, waiting bigint, here bigint, only_here bigint,
  value_legacy numeric, value_here numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.what, t.legacy, t.waiting, t.here, t.only_here, v.legacy, v.here
  from (
    select * from app_private.totals_of_accounts(p_load)
    union all select * from app_private.totals_of_leads(p_load)) t
  left join app_private.total_value(p_load) v on t.what = 'leads'
  order by t.place
$$;
comment on function app.prove_totals(integer) is
  'Rows of a load by table, how many wait, are here, or are only here, and the value of won leads on both sides.';
grant execute on function app.prove_totals(integer) to kollegium_staff;
