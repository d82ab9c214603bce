-- What becomes of every row that names a company when one company absorbs another, and when the
-- merge is undone. The merge reads this list; a column that is missing here fails a test
-- (tests/merging/test_rules.py), so a new table needs its line before it can be released.
--
--   move      names the owner or the author: the survivor from then on; the journal knows whose it
--             was, and undo gives it back
--   follow    a copy of what another row says (`of`): changes with it, in both directions, so that
--             rows made since the merge follow too
--   choose    as move, but where both sides have a row for the same thing one goes to the journal
--   unite     as choose, and what stays takes over what the other one allowed
--   generated made by PostgreSQL out of the others
--   cascade   follows by a foreign key with `on update cascade`
--   keep      evidence of what was: never changes
--   tenant    the companies themselves: the absorbed one stays, marked, so that its id can be answered
--
-- found: how its rows are found without reading the whole table: by an index of the column (own), by
-- the leads concerned (lead), by the operator (marketplace), by the table in `of`, among what waits to be
-- sent (pending), or one by one (key).
-- Tables are worked off in this order: leads are locked first, as everywhere.
set local role kollegium_broker;

create or replace function app_private.merge_rules()
returns table (place integer, tab text, col text, rule text, found text, of text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    (10, 'app.lead', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator of the marketplace'),
    (10, 'app.lead', 'giver_company_id', 'move', 'lead', null, 'who gave it'),
    (10, 'app.lead', 'engaged_company_id', 'move', 'lead', null, 'who works it; undo: the company of its engagement'),
    (10, 'app.lead', 'parties', 'generated', 'lead', null, 'who sees it'),
    (10, 'app.lead', 'origin_parties', 'generated', 'lead', null, 'who sees what was before any engagement'),
    (20, 'app.engagement', 'company_id', 'move', 'lead', null, 'who works the lead'),
    (20, 'app.engagement', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (20, 'app.engagement', 'giver_company_id', 'follow', 'lead', 'app.lead', 'the giver of the lead'),
    (20, 'app.engagement', 'parties', 'generated', 'lead', null, 'who sees it'),
    (25, 'app.engagement_card', 'company_id', 'move', 'lead', null, 'who worked it; the printed names stay'),
    (25, 'app.engagement_card', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (25, 'app.engagement_card', 'parties', 'generated', 'lead', null, 'who sees it'),
    (27, 'app.posting', 'company_id', 'follow', 'lead', 'app.engagement', 'who pays for its engagement; the printed names stay'),
    (27, 'app.posting', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (27, 'app.posting', 'parties', 'generated', 'lead', null, 'who sees it'),
    (27, 'app.rating', 'company_id', 'follow', 'lead', 'app.engagement', 'whose engagement it rates'),
    (27, 'app.rating', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (27, 'app.rating', 'parties', 'generated', 'lead', null, 'who sees it'),
    (27, 'app.return_request', 'company_id', 'move', 'lead', null, 'who asks to return it; the printed names stay'),
    (27, 'app.return_request', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (30, 'app.offer', 'company_id', 'choose', 'lead', null, 'of two offers for one lead the better one stays (case 4)'),
    (30, 'app.offer', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (40, 'app.brokerage', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (50, 'app.prospect', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (60, 'app.message', 'company_id', 'move', 'lead', null, 'the author; the printed name stays'),
    (60, 'app.message', 'parties', 'follow', 'lead', 'app.engagement', 'who sees its engagement, or gave the lead'),
    (60, 'app.message', 'origin_parties', 'generated', 'lead', null, 'the same, where it has none'),
    (65, 'app.message_file', 'company_id', 'move', 'lead', null, 'who put it in; the printed name stays'),
    (65, 'app.message_file', 'parties', 'follow', 'lead', 'app.engagement', 'who sees its engagement, or gave the lead'),
    (65, 'app.message_file', 'origin_parties', 'generated', 'lead', null, 'the same, where it has none'),
    (70, 'app.history', 'company_id', 'move', 'lead', null, 'who did it; the printed name stays'),
    (70, 'app.history', 'parties', 'follow', 'lead', 'app.engagement', 'who sees its engagement, or gave the lead'),
    (70, 'app.history', 'origin_parties', 'generated', 'lead', null, 'the same, where it has none'),
    (80, 'app.note', 'company_id', 'move', 'lead', null, 'whose internal note it is'),
    (81, 'app.note_file', 'company_id', 'move', 'lead', null, 'whose internal file it is'),
    (82, 'app.call_claim', 'company_id', 'choose', 'lead', null, 'whose colleague is calling; of two for one lead the later one counts'),
    (84, 'app.call_attempt', 'company_id', 'move', 'lead', null, 'who called'),
    (86, 'app.follow_up', 'company_id', 'move', 'lead', null, 'who has to do it; undo clears colleagues who went with the other side'),
    (90, 'app.disclosure', 'company_id', 'move', 'lead', null, 'the recipient; the printed name stays'),
    (90, 'app.disclosure', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (90, 'app.disclosure', 'parties', 'generated', 'lead', null, 'who sees it'),
    (100, 'app.lead_import', 'company_id', 'move', 'own', null, 'who imported'),
    (110, 'app.lead_import_row', 'company_id', 'follow', 'app.lead_import', 'app.lead_import', 'its report'),
    (115, 'app.import_consent', 'company_id', 'follow', 'app.lead_import', 'app.lead_import', 'what was stated of its persons'),
    (116, 'app.import_mapping', 'company_id', 'move', 'own', null, 'how it reads its files; of one name the newest counts'),
    (117, 'app.saved_view', 'company_id', 'move', 'own', null, 'lists that its colleagues find again'),
    (120, 'app.participation', 'company_id', 'unite', 'own', null, 'one card for each company and marketplace (case 4)'),
    (120, 'app.participation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (125, 'app.calendar', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (126, 'app.wave_plan', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (126, 'app.return_rules', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (127, 'app_private.wave_turn', 'company_id', 'keep', null, null, 'its turn then; the survivor goes on with its own'),
    (130, 'app.partner_invitation', 'company_id', 'move', 'own', null, 'the invited company'),
    (130, 'app.partner_invitation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (140, 'app.marketplace', 'operator_company_id', 'move', 'own', null, 'who operates it'),
    (150, 'app.colleague', 'company_id', 'move', 'own', null, 'whom he acts for, from his next request on (case 5)'),
    (155, 'app.absence', 'company_id', 'move', 'own', null, 'who is away; undo forgets those of colleagues who went with the other side'),
    (156, 'app.company_absence', 'company_id', 'choose', 'key', null, 'when it is away; the survivor''s count, the others come back with an undo'),
    (160, 'app.invitation', 'company_id', 'move', 'own', null, 'who invited'),
    (170, 'app.api_key', 'company_id', 'move', 'own', null, 'the owner; its token keeps working'),
    (172, 'app.intake_key', 'company_id', 'move', 'own', null, 'for whom leads come in; the key goes on working'),
    (175, 'app_private.bearer', 'company_id', 'cascade', 'own', 'app.colleague', 'for whom a token acts, from the next request on (case 5)'),
    (175, 'app_private.bearer', 'company_state', 'cascade', 'own', 'app.company', 'whether that company acts at all'),
    (180, 'app_private.idempotent_answer', 'company_id', 'choose', 'key', null, 'where both used one key the survivor''s answer stays'),
    (178, 'app_private.webhook', 'company_id', 'move', 'own', null, 'whose events it is told; deliveries and secrets go by it'),
    (190, 'app_private.outbox', 'company_id', 'move', 'pending', null, 'on whose behalf; what is sent already stays'),
    (195, 'app.event', 'company_id', 'move', 'own', null, 'whom it was told'),
    (200, 'app_private.audit_entry', 'company_id', 'keep', null, null, 'who did it then'),
    (210, 'app.company', 'id', 'tenant', null, null, 'both companies keep their ids'),
    (210, 'app.company', 'absorbed_into', 'tenant', null, null, 'the survivor, on the absorbed company'),
    (220, 'app.company_merge', 'asking_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'named_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'other_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'survivor_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'absorbed_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'parties', 'generated', null, null, 'both companies'),
    (220, 'app_private.cohort_company', 'company_id', 'keep', null, null, 'the week in which its features came'),
    (230, 'app_private.company_split', 'company_id', 'keep', null, null, 'record of a split'),
    (230, 'app_private.company_split', 'new_company_id', 'keep', null, null, 'record of a split')
  union all
  select * from app_private.legacy_merge_rules()
$$;
