"""What happens in the demo world, so that every log-in has something to see.

Leads are chosen by the order of their reference in the source, never by their id, so every fresh
world tells the same story. Each part looks at what is so before it acts: repeating it is harmless.
"""

from typing import Literal
from uuid import UUID

from service.database.wire import PostgresError
from service.demo import people
from service.demo.build import Actor, DemoWorld
from service.domain.engagements import operations as engagements
from service.domain.engagements.messages import Closing, EngagementChange
from service.domain.leads import listing
from service.domain.leads import operations as leads
from service.domain.leads.messages import Assignment, Lead, LeadFilter, Rejection, Withdrawal
from service.domain.offers import operations as offers
from service.domain.offers import queries as offer_queries
from service.domain.offers.messages import Offer, OfferFilter, Refusal
from service.domain.timeline import operations as timeline
from service.domain.timeline import queries as timeline_queries
from service.domain.timeline.messages import Entry
from service.vocabulary import LeadState

Capacity = Literal["operator", "giver", "taker"]
SOLAR = people.MARKETS[0].name
_LEFT_SUBMITTED = 6  # so that the operator has something to decide
_LEFT_AVAILABLE = 5  # … and something to offer

# firm -> its picks, and the places of the colleagues who pick, in turn
_PICKS = {
    people.HUBER: (4, (1, 0, 4, 1)),
    people.KLEIN: (2, (0,)),
    people.MEISTER: (3, (1, 2)),
    people.NORDWIND: (2, (1,)),
    people.SPREE: (3, (2, 3)),
    people.KUECHEN: (2, (1,)),
    people.MALER: (1, (0,)),
    people.SOLAR: (1, (1,)),
}
_NOTES = (
    "Telefonisch erreicht, möchte Unterlagen per E-Mail. Bitte bis Freitag nachfassen.",
    "Rückruf nur nach 17 Uhr. Dach ist von 1998, Unterlagen liegen vor.",
    "Zweiter Anrufversuch, niemand erreicht. Wer ist morgen früh im Büro?",
)
_QUESTION = "Wir haben die Person erreicht und stimmen gerade einen Termin ab."
_ANSWER = "Vielen Dank für die schnelle Rückmeldung. Bitte halten Sie uns hier auf dem Laufenden."


async def tell(world: DemoWorld) -> None:
    """Everything after the imports, in order."""
    operator = await world.actor(people.SOLAR, 1)
    await _decide(operator, world.markets[SOLAR])
    await _offer(await world.actor(people.SOLAR, 2), world.markets[SOLAR])
    order = await _order(world)
    for firm, (wanted, pickers) in _PICKS.items():
        await _pick(world, firm, wanted, pickers, order)
    await _decline(operator, await world.actor(people.NORDWIND), order)
    meister = await world.actor(people.MEISTER)
    await _assign(operator, world.markets[SOLAR], meister)
    for firm in _PICKS:
        await _work(world, firm)
    await _hand_over(world)
    await _close(world, people.HUBER, 1, Closing(outcome="won", value=14850.0))
    await _close(world, people.SPREE, 2, Closing(outcome="won", value=1290.0))
    await _close(world, people.MEISTER, 1, Closing(outcome="lost"))


async def _leads(
    actor: Actor, capacity: Capacity, state: LeadState | None, place: UUID | None = None
) -> list[Lead]:
    """All leads that fit, in the order of their references."""
    found: list[Lead] = []
    cursor: str | None = None
    while True:
        narrow = LeadFilter(capacity, state, place)
        page = await actor.page(Lead, listing.leads, narrow, cursor, 100)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return sorted(found, key=lambda lead: lead.external_ref or "")


async def _offers(actor: Actor, narrow: OfferFilter) -> list[Offer]:
    found: list[Offer] = []
    cursor: str | None = None
    while True:
        page = await actor.page(Offer, offer_queries.offers, narrow, cursor, 100)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _order(world: DemoWorld) -> dict[UUID, str]:
    """lead → reference, as the operators know it: takers do not see it before the pick."""
    known: dict[UUID, str] = {}
    for market in people.MARKETS:
        operator = await world.actor(market.operator, 1)
        for lead in await _leads(operator, "operator", None):
            known[lead.id] = lead.external_ref or ""
    return known


