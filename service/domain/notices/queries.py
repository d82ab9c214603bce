"""What is read about notices."""

from service.database.transaction import Tx
from service.domain.notices.messages import (
    Coming,
    KeptNotices,
    KindInWords,
    KindsChosen,
    Notices,
    QuietHours,
)
from service.domain.notices.view import ALWAYS, NAMES, words


async def mine(tx: Tx, language: str) -> Notices:
    """Which mails the caller gets, and when, with the kinds in words."""
    kept = await tx.view(KeptNotices, "select * from app.my_notices()")
    return Notices(
        time_zone=kept.time_zone,
        digest_time=kept.digest_time,
        quiet=QuietHours(begins=kept.quiet_begins, ends=kept.quiet_ends)
        if kept.quiet_begins and kept.quiet_ends
        else None,
        kinds=KindsChosen(**{name: _coming(name, kept) for name in NAMES}),
        words=[KindInWords(name, *words(language, name)) for name in NAMES],
        always=list(ALWAYS[language]),
    )


def _coming(kind: str, kept: KeptNotices) -> Coming:
    if kind in kept.refused:
        return "never"
    return "digest" if kind in kept.digested else "at_once"
