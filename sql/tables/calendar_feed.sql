create table app_private.calendar_feed (
  colleague_id uuid primary key references app.colleague (id),
  token_sha256 bytea not null unique check (length(token_sha256) = 32),
  created_at timestamptz not null default app_private.clock()
);

comment on table app_private.calendar_feed is 'The secret address under which a colleague''s calendar reads his follow-ups; one each, gone when he ends it or leaves. Who follows it sees dates and names of marketplaces, no person.';
comment on column app_private.calendar_feed.colleague_id is 'Whose follow-ups; the company is his, at each reading.';
comment on column app_private.calendar_feed.token_sha256 is 'SHA-256 of the token in the address.';
comment on column app_private.calendar_feed.created_at is 'Since when.';

grant select, insert, delete on app_private.calendar_feed to kollegium_broker;
