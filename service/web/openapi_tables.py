"""What the description of the API says and no signature shows: problems, members, examples."""

from typing import Any

# Operation -> problems of its own, by slug. What holds for whole groups of routes (a bad request,
# no token, an unknown id where there is one in the address, ...) is added in openapi.py.
PROBLEMS: dict[str, str] = {
    "health.readyz": "unavailable",
    "sessions.log_in": "log-in-failed too-many-requests",
    "sessions.log_out": "colleague-required",
    "sessions.list_sessions": "colleague-required",
    "sessions.end_session": "colleague-required",
    "sessions.change_me": "colleague-required version-stale",
    "sessions.change_password": "colleague-required password-wrong too-many-requests",
    "sessions.reset_password": "not-found",
    "companies.change_company": "admin-required version-stale",
    "companies.change_colleague": "admin-required last-admin version-stale",
    "companies.invite": "admin-required colleague-features-off conflict too-many-requests",
    "companies.list_merge_suggestions": "admin-required",
    "companies.revoke_invitation": "admin-required",
    "companies.accept": "not-found email-taken invitation-accepted too-many-requests",
    "companies.create_api_key": "admin-required shown-once",
    "companies.revoke_api_key": "admin-required",
    "marketplaces.change_marketplace": "version-stale",
    "marketplaces.invite_partner": "own-company conflict company-absorbed too-many-requests",
    "marketplaces.accept_participation": "participation-state",
    "marketplaces.decline_participation": "participation-state",
    "marketplaces.change_participation": "version-stale company-absorbed",
    "marketplaces.end_participation": "participation-state company-absorbed",
    "leads.list_leads": "colleague-required",
    "leads.create": "giver-required lead-exists distribution-permission-missing contact-missing",
    "leads.change": "operator-required version-stale version-required lead-state contact-missing",
    "leads.submit": "giver-required lead-state distribution-permission-missing contact-missing",
    "leads.accept": "operator-required lead-state",
    "leads.reject": "operator-required lead-state",
    "leads.offer": "operator-required lead-state no-matching-taker taker-unfit company-absorbed",
    "leads.assign": "operator-required lead-state cap-reached operator-may-not-take"
    " operator-takes-after-first-wave taker-unfit company-absorbed",
    "leads.withdraw": "operator-required giver-may-not-withdraw lead-engaged lead-state",
    "offers.pick": "lead-no-longer-available offer-declined cap-reached"
    " operator-takes-after-first-wave too-many-requests",
    "offers.decline": "lead-no-longer-available",
    "offers.reopen": "lead-no-longer-available",
    "engagements.change": "taker-required delegator-required engagement-state step-unknown"
    " handler-unknown version-stale version-required",
    "engagements.close": "taker-required engagement-state",
    "engagements.reopen": "taker-required engagement-state reopen-window-over",
    "imports.import_file": "not-found giver-required file-unreadable",
    "imports.state_consent": "giver-required import-state",
    "imports.save_mapping": "file-unreadable too-many-mappings",
    "merges.request": "admin-required colleague-features-off merge-with-itself too-many-requests",
    "merges.order_rehearsal": "admin-required colleague-features-off merge-state"
    " merge-other-side-first",
    "merges.show_rehearsal": "merge-not-rehearsed",
    "merges.consent": "admin-required colleague-features-off merge-state merge-rehearsed-anew"
    " merge-blocked merge-consent-expired",
    "merges.refuse": "admin-required merge-state",
    "merges.answer_by_token": "not-found colleague-features-off merge-blocked"
    " merge-consent-expired",
}

# Problem -> what it has beyond type, title, status and detail.
MEMBERS_OF: dict[str, str] = {
    "bad-request": "reason",
    "validation-failed": "errors",
    "file-unreadable": "errors mapping",
    "import-state": "state",
    "contact-missing": "errors",
    "headers-too-large": "limit",
    "address-too-long": "limit",
    "body-too-large": "limit",
    "version-stale": "version",
    "lead-state": "state allowed",
    "engagement-state": "state",
    "participation-state": "state",
    "merge-state": "state allowed",
    "lead-exists": "lead_id",
    "cap-reached": "cap",
    "taker-unfit": "companies",
    "step-unknown": "steps",
    "colleague-features-off": "week",
    "reopen-window-over": "days",
    "company-absorbed": "company_id",
    "merge-blocked": "blocks",
}

