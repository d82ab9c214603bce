"""What a colleague chooses about his mails."""

from service.database.transaction import Tx
from service.database.zones import expect_time_zone
from service.domain.notices import queries
from service.domain.notices.messages import Notices, NoticesDraft
from service.domain.notices.view import NAMES
from service.errors import Problem

_SPAN = {
    "pointer": "/quiet_until",
    "code": "span",
    "detail": "Quiet hours need a beginning and another end, or neither",
    "detail_de": "Ruhezeiten brauchen einen Beginn und ein anderes Ende, oder keins von beiden",
}


async def choose(tx: Tx, data: NoticesDraft, language: str) -> Notices:
    """Replaces what the caller chose before. Raises validation-failed."""
    given = (data.quiet_from is None, data.quiet_until is None)
    if given[0] != given[1] or (not given[0] and data.quiet_from == data.quiet_until):
        raise Problem("validation-failed", errors=[_SPAN])
    await expect_time_zone(tx, data.time_zone)
    tx.do(
        "select app.set_notices($1, $2, $3, $4, $5, $6)",
        data.time_zone,
        data.digest_at,
        data.quiet_from,
        data.quiet_until,
        [name for name in NAMES if getattr(data.kinds, name) == "digest"],
        [name for name in NAMES if getattr(data.kinds, name) == "never"],
    )
    return await queries.mine(tx, language)


async def unsubscribe(tx: Tx, token: str) -> None:
    """By the link in a mail; does the same to look at, whatever the token is."""
    tx.do("select app.unsubscribe($1)", token[:200])
