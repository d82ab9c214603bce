-- Mails: written beside what they tell of, addressed by the worker.
set local role kollegium_broker;

-- To one address. What its reader can switch off is addressed by the worker, who knows what he wants.
create or replace function app_private.mail(
  p_template text, p_recipient text, p_language text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload)
  select app_private.new_id(), case when n.notice is null then 'mail' else 'notice' end, p_template, p_recipient,
    case when n.notice is null then p_language end, p_company, p_payload
  from (select app_private.notice_of(p_template) as notice) n
$$;

-- A mail to the colleague who has an address, if there is one: which is found out by the worker, so that
-- writing this takes the same for any address.
create or replace function app_private.mail_owner(p_template text, p_recipient text, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, payload)
  values (app_private.new_id(), 'reset', p_template, p_recipient, p_payload)
$$;

-- A circular: a mail to every active colleague of each of these companies, in his language. One row a
-- company, whatever the number of its people; who they are is worked out by app.address_mails. A
-- company that does not act any more is told nothing.
create or replace function app_private.mail_companies(p_template text, p_companies uuid[], p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, company_id, payload)
  select app_private.new_id(), 'circular', p_template, co.id, p_payload
  from unnest(p_companies) c (id) join app.company co on co.id = c.id and co.state = 'active'
$$;

create or replace function app_private.mail_company(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select app_private.mail_companies(p_template, array[p_company], p_payload) $$;

-- Whom a row of the outbox that is no mail yet is for: all who act for a company, the one of them who has an address,
-- or the one colleague of an address who may have forgotten his password; nobody where there is none.
create or replace function app_private.addressees(p_kind text, p_company uuid, p_recipient text)
returns table (id uuid, email text, language text, acts_for uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.email, c.language, c.company_id from app.colleague c
  where p_kind in ('circular', 'notice', 'waiting') and c.company_id = p_company and c.active
    and (p_kind = 'circular' or c.email = p_recipient)
  union all
  select c.id, c.email, c.language, c.company_id from app.colleague c
  join app.company co on co.id = c.company_id and co.state = 'active'
  where p_kind = 'reset' and c.email = p_recipient and c.active
$$;

-- Makes mails of the oldest p_limit rows that are for a company or for whoever has an address; returns of
-- how many. Who is told is who is there now, and wants it; for whom it waits, it is gathered later. While a company
-- is being merged its circulars wait: a mail made beside the merge would belong to a company that is no more.
create or replace function app.address_mails(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_ids uuid[];
begin
  select array_agg(n.id) into v_ids
  from (select o.id, o.company_id from app_private.outbox o where o.kind in ('circular', 'reset', 'notice')
        order by o.id limit p_limit for update skip locked) n
  where n.company_id is null
    or pg_try_advisory_xact_lock_shared(app_private.company_lock_key(n.company_id));
  perform app_private.audit('password-reset-mailed', c.acts_for, c.id, c.id)
  from app_private.outbox o, app_private.addressees(o.kind, o.company_id, o.recipient) c
  where o.id = any (v_ids) and o.kind = 'reset';
  with addressed as (delete from app_private.outbox where id = any (v_ids) returning *)
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload, created_at,
    due_at, colleague_id, notices)
  select app_private.id_beside(a.id), case when w.until is null then 'mail' else 'waiting' end, a.template, c.email,
    case when w.until is null then c.language end, a.company_id, a.payload, a.created_at, coalesce(w.until, a.due_at),
    c.id, case when n.notice is not null then array[n.notice] end
  from addressed a
  cross join lateral app_private.addressees(a.kind, a.company_id, a.recipient) c
  cross join lateral (select app_private.notice_of(a.template) as notice) n
  cross join lateral app_private.notice_wait(c.id, n.notice, a.created_at, v_now) w
  where w.wanted;
  return coalesce(cardinality(v_ids), 0);
end
$$;
comment on function app.address_mails(integer) is
  'Makes mails of what is for all of a company, or for whoever has an address, as each of them wants it.';
grant execute on function app.address_mails(integer) to kollegium_worker;

-- What waits in the outbox, newest first, with what the worker has not addressed yet as if it had. Where no mail
-- server is named this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, coalesce(c.email, o.recipient), coalesce(o.language, c.language), o.payload,
    o.created_at
  from app_private.outbox o
  left join lateral app_private.addressees(o.kind, o.company_id, o.recipient) c on o.kind <> 'mail'
  where (o.kind = 'mail' or c.id is not null and (
      app_private.notice_wait(c.id, app_private.notice_of(o.template), o.created_at, o.created_at)).wanted)
    and o.delivered_at is null and o.failed_at is null
  order by o.id desc, c.id limit p_limit
$$;
comment on function app.read_mails(integer) is 'Mails waiting in the outbox, newest first.';
grant execute on function app.read_mails(integer) to kollegium_worker;
