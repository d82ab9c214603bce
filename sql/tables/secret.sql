create table app_private.secret (
  only_row boolean primary key default true check (only_row),
  pepper bytea not null
);
insert into app_private.secret (pepper)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

comment on table app_private.secret is 'One random value, made with the database, known to nobody.';
comment on column app_private.secret.only_row is 'There is one row.';
comment on column app_private.secret.pepper is 'Makes salts of unknown e-mail addresses unpredictable.';

grant select on app_private.secret to kollegium_broker;
