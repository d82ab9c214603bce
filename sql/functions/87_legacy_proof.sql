-- Proving that a company sees what its user saw (announcement 15), through the very wall that
-- guards production: a real session, app.enter, kollegium_api, and the policies.
--
-- Nobody's password is known, so staff opens the sessions. What that is worth to a thief of the
-- staff log-in is kept small: only companies that came from the former service and still are one
-- person; five minutes; an audit entry for opening and for ending. kollegium_api may not call it.
set local role kollegium_broker;

-- Returns the companies for which a session was opened: not those that are absorbed, native, of
-- several colleagues, or whose only colleague was deactivated.
create or replace function app.open_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
returns setof uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_colleague uuid;
  v_token_sha256 bytea;
begin
  for v_company, v_colleague, v_token_sha256 in
    select co.id, k.id, t.token_sha256
    from unnest(p_companies, p_tokens_sha256) t (company_id, token_sha256)
    join app.company co on co.id = t.company_id and co.state = 'active'
      and co.origin_legacy_user_id is not null
    join app.colleague k on k.company_id = co.id and k.active
    where not exists (select from app.colleague o where o.company_id = co.id and o.id <> k.id)
    for key share of co, k
  loop
    insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
    values (v_token_sha256, v_company, v_colleague, now() + interval '5 minutes');
    perform app_private.audit('proof-session-opened', v_company, v_colleague, v_company);
    return next v_company;
  end loop;
end
$$;
comment on function app.open_proof_sessions(uuid[], bytea[]) is
  'Sessions of five minutes for companies of the former service that are still one person; audited.';
grant execute on function app.open_proof_sessions(uuid[], bytea[]) to kollegium_staff;

