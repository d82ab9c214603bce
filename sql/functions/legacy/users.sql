-- Moving in: each legacy user becomes a company, and its first colleague and admin
-- (announcement, 13 to 15). A batch is one transaction.
--
-- What makes it safe to run twice, or twice at once, is the unique constraint on
-- app.company.origin_legacy_user_id: who inserts the company inserts everything that belongs to it.
set local role kollegium_broker;

create or replace function app_private.legacy_cut_over() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$ select s.cut_over_at is not null from app_private.legacy_state s $$;

-- A row waits in quarantine: after the cut-over only such rows are still imported.
create or replace function app_private.legacy_waits(p_table text, p_id bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.legacy_quarantine q
                 where q.source_table = p_table and q.legacy_key = p_id::text and q.healed_at is null)
$$;

-- What a staged user is to become; a deleted one keeps his leads and loses his log-in.
create or replace function app_private.legacy_users_of(p_load integer, p_after bigint, p_limit integer)
returns table (legacy_id bigint, company_id uuid, colleague_id uuid, company_name text,
  colleague_name text, email text, language text, active boolean, password text[], vat_id text,
  created_at timestamptz, updated_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 2000
as $$
  select s.id, app_private.legacy_id('company', s.id, s.created_at),
    app_private.legacy_id('colleague', s.id, s.created_at),
    coalesce(n.firm, n.person), coalesce(n.person, n.firm),
    case when s.deleted_at is null then s.address
         else 'deleted-' || s.id || '@legacy.invalid' end,
    case when s.language = 'en' then 'en' else 'de' end, s.deleted_at is null,
    case when s.deleted_at is null then app_private.legacy_password(s.password_hash) end,
    nullif(btrim(s.vat_id), ''), s.created_at, s.updated_at,
    hash_record_extended(row(n.firm, n.person, s.email, s.language, s.deleted_at is null,
      s.password_hash, s.vat_id), 0)
  from legacy_staging.users s
  cross join lateral (select nullif(btrim(s.company_name), '') as firm,
    nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person) n
  where s.load = p_load and s.id > p_after and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'users' and b.id = s.id)
  order by s.id limit p_limit
$$;

