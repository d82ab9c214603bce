-- The world of the search: :leads leads, half of them of one operator, everything from numbers. Written by a
-- superuser into the schema of this release or of the one it is measured beside, which has no words to
-- search by: hence the two places that the caller fills.
--
--   company 0            operates marketplaces 0 … 3 with every other lead
--   company 1 …   50     operate one marketplace each (4 … 53) with the rest
--   company 51 …  90     givers, company 91 … 190 takers
--
-- Names: a few are frequent (one in forty is Müller, spelt in three ways), most are rare; one in 50,000 is a
-- Zwiebelhuber.

-- part: reference
insert into app.company (id, name) select bench.id(1, n), 'Firma ' || n from generate_series(0, 190) n;
insert into app.colleague (id, company_id, email, name, role)
select bench.id(2, n), bench.id(1, n), 'kollege' || n || '@bench.example', 'Kollege ' || n, 'admin'
from generate_series(0, 190) n;
insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
select sha256(convert_to('kgs_' || lpad(n::text, 43, '0'), 'UTF8')), bench.id(1, n), bench.id(2, n),
  now() + interval '10 years'
from generate_series(0, 190) n;
insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
select bench.id(3, n), bench.id(1, greatest(0, n - 3)), 'Marktplatz ' || n, 'Firma ' || greatest(0, n - 3), '{neu}'
from generate_series(0, 53) n;

-- part: leads
-- $1 and $2: the first and the last lead.
with hashed as (
  select n, case n % 2 when 0 then n / 2 % 4 else 4 + n / 2 % 50 end as m, hashint8(n * 7 + 1) & 65535 as a,
    hashint8(n * 7 + 2) & 65535 as b, hashint8(n * 7 + 3) & 1048575 as c
  from generate_series($1::bigint, $2::bigint) n
), numbered as (
  select *, 'R-' || 2020 + a % 6 || '-' || lpad(n::text, 7, '0') as reference,
    (array['Photovoltaik mit Speicher', 'Wärmepumpe für ein Einfamilienhaus', 'Neue Fenster und Haustür',
      'Dach: Sanierung und Dämmung', 'Beratung zur Baufinanzierung'])[1 + a % 5] || ', Baujahr ' || 1950 + b % 70
      as interest
  from hashed
), leads as (
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id, state,
    interest, postcode_area, tags, distribution_permission, source, external_ref, operator_name)
  select bench.id(3, m), bench.id(4, n), bench.id(1, greatest(0, m - 3)),
    case when n % 3 > 0 then bench.id(1, 51 + n % 40) end,
    case when n % 5 < 2 then bench.id(1, 91 + n % 100) end,
    case when n % 5 < 2 then 'engaged' else 'offered' end,
    interest, lpad((c % 100)::text, 2, '0'), '{}', true, 'api', reference, 'F'
  from numbered
)
insert into app.prospect (marketplace_id, lead_id, parties, name, email, phone, postcode, city, country$about_column)
select bench.id(3, m), bench.id(4, n), array_remove(array[bench.id(1, greatest(0, m - 3)),
    case when n % 3 > 0 then bench.id(1, 51 + n % 40) end,
    case when n % 5 < 2 then bench.id(1, 91 + n % 100) end], null),
  first || ' ' || last, lower(first) || '.' || n || '@post.example',
  '+49' || 151 + a % 20 || lpad((c * 7 + n % 10)::text, 7, '0'), lpad((c % 100000)::text, 5, '0'),
  (array['Berlin', 'Hamburg', 'München', 'Köln', 'Oberhausen', 'Neumünster', 'Görlitz', 'Bad Oldesloe'])[1 + b % 8],
  'DE'$about_value
from numbered, lateral (select
  (array['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Felix', 'Greta', 'Hannes', 'Ida', 'Jörg', 'Käthe', 'Lukas',
    'Mia', 'Noah', 'Olga', 'Paul', 'Rosa', 'Sören', 'Tina', 'Uwe'])[1 + b % 20] as first,
  case when n % 50000 in (7, 8) then 'Zwiebelhuber'
    when a % 40 = 0 then (array['Müller', 'Mueller', 'Muller'])[1 + b % 3]
    when a % 40 = 1 then 'Schmidt' when a % 400 = 2 then 'Lüdenscheidt' when a % 4000 = 3 then 'Quandtmeier'
    else (array['Ober', 'Unter', 'Nieder', 'Hoch', 'Stein', 'Wald', 'Wiesen', 'Brunn', 'Kirch', 'Eichen', 'Linden',
      'Rosen', 'Schön', 'Grün', 'Alt', 'Neu'])[1 + c % 16]
      || (array['berger', 'bauer', 'mann', 'müller', 'hofer', 'feld', 'thaler', 'egger', 'moser', 'huber', 'reiter',
      'brand', 'weger', 'stetter', 'lechner', 'dörfer'])[1 + c / 16 % 16]
      || case when c / 256 % 16 = 0 then '-' || substr(md5((c / 256)::text), 1, 5) else '' end
  end as last) x;

-- part: offers
-- $1: how many. The operator with half of the leads made all of them; the twenty oldest are open.
insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id, wave,
  state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at)
select bench.id(3, (n / 2 % 4)::int), bench.id(7, n), bench.id(5, n), bench.id(4, n * 2),
  bench.id(1, 91 + n % 100), bench.id(1, 0), 1, case when n < 20 then 'open' else 'lost' end,
  'Photovoltaik mit Speicher', '10', '{}', 'Marktplatz', 'Firma ' || 91 + n % 100, now(),
  now() + interval '10 years'
from generate_series(0, $1::bigint - 1) n;
