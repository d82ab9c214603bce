-- Moving in: reading a table in which PostgreSQL could not read a row. It is read again as
-- text, into a table of the session, and typed from there: as many rows at once as can be, the rest one by
-- one. A value that cannot be read is null in its row, and a finding that names its column.
set local role kollegium_broker;

-- The columns of a legacy table and their types, in order.
create or replace function app_private.legacy_columns(p_table text)
returns table (field text, type text, place integer)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnum::integer
  from pg_attribute a
  where a.attrelid = format('legacy_staging.%I', p_table)::regclass and a.attnum > 0
    and a.attname not in ('load', 'address') and a.attname not like 'kept\_%'
  order by a.attnum
$$;

-- An empty table of the session for the rows of a legacy table as text; place is where it stood.
create or replace function app.legacy_begin_reading(p_table text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  drop table if exists pg_temp.legacy_text;
  execute format('create temp table legacy_text (place bigint primary key, load integer, %s)',
    (select string_agg(format('%I text', c.field), ', ' order by c.place)
     from app_private.legacy_columns(p_table) c));
  grant insert on pg_temp.legacy_text to kollegium_staff;
end
$$;
comment on function app.legacy_begin_reading(text) is
  'Makes a table of the session for the rows of a legacy table as text.';
grant execute on function app.legacy_begin_reading(text) to kollegium_staff;

-- Types the rows from place p_first to p_last; fails where one cannot be. Returns how many.
create or replace function app.legacy_read_rows(p_load integer, p_table text, p_first bigint, p_last bigint)
returns bigint language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  execute (select format('insert into legacy_staging.%I (load, %s) select $1, %s from pg_temp.legacy_text '
      'where place between $2 and $3', p_table, string_agg(format('%I', c.field), ', ' order by c.place),
      string_agg(format('%I::%s', c.field, c.type), ', ' order by c.place))
    from app_private.legacy_columns(p_table) c) using p_load, p_first, p_last;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function app.legacy_read_rows(integer, text, bigint, bigint) is
  'Types rows that were read as text; all of them, or an error.';
grant execute on function app.legacy_read_rows(integer, text, bigint, bigint) to kollegium_staff;

-- A row that cannot be typed: what can be read of it is kept, so that what depends on it waits for it; the
-- rest is named. Without a number of its own, or with that of another row, it is only told.
create or replace function app.legacy_read_row(p_load integer, p_table text, p_place bigint)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys constant text[] := case p_table when 'group_members' then array['group_id', 'user_id'] else array['id'] end;
  v_row jsonb;
  v_column record;
  v_bad text[] := '{}';
  v_key text;
  v_twice boolean := false;
begin
  execute 'select to_jsonb(t) - ''place'' from pg_temp.legacy_text t where t.place = $1' into v_row using p_place;
  for v_column in select * from app_private.legacy_columns(p_table) loop
    begin
      execute format('select $1::%s', v_column.type) using v_row ->> v_column.field;
    exception when others then
      v_bad := v_bad || v_column.field;
      v_row := v_row || jsonb_build_object(v_column.field, null);
    end;
  end loop;
  select string_agg(v_row ->> k, '/') into v_key from unnest(v_keys) k having bool_and(v_row ->> k is not null);
  if v_key is not null then
    begin
      execute (select format('insert into legacy_staging.%I (load, %s) select $1, %s', p_table,
          string_agg(format('%I', c.field), ', ' order by c.place),
          string_agg(format('($2 ->> %L)::%s', c.field, c.type), ', ' order by c.place))
        from app_private.legacy_columns(p_table) c) using p_load, v_row;
    exception when unique_violation then
      v_twice := true;
    end;
  end if;
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, p_table, coalesce(v_key, 'row ' || p_place), 'quarantine', f.reason, f.field
  from (values ('value-unreadable', array_to_string(v_bad, ', '), cardinality(v_bad) > 0),
    ('number-twice', array_to_string(v_keys, ', '), v_twice),
    ('value-missing', array_to_string(v_keys, ', '), v_key is null and not v_keys && v_bad)
  ) f (reason, field, holds) where f.holds;
end
$$;
comment on function app.legacy_read_row(integer, text, bigint) is
  'Keeps what can be read of a row, and names what cannot.';
grant execute on function app.legacy_read_row(integer, text, bigint) to kollegium_staff;

-- Log-ins of a load whose one spelling is not known yet: the log-in decides it, in service/vocabulary.py.
create or replace function app.legacy_emails(p_load integer, p_after bigint, p_limit integer)
returns table (id bigint, email text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.email from legacy_staging.users u
  where u.load = p_load and u.id > p_after and u.deleted_at is null and u.email is not null
  order by u.id limit p_limit
$$;
comment on function app.legacy_emails(integer, bigint, integer) is
  'Log-ins of the users of a load as they stand there, in pages.';
grant execute on function app.legacy_emails(integer, bigint, integer) to kollegium_staff;

create or replace function app.legacy_keep_addresses(p_load integer, p_ids bigint[], p_addresses text[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update legacy_staging.users u set address = a.address
  from unnest(p_ids, p_addresses) a (id, address) where u.load = p_load and u.id = a.id
$$;
comment on function app.legacy_keep_addresses(integer, bigint[], text[]) is
  'Keeps log-ins of a load as the log-in spells them; null: it refuses them.';
grant execute on function app.legacy_keep_addresses(integer, bigint[], text[]) to kollegium_staff;

-- The numbers of rows that can come over, after one and up to another; those together that become one row:
-- a participant who gives and takes is one card.
create or replace function app.legacy_importable(p_load integer, p_table text, p_after bigint, p_last bigint)
returns setof bigint[] language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute format(
    'select array_agg(s.id order by s.id) from legacy_staging.%I s
     where s.load = $1 and s.id > $3 and ($4 is null or s.id <= $4) and not exists (
       select from legacy_staging.blocked b where b.load = $1 and b.source_table = $2 and b.id = s.id)
     group by %s order by min(s.id)', p_table,
    case p_table when 'participants' then 's.marketplace_id, s.user_id' else 's.id' end)
    using p_load, p_table, p_after, p_last;
end
$$;
comment on function app.legacy_importable(integer, text, bigint, bigint) is
  'Numbers of the rows of a load that can come over.';
grant execute on function app.legacy_importable(integer, text, bigint, bigint) to kollegium_staff;

-- For one transaction some rows are left out, as if they waited, so that an import can be tried without them.
create or replace function app.legacy_leave_out(p_load integer, p_table text, p_ids bigint[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.blocked (load, source_table, id) select p_load, p_table, i from unnest(p_ids) i
$$;
comment on function app.legacy_leave_out(integer, text, bigint[]) is
  'Leaves rows of a load out of what follows in this transaction.';
grant execute on function app.legacy_leave_out(integer, text, bigint[]) to kollegium_staff;

create or replace function app.legacy_let_in(p_load integer, p_table text, p_ids bigint[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  delete from legacy_staging.blocked b
  where b.load = p_load and b.source_table = p_table and b.id = any (p_ids)
$$;
comment on function app.legacy_let_in(integer, text, bigint[]) is
  'Takes back what legacy_leave_out did, before the transaction ends.';
grant execute on function app.legacy_let_in(integer, text, bigint[]) to kollegium_staff;

-- Contact data of the leads of a load as it stands there: service/domain/contact decides what it means. Leads
-- without any are left out.
create or replace function app.legacy_contacts(p_load integer, p_after bigint, p_limit integer)
returns table (id bigint, email text, phone text, postcode text, city text, country text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.id, l.contact_email, l.contact_phone, l.contact_postcode, l.contact_city, l.contact_country
  from legacy_staging.leads l
  where l.load = p_load and l.id > p_after and num_nonnulls(l.contact_email, l.contact_phone,
    l.contact_postcode, l.contact_city, l.contact_country) > 0
  order by l.id limit p_limit
$$;
comment on function app.legacy_contacts(integer, bigint, integer) is
  'Contact data of the leads of a load as it stands there, in pages.';
grant execute on function app.legacy_contacts(integer, bigint, integer) to kollegium_staff;

create or replace function app.legacy_keep_contacts(p_load integer, p_ids bigint[], p_emails text[],
  p_phones text[], p_postcodes text[], p_cities text[], p_countries text[], p_answers text[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update legacy_staging.leads l set kept_email = c.email, kept_phone = c.phone, kept_postcode = c.postcode,
    kept_city = c.city, kept_country = c.country, kept_answers = c.answers::jsonb
  from unnest(p_ids, p_emails, p_phones, p_postcodes, p_cities, p_countries, p_answers)
    c (id, email, phone, postcode, city, country, answers)
  where l.load = p_load and l.id = c.id
$$;
comment on function app.legacy_keep_contacts(
  integer, bigint[], text[], text[], text[], text[], text[], text[]) is
  'Keeps the contact data of leads of a load as every door stores it.';
grant execute on function app.legacy_keep_contacts(
  integer, bigint[], text[], text[], text[], text[], text[], text[]) to kollegium_staff;
