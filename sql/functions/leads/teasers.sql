-- Contact data in what takers see before the pick.
--
-- A teaser is what the offer carries, the mail about it and its subject. Whoever typed the lead
-- in, by whichever door: phone numbers, e-mail and web addresses are left out of it here and nowhere
-- else. The operator reads on the lead what takers see instead, and may reword it.
--
-- What nobody dials stays: sizes, prices, years, dates, times, postcodes. In doubt what begins as a number
-- to dial (+, 00, 0) goes, and so do seven digits that nothing explains.
--
-- The patterns are in expanded syntax: white space outside of brackets means nothing. A pattern takes the
-- longest text that fits, so a condition behind its end makes it give back what belongs to the next word.
set local role kollegium_broker;

-- Without e-mail addresses, also spelt out (`anna [at] huber (punkt) example`), links, domains, handles.
create or replace function app_private.without_addresses(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_word constant text := '[^\s@<>()\[\]{},;:"/]+';
  v_at constant text := '(?:at|ät|@|affe|klammeraffe)';
  v_open constant text := '\s?[(\[{<]\s?';
  v_close constant text := '\s?[)\]}>]\s?';
  v_dot constant text := '(?: \. |' || v_open || '(?: dot|punkt|\. )' || v_close || '| [ ](?:dot|punkt)[ ])';
  v_end constant text := '(?: (?:de|com|net|org|at|ch|eu|info|biz|io|nl|be|fr|dk|pl|cz|li|lu|it|uk|online'
    || '|email|app|shop|gmbh|example|berlin|hamburg|koeln|wien|bayern|nrw) (?![[:alnum:]-])'
    || '| (?:me|link|ly|page|site)(?=/) )';
  v_domain constant text := '[[:alnum:]-]+ (?:' || v_dot || ' [[:alnum:]-]+ )* ' || v_dot || v_end;
begin
  if p_text ~* '@|\m(at|ät|affe|klammeraffe)\M' then
    p_text := regexp_replace(p_text, '(?x)' || v_word || '@' || v_word || '(?:' || v_open
      || '(?:dot|punkt)' || v_close || '[[:alnum:]-]+)*', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)' || v_word || '(?:' || v_open || v_at || v_close
      || '|\s' || v_at || '\s|\s@|@\s)(?:' || v_domain
      || '|(?:gmail|gmx|web|t-online|outlook|hotmail|yahoo|icloud|posteo|freenet)(?![[:alnum:]]))', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)' || v_word || '[(\[{<]' || v_at || '[)\]}>]' || v_word,
      '…', 'gi');
  end if;
  if p_text ~ '://|\.[[:alpha:]]' then
    p_text := regexp_replace(p_text, '(?x)(?:[[:alnum:]]+://|www\.)\S+', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)(?<![[:alnum:].-]) [[:alnum:]-]* [^\W\d_] [[:alnum:]-]*'
      || '(?: \.[[:alnum:]-]+ )* \.' || v_end || '(?: /\S* )?', '…', 'gi');
  end if;
  return regexp_replace(p_text, '(?<![^\s(])@[[:alnum:]_.]{3,}', '…', 'gi');
end
$$;

