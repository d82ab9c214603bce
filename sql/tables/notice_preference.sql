create table app_private.notice_preference (
  colleague_id uuid primary key references app.colleague (id),
  time_zone text not null check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null),
  digest_time time not null,
  quiet_begins time,
  quiet_ends time,
  digested text[] not null,
  refused text[] not null,
  changed_at timestamptz not null default app_private.clock(),
  constraint notice_quiet_is_a_span check ((quiet_begins is null) = (quiet_ends is null) and quiet_begins <> quiet_ends),
  constraint notice_chosen_once check (not digested && refused),
  constraint notice_known check (digested || refused <@ array['offers', 'last_calls', 'assignments', 'placements',
    'messages', 'returns', 'reminders', 'partners'])
);

comment on table app_private.notice_preference is 'Which mails a colleague gets, and when; none: all of them, at once. Follows the colleague through merges. Written by himself, and by the link in a mail.';
comment on column app_private.notice_preference.colleague_id is 'Who chose.';
comment on column app_private.notice_preference.time_zone is 'His zone, by a name that PostgreSQL knows: of the times here, and of those in his mails. [none]';
comment on column app_private.notice_preference.digest_time is 'When the digest comes, by the clock on his wall.';
comment on column app_private.notice_preference.quiet_begins is 'When quiet hours begin; null: there are none.';
comment on column app_private.notice_preference.quiet_ends is 'When they end, perhaps on the day after; what waited comes together.';
comment on column app_private.notice_preference.digested is 'Kinds that come in the digest. [none]';
comment on column app_private.notice_preference.refused is 'Kinds that do not come. [none]';
comment on column app_private.notice_preference.changed_at is 'When he chose last.';

grant select, insert, delete on app_private.notice_preference to kollegium_broker;
