"""Routes: sessions, who am I, passwords."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from service.domain.sessions import operations, queries
from service.domain.sessions.messages import (
    LogIn,
    Me,
    MeChange,
    NewPassword,
    OpenSession,
    PasswordChange,
    ResetRequest,
    Session,
)
from service.vocabulary import Page
from service.web import bearers
from service.web.calls import Call, Cursor, Limit


@post(
    "/sessions",
    summary="Log in",
    public=True,
    refuses="log-in-failed too-many-requests same-origin-required",
    example={"email": "anna@huber.example", "password": "correct horse battery"},
)
async def log_in(call: NamedDependency[Call], data: JSONBody[LogIn]) -> Response[Session]:
    """Opens a session of 12 hours. After 9 wrong passwords: 429 with Retry-After. With `cookie`,
    which needs `Sec-Fetch-Site: same-origin`, the token is in a cookie and not in the answer."""
    if data.cookie:
        bearers.same_origin(call.headers)
    who = call.peer, call.client, call.gone
    token, session = await operations.log_in(call.database, data, *who)
    if data.cookie:
        return call.reply(session, bearers.cookie(token, session.expires_at))
    return call.reply(msgspec.structs.replace(session, token=token))


@get("/sessions", summary="My open sessions", refuses="colleague-required")
async def list_sessions(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[OpenSession]]:
    """Newest first; not for API keys."""
    return await call.answer(queries.sessions, cursor, limit)


@delete("/sessions/current", summary="Log out", status_code=204, refuses="colleague-required")
async def log_out(call: NamedDependency[Call]) -> Response[None]:
    """Ends the session of the token in use. A browser forgets its cookie, also one of a session
    that is over already."""
    answer = await call.answer(operations.log_out)
    answer.cookies = bearers.forgotten(call.headers, call.method)
    return answer


@delete(
    "/sessions/{session_id:uuid}",
    summary="End a session",
    status_code=204,
    refuses="colleague-required",
)
async def end_session(call: NamedDependency[Call], session_id: FromPath[UUID]) -> Response[None]:
    """One of my own, wherever it was opened; takes effect with its next request."""
    return await call.answer(operations.end_session, session_id)


@get("/me", summary="Who am I")
async def who_am_i(call: NamedDependency[Call]) -> Response[Me]:
    """Company, colleague and role behind the token."""
    return await call.answer(queries.who_am_i)


@patch("/me", summary="Change my name or language", refuses="colleague-required version-stale")
async def change_me(call: NamedDependency[Call], data: JSONBody[MeChange]) -> Response[Me]:
    """Fields that are not named stay; If-Match is honoured when sent. Not for API keys."""
    return await call.answer(operations.change_me, call.versions(required=False), data)


@put(
    "/me/password",
    summary="Change my password",
    status_code=204,
    refuses="colleague-required password-wrong too-many-requests",
    example={"current_password": "correct horse battery", "password": "another horse battery"},
)
async def change_password(
    call: NamedDependency[Call], data: JSONBody[PasswordChange]
) -> Response[None]:
    """Needs the present one; after 9 wrong ones 429, as at log-in. Ends my other sessions."""
    await operations.change_password(call.database, call.token, data, call.peer)
    return call.reply(None)


@post(
    "/password-resets",
    summary="Forgot my password",
    status_code=202,
    public=True,
    example={"email": "anna@huber.example"},
)
async def request_reset(
    call: NamedDependency[Call], data: JSONBody[ResetRequest]
) -> Response[None]:
    """Mails a token to the colleague with this address, valid for 30 minutes; three an hour. The
    answer is the same, in the same time, whether or not there is one."""
    return await call.public(operations.request_reset, data)


@post(
    "/password-resets/{token:str}",
    summary="Set a new password",
    status_code=204,
    public=True,
    refuses="not-found",
    example={"password": "another horse battery"},
)
async def reset_password(
    call: NamedDependency[Call],
    token: Annotated[str, PathParameter(max_length=200)],
    data: JSONBody[NewPassword],
) -> Response[None]:
    """Needs no log-in: the token from the mail is the right, once. Ends all my sessions."""
    await operations.reset_password(call.database, token, data, call.peer)
    return call.reply(None)


router = Router(
    "",
    route_handlers=[
        log_in,
        list_sessions,
        log_out,
        end_session,
        who_am_i,
        change_me,
        change_password,
        request_reset,
        reset_password,
    ],
    tags=["sessions"],
)
