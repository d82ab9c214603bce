"""What an operator sets of returns."""

from uuid import UUID

import msgspec

from service.database.transaction import Tx
from service.domain.returns import queries
from service.domain.returns.messages import ReturnRules, ReturnRulesDraft
from service.errors import Problem
from service.vocabulary import Versions


async def set_rules(
    tx: Tx, marketplace_id: UUID, versions: Versions, draft: ReturnRulesDraft
) -> ReturnRules:
    """The whole rules. Raises validation-failed."""
    codes = [reason.code for reason in draft.reasons]
    errors = [
        {
            "pointer": f"/reasons/{place}/code",
            "code": "repeated",
            "detail": "The code is there twice",
            "detail_de": "Den Code gibt es zweimal",
        }
        for place, code in enumerate(codes)
        if code in codes[:place]
    ]
    if errors:
        raise Problem("validation-failed", errors=errors)
    settings = msgspec.to_builtins(draft)
    tx.do("select app.set_return_rules($1, $2, $3)", marketplace_id, versions, settings)
    return await queries.rules(tx, marketplace_id)
