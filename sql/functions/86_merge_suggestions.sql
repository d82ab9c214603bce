-- Companies that may be one firm: suggestions for a merge, never more than that.
--
-- Staff sees all of them. An admin sees those alone whose relation both sides knew before: a group
-- of the former service had its members' consent, and its members knew each other. An equal name,
-- domain or VAT id is no such thing: whoever wrote another's into his profile would be told who is
-- a customer here.
set local role kollegium_broker;

-- Replaces all hints by those of the source; legacy users without a company are passed over.
create or replace function app.keep_merge_hints(
  p_legacy_users text[], p_kinds text[], p_values text[], p_labels text[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  delete from app_private.merge_hint;
  insert into app_private.merge_hint (company_id, kind, value, label)
  select distinct on (co.id, t.kind, t.value) co.id, t.kind, t.value, t.label
  from unnest(p_legacy_users, p_kinds, p_values, p_labels) t (legacy_user, kind, value, label)
  join app.company co on co.origin_legacy_user_id = t.legacy_user
  order by co.id, t.kind, t.value, t.label;
  get diagnostics v_count = row_count;
  perform app_private.audit('merge-hints-kept', null, null, null,
    jsonb_build_object('hints', v_count));
  return v_count;
end
$$;
comment on function app.keep_merge_hints(text[], text[], text[], text[]) is
  'Replaces what companies of the former service have in common there; returns the number of hints.';
grant execute on function app.keep_merge_hints(text[], text[], text[], text[]) to kollegium_staff;

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
  with common (company_id, kind, value, label) as (
    select h.company_id, h.kind, h.value, h.label from app_private.merge_hint h
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
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.name, array_agg(distinct coalesce(h.label, h.value))
  from app_private.admin_caller() me
  join app_private.merge_hint mine on mine.company_id = me.company_id and mine.kind = 'legacy_group'
  join app_private.merge_hint h
    on h.kind = mine.kind and h.value = mine.value and h.company_id <> me.company_id
  join app.company co on co.id = h.company_id and co.state = 'active'
  group by co.id
$$;
comment on function app.my_merge_suggestions() is
  'Companies that shared a group of the former service with the caller''s (admin).';
grant execute on function app.my_merge_suggestions() to kollegium_api;
