create table app.lead (
  marketplace_id uuid not null,
  id uuid not null,
  operator_company_id uuid not null,
  giver_company_id uuid references app.company,
  engaged_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id, engaged_company_id], null)) stored,
  state text not null check (state in ('draft', 'submitted', 'available', 'offered', 'engaged',
    'closed', 'rejected', 'unplaced', 'withdrawn', 'erased')),
  interest text not null check (length(interest) between 1 and 4000),
  postcode_area text not null default '',
  tags text[] not null default '{}' check (cardinality(tags) <= 50),
  teaser_interest text,
  teaser_tags text[],
  distribution_permission boolean not null,
  source text not null default 'api',
  external_ref text,
  rejection_reason text,
  operator_name text not null,
  giver_name text,
  engaged_company_name text,
  engagement_id uuid,
  created_by_id uuid references app.colleague (id),
  received_at timestamptz not null default app_private.clock() check (isfinite(received_at)),
  created_at timestamptz not null default app_private.clock(),
  submitted_at timestamptz,
  changed_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  origin_parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id], null)) stored,
  primary key (marketplace_id, id),
  unique (marketplace_id, id, parties),
  unique (marketplace_id, id, origin_parties),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (state in ('draft', 'rejected', 'withdrawn', 'erased') or distribution_permission),
  -- A company works or worked the lead in exactly these states; what is erased may keep who it was.
  constraint lead_engaged_state check (
    state = 'erased' or (engaged_company_id is not null) = (state in ('engaged', 'closed')))
);
create index lead_operator on app.lead (operator_company_id, id desc);
create index lead_operator_state on app.lead (operator_company_id, state, id desc);
create index lead_giver on app.lead (giver_company_id, id desc) where giver_company_id is not null;
create index lead_engaged on app.lead (engaged_company_id, id desc) where engaged_company_id is not null;
-- The other two orders of each capacity's list; they also answer "since when".
create index lead_operator_received on app.lead (operator_company_id, received_at, id);
create index lead_giver_received on app.lead (giver_company_id, received_at, id) where giver_company_id is not null;
create index lead_engaged_received on app.lead (engaged_company_id, received_at, id)
  where engaged_company_id is not null;
create index lead_operator_changed on app.lead (operator_company_id, changed_at, id);
create index lead_giver_changed on app.lead (giver_company_id, changed_at, id) where giver_company_id is not null;
create index lead_engaged_changed on app.lead (engaged_company_id, changed_at, id)
  where engaged_company_id is not null;
-- Few leads by what their row says, for app.find_by_facets; one index for all capacities and any combination.
create index lead_facets on app.lead
  using gin (parties, (array[state, source, marketplace_id::text]), tags) with (gin_pending_list_limit = 256);
-- What a giver or operator imported once is not imported twice. The colliding rows are his own.
create unique index lead_external_ref on app.lead
  (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
  where external_ref is not null;

comment on table app.lead is 'The envelope of a lead: whose it is and how far it is. No personal data.';
comment on column app.lead.marketplace_id is 'The marketplace.';
comment on column app.lead.id is 'Id (time-ordered UUID).';
comment on column app.lead.operator_company_id is 'The operator of the marketplace.';
comment on column app.lead.giver_company_id is 'The giver; null when the operator put it in.';
comment on column app.lead.engaged_company_id is 'The taker that works or worked it; null before the pick.';
comment on column app.lead.parties is 'Who sees the lead: operator, giver, engaged taker. Generated; the prospect copies it.';
comment on column app.lead.origin_parties is 'Who sees what was said before any engagement: operator and giver. Generated; messages and history copy it.';
comment on column app.lead.state is 'Life cycle of docs/domain.md. [none]';
comment on column app.lead.interest is 'What is asked for, as it was written: contact data in it is for the parties alone. [free text]';
comment on column app.lead.postcode_area is 'Leading digits of the prospect''s postcode; part of the teaser. [none]';
comment on column app.lead.tags is 'Tags that takers are matched by. [free text]';
comment on column app.lead.teaser_interest is 'Interest as takers see it before the pick; null where that is the interest itself. Emptied with it. [free text]';
comment on column app.lead.teaser_tags is 'Tags as takers see them before the pick; null where those are the tags themselves. [free text]';
comment on column app.lead.distribution_permission is 'The person consents to the data being passed on; needed to submit.';
comment on column app.lead.source is 'Where it came in: api, what the client of the API says, or a file format of the import. [free text]';
comment on column app.lead.external_ref is 'Id in that source; comes in once for each giver or operator. [free text]';
comment on column app.lead.rejection_reason is 'The operator''s reason, for the giver. [free text]';
comment on column app.lead.operator_name is 'Printed name of the operator. [none]';
comment on column app.lead.giver_name is 'Printed name of the giver. [none]';
comment on column app.lead.engaged_company_name is 'Printed name of the engaged taker. [none]';
comment on column app.lead.engagement_id is 'The current engagement.';
comment on column app.lead.created_by_id is 'The colleague who put it in; null for an API key.';
comment on column app.lead.received_at is 'When the person asked, as the source tells; else as created_at.';
comment on column app.lead.created_at is 'When it came in here.';
comment on column app.lead.submitted_at is 'When it was submitted.';
comment on column app.lead.changed_at is 'When anything of it changed last.';
comment on column app.lead.version is 'Counts changes of lead, prospect and engagement; the ETag.';
