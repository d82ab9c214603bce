-- What the release before leaves of engagements that are over, made of its demo (tests/upgrade/test_ended_engagements.py).
-- Of three leads that are worked the first is given back, the second goes to another taker, the third is closed as
-- lost. The first two keep a revoked engagement, as moving in leaves it: with names, without a handler. Each party
-- wrote at its time, and the taker's name also stands in what happened.
create table public.told as
  select l.marketplace_id, l.id as lead_id, l.engagement_id as first, l.operator_company_id as operator,
    l.giver_company_id as giver, l.engaged_company_id as former, null::uuid as next_taker,
    row_number() over (order by l.id) as place
  from app.lead l join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
  where l.state = 'engaged' and l.giver_company_id is not null order by l.id limit 3;
update public.told t set next_taker = (select c.id from app.company c join app.colleague a on a.company_id = c.id
  and a.active where c.state = 'active' and c.id not in (t.operator, t.giver, t.former) order by c.id limit 1)
where place = 2;
update app.engagement e set company_name = 'Firma Vormals', picked_by_name = 'Vera Vormals', handler_id = null,
  handler_name = null, state = case when t.place < 3 then 'revoked' else 'lost' end, started_at = now() - interval '9 days',
  closed_at = case when t.place = 3 then now() end
from public.told t where e.marketplace_id = t.marketplace_id and e.id = t.first;
insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id, giver_company_id, company_name,
  state, origin, steps, step, started_at)
select t.marketplace_id, gen_random_uuid(), t.lead_id, t.next_taker, t.operator, t.giver, 'Firma Danach', 'active', 'pick',
  '{neu}', 'neu', now() - interval '3 days' from public.told t where place = 2;
update app.lead l set state = case t.place when 1 then 'available' when 2 then 'engaged' else 'closed' end,
  engaged_company_id = case t.place when 1 then null when 2 then t.next_taker else t.former end,
  engaged_company_name = case t.place when 1 then null when 2 then 'Firma Danach' else 'Firma Vormals' end,
  engagement_id = case t.place when 1 then null when 3 then t.first else (select e.id from app.engagement e
    where e.marketplace_id = t.marketplace_id and e.lead_id = t.lead_id and e.id <> t.first) end
from public.told t where l.marketplace_id = t.marketplace_id and l.id = t.lead_id;
delete from app.message m using public.told t where m.lead_id = t.lead_id;
insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name, author_name, text, created_at)
select t.marketplace_id, gen_random_uuid(), t.lead_id, l.parties, w.company, w.name, w.author, w.text, now() - w.ago
from public.told t join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id,
  lateral (values (t.former, 'Firma Vormals', 'Vera Vormals', 'vom ersten', interval '8 days'),
    (t.operator, 'Betreiber', 'Olga', 'vom Betreiber damals', interval '7 days'),
    (t.next_taker, 'Firma Danach', 'Doris', 'vom zweiten', interval '2 days'),
    (t.giver, 'Geber', 'Gerd', 'vom Geber danach', interval '1 day')) w (company, name, author, text, ago)
where w.company is not null;
insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name, colleague_name, detail,
  created_at)
select t.marketplace_id, gen_random_uuid(), t.lead_id, l.parties, 'assigned', t.former, 'Firma Vormals', 'Vera Vormals',
  '{"company": "Firma Vormals"}', now() - interval '8 days'
from public.told t join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id;
update app.prospect p set parties = l.parties from app.lead l, public.told t
where l.id = t.lead_id and p.marketplace_id = l.marketplace_id and p.lead_id = l.id;
update app.history h set parties = l.parties from app.lead l, public.told t
where l.id = t.lead_id and h.marketplace_id = l.marketplace_id and h.lead_id = l.id;
