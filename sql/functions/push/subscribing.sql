-- Browsers that want to be told of offers: a colleague's own, of the session in which he is logged in there.
set local role kollegium_broker;

-- Asked before a name is looked up: colleagues alone, and few enough that nobody finds out by us what names stand for.
create or replace function app.may_subscribe() returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v_wait constant integer := app_private.take('subscribe ' || v_caller.colleague_id, 20, interval '1 minute');
begin
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  return true;
end
$$;
comment on function app.may_subscribe() is 'Refuses who may not subscribe browsers: API keys, and who does it too often.';
grant execute on function app.may_subscribe() to kollegium_api;

-- A browser has one subscription: whoever logs in there takes it over. The same again keeps its id. Of more than ten
-- of a colleague the oldest goes.
create or replace function app.subscribe_to_push(p_endpoint text, p_p256dh text, p_auth text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v_token constant bytea := sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
  v_id uuid;
begin
  perform from app.colleague c where c.id = v_caller.colleague_id for no key update;
  with former as (
    delete from app_private.push_subscription s using app_private.bearer b
    where s.endpoint = p_endpoint and b.token_sha256 = s.token_sha256 returning s.id, b.colleague_id)
  select f.id into v_id from former f where f.colleague_id = v_caller.colleague_id;
  v_id := coalesce(v_id, app_private.new_id());
  insert into app_private.push_subscription (id, token_sha256, endpoint, p256dh, auth)
  values (v_id, v_token, p_endpoint, p_p256dh, p_auth);
  delete from app_private.push_subscription s where s.id in (
    select o.id from app_private.push_subscription o join app_private.bearer b on b.token_sha256 = o.token_sha256
    where b.colleague_id = v_caller.colleague_id and o.id <> v_id order by o.created_at desc, o.id desc offset 9);
  return v_id;
end
$$;
comment on function app.subscribe_to_push(text, text, text) is 'The caller''s browser is told of offers from now on.';
grant execute on function app.subscribe_to_push(text, text, text) to kollegium_api;

create or replace function app.my_push_subscriptions()
returns table (id uuid, client text, service text, created_at timestamptz, pushed_at timestamptz, current boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  return query select s.id, b.client, substring(s.endpoint from '^[a-z]+://([^/]+)'), s.created_at, s.pushed_at,
      b.token_sha256 = sha256(convert_to(current_setting('kollegium.token'), 'UTF8'))
    from app_private.push_subscription s join app_private.bearer b on b.token_sha256 = s.token_sha256
    where b.colleague_id = v_caller.colleague_id order by s.id desc;
end
$$;
comment on function app.my_push_subscriptions() is 'The caller''s browsers that are told of offers.';
grant execute on function app.my_push_subscriptions() to kollegium_api;

create or replace function app.unsubscribe_from_push(p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  perform from app.colleague c where c.id = v_caller.colleague_id for no key update;
  delete from app_private.push_subscription s using app_private.bearer b
  where s.id = p_id and b.token_sha256 = s.token_sha256 and b.colleague_id = v_caller.colleague_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
end
$$;
comment on function app.unsubscribe_from_push(uuid) is 'A browser of the caller is told of offers no more.';
grant execute on function app.unsubscribe_from_push(uuid) to kollegium_api;

-- Sessions that somebody ended: their browsers are told nothing any more. One that only ran out goes on.
create or replace function app_private.end_push(p_tokens bytea[]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  delete from app_private.push_subscription where token_sha256 = any (p_tokens)
$$;
