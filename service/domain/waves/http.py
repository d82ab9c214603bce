"""Routes: how a marketplace offers by itself."""

from uuid import UUID

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.waves import operations, queries
from service.domain.waves.messages import (
    Brokerage,
    Calendar,
    CalendarPlan,
    OfferPreview,
    Receipt,
    WavePlan,
    WavePlanDraft,
)
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit

HOURS = [{"opens": "09:00", "closes": "17:00"}]


@get("/marketplaces/{m:uuid}/calendar", summary="When the marketplace works")
async def show_calendar(call: NamedDependency[Call], m: FromPath[UUID]) -> Response[Calendar]:
    """For the operator: what windows in working time are counted by. Until one is set: Monday to
    Friday from 9 to 17 in Berlin, without holidays."""
    return await call.answer(queries.calendar, m, call.language)


@put(
    "/marketplaces/{m:uuid}/calendar",
    summary="Set when the marketplace works",
    refuses="version-required version-stale calendar-closed",
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


@get("/marketplaces/{m:uuid}/waves", summary="How the marketplace offers")
async def show_waves(call: NamedDependency[Call], m: FromPath[UUID]) -> Response[WavePlan]:
    """For the operator: who is offered a lead in which wave, and for how long."""
    return await call.answer(queries.waves, m)


@put(
    "/marketplaces/{m:uuid}/waves",
    summary="Set how the marketplace offers",
    refuses="version-required version-stale taker-unfit",
    example={
        "waves": [
            {"tags": ["premium"], "order": "round_robin", "takers": 3, "response_minutes": 120},
            {"order": "priority", "response_minutes": 480, "last_call_minutes": 60},
        ],
        "on_cap": "skip",
    },
)
async def set_waves(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[WavePlanDraft]
) -> Response[WavePlan]:
    """For the operator, the whole plan; needs If-Match. What is being offered keeps its plan."""
    return await call.answer(operations.set_waves, m, call.versions(), data)


@get(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/offer-preview",
    summary="Who would be offered the lead",
    refuses="operator-required",
)
async def preview_offer(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[OfferPreview]:
    """For the operator: by the plan of now, wave by wave, and who not and why. Writes nothing."""
    return await call.answer(queries.preview, m, l)


@get(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/brokerages",
    summary="Who was offered the lead",
    refuses="operator-required",
)
async def list_brokerages(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Brokerage]]:
    """For the operator: in which wave, what came of it, and who not and why; newest first."""
    return await call.answer(queries.brokerages, m, l, cursor, limit)


@get("/receipts", summary="What became of offers to us")
async def list_receipts(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Receipt]]:
    """Ended offers to my company, newest first: neither lead nor person nor who won."""
    return await call.answer(queries.receipts, cursor, limit)


router = Router(
    "/",
    route_handlers=[
        show_calendar,
        set_calendar,
        show_waves,
        set_waves,
        preview_offer,
        list_brokerages,
        list_receipts,
    ],
    tags=["waves"],
)
