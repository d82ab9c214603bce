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
    "return-waiting": {
        "de": (
            "$colleague möchte einen Lead zurückgeben",
            """$colleague möchte den Lead $lead zurückgeben; in Ihrer Firma geben das Admins und
Delegierende frei.

Freigeben: POST $base_url/marketplaces/…/leads/$lead/engagement/return/release
Nicht freigeben: …/engagement/return/withdraw

Der Betreiber weiß davon noch nichts, und die Frist des Marktplatzes läuft weiter.""",
        ),
        "en": (
            "$colleague wants to return a lead",
            """$colleague wants to return the lead $lead; in your company admins and delegators
release that.

Release it: POST $base_url/marketplaces/…/leads/$lead/engagement/return/release
Do not: …/engagement/return/withdraw

The operator does not know of it yet, and the time that the marketplace gives goes on.""",
        ),
    },
    "return-not-released": {
        "de": (
            "Rückgabe nicht freigegeben",
            """$colleague hat Ihre Rückgabe des Leads $lead nicht freigegeben. Ihre Firma bearbeitet
ihn weiter.""",
        ),
        "en": (
            "Return not released",
            """$colleague has not released your return of the lead $lead. Your company goes on
working it.""",
        ),
    },
    "return-due": {
        "de": (
            "Eine Rückgabe von $company wartet auf Sie",
            """$company möchte den Lead $lead zurückgeben und wartet auf Ihre Antwort.

Ohne sie gilt die Rückgabe nach dem nächsten Arbeitstag als angenommen ($due_at).
Annehmen: POST $base_url/marketplaces/…/leads/$lead/engagement/return/accept, ablehnen: …/refuse""",
        ),
        "en": (
            "A return of $company waits for you",
            """$company wants to return the lead $lead and waits for your answer.

Without one the return is accepted after the next working day ($due_at).
Accept: POST $base_url/marketplaces/…/leads/$lead/engagement/return/accept, refuse: …/refuse""",
        ),
    },
    "return-accepted-by-itself": {
        "de": (
            "Rückgabe angenommen",
            """Die Rückgabe des Leads $lead an $operator ist nach den Regeln des Marktplatzes
angenommen.

Die Kontaktdaten sehen Sie nicht mehr. Ihre Notizen und die Nachrichten Ihrer Beauftragung behalten
Sie: GET $base_url/engagements?state=returned""",
        ),
        "en": (
            "Return accepted",
            """The return of the lead $lead to $operator is accepted by the rules of the
marketplace.

You do not see the contact data any more. You keep your notes and the messages of your engagement:
GET $base_url/engagements?state=returned""",
        ),
    },
    "return-came-by-itself": {
        "de": (
            "Ein Lead ist zurück",
            """Die Rückgabe des Leads $lead von $company ist nach den Regeln Ihres Marktplatzes
angenommen. Was sie annahm (der Grund oder die abgelaufene Frist), steht bei der Beauftragung:
GET $base_url/marketplaces/…/leads/$lead/engagement""",
        ),
        "en": (
            "A lead is back",
            """The return of the lead $lead by $company is accepted by the rules of your
marketplace. What accepted it (its reason, or silence) stands with the engagement:
GET $base_url/marketplaces/…/leads/$lead/engagement""",
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
    "lead-came-back": {
        "de": (
            "Ein Lead ist wieder verfügbar: $interest",
            """Der Lead „$interest“ ist zu Ihnen zurückgekommen und wird nicht von selbst wieder
angeboten.

Bitte entscheiden Sie: POST $base_url/marketplaces/…/leads/$lead/offer (ein verlorener vorher:
…/recycle).""",
        ),
        "en": (
            "A lead is available again: $interest",
            """The lead "$interest" has come back to you and is not offered again by itself.

Please decide: POST $base_url/marketplaces/…/leads/$lead/offer (one that was lost, before that:
…/recycle).""",
        ),
    },
}
