"""Routes: which returns a marketplace takes, and which wait for its operator."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.returns import operations, queries
from service.domain.returns.messages import PendingReturn, ReturnRules, ReturnRulesDraft
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit

NOT_REACHED = {
    "code": "not_reached",
    "label": {"de": "Nicht erreicht", "en": "Not reached"},
    "evidence": {"attempts": 3, "days": 2},
}
WRONG_NUMBER = {
    "code": "wrong_number",
    "label": {"de": "Falsche Nummer", "en": "Wrong number"},
    "evidence": {"attempts": 1},
    "automatic": True,
}


@get("/returns", summary="Returns that wait for my decision")
async def list_returns(
    call: NamedDependency[Call],
    marketplace: Annotated[UUID | None, QueryParameter(description="Marketplace id")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[PendingReturn]]:
    """For the operator, of all its marketplaces or of one; who asked first comes first.
    engagement/return/accept and refuse of the lead decide."""
    return await call.answer(queries.pending, marketplace, cursor, limit)


@get("/marketplaces/{m:uuid}/return-rules", summary="Which returns the marketplace takes")
async def show_rules(call: NamedDependency[Call], m: FromPath[UUID]) -> Response[ReturnRules]:
    """For the operator and its partners. Until some are set: six reasons without evidence, 14 days,
    no quota, accepted after five working days of silence."""
    return await call.answer(queries.rules, m)


@put(
    "/marketplaces/{m:uuid}/return-rules",
    summary="Set which returns the marketplace takes",
    refuses="version-required version-stale",
    example={"reasons": [NOT_REACHED, WRONG_NUMBER], "window_days": 14, "quota_percent": 20},
)
async def set_rules(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[ReturnRulesDraft]
) -> Response[ReturnRules]:
    """For the operator, all of them; needs If-Match. What was asked already keeps its deadline."""
    return await call.answer(operations.set_rules, m, call.versions(), data)


router = Router(
    "",
    route_handlers=[list_returns, show_rules, set_rules],
    tags=["returns"],
)
