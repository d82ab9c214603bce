-- Companies that may be one firm: suggestions for a merge, never more than that.
--
-- Staff sees all of them. An admin sees those alone whose relation both sides knew before: a group
-- of the former service had its members' consent, and its members knew each other. An equal name,
-- domain or VAT id is no such thing: whoever wrote another's into his profile would be told who is
-- a customer here.
set local role kollegium_broker;

-- The part of an address after @, or null where millions of strangers share it.
create or replace function app_private.firm_domain(p_email text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select d from split_part(p_email, '@', 2) d
  where d !~ '^(gmx|web|gmail|googlemail|t-online|magenta|freenet|arcor|aol|yahoo|ymail|rocketmail|'
    'hotmail|outlook|live|msn|icloud|me|mac|posteo|mailbox|mail|email|online|proton|protonmail|pm|'
    'tutanota|tuta|fastmail|zoho|yandex|1und1|vodafone|vodafonemail|kabelmail|unitybox|o2online|'
    'o2mail|bluewin|sunrise|hispeed|aon|chello|a1|orange|laposte|libero|wp|seznam|mailinator)'
    '\.(co\.)?[a-z]{2,4}$'
$$;

-- For staff: every thing in common that two or more companies have, the strongest kinds first.
create or replace function app.list_merge_suggestions()
returns table (kind text, value text, label text, company_ids uuid[], company_names text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with party as materialized (
    -- The company that a legacy user acts for now: merged ones are together already.
    select u.legacy_id, u.vat_id, k.company_id
    from app_private.legacy_user u join app.colleague k on k.id = u.colleague_id
  ), common (company_id, kind, value, label) as (
    select p.company_id, 'legacy_group', g.legacy_id::text, g.name
    from app_private.legacy_group_member m
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join party p on p.legacy_id = m.user_legacy_id
    union
    select p.company_id, 'vat_id', v.id, null
    from party p, upper(regexp_replace(p.vat_id, '[^A-Za-z0-9]', '', 'g')) v (id) where length(v.id) >= 8
    union
    select k.company_id, 'email_domain', app_private.firm_domain(k.email), null
    from app.colleague k where app_private.firm_domain(k.email) is not null
    union
    select co.id, 'name', lower(regexp_replace(btrim(co.name), '\s+', ' ', 'g')), null from app.company co
  )
  select c.kind, c.value, min(c.label), array_agg(co.id order by co.name, co.id),
    array_agg(co.name order by co.name, co.id)
  from common c join app.company co on co.id = c.company_id and co.state = 'active'
  group by c.kind, c.value having count(*) > 1
  order by array_position(array['vat_id', 'legacy_group', 'email_domain', 'name'], c.kind), c.value
$$;
comment on function app.list_merge_suggestions() is
  'Companies with equal VAT id, group of the former service, e-mail domain or name; hints, not more.';
grant execute on function app.list_merge_suggestions() to kollegium_staff;

-- For an admin: the companies that were with his own in a group of the former service.
create or replace function app.my_merge_suggestions()
returns table (company_id uuid, company_name text, groups text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  return query
    select co.id, co.name,
      array_agg(distinct coalesce(nullif(btrim(g.name), ''), g.legacy_id::text))
    from app.colleague mine
    join app_private.legacy_user u on u.colleague_id = mine.id
    join app_private.legacy_group_member m on m.user_legacy_id = u.legacy_id
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join app_private.legacy_group_member o on o.group_legacy_id = m.group_legacy_id
    join app_private.legacy_user v on v.legacy_id = o.user_legacy_id
    join app.colleague other
      on other.id = v.colleague_id and other.company_id <> v_caller.company_id
    join app.company co on co.id = other.company_id and co.state = 'active'
    where mine.company_id = v_caller.company_id
    group by co.id;
end
$$;
comment on function app.my_merge_suggestions() is
  'Companies that shared a group of the former service with the caller''s (admin).';
grant execute on function app.my_merge_suggestions() to kollegium_api;
