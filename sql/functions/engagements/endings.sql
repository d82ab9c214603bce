-- The end of an engagement: the taker loses the lead and keeps what was its own; who comes next starts empty.
set local role kollegium_broker;

-- What is seen with a lead or an engagement is seen by those who see that now. THE function for whatever
-- changes their companies (import, undo, split); a pick and an end move the prospect alone. Rows by table.
create or replace function app_private.follow_parties(p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_tab text;
  v_count bigint;
  v_rows jsonb := '{}';
begin
  update app.prospect x set parties = l.parties from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads))
    and x.marketplace_id = l.marketplace_id and x.lead_id = l.id and x.parties is distinct from l.parties;
  get diagnostics v_count = row_count;
  v_rows := jsonb_build_object('app.prospect', v_count);
  foreach v_tab in array array['app.message', 'app.message_file', 'app.history'] loop
    execute format('update %s x set parties = s.parties
      from (select k.m, k.l, e.id, e.parties from unnest($1, $2) k (m, l)
            join app.engagement e on e.marketplace_id = k.m and e.lead_id = k.l
            union all
            select k.m, k.l, null, l.origin_parties from unnest($1, $2) k (m, l)
            join app.lead l on l.marketplace_id = k.m and l.id = k.l) s
      where x.marketplace_id = s.m and x.lead_id = s.l and x.engagement_id is not distinct from s.id
        and x.parties is distinct from s.parties', v_tab) using p_markets, p_leads;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v_tab, v_count);
  end loop;
  return v_rows;
end
$$;

-- Takes the names of the taker and its colleagues off the messages, files and history of an engagement, and
-- returns them as its card keeps them: row security hides rows, not columns, and the giver goes on reading the
-- rows. Operator's and giver's own names stay; so does what people wrote into texts.
create or replace function app_private.file_names(p_engagement app.engagement)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_others constant uuid[] :=
    array_remove(array[p_engagement.operator_company_id, p_engagement.giver_company_id], null);
  v_names jsonb;
begin
  select jsonb_object_agg(n.id, n.names) into v_names from (
    select m.id, jsonb_build_object('company_name', m.company_name, 'author_name', m.author_name) as names
    from app.message m
    where m.marketplace_id = p_engagement.marketplace_id and m.lead_id = p_engagement.lead_id
      and m.engagement_id = p_engagement.id and m.company_id <> all (v_others)
    union all
    select f.id, jsonb_build_object('company_name', f.company_name, 'author_name', f.author_name)
    from app.message_file f
    where f.marketplace_id = p_engagement.marketplace_id and f.lead_id = p_engagement.lead_id
      and f.engagement_id = p_engagement.id and f.company_id <> all (v_others)
    union all
    select h.id, jsonb_strip_nulls(jsonb_build_object(
      'company_name', case when h.company_id <> all (v_others) then h.company_name end,
      'colleague_name', case when h.company_id <> all (v_others) then h.colleague_name end,
      'detail', nullif(jsonb_strip_nulls(jsonb_build_object(
        'company', h.detail -> 'company', 'handler', h.detail -> 'handler')), '{}')))
    from app.history h
    where h.marketplace_id = p_engagement.marketplace_id and h.lead_id = p_engagement.lead_id
      and h.engagement_id = p_engagement.id
      and (h.company_id <> all (v_others) or h.detail ?| array['company', 'handler'])) n;
  update app.message set company_name = '', author_name = ''
  where marketplace_id = p_engagement.marketplace_id and lead_id = p_engagement.lead_id
    and engagement_id = p_engagement.id and company_id <> all (v_others);
  update app.message_file set company_name = '', author_name = ''
  where marketplace_id = p_engagement.marketplace_id and lead_id = p_engagement.lead_id
    and engagement_id = p_engagement.id and company_id <> all (v_others);
  update app.history set detail = detail - array['company', 'handler'],
    company_name = case when company_id = any (v_others) then company_name end,
    colleague_name = case when company_id = any (v_others) then colleague_name end
  where marketplace_id = p_engagement.marketplace_id and lead_id = p_engagement.lead_id
    and engagement_id = p_engagement.id
    and (company_id <> all (v_others) or detail ?| array['company', 'handler']);
  return coalesce(v_names, '{}');
end
$$;

-- The engagement is over: returned, revoked, or lost and recycled. Its parties stay; the names go to its card.
-- The lead is locked; what becomes of it is its caller's.
create or replace function app_private.end_engagement(p_marketplace uuid, p_engagement uuid, p_state text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_engagement app.engagement;
begin
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and id = p_engagement and ended_at is null;
  if not found then
    return;
  end if;
  perform app_private.void_return(p_marketplace, p_engagement);
  insert into app.engagement_card (marketplace_id, id, lead_id, company_id, operator_company_id, company_name,
    picked_by_name, handler_name, names)
  values (p_marketplace, p_engagement, v_engagement.lead_id, v_engagement.company_id,
    v_engagement.operator_company_id, v_engagement.company_name, v_engagement.picked_by_name,
    v_engagement.handler_name, app_private.file_names(v_engagement));
  update app.engagement set state = p_state, ended_at = app_private.clock(), company_name = '', picked_by_name = null,
    handler_id = null, handler_name = null
  where marketplace_id = p_marketplace and id = p_engagement;
  if p_state in ('returned', 'revoked') then
    perform app_private.credit(v_engagement, p_state);
  end if;
end
$$;

-- The same, and in the same transaction the taker loses lead and person, and the lead is available again.
create or replace function app_private.take_back(p_lead app.lead, p_state text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_parties uuid[];
begin
  perform app_private.end_engagement(p_lead.marketplace_id, p_lead.engagement_id, p_state);
  update app.lead set engaged_company_id = null, engaged_company_name = null, engagement_id = null,
    state = 'available', changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_lead.marketplace_id and id = p_lead.id
  returning parties into v_parties;
  update app.prospect set parties = v_parties
  where marketplace_id = p_lead.marketplace_id and lead_id = p_lead.id;
end
$$;

-- For who worked the lead and does no more: he knows of it, but nobody writes into what has ended.
create or replace function app_private.refuse_ended(p_lead app.lead, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', (
    select e.state from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.company_id = p_company
    order by e.id desc limit 1)));
end
$$;

create or replace function app_private.ever_worked(p_marketplace uuid, p_lead uuid, p_company uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app.engagement
    where marketplace_id = p_marketplace and lead_id = p_lead and company_id = p_company)
$$;
