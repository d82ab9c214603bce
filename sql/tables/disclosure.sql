create table app.disclosure (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  colleague_name text,
  reason text not null check (reason in ('pick', 'assignment')),
  fields text[] not null,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index disclosure_lead on app.disclosure (marketplace_id, lead_id, id desc);

comment on table app.disclosure is 'Who received which personal data when: evidence, never changed.';
comment on column app.disclosure.marketplace_id is 'The marketplace.';
comment on column app.disclosure.id is 'Id (time-ordered UUID).';
comment on column app.disclosure.lead_id is 'The lead.';
comment on column app.disclosure.company_id is 'The recipient.';
comment on column app.disclosure.operator_company_id is 'The operator, who disclosed.';
comment on column app.disclosure.parties is 'Who sees it: operator and recipient. Generated.';
comment on column app.disclosure.company_name is 'Printed name of the recipient. [none]';
comment on column app.disclosure.colleague_name is 'The colleague whose pick it was; null for an assignment. [personal]';
comment on column app.disclosure.reason is 'pick or assignment. [none]';
comment on column app.disclosure.fields is 'Names of the fields that held data then; no values. [none]';
comment on column app.disclosure.created_at is 'When.';
