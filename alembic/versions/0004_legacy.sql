-- sql/functions/20_sessions.sql
set local role kollegium_owner;
-- Log-in, log-out, and the answers kept for repeated requests.
--
-- The web tier stretches the password with Argon2id and sends the result; the database keeps a
-- SHA-256 of it and compares. So neither a dump nor the web tier's memory holds what the other
-- needs, and the web tier never says which company somebody belongs to.
--
-- Failed log-ins are limited by three buckets, none of them the peer address alone:
--   account and address   9 in 15 minutes   guessing one password; the owner elsewhere goes on
--   account             100 in 1 hour       guessing from many addresses; known addresses go on
--   password and address 9 in 15 minutes    one password tried over many accounts
set local role kollegium_broker;

create or replace function app_private.log_in_wait(
  p_email text, p_address bytea, p_fingerprint bytea, p_take boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known constant boolean := exists (
    select from app_private.bearer b join app.colleague c on c.id = b.colleague_id
    where c.email = p_email and b.address_sha256 = p_address);
  v_pair constant text := 'log-in ' || p_email || ' ' || encode(p_address, 'hex');
  v_account constant text := 'log-in ' || p_email;
  v_spray constant text := 'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex');
begin
  if p_take then
    return greatest(
      app_private.take(v_pair, 9, '15 min'),
      case when v_known then 0 else app_private.take(v_account, 100, '1 hour') end,
      app_private.take(v_spray, 9, '15 min'));
  end if;
  return greatest(
    app_private.seconds_to_wait(v_pair, 9, '15 min'),
    case when v_known then 0 else app_private.seconds_to_wait(v_account, 100, '1 hour') end,
    app_private.seconds_to_wait(v_spray, 9, '15 min'));
end
$$;

-- The salt to stretch with, and for a password of the former system the iterations of its PBKDF2 (null:
-- Argon2id). An unknown address gets the same kind of answer, always the same one: as long as former
-- passwords are about, half of the unknown addresses look as if they had one, so that neither the
-- answer nor the time it takes tells whether an address is known. retry_after > 0: answer 429.
create or replace function app.begin_log_in(
  p_email text, p_address bytea, p_fingerprint bytea,
  out salt bytea, out pbkdf2_iterations integer, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest bytea;
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, false);
  select coalesce(cr.pbkdf2_salt, cr.salt), cr.pbkdf2_iterations into salt, pbkdf2_iterations
  from app_private.credential cr join app.colleague c on c.id = cr.colleague_id
  where c.email = p_email;
  if not found then
    select sha256(s.pepper || convert_to(p_email, 'UTF8')) into v_digest from app_private.secret s;
    salt := substring(v_digest from 1 for 16);
    if get_byte(v_digest, 31) < 128 then
      select cr.pbkdf2_iterations into pbkdf2_iterations from app_private.credential cr
      where cr.pbkdf2_iterations is not null limit 1;
    end if;
  end if;
end
$$;
comment on function app.begin_log_in(text, bytea, bytea) is
  'How to stretch the password for an e-mail address, known or not; seconds to wait after failures.';
grant execute on function app.begin_log_in(text, bytea, bytea) to kollegium_api;

