-- The consent of the persons in a file, stated afterwards for all drafts of it, with its proof. As with
-- files themselves, whoever goes on with it takes up to 50 rows in a transaction of their own.
set local role kollegium_broker;

-- Notes a statement down; the same one again is the one that there is. 404 for anybody else's import,
-- 403 for who may not put leads in any more, 409 while rows of the file are still to come.
create or replace function app.state_consent(p_import uuid, p_text text, p_source text, p_given_at timestamptz)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
  v_import app.lead_import;
  v_id uuid;
begin
  select i.marketplace_id into v_marketplace from app.lead_import i
  where i.id = p_import and i.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.intake_card(v_marketplace, v_caller);
  select * into v_import from app.lead_import i
  where i.marketplace_id = v_marketplace and i.id = p_import for no key update;
  if v_import.ended_at is null or v_import.dry_run then
    perform app_private.refuse(409, 'import-state', jsonb_build_object('state', v_import.state));
  end if;
  select c.id into v_id from app.import_consent c
  where c.marketplace_id = v_import.marketplace_id and c.import_id = p_import
    and c.text = p_text and c.source = p_source and c.given_at = p_given_at
  order by c.id limit 1;
  if found then
    return v_id;
  end if;
  v_id := app_private.new_id();
  insert into app.import_consent (marketplace_id, id, import_id, company_id, colleague_id, api_key_id,
    stated_by, text, source, given_at)
  values (v_import.marketplace_id, v_id, p_import, v_caller.company_id, v_caller.colleague_id,
    v_caller.api_key_id, coalesce(v_caller.colleague_name, v_caller.company_name), p_text, p_source, p_given_at);
  perform app_private.audit('import-consent', v_caller.company_id, v_caller.colleague_id, v_id,
    jsonb_build_object('import', p_import));
  return v_id;
end
$$;
comment on function app.state_consent(uuid, text, text, timestamptz) is
  'The consent of the persons in a file of the caller''s company, with its proof; its drafts follow.';
grant execute on function app.state_consent(uuid, text, text, timestamptz) to kollegium_api;

-- One draft: the permission, the history that names the statement, and on its way when somebody can be reached.
create or replace function app_private.permit_draft(p_consent app.import_consent, p_lead uuid, p_caller app.caller,
  out permitted boolean, out submitted boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  permitted := false;
  submitted := false;
  select * into v_lead from app.lead l
  where l.marketplace_id = p_consent.marketplace_id and l.id = p_lead for update;
  if not found or v_lead.state <> 'draft' or v_lead.distribution_permission
     or coalesce(v_lead.giver_company_id, v_lead.operator_company_id) <> p_caller.company_id then
    return;
  end if;
  update app.lead set distribution_permission = true, changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_consent.marketplace_id and id = p_lead;
  permitted := true;
  perform app_private.record(p_consent.marketplace_id, p_lead, 'consent-stated', p_caller,
    jsonb_build_object('consent', p_consent.id, 'source', p_consent.source, 'given_at', p_consent.given_at));
  submitted := exists (select from app.prospect p
    where p.marketplace_id = p_consent.marketplace_id and p.lead_id = p_lead
      and num_nonnulls(p.email, p.phone) > 0);
  if submitted then
    begin
      perform app_private.submit(p_consent.marketplace_id, p_lead, p_caller);
    exception when sqlstate 'KG409' or sqlstate 'KG422' then
      submitted := false;  -- it stays a draft, with the permission
    end;
  end if;
end
$$;

-- The next rows of the file, at most 50, or what a second is enough for; true when they were the last.
create or replace function app_private.permit_drafts(p_consent app.import_consent, p_caller app.caller)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := app_private.clock(running => true) + interval '1 second';
  v_consent app.import_consent := p_consent;
  v_row app.lead_import_row;
  v_permitted boolean;
  v_submitted boolean;
  v_last boolean := true;
  v_count integer := 0;
begin
  for v_row in
    select * from app.lead_import_row r
    where r.marketplace_id = p_consent.marketplace_id and r.import_id = p_consent.import_id
      and r.outcome = 'imported' and r.row_number > p_consent.row_number
    order by r.row_number limit 51
  loop
    v_count := v_count + 1;
    if v_count > 50 or app_private.clock(running => true) > v_until then
      v_last := false;
      exit;
    end if;
    select p.permitted, p.submitted into v_permitted, v_submitted
    from app_private.permit_draft(p_consent, v_row.lead_id, p_caller) p;
    v_consent.leads := v_consent.leads + v_permitted::integer;
    v_consent.submitted := v_consent.submitted + v_submitted::integer;
    v_consent.row_number := v_row.row_number;
  end loop;
  update app.import_consent c set row_number = v_consent.row_number, leads = v_consent.leads,
    submitted = v_consent.submitted, state = case when v_last then 'done' else 'running' end
  where c.marketplace_id = p_consent.marketplace_id and c.id = p_consent.id;
  return v_last;
end
$$;

-- For the request that stated it: the next rows; true when there are no more. It waits for whoever goes on
-- with it at the moment.
create or replace function app.continue_consent(p_consent uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
  v_consent app.import_consent;
begin
  select c.marketplace_id into v_marketplace from app.import_consent c
  where c.id = p_consent and c.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.hold_intake(v_marketplace, v_caller.company_id);
  perform app_private.intake_card(v_marketplace, v_caller);
  select * into v_consent from app.import_consent c
  where c.marketplace_id = v_marketplace and c.id = p_consent for no key update;
  return v_consent.state = 'done' or app_private.permit_drafts(v_consent, v_caller);
end
$$;
comment on function app.continue_consent(uuid) is
  'The next drafts of a file whose consent the caller''s company stated; true when all were looked at.';
grant execute on function app.continue_consent(uuid) to kollegium_api;

-- For the worker: the same for a statement that nobody goes on with, as whom it was stated by; null when
-- there is none. Where he may not any more, it ends there: what is done stays.
create or replace function app.work_on_consent() returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_consent app.import_consent;
  v_import app.lead_import;
  v_caller app.caller;
begin
  select * into v_consent from app.import_consent c where c.state = 'running'
    and c.created_at < app_private.clock() - interval '15 seconds'
  order by c.id limit 1 for no key update skip locked;
  if not found
     or not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_consent.company_id)) then
    return null;
  end if;
  perform app_private.hold_intake(v_consent.marketplace_id, v_consent.company_id);
  v_import.company_id := v_consent.company_id;
  v_import.colleague_id := v_consent.colleague_id;
  v_import.api_key_id := v_consent.api_key_id;
  v_caller := app_private.import_caller(v_import);
  begin
    if v_caller.company_id is null then
      perform app_private.refuse(403, 'giver-required');
    end if;
    perform app_private.intake_card(v_consent.marketplace_id, v_caller);
  exception when sqlstate 'KG403' or sqlstate 'KG404' then
    update app.import_consent c set state = 'done'
    where c.marketplace_id = v_consent.marketplace_id and c.id = v_consent.id;
    return true;
  end;
  return app_private.permit_drafts(v_consent, v_caller);
end
$$;
comment on function app.work_on_consent() is
  'The next drafts of a stated consent that nobody goes on with; null when there is none.';
grant execute on function app.work_on_consent() to kollegium_worker;
