-- Webhooks as the admins of a company have them: which there are, what became of deliveries, secrets.
set local role kollegium_broker;

-- One of the caller's company, held; refused to all but its admins, 404 for what is none of theirs.
create or replace function app_private.own_webhook(p_id uuid) returns app_private.webhook
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_webhook app_private.webhook;
begin
  select * into v_webhook from app_private.webhook w
  where w.id = p_id and w.company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_webhook;
end
$$;

create or replace function app_private.audit_webhook(p_action text, p_id uuid, p_detail jsonb default '{}')
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.audit(p_action, v_caller.company_id, v_caller.colleague_id, p_id, p_detail);
end
$$;

-- Asked before a name is looked up: nobody else finds out by us what names stand for.
create or replace function app.may_set_webhooks() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.admin_caller();
  return true;
end
$$;
comment on function app.may_set_webhooks() is 'Refuses who may not set webhooks (all but admins).';
grant execute on function app.may_set_webhooks() to kollegium_api;

create or replace function app.my_webhooks()
returns table (id uuid, name text, url text, kinds text[], state text, failing_since timestamptz,
  created_at timestamptz, version integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  return query select w.id, w.name, w.url, w.kinds, w.state, w.failing_since, w.created_at, w.version
    from app_private.webhook w where w.company_id = v_caller.company_id;
end
$$;
comment on function app.my_webhooks() is 'The webhooks of the caller''s company (admin); never their secrets.';
grant execute on function app.my_webhooks() to kollegium_api;

create or replace function app.add_webhook(p_name text, p_url text, p_kinds text[], p_secret text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  if (select count(*) from app_private.webhook w where w.company_id = v_caller.company_id) >= 20 then
    perform app_private.refuse(409, 'too-many-webhooks');
  end if;
  insert into app_private.webhook (id, company_id, name, url, kinds)
  values (v_id, v_caller.company_id, p_name, p_url, p_kinds);
  insert into app_private.webhook_secret (webhook_id, secret) values (v_id, p_secret);
  perform app_private.audit_webhook('webhook-added', v_id);
  return v_id;
end
$$;
comment on function app.add_webhook(text, text, text[], text) is
  'A new webhook of the caller''s company (admin), with what signs its deliveries.';
grant execute on function app.add_webhook(text, text, text[], text) to kollegium_api;

-- Null stays as it is; an empty list of kinds stands for all. What is switched on again begins with what happens
-- from now on; what was pending when it was switched off was given up, and can be replayed.
create or replace function app.change_webhook(
  p_id uuid, p_versions integer[], p_name text, p_url text, p_kinds text[], p_state text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_webhook constant app_private.webhook := app_private.own_webhook(p_id);
begin
  perform app_private.expect_version(v_webhook.version, p_versions);
  if p_state = 'off' and v_webhook.state = 'active' then
    perform app_private.stop_webhook(p_id, 'off');
  elsif p_state = 'active' and v_webhook.state <> 'active' then
    update app_private.webhook set state = 'active', active_since = app_private.clock(), failing_since = null,
      slow = false
    where id = p_id;
  end if;
  update app_private.webhook set name = coalesce(p_name, name), url = coalesce(p_url, url),
    kinds = case when p_kinds is null then kinds else nullif(p_kinds, '{}') end, version = version + 1,
    failing_since = case when p_url is null then failing_since end
  where id = p_id;
  perform app_private.audit_webhook('webhook-changed', p_id);
end
$$;
comment on function app.change_webhook(uuid, integer[], text, text, text[], text) is
  'Name, address, kinds and whether a webhook of the caller''s company is active (admin).';
grant execute on function app.change_webhook(uuid, integer[], text, text, text[], text) to kollegium_api;

create or replace function app.remove_webhook(p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.own_webhook(p_id);
  delete from app_private.webhook where id = p_id;
  perform app_private.audit_webhook('webhook-removed', p_id);
end
$$;
comment on function app.remove_webhook(uuid) is 'Ends a webhook of the caller''s company at once (admin).';
grant execute on function app.remove_webhook(uuid) to kollegium_api;

-- A new secret; the one before signs beside it for a day, and never more than these two.
create or replace function app.rotate_webhook(p_id uuid, p_secret text) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := app_private.clock() + interval '1 day';
begin
  perform app_private.own_webhook(p_id);
  delete from app_private.webhook_secret where webhook_id = p_id and ends_at < 'infinity';
  update app_private.webhook_secret set ends_at = v_until where webhook_id = p_id;
  insert into app_private.webhook_secret (webhook_id, secret) values (p_id, p_secret);
  perform app_private.audit_webhook('webhook-secret-rotated', p_id);
  return v_until;
end
$$;
comment on function app.rotate_webhook(uuid, text) is
  'A new secret for a webhook of the caller''s company (admin); returns until when the one before signs too.';
grant execute on function app.rotate_webhook(uuid, text) to kollegium_api;

-- What admins let us send by hand: few enough that nobody uses us to knock at others' doors.
create or replace function app_private.send_by_hand(p_webhook app_private.webhook) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_wait integer;
begin
  if p_webhook.state <> 'active' then
    perform app_private.refuse(409, 'webhook-not-active', jsonb_build_object('state', p_webhook.state));
  end if;
  v_wait := app_private.take('webhook ' || p_webhook.id, 60, interval '1 minute');
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
end
$$;

create or replace function app.ping_webhook(p_id uuid) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_webhook constant app_private.webhook := app_private.own_webhook(p_id);
  v_id constant uuid := app_private.new_id();
begin
  perform app_private.send_by_hand(v_webhook);
  insert into app_private.webhook_delivery (webhook_id, id, kind, payload)
  values (p_id, v_id, 'ping', app_private.webhook_payload('ping', v_id, app_private.clock(), '{}'));
  return v_id;
end
$$;
comment on function app.ping_webhook(uuid) is
  'Sends a webhook of the caller''s company something to try it by (admin); returns the delivery.';
grant execute on function app.ping_webhook(uuid) to kollegium_api;

-- Sends again what was delivered or given up, with the same id, from the begin of the schedule.
create or replace function app.replay_delivery(p_webhook uuid, p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_webhook constant app_private.webhook := app_private.own_webhook(p_webhook);
begin
  perform from app_private.webhook_delivery d where d.webhook_id = p_webhook and d.id = p_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.send_by_hand(v_webhook);
  update app_private.webhook_delivery set state = 'pending', step = 1, ended_at = null,
    due_at = app_private.clock(running => true)
  where webhook_id = p_webhook and id = p_id;
end
$$;
comment on function app.replay_delivery(uuid, uuid) is
  'Sends a delivery of a webhook of the caller''s company again (admin).';
grant execute on function app.replay_delivery(uuid, uuid) to kollegium_api;

-- The log, newest first: p_id alone, or what stands before p_before; never more than a page and one.
create or replace function app.my_deliveries(p_webhook uuid, p_id uuid, p_before uuid)
returns table (id uuid, kind text, state text, attempts integer, status integer, failure text,
  created_at timestamptz, attempted_at timestamptz, next_attempt_at timestamptz, ended_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  perform from app_private.webhook w where w.id = p_webhook and w.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return query select d.id, d.kind, d.state, d.attempts, d.status, d.failure, d.created_at, d.attempted_at,
      case when d.state = 'pending' then d.due_at end, d.ended_at
    from app_private.webhook_delivery d
    where d.webhook_id = p_webhook and d.id between coalesce(p_id, '00000000-0000-0000-0000-000000000000')
      and coalesce(p_id, p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff') and d.id is distinct from p_before
    order by d.id desc limit 101;
end
$$;
comment on function app.my_deliveries(uuid, uuid, uuid) is
  'What became of deliveries of a webhook of the caller''s company (admin).';
grant execute on function app.my_deliveries(uuid, uuid, uuid) to kollegium_api;