-- A batch of users that have no company yet. last is where the next batch begins, null after the end.
create or replace function app.legacy_import_users(
  p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out created integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_won bigint[];
begin
  with batch as materialized (
    select * from app_private.legacy_users_of(p_load, p_after, p_limit)
  ), won as (
    insert into app.company (id, name, state, language, origin_legacy_user_id, created_at, changed_at)
    select u.company_id, u.company_name, case when u.active then 'active' else 'closed' end,
      u.language, u.legacy_id::text, u.created_at, u.updated_at
    from batch u
    where not (select app_private.legacy_cut_over()) or app_private.legacy_waits('users', u.legacy_id)
    order by u.legacy_id
    on conflict (origin_legacy_user_id) do nothing returning id
  ), mine as materialized (
    select u.* from batch u join won w on w.id = u.company_id
  ), colleagues as (
    insert into app.colleague
      (id, company_id, email, name, role, active, language, created_at, changed_at)
    select u.colleague_id, u.company_id, u.email, u.colleague_name, 'admin', u.active, u.language,
      u.created_at, u.updated_at from mine u
  ), credentials as (
    insert into app_private.credential
      (colleague_id, salt, proof_sha256, pbkdf2_iterations, pbkdf2_salt)
    select u.colleague_id, uuid_send(u.colleague_id), sha256(decode(u.password[3], 'base64')),
      u.password[1]::integer, convert_to(u.password[2], 'UTF8')
    from mine u where u.password is not null
  ), known as (
    insert into app_private.legacy_user
      (legacy_id, company_id, colleague_id, vat_id, row_hash, version)
    select u.legacy_id, u.company_id, u.colleague_id, u.vat_id, u.row_hash, 2 from mine u
    returning legacy_id
  ) select (select max(u.legacy_id) from batch u), (select count(*) from batch),
      array_agg(k.legacy_id), count(*)
    into last, seen, v_won, created from known k;
  perform app_private.claim_partner_invitations(c.email, c.company_id)
  from app_private.legacy_user m join app.colleague c on c.id = m.colleague_id and c.active
  where m.legacy_id = any (v_won) and exists (
    select from app.partner_invitation i where i.email = c.email and i.state = 'open');
  perform app_private.audit('legacy-user-imported', m.company_id, m.colleague_id, m.company_id,
    jsonb_build_object('legacy_user', m.legacy_id))
  from app_private.legacy_user m where m.legacy_id = any (v_won);
end
$$;
comment on function app.legacy_import_users(integer, bigint, integer) is
  'A batch of legacy users: one company each, the user its first colleague and admin.';
grant execute on function app.legacy_import_users(integer, bigint, integer) to kollegium_staff;

-- Users that changed in the former system since they were imported, all in one transaction: an address
-- may go from one to another. What somebody changed here stays, and waits in quarantine as changed-here.
-- A company that was absorbed, or that he was split off from, stays as it is: only the colleague follows.
create or replace function app.legacy_change_users(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  u record;
  v_count integer := 0;
begin
  perform app_private.legacy_hold_merges();
  perform app_private.legacy_free_addresses(p_load);
  for u in
    select s.*, m.company_id as company, m.colleague_id as colleague, m.version as written,
      co.version + c.version as current, c.company_id as acts_for,
      co.state <> 'absorbed' and c.company_id = co.id as at_home
    from app_private.legacy_users_of(p_load, 0, null) s
    join app_private.legacy_user m on m.legacy_id = s.legacy_id and m.row_hash <> s.row_hash
    join app.company co on co.id = m.company_id
    join app.colleague c on c.id = m.colleague_id
    where not app_private.legacy_cut_over()
    order by s.active, s.legacy_id for no key update of m, co, c
  loop
    if u.written <> u.current then
      perform app_private.legacy_conflict(p_load, 'users', u.legacy_id,
        case when u.active then 'changed-here' else 'deleted-there' end);
      continue;
    end if;
    update app.colleague set name = u.colleague_name, email = u.email, language = u.language,
      active = u.active, changed_at = app_private.clock(), version = version + 1 where id = u.colleague;
    if not u.at_home then
      perform app_private.legacy_set_company_state(u.acts_for, 'closed', 'active') where u.active;
    else
      -- Its leads follow by the timer: nobody waits for this transaction with all its users.
      update app.company set name = u.company_name, language = u.language,
        names_due_before = case when name <> u.company_name
          then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else names_due_before end,
        state = app_private.legacy_company_state(u.company, u.colleague, u.active),
        changed_at = app_private.clock(), version = version + 1 where id = u.company;
    end if;
    perform app_private.legacy_rename(case when u.at_home then u.company end, u.colleague,
      u.company_name, u.colleague_name);
    perform app_private.legacy_set_password(u.colleague, u.password);
    if not u.active then
      perform app_private.legacy_leave(u.acts_for, u.colleague);
    end if;
    update app_private.legacy_user set row_hash = u.row_hash, vat_id = u.vat_id,
      version = version + case when u.at_home then 2 else 1 end
    where legacy_id = u.legacy_id;
    perform app_private.audit('legacy-user-changed', u.acts_for, u.colleague, u.acts_for);
    v_count := v_count + 1;
  end loop;
  perform app_private.legacy_conflict(p_load, 'users', m.legacy_id, 'deleted-there')
  from app_private.legacy_user m
  where not app_private.legacy_cut_over() and not exists (
    select from legacy_staging.users s where s.load = p_load and s.id = m.legacy_id);
  return v_count;
end
$$;
comment on function app.legacy_change_users(integer) is
  'Brings companies and colleagues up to what their legacy users are now, until the cut-over.';
grant execute on function app.legacy_change_users(integer) to kollegium_staff;

-- A founder who is gone closes his company only when nobody else is in it (docs/domain.md, case 10).
create or replace function app_private.legacy_company_state(p_company uuid, p_founder uuid, p_active boolean)
returns text language sql stable set search_path = pg_catalog, pg_temp
as $$
  select case when p_active or exists (select from app.colleague c where c.company_id = p_company
    and c.id <> p_founder and c.active) then 'active' else 'closed' end
$$;

-- Without counting as a change that somebody made here.
create or replace function app_private.legacy_set_company_state(p_company uuid, p_from text, p_to text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.company set state = p_to, changed_at = app_private.clock(), version = version + 1
  where id = p_company and state = p_from;
  if found then
    update app_private.legacy_user set version = version + 1 where company_id = p_company;
  end if;
end
$$;

-- A colleague who was deleted in the former system leaves his company (docs/domain.md, case 3). Was he its
-- last admin, the longest-serving delegator becomes admin, or else the longest-serving colleague; was he
-- the last of all, it closes.
create or replace function app_private.legacy_leave(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_heir app.colleague;
begin
  perform from app.company where id = p_company for no key update;
  delete from app_private.bearer where colleague_id = p_colleague;
  perform app_private.legacy_clear_handler(p_company, p_colleague);
  if exists (select from app.colleague c where c.company_id = p_company and c.active and c.role = 'admin') then
    return;
  end if;
  select * into v_heir from app.colleague c where c.company_id = p_company and c.active
  order by c.role <> 'delegator', c.created_at, c.id limit 1;
  if not found then
    perform app_private.legacy_set_company_state(p_company, 'active', 'closed');
    return;
  end if;
  update app.colleague set role = 'admin', changed_at = app_private.clock(), version = version + 1 where id = v_heir.id;
  update app_private.legacy_user set version = version + 1 where colleague_id = v_heir.id;
  perform app_private.mail('became-admin', v_heir.email, v_heir.language, p_company, jsonb_build_object(
    'colleague', (select c.name from app.colleague c where c.id = p_colleague),
    'company', (select co.name from app.company co where co.id = p_company)));
  perform app_private.audit('colleague-changed', p_company, null, v_heir.id,
    jsonb_build_object('role', 'admin', 'instead_of', p_colleague));
end
$$;

-- What he handled has no handler, in the new version that it gets by every other change of it too; nobody
-- worked it here by that.
create or replace function app_private.legacy_clear_handler(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(x.marketplace_id), array_agg(x.id) into v_markets, v_leads
  from (select l.marketplace_id, l.id from app.lead l
        join app.engagement e on e.marketplace_id = l.marketplace_id and e.lead_id = l.id
        where e.company_id = p_company and e.handler_id = p_colleague
          and e.state in ('active', 'return_requested')
        order by l.marketplace_id, l.id for update of l) x;
  update app.engagement set handler_id = null, handler_name = null
  where company_id = p_company and handler_id = p_colleague and state in ('active', 'return_requested');
  perform app_private.renew_leads(v_markets, v_leads);
end
$$;

-- Who gets another address gives up his own first: it may be the new one of somebody else in this load,
-- who in turn may have had his. What is locked here stays as it is until legacy_change_users ends.
create or replace function app_private.legacy_free_addresses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_moving bigint[];
begin
  select array_agg(x.legacy_id) into v_moving
  from (select m.legacy_id from app_private.legacy_users_of(p_load, 0, null) s
        join app_private.legacy_user m on m.legacy_id = s.legacy_id and m.row_hash <> s.row_hash
        join app.company co on co.id = m.company_id
        join app.colleague c on c.id = m.colleague_id and c.email <> s.email
        where not (select app_private.legacy_cut_over()) and m.version = co.version + c.version
        order by m.legacy_id for no key update of m, co, c) x;
  update app.colleague c set email = 'moving-' || m.legacy_id || '@legacy.invalid'
  from app_private.legacy_user m where m.legacy_id = any (v_moving) and c.id = m.colleague_id;
end
$$;

-- Both names stand on other rows too. p_company null: his alone.
create or replace function app_private.legacy_rename(
  p_company uuid, p_colleague uuid, p_company_name text, p_colleague_name text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_his constant uuid := (select company_id from app.colleague where id = p_colleague);
begin
  update app.marketplace set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  perform from app.lead l
  where (l.marketplace_id, l.id) in (select e.marketplace_id, e.lead_id from app.engagement e
    where e.company_id = v_his and e.handler_id = p_colleague and e.handler_name <> p_colleague_name)
  order by l.marketplace_id, l.id for update;
  update app.participation set company_name = p_company_name
  where company_id = p_company and company_name <> p_company_name;
  update app.participation set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  perform app_private.change_handler_name(v_his, p_colleague, p_colleague_name);
end
$$;

-- The former password, unless its owner has logged in here since: then his password is here.
create or replace function app_private.legacy_set_password(p_colleague uuid, p_password text[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app_private.credential
  where colleague_id = p_colleague and pbkdf2_iterations is not null;
  if p_password is not null then
    -- salt is a place-holder until app.renew_proof: nothing is stretched with it.
    insert into app_private.credential
      (colleague_id, salt, proof_sha256, pbkdf2_iterations, pbkdf2_salt)
    values (p_colleague, uuid_send(p_colleague), sha256(decode(p_password[3], 'base64')),
            p_password[1]::integer, convert_to(p_password[2], 'UTF8'))
    on conflict (colleague_id) do nothing;
  end if;
end
$$;

-- Changed on both sides, or gone there: what is here stays, and somebody has to look.
create or replace function app_private.legacy_conflict(
  p_load integer, p_table text, p_id bigint, p_reason text default 'changed-here')
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  values (p_load, p_table, p_id::text, 'quarantine', p_reason)
$$;

-- For somebody whose former password cannot be checked. Ends his sessions.
create or replace function app.set_password(p_email text, p_salt bytea, p_proof bytea)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
begin
  select * into v_colleague from app.colleague where email = p_email and active;
  if not found then
    return false;
  end if;
  delete from app_private.bearer where colleague_id = v_colleague.id;
  delete from app_private.credential where colleague_id = v_colleague.id;
  insert into app_private.credential (colleague_id, salt, proof_sha256)
  values (v_colleague.id, p_salt, sha256(p_proof));
  perform app_private.audit('password-set', v_colleague.company_id, v_colleague.id, v_colleague.id);
  return true;
end
$$;
comment on function app.set_password(text, bytea, bytea) is
  'Sets the password of an active colleague and ends his sessions (staff); false: there is none.';
grant execute on function app.set_password(text, bytea, bytea) to kollegium_staff;
