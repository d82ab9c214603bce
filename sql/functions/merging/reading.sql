-- Who is told of a merge, how merges are listed, what an old id answers, and what is cleared away.
set local role kollegium_broker;

-- A mail to each admin of both sides with a token of his own.
create or replace function app_private.mail_consents(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_token text;
begin
  delete from app_private.merge_token where merge_id = p_merge;
  for v in
    select m.*, c.id as admin, c.email, c.language, c.company_id as side
    from app.company_merge m
    join app.colleague c on c.company_id = any (m.parties) and c.active and c.role = 'admin'
    where m.id = p_merge order by c.id
  loop
    v_token := 'kgm_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    insert into app_private.merge_token (token_sha256, merge_id, rehearsal_id, colleague_id, expires_at)
    values (sha256(convert_to(v_token, 'UTF8')), p_merge, v.rehearsal_id, v.admin,
      app_private.clock() + interval '14 days');
    perform app_private.mail('merge-rehearsed', v.email, v.language, v.side, jsonb_build_object(
      'merge', p_merge, 'survivor', v.survivor_name, 'absorbed', v.absorbed_name, 'token', v_token,
      'days', 14, 'blocks', jsonb_array_length(v.rehearsal -> 'blocks'),
      'leads', (select coalesce(sum((g ->> 'leads')::bigint), 0)
                from jsonb_array_elements(v.rehearsal -> 'visible') g)));
  end loop;
end
$$;

create or replace function app_private.mail_both(p_template text, p_merge app.company_merge)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail_company(p_template, c.id, jsonb_build_object('merge', p_merge.id,
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name))
  from unnest(array[p_merge.survivor_company_id, p_merge.absorbed_company_id]) c (id)
$$;

-- All colleagues of both, who are one company by now, and the operators where the absorbed one took part.
create or replace function app_private.mail_merged(p_merge app.company_merge)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.mail_both('merge-done', p_merge);
  perform app_private.mail_company('merge-partner', o.id, jsonb_build_object(
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name, 'marketplaces', o.names))
  from (select m.operator_company_id as id, jsonb_agg(distinct m.name) as names
        from app_private.merge_journal j join app.marketplace m on m.id = j.marketplace_id
        where j.merge_id = p_merge.id and j.tab = 'app.participation'
          and p_merge.absorbed_company_id::text = coalesce(j.before ->> 'company_id', '')
          and m.operator_company_id <> p_merge.survivor_company_id
          and coalesce(j.before ->> 'state', 'active') <> 'invited'
        group by m.operator_company_id) o;
end
$$;

create or replace function app.list_merges(p_merge uuid default null)
returns setof app.company_merge language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select m.* from app.company_merge m where p_merge is null or m.id = p_merge order by m.id desc $$;
comment on function app.list_merges(uuid) is 'Merges, newest first, or one of them (staff).';
grant execute on function app.list_merges(uuid) to kollegium_staff;

-- Every single lead that one side sees only since (or would see by) the merge, for who wants the list
-- behind the numbers of a rehearsal. Ordered by id; before the merge is done. Each capacity walks its own
-- index and stops after a page; one in which the rehearsal found nothing to see is not walked at all.
create or replace function app.merge_leads(p_merge uuid, p_side text, p_after uuid, p_limit integer)
returns table (marketplace_id uuid, id uuid, state text, personal_data boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_after constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  v_mine uuid;
  v_theirs uuid;
  v_as text[];
begin
  select case p_side when 'survivor' then m.absorbed_company_id else m.survivor_company_id end,
    case p_side when 'survivor' then m.survivor_company_id else m.absorbed_company_id end,
    array(select g ->> 'as' from jsonb_array_elements(m.rehearsal -> 'visible') g where g ->> 'to' = p_side)
  into v_mine, v_theirs, v_as
  from app.company_merge m
  where m.id = p_merge and m.state in ('rehearsed', 'consented')
    and app.current_company_id() = any (m.parties);
  return query
  select k.marketplace_id, k.id, k.state, p.erased_at is null
  from (
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'operator' = any (v_as) and l.operator_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'giver' = any (v_as) and l.giver_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'taker' = any (v_as) and l.engaged_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)) k
  left join app.prospect p on p.marketplace_id = k.marketplace_id and p.lead_id = k.id
  order by k.id limit p_limit;
end
$$;
comment on function app.merge_leads(uuid, text, uuid, integer) is
  'The leads behind a rehearsal''s numbers: what the colleagues of one side would newly see.';
grant execute on function app.merge_leads(uuid, text, uuid, integer) to kollegium_api;

-- The company that an absorbed one has become, through all merges since.
create or replace function app_private.survivor_of(p_company uuid)
returns uuid language sql stable set search_path = pg_catalog, pg_temp
as $$
  with recursive chain (id, next) as (
    select c.id, c.absorbed_into from app.company c where c.id = p_company
    union all
    select c.id, c.absorbed_into from chain h join app.company c on c.id = h.next)
  select id from chain where next is null and id <> p_company
$$;

-- 410 with the survivor's id for an absorbed company, to the operator on whose marketplace it had a card
-- that he could see (docs/domain.md, case 4); nothing for anybody else, for whom it never existed.
create or replace function app_private.expect_not_absorbed(
  p_marketplace uuid, p_company uuid, p_operator uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_survivor constant uuid := app_private.survivor_of(p_company);
begin
  if v_survivor is not null and exists (
       select from app.marketplace m where m.id = p_marketplace and m.operator_company_id = p_operator)
     and exists (
       select from app_private.merge_journal j
       where j.tab = 'app.participation' and j.marketplace_id = p_marketplace
         and j.before ->> 'company_id' = p_company::text
         and (j.before ->> 'state' is distinct from 'invited')) then
    perform app_private.refuse(410, 'company-absorbed', jsonb_build_object('company_id', v_survivor));
  end if;
end
$$;

create or replace function app.expect_not_absorbed(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
end
$$;
comment on function app.expect_not_absorbed(uuid, uuid) is
  '410 with the survivor''s id for an absorbed partner of the caller''s marketplace; else nothing.';
grant execute on function app.expect_not_absorbed(uuid, uuid) to kollegium_api;

-- What nobody needs any more: the journal when a merge cannot be undone any more (but for cards, by which
-- old ids are answered), answers kept for repeated requests after 48 hours as everywhere, addresses in
-- requests that came to nothing.
create or replace function app_private.purge_merges()
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.merge_journal j using app.company_merge m
  where m.id = j.merge_id and j.tab <> 'app.participation'
    and (m.state = 'undone' or m.done_at < app_private.clock() - interval '30 days'
      or (j.tab = 'app_private.idempotent_answer' and m.done_at < app_private.clock() - interval '48 hours'));
  get diagnostics v_count = row_count;
  update app.company_merge set named_email = null
  where named_email is not null and changed_at < app_private.clock() - interval '30 days'
    and state in ('done', 'undone', 'refused');
  delete from app_private.merge_token where expires_at < app_private.clock();
  return v_count;
end
$$;
