-- Proving: what came into being or was changed here since the import, or deleted there, and is no difference
-- of it. One
-- answer a kind; app.prove_since_import asks them. Versions say it: an import writes down which it left.
set local role kollegium_broker;

create or replace function app_private.user_changed_here(p_colleague uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select u.version <> co.version + c.version from app_private.legacy_user u
    join app.company co on co.id = u.company_id
    join app.colleague c on c.id = u.colleague_id
    where u.colleague_id = p_colleague),
    exists (select from app.colleague c where c.id = p_colleague))
$$;

create or replace function app_private.marketplace_changed_here(p_marketplace uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select k.marketplace_id is null or k.version <> m.version from app.marketplace m
    left join app_private.legacy_marketplace k on k.marketplace_id = m.id
    where m.id = p_marketplace), false)
$$;

-- An invitation that was written here has no card that its operator sees. A card of nobody from there, or of
-- several users, since a merge, is none of theirs.
create or replace function app_private.card_changed_here(p_marketplace uuid, p_part uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select count(*) <> 1 or bool_or(k.version <> p.version or k.row_hash = 0)
    from app.participation p
    left join (app_private.legacy_participation k
        join app_private.legacy_party u on u.own_company_id = k.company_id)
      on k.marketplace_id = p.marketplace_id and u.company_id = p.company_id
    where p.marketplace_id = p_marketplace and p.company_id = p_part
    group by p.marketplace_id, p.company_id having count(k.company_id) > 0),
    exists (select from app.participation p where p.marketplace_id = p_marketplace and p.company_id = p_part)
    or exists (select from app.partner_invitation i
            where i.marketplace_id = p_marketplace and i.id = p_part))
$$;

create or replace function app_private.key_changed_here(p_load integer, p_key uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select k.legacy_id is null
      or y.revoked_at is not null and s.revoked_at is null
    from app.api_key y
    left join app_private.legacy_api_key k on k.api_key_id = y.id
    left join legacy_staging.api_keys s on s.load = p_load and s.id = k.legacy_id
    where y.id = p_key), false)
$$;

-- A lead, its person, its offers and comments.
create or replace function app_private.lead_changed_here(
  p_load integer, p_what text, p_marketplace uuid, p_lead uuid, p_part uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select l.source <> 'legacy' or coalesce(l.version <> k.version, false) or k.row_hash = 0
    or p_what = 'offers' and not exists (
      select from legacy_staging.offers s
      join app_private.legacy_party u on u.legacy_id = s.user_id and u.company_id = p_part
      where s.load = p_load and s.lead_id = k.legacy_id) and exists (
      select from app.offer o where o.marketplace_id = l.marketplace_id and o.lead_id = l.id
        and o.company_id = p_part and o.state not in ('open', 'picked'))
    or p_what = 'comments' and not exists (
      select from legacy_staging.comments s where s.load = p_load and s.lead_id = k.legacy_id
        and app_private.legacy_id('comment', s.id, s.created_at) = p_part)
    or p_what = 'offers' and exists (
      select from app.offer o
      join app.colleague c on c.company_id = o.company_id
      join app_private.legacy_user t on t.colleague_id = c.id
      join legacy_staging.offers s
        on s.load = p_load and s.lead_id = k.legacy_id and s.user_id = t.legacy_id
      where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.company_id = p_part
        and o.answered_at > greatest(s.updated_at, s.answered_at))
    from app.lead l
    left join app_private.legacy_lead k on k.lead_id = l.id and k.legacy_id = case
      when l.source = 'legacy' and l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    where l.marketplace_id = p_marketplace and l.id = p_lead), false)
$$;
