-- Moving in: API keys, groups.
set local role kollegium_broker;

-- Keys go on working: both systems keep SHA-256 of the token. A key revoked there, or deleted, ends here; one
-- with another token there has it here, and only that. A key that somebody revoked here stays revoked.
create or replace function app.legacy_import_api_keys(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
  v_cut_over constant boolean := app_private.legacy_cut_over();
begin
  perform app_private.legacy_hold_merges();
  created := 0;
  changed := case when v_cut_over then 0 else app_private.legacy_end_api_keys(p_load) end;
  select count(*) into seen from app_private.legacy_keys_of(p_load);
  for k in select * from app_private.legacy_keys_of(p_load) order by legacy_id loop
    if k.known is null then
      created := created + app_private.legacy_add_api_key(
        k.legacy_id, k.key_id, k.company_id, k.colleague_id, k.name, k.created_at, k.revoked_at, k.token);
    elsif k.ended is null and k.revoked_at is null and not v_cut_over then
      changed := changed + app_private.legacy_follow_api_key(p_load, k.legacy_id, k.known, k.name, k.token);
    end if;
  end loop;
end
$$;
comment on function app.legacy_import_api_keys(integer) is
  'The API keys of a load; their tokens go on working.';
grant execute on function app.legacy_import_api_keys(integer) to kollegium_staff;

create or replace function app_private.legacy_keys_of(p_load integer)
returns table (legacy_id bigint, key_id uuid, company_id uuid, colleague_id uuid, name text,
  created_at timestamptz, revoked_at timestamptz, token bytea, known uuid, ended timestamptz)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select s.id, app_private.legacy_id('api-key', s.id, s.created_at), p.company_id, p.colleague_id,
    coalesce(nullif(btrim(s.name), ''), 'API'), s.created_at, s.revoked_at,
    case when s.revoked_at is null then decode(s.token_sha256, 'hex') end, m.api_key_id, a.revoked_at
  from legacy_staging.api_keys s
  join app_private.legacy_party p on p.legacy_id = s.user_id
  left join app_private.legacy_api_key m on m.legacy_id = s.id
  left join app.api_key a on a.id = m.api_key_id
  where s.load = p_load and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
$$;

-- Ends keys that are revoked or deleted there, and lets go of the tokens that others do not have any more, so
-- that two keys can exchange theirs.
create or replace function app_private.legacy_end_api_keys(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended uuid[];
begin
  with ended as (
    update app.api_key a set revoked_at = coalesce(s.revoked_at, app_private.clock())
    from app_private.legacy_api_key m
    left join legacy_staging.api_keys s on s.load = p_load and s.id = m.legacy_id
    where a.id = m.api_key_id and a.revoked_at is null
      and (s.id is null or s.revoked_at is not null and exists (
        select from app_private.legacy_keys_of(p_load) k where k.legacy_id = s.id))
    returning a.id, a.company_id
  ) select array_agg(e.id) into v_ended from ended e
    cross join lateral app_private.audit('api-key-revoked', e.company_id, null, e.id);
  delete from app_private.bearer b where b.api_key_id = any (v_ended);
  delete from app_private.bearer b using app_private.legacy_keys_of(p_load) k
  where b.api_key_id = k.known and k.revoked_at is null and b.token_sha256 <> k.token;
  return coalesce(cardinality(v_ended), 0);
end
$$;

-- Name and token as they are there. 1 when something changed.
create or replace function app_private.legacy_follow_api_key(
  p_load integer, p_legacy_id bigint, p_key uuid, p_name text, p_token bytea)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.api_key;
  v_changed integer := 0;
begin
  select * into v_key from app.api_key where id = p_key for no key update;
  if v_key.name <> p_name then
    update app.api_key set name = p_name where id = p_key;
    v_changed := 1;
  end if;
  if not exists (select from app_private.bearer b where b.api_key_id = p_key) then
    insert into app_private.bearer (token_sha256, company_id, company_state, api_key_id, created_at, expires_at)
    select p_token, co.id, co.state, p_key, v_key.created_at, 'infinity'
    from app.company co where co.id = v_key.company_id
    on conflict (token_sha256) do nothing;
    if found then
      perform app_private.audit('api-key-rotated', v_key.company_id, null, p_key);
      v_changed := 1;
    else
      perform app_private.legacy_conflict(p_load, 'api_keys', p_legacy_id, 'token-shared');
    end if;
  end if;
  return v_changed;
end
$$;

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
  perform app_private.legacy_journal(array['app.api_key'], array[null::uuid], array[p_id], array['company_id'],
    array[p_colleague]);
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
  select g.id, g.owner_user_id, g.name from legacy_staging.groups g
  where g.load = p_load and not exists (select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'groups' and b.id = g.id);
  get diagnostics v_count = row_count;
  insert into app_private.legacy_group_member (group_legacy_id, user_legacy_id)
  select m.group_id, m.user_id from legacy_staging.group_members m
  where m.load = p_load and not exists (select from legacy_staging.finding f
    where f.load = p_load and f.source_table = 'group_members' and f.kind = 'quarantine'
      and f.legacy_key = m.group_id || '/' || m.user_id);
  return v_count;
end
$$;
comment on function app.legacy_import_groups(integer) is
  'Keeps the legacy groups and their members, from which merges are suggested.';
grant execute on function app.legacy_import_groups(integer) to kollegium_staff;
