-- Many engagements at once to one colleague, or back to nobody.
set local role kollegium_broker;

-- Each lead for itself: what cannot be handed over says why (the slug of the refusal that one alone would have
-- met) and the others are. Who may hand over at all, and to whom, is asked once and refused for all. In the order
-- of leads, so that two who do it at once wait for each other and for nothing else; answers in the given order.
create or replace function app.hand_over(p_markets uuid[], p_leads uuid[], p_handler uuid)
returns table (place bigint, marketplace_id uuid, lead_id uuid, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if p_handler is distinct from v_caller.colleague_id and v_caller.delegator_role
     and v_caller.role not in ('delegator', 'admin') then
    perform app_private.refuse(403, 'delegator-required');
  end if;
  if p_handler is not null then
    perform from app.colleague c where c.id = p_handler and c.company_id = v_caller.company_id and c.active for share;
    if not found then
      perform app_private.refuse(422, 'handler-unknown');
    end if;
  end if;
  for place, marketplace_id, lead_id in
    select k.n, k.m, k.l from unnest(p_markets, p_leads) with ordinality k (m, l, n) order by k.m, k.l, k.n
  loop
    begin
      perform app.change_engagement(marketplace_id, lead_id, null, null, true, p_handler);
      outcome := 'done';
    exception when sqlstate 'KG403' or sqlstate 'KG404' or sqlstate 'KG409' then
      get stacked diagnostics outcome = constraint_name;
    end;
    return next;
  end loop;
end
$$;
comment on function app.hand_over(uuid[], uuid[], uuid) is
  'Sets the handler of many engagements; each lead says how it went. To others: the role delegator.';
grant execute on function app.hand_over(uuid[], uuid[], uuid) to kollegium_api;
