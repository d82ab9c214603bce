-- Four companies: O operates a marketplace, S survives (5,000 leads), A is absorbed (100,000 leads: it
-- gave 60,000 and works 40,000), B has nothing to do with it (15,000 leads, which it reads meanwhile).
-- As superuser, set-based: triggers and indexes as in production.
create temp table company (letter text, id uuid);
insert into company select l, app_private.new_id() from unnest(array['O', 'S', 'A', 'B', 'G']) l;
insert into app.company (id, name) select id, 'Firma ' || letter from company;
create function pg_temp.c(text) returns uuid language sql as 'select id from company where letter = $1';

insert into app.colleague (id, company_id, email, name, role)
select app_private.new_id(), id, lower(letter) || '@bench.example', 'Admin ' || letter, 'admin' from company;
insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
select sha256(convert_to('kgs_bench-' || name, 'UTF8')), company_id, id, 'infinity' from app.colleague;

insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
select app_private.new_id(), id, 'Marktplatz O', 'Firma O', '{neu,kontaktiert}' from company where letter = 'O';
insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
  postcode_areas, marketplace_name, operator_name, company_name, steps)
select m.id, c.id, m.operator_company_id, '{giver,taker}', 'active', '{}',
  m.name, m.operator_name, 'Firma ' || c.letter, m.steps
from app.marketplace m, company c where c.letter <> 'O';

-- role: of whom the lead is; giver and taker of each
create temp table made as
select app_private.new_id() as id, n, case
    when n <= 60000 then 'A gives' when n <= 100000 then 'A takes' when n <= 105000 then 'S takes'
    else 'B takes' end as kind
from generate_series(1, 120000) n;
alter table made add giver uuid, add taker uuid, add engagement uuid, add brokerage uuid;
update made set giver = case kind when 'A gives' then pg_temp.c('A') else pg_temp.c('G') end,
  taker = case kind when 'A takes' then pg_temp.c('A') when 'S takes' then pg_temp.c('S')
    when 'B takes' then pg_temp.c('B') else case when n % 2 = 0 then pg_temp.c('B') end end,
  engagement = app_private.new_id(), brokerage = app_private.new_id();
create unique index on made (id);
analyze made;

insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id,
  state, interest, postcode_area, distribution_permission, operator_name, giver_name, engagement_id)
select m.id, d.id, m.operator_company_id, d.giver, d.taker,
  case when d.taker is null then 'available' else 'engaged' end, 'Wärmepumpe ' || d.n, '20', true,
  m.operator_name, 'Giver', case when d.taker is not null then d.engagement end
from made d, app.marketplace m;
analyze app.lead;
insert into app.prospect (marketplace_id, lead_id, parties, name, email, phone, postcode, city)
select l.marketplace_id, l.id, l.parties, 'Petra Muster', 'p' || d.n || '@muster.example',
  '+49 40 ' || d.n, '20095', 'Hamburg'
from app.lead l join made d on d.id = l.id;
insert into app.history (marketplace_id, id, lead_id, engagement_id, parties, event, company_id, company_name)
select l.marketplace_id, app_private.new_id(), l.id, case e when 'picked' then l.engagement_id end,
  case e when 'picked' then l.parties else l.origin_parties end, e, case e when 'picked'
  then l.engaged_company_id else l.giver_company_id end, 'Firma'
from app.lead l, unnest(array['created', 'submitted', 'picked']) e
where e <> 'picked' or l.engaged_company_id is not null;
insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
  giver_company_id, company_name, state, origin, steps, step)
select l.marketplace_id, l.engagement_id, l.id, l.engaged_company_id, l.operator_company_id,
  l.giver_company_id, 'Firma', 'active', 'pick', '{neu,kontaktiert}', 'neu'
from app.lead l where l.engaged_company_id is not null;
insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id, company_name,
  cause, fields)
select e.marketplace_id, app_private.new_id(), e.lead_id, e.company_id, e.operator_company_id, 'Firma',
  'pick', '{name,email}' from app.engagement e;
insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state)
select l.marketplace_id, d.brokerage, l.id, l.operator_company_id, 'placed'
from app.lead l join made d on d.id = l.id where l.engaged_company_id is not null;
-- A and S were offered what A picked: 40,000 of them, of which one in ten collapses.
insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id, wave,
  state, interest, postcode_area, tags, marketplace_name, company_name, expires_at)
select l.marketplace_id, app_private.new_id(), d.brokerage, l.id, o.company, l.operator_company_id, 1,
  case when o.company = l.engaged_company_id then 'picked' else 'lost' end, l.interest, '20', '{}',
  'Marktplatz O', 'Firma', now()
from app.lead l join made d on d.id = l.id,
  lateral (select l.engaged_company_id as company
           union select pg_temp.c('S') where d.kind = 'A takes' and d.n % 10 = 0) o
where l.engaged_company_id is not null;
insert into app.note (marketplace_id, id, lead_id, company_id, author_name, text)
select l.marketplace_id, app_private.new_id(), l.id, l.engaged_company_id, 'Admin', 'Rückruf'
from app.lead l where l.engaged_company_id is not null;
insert into app.message (marketplace_id, id, lead_id, engagement_id, parties, company_id, company_name, author_name, text)
select l.marketplace_id, app_private.new_id(), l.id, l.engagement_id, l.parties, l.engaged_company_id, 'Firma', 'Admin', 'Hallo'
from app.lead l join made d on d.id = l.id where l.engaged_company_id is not null and d.n % 3 = 0;
