-- note_file: Files as internal notes: read by the colleagues of the company that put them in.
alter table app.note_file enable row level security;
alter table app.note_file force row level security;

drop policy if exists select_own on app.note_file;
create policy select_own on app.note_file for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.note_file is 'own company''s row: files as internal notes';
drop policy if exists cross_broker on app.note_file;
create policy cross_broker on app.note_file for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.note_file is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.note_file to kollegium_api;
grant select, insert, delete on app.note_file to kollegium_broker;
grant update (company_id) on app.note_file to kollegium_broker;
-- not granted: insert, delete to kollegium_api: app.add_file takes company and author from the context,
-- app.remove_file asks whose it is; update of name, type or content to anybody: another file is another row
