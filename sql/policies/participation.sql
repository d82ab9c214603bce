-- participation: A company sees its own membership card, the operator those of its partners. An invitation that
-- is not answered yet is seen by the invited company alone: otherwise inviting an e-mail address
-- would tell the operator which company it belongs to (he sees app.partner_invitation instead).
alter table app.participation enable row level security;
alter table app.participation force row level security;

drop policy if exists select_own_or_operator on app.participation;
create policy select_own_or_operator on app.participation for select to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy select_own_or_operator on app.participation is 'own or operator''s row in a visible state';
drop policy if exists update_own_or_operator on app.participation;
create policy update_own_or_operator on app.participation for update to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')))
  with check (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy update_own_or_operator on app.participation is 'own or operator''s row in a visible state: both set areas, tags, pause and cap';
drop policy if exists cross_broker on app.participation;
create policy cross_broker on app.participation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.participation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.participation to kollegium_api;
grant update (postcode_areas, tags, paused, cap, cap_day, cap_week, cap_month, time_zone, version) on app.participation to kollegium_api;
grant select, insert, delete on app.participation to kollegium_broker;
grant update (company_id, operator_company_id, capacities, state, postcode_areas, tags, paused, cap, cap_day,
  cap_week, cap_month, time_zone, exclusive_areas, price_cents, marketplace_name, operator_name,
  company_name, steps, answered_at, ended_at, version) on app.participation to kollegium_broker;
-- not granted: insert, delete to kollegium_api: participations come and go through invitations
-- not granted: update of exclusive areas to kollegium_api: the operator alone sets them (app.set_exclusive_areas)
-- not granted: update of the price to kollegium_api: the operator alone sets it (app.set_price)
-- not granted: update of company, operator, capacities, state and printed names to kollegium_api