-- For the release before, which knows Argon2id alone; goes with the next one.
create or replace function app.prepare_log_in(
  p_email text, p_address bytea, p_fingerprint bytea, out salt bytea, out retry_after integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select b.salt, b.retry_after from app.begin_log_in(p_email, p_address, p_fingerprint) b
$$;
comment on function app.prepare_log_in(text, bytea, bytea) is
  'What app.begin_log_in says, as the release before asks for it.';
grant execute on function app.prepare_log_in(text, bytea, bytea) to kollegium_api;

-- A password of the former system is replaced at the first log-in: the right proof of the old kind
-- buys a proof of the new kind. Anything else changes nothing, and says nothing.
create or replace function app.renew_proof(p_email text, p_proof bytea, p_salt bytea, p_new_proof bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app_private.credential cr set salt = p_salt, proof_sha256 = sha256(p_new_proof),
    pbkdf2_iterations = null, pbkdf2_salt = null, changed_at = now()
  from app.colleague c
  where c.id = cr.colleague_id and c.email = p_email and c.active
    and cr.pbkdf2_iterations is not null and cr.proof_sha256 = sha256(p_proof);
end
$$;
comment on function app.renew_proof(text, bytea, bytea, bytea) is
  'Replaces a password''s proof of the former system by one of Argon2id, against the right old one.';
grant execute on function app.renew_proof(text, bytea, bytea, bytea) to kollegium_api;

-- Opens a session when the proof is right: one row with expires_at. Otherwise one row with
-- retry_after (0: wrong e-mail or password). Counts the failure, so the caller must commit.
create or replace function app.open_session(
  p_email text, p_proof bytea, p_token_sha256 bytea, p_address bytea, p_fingerprint bytea,
  out expires_at timestamptz, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, true);
  if retry_after > 0 then
    return;
  end if;
  select c.* into v_colleague
  from app.colleague c
  join app_private.credential cr on cr.colleague_id = c.id
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = p_email and c.active and cr.proof_sha256 = sha256(p_proof)
  for key share of c, co;  -- who is just being deactivated or merged is waited for, and read again
  if v_colleague.id is null then
    return;
  end if;
  -- Success pays the attempt back: only failures count. What others spent on this account stays, and
  -- so does what was tried with this password on others: an account of his own must not buy anybody
  -- further guesses.
  delete from app_private.rate
  where bucket = sha256(convert_to('log-in ' || p_email || ' ' || encode(p_address, 'hex'), 'UTF8'));
  update app_private.rate set full_at = full_at - interval '15 min' / 9
  where bucket = sha256(convert_to(
    'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex'), 'UTF8'));
  expires_at := now() + interval '12 hours';
  insert into app_private.bearer (token_sha256, company_id, colleague_id, address_sha256, expires_at)
  values (p_token_sha256, v_colleague.company_id, v_colleague.id, p_address, expires_at);
  perform app_private.audit('session-opened', v_colleague.company_id, v_colleague.id, null);
end
$$;
comment on function app.open_session(text, bytea, bytea, bytea, bytea) is
  'Opens a session for 12 hours when the stretched password is right, else counts the failure.';
grant execute on function app.open_session(text, bytea, bytea, bytea, bytea) to kollegium_api;

-- Log-out. The row is kept, expired, so that its address stays known (see log_in_wait); the worker
-- removes it after 30 days. An API key cannot log out.
create or replace function app.close_session() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  update app_private.bearer set expires_at = now()
  where token_sha256 = sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
  perform app_private.audit('session-closed', v_caller.company_id, v_caller.colleague_id, null);
end
$$;
comment on function app.close_session() is 'Ends the session of the token in use.';
grant execute on function app.close_session() to kollegium_api;

-- The first answer to an Idempotency-Key of this company, or no row when the key is new. A key is
-- bound to its request: 422 for another one, 409 while the first is still running.
create or replace function app.claim_idempotency_key(p_key text, p_request_sha256 bytea)
returns table (status integer, headers jsonb, body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_first app_private.idempotent_answer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('idempotency ' || v_company || ' ' || p_key, 0)) then
    perform app_private.refuse(409, 'idempotency-in-progress', '{"retry_after": 1}');
  end if;
  select * into v_first from app_private.idempotent_answer a
  where a.company_id = v_company and a.key = p_key;
  if not found then
    return;
  end if;
  if v_first.request_sha256 <> p_request_sha256 then
    perform app_private.refuse(422, 'idempotency-key-reused');
  end if;
  return query select v_first.status, v_first.headers, v_first.body;
end
$$;
comment on function app.claim_idempotency_key(text, bytea) is
  'First answer to this company''s Idempotency-Key; no row when it is new.';
grant execute on function app.claim_idempotency_key(text, bytea) to kollegium_api;

create or replace function app.keep_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.idempotent_answer (company_id, key, request_sha256, status, headers, body)
  values (app.current_company_id(), p_key, p_request_sha256, p_status, p_headers, p_body)
$$;
comment on function app.keep_answer(text, bytea, integer, jsonb, text) is
  'Keeps the answer to an Idempotency-Key in the transaction of its effect.';
grant execute on function app.keep_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- sql/functions/90_legacy_loads.sql
set local role kollegium_owner;
-- The migration, part 1: rows of the former system while a run works with them (docs/migration.md).
--
-- Staff fills schema legacy_staging with COPY and can read nothing there; these functions read it.
-- A load belongs to one run: its first session holds a session-level lock on the load's number, and each
-- batch one for its transaction. A run that was killed lets go of both, and the next run empties what it
-- left behind.
set local role kollegium_broker;

create or replace function app_private.legacy_load_lock(p_load integer) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('legacy load ' || p_load, 0) $$;

-- Empties what loads left that no session holds. Truncates where nobody else is at work: deleting
-- millions of rows would take as long as reading them.
create or replace function app_private.legacy_clear_loads()
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_dead integer[];
  v_alive boolean;
  v_table name;
begin
  select array_agg(l.load) filter (where l.dead), bool_or(not l.dead) into v_dead, v_alive
  from (select load, pg_try_advisory_xact_lock(app_private.legacy_load_lock(load)) as dead
        from legacy_staging.load) l;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' loop
    if coalesce(v_alive, false) then
      execute format('delete from legacy_staging.%I where load = any ($1)', v_table) using v_dead;
    else
      execute format('truncate legacy_staging.%I', v_table);
    end if;
  end loop;
end
$$;

-- Begins a load and returns its number. The session keeps it until app.legacy_end_load, or its end.
create or replace function app.legacy_begin_load(p_source text)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_load integer;
begin
  -- One at a time takes a number and clears; the rows of others are theirs.
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform app_private.legacy_clear_loads();
  select coalesce(max(load), 0) + 1 into v_load from legacy_staging.load;
  perform pg_advisory_lock_shared(app_private.legacy_load_lock(v_load));
  insert into legacy_staging.load (load, source) values (v_load, p_source);
  return v_load;
end
$$;
comment on function app.legacy_begin_load(text) is
  'Begins a load of legacy rows into legacy_staging; what dead runs left is emptied.';
grant execute on function app.legacy_begin_load(text) to kollegium_staff;

-- Every row of the load is there: gives the planner its statistics and looks at each row.
create or replace function app.legacy_seal_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_table name;
begin
  update legacy_staging.load set sealed_at = now() where load = p_load;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' loop
    execute format('analyze legacy_staging.%I', v_table);
  end loop;
  perform app_private.legacy_check_users(p_load);
  perform app_private.legacy_check_marketplaces(p_load);
  perform app_private.legacy_check_leads(p_load);
  perform app_private.legacy_check_beside_leads(p_load);
  analyze legacy_staging.finding;
  analyze legacy_staging.blocked;
end
$$;
comment on function app.legacy_seal_load(integer) is
  'Ends the reading of a load and finds what cannot be imported, and why.';
grant execute on function app.legacy_seal_load(integer) to kollegium_staff;

create or replace function app.legacy_end_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform pg_advisory_unlock_shared(app_private.legacy_load_lock(p_load));
  perform app_private.legacy_clear_loads();
end
$$;
comment on function app.legacy_end_load(integer) is 'Ends a load: its rows go.';
grant execute on function app.legacy_end_load(integer) to kollegium_staff;

-- The id of what a legacy row becomes: a UUID of version 7 with the row's own time in front, so that
-- lists stay in their old order, and a digest of kind and number behind: the same in every run.
create or replace function app_private.legacy_id(p_kind text, p_legacy_id bigint, p_at timestamptz)
returns uuid language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest constant text := md5(p_kind || p_legacy_id);
begin
  return lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0')
    || '7' || substr(v_digest, 1, 3) || 'a' || substr(v_digest, 4, 15);
end
$$;

-- sql/functions/91_legacy_checks.sql
set local role kollegium_owner;
-- The migration, part 2: what a load found about each row, and why some cannot be imported.
--
-- Reasons are words of service/legacy/reasons.toml, which says what heals each. A check tells all
-- reasons of a row at once. What depends on a row in quarantine waits with it, and says so.
set local role kollegium_broker;

create or replace function app_private.legacy_block(p_load integer, p_table text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.blocked (load, source_table, id)
  select distinct load, source_table, legacy_key::bigint from legacy_staging.finding
  where load = p_load and source_table = p_table and kind = 'quarantine'
$$;

-- UTF-8 that was once read as Latin-1 or Windows-1252: a lead byte's sign, then a continuation's.
create or replace function app_private.legacy_garbled(p_text text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select p_text ~ '[ÂÃ][\u0080-\u00bfŒœŸž„“”‚™š›€]|â€|�' $$;

-- Iterations, salt and digest of pbkdf2_sha256$iterations$salt$base64; null when it is anything else.
create or replace function app_private.legacy_password(p_hash text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  -- Counted repetitions in one pattern would cost a third of a millisecond a user.
  select case when cardinality(p) = 4 and p[1] = 'pbkdf2_sha256' and p[2] ~ '^[1-9][0-9]*$'
      and length(p[2]) <= 7 and length(p[3]) between 1 and 128
      and length(p[4]) = 44 and p[4] ~ '^[A-Za-z0-9+/]+=$' then p[2:4] end
  from (select string_to_array(p_hash, '$') as p) s
$$;

create or replace function app_private.legacy_check_users(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'users', u.id::text, f.kind, f.reason
  from (
    select s.*, s.deleted_at is null as live, lower(btrim(s.email)) as address,
      nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person,
      nullif(btrim(s.company_name), '') as firm,
      count(*) filter (where s.deleted_at is null) over (partition by lower(btrim(s.email))) as same
    from legacy_staging.users s where s.load = p_load) u
  cross join lateral (values
    ('quarantine', 'email-unusable', u.live and coalesce(
      u.address !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or length(u.address) > 254, true)),
    ('quarantine', 'email-shared', u.live and u.same > 1 and u.address <> ''),
    ('quarantine', 'name-missing', coalesce(u.firm, u.person) is null),
    ('quarantine', 'name-too-long', greatest(length(u.firm), length(u.person)) > 200),
    ('adjusted', 'user-deleted', not u.live),
    ('adjusted', 'email-lower-case', u.live and u.email <> u.address),
    ('adjusted', 'firm-named-after-person', u.firm is null and u.person is not null),
    ('adjusted', 'person-named-after-firm', u.person is null and u.firm is not null),
    ('warning', 'password-unusable', u.live
      and app_private.legacy_password(u.password_hash) is null),
    ('warning', 'text-garbled', app_private.legacy_garbled(concat_ws(' ', u.firm, u.person)))
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_check_addresses(p_load);
  perform app_private.legacy_block(p_load, 'users');
end
$$;

-- Addresses that somebody here has and keeps: who is not from the former system, is not in this load,
-- waits in quarantine or was changed here. Who gives his up in this load may pass it on, so two can
-- exchange theirs; who cannot, keeps his too, hence again until nobody is found.
create or replace function app_private.legacy_check_addresses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_cut_over constant boolean := app_private.legacy_cut_over();
  v_found integer;
begin
  loop
    insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
    select p_load, 'users', u.id::text, 'quarantine', 'email-taken'
    from legacy_staging.users u
    join app.colleague c on c.email = lower(btrim(u.email))
    left join app_private.legacy_user m on m.colleague_id = c.id
    where u.load = p_load and u.deleted_at is null and m.legacy_id is distinct from u.id
      and not exists (
        select from legacy_staging.users s join app.company co on co.id = m.company_id
        where s.load = p_load and s.id = m.legacy_id and not v_cut_over
          and (s.deleted_at is not null or lower(btrim(s.email)) <> c.email)
          and m.version = co.version + c.version and not exists (
            select from legacy_staging.finding f where f.load = p_load and f.source_table = 'users'
              and f.legacy_key = s.id::text and f.kind = 'quarantine'))
      and not exists (
        select from legacy_staging.finding f where f.load = p_load and f.source_table = 'users'
          and f.legacy_key = u.id::text and f.reason = 'email-taken');
    get diagnostics v_found = row_count;
    exit when v_found = 0;
  end loop;
end
$$;

create or replace function app_private.legacy_check_marketplaces(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'marketplaces', m.id::text, f.kind, f.reason,
    case when f.reason = 'depends-on' then 'users:' || b.id end
  from legacy_staging.marketplaces m
  left join legacy_staging.users u on u.load = p_load and u.id = m.owner_user_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'users' and b.id = u.id
  left join (select marketplace_id, count(*) as steps from legacy_staging.statuses
             where load = p_load group by marketplace_id) s on s.marketplace_id = m.id
  cross join lateral (values
    ('quarantine', 'owner-missing', u.id is null),
    ('quarantine', 'depends-on', b.id is not null),
    ('quarantine', 'name-missing', coalesce(btrim(m.name), '') = ''),
    ('quarantine', 'name-too-long', length(m.name) > 200),
    ('quarantine', 'setting-out-of-range',
      m.response_hours not between 1 and 720 or m.teaser_digits not between 0 and 5),
    ('quarantine', 'statuses-too-many', s.steps > 20),
    ('adjusted', 'statuses-missing', s.steps is null),
    ('warning', 'text-garbled', app_private.legacy_garbled(m.name))
  ) f (kind, reason, holds)
  where m.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'marketplaces');
  perform app_private.legacy_check_participants(p_load);
end
$$;

create or replace function app_private.legacy_check_participants(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'participants', p.id::text, 'quarantine', f.reason,
    case when f.reason = 'depends-on' then coalesce('marketplaces:' || bm.id, 'users:' || bu.id) end
  from (select s.*, row_number() over (partition by s.marketplace_id, s.user_id, s.role
                                       order by s.id) as nth
        from legacy_staging.participants s where s.load = p_load) p
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  left join legacy_staging.blocked bm on bm.load = p_load and bm.source_table = 'marketplaces' and bm.id = m.id
  left join legacy_staging.blocked bu on bu.load = p_load and bu.source_table = 'users' and bu.id = u.id
  cross join lateral (values
    ('marketplace-missing', m.id is null),
    ('user-missing', u.id is null),
    ('depends-on', num_nonnulls(bm.id, bu.id) > 0),
    ('role-unknown', p.role not in ('giver', 'taker')),
    ('state-unknown', p.state not in ('invited', 'active', 'declined', 'ended')),
    ('participant-is-owner', p.user_id = m.owner_user_id),
    ('setting-out-of-range', p.cap not between 0 and 100000
      or cardinality(string_to_array(p.postcode_areas, ',')) > 1000
      or cardinality(string_to_array(p.tags, ',')) > 100),
    ('participant-twice', p.nth > 1)
  ) f (reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'participants');
end
$$;

-- sql/functions/92_legacy_checks_of_leads.sql
set local role kollegium_owner;
-- The migration, part 3: what a load found about leads, offers, comments and API keys.
set local role kollegium_broker;

create or replace function app_private.legacy_check_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'leads', l.id::text, f.kind, f.reason,
    case when f.reason = 'depends-on'
      then coalesce('marketplaces:' || bm.id, 'users:' || bp.id, 'users:' || bg.id) end
  from legacy_staging.leads l
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
  left join legacy_staging.users g on g.load = p_load and g.id = l.giver_user_id
  left join legacy_staging.users p on p.load = p_load and p.id = l.picked_by_user_id
  left join legacy_staging.statuses s on s.load = p_load and s.id = l.status_id
  left join legacy_staging.blocked bm on bm.load = p_load and bm.source_table = 'marketplaces' and bm.id = m.id
  left join legacy_staging.blocked bg on bg.load = p_load and bg.source_table = 'users' and bg.id = g.id
  left join legacy_staging.blocked bp on bp.load = p_load and bp.source_table = 'users' and bp.id = p.id
  cross join lateral (values
    ('quarantine', 'marketplace-missing', m.id is null),
    ('quarantine', 'giver-missing', l.giver_user_id is not null and g.id is null),
    ('quarantine', 'picker-missing', l.picked_by_user_id is not null and p.id is null),
    ('quarantine', 'depends-on', num_nonnulls(bm.id, bg.id, bp.id) > 0),
    ('quarantine', 'state-unknown', l.state not in
      ('new', 'released', 'offered', 'picked', 'won', 'lost', 'rejected', 'withdrawn')),
    ('quarantine', 'state-contradicts-pick',
      (l.state in ('picked', 'won', 'lost')) <> (l.picked_by_user_id is not null)),
    ('quarantine', 'status-foreign', l.status_id is not null and l.picked_by_user_id is not null
      and s.marketplace_id is distinct from l.marketplace_id),
    ('quarantine', 'interest-unusable', coalesce(length(l.interest), 0) not between 1 and 4000),
    ('quarantine', 'consent-missing', not coalesce(l.consent, false)
      and l.state in ('released', 'offered', 'picked', 'won', 'lost')),
    ('quarantine', 'value-negative', l.value < 0),
    ('quarantine', 'tags-too-many', cardinality(string_to_array(l.tags, ',')) > 50),
    ('adjusted', 'picker-deleted', p.deleted_at is not null),
    ('adjusted', 'no-consent-draft', not coalesce(l.consent, false) and l.state = 'new'),
    ('warning', 'phone-unreadable',
      length(regexp_replace(l.contact_phone, '[^0-9]', '', 'g')) not between 6 and 15
      or l.contact_phone ~ '[[:alpha:]]'),
    ('warning', 'text-garbled', app_private.legacy_garbled(
      concat_ws(' ', l.interest, l.contact_name, l.contact_street, l.contact_city)))
  ) f (kind, reason, holds)
  where l.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'leads');
end
$$;

create or replace function app_private.legacy_check_beside_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'offers', o.id::text, f.kind, f.reason,
    case when f.reason = 'depends-on' then coalesce('leads:' || bl.id, 'users:' || bu.id) end
  from (select s.*, row_number() over (partition by s.lead_id, s.user_id order by s.id) as nth
        from legacy_staging.offers s where s.load = p_load) o
  left join legacy_staging.leads l on l.load = p_load and l.id = o.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = o.user_id
  left join legacy_staging.blocked bl on bl.load = p_load and bl.source_table = 'leads' and bl.id = l.id
  left join legacy_staging.blocked bu on bu.load = p_load and bu.source_table = 'users' and bu.id = u.id
  cross join lateral (values
    ('quarantine', 'lead-missing', l.id is null),
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'depends-on', num_nonnulls(bl.id, bu.id) > 0),
    ('quarantine', 'state-unknown', o.state not in
      ('open', 'picked', 'declined', 'expired', 'lost', 'withdrawn')),
    ('quarantine', 'offer-picked-without-pick', o.state = 'picked' and l.picked_by_user_id is null),
    ('quarantine', 'offer-twice', o.nth > 1),
    ('adjusted', 'offer-outdated', o.state in ('open', 'picked')
      and l.picked_by_user_id <> o.user_id or o.state = 'open' and l.state <> 'offered')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'offers');

  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'comments', c.id::text, 'quarantine', f.reason,
    case when f.reason = 'depends-on' then coalesce('leads:' || bl.id, 'users:' || bu.id) end
  from legacy_staging.comments c
  left join legacy_staging.leads l on l.load = p_load and l.id = c.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = c.user_id
  left join legacy_staging.blocked bl on bl.load = p_load and bl.source_table = 'leads' and bl.id = l.id
  left join legacy_staging.blocked bu on bu.load = p_load and bu.source_table = 'users' and bu.id = u.id
  cross join lateral (values
    ('lead-missing', l.id is null),
    ('user-missing', u.id is null),
    ('depends-on', num_nonnulls(bl.id, bu.id) > 0),
    ('text-unusable', coalesce(length(c.text), 0) not between 1 and 10000)
  ) f (reason, holds)
  where c.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'comments');
  perform app_private.legacy_check_api_keys(p_load);
end
$$;

create or replace function app_private.legacy_check_api_keys(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, 'api_keys', k.id::text, f.kind, f.reason,
    case when f.reason = 'depends-on' then 'users:' || b.id end
  from (select s.*, s.revoked_at is null as live, count(*) filter (where s.revoked_at is null)
          over (partition by lower(s.token_sha256)) as same
        from legacy_staging.api_keys s where s.load = p_load) k
  left join legacy_staging.users u on u.load = p_load and u.id = k.user_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'users' and b.id = u.id
  cross join lateral (values
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'depends-on', b.id is not null),
    ('quarantine', 'token-hash-unusable',
      k.live and coalesce(k.token_sha256 !~* '^[0-9a-f]{64}$', true)),
    ('quarantine', 'token-shared', k.live and (k.same > 1 or exists (
      select from app_private.bearer t
      left join app_private.legacy_api_key m on m.api_key_id = t.api_key_id
      where m.legacy_id is distinct from k.id and t.token_sha256 = decode(
        case when k.token_sha256 ~* '^[0-9a-f]{64}$' then k.token_sha256 else '' end, 'hex')))),
    ('quarantine', 'name-too-long', length(k.name) > 200),
    ('adjusted', 'key-without-name', coalesce(btrim(k.name), '') = '')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'api_keys');
end
$$;

-- sql/functions/93_legacy_users.sql
set local role kollegium_owner;
-- The migration, part 4: each legacy user becomes a company, and its first colleague and admin
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
    case when s.deleted_at is null then lower(btrim(s.email))
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
create or replace function app.legacy_change_users(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  u record;
  v_count integer := 0;
begin
  perform app_private.legacy_free_addresses(p_load);
  for u in
    select s.*, m.company_id as company, m.colleague_id as colleague, m.version as written,
      co.version + c.version as current, co.name as old_name
    from app_private.legacy_users_of(p_load, 0, null) s
    join app_private.legacy_user m on m.legacy_id = s.legacy_id and m.row_hash <> s.row_hash
    join app.company co on co.id = m.company_id
    join app.colleague c on c.id = m.colleague_id
    where not app_private.legacy_cut_over()
    order by s.active, s.legacy_id for no key update of m, co, c
  loop
    if u.written <> u.current then
      perform app_private.legacy_conflict(p_load, 'users', u.legacy_id);
      continue;
    end if;
    update app.company set name = u.company_name, language = u.language,
      state = case when u.active then 'active' else 'closed' end,
      changed_at = now(), version = version + 1 where id = u.company;
    update app.colleague set name = u.colleague_name, email = u.email, language = u.language,
      active = u.active, changed_at = now(), version = version + 1 where id = u.colleague;
    perform app_private.legacy_rename(u.company, u.colleague, u.company_name, u.colleague_name);
    perform app_private.legacy_set_password(u.colleague, u.password);
    update app_private.legacy_user set row_hash = u.row_hash, vat_id = u.vat_id, version = u.written + 2
    where legacy_id = u.legacy_id;
    perform app_private.audit('legacy-user-changed', u.company, u.colleague, u.company);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function app.legacy_change_users(integer) is
  'Brings companies and colleagues up to what their legacy users are now, until the cut-over.';
grant execute on function app.legacy_change_users(integer) to kollegium_staff;

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

-- Both names stand on other rows too.
create or replace function app_private.legacy_rename(
  p_company uuid, p_colleague uuid, p_company_name text, p_colleague_name text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.participation set company_name = p_company_name
  where company_id = p_company and company_name <> p_company_name;
  update app.participation set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  update app.marketplace set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  update app.engagement set handler_name = p_colleague_name
  where company_id = p_company and handler_id = p_colleague and handler_name <> p_colleague_name;
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

-- Changed on both sides: what is here stays, and somebody has to look.
create or replace function app_private.legacy_conflict(p_load integer, p_table text, p_id bigint)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  values (p_load, p_table, p_id::text, 'quarantine', 'changed-here')
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

-- sql/functions/94_legacy_marketplaces.sql
set local role kollegium_owner;
-- The migration, part 5: marketplaces, who takes part in them, API keys, groups.
set local role kollegium_broker;

create or replace function app_private.legacy_marketplaces_of(p_load integer)
returns table (legacy_id bigint, marketplace_id uuid, company_id uuid, company_name text, name text,
  steps text[], response_hours integer, teaser_digits integer, giver_may_withdraw boolean,
  auto_accept boolean, created_at timestamptz, updated_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 2000
as $$
  select m.id, app_private.legacy_id('marketplace', m.id, m.created_at), p.company_id,
    p.company_name, m.name, t.steps, coalesce(m.response_hours, 48), coalesce(m.teaser_digits, 2),
    coalesce(m.giver_may_withdraw, true), coalesce(m.auto_accept, false), m.created_at, m.updated_at,
    hash_record_extended(row(m.name, m.response_hours, m.teaser_digits, m.giver_may_withdraw,
      m.auto_accept, t.steps), 0)
  from legacy_staging.marketplaces m
  join app_private.legacy_party p on p.legacy_id = m.owner_user_id
  cross join lateral (select coalesce((
    select array_agg(s.name order by s.position, s.id) from legacy_staging.statuses s
    where s.load = p_load and s.marketplace_id = m.id), array['neu']) as steps) t
  where m.load = p_load and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'marketplaces' and b.id = m.id)
$$;

-- All marketplaces of a load; there are few. The primary key of legacy_marketplace lets each in once.
create or replace function app.legacy_import_marketplaces(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  m record;
begin
  seen := 0; created := 0; changed := 0;
  for m in
    select s.*, k.marketplace_id as known, k.row_hash as known_hash, k.version as written
    from app_private.legacy_marketplaces_of(p_load) s
    left join app_private.legacy_marketplace k on k.legacy_id = s.legacy_id
    order by s.legacy_id
  loop
    seen := seen + 1;
    if m.known is null then
      created := created + app_private.legacy_add_marketplace(
        m.legacy_id, m.marketplace_id, m.company_id, m.company_name, m.name, m.steps, m.response_hours,
        m.teaser_digits, m.giver_may_withdraw, m.auto_accept, m.created_at, m.row_hash);
    elsif m.known_hash <> m.row_hash and not app_private.legacy_cut_over() then
      update app.marketplace set name = m.name, steps = m.steps, response_hours = m.response_hours,
        teaser_digits = m.teaser_digits, giver_may_withdraw = m.giver_may_withdraw,
        auto_accept = m.auto_accept, changed_at = now(), version = version + 1
      where id = m.known and version = m.written;
      if not found then
        perform app_private.legacy_conflict(p_load, 'marketplaces', m.legacy_id);
        continue;
      end if;
      update app.participation set marketplace_name = m.name, steps = m.steps where marketplace_id = m.known;
      update app_private.legacy_marketplace set row_hash = m.row_hash, version = m.written + 1
      where legacy_id = m.legacy_id;
      perform app_private.audit('legacy-marketplace-changed', m.company_id, null, m.known);
      changed := changed + 1;
    end if;
  end loop;
end
$$;
comment on function app.legacy_import_marketplaces(integer) is
  'The marketplaces of a load, operated by the companies of their owners.';
grant execute on function app.legacy_import_marketplaces(integer) to kollegium_staff;

-- 1 when this call made it, 0 when another run was first, or the cut-over.
create or replace function app_private.legacy_add_marketplace(
  p_legacy_id bigint, p_id uuid, p_company uuid, p_company_name text, p_name text, p_steps text[],
  p_hours integer, p_digits integer, p_withdraw boolean, p_accept boolean, p_at timestamptz, p_hash bigint)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('marketplaces', p_legacy_id) then
    return 0;
  end if;
  -- A merge of the operator waits for this transaction, or this one for the merge.
  perform from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps, response_hours,
    teaser_digits, giver_may_withdraw, auto_accept, created_at)
  values (p_id, p_company, p_name, p_company_name, p_steps, p_hours, p_digits, p_withdraw, p_accept, p_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  insert into app_private.legacy_marketplace (legacy_id, marketplace_id, row_hash, version)
  values (p_legacy_id, p_id, p_hash, 1);
  perform app_private.audit('legacy-marketplace-imported', p_company, null, p_id,
    jsonb_build_object('legacy_marketplace', p_legacy_id));
  return 1;
end
$$;

-- 'a, b,,c' as an array: what the former system kept in one text.
create or replace function app_private.legacy_list(p_text text) returns text[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(array_remove(regexp_split_to_array(btrim(p_text), ' *, *'), ''), '{}');
end
$$;

-- One card for each marketplace and user: the rows of a giver and of a taker together.
create or replace function app_private.legacy_cards_of(p_load integer)
returns table (first_id bigint, marketplace_id uuid, operator_company_id uuid, marketplace_name text,
  operator_name text, steps text[], company_id uuid, company_name text, capacities text[], state text,
  postcode_areas text[], tags text[], cap integer, created_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 20000
as $$
  select p.first_id, m.id, m.operator_company_id, m.name, m.operator_name, m.steps, u.company_id,
    u.company_name, p.capacities,
    case when u.active then (array['active', 'invited', 'ended', 'declined'])[p.best] else 'ended' end, p.postcode_areas, p.tags, p.cap,
    p.created_at, hash_record_extended(row(u.active, p.capacities, p.best, p.postcode_areas, p.tags, p.cap), 0)
  from (
    select s.marketplace_id, s.user_id, min(s.id) as first_id, array_agg(s.role order by s.role) as capacities,
      min(array_position(array['active', 'invited', 'ended', 'declined'], s.state)) as best,
      app_private.legacy_list(max(s.postcode_areas) filter (where s.role = 'taker')) as postcode_areas,
      app_private.legacy_list(max(s.tags) filter (where s.role = 'taker')) as tags,
      max(s.cap) filter (where s.role = 'taker') as cap, min(s.created_at) as created_at
    from legacy_staging.participants s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id)
    group by s.marketplace_id, s.user_id) p
  join app_private.legacy_marketplace k on k.legacy_id = p.marketplace_id
  join app.marketplace m on m.id = k.marketplace_id
  join app_private.legacy_party u on u.legacy_id = p.user_id
$$;

-- sql/functions/95_legacy_partners.sql
set local role kollegium_owner;
-- The migration, part 6: participations, API keys, groups.
set local role kollegium_broker;

-- All cards of a load: new ones go in, those that changed there and not here follow.
create or replace function app.legacy_import_participations(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_cut_over constant boolean := app_private.legacy_cut_over();
begin
  perform from app.company co where co.id in (
    select u.company_id from app_private.legacy_party u where u.legacy_id in (
      select s.user_id from legacy_staging.participants s where s.load = p_load))
  order by co.id for share;
  changed := 0;
  if not v_cut_over and exists (select from app_private.legacy_participation) then
    changed := app_private.legacy_change_participations(p_load);
  end if;
  with cards as materialized (
    select * from app_private.legacy_cards_of(p_load)
  ), won as (
    insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
      postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps, invited_at,
      answered_at, ended_at)
    select c.marketplace_id, c.company_id, c.operator_company_id, c.capacities, c.state,
      c.postcode_areas, c.tags, c.cap, c.marketplace_name, c.operator_name, c.company_name, c.steps,
      c.created_at, case when c.state <> 'invited' then c.created_at end,
      case when c.state = 'ended' then c.created_at end
    from cards c
    where c.company_id <> c.operator_company_id
      and (not v_cut_over or app_private.legacy_waits('participants', c.first_id))
    order by c.marketplace_id, c.company_id
    on conflict (marketplace_id, company_id) do nothing
    returning marketplace_id, company_id
  ), kept as (
    insert into app_private.legacy_participation (marketplace_id, company_id, row_hash, version)
    select w.marketplace_id, w.company_id, c.row_hash, 1
    from won w join cards c using (marketplace_id, company_id)
    on conflict (marketplace_id, company_id) do nothing
  ) select (select count(*) from cards), count(*) into seen, created from won;
end
$$;
comment on function app.legacy_import_participations(integer) is
  'The participations of a load: who gives to and takes from a marketplace.';
grant execute on function app.legacy_import_participations(integer) to kollegium_staff;

create or replace function app_private.legacy_change_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  c record;
  v_count integer := 0;
begin
  for c in
    select s.*, k.version as written
    from app_private.legacy_cards_of(p_load) s
    join app_private.legacy_participation k using (marketplace_id, company_id)
    where k.row_hash <> s.row_hash
    order by s.marketplace_id, s.company_id
  loop
    update app.participation set capacities = c.capacities, state = c.state,
      postcode_areas = c.postcode_areas, tags = c.tags, cap = c.cap, version = version + 1,
      ended_at = case when c.state = 'ended' then now() end
    where marketplace_id = c.marketplace_id and company_id = c.company_id and version = c.written;
    if not found then
      perform app_private.legacy_conflict(p_load, 'participants', c.first_id);
      continue;
    end if;
    update app_private.legacy_participation set row_hash = c.row_hash, version = c.written + 1
    where marketplace_id = c.marketplace_id and company_id = c.company_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- Keys go on working: both systems keep SHA-256 of the token. A key revoked there ends here.
create or replace function app.legacy_import_api_keys(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
begin
  seen := 0; created := 0; changed := 0;
  for k in
    select s.id, app_private.legacy_id('api-key', s.id, s.created_at) as key_id, p.company_id,
      p.colleague_id, coalesce(nullif(btrim(s.name), ''), 'API') as name, s.created_at, s.revoked_at,
      case when s.revoked_at is null then decode(s.token_sha256, 'hex') end as token, m.api_key_id as known, a.revoked_at as ended
    from legacy_staging.api_keys s
    join app_private.legacy_party p on p.legacy_id = s.user_id
    left join app_private.legacy_api_key m on m.legacy_id = s.id
    left join app.api_key a on a.id = m.api_key_id
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
    order by s.id
  loop
    seen := seen + 1;
    if k.known is null then
      created := created + app_private.legacy_add_api_key(
        k.id, k.key_id, k.company_id, k.colleague_id, k.name, k.created_at, k.revoked_at, k.token);
    elsif k.revoked_at is not null and k.ended is null and not app_private.legacy_cut_over() then
      update app.api_key set revoked_at = k.revoked_at where id = k.known;
      delete from app_private.bearer where api_key_id = k.known;
      perform app_private.audit('api-key-revoked', k.company_id, null, k.known);
      changed := changed + 1;
    end if;
  end loop;
end
$$;
comment on function app.legacy_import_api_keys(integer) is
  'The API keys of a load; their tokens go on working.';
grant execute on function app.legacy_import_api_keys(integer) to kollegium_staff;

create or replace function app_private.legacy_add_api_key(
  p_legacy_id bigint, p_id uuid, p_company uuid, p_colleague uuid, p_name text, p_at timestamptz,
  p_revoked_at timestamptz, p_token bytea)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('api_keys', p_legacy_id) then
    return 0;
  end if;
  -- A deleted user's company is closed: its key comes over and opens nothing.
  select state into v_state from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.api_key (id, company_id, name, created_by_id, created_at, revoked_at)
  values (p_id, p_company, p_name, p_colleague, p_at, p_revoked_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  if p_revoked_at is null then
    insert into app_private.bearer (token_sha256, company_id, company_state, api_key_id, created_at, expires_at)
    values (p_token, p_company, v_state, p_id, p_at, 'infinity');
  end if;
  insert into app_private.legacy_api_key (legacy_id, api_key_id) values (p_legacy_id, p_id);
  perform app_private.audit('api-key-created', p_company, p_colleague, p_id,
    jsonb_build_object('legacy_api_key', p_legacy_id));
  return 1;
end
$$;

-- Groups gave no rights; they are kept as they are now, for suggestions.
create or replace function app.legacy_import_groups(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy groups', 0));
  delete from app_private.legacy_group_member;
  delete from app_private.legacy_group;
  insert into app_private.legacy_group (legacy_id, owner_legacy_id, name)
  select g.id, g.owner_user_id, g.name from legacy_staging.groups g where g.load = p_load;
  get diagnostics v_count = row_count;
  insert into app_private.legacy_group_member (group_legacy_id, user_legacy_id)
  select m.group_id, m.user_id from legacy_staging.group_members m where m.load = p_load;
  return v_count;
end
$$;
comment on function app.legacy_import_groups(integer) is
  'Keeps the legacy groups and their members, from which merges are suggested.';
grant execute on function app.legacy_import_groups(integer) to kollegium_staff;

-- sql/functions/96_legacy_lead_rows.sql
set local role kollegium_owner;
-- The migration, part 7: what the leads of a batch are to become. Nothing is written here.
set local role kollegium_broker;

-- Offers and comments of the leads after p_after up to p_last: their common hash, without those that
-- wait in quarantine, so that a healed one shows as a change of its lead.
create or replace function app_private.legacy_beside(p_load integer, p_after bigint, p_last bigint)
returns table (lead_id bigint, has_offers boolean, has_open boolean, hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select x.lead_id, bool_or(x.offer), bool_or(x.open), bit_xor(x.hash) filter (where not x.waits)
  from (
    select o.lead_id, true as offer, o.state = 'open' as open, b.id is not null as waits,
      hash_record_extended(row(o.id, o.user_id, o.state, o.reason, o.offered_at, o.expires_at,
        o.answered_at), 1) as hash
    from legacy_staging.offers o
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
    where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
    union all
    select c.lead_id, false, false, b.id is not null, hash_record_extended(row(c.id), 2)
    from legacy_staging.comments c
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'comments' and b.id = c.id
    where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last) x
  group by x.lead_id
$$;

-- Is there an offer or comment of the lead that waits in quarantine and could come in now?
create or replace function app_private.legacy_healed_beside(p_load integer, p_lead bigint)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from (
      select 'offers' as source_table, o.id from legacy_staging.offers o
      where o.load = p_load and o.lead_id = p_lead
      union all
      select 'comments', c.id from legacy_staging.comments c
      where c.load = p_load and c.lead_id = p_lead) x
    where app_private.legacy_waits(x.source_table, x.id) and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = x.source_table and b.id = x.id))
$$;

-- The leads of a batch that are new, or differ from what was imported of them. action:
--   new            not imported yet
--   change         differs, and nobody touched it here
--   complete       was touched here, or the cut-over is past; a row beside it is healed and comes in
--   changed-here   differs, and was touched here;  giver-changed: a giver is never exchanged
--   late           differs after the cut-over: nothing happens
create or replace function app_private.legacy_lead_rows(p_load integer, p_after bigint, p_last bigint)
returns setof app_private.legacy_lead_row
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select l.id,
    act.action,
    m.id, coalesce(k.lead_id, app_private.legacy_id('lead', l.id, l.created_at)),
    array_remove(array[m.operator_company_id, g.company_id, t.company_id], null),
    m.operator_company_id, m.operator_name, g.company_id, g.company_name,
    coalesce(g.colleague_id, o.colleague_id), coalesce(g.colleague_name, o.colleague_name),
    t.company_id, t.company_name, t.colleague_id, t.colleague_name, t.active,
    case when act.action = 'complete' then case when exists (
        select from app.brokerage w where w.marketplace_id = m.id and w.state = 'open'
          and w.id = app_private.legacy_id('brokerage', l.id, l.created_at)) then 'offered' else 'unplaced' end
      else case l.state
      when 'new' then case when l.consent then 'submitted' else 'draft' end
      when 'released' then 'available' when 'picked' then 'engaged'
      when 'won' then 'closed' when 'lost' then 'closed'
      when 'offered' then case when b.has_open then 'offered' else 'unplaced' end
      else l.state end end,
    case l.state when 'picked' then 'active' when 'won' then 'won' when 'lost' then 'lost' end,
    l.interest, left(coalesce(l.contact_postcode, ''), m.teaser_digits),
    app_private.legacy_list(l.tags), coalesce(l.consent, false), case when l.state = 'won' then l.value end,
    m.name, m.steps, coalesce(st.step, m.steps[1]), m.response_hours,
    coalesce(b.has_offers, false),
    app_private.legacy_id('brokerage', l.id, l.created_at),
    case when t.company_id is not null then app_private.legacy_id(
      'engagement of ' || l.picked_by_user_id || ' ', l.id, coalesce(l.picked_at, l.updated_at)) end,
    case when t.company_id is not null then coalesce(l.picked_at, l.updated_at) end,
    case when l.state in ('won', 'lost') then coalesce(l.closed_at, l.updated_at) end,
    l.created_at, l.updated_at, h.hash, k.row_hash, a.version
  from legacy_staging.leads l
  join app_private.legacy_marketplace km on km.legacy_id = l.marketplace_id
  join app.marketplace m on m.id = km.marketplace_id
  join legacy_staging.marketplaces sm on sm.load = p_load and sm.id = l.marketplace_id
  join app_private.legacy_party o on o.legacy_id = sm.owner_user_id
  left join app_private.legacy_party g
    on g.legacy_id = l.giver_user_id and g.company_id <> m.operator_company_id
  left join app_private.legacy_party t on t.legacy_id = l.picked_by_user_id
  left join (select s.id, s.name as step from legacy_staging.statuses s where s.load = p_load)
    st on st.id = l.status_id and st.step = any (m.steps)
  left join app_private.legacy_beside(p_load, p_after, p_last) b on b.lead_id = l.id
  left join app_private.legacy_lead k on k.legacy_id = l.id
  left join app.lead a on a.marketplace_id = k.marketplace_id and a.id = k.lead_id
  cross join lateral (select coalesce(b.hash, 0) # hash_record_extended(row(
    l.giver_user_id, l.picked_by_user_id, l.picked_at, l.state, l.status_id, l.interest, l.tags,
    l.consent, l.value, l.closed_at, l.contact_name, l.contact_salutation, l.contact_company,
    l.contact_email, l.contact_phone, l.contact_street, l.contact_postcode, l.contact_city,
    l.contact_country), 0) as hash) h
  cross join lateral (select case
    when k.legacy_id is null then 'new'
    when a.version = k.version and not c.cut_over
      then case when a.giver_company_id is distinct from g.company_id then 'giver-changed' else 'change' end
    when app_private.legacy_healed_beside(p_load, l.id) then 'complete'
    when c.cut_over then 'late' else 'changed-here' end as action
    from (select (select app_private.legacy_cut_over()) as cut_over) c) act
  where l.load = p_load and l.id > p_after and l.id <= p_last
    and k.row_hash is distinct from h.hash
    and not exists (select from legacy_staging.blocked x
                    where x.load = p_load and x.source_table = 'leads' and x.id = l.id)
$$;

-- Offers of the given leads. What an offer becomes depends on the pick first (rule L4), and for a lead
-- that was touched here on how it stands here.
create or replace function app_private.legacy_offers_of(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns table (marketplace_id uuid, id uuid, brokerage_id uuid, lead_id uuid, company_id uuid,
  company_name text, operator_company_id uuid, state text, interest text, postcode_area text,
  tags text[], marketplace_name text, opened_at timestamptz, expires_at timestamptz,
  answered_at timestamptz, answered_by_name text, decline_reason text, changes boolean)
language sql stable set search_path = pg_catalog, pg_temp rows 15000
as $$
  select r.marketplace_id, app_private.legacy_id('offer', o.id, o.offered_at),
    r.brokerage_id, r.lead_id, p.company_id, p.company_name, r.operator_company_id, s.state,
    r.interest, r.postcode_area, r.tags, r.marketplace_name, o.offered_at,
    coalesce(o.expires_at, o.offered_at + make_interval(hours => r.hours)),
    case when s.state = 'open' then null
         else coalesce(o.answered_at, case when s.state in ('picked', 'lost') then r.picked_at end,
                       o.updated_at) end,
    case when s.state in ('picked', 'declined') then p.colleague_name end,
    case when s.state = 'declined' then o.reason end, r.action = 'change'
  from unnest(p_rows) r
  join legacy_staging.offers o on o.load = p_load and o.lead_id = r.legacy_id
  join app_private.legacy_party p on p.legacy_id = o.user_id
  cross join lateral (select case
    when r.action <> 'complete' and r.taker_id = p.colleague_id then 'picked'
    when r.state in ('engaged', 'closed') and o.state in ('open', 'picked') then 'lost'
    when o.state = 'open' and r.state <> 'offered' then 'withdrawn'
    else o.state end as state) s
  where (r.action <> 'complete' or app_private.legacy_waits('offers', o.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'offers' and b.id = o.id)
$$;

-- sql/functions/97_legacy_leads.sql
set local role kollegium_owner;
-- The migration, part 8: a batch of leads with everything that belongs to them, in one transaction.
--
-- The primary key of app_private.legacy_lead lets each lead in once: who inserts that row inserts the
-- lead. A second run waits there for the first and then finds nothing left to do.
set local role kollegium_broker;

-- Where the batches of a load begin: the number of the lead before each.
create or replace function app.legacy_lead_batches(p_load integer, p_limit integer)
returns setof bigint language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 0
  union all
  (select l.id from (select s.id, row_number() over (order by s.id) as n
                     from legacy_staging.leads s where s.load = p_load) l
   where l.n % p_limit = 0 order by l.id)
$$;
comment on function app.legacy_lead_batches(integer, integer) is
  'The numbers after which the batches of a load begin, of so many leads each.';
grant execute on function app.legacy_lead_batches(integer, integer) to kollegium_staff;

-- At most p_limit leads after number p_after; batches may run side by side. last is where the next batch begins, null after the end.
create or replace function app.legacy_import_leads(
  p_load integer, p_after bigint, p_limit integer,
  out last bigint, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows app_private.legacy_lead_row[];
begin
  perform pg_advisory_xact_lock_shared(app_private.legacy_load_lock(p_load));
  created := 0; changed := 0;
  select max(s.id), count(*) into last, seen
  from (select l.id from legacy_staging.leads l where l.load = p_load and l.id > p_after
        order by l.id limit p_limit) s;
  if last is null then
    return;
  end if;
  perform app_private.legacy_hold_companies(p_load, p_after, last);
  select array_agg(r order by r.legacy_id) into v_rows
  from app_private.legacy_lead_rows(p_load, p_after, last) r;
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'leads', r.legacy_id::text, 'quarantine', r.action
  from unnest(v_rows) r where r.action in ('changed-here', 'giver-changed');
  v_rows := app_private.legacy_claim_leads(v_rows);
  if v_rows is null then
    return;
  end if;
  select count(*) filter (where r.action = 'new'), count(*) filter (where r.action <> 'new')
  into created, changed from unnest(v_rows) r;
  if changed > 0 then
    perform app_private.legacy_change_leads(p_load, v_rows);
  end if;
  perform app_private.legacy_add_leads(p_load, v_rows);
  perform app_private.legacy_add_offers(p_load, v_rows);
  perform app_private.legacy_add_picks(v_rows);
  perform app_private.legacy_add_comments(p_load, v_rows);
  perform app_private.audit('legacy-leads-imported', null, null, null, jsonb_build_object(
    'after', p_after, 'last', last, 'created', created, 'changed', changed));
end
$$;
comment on function app.legacy_import_leads(integer, bigint, integer) is
  'A batch of legacy leads with offers, engagements, notes, messages and history, in one transaction.';
grant execute on function app.legacy_import_leads(integer, bigint, integer) to kollegium_staff;

-- A merge changes the row of the company it absorbs: it waits for the batch, or the batch for it. So
-- nothing is ever given to an absorbed company (docs/domain.md, case 6).
create or replace function app_private.legacy_hold_companies(p_load integer, p_after bigint, p_last bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.company co where co.id in (
    select p.company_id from app_private.legacy_party p where p.legacy_id in (
      select l.giver_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select l.picked_by_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select m.owner_user_id from legacy_staging.marketplaces m where m.load = p_load
      union select o.user_id from legacy_staging.offers o
      where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
      union select c.user_id from legacy_staging.comments c
      where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last))
  order by co.id for share;
end
$$;

-- Those of the rows that are this run's to write; null when none is left.
create or replace function app_private.legacy_claim_leads(p_rows app_private.legacy_lead_row[])
returns app_private.legacy_lead_row[] language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_won bigint[];
begin
  with new as (
    insert into app_private.legacy_lead (legacy_id, marketplace_id, lead_id, row_hash, version)
    select r.legacy_id, r.marketplace_id, r.lead_id, r.row_hash, 1
    from unnest(p_rows) r
    where r.action = 'new'
      and (not (select app_private.legacy_cut_over()) or app_private.legacy_waits('leads', r.legacy_id))
    order by r.legacy_id
    on conflict (legacy_id) do nothing returning legacy_id
  ), known as (
    update app_private.legacy_lead k set row_hash = r.row_hash,
      version = k.version + case r.action when 'change' then 1 else 0 end
    from unnest(p_rows) r
    where r.action in ('change', 'complete') and k.legacy_id = r.legacy_id and k.row_hash = r.known_hash
    returning k.legacy_id
  ) select array_agg(w.legacy_id) into v_won
  from (select legacy_id from new union all select legacy_id from known) w;
  return (select array_agg(r order by r.legacy_id) from unnest(p_rows) r
          join unnest(v_won) w (legacy_id) using (legacy_id));
end
$$;

create or replace function app_private.legacy_add_leads(p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id,
    state, interest, postcode_area, tags, distribution_permission, source, external_ref, operator_name,
    giver_name, engaged_company_name, engagement_id, created_by_id, created_at, submitted_at, changed_at)
  select r.marketplace_id, r.lead_id, r.operator_company_id, r.giver_company_id, r.taker_company_id,
    r.state, r.interest, r.postcode_area, r.tags, r.consent, 'legacy', r.legacy_id::text,
    r.operator_name, r.giver_name, r.taker_company_name, r.engagement_id, r.created_by_id, r.created_at,
    case when r.state <> 'draft' then r.created_at end, r.updated_at
  from unnest(p_rows) r where r.action = 'new';
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email, phone,
    street, postcode, city, country)
  select r.marketplace_id, r.lead_id, r.parties, l.contact_name, l.contact_salutation,
    l.contact_company, l.contact_email, l.contact_phone, l.contact_street, l.contact_postcode,
    l.contact_city, l.contact_country
  from unnest(p_rows) r
  join legacy_staging.leads l on l.load = p_load and l.id = r.legacy_id
  where r.action = 'new';
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id('created', r.legacy_id, r.created_at), r.lead_id,
    r.parties, 'created', coalesce(r.giver_company_id, r.operator_company_id),
    coalesce(r.giver_name, r.operator_name), r.created_by_id, r.created_by_name,
    '{"source": "legacy"}', r.created_at
  from unnest(p_rows) r where r.action = 'new';
end
$$;

create or replace function app_private.legacy_add_offers(p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_at, closed_at)
  select r.marketplace_id, r.brokerage_id, r.lead_id, r.operator_company_id, b.state, r.created_at,
    case when b.state <> 'open' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  cross join lateral (select app_private.legacy_brokerage_state(r.state) as state) b
  where r.has_offers
  on conflict (marketplace_id, id) do nothing;
  insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at,
    answered_at, answered_by_name, decline_reason)
  select o.marketplace_id, o.id, o.brokerage_id, o.lead_id, o.company_id, o.operator_company_id, 1,
    o.state, o.interest, o.postcode_area, o.tags, o.marketplace_name, o.company_name, o.opened_at,
    o.expires_at, o.answered_at, o.answered_by_name, o.decline_reason
  from app_private.legacy_offers_of(p_load, p_rows) o
  on conflict (marketplace_id, id) do nothing;
end
$$;

create or replace function app_private.legacy_brokerage_state(p_lead_state text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select case p_lead_state when 'offered' then 'open' when 'engaged' then 'placed'
    when 'closed' then 'placed' when 'withdrawn' then 'withdrawn' else 'exhausted' end
$$;

-- sql/functions/98_legacy_picks.sql
set local role kollegium_owner;
-- The migration, part 9: picks and comments of a batch, and leads that changed in the former system.
set local role kollegium_broker;

create or replace function app_private.legacy_add_picks(p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps, step,
    handler_id, handler_name, value, started_at, closed_at)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.giver_company_id, r.taker_company_name, r.outcome, 'pick',
    r.taker_company_id = r.operator_company_id, r.taker_id, r.taker_name, r.steps, r.step,
    case when r.taker_active then r.taker_id end, case when r.taker_active then r.taker_name end,
    r.value, r.picked_at, r.closed_at
  from unnest(p_rows) r where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, reason, fields, created_at)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.taker_company_name, r.taker_name, 'pick', array_remove(array[
      'answers', case when p.city is not null then 'city' end,
      case when p.company is not null then 'company' end,
      case when p.country is not null then 'country' end,
      case when p.email is not null then 'email' end, case when p.name is not null then 'name' end,
      case when p.phone is not null then 'phone' end,
      case when p.postcode is not null then 'postcode' end,
      case when p.salutation is not null then 'salutation' end,
      case when p.street is not null then 'street' end], null), r.picked_at
  from unnest(p_rows) r
  join app.prospect p on p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id
  where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id(e.event || r.engagement_id::text, r.legacy_id, e.at),
    r.lead_id, r.parties, e.event, r.taker_company_id, r.taker_company_name, r.taker_id, r.taker_name,
    e.detail, e.at
  from unnest(p_rows) r
  cross join lateral (values ('picked', r.picked_at, '{}'::jsonb), (r.outcome, r.closed_at,
    jsonb_strip_nulls(jsonb_build_object('value', r.value)))) e (event, at, detail)
  where r.engagement_id is not null and r.action <> 'complete' and e.at is not null
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- Parties are those of the lead as it is now: with them a message is born, and with them it moves.
create or replace function app_private.legacy_add_comments(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.note (marketplace_id, id, lead_id, company_id, author_id, author_name, text, created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id,
    p.company_id, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and not c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
  insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name, author_id,
    author_name, text, created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id, l.parties,
    p.company_id, p.company_name, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- Leads that changed there and not here. Who touched one here since the rows were computed makes the
-- batch begin again (40001).
create or replace function app_private.legacy_change_leads(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_moved integer;
begin
  select count(*) into v_moved from (
    select l.version, r.app_version from unnest(p_rows) r
    join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
    where r.action = 'change' order by l.marketplace_id, l.id for update of l) x
  where x.version <> x.app_version;
  if v_moved > 0 then
    raise exception using errcode = '40001', message = 'leads were changed while they were imported';
  end if;
  update app.lead l set engaged_company_id = r.taker_company_id,
    engaged_company_name = r.taker_company_name, engagement_id = r.engagement_id, state = r.state,
    interest = r.interest, postcode_area = r.postcode_area, tags = r.tags,
    distribution_permission = r.consent, changed_at = now(), version = l.version + 1,
    submitted_at = coalesce(l.submitted_at, case when r.state <> 'draft' then r.updated_at end)
  from unnest(p_rows) r
  where r.action = 'change' and l.marketplace_id = r.marketplace_id and l.id = r.lead_id;
  update app.prospect p set parties = r.parties, name = s.contact_name,
    salutation = s.contact_salutation, company = s.contact_company, email = s.contact_email,
    phone = s.contact_phone, street = s.contact_street, postcode = s.contact_postcode,
    city = s.contact_city, country = s.contact_country
  from unnest(p_rows) r join legacy_staging.leads s on s.load = p_load and s.id = r.legacy_id
  where r.action = 'change' and p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id;
  update app.message x set parties = r.parties from unnest(p_rows) r
  where r.action = 'change' and x.marketplace_id = r.marketplace_id and x.lead_id = r.lead_id;
  update app.history x set parties = r.parties from unnest(p_rows) r
  where r.action = 'change' and x.marketplace_id = r.marketplace_id and x.lead_id = r.lead_id;
  perform app_private.legacy_change_brokerages(p_load, p_rows);
end
$$;

create or replace function app_private.legacy_change_brokerages(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.brokerage b set state = app_private.legacy_brokerage_state(r.state),
    closed_at = case when r.state <> 'offered' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  where r.action = 'change' and b.marketplace_id = r.marketplace_id
    and b.id = r.brokerage_id;
  update app.offer t set state = o.state, answered_at = o.answered_at,
    answered_by_name = o.answered_by_name, decline_reason = o.decline_reason
  from app_private.legacy_offers_of(p_load, p_rows) o
  where o.changes and t.marketplace_id = o.marketplace_id and t.id = o.id and t.state <> o.state;
  -- Given back, or picked by somebody else since: that engagement is over.
  update app.engagement e set state = 'revoked', handler_id = null, handler_name = null
  from unnest(p_rows) r
  where r.action = 'change' and e.marketplace_id = r.marketplace_id and e.lead_id = r.lead_id
    and e.id is distinct from r.engagement_id
    and e.state in ('active', 'won', 'lost', 'return_requested');
  update app.engagement e set state = r.outcome, step = case when r.step = any (e.steps) then r.step
    else e.step end, value = r.value, closed_at = r.closed_at,
    handler_id = case when r.taker_active then r.taker_id end,
    handler_name = case when r.taker_active then r.taker_name end
  from unnest(p_rows) r
  where r.action = 'change' and e.marketplace_id = r.marketplace_id and e.id = r.engagement_id;
end
$$;

-- sql/functions/99_legacy_report.sql
set local role kollegium_owner;
-- The migration, part 10: what a load would do and found, the quarantine, the cut-over.
set local role kollegium_broker;

create or replace function app.legacy_counts(p_load integer)
returns table (source_table text, in_source bigint, importable bigint, imported bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.source_table, t.in_source, t.in_source - coalesce(b.waiting, 0), t.imported
  from (
    select 1, 'users', (select count(*) from legacy_staging.users where load = p_load),
      (select count(*) from app_private.legacy_user)
    union all select 2, 'groups', (select count(*) from legacy_staging.groups where load = p_load),
      (select count(*) from app_private.legacy_group)
    union all select 3, 'marketplaces', (select count(*) from legacy_staging.marketplaces where load = p_load),
      (select count(*) from app_private.legacy_marketplace)
    union all select 4, 'participants', (select count(*) from legacy_staging.participants where load = p_load),
      (select count(*) from app_private.legacy_participation)
    union all select 5, 'api_keys', (select count(*) from legacy_staging.api_keys where load = p_load),
      (select count(*) from app_private.legacy_api_key)
    union all select 6, 'leads', (select count(*) from legacy_staging.leads where load = p_load),
      (select count(*) from app_private.legacy_lead)
    union all select 7, 'offers', (select count(*) from legacy_staging.offers where load = p_load), null
    union all select 8, 'comments', (select count(*) from legacy_staging.comments where load = p_load), null
  ) t (place, source_table, in_source, imported)
  left join (select s.source_table, count(*) as waiting from legacy_staging.blocked s
             where s.load = p_load group by s.source_table) b using (source_table)
  order by t.place
$$;
comment on function app.legacy_counts(integer) is
  'Rows of a load by legacy table: how many there are, can be imported, and were imported before.';
grant execute on function app.legacy_counts(integer) to kollegium_staff;

-- What the importable rows become. Lower bounds of nothing: the numbers that an import into an empty
-- database creates.
create or replace function app.legacy_targets(p_load integer)
returns table (target text, rows bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with l as (
    select s.id, s.picked_by_user_id is not null as picked, s.state in ('won', 'lost') as done
    from legacy_staging.leads s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'leads' and b.id = s.id)
  ), c as (
    select s.shared, count(*) as n from legacy_staging.comments s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = s.id) group by s.shared
  ), n as (
    select r.source_table, r.importable from app.legacy_counts(p_load) r
  )
  select 'companies', importable from n where source_table = 'users'
  union all select 'colleagues', importable from n where source_table = 'users'
  union all select 'marketplaces', importable from n where source_table = 'marketplaces'
  union all select 'participations', (select count(distinct (s.marketplace_id, s.user_id))
    from legacy_staging.participants s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id))
  union all select 'API keys', importable from n where source_table = 'api_keys'
  union all select 'leads', importable from n where source_table = 'leads'
  union all select 'prospects', importable from n where source_table = 'leads'
  union all select 'offers', importable from n where source_table = 'offers'
  union all select 'engagements', (select count(*) from l where picked)
  union all select 'disclosures', (select count(*) from l where picked)
  union all select 'history', (select count(*) + count(*) filter (where picked) + count(*) filter (where done) from l)
  union all select 'notes', coalesce((select n from c where not shared), 0)
  union all select 'messages', coalesce((select n from c where shared), 0)
$$;
comment on function app.legacy_targets(integer) is 'Rows that the importable rows of a load become.';
grant execute on function app.legacy_targets(integer) to kollegium_staff;

create or replace function app.legacy_findings(p_load integer)
returns table (kind text, source_table text, reason text, rows bigint, first_keys text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select f.kind, f.source_table, f.reason, count(*),
    (array_agg(f.legacy_key order by length(f.legacy_key), f.legacy_key))[1:5]
  from legacy_staging.finding f where f.load = p_load
  group by f.kind, f.source_table, f.reason
  order by f.kind <> 'quarantine', f.kind, f.reason = 'depends-on', count(*) desc, f.source_table, f.reason
$$;
comment on function app.legacy_findings(integer) is
  'What a load found, by kind, table and reason, with the first five legacy numbers.';
grant execute on function app.legacy_findings(integer) to kollegium_staff;

-- What stands there more than once and stays apart here, because nobody guesses who belongs together: equal
-- names, equal VAT ids, groups. users: how many share such a thing with somebody.
create or replace function app.legacy_duplicates(p_load integer)
returns table (kind text, groups bigint, users bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with live as (
    select s.* from legacy_staging.users s where s.load = p_load and s.deleted_at is null
  ), shared (kind, users) as (
    select 'name', array_agg(u.id) from live u group by lower(btrim(u.company_name))
    having lower(btrim(u.company_name)) <> '' and count(*) > 1
    union all
    select 'vat_id', array_agg(u.id) from live u group by upper(replace(u.vat_id, ' ', ''))
    having upper(replace(u.vat_id, ' ', '')) <> '' and count(*) > 1
    union all
    select 'legacy_group', array_agg(u.id) from legacy_staging.group_members m
    join live u on u.id = m.user_id where m.load = p_load group by m.group_id having count(*) > 1
  )
  select s.kind, count(*), (select count(distinct u) from shared x, unnest(x.users) u where x.kind = s.kind)
  from shared s group by s.kind order by s.kind
$$;
comment on function app.legacy_duplicates(integer) is
  'Names, VAT ids and groups of a load that several users share; merges are suggested from them later.';
grant execute on function app.legacy_duplicates(integer) to kollegium_staff;

-- The companies that a load makes, and the marketplaces that they operate or take part in: what
-- app.list_cohorts and app.list_cohort_links will say after the import. marketplace_id: null without one.
create or replace function app.legacy_cohort_links(p_load integer)
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with market as (
    select s.id, s.owner_user_id,
      coalesce(k.marketplace_id, app_private.legacy_id('marketplace', s.id, s.created_at)) as becomes
    from legacy_staging.marketplaces s
    left join app_private.legacy_marketplace k on k.legacy_id = s.id
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id)
  ), link (user_id, becomes) as (
    select m.owner_user_id, m.becomes from market m
    union
    select p.user_id, m.becomes
    from legacy_staging.participants p join market m on m.id = p.marketplace_id
    where p.load = p_load and p.state in ('invited', 'active') and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = p.id)
  )
  select coalesce(k.company_id, app_private.legacy_id('company', s.id, s.created_at)), l.becomes
  from legacy_staging.users s
  left join app_private.legacy_user k on k.legacy_id = s.id
  left join link l on l.user_id = s.id
  where s.load = p_load and s.deleted_at is null and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'users' and b.id = s.id)
$$;
comment on function app.legacy_cohort_links(integer) is
  'Companies that a load makes, with the marketplaces they share, for a look ahead at the weeks.';
grant execute on function app.legacy_cohort_links(integer) to kollegium_staff;

-- Row by row, in pages: p_after is the place of the last row of the page before.
create or replace function app.legacy_list_findings(p_load integer, p_kind text, p_after bigint, p_limit integer)
returns table (place bigint, source_table text, legacy_key text, reason text, blocked_by text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.place, o.source_table, o.legacy_key, o.reason, o.blocked_by
  from (select row_number() over (order by f.source_table, length(f.legacy_key), f.legacy_key, f.reason)
          as place, f.* from legacy_staging.finding f where f.load = p_load and f.kind = p_kind) o
  where o.place > p_after order by o.place limit p_limit
$$;
comment on function app.legacy_list_findings(integer, text, bigint, integer) is
  'Findings of one kind, row by row.';
grant execute on function app.legacy_list_findings(integer, text, bigint, integer) to kollegium_staff;

-- Keeps what a load could not import, and marks what an earlier one could not and this one can. Called
-- before and, with p_heal, after the import: what was healed is told when it is in.
create or replace function app.legacy_keep_quarantine(
  p_load integer, p_heal boolean, out waiting bigint, out healed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app_private.legacy_quarantine as q (source_table, legacy_key, reason, blocked_by)
  select distinct on (f.source_table, f.legacy_key, f.reason)
    f.source_table, f.legacy_key, f.reason, f.blocked_by
  from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
  order by f.source_table, f.legacy_key, f.reason
  on conflict (source_table, legacy_key, reason) do update
    set blocked_by = excluded.blocked_by, last_seen_at = now(), healed_at = null;
  healed := 0;
  if p_heal then
    update app_private.legacy_quarantine q set healed_at = now()
    where q.healed_at is null and not exists (
      select from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
        and f.source_table = q.source_table and f.legacy_key = q.legacy_key and f.reason = q.reason);
    get diagnostics healed = row_count;
    perform app_private.audit('legacy-run-ended', null, null, null, (
      select jsonb_object_agg(c.source_table, c.imported) from app.legacy_counts(p_load) c));
  end if;
  select count(*) into waiting from app_private.legacy_quarantine where healed_at is null;
end
$$;
comment on function app.legacy_keep_quarantine(integer, boolean) is
  'Records the rows of a load that wait, and after the import those that are healed.';
grant execute on function app.legacy_keep_quarantine(integer, boolean) to kollegium_staff;

create or replace function app.legacy_quarantine(p_reason text, p_limit integer)
returns table (source_table text, legacy_key text, reason text, blocked_by text, first_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select q.source_table, q.legacy_key, q.reason, q.blocked_by, q.first_seen_at
  from app_private.legacy_quarantine q
  where q.healed_at is null and (p_reason is null or q.reason = p_reason)
  order by q.reason = 'depends-on', q.source_table, length(q.legacy_key), q.legacy_key, q.reason limit p_limit
$$;
comment on function app.legacy_quarantine(text, integer) is 'Legacy rows that wait in quarantine.';
grant execute on function app.legacy_quarantine(text, integer) to kollegium_staff;

-- Offers of the former system whose time was over before the cut-over: they expire, and leads without an
-- open one are unplaced, all at once and without a mail for each, as the timer would send. Returns how
-- many leads.
create or replace function app_private.legacy_expire_overdue() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads uuid[];
begin
  select array_agg(x.id) into v_leads from (
    select l.id from app.lead l join app_private.legacy_lead k
      on k.marketplace_id = l.marketplace_id and k.lead_id = l.id and k.version = l.version
    where l.state = 'offered' and l.source = 'legacy' and exists (
      select from app.offer o where o.marketplace_id = l.marketplace_id and o.lead_id = l.id
        and o.state = 'open' and o.expires_at <= now())
    order by l.marketplace_id, l.id for update of l) x;
  update app.offer o set state = 'expired', answered_at = now()
  from app.lead l where l.id = any (v_leads) and o.marketplace_id = l.marketplace_id
    and o.lead_id = l.id and o.state = 'open' and o.expires_at <= now();
  select array_agg(l.id) into v_leads from app.lead l
  where l.id = any (v_leads) and not exists (select from app.offer o
    where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.state = 'open');
  update app.brokerage b set state = 'exhausted', closed_at = now()
  from app.lead l where l.id = any (v_leads) and b.marketplace_id = l.marketplace_id
    and b.lead_id = l.id and b.state = 'open';
  perform app_private.set_state(l.marketplace_id, l.id, 'unplaced'),
    app_private.record(l.marketplace_id, l.id, 'unplaced', app_private.nobody())
  from app.lead l where l.id = any (v_leads);
  return coalesce(cardinality(v_leads), 0);
end
$$;

-- From now on nothing of the former system overwrites a row here, and our timers count. Null when it was
-- so already.
create or replace function app.legacy_end_the_former_system()
returns timestamptz language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz;
begin
  update app_private.legacy_state set cut_over_at = now() where cut_over_at is null
  returning cut_over_at into v_at;
  if found then
    perform app_private.audit('legacy-cut-over', null, null, null,
      jsonb_build_object('unplaced', app_private.legacy_expire_overdue()));
  end if;
  return v_at;
end
$$;
comment on function app.legacy_end_the_former_system() is 'The cut-over: nobody works in the former system any more.';
grant execute on function app.legacy_end_the_former_system() to kollegium_staff;

create or replace function app.legacy_progress()
returns table (cut_over_at timestamptz, users bigint, leads bigint, waiting bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.cut_over_at, (select count(*) from app_private.legacy_user),
    (select count(*) from app_private.legacy_lead),
    (select count(*) from app_private.legacy_quarantine where healed_at is null),
    (select count(distinct o.lead_id) from app.offer o
     join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.source = 'legacy'
     where o.state = 'open' and o.expires_at <= now())
  from app_private.legacy_state s
$$;
comment on function app.legacy_progress() is 'How far the migration is.';
grant execute on function app.legacy_progress() to kollegium_staff;

-- What the reader of a file noticed before PostgreSQL saw the rows.
create or replace function app.legacy_add_warnings(
  p_load integer, p_table text, p_reason text, p_keys text[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, p_table, k, 'warning', p_reason from unnest(p_keys) k
$$;
comment on function app.legacy_add_warnings(integer, text, text, text[]) is
  'Adds warnings of the reader to a load, such as text-recoded.';
grant execute on function app.legacy_add_warnings(integer, text, text, text[]) to kollegium_staff;

-- sql/policies/colleague.sql
set local role kollegium_owner;
-- colleague: The colleagues of one company know each other; others meet their names on leads.
alter table app.colleague enable row level security;
alter table app.colleague force row level security;

drop policy if exists select_own on app.colleague;
create policy select_own on app.colleague for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.colleague is 'own company''s row: colleagues see each other';
drop policy if exists cross_broker on app.colleague;
create policy cross_broker on app.colleague for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.colleague is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, name, role, active, language, created_at, changed_at, version) on app.colleague to kollegium_api;
grant select, insert on app.colleague to kollegium_broker;
grant update (name, role, active, language, changed_at, version) on app.colleague to kollegium_broker;
-- What changes in the former system follows until the cut-over (app.legacy_change_users).
grant update (email) on app.colleague to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: roles and activity change through app.change_colleague

-- sql/policies/company.sql
set local role kollegium_owner;
-- company: A company sees itself. What others need of it (the name) stands on participations.
alter table app.company enable row level security;
alter table app.company force row level security;

drop policy if exists select_own on app.company;
create policy select_own on app.company for select to kollegium_api
  using (id = (select app.current_company_id()));
comment on policy select_own on app.company is 'own company''s row: a company sees itself';
drop policy if exists cross_broker on app.company;
create policy cross_broker on app.company for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, name, state, delegator_role, language, created_at, changed_at, version) on app.company to kollegium_api;
grant select, insert on app.company to kollegium_broker;
grant update (name, delegator_role, language, changed_at, version) on app.company to kollegium_broker;
-- What changes in the former system follows until the cut-over (app.legacy_change_users).
grant update (state) on app.company to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: companies are set up by staff and changed by app.change_company
-- not granted: absorbed_into, origin_legacy_user_id to kollegium_api: nobody's business over HTTP
