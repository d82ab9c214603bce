-- return_rules: Set by the operator. Its partners read them through app.return_rules_of.
alter table app.return_rules enable row level security;
alter table app.return_rules force row level security;

drop policy if exists select_operator on app.return_rules;
create policy select_operator on app.return_rules for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.return_rules is 'own company''s row: the operator sees its rules';
drop policy if exists cross_broker on app.return_rules;
create policy cross_broker on app.return_rules for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.return_rules is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.return_rules to kollegium_api;
grant select, insert on app.return_rules to kollegium_broker;
grant update (operator_company_id, reasons, window_days, quota_percent, quota_days, silence_days, version) on app.return_rules to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.set_return_rules
