-- Returns nothing when all is well.
-- Servers before 15.20, 16.16, 17.12 and 18.7 (12 November 2026) have CVE-2026-120154: INSERT … ON
-- CONFLICT DO UPDATE reads rows in spite of policies. insert_beside_update.sql shows that nobody here
-- can use it; update the server all the same. Majors before 15 get no fixes any more.
select current_setting('server_version') as server,
       coalesce('update to ' || f.major || '.' || f.minor || ' or later', 'no fixed release of this major') as finding
from (select current_setting('server_version_num')::integer as number) v
left join (values (15, 20), (16, 16), (17, 12), (18, 7)) f (major, minor) on f.major = v.number / 10000
where v.number < 190000
  and (f.major is null or v.number % 10000 < f.minor);
