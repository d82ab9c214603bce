"""Routes: sessions and who am I."""

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from service.calls import Call
from service.sessions import operations
from service.sessions.messages import LogIn, Me, Session


@post("/sessions", summary="Log in", opt={"public": True})
async def log_in(call: NamedDependency[Call], data: JSONBody[LogIn]) -> Response[Session]:
    """Opens a session of 12 hours. After 9 wrong passwords: 429 with Retry-After."""
    return Response(await operations.log_in(call.database, data, call.peer, call.gone))


@delete("/sessions/current", summary="Log out", status_code=204)
async def log_out(call: NamedDependency[Call]) -> Response[None]:
    """Ends the session of the token in use."""
    return await call.answer(operations.log_out)


@get("/me", summary="Who am I")
async def who_am_i(call: NamedDependency[Call]) -> Response[Me]:
    """Company, colleague and role behind the token."""
    return await call.answer(operations.who_am_i)


router = Router("", route_handlers=[log_in, log_out, who_am_i], tags=["sessions"])
