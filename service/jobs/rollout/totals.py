"""What the proof compares beside the rows that users see: whole tables, and what opens doors."""

from decimal import Decimal
from typing import Any

import msgspec

from service.jobs.rollout.comparing import Row


class Total(msgspec.Struct):
    """A table before and here. waiting: in quarantine and not here; only_here: from rows that are
    there no more; value: the sum of won leads that nobody touched here, where a table has one."""

    what: str
    legacy: int
    waiting: int
    here: int
    only_here: int | None
    value_legacy: Decimal | None
    value_here: Decimal | None

    @property
    def agrees(self) -> bool:
        """Every row is here or waits, and the values are the same."""
        same_value = (self.value_legacy or 0) == (self.value_here or 0)
        return self.legacy == self.waiting + self.here and same_value


async def totals(staff: Any, load: int) -> list[Total]:
    """Counts and sums of each table."""
    rows = await staff.fetch("select * from app.prove_totals($1)", load)
    return [msgspec.convert(dict(row), Total) for row in rows]


async def lost_access(staff: Any, load: int, first: int, last: int) -> list[tuple[int, Row]]:
    """Of the users `first` to `last`: API keys whose token does not do what it did (L8), and who
    cannot log in with the password that he had."""
    found = []
    for key in await staff.fetch("select * from app.prove_tokens($1, $2, $3)", load, first, last):
        reason = "revoked, and its token opens" if key["opens"] else "its token opens nothing"
        row = Row("api_keys", "differs", key["legacy_key"], None, key["api_key_id"], reason)
        found.append((key["legacy_user"], row))
    query = "select * from app.prove_credentials($1, $2, $3)"
    for lost in await staff.fetch(query, load, first, last):
        user = lost["legacy_user"]
        row = Row("users", "differs", str(user), None, lost["colleague_id"], lost["reason"])
        found.append((user, row))
    return found