-- Without numbers to dial.
create or replace function app_private.without_numbers(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  -- What people put between the digits of a number, and between from and to.
  s constant text := '[][ \t\u00a0\u00ad\u2000-\u2015\u202f\u2060\u2212\u3000\ufeff()./_·-]';
  v_to constant text := '[ ]?(?: [\u2010-\u2015\u2212/-] | bis | und )[ ]?';
  v_unit constant text := '[ \u00a0\u202f]?(?: €|%|°|["''′″]|(?: k?wp?|[km]?wh|mw|watt|k?va|volt|eur|euro'
    || '|chf|t€|k?m²|[mk]?m[23]|m³|qm|qkm|cbm|[cmk]m|uhr|h|jahren?|jahre?|stück|stk|zimmern?|personen|module?n?'
    || '|liter[ns]?|l|tonnen?|t|k?g|grad|ha|a|m|etagen?|einheiten|wohneinheiten|we|wohnungen|häusern?'
    || '|fenstern?|türen|plätzen?|monaten?|wochen|tagen?|minuten|stunden|std|meter[ns]?|quadratmetern?'
    || ')(?![[:alnum:]]))';
  v_day constant text := '(?:0?[1-9]|[12]\d|3[01])';
  v_month constant text := '(?:0?[1-9]|1[0-2])';
  v_date constant text := '(?: ' || v_day || '\.[ ]?' || v_month || '(?:\.(?:[ ]?(?:19|20)?\d\d)?)?'
    || '|' || v_day || '[/-]' || v_month || '[/-](?:19|20)?\d\d'
    || '|' || v_month || '[./-](?:19|20)\d\d|(?:19|20)\d\d-\d\d?-\d\d? )(?!\d|[./-]\d)';
  v_time constant text := '(?:[01]?\d|2[0-4])[.:][0-5]\d(?!\d)';
  v_thousands constant text := '[1-9]\d{0,2}(?:[.''’]\d{3})+(?!\d|[./-]\d)';
  v_spaced constant text := '[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?!\d)';
  v_span constant text := v_time || '(?:[ ]?uhr)?' || v_to || v_time;
  v_apart constant text := '(?:' || s || '{0,4}|[,:;|*~]|(?<=[^\d]0\d{2,3}|^0\d{2,3})[,;][ ](?!' || v_date
    || '))';
  v_end constant text := '(?!\d|[.,:/-](?!0\d\d)\d)';
  -- Where neither pattern for numbers begins.
  v_no constant text := '(?!(?:0\d{4},[ ]?)+0\d{4}(?!\d)|' || v_date || '|' || v_span
    || '|(?:[01]\d|2[0-4]):[0-5]\d(?!\d)'
    || '|(?:0\d{4}' || v_to || '0|[1-9]\d{4}' || v_to || '[1-9])\d{4}(?!\d))'
    || '(?!(?<=(?:plz|postleitzahl)[ :.]{1,3})\d{5}(?!\d))';
  v_explained constant text := '(?!' || v_thousands
    || '|' || v_spaced || '(?:' || v_to || v_spaced || ')?' || v_unit
    || '|(?:19|20)\d\d(?:' || v_to || '|[ ])(?:19|20)\d\d(?!\d)'
    || '|[1-9]\d{1,4}0' || v_to || '[1-9]\d{1,5}0(?!\d|' || s || '{0,3}\d)'
    || '|\d\d?' || v_to || '\d\d?[ ](?:19|20)\d\d(?!\d)'
    || '|(?:19|20)\d\d[ ](?: ' || v_date || '|\d{1,5}(?!\d|' || s || '{0,3}\d))'
    || '|(?<=\d\.[ ])' || v_month || '\.[ ]?(?:19|20)\d\d(?!\d)'
    || '|\d{1,3}[ ]\d{5}(?!\d)|\d{5}[ ]\d{1,2}(?!\d))';
begin
  if p_text ~ '\d(?:[^\d[:alpha:]]{0,4}\d){6}' then
    -- +49 171 1234567, 0049 (0) 171 / 123 45 67; but for a number with its unit behind it, then with it.
    for v_last in reverse 1 .. 0 loop
      p_text := regexp_replace(p_text, '(?x)(?<!\d|\d[.,:/-])[(\[]?(?:\+(?![ ]{0,2}(?:' || v_date || '|'
        || v_thousands || v_unit || '))|00)' || s || '{0,2}[1-9](?:' || v_apart || '\d){6,16}(?!\d)'
        || case v_last when 1 then v_end || '(?!' || v_unit || ')' else '' end, '…', 'gi');
    end loop;
    -- 0171 1234567, (04821) 12 34, 030/123456; from eleven digits on no unit explains it.
    for v_last in reverse 1 .. 0 loop
      p_text := regexp_replace(p_text, '(?x)(?: (?<!\d|\d[.,:/-]) | (?<=\d/)(?=0[1-9]\d\d) )' || v_no
        || '[(\[]?0[ )\]]{0,2}[1-9](?:' || v_apart || case v_last when 1
          then '\d){5,12}' || v_end || '(?!' || v_unit || ')' else '\d){9,12}(?!\d)' end, '…', 'gi');
    end loop;
  end if;
  if p_text ~* 'tel|fon|phone|mobil|handy|fax|rufn|whats|signal|durchwahl' then
    -- After a word that announces a number five digits are enough.
    p_text := regexp_replace(p_text, '(?x)((?<![[:alnum:]])(?:tel(?:efon(?:nummer)?)?|fon|phone'
      || '|mobil(?:nummer|telefon)?|handy(?:nummer)?|(?:tele)?fax|rufnummer|whats[ ]?app|signal|durchwahl)'
      || '[ .:]*(?:(?:nr|nummer|ist)[ .:]*)*)' || v_no || '\d(?:' || s || '{0,4}\d){4,14}' || v_end
      || '(?!' || v_unit || ')', '\1…', 'gi');
  end if;
  if p_text ~ '\d(?:[^\d[:alpha:]]{0,4}\d){6}' then
    -- Seven digits and more that nothing explains.
    p_text := regexp_replace(p_text, '(?x)(?<!\d|\d[./-])' || v_no || v_explained || '[(\[]?[1-9](?:' || s
      || '{0,3}\d){6,14}' || v_end || '(?!' || v_unit || ')', '…', 'gi');
  end if;
  return p_text;
end
$$;

-- What takers see of an interest or a tag. Digits, + and @ in full width count like plain ones.
create or replace function app_private.teaser(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_plain constant text := translate(p_text, '０１２３４５６７８９＋＠．', '0123456789+@.');
  v_masked text;
begin
  if v_plain !~* '[0-9@.]|\m(at|ät|affe|klammeraffe)\M' then
    return p_text;
  end if;
  v_masked := app_private.without_numbers(app_private.without_addresses(v_plain));
  return case when v_masked = v_plain then p_text
    else regexp_replace(v_masked, '…([[:space:]]*…)+', '…', 'g') end;
end
$$;

-- Tags as takers see them: one that holds contact data is left out.
create or replace function app_private.teaser_tags(p_tags text[])
returns text[] language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(t.tag order by t.place), '{}')
  from unnest(p_tags) with ordinality t (tag, place) where app_private.teaser(t.tag) = t.tag
$$;

-- What a lead's interest is called in mails.
create or replace function app_private.subject_of(p_interest text)
returns text language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select left(app_private.teaser(p_interest), 200) $$;

-- What the operator rewords reaches those who are still to decide. The lead is locked.
create or replace function app_private.reword_offers(p_marketplace uuid, p_lead uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.offer o set interest = app_private.teaser(l.interest), postcode_area = l.postcode_area,
    tags = app_private.teaser_tags(l.tags)
  from app.lead l
  where l.marketplace_id = p_marketplace and l.id = p_lead
    and o.marketplace_id = p_marketplace and o.lead_id = p_lead and o.state = 'open'
$$;
