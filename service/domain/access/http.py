"""Route: who sees a lead, and why."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.domain.access import queries
from service.domain.access.messages import Access
from service.vocabulary import Moment
from service.web.calls import Call

OfCompany = Annotated[
    UUID | None, QueryParameter(description="One company; also what it does not see, and why")
]
AtMoment = Annotated[
    Moment | None, QueryParameter(description="A past moment, from what is kept; absent: now")
]


@get("/marketplaces/{m:uuid}/leads/{l:uuid}/access", summary="Who sees the lead, and why")
async def show_access(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    company: OfCompany = None,
    at: AtMoment = None,
) -> Response[Access]:
    """For the operator: which company sees which part, by which policy and because of what, since
    when and until when. Everybody else is told that there is no such lead."""
    return await call.answer(queries.access, m, l, company, at, call.language)


router = Router("/", route_handlers=[show_access], tags=["insight"])
