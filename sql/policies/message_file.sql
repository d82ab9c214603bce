-- message_file: Files as messages: shared by the parties of one engagement; before any, by operator and giver.
alter table app.message_file enable row level security;
alter table app.message_file force row level security;

drop policy if exists select_party on app.message_file;
create policy select_party on app.message_file for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.message_file is 'party of the row: the parties of the engagement, or operator and giver';
drop policy if exists cross_broker on app.message_file;
create policy cross_broker on app.message_file for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.message_file is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.message_file to kollegium_api;
grant select, insert, delete on app.message_file to kollegium_broker;
grant update (parties, company_id, engagement_id, company_name, author_name) on app.message_file to kollegium_broker;
-- not granted: insert, delete to kollegium_api: app.add_file takes company and author from the context,
-- app.remove_file asks whose it is; update of name, type or content to anybody: another file is another row
-- names are updated when an engagement ends: they move to its card
