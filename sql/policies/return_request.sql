-- return_request: The taker sees its requests, the operator those that were released to it. The giver sees none: it
-- reads of a return in the history, and never who the former taker was.
alter table app.return_request enable row level security;
alter table app.return_request force row level security;

drop policy if exists select_own_or_operator on app.return_request;
create policy select_own_or_operator on app.return_request for select to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id())
    and state in ('requested', 'withdrawn', 'accepted', 'refused')));
comment on policy select_own_or_operator on app.return_request is 'own or operator''s row in a visible state';
drop policy if exists cross_broker on app.return_request;
create policy cross_broker on app.return_request for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.return_request is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.return_request to kollegium_api;
grant select, insert on app.return_request to kollegium_broker;
grant update (company_id, operator_company_id, state, released_by_name, requested_at, attempts, days, calls, remind_at, silence_at, automatic, answer, ended_at) on app.return_request to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.request_return, app.release_return, app.withdraw_return …
