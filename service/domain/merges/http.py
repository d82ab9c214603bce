"""Routes: merging companies."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from service.domain.merges import operations, queries
from service.domain.merges.messages import (
    Consent,
    Merge,
    MergeDraft,
    MergeRefusal,
    NewlyVisible,
    Rehearsal,
    Side,
    TokenAnswer,
    TokenAnswered,
)
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit
from service.web.equal_time import equal_time

To = Annotated[Side, QueryParameter(description="Whose colleagues would newly see them")]


@post(
    "/merges",
    summary="Ask for a merge",
    refuses="admin-required colleague-features-off merge-with-itself too-many-requests",
    example={"absorbed_company_email": "cora@klein.example"},
)
async def request(call: NamedDependency[Call], data: JSONBody[MergeDraft]) -> Response[Merge]:
    """For admins. Its admins are asked by e-mail; the answer is the same whether or not the address
    or id belongs to a company."""
    async with equal_time():
        return await call.answer(operations.request, data)


@get("/merges", summary="Merges of my company")
async def list_merges(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Merge]]:
    """Requests of my company and to it, newest first."""
    return await call.answer(queries.merges, cursor, limit)


@get("/merges/{merge_id:uuid}", summary="Show a merge")
async def show(call: NamedDependency[Call], merge_id: FromPath[UUID]) -> Response[Merge]:
    """How far it is."""
    return await call.answer(queries.merge, merge_id)


@post(
    "/merges/{merge_id:uuid}/rehearsal",
    summary="Order a rehearsal",
    status_code=202,
    refuses="admin-required colleague-features-off merge-state merge-other-side-first",
)
async def order_rehearsal(call: NamedDependency[Call], merge_id: FromPath[UUID]) -> Response[Merge]:
    """For admins; the first one by the side that was asked, and with it both sides learn each
    other's name. Made within seconds; consents to a former one are void."""
    return await call.answer(operations.order_rehearsal, merge_id)


@get(
    "/merges/{merge_id:uuid}/rehearsal",
    summary="What the merge would do",
    refuses="merge-not-rehearsed",
)
async def show_rehearsal(
    call: NamedDependency[Call], merge_id: FromPath[UUID]
) -> Response[Rehearsal]:
    """The latest rehearsal: who newly sees what, which rows collapse, which settings stay, what
    forbids it. Both sides read the same."""
    return await call.answer(queries.rehearsal, merge_id)


@get("/merges/{merge_id:uuid}/rehearsal/leads", summary="Leads behind the numbers")
async def list_leads(
    call: NamedDependency[Call],
    merge_id: FromPath[UUID],
    to: To = "survivor",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[NewlyVisible]]:
    """Each lead that the colleagues of one side would newly see, until the merge is done."""
    return await call.answer(queries.leads, merge_id, to, cursor, limit)


@post(
    "/merges/{merge_id:uuid}/consent",
    summary="Consent to a merge",
    status_code=200,
    refuses=(
        "admin-required colleague-features-off merge-state merge-rehearsed-anew"
        " merge-blocked merge-consent-expired"
    ),
    example={"rehearsal_id": "0199b6a0-0000-7000-8000-000000000001"},
)
async def consent(
    call: NamedDependency[Call], merge_id: FromPath[UUID], data: JSONBody[Consent]
) -> Response[Merge]:
    """For an admin of each side. With both consents it runs at execute_at; it does what the
    rehearsal says, or nothing."""
    return await call.answer(operations.consent, merge_id, data)


@post(
    "/merges/{merge_id:uuid}/refuse",
    summary="Refuse a merge",
    status_code=200,
    refuses="admin-required merge-state",
    example={"reason": "Wir bleiben lieber eigenständig"},
)
async def refuse(
    call: NamedDependency[Call], merge_id: FromPath[UUID], data: JSONBody[MergeRefusal]
) -> Response[Merge]:
    """For admins of both sides, until it is done: refuse it, or take request or consent back."""
    return await call.answer(operations.refuse, merge_id, data)


@post(
    "/merge-consents/{token:str}",
    summary="Consent from the mail",
    status_code=200,
    public=True,
    refuses="not-found colleague-features-off merge-blocked merge-consent-expired",
    example={"consent": True},
)
async def answer_by_token(
    call: NamedDependency[Call],
    token: Annotated[str, PathParameter(max_length=200)],
    data: JSONBody[TokenAnswer],
) -> Response[TokenAnswered]:
    """Needs no log-in: the token is the right, for the rehearsal it was mailed with."""
    return await call.public(operations.answer_by_token, token, data)


router = Router(
    "",
    route_handlers=[
        request,
        list_merges,
        show,
        order_rehearsal,
        show_rehearsal,
        list_leads,
        consent,
        refuse,
        answer_by_token,
    ],
    tags=["merges"],
)
