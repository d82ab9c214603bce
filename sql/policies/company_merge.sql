-- company_merge: Both companies see a request, its rehearsal and what became of it. The asking side reads
-- whom it named, not whether there is such a company: other_company_id and parties are not granted,
-- and the companies stand in the row only once the other side has answered.
alter table app.company_merge enable row level security;
alter table app.company_merge force row level security;

drop policy if exists select_party on app.company_merge;
create policy select_party on app.company_merge for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.company_merge is 'party of the row: survivor and absorbed';
drop policy if exists cross_broker on app.company_merge;
create policy cross_broker on app.company_merge for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company_merge is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, asking_company_id, asking_company_name, asking_side, named_email, named_company_id,
  state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, execute_at, reference,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, result, undone_at, undo_result,
  created_at, changed_at, version) on app.company_merge to kollegium_api;
grant select, insert on app.company_merge to kollegium_broker;
grant update (state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, named_email,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, done_id, result, undone_at,
  undo_result, changed_at, version) on app.company_merge to kollegium_broker;
-- not granted: other_company_id, parties, done_id to kollegium_api: see above
-- not granted: insert, update, delete to kollegium_api: app.request_merge, app.consent_to_merge, app.refuse_merge
