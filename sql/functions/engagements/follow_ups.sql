-- Follow-ups: a date for a lead, for one colleague.
set local role kollegium_broker;

-- To whom a follow-up may be given: to oneself always, to an active colleague by whoever may hand over.
create or replace function app_private.expect_own_colleague(p_caller app.caller, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_colleague is distinct from p_caller.colleague_id and p_caller.delegator_role
     and p_caller.role not in ('delegator', 'admin') then
    perform app_private.refuse(403, 'delegator-required');
  end if;
  -- Who leaves must not be given something beside it.
  perform from app.colleague where id = p_colleague and company_id = p_caller.company_id and active for share;
  if not found then
    perform app_private.refuse(422, 'handler-unknown');
  end if;
end
$$;

-- For a lead that the company sees; p_colleague null: for the caller.
create or replace function app.add_follow_up(
  p_marketplace uuid, p_lead uuid, p_due_at timestamptz, p_text text, p_colleague uuid)
returns app.follow_up language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_colleague constant uuid := coalesce(p_colleague, v_caller.colleague_id);
  v_follow_up app.follow_up;
begin
  if v_colleague is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  perform app_private.expect_own_colleague(v_caller, v_colleague);
  perform app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.follow_up (marketplace_id, id, lead_id, company_id, colleague_id, due_at, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_caller.company_id, v_colleague, p_due_at, p_text)
  returning * into v_follow_up;
  return v_follow_up;
end
$$;
comment on function app.add_follow_up(uuid, uuid, timestamptz, text, uuid) is
  'A follow-up of the caller''s company for a lead it sees; for others: the role delegator.';
grant execute on function app.add_follow_up(uuid, uuid, timestamptz, text, uuid) to kollegium_api;

-- 422 where the marketplace wants to know what comes next and the company has no open follow-up for the lead.
create or replace function app_private.expect_next_step(p_marketplace uuid, p_lead uuid, p_company uuid)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if (select m.next_step_required from app.marketplace m where m.id = p_marketplace) and not exists (
       select from app.follow_up f where f.marketplace_id = p_marketplace and f.lead_id = p_lead
         and f.company_id = p_company and f.done_at is null) then
    perform app_private.refuse(422, 'next-step-required');
  end if;
end
$$;

-- One of the caller's company, locked; 404 for none.
create or replace function app_private.lock_follow_up(p_marketplace uuid, p_lead uuid, p_id uuid, p_versions integer[])
returns app.follow_up language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_follow_up app.follow_up;
begin
  select * into v_follow_up from app.follow_up
  where marketplace_id = p_marketplace and lead_id = p_lead and id = p_id and company_id = v_company
  for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_version(v_follow_up.version, p_versions);
  return v_follow_up;
end
$$;

-- Any colleague may: put off (then one is reminded again), say what, tick off or open again, give to another.
-- What p_change does not name stays.
create or replace function app.change_follow_up(
  p_marketplace uuid, p_lead uuid, p_id uuid, p_versions integer[], p_change jsonb)
returns app.follow_up language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_to constant uuid := p_change ->> 'colleague_id';
  v_follow_up app.follow_up;
begin
  if p_change ? 'colleague_id' then
    perform app_private.expect_own_colleague(v_caller, v_to);
  end if;
  v_follow_up := app_private.lock_follow_up(p_marketplace, p_lead, p_id, p_versions);
  update app.follow_up set version = version + 1,
    colleague_id = coalesce(v_to, colleague_id),
    due_at = coalesce((p_change ->> 'due_at')::timestamptz, due_at),
    reminded_at = case when (p_change ->> 'due_at')::timestamptz > due_at then null else reminded_at end,
    text = case when p_change ? 'text' then p_change ->> 'text' else text end,
    done_at = case when not p_change ? 'done' then done_at
      when (p_change ->> 'done')::boolean then coalesce(done_at, app_private.clock()) end
  where marketplace_id = p_marketplace and id = p_id
  returning * into v_follow_up;
  return v_follow_up;
end
$$;
comment on function app.change_follow_up(uuid, uuid, uuid, integer[], jsonb) is
  'Puts a follow-up off, changes its text, ticks it off, or gives it to another colleague.';
grant execute on function app.change_follow_up(uuid, uuid, uuid, integer[], jsonb) to kollegium_api;

create or replace function app.drop_follow_up(p_marketplace uuid, p_lead uuid, p_id uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.lock_follow_up(p_marketplace, p_lead, p_id, null);
  delete from app.follow_up where marketplace_id = p_marketplace and id = p_id;
end
$$;
comment on function app.drop_follow_up(uuid, uuid, uuid) is 'Removes a follow-up of the caller''s company.';
grant execute on function app.drop_follow_up(uuid, uuid, uuid) to kollegium_api;

-- What was agreed on the telephone: for who called, or, where an API key entered it, for the handler.
create or replace function app_private.follow_call(p_attempt app.call_attempt, p_handler uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app.follow_up (marketplace_id, id, lead_id, company_id, colleague_id, due_at, text)
  values (p_attempt.marketplace_id, app_private.new_id(), p_attempt.lead_id, p_attempt.company_id,
    coalesce(p_attempt.colleague_id, p_handler), p_attempt.call_back_at, p_attempt.note)
$$;

-- Mails that remind of up to p_limit follow-ups that are due, each once; returns of how many. Without text and
-- person: they say that something is due for which lead. Who is away is not told, but who covers him; nobody's go to all. A company that no longer
-- sees the lead is not reminded. While a company is being merged its reminders wait, as circulars do.
create or replace function app.remind(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_count integer := 0;
begin
  for v in
    select f.marketplace_id, f.id, f.lead_id, f.company_id, f.due_at, c.email, c.language, m.name as marketplace,
      f.company_id = any (l.parties) as seen
    from (select * from app.follow_up d
          where d.done_at is null and d.reminded_at is null and d.due_at <= app_private.clock()
          order by d.due_at limit p_limit for no key update skip locked) f
    join app.lead l on l.marketplace_id = f.marketplace_id and l.id = f.lead_id
    join app.marketplace m on m.id = f.marketplace_id
    left join app.colleague c on c.id = app_private.told_instead(f.colleague_id) and c.company_id = f.company_id and c.active
  loop
    continue when not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v.company_id));
    update app.follow_up set reminded_at = app_private.clock()
    where marketplace_id = v.marketplace_id and id = v.id;
    v_count := v_count + 1;
    continue when not v.seen;
    if v.email is null then
      perform app_private.mail_company('follow-up-due', v.company_id, jsonb_build_object(
        'marketplace', v.marketplace, 'marketplace_id', v.marketplace_id, 'lead', v.lead_id, 'due_at', v.due_at));
    else
      perform app_private.mail('follow-up-due', v.email, v.language, v.company_id, jsonb_build_object(
        'marketplace', v.marketplace, 'marketplace_id', v.marketplace_id, 'lead', v.lead_id, 'due_at', v.due_at));
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.remind(integer) is 'Writes the reminders of follow-ups that are due, each once; of how many.';
grant execute on function app.remind(integer) to kollegium_worker;

-- A colleague left the company: what he had to do is nobody's, until somebody takes it; his absences are over.
create or replace function app_private.leave_behind(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.follow_up set colleague_id = null, version = version + 1
  where company_id = p_company and colleague_id = p_colleague and done_at is null;
  delete from app_private.calendar_feed where colleague_id = p_colleague;
  perform app_private.forget_absences(p_company, p_colleague);
end
$$;

-- The same for all who act for another company by now.
create or replace function app_private.leave_behind_strangers(p_companies uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.follow_up f set colleague_id = null, version = f.version + 1 from app.colleague c
  where f.company_id = any (p_companies) and c.id = f.colleague_id and c.company_id <> f.company_id;
  perform app_private.forget_strangers_absences(p_companies);
end
$$;
