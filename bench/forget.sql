-- Undoes what a measurement wrote, so that the next one meets the same world. Rows of the world have
-- ids below 01900001-…; what the service makes is newer.
create temp table sold on commit drop as
select marketplace_id, lead_id from app.engagement where id >= '01900001-0000-0000-0000-000000000000';
analyze sold;

delete from app.disclosure d using sold s where (d.marketplace_id, d.lead_id) = (s.marketplace_id, s.lead_id);
delete from app.history h using sold s
where (h.marketplace_id, h.lead_id) = (s.marketplace_id, s.lead_id) and h.event = 'picked';
delete from app.engagement where id >= '01900001-0000-0000-0000-000000000000';
update app.lead l set engaged_company_id = null, engaged_company_name = null, engagement_id = null,
  state = 'offered', changed_at = submitted_at, version = 1
from sold s where (l.marketplace_id, l.id) = (s.marketplace_id, s.lead_id);
update app.prospect p set parties = l.parties
from sold s join app.lead l on (l.marketplace_id, l.id) = (s.marketplace_id, s.lead_id)
where (p.marketplace_id, p.lead_id) = (s.marketplace_id, s.lead_id);
update app.history h set parties = l.parties
from sold s join app.lead l on (l.marketplace_id, l.id) = (s.marketplace_id, s.lead_id)
where (h.marketplace_id, h.lead_id) = (s.marketplace_id, s.lead_id);
update app.offer o set state = 'open', answered_at = null, answered_by_name = null
from sold s where (o.marketplace_id, o.lead_id) = (s.marketplace_id, s.lead_id);
update app.brokerage b set state = 'open', closed_at = null
from sold s where (b.marketplace_id, b.lead_id) = (s.marketplace_id, s.lead_id);

delete from app.message where id >= '01900001-0000-0000-0000-000000000000';
delete from app_private.bearer where expires_at < now() + interval '1 year';
truncate app_private.outbox, app_private.rate, app_private.idempotent_answer, app_private.audit_entry;
