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
class Said:
    """What was said and done in one place: before any engagement, or in one. Messages by author;
    history by who did it and whom it names (a taker, a handler)."""

    messages: Counter[str] = field(default_factory=Counter)
    history: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass
class Work:
    """One engagement; what is said in it stays in it. asked: states of the requests to return it;
    what was not released is known inside the company alone."""

    company: str
    handler: str | None = None
    state: str = "active"
    step: str = "neu"
    ended: bool = False
    said: Said = field(default_factory=Said)
    asked: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        """A member asked to return it, and nobody has released that."""
        return self.asked[-1:] == ["waiting"]

    def answer(self, **states: str) -> None:
        """An open request gets another state, by the one it is in."""
        if self.asked:
            self.asked[-1] = states.get(self.asked[-1], self.asked[-1])


@dataclass
class Lead:
    """One lead and all that hangs on it."""

    giver: str | None
    state: str = "draft"
    works: list[Work] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    run: int = 0
    run_open: bool = False
    notes: Counter[str] = field(default_factory=Counter)
    before: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        self.tell(self.giver or OPERATOR)

    @property
    def current(self) -> Work | None:
        """The engagement that is not over: the last one, if any."""
        return self.works[-1] if self.works and not self.works[-1].ended else None

    @property
    def engaged(self) -> str | None:
        """Who works it, or closed it."""
        return self.current.company if self.current else None

    @property
    def parties(self) -> set[str | None]:
        """Operator, giver, engaged taker."""
        return {OPERATOR, self.giver, self.engaged} - {None}

    @property
    def said(self) -> Said:
        """Where is written what is written now."""
        return self.current.said if self.current else self.before

    def tell(self, who: str, named: str = "") -> None:
        """One line of the history."""
        self.said.history[who, named] += 1

    def had(self, company: str) -> bool:
        """Whether the company ever worked it."""
        return any(work.company == company for work in self.works)

    def gave_back(self, company: str) -> bool:
        """Whether it returned it."""
        return any(w.company == company and w.state == "returned" for w in self.works)

    def lost(self, company: str) -> bool:
        """Whether it closed it as lost, so that no plan offers it again."""
        return any(w.company == company and w.state == "lost" for w in self.works)

    def end(self, state: str) -> None:
        """The engagement is over, and the lead available again."""
        work = self.works[-1]
        work.state, work.ended, self.state = state, True, "available"

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
            self.run_open, self.state = False, "unplaced"
            self.tell("")

    def engage(self, company: str, handler: str | None = None) -> None:
        """One company works it from here on; its admin picked, or nobody handles it yet."""
        self.state = "engaged"
        self.works.append(Work(company, handler))


def fit(lead: Lead, company: str) -> bool:
    """May get the lead: a taker who is not its giver (case 2)."""
    return company in TAKERS and company != lead.giver


def fit_for_offer(lead: Lead, company: str) -> bool:
    """May be offered it: who returned it is left out."""
    return fit(lead, company) and not lead.gave_back(company)


def planned(lead: Lead) -> list[str]:
    """Whom the plan offers it to: who lost it is left out, too."""
    return [c for c in TAKERS if fit_for_offer(lead, c) and not lead.lost(c)]


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


def _decided(lead: Lead, who: str, *states: str) -> int:
    """By the operator, about the engagement."""
    if who not in lead.parties:
        return UNKNOWN
    if who != OPERATOR:
        return FORBIDDEN
    return OK if lead.current and lead.current.state in states else TOO_LATE


def _workers(lead: Lead, who: str, *states: str) -> int:
    if lead.had(who):  # into an ended one nobody writes, and its company knows that it ended
        work = lead.current
        return OK if work and work.company == who and work.state in states else TOO_LATE
    return FORBIDDEN if who in lead.parties else UNKNOWN


def _asks(lead: Lead, op: str) -> bool:
    """Whether the request to return fits: one at a time, and what is released waits."""
    work = lead.current
    match op:
        case "return" | "ask":
            return work is not None and not work.waiting
        case "release":
            return work is not None and work.waiting
        case "withdraw_return":
            return work is not None and work.asked[-1:] in (["waiting"], ["requested"])
    return True


def _pick(lead: Lead, who: str) -> int:
    offer = lead.latest(who)
    if who == OPERATOR:  # this one takes itself what the first wave left over
        return OK if lead.engaged == who or lead.state == "unplaced" else TOO_LATE
    if offer is None and not lead.had(who):
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
        if not all(fit_for_offer(lead, other) for other in others):
            return UNFIT
        return OK if others else TOO_LATE
    if allowed == OK and not planned(lead):
        return TOO_LATE
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
    "step": ("active", "return_requested"),
    "handler": ("active", "return_requested"),
    "close": ("active",),
    "reopen": ("won", "lost"),
    "return": ("active",),
    "ask": ("active",),
    "release": ("active",),
    "withdraw_return": ("active", "return_requested"),
}
DECIDE = {
    "return_accept": ("return_requested",),
    "return_refuse": ("return_requested",),
    "revoke": ("active", "return_requested"),
    "recycle": ("lost",),
}


def status(lead: Lead, op: str, who: str, argument: Any = None) -> int:
    """What must be answered, as an HTTP status."""
    if op in GIVE:
        return _give(lead, who, GIVE[op])
    if op in OPERATE:
        return _operators(lead, who, *OPERATE[op])
    if op in WORK:
        worked = _workers(lead, who, *WORK[op])
        return worked if worked != OK or _asks(lead, op) else TOO_LATE
    match op:
        case _ if op in DECIDE:
            return _decided(lead, who, *DECIDE[op])
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
    return _write(lead, who)


