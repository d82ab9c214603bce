"""Who can log in to the demo, for the log-in page of the workbench, which offers them to click.
Nothing but `kollegium demo` serves it: the passwords are in it."""

from litestar import get
from litestar.di import NamedDependency

from service.demo import build
from service.web.answers import Answer
from service.web.calls import Call


@get("/demo/logins", public=True, standalone=True, include_in_schema=False)
async def login_cards(call: NamedDependency[Call]) -> Answer[list[build.Login]]:
    """All of them, company by company."""
    return call.reply(build.logins())
