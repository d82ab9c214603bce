-- The merge itself, and its way back. Both run under the locks of app_private.lock_companies and in the
-- transaction of their caller: all of it or nothing.
set local role kollegium_broker;

-- Everything of p_from goes to p_to. Order of locks as everywhere: leads, cards, and then what hangs on
-- the leads. Returns the number of rows by table.
create or replace function app_private.perform_merge(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
  v_late_markets uuid[];
  v_late_leads uuid[];
  v_rows jsonb := '{}';
  v_tab text;
  v_place bigint;
  v_places bigint;
begin
  perform app_private.tell_progress('app.lead', 0, 1);
  select k.marketplaces, k.leads into v_markets, v_leads from app_private.leads_of(p_from) k;
  perform app_private.lock_for_merge(p_from, p_to, v_markets, v_leads);
  perform app_private.merge_references(p_merge, p_from, p_to, v_markets, v_leads);
  v_rows := jsonb_build_object('app.lead',
    app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_markets, v_leads));
  perform from app.participation where company_id in (p_from, p_to) or operator_company_id in (p_from, p_to)
  order by marketplace_id, company_id for update;
  -- From here on nobody offers or assigns to either. What somebody else did until now comes along.
  select array_agg(k.marketplace_id), array_agg(k.id) into v_late_markets, v_late_leads
  from (select marketplace_id, id from app.lead where engaged_company_id = p_from
        union select marketplace_id, lead_id from app.offer where company_id = p_from
        except select * from unnest(v_markets, v_leads)) k;
  if v_late_leads is not null then
    perform app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_late_markets, v_late_leads);
    v_markets := v_markets || v_late_markets;
    v_leads := v_leads || v_late_leads;
  end if;
  perform app_private.merge_offers(p_merge, p_from, p_to, v_markets, v_leads);
  perform app_private.merge_waves(p_merge);
  perform app_private.merge_cards(p_merge, p_from, p_to);
  perform app_private.merge_answers(p_merge, p_from, p_to);
  perform app_private.merge_company_absences(p_merge, p_from);
  perform app_private.merge_claims(p_merge, p_from, p_to, v_markets, v_leads);
  -- One import of a company runs at a time; the absorbed company's goes on after the survivor's.
  update app.lead_import set state = 'waiting' where company_id = p_from and state = 'running'
    and exists (select from app.lead_import i where i.company_id = p_to and i.state = 'running');
  for v_tab, v_place, v_places in
    select r.tab, row_number() over (order by min(r.place)), count(*) over () + 1
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose', 'unite', 'follow') and r.found <> 'key' and r.tab <> 'app.lead'
    group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v_tab, v_place, v_places);
    v_rows := v_rows || jsonb_build_object(v_tab,
      app_private.move_table(p_merge, p_from, p_to, v_tab, v_markets, v_leads));
  end loop;
  update app.company set state = 'absorbed', absorbed_into = p_to where id = p_from;
  perform app_private.print_after_move(p_from, p_to, v_markets, v_leads);
  return v_rows;
end
$$;

-- Gives back what the journal says: only the columns that the merge set, and only where they still
-- hold what it set, so that nothing that people did since is lost.
create or replace function app_private.give_back(p_merge uuid, p_from uuid, p_to uuid, p_done_at timestamptz)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_rows jsonb := '{}';
  v_count bigint;
  -- An array is looked up by hash; who works a lead follows the engagement it has now.
  v_engagements constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge and j.tab = 'app.engagement' and j.kind = 'moved'
      and 'company_id' = any (j.columns));
