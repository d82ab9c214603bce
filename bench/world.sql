-- The worlds of the benchmark, set-based. Everything follows from numbers (bench/world.py has the
-- same arithmetic), so that a load generator knows who may read what without asking.
--
--   company   0 …  199  operate marketplace 0 … 199
--   company 200 …  399  giver:  gives on the marketplaces m with m % 10 = its number % 10
--   company 400 … 1999  takers: take on the eight marketplaces m with m % 25 = its number % 25
--   lead s of marketplace m: s % 10 in 0 … 4 offered to three takers, 5 … 8 engaged, 9 closed
--
-- A block is ten leads of each marketplace. Written by a superuser, because forced row security
-- binds the owner too; constraints and indexes are put back, and so checked, by the caller.

-- part: reference
insert into app.company (id, name, created_at, changed_at)
select bench.id(1, n), 'Firma ' || n, bench.day(), bench.day() from generate_series(0, 1999) n;

insert into app.colleague (id, company_id, email, name, role, created_at, changed_at)
select bench.id(2, n), bench.id(1, n / 5), 'kollege' || n || '@bench.example', 'Kollege ' || n,
  case n % 5 when 0 then 'admin' when 1 then 'delegator' else 'member' end, bench.day(), bench.day()
from generate_series(0, 9999) n;

insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
select sha256(convert_to('kgs_' || lpad(n::text, 43, '0'), 'UTF8')), bench.id(1, n / 5), bench.id(2, n),
  now() + interval '10 years'
from generate_series(0, 9999) n;

insert into app.marketplace (id, operator_company_id, name, operator_name, steps, created_at, changed_at)
select bench.id(3, n), bench.id(1, n), 'Marktplatz ' || n, 'Firma ' || n,
  '{neu,angerufen,Termin,Angebot,entschieden}', bench.day(), bench.day()
from generate_series(0, 199) n;

insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
  marketplace_name, operator_name, company_name, steps, invited_at, answered_at)
select bench.id(3, m), bench.id(1, c), bench.id(1, m),
  array[case when c < 400 then 'giver' else 'taker' end], 'active',
  'Marktplatz ' || m, 'Firma ' || m, 'Firma ' || c,
  '{neu,angerufen,Termin,Angebot,entschieden}', bench.day(), bench.day()
from generate_series(0, 199) m, generate_series(200, 1999) c
where case when c < 400 then c % 10 = m % 10 else (c - 400) % 25 = m % 25 end;

-- part: leads
-- $1, $2: first and last block. The rows of a lead, by number; everything below reads from here.
create temp table numbered as
select m, s, r, s::bigint * 200 + m as n,
  case when r <> 3 then 200 + m % 10 + 10 * (s % 20) end as giver,
  case when r >= 5 then 400 + m % 25 + 25 * ((b * 5 + r - 5) % 32) end as taker,
  b * 5 + r as turn
from generate_series($1::int, $2::int) b, generate_series(0, 9) r, generate_series(0, 199) m,
  lateral (select b * 10 + r as s) x
order by s, m;

insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id,
  state, interest, postcode_area, tags, distribution_permission, operator_name, giver_name,
  engaged_company_name, engagement_id, created_at, submitted_at, changed_at)
select bench.id(3, m), bench.id(4, n), bench.id(1, m), bench.id(1, giver), bench.id(1, taker),
  case when r < 5 then 'offered' when r < 9 then 'engaged' else 'closed' end,
  'Photovoltaik mit Speicher, Einfamilienhaus, Baujahr ' || 1950 + n % 70,
  lpad((n % 100)::text, 2, '0'), array['solar', 'dach'], true, 'Firma ' || m, 'Firma ' || giver,
  'Firma ' || taker, case when r >= 5 then bench.id(6, n) end, bench.day(), bench.day(), bench.day()
from numbered;

insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, email, phone, street,
  postcode, city, country, answers)
select bench.id(3, m), bench.id(4, n), bench.parties(m, giver, taker), 'Erika Muster ' || n, 'Frau',
  'erika.muster' || n || '@bench.example', '+4930' || lpad(n::text, 8, '0'),
  'Lange Straße ' || n % 200, lpad((n % 100000)::text, 5, '0'), 'Musterstadt', 'DE',
  '{"Dachfläche": "80 m²", "Zeitpunkt": "in drei Monaten"}'
