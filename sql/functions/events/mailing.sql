-- Mails about leads are made of events, with what is true when they are made: an event names no person and no company.
set local role kollegium_broker;

-- Which mail a company gets for an event, and what stands in it; none: that kind, or that part in it, is not mailed.
-- What was done in the same transaction has the same time. Who did it is not told of it.
create or replace function app_private.mail_of(p_event app.event, out template text, out payload jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_offer app.offer;
begin
  select * into v_lead from app.lead l where l.marketplace_id = p_event.marketplace_id and l.id = p_event.lead_id;
  payload := jsonb_build_object('lead', p_event.lead_id);
  if p_event.kind in ('offer.opened', 'offer.last_call') then
    select * into v_offer from app.offer o
    where o.marketplace_id = p_event.marketplace_id and o.lead_id = p_event.lead_id
      and o.company_id = p_event.company_id order by o.id desc limit 1;
    template := replace(replace(p_event.kind, '.', '-'), '_', '-');
    payload := jsonb_build_object('operator', v_lead.operator_name, 'interest', left(v_offer.interest, 200),
      'postcode_area', v_offer.postcode_area, 'expires_at', v_offer.expires_at);
  elsif p_event.kind in ('lead.unplaced', 'lead.came_back') and p_event.company_id = v_lead.operator_company_id then
    template := replace(replace(p_event.kind, '.', '-'), '_', '-');
    payload := payload || jsonb_build_object('interest', app_private.subject_of(v_lead.interest));
  elsif p_event.kind = 'lead.rejected' and p_event.company_id = v_lead.giver_company_id then
    template := 'lead-rejected';
    payload := payload || jsonb_build_object('operator', v_lead.operator_name, 'reason', v_lead.rejection_reason);
  elsif p_event.kind in ('message.added', 'file.added') then
    select case p_event.kind when 'message.added' then 'message-received' else 'file-received' end,
      payload || jsonb_build_object('company', s.company_name) into template, payload
    from app_private.shared_at(p_event) s where s.company_id <> p_event.company_id limit 1;
  elsif p_event.engagement_id is not null then
    select m.template, m.payload into template, payload from app_private.mail_of_engagement(p_event, v_lead) m;
  end if;
end
$$;

-- What was said or put in when an event says so.
create or replace function app_private.shared_at(p_event app.event)
returns table (company_id uuid, company_name text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select m.company_id, m.company_name from app.message m where p_event.kind = 'message.added'
    and m.marketplace_id = p_event.marketplace_id and m.lead_id = p_event.lead_id and m.created_at = p_event.at
  union all
  select f.company_id, f.company_name from app.message_file f where p_event.kind = 'file.added'
    and f.marketplace_id = p_event.marketplace_id and f.lead_id = p_event.lead_id and f.created_at = p_event.at
$$;

-- The same of what happened in an engagement. The name of a taker is the giver's to read only while it works the lead.
create or replace function app_private.mail_of_engagement(
  p_event app.event, p_lead app.lead, out template text, out payload jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_taker record;
  v_request app.return_request;
begin
  select e.company_id, coalesce(c.company_name, e.company_name) as company_name, e.ended_at into v_taker
  from app.engagement e
  left join app.engagement_card c on c.marketplace_id = e.marketplace_id and c.id = e.id
  where e.marketplace_id = p_event.marketplace_id and e.id = p_event.engagement_id;
  payload := jsonb_build_object('lead', p_event.lead_id, 'operator', p_lead.operator_name);
  select * into v_request from app.return_request r
  where r.marketplace_id = p_event.marketplace_id and r.engagement_id = p_event.engagement_id
    and p_event.kind in ('lead.return_requested', 'lead.return_due', 'lead.returned') order by r.id desc limit 1;
  if p_event.kind in ('lead.picked', 'lead.assigned') and p_event.company_id <> v_taker.company_id
      and (v_taker.ended_at is null or p_event.company_id = p_lead.operator_company_id) then
    template := 'lead-engaged';
    payload := jsonb_build_object('lead', p_event.lead_id, 'company', v_taker.company_name,
      'interest', app_private.subject_of(p_lead.interest));
  elsif p_event.company_id = v_taker.company_id then
    template := case p_event.kind when 'lead.assigned' then 'lead-assigned' when 'lead.return_refused' then 'return-refused'
      when 'lead.revoked' then case when p_event.company_id <> p_lead.operator_company_id then 'lead-revoked' end
      when 'lead.returned' then case when v_request.automatic is null then 'return-accepted'
        else 'return-accepted-by-itself' end end;
    if template = 'lead-assigned' then
      payload := jsonb_build_object('operator', p_lead.operator_name,
        'interest', app_private.subject_of(p_lead.interest));
    elsif template = 'lead-revoked' then
      payload := payload || jsonb_build_object('reason', (select h.detail ->> 'reason' from app.history h
        where h.marketplace_id = p_event.marketplace_id and h.lead_id = p_event.lead_id and h.event = 'revoked'
          and h.created_at = p_event.at limit 1));
    end if;
  elsif p_event.company_id = p_lead.operator_company_id then
    template := case p_event.kind
      when 'lead.return_requested' then case when v_request.automatic is distinct from 'reason' then 'return-requested' end
      when 'lead.return_due' then 'return-due'
      when 'lead.returned' then case when v_request.automatic is not null then 'return-came-by-itself' end end;
    payload := jsonb_strip_nulls(jsonb_build_object('lead', p_event.lead_id, 'company', v_taker.company_name,
      'reason', case when template = 'return-requested' then v_request.reason end,
      'due_at', case when template = 'return-due' then v_request.silence_at end));
  end if;
end
$$;

-- The events that were committed since the last call become circulars, each once; returns how many events there were.
-- Ids stand in the order of time and commits do not, so this goes by transactions: what this snapshot sees and the
-- last one did not. Whatever ends the caller leaves both as they were. Two callers: the second has nothing to do.
create or replace function app.mail_events() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_seen pg_snapshot;
  v_now pg_snapshot;
  v_count bigint;
begin
  select r.seen into v_seen from app_private.event_reader r where r.name = 'mails' for update skip locked;
  if not found then
    return 0;
  end if;
  v_seen := app_private.seen_here(v_seen);
  v_now := pg_current_snapshot();  -- what is committed after this is not seen by it, whatever a later statement sees
  insert into app_private.outbox (id, kind, template, company_id, payload, created_at, due_at)
  select app_private.id_beside(e.id), 'circular', m.template, e.company_id,
    m.payload || jsonb_build_object('marketplace_id', e.marketplace_id, 'lead', e.lead_id), e.at, e.at
  from app.event e
  join app.company co on co.id = e.company_id and co.state = 'active'
  cross join lateral app_private.mail_of(e) m
  where e.written_by >= pg_snapshot_xmin(v_seen) and not pg_visible_in_snapshot(e.written_by, v_seen)
    and pg_visible_in_snapshot(e.written_by, v_now) and m.template is not null;
  get diagnostics v_count = row_count;
  update app_private.event_reader r set seen = v_now where r.name = 'mails' and r.seen::text <> v_now::text;
  return v_count;
end
$$;
comment on function app.mail_events() is 'Makes circulars of what happened to leads since the last call.';
grant execute on function app.mail_events() to kollegium_worker;

-- The snapshot as it counts in this database. Restored into another server numbers of transactions begin anew: then
-- what was looked at gets the number of none, and what was not, one of now.
create or replace function app_private.seen_here(p_seen pg_snapshot) returns pg_snapshot
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_snapshot_xmin(p_seen) <= pg_snapshot_xmax(pg_current_snapshot()) then
    return p_seen;
  end if;
  update app.event e set written_by = case when pg_visible_in_snapshot(e.written_by, p_seen) then '1'
    else pg_current_xact_id() end
  where e.written_by >= pg_snapshot_xmax(pg_current_snapshot());
  return '3:3:'::pg_snapshot;
end
$$;
