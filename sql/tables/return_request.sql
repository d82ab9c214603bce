create table app.return_request (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  state text not null
    check (state in ('waiting', 'dropped', 'requested', 'withdrawn', 'accepted', 'refused')),
  reason text not null,
  comment text check (length(comment) between 1 and 2000),
  asked_by_id uuid references app.colleague (id),
  asked_by_name text not null,
  asked_at timestamptz not null default app_private.clock(),
  released_by_name text,
  requested_at timestamptz,
  attempts integer not null default 0,
  days integer not null default 0,
  calls jsonb not null default '[]' check (jsonb_typeof(calls) = 'array'),
  remind_at timestamptz,
  silence_at timestamptz,
  automatic text check (automatic in ('reason', 'silence')),
  answer text check (length(answer) between 1 and 2000),
  ended_at timestamptz,
  files uuid[] not null default '{}',
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check ((state in ('waiting', 'dropped')) = (requested_at is null)),
  check ((state in ('waiting', 'requested')) = (ended_at is null))
);
create index return_request_engagement on app.return_request (marketplace_id, engagement_id, id desc);
create unique index return_request_open on app.return_request (marketplace_id, engagement_id)
  where state in ('waiting', 'requested');
-- What waits for release, for the quota.
create index return_request_waiting on app.return_request (company_id) where state = 'waiting';
-- What waits for an operator, in the order in which it was asked; on one marketplace, too.
create index return_request_pending on app.return_request (operator_company_id, id) where state = 'requested';
create index return_request_pending_here on app.return_request (marketplace_id, id) where state = 'requested';
-- What the worker does by itself.
create index return_request_silence on app.return_request (silence_at) where state = 'requested';
create index return_request_remind on app.return_request (remind_at) where state = 'requested';

comment on table app.return_request is 'A taker asks to return a lead: read by it, and by the operator once it was released. The giver reads what the history says. Erasure of the person deletes comment and answer; reason, times and outcomes of calls stay.';
comment on column app.return_request.marketplace_id is 'The marketplace.';
comment on column app.return_request.id is 'Id (time-ordered UUID).';
comment on column app.return_request.lead_id is 'The lead.';
comment on column app.return_request.engagement_id is 'The engagement that is to end; at most one open request each.';
comment on column app.return_request.company_id is 'The taker.';
comment on column app.return_request.operator_company_id is 'The operator, who decides.';
comment on column app.return_request.state is 'waiting: for release inside the company; dropped: it was not released; requested; withdrawn by the taker, or moot; accepted; refused. [none]';
comment on column app.return_request.reason is 'Code of the reason. [none]';
comment on column app.return_request.comment is 'What the taker said to it; null: nothing. [free text]';
comment on column app.return_request.asked_by_id is 'Who asked; null for an API key.';
comment on column app.return_request.asked_by_name is 'His name, or that of the key. [personal]';
comment on column app.return_request.asked_at is 'When he asked.';
comment on column app.return_request.released_by_name is 'Who released it; null: nobody had to. [personal]';
comment on column app.return_request.requested_at is 'Since when the operator knows of it; null: it does not.';
comment on column app.return_request.attempts is 'How many attempts to call counted when it was asked.';
comment on column app.return_request.days is 'On how many days, in the zone of the marketplace''s calendar.';
comment on column app.return_request.calls is 'Calls that are shown to the operator, in their order: [{"outcome", "at"}]; neither note nor name. [none]';
comment on column app.return_request.remind_at is 'When the operator is reminded; null: it was, or is not to be.';
comment on column app.return_request.silence_at is 'When silence accepts it; null: never.';
comment on column app.return_request.automatic is 'What accepted it: reason (the rules say so) or silence; null: somebody decided, or nobody yet. [none]';
comment on column app.return_request.answer is 'What the operator said to it; null: nothing. [free text]';
comment on column app.return_request.ended_at is 'Since when it is not open any more.';
comment on column app.return_request.files is 'Shared files of the engagement that are shown with it; one that was removed before it was released is not.';
