"""Where in the workbench a mail leads; its addresses are fixed (docs/mail.md)."""

from collections.abc import Mapping
from typing import Any

_LEAD = "/app/leads/{marketplace_id}/{lead}"
_MERGE = "/app/merges/{merge}"
_MARKETPLACE = "/app/marketplaces/{marketplace_id}"
#: Of templates that are not about a lead, and the address without what a payload may lack.
_PLACES = {
    "offer-opened": "/app/offers",
    "offer-last-call": "/app/offers",
    "partner-invitation": _MARKETPLACE,
    "partner-answered": _MARKETPLACE,
    "merge-requested": _MERGE,
    "merge-rehearsed": _MERGE,
    "merge-refused": _MERGE,
    "merge-done": _MERGE,
    "merge-partner": _MERGE,
    "merge-undone": _MERGE,
    "invitation": "/app/",
    "password-reset": "/app/",
    "password-changed": "/app/",
    "colleague-split": "/app/leads",
    "colleague-features-on": "/app/company",
    "became-admin": "/app/company",
    "webhook-gone": "/app/company/webhooks",
    "webhook-failing": "/app/company/webhooks",
    "meta-token-refused": "/app/company/intake-keys",
    "meta-permission-missing": "/app/company/intake-keys",
    "meta-lead-missed": "/app/company/intake-keys",
    "digest": "/app/",
}


def place_of(template: str, payload: Mapping[str, Any]) -> str:
    """A path; of the list where the payload does not say of which one (a mail of an older
    release)."""
    place = _PLACES.get(template, _LEAD)
    try:
        return place.format_map(payload)
    except KeyError:
        return place.partition("/{")[0]
