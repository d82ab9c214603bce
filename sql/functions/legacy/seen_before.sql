-- Proving, the side of the former service: what each user saw, by the legacy rules over the rows of a load
-- (sql/legacy/schema.sql, L1 to L8). The other side is asked in service/jobs/rollout/seen.py.
--
-- part_id tells rows of one lead apart: of an offer the company it was made to, of a comment its id; of an
-- API key its id. Fields stand in the order in which service/jobs/rollout/seen.py names them.
set local role kollegium_broker;

-- An open offer there that nobody has here: since a merge the company of its user is the lead's own giver or
-- operator, by another one of its users.
create or replace function app_private.offered_to_itself(p_load integer, p_lead bigint, p_user bigint)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from legacy_staging.leads l
    join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    join app_private.legacy_party t on t.legacy_id = p_user
    join app_private.legacy_party own on own.legacy_id in (l.giver_user_id, m.owner_user_id)
      and own.legacy_id <> p_user and own.company_id = t.company_id
    where l.load = p_load and l.id = p_lead)
$$;

-- The state in which a lead is here (docs/legacy-mapping.md).
create or replace function app_private.state_seen_before(
  p_load integer, p_lead bigint, p_state text, p_consent boolean)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_state
    when 'new' then case when p_consent then 'submitted' else 'draft' end
    when 'released' then 'available' when 'picked' then 'engaged'
    when 'won' then 'closed' when 'lost' then 'closed'
    when 'offered' then case when exists (
      select from legacy_staging.offers o
      where o.load = p_load and o.lead_id = p_lead and o.state = 'open'
        and not app_private.offered_to_itself(p_load, p_lead, o.user_id)) then 'offered' else 'unplaced' end
    else p_state end;
end
$$;

-- Leads and personal data by L3, with what became of them. One row for each user and lead, whatever capacities he had in it:
-- o operator, g giver, p picker, the letters that service/jobs/rollout/seen.py finds in the columns of
-- app.lead. waits: the row is in quarantine, so nothing is expected of it.
create or replace function app_private.leads_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with first_step as materialized (
    select distinct on (s.marketplace_id) s.marketplace_id, s.name
    from legacy_staging.statuses s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)
    order by s.marketplace_id, s.position, s.id
  ), seen as materialized (
    select u.id as who, l.*, k.marketplace_id as market, k.lead_id, b.id is not null as waits, concat(
      case when m.owner_user_id = u.id then 'o' end,
      case when l.giver_user_id = u.id and m.owner_user_id is distinct from u.id then 'g' end,
      case when l.picked_by_user_id = u.id then 'p' end) as roles,
      -- What the operator has set here since is not held against leads that came before.
      case when h.teaser_digits <> coalesce(m.teaser_digits, 2)
        then (select x.postcode_area from app.lead x where x.marketplace_id = h.id and x.id = k.lead_id)
        else left(coalesce(l.kept_postcode, ''), coalesce(m.teaser_digits, 2)) end as area,
      case when l.picked_by_user_id is null then null
        when coalesce(st.name, f.name, 'neu') <> all (h.steps)
        then (select e.step from app.lead x
              join app.engagement e on e.marketplace_id = x.marketplace_id and e.id = x.engagement_id
              where x.marketplace_id = h.id and x.id = k.lead_id)
        else coalesce(st.name, f.name, 'neu') end as step
    from legacy_staging.leads l
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    left join legacy_staging.statuses st on st.load = p_load and st.id = l.status_id
    left join first_step f on f.marketplace_id = l.marketplace_id
    cross join lateral (
      select distinct v from unnest(array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]) v
    ) party
    join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
      and u.id between p_first and p_last
    left join app_private.legacy_lead k on k.legacy_id = l.id
    left join app.marketplace h on h.id = k.marketplace_id
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'leads' and b.id = l.id
    where l.load = p_load and (m.owner_user_id between p_first and p_last
      or l.giver_user_id between p_first and p_last or l.picked_by_user_id between p_first and p_last)
  )
  select s.who, 'leads', s.market, s.lead_id, null::uuid, s.id::text, s.waits,
    array[s.id::text, s.roles, s.interest, s.area, app_private.legacy_list(s.tags)::text,
      coalesce(s.consent, false)::text, app_private.state_seen_before(p_load, s.id, s.state, s.consent),
      case s.state when 'picked' then 'active' when 'won' then 'won' when 'lost' then 'lost' end,
      s.step, case when s.state = 'won' then s.value end::text] from seen s
  union all
  select s.who, 'prospects', s.market, s.lead_id, null, s.id::text, s.waits,
    array[s.contact_name, s.contact_salutation, s.contact_company, s.kept_email, s.kept_phone,
          s.contact_street, s.kept_postcode, s.kept_city, s.kept_country, s.kept_answers::text] from seen s
