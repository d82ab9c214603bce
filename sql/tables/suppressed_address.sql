create table app_private.suppressed_address (
  email text primary key check (email = lower(email) and length(email) between 3 and 254),
  failure text not null check (failure ~ '^[a-z0-9][a-z0-9. -]{0,39}$'),
  since timestamptz not null default app_private.clock()
);

comment on table app_private.suppressed_address is 'Addresses that a mail server said do not exist: nothing more is sent to them until somebody allows it again. Written by the worker.';
comment on column app_private.suppressed_address.email is 'The address. [personal]';
comment on column app_private.suppressed_address.failure is 'What the mail server answered: its codes. [none]';
comment on column app_private.suppressed_address.since is 'When.';

grant select, insert, delete on app_private.suppressed_address to kollegium_broker;
