-- partner_invitation: Whom an operator invited: by e-mail address or by company id, as he wrote it.
alter table app.partner_invitation enable row level security;
alter table app.partner_invitation force row level security;

drop policy if exists select_operator on app.partner_invitation;
create policy select_operator on app.partner_invitation for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.partner_invitation is 'own company''s row: the operator sees whom it invited';
drop policy if exists cross_broker on app.partner_invitation;
create policy cross_broker on app.partner_invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.partner_invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.partner_invitation to kollegium_api;
grant select, insert on app.partner_invitation to kollegium_broker;
grant update (company_id, operator_company_id, state) on app.partner_invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_partner, app.end_participation
