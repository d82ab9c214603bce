create table app.engagement_card (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  picked_by_name text,
  handler_name text,
  names jsonb not null default '{}',
  primary key (marketplace_id, id),
  foreign key (marketplace_id, id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);

comment on table app.engagement_card is
  'Who an engagement that has ended was with: names of the taker and its colleagues, which the giver reads no more. Erasure of a person leaves it: it names colleagues.';
comment on column app.engagement_card.marketplace_id is 'The marketplace.';
comment on column app.engagement_card.id is 'The engagement; one card each, made when it ends.';
comment on column app.engagement_card.lead_id is 'The lead.';
comment on column app.engagement_card.company_id is 'The taker.';
comment on column app.engagement_card.operator_company_id is 'The operator.';
comment on column app.engagement_card.parties is 'Who sees it: operator and taker. Generated.';
comment on column app.engagement_card.company_name is 'Printed name of the taker when it ended. [none]';
comment on column app.engagement_card.picked_by_name is 'The colleague who picked. [personal]';
comment on column app.engagement_card.handler_name is 'The colleague who handled it last. [personal]';
comment on column app.engagement_card.names is
  'What its messages and history printed of the taker: id of the row to its names, as they stood there. [personal]';
