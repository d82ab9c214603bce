"""Routes: is the process alive, may it get traffic."""

import asyncio

import msgspec
import structlog
from litestar import Response, Router, get
from litestar.di import NamedDependency

from service.database import readiness
from service.database.drift import watching
from service.errors import Problem
from service.web.calls import Call

log = structlog.get_logger()


class Health(msgspec.Struct):
    """ok, or the request fails."""

    status: str = "ok"


class Readiness(msgspec.Struct):
    """ok, or the request fails with 503."""

    status: str = "ok"


@get("/healthz", summary="Is the process alive", public=True, standalone=True)
async def healthz(call: NamedDependency[Call]) -> Response[Health]:
    """Answers as long as the process serves; asks no database."""
    return Response(Health())


@get("/readyz", summary="May the service get traffic", public=True, refuses="unavailable")
async def readyz(call: NamedDependency[Call]) -> Response[Readiness]:
    """200 when the database answers within 2 s, its schema is at head, the role is the right one
    and the wall was found as it should be; otherwise 503, and the log says which."""
    try:
        async with asyncio.timeout(2):
            await call.database.ping()
            async with call.database.probe() as connection:
                await readiness.refuse_privileged(connection)
                await watching.refuse_open(connection)
    except Exception as error:
        log.warning("not_ready", error=type(error).__name__, reason=str(error))
        raise Problem("unavailable") from error
    return Response(Readiness())


router = Router("", route_handlers=[healthz, readyz], tags=["operation"])
