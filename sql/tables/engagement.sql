create table app.engagement (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  giver_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id, company_id], null)) stored,
  company_name text not null,
  state text not null
    check (state in ('active', 'won', 'lost', 'return_requested', 'returned', 'revoked')),
  origin text not null check (origin in ('pick', 'assignment')),
  self_pick boolean not null default false,
  picked_by_id uuid references app.colleague (id),
  picked_by_name text,
  steps text[] not null,
  step text not null,
  handler_id uuid,
  handler_name text,
  value numeric(14, 2) check (value >= 0),
  started_at timestamptz not null default app_private.clock(),
  closed_at timestamptz,
  return_reason text,
  return_comment text check (length(return_comment) between 1 and 2000),
  return_requested_at timestamptz,
  ended_at timestamptz,
  first_contact_at timestamptz,
  primary key (marketplace_id, id),
  -- What was said in it is seen as it is. Also: all engagements of a lead.
  unique (marketplace_id, lead_id, id, parties),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  foreign key (company_id, handler_id)
    references app.colleague (company_id, id) deferrable initially deferred,
  check (step = any (steps)),
  check ((handler_id is null) = (handler_name is null)),
  constraint engagement_ended check (case state when 'lost' then true
    when 'returned' then ended_at is not null when 'revoked' then ended_at is not null
    else ended_at is null end),
  -- When it has ended, its names stand on its card alone.
  constraint engagement_unnamed check (
    ended_at is null or (company_name = '' and num_nonnulls(picked_by_name, handler_name) = 0))
);
create unique index engagement_current on app.engagement (marketplace_id, lead_id) where ended_at is null;
-- What a company began to work in a period, for its caps.
create index engagement_started on app.engagement (company_id, started_at);
create index engagement_company on app.engagement (company_id, handler_id, state);
-- A company's own engagements, ended ones too; in all states by asking for each.
create index engagement_own on app.engagement (company_id, state, id desc);
-- Few leads by their engagement, for app.find_by_engagement.
create index engagement_facets on app.engagement
  using gin (parties, (array[state, step, coalesce(handler_id::text, 'none')])) with (gin_pending_list_limit = 256);
-- Whose handler may have fallen asleep, for app.hand_back.
create index engagement_handled on app.engagement (marketplace_id, lead_id) where state = 'active' and handler_id is not null;
-- What waits for the operator, for app.counts.
create index engagement_return on app.engagement (operator_company_id) where state = 'return_requested';

comment on table app.engagement is 'Company X works lead Y: from the pick or assignment to its end.';
comment on column app.engagement.marketplace_id is 'The marketplace.';
comment on column app.engagement.id is 'Id (time-ordered UUID).';
comment on column app.engagement.lead_id is 'The lead; at most one current engagement each.';
comment on column app.engagement.company_id is 'The taker; stays when the lead goes back.';
comment on column app.engagement.operator_company_id is 'The operator.';
comment on column app.engagement.giver_company_id is 'The giver, if any.';
comment on column app.engagement.parties is 'Who sees it: operator, giver, taker. Generated.';
comment on column app.engagement.company_name is 'Printed name of the taker; empty when it has ended: then it stands on the card. [none]';
comment on column app.engagement.state is 'active; won; lost; return_requested; returned; revoked. [none]';
comment on column app.engagement.origin is 'pick or assignment. [none]';
comment on column app.engagement.self_pick is 'The operator took it on its own marketplace (case 2).';
comment on column app.engagement.picked_by_id is 'The colleague who picked; null for an assignment.';
comment on column app.engagement.picked_by_name is 'His name at that time; null when it has ended. [personal]';
comment on column app.engagement.steps is 'The pipeline steps with which it began. [none]';
comment on column app.engagement.step is 'The present step. [none]';
comment on column app.engagement.handler_id is 'The colleague responsible; null: nobody.';
comment on column app.engagement.handler_name is 'His name; null when it has ended. [personal]';
comment on column app.engagement.value is 'Value of a won engagement, in the marketplace''s currency.';
comment on column app.engagement.started_at is 'When it began.';
comment on column app.engagement.closed_at is 'When it was won or lost.';
comment on column app.engagement.return_reason is 'Code of the reason for which the taker asked to return it last. [none]';
comment on column app.engagement.return_comment is 'What it said to that. [free text]';
comment on column app.engagement.return_requested_at is 'When it asked last.';
comment on column app.engagement.ended_at is 'When the taker lost the lead: returned, revoked, or lost and recycled. Null: it is the current one.';
comment on column app.engagement.first_contact_at is 'When the taker called first in it, reached or not; set once. Null: it did not call yet.';