MEMBERS: dict[str, dict[str, Any]] = {
    "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    "reason": {"type": "string", "description": "What was found"},
    "mapping": {
        "type": "string",
        "description": "A mapping (TOML) to begin with, made of the headers that were recognised",
    },
    "limit": {"type": "integer", "description": "The most that is taken, in bytes"},
    "version": {"type": "integer", "description": "The present version"},
    "state": {"type": "string", "description": "The present state"},
    "allowed": {
        "type": "array",
        "items": {"type": "string"},
        "description": "States in which it can be done",
    },
    "lead_id": {
        "type": "string",
        "format": "uuid",
        "description": "The lead that has this external_ref",
    },
    "cap": {"type": "integer", "description": "Leads worked at once"},
    "companies": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "The companies that do not fit",
    },
    "steps": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The steps there are",
    },
    "week": {"type": "string", "description": "When they come, such as 2026-W42"},
    "days": {"type": "integer", "description": "How many days it was open"},
    "company_id": {
        "type": "string",
        "format": "uuid",
        "description": "The company that goes on for it",
    },
    "blocks": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Block"},
        "description": "What forbids the merge, as in the rehearsal",
    },
}

_PROSPECT = {
    "name": "Petra Muster",
    "email": "petra@muster.example",
    "phone": "+49 30 23125000",
    "postcode": "10115",
    "city": "Berlin",
}
_ID = "0199b6a0-0000-7000-8000-000000000001"

# Name of the body's schema -> an example that a client can send.
EXAMPLES: dict[str, Any] = {
    "LogIn": {"email": "anna@huber.example", "password": "correct horse battery"},
    "PasswordChange": {
        "current_password": "correct horse battery",
        "password": "another horse battery",
    },
    "ResetRequest": {"email": "anna@huber.example"},
    "NewPassword": {"password": "another horse battery"},
    "CompanyChange": {"name": "Firma Huber GmbH", "delegator_role": True},
    "ColleagueChange": {"role": "delegator"},
    "InvitationDraft": {"email": "ben@huber.example", "role": "member"},
    "Acceptance": {"name": "Ben Huber", "password": "correct horse battery"},
    "ApiKeyDraft": {"name": "CRM"},
    "MarketplaceDraft": {"name": "Marktplatz Nord", "steps": ["neu", "kontaktiert", "Angebot"]},
    "MarketplaceChange": {"response_hours": 24},
    "PartnerInvitation": {
        "email": "cora@klein.example",
        "capacity": "taker",
        "postcode_areas": ["10", "12"],
        "cap": 20,
    },
    "ParticipationChange": {"paused": True},
    "LeadDraft": {
        "prospect": _PROSPECT,
        "interest": "Wärmepumpe für ein Einfamilienhaus",
        "distribution_permission": True,
        "submit": True,
    },
    "LeadChange": {"prospect": {"phone": "+49 30 23125001"}},
    "Rejection": {"reason": "Die Telefonnummer gehört jemand anderem"},
    "OfferDraft": {"company_ids": [_ID], "response_hours": 24},
    "Assignment": {"company_id": _ID},
    "Withdrawal": {"reason": "Die Person hat es sich anders überlegt"},
    "Refusal": {"reason": "Zu weit entfernt"},
    "ConsentDraft": {
        "text": "Meine Daten dürfen an Fachbetriebe weitergegeben werden.",
        "source": "Messe Nord, Formular auf Papier",
        "given_at": "2026-10-01T08:00:00Z",
    },
    "MappingDraft": {"mapping": 'name = "messe"\n[columns]\nname = "Wer"\nemail = "Mail"\n'},
    "EngagementChange": {"step": "kontaktiert", "handler_id": _ID},
    "Closing": {"outcome": "won", "value": 12500},
    "MergeDraft": {"absorbed_company_email": "cora@klein.example"},
    "Consent": {"rehearsal_id": _ID},
    "MergeRefusal": {"reason": "Wir bleiben lieber eigenständig"},
    "TokenAnswer": {"consent": True},
    "Entry": {"text": "Rückruf am Dienstag vereinbart"},
}

INFO = """Colleagues of a company share the leads that one of them picked.

* `Authorization: Bearer <token>` from `POST /sessions` or an API key; no cookies.
* Lists: `limit` and the opaque `cursor`; `next_cursor` is null on the last page.
* `Idempotency-Key` on `POST`: the same key and body get the first answer again for 24 hours.
* `If-Match` on `PATCH` with the `ETag` of what was read; fields that are not named stay.
* Errors are `application/problem+json`, in German or English (`Accept-Language`).
* Every `GET` answers `HEAD`. Unknown fields and parameters are refused, also keys given twice.
* An id that the caller's company may not see is answered like one that does not exist: 404.
"""
