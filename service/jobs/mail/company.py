"""The texts of mails about users becoming companies and companies one: template -> language ->
subject and text (see mails.py)."""

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "colleague-features-on": {
        "de": (
            "Die Kollegenfunktion ist für $company eingeschaltet",
            """für $company ist die Kollegenfunktion seit heute eingeschaltet.

Sie können jetzt Kollegen einladen (POST $base_url/invitations). Was einer von Ihnen pickt, sehen
und bearbeiten dann alle Kollegen Ihrer Firma, und kein anderer Leadnehmer. Arbeiten Sie schon mit
weiteren Zugängen, können diese auf Wunsch zu einer Firma zusammengeführt werden. An Ihren
bisherigen Leads ändert sich nichts, solange Sie niemanden einladen.""",
        ),
        "en": (
            "The colleague features are switched on for $company",
            """As of today the colleague features are switched on for $company.

You can invite colleagues now (POST $base_url/invitations). Whatever one of you picks, all
colleagues of your company will see and work, and no other taker. If you already work with further
accounts, they can be brought together into one company on request. Nothing changes about your
present leads until you invite somebody.""",
        ),
    },
    "follow-up-due": {
        "de": (
            "Wiedervorlage: ein Lead auf $marketplace",
            """für einen Lead auf dem Marktplatz „$marketplace“ war etwas vorgemerkt.

Fällig: $due_at
Lead: $lead

Was zu tun ist, steht am Lead, und alles, was fällig ist, unter GET $base_url/follow-ups.""",
        ),
        "en": (
            "Follow-up: a lead on $marketplace",
            """something was noted down for a lead on the marketplace "$marketplace".

Due: $due_at
Lead: $lead

What there is to do stands with the lead, and all that is due at GET $base_url/follow-ups.""",
        ),
    },
    "lead-handed-back": {
        "de": (
            "Ein Lead auf $marketplace hat keinen Bearbeiter mehr",
            """$hours Arbeitsstunden lang hat der Bearbeiter eines Leads auf dem Marktplatz
„$marketplace“ nichts getan. Der Lead ist wieder frei: Jeder Kollege kann ihn übernehmen, und Sie
können ihn vergeben.

Lead: $lead

Alle Leads ohne Bearbeiter: GET $base_url/leads?as=taker&handler=none""",
        ),
        "en": (
            "A lead on $marketplace has no handler any more",
            """For $hours working hours the handler of a lead on the marketplace "$marketplace" did
nothing. The lead is free again: any colleague can take it over, and you can hand it over.

Lead: $lead

All leads without a handler: GET $base_url/leads?as=taker&handler=none""",
        ),
    },
    "merge-requested": {
        "de": (
            "$company möchte sich mit Ihrer Firma zusammenführen lassen",
            """$company hat darum gebeten, beide Firmen zu einer zusammenzuführen. Noch ist nichts
geschehen, und $company erfährt nichts von Ihnen, solange Sie nicht antworten.

Als Admin können Sie eine Probe bestellen (POST $base_url/merges/$merge/rehearsal). Sie zeigt
beiden Seiten, welche Leads für wen neu sichtbar würden und was sich sonst änderte. Erst danach
entscheiden Sie. Wenn Sie das nicht wollen: POST $base_url/merges/$merge/refuse.""",
        ),
        "en": (
            "$company would like to merge with your company",
            """$company has asked to make one company of both. Nothing has happened so far, and
$company learns nothing about you as long as you do not answer.

As an admin you can order a rehearsal (POST $base_url/merges/$merge/rehearsal). It shows both
sides which leads would newly be seen by whom, and what else would change. You decide after that.
If you do not want it: POST $base_url/merges/$merge/refuse.""",
        ),
    },
    "merge-rehearsed": {
        "de": (
            "Probe: $survivor nimmt $absorbed auf",
            """Die Zusammenführung wurde geprobt: $survivor nähme $absorbed auf. Leads, die für
Kollegen einer Seite neu sichtbar würden: $leads. Hindernisse: $blocks.

Alle Einzelheiten: GET $base_url/merges/$merge/rehearsal

Wenn Sie als Admin zustimmen, genügt dieser Aufruf:

curl -X POST $base_url/merge-consents/$token \\
  -H 'Content-Type: application/json' -d '{"consent": true}'

Mit false lehnen Sie ab. Der Code gilt $days Tage, nur für Sie und nur für diese Probe; bitte
geben Sie ihn nicht weiter. Ohne die Zustimmung beider Seiten geschieht nichts.""",
        ),
        "en": (
            "Rehearsal: $survivor absorbs $absorbed",
            """The merge was rehearsed: $survivor would absorb $absorbed. Leads that colleagues of
one side would newly see: $leads. Things that forbid it: $blocks.

All details: GET $base_url/merges/$merge/rehearsal

If you consent as an admin, this call is enough:

curl -X POST $base_url/merge-consents/$token \\
  -H 'Content-Type: application/json' -d '{"consent": true}'

With false you refuse. The code is valid for $days days, for you alone and for this rehearsal
alone; please do not pass it on. Without the consent of both sides nothing happens.""",
        ),
    },
    "merge-refused": {
        "de": (
            "$company führt sich nicht mit Ihrer Firma zusammen",
            """$company hat die Zusammenführung abgelehnt oder zurückgezogen. An Ihren Daten hat
sich nichts geändert (GET $base_url/merges/$merge).""",
        ),
        "en": (
            "$company does not merge with your company",
            """$company has refused the merge or taken the request back. Nothing of yours has
changed (GET $base_url/merges/$merge).""",
        ),
    },
    "merge-done": {
        "de": (
            "$survivor und $absorbed sind jetzt eine Firma",
            """$survivor hat $absorbed aufgenommen. Sie sind weiter angemeldet und handeln ab
jetzt für $survivor; alle Kollegen sehen und bearbeiten die Leads beider bisherigen Firmen.
Zugänge und API-Schlüssel gelten weiter. 30 Tage lang lässt sich das rückgängig machen; bitte
wenden Sie sich dafür an den Betreiber des Dienstes und nennen Sie $merge.""",
        ),
        "en": (
            "$survivor and $absorbed are one company now",
            """$survivor has absorbed $absorbed. You stay logged in and act for $survivor from now
on; all colleagues see and work the leads of both former companies. Log-ins and API keys stay
valid. For 30 days this can be undone; please ask the operator of the service and name $merge.""",
        ),
    },
    "merge-partner": {
        "de": (
            "$absorbed gehört jetzt zu $survivor",
            """$absorbed, Teilnehmer auf Ihrem Marktplatz ($marketplaces), handelt ab jetzt als
$survivor. Leads, Angebote und Beauftragungen bleiben, was sie sind. Wer die alte Id der Firma
verwendet, erhält 410 mit der neuen.""",
        ),
        "en": (
            "$absorbed belongs to $survivor now",
            """$absorbed, who takes part in your marketplace ($marketplaces), acts as $survivor
from now on. Leads, offers and engagements stay what they are. Who uses the company's old id is
answered 410 with the new one.""",
        ),
    },
    "merge-undone": {
        "de": (
            "$survivor und $absorbed sind wieder zwei Firmen",
            """Die Zusammenführung wurde rückgängig gemacht. Was es vorher gab, gehört wieder, wem
es gehörte; was seitdem entstanden ist, bleibt bei $survivor (Zusammenführung $merge).""",
        ),
        "en": (
            "$survivor and $absorbed are two companies again",
            """The merge was undone. What there was before is whose it was; what was made since
stays with $survivor (merge $merge).""",
        ),
    },
    "colleague-split": {
        "de": (
            "$colleague handelt jetzt für $company",
            """$colleague hat jetzt eine eigene Firma: $company. Mitgegangene Leads: $leads. Alles
andere bleibt, wo es war.""",
        ),
        "en": (
            "$colleague acts for $company now",
            """$colleague has a company of his own now: $company. Leads that went with him:
$leads. Everything else stays where it was.""",
        ),
    },
    "became-admin": {
        "de": (
            "Sie sind jetzt Admin von $company",
            """$colleague ist im früheren System gelöscht worden und war der letzte Admin von
$company. Damit die Firma weiterarbeiten kann, sind Sie jetzt ihr Admin: Sie laden Kollegen ein,
verwalten API-Schlüssel und entscheiden über Zusammenführungen. Besser sind mehrere Admins.""",
        ),
        "en": (
            "You are an admin of $company now",
            """$colleague was deleted in the former system and was the last admin of $company. So
that the company can go on, you are its admin now: you invite colleagues, manage API keys and decide
about merges. Several admins are better than one.""",
        ),
    },
    "picked-twice": {
        "de": (
            "Doppelt gepickt: $interest",
            """Der Lead „$interest“ ($lead) ist zweimal vergeben: hier arbeitet $here daran, im
früheren System hat ihn $there gepickt. Was hier steht, bleibt. Bitte entscheiden Sie, wer
weiterarbeitet, und sagen Sie es beiden.""",
        ),
        "en": (
            "Picked twice: $interest",
            """The lead "$interest" ($lead) was given away twice: here $here works it, in the former
system $there picked it. What is here stays. Please decide who goes on, and tell both.""",
        ),
    },
}
