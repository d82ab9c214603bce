-- Splitting a colleague off into a company of his own, with chosen leads of the company he leaves.
set local role kollegium_broker;

-- The leads that came with him: those that the journal of a merge says belonged to his former company
-- and that his present one still gives or works.
create or replace function app.leads_of_merge(p_merge uuid)
returns table (marketplace_id uuid, lead_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select j.marketplace_id, j.id from app_private.merge_journal j
  join app.company_merge m on m.id = j.merge_id and m.state = 'done'
  join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
    and m.survivor_company_id in (l.giver_company_id, l.engaged_company_id)
  where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'moved' order by 1, 2
$$;
comment on function app.leads_of_merge(uuid) is
  'The leads that came with an absorbed company and are still the survivor''s (staff).';
grant execute on function app.leads_of_merge(uuid) to kollegium_staff;

-- The colleague becomes the admin of a new company. Leads that his company gives or works go with him:
-- with their engagements, offers, notes and disclosures, and with a card of each marketplace. Leads it
-- operates belong to their marketplace and cannot go. The last admin cannot leave.
create or replace function app.split_colleague(
  p_email text, p_company_name text, p_markets uuid[], p_leads uuid[], p_reference text)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
  v_new constant uuid := app_private.new_id();
  v_id constant uuid := app_private.new_id();
  v_old uuid;
  v_rows jsonb;
begin
  select company_id into v_old from app.colleague where email = p_email and active;
  if v_old is null then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_companies(v_old, v_new);
  -- What was looked up before may be over by now: he left, or goes by another address or company.
  select * into v_colleague from app.colleague
  where email = p_email and company_id = v_old and active for update;
  if not found then
    raise exception using errcode = '40001', message = 'the colleague was changed meanwhile';
  end if;
  if not exists (select from app.colleague c where c.company_id = v_old and c.id <> v_colleague.id
                 and c.active and c.role = 'admin') then
    perform app_private.refuse(409, 'last-admin');
  end if;
  -- The cards of his company print their names.
  perform from app.marketplace where id = any (p_markets) order by id for share;
  -- All at once, in their order: those that go, and those that he handles and that stay.
  perform from app.lead l where (l.marketplace_id, l.id) in (
    select * from unnest(p_markets, p_leads)
    union select e.marketplace_id, e.lead_id from app.engagement e
    where e.company_id = v_old and e.handler_id = v_colleague.id and e.state in ('active', 'return_requested'))
  order by l.marketplace_id, l.id for update;
  perform app_private.expect_splittable(v_old, p_markets, p_leads);
  insert into app.company (id, name, delegator_role, language, returns_need_release)
  select v_new, p_company_name, c.delegator_role, v_colleague.language, c.returns_need_release from app.company c where c.id = v_old;
  perform app_private.change_handler_name(v_old, v_colleague.id, null);
  -- Whom he leaves behind does not handle what goes with him: no colleague works for two companies.
  update app.engagement set handler_id = null, handler_name = null
  where company_id = v_old and handler_id is not null and (handler_id = v_colleague.id
    or (marketplace_id, lead_id) in (select * from unnest(p_markets, p_leads)));
  update app.colleague set company_id = v_new, role = 'admin', changed_at = app_private.clock(), version = version + 1
  where id = v_colleague.id;
  v_rows := app_private.split_leads(v_old, v_new, p_company_name, p_markets, p_leads);
  perform app_private.leave_behind_strangers(array[v_old, v_new]);
  perform app_private.print_live_names(p_markets, p_leads);
  insert into app_private.company_split (id, company_id, new_company_id, colleague_id, reference, leads)
  select v_id, v_old, v_new, v_colleague.id, p_reference, coalesce(jsonb_agg(jsonb_build_object(
    'marketplace_id', k.m, 'lead_id', k.l)), '[]') from unnest(p_markets, p_leads) k (m, l);
  perform app_private.mail_company('colleague-split', c.id, jsonb_build_object('colleague', v_colleague.name,
    'company', p_company_name, 'leads', cardinality(p_leads))) from unnest(array[v_old, v_new]) c (id);
  perform app_private.audit('colleague-split', v_old, v_colleague.id, v_new,
    jsonb_build_object('reference', p_reference, 'leads', cardinality(p_leads)));
  return jsonb_build_object('split_id', v_id, 'company_id', v_new, 'colleague_id', v_colleague.id, 'rows', v_rows);
end
$$;
comment on function app.split_colleague(text, text, uuid[], uuid[], text) is
  'Makes a company of its own for a colleague, with chosen leads of the company he leaves.';
grant execute on function app.split_colleague(text, text, uuid[], uuid[], text) to kollegium_staff;

-- 422 with the leads that cannot go: unknown ones, and those that the company neither gives nor works,
-- or operates.
create or replace function app_private.expect_splittable(p_company uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_unfit uuid[];
begin
  select array_agg(k.id) into v_unfit
  from unnest(p_markets, p_leads) k (marketplace_id, id)
  where not exists (select from app.lead l where l.marketplace_id = k.marketplace_id and l.id = k.id
    and l.operator_company_id <> p_company and p_company in (l.giver_company_id, l.engaged_company_id));
  if v_unfit is not null then
    perform app_private.refuse(422, 'leads-not-splittable', jsonb_build_object('leads', v_unfit));
  end if;
end
$$;

create or replace function app_private.split_leads(
  p_old uuid, p_new uuid, p_name text, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_tab text;
  v_count bigint;
  v_rows jsonb := '{}';
begin
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, cap_day, cap_week, cap_month, time_zone, marketplace_name, operator_name,
    company_name, steps, answered_at, price_cents)  -- what the old company holds alone stays its own
  select p.marketplace_id, p_new, p.operator_company_id, p.capacities, p.state, p.postcode_areas, p.tags,
    p.paused, p.cap, p.cap_day, p.cap_week, p.cap_month, p.time_zone, p.marketplace_name, p.operator_name,
    p_name, p.steps, p.answered_at, p.price_cents
  from app.participation p where p.company_id = p_old and p.marketplace_id = any (p_markets);
  -- The same columns and the same order as in a merge; what was written in the old company's name
  -- (messages, history) stays in it, and is seen as its lead is.
  foreach v_tab in array array['app.lead', 'app.engagement', 'app.engagement_card', 'app.posting', 'app.offer', 'app.note',
                               'app.note_file', 'app.disclosure', 'app.call_claim', 'app.call_attempt', 'app.follow_up',
                               'app.return_request', 'app.rating'] loop
    execute (select format('update %s t set %s where (t.marketplace_id, t.%s) in (select * from unnest($3, $4))',
      v_tab,
      string_agg(format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col), ', '),
      case v_tab when 'app.lead' then 'id' else 'lead_id' end)
      from app_private.merge_rules() r
      where r.tab = v_tab and r.rule in ('move', 'choose', 'follow') and r.col <> 'operator_company_id')
    using p_old, p_new, p_markets, p_leads;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v_tab, v_count);
  end loop;
  return v_rows || app_private.follow_parties(p_markets, p_leads);
end
$$;
