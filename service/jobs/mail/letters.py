"""A mail as bytes: text and HTML, with headers that machines read."""

from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, NamedTuple

from email_validator import EmailNotValidError, validate_email

from service.jobs.mail.rendering import Mail
from service.settings import SettingMissing


class Sender(NamedTuple):
    """Who mails are from: the header, the bare address, and the domain that names them."""

    header: str
    address: str
    domain: str


def sender_of(text: str) -> Sender:
    """`Kollegium <leads@firma.example>`, or the address alone. Raises SettingMissing."""
    name, address = parseaddr(text)
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise SettingMissing(f"KOLLEGIUM_MAIL_FROM is no mail address: {error}") from error
    if checked.ascii_email is None or any(sign in name for sign in "\r\n"):
        raise SettingMissing("KOLLEGIUM_MAIL_FROM needs an address that every mail server takes.")
    domain = checked.ascii_email.rpartition("@")[2]
    return Sender(text.strip(), checked.ascii_email, domain)


def envelope_address(address: str) -> str:
    """As mail servers take it: the domain in ASCII where the rest is; else as it stands."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode() if not domain.isascii() else domain}"
    except UnicodeError:
        return address


# A long address in a header would be folded into encoded words, which no mail program clicks.
_LINES = policy.SMTP.clone(max_line_length=998)


def letter(
    sender: Sender, recipient: str, claimed: Any, mail: Mail, way_out: str | None = None
) -> bytes:
    """The whole message. Its id is that of the outbox, so a repetition is known as one. `way_out`
    is where one click ends mails of this kind (RFC 8058)."""
    message = EmailMessage(policy=_LINES)
    message["From"] = sender.header
    message["To"] = recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(claimed["created_at"])
    message["Message-ID"] = f"<{claimed['id']}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = claimed["language"]
    if way_out is not None:
        message["List-Unsubscribe"] = f"<{way_out}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()
