-- Moving in: what a load found about leads, offers, comments and API keys.
set local role kollegium_broker;

create or replace function app_private.legacy_check_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'leads', l.id::text, f.kind, f.reason
  from legacy_staging.leads l
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
  left join legacy_staging.users g on g.load = p_load and g.id = l.giver_user_id
  left join legacy_staging.users p on p.load = p_load and p.id = l.picked_by_user_id
  left join legacy_staging.statuses s on s.load = p_load and s.id = l.status_id
  left join app_private.legacy_marketplace k on k.legacy_id = l.marketplace_id
  left join app.marketplace h on h.id = k.marketplace_id
  cross join lateral (values
    ('quarantine', 'marketplace-missing', m.id is null),
    ('quarantine', 'giver-missing', l.giver_user_id is not null and g.id is null),
    ('quarantine', 'picker-missing', l.picked_by_user_id is not null and p.id is null),
    ('quarantine', 'state-unknown', l.state not in
      ('new', 'released', 'offered', 'picked', 'won', 'lost', 'rejected', 'withdrawn')),
    ('quarantine', 'state-contradicts-pick',
      (l.state in ('picked', 'won', 'lost')) <> (l.picked_by_user_id is not null)),
    ('quarantine', 'status-foreign', l.status_id is not null and l.picked_by_user_id is not null
      and s.marketplace_id is distinct from l.marketplace_id),
    ('quarantine', 'interest-missing', coalesce(l.interest, '') = ''),
    ('quarantine', 'consent-missing', not coalesce(l.consent, false)
      and l.state in ('released', 'offered', 'picked', 'won', 'lost')),
    ('quarantine', 'value-negative', l.value < 0),
    ('adjusted', 'picker-deleted', p.deleted_at is not null),
    ('adjusted', 'no-consent-draft', not coalesce(l.consent, false) and l.state = 'new'),
    ('adjusted', 'value-dropped', l.value is not null and l.state <> 'won'),
    ('adjusted', 'status-dropped', l.status_id is not null and l.picked_by_user_id is null),
    ('warning', 'status-not-here', l.picked_by_user_id is not null and h.id is not null
      and s.name <> all (h.steps) and k.version <> h.version),
    ('warning', 'text-garbled', app_private.legacy_garbled(
      concat_ws(' ', l.interest, l.contact_name, l.contact_street, l.contact_city)))
  ) f (kind, reason, holds)
  where l.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'leads');
end
$$;

create or replace function app_private.legacy_check_beside_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'offers', o.id::text, f.kind, f.reason
  from (select s.*, row_number() over (partition by s.lead_id, s.user_id order by s.id) as nth
        from legacy_staging.offers s where s.load = p_load) o
  left join legacy_staging.leads l on l.load = p_load and l.id = o.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = o.user_id
  cross join lateral (values
    ('quarantine', 'lead-missing', l.id is null),
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'state-unknown', o.state not in
      ('open', 'picked', 'declined', 'expired', 'lost', 'withdrawn')),
    ('quarantine', 'offer-picked-without-pick', o.state = 'picked' and l.picked_by_user_id is null),
    ('quarantine', 'offer-twice', o.nth > 1),
    ('adjusted', 'offer-outdated', o.state in ('open', 'picked')
      and l.picked_by_user_id <> o.user_id or o.state = 'open' and l.state <> 'offered')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'offers');

  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'comments', c.id::text, 'quarantine', f.reason
  from legacy_staging.comments c
  left join legacy_staging.leads l on l.load = p_load and l.id = c.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = c.user_id
  cross join lateral (values
    ('lead-missing', l.id is null),
    ('user-missing', u.id is null),
    ('text-missing', coalesce(c.text, '') = '')
  ) f (reason, holds)
  where c.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'comments');
  perform app_private.legacy_check_api_keys(p_load);
end
$$;

create or replace function app_private.legacy_check_api_keys(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'api_keys', k.id::text, f.kind, f.reason
  from (select s.*, s.revoked_at is null as live, count(*) filter (where s.revoked_at is null)
          over (partition by lower(s.token_sha256)) as same
        from legacy_staging.api_keys s where s.load = p_load) k
  left join legacy_staging.users u on u.load = p_load and u.id = k.user_id
  cross join lateral (values
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'token-hash-unusable',
      k.live and coalesce(k.token_sha256 !~* '^[0-9a-f]{64}$', true)),
    ('quarantine', 'token-shared', k.live and (k.same > 1 or exists (
      select from app_private.bearer t
      left join app_private.legacy_api_key m on m.api_key_id = t.api_key_id
      where m.legacy_id is distinct from k.id and t.token_sha256 = decode(
        case when k.token_sha256 ~* '^[0-9a-f]{64}$' then k.token_sha256 else '' end, 'hex')
        -- Who has another token there by now, or none, gives this one up.
        and not exists (select from legacy_staging.api_keys o where o.load = p_load and o.id = m.legacy_id
          and (o.revoked_at is not null or lower(o.token_sha256) <> lower(k.token_sha256)))))),
    ('adjusted', 'key-without-name', coalesce(btrim(k.name), '') = '')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'api_keys');
end
$$;
