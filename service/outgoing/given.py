"""An address that somebody gives, looked at while he waits: to tell him in words what is wrong
with it. What protects is the same look when something is sent."""

import asyncio

from service.errors import Problem
from service.outgoing.addresses import AddressRefused, Reach, Resolver, addresses_of, target_of

_LOOKING_SECONDS = 4.0  # shorter than a request may take
_resolve = Resolver(threads=4)
_WORDS = {
    "form": ("That is no address.", "Das ist keine Adresse."),
    "scheme": ("It begins with https://, please.", "Bitte mit https:// beginnen."),
    "user": ("No user name or password in it, please.", "Bitte ohne Benutzername und Passwort."),
    "port": ("Nothing is sent to this port.", "An diesen Port wird nichts gesendet."),
    "notation": (
        "Write the host as a name, or as an address in its usual form.",
        "Bitte den Rechner als Namen oder als Adresse in üblicher Form schreiben.",
    ),
    "unknown": (
        "Nothing is found under this name.",
        "Unter diesem Namen ist nichts zu finden.",
    ),
    "forbidden": (
        "This leads to an address that is not in the public internet.",
        "Das führt zu einer Adresse, die nicht im öffentlichen Internet liegt.",
    ),
    "unencrypted": ("It begins with https://, please.", "Bitte mit https:// beginnen."),
}


async def checked(url: str, reach: Reach, pointer: str) -> str:
    """The address in its one spelling. Raises Problem validation-failed for what nothing would be
    sent to; delivery looks again, for names change what they stand for."""
    try:
        async with asyncio.timeout(_LOOKING_SECONDS):
            target = target_of(url)
            await addresses_of(target, reach, _resolve)
    except (AddressRefused, TimeoutError) as error:
        why = error.why if isinstance(error, AddressRefused) else "unknown"
        detail, german = _WORDS[why]
        one = {"pointer": pointer, "code": f"url-{why}", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[one]) from error
    return target.url
