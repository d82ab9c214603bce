"""Routes: the stream of what happens to the company's leads."""

from litestar import Router, get
from litestar.di import NamedDependency

from service.domain.events.messages import LeadEvent
from service.domain.events.operations import Telling, place_of
from service.web.answers import Stream
from service.web.calls import Call


@get(
    "/events",
    summary="What happens, as it happens",
    sends="text/event-stream",
    parts=LeadEvent,
    refuses="too-many-requests",
)
async def stream(call: NamedDependency[Call]) -> Stream:
    """Server-sent events of the caller's company; each `data:` is a `LeadEvent`. `Last-Event-ID`
    goes on after it, up to a day back; older: the kind `resync`, read again what you know. Ends
    when the token does. See docs/events.md."""
    place = place_of(call.headers.get(b"last-event-id"))
    source = await Telling.begin(call.database, call.wakeups, call.token, place)
    return call.stream(source, "text/event-stream", headers={"cache-control": "no-cache"})


router = Router("", route_handlers=[stream], tags=["events"])