from numbered;

insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
  giver_company_id, company_name, state, origin, picked_by_id, picked_by_name, steps, step,
  handler_id, handler_name, started_at, closed_at)
select bench.id(3, m), bench.id(6, n), bench.id(4, n), bench.id(1, taker), bench.id(1, m),
  bench.id(1, giver), 'Firma ' || taker, case r when 9 then 'won' else 'active' end, 'pick',
  bench.id(2, taker * 5), 'Kollege ' || taker * 5, '{neu,angerufen,Termin,Angebot,entschieden}',
  'angerufen', bench.id(2, taker * 5), 'Kollege ' || taker * 5, bench.day(),
  case r when 9 then bench.day() end
from numbered where r >= 5;

insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id,
  opened_at, closed_at)
select bench.id(3, m), bench.id(5, n), bench.id(4, n), bench.id(1, m),
  case when r < 5 then 'open' else 'placed' end, bench.id(2, m * 5), bench.day(),
  case when r >= 5 then bench.day() end
from numbered;

-- Three open offers for each open lead, to takers of its marketplace.
insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
  wave, state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at)
select bench.id(3, m), bench.id(7, n * 3 + j), bench.id(5, n), bench.id(4, n),
  bench.id(1, 400 + m % 25 + 25 * ((turn + 21 * j) % 64)), bench.id(1, m), 1, 'open',
  'Photovoltaik mit Speicher, Einfamilienhaus, Baujahr ' || 1950 + n % 70,
  lpad((n % 100)::text, 2, '0'), array['solar', 'dach'], 'Marktplatz ' || m,
  'Firma ' || 400 + m % 25 + 25 * ((turn + 21 * j) % 64), bench.day(), now() + interval '10 years'
from numbered, generate_series(0, 2) j where r < 5;

insert into app.message (marketplace_id, id, lead_id, engagement_id, parties, company_id, company_name, author_id,
  author_name, text, created_at)
select bench.id(3, m), bench.id(8, n), bench.id(4, n), bench.id(6, n), bench.parties(m, giver, taker),
  bench.id(1, taker), 'Firma ' || taker, bench.id(2, taker * 5), 'Kollege ' || taker * 5,
  'Der Termin steht, das Angebot folgt in dieser Woche.', bench.day()
from numbered where r >= 5;

insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name, created_at)
select bench.id(3, m), bench.id(9, n), bench.id(4, n), bench.parties(m, giver, null), 'submitted',
  bench.id(1, coalesce(giver, m)), 'Firma ' || coalesce(giver, m), bench.day()
from numbered;

drop table numbered;

-- part: contested
-- Eight leads of marketplace 0 (numbers from 9,000,000,000 on), offered to all its 64 takers.
insert into app.lead (marketplace_id, id, operator_company_id, state, interest, postcode_area, tags,
  distribution_permission, operator_name, created_at, submitted_at, changed_at)
select bench.id(3, 0), bench.id(4, n), bench.id(1, 0), 'offered', 'Wärmepumpe', '10', '{}', true,
  'Firma 0', bench.day(), bench.day(), bench.day()
from generate_series(9000000000, 9000000007) n;
insert into app.prospect (marketplace_id, lead_id, parties, name, email)
select bench.id(3, 0), bench.id(4, n), array[bench.id(1, 0)], 'Max Muster', 'max' || n || '@bench.example'
from generate_series(9000000000, 9000000007) n;
insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_at)
select bench.id(3, 0), bench.id(5, n), bench.id(4, n), bench.id(1, 0), 'open', bench.day()
from generate_series(9000000000, 9000000007) n;
insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
  wave, state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at)
select bench.id(3, 0), bench.id(7, n * 100 + x), bench.id(5, n), bench.id(4, n),
  bench.id(1, 400 + 25 * x), bench.id(1, 0), 1, 'open', 'Wärmepumpe', '10', '{}', 'Marktplatz 0',
  'Firma ' || 400 + 25 * x, bench.day(), now() + interval '10 years'
from generate_series(9000000000, 9000000007) n, generate_series(0, 63) x;