begin
  for v in
    select r.tab, array_agg(r.col) as cols, row_number() over (order by min(r.place)) - 1 as place,
      count(*) over () * 2 as places  -- copies follow afterwards: as long again
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose') and r.found <> 'key' group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v.tab, v.place, v.places);
    execute format('update %1$s t set %2$s from app_private.merge_journal j
      where j.merge_id = $3 and j.tab = %1$L and j.kind = ''moved'' and t.id = j.id and %3$s and (%4$s)%5$s',
      v.tab,
      (select string_agg(format('%1$I = case when %1$L = any (j.columns) and t.%1$I = $2%2$s then $1 else t.%1$I end',
         c, case when v.tab = 'app.lead' and c = 'engaged_company_id' then
           ' and t.engagement_id = any ($5)'
           else '' end), ', ') from unnest(v.cols) c),
      case when exists (select from app_private.merge_journal j where j.merge_id = p_merge
        and j.tab = v.tab and j.kind = 'moved' and j.marketplace_id is not null)
        then 't.marketplace_id = j.marketplace_id' else 'true' end,
      (select string_agg(format('t.%I = $2', c), ' or ') from unnest(v.cols) c),
      -- An offer that was picked since belongs to the engagement of the survivor, unless that goes back, too.
      case when v.tab = 'app.offer'
        then ' and not (t.state = ''picked'' and t.answered_at > $4 and not exists (
          select from app.lead l where l.marketplace_id = t.marketplace_id and l.id = t.lead_id
            and l.engagement_id = any ($5)))' else ' and $4 is not null and $5 is not null' end)
    using p_from, p_to, p_merge, p_done_at, v_engagements;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v.tab, v_count);
  end loop;
  update app_private.idempotent_answer a set company_id = p_from
  from app_private.merge_journal j
  where j.merge_id = p_merge and j.tab = 'app_private.idempotent_answer' and j.kind = 'moved'
    and a.company_id = p_to and a.key = j.before ->> 'key';
  return v_rows;
end
$$;

-- Copies follow what they are copies of: operators their marketplace, givers their lead, takers of postings
-- and ratings their engagement, parties their lead or engagement, rows of imports their report. So do rows made since.
create or replace function app_private.follow_back(
  p_from uuid, p_to uuid, p_operated uuid[], p_markets uuid[], p_leads uuid[], p_imports uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.*, count(*) over () + row_number() over (order by r.place) - 1 as done,
             count(*) over () * 2 as places
           from app_private.merge_rules() r where r.rule = 'follow'
             and r.of in ('app.lead', 'app.engagement', 'app.lead_import') and r.col <> 'parties' order by r.place
  loop
    perform app_private.tell_progress(v.tab, v.done, v.places);
    if v.of = 'app.lead_import' then
      execute format('update %s t set %I = $1 where t.import_id = any ($3) and t.%2$I = $2', v.tab, v.col)
      using p_from, p_to, p_imports;
    elsif v.of = 'app.engagement' then
      execute format('update %1$s t set %2$I = e.%2$I from app.engagement e
        where (e.marketplace_id, e.lead_id) in (select * from unnest($1, $2))
          and t.marketplace_id = e.marketplace_id and t.lead_id = e.lead_id and t.engagement_id = e.id
          and t.%2$I is distinct from e.%2$I', v.tab, v.col) using p_markets, p_leads;
    else
      execute format('update %1$s t set %2$I = l.%2$I from app.lead l
        where (l.marketplace_id, l.id) in (select * from unnest($1, $2))
          and t.marketplace_id = l.marketplace_id and t.lead_id = l.id and t.%2$I is distinct from l.%2$I',
        v.tab, v.col) using p_markets, p_leads;
    end if;
  end loop;
  perform app_private.follow_parties(p_markets, p_leads);
end
$$;

create or replace function app_private.operators_back(p_from uuid, p_to uuid, p_operated uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.* from app_private.merge_rules() r
           where r.rule = 'follow' and r.of = 'app.marketplace' order by r.place
  loop
    execute format('update %s t set %I = $1 where t.marketplace_id = any ($3) and t.%2$I = $2', v.tab, v.col)
    using p_from, p_to, p_operated;
  end loop;
end
$$;
