"""The one order in which every function takes its locks, and what a function takes in which order.

Who holds a lock of a later place never waits for an earlier one; so two requests may wait for each
other's end, and never for each other. The table stands in docs/architecture.md, too.
"""

from collections.abc import Iterator

from tests.locks.source import Function, called, locked

# place -> what is locked there. Rows of a lead are written under the lead's lock alone, so among
# themselves they need no order.
ORDER = {
    "company lock": ("company lock",),
    "name lock": ("name lock",),
    "merge": ("app.company_merge",),
    "company": ("app.company",),
    "invitation": ("app.invitation",),
    "colleague": ("app.colleague",),
    "marketplace": ("app.marketplace",),
    "partner invitation": ("app.partner_invitation",),
    "lead": ("app.lead",),
    "participation": ("app.participation",),
    "rows of a lead": (
        "app.brokerage",
        "app.offer",
        "app.engagement",
        "app.prospect",
        "app.message",
        "app.history",
        "app.note",
        "app.call_claim",
        "app.call_attempt",
        "app.disclosure",
        "app.return_request",
    ),
}
PLACES = {name: place for place, names in enumerate(ORDER.values()) for name in names}
ROWS = ORDER["rows of a lead"]
# Functions whose name is the lock that they take.
NAMED = {
    "app_private.hold_company": "company lock",
    "app_private.lock_companies": "company lock",
    "app.enter": "company lock",
    "app_private.hold_name": "name lock",
    "app_private.lock_name": "name lock",
}


def _taken(name: str, functions: dict[str, Function], inside: tuple[str, ...]) -> Iterator[str]:
    if name in NAMED:
        yield NAMED[name]
        return
    if name not in functions or name in inside:
        return
    for statement in functions[name].statements:
        found = [(statement.text.find(f"{one}("), one) for one in called(statement.text)]
        # What a statement calls runs before it locks; among calls the order of the text will do.
        if "advisory" in statement.text and "company_lock_key" in statement.text:
            yield "company lock"
        for _, one in sorted(found):
            yield from _taken(one, functions, (*inside, name))
        yield from locked(statement.text)


def taken(name: str, functions: dict[str, Function]) -> list[str]:
    """What a function locks, each table where it comes first. Tables without a place are left
    out: nobody holds one and waits for another thing."""
    return list(dict.fromkeys(t for t in _taken(name, functions, ()) if t in PLACES))


def disorder(order: list[str]) -> list[str]:
    """What is wrong with a sequence of locks: things that are locked after something later, and
    rows of a lead that are written without its lock."""
    wrong = []
    for number, table in enumerate(order):
        later = [one for one in order[:number] if PLACES[one] > PLACES[table]]
        if later:
            wrong.append(f"{table} after {', '.join(later)}")
        if table in ROWS and "app.lead" not in order[:number]:
            wrong.append(f"{table} without the lead")
    return wrong
