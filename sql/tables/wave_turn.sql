create table app_private.wave_turn (
  marketplace_id uuid not null,
  number integer not null,
  company_id uuid not null,
  turn bigint not null,
  primary key (marketplace_id, number, company_id)
);
comment on table app_private.wave_turn is 'Whose turn it was in a wave of order round_robin: who was offered least recently is next.';
comment on column app_private.wave_turn.marketplace_id is 'The marketplace.';
comment on column app_private.wave_turn.number is 'Number of the wave in the plan.';
comment on column app_private.wave_turn.company_id is 'The taker. After a merge the survivor goes on with its own turn.';
comment on column app_private.wave_turn.turn is 'When it was offered last: grows with each lead, under the lock of the plan.';
grant select, insert, update on app_private.wave_turn to kollegium_broker;
