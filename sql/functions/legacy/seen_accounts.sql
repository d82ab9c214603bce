-- Proving, the side of the former service: users, marketplaces and participants (L1, L2, L7). Leads and
-- what belongs to them follow in seen_before.sql, which puts all together.
set local role kollegium_broker;

-- Who he was: his firm, his name, the address with which he logs in, his language. He acts for himself
-- alone (L1), hence as admin. part_id is his colleague.
create or replace function app_private.users_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select s.id, 'users', null::uuid, null::uuid, u.colleague_id, s.id::text, b.id is not null,
    array[coalesce(n.firm, n.person), coalesce(n.person, n.firm), s.address,
      case when s.language = 'en' then 'en' else 'de' end, 'admin']
  from legacy_staging.users s
  cross join lateral (select nullif(btrim(s.company_name), '') as firm,
    nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person) n
  left join app_private.legacy_user u on u.legacy_id = s.id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'users' and b.id = s.id
  where s.load = p_load and s.id between p_first and p_last and (p_deleted or s.deleted_at is null)
$$;

-- Marketplaces with their statuses in order. Settings are the owner's; a participant sees the name and the
-- statuses, whatever his state there (L7). part_id is the marketplace.
create or replace function app_private.marketplaces_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with steps as materialized (
    select s.marketplace_id, array_agg(s.name order by s.position, s.id) as names
    from legacy_staging.statuses s
    where s.load = p_load and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)
    group by s.marketplace_id
  ), seen as (
    select m.owner_user_id as who, 'operator' as seen_as, m.* from legacy_staging.marketplaces m
    where m.load = p_load and m.owner_user_id between p_first and p_last
    union all
    select p.user_id, 'participant', m.* from (
      select s.marketplace_id, s.user_id from legacy_staging.participants s
      where s.load = p_load and s.user_id between p_first and p_last and not exists (
        select from legacy_staging.blocked b
        where b.load = p_load and b.source_table = 'participants' and b.id = s.id)
      group by s.marketplace_id, s.user_id) p
    join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
    union all
    -- Deleted there, and ended here if nobody changed it here: he sees where he took part.
    select u.legacy_id, 'participant', m.*
    from app_private.legacy_participation p
    join app_private.legacy_user u on u.company_id = p.company_id and u.legacy_id between p_first and p_last
    join app_private.legacy_marketplace k on k.marketplace_id = p.marketplace_id
    join legacy_staging.marketplaces m on m.load = p_load and m.id = k.legacy_id
    where m.owner_user_id <> u.legacy_id and not exists (
      select from legacy_staging.participants s
      where s.load = p_load and s.marketplace_id = m.id and s.user_id = u.legacy_id)
  )
  select u.id, 'marketplaces', k.marketplace_id, null::uuid, k.marketplace_id, s.id::text,
    b.id is not null,
    array[s.seen_as, s.name, coalesce(t.names, array['neu'])::text]
      || case when s.seen_as = 'operator' then array[coalesce(s.response_hours, 48)::text,
        coalesce(s.teaser_digits, 2)::text, coalesce(s.giver_may_withdraw, true)::text,
        coalesce(s.auto_accept, false)::text] else array_fill(null::text, array[4]) end
  from seen s
  join legacy_staging.users u on u.load = p_load and u.id = s.who and (p_deleted or u.deleted_at is null)
  left join steps t on t.marketplace_id = s.id
  left join app_private.legacy_marketplace k on k.legacy_id = s.id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id
$$;

-- Who takes part, in any state: the owner sees all of his marketplace, a participant himself (L7). A giver
-- who takes too is one card, as docs/legacy-mapping.md says; a row in quarantine is none of it, and is told by
-- itself. part_id is the participant's company.
create or replace function app_private.participants_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with card as (
    select m.owner_user_id, s.user_id, s.marketplace_id, min(s.id) as first_id, b.id is not null as waits,
      array_agg(distinct s.role) as capacities,
      min(array_position(array['active', 'invited', 'ended', 'declined'], s.state)) as best,
      app_private.legacy_list(max(s.postcode_areas) filter (where s.role = 'taker')) as areas,
      app_private.legacy_list(max(s.tags) filter (where s.role = 'taker')) as tags,
      max(s.cap) filter (where s.role = 'taker') as cap
    from legacy_staging.participants s
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = s.marketplace_id
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'participants' and b.id = s.id
    where s.load = p_load
      and (m.owner_user_id between p_first and p_last or s.user_id between p_first and p_last)
    group by m.owner_user_id, s.user_id, s.marketplace_id, b.id, case when b.id is not null then s.id end
  )
  select r.id, 'participants', k.marketplace_id, null::uuid, c.company_id, p.first_id::text, p.waits,
    array[case when r.id = p.user_id then 'participant' else 'operator' end, p.capacities::text,
      case when u.deleted_at is null or co.state <> 'closed'
        then (array['active', 'invited', 'ended', 'declined'])[p.best] else 'ended' end,
      p.areas::text, p.tags::text, p.cap::text]
  from card p
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  cross join lateral (select distinct v from unnest(array[p.owner_user_id, p.user_id]) v) party
  join legacy_staging.users r on r.load = p_load and r.id = party.v and (p_deleted or r.deleted_at is null)
    and r.id between p_first and p_last
  left join app_private.legacy_marketplace k on k.legacy_id = p.marketplace_id
  left join app_private.legacy_user t on t.legacy_id = p.user_id
  left join app.colleague c on c.id = t.colleague_id
  left join app.company co on co.id = c.company_id
$$;

-- Passwords of some users that do not open what they opened there: gone, or another one. Who has logged in
-- here since, or whose password staff set, has one of his own, which is no difference.
create or replace function app.prove_credentials(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, colleague_id uuid, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, m.colleague_id, case
    when p.password is null then 'a password that he did not have'
    when c.colleague_id is null then 'his password opens nothing' else 'another password' end
  from legacy_staging.users s
  join app_private.legacy_user m on m.legacy_id = s.id
  left join app_private.credential c on c.colleague_id = m.colleague_id
  cross join lateral (select app_private.legacy_password(s.password_hash) as password) p
  where s.load = p_load and s.id between p_first and p_last and s.deleted_at is null
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'users' and b.id = s.id)
    and (p.password is not null or c.pbkdf2_iterations is not null)
    and (c.colleague_id is null or c.pbkdf2_iterations is not null)
    and (c.pbkdf2_iterations, c.pbkdf2_salt, c.proof_sha256) is distinct from
      (p.password[1]::integer, convert_to(p.password[2], 'UTF8'),
       sha256(decode(p.password[3], 'base64')))
$$;
comment on function app.prove_credentials(integer, bigint, bigint) is
  'Users of a load whose password does not open here what it opened there.';
grant execute on function app.prove_credentials(integer, bigint, bigint) to kollegium_staff;
