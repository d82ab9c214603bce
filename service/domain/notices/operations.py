"""What a colleague chooses about his mails."""

from service.database.transaction import Tx
from service.database.zones import expect_time_zone
from service.domain.notices import queries
from service.domain.notices.messages import Notices, NoticesDraft
from service.domain.notices.view import NAMES
from service.errors import Problem

_SPAN = {
    "pointer": "/quiet/ends",
    "code": "span",
    "detail": "Quiet hours must end at another time than they begin",
    "detail_de": "Ruhezeiten müssen zu einer anderen Zeit enden als beginnen",
}


async def choose(tx: Tx, data: NoticesDraft, language: str) -> Notices:
    """Replaces what the caller chose before. Raises validation-failed."""
    if data.quiet is not None and data.quiet.begins == data.quiet.ends:
        raise Problem("validation-failed", errors=[_SPAN])
    await expect_time_zone(tx, data.time_zone)
    tx.do(
        "select app.set_notices($1, $2, $3, $4, $5, $6)",
        data.time_zone,
        data.digest_time,
        data.quiet and data.quiet.begins,
        data.quiet and data.quiet.ends,
        [name for name in NAMES if getattr(data.kinds, name) == "digest"],
        [name for name in NAMES if getattr(data.kinds, name) == "never"],
    )
    return await queries.mine(tx, language)


async def unsubscribe(tx: Tx, token: str) -> None:
    """By the link in a mail; does the same to look at, whatever the token is."""
    tx.do("select app.unsubscribe($1)", token[:200])
