-- Asking for a merge, and consenting. By admins of the two companies, by a token from their mail, or by
-- staff who has it in writing. Nothing of the other company is looked at, counted or locked before an
-- admin of it answers: the rehearsal is his to order first.
set local role kollegium_broker;

-- Asks for a merge with the company that has this id, or a colleague with this address. The answer, and
-- all that the asking side can read, is the same whether or not there is one (docs/domain.md, case 9).
-- p_side: what the caller's company is to be, survivor or absorbed. At most five a day.
create or replace function app.request_merge(
  p_side text, p_email text, p_company uuid, p_execute_at timestamptz)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
  v_other uuid;
  v_wait integer;
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  v_wait := app_private.take('merge ' || v_caller.company_id, 5, '1 day');
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  perform app_private.charge_mail(v_caller.company_id, coalesce(p_email, p_company::text), 'merge');
  v_other := app_private.active_company(p_company, p_email);
  if v_other = v_caller.company_id then
    perform app_private.refuse(409, 'merge-with-itself');
  end if;
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side, named_email,
    named_company_id, other_company_id, state, execute_at)
  values (v_id, v_caller.company_id, v_caller.company_name, p_side, p_email, p_company, v_other,
    'requested', coalesce(p_execute_at, app_private.clock()));
  perform app_private.mail_admins('merge-requested', v_other,
    jsonb_build_object('company', v_caller.company_name, 'merge', v_id, 'side', p_side));
  perform app_private.audit('merge-requested', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.request_merge(text, text, uuid, timestamptz) is
  'Asks the company of an address or id for a merge (admin); tells nothing about whether there is one.';
grant execute on function app.request_merge(text, text, uuid, timestamptz) to kollegium_api;

create or replace function app_private.mail_admins(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail(p_template, c.email, c.language, c.company_id, p_payload)
  from app.colleague c where c.company_id = p_company and c.active and c.role = 'admin'
$$;

-- Staff asks for two companies with a written request on file. Without execute_at staff runs it.
create or replace function app.request_merge_in_writing(
  p_survivor uuid, p_absorbed uuid, p_execute_at timestamptz, p_reference text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  if p_survivor = p_absorbed then
    perform app_private.refuse(409, 'merge-with-itself');
  elsif (select count(*) from app.company where id in (p_survivor, p_absorbed) and state = 'active') < 2 then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_colleague_features(p_survivor);
  perform app_private.expect_colleague_features(p_absorbed);
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side,
    named_company_id, other_company_id, state, survivor_company_id, survivor_name,
    absorbed_company_id, absorbed_name, execute_at, reference)
  select v_id, s.id, s.name, 'survivor', a.id, a.id, 'answered', s.id, s.name, a.id, a.name,
    p_execute_at, p_reference
  from app.company s, app.company a where s.id = p_survivor and a.id = p_absorbed;
  perform app_private.audit('merge-requested', p_survivor, null, v_id,
    jsonb_build_object('reference', p_reference));
  return v_id;
end
$$;
comment on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) is
  'Records a written request to merge two companies, with its reference.';
grant execute on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) to kollegium_staff;

