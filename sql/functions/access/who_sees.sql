-- Who sees a lead, which part of it, by which policy and because of which fact: for the DBA, and for the operator.
set local role kollegium_broker;

-- Facts and policies of this moment, row by row, held against each other. A row that a policy shows and no fact
-- explains is `unexplained`, one that a policy hides from whom the facts name is `withheld`. Where p_viewer is named,
-- only of rows which that company is shown itself.
create or replace function app_private.access_now(
  p_marketplace uuid, p_lead uuid, p_companies uuid[], p_parts text[], p_viewer uuid)
returns table (company_id uuid, part text, tab text, sees boolean, because text, engagement_id uuid, policy text,
  rows bigint, since timestamptz, until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with f as materialized (
      select k.* from (
        select * from app_private.shared_by_fact(p_marketplace, p_lead)
        union all select * from app_private.offered_by_fact(p_marketplace, p_lead)
        union all select * from app_private.own_by_fact(p_marketplace, p_lead) where 'own' = any (p_parts)) k
      where k.company_id = any (p_companies) and app_private.access_part(k.tab) = any (p_parts)),
    p as materialized (
      select * from app_private.shown_by_policy(p_marketplace, p_lead, p_companies, p_parts)),
    s as materialized (
      select * from app_private.access_spans(p_marketplace, p_lead) x
      where x.until > app_private.clock() and x.since <= app_private.clock()),
    b as (
      select coalesce(f.company_id, p.company_id) as who, coalesce(f.tab, p.tab) as tab,
        f.tab like '%()' or p.tab is not null as shown, coalesce(f.place, p.place) as place,
        f.because as fact, f.engagement_id as of, coalesce(p.policy, case when f.tab like '%()' then f.tab end) as policy,
        f.since, f.until
      from f full join p on p.tab = f.tab and p.place = f.place and p.company_id = f.company_id)
    select b.who, app_private.access_part(b.tab), b.tab, b.shown,
      case when not b.shown then 'withheld' else coalesce(b.fact, 'unexplained') end, b.of, b.policy, count(*),
      min(coalesce(b.since, s.since)), max(coalesce(b.until, nullif(s.until, 'infinity')))
    from b
    left join s on s.company_id = b.who and s.because = b.fact and s.engagement_id is not distinct from b.of
      and b.since is null
    where p_viewer is null or exists (select from p v where v.company_id = p_viewer and v.place = b.place)
    group by 1, 2, 3, 4, 5, 6, 7;
end
$$;

-- The same at a past moment, from what is kept: spans of the facts, by the policies of this release. What a company
-- wrote for itself, and single rows, are not reconstructed.
create or replace function app_private.access_then(
  p_marketplace uuid, p_lead uuid, p_at timestamptz, p_parts text[])
returns table (company_id uuid, part text, tab text, sees boolean, because text, engagement_id uuid, policy text,
  rows bigint, since timestamptz, until timestamptz, known boolean, other_id uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select s.company_id, t.part, t.tab, true, s.because, s.engagement_id,
      (select string_agg(p.polname, ', ' order by p.polname) from pg_policy p
       where p.polrelid = to_regclass(t.tab) and p.polcmd = 'r'), null::bigint,
      s.since, nullif(s.until, 'infinity'), s.known, s.other_id
    from app_private.access_spans(p_marketplace, p_lead) s
    join (values ('lead', 'app.lead', array['operator', 'giver', 'engaged']),
      ('person', 'app.prospect', array['operator', 'giver', 'engaged']),
      ('offer', 'app.offer', array['operator', 'offered', 'picked', 'might-reopen']),
      ('conversation', 'app.engagement', array['operator', 'giver', 'engaged', 'worked']),
      ('record', 'app.disclosure', array['operator', 'engaged', 'worked'])) t (part, tab, facts)
      on s.because = any (t.facts) and t.part = any (p_parts)
    where s.since <= p_at and s.until > p_at;
end
$$;

-- Active colleagues of a company, by id; at a past moment all who belonged to it then.
create or replace function app_private.colleagues_then(p_company uuid, p_at timestamptz)
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_at is null then
    return array(select c.id from app.colleague c where c.company_id = p_company and c.active order by c.id);
  end if;
  return array(
    select c.id from app.colleague c
    cross join lateral app_private.held(c.company_id, c.created_at, 'app.colleague', 'company_id', null, c.id, null) h
    where c.created_at <= p_at and h.company_id = p_company and h.since <= p_at and h.until > p_at
    order by c.id);
end
$$;

create or replace function app.who_sees(
  p_marketplace uuid, p_lead uuid, p_company uuid default null, p_at timestamptz default null)
returns table (company text, part text, sees boolean, why text, policy text, since timestamptz, until timestamptz,
  shown text, rows bigint, because text, detail text, company_id uuid, engagement_id uuid, known boolean,
  colleagues uuid[], api_keys bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts constant text[] := array['offer', 'lead', 'person', 'conversation', 'record', 'own'];
begin
  if not exists (select from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead)
     or not exists (select from app.company c where p_company is null or c.id = p_company) then
    perform app_private.refuse(404, 'not-found');
  end if;
  return query
    with found as materialized (
      select n.*, true as known, null::uuid as other_id
      from app_private.access_now(p_marketplace, p_lead,
        array(select c.id from app.company c where c.state = 'active' and (p_company is null or c.id = p_company)),
        v_parts, null) n where p_at is null
      union all
      select * from app_private.access_then(p_marketplace, p_lead, p_at, v_parts) t
      where p_at is not null and (p_company is null or p_company in (t.company_id, t.other_id))),
    every as (
      select f.company_id as who, f.part, f.sees, f.because, f.policy, f.since, f.until, f.tab, f.rows, f.engagement_id,
        f.known, f.other_id::text as detail
      from found f
      union all
      select p_company, k.part, false, n.because, null, n.since, null, null, null, null, true, n.detail
      from unnest(v_parts) k (part)
      cross join lateral app_private.why_not(p_marketplace, p_lead, p_company, k.part,
        coalesce(p_at, app_private.clock())) n
      where p_company is not null and not exists (select from found f where f.part = k.part and f.sees))
    select c.name, e.part, e.sees, app_private.access_words(case when e.known or e.detail is null then e.because
        else 'not-known' end, 'en'),
      e.policy, e.since, e.until, e.tab, e.rows, e.because, e.detail, e.who, e.engagement_id, e.known,
      app_private.colleagues_then(e.who, p_at),
      (select count(*) from app.api_key a where a.company_id = e.who and a.revoked_at is null and p_at is null)
    from every e join app.company c on c.id = e.who
    order by c.name, e.who, array_position(v_parts, e.part), e.tab, e.since;
end
$$;
comment on function app.who_sees(uuid, uuid, uuid, timestamptz) is
  'Which companies see which part of a lead, by which policy and fact, since when; of one company also why not; at a past moment.';
grant execute on function app.who_sees(uuid, uuid, uuid, timestamptz) to kollegium_auditor;

-- The same for the operator of the marketplace, to everybody else 404: of companies that it knows by their cards or
-- because they worked the lead, and of rows that it is shown itself; so nobody's notes, and what another company has
-- for itself alone is not told of. Colleagues: its own; of the others all that there are.
create or replace function app.access_of(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_at timestamptz, p_language text)
returns table (company_id uuid, company_name text, part text, sees boolean, because text, why text, policy text,
  since timestamptz, until timestamptz, engagement_id uuid, known boolean, detail text, colleagues text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator constant uuid := app.current_company_id();
  v_parts constant text[] := array['offer', 'lead', 'person', 'conversation', 'record'];
  v_companies uuid[];
begin
  select array_agg(k.id) into v_companies from (
    select c.company_id as id from app.participation c
    where c.marketplace_id = p_marketplace and c.state in ('active', 'declined', 'ended')
    union select s.company_id from app_private.access_spans(p_marketplace, p_lead) s) k
  where p_company is null or k.id = p_company;
  if not exists (select from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead
      and l.operator_company_id = v_operator) or v_companies is null then
    perform app_private.refuse(404, 'not-found');
  end if;
  return query
    with found as materialized (
      select n.company_id, n.part, n.sees, n.because, n.policy, n.since, n.until, n.engagement_id, true as known,
        null::text as detail
      from app_private.access_now(p_marketplace, p_lead, array_append(v_companies, v_operator), v_parts, v_operator) n
      where p_at is null and n.company_id = any (v_companies)
        and n.tab not in ('app.my_receipts()', 'app.merge_leads()')
      union all
      select t.company_id, t.part, t.sees, t.because, t.policy, t.since, t.until, t.engagement_id, t.known,
        t.other_id::text
      from app_private.access_then(p_marketplace, p_lead, p_at, v_parts) t
      where p_at is not null and t.company_id = any (v_companies)),
    every as (
      select f.company_id as who, f.part, f.sees, f.because, string_agg(distinct f.policy, ', ') as policy,
        min(f.since) as since, max(f.until) as until, f.engagement_id, f.known, f.detail
      from found f group by 1, 2, 3, 4, 8, 9, 10
      union all
      select p_company, k.part, false, n.because, null, n.since, null, null, true, n.detail
      from unnest(v_parts) k (part)
      cross join lateral app_private.why_not(p_marketplace, p_lead, p_company, k.part,
        coalesce(p_at, app_private.clock())) n
      where p_company is not null and not exists (select from found f where f.part = k.part and f.sees))
    select e.who, c.name, e.part, e.sees, e.because,
      app_private.access_words(case when e.known or e.detail is null then e.because else 'not-known' end, p_language),
      e.policy, e.since, e.until, e.engagement_id, e.known, case when e.because = 'left-out' then e.detail end,
      case when e.who = v_operator then array(select k.name from unnest(app_private.colleagues_then(e.who, p_at)) i (id)
        join app.colleague k on k.id = i.id order by k.name) end
    from every e join app.company c on c.id = e.who
    order by c.name, e.who, array_position(v_parts, e.part), e.since;
end
$$;
comment on function app.access_of(uuid, uuid, uuid, timestamptz, text) is
  'Who sees a lead of the caller''s marketplace, which part, and why; of one company also why not; 404 for all others.';
grant execute on function app.access_of(uuid, uuid, uuid, timestamptz, text) to kollegium_api;
