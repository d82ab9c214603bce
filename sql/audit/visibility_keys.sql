-- Returns nothing when all is well.
-- What keeps a row with those who may read it: copies of parties that a key holds to what they are copies of, parties
-- that are made by PostgreSQL alone, and names that a giver may not read any more. A line for each that is missing, not
-- validated, or says something else.
with expected (tab, name, says) as (
  values
    ('app.prospect', 'follows its lead', 'FOREIGN KEY (marketplace_id, lead_id, parties) REFERENCES app.lead(marketplace_id, id, parties) DEFERRABLE INITIALLY DEFERRED'),
    ('app.message', 'follows its engagement', 'FOREIGN KEY (marketplace_id, lead_id, engagement_id, parties) REFERENCES app.engagement(marketplace_id, lead_id, id, parties) DEFERRABLE INITIALLY DEFERRED'),
    ('app.message', 'before any: follows its lead', 'FOREIGN KEY (marketplace_id, lead_id, origin_parties) REFERENCES app.lead(marketplace_id, id, origin_parties) DEFERRABLE INITIALLY DEFERRED'),
    ('app.history', 'follows its engagement', 'FOREIGN KEY (marketplace_id, lead_id, engagement_id, parties) REFERENCES app.engagement(marketplace_id, lead_id, id, parties) DEFERRABLE INITIALLY DEFERRED'),
    ('app.history', 'before any: follows its lead', 'FOREIGN KEY (marketplace_id, lead_id, origin_parties) REFERENCES app.lead(marketplace_id, id, origin_parties) DEFERRABLE INITIALLY DEFERRED'),
    ('app.engagement', 'names go with its end', 'CHECK (((ended_at IS NULL) OR ((company_name = ''''::text) AND (num_nonnulls(picked_by_name, handler_name) = 0))))')
), generated (tab, col, says) as (
  values
    ('app.lead', 'parties', 'array_remove(ARRAY[operator_company_id, giver_company_id, engaged_company_id], NULL::uuid)'),
    ('app.lead', 'origin_parties', 'array_remove(ARRAY[operator_company_id, giver_company_id], NULL::uuid)'),
    ('app.engagement', 'parties', 'array_remove(ARRAY[operator_company_id, giver_company_id, company_id], NULL::uuid)'),
    ('app.engagement_card', 'parties', 'array_remove(ARRAY[operator_company_id, company_id], NULL::uuid)'),
    ('app.message', 'origin_parties', 'CASE WHEN (engagement_id IS NULL) THEN parties ELSE NULL::uuid[] END'),
    ('app.history', 'origin_parties', 'CASE WHEN (engagement_id IS NULL) THEN parties ELSE NULL::uuid[] END')
)
select e.tab as "table", e.name as what,
       case when k.convalidated is null then 'missing: ' || e.says else 'not validated' end as finding
from expected e
left join pg_catalog.pg_constraint k on k.conrelid = to_regclass(e.tab)
  and replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') = e.says
where k.convalidated is not true
union all
select g.tab, g.col, 'is made of: ' || coalesce(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\s+', ' ', 'g'), 'nothing')
from generated g
left join pg_catalog.pg_attribute a on a.attrelid = to_regclass(g.tab) and a.attname = g.col and a.attgenerated = 's'
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where btrim(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\s+', ' ', 'g')) is distinct from g.says
order by 1, 2;
