"""Routes: absences."""

from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.absences import operations, queries
from service.domain.absences.messages import (
    Absence,
    AbsenceDraft,
    CompanyAbsence,
    CompanyAbsenceDraft,
)
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@get("/absences", summary="Absences")
async def list_absences(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Absence]]:
    """Of all colleagues of the company, last entered first, past ones too."""
    return await call.answer(queries.absences, cursor, limit)


@post(
    "/absences",
    summary="Be away",
    refuses="colleague-required delegator-required handler-unknown cover-unfit",
    example={
        "begins_at": "2027-03-01T00:00:00+01:00",
        "ends_at": "2027-03-08T00:00:00+01:00",
        "covered_by_id": "0199b6a0-0000-7000-8000-000000000001",
    },
)
async def add(call: NamedDependency[Call], data: JSONBody[AbsenceDraft]) -> Response[Absence]:
    """Who covers finds the leads with `handler=cover` and gets the reminders; nothing is moved. A
    colleague's absence takes the role delegator, unless it is off."""
    return await call.answer(operations.add, data)


@delete(
    "/absences/{absence_id:uuid}",
    summary="Be there after all",
    status_code=204,
    refuses="delegator-required",
)
async def drop(call: NamedDependency[Call], absence_id: FromPath[UUID]) -> Response[None]:
    """One's own, or (delegators) a colleague's."""
    return await call.answer(operations.drop, absence_id)


@get("/company/absences", summary="When the company is away")
async def list_company_absences(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[CompanyAbsence]]:
    """Works holidays and the like, last entered first, past ones too."""
    return await call.answer(queries.company_absences, cursor, limit)


@post(
    "/company/absences",
    summary="Close the company",
    refuses="admin-required",
    example={
        "begins_at": "2027-08-02T00:00:00+02:00",
        "ends_at": "2027-08-23T00:00:00+02:00",
    },
)
async def close(
    call: NamedDependency[Call], data: JSONBody[CompanyAbsenceDraft]
) -> Response[CompanyAbsence]:
    """Admins: meanwhile the company is offered nothing. Offers that are open stay open."""
    return await call.answer(operations.close, data)


@delete(
    "/company/absences/{absence_id:uuid}",
    summary="Open the company again",
    status_code=204,
    refuses="admin-required",
)
async def open_again(call: NamedDependency[Call], absence_id: FromPath[UUID]) -> Response[None]:
    """Admins: the absence goes, a past one too."""
    return await call.answer(operations.open_again, absence_id)


router = Router(
    "",
    route_handlers=[
        list_absences,
        add,
        drop,
        list_company_absences,
        close,
        open_again,
    ],
    tags=["absences"],
)
