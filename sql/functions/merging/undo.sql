-- Undoing a merge: rows that were changed or removed, and the order of it all.
set local role kollegium_broker;

-- A row that the merge changed: each column goes back if it still holds what the merge wrote.
create or replace function app_private.change_back(p_journal app_private.merge_journal, p_key jsonb)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) a,
    jsonb_populate_record(null::%1$s, $3) b where %3$s', p_journal.tab,
    (select string_agg(format(
       '%1$I = case when t.%1$I is not distinct from a.%1$I then b.%1$I else t.%1$I end', k), ', ')
     from jsonb_object_keys(p_journal.after) k),
    case when p_journal.tab = 'app.marketplace' then 't.id = ($1 ->> ''id'')::uuid'
      else app_private.row_condition(p_journal.tab) end)
  using p_key, p_journal.after, p_journal.before;
  get diagnostics v_count = row_count;
  return v_count = 1;
end
$$;

-- Offers, their brokerage and their lead go back together, or not at all where the lead went on since.
create or replace function app_private.changes_back(p_merge uuid, p_to uuid)
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
  v_moved_on uuid[];
  v_count bigint := 0;
begin
  -- Brokerages that the merge closed and whose lead changed since, or that closed by themselves.
  select array_agg(b.id) into v_moved_on
  from app_private.merge_journal j
  join app.offer o on j.tab = 'app.offer' and o.marketplace_id = j.marketplace_id and o.id = j.id
  join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id
  where j.merge_id = p_merge and j.kind = 'changed' and not app_private.wave_stands(p_merge, b);
  for v in select * from app_private.merge_journal j
           where j.merge_id = p_merge and j.kind = 'changed' order by j.tab, j.marketplace_id, j.id
  loop
    continue when (v.tab = 'app.brokerage' and v.id = any (v_moved_on))
      or (v.tab = 'app.offer' and exists (select from app.offer o where o.marketplace_id = v.marketplace_id
            and o.id = v.id and o.brokerage_id = any (v_moved_on)))
      or (v.tab = 'app.lead' and v.after ? 'version' and exists (select from app.lead l
            where l.marketplace_id = v.marketplace_id and l.id = v.id
              and l.version <> (v.after ->> 'version')::integer));
    if app_private.change_back(v, jsonb_build_object('marketplace_id', v.marketplace_id, 'id', v.id,
         'company_id', coalesce(v.after ->> 'company_id', p_to::text))) then
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

-- Whether the wave of a brokerage is still as the merge left it.
create or replace function app_private.wave_stands(p_merge uuid, p_brokerage app.brokerage)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select l.version = (j.after ->> 'version')::integer
     from app_private.merge_journal j
     join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
     where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'changed' and j.after ? 'version'
       and j.marketplace_id = p_brokerage.marketplace_id and j.id = p_brokerage.lead_id),
    p_brokerage.state = 'open')
$$;

