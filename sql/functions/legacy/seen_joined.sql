-- Proving a company of several: users who merged here, or who invited colleagues. What it sees is compared
-- with what all its users saw, each row once (docs/legacy-mapping.md). Who is deleted there counts with the
-- others: a company that goes on without him keeps what was his.
set local role kollegium_broker;

create or replace function app_private.joined_rows_seen_before(p_load integer, p_company uuid)
returns table (what text, marketplace_id uuid, lead_id uuid, part_id uuid, legacy_key text, waits boolean,
  fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with seen as materialized (
    select s.*, p.own_company_id, coalesce(s.lead_id::text, s.part_id::text, s.legacy_key) as key,
      case s.what when 'marketplaces' then s.fields[1] = 'operator' when 'participants' then
        s.fields[1] = 'participant' else s.fields[2] = 'operator' end as first
    from app_private.legacy_party p
    cross join lateral app_private.rows_seen_before(p_load, p.legacy_id, p.legacy_id, true) s
    where p.company_id = p_company
  ), once as (
    select s.*, row_number() over (
        partition by s.what, s.marketplace_id, s.key, s.part_id, s.waits
        order by s.first desc nulls last, case s.what when 'offers' then app_private.offer_rank(s.fields[1]) end,
          s.legacy_key) as place,
      string_agg(case s.what when 'leads' then s.fields[2] end, '') over (
        partition by s.what, s.marketplace_id, s.key, s.part_id, s.waits) as roles
    from seen s
  )
  select o.what, o.marketplace_id, o.lead_id, o.part_id, o.legacy_key, o.waits, case o.what
    -- The firm's name is the company's by now, and its language the one that a colleague's differs from. Who is
    -- deleted there has no address there any more.
    when 'users' then array[case o.own_company_id when co.id then o.fields[1] else co.name end, o.fields[2],
      coalesce(o.fields[3], (select c.email from app.colleague c where c.id = o.part_id)),
      case o.fields[4] when co.language then co.language end, o.fields[5]]
    when 'leads' then o.fields[:1] || concat(case when o.roles like '%o%' then 'o' end,
      case when o.roles like '%g%' and o.roles not like '%o%' then 'g' end,
      case when o.roles like '%p%' then 'p' end) || o.fields[3:]
    else o.fields end
  from once o
  join app.company co on co.id = p_company
  left join app.marketplace m on m.id = o.marketplace_id
  -- Who runs a marketplace by now has no card on it.
  where o.place = 1 and not (o.what = 'participants' and not o.waits and o.part_id = p_company
    and m.operator_company_id = p_company)
$$;

create or replace function app.prove_before_joined(p_load integer, p_company uuid)
returns table (what text, marketplace_id uuid, lead_id uuid, part_id uuid, legacy_key text, waits boolean,
  reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.what, s.marketplace_id, s.lead_id, s.part_id, s.legacy_key, s.waits,
    app_private.reasons_to_wait(p_load, s.what, s.legacy_key, s.waits),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from app_private.joined_rows_seen_before(p_load, p_company) s
$$;
comment on function app.prove_before_joined(integer, uuid) is
  'Every row that the users of a company of several saw, once, with hashes of its fields and why it waits.';
grant execute on function app.prove_before_joined(integer, uuid) to kollegium_staff;

-- A session for each company of several that has somebody from the former service; until the cut-over
-- (docs/decisions/0041). Five minutes, audited, ended by app.close_proof_sessions like the others.
create or replace function app.open_joined_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
returns setof uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_colleague uuid;
  v_token_sha256 bytea;
begin
  if app_private.legacy_cut_over() then
    return;
  end if;
  -- Companies before their colleagues, as everywhere.
  perform from app.company where id = any (p_companies) order by id for key share;
  for v_company, v_colleague, v_token_sha256 in
    select co.id, k.id, t.token_sha256
    from unnest(p_companies, p_tokens_sha256) t (company_id, token_sha256)
    join app.company co on co.id = t.company_id and co.state = 'active'
    cross join lateral (
      select c.id from app.colleague c
      join app_private.legacy_user u on u.colleague_id = c.id
      where c.company_id = co.id and c.active order by c.id limit 1 for key share of c) k
    for key share of co
  loop
    insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
    values (v_token_sha256, v_company, v_colleague, app_private.clock() + interval '5 minutes');
    perform app_private.audit('proof-session-opened', v_company, v_colleague, v_company);
    return next v_company;
  end loop;
end
$$;
comment on function app.open_joined_proof_sessions(uuid[], bytea[]) is
  'Sessions of five minutes for companies of several with somebody of the former service; until the cut-over.';
grant execute on function app.open_joined_proof_sessions(uuid[], bytea[]) to kollegium_staff;
