"""What is read about sessions: who calls, where else he is logged in."""

from service.database.statements import listed
from service.database.transaction import Lane, Tx
from service.domain.sessions.messages import Caller, ColleagueCard, CompanyCard, Me, OpenSession
from service.vocabulary import Page

ME = Lane("me", seconds=5)
_SESSIONS = listed(
    "select * from app.my_sessions()", "id client opened_at expires_at same_address current"
)


async def who_am_i(tx: Tx) -> Me:
    """The caller as the database sees him at this moment."""
    caller = await tx.view(Caller, "select * from app.who_am_i()", lane=ME)
    colleague = None
    if caller.colleague_id is not None:
        colleague = ColleagueCard(
            caller.colleague_id,
            caller.colleague_name,
            caller.email or "",
            caller.role,
            caller.language,
        )
    company = CompanyCard(caller.company_id, caller.company_name)
    return Me(company, colleague, caller.role, caller.api_key_id)


async def sessions(tx: Tx, cursor: str | None, limit: int) -> Page[OpenSession]:
    """The caller's open sessions, newest first."""
    return await tx.page(OpenSession, _SESSIONS, cursor=cursor, limit=limit)


async def reset_stands(tx: Tx, token: str) -> bool:
    """Whether a token for a new password is open."""
    return await tx.value(bool, "select app.password_reset_stands($1)", token)
