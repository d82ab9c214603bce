-- What a merge cannot do without: the bare updates of the same rows, by somebody who knows that nothing
-- collides and wants no journal, no report and no way back. $1 absorbed, $2 survivor.
create temp table concerned on commit drop as
select marketplace_id, id from app.lead where giver_company_id = '{absorbed}'
union select marketplace_id, id from app.lead where engaged_company_id = '{absorbed}';
analyze concerned;
update app.lead set
  giver_company_id = case when giver_company_id = '{absorbed}' then '{survivor}' else giver_company_id end,
  engaged_company_id = case when engaged_company_id = '{absorbed}' then '{survivor}' else engaged_company_id end
where (marketplace_id, id) in (select * from concerned);
update app.engagement set
  company_id = case when company_id = '{absorbed}' then '{survivor}' else company_id end,
  giver_company_id = case when giver_company_id = '{absorbed}' then '{survivor}' else giver_company_id end
where (marketplace_id, lead_id) in (select * from concerned);
delete from app.offer o where company_id = '{survivor}' and exists (select from app.offer a
  where a.marketplace_id = o.marketplace_id and a.lead_id = o.lead_id and a.company_id = '{absorbed}');
update app.offer set company_id = '{survivor}' where company_id = '{absorbed}';
update app.prospect set parties = array_replace(parties, '{absorbed}', '{survivor}')
where (marketplace_id, lead_id) in (select * from concerned);
update app.message set parties = array_replace(parties, '{absorbed}', '{survivor}'),
  company_id = case when company_id = '{absorbed}' then '{survivor}' else company_id end
where (marketplace_id, lead_id) in (select * from concerned);
update app.history set parties = array_replace(parties, '{absorbed}', '{survivor}'),
  company_id = case when company_id = '{absorbed}' then '{survivor}' else company_id end
where (marketplace_id, lead_id) in (select * from concerned);
update app.note set company_id = '{survivor}'
where company_id = '{absorbed}' and (marketplace_id, lead_id) in (select * from concerned);
update app.disclosure set company_id = '{survivor}'
where company_id = '{absorbed}' and (marketplace_id, lead_id) in (select * from concerned);
delete from app.participation where company_id = '{absorbed}';
update app.colleague set company_id = '{survivor}' where company_id = '{absorbed}';
update app.company set state = 'absorbed', absorbed_into = '{survivor}' where id = '{absorbed}';
