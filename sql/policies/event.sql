-- event: What happened to a company's leads: read by its own colleagues and systems, by no other company.
alter table app.event enable row level security;
alter table app.event force row level security;

drop policy if exists select_own on app.event;
create policy select_own on app.event for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.event is 'own company''s row: what was told to it';
drop policy if exists cross_broker on app.event;
create policy cross_broker on app.event for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.event is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (marketplace_id, id, company_id, kind, lead_id, engagement_id, version, colleague_id, at)
  on app.event to kollegium_api;
grant select, insert, delete on app.event to kollegium_broker;
grant update (company_id, written_by) on app.event to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app_private.tell writes in the transaction of its cause
-- not granted: slot, written_by to kollegium_api: how many transactions there were is nobody's business
