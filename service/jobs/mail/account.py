"""The texts of mails about somebody's own account: template -> language -> subject and text (see
mails.py)."""

RESET_CALL = """curl -X POST $base_url/password-resets/$token \\
  -H 'Content-Type: application/json' -d '{"password": "$your_password"}'"""

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "password-reset": {
        "de": (
            "Ihr neues Passwort",
            """für Ihr Konto wurde ein neues Passwort angefordert. So setzen Sie eines mit
mindestens zehn Zeichen:

$reset_call

Der Link gilt $minutes Minuten und nur einmal: $base_url/password-resets/$token

Bitte geben Sie ihn nicht weiter. Danach sind alle Ihre Sitzungen beendet, und Sie melden sich mit
dem neuen Passwort an. Wenn Sie nichts angefordert haben, brauchen Sie nichts zu tun; Ihr Passwort
gilt weiter.""",
        ),
        "en": (
            "Your new password",
            """Somebody asked for a new password of your account. To set one of at least ten
characters:

$reset_call

The link is valid for $minutes minutes, and once: $base_url/password-resets/$token

Please do not pass it on. Afterwards all your sessions have ended, and you log in with the new
password. If you did not ask for it, you need not do anything; your password stays as it is.""",
        ),
    },
    "password-changed": {
        "de": (
            "Ihr Passwort wurde geändert",
            """das Passwort Ihres Kontos wurde geändert; andere Sitzungen sind beendet.

Wenn Sie das nicht waren, setzen Sie es bitte sofort neu (POST $base_url/password-resets mit Ihrer
E-Mail-Adresse) und sagen Sie einem Admin Ihrer Firma Bescheid.""",
        ),
        "en": (
            "Your password was changed",
            """The password of your account was changed; other sessions have ended.

If that was not you, please set it anew at once (POST $base_url/password-resets with your e-mail
address) and tell an admin of your company.""",
        ),
    },
}
