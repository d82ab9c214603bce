create table app.saved_view (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 60),
  address text not null check (length(address) between 1 and 1000),
  saved_by text not null,
  saved_at timestamptz not null default app_private.clock()
);
create index saved_view_company on app.saved_view (company_id, id desc);

comment on table app.saved_view is 'A list of the workbench as colleagues want to find it again: its address with its filters. No personal data of prospects but what somebody searched for; erasure of the company deletes it.';
comment on column app.saved_view.id is 'Id (time-ordered UUID).';
comment on column app.saved_view.company_id is 'Whose it is; a merge moves it.';
comment on column app.saved_view.name is 'What colleagues call it; of several with one name the newest counts. [free text]';
comment on column app.saved_view.address is 'Path and query below /app/. [free text]';
comment on column app.saved_view.saved_by is 'Printed name of who saved it. [personal]';
comment on column app.saved_view.saved_at is 'When.';
