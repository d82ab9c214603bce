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
    values (v_token_sha256, v_company, v_colleague, app_private.clock() + interval '5 minutes');
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
  insert into app_private.legacy_proof as p (company_id, users, marketplaces, participants, leads,
    prospects, offers, comments, api_keys, differences, waiting, since_import, digest)
  select r.company_id, r.users, r.marketplaces, r.participants, r.leads, r.prospects, r.offers,
    r.comments, r.api_keys, r.differences, r.waiting, r.since_import, r.digest
  from jsonb_to_recordset(p_proofs) r (company_id uuid, users integer, marketplaces integer,
    participants integer, leads integer, prospects integer, offers integer, comments integer,
    api_keys integer, differences integer, waiting integer, since_import integer, digest text)
  join app.company co on co.id = r.company_id and co.origin_legacy_user_id is not null
  order by r.company_id
  on conflict (company_id) do update set proven_at = app_private.clock(), users = excluded.users,
    marketplaces = excluded.marketplaces, participants = excluded.participants, leads = excluded.leads,
    prospects = excluded.prospects, offers = excluded.offers, comments = excluded.comments,
    api_keys = excluded.api_keys, differences = excluded.differences, waiting = excluded.waiting,
    since_import = excluded.since_import, digest = excluded.digest;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function app.keep_proofs(jsonb) is
  'Keeps the outcome of proofs, one for each company; returns how many.';
grant execute on function app.keep_proofs(jsonb) to kollegium_staff;

-- What each user saw before is in seen_accounts.sql and seen_before.sql, counts of whole
-- tables in totals.sql.

-- Before anything is compared: rows that the last import put aside wait, with what depends on them.
create or replace function app.prove_begin(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, q.source_table, q.legacy_key, 'quarantine', q.reason, q.field
  from app_private.legacy_quarantine q
  where q.healed_at is null and q.reason = 'unforeseen' and not exists (
    select from legacy_staging.finding f where f.load = p_load and f.reason = q.reason
      and f.source_table = q.source_table and f.legacy_key = q.legacy_key);
  perform app_private.legacy_block(p_load, t.source_table)
  from (select distinct q.source_table from app_private.legacy_quarantine q
        where q.healed_at is null and q.reason = 'unforeseen') t;
  perform app_private.legacy_check_dependents(p_load);
end
$$;
comment on function app.prove_begin(integer) is
  'Makes rows of a load wait that the last import had to put aside.';
grant execute on function app.prove_begin(integer) to kollegium_staff;

-- Every user of a load, and whether his proof can be made:
--   ready    his company stands and he is its one colleague
--   deleted  he saw nothing before (L2), and cannot now: company closed, colleague inactive
--   waits    his row is in quarantine
--   missing  there is no company for him, and no reason: a difference
--   joined   brought together with others, or with colleagues, or deleted there and changed here: no longer
--            what he was; the company that he acts for is compared as one
create or replace function app.list_proof_users(p_load integer)
returns table (legacy_user bigint, company_id uuid, acts_for uuid, week text, state text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, m.company_id, c.company_id, cc.week, case
    when m.legacy_id is null and b.id is not null then 'waits'
    when m.legacy_id is null then 'missing'
    when s.deleted_at is not null and co.state = 'closed' and not c.active then 'deleted'
    when c.company_id <> m.company_id or co.state = 'absorbed' or exists (
      select from app.colleague o where o.company_id = m.company_id and o.id <> m.colleague_id)
      or s.deleted_at is not null and m.version <> co.version + c.version
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