async def _decide(operator: Actor, place: UUID) -> None:
    """The operator rejects one lead and accepts the others, but for a few that came just now."""
    waiting = (await _leads(operator, "operator", "submitted", place))[:-_LEFT_SUBMITTED]
    if waiting and not await _leads(operator, "operator", "rejected", place):
        first = waiting.pop(0)
        reason = Rejection(reason="Das Anliegen gehört nicht zu diesem Marktplatz.")
        await operator.do(leads.reject, place, first.id, reason)
    for lead in waiting:
        await operator.do(leads.accept, place, lead.id)
    available = await _leads(operator, "operator", "available", place)
    if available and not await _leads(operator, "operator", "withdrawn", place):
        reason_ = Withdrawal(reason="Die Person hat sich anders entschieden.")
        await operator.do(leads.withdraw, place, available[0].id, reason_)


async def _offer(operator: Actor, place: UUID) -> None:
    """To all matching takers; leads nobody matches stay available."""
    for lead in (await _leads(operator, "operator", "available", place))[:-_LEFT_AVAILABLE]:
        try:
            await operator.do(leads.offer, place, lead.id, None)
        except PostgresError as error:
            if error.constraint != "no-matching-taker":
                raise


async def _pick(
    world: DemoWorld, firm: str, wanted: int, pickers: tuple[int, ...], order: dict[UUID, str]
) -> None:
    admin = await world.actor(firm)
    done = len(await _offers(admin, OfferFilter(state="picked")))
    found = sorted(
        await _offers(admin, OfferFilter(state="open")),
        key=lambda offer: order.get(offer.lead_id, ""),
    )
    for number, offer in enumerate(found[: max(0, wanted - done)], start=done):
        picker = await world.actor(firm, pickers[number % len(pickers)])
        await picker.do(offers.pick, offer.marketplace_id, offer.lead_id)


async def _decline(operator: Actor, taker: Actor, order: dict[UUID, str]) -> None:
    """A company says no; its offer then vanishes for it, the operator reads the reason."""
    if await _offers(operator, OfferFilter("operator", "declined")):
        return
    found = sorted(
        await _offers(taker, OfferFilter(state="open")),
        key=lambda offer: order.get(offer.lead_id, ""),
    )
    for offer in found[:1]:
        reason = Refusal(reason="Der Einsatzort ist für uns zu weit entfernt.")
        await taker.do(offers.decline, offer.marketplace_id, offer.lead_id, reason)


async def _assign(operator: Actor, place: UUID, taker: Actor) -> None:
    """Directly, past the offers: nobody handles it yet."""
    engaged = await _leads(operator, "operator", "engaged", place)
    if any(lead.engagement and lead.engagement.origin == "assignment" for lead in engaged):
        return
    for lead in (await _leads(operator, "operator", "available", place))[:1]:
        await operator.do(leads.assign, place, lead.id, Assignment(company_id=taker.company_id))


async def _work(world: DemoWorld, firm: str) -> None:
    """Colleagues of the picker take part: steps, a note, a message and the operator's answer."""
    people_of = people.firm(firm).people
    for number, lead in enumerate(await _leads(await world.actor(firm), "taker", "engaged")):
        colleague = await world.actor(firm, number + len(people_of) - 1)
        place, lead_id = lead.marketplace_id, lead.id
        if (await colleague.do(timeline_queries.notes, place, lead_id, None, None, 1)).items:
            continue
        note = Entry(text=_NOTES[number % len(_NOTES)])
        await colleague.do(timeline.add_note, place, lead_id, note)
        if number and lead.engagement:
            steps = lead.engagement.steps
            change = EngagementChange(step=steps[number % len(steps)])
            await colleague.do(engagements.change, place, lead_id, None, change)
        if number == 0:
            await colleague.do(timeline.add_message, place, lead_id, Entry(text=_QUESTION))
            market = next(m for m in people.MARKETS if world.markets[m.name] == place)
            operator = await world.actor(market.operator, 1)
            await operator.do(timeline.add_message, place, lead_id, Entry(text=_ANSWER))


async def _hand_over(world: DemoWorld) -> None:
    """A delegator gives a lead that a colleague picked to another one."""
    delegator, handler = await world.actor(people.HUBER, 2), await world.actor(people.HUBER, 4)
    found = await _leads(delegator, "taker", "engaged")
    if len(found) > 1 and found[1].engagement:
        change = EngagementChange(handler_id=handler.colleague_id)
        await delegator.do(engagements.change, found[1].marketplace_id, found[1].id, None, change)


async def _close(world: DemoWorld, firm: str, place: int, closing: Closing) -> None:
    """The firm's last lead comes to an end, once."""
    closer = await world.actor(firm, place)
    if await _leads(closer, "taker", "closed"):
        return
    for lead in (await _leads(closer, "taker", "engaged"))[-1:]:
        await closer.do(engagements.close, lead.marketplace_id, lead.id, closing)
