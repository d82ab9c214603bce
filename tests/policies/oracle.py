"""Who sees what, told once more without a database: docs/domain.md in plain Python.

The model has one marketplace. `status` says what an operation must answer, `apply` what it changes,
`visible` what a company then sees. Nothing of it is derived from sql/.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

OPERATOR = "Nord"
GIVERS = ("Geber", "Gabe", "Beides")
TAKERS = ("Huber", "Klein", "Lang", "Beides")
OUTSIDER = "Fremd"
COMPANIES = (OPERATOR, "Geber", "Gabe", "Beides", "Huber", "Klein", "Lang", OUTSIDER)
OK, FORBIDDEN, UNKNOWN, TOO_LATE, UNFIT = 200, 403, 404, 409, 422


@dataclass
class Offer:
    """To one company; `run` is the brokerage it belongs to."""

    company: str
    run: int
    state: str = "open"
    final: bool = False  # declined, and not to be taken back any more


@dataclass
class Lead:
    """One lead and all that hangs on it."""

    giver: str | None
    state: str = "draft"
    engaged: str | None = None
    work: str | None = None  # state of the engagement
    step: str = "neu"
    handler: str | None = None
    offers: list[Offer] = field(default_factory=list)
    run: int = 0
    run_open: bool = False
    notes: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    history: int = 1

    @property
    def parties(self) -> set[str | None]:
        """Operator, giver, engaged taker."""
        return {OPERATOR, self.giver, self.engaged} - {None}

    def latest(self, company: str) -> Offer | None:
        """The last offer to a company."""
        return next((o for o in reversed(self.offers) if o.company == company), None)

    @property
    def open(self) -> list[Offer]:
        """Offers that can be picked."""
        return [offer for offer in self.offers if offer.state == "open"]

    def end_run(self, state: str) -> None:
        """What is still open ends with the brokerage."""
        for offer in self.open:
            offer.state = state
        self.run_open = False

    def end_wave(self) -> None:
        """Nobody left who could pick, or take his refusal back: the operator gets it back."""
        undecided = [o for o in self.offers if o.run == self.run and o.state == "declined"]
        if self.run_open and not self.open and all(o.final for o in undecided):
            self.run_open, self.state, self.history = False, "unplaced", self.history + 1

    def engage(self, company: str) -> None:
        """One company works it from here on; its admin picked, or nobody handles it yet."""
        self.state, self.engaged, self.work, self.step = "engaged", company, "active", "neu"
        self.history += 1


def fit(lead: Lead, company: str) -> bool:
    """May be offered the lead: a taker who is not its giver (case 2)."""
    return company in TAKERS and company != lead.giver


# -- what an operation answers ---------------------------------------------------------------------


def create_status(who: str) -> int:
    """Operator and givers put leads in; others of the marketplace may not; outsiders know of
    none."""
    if who == OPERATOR or who in GIVERS:
        return OK
    return UNKNOWN if who == OUTSIDER else FORBIDDEN


def _operators(lead: Lead, who: str, *states: str) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who != OPERATOR:
        return FORBIDDEN
    return OK if lead.state in states else TOO_LATE


def _workers(lead: Lead, who: str, *states: str) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who != lead.engaged:
        return FORBIDDEN
    return OK if lead.work in states else TOO_LATE


def _pick(lead: Lead, who: str) -> int:
    offer = lead.latest(who)
    if who == OPERATOR:  # this one takes itself what the first wave left over
        return OK if lead.engaged == who or lead.state == "unplaced" else TOO_LATE
    if offer is None and lead.engaged != who:
        return UNKNOWN
    if lead.engaged == who or (offer is not None and offer.state == "open"):
        return OK
    return TOO_LATE


def _answer(lead: Lead, who: str, op: str) -> int:
    offer = lead.latest(who)
    if offer is None:
        return UNKNOWN
    if offer.state in ("open", "declined") and (op == "decline" or offer.state == "open"):
        return OK
    if (
        op == "reopen_offer"
        and offer.state == "declined"
        and lead.run_open
        and offer.run == lead.run
    ):
        return OK
    return TOO_LATE


def _offer(lead: Lead, who: str, others: list[str] | None) -> int:
    allowed = _operators(lead, who, "available", "unplaced")
    if allowed == OK and others is not None:
        if not all(fit(lead, other) for other in others):
            return UNFIT
        return OK if others else TOO_LATE
    return allowed


def _assign(lead: Lead, who: str, other: str) -> int:
    allowed = _operators(lead, who, "available", "offered", "unplaced")
    if allowed != OK:
        return allowed
    if other == OPERATOR:
        return OK if lead.state == "unplaced" else TOO_LATE
    return OK if fit(lead, other) else UNFIT


def _change(lead: Lead, who: str) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who == OPERATOR:
        closed = ("closed", "rejected", "withdrawn")
        return TOO_LATE if lead.state in closed else OK
    if who == lead.giver:
        return OK if lead.state in ("draft", "submitted", "available") else TOO_LATE
    return OK if lead.state == "engaged" else TOO_LATE


def _give(lead: Lead, who: str, states: tuple[str, ...]) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who not in (OPERATOR, lead.giver):
        return FORBIDDEN
    return OK if lead.state in states else TOO_LATE


GIVE = {
    "submit": ("draft",),
    "withdraw": ("draft", "submitted", "available", "offered", "unplaced"),
}
OPERATE = {"accept": ("submitted", "available"), "reject": ("submitted",)}
WORK = {
    "step": ("active",),
    "handler": ("active",),
    "close": ("active",),
    "reopen": ("won", "lost"),
}


def status(lead: Lead, op: str, who: str, argument: Any = None) -> int:
    """What must be answered, as an HTTP status."""
    if op in GIVE:
        return _give(lead, who, GIVE[op])
    if op in OPERATE:
        return _operators(lead, who, *OPERATE[op])
    if op in WORK:
        return _workers(lead, who, *WORK[op])
    match op:
        case "offer":
            return _offer(lead, who, argument)
        case "assign":
            return _assign(lead, who, argument)
        case "pick":
            return _pick(lead, who)
        case "decline" | "reopen_offer":
            return _answer(lead, who, op)
        case "change":
            return _change(lead, who)
    return OK if who in lead.parties else UNKNOWN  # note, message


# -- what it changes -------------------------------------------------------------------------------


def _moves(lead: Lead, op: str, who: str, argument: Any) -> None:
    match op:
        case "offer":
            others = argument if argument is not None else [c for c in TAKERS if fit(lead, c)]
            lead.run, lead.run_open, lead.state = lead.run + 1, True, "offered"
            lead.offers += [Offer(company, lead.run) for company in set(others)]
            lead.history += 1
        case "assign":
            lead.end_run("lost")
            lead.engage(argument)
        case "pick" if lead.engaged != who:
            offer = lead.latest(who)
            if who != OPERATOR and offer:
                offer.state = "picked"
            lead.end_run("lost")
            lead.engage(who)
            lead.handler = who
        case "decline":
            offer = lead.latest(who)
            if offer and offer.state == "open":
                offer.state = "declined"
                lead.end_wave()
        case "reopen_offer":
            offer = lead.latest(who)
            if offer:
                offer.state, offer.final = "open", False
        case "withdraw":
            lead.end_run("withdrawn")
            lead.state, lead.history = "withdrawn", lead.history + 1


def apply(lead: Lead, op: str, who: str, argument: Any = None) -> None:
    """An operation that was answered with 200."""
    simple = {"submit": "submitted", "accept": "available", "reject": "rejected"}
    match op:
        case "submit" | "accept" | "reject":
            if lead.state != simple[op]:
                lead.state, lead.history = simple[op], lead.history + 1
        case "change":
            lead.history += 1
        case "step":
            lead.history += argument != lead.step
            lead.step = argument
        case "handler":
            wanted = who if argument else None
            lead.history += wanted != lead.handler
            lead.handler = wanted
        case "close":
            lead.work, lead.state, lead.history = argument, "closed", lead.history + 1
        case "reopen":
            lead.work, lead.state, lead.history = "active", "engaged", lead.history + 1
        case "note":
            lead.notes[who] += 1
        case "message":
            lead.messages += 1
        case _:
            _moves(lead, op, who, argument)


def expire(lead: Lead, company: str) -> None:
    """The response window of one company's open offer ends."""
    for offer in lead.open:
        if offer.company == company:
            offer.state = "expired"
            lead.end_wave()


