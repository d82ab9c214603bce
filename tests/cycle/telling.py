"""One story told by hand, so that no seed leaves out what is rare: two returns and a revocation,
two waves by the clock, a lead that is recycled, who leaves. Between its chapters everybody tries
all that he may not."""

from typing import Any

from tests.cycle.acting import CALLS
from tests.cycle.story import Story
from tests.cycle.town import KEY, PEOPLE, Who, key_of
from tests.policies.oracle import OK

Told = tuple[str, str, str, Any]
# operation, company, colleague, argument; chapters end with who may not.
BEGINNING: list[Told] = [
    ("submit", "Geber", "Gina", None),
    ("accept", "Nord", "Otto", None),
]
OFFER: list[Told] = [
    ("offer", "Nord", "Otto", {"Huber", "Klein", "Lang"}),
    ("decline", "Klein", "Carl", None),
    ("reopen_offer", "Klein", "Cora", None),
    ("decline", "Lang", "Leo", None),
    ("message", "Geber", "Gerd", None),
    ("note", "Nord", "Olga", None),
]
WORK: list[Told] = [
    ("pick", "Huber", "Ben", None),
    ("pick", "Huber", "Anna", None),
    ("message", "Huber", "Anna", None),
    ("note", "Huber", "Ben", None),
    ("change", "Huber", "Ben", None),
    ("claim", "Huber", "Ben", None),
    ("claim", "Huber", "Anna", None),
    ("log", "Huber", "Ben", "not_reached"),
    ("claim", "Huber", "Anna", None),
    ("hang_up", "Huber", "Anna", None),
    ("follow_up", "Huber", "Dora", "Ben"),
    ("follow_up", "Huber", "Ben", None),
    ("step", "Huber", KEY, "kontaktiert"),
    ("handler", "Huber", "Dora", "Anna"),
    ("handler", "Huber", "Dora", "Ben"),
    ("ask", "Huber", "Ben", None),
    ("withdraw_return", "Huber", "Ben", None),
    ("ask", "Huber", KEY, None),
    ("release", "Huber", "Dora", None),
    ("return_refuse", "Nord", "Otto", None),
    ("message", "Nord", "Otto", None),
    ("return", "Huber", "Anna", None),
    ("withdraw_return", "Huber", "Dora", None),
    ("return", "Huber", "Anna", None),
]
RETURNED: list[Told] = [
    ("return_accept", "Nord", "Olga", None),
    ("offer", "Nord", "Otto", {"Huber", "Lang"}),  # is refused
    ("offer", "Nord", "Otto", None),  # the plan: Klein in the first wave, Huber not again
]
SECOND: list[Told] = [
    ("pick", "Lang", KEY, None),
    ("message", "Lang", "Leo", None),
    ("note", "Lang", "Lena", None),
    ("handler", "Lang", "Leo", "Leo"),
    ("revoke", "Nord", "Olga", None),
    ("assign", "Nord", "Olga", "Klein"),
    ("handler", "Klein", "Carl", "Carl"),
    ("close", "Klein", "Carl", "lost"),
    ("reopen", "Klein", "Cora", None),
    ("close", "Klein", "Cora", "lost"),
]
END: list[Told] = [
    ("recycle", "Nord", "Otto", None),
    ("offer", "Nord", "Otto", {"Beides"}),
    ("withdraw", "Geber", KEY, None),
]
ARGUMENTS: dict[str, list[Any]] = {
    "offer": [None, {"Huber"}, {"Geber"}],
    "assign": ["Klein", "Geber"],
    "step": ["neu", "gibt es nicht"],
    "close": ["won"],
    "handler": ["Fritz", "Anna", None],
    "log": ["reached"],
    "follow_up": [None, "Fritz", "Anna"],
}


async def chapter(story: Story, lead: str, told: list[Told]) -> None:
    """Its operations, one after the other; after each all that changed is compared."""
    for op, company, name, argument in told:
        who = key_of(company) if name == KEY else Who(company, name)
        await story.operate(op, who, lead, argument)
        await story.compare()


async def who_may_not(story: Story, lead: str) -> None:
    """Everybody tries everything; what is allowed is left out."""
    for company, people in PEOPLE.items():
        for op in CALLS:
            key = key_of(company).name
            names = (key, next(iter(people))) if op in ("claim", "follow_up") else [*people][-1:]
            for name in names:
                await _try(story, op, Who(company, name), lead)


async def _try(story: Story, op: str, who: Who, lead: str) -> None:
    guarded = CALLS[op][0] == "PATCH" and op != "tick"
    for argument in ARGUMENTS.get(op, [lead if op == "tick" else None]):
        for match in ("*", '"0"', None) if guarded else ("*",):
            if story.book.status(op, who, lead, argument, match) != OK:
                await story.operate(op, who, lead, argument, match)


async def tell(story: Story, *, refusals: bool) -> None:
    """All of it."""
    for who in (Who("Geber", "Gerd"), Who("Huber", "Anna"), Who("Fremd", "Fritz")):
        await story.create(who)
    lead = next(iter(story.ids.values()))
    for told in ([], BEGINNING, OFFER, WORK, RETURNED):
        await chapter(story, lead, told)
        if refusals:
            await who_may_not(story, lead)
    for name in ("Ben", "Anna"):
        await story.rename(Who("Huber", name), "Huber & Töchter")
    await story.compare()
    await story.leave(Who("Huber", "Dora"), Who("Huber", "Ben"))
    await story.leave(Who("Huber", "Anna"), Who("Huber", "Ben"))
    await story.time(65)
    await story.compare()
    await chapter(story, lead, SECOND)
    if refusals:
        await who_may_not(story, lead)
    await story.merge("Geber", "Klein")
    await story.compare()
    await story.undo()
    await story.compare()
    await chapter(story, lead, END)
    if refusals:
        await who_may_not(story, lead)
    await _others(story, refusals)
    await story.compare(whole=True)


async def _others(story: Story, refusals: bool) -> None:
    """One that is rejected, and one that nobody takes, so that the operator does."""
    for told in (
        [("submit", "Nord", "Olga", None), ("reject", "Nord", "Olga", None)],
        [("submit", "Gabe", KEY, None), ("accept", "Nord", "Olga", None),
         ("offer", "Nord", "Olga", {"Klein"}), ("decline", "Klein", "Clea", None)],
    ):  # fmt: skip
        await story.create(Who("Gabe", "Gabi"))
        lead = list(story.ids.values())[-1]
        await chapter(story, lead, told)
    await story.time(5)
    if refusals:
        await who_may_not(story, lead)
    await chapter(
        story, lead, [("pick", "Nord", "Olga", None), ("step", "Nord", "Otto", "angebot")]
    )
    mine = [f.id for p in story.book.papers.values() for f in p.follow_ups if f.company == "Huber"]
    first = next(iter(story.ids.values()))
    await chapter(story, first, [("tick", "Huber", "Anna", number) for number in mine])
