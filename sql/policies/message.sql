-- message: Shared by the parties of one engagement; before any, by operator and giver.
alter table app.message enable row level security;
alter table app.message force row level security;

drop policy if exists select_party on app.message;
create policy select_party on app.message for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.message is 'party of the row: the parties of the engagement, or operator and giver';
drop policy if exists cross_broker on app.message;
create policy cross_broker on app.message for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.message is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.message to kollegium_api;
grant select, insert, delete on app.message to kollegium_broker;
grant update (parties, company_id, engagement_id, company_name, author_name) on app.message to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_message takes company and author from the context
-- not granted: update of the text to anybody; delete to kollegium_api: messages stay, but for one of the former
-- system that was deleted there and not touched here
-- names are updated when an engagement ends: they move to its card
