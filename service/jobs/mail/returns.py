"""What is written when a lead goes back: no name of a taker to anybody but the operator."""

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "return-requested": {
        "de": (
            "$company möchte einen Lead zurückgeben",
            """$company möchte den Lead $lead zurückgeben. Der Grund steht im Verlauf.

Bitte entscheiden Sie: POST $base_url/marketplaces/…/leads/$lead/engagement/return/accept oder
…/refuse. Bis dahin bearbeitet $company ihn weiter.""",
        ),
        "en": (
            "$company wants to return a lead",
            """$company wants to return the lead $lead. The reason is in its history.

Please decide: POST $base_url/marketplaces/…/leads/$lead/engagement/return/accept or …/refuse.
Until then $company goes on working it.""",
        ),
    },
    "return-accepted": {
        "de": (
            "Rückgabe angenommen",
            """$operator hat die Rückgabe des Leads $lead angenommen.

Die Kontaktdaten sehen Sie nicht mehr. Ihre Notizen und die Nachrichten Ihrer Beauftragung behalten
Sie: GET $base_url/engagements?state=returned""",
        ),
        "en": (
            "Return accepted",
            """$operator has accepted the return of the lead $lead.

You do not see the contact data any more. You keep your notes and the messages of your engagement:
GET $base_url/engagements?state=returned""",
        ),
    },
    "return-refused": {
        "de": (
            "Rückgabe abgelehnt",
            """$operator hat die Rückgabe des Leads $lead abgelehnt. Ihre Firma bearbeitet
ihn weiter.

Was dazu gesagt wurde, steht im Verlauf des Leads.""",
        ),
        "en": (
            "Return refused",
            """$operator has refused the return of the lead $lead. Your company goes on working it.

What was said to that is in the history of the lead.""",
        ),
    },
    "lead-revoked": {
        "de": (
            "$operator hat Ihrer Firma einen Lead entzogen",
            """$operator hat Ihrer Firma den Lead $lead entzogen. Der Grund steht im Verlauf.

Die Kontaktdaten sehen Sie nicht mehr. Ihre Notizen und die Nachrichten Ihrer Beauftragung behalten
Sie: GET $base_url/engagements?state=revoked""",
        ),
        "en": (
            "$operator has taken a lead from your company",
            """$operator has taken the lead $lead from your company. The reason is in its history.

You do not see the contact data any more. You keep your notes and the messages of your engagement:
GET $base_url/engagements?state=revoked""",
        ),
    },
}
