"""Mails about invitations, offers and leads: template -> language -> subject and text."""

INVITATION_CALL = """curl -X POST $base_url/invitations/$token/accept \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "$your_name", "password": "$your_password"}'"""

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "invitation": {
        "de": (
            "Einladung zu $company",
            """$inviter lädt Sie ein, als Kollege für $company zu arbeiten.

Zum Annehmen wählen Sie einen Namen und ein Passwort mit mindestens zehn Zeichen:

$invitation_call

Ihr Einladungscode lautet: $token

Er gilt $days Tage, nur einmal und nur für diese Adresse; bitte geben Sie ihn nicht weiter. Danach
melden Sie sich mit dieser E-Mail-Adresse an. Wenn Sie die Einladung nicht erwartet haben, brauchen
Sie nichts zu tun.""",
        ),
        "en": (
            "Invitation to $company",
            """$inviter invites you to work for $company as a colleague.

To accept, choose a name and a password of at least ten characters:

$invitation_call

Your invitation code is: $token

It is valid for $days days, once, and for this address only; please do not pass it on. Afterwards
you log in with this e-mail address. If you did not expect this invitation, you need not do
anything.""",
        ),
    },
    "partner-invitation": {
        "de": (
            "Einladung zum Marktplatz $marketplace",
            """$operator lädt Ihre Firma ein, auf dem Marktplatz „$marketplace“ als $capacity
mitzumachen.

Jeder Kollege Ihrer Firma kann die Einladung nach der Anmeldung unter „Teilnahmen“ annehmen oder
ablehnen (POST $base_url/marketplaces/…/participations/accept oder …/decline). Ist Ihre Firma hier
noch nicht eingerichtet, wartet die Einladung auf sie.""",
        ),
        "en": (
            "Invitation to the marketplace $marketplace",
            """$operator invites your company to take part in the marketplace "$marketplace" as
$capacity.

After logging in, every colleague of your company can accept or decline
(POST $base_url/marketplaces/…/participations/accept or …/decline). If your company has not been set
up here yet, the invitation waits for it.""",
        ),
    },
    "partner-answered": {
        "de": (
            "$company hat die Einladung zu $marketplace $accepted",
            """$company hat Ihre Einladung zum Marktplatz „$marketplace“ $accepted.

$next_step""",
        ),
        "en": (
            "$company has $accepted the invitation to $marketplace",
            """$company has $accepted your invitation to the marketplace "$marketplace".

$next_step""",
        ),
    },
    "lead-rejected": {
        "de": (
            "Ein Lead wurde von $operator nicht angenommen",
            """$operator hat den Lead $lead nicht angenommen.

Begründung: $reason

Sie können die Angaben prüfen und einen neuen Lead einstellen; der abgelehnte bleibt zur Ansicht
unter Ihren Leads.""",
        ),
        "en": (
            "A lead was not accepted by $operator",
            """$operator did not accept the lead $lead.

Reason: $reason

You can check the details and put in a new lead; the rejected one remains visible among your
leads.""",
        ),
    },
    "offer-opened": {
        "de": (
            "Neuer Lead: $interest",
            """$operator bietet Ihrer Firma einen Lead an.

Anliegen: $interest
Postleitzahlgebiet: $postcode_area
Offen bis: $expires_at

Jeder Kollege Ihrer Firma kann ihn picken, solange er noch verfügbar ist. Die Kontaktdaten sehen
danach alle Kollegen Ihrer Firma. Ihre offenen Angebote: GET $base_url/offers?state=open""",
        ),
        "en": (
            "New lead: $interest",
            """$operator offers a lead to your company.

Interest: $interest
Postcode area: $postcode_area
Open until: $expires_at

Every colleague of your company can pick it while it is still available. After that all colleagues
of your company see the contact data. Your open offers: GET $base_url/offers?state=open""",
        ),
    },
    "offer-last-call": {
        "de": (
            "Letzte Gelegenheit: $interest",
            """$operator hat Ihrer Firma diesen Lead angeboten, und noch niemand hat geantwortet.

Anliegen: $interest
Postleitzahlgebiet: $postcode_area
Offen bis: $expires_at

Danach geht er an andere. Ihre offenen Angebote: GET $base_url/offers?state=open""",
        ),
        "en": (
            "Last call: $interest",
            """$operator offered this lead to your company, and nobody answered yet.

Interest: $interest
Postcode area: $postcode_area
Open until: $expires_at

After that it goes to others. Your open offers: GET $base_url/offers?state=open""",
        ),
    },
    "lead-engaged": {
        "de": (
            "$company bearbeitet: $interest",
            """Der Lead „$interest“ ist vermittelt: $company bearbeitet ihn.

Sie müssen nichts tun. Den Verlauf und die gemeinsamen Nachrichten finden Sie beim Lead $lead.""",
        ),
        "en": (
            "$company works on: $interest",
            """The lead "$interest" has been placed: $company works on it.

You need not do anything. Its history and the shared messages are with the lead $lead.""",
        ),
    },
    "lead-assigned": {
        "de": (
            "$operator hat Ihrer Firma einen Lead zugewiesen",
            """$operator hat Ihrer Firma den Lead „$interest“ direkt zugewiesen.

Er steht jetzt allen Kollegen Ihrer Firma mit den Kontaktdaten zur Verfügung
(GET $base_url/leads?as=taker). Bitte legen Sie fest, wer ihn bearbeitet.""",
        ),
        "en": (
            "$operator has assigned a lead to your company",
            """$operator has assigned the lead "$interest" directly to your company.

It is now available, with the contact data, to all colleagues of your company
(GET $base_url/leads?as=taker). Please decide who handles it.""",
        ),
    },
    "lead-unplaced": {
        "de": (
            "Nicht vermittelt: $interest",
            """Für den Lead „$interest“ hat sich kein Leadnehmer entschieden: Alle Angebote sind
abgelehnt, abgelaufen oder zurückgezogen.

Sie können den Lead $lead erneut anbieten, direkt zuweisen oder zurückziehen.""",
        ),
        "en": (
            "Not placed: $interest",
            """No taker has chosen the lead "$interest": all offers were declined, have expired or
were withdrawn.

You can offer the lead $lead again, assign it directly, or withdraw it.""",
        ),
    },
    "file-received": {
        "de": (
            "Neue Datei von $company",
            """$company hat zu einem gemeinsamen Lead eine Datei geteilt.

Sie finden sie nach der Anmeldung beim Lead $lead. Die Datei selbst wird aus Datenschutzgründen
nicht per E-Mail verschickt.""",
        ),
        "en": (
            "New file from $company",
            """$company has shared a file about a lead you share.

You find it at the lead $lead after logging in. To protect the data in it, the file itself is not
sent by e-mail.""",
        ),
    },
    "message-received": {
        "de": (
            "Neue Nachricht von $company",
            """$company hat zu einem gemeinsamen Lead eine Nachricht geschrieben.

Lesen und beantworten können Sie sie nach der Anmeldung beim Lead $lead. Was in der Nachricht steht,
wird aus Datenschutzgründen nicht per E-Mail verschickt.""",
        ),
        "en": (
            "New message from $company",
            """$company has written a message about a lead you share.

You can read and answer it at the lead $lead after logging in. To protect the data in it, the
message itself is not sent by e-mail.""",
        ),
    },
}
