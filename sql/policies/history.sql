-- history: What happened to a lead, for the parties of the engagement in which it did; before any, for operator and giver.
alter table app.history enable row level security;
alter table app.history force row level security;

drop policy if exists select_party on app.history;
create policy select_party on app.history for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.history is 'party of the row: the parties of the engagement, or operator and giver';
drop policy if exists cross_broker on app.history;
create policy cross_broker on app.history for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.history is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.history to kollegium_api;
grant select, insert, delete on app.history to kollegium_broker;
grant update (parties, company_id, company_name, colleague_name, detail) on app.history to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: history is written by the functions that
-- make it; the broker deletes what a merge wrote when it is undone, and nothing else
