-- Moving in: what is deleted in the former system, or waits in quarantine there since it came over.
-- It follows where nobody touched the row here: leads and offers are withdrawn, participations ended,
-- comments removed, keys revoked. What was picked or changed here stays and is listed as deleted-there. In no
-- case stays on offer what is on offer there no more: a pick would tell the person's data to somebody.
set local role kollegium_broker;

-- Half an export is no deletion: where more than a tenth of what came over is missing, and not just a few rows,
-- nothing is followed until somebody says that it is meant. 409 with table and numbers.
create or replace function app.legacy_expect_whole_source(p_load integer)
returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  if app_private.legacy_cut_over() then
    return;
  end if;
  for v in
    select t.name, t.known, t.missing from (
      select 'leads' as name, count(*) as known, count(*) filter (where s.id is null and k.row_hash <> 0) as missing
      from app_private.legacy_lead k
      left join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
      union all
      select 'users', count(*), count(*) filter (where s.id is null)
      from app_private.legacy_user k
      left join legacy_staging.users s on s.load = p_load and s.id = k.legacy_id
      union all
      select 'offers', coalesce(sum(cardinality(k.offers)), 0), coalesce(sum(cardinality(k.offers)), 0)
        - (select count(*) from legacy_staging.offers s where s.load = p_load)
      from app_private.legacy_lead k
      union all
      select 'comments', coalesce(sum(cardinality(k.comments)), 0), coalesce(sum(cardinality(k.comments)), 0)
        - (select count(*) from legacy_staging.comments s where s.load = p_load)
      from app_private.legacy_lead k
      union all
      select 'participants', count(*), count(*) - (select count(distinct (s.marketplace_id, s.user_id))
        from legacy_staging.participants s where s.load = p_load)
      from app_private.legacy_participation k where k.row_hash <> 0
      union all
      select 'api_keys', count(*), count(*) - (select count(*) from legacy_staging.api_keys s where s.load = p_load)
      from app_private.legacy_api_key k join app.api_key a on a.id = k.api_key_id and a.revoked_at is null) t
    where t.missing > 50 and t.missing * 10 > t.known
  loop
    perform app_private.refuse(409, 'deletions-too-many',
      jsonb_build_object('table', v.name, 'known', v.known, 'missing', v.missing));
  end loop;
end
$$;
comment on function app.legacy_expect_whole_source(integer) is
  'Refuses a load that lacks much of what came over before.';
grant execute on function app.legacy_expect_whole_source(integer) to kollegium_staff;

