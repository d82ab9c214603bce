"""Holes in the wall, through which the stories of test_model.py must fall."""

LEAKS = {
    "offers stay when they are lost": """alter policy select_own_or_operator on app.offer using (
        company_id = (select app.current_company_id()) or operator_company_id = (select
          app.current_company_id()))""",
    "notes for all": """alter policy select_own on app.note using (
        (select app.current_company_id()) is not null)""",
    "prospect for nobody": "alter policy select_party on app.prospect using (false)",
    "the giver sees offers": """alter policy select_operator on app.brokerage using (
        (select app.current_company_id()) is not null)""",
    "the next taker reads what was said": """create or replace function app_private.record(
        p_marketplace uuid, p_lead uuid, p_event text, p_caller app.caller, p_detail jsonb
          default '{}', p_told boolean default true)
      returns void language plpgsql set search_path = pg_catalog, pg_temp as $$ begin
        insert into app.history (marketplace_id, id, lead_id, engagement_id, parties, event,
          company_id, company_name, detail)
        select p_marketplace, app_private.new_id(), p_lead, e.id, e.parties, p_event,
          p_caller.company_id, p_caller.company_name, p_detail
        from app.engagement e where e.lead_id = p_lead order by e.id limit 1;
        insert into app.history (marketplace_id, id, lead_id, parties, event,
          company_id, company_name, detail)
        select p_marketplace, app_private.new_id(), p_lead, l.origin_parties, p_event,
          p_caller.company_id, p_caller.company_name, p_detail
        from app.lead l where l.id = p_lead and not exists (
          select from app.engagement e where e.lead_id = p_lead);
      end $$""",
    "names stay": """create or replace function app_private.file_names(p_engagement app.engagement)
        returns jsonb language sql immutable as $$ select '{}'::jsonb $$""",
    "the operator reads what is not released": """alter policy select_own_or_operator on
        app.return_request using (company_id = (select app.current_company_id())
          or operator_company_id = (select app.current_company_id()))""",
    "the card for all parties": """alter policy select_party on app.engagement_card using (true)""",
    "events of others": """alter policy select_own on app.event using (true)""",
    "offers to anybody": """create or replace function app_private.may_take(
        p_participation app.participation, p_giver uuid) returns boolean
        language sql immutable as 'select true'""",
}
