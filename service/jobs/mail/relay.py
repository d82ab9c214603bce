"""The mail server that mails are given to, and how one of them goes there.

A mail server answers with codes (RFC 5321) and often an enhanced status (RFC 3463). What they say
is turned into five outcomes, which `app.settle_mail` knows; its texts, which quote addresses, are
dropped.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

from service.settings import SettingMissing

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # for each command; a slow server costs one lease, not the worker
_PORTS = {"smtp": 25, "smtps": 465}
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Relay(NamedTuple):
    """Where mails go: `tls` from the first byte, else STARTTLS when it is offered."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = None


class Attempt(NamedTuple):
    """What became of an attempt: sent, later, unsent, refused or unknown (`app.settle_mail`), and
    the codes or the word that say why."""

    name: str
    failure: str | None = None


class RelayDown(Exception):
    """Nobody is reached there, or we are refused: no fault of any mail. Says why, in a word."""


def relay_of(url: str) -> Relay:
    """`smtp://[user:password@]host[:port]` or `smtps://…`. Raises SettingMissing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingMissing(f"KOLLEGIUM_SMTP_URL is no address: {error}.") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingMissing(
            "KOLLEGIUM_SMTP_URL looks like smtp://user:password@mail.example:587, or smtps://… for "
            "TLS from the first byte."
        )
    user, password = parts.username, parts.password
    return Relay(
        parts.hostname,
        port or _PORTS[parts.scheme],
        parts.scheme == "smtps",
        user and unquote(user),
        password and unquote(password),
    )


@asynccontextmanager
async def reached(relay: Relay, context: ssl.SSLContext | None = None) -> AsyncIterator[SMTP]:
    """A conversation with the mail server. Raises RelayDown, also for a password that would have to
    go there in the clear."""
    smtp = SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.tls,
        start_tls=None if not relay.tls else False,
        timeout=CONNECT_SECONDS,
        tls_context=context,
    )
    try:
        await smtp.connect()
        if relay.user is not None:
            if smtp.get_transport_info("sslcontext") is None and relay.host not in _LOOPBACK:
                raise RelayDown("password-needs-tls")
            await smtp.login(relay.user, relay.password or "")
    except aiosmtplib.SMTPAuthenticationError as error:
        smtp.close()
        raise RelayDown(f"log-in {error.code}") from error
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
        smtp.close()
        raise RelayDown(_word(error)) from error
    except RelayDown:
        smtp.close()
        raise
    try:
        yield smtp
    finally:
        try:
            await smtp.quit(timeout=CONNECT_SECONDS)
        except (aiosmtplib.SMTPException, OSError):
            smtp.close()


async def send(smtp: SMTP, sender: str, recipient: str, message: bytes) -> Attempt:
    """Gives one mail to the server; what it answered. Raises RelayDown when it will take none from
    us, or the line is gone before it was asked about this one."""
    options = [] if recipient.isascii() else ["SMTPUTF8"]
    try:
        await smtp.sendmail(
            sender, [recipient], message, mail_options=options, timeout=ANSWER_SECONDS
        )
    except aiosmtplib.SMTPSenderRefused as error:
        raise RelayDown(f"sender {_codes(error.code, error.message)}") from error
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return _refused(refused.recipients[0])
    except aiosmtplib.SMTPResponseException as error:
        if error.code == 421:
            raise RelayDown(_codes(error.code, error.message)) from error
        word = _codes(error.code, error.message)
        return Attempt("refused" if error.code >= 500 and error.code != 552 else "later", word)
    except aiosmtplib.SMTPNotSupported:
        return Attempt("refused", "smtputf8-not-supported")
    except ValueError:
        return Attempt("refused", "address-unusable")
    except (aiosmtplib.SMTPException, OSError) as error:
        # Perhaps it was taken: then the same Message-ID tells so when it comes again.
        return Attempt("later", _word(error))
    return Attempt("sent")


def _refused(error: aiosmtplib.SMTPRecipientRefused) -> Attempt:
    """An answer about the recipient. 552 may be a full mailbox (RFC 5321, section 4.5.3.1.10)."""
    if error.code == 421:
        raise RelayDown(_codes(error.code, error.message))
    word = _codes(error.code, error.message)
    if error.code < 500 or error.code == 552:
        return Attempt("later", word)
    enhanced = _ENHANCED.match(error.message)
    nobody = enhanced[1].startswith("5.1.") if enhanced else error.code in (550, 553)
    return Attempt("unknown" if nobody else "refused", word)


def _codes(code: int, message: str) -> str:
    enhanced = _ENHANCED.match(message)
    return f"{code} {enhanced[1]}" if enhanced else str(code)


def _word(error: Exception) -> str:
    """A class of error as a word: `SMTPServerDisconnected` is server-disconnected."""
    name = type(error).__name__.removeprefix("SMTP").removesuffix("Error") or "error"
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()[:40]
