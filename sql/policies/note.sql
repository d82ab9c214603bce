-- note: Internal: read by the colleagues of the company that wrote it.
alter table app.note enable row level security;
alter table app.note force row level security;

drop policy if exists select_own on app.note;
create policy select_own on app.note for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.note is 'own company''s row: internal notes';
drop policy if exists cross_broker on app.note;
create policy cross_broker on app.note for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.note is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.note to kollegium_api;
grant select, insert, delete on app.note to kollegium_broker;
grant update (company_id) on app.note to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_note takes company and author from the context
-- not granted: update of the text to anybody; delete to kollegium_api: notes stay (a merge moves them), but
-- for one of the former system that was deleted there and not touched here
