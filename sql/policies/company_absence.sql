-- company_absence: When a company is away as a whole: read by its own colleagues. Operators learn of it where a lead
-- is explained (reason absent), and not from when to when.
alter table app.company_absence enable row level security;
alter table app.company_absence force row level security;

drop policy if exists select_own on app.company_absence;
create policy select_own on app.company_absence for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.company_absence is 'own company''s row: its absences';
drop policy if exists cross_broker on app.company_absence;
create policy cross_broker on app.company_absence for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company_absence is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.company_absence to kollegium_api;
grant select, insert, delete on app.company_absence to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.add_company_absence, app.drop_company_absence
