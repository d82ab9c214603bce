-- A lead of a batch, as it is to become; app_private.legacy_lead_rows makes them.
create type app_private.legacy_lead_row as (
  legacy_id bigint, action text, marketplace_id uuid, lead_id uuid, parties uuid[],
  operator_company_id uuid, operator_name text, giver_company_id uuid, giver_name text,
  created_by_id uuid, created_by_name text,
  owner_id uuid, taker_company_id uuid, taker_company_name text, taker_id uuid, taker_name text, taker_active boolean,
  state text, outcome text, interest text, postcode_area text, tags text[], consent boolean, value numeric,
  marketplace_name text, steps text[], step text, hours integer, has_offers boolean,
  brokerage_id uuid, engagement_id uuid, picked_at timestamptz, closed_at timestamptz, created_at timestamptz,
  updated_at timestamptz, offers bigint[], comments uuid[], row_hash bigint, known_hash bigint, app_version integer
);
-- An offer of such a lead, with the columns of app.offer. place: of several that one company has for the lead
-- since a merge, the first stays; legacy_id and colleague_id say which it was in the former system.
create type app_private.legacy_offer_row as (
  marketplace_id uuid, id uuid, brokerage_id uuid, lead_id uuid, company_id uuid, operator_company_id uuid,
  wave integer, state text, interest text, postcode_area text, tags text[], marketplace_name text,
  company_name text, opened_at timestamptz, expires_at timestamptz, answered_at timestamptz,
  answered_by_name text, decline_reason text, action text, changed_at timestamptz, legacy_id bigint, colleague_id uuid, place bigint
);
