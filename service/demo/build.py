"""Sets the demo world up: companies, colleagues, marketplaces, partners, imported leads."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

import msgspec
import structlog

from service import identity
from service.database.transaction import Database, Tx
from service.demo import people
from service.demo.people import DemoFile, DemoMarket, Firm, Partner
from service.domain.companies import operations as companies
from service.domain.companies import queries as company_queries
from service.domain.companies.messages import Acceptance, Colleague, Invitation, InvitationDraft
from service.domain.imports import operations as imports
from service.domain.imports import queries as import_queries
from service.domain.imports.files.mapping import parse_mapping
from service.domain.imports.files.reading import read_file
from service.domain.imports.files.uploads import prepared
from service.domain.imports.messages import Import
from service.domain.marketplaces import operations as marketplaces
from service.domain.marketplaces import queries as market_queries
from service.domain.marketplaces.messages import (
    Marketplace,
    MarketplaceDraft,
    PartnerInvitation,
)
from service.domain.sessions import operations as sessions
from service.domain.sessions.messages import LogIn
from service.errors import Problem
from service.vocabulary import Page

T = TypeVar("T")
L = TypeVar("L")
P = ParamSpec("P")

log = structlog.get_logger()


class Founder(Protocol):
    """What only staff does."""

    async def names(self) -> set[str]:
        """The names of all companies."""

    async def create(
        self, name: str, admin: str, email: str, language: str, password: str
    ) -> object:
        """A company with its first admin."""


class Login(msgspec.Struct):
    """How one can log in to the demo."""

    company: str
    colleague: str
    email: str
    password: str
    role: str
    capacities: list[str]


class Actor:
    """A colleague who is logged in; everything happens with his token."""

    def __init__(
        self, database: Database, token: str, colleague_id: UUID, company_id: UUID
    ) -> None:
        self.database, self.token = database, token
        self.colleague_id, self.company_id = colleague_id, company_id

    async def do(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs one operation in a transaction of its own, as one request would."""
        return await self.database.run(self.token, operation, *args, **kwargs)

    async def page(
        self,
        kind: type[L],
        operation: Callable[Concatenate[Tx, P], Awaitable[Page[L]]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Page[L]:
        """The same for a list: its rows pass through unread (service/database/passing.py), and are
        read here as a client reads them."""
        answer = msgspec.json.encode(await self.do(operation, *args, **kwargs))
        return msgspec.json.decode(answer, type=Page[kind])  # type: ignore[valid-type]


class DemoWorld:
    """The world while it is built: who is logged in, and where the marketplaces are."""

    def __init__(self, database: Database, examples: Path) -> None:
        self.database, self.examples = database, examples
        self.markets: dict[str, UUID] = {}
        self._actors: dict[str, Actor] = {}

    async def actor(self, firm: str, position: int = 0) -> Actor:
        """A colleague of a firm by his place in it (0: the admin), logged in once."""
        found = people.firm(firm)
        email = found.email(found.people[position % len(found.people)])
        if email not in self._actors:
            token, session = await sessions.log_in(
                self.database, LogIn(email=email, password=people.PASSWORD), "demo"
            )
            self._actors[email] = Actor(
                self.database, token, session.colleague.id, session.company.id
            )
        return self._actors[email]

    async def log_out(self) -> None:
        """Ends the sessions that building needed."""
        for actor in self._actors.values():
            await actor.do(sessions.log_out)
        self._actors.clear()


def logins() -> list[Login]:
    """Everybody who can log in."""
    return [
        Login(
            firm.name,
            person.name,
            firm.email(person),
            people.PASSWORD,
            person.role,
            people.capacities(firm.name),
        )
        for firm in people.FIRMS
        for person in firm.people
    ]


async def is_complete(world: DemoWorld, staff: Founder) -> bool:
    """Whether there is nothing left to build. A world that its users changed is left alone."""
    if not {firm.name for firm in people.FIRMS} <= await staff.names():
        return False
    try:
        admin = await world.actor(people.NEWCOMER_FIRM)
    except Problem:
        log.warning("demo_changed", advice="start with --reset for a fresh demo world")
        return True
    return await _was_invited(admin, people.NEWCOMER)


async def set_up(world: DemoWorld, staff: Founder) -> None:
    """Everything but what then happens to the leads (`story.py`)."""
    known = await staff.names()
    for firm in people.FIRMS:
        if firm.name not in known:
            admin = firm.people[0]
            await staff.create(firm.name, admin.name, firm.admin_email, "de", people.PASSWORD)
        await _colleagues(world, firm)
    for market in people.MARKETS:
        world.markets[market.name] = await _market(world, market)
        for partner in market.partners:
            await _partner(world, market, partner)
        for file in market.files:
            await _import(world, world.markets[market.name], file)


async def invite_newcomer(world: DemoWorld) -> None:
    """The last thing that happens: `is_complete` looks for it."""
    admin = await world.actor(people.NEWCOMER_FIRM)
    if not await _was_invited(admin, people.NEWCOMER):
        await admin.do(companies.invite, InvitationDraft(email=people.NEWCOMER))


async def _was_invited(admin: Actor, email: str) -> bool:
    invitations = await admin.page(Invitation, company_queries.invitations, None, 100)
    return any(invitation.email == email for invitation in invitations.items)


async def _colleagues(world: DemoWorld, firm: Firm) -> None:
    admin = await world.actor(firm.name)
    known = {
        person.email
        for person in (await admin.page(Colleague, company_queries.colleagues, None, 100)).items
    }
    for person in firm.people[1:]:
        email = firm.email(person)
        if email not in known:
            token = identity.new_token("kgi")
            await admin.do(companies.invite, InvitationDraft(email=email, role=person.role), token)
            await companies.accept(
                world.database,
                token,
                Acceptance(name=person.name, password=people.PASSWORD),
                "demo",
            )


async def _market(world: DemoWorld, market: DemoMarket) -> UUID:
    operator = await world.actor(market.operator)
    for known in (await operator.page(Marketplace, market_queries.marketplaces, None, 100)).items:
        if known.name == market.name and known.as_operator:
            return known.id
    draft = MarketplaceDraft(
        name=market.name,
        steps=list(market.steps),
        auto_accept=market.automatic,
        auto_offer=market.automatic,
        response_hours=336,  # two weeks: the demo should still have open offers tomorrow
    )
    return (await operator.do(marketplaces.create_marketplace, draft)).id


async def _partner(world: DemoWorld, market: DemoMarket, partner: Partner) -> None:
    """Invited by e-mail, accepted by the partner's last colleague: every colleague may."""
    place = world.markets[market.name]
    guest = await world.actor(partner.firm, -1)
    cards = (await guest.page(Marketplace, market_queries.marketplaces, None, 100)).items
    card = next((card for card in cards if card.id == place), None)
    if card is None:
        operator = await world.actor(market.operator)
        invitation = PartnerInvitation(
            capacity=partner.capacity,
            email=people.firm(partner.firm).admin_email,
            postcode_areas=list(partner.areas),
            tags=list(partner.tags),
            cap=partner.cap,
        )
        await operator.do(marketplaces.invite_partner, place, invitation)
    if card is None or card.state == "invited":
        await guest.do(marketplaces.answer_invitation, place, True)


async def _import(world: DemoWorld, place: UUID, file: DemoFile) -> None:
    """One import of each file is enough; a second would only report duplicates."""
    actor = await world.actor(file.firm, -1)
    done = (await actor.page(Import, import_queries.imports, None, 100)).items
    if any(known.file_name == file.name and known.marketplace_id == place for known in done):
        return
    mapping = parse_mapping((world.examples / file.mapping).read_bytes()) if file.mapping else None
    content = (world.examples / file.name).read_bytes()
    upload = prepared(
        lambda take: read_file(
            content, filename=file.name, mapping=mapping, consent=file.consent, take=take
        ),
        file.name,
    )
    report = await imports.import_whole(actor.database, actor.token, place, upload)
    log.info(
        "demo_imported",
        file=file.name,
        format=report.format,
        imported=report.imported,
        duplicates=report.duplicates,
        refused=report.refused,
    )
