-- Every moment and number that a client can be shown is one that clients can read: PostgreSQL also knows
-- infinite times, years before Christ and beyond 9999, and NaN, and one of them would fail a whole list.
-- Runs after all other files of tables, so that a new column needs no line of its own; safe to repeat.
-- (tests/policies/catalogue.py asks each column.)
do $$
declare
  v_column record;
begin
  for v_column in
    select c.oid::regclass as tab, c.relname, a.attname, case
      when a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
      then format('%1$I >= ''1900-01-01 00:00+00'' and %1$I < ''9999-01-01 00:00+00''', a.attname)
      else format('%1$I > ''-Infinity'' and %1$I < ''Infinity''', a.attname) end as bounds
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype,
        'numeric'::regtype, 'float4'::regtype, 'float8'::regtype)
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not exists (
      select from pg_constraint k where k.conrelid = c.oid
        and k.conname = left(c.relname || '_' || a.attname, 55) || '_bounded')
    order by 1, a.attnum
  loop
    execute format('alter table %s add constraint %I check (%s)', v_column.tab,
      left(v_column.relname || '_' || v_column.attname, 55) || '_bounded', v_column.bounds);
  end loop;
end
$$;