-- Ends them at once; the row goes, so that nothing of it stays known to the log-in limits.
create or replace function app.close_proof_sessions(p_tokens_sha256 bytea[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague uuid;
  v_count integer := 0;
begin
  for v_colleague in
    delete from app_private.bearer b
    where b.token_sha256 = any (p_tokens_sha256) and b.colleague_id is not null
    returning b.colleague_id
  loop
    v_count := v_count + 1;
    perform app_private.audit('proof-session-closed', k.company_id, k.id, k.company_id)
    from app.colleague k where k.id = v_colleague;
  end loop;
  return v_count;
end
$$;
comment on function app.close_proof_sessions(bytea[]) is 'Ends sessions of a proof; returns how many.';
grant execute on function app.close_proof_sessions(bytea[]) to kollegium_staff;

-- Keeps the latest proof of each company, for the status and for switching on.
create or replace function app.keep_proofs(p_proofs jsonb)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  insert into app_private.legacy_proof as p (company_id, leads, prospects, offers, differences,
    waiting, since_import, digest)
  select r.company_id, r.leads, r.prospects, r.offers, r.differences, r.waiting,
    r.since_import, r.digest
  from jsonb_to_recordset(p_proofs) r (company_id uuid, leads integer, prospects integer,
    offers integer, differences integer, waiting integer, since_import integer, digest text)
  join app.company co on co.id = r.company_id and co.origin_legacy_user_id is not null
  order by r.company_id
  on conflict (company_id) do update set proven_at = now(), leads = excluded.leads,
    prospects = excluded.prospects, offers = excluded.offers,
    differences = excluded.differences, waiting = excluded.waiting,
    since_import = excluded.since_import, digest = excluded.digest;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function app.keep_proofs(jsonb) is
  'Keeps the outcome of proofs, one for each company; returns how many.';
grant execute on function app.keep_proofs(jsonb) to kollegium_staff;

-- ---------------------------------------------------------------------------------------------
-- Before: what each user saw, by the legacy rules over the rows of a load (sql/legacy/schema.sql).
-- ---------------------------------------------------------------------------------------------

-- Every user of a load, and whether his proof can be made:
--   ready    his company stands and he is its one colleague
--   deleted  he saw nothing before (L2), and cannot now: company closed, colleague inactive
--   waits    his row is in quarantine
--   missing  there is no company for him, and no reason: a difference
--   joined   brought together with others, or with colleagues: no longer what he was
create or replace function app.list_proof_users(p_load integer)
returns table (legacy_user bigint, company_id uuid, week text, state text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, m.company_id, cc.week, case
    when m.legacy_id is null and b.id is not null then 'waits'
    when m.legacy_id is null then 'missing'
    when s.deleted_at is not null and co.state = 'closed' and not c.active then 'deleted'
    when c.company_id <> m.company_id or co.state = 'absorbed' or exists (
      select from app.colleague o where o.company_id = m.company_id and o.id <> m.colleague_id)
      then 'joined'
    else 'ready' end
  from legacy_staging.users s
  left join app_private.legacy_user m on m.legacy_id = s.id
  left join app.colleague c on c.id = m.colleague_id
  left join app.company co on co.id = m.company_id
  left join app_private.cohort_company cc on cc.company_id = m.company_id
  left join legacy_staging.blocked b
    on b.load = s.load and b.source_table = 'users' and b.id = s.id
  where s.load = p_load
  order by s.id
$$;
comment on function app.list_proof_users(integer) is
  'Users of a load with their companies, and whether their proof can be made.';
grant execute on function app.list_proof_users(integer) to kollegium_staff;

-- Leads and personal data by L3. One row for each user and lead, whatever capacities he had in it:
-- o operator, g giver, p picker, the letters that service/legacy/seen.py finds in the columns of
-- app.lead. waits: the row is in quarantine, so nothing is expected of it.
create or replace function app_private.leads_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, taker_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with seen as materialized (
    select u.id as who, l.*, k.marketplace_id as market, k.lead_id, b.id is not null as waits, concat(
      case when m.owner_user_id = u.id then 'o' end,
      case when l.giver_user_id = u.id and m.owner_user_id is distinct from u.id then 'g' end,
      case when l.picked_by_user_id = u.id then 'p' end) as roles
    from legacy_staging.leads l
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    cross join lateral (
      select distinct v from unnest(array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]) v
    ) party
    join legacy_staging.users u on u.load = p_load and u.id = party.v and u.deleted_at is null
      and u.id between p_first and p_last
    left join app_private.legacy_lead k on k.legacy_id = l.id
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'leads' and b.id = l.id
    where l.load = p_load
  )
  select s.who, 'leads', s.market, s.lead_id, null::uuid, s.id::text, s.waits,
    array[s.id::text, s.roles, s.interest] from seen s
  union all
  select s.who, 'prospects', s.market, s.lead_id, null, s.id::text, s.waits,
    array[s.contact_name, s.contact_salutation, s.contact_company, s.contact_email, s.contact_phone,
          s.contact_street, s.contact_postcode, s.contact_city, s.contact_country] from seen s
$$;

-- Offers by L4 and L5. What an offer became follows docs/legacy-mapping.md: the lead decides.
create or replace function app_private.offers_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, taker_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'offers', k.marketplace_id, k.lead_id, c.company_id, o.id::text, b.id is not null,
    array[o.state, case when party.v = o.owner_user_id then 'operator' else 'taker' end, o.interest]
  from (
    select f.id, f.lead_id, f.user_id, l.interest, m.owner_user_id, case
      when l.picked_by_user_id = f.user_id then 'picked'
      when l.picked_by_user_id is not null and f.state in ('open', 'picked') then 'lost'
      when f.state = 'open' and l.state <> 'offered' then 'withdrawn'
      else f.state end as state
    from legacy_staging.offers f
    left join legacy_staging.leads l on l.load = p_load and l.id = f.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    where f.load = p_load
  ) o
  cross join lateral (select distinct v from unnest(array[o.owner_user_id,
    case when o.state in ('open', 'picked') then o.user_id end]) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and u.deleted_at is null
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = o.lead_id
  left join app_private.legacy_user t on t.legacy_id = o.user_id
  left join app.colleague c on c.id = t.colleague_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
$$;

-- Counts and digests of what the users p_first to p_last saw, a row for each user and kind of row;
-- who saw nothing has none. The digest is a sum over rows, so that their order does not matter.
create or replace function app.prove_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, waiting bigint, rows bigint, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, count(*) filter (where s.waits), count(*) filter (where not s.waits),
    coalesce(sum(('x' || left(md5(concat_ws(' ', s.what, s.lead_id, s.taker_id, s.fields)), 15))
      ::bit(60)::bigint) filter (where not s.waits), 0)::text
  from (select * from app_private.leads_seen_before(p_load, p_first, p_last)
        union all select * from app_private.offers_seen_before(p_load, p_first, p_last)) s
  group by s.legacy_user, s.what
$$;
comment on function app.prove_before(integer, bigint, bigint) is
  'What legacy users saw by the legacy rules, as counts and digests by user and kind.';
grant execute on function app.prove_before(integer, bigint, bigint) to kollegium_staff;

-- The rows of some users. Values leave as hashes: a difference is named by its field, and the proof
-- that somebody downloads contains no personal data.
create or replace function app.prove_before_rows(p_load integer, p_users bigint[])
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, taker_id uuid,
  legacy_key text, waits boolean, reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, s.marketplace_id, s.lead_id, s.taker_id, s.legacy_key, s.waits,
    array(select f.reason from legacy_staging.finding f
          where f.load = p_load and f.kind = 'quarantine' and f.legacy_key = s.legacy_key
            and f.source_table = case s.what when 'offers' then 'offers' else 'leads' end and s.waits
          order by 1),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from (select min(u) as first, max(u) as last from unnest(p_users) u) r
  cross join lateral (
    select * from app_private.leads_seen_before(p_load, r.first, r.last)
    union all select * from app_private.offers_seen_before(p_load, r.first, r.last)) s
  where s.legacy_user = any (p_users)
$$;
comment on function app.prove_before_rows(integer, bigint[]) is
  'Every row that some legacy users saw, with hashes of its fields and why it waits, if it does.';
grant execute on function app.prove_before_rows(integer, bigint[]) to kollegium_staff;

-- Rows that came into being or were worked here since the import are no differences of it: leads
-- that are not from the former service, or whose version moved on; offers answered since. Answers
-- for each of the rows asked about, in their order.
create or replace function app.prove_since_import(
  p_load integer, p_what text[], p_marketplaces uuid[], p_leads uuid[], p_takers uuid[])
returns setof boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.id is not null and (
    l.source <> 'legacy'
    or coalesce(l.version <> k.version, false)
    or a.what = 'offers' and exists (
      select from app.offer o
      join app.colleague c on c.company_id = o.company_id
      join app_private.legacy_user t on t.colleague_id = c.id
      join legacy_staging.offers s
        on s.load = p_load and s.lead_id = k.legacy_id and s.user_id = t.legacy_id
      where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.company_id = a.taker_id
        and o.answered_at > greatest(s.updated_at, s.answered_at)))
  from unnest(p_what, p_marketplaces, p_leads, p_takers)
    with ordinality a (what, marketplace_id, lead_id, taker_id, i)
  left join app.lead l on l.marketplace_id = a.marketplace_id and l.id = a.lead_id
  left join app_private.legacy_lead k on k.lead_id = l.id and k.legacy_id = case
    when l.source = 'legacy' and l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
  order by a.i
$$;
comment on function app.prove_since_import(integer, text[], uuid[], uuid[], uuid[]) is
  'Whether rows were made or worked here since they were imported.';
grant execute on function app.prove_since_import(integer, text[], uuid[], uuid[], uuid[])
  to kollegium_staff;

-- Counts and sums of each table, before and here. waiting: in quarantine, with what depends on them.
create or replace function app.prove_totals(p_load integer)
returns table (what text, legacy bigint, waiting bigint, here bigint, value_legacy numeric,
  value_here numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 'users', count(*), count(b.id), (select count(*) from app_private.legacy_user u
      join app.company co on co.id = u.company_id), null::numeric, null::numeric
  from legacy_staging.users s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'users' and b.id = s.id where s.load = p_load
  union all
  select 'marketplaces', count(*), count(b.id), (select count(*) from app_private.legacy_marketplace u
      join app.marketplace m on m.id = u.marketplace_id), null, null
  from legacy_staging.marketplaces s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id where s.load = p_load
  union all
  select 'leads', count(*), count(b.id), (select count(*) from app_private.legacy_lead u
      join app.lead l on l.marketplace_id = u.marketplace_id and l.id = u.lead_id),
    sum(s.value) filter (where b.id is null and s.state = 'won'), (select sum(e.value)
      from app_private.legacy_lead u join app.engagement e on e.marketplace_id = u.marketplace_id
        and e.lead_id = u.lead_id and e.state = 'won')
  from legacy_staging.leads s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'leads' and b.id = s.id where s.load = p_load
  union all
  select 'offers', count(*), count(b.id), (select count(*) from app_private.legacy_lead u
      join app.offer o on o.marketplace_id = u.marketplace_id and o.lead_id = u.lead_id), null, null
  from legacy_staging.offers s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'offers' and b.id = s.id where s.load = p_load
  union all
  select 'comments', count(*), count(b.id), (select count(*) from app_private.legacy_lead u
      join app.note n on n.marketplace_id = u.marketplace_id and n.lead_id = u.lead_id)
    + (select count(*) from app_private.legacy_lead u join app.message n
       on n.marketplace_id = u.marketplace_id and n.lead_id = u.lead_id), null, null
  from legacy_staging.comments s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'comments' and b.id = s.id where s.load = p_load
  union all
  select 'api_keys', count(*), count(b.id), (select count(*) from app_private.legacy_api_key u
      join app.api_key k on k.id = u.api_key_id), null, null
  from legacy_staging.api_keys s left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'api_keys' and b.id = s.id where s.load = p_load
$$;
comment on function app.prove_totals(integer) is
  'Rows and sums of a load by table, how many wait in quarantine, and how many are here.';
grant execute on function app.prove_totals(integer) to kollegium_staff;
