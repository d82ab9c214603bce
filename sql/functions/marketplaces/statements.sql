-- The monthly statement: what a month is, and of whom the caller may read it. Its rows are postings, which the
-- policies show.
set local role kollegium_broker;

-- A month of a marketplace by the zone of its calendar; null: the present one. Whose postings: for its operator the
-- company that it names, or all (null); for who takes part its own, and 404 where it names another. 404 for everybody
-- else. priced: whether a lead costs them (the operator: anybody) something now, so that an empty month explains itself.
create or replace function app.statement_month(p_marketplace uuid, p_month text, p_company uuid)
returns table (marketplace_name text, operator_name text, month text, time_zone text, begins_at timestamptz,
  ends_at timestamptz, company_id uuid, capacity text, priced boolean)
language plpgsql stable security definer rows 1 set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_zone constant text := (app_private.calendar_of(p_marketplace)).time_zone;
  v_month constant text := coalesce(p_month, to_char(app_private.clock() at time zone v_zone, 'YYYY-MM'));
  v_first constant timestamp := (v_month || '-01')::timestamp;
  v_market app.marketplace;
  v_card app.participation;
begin
  select * into v_market from app.marketplace m where m.id = p_marketplace;
  select * into v_card from app.participation p
  where p.marketplace_id = p_marketplace and p.company_id = v_company and p.state <> 'invited';
  if v_market.operator_company_id = v_company then
    capacity := 'operator';
    company_id := p_company;
    priced := v_market.price_cents > 0 or exists (select from app.participation p
      where p.marketplace_id = p_marketplace and p.price_cents > 0);
  elsif v_card.company_id is null or p_company <> v_company then
    perform app_private.refuse(404, 'not-found');
  else
    capacity := case when 'taker' = any (v_card.capacities) then 'taker' else 'giver' end;
    company_id := v_company;
    priced := coalesce(v_card.price_cents, v_market.price_cents) > 0;
  end if;
  marketplace_name := v_market.name;
  operator_name := v_market.operator_name;
  month := v_month;
  time_zone := v_zone;
  begins_at := v_first at time zone v_zone;
  ends_at := (v_first + interval '1 month') at time zone v_zone;
  priced := coalesce(priced, false);
  return next;
end
$$;
comment on function app.statement_month(uuid, text, uuid) is
  'From when to when a month of a marketplace is, and whose postings its statement is of, for who may read it.';
grant execute on function app.statement_month(uuid, text, uuid) to kollegium_api;
