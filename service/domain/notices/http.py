"""Routes: which mails come, and when."""

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.domain.notices import operations, queries
from service.domain.notices.messages import Notices, NoticesDraft
from service.web.calls import Call


@get("/me/notices", summary="Which mails I get, and when", refuses="colleague-required")
async def show(call: NamedDependency[Call]) -> Response[Notices]:
    """Kinds in words by Accept-Language. Who never chose gets everything at once."""
    return await call.answer(queries.mine, call.language)


@put(
    "/me/notices",
    summary="Choose which mails I get, and when",
    refuses="colleague-required",
    example={
        "time_zone": "Europe/Berlin",
        "digest_time": "08:00",
        "quiet": {"begins": "20:00", "ends": "07:00"},
        "kinds": {"messages": "digest", "placements": "never"},
    },
)
async def choose(call: NamedDependency[Call], data: JSONBody[NoticesDraft]) -> Response[Notices]:
    """All of it at once; kinds that are not named come at once. What already waits follows."""
    return await call.answer(operations.choose, data, call.language)


router = Router("", route_handlers=[show, choose], tags=["sessions"])