def _write(lead: Lead, who: str) -> int:
    """A note or message."""
    if who in lead.parties:
        return OK
    return TOO_LATE if lead.had(who) else UNKNOWN


# -- what it changes -------------------------------------------------------------------------------


def _moves(lead: Lead, op: str, who: str, argument: Any) -> None:
    match op:
        case "offer":
            others = argument or planned(lead)
            lead.run, lead.run_open, lead.state = lead.run + 1, True, "offered"
            lead.offers += [Offer(company, lead.run) for company in set(others)]
            lead.tell(who)
        case "assign":
            lead.end_run("lost")
            lead.engage(argument)
            lead.tell(who, argument)
        case "pick" if lead.engaged != who:
            offer = lead.latest(who)
            if who != OPERATOR and offer:
                offer.state = "picked"
            lead.end_run("lost")
            lead.engage(who, who)
            lead.tell(who)
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
            lead.state = "withdrawn"
            lead.tell(who)


def _works(lead: Lead, work: Work, op: str, who: str, argument: Any) -> None:
    """What happens in an engagement, or ends it."""
    match op:
        case "step" if argument != work.step:
            lead.tell(who)
            work.step = argument
        case "handler" if (wanted := who if argument else None) != work.handler:
            lead.tell(who, wanted or "")
            work.handler = wanted
        case "close" | "reopen":
            lead.tell(who)
            work.state = argument if op == "close" else "active"
            work.answer(waiting="dropped")
            lead.state = "closed" if op == "close" else "engaged"
        case "ask":
            work.asked.append("waiting")
        case "return" | "release" | "return_refuse":
            lead.tell(who)
            work.state = "active" if op == "return_refuse" else "return_requested"
            work.asked += ["requested"] if op == "return" else []
            work.answer(waiting="requested") if op == "release" else None
            work.answer(requested="refused") if op == "return_refuse" else None
        case "withdraw_return":
            if not work.waiting:
                lead.tell(who)
                work.state = "active"
            work.answer(waiting="dropped", requested="withdrawn")
        case "return_accept" | "revoke" | "recycle":
            requested = "accepted" if op == "return_accept" else "withdrawn"
            work.answer(waiting="dropped", requested=requested)
            lead.tell(who)  # the last that its taker reads of it
            lead.end({"return_accept": "returned", "revoke": "revoked"}.get(op, work.state))


def apply(lead: Lead, op: str, who: str, argument: Any = None) -> None:
    """An operation that was answered with 200."""
    simple = {"submit": "submitted", "accept": "available", "reject": "rejected"}
    match op:
        case "submit" | "accept" | "reject":
            if lead.state != simple[op]:
                lead.state = simple[op]
                lead.tell(who)
        case "change":
            lead.tell(who)
        case "note":
            lead.notes[who] += 1
        case "message":
            lead.said.messages[who] += 1
        case _ if lead.current and (op in WORK or op in DECIDE):
            _works(lead, lead.current, op, who, argument)
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


def _named(lead: Lead, work: Work | None, who: str, name: str | None) -> str:
    """A taker's name as `who` reads it: the giver learns none but that of the one engaged now."""
    hidden = work and work.ended and who == lead.giver and who != work.company
    return "" if hidden else name or ""


def _author(lead: Lead, work: Work | None, who: str, name: str) -> str:
    """Operator and giver know each other."""
    return name if name in (OPERATOR, lead.giver) else _named(lead, work, who, name)


def _said(lead: Lead, work: Work | None, who: str) -> Counter[tuple[str, str]]:
    """Messages and history of one place, as `who` reads them."""
    rows: Counter[tuple[str, str]] = Counter()
    said = work.said if work else lead.before
    for author, number in said.messages.items():
        rows["message", _author(lead, work, who, author)] += number
    for (author, named), number in said.history.items():
        shown = f"{_author(lead, work, who, author)} {_named(lead, work, who, named)}"
        rows["history", shown.strip()] += number
    return rows


def _requests(work: Work, who: str) -> list[str]:
    """Requests to return it, as its company or the operator reads them."""
    hidden = () if who == work.company else ("waiting", "dropped")
    return [asked for asked in work.asked if asked not in hidden]


def visible(leads: dict[Any, Lead], who: str) -> Counter[tuple[str, Any, str]]:
    """Rows a company sees: (table, lead, what), with their number."""
    rows: Counter[tuple[str, Any, str]] = Counter()
    for name, lead in leads.items():
        if who in lead.parties:
            rows["lead", name, f"{lead.state} {lead.engaged}"] += 1
            rows["prospect", name, ""] += 1
        gave = who in (OPERATOR, lead.giver)
        seen = [work for work in lead.works if gave or who == work.company]
        for work in [*([None] if gave else []), *seen]:
            for (table, what), number in _said(lead, work, who).items():
                rows[table, name, what] += number
        for work in seen:
            taker, handler = (_named(lead, work, who, n) for n in (work.company, work.handler))
            rows["engagement", name, f"{work.state} {taker} {handler}".strip()] += 1
            if who in (OPERATOR, work.company):
                rows["disclosure", name, work.company] += 1
                rows.update(("return_request", name, asked) for asked in _requests(work, who))
        if who == OPERATOR:
            rows["brokerage", name, ""] += lead.run
        for offer in lead.offers:
            if who == OPERATOR or (who == offer.company and offer.state in ("open", "picked")):
                rows["offer", name, f"{offer.company} {offer.state}"] += 1
        rows["note", name, who] += lead.notes[who]
    return +rows


def strangers(lead: Lead, who: str) -> set[str]:
    """Takers whose name a giver must find nowhere: all but the one engaged now."""
    if who != lead.giver:
        return set()
    return {*TAKERS} - {lead.engaged, who}