$$;

-- Offers by L4 and L5. What an offer became follows docs/legacy-mapping.md: the lead decides. What is seen
-- here is the offer of a company: of two users who are one company by now the better one counts, as it stays.
create or replace function app_private.offers_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.legacy_user, 'offers', x.marketplace_id, x.lead_id, x.company_id, x.legacy_key, x.waits, x.fields
  from (
  select u.id as legacy_user, k.marketplace_id, k.lead_id, c.company_id, o.id::text as legacy_key,
    b.id is not null as waits,
    array[o.state, case when party.v = o.owner_user_id then 'operator' else 'taker' end,
      app_private.teaser(o.interest), o.area, app_private.teaser_tags(app_private.legacy_list(o.tags))::text, case when o.state = 'declined' then o.reason end] as fields,
    row_number() over (partition by u.id, k.lead_id, c.company_id, b.id is not null
      order by app_private.offer_rank(o.state), t.company_id <> c.company_id, o.id) as place
  from (
    select f.id, f.lead_id, f.user_id, f.reason, l.interest, l.tags, m.owner_user_id,
      case when h.teaser_digits <> coalesce(m.teaser_digits, 2) then (
        select x.postcode_area from app.offer x where x.marketplace_id = h.id
          and x.id = app_private.legacy_id('offer', f.id, f.offered_at))
        else left(coalesce(l.kept_postcode, ''), coalesce(m.teaser_digits, 2)) end as area, case
      when l.picked_by_user_id = f.user_id then 'picked'
      when l.picked_by_user_id is not null and f.state in ('open', 'picked') then 'lost'
      when f.state = 'open' and (l.state <> 'offered'
        or app_private.offered_to_itself(p_load, f.lead_id, f.user_id)) then 'withdrawn'
      else f.state end as state
    from legacy_staging.offers f
    left join legacy_staging.leads l on l.load = p_load and l.id = f.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    left join app_private.legacy_marketplace hk on hk.legacy_id = l.marketplace_id
    left join app.marketplace h on h.id = hk.marketplace_id
    where f.load = p_load
      and (m.owner_user_id between p_first and p_last or f.user_id between p_first and p_last)
  ) o
  cross join lateral (select distinct v from unnest(array[o.owner_user_id,
    case when o.state in ('open', 'picked') then o.user_id end]) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = o.lead_id
  left join app_private.legacy_user t on t.legacy_id = o.user_id
  left join app.colleague c on c.id = t.colleague_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
  ) x
  where x.place = 1 or x.waits or x.company_id is null or x.lead_id is null
$$;

-- Comments by L6: an internal one is its author's, a shared one everybody's who sees the lead. part_id
-- is the id that the import gave it.
create or replace function app_private.comments_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'comments', k.marketplace_id, k.lead_id, case when k.lead_id is not null
    then app_private.legacy_id('comment', c.id, c.created_at) end, c.id::text, b.id is not null,
    array[t.colleague_id::text, case when c.shared then 'shared' else 'internal' end, c.text,
      extract(epoch from c.created_at)::text]
  from (
    select s.*, case when s.shared then array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]
      else array[s.user_id] end as readers
    from legacy_staging.comments s
    left join legacy_staging.leads l on l.load = p_load and l.id = s.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    where s.load = p_load and (s.user_id between p_first and p_last or s.shared
      and (m.owner_user_id between p_first and p_last or l.giver_user_id between p_first and p_last
        or l.picked_by_user_id between p_first and p_last))
  ) c
  cross join lateral (select distinct v from unnest(c.readers) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = c.lead_id
  left join app_private.legacy_user t on t.legacy_id = c.user_id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'comments' and b.id = c.id
$$;

-- API keys by L8, without their tokens: app.prove_tokens compares those.
create or replace function app_private.keys_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'api_keys', null::uuid, null::uuid, k.api_key_id, s.id::text, b.id is not null,
    array[coalesce(nullif(btrim(s.name), ''), 'API'),
      case when s.revoked_at is null then 'live' else 'revoked' end,
      extract(epoch from s.created_at)::text]
  from legacy_staging.api_keys s
  join legacy_staging.users u on u.load = p_load and u.id = s.user_id and (p_deleted or u.deleted_at is null)
  left join app_private.legacy_api_key k on k.legacy_id = s.id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'api_keys' and b.id = s.id
  where s.load = p_load and s.user_id between p_first and p_last
$$;

create or replace function app_private.rows_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select * from app_private.users_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.marketplaces_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.participants_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.leads_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.offers_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.comments_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.keys_seen_before(p_load, p_first, p_last, p_deleted)
$$;

-- Counts and digests of what the users p_first to p_last saw, a row for each user and kind of row;
-- who saw nothing has none. The digest is a sum over rows, so that their order does not matter.
create or replace function app.prove_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, waiting bigint, rows bigint, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, count(*) filter (where s.waits), count(*) filter (where not s.waits),
    coalesce(sum(('x' || left(md5(
      concat_ws(' ', s.what, s.marketplace_id, s.lead_id, s.part_id, s.fields)), 15))
      ::bit(60)::bigint) filter (where not s.waits), 0)::text
  from app_private.rows_seen_before(p_load, p_first, p_last) s
  group by s.legacy_user, s.what
$$;
comment on function app.prove_before(integer, bigint, bigint) is
  'What legacy users saw by the legacy rules, as counts and digests by user and kind.';
grant execute on function app.prove_before(integer, bigint, bigint) to kollegium_staff;

create or replace function app_private.reasons_to_wait(p_load integer, p_what text, p_key text, p_waits boolean)
returns text[] language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array(select f.reason from legacy_staging.finding f
    where f.load = p_load and f.kind = 'quarantine' and f.legacy_key = p_key
      and f.source_table = case p_what when 'prospects' then 'leads' else p_what end and p_waits
    order by 1)
$$;

-- The rows of some users. Values leave as hashes: a difference is named by its field, and the proof
-- that somebody downloads contains no personal data.
create or replace function app.prove_before_rows(p_load integer, p_users bigint[])
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, s.marketplace_id, s.lead_id, s.part_id, s.legacy_key, s.waits,
    app_private.reasons_to_wait(p_load, s.what, s.legacy_key, s.waits),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from (select min(u) as first, max(u) as last from unnest(p_users) u) r
  cross join lateral app_private.rows_seen_before(p_load, r.first, r.last) s
  where s.legacy_user = any (p_users)
$$;
comment on function app.prove_before_rows(integer, bigint[]) is
  'Every row that some legacy users saw, with hashes of its fields and why it waits, if it does.';
grant execute on function app.prove_before_rows(integer, bigint[]) to kollegium_staff;

-- Keys of some users that came over and whose token does not do what it did: opens nothing though live
-- on both sides, or opens something though revoked. Tokens are hashes on both sides, and leave neither.
create or replace function app.prove_tokens(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, legacy_key text, api_key_id uuid, opens boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.user_id, s.id::text, a.id, t.opens
  from legacy_staging.api_keys s
  join app_private.legacy_api_key k on k.legacy_id = s.id
  join app.api_key a on a.id = k.api_key_id
  cross join lateral (select exists (
    select from app_private.bearer b where b.api_key_id = a.id and (a.revoked_at is not null
      or b.token_sha256 = decode(case when s.token_sha256 ~* '^[0-9a-f]{64}$'
        then s.token_sha256 else '' end, 'hex'))) as opens) t
  where s.load = p_load and s.user_id between p_first and p_last and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
    and t.opens <> (a.revoked_at is null)
$$;
comment on function app.prove_tokens(integer, bigint, bigint) is
  'API keys of a load whose token opens nothing here although live, or something although revoked.';
grant execute on function app.prove_tokens(integer, bigint, bigint) to kollegium_staff;

-- Rows that came into being or were changed here since the import are no differences of it: whoever or
-- whatever is not from the former service, or whose version moved on, with all that is theirs; offers
-- answered since; comments and keys that no legacy row became; keys withdrawn here. A company sees a
-- marketplace of another one by its own card, so that it came or went is that card's doing. Answers for each
-- of the rows asked about, in their order; p_one_sided: only one side has it.
create or replace function app.prove_since_import(p_load integer, p_company uuid, p_what text[],
  p_marketplaces uuid[], p_leads uuid[], p_parts uuid[], p_one_sided boolean[])
returns setof boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select case a.what
    when 'users' then app_private.user_changed_here(a.part_id)
    when 'marketplaces' then app_private.marketplace_changed_here(a.marketplace_id)
      or a.one_sided and app_private.card_changed_here(a.marketplace_id, p_company)
    when 'participants' then app_private.card_changed_here(a.marketplace_id, a.part_id)
    when 'api_keys' then app_private.key_changed_here(p_load, a.part_id)
    else app_private.lead_changed_here(p_load, a.what, a.marketplace_id, a.lead_id, a.part_id) end
  from unnest(p_what, p_marketplaces, p_leads, p_parts, p_one_sided)
    with ordinality a (what, marketplace_id, lead_id, part_id, one_sided, i)
  order by a.i
$$;
comment on function app.prove_since_import(integer, uuid, text[], uuid[], uuid[], uuid[], boolean[]) is
  'Whether rows were made or worked here since they were imported.';
grant execute on function app.prove_since_import(integer, uuid, text[], uuid[], uuid[], uuid[], boolean[])
  to kollegium_staff;
