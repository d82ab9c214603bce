-- Moving in: what a load found about each row, and why some cannot be imported.
--
-- Reasons are words of service/jobs/legacy/reasons.toml, which says what heals each. A check tells all
-- reasons of a row at once. What depends on a row in quarantine waits with it, and says so.
set local role kollegium_broker;

create or replace function app_private.legacy_block(p_load integer, p_table text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.blocked (load, source_table, id)
  select distinct load, source_table, legacy_key::bigint from legacy_staging.finding
  where load = p_load and source_table = p_table and kind = 'quarantine'
    and legacy_key ~ '^-?[0-9]{1,18}$'
  on conflict do nothing
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
    select s.*, s.deleted_at is null as live,
      nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person,
      nullif(btrim(s.company_name), '') as firm,
      count(*) filter (where s.deleted_at is null) over (partition by s.address) as same
    from legacy_staging.users s where s.load = p_load) u
  cross join lateral (values
    ('quarantine', 'email-unusable', u.live and u.address is null),
    ('quarantine', 'email-shared', u.live and u.same > 1 and u.address is not null),
    ('quarantine', 'name-missing', coalesce(u.firm, u.person) is null),
    ('quarantine', 'name-too-long', greatest(length(u.firm), length(u.person)) > 200),
    ('adjusted', 'user-deleted', not u.live),
    ('adjusted', 'email-lower-case', u.live and u.email <> u.address
      and lower(btrim(u.email)) = u.address),
    ('adjusted', 'email-respelt', u.live and lower(btrim(u.email)) <> u.address),
    ('adjusted', 'language-unknown', u.language not in ('de', 'en')),
    ('adjusted', 'phone-dropped', btrim(u.phone) <> ''),
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
    join app.colleague c on c.email = u.address
    left join app_private.legacy_user m on m.colleague_id = c.id
    where u.load = p_load and u.deleted_at is null and m.legacy_id is distinct from u.id
      and not exists (
        select from legacy_staging.users s join app.company co on co.id = m.company_id
        where s.load = p_load and s.id = m.legacy_id and not v_cut_over
          and (s.deleted_at is not null or s.address <> c.email)
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
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'marketplaces', m.id::text, f.kind, f.reason
  from legacy_staging.marketplaces m
  left join legacy_staging.users u on u.load = p_load and u.id = m.owner_user_id
  left join (select marketplace_id, count(*) as steps from legacy_staging.statuses
             where load = p_load group by marketplace_id) s on s.marketplace_id = m.id
  cross join lateral (values
    ('quarantine', 'owner-missing', u.id is null),
    ('quarantine', 'name-missing', coalesce(btrim(m.name), '') = ''),
    ('quarantine', 'setting-out-of-range',
      m.response_hours not between 1 and 720 or m.teaser_digits not between 0 and 5),
    ('quarantine', 'statuses-too-many', s.steps > 20),
    ('adjusted', 'statuses-missing', s.steps is null),
    ('warning', 'text-garbled', app_private.legacy_garbled(m.name))
  ) f (kind, reason, holds)
  where m.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'marketplaces');
  perform app_private.legacy_check_statuses(p_load);
  perform app_private.legacy_check_participants(p_load);
end
$$;

create or replace function app_private.legacy_check_statuses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'statuses', t.id::text, 'quarantine', f.reason
  from (select s.*, row_number() over (partition by s.marketplace_id, s.name order by s.id) as nth
        from legacy_staging.statuses s where s.load = p_load) t
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = t.marketplace_id
  cross join lateral (values
    ('marketplace-missing', m.id is null),
    ('name-missing', btrim(t.name) = ''),
    ('status-twice', t.nth > 1 and t.name is not null)
  ) f (reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'statuses');
end
$$;

create or replace function app_private.legacy_check_participants(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'participants', p.id::text, 'quarantine', f.reason
  from (select s.*, row_number() over (partition by s.marketplace_id, s.user_id, s.role
                                       order by s.id) as nth
        from legacy_staging.participants s where s.load = p_load) p
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  cross join lateral (values
    ('marketplace-missing', m.id is null),
    ('user-missing', u.id is null),
    ('role-unknown', p.role not in ('giver', 'taker')),
    ('state-unknown', p.state not in ('invited', 'active', 'declined', 'ended')),
    ('participant-is-owner', p.user_id = m.owner_user_id),
    ('setting-out-of-range', p.cap not between 0 and 100000),
    ('participant-twice', p.nth > 1)
  ) f (reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'participants');
end
$$;
