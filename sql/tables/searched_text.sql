-- How the words of a lead are written for searching. The generated column app.prospect.searched is made by
-- these functions, so they stand before the tables: changing one means writing that column anew.
--
-- pg_trgm is part of PostgreSQL's contrib and trusted: kollegium_owner may create it. What it brings to a query
-- is the index behind LIKE; nobody calls a function of it. Schema of its own: these functions belong to the
-- tables, so they are not taken down and put up again with the wall.
create schema searching authorization kollegium_owner;
comment on schema searching is 'How the words of a lead are written for searching, and the extension pg_trgm.';
grant usage on schema searching to kollegium_broker;
create extension if not exists pg_trgm with schema searching;

-- Lower case, without accents (ü as u, é as e, ł as l), ß as ss, without the apostrophe of O'Neill, and blanks
-- where words are joined by a sign. What is left of other alphabets stays. `replace` is used where it can be: a regular
-- expression costs ten times as much, and every lead pays for it.
create function searching.folded(p_text text) returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $$
declare
  v_text text := lower(p_text);
begin
  if octet_length(v_text) > length(v_text) then
    v_text := replace(replace(replace(replace(v_text, 'ä', 'a'), 'ö', 'o'), 'ü', 'u'), 'ß', 'ss');
    if octet_length(v_text) > length(v_text) then
      v_text := lower(regexp_replace(normalize(v_text, nfkd), '[\u0300-\u036f]', '', 'g'));
      v_text := replace(replace(replace(replace(v_text, 'ẞ', 'ss'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
      v_text := translate(v_text, 'łøđıþ’ʼ´', 'lodit''''''');
    end if;
  end if;
  v_text := replace(replace(v_text, '''', ''), '`', '');
  return replace(replace(replace(replace(replace(replace(replace(v_text,
    '-', ' '), '/', ' '), '.', ' '), ',', ' '), '@', ' '), '(', ' '), '_', ' ');
end
$$;
comment on function searching.folded(text) is 'Lower case, without accents, blanks between words.';

-- ae, oe, ue as a, o, u. After `folded` it makes one of Müller, Mueller and Muller. Words are searched for
-- in this spelling only; a Bauer is a baur on both sides.
create function searching.without_umlauts(p_text text) returns text
language sql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $$ select replace(replace(replace(p_text, 'ae', 'a'), 'oe', 'o'), 'ue', 'u') $$;
comment on function searching.without_umlauts(text) is 'Folded words with ae, oe, ue as a, o, u.';

-- What is found of a lead: its words in that spelling; those that lost an e by it once more as they are
-- written, for parts that begin with that e; and the digits of the number. A blank stands before each word.
create function searching.searched_text(p_words text, p_phone text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_words constant text := coalesce(searching.folded(p_words), '');
  v_compared constant text := searching.without_umlauts(v_words);
  v_written text;
begin
  if v_words <> v_compared then
    select string_agg(w, ' ') into v_written from unnest(string_to_array(v_words, ' ')) w where w ~ '[aou]e';
  end if;
  return concat(' ', v_compared, ' ', v_written, ' ', regexp_replace(p_phone, '[^0-9]', '', 'g'), ' ');
end
$$;
comment on function searching.searched_text(text, text) is
  'What a lead is found by: its words as they are compared, and the digits of its number.';
grant execute on function searching.folded(text), searching.without_umlauts(text),
  searching.searched_text(text, text) to kollegium_broker;
