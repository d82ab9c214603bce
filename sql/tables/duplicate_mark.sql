create table app_private.duplicate_mark (
  marketplace_id uuid not null,
  lead_id uuid not null,
  found_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);

comment on table app_private.duplicate_mark is 'A submitted lead whose person came in before: its operator decides. Its giver reads nothing of it. Erasure of a person leaves it: it names none.';
comment on column app_private.duplicate_mark.marketplace_id is 'The marketplace.';
comment on column app_private.duplicate_mark.lead_id is 'The lead that came later.';
comment on column app_private.duplicate_mark.found_at is 'When that was seen.';

grant select, insert, delete on app_private.duplicate_mark to kollegium_broker;
