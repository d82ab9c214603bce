"""Routes: how a marketplace offers by itself."""

from uuid import UUID

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.waves import operations, queries
from service.domain.waves.messages import Calendar, CalendarPlan
from service.web.calls import Call

HOURS = [{"opens": "09:00", "closes": "17:00"}]


@get("/{m:uuid}/calendar", summary="When the marketplace works")
async def show_calendar(call: NamedDependency[Call], m: FromPath[UUID]) -> Response[Calendar]:
    """For the operator: what windows in working time are counted by. Until one is set: Monday to
    Friday from 9 to 17 in Berlin, without holidays."""
    return await call.answer(queries.calendar, m, call.language)


@put(
    "/{m:uuid}/calendar",
    summary="Set when the marketplace works",
    refuses="version-required version-stale time-zone-unknown calendar-closed",
    example={
        "time_zone": "Europe/Berlin",
        "hours": {"monday": HOURS, "tuesday": HOURS, "wednesday": HOURS},
        "federal_state": "BY",
        "own_days": [{"date": "2026-12-24", "name": "Heiligabend", "hours": []}],
    },
)
async def set_calendar(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[CalendarPlan]
) -> Response[Calendar]:
    """For the operator, the whole of it; needs If-Match. Windows that run keep their end."""
    return await call.answer(operations.set_calendar, m, call.versions(), data, call.language)


router = Router("/marketplaces", route_handlers=[show_calendar, set_calendar], tags=["waves"])