-- The request as the caller's admin may answer it, locked; 404 when his company is not named in it.
create or replace function app_private.own_merge(p_merge uuid, p_caller app.caller, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  select * into v_merge from app.company_merge
  where id = p_merge and p_caller.company_id = any (parties) for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- Orders a rehearsal. The first one is ordered by the side that was asked: from then on both sides know
-- each other's name and read the rehearsal.
create or replace function app.order_rehearsal(p_merge uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.state = 'requested' and v_merge.asking_company_id = v_caller.company_id then
    perform app_private.refuse(409, 'merge-other-side-first');
  end if;
  update app.company_merge m set rehearsal_due = true, changed_at = app_private.clock(), version = m.version + 1,
    state = case m.state when 'requested' then 'answered' else m.state end,
    survivor_company_id = s.id, survivor_name = s.name, absorbed_company_id = a.id, absorbed_name = a.name
  from app.company s, app.company a
  where m.id = p_merge
    and s.id = case m.asking_side when 'survivor' then m.asking_company_id else m.other_company_id end
    and a.id = case m.asking_side when 'survivor' then m.other_company_id else m.asking_company_id end;
  perform app_private.audit('merge-rehearsal-ordered', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.order_rehearsal(uuid) is
  'Orders a rehearsal of a merge (admin); the first one by the side that was asked.';
grant execute on function app.order_rehearsal(uuid) to kollegium_api;

-- What was consented to is what was rehearsed; both are two weeks old at most, like the tokens in the mails.
create or replace function app_private.expect_fresh_rehearsal(p_merge app.company_merge)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_merge.rehearsed_at < app_private.clock() - interval '14 days' then
    perform app_private.refuse(409, 'merge-consent-expired');
  end if;
end
$$;

-- Notes the consent of one side to the latest rehearsal; with both, the merge may run.
create or replace function app_private.note_consent(p_merge app.company_merge, p_company uuid, p_by text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.expect_fresh_rehearsal(p_merge);
  if p_merge.rehearsal -> 'blocks' <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', p_merge.rehearsal -> 'blocks'));
  end if;
  update app.company_merge set changed_at = app_private.clock(), version = version + 1,
    survivor_consent_at = case when survivor_company_id = p_company then app_private.clock()
      else survivor_consent_at end,
    survivor_consent = case when survivor_company_id = p_company then p_by else survivor_consent end,
    absorbed_consent_at = case when absorbed_company_id = p_company then app_private.clock()
      else absorbed_consent_at end,
    absorbed_consent = case when absorbed_company_id = p_company then p_by else absorbed_consent end
  where id = p_merge.id;
  update app.company_merge set state = 'consented'
  where id = p_merge.id and num_nulls(survivor_consent_at, absorbed_consent_at) = 0;
end
$$;

-- Consents to the rehearsal that the admin has read; 409 when there is a later one.
create or replace function app.consent_to_merge(p_merge uuid, p_rehearsal uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller, array['rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.rehearsal_id <> p_rehearsal then
    perform app_private.refuse(409, 'merge-rehearsed-anew');
  end if;
  perform app_private.note_consent(v_merge, v_caller.company_id, v_caller.colleague_name);
  perform app_private.audit('merge-consented', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.consent_to_merge(uuid, uuid) is
  'Consents to a rehearsal in the name of the caller''s company (admin).';
grant execute on function app.consent_to_merge(uuid, uuid) to kollegium_api;

-- Refuses, or takes back what one asked for or consented to: possible until the merge is done.
create or replace function app.refuse_merge(p_merge uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.end_request(v_merge, v_caller.company_id, p_reason);
  perform app_private.audit('merge-refused', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.refuse_merge(uuid, text) is
  'Refuses a merge, or takes the request or consent back (admin).';
grant execute on function app.refuse_merge(uuid, text) to kollegium_api;

create or replace function app_private.end_request(p_merge app.company_merge, p_company uuid, p_reason text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.company_merge set state = 'refused', rehearsal_due = false, refusal = p_reason,
    changed_at = app_private.clock(), version = version + 1
  where id = p_merge.id;
  delete from app_private.merge_token where merge_id = p_merge.id;
  perform app_private.mail_admins('merge-refused', c.id, jsonb_build_object('merge', p_merge.id,
    'company', (select name from app.company where id = p_company)))
  from unnest(array_remove(p_merge.parties, p_company)) c (id);
end
$$;

-- From the mail, without a log-in: the token is the right, while who got it is an active admin and no
-- later rehearsal was made. 404 otherwise.
create or replace function app.answer_merge_by_token(p_token text, p_consent boolean)
returns table (merge_id uuid, state text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin app.colleague;
  v_merge app.company_merge;
begin
  select c.* into v_admin
  from app_private.merge_token t
  join app.colleague c on c.id = t.colleague_id and c.active and c.role = 'admin'
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and t.expires_at > app_private.clock();
  perform app_private.hold_company(v_admin.company_id);
  select m.* into v_merge
  from app_private.merge_token t
  join app.company_merge m on m.id = t.merge_id and m.rehearsal_id = t.rehearsal_id
    and v_admin.company_id = any (m.parties) and m.state in ('rehearsed', 'consented')
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) for update of m;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if p_consent then
    perform app_private.note_consent(v_merge, v_admin.company_id, v_admin.name);
  else
    perform app_private.end_request(v_merge, v_admin.company_id, null);
  end if;
  perform app_private.audit(case when p_consent then 'merge-consented' else 'merge-refused' end,
    v_admin.company_id, v_admin.id, v_merge.id, '{"by": "token"}');
  return query select m.id, m.state from app.company_merge m where m.id = v_merge.id;
end
$$;
comment on function app.answer_merge_by_token(text, boolean) is
  'Consents to a merge, or refuses it, with the token from an admin''s mail.';
grant execute on function app.answer_merge_by_token(text, boolean) to kollegium_api;

-- Staff has the consent of a side in writing.
create or replace function app.record_merge_consent(p_merge uuid, p_side text, p_reference text)
returns text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['rehearsed', 'consented']);
  v_company constant uuid := case p_side when 'survivor' then v_merge.survivor_company_id
    else v_merge.absorbed_company_id end;
begin
  perform app_private.note_consent(v_merge, v_company, p_reference);
  perform app_private.audit('merge-consented', v_company, null, p_merge,
    jsonb_build_object('reference', p_reference));
  return (select m.state from app.company_merge m where m.id = p_merge);
end
$$;
comment on function app.record_merge_consent(uuid, text, text) is
  'Records the written consent of one side to the latest rehearsal, with its reference.';
grant execute on function app.record_merge_consent(uuid, text, text) to kollegium_staff;