def grace_over(lead: Lead) -> None:
    """What was declined was declined long ago."""
    for offer in lead.offers:
        offer.final = offer.final or offer.state == "declined"
    lead.end_wave()


# -- who sees what ---------------------------------------------------------------------------------


def visible(leads: dict[Any, Lead], who: str) -> Counter[tuple[str, Any, str]]:
    """Rows a company sees: (table, lead, what), with their number."""
    rows: Counter[tuple[str, Any, str]] = Counter()
    for name, lead in leads.items():
        if who in lead.parties:
            rows[("lead", name, lead.state)] += 1
            rows[("prospect", name, "")] += 1
            rows[("message", name, "")] += lead.messages
            rows[("history", name, "")] += lead.history
        if lead.engaged and who in lead.parties:
            rows[("engagement", name, f"{lead.work} {lead.engaged} {lead.handler}")] += 1
        if lead.engaged and who in (OPERATOR, lead.engaged):
            rows[("disclosure", name, lead.engaged)] += 1
        if who == OPERATOR:
            rows[("brokerage", name, "")] += lead.run
        for offer in lead.offers:
            if who == OPERATOR or (who == offer.company and offer.state in ("open", "picked")):
                rows[("offer", name, f"{offer.company} {offer.state}")] += 1
        rows[("note", name, who)] += lead.notes[who]
    return +rows
