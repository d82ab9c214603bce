-- follow_up: What a company has to do about a lead, and when: read by its own colleagues, by no other company.
alter table app.follow_up enable row level security;
alter table app.follow_up force row level security;

drop policy if exists select_own on app.follow_up;
create policy select_own on app.follow_up for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.follow_up is 'own company''s row: its follow-ups';
drop policy if exists cross_broker on app.follow_up;
create policy cross_broker on app.follow_up for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.follow_up is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.follow_up to kollegium_api;
grant select, insert, delete on app.follow_up to kollegium_broker;
grant update (company_id, colleague_id, due_at, text, done_at, reminded_at, version) on app.follow_up to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.add_follow_up, app.change_follow_up and
-- app.drop_follow_up take the company from the context and ask who may give work to others
