"""The texts of mails about webhooks: template -> language -> subject and text (see mails.py)."""

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "webhook-gone": {
        "de": (
            "Ihr Webhook $name ist ausgeschaltet: der Empfänger will nichts mehr",
            """der Empfänger Ihres Webhooks $name hat mit 410 geantwortet: Unter dieser Adresse
will er nichts mehr erhalten. Der Webhook ist seitdem ausgeschaltet, und was unterwegs war, wird
nicht mehr gesendet.

Als Admin sehen Sie, was aus den Sendungen geworden ist (GET
$base_url/webhooks/$webhook/deliveries), und schalten ihn mit einer neuen Adresse wieder ein (PATCH
$base_url/webhooks/$webhook).""",
        ),
        "en": (
            "Your webhook $name is switched off: its receiver wants nothing more",
            """The receiver of your webhook $name answered 410: it does not want anything at this
address any more. The webhook is switched off since, and what was on its way is not sent any more.

As an admin you see what became of the deliveries (GET $base_url/webhooks/$webhook/deliveries), and
switch it on again with a new address (PATCH $base_url/webhooks/$webhook).""",
        ),
    },
    "webhook-failing": {
        "de": (
            "Ihr Webhook $name ist ausgeschaltet: drei Tage lang kam nichts an",
            """drei Tage lang hat der Empfänger Ihres Webhooks $name nichts angenommen. Der Webhook
ist jetzt ausgeschaltet, und was unterwegs war, wird nicht mehr gesendet.

Als Admin sehen Sie, woran es lag (GET $base_url/webhooks/$webhook/deliveries), schalten ihn wieder
ein (PATCH $base_url/webhooks/$webhook) und wiederholen Sendungen der letzten sieben Tage.""",
        ),
        "en": (
            "Your webhook $name is switched off: nothing arrived for three days",
            """For three days the receiver of your webhook $name took nothing. The webhook is
switched off now, and what was on its way is not sent any more.

As an admin you see why (GET $base_url/webhooks/$webhook/deliveries), switch it on again (PATCH
$base_url/webhooks/$webhook) and send deliveries of the last seven days again.""",
        ),
    },
}
