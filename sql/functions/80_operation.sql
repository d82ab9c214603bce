-- For the worker and the auditor.
set local role kollegium_broker;

-- Removes what has served its time: sessions 30 days after their end, kept answers after 48 hours,
-- full rate buckets, expired invitation tokens, rows of files that nobody imported. Returns the number of rows.
create or replace function app.purge() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
  v_total bigint := 0;
begin
  delete from app_private.bearer where expires_at < now() - interval '30 days';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.idempotent_answer where created_at < now() - interval '48 hours';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.rate where full_at < now() - interval '1 hour';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.invitation_token t using app.invitation i
  where i.id = t.invitation_id and (i.expires_at < now() or i.state = 'revoked');
  get diagnostics v_count = row_count;
  return v_total + v_count + app_private.purge_imports() + app_private.purge_merges();
end
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens, and rows of imports after 7 days.';
grant execute on function app.purge() to kollegium_worker;

-- Makes mails of the oldest circulars, of at most p_limit companies; returns of how many. Who is told is
-- who acts for the company now. While a company is being merged its circulars wait: a mail made beside
-- the merge would belong to a company that is no more.
create or replace function app.address_circulars(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
begin
  select array_agg(n.id) into v_ids
  from (select o.id, o.company_id from app_private.outbox o where o.kind = 'circular'
        order by o.id limit p_limit for update skip locked) n
  where pg_try_advisory_xact_lock_shared(app_private.company_lock_key(n.company_id));
  with addressed as (delete from app_private.outbox where id = any (v_ids) returning *)
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload, created_at,
    due_at)
  select app_private.new_id(), 'mail', a.template, c.email, c.language, a.company_id, a.payload,
    a.created_at, a.due_at
  from addressed a join app.colleague c on c.company_id = a.company_id and c.active
  order by a.id, c.id;
  return coalesce(cardinality(v_ids), 0);
end
$$;
comment on function app.address_circulars(integer) is
  'Makes of what is for a company a mail to each of its active colleagues.';
grant execute on function app.address_circulars(integer) to kollegium_worker;

-- The outbox, newest first, with what the worker has not addressed yet as if it had. Until real delivery
-- exists this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, coalesce(o.recipient, c.email), coalesce(o.language, c.language), o.payload,
    o.created_at
  from app_private.outbox o
  left join app.colleague c on o.kind = 'circular' and c.company_id = o.company_id and c.active
  where o.kind = 'mail' or c.id is not null
  order by o.id desc, c.id limit p_limit
$$;
comment on function app.read_mails(integer) is 'Mails waiting in the outbox, newest first.';
grant execute on function app.read_mails(integer) to kollegium_worker;

create or replace function app.read_audit_log(p_since timestamptz, p_limit integer)
returns table (at timestamptz, company_id uuid, colleague_id uuid, action text, object_id uuid, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.at, a.company_id, a.colleague_id, a.action, a.object_id, a.detail
  from app_private.audit_entry a where a.at >= p_since order by a.id desc limit p_limit
$$;
comment on function app.read_audit_log(timestamptz, integer) is
  'Security-relevant events, newest first; ids and actions, no personal data.';
grant execute on function app.read_audit_log(timestamptz, integer) to kollegium_auditor, kollegium_staff;
