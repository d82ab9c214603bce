create table app.rating (
  marketplace_id uuid not null,
  engagement_id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  stars integer check (stars between 1 and 5),
  reason text check (reason in
    ('good_as_described', 'wrong_contact', 'not_interested', 'outside_area', 'wrong_product')),
  rated_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, engagement_id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (num_nonnulls(stars, reason) > 0)
);

comment on table app.rating is 'How good a lead was for the taker of an engagement, one row each. Read by it and the operator, by the giver only as an average. Erasure of a person leaves it: it names none.';
comment on column app.rating.marketplace_id is 'The marketplace.';
comment on column app.rating.engagement_id is 'The engagement.';
comment on column app.rating.lead_id is 'The lead.';
comment on column app.rating.company_id is 'The taker; follows its engagement.';
comment on column app.rating.operator_company_id is 'The operator.';
comment on column app.rating.parties is 'Who sees it: operator and taker, never the giver. Generated.';
comment on column app.rating.stars is '1 (bad) to 5 (good); null: a reason alone.';
comment on column app.rating.reason is 'good_as_described, wrong_contact, not_interested, outside_area, wrong_product; null: stars alone. [none]';
comment on column app.rating.rated_at is 'When it was rated first.';
comment on column app.rating.changed_at is 'When it was rated last.';
