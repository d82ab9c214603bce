"""Routes: exports. The one kind of GET that writes: its entry in the ledger of disclosures."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from service.database.transaction import Tx
from service.domain.exports.columns import LEADS, OFFERS, STATEMENT, Columns, chosen, pattern
from service.domain.exports.operations import PAGE, Export, begin, parts
from service.domain.exports.running import Running
from service.domain.exports.writing import MEDIA, Kind, writer
from service.domain.leads import listing
from service.domain.leads.http import (
    AtStep,
    Capacity,
    ChangedSince,
    Engaged,
    FromSource,
    Handler,
    InState,
    OfGiver,
    OfLead,
    OfMarketplace,
    ReceivedSince,
    Search,
    Stalled,
    Tagged,
)
from service.domain.leads.messages import LeadFilter
from service.domain.offers import queries as offers
from service.domain.offers.http import OfSide, State
from service.domain.offers.messages import OfferFilter
from service.domain.reports import operations as reports
from service.domain.reports import queries as statements
from service.domain.reports.http import OfCompany, OfMonth
from service.vocabulary import Page
from service.web.answers import CsvFile, Stream, attachment
from service.web.calls import Call


def _named(known: Columns) -> QueryParameter:
    return QueryParameter(
        pattern=pattern(known),
        max_length=2000,
        description="Names of columns with commas between them, in the order wanted; absent: all",
    )


FromOldest = Annotated[
    Literal["newest", "oldest"], QueryParameter(description="Last in first, or first in first")
]
_RUNNING = Running()
_SUMMARIES = {"csv": "as CSV", "jsonl": "as JSON Lines", "xlsx": "as XLSX"}
_SANDBOX = {"content-security-policy": "sandbox; default-src 'none'"}


async def sent(call: Call, export: Export, kind: Kind) -> Stream:
    """The answer: its entry committed, the first page read, and then its head. Faults until then
    are answered as for any list; one that comes later cuts the file off."""
    company = await call.noted(begin, export, _RUNNING)
    source = parts(
        call.database,
        call.token,
        export,
        writer(kind, export.known, export.columns, call.language),
    )
    source = await begun(source if company is None else _RUNNING.counted(company, source))
    name = f"{export.name}-{datetime.now(UTC):%Y-%m-%d}.{kind}"
    headers = {"content-disposition": attachment(name), "cache-control": "no-store", **_SANDBOX}
    if kind != "jsonl":
        headers |= {"content-language": call.language, "vary": "accept-language"}
    return call.stream(source, MEDIA[kind], headers=headers, whole=True)


async def begun(source: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same, with its first part made already. Raises what that raises."""
    first = await anext(source)

    async def rest() -> AsyncGenerator[bytes, None]:
        try:
            yield first
            async for part in source:
                yield part
        finally:
            await source.aclose()

    return rest()


def _leads(kind: Kind) -> HTTPRouteHandler:
    async def handler(
        call: NamedDependency[Call],
        capacity: Capacity = None,
        lead_state: InState = None,
        marketplace: OfMarketplace = None,
        handler: Handler = None,
        step: AtStep = None,
        engagement: Engaged = None,
        tag: Tagged = None,
        source: FromSource = None,
        giver: OfGiver = None,
        lead: OfLead = None,
        received_since: ReceivedSince = None,
        changed_since: ChangedSince = None,
        stalled: Stalled = None,
        q: Search = None,
        sort: FromOldest = "newest",
        columns: Annotated[str | None, _named(LEADS)] = None,
    ) -> Stream:
        """All leads of the list with the same filters, whatever their number."""
        narrow = LeadFilter(
            capacity, lead_state, marketplace, handler, q, step, engagement, tag, source, giver,
            lead, received_since, changed_since, sort, stalled,
        )  # fmt: skip
        export = Export(
            "leads", LEADS, chosen(LEADS, columns), marketplace,
            lambda tx, cursor: listing.leads(tx, narrow, cursor, PAGE),
        )  # fmt: skip
        return await sent(call, export, kind)

    handler.__name__ = f"leads_{kind}"
    return get(
        f"/leads.{kind}",
        summary=f"Leads {_SUMMARIES[kind]}",
        refuses="colleague-required too-many-requests",
        sends=MEDIA[kind].partition(";")[0],
    )(handler)


def _offers(kind: Kind) -> HTTPRouteHandler:
    async def handler(
        call: NamedDependency[Call],
        capacity: OfSide = "taker",
        offer_state: State = None,
        marketplace: OfMarketplace = None,
        lead: OfLead = None,
        columns: Annotated[str | None, _named(OFFERS)] = None,
    ) -> Stream:
        """All offers of the list with the same filters, newest first."""
        narrow = OfferFilter(capacity, offer_state, marketplace, lead)
        export = Export(
            "offers", OFFERS, chosen(OFFERS, columns), marketplace,
            lambda tx, cursor: offers.offers(tx, narrow, cursor, PAGE),
        )  # fmt: skip
        return await sent(call, export, kind)

    handler.__name__ = f"offers_{kind}"
    return get(
        f"/offers.{kind}",
        summary=f"Offers {_SUMMARIES[kind]}",
        refuses="too-many-requests",
        sends=MEDIA[kind].partition(";")[0],
    )(handler)


async def _nothing(tx: Tx, cursor: str | None) -> Page[Any]:
    """A file that is made whole asks for no pages."""
    return Page([])


OneMarketplace = Annotated[UUID, QueryParameter(description="Marketplace id")]


@get("/statement.csv", summary="The statement as CSV", refuses="not-found too-many-requests")
async def statement_csv(
    call: NamedDependency[Call],
    marketplace: OneMarketplace,
    month: OfMonth = None,
    company: OfCompany = None,
) -> CsvFile:
    """The whole month with its totals, and no personal data. In German (Accept-Language) with
    semicolons and a decimal comma, else with commas and a decimal point."""
    export = Export("statement", STATEMENT, [], marketplace, _nothing)
    await call.noted(begin, export, _RUNNING)
    return await call.file(reports.statement_file, marketplace, month, company, call.language)


def _statement(kind: Kind) -> HTTPRouteHandler:
    async def handler(
        call: NamedDependency[Call],
        marketplace: OneMarketplace,
        month: OfMonth = None,
        company: OfCompany = None,
        columns: Annotated[str | None, _named(STATEMENT)] = None,
    ) -> Stream:
        """Its entries in their order."""
        export = Export(
            "statement", STATEMENT, chosen(STATEMENT, columns), marketplace,
            lambda tx, cursor: statements.statement(tx, marketplace, month, company, cursor, PAGE),
        )  # fmt: skip
        return await sent(call, export, kind)

    handler.__name__ = f"statement_{kind}"
    return get(
        f"/statement.{kind}",
        summary=f"The statement {_SUMMARIES[kind]}",
        refuses="not-found too-many-requests",
        sends=MEDIA[kind].partition(";")[0],
    )(handler)


router = Router(
    "/exports",
    route_handlers=[
        _leads("csv"),
        _leads("jsonl"),
        _leads("xlsx"),
        _offers("csv"),
        _offers("jsonl"),
        _offers("xlsx"),
        statement_csv,
        _statement("jsonl"),
        _statement("xlsx"),
    ],
    tags=["integration"],
)
