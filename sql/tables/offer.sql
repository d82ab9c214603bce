create table app.offer (
  marketplace_id uuid not null,
  id uuid not null,
  brokerage_id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  wave integer not null,
  state text not null
    check (state in ('open', 'picked', 'declined', 'expired', 'withdrawn', 'lost')),
  interest text not null,
  postcode_area text not null,
  tags text[] not null,
  marketplace_name text not null,
  company_name text not null,
  opened_at timestamptz not null default app_private.clock(),
  expires_at timestamptz not null,
  answered_at timestamptz,
  answered_by_name text,
  decline_reason text,
  placed_before integer not null default 0 check (placed_before >= 0),
  price_cents integer check (price_cents > 0),
  currency text check ((currency is null) = (price_cents is null)),
  primary key (marketplace_id, id),
  unique (marketplace_id, brokerage_id, company_id),
  foreign key (marketplace_id, brokerage_id) references app.brokerage (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
-- Each side lists by state, and in all states by asking for each: few open ones are found among many ended.
create index offer_taker on app.offer (company_id, state, id desc);
create index offer_operator on app.offer (operator_company_id, state, id desc);
create index offer_taker_expiry on app.offer (company_id, expires_at, id) where state = 'open';
create index offer_operator_expiry on app.offer (operator_company_id, expires_at, id) where state = 'open';
create index offer_marketplace on app.offer (marketplace_id, state, id desc);
create index offer_lead on app.offer (lead_id, company_id);
create index offer_due on app.offer (expires_at) where state = 'open';
-- What a company may take back: of all that it ever declined, what is not over.
create index offer_declined on app.offer (company_id, expires_at) where state = 'declined';

comment on table app.offer is 'A lead offered to a company (not a person): a copy of its teaser.';
comment on column app.offer.marketplace_id is 'The marketplace.';
comment on column app.offer.id is 'Id (time-ordered UUID).';
comment on column app.offer.brokerage_id is 'The brokerage; one offer of it for each company.';
comment on column app.offer.lead_id is 'The lead; a taker sees no more of it than this row.';
comment on column app.offer.company_id is 'The taker.';
comment on column app.offer.operator_company_id is 'The operator.';
comment on column app.offer.wave is 'Number of the wave.';
comment on column app.offer.state is 'open; picked; declined; expired; withdrawn; lost. The taker sees the first two, and by app.offers_to_reopen what it may take back. [none]';
comment on column app.offer.interest is 'Teaser: what is asked for, without contact data (app_private.teaser). [free text]';
comment on column app.offer.postcode_area is 'Teaser: leading digits of the postcode. [none]';
comment on column app.offer.tags is 'Teaser: tags, without those that hold contact data. [free text]';
comment on column app.offer.marketplace_name is 'Printed name of the marketplace. [none]';
comment on column app.offer.company_name is 'Printed name of the taker, for the operator. [none]';
comment on column app.offer.opened_at is 'When it was opened.';
comment on column app.offer.expires_at is 'End of the response window; no pick after it.';
comment on column app.offer.answered_at is 'When its state left open.';
comment on column app.offer.answered_by_name is 'The colleague who picked or declined. [personal]';
comment on column app.offer.decline_reason is 'The taker''s reason, for the operator. [free text]';
comment on column app.offer.placed_before is 'Teaser: how many engagements of the lead had ended; with whom is told to nobody.';
comment on column app.offer.price_cents is 'What the taker pays if it picks, in hundredths, as it was when the offer was made; null: nothing.';
comment on column app.offer.currency is 'ISO 4217 code of the price. [none]';
