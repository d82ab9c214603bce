-- What changes tables, as kollegium_owner. Functions, policies and roles follow from sql/ by
-- themselves; a function that goes or gets other parameters is dropped here. What is said here of
-- tables stands in sql/tables, too: an upgraded database is compared with one that sql/ built.
-- A foreign key: alembic/blind.py says between which lines.

-- Visibility hangs on the engagement (docs/decisions/0058). What was said belongs to the engagement in which it was,
-- by time; shared comments of the former system to the one that the lead has, as there. Names of takers whose
-- engagement is over move to its card, so that the giver reads them no more. lead, message and history are written
-- anew, so that who writes waits; the generated columns cost that, and no row can drift afterwards.
alter table app.engagement
  add column return_reason text,
  add column return_comment text check (length(return_comment) between 1 and 2000),
  add column return_requested_at timestamptz,
  add column ended_at timestamptz,
  add constraint engagement_return_requested_at_bounded check (
    return_requested_at >= '1900-01-01 00:00+00' and return_requested_at < '9999-01-01 00:00+00'),
  add constraint engagement_ended_at_bounded check (
    ended_at >= '1900-01-01 00:00+00' and ended_at < '9999-01-01 00:00+00'),
  add unique (marketplace_id, lead_id, id, parties);
alter table app.lead
  add column origin_parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id], null)) stored,
  add unique (marketplace_id, id, origin_parties);
alter table app.message
  drop constraint message_marketplace_id_lead_id_parties_fkey,
  add column engagement_id uuid,
  add column origin_parties uuid[] generated always as (case when engagement_id is null then parties end) stored;
alter table app.history
  drop constraint history_marketplace_id_lead_id_parties_fkey,
  add column engagement_id uuid,
  add column origin_parties uuid[] generated always as (case when engagement_id is null then parties end) stored;
