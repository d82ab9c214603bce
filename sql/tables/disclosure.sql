create table app.disclosure (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  colleague_name text,
  cause text not null check (cause in ('pick', 'assignment', 'export')),
  fields text[] not null,
  since timestamptz not null default app_private.clock(),
  until timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (until >= since),
  constraint disclosure_of_a_lead check (lead_id is not null or cause = 'export')
);
create index disclosure_lead on app.disclosure (marketplace_id, lead_id, id desc);
-- Exports of a company, which a merge does not find by their lead.
create index disclosure_export on app.disclosure (company_id, id) where lead_id is null;

comment on table app.disclosure is 'Who received which personal data when: evidence, never changed. A row without lead is of all that a list gave out as a file.';
comment on column app.disclosure.marketplace_id is 'The marketplace.';
comment on column app.disclosure.id is 'Id (time-ordered UUID).';
comment on column app.disclosure.lead_id is 'The lead; null: an export of a list, of what the recipient could read on the marketplace then.';
comment on column app.disclosure.company_id is 'The recipient.';
comment on column app.disclosure.operator_company_id is 'The operator, who disclosed.';
comment on column app.disclosure.parties is 'Who sees it: operator and recipient. Generated.';
comment on column app.disclosure.company_name is 'Printed name of the recipient. [none]';
comment on column app.disclosure.colleague_name is 'The colleague whose pick or export it was; null for an assignment. [personal]';
comment on column app.disclosure.cause is 'pick, assignment or export. [none]';
comment on column app.disclosure.fields is 'Names of the fields that held data then, or that an export names; no values. [none]';
comment on column app.disclosure.since is 'When the recipient could read it first.';
comment on column app.disclosure.until is 'When it could not any more; null: it still may, or it is not entered. An export is given out in a moment.';
