-- What time it is. No other function and no default asks the server (tests/policies/catalogue.py), so whoever
-- replaces the first function turns the clock of all of them; kollegium_api cannot, it owns nothing.
-- Their bodies are bound when they are created (no search path is looked at later) and the planner puts them
-- in place: a condition or default costs what now() cost, and takes the same index.
create function app_private.clock() returns timestamptz
language sql stable parallel safe return now();
comment on function app_private.clock() is
  'The time of the transaction: what the business goes by. Tests turn the clock by replacing it.';
grant execute on function app_private.clock() to kollegium_broker, kollegium_api;

-- Leases, limits and ids go by the time that runs on within a transaction; tokens by the begin of the statement.
create function app_private.clock(running boolean, within_statement boolean default true) returns timestamptz
language sql volatile parallel safe
return app_private.clock() + case when not running then interval '0'
  when within_statement then clock_timestamp() - now() else statement_timestamp() - now() end;
comment on function app_private.clock(boolean, boolean) is
  'running => true: the same time, going on within the transaction, or from statement to statement.';
grant execute on function app_private.clock(boolean, boolean) to kollegium_broker;
