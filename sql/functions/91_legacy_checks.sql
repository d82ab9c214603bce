-- The migration, part 2: what a load found about each row, and why some cannot be imported.
--
-- Reasons are words of service/legacy/reasons.toml, which says what heals each. A check tells all
-- reasons of a row at once. What depends on a row in quarantine waits with it, and says so.
set local role kollegium_broker;

-- One finding for each reason in the array.
create or replace function app_private.legacy_note(
  p_load integer, p_table text, p_id bigint, p_quarantine text[], p_adjusted text[], p_warning text[],
  p_blocked_by text default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
  select p_load, p_table, p_id::text, f.kind, f.reason,
         case when f.reason = 'depends-on' then p_blocked_by end
  from (select 'quarantine' as kind, unnest(p_quarantine) as reason
        union all select 'adjusted', unnest(p_adjusted)
        union all select 'warning', unnest(p_warning)) f
  where f.reason is not null
$$;

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

create or replace function app_private.legacy_check_users(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with u as (
    select s.*, lower(btrim(s.email)) as address,
      nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person,
      nullif(btrim(s.company_name), '') as firm,
      count(*) filter (where s.deleted_at is null) over (partition by lower(btrim(s.email))) as same
    from legacy_staging.users s where s.load = p_load
  )
  select app_private.legacy_note(p_load, 'users', u.id,
    array[
      case when u.deleted_at is null
            and coalesce(u.address !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or length(u.address) > 254, true)
        then 'email-unusable' end,
      case when u.deleted_at is null and u.same > 1 then 'email-shared' end,
      -- By somebody who did not come from the former system.
      case when u.deleted_at is null and exists (
             select from app.colleague c where c.email = u.address and not exists (
               select from app_private.legacy_user m where m.colleague_id = c.id))
        then 'email-taken' end,
      case when coalesce(u.firm, u.person) is null then 'name-missing' end,
      case when greatest(length(u.firm), length(u.person)) > 200 then 'name-too-long' end],
    array[
      case when u.deleted_at is not null then 'user-deleted' end,
      case when u.deleted_at is null and u.email <> u.address then 'email-lower-case' end,
      case when u.firm is null and u.person is not null then 'firm-named-after-person' end,
      case when u.person is null and u.firm is not null then 'person-named-after-firm' end],
    array[
      case when u.deleted_at is null
            and app_private.legacy_password(u.password_hash) is null then 'password-unusable' end,
      case when app_private.legacy_garbled(concat_ws(' ', u.firm, u.person)) then 'text-garbled' end])
  from u;
  perform app_private.legacy_block(p_load, 'users');
end
$$;

-- The parts of pbkdf2_sha256$iterations$salt$base64, or null when it is anything else.
create or replace function app_private.legacy_password(p_hash text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select regexp_match(p_hash,
    '^pbkdf2_sha256\$([1-9][0-9]{0,6})\$([!-#%-~]{1,128})\$([A-Za-z0-9+/]{43}=)$')
$$;

create or replace function app_private.legacy_check_marketplaces(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.legacy_note(p_load, 'marketplaces', m.id,
    array[
      case when u.id is null then 'owner-missing' end,
      case when b.id is not null then 'depends-on' end,
      case when coalesce(btrim(m.name), '') = '' then 'name-missing' end,
      case when length(m.name) > 200 then 'name-too-long' end,
      case when m.response_hours not between 1 and 720 or m.teaser_digits not between 0 and 5
        then 'setting-out-of-range' end,
      case when s.steps > 20 then 'statuses-too-many' end],
    array[case when s.steps is null then 'statuses-missing' end],
    array[case when app_private.legacy_garbled(m.name) then 'text-garbled' end],
    'users:' || b.id)
  from legacy_staging.marketplaces m
  left join legacy_staging.users u on u.load = p_load and u.id = m.owner_user_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'users' and b.id = u.id
  left join (select marketplace_id, count(*) as steps from legacy_staging.statuses
             where load = p_load group by marketplace_id) s on s.marketplace_id = m.id
  where m.load = p_load;
  perform app_private.legacy_block(p_load, 'marketplaces');

  perform app_private.legacy_note(p_load, 'participants', p.id,
    array[
      case when m.id is null then 'marketplace-missing' end,
      case when u.id is null then 'user-missing' end,
      case when bm.id is not null or bu.id is not null then 'depends-on' end,
      case when p.role not in ('giver', 'taker') then 'role-unknown' end,
      case when p.state not in ('invited', 'active', 'declined', 'ended') then 'state-unknown' end,
      case when p.user_id = m.owner_user_id then 'participant-is-owner' end,
      case when p.cap not between 0 and 100000
             or cardinality(string_to_array(p.postcode_areas, ',')) > 1000
             or cardinality(string_to_array(p.tags, ',')) > 100 then 'setting-out-of-range' end,
      case when p.nth > 1 then 'participant-twice' end],
    null, null, coalesce('marketplaces:' || bm.id, 'users:' || bu.id))
  from (select s.*, row_number() over (partition by s.marketplace_id, s.user_id, s.role
                                       order by s.id) as nth
        from legacy_staging.participants s where s.load = p_load) p
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  left join legacy_staging.blocked bm on bm.load = p_load and bm.source_table = 'marketplaces' and bm.id = m.id
  left join legacy_staging.blocked bu on bu.load = p_load and bu.source_table = 'users' and bu.id = u.id;
  perform app_private.legacy_block(p_load, 'participants');
end
$$;
