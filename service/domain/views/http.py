"""Routes: saved views, and who looks at a lead now."""

from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.views import operations, queries
from service.domain.views.messages import Presence, SavedView, ViewDraft
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@get("/views", summary="Saved views")
async def list_views(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[SavedView]]:
    """Lists of the workbench that colleagues of my company saved, newest first."""
    return await call.answer(queries.views, cursor, limit)


@post(
    "/views",
    summary="Save a view",
    refuses="too-many-views",
    example={"name": "Meine offenen", "address": "/app/leads?handler=me&state=engaged"},
)
async def save_view(call: NamedDependency[Call], data: JSONBody[ViewDraft]) -> Response[SavedView]:
    """For all colleagues of my company. The one that had its name before goes."""
    return await call.answer(operations.save, data)


@delete("/views/{view_id:uuid}", summary="Remove a view", status_code=204)
async def forget_view(call: NamedDependency[Call], view_id: FromPath[UUID]) -> Response[None]:
    """For all colleagues of my company."""
    return await call.answer(operations.forget, view_id)


@put(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/presence",
    summary="I am looking at the lead",
    refuses="colleague-required",
)
async def look(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Presence]:
    """For the next 60 seconds; answers which of my colleagues do, too. No other company is told."""
    return await call.answer(operations.look_at, m, l)


router = Router("", route_handlers=[list_views, save_view, forget_view, look], tags=["workbench"])
