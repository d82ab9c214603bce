create table app_private.holiday (
  region text not null,
  day date not null,
  regional boolean not null,
  name_de text not null,
  name_en text not null,
  primary key (region, day)
);
comment on table app_private.holiday is 'Public holidays of this year and the two that follow, written by the worker; SQL alone counts.';
comment on column app_private.holiday.region is 'DE (what all states share) or a federal state, BB to TH. [none]';
comment on column app_private.holiday.day is 'The day.';
comment on column app_private.holiday.regional is 'true: in a part of the state only.';
comment on column app_private.holiday.name_de is 'German name. [none]';
comment on column app_private.holiday.name_en is 'English name. [none]';
grant select, insert, update, delete on app_private.holiday to kollegium_broker;