alter table app.note add column engagement_id uuid;
alter table app.offer add column placed_before integer not null default 0 check (placed_before >= 0);
create table app.engagement_card (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  picked_by_name text,
  handler_name text,
  names jsonb not null default '{}',
  primary key (marketplace_id, id),
  foreign key (marketplace_id, id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
-- sees every row of: app.lead, app.engagement, app.message, app.history, app.note
-- When one was revoked no row tells: of what was said then, its own words are what its taker gets back.
update app.message m set engagement_id = p.engagement_id, parties = p.parties
from (
  select t.marketplace_id, t.id, e.id as engagement_id, coalesce(e.parties, l.origin_parties) as parties
  from app.message t
  join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id
  left join lateral (
    select x.id, x.parties from app.engagement x
    where x.marketplace_id = t.marketplace_id and x.lead_id = t.lead_id
      and (x.started_at <= t.created_at and (x.state <> 'revoked' or x.company_id = t.company_id)
        or x.id = l.engagement_id and exists (select from app_private.legacy_lead k
          where k.marketplace_id = t.marketplace_id and k.lead_id = t.lead_id and t.id = any (k.comments)))
    order by x.started_at desc limit 1) e on true) p
where m.marketplace_id = p.marketplace_id and m.id = p.id
  and (m.engagement_id, m.parties) is distinct from (p.engagement_id, p.parties);
update app.history m set engagement_id = p.engagement_id, parties = p.parties
from (
  select t.marketplace_id, t.id, e.id as engagement_id, coalesce(e.parties, l.origin_parties) as parties
  from app.history t
  join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id
  left join lateral (
    select x.id, x.parties from app.engagement x
    where x.marketplace_id = t.marketplace_id and x.lead_id = t.lead_id
      and (x.started_at <= t.created_at and (x.state <> 'revoked' or x.company_id = t.company_id))
    order by x.started_at desc limit 1) e on true) p
where m.marketplace_id = p.marketplace_id and m.id = p.id
  and (m.engagement_id, m.parties) is distinct from (p.engagement_id, p.parties);
update app.note n set engagement_id = (
  select x.id from app.engagement x
  where x.marketplace_id = n.marketplace_id and x.lead_id = n.lead_id and x.started_at <= n.created_at
    and (x.state <> 'revoked' or x.company_id = n.company_id)
  order by x.started_at desc limit 1)
where exists (select from app.engagement x where x.marketplace_id = n.marketplace_id and x.lead_id = n.lead_id);
insert into app.engagement_card (marketplace_id, id, lead_id, company_id, operator_company_id, company_name,
  picked_by_name, handler_name, names)
select e.marketplace_id, e.id, e.lead_id, e.company_id, e.operator_company_id, e.company_name, e.picked_by_name,
  e.handler_name, coalesce((
    select jsonb_object_agg(n.id, n.names) from (
      select m.id, jsonb_build_object('company_name', m.company_name, 'author_name', m.author_name) as names
      from app.message m where m.marketplace_id = e.marketplace_id and m.engagement_id = e.id
      union all
      select h.id, jsonb_strip_nulls(jsonb_build_object('company_name', h.company_name,
        'colleague_name', h.colleague_name, 'detail', nullif(jsonb_strip_nulls(jsonb_build_object(
          'company', h.detail -> 'company', 'handler', h.detail -> 'handler')), '{}')))
      from app.history h where h.marketplace_id = e.marketplace_id and h.engagement_id = e.id) n), '{}')
from app.engagement e where e.state = 'revoked';
update app.message m set company_name = '', author_name = '' from app.engagement e
where e.state = 'revoked' and m.marketplace_id = e.marketplace_id and m.engagement_id = e.id;
update app.history h set company_name = null, colleague_name = null, detail = h.detail - array['company', 'handler']
from app.engagement e
where e.state = 'revoked' and h.marketplace_id = e.marketplace_id and h.engagement_id = e.id;
update app.engagement set ended_at = coalesce(closed_at, now()), company_name = '', picked_by_name = null,
  handler_id = null, handler_name = null
where state = 'revoked';
set constraints all immediate;
alter table app.engagement
  add constraint engagement_ended check (case state when 'lost' then true
    when 'returned' then ended_at is not null when 'revoked' then ended_at is not null
    else ended_at is null end),
  add constraint engagement_unnamed check (
    ended_at is null or (company_name = '' and num_nonnulls(picked_by_name, handler_name) = 0));
alter table app.message
  add foreign key (marketplace_id, lead_id, engagement_id, parties)
    references app.engagement (marketplace_id, lead_id, id, parties) deferrable initially deferred,
  add foreign key (marketplace_id, lead_id, origin_parties)
    references app.lead (marketplace_id, id, origin_parties) deferrable initially deferred;
alter table app.history
  add foreign key (marketplace_id, lead_id, engagement_id, parties)
    references app.engagement (marketplace_id, lead_id, id, parties) deferrable initially deferred,
  add foreign key (marketplace_id, lead_id, origin_parties)
    references app.lead (marketplace_id, id, origin_parties) deferrable initially deferred;
alter table app.note add foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id);
-- sees no more
drop index app.engagement_current;
create unique index engagement_current on app.engagement (marketplace_id, lead_id) where ended_at is null;
create index engagement_own on app.engagement (company_id, state, id desc);
set local role kollegium_broker;
drop function app_private.legacy_follow_parties(uuid[], uuid[]);
drop function app_private.expect_active(app.engagement);
set local role kollegium_owner;
comment on column app.engagement.company_name is 'Printed name of the taker; empty when it has ended: then it stands on the card. [none]';
comment on column app.engagement.picked_by_name is 'His name at that time; null when it has ended. [personal]';
comment on column app.engagement.handler_name is 'His name; null when it has ended. [personal]';
comment on column app.engagement.return_reason is 'Code of the reason for which the taker asked to return it last. [none]';
comment on column app.engagement.return_comment is 'What it said to that. [free text]';
comment on column app.engagement.return_requested_at is 'When it asked last.';
comment on column app.engagement.ended_at is 'When the taker lost the lead: returned, revoked, or lost and recycled. Null: it is the current one.';
comment on column app.lead.parties is 'Who sees the lead: operator, giver, engaged taker. Generated; the prospect copies it.';
comment on column app.lead.origin_parties is 'Who sees what was said before any engagement: operator and giver. Generated; messages and history copy it.';
comment on table app.message is 'Shared by the parties of one engagement; before any, by operator and giver.';
comment on column app.message.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.message.company_name is 'Its printed name; empty when it stands on the card of an engagement that ended. [none]';
comment on column app.message.author_name is 'Name of the author, or of the key; empty as company_name is. [personal]';
comment on column app.message.engagement_id is 'The engagement in which it was written; null: before any.';
comment on column app.message.origin_parties is 'parties of a message before any engagement. Generated, for its foreign key.';
comment on table app.history is 'What happened to a lead, for the parties of the engagement in which it did, before any for operator and giver: no personal data of the prospect.';
comment on column app.history.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.history.company_name is 'Its printed name; null when it stands on the card of an engagement that ended. [none]';
comment on column app.history.colleague_name is 'His name at that time; null as company_name is. [personal]';
comment on column app.history.detail is 'Details by event: names of takers and handlers (company, handler) only until the engagement ends. [personal]';
comment on column app.history.engagement_id is 'The engagement in which it happened; null: before any.';
comment on column app.history.origin_parties is 'parties of what happened before any engagement. Generated, for its foreign key.';
comment on column app.note.engagement_id is 'The engagement in which it was written; null: before any. Who reads it does not hang on it.';
comment on column app.offer.placed_before is 'Teaser: how many engagements of the lead had ended; with whom is told to nobody.';
comment on table app.engagement_card is
  'Who an engagement that has ended was with: names of the taker and its colleagues, which the giver reads no more. Erasure of a person leaves it: it names colleagues.';
comment on column app.engagement_card.marketplace_id is 'The marketplace.';
comment on column app.engagement_card.id is 'The engagement; one card each, made when it ends.';
comment on column app.engagement_card.lead_id is 'The lead.';
comment on column app.engagement_card.company_id is 'The taker.';
comment on column app.engagement_card.operator_company_id is 'The operator.';
comment on column app.engagement_card.parties is 'Who sees it: operator and taker. Generated.';
comment on column app.engagement_card.company_name is 'Printed name of the taker when it ended. [none]';
comment on column app.engagement_card.picked_by_name is 'The colleague who picked. [personal]';
comment on column app.engagement_card.handler_name is 'The colleague who handled it last. [personal]';
comment on column app.engagement_card.names is
  'What its messages and history printed of the taker: id of the row to its names, as they stood there. [personal]';
