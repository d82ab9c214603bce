create table app.event (
  marketplace_id uuid not null,
  id uuid not null,
  slot integer not null default (floor(extract(epoch from app_private.clock()) / 86400)::bigint % 9)::integer,
  company_id uuid not null,
  kind text not null constraint event_kind_known check (kind in (
    'lead.created', 'lead.submitted', 'lead.accepted', 'lead.rejected', 'lead.offered', 'lead.unplaced',
    'lead.withdrawn', 'lead.changed', 'lead.consent_stated', 'lead.picked', 'lead.assigned',
    'lead.handler_changed', 'lead.step_changed', 'lead.won', 'lead.lost', 'lead.reopened',
    'lead.return_requested', 'lead.return_withdrawn', 'lead.return_due', 'lead.returned', 'lead.return_refused',
    'lead.revoked', 'lead.recycled', 'lead.came_back', 'offer.opened', 'offer.last_call', 'offer.lost',
    'offer.withdrawn', 'offer.expired', 'offer.declined', 'offer.reopened', 'message.added', 'file.added',
    'resync')),
  lead_id uuid,
  engagement_id uuid,
  version integer,
  colleague_id uuid,
  at timestamptz not null default app_private.clock(),
  written_by xid8 not null default pg_current_xact_id(),
  primary key (marketplace_id, id, slot),
  constraint event_about_a_lead check ((lead_id is null) = (kind = 'resync'))
) partition by list (slot);
-- A company's own, in their order; those of transactions that a reader has not seen yet.
create index event_company on app.event (company_id, id);
create index event_written on app.event (written_by);

comment on table app.event is 'One thing that happened to a lead of a company: mails, webhooks and streams are made of it. A row for each company concerned, kept seven days. Erasure of a person leaves it: it names none.';
comment on column app.event.marketplace_id is 'The marketplace.';
comment on column app.event.id is 'Id (time-ordered UUID).';
comment on column app.event.slot is 'Its day, counted modulo nine: one partition each, emptied as a whole when all of it is old.';
comment on column app.event.company_id is 'Whom it is told.';
comment on column app.event.kind is 'What happened; of a lead as its history has it. resync: a merge has moved what no event tells of. [none]';
comment on column app.event.lead_id is 'The lead; null: all of the marketplace (resync).';
comment on column app.event.engagement_id is 'The engagement in which it happened; null: before any, or nothing that whom it is told may see.';
comment on column app.event.version is 'Version of the lead then; null where it is none of whom it is told.';
comment on column app.event.colleague_id is 'The colleague who did it, told to his own company alone.';
comment on column app.event.at is 'When it happened.';
comment on column app.event.written_by is 'The transaction that wrote it: ids stand in the order of time and commits do not, so readers go by this.';

-- Days go round: nothing is created while the service runs, and emptying one locks no other.
do $$
declare
  v_column record;
begin
  for s in 0..8 loop
    execute format('create table app_private.event_day_%s partition of app.event for values in (%s)', s, s);
    execute format('comment on table app_private.event_day_%s is ''Events of every ninth day: %s.''', s, s);
    for v_column in
      select a.attname, col_description(a.attrelid, a.attnum) as words from pg_catalog.pg_attribute a
      where a.attrelid = 'app.event'::regclass and a.attnum > 0
    loop
      execute format('comment on column app_private.event_day_%s.%I is %L', s, v_column.attname, v_column.words);
    end loop;
    execute format('grant truncate on app_private.event_day_%s to kollegium_broker', s);
  end loop;
end
$$;
