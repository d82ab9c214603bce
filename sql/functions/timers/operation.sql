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
  v_total := v_total + v_count;
  delete from app_private.password_reset where expires_at < now();
  get diagnostics v_count = row_count;
  return v_total + v_count + app_private.purge_imports() + app_private.purge_merges();
end
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens, and rows of imports after 7 days.';
grant execute on function app.purge() to kollegium_worker;

-- Whom a row of the outbox that is no mail yet is for: all who act for a company, or the one colleague of
-- an address who may have forgotten his password; nobody where there is none.
create or replace function app_private.addressees(p_kind text, p_company uuid, p_recipient text)
returns table (id uuid, email text, language text, acts_for uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.email, c.language, c.company_id from app.colleague c
  where p_kind = 'circular' and c.company_id = p_company and c.active
  union all
  select c.id, c.email, c.language, c.company_id from app.colleague c
  join app.company co on co.id = c.company_id and co.state = 'active'
  where p_kind = 'reset' and c.email = p_recipient and c.active
$$;

-- Makes mails of the oldest p_limit rows that are for a company or for whoever has an address; returns of
-- how many. Who is told is who is there now. While a company is being merged its circulars wait: a mail
-- made beside the merge would belong to a company that is no more.
create or replace function app.address_mails(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
begin
  select array_agg(n.id) into v_ids
  from (select o.id, o.company_id from app_private.outbox o where o.kind <> 'mail'
        order by o.id limit p_limit for update skip locked) n
  where n.company_id is null
    or pg_try_advisory_xact_lock_shared(app_private.company_lock_key(n.company_id));
  perform app_private.audit('password-reset-mailed', c.acts_for, c.id, c.id)
  from app_private.outbox o, app_private.addressees(o.kind, o.company_id, o.recipient) c
  where o.id = any (v_ids) and o.kind = 'reset';
  with addressed as (delete from app_private.outbox where id = any (v_ids) returning *)
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload, created_at,
    due_at)
  select app_private.id_beside(a.id), 'mail', a.template, c.email, c.language, a.company_id, a.payload,
    a.created_at, a.due_at
  from addressed a, app_private.addressees(a.kind, a.company_id, a.recipient) c;
  return coalesce(cardinality(v_ids), 0);
end
$$;
comment on function app.address_mails(integer) is
  'Makes mails of what is for all of a company, or for whoever has an address.';
grant execute on function app.address_mails(integer) to kollegium_worker;

-- The outbox, newest first, with what the worker has not addressed yet as if it had. Until real delivery
-- exists this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, coalesce(c.email, o.recipient), coalesce(o.language, c.language), o.payload,
    o.created_at
  from app_private.outbox o
  left join lateral app_private.addressees(o.kind, o.company_id, o.recipient) c on o.kind <> 'mail'
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
