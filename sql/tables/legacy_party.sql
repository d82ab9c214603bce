-- Where a legacy user is now: after a merge his colleague acts for the survivor. It runs with the rights
-- of who asks, and nobody but the broker may.
create view app_private.legacy_party with (security_invoker = true) as
select u.legacy_id, co.id as company_id, co.name as company_name, co.state as company_state,
       u.company_id as own_company_id, c.id as colleague_id, c.name as colleague_name, c.active
from app_private.legacy_user u
join app.colleague c on c.id = u.colleague_id
join app.company co on co.id = c.company_id;

comment on view app_private.legacy_party is 'The company and colleague that a legacy user is now.';
comment on column app_private.legacy_party.legacy_id is 'Number of the user.';
comment on column app_private.legacy_party.company_id is 'The company he acts for now.';
comment on column app_private.legacy_party.company_name is 'Its name.';
comment on column app_private.legacy_party.company_state is 'Whether it acts.';
comment on column app_private.legacy_party.own_company_id is 'The company that was made for him.';
comment on column app_private.legacy_party.colleague_id is 'The colleague.';
comment on column app_private.legacy_party.colleague_name is 'His name.';
comment on column app_private.legacy_party.active is 'Does he still act for it?';

grant select on app_private.legacy_party to kollegium_broker;
