-- A table to read: what decides over access in this database, a line each. `kollegium check --only drift` reads the same
-- lines and says which of them are not what sql/ says (sql/expected, sql/functions, sql/house.toml). Any role is shown the
-- same lines; two databases with equal lines are guarded alike.
with ours as (
  select n.oid, n.nspname, n.nspowner, n.nspacl from pg_catalog.pg_namespace n
  where n.nspname in ('app', 'app_private', 'searching', 'legacy_staging')
), who as (  -- as they are written in grants: 0 is everybody
  select 0::oid as oid, 'public'::text as name union all select r.oid, r.rolname from pg_catalog.pg_roles r
), service (name) as (
  values ('kollegium_owner'), ('kollegium_broker'), ('kollegium_api'), ('kollegium_worker'), ('kollegium_staff'), ('kollegium_auditor')
), brought as (  -- objects that an extension brought: the extension itself is a line
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
), relation as (
  select c.*, o.nspname || '.' || c.relname as name from pg_catalog.pg_class c join ours o on o.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    and not exists (select from brought b where b.classid = 'pg_catalog.pg_class'::regclass and b.objid = c.oid)
), routine as (
  select p.*, n.nspname, n.nspname || '.' || p.proname || '('
      || array_to_string(array(select format_type(t.t, null) from unnest(p.proargtypes) with ordinality t (t, i) order by t.i), ', ')
      || ')' as name,
    p.pronamespace in (select oid from ours) as our_own
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where (p.oid >= 16384 or p.pronamespace in (select oid from ours))
    and n.nspname !~ '^pg_(temp|toast)' and n.nspname <> 'information_schema'
    and not exists (select from brought b where b.classid = 'pg_catalog.pg_proc'::regclass and b.objid = p.oid)
), line (kind, object, part, says) as (
  -- Tables: whose, walled, what in them.
  select 'table', c.name, f.part, f.says from relation c cross join lateral (values
    ('owner', pg_get_userbyid(c.relowner)::text),
    ('kind', case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
      when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' else 'type' end),
    ('row security', case when c.relkind in ('r', 'p') then
      case when c.relrowsecurity then 'enabled' else 'disabled' end
      || case when c.relforcerowsecurity then ', forced' else ', not forced' end end),
    ('security_invoker', case when c.relkind = 'v' then coalesce((select o.option_value
      from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), 'false') end),
    ('definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end),
    ('kept', case when c.relkind in ('r', 'p') then case c.relpersistence when 'p' then 'logged' else 'unlogged' end end),
    ('identity for replication', case when c.relkind in ('r', 'p') then c.relreplident::text end),
    ('comment', obj_description(c.oid, 'pg_class'))) f (part, says)
  where f.says is not null
  union all
  select f.kind, c.name, a.attname, f.says
  from pg_catalog.pg_attribute a join relation c on c.oid = a.attrelid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  cross join lateral (values
    ('column', format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
      || case when a.attidentity <> '' then ' identity' else '' end
      || coalesce((select ' collate ' || l.collname from pg_catalog.pg_collation l join pg_catalog.pg_type t on t.oid = a.atttypid
           where l.oid = a.attcollation and l.oid <> t.typcollation), '')),
    ('default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end),
    ('generated column', case when a.attgenerated <> '' then
      case a.attgenerated when 's' then 'stored: ' else 'virtual: ' end || pg_get_expr(d.adbin, d.adrelid) end),
    ('column comment', col_description(c.oid, a.attnum))) f (kind, says)
  where a.attnum > 0 and not a.attisdropped and f.says is not null
  union all
  select 'constraint', c.name, k.conname, pg_get_constraintdef(k.oid)
  from pg_catalog.pg_constraint k join relation c on c.oid = k.conrelid where k.contype not in ('n', 't')
  union all
  select 'index', c.name, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    || case when i.indisvalid and i.indisready and i.indislive then '' else ' (not valid)' end
  from pg_catalog.pg_index i join relation c on c.oid = i.indrelid
  union all
  select 'trigger', c.name, coalesce(k.conname, t.tgname), case when t.tgisinternal then 'of a constraint: ' else '' end
    || case t.tgenabled when 'D' then 'disabled' when 'O' then 'enabled' when 'A' then 'always' else 'on replicas' end
    || case when t.tgisinternal then '' else ': ' || pg_get_triggerdef(t.oid) end
  from pg_catalog.pg_trigger t join relation c on c.oid = t.tgrelid
  left join pg_catalog.pg_constraint k on k.oid = t.tgconstraint where not t.tgisinternal or t.tgenabled <> 'O'
  union all
  select 'rule', c.name, w.rulename, pg_get_ruledef(w.oid)
  from pg_catalog.pg_rewrite w join relation c on c.oid = w.ev_class where w.rulename <> '_RETURN' or w.ev_enabled <> 'O'
  union all
  select 'inheritance', c.name, i.inhparent::regclass || ' ← ' || i.inhrelid::regclass, 'shows the rows of the other'
  from pg_catalog.pg_inherits i join relation c on c.oid in (i.inhrelid, i.inhparent)
  union all
  -- Policies, and who was granted what.
  select f.kind, c.name, p.polname, f.says from pg_catalog.pg_policy p join relation c on c.oid = p.polrelid
  cross join lateral (values
    ('policy', case when p.polpermissive then '' else 'restrictive ' end
      || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
      || ' to ' || array_to_string(array(select w.name from who w where w.oid = any (p.polroles) order by 1), ', ')
      || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
      || coalesce(' with check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')),
    ('policy comment', obj_description(p.oid, 'pg_policy'))) f (kind, says) where f.says is not null
  union all
  select 'table grant', c.name, coalesce(w.name, 'role ' || a.grantee) || ': ' || lower(a.privilege_type),
    case when a.is_grantable then 'granted, with grant option' else 'granted' end
  from relation c cross join lateral aclexplode(c.relacl) a left join who w on w.oid = a.grantee
  where a.grantee <> c.relowner
  union all
  select 'column grant', c.name, coalesce(w.name, 'role ' || a.grantee) || ': ' || lower(a.privilege_type) || ' (' || t.attname || ')',
    case when a.is_grantable then 'granted, with grant option' else 'granted' end
  from pg_catalog.pg_attribute t join relation c on c.oid = t.attrelid cross join lateral aclexplode(t.attacl) a
  left join who w on w.oid = a.grantee where not t.attisdropped
  union all
  select 'schema', o.nspname, 'owner', pg_get_userbyid(o.nspowner)::text from ours o
  union all
  select 'schema grant', n.nspname, coalesce(w.name, 'role ' || a.grantee) || ': ' || lower(a.privilege_type), 'granted'
  from pg_catalog.pg_namespace n cross join lateral aclexplode(n.nspacl) a left join who w on w.oid = a.grantee
  where a.grantee <> n.nspowner and (n.oid in (select oid from ours)
    or n.nspname in ('public', 'pg_catalog') and a.privilege_type = 'CREATE')
  union all
  select 'database grant', 'database', coalesce(w.name, 'role ' || a.grantee) || ': ' || lower(a.privilege_type), 'granted'
  from pg_catalog.pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  left join who w on w.oid = a.grantee where d.datname = current_database() and a.grantee <> d.datdba
  union all
  select 'default privilege', pg_get_userbyid(d.defaclrole)::text, concat_ws(', ', 'in ' || n.nspname,
      'on ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
        when 'T' then 'types' when 'n' then 'schemas' else 'others' end) || ': ' || coalesce(w.name, 'role ' || a.grantee),
    lower(string_agg(a.privilege_type, ', ' order by a.privilege_type))
  from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral aclexplode(d.defaclacl) a left join who w on w.oid = a.grantee
  where d.defaclnamespace in (select oid from ours) or w.name in (select name from service) or pg_get_userbyid(d.defaclrole) in (select name from service)
  group by d.defaclrole, n.nspname, d.defaclobjtype, a.grantee, w.name
  union all
  select 'parameter grant', p.parname, coalesce(w.name, 'role ' || a.grantee) || ': ' || lower(a.privilege_type), 'granted'
  from pg_catalog.pg_parameter_acl p cross join lateral aclexplode(p.paracl) a left join who w on w.oid = a.grantee
  where a.grantee <> 10
  union all
  -- Functions of our schemas; elsewhere those that run with their owner's rights, or that PostgreSQL did not bring itself.
  select 'function', p.name, '', concat_ws(E'\n', 'arguments: ' || pg_get_function_arguments(p.oid), 'owner: ' || pg_get_userbyid(p.proowner),
    'language: ' || (select l.lanname from pg_catalog.pg_language l where l.oid = p.prolang),
    'volatility: ' || case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    'rights: ' || case when p.prosecdef then 'of its owner' else 'of its caller' end,
    'leakproof: ' || p.proleakproof, 'strict: ' || p.proisstrict, 'parallel: ' || p.proparallel::text,
    'settings: ' || array_to_string(array(select s from unnest(p.proconfig) s order by 1), '; '),
    'body: ' || encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'))
  from routine p where p.our_own
  union all
  select f.kind, p.name, '', f.says from routine p cross join lateral (values
    ('bound body', pg_get_function_sqlbody(p.oid)), ('function comment', obj_description(p.oid, 'pg_proc'))) f (kind, says)
  where p.our_own and f.says is not null
  union all
  select 'function grant', p.name, coalesce(w.name, 'role ' || a.grantee),
    case when a.is_grantable then 'granted, with grant option' else 'granted' end
  from routine p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  left join who w on w.oid = a.grantee where p.our_own and a.grantee <> p.proowner
  union all
  select 'foreign function', p.name, 'runs with the rights of ' || pg_get_userbyid(p.proowner),
    encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') from routine p
  where not p.our_own and (p.prosecdef or p.nspname = 'pg_catalog')
  union all
  -- What reads our tables from elsewhere, past the policies; what carries rows away or changes what names mean.
  select distinct 'foreign view', n.nspname || '.' || v.relname, 'reads ' || c.name,
    case v.relkind when 'm' then 'keeps a copy' else 'with the rights of ' || pg_get_userbyid(v.relowner) end
  from pg_catalog.pg_rewrite w
  join pg_catalog.pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
  join pg_catalog.pg_namespace n on n.oid = v.relnamespace
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
  join relation c on c.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_class'::regclass and c.oid <> v.oid
  where v.relnamespace not in (select oid from ours)
    and not coalesce('security_invoker=true' = any (v.reloptions) or 'security_invoker=on' = any (v.reloptions), false)
  union all
  select 'publication', p.pubname, coalesce(t.schemaname || '.' || t.tablename, 'all tables'), 'sends its rows'
  from pg_catalog.pg_publication p left join pg_catalog.pg_publication_tables t on t.pubname = p.pubname and not p.puballtables
  where p.puballtables or t.schemaname in (select nspname from ours)
    or exists (select from pg_catalog.pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid in (select oid from ours))
  union all
  select 'subscription', s.subname, 'writes rows', 'as ' || pg_get_userbyid(s.subowner) from pg_catalog.pg_subscription s
  where s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
  union all
  select 'replication slot', s.slot_name, 'reads all rows', 'by ' || s.plugin from pg_catalog.pg_replication_slots s
  where s.slot_type = 'logical' and s.database = current_database()
  union all
  select 'event trigger', e.evtname, e.evtevent, 'executes ' || e.evtfoid::regproc || ' of ' || pg_get_userbyid(e.evtowner)
  from pg_catalog.pg_event_trigger e
  where not exists (select from brought b where b.classid = 'pg_catalog.pg_event_trigger'::regclass and b.objid = e.oid)
  union all
  select 'extension', e.extname, 'in schema ' || n.nspname, case when exists (select from pg_catalog.pg_available_extension_versions v
      where v.name = e.extname and v.version = e.extversion and v.trusted) then 'trusted' else 'not trusted' end
  from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  union all
  select 'foreign server', s.srvname, 'leads elsewhere', 'by ' || f.fdwname from pg_catalog.pg_foreign_server s
  join pg_catalog.pg_foreign_data_wrapper f on f.oid = s.srvfdw
  union all
  select 'operator', n.nspname || '.' || o.oprname || '(' || concat_ws(', ', nullif(o.oprleft, 0)::regtype, o.oprright::regtype) || ')',
    'calls ' || o.oprcode, 'of ' || pg_get_userbyid(o.oprowner)
  from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
  where o.oid >= 16384 and (n.nspname = 'pg_catalog' or n.oid in (select oid from ours))
    and not exists (select from brought b where b.classid = 'pg_catalog.pg_operator'::regclass and b.objid = o.oid)
  union all
  select 'cast', k.castsource::regtype || ' as ' || k.casttarget::regtype, 'calls ' || k.castfunc::regproc, k.castcontext::text
  from pg_catalog.pg_cast k where k.oid >= 16384
    and not exists (select from brought b where b.classid = 'pg_catalog.pg_cast'::regclass and b.objid = k.oid)
  union all
  -- Roles: ours whole; of others what passes by the wall. A superuser needs no membership; the server's first is always there.
  select 'role', r.rolname, f.part, f.says from pg_catalog.pg_roles r cross join lateral (values
    ('attributes', concat_ws(', ', case when r.rolcanlogin then 'login' end, case when r.rolsuper then 'superuser' end,
      case when r.rolbypassrls then 'bypassrls' end, case when r.rolcreatedb then 'createdb' end,
      case when r.rolcreaterole then 'createrole' end, case when r.rolreplication then 'replication' end,
      case when r.rolinherit then 'inherit' end)),
    ('connections', r.rolconnlimit::text)) f (part, says)
  where r.rolname in (select name from service)
  union all
  select 'power', r.rolname, f.power, 'held' from pg_catalog.pg_roles r cross join lateral (values
    (r.rolsuper, 'superuser'), (r.rolbypassrls and not r.rolsuper, 'bypassrls'),
    (r.rolreplication and not r.rolsuper, 'replication'),
    (r.rolcreaterole and not r.rolsuper and current_setting('server_version_num')::integer < 160000, 'createrole')) f (held, power)
  where f.held and r.oid <> 10 and r.rolname not in (select name from service)
  union all
  select 'membership', w.rolname, g.rolname, 'may become it' || case when m.admin_option then ', may grant it' else '' end
    || case when to_jsonb(m) ->> 'inherit_option' = 'true' then ', has its rights' else '' end
  from pg_catalog.pg_auth_members m join pg_catalog.pg_roles w on w.oid = m.member join pg_catalog.pg_roles g on g.oid = m.roleid
  where not w.rolsuper and (w.rolname in (select name from service) or g.rolname in (select name from service)
    or g.rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_maintain', 'pg_read_server_files', 'pg_write_server_files',
      'pg_execute_server_program', 'pg_create_subscription') and not g.oid = w.oid)
  union all
  select case when s.setrole = 0 then 'database setting' else 'role setting' end,
    coalesce(r.rolname::text || case when s.setdatabase = 0 then '' else ' in this database' end, 'database'),
    split_part(v.pair, '=', 1), substr(v.pair, strpos(v.pair, '=') + 1)
  from pg_catalog.pg_db_role_setting s left join pg_catalog.pg_roles r on r.oid = s.setrole cross join lateral unnest(s.setconfig) v (pair)
  where (s.setrole = 0 or r.rolname in (select name from service)) and (s.setdatabase = 0
    or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
  union all
  select 'server setting', s.name, 'of the server', s.reset_val from pg_catalog.pg_settings s
  where s.name in ('session_replication_role', 'row_security', 'allow_system_table_mods')
)
select kind, object, part, says from line order by 1, 2, 3, 4;
