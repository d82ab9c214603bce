-- Files of leads: internal to a company like its notes, or shared like messages. Whoever puts one in announces it,
-- sends its parts and then adds it, in one transaction: there is no file without all of its content.
set local role kollegium_broker;

-- An id for a file of a lead that the caller's company may know of; 404 otherwise. Locks nothing: its parts take
-- a while, and app.add_file decides.
create or replace function app.begin_file(p_marketplace uuid, p_lead uuid)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := (app_private.caller()).company_id;
begin
  if not exists (select from app.lead where marketplace_id = p_marketplace and id = p_lead and v_company = any (parties))
     and not app_private.ever_worked(p_marketplace, p_lead, v_company) then
    perform app_private.refuse(404, 'not-found');
  end if;
  return app_private.new_id();
end
$$;
comment on function app.begin_file(uuid, uuid) is 'An id for a file that is about to be put in; 404 for a lead that the caller may not know of.';
grant execute on function app.begin_file(uuid, uuid) to kollegium_api;

-- A part of a file that is not there yet: what belongs to a file never changes. Without a file after all it is
-- removed (app_private.purge_files).
create or replace function app.put_file_part(p_marketplace uuid, p_file uuid, p_number integer, p_content bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.caller();
  if exists (select from app_private.file_chunk where marketplace_id = p_marketplace and file_id = p_file and kept) then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.file_chunk (marketplace_id, file_id, number, content)
  values (p_marketplace, p_file, p_number, p_content);
end
$$;
comment on function app.put_file_part(uuid, uuid, integer, bytea) is 'Writes a part of a file that is being put in.';
grant execute on function app.put_file_part(uuid, uuid, integer, bytea) to kollegium_api;

-- The parts of a file become its own: all there are, in order, without a gap. Size and SHA-256 are taken of them.
create or replace function app_private.keep_file_parts(
  p_marketplace uuid, p_file uuid, out size bigint, out digest bytea)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts bigint;
  v_last integer;
begin
  select count(*), max(number), sum(length(content)), sha256(string_agg(content, '' order by number))
  into v_parts, v_last, size, digest
  from app_private.file_chunk where marketplace_id = p_marketplace and file_id = p_file and not kept;
  if v_parts is distinct from v_last + 1 then
    raise exception using errcode = '22023', message = 'a file without all of its parts';
  end if;
  update app_private.file_chunk set kept = true where marketplace_id = p_marketplace and file_id = p_file;
end
$$;

-- What the files of a company take. Counted under its lock, so that two uploads do not pass beside each other.
create or replace function app_private.file_bytes(p_company uuid) returns bigint
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select sum(size) from app.note_file where company_id = p_company), 0)::bigint
    + coalesce((select sum(size) from app.message_file where company_id = p_company), 0)::bigint
$$;

-- Adds the file whose parts were written before. p_shared: read by the parties of the current engagement, without
-- one by operator and giver; otherwise by the caller's company alone. 409 when its files would take more than p_quota.
create or replace function app.add_file(
  p_marketplace uuid, p_lead uuid, p_file uuid, p_shared boolean, p_name text, p_media_type text, p_quota bigint)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_used bigint;
  v record;
begin
  perform from app.company where id = v_caller.company_id for no key update;
  v_lead := app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  v := app_private.keep_file_parts(p_marketplace, p_file);
  v_used := app_private.file_bytes(v_caller.company_id);
  if v_used + v.size > p_quota then
    perform app_private.refuse(409, 'file-quota-exceeded', jsonb_build_object('limit', p_quota, 'used', v_used));
  end if;
  if not p_shared then
    insert into app.note_file (marketplace_id, id, lead_id, engagement_id, company_id, author_id, author_name,
      name, media_type, size, sha256)
    values (p_marketplace, p_file, p_lead, v_lead.engagement_id, v_caller.company_id, v_caller.colleague_id,
      v_caller.colleague_name, p_name, p_media_type, v.size, v.digest);
    return;
  end if;
  insert into app.message_file (marketplace_id, id, lead_id, engagement_id, parties, company_id, company_name,
    author_id, author_name, name, media_type, size, sha256)
  values (p_marketplace, p_file, p_lead, v_lead.engagement_id, v_lead.parties, v_caller.company_id,
    v_caller.company_name, v_caller.colleague_id, v_caller.colleague_name, p_name, p_media_type, v.size, v.digest);
  perform app_private.tell('file.added', v_lead.parties, p_marketplace, p_lead, v_caller, v_lead.engagement_id,
    v_lead.version);
