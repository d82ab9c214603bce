-- lead: The envelope: operator, giver and the one engaged taker see it, and nobody else.
alter table app.lead enable row level security;
alter table app.lead force row level security;

drop policy if exists select_party on app.lead;
create policy select_party on app.lead for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.lead is 'party of the row: operator, giver, engaged taker';
drop policy if exists cross_broker on app.lead;
create policy cross_broker on app.lead for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead to kollegium_api;
grant select, insert on app.lead to kollegium_broker;
grant update (operator_company_id, operator_name, giver_company_id, giver_name, external_ref, engaged_company_id, engaged_company_name, engagement_id, state, interest, postcode_area,
  tags, teaser_interest, teaser_tags, distribution_permission, rejection_reason, submitted_at, changed_at, version) on app.lead to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: every change goes through a function that locks the lead
