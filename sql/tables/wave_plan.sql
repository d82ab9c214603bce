create table app.wave_plan (
  marketplace_id uuid primary key,
  operator_company_id uuid not null,
  waves jsonb not null check (jsonb_typeof(waves) = 'array' and jsonb_array_length(waves) between 1 and 50),
  on_cap text not null check (on_cap in ('skip', 'next_wave')),
  recycle text not null check (recycle in ('never', 'ask', 'auto')),
  seed uuid not null,
  version integer not null default 1,
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.wave_plan (operator_company_id);

comment on table app.wave_plan is 'How a marketplace offers by itself. A brokerage keeps a copy of the plan it began with.';
comment on column app.wave_plan.marketplace_id is 'The marketplace.';
comment on column app.wave_plan.operator_company_id is 'The operator, who alone sees it.';
comment on column app.wave_plan.waves is 'The waves in their order, as the API takes them. A company that was absorbed since stands for its survivor (app_private.surviving). [none]';
comment on column app.wave_plan.on_cap is 'A taker whose cap is full: skip (its place goes to the next one) or next_wave (its place stays empty, and it is looked at again in the next wave). [none]';
comment on column app.wave_plan.recycle is 'What becomes of a lead that comes back: never, ask (the operator), auto. [none]';
comment on column app.wave_plan.seed is 'What random and weighted orders are drawn with, so that a preview shows what is drawn.';
comment on column app.wave_plan.version is 'Counts changes; the ETag.';
