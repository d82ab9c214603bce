create table app.return_rules (
  marketplace_id uuid primary key,
  operator_company_id uuid not null,
  reasons jsonb not null check (jsonb_typeof(reasons) = 'array' and jsonb_array_length(reasons) between 1 and 50),
  window_days integer not null check (window_days between 0 and 365),
  quota_percent integer check (quota_percent between 0 and 100),
  quota_days integer not null check (quota_days between 1 and 366),
  silence_days integer check (silence_days between 1 and 60),
  version integer not null default 1,
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.return_rules (operator_company_id);

comment on table app.return_rules is 'Which returns a marketplace takes. None: app_private.return_rules_now.';
comment on column app.return_rules.marketplace_id is 'The marketplace.';
comment on column app.return_rules.operator_company_id is 'The operator, who alone sees the row; its partners ask app.return_rules_of.';
comment on column app.return_rules.reasons is 'In their order, as the API takes them: [{"code", "label": {"de", "en"}, "evidence": {"attempts", "days"}, "automatic"}]. [none]';
comment on column app.return_rules.window_days is 'How many calendar days after its begin an engagement may be returned (0: on that day alone).';
comment on column app.return_rules.quota_percent is 'How many of a hundred engagements a taker may return; null: no limit.';
comment on column app.return_rules.quota_days is 'Of the engagements that began in so many days the quota is counted.';
comment on column app.return_rules.silence_days is 'After so many working days without an answer a return is accepted; null: it waits for ever.';
comment on column app.return_rules.version is 'Counts changes; the ETag.';
