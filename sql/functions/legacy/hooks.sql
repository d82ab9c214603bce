-- What the permanent core asks of moving in, and all of it: outside this folder and rollout/ no function names a
-- table of the former system (tests/policies/test_sql_folders.py). When moving in is over, these functions
-- answer as if there had never been any, and the rest of the folder goes.
set local role kollegium_broker;

-- Batches of an import hold this beside each other, a merge, its undo or a split alone: who gives rows of
-- the former system to a company, and who moves the company's rows, lock both in no order of their own.
create or replace function app_private.legacy_lock_key() returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('legacy import', 0) $$;

-- Leads of which something depends on who belongs together: the next import writes them as the former system
-- has them, as if they had changed there. Who touched one here keeps what is here.
create or replace function app_private.legacy_read_anew(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app_private.legacy_lead k set row_hash = 1
  from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads)) and l.source = 'legacy'
    and k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    and k.lead_id = l.id and k.version = l.version and k.row_hash <> 0;
end
$$;

-- Since when offers that are overdue are looked at while the former system is still followed: those overdue long
-- before the first import are not, there may be many. Null: no former system, or its cut-over is done.
create or replace function app_private.legacy_since() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select min(u.imported_at) - interval '7 days' from app_private.legacy_user u), '-infinity')
  from app_private.legacy_state s where s.cut_over_at is null
$$;

-- Whether a lead waits for the word of the former system: it came from there, and nobody touched it here.
create or replace function app_private.legacy_awaited(p_marketplace uuid, p_lead uuid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from app.lead l join app_private.legacy_lead k
      on k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
      and k.lead_id = l.id and k.version = l.version
    where l.marketplace_id = p_marketplace and l.id = p_lead and l.source = 'legacy')
$$;

-- Before leads get a new version that nobody's doing brought about: the import goes on following them.
create or replace function app_private.legacy_renew(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app_private.legacy_lead k set version = k.version + 1
  from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads)) and l.source = 'legacy'
    and k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    and k.lead_id = l.id and k.version = l.version;
end
$$;

-- The rows of app_private.merge_rules that are about tables of the former system.
create or replace function app_private.legacy_merge_rules()
returns table (place integer, tab text, col text, rule text, found text, of text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    (220, 'app_private.legacy_proof', 'company_id', 'keep', null::text, null::text, 'what was proven of it then'),
    (220, 'app_private.legacy_user', 'company_id', 'keep', null, null, 'the company made for him; the import goes on from it to its survivor'),
    (220, 'app_private.legacy_participation', 'company_id', 'keep', null, null, 'the company made for the participant')
$$;
