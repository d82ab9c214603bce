-- absence: Who of a company is away and who covers him: read by its own colleagues.
alter table app.absence enable row level security;
alter table app.absence force row level security;

drop policy if exists select_own on app.absence;
create policy select_own on app.absence for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.absence is 'own company''s row: its absences';
drop policy if exists cross_broker on app.absence;
create policy cross_broker on app.absence for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.absence is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.absence to kollegium_api;
grant select, insert, delete on app.absence to kollegium_broker;
grant update (company_id, covered_by_id) on app.absence to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.add_absence, app.drop_absence