-- Rows that went to the journal, with the operator that their marketplace has by now and what a journal from before
-- a column did not know. An offer of a wave that is over by now comes back as lost, and not at
-- all where the offer that stayed was picked since.
create or replace function app_private.collapsed_back(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
begin
  for v in select * from app_private.merge_journal where merge_id = p_merge and kind = 'collapsed' loop
    continue when v.tab = 'app.participation' and exists (select from app.marketplace m
      where m.id = v.marketplace_id and m.operator_company_id::text = v.before ->> 'company_id');
    execute format('insert into %1$s select (jsonb_populate_record(null::%1$s, $1)).* on conflict do nothing',
      v.tab) using '{"placed_before": 0, "exclusive_areas": []}' || v.before || coalesce((select jsonb_build_object('operator_company_id',
        m.operator_company_id, 'operator_name', m.operator_name, 'marketplace_name', m.name, 'steps', m.steps)
      from app.marketplace m where m.id = v.marketplace_id), '{}');
  end loop;
  update app.offer o set state = 'lost', answered_at = app_private.clock()
  from app_private.merge_journal j, app.brokerage b
  where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind = 'collapsed'
    and o.marketplace_id = j.marketplace_id and o.id = j.id and o.state = 'open'
    and b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.state <> 'open';
end
$$;

-- Where the survivor took part only through the card that went back, what it began there since stays
-- its own, as after leaving a marketplace: offers end, work is finished.
create or replace function app_private.leave_cards(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_left uuid[];
begin
  with gone as (
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, marketplace_name, operator_name, company_name, steps,
    invited_at, answered_at, ended_at, cap_day, cap_week, cap_month, time_zone, price_cents)
  select p.marketplace_id, p_to, p.operator_company_id, p.capacities, 'ended', p.postcode_areas,
    p.tags, p.paused, p.cap, p.marketplace_name, p.operator_name, c.name, p.steps, p.invited_at,
    p.answered_at, app_private.clock(), p.cap_day, p.cap_week, p.cap_month, p.time_zone, p.price_cents
  from app_private.merge_journal j
  join app.participation p on p.marketplace_id = j.marketplace_id and p.company_id = p_from
  join app.company c on c.id = p_to
  where j.merge_id = p_merge and j.tab = 'app.participation' and j.kind = 'changed'
    and j.before ->> 'company_id' = p_from::text and j.after ->> 'company_id' = p_to::text
    and p.operator_company_id <> p_to
    and (exists (select from app.offer o where o.company_id = p_to and o.marketplace_id = p.marketplace_id)
      or exists (select from app.engagement e where e.company_id = p_to and e.marketplace_id = p.marketplace_id)
      or exists (select from app.lead l where l.giver_company_id = p_to and l.marketplace_id = p.marketplace_id))
  on conflict do nothing returning marketplace_id
  ) select array_agg(g.marketplace_id) into v_left from gone g;
  for v in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    where o.company_id = p_to and o.state = 'open' and o.marketplace_id = any (v_left)
    order by o.marketplace_id, o.lead_id
  loop
    update app.offer set state = 'withdrawn', answered_at = app_private.clock()
    where marketplace_id = v.marketplace_id and lead_id = v.lead_id and company_id = p_to and state = 'open';
  end loop;
end
$$;

-- Who handles something of the company that he does not belong to any more, hands it back to nobody.
create or replace function app_private.clear_strangers(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select distinct e.company_id, e.handler_id from app.engagement e
           join app.colleague c on c.id = e.handler_id and c.company_id <> e.company_id
           where e.company_id in (p_one, p_other) loop
    perform app_private.change_handler_name(v.company_id, v.handler_id, null);
    -- Closed ones too: the key on (company, handler) knows no former colleagues.
    update app.engagement set handler_id = null, handler_name = null
    where company_id = v.company_id and handler_id = v.handler_id;
  end loop;
end
$$;

-- What an engagement made of itself while both were one goes with it: its card, when it ended, and the requests to
-- return it. And of a taker that was then also the giver the names come off what was said, for the giver reads on.
-- Names are evidence that nobody may update, so such a card is written anew.
create or replace function app_private.cards_back(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_engagement app.engagement;
  v_card app.engagement_card;
  v_names jsonb;
begin
  update app.return_request r set company_id = e.company_id from app.engagement e
  where (r.marketplace_id, r.lead_id) in (select * from unnest(p_markets, p_leads))
    and e.marketplace_id = r.marketplace_id and e.id = r.engagement_id and e.company_id <> r.company_id;
  for v_engagement in
    select e.* from app.engagement e
    join app.engagement_card c on c.marketplace_id = e.marketplace_id and c.id = e.id
      and c.company_id <> e.company_id
    where (e.marketplace_id, e.lead_id) in (select * from unnest(p_markets, p_leads))
  loop
    delete from app.engagement_card c
    where c.marketplace_id = v_engagement.marketplace_id and c.id = v_engagement.id returning * into v_card;
    v_names := app_private.file_names(v_engagement);
    insert into app.engagement_card (marketplace_id, id, lead_id, company_id, operator_company_id, company_name,
      picked_by_name, handler_name, names)
    values (v_card.marketplace_id, v_card.id, v_card.lead_id, v_engagement.company_id, v_card.operator_company_id,
      v_card.company_name, v_card.picked_by_name, v_card.handler_name,
      -- Row by row: of one the card may have a part already, and the row has the rest.
      (select coalesce(jsonb_object_agg(k.id, coalesce(v_names -> k.id, '{}') || coalesce(v_card.names -> k.id, '{}')), '{}')
       from jsonb_object_keys(v_names || v_card.names) k (id)));
  end loop;
end
$$;

-- What the survivor made since and keeps: by table the number and, up to 100, the ids.
create or replace function app_private.made_since(
  p_merge uuid, p_to uuid, p_since uuid, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_ids uuid[];
  v_found jsonb := '{}';
begin
  for v in select r.tab, r.col, r.found from app_private.merge_rules() r
           where r.rule in ('move', 'choose') and r.found in ('own', 'lead')
             and r.tab <> 'app.participation' order by r.place
  loop
    execute format('select array_agg(t.id order by t.id) from %1$s t where t.%2$I = $1 and t.id > $2 and not exists (
      select from app_private.merge_journal j where j.merge_id = $5 and j.tab = %1$L and j.kind = ''moved''
        and j.id = t.id and %2$L = any (j.columns))%3$s', v.tab, v.col,
      case when v.tab in ('app.message', 'app.message_file', 'app.history', 'app.note', 'app.note_file',
             'app.disclosure', 'app.call_claim', 'app.call_attempt', 'app.follow_up', 'app.return_request')
        then ' and (t.marketplace_id, t.lead_id) in (select * from unnest($3, $4))' else '' end)
    into v_ids using p_to, p_since, p_markets, p_leads, p_merge;
    if v_ids is not null then
      v_found := v_found || jsonb_build_object(v.tab || case when v.tab = 'app.lead'
        then ' ' || v.col else '' end, jsonb_build_object('rows', cardinality(v_ids), 'ids', v_ids[1:100]));
    end if;
  end loop;
  return v_found;
end
$$;

-- The way back, in the order of locks. Returns rows by table and what stays with the survivor.
create or replace function app_private.perform_undo(p_merge app.company_merge)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_from constant uuid := p_merge.absorbed_company_id;
  v_to constant uuid := p_merge.survivor_company_id;
  v_operated constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge.id and j.tab = 'app.marketplace' and j.kind = 'moved');
  v_markets uuid[];
  v_leads uuid[];
  v_locked_markets uuid[];
  v_locked_leads uuid[];
  v_since jsonb;
  v_rows jsonb;
begin
  select array_agg(k.marketplace_id), array_agg(k.id) into v_markets, v_leads
  from (select j.marketplace_id, j.id from app_private.merge_journal j
        where j.merge_id = p_merge.id and j.tab = 'app.lead' and j.kind = 'moved'
        -- Of a former taker the lead itself was not moved, but its engagement and what was said in it.
        union select e.marketplace_id, e.lead_id from app_private.merge_journal j
        join app.engagement e on e.marketplace_id = j.marketplace_id and e.id = j.id
        where j.merge_id = p_merge.id and j.tab = 'app.engagement' and j.kind = 'moved'
        union select l.marketplace_id, l.id from app.lead l
        where l.operator_company_id = v_to and l.marketplace_id = any (v_operated)) k;
  select v_markets || array_agg(k.marketplace_id), v_leads || array_agg(k.lead_id)
  into v_locked_markets, v_locked_leads
  from (select o.marketplace_id, o.lead_id from app_private.merge_journal j
        join app.offer o on o.marketplace_id = j.marketplace_id and o.id = j.id
        where j.merge_id = p_merge.id and j.tab = 'app.offer'
        union select j.marketplace_id, (j.before ->> 'lead_id')::uuid from app_private.merge_journal j
        where j.merge_id = p_merge.id and j.tab = 'app.offer' and j.kind = 'collapsed'
        union select o.marketplace_id, o.lead_id from app.offer o
        where o.company_id = v_to and o.state = 'open'
        union select e.marketplace_id, e.lead_id from app_private.merge_journal j
        join app.engagement e on e.company_id = v_to and e.handler_id = j.id
        where j.merge_id = p_merge.id and j.tab = 'app.colleague') k;
  perform app_private.lock_for_merge(v_from, v_to, v_locked_markets, v_locked_leads);
  perform from app.participation where company_id in (v_from, v_to) or operator_company_id in (v_from, v_to)
  order by marketplace_id, company_id for update;
  v_since := app_private.made_since(p_merge.id, v_to, p_merge.done_id, v_markets, v_leads);
  update app.company set state = 'active', absorbed_into = null where id = v_from;
  delete from app.history h using app_private.merge_journal j
  where j.merge_id = p_merge.id and j.tab = 'app.history' and j.kind = 'created'
    and h.marketplace_id = j.marketplace_id and h.id = j.id;
  v_rows := app_private.give_back(p_merge.id, v_from, v_to, p_merge.done_at);
  perform app_private.operators_back(v_from, v_to, v_operated);
  perform app_private.follow_back(v_from, v_to, v_operated, v_markets, v_leads,
    array(select j.id from app_private.merge_journal j
          where j.merge_id = p_merge.id and j.tab = 'app.lead_import' and j.kind = 'moved'));
  perform app_private.cards_back(v_markets, v_leads);
  v_rows := v_rows || jsonb_build_object('changed', app_private.changes_back(p_merge.id, v_to));
  perform app_private.collapsed_back(p_merge.id);
  perform app_private.leave_cards(p_merge.id, v_from, v_to);
  perform app_private.part_areas(v_from, v_to);
  perform app_private.conclude_wave(k.m, k.l)
  from (select * from unnest(v_locked_markets, v_locked_leads) u (m, l) order by m, l) k
  join app.brokerage b on b.marketplace_id = k.m and b.lead_id = k.l and b.state = 'open'
    -- Where the timer has it already, it stays as it was: who may still take a refusal back is asked then.
    and (b.wave_ends_at is null or exists (select from app.offer o
      where o.marketplace_id = k.m and o.brokerage_id = b.id and o.state = 'open'));
  perform app_private.clear_strangers(v_from, v_to);
  perform app_private.leave_behind_strangers(array[v_from, v_to]);
  perform app_private.print_after_move(v_from, v_to, v_locked_markets, v_locked_leads);
  perform app_private.legacy_read_anew(array_agg(j.marketplace_id), array_agg(coalesce(o.lead_id, j.id)))
  from app_private.merge_journal j
  left join app.offer o on j.tab = 'app.offer' and o.marketplace_id = j.marketplace_id and o.id = j.id
  where j.merge_id = p_merge.id and j.tab in ('app.lead', 'app.offer');
  return jsonb_build_object('rows', v_rows, 'since', v_since);
end
$$;
