"""What tests of returns do again and again, on Marktplatz Nord."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from tests.fixtures.http import Person
from tests.fixtures.market import Market

LABEL = {"de": "Grund", "en": "Reason"}


def reason(code: str, automatic: bool = False, **evidence: int) -> dict[str, Any]:
    """A reason of the rules."""
    return {"code": code, "label": LABEL, "evidence": evidence, "automatic": automatic}


async def rules(market: Market, *reasons: dict[str, Any], **more: Any) -> httpx.Response:
    """Sets the rules of Marktplatz Nord, whichever they were; without reasons: other."""
    body = {"reasons": [*(reasons or (reason("other"),))], **more}
    path = f"/marketplaces/{market.m}/return-rules"
    answer = await market.olga.put(path, body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer


async def picked(market: Market, by: Person | None = None) -> str:
    """A lead that Anna picked for Firma Huber (or `by` for his company)."""
    lead = await market.offered(market.world.huber, market.world.klein)
    answer = await (by or market.anna).post(market.path(lead, "/pick"))
    assert answer.status_code == 200, answer.text
    return lead


async def asks(
    market: Market, lead: str, why: str = "other", by: Person | None = None, **more: Any
) -> httpx.Response:
    """Anna (or `by`) asks to return it."""
    path = market.path(lead, "/engagement/return")
    return await (by or market.anna).post(path, {"reason": why, **more})


async def calls(market: Market, lead: str, *at: tuple[str, str]) -> list[str]:
    """Enters calls of Ben's, each with its outcome and when it was; their ids."""
    ids = []
    for outcome, _ in at:
        body = {"outcome": outcome, "note": "intern"}
        entered = await market.ben.post(market.path(lead, "/engagement/calls"), body)
        assert entered.status_code == 201, entered.text
        ids.append(entered.json()["id"])
    return ids


async def called_at(superuser: Any, call: str, at: str) -> None:
    """That call was at another time."""
    await superuser.execute(
        "update app.call_attempt set created_at = $2 where id = $1",
        *(UUID(call), datetime.fromisoformat(at)),
    )


async def shown(market: Market, lead: str, who: Person | None = None) -> dict[str, Any]:
    """The engagement, as Anna (or who) reads it."""
    answer = await (who or market.anna).get(market.path(lead, "/engagement"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