end
$$;
comment on function app.add_file(uuid, uuid, uuid, boolean, text, text, bigint) is
  'Adds a file of the caller''s company to a lead it sees: internal, or shared as messages are.';
grant execute on function app.add_file(uuid, uuid, uuid, boolean, text, text, bigint) to kollegium_api;

-- A part of a file that the caller's company sees, by the same rule as the row itself; 404 otherwise, and for a
-- part that there is not. Nothing else leads to the content.
create or replace function app.file_part(p_marketplace uuid, p_file uuid, p_number integer)
returns bytea language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_content bytea;
begin
  select content into v_content from app_private.file_chunk
  where marketplace_id = p_marketplace and file_id = p_file and number = p_number and kept
    and (exists (select from app.note_file n
        where n.marketplace_id = p_marketplace and n.id = p_file and n.company_id = v_company)
      or exists (select from app.message_file m
        where m.marketplace_id = p_marketplace and m.id = p_file and v_company = any (m.parties)));
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_content;
end
$$;
comment on function app.file_part(uuid, uuid, integer) is 'A part of the content of a file that the caller''s company sees.';
grant execute on function app.file_part(uuid, uuid, integer) to kollegium_api;

-- Removes a file of the caller's company with its content. An internal one at any time; a shared one leaves a line
-- in the history of its engagement, stays when that has ended (into it nobody writes), while the operator decides
-- about a return, whose evidence it may be, and while a return of its company that names it waits for release.
create or replace function app.remove_file(p_marketplace uuid, p_lead uuid, p_file uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_file app.message_file;
begin
  select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead for key share;
  delete from app.note_file
  where marketplace_id = p_marketplace and lead_id = p_lead and id = p_file and company_id = v_caller.company_id;
  if not found then
    select * into v_file from app.message_file
    where marketplace_id = p_marketplace and lead_id = p_lead and id = p_file and v_caller.company_id = any (parties)
    for update;
    if not found then
      perform app_private.refuse(404, 'not-found');
    elsif v_file.company_id <> v_caller.company_id then
      perform app_private.refuse(403, 'file-of-another');
    end if;
    perform app_private.expect_file_removable(v_file, v_lead.engagement_id);
    delete from app.message_file where marketplace_id = p_marketplace and id = p_file;
    insert into app.history (marketplace_id, id, lead_id, engagement_id, parties, event, company_id, company_name,
      colleague_id, colleague_name, detail)
    values (p_marketplace, app_private.new_id(), p_lead, v_file.engagement_id, v_file.parties, 'file-removed',
      v_caller.company_id, v_caller.company_name, v_caller.colleague_id, v_caller.colleague_name,
      jsonb_build_object('file', p_file, 'media_type', v_file.media_type, 'size', v_file.size));
  end if;
  delete from app_private.file_chunk where marketplace_id = p_marketplace and file_id = p_file;
end
$$;
comment on function app.remove_file(uuid, uuid, uuid) is
  'Removes a file of the caller''s company; of a shared one the history keeps that there was one.';
grant execute on function app.remove_file(uuid, uuid, uuid) to kollegium_api;

create or replace function app_private.expect_file_removable(p_file app.message_file, p_current uuid)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_engagement app.engagement;
begin
  select * into v_engagement from app.engagement
  where marketplace_id = p_file.marketplace_id and id = p_file.engagement_id;
  if found and (v_engagement.id is distinct from p_current or v_engagement.state = 'return_requested') then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', v_engagement.state));
  end if;
  -- Of another company's nobody learns that it waits: what it puts in, it may remove.
  if exists (select from app.return_request r where r.marketplace_id = p_file.marketplace_id
       and r.engagement_id = p_file.engagement_id and r.state = 'waiting' and r.company_id = p_file.company_id
       and p_file.id = any (r.files)) then
    perform app_private.refuse(409, 'return-state', '{"state": "waiting"}');
  end if;
end
$$;

-- Parts that no file took within a day: whoever wrote them never added it.
create or replace function app_private.purge_files() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.file_chunk where (marketplace_id, file_id, number) in (
    select c.marketplace_id, c.file_id, c.number from app_private.file_chunk c
    where not c.kept and c.created_at < app_private.clock() - interval '1 day' for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
