-- Since when, and what was: the facts behind a lead as spans of time, each with the company whose it was then.
-- Merges, their undoing and splits are followed backwards; where the journal of a merge is gone (30 days after
-- it), the span says that it is not known whose the row was.
set local role kollegium_broker;

-- Whose a row was, the latest span first. p_company: whose it is now. known: false where it was either his or that of
-- p_company's absorbed side (other_id).
create or replace function app_private.held(
  p_company uuid, p_created timestamptz, p_tab text, p_col text, p_marketplace uuid, p_id uuid, p_lead uuid)
returns table (company_id uuid, since timestamptz, until timestamptz, known boolean, other_id uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid := p_company;
  v_until timestamptz := 'infinity';
  v record;
begin
  for n in 1 .. 100 loop
    select * into v from (
      select m.undone_at as at, 'undone' as kind, m.survivor_company_id as other, m.done_at as began, true as kept
      from app.company_merge m
      where m.state = 'undone' and m.absorbed_company_id = v_company and m.undone_at between p_created and v_until
        and m.undone_at < v_until
      union all
      select m.done_at, 'done', m.absorbed_company_id, null, k.kept
      from app.company_merge m
      cross join lateral (select exists (select from app_private.merge_journal j
          where j.merge_id = m.id and j.tab = p_tab and j.kind = 'moved' and j.id = p_id
            and j.marketplace_id is not distinct from p_marketplace and p_col = any (j.columns)) as moved,
        m.done_at > app_private.clock() - interval '30 days' or exists (select from app_private.merge_journal j
          where j.merge_id = m.id and j.tab <> 'app.participation') as kept) k
      where m.state = 'done' and m.survivor_company_id = v_company and m.done_at > p_created and m.done_at < v_until
        and (k.moved or not k.kept)
      union all
      select s.created_at, 'split', s.company_id, null, true from app_private.company_split s
      where s.new_company_id = v_company and s.created_at > p_created and s.created_at < v_until
        and (s.colleague_id = p_id or s.leads @> jsonb_build_array(jsonb_build_object('lead_id', p_lead)))) e
    order by e.at desc limit 1;
    exit when not found;
    return query select v_company, v.at, v_until, true, null::uuid;
    v_until := v.at;
    if v.kind = 'undone' then  -- all that was its own went over and came back
      return query select v.other, greatest(v.began, p_created), v_until, true, null::uuid;
      v_until := v.began;
      if v.began <= p_created then return; end if;
    elsif not v.kept then
      return query select v_company, p_created, v_until, false, v.other;
      return;
    else
      v_company := v.other;
    end if;
  end loop;
  return query select v_company, p_created, v_until, true, null::uuid;
end
$$;

-- The offers of a lead, those included that a merge put into its journal.
create or replace function app_private.offers_then(p_marketplace uuid, p_lead uuid)
returns table (id uuid, brokerage_id uuid, wave integer, company_id uuid, state text, opened_at timestamptz,
  answered_at timestamptz, expires_at timestamptz, gone_at timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select o.id, o.brokerage_id, o.wave, o.company_id, o.state, o.opened_at, o.answered_at, o.expires_at,
      timestamptz 'infinity'
    from app.offer o where o.marketplace_id = p_marketplace and o.lead_id = p_lead
    union all
    select o.id, o.brokerage_id, o.wave, o.company_id, o.state, o.opened_at,
      o.answered_at, o.expires_at, m.done_at
    from app_private.merge_journal j
    join app.company_merge m on m.id = j.merge_id and m.state = 'done'
    cross join lateral jsonb_to_record(j.before) o (id uuid, brokerage_id uuid, lead_id uuid, wave integer,
      company_id uuid, state text, opened_at timestamptz, answered_at timestamptz, expires_at timestamptz)
    where j.tab = 'app.offer' and j.kind = 'collapsed' and o.lead_id = p_lead;
end
$$;

-- Each fact from its first moment to its last (infinity: it goes on). because: operator, giver, engaged (works the
-- lead), worked (its engagement is over), offered, picked, might-reopen (what else it takes is not kept, so not known).
create or replace function app_private.access_spans(p_marketplace uuid, p_lead uuid)
returns table (because text, company_id uuid, engagement_id uuid, since timestamptz, until timestamptz,
  known boolean, other_id uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with l as (select * from app.lead x where x.marketplace_id = p_marketplace and x.id = p_lead),
    o as (select * from app_private.offers_then(p_marketplace, p_lead)),
    f as (
      select 'operator' as why, l.operator_company_id as who, null::uuid as of, l.created_at as began,
        timestamptz 'infinity' as ended, l.created_at as made, 'app.marketplace' as tab,
        'operator_company_id' as col, null::uuid as market, p_marketplace as row_id
      from l
      union all select 'giver', l.giver_company_id, null, l.created_at, 'infinity', l.created_at, 'app.lead',
        'giver_company_id', p_marketplace, p_lead from l where l.giver_company_id is not null
      union all select s.why, e.company_id, e.id, s.began, s.ended, e.started_at, 'app.engagement', 'company_id',
        p_marketplace, e.id
      from app.engagement e
      cross join lateral (values ('engaged', e.started_at, coalesce(e.ended_at, 'infinity')),
        ('worked', e.ended_at, 'infinity')) s (why, began, ended)
      where e.marketplace_id = p_marketplace and e.lead_id = p_lead and s.began is not null
      union all select s.why, o.company_id, null, s.began, least(s.ended, o.gone_at), o.opened_at, 'app.offer', 'company_id',
        p_marketplace, o.id
      from o
      left join app.brokerage b on b.marketplace_id = p_marketplace and b.id = o.brokerage_id
      cross join lateral (values
        ('offered', o.opened_at, case o.state when 'open' then 'infinity' else o.answered_at end),
        ('picked', case o.state when 'picked' then o.answered_at end, 'infinity'),
        ('might-reopen', case o.state when 'declined' then o.answered_at end, least(o.expires_at, b.closed_at,
          -- the next wave that somebody was offered it in
          (select min(n.opened_at) from o n where n.brokerage_id = o.brokerage_id and n.wave > o.wave)))) s (why, began, ended)
      where s.began is not null)
    select f.why, h.company_id, f.of, greatest(f.began, h.since), least(f.ended, h.until),
      h.known and f.why <> 'might-reopen', h.other_id
    from f cross join lateral app_private.held(f.who, f.made, f.tab, f.col, f.market, f.row_id, p_lead) h
    where greatest(f.began, h.since) < least(f.ended, h.until);
end
$$;
