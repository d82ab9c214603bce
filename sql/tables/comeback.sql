create table app_private.comeback (
  marketplace_id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
comment on table app_private.comeback is 'Leads that came back (returned, or closed as lost) and that the worker is to offer again, as the plan of waves says. Gone when it did.';
comment on column app_private.comeback.marketplace_id is 'The marketplace.';
comment on column app_private.comeback.lead_id is 'The lead.';
comment on column app_private.comeback.engagement_id is 'The engagement from which it comes: one that was taken up again since is left alone.';
comment on column app_private.comeback.created_at is 'Since when it waits.';
grant select, insert, update, delete on app_private.comeback to kollegium_broker;
