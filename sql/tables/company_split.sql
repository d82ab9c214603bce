create table app_private.company_split (
  id uuid primary key,
  company_id uuid not null references app.company,
  new_company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague,
  reference text not null check (length(reference) between 1 and 200),
  leads jsonb not null,
  created_at timestamptz not null default app_private.clock()
);

comment on table app_private.company_split is 'Colleagues who left a company with leads of it, into one of their own.';
comment on column app_private.company_split.id is 'Id (time-ordered UUID).';
comment on column app_private.company_split.company_id is 'The company he left.';
comment on column app_private.company_split.new_company_id is 'The company made for him.';
comment on column app_private.company_split.colleague_id is 'Who left.';
comment on column app_private.company_split.reference is 'Reference of the written request. [free text]';
comment on column app_private.company_split.leads is 'The leads that went with him: marketplace and lead. [none]';
comment on column app_private.company_split.created_at is 'When.';

grant select, insert on app_private.company_split to kollegium_broker;
