"""Exports of places where ads ask for leads."""

from typing import Final

from service.domain.imports.files.formats import Format
from service.domain.imports.files.headers import PERSON, columns, keys

META: Final = Format(
    slug="meta-lead-ads",
    title="Meta lead ads",
    recognised_by=(
        keys("id"),
        keys("created_time"),
        keys("form_id", "form_name"),
        keys("is_organic", "platform"),
    ),
    columns={
        **PERSON,
        **columns("external_ref", "id"),
        **columns("received_at", "created_time"),
        **columns("context", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id"),
        **columns(
            "context",
            "campaign_name",
            "form_id",
            "form_name",
            "is_organic",
            "platform",
            "lead_status",
        ),
    },
    interest_hints=(
        "interess",
        "interest",
        "anliegen",
        "welche anlage",
        "welche leistung",
        "looking for",
        "suchen",
    ),
    interest_fallbacks=("form name", "campaign name"),
    prefix=r"(?:l|ag|as|c|f|p|z):",
    underscored=True,
)

GOOGLE: Final = Format(
    slug="google-ads",
    title="Google Ads lead form",
    recognised_by=(
        keys("Lead ID"),
        keys(
            "GCLID",
            "GCL ID",
            "Google Click ID",
            "Google Click ID (GCLID)",
            "Form ID",
            "Lead form ID",
        ),
        keys(
            "User Email",
            "Email",
            "E-Mail",
            "User Phone",
            "Phone Number",
            "Work Email",
            "Telefonnummer",
        ),
    ),
    columns={
        **PERSON,
        **columns("external_ref", "Lead ID"),
        **columns(
            "context", "GCLID", "GCL ID", "Google Click ID", "Google Click ID (GCLID)", "Form ID"
        ),
        **columns(
            "context",
            "Lead form ID",
            "Lead form name",
            "Form name",
            "Campaign ID",
            "Campaign",
            "Campaign name",
        ),
        **columns(
            "context",
            "Ad group ID",
            "Adgroup ID",
            "Ad group",
            "Creative ID",
            "Asset group ID",
            "Asset ID",
        ),
        **columns(
            "context",
            "Lead stage",
        ),
        **columns("context", "Lead Source", "API version"),
        **columns("received_at", "Lead submit time", "Submission date", "Submission time", "Date"),
        **columns("is_test", "Is Test", "Test lead"),
    },
    interest_hints=(
        "interess",
        "interest",
        "anliegen",
        "which service",
        "which product",
        "looking for",
    ),
    interest_fallbacks=("lead form name", "form name", "campaign name", "campaign"),
)

META_CENTRE: Final = Format(
    slug="meta-leads-centre",
    title="Meta leads centre",
    recognised_by=(
        keys("Created", "Erstellt"),
        keys("Form", "Formular"),
        keys("Channel", "Kanal"),
        keys("Email", "E-Mail", "Phone", "Phone Number", "Telefonnummer", "Telefon"),
    ),
    columns={
        **PERSON,
        **columns("received_at", "Created", "Erstellt"),
        **columns("context", "Source", "Form", "Channel", "Stage", "Owner", "Labels", "Quelle",
            "Formular", "Kanal", "Phase", "Inhaber", "Zugewiesen an", "Ad name", "Campaign name"),
    },
    interest_hints=("interess", "interest", "anliegen", "looking for"),
    interest_fallbacks=("form", "formular"),
    loose=True,
)  # fmt: skip

TIKTOK: Final = Format(
    slug="tiktok-leads",
    title="TikTok lead generation",
    recognised_by=(
        keys("adgroup_id", "adgroup_name", "Ad group ID", "Ad group name"),
        keys("ad_id", "ad_name", "Ad ID", "Ad name"),
        keys("created_time", "create_time", "Created time", "Create time", "Submit time",
            "Submission time", "Lead created time"),
        keys("Email", "E-Mail", "Phone", "Phone number", "Telefonnummer", "Telefon"),
    ),
    columns={
        **PERSON,
        **columns("external_ref", "lead_id", "Lead ID"),
        **columns("received_at", "created_time", "create_time", "Submit time", "Submission time",
            "Lead created time"),
        **columns("context", "ad_id", "ad_name", "adgroup_id", "adgroup_name", "Ad group ID",
            "Ad group name", "campaign_id", "campaign_name", "form_id", "form_name", "page_id",
            "page_name", "advertiser_id", "Lead source", "Lead status"),
    },
    interest_hints=("interess", "interest", "anliegen", "looking for"),
    interest_fallbacks=("form name", "page name", "campaign name"),
    loose=True,
)  # fmt: skip

LINKEDIN: Final = Format(
    slug="linkedin-lead-gen",
    title="LinkedIn lead gen form",
    recognised_by=(
        keys("Form Name", "Lead Gen Form Name", "Lead Form Name", "Form ID"),
        keys("Account Name", "Ad Account Name", "Campaign Group Name", "Creative ID",
            "Creative Name", "Conversation Ad Name", "LinkedIn Profile URL", "LinkedIn URL",
            "Linkedin Profile"),
        keys("First Name", "Vorname", "Full Name", "Name"),
        keys("Email Address", "Email", "Work Email", "E-Mail-Adresse", "E-Mail", "Phone Number"),
    ),
    columns={
        **PERSON,
        **columns("external_ref", "Lead ID", "Response ID", "Form Response ID"),
        **columns("received_at", "Created At", "Creation Time", "Lead Creation Time",
            "Lead Created At", "Submitted At", "Submission Time", "Date", "Timestamp"),
        **columns("context", "Account Name", "Ad Account Name", "Account ID", "Campaign Group Name",
            "Campaign Group ID", "Campaign Name", "Campaign ID", "Creative ID", "Creative Name",
            "Conversation Ad Name", "Form Name", "Lead Gen Form Name", "Lead Form Name", "Form ID",
            "Lead Type", "Ad Name"),
        **columns("is_test", "Test Lead", "Is Test Lead"),
    },
    interest_hints=("interess", "interest", "anliegen", "looking for"),
    interest_fallbacks=("form name", "lead gen form name", "lead form name", "campaign name"),
    loose=True,
)  # fmt: skip
