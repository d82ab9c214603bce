"""Answers that a script of another web site may read (CORS), where the operation lets that site in.

A form that a script sends as `application/x-www-form-urlencoded` needs no preflight, so all that is
to be said is whose answer it is.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.web import problems
from service.web.answers import Answer
from service.web.calls import Call

T = TypeVar("T")
# Who is refused so is not let in.
_OUTSIDE = frozenset({"not-found", "origin-not-allowed"})


def origin_of(call: Call) -> str | None:
    """The web site whose script or page sends it, as the browser says; None: it says none."""
    given = call.headers.get(b"origin")
    return None if given is None else given.decode("latin-1")


async def crossed(call: Call, run: Callable[[], Awaitable[T]]) -> Answer[T]:
    """The answer of an operation, refusals too, for the web site that sent the request."""
    outside = False
    try:
        answer = call.reply(await run())
    except Exception as error:
        outside = problems.from_exception(error).slug in _OUTSIDE
        answer = Answer(*problems.told(error, call.language))
    origin = origin_of(call)
    headers = {**answer.headers, "vary": "Origin, Accept"}
    if origin is not None and not outside:
        headers["access-control-allow-origin"] = origin
    answer.headers = headers
    return answer
