"""Routes: statements and reports."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.domain.reports import operations, queries
from service.domain.reports.messages import Every, MarketplaceReport, Month, MonthlyStatement
from service.vocabulary import Moment
from service.web.answers import CsvFile
from service.web.calls import Call, Cursor, Limit

OfMonth = Annotated[
    Month | None, QueryParameter(description="By the marketplace's calendar; absent: this month")
]
OfCompany = Annotated[
    UUID | None, QueryParameter(description="One taker; absent: all that the caller may read")
]


@get("/marketplaces/{m:uuid}/statement", summary="The statement of a month")
async def show_statement(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    month: OfMonth = None,
    company: OfCompany = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[MonthlyStatement]:
    """What was charged and credited: for the operator of all takers or of one, for a taker its
    own. A credit stands in its own month, also of a pick of an earlier one."""
    return await call.answer(queries.statement, m, month, company, cursor, limit)


Since = Annotated[
    Moment | None, QueryParameter(name="from", description="Absent: 30 days before the end")
]
Until = Annotated[Moment | None, QueryParameter(name="to", description="Not included; absent: now")]
By = Annotated[
    Every | None,
    QueryParameter(description="Besides, each week or month of the marketplace's calendar"),
]


@get("/reports/marketplaces/{m:uuid}", summary="The report of a marketplace")
async def show_report(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    since: Since = None,
    until: Until = None,
    by: By = None,
) -> Response[MarketplaceReport]:
    """Who was offered and took how much and how fast, and what became of leads by source. An
    operator reads all takers, a taker its own line, a giver its own sources; each its own
    colleagues. By week two years at most, by month ten."""
    call.long = True
    return await call.answer(queries.report, m, since, until, by)


@get(
    "/reports/marketplaces/{m:uuid}/takers.csv",
    summary="The report's takers as CSV",
    refuses="not-found",
)
async def export_report(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    since: Since = None,
    until: Until = None,
    by: By = None,
) -> CsvFile:
    """A line for each taker, and with `by` for each taker and period; a taker gets its own."""
    return await call.file(operations.report_file, m, since, until, by, call.language)


router = Router(
    "/",
    route_handlers=[show_statement, show_report, export_report],
    tags=["insight"],
)
