-- invitation: Who was invited into a company is seen by that company alone.
alter table app.invitation enable row level security;
alter table app.invitation force row level security;

drop policy if exists select_own on app.invitation;
create policy select_own on app.invitation for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.invitation is 'own company''s row: open and past invitations';
drop policy if exists cross_broker on app.invitation;
create policy cross_broker on app.invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, role, state, invited_by_id, created_at, expires_at, answered_at) on app.invitation to kollegium_api;
grant select, insert on app.invitation to kollegium_broker;
grant update (company_id, state, answered_at) on app.invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_colleague, app.accept_invitation, app.revoke_invitation
