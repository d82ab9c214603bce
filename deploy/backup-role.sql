-- Makes kollegium_backup: reads everything for backups and writes nothing. Optional; by hand, once, as a superuser:
--   psql -X -v ON_ERROR_STOP=1 -v password="$KOLLEGIUM_BACKUP_PASSWORD" -f deploy/backup-role.sql
-- It is the one role beside superusers that row security does not bind, so a dump as this role is whole, where a dump as
-- any role of the service fails. `kollegium check --only drift` knows it (sql/house.toml). Safe to repeat.
begin;
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'kollegium_backup') then
    create role kollegium_backup;
  end if;
end
$$;
-- inherit, unlike the roles of the service: pg_dump does not ask for another role.
alter role kollegium_backup login inherit bypassrls nosuperuser nocreatedb nocreaterole noreplication connection limit 2;
grant pg_read_all_data to kollegium_backup;
alter role kollegium_backup set default_transaction_read_only = on;
alter role kollegium_backup set statement_timeout = 0;
alter role kollegium_backup password :'password';
commit;
