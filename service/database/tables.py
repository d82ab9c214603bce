"""The tables of `app` as statements that are put together name them (SQLAlchemy Core).

`sql/tables` is the truth; `tests/plans/test_tables.py` compares this with the catalogue, and writes
it anew. Nothing here creates or changes a table.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

ALL = MetaData(schema="app")


class _Transaction(UserDefinedType[Any]):
    """The number of a transaction; no statement that is put together asks for it."""

    def __repr__(self) -> str:
        return "xid8"


TYPES: dict[str, Any] = {
    "uuid": Uuid,
    "text": Text,
    "integer": Integer,
    "bigint": BigInteger,
    "boolean": Boolean,
    "timestamptz": DateTime(timezone=True),
    "date": Date,
    "interval": Interval,
    "double": Double,
    "numeric(14,2)": Numeric(14, 2),
    "jsonb": JSONB,
    "bytea": LargeBinary,
    "text[]": ARRAY(Text),
    "uuid[]": ARRAY(Uuid),
    "integer[]": ARRAY(Integer),
    "xid8": _Transaction,
}


def _table(name: str, columns: str) -> Table:
    pairs = (column.split() for column in columns.split(", "))
    return Table(name, ALL, *(Column(column, TYPES[kind]) for column, kind in pairs))


# From here on written by a test.
absence = _table(
    "absence",
    "id uuid, company_id uuid, colleague_id uuid, covered_by_id uuid, begins_at timestamptz, "
    "ends_at timestamptz, created_at timestamptz",
)
api_key = _table(
    "api_key",
    "id uuid, company_id uuid, name text, created_by_id uuid, created_at timestamptz, "
    "revoked_at timestamptz, active boolean",
)
brokerage = _table(
    "brokerage",
    "marketplace_id uuid, id uuid, lead_id uuid, operator_company_id uuid, state text, wave "
    "integer, wave_ends_at timestamptz, opened_by_id uuid, opened_at timestamptz, closed_at "
    "timestamptz, plan jsonb, left_out jsonb, last_call_at timestamptz",
)
calendar = _table(
    "calendar",
    "marketplace_id uuid, operator_company_id uuid, time_zone text, hours jsonb, "
    "federal_state text, regional_holidays boolean, own_days jsonb, version integer",
)
call_attempt = _table(
    "call_attempt",
    "marketplace_id uuid, id uuid, lead_id uuid, engagement_id uuid, company_id uuid, "
    "colleague_id uuid, colleague_name text, outcome text, note text, call_back_at "
    "timestamptz, created_at timestamptz",
)
call_claim = _table(
    "call_claim",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, colleague_id uuid, "
    "colleague_name text, claimed_at timestamptz, until timestamptz",
)
colleague = _table(
    "colleague",
    "id uuid, company_id uuid, email text, name text, role text, active boolean, language "
    "text, created_at timestamptz, changed_at timestamptz, version integer",
)
company = _table(
    "company",
    "id uuid, name text, state text, absorbed_into uuid, delegator_role boolean, language "
    "text, origin_legacy_user_id text, created_at timestamptz, changed_at timestamptz, "
    "version integer, names_due_before uuid, returns_need_release boolean",
)
company_absence = _table(
    "company_absence",
    "id uuid, company_id uuid, begins_at timestamptz, ends_at timestamptz, created_at timestamptz",
)
company_merge = _table(
    "company_merge",
    "id uuid, asking_company_id uuid, asking_company_name text, asking_side text, named_email "
    "text, named_company_id uuid, other_company_id uuid, parties uuid[], state text, "
    "survivor_company_id uuid, survivor_name text, absorbed_company_id uuid, absorbed_name "
    "text, execute_at timestamptz, reference text, rehearsal_due boolean, rehearsal_id uuid, "
    "rehearsal jsonb, rehearsed_at timestamptz, survivor_consent_at timestamptz, "
    "survivor_consent text, absorbed_consent_at timestamptz, absorbed_consent text, refusal "
    "text, problem jsonb, done_at timestamptz, done_id uuid, result jsonb, undone_at "
    "timestamptz, undo_result jsonb, created_at timestamptz, changed_at timestamptz, version "
    "integer",
)
disclosure = _table(
    "disclosure",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, operator_company_id uuid, "
    "parties uuid[], company_name text, colleague_name text, cause text, fields text[], since "
    "timestamptz, until timestamptz",
)
engagement = _table(
    "engagement",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, operator_company_id uuid, "
    "giver_company_id uuid, parties uuid[], company_name text, state text, origin text, "
    "self_pick boolean, picked_by_id uuid, picked_by_name text, steps text[], step text, "
    "handler_id uuid, handler_name text, value numeric(14,2), started_at timestamptz, "
    "closed_at timestamptz, return_reason text, return_comment text, return_requested_at "
    "timestamptz, ended_at timestamptz, first_contact_at timestamptz",
)
engagement_card = _table(
    "engagement_card",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, operator_company_id uuid, "
    "parties uuid[], company_name text, picked_by_name text, handler_name text, names jsonb",
)
event = _table(
    "event",
    "marketplace_id uuid, id uuid, slot integer, company_id uuid, kind text, lead_id uuid, "
    "engagement_id uuid, version integer, colleague_id uuid, at timestamptz, written_by xid8",
)
follow_up = _table(
    "follow_up",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, colleague_id uuid, due_at "
    "timestamptz, text text, done_at timestamptz, reminded_at timestamptz, created_at "
    "timestamptz, version integer",
)
history = _table(
    "history",
    "marketplace_id uuid, id uuid, lead_id uuid, parties uuid[], event text, company_id uuid, "
    "company_name text, colleague_id uuid, colleague_name text, detail jsonb, created_at "
    "timestamptz, engagement_id uuid, origin_parties uuid[]",
)
import_consent = _table(
    "import_consent",
    "marketplace_id uuid, id uuid, import_id uuid, company_id uuid, colleague_id uuid, "
    "api_key_id uuid, stated_by text, text text, source text, given_at timestamptz, state "
    "text, row_number integer, leads integer, submitted integer, created_at timestamptz",
)
import_mapping = _table(
    "import_mapping",
    "id uuid, company_id uuid, name text, mapping text, saved_by text, saved_at timestamptz",
)
intake_key = _table(
    "intake_key",
    "marketplace_id uuid, id uuid, company_id uuid, kind text, name text, interest text, "
    "origins text[], consent_text text, key_sha256 bytea, secret_sha256 bytea, created_by_id "
    "uuid, created_at timestamptz, revoked_at timestamptz, failing_since timestamptz, failure "
    "text",
)
invitation = _table(
    "invitation",
    "id uuid, company_id uuid, email text, role text, state text, invited_by_id uuid, "
    "created_at timestamptz, expires_at timestamptz, answered_at timestamptz",
)
lead = _table(
    "lead",
    "marketplace_id uuid, id uuid, operator_company_id uuid, giver_company_id uuid, "
    "engaged_company_id uuid, parties uuid[], state text, interest text, postcode_area text, "
    "tags text[], teaser_interest text, teaser_tags text[], distribution_permission boolean, "
    "source text, external_ref text, rejection_reason text, operator_name text, giver_name "
    "text, engaged_company_name text, engagement_id uuid, created_by_id uuid, received_at "
    "timestamptz, created_at timestamptz, submitted_at timestamptz, changed_at timestamptz, "
    "version integer, origin_parties uuid[]",
)
lead_import = _table(
    "lead_import",
    "marketplace_id uuid, id uuid, company_id uuid, colleague_id uuid, api_key_id uuid, "
    "file_name text, format text, encoding text, separator text, dry_run boolean, state text, "
    "rows integer, done integer, imported integer, duplicates integer, refused integer, "
    "remarks jsonb, skipped jsonb, sheets jsonb, problem text, attempts integer, retry_at "
    "timestamptz, created_at timestamptz, ended_at timestamptz",
)
lead_import_row = _table(
    "lead_import_row",
    "marketplace_id uuid, import_id uuid, row_number integer, company_id uuid, outcome text, "
    "lead_id uuid, code text, field text, detail jsonb, warnings jsonb",
)
marketplace = _table(
    "marketplace",
    "id uuid, operator_company_id uuid, name text, operator_name text, steps text[], "
    "operator_may_take boolean, giver_may_withdraw boolean, auto_accept boolean, auto_offer "
    "boolean, response_hours integer, reopen_days integer, teaser_digits integer, created_at "
    "timestamptz, changed_at timestamptz, version integer, next_step_required boolean, "
    "hand_back_hours integer, price_cents integer, currency text, contact_target_minutes "
    "integer, stalled_hours integer, duplicate_days integer",
)
message = _table(
    "message",
    "marketplace_id uuid, id uuid, lead_id uuid, parties uuid[], company_id uuid, "
    "company_name text, author_id uuid, author_name text, text text, created_at timestamptz, "
    "engagement_id uuid, origin_parties uuid[]",
)
message_file = _table(
    "message_file",
    "marketplace_id uuid, id uuid, lead_id uuid, parties uuid[], company_id uuid, "
    "company_name text, author_id uuid, author_name text, name text, media_type text, size "
    "bigint, sha256 bytea, created_at timestamptz, engagement_id uuid, origin_parties uuid[]",
)
note = _table(
    "note",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, author_id uuid, author_name "
    "text, text text, created_at timestamptz, engagement_id uuid",
)
note_file = _table(
    "note_file",
    "marketplace_id uuid, id uuid, lead_id uuid, company_id uuid, author_id uuid, author_name "
    "text, name text, media_type text, size bigint, sha256 bytea, created_at timestamptz, "
    "engagement_id uuid",
)
offer = _table(
    "offer",
    "marketplace_id uuid, id uuid, brokerage_id uuid, lead_id uuid, company_id uuid, "
    "operator_company_id uuid, wave integer, state text, interest text, postcode_area text, "
    "tags text[], marketplace_name text, company_name text, opened_at timestamptz, expires_at "
    "timestamptz, answered_at timestamptz, answered_by_name text, decline_reason text, "
    "placed_before integer, price_cents integer, currency text",
)
participation = _table(
    "participation",
    "marketplace_id uuid, company_id uuid, operator_company_id uuid, capacities text[], state "
    "text, postcode_areas text[], tags text[], paused boolean, cap integer, marketplace_name "
    "text, operator_name text, company_name text, steps text[], invited_at timestamptz, "
    "answered_at timestamptz, ended_at timestamptz, version integer, cap_day integer, "
    "cap_week integer, cap_month integer, time_zone text, exclusive_areas text[], price_cents "
    "integer",
)
partner_invitation = _table(
    "partner_invitation",
    "marketplace_id uuid, id uuid, operator_company_id uuid, email text, company_id uuid, "
    "capacity text, postcode_areas text[], tags text[], cap integer, state text, created_at "
    "timestamptz",
)
posting = _table(
    "posting",
    "marketplace_id uuid, id uuid, lead_id uuid, engagement_id uuid, company_id uuid, "
    "operator_company_id uuid, parties uuid[], company_name text, kind text, reason text, "
    "amount_cents integer, currency text, posted_at timestamptz",
)
prospect = _table(
    "prospect",
    "marketplace_id uuid, lead_id uuid, parties uuid[], name text, salutation text, company "
    "text, email text, phone text, street text, postcode text, city text, country text, "
    "answers jsonb, email_key text, phone_key text, about text, searched text, erased_at "
    "timestamptz",
)
rating = _table(
    "rating",
    "marketplace_id uuid, engagement_id uuid, lead_id uuid, company_id uuid, "
    "operator_company_id uuid, parties uuid[], stars integer, reason text, rated_at "
    "timestamptz, changed_at timestamptz",
)
return_request = _table(
    "return_request",
    "marketplace_id uuid, id uuid, lead_id uuid, engagement_id uuid, company_id uuid, "
    "operator_company_id uuid, state text, reason text, comment text, asked_by_id uuid, "
    "asked_by_name text, asked_at timestamptz, released_by_name text, requested_at "
    "timestamptz, attempts integer, days integer, calls jsonb, remind_at timestamptz, "
    "silence_at timestamptz, automatic text, answer text, ended_at timestamptz, files uuid[]",
)
return_rules = _table(
    "return_rules",
    "marketplace_id uuid, operator_company_id uuid, reasons jsonb, window_days integer, "
    "quota_percent integer, quota_days integer, silence_days integer, version integer",
)
saved_view = _table(
    "saved_view",
    "id uuid, company_id uuid, name text, address text, saved_by text, saved_at timestamptz",
)
wave_plan = _table(
    "wave_plan",
    "marketplace_id uuid, operator_company_id uuid, waves jsonb, on_cap text, recycle text, "
    "seed uuid, version integer",
)
