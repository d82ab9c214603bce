-- What time it is. No other function and no default asks the server (tests/policies/catalogue.py), so whoever
-- replaces the first function turns the clock of all of them; kollegium_api cannot, it owns nothing.
-- Their bodies are bound when they are created (no search path is looked at later) and the planner puts them
-- in place: a condition or default costs what now() cost, and takes the same index.
create function app_private.clock() returns timestamptz
language sql stable parallel safe return now();
comment on function app_private.clock() is
  'The time of the transaction: what the business goes by. Tests turn the clock by replacing it.';
grant execute on function app_private.clock() to kollegium_broker, kollegium_api;

-- Leases, limits and ids go by the time that runs on within a transaction.
create function app_private.clock(running boolean) returns timestamptz
language sql volatile parallel safe
return case when running then app_private.clock() + (clock_timestamp() - now()) else app_private.clock() end;
comment on function app_private.clock(boolean) is
  'running => true: the same time, going on within the transaction.';
grant execute on function app_private.clock(boolean) to kollegium_broker;
