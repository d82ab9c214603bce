-- What the auditor reads: who did what to the security of a company, without personal data.
set local role kollegium_broker;

-- Security-relevant events for the auditor. No personal data goes into p_detail.
create or replace function app_private.audit(
  p_action text, p_company uuid, p_colleague uuid, p_object uuid, p_detail jsonb default '{}')
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.audit_entry (id, company_id, colleague_id, action, object_id, detail)
  values (app_private.new_id(), p_company, p_colleague, p_action, p_object, p_detail)
$$;

create or replace function app.read_audit_log(p_since timestamptz, p_limit integer)
returns table (at timestamptz, company_id uuid, colleague_id uuid, action text, object_id uuid, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.at, a.company_id, a.colleague_id, a.action, a.object_id, a.detail
  from app_private.audit_entry a where a.at >= p_since order by a.id desc limit p_limit
$$;
comment on function app.read_audit_log(timestamptz, integer) is
  'Security-relevant events, newest first; ids and actions, no personal data.';
grant execute on function app.read_audit_log(timestamptz, integer) to kollegium_auditor;
