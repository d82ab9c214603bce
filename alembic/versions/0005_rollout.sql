-- sql/functions/30_companies.sql
set local role kollegium_owner;
-- Companies, colleagues, invitations, API keys. Changes are for admins; the last one stays.
set local role kollegium_broker;

-- A new company with its first admin (staff). The proof is the Argon2id result of his password.
create or replace function app.create_company(
  p_name text, p_admin_name text, p_admin_email text, p_language text, p_salt bytea, p_proof bytea,
  out company_id uuid, out colleague_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  company_id := app_private.new_id();
  insert into app.company (id, name, language) values (company_id, p_name, p_language);
  colleague_id := app_private.add_colleague(
    company_id, p_admin_email, p_admin_name, 'admin', p_language, p_salt, p_proof);
  perform app_private.audit('company-created', company_id, colleague_id, company_id);
end
$$;
comment on function app.create_company(text, text, text, text, bytea, bytea) is
  'Creates a company and its first admin.';
grant execute on function app.create_company(text, text, text, text, bytea, bytea) to kollegium_staff;

-- E-mail addresses are unique over all companies; 409 when this one is taken. Whoever calls this
-- has shown that the address is his (invitation) or is staff, so the answer tells him nothing new.
create or replace function app_private.add_colleague(
  p_company uuid, p_email text, p_name text, p_role text, p_language text, p_salt bytea, p_proof bytea)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  insert into app.colleague (id, company_id, email, name, role, language)
  values (v_id, p_company, p_email, p_name, p_role, p_language)
  on conflict (email) do nothing;
  if not found then
    perform app_private.refuse(409, 'email-taken');
  end if;
  insert into app_private.credential (colleague_id, salt, proof_sha256)
  values (v_id, p_salt, sha256(p_proof));
  perform app_private.claim_partner_invitations(p_email, p_company);
  return v_id;
end
$$;

create or replace function app.list_companies()
returns table (id uuid, name text, state text, colleagues bigint, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.name, co.state, count(c.id) filter (where c.active), co.created_at
  from app.company co left join app.colleague c on c.company_id = co.id
  group by co.id order by co.name, co.id
$$;
comment on function app.list_companies() is 'All companies with the number of their active colleagues.';
grant execute on function app.list_companies() to kollegium_staff;

-- Fields that are null stay. The name stands on participations too, the membership cards by which
-- others know this company, so both change together.
create or replace function app.change_company(
  p_version integer, p_name text, p_delegator_role boolean, p_language text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_version integer;
begin
  select version into v_version from app.company where id = v_caller.company_id for no key update;
  perform app_private.expect_version(v_version, p_version);
  update app.company set name = coalesce(p_name, name),
    delegator_role = coalesce(p_delegator_role, delegator_role),
    language = coalesce(p_language, language), changed_at = now(), version = version + 1
  where id = v_caller.company_id;
  if p_name is not null then
    update app.participation set company_name = p_name where company_id = v_caller.company_id;
    update app.participation set operator_name = p_name
    where operator_company_id = v_caller.company_id;
    update app.marketplace set operator_name = p_name
    where operator_company_id = v_caller.company_id;
  end if;
  perform app_private.audit('company-changed', v_caller.company_id, v_caller.colleague_id,
    v_caller.company_id);
end
$$;
comment on function app.change_company(integer, text, boolean, text) is
  'Changes the caller''s company (admin); the name on membership cards with it.';
grant execute on function app.change_company(integer, text, boolean, text) to kollegium_api;

-- Role and activity of a colleague (admin), or somebody's own name and language. Deactivation
-- ends his sessions and clears him as handler; leads and API keys stay (docs/domain.md, case 3).
create or replace function app.change_colleague(
  p_colleague uuid, p_version integer, p_role text, p_active boolean, p_name text, p_language text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_colleague app.colleague;
begin
  -- One change of the staff of a company at a time, so that two admins cannot demote each other.
  perform from app.company where id = v_caller.company_id for no key update;
  select * into v_colleague from app.colleague
  where id = p_colleague and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_caller.role <> 'admin' and (v_caller.colleague_id is distinct from p_colleague
      or p_role is not null or p_active is not null) then
    perform app_private.refuse(403, 'admin-required');
  end if;
  perform app_private.expect_version(v_colleague.version, p_version);
  if v_colleague.role = 'admin' and v_colleague.active
     and (coalesce(p_role, 'admin') <> 'admin' or not coalesce(p_active, true))
     and not exists (select from app.colleague o where o.company_id = v_caller.company_id
                     and o.id <> p_colleague and o.role = 'admin' and o.active) then
    perform app_private.refuse(409, 'last-admin');
  end if;
  update app.colleague set role = coalesce(p_role, role), active = coalesce(p_active, active),
    name = coalesce(p_name, name), language = coalesce(p_language, language),
    changed_at = now(), version = version + 1
  where id = p_colleague;
  if not coalesce(p_active, true) then
    delete from app_private.bearer where colleague_id = p_colleague;
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, null);
  elsif p_name <> v_colleague.name then
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, p_name);
  end if;
  perform app_private.audit('colleague-changed', v_caller.company_id, v_caller.colleague_id,
    p_colleague, jsonb_strip_nulls(jsonb_build_object('role', p_role, 'active', p_active)));
end
$$;
comment on function app.change_colleague(uuid, integer, text, boolean, text, text) is
  'Role and activity by an admin, own name and language by oneself; the last admin stays.';
grant execute on function app.change_colleague(uuid, integer, text, boolean, text, text) to kollegium_api;

-- An invitation is bound to its address: the token goes there and nowhere else, and the colleague
-- it creates has that address. Whether the address is known already is not told to the inviter.
create or replace function app.invite_colleague(p_email text, p_role text, p_token text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  -- A second invitation to the same address replaces the first.
  update app.invitation set state = 'revoked', answered_at = now()
  where company_id = v_caller.company_id and email = p_email and state = 'open';
  insert into app.invitation (id, company_id, email, role, invited_by_id, expires_at)
  values (v_id, v_caller.company_id, p_email, p_role, v_caller.colleague_id, now() + interval '14 days');
  insert into app_private.invitation_token (token_sha256, invitation_id)
  values (sha256(convert_to(p_token, 'UTF8')), v_id);
  perform app_private.mail('invitation', p_email, v_caller.language, v_caller.company_id,
    jsonb_build_object('company', v_caller.company_name, 'inviter', v_caller.colleague_name,
                       'token', p_token, 'days', 14));
  perform app_private.audit('colleague-invited', v_caller.company_id, v_caller.colleague_id, v_id,
    jsonb_build_object('role', p_role));
  return v_id;
end
$$;
comment on function app.invite_colleague(text, text, text) is
  'Invites an e-mail address into the caller''s company (admin); mails the token there.';
grant execute on function app.invite_colleague(text, text, text) to kollegium_api;

create or replace function app.revoke_invitation(p_invitation uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.invitation set state = 'revoked', answered_at = now()
  where id = p_invitation and company_id = v_caller.company_id and state = 'open';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('invitation-revoked', v_caller.company_id, v_caller.colleague_id, p_invitation);
end
$$;
comment on function app.revoke_invitation(uuid) is 'Takes an open invitation back (admin).';
grant execute on function app.revoke_invitation(uuid) to kollegium_api;

-- Accepting needs no log-in: the token is the right. 404 for unknown, revoked and expired ones, 409
-- for one that was used: who repeats a request whose answer got lost is told that it worked.
create or replace function app.accept_invitation(
  p_token text, p_name text, p_salt bytea, p_proof bytea,
  out company_id uuid, out company_name text, out colleague_id uuid, out email text, out role text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.invitation;
  v_language text;
begin
  select i.* into v_invitation
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and i.state <> 'revoked'
    and i.expires_at > now()
  for update of i;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_invitation.state = 'accepted' then
    perform app_private.refuse(409, 'invitation-accepted');
  end if;
  company_id := v_invitation.company_id;
  perform pg_advisory_xact_lock_shared(app_private.company_lock_key(company_id));
  select co.name, co.language into company_name, v_language
  from app.company co where co.id = v_invitation.company_id and co.state = 'active';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  email := v_invitation.email;
  role := v_invitation.role;
  -- Who was a colleague before and left comes back as himself, with the invited role.
  update app.colleague c set active = true, role = v_invitation.role, name = p_name,
    changed_at = now(), version = version + 1
  where c.email = v_invitation.email and c.company_id = v_invitation.company_id and not c.active
  returning c.id into colleague_id;
  if found then
    delete from app_private.credential cr where cr.colleague_id = accept_invitation.colleague_id;
    insert into app_private.credential (colleague_id, salt, proof_sha256)
    values (accept_invitation.colleague_id, p_salt, sha256(p_proof));
  else
    colleague_id := app_private.add_colleague(
      company_id, email, p_name, role, v_language, p_salt, p_proof);
  end if;
  update app.invitation set state = 'accepted', answered_at = now() where id = v_invitation.id;
  perform app_private.audit('invitation-accepted', company_id, colleague_id, v_invitation.id);
end
$$;
comment on function app.accept_invitation(text, text, bytea, bytea) is
  'Makes the invited address a colleague of the inviting company; 409 when it was done before.';
grant execute on function app.accept_invitation(text, text, bytea, bytea) to kollegium_api;

-- API keys belong to the company, not to who made them; the token is shown once, by the web tier.
create or replace function app.create_api_key(p_name text, p_token_sha256 bytea)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.api_key (id, company_id, name, created_by_id)
  values (v_id, v_caller.company_id, p_name, v_caller.colleague_id);
  insert into app_private.bearer (token_sha256, company_id, api_key_id, expires_at)
  values (p_token_sha256, v_caller.company_id, v_id, 'infinity');
  perform app_private.audit('api-key-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_api_key(text, bytea) is 'A new key of the caller''s company (admin).';
grant execute on function app.create_api_key(text, bytea) to kollegium_api;

create or replace function app.revoke_api_key(p_key uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.api_key set revoked_at = now()
  where id = p_key and company_id = v_caller.company_id and revoked_at is null;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  delete from app_private.bearer where api_key_id = p_key;
  perform app_private.audit('api-key-revoked', v_caller.company_id, v_caller.colleague_id, p_key);
end
$$;
comment on function app.revoke_api_key(uuid) is 'Ends a key of the caller''s company at once (admin).';
grant execute on function app.revoke_api_key(uuid) to kollegium_api;

-- sql/functions/85_rollout.sql
set local role kollegium_owner;
-- The staged roll-out (announcement 17): which companies may invite colleagues and merge.
--
-- Companies set up here may. Companies of users of the former service may once their week is
-- switched on for them; until then they are what their user was, a firm of one (announcement 15).
set local role kollegium_broker;

create or replace function app_private.has_colleague_features(
  p_company uuid, out features_on boolean, out week text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select co.origin_legacy_user_id is null or coalesce(c.features_on, false), c.week
  from app.company co left join app_private.cohort_company c on c.company_id = co.id
  where co.id = p_company
$$;

-- The guard of everything that makes a company one of several colleagues: 409 with the week in
-- which it comes. Keeps the row locked to the end of the transaction: switching off waits for it
-- and then sees the second colleague, or the open invitation, that it led to.
create or replace function app_private.expect_colleague_features(p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_features record;
begin
  perform from app_private.cohort_company c where c.company_id = p_company for share;
  select * into v_features from app_private.has_colleague_features(p_company);
  if not coalesce(v_features.features_on, false) then
    perform app_private.refuse(409, 'colleague-features-off',
      jsonb_strip_nulls(jsonb_build_object('week', v_features.week)));
  end if;
end
$$;

create or replace function app.colleague_features(out features_on boolean, out week text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from app_private.has_colleague_features(app.current_company_id()) $$;
comment on function app.colleague_features() is
  'Whether the caller''s company may invite and merge, and the week in which that comes or came.';
grant execute on function app.colleague_features() to kollegium_api;

-- When rows of the former system came over last; -infinity: never. A proof from before says nothing
-- about them.
create or replace function app_private.last_import_at() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(a.at), '-infinity') from app_private.audit_entry a
  where a.action = 'legacy-run-ended'
$$;

-- Every company of the former service that still acts, for assigning and for reading. The proof is
-- that of before its features came, or one from after the last import.
create or replace function app.list_cohorts()
returns table (company_id uuid, legacy_user_id text, name text, week text, features_on boolean,
  overridden boolean, colleagues bigint, proven_at timestamptz, differences integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.origin_legacy_user_id, co.name, c.week, coalesce(c.features_on, false),
    coalesce(c.overridden, false), (select count(*) from app.colleague k where k.company_id = co.id),
    p.proven_at, p.differences
  from app.company co
  left join app_private.cohort_company c on c.company_id = co.id
  left join app_private.legacy_proof p on p.company_id = co.id
    and (c.features_on or p.proven_at >= (select app_private.last_import_at()))
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by c.week, co.name, co.id
$$;
comment on function app.list_cohorts() is
  'Active companies of the former service with week, state, colleagues and latest proof.';
grant execute on function app.list_cohorts() to kollegium_staff;

-- Who shares a marketplace: one row for each of them and each company of the former service on it.
create or replace function app.list_cohort_links()
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.company_id, l.marketplace_id
  from (select p.company_id, p.marketplace_id from app.participation p
        where p.state in ('invited', 'active')
        union
        select m.operator_company_id, m.id from app.marketplace m) l
  join app.company co on co.id = l.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by l.marketplace_id, l.company_id
$$;
comment on function app.list_cohort_links() is
  'Companies of the former service and the marketplaces they operate or take part in.';
grant execute on function app.list_cohort_links() to kollegium_staff;

-- Gives companies their weeks; returns how many got one or another one. What staff chose by hand
-- and what is switched on already stays, whatever the list says.
create or replace function app.assign_cohorts(p_companies uuid[], p_weeks text[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  insert into app_private.cohort_company as c (company_id, week)
  select t.company_id, t.week
  from unnest(p_companies, p_weeks) t (company_id, week)
  join app.company co on co.id = t.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by t.company_id
  on conflict (company_id) do update set week = excluded.week, assigned_at = now()
  where not c.overridden and not c.features_on and c.week <> excluded.week;
  get diagnostics v_count = row_count;
  perform app_private.audit('cohorts-assigned', null, null, null,
    jsonb_build_object('companies', v_count));
  return v_count;
end
$$;
comment on function app.assign_cohorts(uuid[], text[]) is
  'Gives companies of the former service their weeks, but for those chosen by hand or switched on.';
grant execute on function app.assign_cohorts(uuid[], text[]) to kollegium_staff;

-- One company by hand. It keeps its state: who is on stays on, who is off waits for the next
-- `switch on` of the week. 404 for companies that are not of the former service, or absorbed.
create or replace function app.move_to_cohort(p_company uuid, p_week text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app_private.cohort w where w.week = p_week)
     or not exists (select from app.company co where co.id = p_company and co.state = 'active'
                    and co.origin_legacy_user_id is not null) then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.cohort_company as c (company_id, week, overridden)
  values (p_company, p_week, true)
  on conflict (company_id) do update set week = p_week, overridden = true, assigned_at = now();
  perform app_private.audit('cohort-overridden', p_company, null, p_company,
    jsonb_build_object('week', p_week));
end
$$;
comment on function app.move_to_cohort(uuid, text) is 'Puts one company into a week by hand.';
grant execute on function app.move_to_cohort(uuid, text) to kollegium_staff;

-- Switches a week on or off and says what became of each company:
--   switched   now as wished          already     was so before
--   unproven   has no proof since the last import, stays off
--   differs    its proof found differences, stays off
--   colleagues has several, stays on      invited   an invitation is open, stays on
-- Repeating it is safe, and takes along who was proven, or lost the invitation, meanwhile.
create or replace function app.switch_cohort(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, legacy_user_id text, name text, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_companies uuid[];
  v_outcomes text[];
begin
  update app_private.cohort w set features_on = p_on, switched_at = now() where w.week = p_week;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform from app_private.cohort_company c where c.week = p_week order by c.company_id for update;
  -- A statement of its own: it sees what those did that held a row locked until now.
  select array_agg(d.company_id), array_agg(d.outcome) into v_companies, v_outcomes
  from app_private.switch_outcomes(p_week, p_on, p_unproven) d;
  update app_private.cohort_company c set features_on = p_on, switched_at = now()
  from unnest(v_companies, v_outcomes) d (id, outcome)
  where c.company_id = d.id and d.outcome = 'switched';
  perform app_private.audit(case when p_on then 'colleague-features-on' else 'colleague-features-off' end,
    d.id, null, d.id, jsonb_build_object('week', p_week))
  from unnest(v_companies, v_outcomes) d (id, outcome) where d.outcome = 'switched';
  if p_on then
    perform app_private.mail('colleague-features-on', k.email, k.language, co.id,
      jsonb_build_object('company', co.name, 'week', p_week))
    from unnest(v_companies, v_outcomes) d (id, outcome)
    join app.company co on co.id = d.id
    join app.colleague k on k.company_id = co.id and k.role = 'admin' and k.active
    where d.outcome = 'switched';
  end if;
  return query select co.id, co.origin_legacy_user_id, co.name, d.outcome
    from unnest(v_companies, v_outcomes) d (id, outcome) join app.company co on co.id = d.id
    order by co.name, co.id;
end
$$;
comment on function app.switch_cohort(text, boolean, boolean) is
  'Switches the colleague features of a week on or off; one row for each company with the outcome.';
grant execute on function app.switch_cohort(text, boolean, boolean) to kollegium_staff;

create or replace function app_private.switch_outcomes(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, outcome text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.company_id, case
    when c.features_on = p_on then 'already'
    when p_on and not p_unproven and p.company_id is null then 'unproven'
    when p_on and not p_unproven and p.differences > 0 then 'differs'
    -- Former colleagues count too: they can be made active again.
    when not p_on and (select count(*) from app.colleague k where k.company_id = c.company_id) > 1
      then 'colleagues'
    when not p_on and exists (select from app.invitation i where i.company_id = c.company_id
      and i.state = 'open' and i.expires_at > now()) then 'invited'
    else 'switched' end
  from app_private.cohort_company c
  join app.company co on co.id = c.company_id and co.state = 'active'
  left join app_private.legacy_proof p on p.company_id = c.company_id
    and p.proven_at >= (select app_private.last_import_at())
  where c.week = p_week
$$;

-- The state of the roll-out at a glance: a row a week, and one without a week for those that have
-- none yet.
create or replace function app.rollout_status()
returns table (week text, switched_on boolean, switched_at timestamptz, companies bigint,
  features_on bigint, several_colleagues bigint, overridden bigint, proven bigint, differing bigint,
  unproven bigint, oldest_proof timestamptz, latest_proof timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select w.week, coalesce(w.features_on, false), w.switched_at, count(l.company_id),
    count(*) filter (where l.features_on), count(*) filter (where l.colleagues > 1),
    count(*) filter (where l.overridden), count(*) filter (where l.differences = 0),
    count(*) filter (where l.differences > 0),
    count(l.company_id) filter (where l.differences is null), min(l.proven_at), max(l.proven_at)
  from app_private.cohort w full join app.list_cohorts() l on l.week = w.week
  group by w.week, w.features_on, w.switched_at
  order by w.week
$$;
comment on function app.rollout_status() is
  'Each week of the roll-out: companies, how many are switched on, and how many are proven.';
grant execute on function app.rollout_status() to kollegium_staff;

-- sql/functions/86_merge_suggestions.sql
set local role kollegium_owner;
-- Companies that may be one firm: suggestions for a merge, never more than that.
--
-- Staff sees all of them. An admin sees those alone whose relation both sides knew before: a group
-- of the former service had its members' consent, and its members knew each other. An equal name,
-- domain or VAT id is no such thing: whoever wrote another's into his profile would be told who is
-- a customer here.
set local role kollegium_broker;

-- The part of an address after @, or null where millions of strangers share it.
create or replace function app_private.firm_domain(p_email text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select d from split_part(p_email, '@', 2) d
  where d !~ '^(gmx|web|gmail|googlemail|t-online|magenta|freenet|arcor|aol|yahoo|ymail|rocketmail|'
    'hotmail|outlook|live|msn|icloud|me|mac|posteo|mailbox|mail|email|online|proton|protonmail|pm|'
    'tutanota|tuta|fastmail|zoho|yandex|1und1|vodafone|vodafonemail|kabelmail|unitybox|o2online|'
    'o2mail|bluewin|sunrise|hispeed|aon|chello|a1|orange|laposte|libero|wp|seznam|mailinator)'
    '\.(co\.)?[a-z]{2,4}$'
$$;

-- For staff: every thing in common that two or more companies have, the strongest kinds first.
create or replace function app.list_merge_suggestions()
returns table (kind text, value text, label text, company_ids uuid[], company_names text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with party as materialized (
    -- The company that a legacy user acts for now: merged ones are together already.
    select u.legacy_id, u.vat_id, k.company_id
    from app_private.legacy_user u join app.colleague k on k.id = u.colleague_id
  ), common (company_id, kind, value, label) as (
    select p.company_id, 'legacy_group', g.legacy_id::text, g.name
    from app_private.legacy_group_member m
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join party p on p.legacy_id = m.user_legacy_id
    union
    select p.company_id, 'vat_id', v.id, null
    from party p, upper(regexp_replace(p.vat_id, '[^A-Za-z0-9]', '', 'g')) v (id) where length(v.id) >= 8
    union
    select k.company_id, 'email_domain', app_private.firm_domain(k.email), null
    from app.colleague k where app_private.firm_domain(k.email) is not null
    union
    select co.id, 'name', lower(regexp_replace(btrim(co.name), '\s+', ' ', 'g')), null from app.company co
  )
  select c.kind, c.value, min(c.label), array_agg(co.id order by co.name, co.id),
    array_agg(co.name order by co.name, co.id)
  from common c join app.company co on co.id = c.company_id and co.state = 'active'
  group by c.kind, c.value having count(*) > 1
  order by array_position(array['vat_id', 'legacy_group', 'email_domain', 'name'], c.kind), c.value
$$;
comment on function app.list_merge_suggestions() is
  'Companies with equal VAT id, group of the former service, e-mail domain or name; hints, not more.';
grant execute on function app.list_merge_suggestions() to kollegium_staff;

-- For an admin: the companies that were with his own in a group of the former service.
create or replace function app.my_merge_suggestions()
returns table (company_id uuid, company_name text, groups text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  return query
    select co.id, co.name,
      array_agg(distinct coalesce(nullif(btrim(g.name), ''), g.legacy_id::text))
    from app.colleague mine
    join app_private.legacy_user u on u.colleague_id = mine.id
    join app_private.legacy_group_member m on m.user_legacy_id = u.legacy_id
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join app_private.legacy_group_member o on o.group_legacy_id = m.group_legacy_id
    join app_private.legacy_user v on v.legacy_id = o.user_legacy_id
    join app.colleague other
      on other.id = v.colleague_id and other.company_id <> v_caller.company_id
    join app.company co on co.id = other.company_id and co.state = 'active'
    where mine.company_id = v_caller.company_id
    group by co.id;
end
$$;
comment on function app.my_merge_suggestions() is
  'Companies that shared a group of the former service with the caller''s (admin).';
grant execute on function app.my_merge_suggestions() to kollegium_api;

-- sql/functions/87_legacy_proof.sql
set local role kollegium_owner;
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
  insert into app_private.legacy_proof as p (company_id, leads, prospects, offers, comments, api_keys,
    differences, waiting, since_import, digest)
  select r.company_id, r.leads, r.prospects, r.offers, r.comments, r.api_keys, r.differences,
    r.waiting, r.since_import, r.digest
  from jsonb_to_recordset(p_proofs) r (company_id uuid, leads integer, prospects integer,
    offers integer, comments integer, api_keys integer, differences integer, waiting integer,
    since_import integer, digest text)
  join app.company co on co.id = r.company_id and co.origin_legacy_user_id is not null
  order by r.company_id
  on conflict (company_id) do update set proven_at = now(), leads = excluded.leads,
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

-- What each user saw before is in 99_legacy_seen_before.sql.

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

-- sql/functions/99_legacy_seen_before.sql
set local role kollegium_owner;
-- Proving, the side of the former service: what each user saw, by the legacy rules over the rows of a load
-- (sql/legacy/schema.sql, L1 to L8). The other side is asked in service/legacy/seen.py.
--
-- part_id tells rows of one lead apart: of an offer the company it was made to, of a comment its id; of an
-- API key its id.
set local role kollegium_broker;

-- Leads and personal data by L3. One row for each user and lead, whatever capacities he had in it:
-- o operator, g giver, p picker, the letters that service/legacy/seen.py finds in the columns of
-- app.lead. waits: the row is in quarantine, so nothing is expected of it.
create or replace function app_private.leads_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
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
    where l.load = p_load and (m.owner_user_id between p_first and p_last
      or l.giver_user_id between p_first and p_last or l.picked_by_user_id between p_first and p_last)
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
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
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
      and (m.owner_user_id between p_first and p_last or f.user_id between p_first and p_last)
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

-- Comments by L6: an internal one is its author's, a shared one everybody's who sees the lead. part_id
-- is the id that the import gave it.
create or replace function app_private.comments_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'comments', k.marketplace_id, k.lead_id, case when k.lead_id is not null
    then app_private.legacy_id('comment', c.id, c.created_at) end, c.id::text, b.id is not null,
    array[t.colleague_id::text, case when c.shared then 'shared' else 'internal' end, c.text,
      extract(epoch from c.created_at)::text]
  from (
    select s.*, case when s.shared then array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]
      else array[s.user_id] end as readers
    from legacy_staging.comments s
    left join legacy_staging.leads l on l.load = p_load and l.id = s.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    where s.load = p_load and (s.user_id between p_first and p_last or s.shared
      and (m.owner_user_id between p_first and p_last or l.giver_user_id between p_first and p_last
        or l.picked_by_user_id between p_first and p_last))
  ) c
  cross join lateral (select distinct v from unnest(c.readers) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and u.deleted_at is null
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = c.lead_id
  left join app_private.legacy_user t on t.legacy_id = c.user_id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'comments' and b.id = c.id
$$;

-- API keys by L8, without their tokens: app.prove_tokens compares those.
create or replace function app_private.keys_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'api_keys', null::uuid, null::uuid, k.api_key_id, s.id::text, b.id is not null,
    array[coalesce(nullif(btrim(s.name), ''), 'API'),
      case when s.revoked_at is null then 'live' else 'revoked' end,
      extract(epoch from s.created_at)::text]
  from legacy_staging.api_keys s
  join legacy_staging.users u on u.load = p_load and u.id = s.user_id and u.deleted_at is null
  left join app_private.legacy_api_key k on k.legacy_id = s.id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'api_keys' and b.id = s.id
  where s.load = p_load and s.user_id between p_first and p_last
$$;

create or replace function app_private.rows_seen_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select * from app_private.leads_seen_before(p_load, p_first, p_last)
  union all select * from app_private.offers_seen_before(p_load, p_first, p_last)
  union all select * from app_private.comments_seen_before(p_load, p_first, p_last)
  union all select * from app_private.keys_seen_before(p_load, p_first, p_last)
$$;

-- Counts and digests of what the users p_first to p_last saw, a row for each user and kind of row;
-- who saw nothing has none. The digest is a sum over rows, so that their order does not matter.
create or replace function app.prove_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, waiting bigint, rows bigint, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, count(*) filter (where s.waits), count(*) filter (where not s.waits),
    coalesce(sum(('x' || left(md5(concat_ws(' ', s.what, s.lead_id, s.part_id, s.fields)), 15))
      ::bit(60)::bigint) filter (where not s.waits), 0)::text
  from app_private.rows_seen_before(p_load, p_first, p_last) s
  group by s.legacy_user, s.what
$$;
comment on function app.prove_before(integer, bigint, bigint) is
  'What legacy users saw by the legacy rules, as counts and digests by user and kind.';
grant execute on function app.prove_before(integer, bigint, bigint) to kollegium_staff;

-- The rows of some users. Values leave as hashes: a difference is named by its field, and the proof
-- that somebody downloads contains no personal data.
create or replace function app.prove_before_rows(p_load integer, p_users bigint[])
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, s.marketplace_id, s.lead_id, s.part_id, s.legacy_key, s.waits,
    array(select f.reason from legacy_staging.finding f
          where f.load = p_load and f.kind = 'quarantine' and f.legacy_key = s.legacy_key
            and f.source_table = case s.what when 'prospects' then 'leads' else s.what end and s.waits
          order by 1),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from (select min(u) as first, max(u) as last from unnest(p_users) u) r
  cross join lateral app_private.rows_seen_before(p_load, r.first, r.last) s
  where s.legacy_user = any (p_users)
$$;
comment on function app.prove_before_rows(integer, bigint[]) is
  'Every row that some legacy users saw, with hashes of its fields and why it waits, if it does.';
grant execute on function app.prove_before_rows(integer, bigint[]) to kollegium_staff;

-- Keys of some users that came over and whose token does not do what it did: opens nothing though live
-- on both sides, or opens something though revoked. Tokens are hashes on both sides, and leave neither.
create or replace function app.prove_tokens(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, legacy_key text, api_key_id uuid, opens boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.user_id, s.id::text, a.id, t.opens
  from legacy_staging.api_keys s
  join app_private.legacy_api_key k on k.legacy_id = s.id
  join app.api_key a on a.id = k.api_key_id
  cross join lateral (select exists (
    select from app_private.bearer b where b.api_key_id = a.id and (a.revoked_at is not null
      or b.token_sha256 = decode(case when s.token_sha256 ~* '^[0-9a-f]{64}$'
        then s.token_sha256 else '' end, 'hex'))) as opens) t
  where s.load = p_load and s.user_id between p_first and p_last and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
    and t.opens <> (a.revoked_at is null)
$$;
comment on function app.prove_tokens(integer, bigint, bigint) is
  'API keys of a load whose token opens nothing here although live, or something although revoked.';
grant execute on function app.prove_tokens(integer, bigint, bigint) to kollegium_staff;

-- Rows that came into being or were worked here since the import are no differences of it: leads
-- that are not from the former service, or whose version moved on, with all that is theirs; offers
-- answered since; comments and keys that no legacy row became; keys withdrawn here. Answers for each of
-- the rows asked about, in their order.
create or replace function app.prove_since_import(
  p_load integer, p_what text[], p_marketplaces uuid[], p_leads uuid[], p_parts uuid[])
returns setof boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select case when a.what = 'api_keys' then y.id is not null and (ky.legacy_id is null
      or y.revoked_at is not null and sy.id is not null and sy.revoked_at is null)
    else l.id is not null and (
      l.source <> 'legacy'
      or coalesce(l.version <> k.version, false)
      or a.what = 'comments' and not exists (
        select from legacy_staging.comments s where s.load = p_load and s.lead_id = k.legacy_id
          and app_private.legacy_id('comment', s.id, s.created_at) = a.part_id)
      or a.what = 'offers' and exists (
        select from app.offer o
        join app.colleague c on c.company_id = o.company_id
        join app_private.legacy_user t on t.colleague_id = c.id
        join legacy_staging.offers s
          on s.load = p_load and s.lead_id = k.legacy_id and s.user_id = t.legacy_id
        where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.company_id = a.part_id
          and o.answered_at > greatest(s.updated_at, s.answered_at))) end
  from unnest(p_what, p_marketplaces, p_leads, p_parts)
    with ordinality a (what, marketplace_id, lead_id, part_id, i)
  left join app.lead l on l.marketplace_id = a.marketplace_id and l.id = a.lead_id
  left join app_private.legacy_lead k on k.lead_id = l.id and k.legacy_id = case
    when l.source = 'legacy' and l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
  left join app.api_key y on a.what = 'api_keys' and y.id = a.part_id
  left join app_private.legacy_api_key ky on ky.api_key_id = y.id
  left join legacy_staging.api_keys sy on sy.load = p_load and sy.id = ky.legacy_id
  order by a.i
$$;
comment on function app.prove_since_import(integer, text[], uuid[], uuid[], uuid[]) is
  'Whether rows were made or worked here since they were imported.';
grant execute on function app.prove_since_import(integer, text[], uuid[], uuid[], uuid[])
  to kollegium_staff;
