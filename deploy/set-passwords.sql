-- Sets the passwords of the roles that log in, and writes the list that PgBouncer checks log-ins
-- with. Run it with psql (14 or later) as a superuser, after `kollegium migrate` has made the roles,
-- and again for every change. Safe to repeat; all passwords change, or none.
--
--   KOLLEGIUM_API_PASSWORD=… KOLLEGIUM_WORKER_PASSWORD=… psql -X -d kollegium -f deploy/set-passwords.sql
--
-- Passwords come from the environment, because arguments are visible to everybody on the machine:
--   KOLLEGIUM_{API,WORKER,STAFF,AUDITOR,OWNER}_PASSWORD   16 characters or more; empty or absent: stays
--   KOLLEGIUM_USERLIST     file to write for PgBouncer (SCRAM verifiers, no passwords); absent: none
-- kollegium_broker gets none: nobody logs in as it.
\set ON_ERROR_STOP on
\set QUIET on
-- One after the other: \getenv leaves a variable alone that the environment does not have.
\set api ''
\set worker ''
\set staff ''
\set auditor ''
\set owner ''
\getenv api KOLLEGIUM_API_PASSWORD
\getenv worker KOLLEGIUM_WORKER_PASSWORD
\getenv staff KOLLEGIUM_STAFF_PASSWORD
\getenv auditor KOLLEGIUM_AUDITOR_PASSWORD
\getenv owner KOLLEGIUM_OWNER_PASSWORD

-- The statements below carry passwords: keep them out of the server's log and of
-- pg_stat_statements. The server stores SCRAM verifiers only.
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set pg_stat_statements.track_utility = off;
set password_encryption = 'scram-sha-256';

select count(*) > 0 as short
from (values (:'api'), (:'worker'), (:'staff'), (:'auditor'), (:'owner')) given (secret)
where length(secret) between 1 and 15 \gset
\if :short
  \warn 'A password has fewer than 16 characters. Nothing was changed.'
  do $$ begin raise exception 'password too short'; end $$;
\endif

begin;
select format('alter role %I password %L', role, secret)
from (values ('kollegium_api', :'api'), ('kollegium_worker', :'worker'), ('kollegium_staff', :'staff'),
             ('kollegium_auditor', :'auditor'), ('kollegium_owner', :'owner')) given (role, secret)
where secret <> ''
\gexec
commit;

\getenv userlist KOLLEGIUM_USERLIST
\if :{?userlist}
  \pset format unaligned
  \pset tuples_only on
  \o :userlist
  select format('"%s" "%s"', rolname, rolpassword) from pg_catalog.pg_authid
  where rolname = 'kollegium_api' and rolpassword is not null;
  \o
\endif

\pset format aligned
\pset tuples_only off
\echo 'Roles that can log in with a password now:'
select rolname as role from pg_catalog.pg_authid
where starts_with(rolname, 'kollegium_') and rolcanlogin and rolpassword is not null order by 1;
