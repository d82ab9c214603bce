-- marketplace: Its operator sees the marketplace. Partners see its name and steps on their participation.
alter table app.marketplace enable row level security;
alter table app.marketplace force row level security;

drop policy if exists select_operator on app.marketplace;
create policy select_operator on app.marketplace for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.marketplace is 'own company''s row: the operator sees its marketplace';
drop policy if exists cross_broker on app.marketplace;
create policy cross_broker on app.marketplace for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.marketplace is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.marketplace to kollegium_api;
grant select, insert on app.marketplace to kollegium_broker;
grant update (operator_company_id, name, operator_name, steps, operator_may_take, giver_may_withdraw, auto_accept,
  auto_offer, response_hours, reopen_days, teaser_digits, next_step_required, hand_back_hours,
  contact_target_minutes, stalled_hours, price_cents, currency, duplicate_days, changed_at, version) on app.marketplace to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_marketplace, app.change_marketplace (cards change too)
