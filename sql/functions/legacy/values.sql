-- Moving in: values that cannot come over as they are, whatever they mean. Each rule is a
-- condition on one column of legacy_staging; a finding names the columns and never a value.
set local role kollegium_broker;

-- What the API refuses in a line: control, invisible and bidirectional characters.
create or replace function app_private.legacy_unprintable(p_text text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select p_text ~ '[\u0001-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]'
$$;

-- Columns that a row of the contract always has (`not null` there).
create or replace function app_private.legacy_required()
returns table (source_table text, field text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select t.source_table, f from (values
    ('users', '{created_at,updated_at}'::text[]),
    ('groups', '{created_at,updated_at}'),
    ('group_members', '{joined_at}'),
    ('marketplaces', '{created_at,updated_at}'),
    ('statuses', '{marketplace_id,position,name,updated_at}'),
    ('participants', '{marketplace_id,user_id,role,state,created_at,updated_at}'),
    ('leads', '{marketplace_id,state,created_at,updated_at}'),
    ('offers', '{lead_id,user_id,state,offered_at,updated_at}'),
    ('comments', '{lead_id,user_id,shared,created_at}'),
    ('api_keys', '{user_id,created_at,updated_at}')) t (source_table, fields), unnest(t.fields) f
$$;

-- Texts and the most characters that the API takes for them; of contact data that is searched for, this is
-- also what an index bears. unprintable: what becomes of a text with characters that the API refuses.
create or replace function app_private.legacy_texts()
returns table (source_table text, field text, longest integer, unprintable text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    -- How long a firm's and a person's name may be, legacy_check_users says.
    ('users', 'company_name', null, 'quarantine'), ('users', 'first_name', null, 'quarantine'),
    ('users', 'last_name', null, 'quarantine'), ('users', 'vat_id', 200, null),
    ('groups', 'name', 200, null),
    ('marketplaces', 'name', 200, 'quarantine'), ('statuses', 'name', 200, 'quarantine'),
    ('api_keys', 'name', 200, 'quarantine'), ('offers', 'reason', 1000, null),
    ('leads', 'interest', 4000, null), ('comments', 'text', 10000, null),
    ('leads', 'contact_name', 200, 'warning'), ('leads', 'contact_salutation', 200, 'warning'),
    ('leads', 'contact_company', 200, 'warning'), ('leads', 'contact_street', 200, 'warning'),
    ('leads', 'contact_city', 200, 'warning'), ('leads', 'contact_email', 254, null),
    ('leads', 'contact_phone', 200, null), ('leads', 'contact_postcode', 200, null),
    ('leads', 'contact_country', 200, null)
$$;

-- Tags and postcode areas, which the former system kept in one text with commas. A text of at most so many
-- printable characters as one of them may have is not taken apart: there are as many as leads.
create or replace function app_private.legacy_lists()
returns table (source_table text, field text, most integer, wanted text, harmless integer)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values ('participants', 'postcode_areas', 1000, '^[0-9]{1,5}$', 0),
    ('participants', 'tags', 100, '^.{1,50}$', 50), ('leads', 'tags', 50, '^.{1,50}$', 50)
$$;

create or replace function app_private.legacy_value_rules()
returns table (source_table text, kind text, reason text, field text, holds text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select r.source_table, 'quarantine', 'value-missing', r.field, format('s.%I is null', r.field)
  from app_private.legacy_required() r
  union all
  select c.relname, 'quarantine', 'time-out-of-range', a.attname, format(
    's.%I not between ''1970-01-01 00:00+00'' and ''2999-12-31 00:00+00''', a.attname)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype
  where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' and c.relname <> 'load'
  union all
  select c.relname, 'quarantine', 'number-unusable', a.attname, format('s.%I <= 0', a.attname)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'id'
  where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' and c.relname <> 'blocked'
  union all
  select 'leads', 'quarantine', 'value-no-number', 'value', 's.value = ''NaN'''
  union all
  select t.source_table, 'quarantine', 'text-too-long', t.field,
    format('length(s.%I) > %s', t.field, t.longest)
  from app_private.legacy_texts() t where t.longest is not null
  union all
  select t.source_table, t.unprintable,
    case t.unprintable when 'quarantine' then 'name-unprintable' else 'text-unprintable' end, t.field,
    format('app_private.legacy_unprintable(s.%I)', t.field)
  from app_private.legacy_texts() t where t.unprintable is not null
  union all
  select l.source_table, 'quarantine', 'list-unusable', l.field, format(
    '(length(s.%1$I) > %4$s or app_private.legacy_unprintable(s.%1$I)) and
      (cardinality(app_private.legacy_list(s.%1$I)) > %2$s or exists (select from
      unnest(app_private.legacy_list(s.%1$I)) x where x !~ %3$L or app_private.legacy_unprintable(x)))',
    l.field, l.most, l.wanted, l.harmless)
  from app_private.legacy_lists() l
$$;

-- What cannot be read is not deleted. Records that have nothing but a number, and rows that came over before
-- and may be among those without one, stand here with their number alone, and wait.
create or replace function app_private.legacy_keep_known(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known record;
begin
  for v_known in
    select * from (values ('users', 'legacy_user'), ('marketplaces', 'legacy_marketplace'),
      ('leads', 'legacy_lead'), ('api_keys', 'legacy_api_key'), ('offers', null), ('comments', null),
      ('statuses', null), ('participants', null), ('groups', null)) k (source_table, mapping)
    where exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = k.source_table and f.kind = 'quarantine')
  loop
    execute format('insert into legacy_staging.%1$I (load, id)
      select distinct f.load, f.legacy_key::bigint from legacy_staging.finding f
      where f.load = $1 and f.source_table = %1$L and f.reason = ''record-unreadable''
        and f.legacy_key ~ ''^[0-9]{1,18}$'' on conflict do nothing', v_known.source_table) using p_load;
    continue when not exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = v_known.source_table and f.legacy_key like 'row %');
    if v_known.mapping is not null then
      execute format('with missing as (insert into legacy_staging.%1$I (load, id)
          select $1, k.legacy_id from app_private.%2$I k on conflict do nothing returning id)
        insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
        select $1, %1$L, m.id::text, ''quarantine'', ''not-found'' from missing m',
        v_known.source_table, v_known.mapping) using p_load;
    end if;
  end loop;
  perform app_private.legacy_keep_known_cards(p_load);
end
$$;

-- The same for a card, which is known by its marketplace and user.
create or replace function app_private.legacy_keep_known_cards(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = 'participants' and f.kind = 'quarantine') then
    return;
  end if;
  with known as (
    select p.first_id as id, l.legacy_id as marketplace_id, u.legacy_id as user_id
    from app_private.legacy_participation p
    join app_private.legacy_marketplace l on l.marketplace_id = p.marketplace_id
    join app_private.legacy_user u on u.company_id = p.company_id
    where not exists (select from legacy_staging.participants s where s.load = p_load
      and s.marketplace_id = l.legacy_id and s.user_id = u.legacy_id)
  ), repaired as (
    update legacy_staging.participants s set marketplace_id = k.marketplace_id, user_id = k.user_id
    from known k where s.load = p_load and s.id = k.id and num_nulls(s.marketplace_id, s.user_id) > 0
    returning s.id
  ), missing as (
    insert into legacy_staging.participants (load, id, marketplace_id, user_id)
    select p_load, k.id, k.marketplace_id, k.user_id from known k
    where exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = 'participants' and f.legacy_key like 'row %')
    on conflict do nothing returning id
  ) insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'participants', m.id::text, 'quarantine', 'not-found' from missing m;
end
$$;

-- Rows are looked at once for all rules of their table, and by rule only where one holds.
create or replace function app_private.legacy_check_values(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_rules record;
begin
  for v_rules in
    select r.source_table, string_agg(format('(%s)', r.holds), ' or ') as any_holds,
      string_agg(format('(%L, %L, %L, %s)', r.kind, r.reason, r.field, r.holds), ', ') as rows,
      case r.source_table when 'group_members' then 's.group_id || ''/'' || s.user_id'
                          else 's.id::text' end as key
    from app_private.legacy_value_rules() r group by r.source_table
  loop
    execute format(
      'insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
       select $1, %1$L, %2$s, f.kind, f.reason, string_agg(f.field, '', '' order by f.field)
       from legacy_staging.%1$I s cross join lateral (values %3$s) f (kind, reason, field, holds)
       where s.load = $1 and (%4$s) and f.holds group by 3, f.kind, f.reason',
      v_rules.source_table, v_rules.key, v_rules.rows, v_rules.any_holds) using p_load;
    perform app_private.legacy_block(p_load, v_rules.source_table);
  end loop;
end
$$;

-- What names a row in quarantine waits with it. Said once of each row; called again when a row was put
-- aside later. A status is named by the leads that stand in it.
create or replace function app_private.legacy_check_dependents(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_link record;
begin
  for v_link in
    select * from (values
      (1, 'marketplaces', 'owner_user_id', 'users', 'true'),
      (2, 'statuses', 'marketplace_id', 'marketplaces', 'true'),
      (3, 'participants', 'marketplace_id', 'marketplaces', 'true'),
      (3, 'participants', 'user_id', 'users', 'true'),
      (4, 'leads', 'marketplace_id', 'marketplaces', 'true'),
      (4, 'leads', 'picked_by_user_id', 'users', 'true'),
      (4, 'leads', 'giver_user_id', 'users', 'true'),
      (4, 'leads', 'status_id', 'statuses', 's.picked_by_user_id is not null'),
      (5, 'offers', 'lead_id', 'leads', 'true'), (5, 'offers', 'user_id', 'users', 'true'),
      (6, 'comments', 'lead_id', 'leads', 'true'), (6, 'comments', 'user_id', 'users', 'true'),
      (7, 'api_keys', 'user_id', 'users', 'true')
    ) l (place, source_table, field, parent, matters) order by l.place
  loop
    execute format(
      'insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
       select $1, %1$L, s.id::text, ''quarantine'', ''depends-on'', %3$L || '':'' || b.id
       from legacy_staging.%1$I s
       join legacy_staging.blocked b on b.load = $1 and b.source_table = %3$L and b.id = s.%2$I
       where s.load = $1 and %4$s and not exists (
         select from legacy_staging.finding f where f.load = $1 and f.source_table = %1$L
           and f.legacy_key = s.id::text and f.reason = ''depends-on'')',
      v_link.source_table, v_link.field, v_link.parent, v_link.matters) using p_load;
    perform app_private.legacy_block(p_load, v_link.source_table);
  end loop;
end
$$;

-- What somebody without the rights to read a load says about its rows: the reader of a file what
-- PostgreSQL could not see, an import which row it had to put aside. What depends on such a row waits too.
create or replace function app.legacy_add_findings(
  p_load integer, p_table text, p_kind text, p_reason text, p_keys text[], p_field text default null)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, p_table, k, p_kind, p_reason, p_field from unnest(p_keys) k;
  if p_kind = 'quarantine' and exists (
      select from legacy_staging.load l where l.load = p_load and l.sealed_at is not null) then
    perform app_private.legacy_block(p_load, p_table);
    perform app_private.legacy_check_dependents(p_load);
  end if;
end
$$;
comment on function app.legacy_add_findings(integer, text, text, text, text[], text) is
  'Adds what the reader or an import found about rows of a load.';
grant execute on function app.legacy_add_findings(integer, text, text, text, text[], text) to kollegium_staff;
