"""Puts the rooms together: `create_app(settings)` is the ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, NoReturn

from litestar import Litestar, Request
from litestar.di import NamedDependency, Provide
from litestar.types import ControllerRouterHandler

from service.database import readiness
from service.database.transaction import Database
from service.database.wakeups import Wakeups
from service.domain.absences.http import router as absences
from service.domain.access.http import router as access
from service.domain.calls.http import router as calls
from service.domain.companies.http import router as companies
from service.domain.engagements.http import router as engagements
from service.domain.events.http import router as events
from service.domain.exports.http import router as exports
from service.domain.files.http import router as files
from service.domain.follow_ups.http import router as follow_ups
from service.domain.imports.http import router as imports
from service.domain.intake.http import router as intake
from service.domain.leads.http import router as leads
from service.domain.marketplaces.http import router as marketplaces
from service.domain.merges.http import router as merges
from service.domain.notices.http import router as notices
from service.domain.offers.http import router as offers
from service.domain.pages.http import handlers as pages
from service.domain.push.http import router as push
from service.domain.reports.http import router as reports
from service.domain.returns.http import router as returns
from service.domain.sessions.http import router as sessions
from service.domain.timeline.http import router as timeline
from service.domain.views.http import router as views
from service.domain.waves.http import router as waves
from service.domain.webhooks.http import router as webhooks
from service.outgoing.addresses import reach_of
from service.outgoing.webpush import public_key
from service.settings import ServiceSettings
from service.web.calls import Call
from service.web.dispatch import Dispatch, prepare
from service.web.docs_page import router as docs_page
from service.web.edge import Edge
from service.web.health import router as health
from service.web.openapi import describe
from service.workbench.http import handlers as workbench

ROOMS: list[ControllerRouterHandler] = [
    health,
    sessions,
    notices,
    companies,
    marketplaces,
    waves,
    reports,
    access,
    returns,
    leads,
    offers,
    engagements,
    calls,
    follow_ups,
    absences,
    timeline,
    events,
    files,
    imports,
    intake,
    exports,
    webhooks,
    push,
    merges,
    views,
    *pages,
    *workbench,
    docs_page,
]


def provide_call() -> Call:
    """Tells Litestar that `call` is no query parameter; service/web/dispatch.py gives it."""
    raise RuntimeError("service/web/dispatch.py calls handlers, not Litestar")


def _leave_it_to_the_edge(_: Request[Any, Any, Any], error: Exception) -> NoReturn:
    """Litestar's exception handler: one place tells what went wrong, also where no route fits."""
    raise error


def create_app(settings: ServiceSettings, beside: Sequence[ControllerRouterHandler] = ()) -> Edge:
    """The application, with what else is served `beside` it. Starting it connects, and refuses a
    privileged role or an old schema (service.database.readiness.NotReady). Raises SettingMissing
    for one that cannot be used."""
    reach_of(settings.webhook_networks)
    if settings.vapid_key:
        public_key(settings.vapid_key)

    @contextlib.asynccontextmanager
    async def database(app: Litestar) -> AsyncIterator[None]:
        app.state.database = await Database.open(app.state.settings)
        try:
            async with app.state.database.probe() as connection:
                await readiness.refuse_privileged(connection)
            app.state.wakeups = Wakeups(app.state.database, app.state.settings.streams)
            yield
            await app.state.wakeups.close()
        finally:
            await app.state.database.close()

    return assemble([*ROOMS, *beside], settings, [database])


def assemble(
    rooms: Sequence[ControllerRouterHandler],
    settings: ServiceSettings,
    lifespan: Sequence[Any] = (),
) -> Edge:
    """Rooms behind the edge. Raises service.web.routes.Ignored for a handler that names what would
    be ignored."""
    app = Litestar(
        route_handlers=rooms,
        dependencies={"call": Provide(provide_call, sync_to_thread=False)},
        exception_handlers={Exception: _leave_it_to_the_edge},
        lifespan=lifespan,
        middleware=[Dispatch],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=max(settings.body_limit, settings.import_limit) + 1024,
        signature_types=[NamedDependency],
    )
    prepare(app.routes, settings)
    app.state.settings = settings
    app.state.stopping = asyncio.Event()
    app.state.description = describe(app.routes)
    return Edge(app)
