"""Companies of several: what they see now beside what their users saw, each row once."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec

from service import identity
from service.jobs.rollout import seen
from service.jobs.rollout.comparing import Compared, compared, explain


class Joined(msgspec.Struct):
    """Both sides of one company. before, after: rows by kind; waiting: in quarantine."""

    before: Counter[str] = msgspec.field(default_factory=Counter)
    after: Counter[str] = msgspec.field(default_factory=Counter)
    waiting: int = 0
    rows: list[Compared] = []


@asynccontextmanager
async def sessions(
    staff: Any, opening: str, companies: Iterable[UUID]
) -> AsyncIterator[dict[UUID, str]]:
    """Company -> token of those for which the function `opening` opened a session, which ends in
    any case."""
    tokens = {company: identity.new_token("kgs") for company in companies}
    hashes = [identity.sha256(token) for token in tokens.values()]
    query = f"select * from {opening}($1, $2)"  # noqa: S608 - constants
    opened = await staff.fetch(query, list(tokens), hashes)
    try:
        yield {row[0]: tokens[row[0]] for row in opened}
    finally:
        await staff.fetchval("select app.close_proof_sessions($1)", hashes)


async def compare_joined(
    staff: Any, api: Any, load: int, companies: Iterable[UUID]
) -> AsyncIterator[tuple[UUID, Joined]]:
    """Those of the companies that are compared: active ones, until the cut-over."""
    async with sessions(staff, "app.open_joined_proof_sessions", companies) as tokens:
        for company, token in tokens.items():
            before = await staff.fetch(
                "select * from app.prove_before_joined($1, $2)", load, company
            )
            async with seen.entered(api, token):
                after = await api.fetch(seen.ROWS)
            rows = list(compared(before, after))
            await explain(staff, load, company, rows)
            yield (
                company,
                Joined(
                    Counter(row["what"] for row in before if not row["waits"]),
                    Counter(row["what"] for row in after),
                    sum(row["waits"] for row in before),
                    rows,
                ),
            )