create or replace function app_private.legacy_remove_comments(p_marketplace uuid, p_ids uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.note where marketplace_id = p_marketplace and id = any (p_ids);
  delete from app.message where marketplace_id = p_marketplace and id = any (p_ids);
end
$$;

-- Known leads that are deleted there, or wait in quarantine, in batches of their numbers.
create or replace function app.legacy_follow_deletions(
  p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  r record;
begin
  perform app_private.legacy_hold_merges();
  changed := 0; seen := 0;
  if app_private.legacy_cut_over() then
    return;
  end if;
  for r in
    select k.*, s.id is null as deleted, a.version as current, a.state
    from app_private.legacy_lead k
    join app.lead a on a.marketplace_id = k.marketplace_id and a.id = k.lead_id
    left join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
    where k.legacy_id > p_after and k.row_hash <> 0 and (s.id is null or exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'leads' and b.id = s.id))
    order by k.legacy_id limit p_limit
  loop
    last := r.legacy_id;
    seen := seen + 1;
    changed := changed + app_private.legacy_follow_deletion(p_load, r.marketplace_id, r.lead_id, r.legacy_id, r.deleted);
  end loop;
end
$$;
comment on function app.legacy_follow_deletions(integer, bigint, integer) is
  'Takes back leads that are deleted in the former system or wait in quarantine since they came over.';
grant execute on function app.legacy_follow_deletions(integer, bigint, integer) to kollegium_staff;

-- One of them. 1 when something changed.
create or replace function app_private.legacy_follow_deletion(
  p_load integer, p_marketplace uuid, p_lead uuid, p_legacy_id bigint, p_deleted boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead);
  v_written constant integer := (select k.version from app_private.legacy_lead k where k.legacy_id = p_legacy_id);
begin
  if v_lead.version <> v_written then
    if p_deleted and v_lead.state not in ('withdrawn', 'erased') then
      perform app_private.legacy_conflict(p_load, 'leads', p_legacy_id, 'deleted-there');
    end if;
    return app_private.legacy_end_offers(p_marketplace, p_lead, null, '{}');
  elsif not p_deleted and v_lead.state <> 'offered' then
    return 0;
  end if;
  if p_deleted then
    perform app_private.legacy_remove_comments(p_marketplace, k.comments)
    from app_private.legacy_lead k where k.legacy_id = p_legacy_id;
    perform app_private.end_engagement(p_marketplace, v_lead.engagement_id, 'revoked');
  end if;
  update app.offer set state = 'withdrawn', answered_at = app_private.clock(), answered_by_name = null
  where marketplace_id = p_marketplace and lead_id = p_lead
    and (state = 'open' or p_deleted and state = 'picked');
  update app.brokerage set state = case when p_deleted then 'withdrawn' else 'exhausted' end,
    closed_at = coalesce(closed_at, app_private.clock())
  where marketplace_id = p_marketplace and lead_id = p_lead and (state = 'open' or p_deleted);
  update app.lead set state = case when p_deleted then 'withdrawn' else 'unplaced' end,
    engaged_company_id = case when not p_deleted then engaged_company_id end,
    engaged_company_name = case when not p_deleted then engaged_company_name end,
    engagement_id = case when not p_deleted then engagement_id end,
    changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.follow_parties(array[p_marketplace], array[p_lead]);
  perform app_private.record(p_marketplace, p_lead, case when p_deleted then 'withdrawn' else 'unplaced' end,
    app_private.nobody(), '{"source": "legacy"}', p_told => false);
  update app_private.legacy_lead set row_hash = 0, version = version + 1,
    comments = case when p_deleted then '{}' else comments end
  where legacy_id = p_legacy_id;
  return 1;
end
$$;

-- Open offers of a lead end but those to p_companies: of the former system's wave, which nobody touched, or of
-- every one (null) where the lead itself is gone there. The lead is locked. 1 when there were some.
create or replace function app_private.legacy_end_offers(
  p_marketplace uuid, p_lead uuid, p_brokerage uuid, p_companies uuid[])
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.offer set state = 'withdrawn', answered_at = app_private.clock()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open'
    and (p_brokerage is null or brokerage_id = p_brokerage) and company_id <> all (p_companies);
  if not found then
    return 0;
  end if;
  perform app_private.conclude_wave(l.marketplace_id, l.id)
  from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead and l.state = 'offered';
  return 1;
end
$$;

-- Leads that differ there and were touched here: what is here stays. But offers that are not open there end, and
-- an operator is told once of a lead that was picked on both sides by different companies.
create or replace function app_private.legacy_settle_touched(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  r app_private.legacy_lead_row;
  v_lead app.lead;
begin
  foreach r in array coalesce(p_rows, '{}') loop
    continue when r.action <> 'changed-here';
    v_lead := app_private.lock_lead(r.marketplace_id, r.lead_id);
    insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
    select p_load, 'offers', o::text, 'quarantine', 'deleted-there'
    from app_private.legacy_lead k, unnest(k.offers) o
    where k.legacy_id = r.legacy_id and not exists (
      select from legacy_staging.offers s where s.load = p_load and s.id = o);
    perform app_private.legacy_end_offers(r.marketplace_id, r.lead_id, r.brokerage_id, array(
      select p.company_id from legacy_staging.offers s
      join app_private.legacy_party p on p.legacy_id = s.user_id
      join legacy_staging.leads l on l.load = p_load and l.id = s.lead_id and l.state = 'offered'
      where s.load = p_load and s.lead_id = r.legacy_id and s.state = 'open' and s.id = any (r.offers)));
    if r.taker_company_id is not null and v_lead.engaged_company_id <> r.taker_company_id then
      perform app_private.legacy_tell_of_two_picks(r, v_lead);
    end if;
  end loop;
end
$$;

create or replace function app_private.legacy_tell_of_two_picks(
  p_row app_private.legacy_lead_row, p_lead app.lead)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app_private.legacy_quarantine as q (source_table, legacy_key, reason)
  values ('leads', p_row.legacy_id::text, 'changed-here')
  on conflict (source_table, legacy_key, reason) do update set last_seen_at = app_private.clock(), healed_at = null
    where q.healed_at is not null;
  if found then
    perform app_private.mail_company('picked-twice', p_lead.operator_company_id, jsonb_build_object(
      'marketplace_id', p_lead.marketplace_id, 'lead', p_lead.id,
      'interest', left(p_lead.interest, 200), 'here', p_lead.engaged_company_name,
      'there', p_row.taker_company_name));
  end if;
end
$$;
